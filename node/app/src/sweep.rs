//! What goes by itself, from time to time.

use std::{collections::BTreeSet, time::Duration};

use api::CalendarStatus;
use domain::alarm::AlarmKind;
use office::OfficeError;
use tokio_util::sync::CancellationToken;
use web::state::{AppState, Node};

/// How often the work below is done.
const SWEEP_EVERY: Duration = Duration::from_secs(3_600);

/// Looks after what time brings, of one node after the other, now and again: how long certificates and
/// announced holidays last, and which files need not be kept any longer.
pub(super) async fn sweep(roster: AppState, stop: CancellationToken) {
    let mut told = BTreeSet::new();
    loop {
        for node in roster.nodes.values() {
            tokio::select! {
                () = one(node, &mut told) => {}
                () = stop.cancelled() => return,
            }
        }
        tokio::select! {
            () = tokio::time::sleep(SWEEP_EVERY) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// What fails is tried again the next time, and keeps nothing else from being done.
async fn one(node: &Node, told: &mut BTreeSet<String>) {
    let division = node.office.me();
    if let Err(error) = look_at_certificate(node).await {
        tracing::warn!(%division, %error, "certificate not looked at");
    }
    if let Err(error) = look_at_calendar(node, told).await {
        tracing::warn!(%division, %error, "calendar not looked at");
    }
    if let Err(error) = node.office.sweep().await {
        tracing::warn!(%division, %error, "files not swept");
    }
}

/// Shows when a node's certificate ends, and raises an alarm a third of its life before.
async fn look_at_certificate(node: &Node) -> Result<(), OfficeError> {
    let kind = AlarmKind::CertificateEnds;
    let credentials = node.identity.credentials().borrow().clone();
    let ends = &node.office.metrics().certificate_ends;
    ends.set(credentials.not_after);
    if !credentials.ends_soon(node.office.now().0 / 1_000) {
        return node.office.settle_alarm(kind, None).await;
    }
    let ends = jiff::Timestamp::from_second(credentials.not_after).unwrap_or_default();
    let detail = format!("it ends at {ends}");
    node.office.raise_alarm(kind, None, &detail).await
}

/// Notes the time for the next start, and looks how far holidays are announced.
async fn look_at_calendar(node: &Node, told: &mut BTreeSet<String>) -> Result<(), OfficeError> {
    node.office.note_time().await?;
    let end = node.office.watch_calendar().await?;
    if is_news(&end, told) {
        let CalendarStatus {
            announced_through,
            days_left,
            source,
            ..
        } = end;
        tracing::warn!(
            policy = source,
            announced_through,
            days_left,
            "the holidays of the policy in force end soon; what is due later is provisional"
        );
    }
    Ok(())
}

/// Whether the log is to say that a policy ends soon: once, however many nodes of the process have it.
fn is_news(end: &CalendarStatus, told: &mut BTreeSet<String>) -> bool {
    end.ends_soon && told.insert(format!("{} {}", end.announced_through, end.source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_says_once_for_all_nodes_that_a_policy_ends_soon() {
        let mut told = BTreeSet::new();
        let end = |through: &str, ends_soon| CalendarStatus {
            announced_through: through.to_owned(),
            days_left: 40,
            ends_soon,
            source: "shipped".to_owned(),
        };
        assert!(!is_news(&end("2027-12-31", false), &mut told));
        assert!(is_news(&end("2026-12-31", true), &mut told));
        assert!(!is_news(&end("2026-12-31", true), &mut told));
        assert!(is_news(&end("2027-12-31", true), &mut told), "a year later");
    }
}

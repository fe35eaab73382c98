//! What goes by itself, from time to time.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::{
    domain::alarm::AlarmKind,
    edge::roster::{Node, Roster},
    office::OfficeError,
};

/// How often the work below is done.
const SWEEP_EVERY: Duration = Duration::from_secs(3_600);

/// Looks after what time brings, of one node after the other, now and again: how long certificates and
/// announced holidays last, and which files need not be kept any longer.
pub(super) async fn sweep(roster: Roster, stop: CancellationToken) {
    loop {
        for node in roster.nodes.values() {
            tokio::select! {
                () = one(node) => {}
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
async fn one(node: &Node) {
    let division = node.office.me();
    if let Err(error) = look_at_certificate(node).await {
        tracing::warn!(%division, %error, "certificate not looked at");
    }
    if let Err(error) = look_at_calendar(node).await {
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
async fn look_at_calendar(node: &Node) -> Result<(), OfficeError> {
    node.office.note_time().await?;
    node.office.watch_calendar().await.map(drop)
}

//! What goes by itself, from time to time.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::{
    domain::alarm::AlarmKind,
    edge::roster::{Node, Roster},
    office::OfficeError,
};

/// How often files that need not be kept any longer, and certificates that end, are looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(3_600);

/// Throws away files that need not be kept any longer, and looks how long certificates last, of one node
/// after the other, now and again.
pub(super) async fn sweep(roster: Roster, stop: CancellationToken) {
    loop {
        for node in roster.nodes.values() {
            tokio::select! {
                swept = one(node) => {
                    if let Err(error) = swept {
                        tracing::warn!(division = %node.office.me(), %error, "not swept");
                    }
                }
                () = stop.cancelled() => return,
            }
        }
        tokio::select! {
            () = tokio::time::sleep(SWEEP_EVERY) => {}
            () = stop.cancelled() => return,
        }
    }
}

async fn one(node: &Node) -> Result<(), OfficeError> {
    look_at_certificate(node).await?;
    node.office.sweep().await?;
    Ok(())
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

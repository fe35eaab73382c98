//! What goes by itself, from time to time.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::edge::roster::Roster;

/// How often files that need not be kept any longer are looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(3_600);

/// Throws away files that need not be kept any longer, of one node after the other, now and again.
pub(super) async fn sweep(roster: Roster, stop: CancellationToken) {
    loop {
        for node in roster.nodes.values() {
            tokio::select! {
                swept = node.office.sweep() => {
                    if let Err(error) = swept {
                        tracing::warn!(division = %node.office.me(), %error, "files not swept");
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

//! Heads of public logs, without waiting for the minute between two of them.

use std::{sync::Arc, time::Duration};

use office::{CountersignedHead, Office};

use crate::clock::ShiftedClock;

/// Two heads are less than so far apart, in milliseconds.
const SPACING_MS: i64 = 66_000;
/// A head that was not proven from the one its witness had is said again; so often that may be.
const ROUNDS: usize = 10;

/// Puts the clock forward until a head of all leaves that a node has now is said and has so many countersignatures, and returns it.
///
/// # Panics
/// If that takes more than ten heads, three seconds for each.
pub async fn covered(
    clock: &ShiftedClock,
    office: &Arc<Office>,
    lines: usize,
) -> CountersignedHead {
    let epoch = office.epoch().await.expect("the store reads").id;
    let size = office.log().head(epoch).await.expect("there is a log").size;
    for _ in 0..ROUNDS {
        clock.shift_ms(SPACING_MS);
        office.attend().await.expect("the store works");
        for _ in 0..300 {
            let kept = office.log().countersigned(epoch).await;
            let mut kept = kept.expect("the store reads").into_iter();
            let covers = |head: &CountersignedHead| head.size >= size && head.lines.len() == lines;
            if let Some(head) = kept.find(covers) {
                return head;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    panic!(
        "no head of {size} leaves of {} got {lines} countersignatures",
        office.me()
    );
}

//! Housekeeping at regular intervals.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use api::CalendarStatus;
use domain::time::Timestamp;
use futures::future::BoxFuture;
use office::Aborted;
use tokio_util::sync::CancellationToken;
use topology::DivisionCode;
use web::state::Node;
use workers::{About, Failure, Next, Queue, Worker};

use super::{causes, certificates};

/// Interval of the housekeeping.
const SWEEP_EVERY: Duration = Duration::from_secs(3_600);

/// Looks after what time brings, of one node after the other, now and again: how long certificates and
/// announced holidays last, and which files need not be kept any longer.
pub(super) struct Sweep {
    nodes: Arc<BTreeMap<DivisionCode, Node>>,
    /// Nodes that are still to be looked at in this round, the last first.
    left: Vec<DivisionCode>,
    queue: Queue,
    /// Nodes of this round that could not be looked at, and why the last of them could not.
    failed: Option<(usize, String)>,
    told: BTreeSet<String>,
}

impl Sweep {
    /// A sweep of these nodes.
    pub(super) fn new(nodes: &Arc<BTreeMap<DivisionCode, Node>>) -> Self {
        let mut sweep = Self {
            nodes: Arc::clone(nodes),
            left: vec![],
            queue: Queue::default(),
            failed: None,
            told: BTreeSet::new(),
        };
        sweep.begin_round();
        sweep
    }

    fn begin_round(&mut self) {
        self.left = self.nodes.keys().rev().copied().collect();
    }

    /// Looks after the next node. A stop does not wait for it: what is half swept is swept the next time.
    async fn next(&mut self, stop: &CancellationToken) -> Result<Next, Failure> {
        self.queue.set(self.left.len() as u64);
        if let Some(division) = self.left.pop() {
            let node = &self.nodes[&division];
            let swept = stop.run_until_cancelled(one(node, &mut self.told)).await;
            if let Some(Err(error)) = swept {
                let count = self.failed.take().map_or(0, |(count, _)| count) + 1;
                self.failed = Some((count, format!("{division}: {error}")));
            }
        }
        self.queue.set(self.left.len() as u64);
        if !self.left.is_empty() {
            return Ok(Next::Again);
        }
        self.begin_round();
        let now = self.nodes.values().next().map(|node| node.office.now().0);
        let until = now.map(|now| Timestamp(now + SWEEP_EVERY.as_millis() as i64));
        match self.failed.take() {
            None => Ok(Next::Idle(until)),
            Some((count, last)) => {
                let cause = causes::some_nodes(count, self.nodes.len(), last);
                Err(Failure::paced(cause, until))
            }
        }
    }
}

impl Worker for Sweep {
    fn about(&self) -> About {
        About::process("sweep").queue(&self.queue)
    }

    fn work<'a>(&'a mut self, stop: &'a CancellationToken) -> BoxFuture<'a, Result<Next, Failure>> {
        Box::pin(self.next(stop))
    }

    fn wait(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(SWEEP_EVERY))
    }
}

/// What fails is tried again the next time, and keeps nothing else from being done. Gives the first that
/// did.
async fn one(node: &Node, told: &mut BTreeSet<String>) -> Result<(), Aborted> {
    let division = node.office.me();
    let certificate = certificates::watch_end(node).await;
    if let Err(error) = &certificate {
        tracing::warn!(%division, %error, "certificate not looked at");
    }
    let calendar = look_at_calendar(node, told).await;
    if let Err(error) = &calendar {
        tracing::warn!(%division, %error, "calendar not looked at");
    }
    let files = node.office.files().sweep().await;
    if let Err(error) = &files {
        tracing::warn!(%division, %error, "files not swept");
    }
    let seen = node.office.people().sweep_seen().await;
    if let Err(error) = &seen {
        tracing::warn!(%division, %error, "what people have seen not swept");
    }
    certificate.and(calendar)?;
    files?;
    seen?;
    Ok(())
}

/// Records the time for the next start, and checks how far holidays are announced.
async fn look_at_calendar(node: &Node, told: &mut BTreeSet<String>) -> Result<(), Aborted> {
    node.office.clock().note_time().await?;
    let end = node.office.templates().watch_calendar().await?;
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

/// Returns whether to log that a policy ends soon: once for each policy, however many nodes have
/// it.
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

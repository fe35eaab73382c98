//! How much waits for whom, counted as it comes and goes, so that whoever asks reads no outbox.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use api::QueueLength;
use bytes::Bytes;
use domain::envelope::Lane;
use records::outbox::queue::{self, OUTBOX};
use store::{Range, record::RecordError};
use telemetry::metrics::QueueMetrics;
use topology::DivisionCode;

use super::{Office, OfficeError, unit_of_work::UnitOfWork};

/// Segments that are read at a time when a node opens.
const PAGE: usize = 256;

/// Segments by neighbour and lane; none stands for nothing.
pub(super) type Counts = BTreeMap<(DivisionCode, Lane), isize>;

/// Segments that wait now.
#[derive(Debug, Default)]
pub(super) struct Queues(Mutex<Counts>);

impl Queues {
    /// What a decision queued and what it removed.
    pub(super) fn change(&self, by: Counts, shown: &QueueMetrics) {
        let mut counts = self.counts();
        for (queue, by) in by {
            let count = counts.entry(queue).or_default();
            *count += by;
            let (neighbour, lane) = queue;
            shown.of(neighbour, lane.name()).set(*count as i64);
            if *count == 0 {
                counts.remove(&queue);
            }
        }
    }

    /// Segments that wait for a neighbour in one lane.
    pub(super) fn waiting(&self, neighbour: DivisionCode, lane: Lane) -> isize {
        self.counts()
            .get(&(neighbour, lane))
            .copied()
            .unwrap_or_default()
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Office {
    /// How much waits for whom.
    pub fn queues(&self) -> Vec<QueueLength> {
        let counts = self.queues.counts();
        let lengths = counts.iter().map(|((neighbour, lane), count)| QueueLength {
            neighbour: *neighbour,
            lane: *lane,
            segments: usize::try_from(*count).unwrap_or_default(),
        });
        lengths.collect()
    }

    /// Counts what was left waiting, a page at a time.
    pub(super) async fn recall_queues(&self) -> Result<(), OfficeError> {
        let store = &self.dependencies.store;
        let Range { mut from, to } = Range::prefix(OUTBOX);
        let mut counts = Counts::new();
        loop {
            let range = Range {
                from,
                to: to.clone(),
            };
            let page = store.scan(self.me, range, PAGE, false).await?.value;
            for (key, _) in &page {
                let queue = queue::queue_of(key).ok_or(RecordError::Damaged("segment key"))?;
                *counts.entry(queue).or_default() += 1;
            }
            let Some((last, _)) = page.last().filter(|_| page.len() == PAGE) else {
                break;
            };
            from = [&last[..], &[0]].concat().into();
        }
        self.queues
            .change(counts, &self.dependencies.metrics.queued);
        Ok(())
    }
}

impl UnitOfWork<'_> {
    /// Puts a segment into an outbox.
    pub(super) fn put_segment(&mut self, to: (DivisionCode, Lane), n: u64, segment: Bytes) {
        let (neighbour, lane) = to;
        self.view
            .put(queue::segment_key(neighbour, lane, n), segment);
        *self.queued.entry(to).or_default() += 1;
    }

    /// Removes a segment from an outbox. `false` if it was not there any more.
    pub(super) async fn remove_segment(
        &mut self,
        to: (DivisionCode, Lane),
        n: u64,
    ) -> Result<bool, OfficeError> {
        let (neighbour, lane) = to;
        let key = queue::segment_key(neighbour, lane, n);
        let is_there = self.view.peek(&key).await?.is_some();
        if is_there {
            self.view.delete(key);
            *self.queued.entry(to).or_default() -= 1;
        }
        Ok(is_there)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        NewReport,
        fixture::{Ticking, office},
    };
    use domain::actor::Actor;
    use records::outbox::sender::Settled;
    use store::MemoryDisk;

    const VILLAGE: &str = "330825002222";
    const TOWNSHIP: &str = "330825002";

    async fn keys(office: &Office) -> Vec<Bytes> {
        let range = Range::prefix(OUTBOX);
        let seen = office.store().scan(office.me, range, usize::MAX, false);
        let found = seen.await.unwrap().value.into_iter();
        found.map(|(key, _)| key).collect()
    }

    async fn are_what_the_outbox_holds(office: &Office) -> usize {
        let mut counts = Counts::new();
        for key in keys(office).await {
            *counts.entry(queue::queue_of(&key).unwrap()).or_default() += 1;
        }
        assert_eq!(*office.queues.counts(), counts);
        for ((neighbour, lane), count) in counts {
            let shown = office
                .dependencies
                .metrics
                .queued
                .of(neighbour, lane.name());
            assert_eq!(shown.get(), count as i64, "what metrics show");
        }
        office.queues().iter().map(|queue| queue.segments).sum()
    }

    #[tokio::test]
    async fn lengths_are_what_the_outbox_holds_as_it_fills_empties_and_opens_again() {
        let disk = MemoryDisk::new();
        let clock = Arc::new(Ticking::default());
        let village = office(VILLAGE, &disk, clock.clone(), 1).await;
        assert_eq!(are_what_the_outbox_holds(&village).await, 0);
        let township: DivisionCode = TOWNSHIP.parse().unwrap();
        for n in 0..300 {
            let new = NewReport::new("order/fire".parse().unwrap(), format!("matter {n}"));
            let given = village.report_and_escalate(new, township, Actor::OsUser(1));
            given.await.unwrap();
        }
        let full = are_what_the_outbox_holds(&village).await;
        assert!(full > PAGE, "{full}");
        let some = keys(&village).await.into_iter().take(100);
        let some: Vec<_> = some.filter_map(|key| queue::segment_number(&key)).collect();
        let (_, lane) = *village.queues.counts().keys().next().unwrap();
        // The second answer to the same is no second removal.
        for _ in 0..2 {
            let settled = some.iter().map(|n| Settled {
                n: *n,
                give: None,
                slot: None,
                refused: None,
                at: 0,
                last: true,
                relayed: vec![],
            });
            let settled = village.settle(township, lane, settled.collect());
            settled.await.unwrap();
        }
        assert_eq!(are_what_the_outbox_holds(&village).await, full - 100);
        let store = village.store().clone();
        drop(village);
        store.close().await.unwrap();
        let village = office(VILLAGE, &disk, clock, 2).await;
        assert_eq!(are_what_the_outbox_holds(&village).await, full - 100);
    }
}

//! The length of each outbox queue, counted as segments come and go. Nobody needs to read the
//! outbox for it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use api::QueueLength;
use domain::envelope::Lane;
use records::{
    outbox::queue::{Queued, Segments},
    table::Table,
};
use telemetry::metrics::QueueMetrics;
use topology::DivisionCode;

use crate::{
    Fault,
    services::Inbox,
    unit_of_work::{QueueCounts, UnitOfWork},
};

/// Segments read at a time when a node opens.
const PAGE: usize = 256;

/// Number of waiting segments.
#[derive(Debug, Default)]
pub(crate) struct Queues(Mutex<QueueCounts>);

impl Queues {
    /// Applies the segments that a decision queued and removed.
    pub(crate) fn change(&self, by: QueueCounts, shown: &QueueMetrics) {
        let mut counts = self.counts();
        for (queue, by) in by {
            let count = counts.entry(queue).or_default();
            *count += by;
            let (neighbour, lane) = queue;
            shown.of(neighbour, lane.code()).set(*count as i64);
            if *count == 0 {
                counts.remove(&queue);
            }
        }
    }

    /// Returns the number of segments that wait for a neighbour in one lane.
    pub(crate) fn waiting(&self, neighbour: DivisionCode, lane: Lane) -> isize {
        self.counts()
            .get(&(neighbour, lane))
            .copied()
            .unwrap_or_default()
    }

    fn counts(&self) -> MutexGuard<'_, QueueCounts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inbox<'_> {
    /// Returns the queue length of each neighbour and lane.
    pub fn queues(self) -> Vec<QueueLength> {
        let counts = self.queues.counts();
        let lengths = counts.iter().map(|((neighbour, lane), count)| QueueLength {
            neighbour: *neighbour,
            lane: *lane,
            segments: usize::try_from(*count).unwrap_or_default(),
        });
        lengths.collect()
    }

    /// QueueCounts the waiting segments of earlier runs, a page at a time.
    pub(crate) async fn recall_queues(self) -> Result<(), Fault> {
        let before = self.queues.counts().clone();
        let mut counts: QueueCounts = before.into_iter().map(|(of, count)| (of, -count)).collect();
        let mut after = None;
        loop {
            let page = self
                .list(Segments::all().after(after.as_ref()), PAGE)
                .await?;
            for ((neighbour, lane, _), _) in &page {
                *counts.entry((*neighbour, *lane)).or_default() += 1;
            }
            match page.into_iter().last() {
                Some((last, _)) => after = Some(last),
                None => break,
            }
        }
        self.queues
            .change(counts, &self.dependencies.metrics.queued);
        Ok(())
    }
}

impl UnitOfWork<'_> {
    /// Puts a segment into an outbox.
    pub(crate) fn put_segment(&mut self, to: (DivisionCode, Lane), n: u64, segment: &Vec<Queued>) {
        let (neighbour, lane) = to;
        self.view.put::<Segments>(&(neighbour, lane, n), segment);
        *self.queued.entry(to).or_default() += 1;
    }

    /// Removes a segment from an outbox. Returns `false` if it was gone.
    pub(crate) async fn remove_segment(
        &mut self,
        to: (DivisionCode, Lane),
        n: u64,
    ) -> Result<bool, Fault> {
        let (neighbour, lane) = to;
        let key = (neighbour, lane, n);
        let is_there = self.view.has::<Segments>(&key).await?;
        if is_there {
            self.view.delete::<Segments>(&key);
            *self.queued.entry(to).or_default() -= 1;
        }
        Ok(is_there)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::Office;
    use crate::{
        NewReport,
        fixture::{Ticking, office},
    };
    use domain::actor::Actor;
    use records::outbox::sender::Settled;
    use store::MemoryDisk;

    const VILLAGE: &str = "330825002222";
    const TOWNSHIP: &str = "330825002";

    async fn keys(office: &Office) -> Vec<(DivisionCode, Lane, u64)> {
        let found = office.list(Segments::all(), usize::MAX).await.unwrap();
        found.into_iter().map(|(key, _)| key).collect()
    }

    async fn are_what_the_outbox_holds(office: &Office) -> usize {
        let mut counts = QueueCounts::new();
        for (neighbour, lane, _) in keys(office).await {
            *counts.entry((neighbour, lane)).or_default() += 1;
        }
        assert_eq!(*office.queues.counts(), counts);
        for ((neighbour, lane), count) in counts {
            let shown = office
                .dependencies
                .metrics
                .queued
                .of(neighbour, lane.code());
            assert_eq!(shown.get(), count as i64, "what metrics show");
        }
        office
            .inbox()
            .queues()
            .iter()
            .map(|queue| queue.segments)
            .sum()
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
            let given = village
                .matters()
                .report_and_escalate(new, township, Actor::OsUser(1));
            given.await.unwrap();
        }
        let full = are_what_the_outbox_holds(&village).await;
        assert!(full > PAGE, "{full}");
        let some = keys(&village).await.into_iter().take(100);
        let some: Vec<_> = some.map(|(_, _, n)| n).collect();
        let (_, lane) = *village.queues.counts().keys().next().unwrap();
        // The second answer to the same segment removes nothing.
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
            let settled = village.inbox().settle(township, lane, settled.collect());
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

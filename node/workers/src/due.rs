//! One timer for all nodes of a process: who has something due next, and who is woken when it is.
//!
//! Moments are those of the nodes' clock, which may jump. So nothing here sleeps until a moment: whoever
//! runs the timer calls [`DueTimer::wake_due`] with the time it is, and calls again when the next moment
//! comes, when [`DueTimer::moved`] says so, and now and then in any case.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use domain::time::Timestamp;
use tokio::sync::Notify;
use topology::DivisionCode;

use super::Queue;

/// The moments at which nodes are to be woken, at most one for each. Clones are the same timer.
#[derive(Clone, Debug, Default)]
pub struct DueTimer(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    nodes: Mutex<Nodes>,
    /// Notified when the earliest moment became earlier.
    moved: Notify,
    waiting: Queue,
}

#[derive(Debug, Default)]
struct Nodes {
    by_moment: BTreeSet<(Timestamp, DivisionCode)>,
    due: BTreeMap<DivisionCode, Timestamp>,
    wakers: BTreeMap<DivisionCode, Arc<Notify>>,
}

impl DueTimer {
    /// What a node waits for. It is woken once for each time it is due, also if it does not wait just then.
    pub fn waker(&self, division: DivisionCode) -> Arc<Notify> {
        Arc::clone(self.nodes().wakers.entry(division).or_default())
    }

    /// Wakes a node at this moment or earlier. A later moment than the one that is noted changes nothing:
    /// the node looks then, and says what comes next.
    pub fn wake_by(&self, division: DivisionCode, at: Timestamp) {
        let mut nodes = self.nodes();
        let first = nodes.by_moment.first().map(|(first, _)| *first);
        match nodes.due.get(&division).copied() {
            Some(noted) if noted <= at => return,
            Some(noted) => _ = nodes.by_moment.remove(&(noted, division)),
            None => {}
        }
        nodes.due.insert(division, at);
        nodes.by_moment.insert((at, division));
        self.show(&nodes);
        if first.is_none_or(|first| at < first) {
            self.0.moved.notify_one();
        }
    }

    /// Forgets a node.
    pub fn remove(&self, division: DivisionCode) {
        let mut nodes = self.nodes();
        if let Some(noted) = nodes.due.remove(&division) {
            nodes.by_moment.remove(&(noted, division));
        }
        nodes.wakers.remove(&division);
        self.show(&nodes);
    }

    /// Wakes every node that is due by now, each of which is then noted no more; gives the next moment.
    pub fn wake_due(&self, now: Timestamp) -> Option<Timestamp> {
        let mut nodes = self.nodes();
        loop {
            let (at, division) = *nodes.by_moment.first()?;
            if at > now {
                return Some(at);
            }
            nodes.by_moment.pop_first();
            nodes.due.remove(&division);
            self.show(&nodes);
            if let Some(waker) = nodes.wakers.get(&division) {
                waker.notify_one();
            }
        }
    }

    /// Wakes every node, due or not, and leaves what is noted.
    pub fn wake_all(&self) {
        self.nodes().wakers.values().for_each(|it| it.notify_one());
    }

    /// Waits until the earliest moment becomes earlier than it was at the last [`DueTimer::wake_due`].
    pub async fn moved(&self) {
        self.0.moved.notified().await;
    }

    /// How many nodes have something due.
    pub fn queue(&self) -> &Queue {
        &self.0.waiting
    }

    fn show(&self, nodes: &Nodes) {
        self.0.waiting.set(nodes.due.len() as u64);
    }

    fn nodes(&self) -> MutexGuard<'_, Nodes> {
        self.0.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COUNTY: u64 = 330_825_000_000;
    const TOWNSHIP: u64 = 330_825_002_000;

    fn code(code: u64) -> DivisionCode {
        DivisionCode::from_u64(code).unwrap()
    }

    /// A timer with two nodes, and a look at who is woken.
    struct Two(DueTimer, [(u64, Arc<Notify>); 2]);

    impl Two {
        fn new() -> Self {
            let timer = DueTimer::default();
            let wakers = [COUNTY, TOWNSHIP].map(|of| (of, timer.waker(code(of))));
            Self(timer, wakers)
        }

        fn by(&self, of: u64, at: i64) {
            self.0.wake_by(code(of), Timestamp(at));
        }

        /// Who is woken at a moment, and what comes next.
        fn at(&self, now: i64) -> (Vec<u64>, Option<i64>) {
            let next = self.0.wake_due(Timestamp(now));
            (self.woken(), next.map(|next| next.0))
        }

        fn woken(&self) -> Vec<u64> {
            let woken = self.1.iter().filter(|(_, waker)| {
                let mut woken = std::pin::pin!(waker.notified());
                woken.as_mut().enable()
            });
            woken.map(|(of, _)| *of).collect()
        }

        fn moved(&self) -> bool {
            use futures::FutureExt;
            self.0.moved().now_or_never().is_some()
        }
    }

    #[test]
    fn a_node_is_woken_when_it_is_due_and_once() {
        let two = Two::new();
        two.by(COUNTY, 1_000);
        two.by(TOWNSHIP, 2_000);
        assert_eq!(two.0.queue().length(), 2);
        assert_eq!(two.at(999), (vec![], Some(1_000)));
        assert_eq!(two.at(1_000), (vec![COUNTY], Some(2_000)));
        assert_eq!(two.at(1_999), (vec![], Some(2_000)));
        assert_eq!(two.at(2_000), (vec![TOWNSHIP], None));
        assert_eq!(two.at(i64::MAX), (vec![], None));
        assert_eq!(two.0.queue().length(), 0);
    }

    #[test]
    fn what_becomes_due_earlier_moves_its_node_and_what_is_due_later_does_not() {
        let two = Two::new();
        two.by(COUNTY, 5_000);
        assert!(two.moved());
        two.by(COUNTY, 9_000);
        assert!(!two.moved(), "the node says so itself when it is woken");
        two.by(TOWNSHIP, 6_000);
        assert!(!two.moved(), "somebody is due before it");
        two.by(TOWNSHIP, 1_000);
        assert!(two.moved());
        assert_eq!(two.at(1_000), (vec![TOWNSHIP], Some(5_000)));
        assert_eq!(two.at(6_000), (vec![COUNTY], None), "not a second time");
        two.by(COUNTY, 9_000);
        assert_eq!(two.at(8_999), (vec![], Some(9_000)));
    }

    #[test]
    fn what_becomes_due_while_a_node_works_wakes_it_again() {
        let two = Two::new();
        two.by(COUNTY, 1_000);
        assert_eq!(two.at(1_000), (vec![COUNTY], None));
        // It has looked, a decision is made, and only then it says what it saw.
        two.by(COUNTY, 2_000);
        two.by(COUNTY, 7_000);
        assert_eq!(two.at(2_000), (vec![COUNTY], None));
    }

    #[test]
    fn a_node_that_is_removed_is_not_woken() {
        let two = Two::new();
        two.by(COUNTY, 1_000);
        two.by(TOWNSHIP, 2_000);
        two.0.remove(code(COUNTY));
        assert_eq!(two.0.queue().length(), 1);
        assert_eq!(two.at(1_500), (vec![], Some(2_000)));
        two.0.wake_all();
        assert_eq!(two.woken(), [TOWNSHIP]);
    }

    #[test]
    fn a_clock_that_jumps_ahead_wakes_everybody_it_passed_and_one_that_jumps_back_nobody() {
        let two = Two::new();
        let day = 86_400_000;
        two.by(COUNTY, day);
        two.by(TOWNSHIP, 2 * day);
        assert_eq!(two.at(3 * day), (vec![COUNTY, TOWNSHIP], None));
        two.by(COUNTY, 4 * day);
        assert_eq!(two.at(0), (vec![], Some(4 * day)));
        assert_eq!(two.at(4 * day), (vec![COUNTY], None));
    }
}

//! Limits how often a whole process dials. A single node that cannot reach its parent keeps trying;
//! three thousand nodes of one process must not dial three thousand times as often.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use telemetry::sums::Sums;
use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use topology::DivisionCode;

/// Most dials of one process under way, of each kind: to itself, and to others.
const AT_ONCE: usize = 32;

/// Most dials a second by all failing nodes of a process together.
const AGAIN_PER_S: u32 = 50;

/// Time between two log lines about one parent.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// The pace of dialling, shared by all nodes of a process.
#[derive(Debug)]
pub struct Pace {
    to_itself: Semaphore,
    to_others: Semaphore,
    /// Number of nodes whose last dial failed.
    failing: AtomicUsize,
    /// Notified when a dial to an address succeeds.
    answered: Mutex<HashMap<SocketAddr, Arc<Notify>>>,
    /// Failures to be reported, by the parent that was not reached.
    untold: Sums<DivisionCode>,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            to_itself: Semaphore::new(AT_ONCE),
            to_others: Semaphore::new(AT_ONCE),
            failing: AtomicUsize::new(0),
            answered: Mutex::default(),
            untold: Sums::new(TELL_EVERY),
        }
    }
}

impl Pace {
    /// Waits for a turn to dial.
    pub(super) async fn turn(&self, to_itself: bool) -> Option<SemaphorePermit<'_>> {
        let turns = if to_itself {
            &self.to_itself
        } else {
            &self.to_others
        };
        turns.acquire().await.ok()
    }

    /// Returns the least wait before a node dials again. All waiting nodes together then dial at
    /// most [`AGAIN_PER_S`] times a second. `chance` is 0 to 1.
    fn least(&self, chance: f64) -> Duration {
        let failing = self.failing.load(Ordering::Relaxed);
        let all = Duration::from_secs(1) / AGAIN_PER_S * u32::try_from(failing).unwrap_or(u32::MAX);
        all.mul_f64(0.5 + chance.clamp(0.0, 1.0))
    }

    /// Counts a failure to reach a parent. Returns how many to report now; `None` if they can wait.
    pub(super) fn to_tell(&self, parent: DivisionCode) -> Option<u64> {
        self.untold.note(parent, Instant::now())
    }

    /// Returns the notifier for a successful dial to an address.
    fn bell(&self, address: SocketAddr) -> Arc<Notify> {
        let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        // Removes the notifiers nobody waits for.
        answered.retain(|_, bell| Arc::strong_count(bell) > 1);
        Arc::clone(answered.entry(address).or_default())
    }
}

/// The share of one node in the pace.
#[derive(Debug)]
pub(super) struct Turns {
    pace: Arc<Pace>,
    failing: bool,
}

impl Turns {
    pub(super) const fn new(pace: Arc<Pace>) -> Self {
        Self {
            pace,
            failing: false,
        }
    }

    /// Notes a successful dial to an address; all nodes that wait for it dial.
    pub(super) fn answered(&mut self, address: SocketAddr) {
        if std::mem::take(&mut self.failing) {
            self.pace.failing.fetch_sub(1, Ordering::Relaxed);
        }
        self.pace.bell(address).notify_waiters();
    }

    /// Notes a failed dial.
    pub(super) fn failed(&mut self) {
        if !std::mem::replace(&mut self.failing, true) {
            self.pace.failing.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits at least `least`, and longer if many nodes wait. Returns early once a dial to the
    /// unreached address `at` succeeds.
    pub(super) async fn wait(&self, least: Duration, chance: f64, at: Option<SocketAddr>) {
        let wait = if self.failing {
            least.max(self.pace.least(chance))
        } else {
            least
        };
        let slept = tokio::time::sleep(wait);
        match at {
            None => slept.await,
            Some(address) => {
                let bell = self.pace.bell(address);
                tokio::select! {
                    biased;
                    () = slept => {}
                    () = bell.notified() => {}
                }
            }
        }
    }
}

impl Drop for Turns {
    fn drop(&mut self) {
        if self.failing {
            self.pace.failing.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(pace: &Arc<Pace>, nodes: usize) -> Vec<Turns> {
        let turns = (0..nodes).map(|_| {
            let mut turns = Turns::new(Arc::clone(pace));
            turns.failed();
            turns.failed();
            turns
        });
        turns.collect()
    }

    #[test]
    fn all_nodes_of_a_process_together_dial_no_more_often_than_some_dozen_times_a_second() {
        let pace = Arc::new(Pace::default());
        for nodes in [1, 50, 3_308] {
            let turns = waiting(&pace, nodes);
            let a_second = nodes as f64 / pace.least(0.5).as_secs_f64();
            assert!(
                (a_second - f64::from(AGAIN_PER_S)).abs() < 0.1,
                "{a_second}"
            );
            drop(turns);
        }
        assert_eq!(pace.least(1.0), Duration::ZERO);
    }

    #[tokio::test]
    async fn who_waits_for_an_address_dials_as_soon_as_another_was_let_in_there() {
        let pace = Arc::new(Pace::default());
        let mut turns = waiting(&pace, 2);
        let (here, elsewhere) = (([127, 0, 0, 1], 1).into(), ([127, 0, 0, 1], 2).into());
        let mut first = turns.remove(0);
        let long = Duration::from_secs(86_400);
        let mut waits = std::pin::pin!(turns[0].wait(long, 1.0, Some(here)));
        assert!(futures::poll!(waits.as_mut()).is_pending());
        first.answered(elsewhere);
        assert!(futures::poll!(waits.as_mut()).is_pending());
        first.answered(here);
        waits.await;
    }
}

//! The real clock and real random numbers.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use domain::{
    time::Timestamp,
    timekeeper::{Doubt, Moment, Reading, Timekeeper},
};
use office::{Clock, Entropy};
use topology::DivisionCode;

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the clock"
    )]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The machine's random numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Chance;

impl Entropy for Chance {
    fn bytes(&self) -> [u8; 16] {
        rand::random()
    }
}

/// The machine's clock, compared with the monotonic clock and with the clocks of the neighbours. It
/// stops following the machine's clock when that is in doubt.
pub struct WatchedClock {
    wall: Arc<dyn Clock>,
    steady: Box<dyn Fn() -> u64 + Send + Sync>,
    state: Mutex<Watched>,
}

/// When this program was made, not later: no machine's clock is right that shows an earlier time. Each release sets it.
const MADE: Timestamp = Timestamp(1_796_083_200_000);

struct Watched {
    /// When a node of this process ran last, before it started.
    ran: Timestamp,
    keeper: Timekeeper,
    /// Nodes of this process. They share this clock, so their agreement confirms nothing.
    own: BTreeSet<DivisionCode>,
}

impl WatchedClock {
    /// Watches the machine's clock.
    pub fn new() -> Self {
        let began = Instant::now();
        let steady = move || u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        Self::over(Arc::new(SystemClock), steady)
    }

    /// Watches the clock `wall` against a monotonic clock in milliseconds.
    pub fn over(wall: Arc<dyn Clock>, steady: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        let first = Moment {
            wall: wall.now(),
            steady: steady(),
        };
        Self {
            wall,
            steady: Box::new(steady),
            state: Mutex::new(Watched {
                ran: MADE,
                keeper: Timekeeper::new(first),
                own: BTreeSet::new(),
            }),
        }
    }

    fn moment(&self) -> Moment {
        Moment {
            wall: self.wall.now(),
            steady: (self.steady)(),
        }
    }

    /// Returns the time by which certificates are judged: the machine's, but none before this program was made or a node here
    /// ran last. So a machine that wakes up in 1970 because its battery is empty still gets to its parent, by which the time of
    /// everything else is corrected. A clock that is ahead cannot be mended so.
    pub fn tls_time(&self) -> Timestamp {
        self.wall.now().max(self.state().ran)
    }

    fn state(&self) -> MutexGuard<'_, Watched> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self) -> Reading {
        let moment = self.moment();
        self.state().keeper.read(moment)
    }
}

impl Default for WatchedClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for WatchedClock {
    fn now(&self) -> Timestamp {
        self.read().now
    }

    fn begins(&self, division: DivisionCode, ended: Option<Timestamp>) {
        let mut state = self.state();
        state.own.insert(division);
        if let Some(ended) = ended {
            state.ran = state.ran.max(ended);
            state.keeper.resume(ended);
        }
    }

    fn hear(&self, neighbour: DivisionCode, is_parent: bool, theirs: Timestamp) {
        let steady = (self.steady)();
        let mut state = self.state();
        if !state.own.contains(&neighbour) {
            let said = Moment {
                wall: theirs,
                steady,
            };
            state.keeper.hear(neighbour, is_parent, said);
        }
    }

    fn doubt(&self) -> Option<(Doubt, i64)> {
        self.read().doubt
    }

    fn uphold(&self) {
        let moment = self.moment();
        self.state().keeper.uphold(moment);
    }

    fn wall(&self) -> Timestamp {
        self.wall.now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Wall(Timestamp);

    impl Clock for Wall {
        fn now(&self) -> Timestamp {
            self.0
        }
    }

    fn clock(wall: Timestamp) -> WatchedClock {
        WatchedClock::over(Arc::new(Wall(wall)), || 0)
    }

    #[test]
    fn certificates_are_judged_by_no_time_before_the_program_was_made_or_the_node_ran_last() {
        let village = "330825002222".parse().unwrap();
        let dead = clock(Timestamp(0));
        assert_eq!(dead.tls_time(), MADE);
        let ran = Timestamp(MADE.0 + 40 * 86_400_000);
        dead.begins(village, Some(ran));
        assert_eq!(dead.tls_time(), ran);
        dead.begins(village, Some(MADE));
        assert_eq!(dead.tls_time(), ran, "the latest of its nodes");
        let right = clock(Timestamp(ran.0 + 1));
        right.begins(village, Some(ran));
        assert_eq!(right.tls_time(), Timestamp(ran.0 + 1));
    }
}

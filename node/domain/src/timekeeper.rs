//! Decides which time a process uses.
//!
//! If a wall clock jumps, a node's deadlines, expiries and days jump with it. A process therefore
//! compares its wall clock with two others: the monotonic clock, which nobody sets, and the clocks
//! of its neighbours. If the wall clock differs from one of them by more than [`MOST_DRIFT_MS`],
//! the doubt is an alarm. After a jump the process continues with its earlier time, by the
//! monotonic clock, until the wall clock comes back, the neighbours agree with it, or an operator
//! confirms it. A time kept that way is slightly wrong at most; a time that followed a jump would
//! create facts that nobody can undo.
//!
//! Neighbours can hold this node's time back to theirs, so that its day is never ahead of theirs.
//! They never put it forward: a lying neighbour makes deadlines late, not early.

use std::collections::BTreeMap;

use topology::DivisionCode;

use super::time::Timestamp;

/// The difference in milliseconds beyond which the wall clock is doubted. Links tolerate as much
/// skew.
pub const MOST_DRIFT_MS: u64 = 3 * 60_000;

/// Milliseconds for which a neighbour's statement of its time is used.
const FRESH_MS: u64 = 15 * 60_000;

/// Milliseconds of downtime after which a process trusts its clock only once it is confirmed.
pub const MOST_AWAY_MS: u64 = 7 * 86_400_000;

topology::vocabulary! {
    /// Why the wall clock is not believed.
    #[derive(utoipa::ToSchema)]
    pub enum Doubt: "doubt about the clock" {
        Jumped = 1, "jumped", "时间跳变", "it left the monotonic clock, or the time at which this process ended last";
        AheadOfNeighbours = 2, "ahead-of-neighbours", "快于相邻单位", "it is ahead of the neighbours";
        BehindNeighbours = 3, "behind-neighbours", "慢于相邻单位", "it is behind the neighbours";
    }
}

/// The time that a process uses, and any doubt about its wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The time to use.
    pub now: Timestamp,
    /// The reason for doubting the wall clock, and its lead in milliseconds (negative if behind).
    pub doubt: Option<(Doubt, i64)>,
}

/// A reading of the wall clock and of the monotonic clock at one moment, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The wall clock.
    pub wall: Timestamp,
    /// The monotonic clock, in milliseconds since an arbitrary origin.
    pub steady: u64,
}

impl Moment {
    /// Returns the wall clock at another reading of the monotonic clock. Assumes that nobody sets
    /// it in between.
    const fn at(self, steady: u64) -> i64 {
        let since = steady.saturating_sub(self.steady);
        self.wall.0.saturating_add(since as i64)
    }
}

/// Keeps the time of one process.
#[derive(Clone, Debug)]
pub struct Timekeeper {
    /// The last moment at which the wall clock was trusted.
    base: Moment,
    /// The last reading of each neighbour's clock, and whether it is the parent of a node here.
    heard: BTreeMap<DivisionCode, (Moment, bool)>,
    /// The neighbours' time at a moment, and the monotonic time until which it is used. It is
    /// cached because it is read far more often than neighbours report.
    theirs: Option<(Moment, u64)>,
    /// Milliseconds by which the wall clock was ahead when an operator confirmed it.
    upheld: Option<i64>,
}

impl Timekeeper {
    /// Builds the timekeeper with a wall clock that is trusted.
    pub const fn new(first: Moment) -> Self {
        Self {
            base: first,
            heard: BTreeMap::new(),
            theirs: None,
            upheld: None,
        }
    }

    /// Takes the time `last` at which the process last ran. A wall clock before it, or long after
    /// it, is doubted from the start.
    pub fn resume(&mut self, last: Timestamp) {
        let ahead = self.base.wall.since(last);
        let behind = last.since(self.base.wall);
        if ahead > MOST_AWAY_MS || behind > MOST_DRIFT_MS {
            self.base.wall = last;
        }
    }

    /// Records a neighbour's statement of its time.
    pub fn hear(&mut self, neighbour: DivisionCode, is_parent: bool, said: Moment) {
        self.heard.insert(neighbour, (said, is_parent));
        let theirs = self.middle(said.steady);
        self.theirs = theirs.map(|wall| {
            let at = Moment {
                wall: Timestamp(wall),
                steady: said.steady,
            };
            (at, said.steady.saturating_add(FRESH_MS))
        });
    }

    /// Returns the neighbours' time while it is usable.
    fn neighbours(&self, steady: u64) -> Option<i64> {
        let (at, until) = self.theirs?;
        (steady <= until).then(|| at.at(steady))
    }

    /// Records an operator's confirmation that the wall clock is right.
    pub fn uphold(&mut self, now: Moment) {
        self.base = now;
        self.upheld = self
            .neighbours(now.steady)
            .map(|theirs| now.wall.0.saturating_sub(theirs));
    }

    /// Returns the neighbours' time: the median of the parents if any reported lately, else the
    /// median of two or more children; `None` otherwise, because one child alone proves nothing.
    fn middle(&self, steady: u64) -> Option<i64> {
        let fresh = |moment: &Moment| steady.saturating_sub(moment.steady) <= FRESH_MS;
        let of = |parents: bool| {
            let heard = self.heard.values();
            let mut said: Vec<i64> = heard
                .filter(|(moment, is_parent)| *is_parent == parents && fresh(moment))
                .map(|(moment, _)| moment.at(steady))
                .collect();
            said.sort_unstable();
            said
        };
        let parents = of(true);
        if let Some(middle) = parents.get(parents.len() / 2) {
            return Some(*middle);
        }
        let children = of(false);
        // Of two children the earlier counts, so that neither alone can put it forward.
        (children.len() > 1).then(|| children[(children.len() - 1) / 2])
    }

    /// Returns the time to use, and any doubt about the wall clock.
    pub fn read(&mut self, now: Moment) -> Reading {
        let kept = self.base.at(now.steady);
        let drift = now.wall.0.saturating_sub(kept);
        let theirs = self.neighbours(now.steady);
        let ahead = theirs.map(|theirs| now.wall.0.saturating_sub(theirs));
        let agree = ahead.is_some_and(is_little);
        if !is_little(drift) && !agree {
            return Reading {
                now: Timestamp(kept),
                doubt: Some((Doubt::Jumped, drift)),
            };
        }
        self.base = now;
        // An operator's confirmation is valid while the distance to the neighbours stays about the
        // same.
        let upheld = |ahead: &i64| {
            self.upheld
                .is_some_and(|by| is_little(ahead.saturating_sub(by)))
        };
        let doubt = ahead.filter(|ahead| !is_little(*ahead) && !upheld(ahead));
        match (doubt, theirs) {
            (Some(ahead), Some(theirs)) if ahead > 0 => Reading {
                now: Timestamp(theirs),
                doubt: Some((Doubt::AheadOfNeighbours, ahead)),
            },
            (Some(ahead), _) => Reading {
                now: now.wall,
                doubt: Some((Doubt::BehindNeighbours, ahead)),
            },
            (None, _) => Reading {
                now: now.wall,
                doubt: None,
            },
        }
    }
}

const fn is_little(drift: i64) -> bool {
    drift.unsigned_abs() <= MOST_DRIFT_MS
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: i64 = 1_780_000_000_000;
    const DAY: i64 = 86_400_000;

    fn code(text: &str) -> DivisionCode {
        text.parse().unwrap()
    }

    fn at(ahead: i64, steady: u64) -> Moment {
        Moment {
            wall: Timestamp(START + ahead + steady as i64),
            steady,
        }
    }

    fn keeper() -> Timekeeper {
        Timekeeper::new(at(0, 0))
    }

    #[test]
    fn a_clock_that_is_wrong_for_twelve_seconds_is_never_believed() {
        for jump in [DAY, 400 * DAY, 3_653 * DAY, -DAY] {
            let mut keeper = keeper();
            for second in 0..60 {
                let steady = second * 1_000;
                let wrong = (20..32).contains(&second);
                let reading = keeper.read(at(if wrong { jump } else { 0 }, steady));
                assert_eq!(reading.now, at(0, steady).wall, "{jump} {second}");
                let doubt = wrong.then_some((Doubt::Jumped, jump));
                assert_eq!(reading.doubt, doubt, "{jump} {second}");
            }
        }
    }

    #[test]
    fn a_jump_is_believed_when_the_neighbours_agree_or_an_operator_says_so() {
        let jumped = |keeper: &mut Timekeeper, steady| keeper.read(at(DAY, steady));
        let mut alone = keeper();
        assert!(jumped(&mut alone, 1_000).doubt.is_some());
        let mut linked = alone.clone();
        linked.hear(code("330825"), true, at(DAY, 1_500));
        assert_eq!(jumped(&mut linked, 2_000).doubt, None);
        assert_eq!(jumped(&mut linked, 3_000).now, at(DAY, 3_000).wall);
        alone.uphold(at(DAY, 2_000));
        assert_eq!(jumped(&mut alone, 3_000).doubt, None);
    }

    #[test]
    fn no_time_lies_beyond_the_neighbours() {
        let mut keeper = keeper();
        // The clock is wrong from the start, as that of a machine without a battery is.
        keeper.hear(code("330825"), true, at(-400 * DAY, 0));
        let reading = keeper.read(at(0, 10_000));
        assert_eq!(reading.now, at(-400 * DAY, 10_000).wall);
        assert_eq!(reading.doubt, Some((Doubt::AheadOfNeighbours, 400 * DAY)));
        keeper.hear(code("330825"), true, at(DAY, 20_000));
        let reading = keeper.read(at(0, 30_000));
        assert_eq!(reading.now, at(0, 30_000).wall, "nobody puts it forward");
        assert_eq!(reading.doubt, Some((Doubt::BehindNeighbours, -DAY)));
        // Old statements of neighbours no longer count.
        assert_eq!(keeper.read(at(0, 30_000 + FRESH_MS)).doubt, None);
    }

    #[test]
    fn one_child_alone_says_nothing_of_the_time_and_two_do() {
        let mut keeper = keeper();
        keeper.hear(code("330825001"), false, at(-DAY, 0));
        assert_eq!(keeper.read(at(0, 1_000)).doubt, None);
        keeper.hear(code("330825002"), false, at(0, 1_000));
        let doubt = keeper.read(at(0, 2_000)).doubt;
        assert_eq!(doubt, Some((Doubt::AheadOfNeighbours, DAY)));
        keeper.hear(code("330825003"), false, at(0, 2_000));
        assert_eq!(keeper.read(at(0, 3_000)).doubt, None, "most agree");
        keeper.hear(code("330800000000"), true, at(-DAY, 3_000));
        assert!(
            keeper.read(at(0, 4_000)).doubt.is_some(),
            "the parent decides"
        );
    }

    #[test]
    fn what_an_operator_upheld_holds_until_the_neighbours_move() {
        let mut keeper = keeper();
        keeper.hear(code("330825"), true, at(-DAY, 0));
        assert!(keeper.read(at(0, 1_000)).doubt.is_some());
        keeper.uphold(at(0, 1_000));
        assert_eq!(keeper.read(at(0, 2_000)).doubt, None);
        keeper.hear(code("330825"), true, at(-2 * DAY, 2_000));
        assert!(keeper.read(at(0, 3_000)).doubt.is_some());
    }

    #[test]
    fn a_start_before_the_last_end_or_long_after_it_is_doubted() {
        for (away, doubted) in [
            (-DAY, true),
            (-60_000, false),
            (DAY, false),
            (400 * DAY, true),
        ] {
            let mut keeper = keeper();
            keeper.resume(Timestamp(START - away));
            let reading = keeper.read(at(0, 1_000));
            assert_eq!(reading.doubt.is_some(), doubted, "{away}");
            keeper.hear(code("330825"), true, at(0, 1_000));
            assert_eq!(keeper.read(at(0, 2_000)).doubt, None, "{away}: confirmed");
        }
    }

    proptest! {
        #[test]
        fn without_neighbours_believed_time_goes_as_the_monotonic_clock_goes(
            jumps in prop::collection::vec((1_u64..100_000, -10 * DAY..10 * DAY), 1..50),
        ) {
            let mut keeper = keeper();
            let (mut steady, mut before) = (0, START);
            for (pause, jump) in jumps {
                steady += pause;
                let now = keeper.read(at(jump, steady)).now.0;
                let went = now - before - pause as i64;
                prop_assert!(went.unsigned_abs() <= 2 * MOST_DRIFT_MS, "{went}");
                before = now;
            }
        }
    }
}

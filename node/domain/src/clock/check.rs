//! Checks of clocks that come from other nodes.

use super::{Clock, Clocks, MOST_CLOCKS, MOST_PAUSES, Pause, Stage, Timestamp};

const YEAR: u64 = 366 * 86_400_000;
/// 2200-01-01T00:00:00Z.
const LATEST: Timestamp = Timestamp(7_258_118_400_000);

/// The fault of clocks that no sound node can have made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadClocks {
    /// There are more than [`MOST_CLOCKS`].
    #[error("the matter has more than {MOST_CLOCKS} clocks; it was not made by a sound node")]
    TooMany,
    /// Two clocks for one stage are open.
    #[error("two clocks for {0} run at once; the matter was not made by a sound node")]
    Twice(Stage),
    /// The moments, numbers or states of a clock contradict each other.
    #[error("the clock for {0} contradicts itself; the matter was not made by a sound node")]
    Contradicts(Stage),
}

impl TryFrom<Vec<Clock>> for Clocks {
    type Error = BadClocks;

    /// Takes clocks that came from another node, if they pass [`Clocks::check`].
    fn try_from(clocks: Vec<Clock>) -> Result<Self, BadClocks> {
        let clocks = Self(clocks);
        clocks.check()?;
        Ok(clocks)
    }
}

impl Clocks {
    /// Checks whether a sound node can have made them.
    ///
    /// # Errors
    /// The first fault found.
    pub fn check(&self) -> Result<(), BadClocks> {
        if self.0.len() > MOST_CLOCKS {
            return Err(BadClocks::TooMany);
        }
        for (n, clock) in self.0.iter().enumerate() {
            let same = |other: &&Clock| other.stage == clock.stage && other.is_open();
            if clock.is_open() && self.0[..n].iter().find(same).is_some() {
                return Err(BadClocks::Twice(clock.stage));
            }
            if !clock.is_sound() {
                return Err(BadClocks::Contradicts(clock.stage));
            }
        }
        Ok(())
    }

    /// Returns whether these clocks can be a later state of `earlier`: no open clock was reset or
    /// shortened, and no ended one changed. Ended clocks may be missing, having made room. If the
    /// set is full, open clocks may be missing, too, because they may have ended first.
    pub fn continues(&self, earlier: &Self) -> bool {
        earlier
            .0
            .iter()
            .all(|was| match self.0.iter().find(|now| now.is_same_as(was)) {
                None => !was.is_open() || self.0.len() == MOST_CLOCKS,
                Some(now) if was.is_open() => now.due >= was.due,
                Some(now) => now == was,
            })
    }
}

impl Clock {
    /// Returns whether these are two states of one clock.
    pub fn is_same_as(&self, other: &Self) -> bool {
        (self.stage, self.started, self.allowance) == (other.stage, other.started, other.allowance)
            && self.rule == other.rule
    }

    fn is_sound(&self) -> bool {
        let moments = Timestamp(0) <= self.started
            && self.started <= self.warn
            && self.warn <= self.due
            && self.due <= LATEST
            && self.due.since(self.started) <= 20 * YEAR;
        let numbers = self.allowance.is_possible()
            && (1..=90).contains(&self.warn_percent)
            && self.budget <= 3 * YEAR
            && self.paused.len() <= usize::from(MOST_PAUSES);
        let pause = |pause: &Pause| {
            pause.since >= self.started
                && pause.since <= pause.until
                && pause.until <= LATEST
                && pause.warn <= pause.due
                && self.due <= pause.due
                && pause.due <= LATEST
                && self.paused.len() < usize::from(MOST_PAUSES)
        };
        let mut last = self.started;
        let mut in_order = |since: Timestamp, until: Timestamp| {
            let fits = last <= since && since <= until && until <= LATEST;
            last = until;
            fits
        };
        moments
            && numbers
            && self.paused.iter().all(|p| in_order(p.since, p.until))
            && self.pause.iter().all(pause)
            && self.extension.is_none_or(|e| {
                self.stage.may_extend() && e.by.is_possible() && e.at >= self.started
            })
            && self
                .ended
                .is_none_or(|e| e.at >= self.started && e.at <= LATEST && self.pause.is_none())
    }
}

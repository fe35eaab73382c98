//! The clocks of a matter. Several run at once, one per stage; each knows the line of policy that set
//! it, when it is due, and what was announced. A hand-over touches none of them: they run on in
//! transit, and what passes there is charged to the giver.
//!
//! Nothing here reads a clock. The same acts at the same moments give the same clocks, and moments
//! that go backwards (another node's clock, a corrected one) count as the latest moment known.

use serde::{Deserialize, Serialize};

use super::{calendar::Allowance, policy::RuleRef, time::Timestamp};

mod act;
mod check;
mod hands;
mod stage;
#[cfg(test)]
mod tests;

pub use act::{Bounds, ClockRefusal, Terms};
pub use check::BadClocks;
pub use hands::{Hand, holder_at};
pub use stage::{ExtensionReason, PauseReason, Stage, UnknownWord};

/// Most clocks of one matter. When one more starts, the one that ended first makes room.
pub const MOST_CLOCKS: usize = 32;

/// Most pauses of one clock, whatever policy says.
pub const MOST_PAUSES: u8 = 16;

/// One clock of a matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// What is to be done in time.
    pub stage: Stage,
    /// The line that set it.
    pub rule: RuleRef,
    /// How much time it gives.
    pub allowance: Allowance,
    /// Milliseconds of the allowance, extension included, in its unit: working time or all time.
    pub budget: u64,
    /// When less than this share of the budget is left, it is due soon. 1 to 90.
    pub warn_percent: u8,
    /// When it started.
    pub started: Timestamp,
    /// When it is used up; while paused, when it would have been.
    pub due: Timestamp,
    /// From when on it is due soon.
    pub warn: Timestamp,
    /// The pause it is in.
    pub pause: Option<Pause>,
    /// Pauses that are over, earliest first.
    pub paused: Vec<Paused>,
    /// The one extension.
    pub extension: Option<Extension>,
    /// How it ended.
    pub ended: Option<Ended>,
    /// What was announced.
    pub told: Told,
}

/// A pause under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Since when.
    pub since: Timestamp,
    /// Why.
    pub reason: PauseReason,
    /// When the longest total pause is used up; the clock then runs again by itself.
    pub until: Timestamp,
    /// When the clock is due in that case.
    pub due: Timestamp,
    /// From when on it is due soon in that case.
    pub warn: Timestamp,
}

/// A pause that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paused {
    /// Since when.
    pub since: Timestamp,
    /// When the clock ran again.
    pub until: Timestamp,
    /// Why.
    pub reason: PauseReason,
}

/// An extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    /// By how much.
    pub by: Allowance,
    /// Why.
    pub reason: ExtensionReason,
    /// When it was given.
    pub at: Timestamp,
}

/// The end of a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// When.
    pub at: Timestamp,
    /// How.
    pub how: How,
}

/// How a clock ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// In time.
    Met,
    /// Done, but after it was due.
    Late,
    /// It no longer matters.
    Cancelled,
}

/// What was announced of a clock. Each is announced once for each moment it is due.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Told {
    /// Nothing.
    #[default]
    Nothing,
    /// That it is due soon.
    DueSoon,
    /// That it is overdue.
    Overdue,
}

/// How a clock stands at a moment. Milliseconds on the wall, not working time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// There is time.
    Running {
        /// Until it is due.
        left: u64,
    },
    /// There is little time.
    DueSoon {
        /// Until it is due.
        left: u64,
    },
    /// Its time is used up.
    Overdue {
        /// Since it was due.
        by: u64,
    },
    /// Time does not count.
    Paused {
        /// When it runs again by itself.
        until: Timestamp,
    },
    /// It has ended.
    Ended(How),
}

/// Something a clock announces, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Event {
    /// Which clock.
    pub stage: Stage,
    /// What.
    pub kind: EventKind,
    /// When it came true, which may be long before it is announced.
    pub at: Timestamp,
}

/// What a clock announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// The longest pause was used up, and it runs again.
    PauseOver,
    /// It is due soon.
    DueSoon,
    /// It is overdue.
    Overdue,
}

impl Clock {
    /// Whether it has not ended; a paused clock has not.
    pub const fn is_open(&self) -> bool {
        self.ended.is_none()
    }

    /// How long it was paused, in milliseconds of all time, up to `now`.
    pub fn paused_total(&self, now: Timestamp) -> u64 {
        let over: u64 = self.paused.iter().map(|p| p.until.since(p.since)).sum();
        let under_way = |pause: &Pause| now.min(pause.until).since(pause.since);
        over + self.pause.as_ref().map_or(0, under_way)
    }

    /// How it stands.
    pub fn standing(&self, now: Timestamp) -> Standing {
        if let Some(ended) = self.ended {
            return Standing::Ended(ended.how);
        }
        let (due, warn) = match self.pause {
            Some(pause) if now < pause.until => {
                return Standing::Paused { until: pause.until };
            }
            Some(pause) => (pause.due, pause.warn),
            None => (self.due, self.warn),
        };
        if now >= due {
            Standing::Overdue { by: now.since(due) }
        } else if now >= warn {
            let left = due.since(now);
            Standing::DueSoon { left }
        } else {
            let left = due.since(now);
            Standing::Running { left }
        }
    }

    /// When there is something to announce next.
    pub fn next_moment(&self) -> Option<Timestamp> {
        if self.ended.is_some() {
            return None;
        }
        if let Some(pause) = self.pause {
            return Some(pause.until);
        }
        match self.told {
            Told::Nothing => Some(self.warn),
            Told::DueSoon => Some(self.due),
            Told::Overdue => None,
        }
    }

    fn tick(&mut self, now: Timestamp, events: &mut Vec<Event>) {
        if self.ended.is_some() {
            return;
        }
        let stage = self.stage;
        let mut say = |kind, at| events.push(Event { stage, kind, at });
        if let Some(pause) = self.pause {
            if now < pause.until {
                return;
            }
            self.run_out(pause);
            say(EventKind::PauseOver, pause.until);
        }
        if self.told < Told::DueSoon && now >= self.warn {
            self.told = Told::DueSoon;
            say(EventKind::DueSoon, self.warn);
        }
        if self.told < Told::Overdue && now >= self.due {
            self.told = Told::Overdue;
            say(EventKind::Overdue, self.due);
        }
    }
}

/// The clocks of one matter, in the order in which they started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clocks(Vec<Clock>);

impl Clocks {
    /// All of them, ended ones too, in the order in which they started.
    pub fn iter(&self) -> std::slice::Iter<'_, Clock> {
        self.0.iter()
    }

    /// The one of a stage that has not ended.
    pub fn open(&self, stage: Stage) -> Option<&Clock> {
        self.0.iter().find(|c| c.stage == stage && c.is_open())
    }

    /// The one of a stage that started last.
    pub fn last(&self, stage: Stage) -> Option<&Clock> {
        self.0.iter().rev().find(|clock| clock.stage == stage)
    }

    /// When there is something to announce next. Compute it again after every act and every tick;
    /// it may lie in the past after a restart or a change of the wall clock, which is harmless.
    pub fn next_moment(&self) -> Option<Timestamp> {
        self.0.iter().filter_map(Clock::next_moment).min()
    }

    /// What became true by `now` and was not announced yet, in the order in which it became true.
    ///
    /// However often or late this is called, and also when `now` jumps back, each clock announces
    /// each kind once; only an extension makes it due, and therefore due soon, again. An ended clock
    /// announces nothing, so this is called before an act of the same moment.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Event> {
        let mut events = vec![];
        for clock in &mut self.0 {
            clock.tick(now, &mut events);
        }
        events.sort_by_key(|event| (event.at, event.stage, event.kind));
        events
    }
}

impl<'a> IntoIterator for &'a Clocks {
    type Item = &'a Clock;
    type IntoIter = std::slice::Iter<'a, Clock>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

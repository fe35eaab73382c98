//! The clocks of a matter. Several run at once, one per stage; each knows the policy line that set
//! it, when it is due, and what was announced. A hand-over resets none of them: they continue in
//! transit, and the giver is charged with the time in transit.
//!
//! This code does not read the system clock. The same acts at the same moments give the same
//! clocks. A moment earlier than the latest known one (from another node's clock, or after a
//! correction) counts as the latest known one.

use serde::{Deserialize, Serialize};

use super::{calendar::Allowance, rule::RuleRef, time::Timestamp};

mod act;
mod check;
mod hands;
mod stage;
#[cfg(test)]
mod tests;

pub use act::{Bounds, ClockRefusal, ClockTerms};
pub use check::BadClocks;
pub use hands::{Hand, holder_at};
pub use stage::{ExtensionReason, PauseReason, Stage};

/// The most clocks of one matter. If one more starts, the clock that ended first is removed.
pub const MOST_CLOCKS: usize = 32;

/// The most pauses of one clock, whatever the policy.
pub const MOST_PAUSES: u8 = 16;

/// One clock of a matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// The stage of work that is to be done in time.
    pub stage: Stage,
    /// The line of policy that set it.
    pub rule: RuleRef,
    /// The time that the line gives.
    pub allowance: Allowance,
    /// The allowance in milliseconds, extension included: working time or wall-clock time, as the
    /// allowance counts.
    pub budget: u64,
    /// The last part of the budget, in percent, during which the clock is due soon; 1 to 90.
    pub warn_percent: u8,
    /// When it started.
    pub started: Timestamp,
    /// When the clock is due; during a pause, when it would have been.
    pub due: Timestamp,
    /// The moment from which it is due soon.
    pub warn: Timestamp,
    /// The pause under way, if any.
    pub pause: Option<Pause>,
    /// Pauses that are over, earliest first.
    pub paused: Vec<Paused>,
    /// The extension, if any; there is one at most.
    pub extension: Option<Extension>,
    /// When and how it ended; `None` while it is open.
    pub ended: Option<Ended>,
    /// The latest announcement.
    pub told: Told,
}

/// A pause under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// When it began.
    pub since: Timestamp,
    /// The reason.
    pub reason: PauseReason,
    /// When the longest total pause is used up; the clock then resumes by itself.
    pub until: Timestamp,
    /// When the clock is due in that case.
    pub due: Timestamp,
    /// The moment from which it is due soon in that case.
    pub warn: Timestamp,
}

/// A pause that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paused {
    /// When it began.
    pub since: Timestamp,
    /// When the clock ran again.
    pub until: Timestamp,
    /// The reason.
    pub reason: PauseReason,
}

/// An extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    /// The time added.
    pub by: Allowance,
    /// The reason.
    pub reason: ExtensionReason,
    /// When it was given.
    pub at: Timestamp,
}

/// The end of a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// When it ended.
    pub at: Timestamp,
    /// The way in which it ended.
    pub how: How,
}

topology::vocabulary! {
    /// How a clock ended.
    pub enum How: "end of a clock" {
        Met = 1, "met", "按时", "in time";
        Late = 2, "late", "超期完成", "done, but not before it was due";
        Cancelled = 3, "cancelled", "取消", "ended because it no longer matters";
    }
}

/// The latest announcement of a clock. Each is made once per due time.
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

/// The state of a clock at a moment. Durations are milliseconds of wall-clock time, not working
/// time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It is neither due nor due soon.
    Running {
        /// Milliseconds until it is due.
        left: u64,
    },
    /// It is due soon.
    DueSoon {
        /// Milliseconds until it is due.
        left: u64,
    },
    /// Its time is used up.
    Overdue {
        /// Milliseconds since it was due.
        by: u64,
    },
    /// It is paused, and time does not count.
    Paused {
        /// When it runs again by itself.
        until: Timestamp,
    },
    /// It has ended.
    Ended(How),
}

/// One announcement of a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Event {
    /// The stage of the clock.
    pub stage: Stage,
    /// The kind of the announcement.
    pub kind: EventKind,
    /// When it became true, which may be long before the announcement.
    pub at: Timestamp,
}

/// The kind of an announcement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// The longest total pause was used up, and the clock runs again.
    PauseOver,
    /// It is due soon.
    DueSoon,
    /// It is overdue.
    Overdue,
}

impl Clock {
    /// Returns whether it has not ended; a paused clock has not.
    pub const fn is_open(&self) -> bool {
        self.ended.is_none()
    }

    /// Returns the total pause up to `now`, in milliseconds of wall-clock time.
    pub fn paused_total(&self, now: Timestamp) -> u64 {
        let over: u64 = self.paused.iter().map(|p| p.until.since(p.since)).sum();
        let under_way = |pause: &Pause| now.min(pause.until).since(pause.since);
        over + self.pause.as_ref().map_or(0, under_way)
    }

    /// Returns its state at `now`.
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

    /// Returns the time of the next announcement; `None` if the clock has ended or announced
    /// everything.
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
    /// Iterates over all clocks, ended ones too, in the order in which they started.
    pub fn iter(&self) -> std::slice::Iter<'_, Clock> {
        self.0.iter()
    }

    /// Returns the clock of a stage that has not ended.
    pub fn open(&self, stage: Stage) -> Option<&Clock> {
        self.0.iter().find(|c| c.stage == stage && c.is_open())
    }

    /// Returns the clock of a stage that started last.
    pub fn last(&self, stage: Stage) -> Option<&Clock> {
        self.0.iter().rev().find(|clock| clock.stage == stage)
    }

    /// Returns the time of the next announcement. Compute it again after every act and every tick.
    /// After a restart or a change of the wall clock it may lie in the past, which is harmless.
    pub fn next_moment(&self) -> Option<Timestamp> {
        self.0.iter().filter_map(Clock::next_moment).min()
    }

    /// Returns what became true by `now` and was not announced yet, in that order. Records it as
    /// announced.
    ///
    /// However often or late this is called, and even if `now` jumps back, each clock announces
    /// each kind once. Only an extension, which makes the clock due again, repeats announcements.
    /// An ended clock announces nothing, so call this before an act of the same moment.
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

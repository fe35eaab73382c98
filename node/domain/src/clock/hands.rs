//! The divisions that held the matter while a clock ran.

use topology::DivisionCode;

use super::{Clock, Timestamp};
use crate::calendar::Calendar;

/// The part of a clock's time during which one division held the matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hand {
    /// The division.
    pub division: DivisionCode,
    /// When it began.
    pub from: Timestamp,
    /// When it ended, which is when the next one began.
    pub to: Timestamp,
    /// Milliseconds that counted towards the allowance, in its unit, without pauses.
    pub spent: u64,
    /// Number of those milliseconds after the clock was due.
    pub late: u64,
}

/// Returns the division that had a matter at a moment; `None` if there are no steps. The steps
/// (when, and by whom) are oldest first. The giver has it until a neighbour makes a step of its
/// own; before the first step, the division that makes it has it.
pub fn holder_at(
    steps: impl IntoIterator<Item = (Timestamp, DivisionCode)>,
    at: Timestamp,
) -> Option<DivisionCode> {
    let mut turns = turns(steps).into_iter();
    let (_, first) = turns.next()?;
    let begun = turns.take_while(|(from, _)| *from <= at);
    Some(begun.last().map_or(first, |(_, by)| by))
}

/// Returns when each division received a matter. Clocks of divisions differ, so a division never
/// counts as taking it before the one before did.
fn turns(
    steps: impl IntoIterator<Item = (Timestamp, DivisionCode)>,
) -> Vec<(Timestamp, DivisionCode)> {
    let mut turns: Vec<(Timestamp, DivisionCode)> = vec![];
    let mut latest = Timestamp(i64::MIN);
    for (at, by) in steps {
        latest = latest.max(at);
        if turns.last().is_none_or(|(_, last)| *last != by) {
            turns.push((latest, by));
        }
    }
    turns
}

impl Clock {
    /// Returns the divisions that held the matter until the clock ended or until `now`. The steps
    /// (when, and by whom) are oldest first. The giver is charged with the transit.
    pub fn hands(
        &self,
        steps: impl IntoIterator<Item = (Timestamp, DivisionCode)>,
        calendar: &Calendar,
        now: Timestamp,
    ) -> Vec<Hand> {
        let end = self.ended.map_or(now, |ended| ended.at).max(self.started);
        let due = match self.pause {
            Some(pause) => pause.due,
            None => self.due,
        };
        let turns = turns(steps);
        let mut hands = vec![];
        for (n, (began, division)) in turns.iter().enumerate() {
            let began = if n == 0 { self.started } else { *began };
            let next = turns.get(n + 1).map_or(end, |(next, _)| *next);
            let from = began.clamp(self.started, end);
            let to = next.clamp(self.started, end);
            if from < to {
                hands.push(Hand {
                    division: *division,
                    from,
                    to,
                    spent: self.counted(calendar, from, to),
                    late: self.counted(calendar, from.max(due), to),
                });
            }
        }
        hands
    }

    /// Returns the milliseconds from `from` to `to` that counted towards the allowance: all but the
    /// pauses.
    fn counted(&self, calendar: &Calendar, from: Timestamp, to: Timestamp) -> u64 {
        let over = self.paused.iter().map(|p| (p.since, p.until));
        let under_way = self.pause.iter().map(|p| (p.since, p.until));
        let mut sum = 0;
        let mut from = from;
        for (since, until) in over.chain(under_way) {
            sum += calendar.spent(self.allowance, from, since.min(to));
            from = from.max(until);
        }
        sum + calendar.spent(self.allowance, from, to)
    }

    /// Returns the time left, in milliseconds of the clock's own kind of time; zero once it is
    /// overdue.
    pub fn left(&self, calendar: &Calendar, now: Timestamp) -> u64 {
        let now = self.not_before_known(now);
        match self.pause {
            Some(pause) if now < pause.until => {
                calendar.spent(self.allowance, pause.since, self.due)
            }
            Some(pause) => calendar.spent(self.allowance, now, pause.due),
            None => calendar.spent(self.allowance, now, self.due),
        }
    }
}

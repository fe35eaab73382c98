//! Office hours: the hours of each weekday, holidays, and make-up working days (调休).
//!
//! Periods are counted by the Civil Code of China: the day on which a period starts does not count
//! (art. 201); a period in days whose last day is a day of rest ends on the next working day, and
//! it ends when the office closes (art. 203). Hours count from the moment itself (art. 201). Days
//! are those of Asia/Shanghai, which has had no daylight saving time since 1991.

use std::collections::BTreeMap;

use super::time::{Day, Timestamp};

mod allowance;
mod lawful;
mod read;
#[cfg(test)]
pub(crate) mod tests;

pub use allowance::{Allowance, BadAllowance};
pub use read::{CalendarFault, MOST_MARKED};
pub(crate) use read::{RawCalendar, day as read_day};

const MINUTE: u64 = 60_000;
const DAY: u64 = 24 * 60 * MINUTE;
const SHANGHAI: i64 = 8 * 3_600_000;
/// 9999-12-31; no period ends later.
const LAST_DAY: Day = Day(2_932_896);

/// The hours during which offices work.
///
/// The calendar covers the years whose holidays and make-up days were announced. After them, up to
/// 2035, only the days off named by law count, and moments there are provisional, because make-up
/// days and moved days off are not known. After 2035 only the hours of the weekdays count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    /// Monday first.
    week: [Hours; 7],
    covered: (Day, Day),
    marked: BTreeMap<Day, Mark>,
}

/// The working hours of one day: intervals in minutes since midnight, in order, without overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Hours(Vec<(u16, u16)>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Mark {
    Holiday(Box<str>),
    MakeUp { name: Box<str>, like: usize },
}

/// The kind of a day for an office.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayKind<'a> {
    /// An ordinary working day.
    Working,
    /// An ordinary day of rest.
    Rest,
    /// A holiday, or a day of rest moved next to one.
    Holiday(&'a str),
    /// A day of rest on which offices work, with the name of the holiday it makes up for.
    MakeUp(&'a str),
}

impl Hours {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn intervals(&self) -> impl Iterator<Item = (u64, u64)> {
        let ms = |minutes: u16| u64::from(minutes) * MINUTE;
        self.0.iter().map(move |(from, to)| (ms(*from), ms(*to)))
    }

    /// Returns the working milliseconds between two times of the day. Both are in milliseconds
    /// since midnight.
    fn between(&self, from: u64, to: u64) -> u64 {
        let shared = |(opens, closes): (u64, u64)| closes.min(to).saturating_sub(opens.max(from));
        self.intervals().map(shared).sum()
    }

    fn total(&self) -> u64 {
        self.between(0, DAY)
    }

    /// Returns the time of day at which `left` more has been worked after `from`. All are in
    /// milliseconds. `None` if that is not on this day.
    fn reach(&self, from: u64, mut left: u64) -> Option<u64> {
        for (opens, closes) in self.intervals() {
            let opens = opens.max(from);
            let open = closes.saturating_sub(opens);
            if left <= open {
                return Some(opens + left);
            }
            left -= open;
        }
        None
    }

    /// Returns when the office closes, in milliseconds since midnight; the end of the day if it does
    /// not open.
    fn closes(&self) -> u64 {
        self.intervals().last().map_or(DAY, |(_, closes)| closes)
    }
}

/// Splits a moment into the day in Shanghai and the milliseconds since its midnight. Moments before
/// 1970 count as its beginning, moments after 9999 as its end.
fn split(at: Timestamp) -> (Day, u64) {
    let latest = moment(LAST_DAY, DAY - 1);
    let local = at.0.clamp(-SHANGHAI, latest.0) + SHANGHAI;
    let day = local.div_euclid(DAY as i64);
    let within = local.rem_euclid(DAY as i64);
    (Day(day as i32), within as u64)
}

fn moment(day: Day, within: u64) -> Timestamp {
    Timestamp(i64::from(day.0) * DAY as i64 + within as i64 - SHANGHAI)
}

fn next(day: Day) -> Day {
    Day(day.0 + 1)
}

/// Returns the weekday; Monday is 0. 1970-01-01 was a Thursday.
fn weekday(day: Day) -> usize {
    (i64::from(day.0) + 3).rem_euclid(7) as usize
}

impl Calendar {
    fn hours(&self, day: Day) -> &Hours {
        const NONE: &Hours = &Hours(Vec::new());
        match self.marked.get(&day) {
            Some(Mark::Holiday(_)) => NONE,
            Some(Mark::MakeUp { like, .. }) => &self.week[*like],
            None => &self.week[weekday(day)],
        }
    }

    /// Returns the kind of a day.
    pub fn kind_of(&self, day: Day) -> DayKind<'_> {
        match self.marked.get(&day) {
            Some(Mark::Holiday(name)) => DayKind::Holiday(name),
            Some(Mark::MakeUp { name, .. }) => DayKind::MakeUp(name),
            None if self.week[weekday(day)].is_empty() => DayKind::Rest,
            None => DayKind::Working,
        }
    }

    /// Returns whether offices work at a moment. The closing moment does not count.
    pub fn is_working(&self, at: Timestamp) -> bool {
        let (day, within) = split(at);
        self.hours(day).between(within, within + 1) > 0
    }

    /// Returns the first and the last day whose holidays were announced. A moment computed beyond them
    /// is provisional: it may still turn out some days too early or too late.
    pub const fn covered(&self) -> (Day, Day) {
        self.covered
    }

    /// Returns the number of announced days after the day of a moment; 0 if there is none.
    pub fn days_left(&self, at: Timestamp) -> u32 {
        let (_, last) = self.covered;
        u32::try_from(last.0 - split(at).0.0).unwrap_or(0)
    }

    /// Returns whether a due time is provisional, because it lies after the announced days.
    pub fn is_provisional(&self, at: Timestamp) -> bool {
        split(at).0 > self.covered.1
    }

    /// Returns whether the day of a moment lies within the announced years.
    pub fn covers(&self, at: Timestamp) -> bool {
        let (first, last) = self.covered;
        (first..=last).contains(&split(at).0)
    }

    /// Returns when an allowance that starts at `from` is used up.
    pub fn add(&self, from: Timestamp, allowance: Allowance) -> Timestamp {
        let (day, _) = split(from);
        match allowance {
            Allowance::Hours(n) => self.advance(from, allowance, u64::from(n) * 60 * MINUTE),
            Allowance::WorkingHours(n) => self.advance(from, allowance, u64::from(n) * 60 * MINUTE),
            Allowance::Days(n) => self.closing(Day(day.0.saturating_add(n.into()).min(LAST_DAY.0))),
            Allowance::WorkingDays(n) => {
                let mut last = day;
                for _ in 0..n {
                    last = self.working_day(next(last).min(LAST_DAY));
                }
                self.closing(last)
            }
        }
    }

    /// Returns the whole working minutes from one moment to a later one; 0 if it is not later.
    pub fn elapsed(&self, from: Timestamp, to: Timestamp) -> u64 {
        self.worked(from, to) / MINUTE
    }

    /// Returns the milliseconds between two moments that count towards an allowance of this unit.
    pub fn spent(&self, unit: Allowance, from: Timestamp, to: Timestamp) -> u64 {
        if unit.counts_every_hour() {
            to.since(from)
        } else {
            self.worked(from, to)
        }
    }

    /// Returns the earliest moment at which `ms` more have counted towards an allowance. Counts
    /// milliseconds of this allowance's unit.
    pub fn advance(&self, from: Timestamp, unit: Allowance, ms: u64) -> Timestamp {
        let latest = moment(LAST_DAY, DAY - 1);
        if unit.counts_every_hour() {
            let ms = i64::try_from(ms).unwrap_or(i64::MAX);
            return Timestamp(from.0.saturating_add(ms)).min(latest).max(from);
        }
        if ms == 0 {
            return from;
        }
        let (mut day, mut within) = split(from);
        let mut left = ms;
        while day <= LAST_DAY {
            let hours = self.hours(day);
            if let Some(reached) = hours.reach(within, left) {
                return moment(day, reached);
            }
            left -= hours.between(within, DAY);
            (day, within) = (next(day), 0);
        }
        latest.max(from)
    }

    fn worked(&self, from: Timestamp, to: Timestamp) -> u64 {
        if to <= from {
            return 0;
        }
        let (first, begin) = split(from);
        let (last, end) = split(to);
        if first == last {
            return self.hours(first).between(begin, end);
        }
        self.hours(first).between(begin, DAY)
            + self.whole_days(next(first), last)
            + self.hours(last).between(0, end)
    }

    /// Returns the working milliseconds of all days from `first` up to, but without, `end`.
    fn whole_days(&self, first: Day, end: Day) -> u64 {
        let days = u64::try_from(end.0 - first.0).unwrap_or(0);
        let week: u64 = self.week.iter().map(Hours::total).sum();
        let odd = (0..days % 7).map(|n| self.week[(weekday(first) + n as usize) % 7].total());
        let mut sum = days / 7 * week + odd.sum::<u64>();
        if first < end {
            for day in self.marked.range(first..end).map(|(day, _)| *day) {
                sum = sum - self.week[weekday(day)].total() + self.hours(day).total();
            }
        }
        sum
    }

    /// Returns the first working day from this one on.
    fn working_day(&self, mut day: Day) -> Day {
        while self.hours(day).is_empty() && day < LAST_DAY {
            day = next(day);
        }
        day
    }

    /// Returns when the office closes on this day, or else on the next day on which it opens.
    fn closing(&self, day: Day) -> Timestamp {
        let day = self.working_day(day);
        moment(day, self.hours(day).closes())
    }
}

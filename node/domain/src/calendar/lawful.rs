//! The days off named by law, for years whose holidays the State Council has not announced yet.
//!
//! 全国年节及纪念日放假办法 as revised in November 2024: 元旦 1 January; 春节 the last day of the lunar year and
//! the first three of the next; 清明 the day of that solar term; 劳动节 1 and 2 May; 端午 the fifth of the
//! fifth lunar month; 中秋 the fifteenth of the eighth; 国庆 1 to 3 October. A day off that falls on a
//! day of rest, or on another day off, is replaced by a working day; this module uses the next one.
//! The days of rest that become working days (调休) are known only once they are announced.

use super::{Calendar, Day, DayKind, LAST_DAY, Mark, next};

/// The first day of the lunar year, 清明, 端午 and 中秋 of one year.
struct Feasts {
    year: i32,
    spring: &'static str,
    tomb: &'static str,
    dragon: &'static str,
    autumn: &'static str,
}

const fn of(
    year: i32,
    spring: &'static str,
    tomb: &'static str,
    dragon: &'static str,
    autumn: &'static str,
) -> Feasts {
    Feasts {
        year,
        spring,
        tomb,
        dragon,
        autumn,
    }
}

/// The feasts of 2027 to 2035, by the lunar calendar as GB/T 33661-2017 computes it.
const FEASTS: [Feasts; 9] = [
    of(2027, "02-06", "04-05", "06-09", "09-15"),
    of(2028, "01-26", "04-04", "05-28", "10-03"),
    of(2029, "02-13", "04-04", "06-16", "09-22"),
    of(2030, "02-03", "04-05", "06-05", "09-12"),
    of(2031, "01-23", "04-05", "06-24", "10-01"),
    of(2032, "02-11", "04-04", "06-12", "09-19"),
    of(2033, "01-31", "04-04", "06-01", "09-08"),
    of(2034, "02-19", "04-05", "06-20", "09-27"),
    of(2035, "02-08", "04-05", "06-10", "09-16"),
];

impl Feasts {
    fn day(&self, month_and_day: &str) -> Day {
        let text = format!("{}-{month_and_day}", self.year);
        text.parse().expect("the table holds days, by a test")
    }

    /// Lists every day off with its feast; a day with two feasts is listed twice.
    fn days(&self) -> Vec<(Day, &'static str)> {
        let at = |day: Day, more: i32| Day(day.0 + more);
        let spring = self.day(self.spring);
        let mut days = vec![(self.day("01-01"), "元旦")];
        days.extend((-1..=2).map(|n| (at(spring, n), "春节")));
        days.push((self.day(self.tomb), "清明节"));
        days.extend((0..=1).map(|n| (at(self.day("05-01"), n), "劳动节")));
        days.push((self.day(self.dragon), "端午节"));
        days.push((self.day(self.autumn), "中秋节"));
        days.extend((0..=2).map(|n| (at(self.day("10-01"), n), "国庆节")));
        days
    }
}

impl Calendar {
    /// Marks the lawful days off of the years after the covered ones.
    pub(super) fn add_lawful_days(&mut self) {
        let (_, announced) = self.covered;
        for feasts in &FEASTS {
            let days = feasts.days();
            if days.iter().any(|(day, _)| *day <= announced) {
                continue;
            }
            let mut given_back = vec![];
            for (day, name) in days {
                if self.kind_of(day) == DayKind::Working {
                    self.marked.insert(day, Mark::Holiday(name.into()));
                } else {
                    self.marked
                        .entry(day)
                        .or_insert_with(|| Mark::Holiday(name.into()));
                    given_back.push((day, name));
                }
            }
            for (day, name) in given_back {
                let mut instead = next(day);
                while self.kind_of(instead) != DayKind::Working && instead < LAST_DAY {
                    instead = next(instead);
                }
                self.marked.insert(instead, Mark::Holiday(name.into()));
            }
        }
    }
}

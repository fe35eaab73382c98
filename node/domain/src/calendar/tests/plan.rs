//! Calendars in the form in which their authors think, and the obvious way to count in them.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

/// A calendar in the form in which its author thinks, and the obvious way to count in it.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    week: Vec<Vec<(u32, u32)>>,
    holidays: BTreeSet<u32>,
    make_ups: BTreeMap<u32, usize>,
}

/// 2025-12-01, a Monday, at midnight in Shanghai.
pub(crate) const MONDAY: i64 = 1_764_518_400_000;
const FIRST: i32 = 20_423;
const NAMES: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

impl Plan {
    /// Reads the calendar from the plan's text. Days are counted from [`MONDAY`].
    pub(crate) fn calendar(&self) -> Calendar {
        let mut text = "years = [2025, 2026]\n[hours]\n".to_owned();
        for (day, intervals) in self.week.iter().enumerate() {
            let intervals: Vec<String> = intervals
                .iter()
                .map(|(a, b)| {
                    format!(
                        "\"{:02}:{:02}-{:02}:{:02}\"",
                        a / 60,
                        a % 60,
                        b / 60,
                        b % 60
                    )
                })
                .collect();
            text += &format!("{} = [{}]\n", NAMES[day], intervals.join(", "));
        }
        let date = |day: &u32| Day(FIRST + *day as i32);
        for day in &self.holidays {
            text += &format!("[[holiday]]\nname = \"x\"\ndate = {}\n", date(day));
        }
        for (day, like) in &self.make_ups {
            let like = NAMES[*like];
            text += &format!(
                "[[make-up]]\nname = \"x\"\ndate = {}\nlike = \"{like}\"\n",
                date(day)
            );
        }
        read(&text).unwrap()
    }

    /// Returns whether offices work in a minute, counted from [`MONDAY`].
    pub(crate) fn works(&self, minute: u64) -> bool {
        let day = (minute / 1440) as u32;
        let of_day = (minute % 1440) as u32;
        let hours = if self.holidays.contains(&day) {
            return false;
        } else if let Some(like) = self.make_ups.get(&day) {
            &self.week[*like]
        } else {
            &self.week[day as usize % 7]
        };
        hours.iter().any(|(a, b)| (*a..*b).contains(&of_day))
    }

    /// Returns when an allowance is used up, by counting minute by minute and day by day.
    pub(crate) fn add(&self, from: u64, allowance: Allowance) -> u64 {
        let opens = |day: u64| (day * 1440..(day + 1) * 1440).any(|minute| self.works(minute));
        let closes = |day: u64| {
            let last = (day * 1440..(day + 1) * 1440).rfind(|minute| self.works(*minute));
            last.unwrap() + 1
        };
        let today = from / 1440;
        match allowance {
            Allowance::Hours(n) => from + u64::from(n) * 60,
            Allowance::WorkingHours(n) => {
                let mut left = u64::from(n) * 60;
                let mut minute = from;
                while left > 0 {
                    left -= u64::from(self.works(minute));
                    minute += 1;
                }
                minute
            }
            Allowance::Days(n) => {
                let mut day = today + u64::from(n);
                while !opens(day) {
                    day += 1;
                }
                closes(day)
            }
            Allowance::WorkingDays(n) => {
                let mut day = today;
                for _ in 0..n {
                    day += 1;
                    while !opens(day) {
                        day += 1;
                    }
                }
                closes(day)
            }
        }
    }
}

fn intervals() -> impl Strategy<Value = Vec<(u32, u32)>> {
    prop::collection::btree_set(0u32..=1440, 0..=3usize).prop_map(|cuts| {
        let cuts: Vec<u32> = cuts.into_iter().collect();
        cuts.chunks_exact(2)
            .map(|pair| (pair[0], pair[1]))
            .collect()
    })
}

pub(crate) fn plan() -> impl Strategy<Value = Plan> {
    let week = prop::collection::vec(intervals(), 7);
    let working = week.prop_filter("somebody works", |week| {
        week.iter().flatten().map(|(a, b)| b - a).sum::<u32>() >= 60
    });
    let holidays = prop::collection::btree_set(0u32..60, 0..12usize);
    let make_ups = prop::collection::btree_map(0u32..60, 0usize..7, 0..8usize);
    (working, holidays, make_ups).prop_map(|(week, holidays, mut make_ups)| {
        make_ups.retain(|day, like| {
            let rests = week[*day as usize % 7].is_empty();
            rests && !week[*like].is_empty() && !holidays.contains(day)
        });
        Plan {
            week,
            holidays,
            make_ups,
        }
    })
}

pub(crate) fn allowance() -> impl Strategy<Value = Allowance> {
    prop_oneof![
        (1u16..20).prop_map(Allowance::WorkingDays),
        (1u16..60).prop_map(Allowance::WorkingHours),
        (1u16..40).prop_map(Allowance::Days),
        (1u16..300).prop_map(Allowance::Hours),
    ]
}

pub(crate) fn at_minute(minute: u64) -> Timestamp {
    Timestamp(MONDAY + minute as i64 * 60_000)
}

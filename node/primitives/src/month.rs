//! Months of the calendar.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::time::Day;

/// A month of the calendar in Asia/Shanghai: months since January 1970. Written `2026-11`.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Month(pub u16);

/// The error for a text that is not a month.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a month from 1970 on; one looks like 2026-11")]
pub struct BadMonth(String);

impl Month {
    /// Returns the month that a day is in; January 1970 for earlier days.
    pub fn of(day: Day) -> Self {
        let text = day.to_string();
        let month = text.get(..7).and_then(|month| month.parse().ok());
        month.unwrap_or_default()
    }

    /// Returns its first day.
    pub fn first(self) -> Day {
        format!("{self}-01").parse().unwrap_or_default()
    }

    /// Returns the month that is so many months later.
    #[must_use]
    pub const fn later(self, months: u16) -> Self {
        Self(self.0.saturating_add(months))
    }

    /// Returns the month that is so many months earlier, at the earliest January 1970.
    #[must_use]
    pub const fn earlier(self, months: u16) -> Self {
        Self(self.0.saturating_sub(months))
    }

    /// Returns its first day and that of the next month.
    pub fn days(self) -> (Day, Day) {
        (self.first(), self.later(1).first())
    }

    /// Returns whether a day is in it.
    pub fn has(self, day: Day) -> bool {
        let (first, next) = self.days();
        (first..next).contains(&day)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month) = (1970 + self.0 / 12, self.0 % 12 + 1);
        f.pad(&format!("{year:04}-{month:02}"))
    }
}

impl FromStr for Month {
    type Err = BadMonth;

    fn from_str(text: &str) -> Result<Self, BadMonth> {
        let bad = || BadMonth(text.chars().take(20).collect());
        let (year, month) = text.split_once('-').ok_or_else(bad)?;
        match (year.parse::<u16>(), month.parse::<u16>()) {
            (Ok(year @ 1970..=7000), Ok(month @ 1..=12)) => {
                Ok(Self((year - 1970) * 12 + month - 1))
            }
            _ => Err(bad()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_read_back_and_has_its_days() {
        let month: Month = "2026-12".parse().unwrap();
        assert_eq!(month.to_string(), "2026-12");
        assert_eq!(month.later(1).to_string(), "2027-01");
        assert_eq!(month.later(1).earlier(1), month);
        let day = |text: &str| text.parse::<Day>().unwrap();
        assert_eq!(Month::of(day("2026-12-31")), month);
        assert!(month.has(day("2026-12-01")) && month.has(day("2026-12-31")));
        assert!(!month.has(day("2026-11-30")) && !month.has(day("2027-01-01")));
        assert_eq!(Month::of(Day(-40)), Month(0));
        for bad in ["2026", "2026-13", "2026-0", "1969-12", "9999-01", "x-1", ""] {
            assert!(bad.parse::<Month>().is_err(), "{bad}");
        }
    }
}

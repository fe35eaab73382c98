//! Allowances: how much time a rule gives.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::saying::Saying;

/// The time that a rule gives: at least 1 of its unit, at most a year. Written `5wd`, `2wh`, `30d`,
/// `24h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Allowance {
    /// Working days (工作日): up to the end of the n-th working day after the day of the start.
    WorkingDays(u16),
    /// Working hours: minute by minute, only while offices work.
    WorkingHours(u16),
    /// Calendar days (日): up to the closing of the n-th day after the day of the start, or of the
    /// next working day if the n-th day is a day of rest.
    Days(u16),
    /// Hours of the wall clock, day and night.
    Hours(u16),
}

/// The error for a text that is not an allowance.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAllowance {
    /// The text is not a number and a unit.
    #[error("`{0}` is not a length of time; write 5wd, 2wh, 30d or 24h")]
    Form(String),
    /// The number is 0.
    #[error("`{0}` gives no time at all; give at least 1")]
    Zero(String),
    /// The time is longer than a year.
    #[error("`{0}` is longer than a year; give at most 366d, 8784h, 261wd or 2091wh")]
    TooLong(String),
}

impl BadAllowance {
    /// Returns it in both languages.
    pub fn said(&self) -> Saying {
        let chinese = match self {
            Self::Form(text) => format!("“{text}”不是时限；请写成 5wd、2wh、30d 或 24h"),
            Self::Zero(text) => format!("“{text}”等于没有时间；至少写 1"),
            Self::TooLong(text) => {
                format!("“{text}”超过一年；最多写 366d、8784h、261wd 或 2091wh")
            }
        };
        Saying {
            english: self.to_string(),
            chinese,
        }
    }
}

const YEAR_MINUTES: u32 = 366 * 24 * 60;

impl Allowance {
    /// Returns it in both languages: `7 working days`.
    pub fn said(self) -> Saying {
        let (chinese, english) = match self {
            Self::WorkingDays(_) => ("个工作日", "working days"),
            Self::WorkingHours(_) => ("个工作小时", "working hours"),
            Self::Days(_) => ("天", "days"),
            Self::Hours(_) => ("小时", "hours"),
        };
        let count = self.count();
        Saying {
            english: format!("{count} {english}"),
            chinese: format!("{count} {chinese}"),
        }
    }

    /// Returns the number of its units.
    pub const fn count(self) -> u16 {
        match self {
            Self::WorkingDays(n) | Self::WorkingHours(n) | Self::Days(n) | Self::Hours(n) => n,
        }
    }

    /// Returns whether nights, weekends and holidays count.
    pub const fn counts_every_hour(self) -> bool {
        matches!(self, Self::Days(_) | Self::Hours(_))
    }

    /// Returns approximate minutes of wall-clock time, to compare allowances of different units. A
    /// week is 7 days, 5 working days or 40 working hours.
    pub const fn rough_minutes(self) -> u32 {
        let (n, minutes) = match self {
            Self::WorkingDays(n) => (n, 2_016),
            Self::WorkingHours(n) => (n, 252),
            Self::Days(n) => (n, 1_440),
            Self::Hours(n) => (n, 60),
        };
        n as u32 * minutes
    }

    /// Returns whether the allowance is more than nothing and at most a year.
    pub const fn is_possible(self) -> bool {
        self.count() > 0 && self.rough_minutes() <= YEAR_MINUTES
    }

    const fn unit(self) -> &'static str {
        match self {
            Self::WorkingDays(_) => "wd",
            Self::WorkingHours(_) => "wh",
            Self::Days(_) => "d",
            Self::Hours(_) => "h",
        }
    }
}

impl fmt::Display for Allowance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}{}", self.count(), self.unit()))
    }
}

impl FromStr for Allowance {
    type Err = BadAllowance;

    fn from_str(text: &str) -> Result<Self, BadAllowance> {
        let shown = || text.chars().take(24).collect::<String>();
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let make = match unit {
            "wd" => Self::WorkingDays,
            "wh" => Self::WorkingHours,
            "d" => Self::Days,
            "h" => Self::Hours,
            _ => return Err(BadAllowance::Form(shown())),
        };
        if number.is_empty() {
            return Err(BadAllowance::Form(shown()));
        }
        let allowance = number.parse().map(make);
        match allowance {
            Ok(allowance) if allowance.count() == 0 => Err(BadAllowance::Zero(shown())),
            Ok(allowance) if allowance.is_possible() => Ok(allowance),
            _ => Err(BadAllowance::TooLong(shown())),
        }
    }
}

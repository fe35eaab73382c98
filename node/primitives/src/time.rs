//! Moments and days. A day is a calendar day in Asia/Shanghai, which has been UTC+8 without
//! daylight saving since 1991.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

const MS_PER_DAY: i64 = 86_400_000;
const SHANGHAI_OFFSET_MS: i64 = 8 * 3_600_000;

/// A moment: milliseconds since 1970-01-01T00:00:00Z.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Returns the calendar day of this moment in Asia/Shanghai.
    pub const fn day(self) -> Day {
        Day((self.0 + SHANGHAI_OFFSET_MS).div_euclid(MS_PER_DAY) as i32)
    }

    /// Returns the milliseconds from `earlier` to this moment; zero if `earlier` is later.
    pub const fn since(self, earlier: Self) -> u64 {
        let elapsed = self.0 - earlier.0;
        if elapsed < 0 { 0 } else { elapsed as u64 }
    }
}

impl fmt::Display for Timestamp {
    /// Writes Shanghai wall time with milliseconds: `2026-03-01 08:15:02.041`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shanghai = jiff::tz::TimeZone::fixed(jiff::tz::offset(8));
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(moment) => {
                let text = moment
                    .to_zoned(shanghai)
                    .strftime("%Y-%m-%d %H:%M:%S%.3f")
                    .to_string();
                f.pad(&text)
            }
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

/// A calendar day in Asia/Shanghai: days since 1970-01-01.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Day(pub i32);

impl Day {
    /// Returns the moment at which the day begins in Asia/Shanghai.
    pub const fn start(self) -> Timestamp {
        Timestamp(self.0 as i64 * MS_PER_DAY - SHANGHAI_OFFSET_MS)
    }
}

/// The error for a text that is not a calendar day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a day; write it as 2026-03-01")]
pub struct BadDay(pub String);

const UNIX_EPOCH: jiff::civil::Date = jiff::civil::date(1970, 1, 1);

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let span = jiff::Span::new().try_days(i64::from(self.0));
        match span.and_then(|days| UNIX_EPOCH.checked_add(days)) {
            Ok(date) => f.pad(&date.to_string()),
            Err(_) => write!(f, "day {}", self.0),
        }
    }
}

impl FromStr for Day {
    type Err = BadDay;

    fn from_str(text: &str) -> Result<Self, BadDay> {
        let date: jiff::civil::Date = text
            .parse()
            .map_err(|_| BadDay(text.chars().take(40).collect()))?;
        let days = (date - UNIX_EPOCH).get_days();
        Ok(Self(days))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_turns_over_at_midnight_in_shanghai() {
        let before = Timestamp(1_772_294_399_999); // 2026-02-28T15:59:59.999Z
        assert_eq!(before.day().to_string(), "2026-02-28");
        assert_eq!(
            Timestamp(before.0 + 1).day().start(),
            Timestamp(before.0 + 1)
        );
        assert_eq!(Timestamp(before.0 + 1).day().to_string(), "2026-03-01");
        assert_eq!(
            Timestamp(before.0 + 1).to_string(),
            "2026-03-01 00:00:00.000"
        );
    }

    #[test]
    fn a_day_is_read_back_from_its_text() {
        for day in [Day(0), Day(20_513), Day(-1)] {
            assert_eq!(day.to_string().parse(), Ok(day));
        }
        assert!("2026-02-30".parse::<Day>().is_err());
    }
}

//! How often something is made public, and the days that one disclosure is about.

use std::fmt;

use jiff::{Span as Length, ToSpan, civil::Date};
use serde::{Deserialize, Serialize};

use crate::time::Day;

topology::vocabulary! {
    /// How often an item is made public.
    #[derive(utoipa::ToSchema)]
    pub enum Rhythm: "period" {
        Week = 1, "week", "每周", "every week";
        Month = 2, "month", "每月", "every month";
        Quarter = 3, "quarter", "每季度", "every quarter";
        HalfYear = 4, "half-year", "每半年", "every half-year";
        Year = 5, "year", "每年", "every year";
        Event = 6, "event", "随时（逐项）", "each time it happens";
    }
}

/// The days that a disclosure is about, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// The first day.
    pub from: Day,
    /// The last day.
    pub to: Day,
}

fn date(day: Day) -> Date {
    let epoch = jiff::civil::date(1970, 1, 1);
    epoch.saturating_add(Length::new().days(i64::from(day.0.clamp(-700_000, 2_900_000))))
}

fn day(date: Date) -> Day {
    let days = jiff::civil::date(1970, 1, 1)
        .until(date)
        .map(|span| span.get_days());
    Day(days.unwrap_or_default())
}

impl Rhythm {
    /// Returns the most days of a period; `None` for events.
    pub const fn days(self) -> Option<u16> {
        match self {
            Self::Week => Some(7),
            Self::Month => Some(31),
            Self::Quarter => Some(92),
            Self::HalfYear => Some(184),
            Self::Year => Some(366),
            Self::Event => None,
        }
    }

    /// Returns the longest period that can be as short as this many days; a week for fewer than a month has.
    pub(super) const fn within(days: u16) -> Self {
        match days {
            365.. => Self::Year,
            181.. => Self::HalfYear,
            90.. => Self::Quarter,
            28.. => Self::Month,
            _ => Self::Week,
        }
    }

    /// Returns the period that a day is in: weeks begin on Monday, the others with the month, quarter, half-year or
    /// year. For an event it is the day itself.
    pub fn around(self, at: Day) -> Span {
        let today = date(at);
        let first = |months: i8| {
            let month = (today.month() - 1) / months * months + 1;
            jiff::civil::date(today.year(), month, 1)
        };
        let (from, length) = match self {
            Self::Event => return Span { from: at, to: at },
            Self::Week => {
                let back = i64::from(today.weekday().to_monday_zero_offset());
                (today.saturating_sub(back.days()), 1.week())
            }
            Self::Month => (first(1), 1.month()),
            Self::Quarter => (first(3), 3.months()),
            Self::HalfYear => (first(6), 6.months()),
            Self::Year => (first(12), 1.year()),
        };
        let next = from.saturating_add(length);
        Span {
            from: day(from),
            to: day(next.saturating_sub(1.day())),
        }
    }

    /// Returns whether the days are one whole period.
    pub fn fits(self, span: Span) -> bool {
        self.around(span.from) == span
    }
}

impl Span {
    /// Returns as many days right before it; whole months before whole months, and so for quarters and years.
    #[must_use]
    pub fn before(self) -> Self {
        let last = Day(self.from.0.saturating_sub(1));
        let whole = [
            Rhythm::Month,
            Rhythm::Quarter,
            Rhythm::HalfYear,
            Rhythm::Year,
        ];
        match whole.into_iter().find(|rhythm| rhythm.fits(self)) {
            Some(rhythm) => rhythm.around(last),
            None => Self {
                from: Day(last.0.saturating_sub(self.to.0.saturating_sub(self.from.0))),
                to: last,
            },
        }
    }

    /// Returns the same days a year ago. Of several days up to the end of February the last one is its end.
    #[must_use]
    pub fn a_year_ago(self) -> Self {
        let ends_a_month = self.from != self.to && Rhythm::Month.around(self.to).to == self.to;
        let earlier = |at| day(date(at).saturating_sub(1.year()));
        let to = earlier(self.to);
        Self {
            from: earlier(self.from),
            to: match ends_a_month {
                true => Rhythm::Month.around(to).to,
                false => to,
            },
        }
    }

    /// Returns the day after its last.
    pub const fn after(self) -> Day {
        Day(self.to.0.saturating_add(1))
    }
}

/// Writes the days: `2026-11-01 – 2026-11-30`, or one day alone.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.from == self.to {
            true => f.pad(&self.from.to_string()),
            false => f.pad(&format!("{} – {}", self.from, self.to)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: &str, to: &str) -> Span {
        Span {
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
        }
    }

    #[test]
    fn whole_months_and_quarters_are_compared_with_whole_ones() {
        for (from, to, first, last) in [
            ("2026-03-01", "2026-03-31", "2026-02-01", "2026-02-28"),
            ("2026-01-01", "2026-03-31", "2025-10-01", "2025-12-31"),
            ("2026-03-04", "2026-03-10", "2026-02-25", "2026-03-03"),
            ("2026-03-01", "2026-03-01", "2026-02-28", "2026-02-28"),
        ] {
            assert_eq!(span(from, to).before(), span(first, last), "{from} {to}");
        }
    }

    #[test]
    fn a_year_ago_february_ends_where_it_ended_and_a_day_stays_one_day() {
        for (from, to, first, last) in [
            ("2025-02-01", "2025-02-28", "2024-02-01", "2024-02-29"),
            ("2024-02-01", "2024-02-29", "2023-02-01", "2023-02-28"),
            ("2025-02-28", "2025-02-28", "2024-02-28", "2024-02-28"),
            ("2026-03-04", "2026-03-10", "2025-03-04", "2025-03-10"),
        ] {
            assert_eq!(
                span(from, to).a_year_ago(),
                span(first, last),
                "{from} {to}"
            );
        }
    }
}

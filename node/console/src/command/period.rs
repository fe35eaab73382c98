//! The period of the screen: named in the address, by its name or by its days.

use std::collections::BTreeMap;

use api::FiguresAnswer;
use domain::{
    disclosure::{Rhythm, Span},
    time::{Day, Timestamp},
};

use crate::{
    form::Form,
    frame::Link,
    words::{Label, Words},
};

/// The named periods: name in the address and label.
const PERIODS: [(&str, Label); 6] = [
    ("today", Words::cmd_today),
    ("7", Words::cmd_seven),
    ("30", Words::cmd_thirty),
    ("month", Words::cmd_month),
    ("quarter", Words::cmd_quarter),
    ("year", Words::cmd_year),
];
/// The period without any in the address.
const USUAL: &str = "30";
/// The longest period in days.
const MOST_DAYS: i32 = 3 * 366;

/// The days that the screen is about.
pub(super) struct Days {
    /// The days, both included.
    pub(super) span: Span,
    /// Their name, if they have one.
    name: Option<&'static str>,
}

fn named(name: &str, today: Day) -> Option<Span> {
    let last = |days: i32| Span {
        from: Day(today.0 - days + 1),
        to: today,
    };
    let so_far = |rhythm: Rhythm| Span {
        from: rhythm.around(today).from,
        to: today,
    };
    Some(match name {
        "today" => last(1),
        "7" => last(7),
        "30" => last(30),
        "month" => so_far(Rhythm::Month),
        "quarter" => so_far(Rhythm::Quarter),
        "year" => so_far(Rhythm::Year),
        _ => return None,
    })
}

impl Days {
    /// Reads the address; what cannot be read is the usual period.
    pub(super) fn of(query: &Form, now_ms: i64) -> Self {
        let today = Timestamp(now_ms).day();
        let day = |name: &str| query.get(name).and_then(|text| text.parse::<Day>().ok());
        if let (Some(from), Some(to)) = (day("from"), day("to"))
            && (from.0..from.0.saturating_add(MOST_DAYS)).contains(&to.0)
            && to.0 <= today.0.saturating_add(MOST_DAYS)
        {
            let span = Span { from, to };
            return Self { span, name: None };
        }
        let wanted = query.get("days").unwrap_or(USUAL);
        let known = PERIODS.iter().find(|(name, _)| *name == wanted);
        let name = known.map_or(USUAL, |(name, _)| name);
        let days = |name| named(name, today);
        let span = days(name).unwrap_or(Span {
            from: today,
            to: today,
        });
        Self {
            span,
            name: Some(name),
        }
    }

    /// Returns it as the address names it.
    pub(super) fn here(&self) -> String {
        match self.name {
            Some(name) => format!("days={name}"),
            None => format!("from={}&to={}", self.span.from, self.span.to),
        }
    }

    /// Says which days they are.
    pub(super) fn said(&self, w: Words) -> String {
        let (from, to) = (self.span.from.to_string(), self.span.to.to_string());
        match from == to {
            true => from,
            false => w.cmd_days(from, to),
        }
    }

    /// Returns links to the named periods.
    pub(super) fn links(&self, w: Words) -> Vec<Link> {
        let link = |(name, label): &(&'static str, Label)| Link {
            href: format!("/command?days={name}"),
            label: label(w).to_owned(),
            current: self.name == Some(name),
        };
        PERIODS.iter().map(link).collect()
    }

    const fn length(&self) -> i32 {
        self.span.to.0 - self.span.from.0 + 1
    }

    /// Returns the mark of time by which a chart of them is drawn.
    pub(super) const fn mark(&self) -> &'static str {
        match self.length() {
            ..=92 => "day",
            93..=400 => "week",
            _ => "month",
        }
    }

    const fn rhythm(&self) -> Rhythm {
        match self.length() {
            ..=92 => Rhythm::Event,
            93..=400 => Rhythm::Week,
            _ => Rhythm::Month,
        }
    }

    /// Returns the names of all periods, and three counts of each: an answer has no line for a period in which nothing was
    /// counted. What is open stays as it was in such a period.
    pub(super) fn filled(&self, answer: &FiguresAnswer) -> (Vec<String>, [Vec<i64>; 3]) {
        let lines: BTreeMap<&str, _> = answer
            .lines
            .iter()
            .filter_map(|line| Some((line.keys.first()?.code.as_str(), &line.values)))
            .collect();
        let counts = |values: &Vec<api::AnswerValue>, at: usize| {
            values.get(at).map(|value| value.count).unwrap_or_default()
        };
        let mut open = answer.open_before;
        let (mut names, mut series) = (vec![], [vec![], vec![], vec![]]);
        let mut at = self.span.from;
        while at <= self.span.to {
            let around = self.rhythm().around(at);
            let code = at.to_string();
            let values = lines.get(code.as_str());
            open = values.map_or(open, |values| counts(values, 2));
            for (which, all) in series.iter_mut().enumerate().take(2) {
                all.push(values.map_or(0, |values| counts(values, which)));
            }
            series[2].push(open);
            names.push(code.get(5..).unwrap_or(&code).to_owned());
            // At the end of all calendars there is no next period.
            if around.after() <= at {
                break;
            }
            at = around.after();
        }
        (names, series)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_796_100_000_000; // 2026-12-01 in Asia/Shanghai

    fn of(query: &str) -> Days {
        Days::of(&Form::read(query), NOW)
    }

    /// R-C3
    #[test]
    fn the_address_names_the_days() {
        let days = |query: &str| of(query).said(Words::default());
        let today = Timestamp(NOW).day();
        assert_eq!(
            of("days=today").span,
            Span {
                from: today,
                to: today
            }
        );
        assert_eq!(of("days=7").span.from, Day(today.0 - 6));
        assert!(days("days=month").starts_with(&today.to_string()[..8]));
        assert!(days("days=year").contains("-01-01"));
        let own = of("from=2026-03-01&to=2026-03-31");
        assert_eq!(own.here(), "from=2026-03-01&to=2026-03-31");
        assert_eq!((own.mark(), own.length()), ("day", 31));
        for odd in [
            "",
            "days=x",
            "from=2026-03-31&to=2026-03-01",
            "from=1&to=2",
            "from=1900-01-01&to=2026-01-01",
            "from=9999-01-01&to=9999-12-31",
        ] {
            assert_eq!(of(odd).here(), "days=30", "{odd}");
        }
        assert_eq!(of("from=2026-01-01&to=2026-12-31").mark(), "week");
        assert_eq!(of("from=2025-01-01&to=2026-12-31").mark(), "month");
    }
}

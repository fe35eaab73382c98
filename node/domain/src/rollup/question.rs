//! Questions to figures: what was counted, by which of its marks, and the rates that follow from it.

use std::{collections::BTreeMap, ops::RangeInclusive};

use topology::{DivisionCode, Tier, Tree};

use super::{CellKey, Counters, lifted};
use crate::{
    category::{Category, Platform},
    disclosure::{Rhythm, Span},
    time::Day,
};

/// The most marks that one question divides by.
pub const MOST_MARKS: usize = 3;

/// The most lines of an answer.
pub const MOST_LINES: usize = 20_000;

topology::vocabulary! {
    /// What the lines of an answer are told apart by.
    #[derive(utoipa::ToSchema)]
    pub enum Mark: "mark of a line" {
        Day = 1, "day", "日", "the day in Asia/Shanghai";
        Week = 2, "week", "周", "the week from Monday";
        Month = 3, "month", "月", "the month";
        Quarter = 4, "quarter", "季", "the quarter";
        Year = 5, "year", "年", "the year";
        Category = 6, "category", "类别", "the category of the matter";
        Platform = 7, "platform", "平台", "the platform of the category";
        City = 8, "city", "市", "the acting city, with what is below it";
        County = 9, "county", "县（市、区）", "the acting county, with what is below it";
        Township = 10, "township", "乡镇（街道）", "the acting township, with what is below it";
        Division = 11, "division", "单位", "the acting division, as fine as the node keeps them";
    }
}

impl Mark {
    /// Returns the period of a mark of time; `None` for others.
    pub const fn period(self) -> Option<Rhythm> {
        match self {
            // An event is about its own day.
            Self::Day => Some(Rhythm::Event),
            Self::Week => Some(Rhythm::Week),
            Self::Month => Some(Rhythm::Month),
            Self::Quarter => Some(Rhythm::Quarter),
            Self::Year => Some(Rhythm::Year),
            _ => None,
        }
    }

    /// Returns the tier of a mark of divisions; `None` for others.
    pub const fn tier(self) -> Option<Tier> {
        match self {
            Self::City => Some(Tier::City),
            Self::County => Some(Tier::County),
            Self::Township => Some(Tier::Township),
            Self::Division => Some(Tier::Village),
            _ => None,
        }
    }
}

/// What a line is about, by one mark.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A period, with its days.
    Period(Span),
    /// A category.
    Category(Category),
    /// A platform.
    Platform(Platform),
    /// An acting division.
    Acting(DivisionCode),
}

/// A question to the figures of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// What the lines are told apart by, at most [`MOST_MARKS`]; none for one line.
    pub by: Vec<Mark>,
    /// The days, both included.
    pub days: RangeInclusive<Day>,
    /// Only this platform.
    pub platform: Option<Platform>,
    /// Only this category.
    pub category: Option<Category>,
    /// Only what this division did, with everything below it.
    pub within: Option<DivisionCode>,
}

/// The reason why a question is not answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadQuestion {
    /// Too many marks.
    #[error("lines are told apart by at most {MOST_MARKS} marks; leave some out")]
    Marks,
    /// The same mark, or two of the same kind.
    #[error("`{0}` and `{1}` cannot both tell lines apart; keep one of them")]
    Twice(Mark, Mark),
    /// The last day is before the first.
    #[error("the last day is before the first; swap them")]
    Days,
    /// The node keeps figures more coarsely.
    #[error("{keeper} keeps figures by county; ask the county's node for what is below it")]
    Coarse {
        /// The division of the node.
        keeper: DivisionCode,
    },
    /// The division is not of the node's subtree.
    #[error("{0} is not below this node; ask a node above it, or its own")]
    Elsewhere(DivisionCode),
    /// The answer has too many lines.
    #[error("the answer has more than {MOST_LINES} lines; ask for fewer days or marks")]
    TooLong,
}

/// What was counted in one line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// What was counted in its days.
    pub counters: Counters,
    /// Matters held and not closed at the end of its last day, whenever they came in.
    pub open: i64,
}

impl Counted {
    fn plus(self, other: Self) -> Self {
        Self {
            counters: self.counters.plus(other.counters),
            open: self.open.wrapping_add(other.open),
        }
    }
}

impl Question {
    /// Checks that this node can answer it.
    ///
    /// # Errors
    /// [`BadQuestion`].
    pub fn check(&self, keeper: DivisionCode, tree: &Tree) -> Result<(), BadQuestion> {
        if self.by.len() > MOST_MARKS {
            return Err(BadQuestion::Marks);
        }
        if self.days.is_empty() {
            return Err(BadQuestion::Days);
        }
        let kind = |mark: Mark| match (mark.period(), mark.tier()) {
            (Some(_), _) => 0,
            (_, Some(_)) => 1,
            // A category has one platform; both together are the category with a longer name.
            _ => 2,
        };
        for (at, mark) in self.by.iter().enumerate() {
            if let Some(other) = self.by[..at]
                .iter()
                .find(|other| kind(**other) == kind(*mark))
            {
                return Err(BadQuestion::Twice(*other, *mark));
            }
        }
        let finest = self.by.iter().filter_map(|mark| mark.tier()).max();
        let below_county = |tier: Tier| keeper.tier() < Tier::County && tier > Tier::County;
        // "As fine as the node keeps them" is answered everywhere.
        if finest == Some(Tier::Township) && below_county(Tier::Township) {
            return Err(BadQuestion::Coarse { keeper });
        }
        match self.within {
            Some(within) if !tree.contains(keeper, within) => Err(BadQuestion::Elsewhere(within)),
            Some(within) if below_county(within.tier()) => Err(BadQuestion::Coarse { keeper }),
            _ => Ok(()),
        }
    }

    fn takes(&self, cell: &CellKey, tree: &Tree) -> bool {
        let of = |division: DivisionCode| {
            self.within
                .is_none_or(|within| tree.contains(within, division))
        };
        self.category.as_ref().is_none_or(|it| *it == cell.category)
            && self
                .platform
                .is_none_or(|it| it == cell.category.platform())
            && of(cell.acting)
    }

    /// Returns the period of a day, cut to the days of the question; `None` if lines are not told apart by time.
    fn period_of(&self, day: Day) -> Option<Span> {
        let rhythm = self.by.iter().find_map(|mark| mark.period())?;
        let Span { from, to } = rhythm.around(day);
        Some(Span {
            from: from.max(*self.days.start()),
            to: to.min(*self.days.end()),
        })
    }

    /// Returns what a cell is about by the marks that are not of time.
    fn marks_of(&self, cell: &CellKey, tree: &Tree) -> Vec<Key> {
        let mut keys = vec![];
        for mark in &self.by {
            if let Some(tier) = mark.tier() {
                keys.push(Key::Acting(lifted(cell.acting, tier, tree)));
            } else if *mark == Mark::Category {
                keys.push(Key::Category(cell.category.clone()));
            } else if *mark == Mark::Platform {
                keys.push(Key::Platform(cell.category.platform()));
            }
        }
        keys
    }

    /// Puts the period where its mark stands.
    fn keys(&self, others: &[Key], period: Option<Span>) -> Vec<Key> {
        let mut others = others.iter().cloned();
        let keys = self.by.iter().filter_map(|mark| match mark.period() {
            Some(_) => period.map(Key::Period),
            None => others.next(),
        });
        keys.collect()
    }

    /// Returns the line of everything together, and the lines in the order of their keys. Cells of all days up to the
    /// last one are needed, because what is open at the end of a day came in on any day before it.
    ///
    /// # Errors
    /// [`BadQuestion::TooLong`].
    pub fn answer<'a>(
        &self,
        cells: impl IntoIterator<Item = (&'a CellKey, &'a Counters)>,
        tree: &Tree,
    ) -> Result<(Counted, BTreeMap<Vec<Key>, Counted>), BadQuestion> {
        // Of each line without its period: what was open before the first day, and what each period counted.
        let mut before: BTreeMap<Vec<Key>, i64> = BTreeMap::new();
        let mut within: BTreeMap<(Vec<Key>, Option<Span>), Counters> = BTreeMap::new();
        let mut total = Counted::default();
        for (cell, counters) in cells {
            if cell.day > *self.days.end() || !self.takes(cell, tree) {
                continue;
            }
            let marks = self.marks_of(cell, tree);
            total.open = total.open.wrapping_add(counters.open());
            if cell.day < *self.days.start() {
                let open = before.entry(marks).or_default();
                *open = open.wrapping_add(counters.open());
                continue;
            }
            total.counters = total.counters.plus(*counters);
            let line = within.entry((marks, self.period_of(cell.day))).or_default();
            *line = line.plus(*counters);
            if within.len() > MOST_LINES {
                return Err(BadQuestion::TooLong);
            }
        }
        let mut lines: BTreeMap<Vec<Key>, Counted> = BTreeMap::new();
        let is_timed = self.by.iter().any(|mark| mark.period().is_some());
        for ((marks, period), counters) in within {
            // Periods come in their order, so that what was open goes on from one to the next.
            let open = before.entry(marks.clone()).or_default();
            *open = open.wrapping_add(counters.open());
            let counted = Counted {
                counters,
                open: *open,
            };
            let line = lines.entry(self.keys(&marks, period)).or_default();
            *line = line.plus(counted);
            if !is_timed {
                before.remove(&marks);
            }
        }
        if !is_timed {
            // What is still open from before, where nothing was counted in these days.
            for (marks, open) in before.into_iter().filter(|(_, open)| *open != 0) {
                let line = lines.entry(self.keys(&marks, None)).or_default();
                line.open = line.open.wrapping_add(open);
            }
        }
        match lines.len() {
            0..=MOST_LINES => Ok((total, lines)),
            _ => Err(BadQuestion::TooLong),
        }
    }
}

/// Writes what a period is called: `2026-03-01`, `2026-03`, `2026-Q1`, `2026`, or its first and last day.
pub fn period_name(span: Span) -> String {
    let from = span.from.to_string();
    let (year, month) = (from.get(..4), from.get(5..7));
    let quarter = month.and_then(|month| month.parse::<u8>().ok());
    let quarter = quarter.map(|month| (month - 1) / 3 + 1);
    match (year, quarter) {
        _ if span.from == span.to => from,
        (Some(year), _) if Rhythm::Year.fits(span) => year.to_owned(),
        (Some(year), Some(quarter)) if Rhythm::Quarter.fits(span) => format!("{year}-Q{quarter}"),
        _ if Rhythm::Month.fits(span) => from.get(..7).unwrap_or(&from).to_owned(),
        _ => format!("{from} – {}", span.to),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::measure::Measure;

    const COUNTY: &str = "330825";
    const TOWNSHIPS: [&str; 2] = ["330825002", "330825003"];
    const KINDS: [&str; 3] = [
        "enforcement/rubbish",
        "enforcement/road",
        "service/question",
    ];

    fn code(text: &str) -> DivisionCode {
        text.parse().unwrap()
    }

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    fn asked(by: &[Mark], from: &str, to: &str) -> Question {
        Question {
            by: by.to_vec(),
            days: day(from)..=day(to),
            platform: None,
            category: None,
            within: None,
        }
    }

    fn cell(acting: &str, kind: &str, at: Day) -> CellKey {
        CellKey {
            acting: code(acting),
            origin: code(acting),
            category: kind.parse().unwrap(),
            day: at,
        }
    }

    #[test]
    fn a_question_that_cannot_be_answered_says_why() {
        let tree = Tree::zhejiang();
        let check = |by: &[Mark], keeper: &str| {
            asked(by, "2026-03-01", "2026-03-31").check(code(keeper), &tree)
        };
        assert_eq!(
            check(&[Mark::County, Mark::Month, Mark::Category], "33"),
            Ok(())
        );
        assert_eq!(check(&[Mark::Division], "33"), Ok(()));
        let twice = BadQuestion::Twice(Mark::Day, Mark::Month);
        assert_eq!(check(&[Mark::Day, Mark::Month], COUNTY), Err(twice));
        let keeper = code("33");
        assert_eq!(
            check(&[Mark::Township], "33"),
            Err(BadQuestion::Coarse { keeper })
        );
        assert_eq!(check(&[Mark::Township], COUNTY), Ok(()));
        let four = [Mark::Day, Mark::Category, Mark::City, Mark::Year];
        assert_eq!(check(&four, "33"), Err(BadQuestion::Marks));
        let backwards = asked(&[], "2026-03-31", "2026-03-01");
        assert_eq!(backwards.check(code("33"), &tree), Err(BadQuestion::Days));
        let elsewhere = Question {
            within: Some(code("3307")),
            ..asked(&[], "2026-03-01", "2026-03-31")
        };
        let refused = Err(BadQuestion::Elsewhere(code("3307")));
        assert_eq!(elsewhere.check(code(COUNTY), &tree), refused);
    }

    #[test]
    fn what_is_open_goes_on_from_one_period_to_the_next_and_from_before() {
        let tree = Tree::zhejiang();
        let came = |count| Counters::from([(Measure::REPORTED, count)]);
        let went = |count| Counters::from([(Measure::CLOSED, count)]);
        let kind = KINDS[0];
        let cells = [
            (cell(TOWNSHIPS[0], kind, day("2026-01-10")), came(5)),
            (cell(TOWNSHIPS[1], kind, day("2026-01-11")), came(2)),
            (cell(TOWNSHIPS[0], kind, day("2026-02-03")), went(1)),
            (cell(TOWNSHIPS[0], kind, day("2026-03-03")), went(3)),
            (cell(TOWNSHIPS[0], kind, day("2026-04-01")), came(9)),
        ];
        let cells = || cells.iter().map(|(key, counters)| (key, counters));
        let by = [Mark::Township, Mark::Month];
        let (total, lines) = asked(&by, "2026-02-01", "2026-03-31")
            .answer(cells(), &tree)
            .unwrap();
        assert_eq!(total.open, 3);
        let open: Vec<_> = lines.values().map(|line| line.open).collect();
        assert_eq!(open, [4, 1]);
        // Lines without time also show who counted nothing and still has something.
        let (_, lines) = asked(&[Mark::Township], "2026-02-01", "2026-03-31")
            .answer(cells(), &tree)
            .unwrap();
        let open: Vec<_> = lines.values().map(|line| line.open).collect();
        assert_eq!(open, [1, 2]);
    }

    #[test]
    fn periods_are_called_as_people_call_them() {
        let name = |from, to| {
            period_name(Span {
                from: day(from),
                to: day(to),
            })
        };
        assert_eq!(name("2026-03-01", "2026-03-01"), "2026-03-01");
        assert_eq!(name("2026-03-01", "2026-03-31"), "2026-03");
        assert_eq!(name("2026-04-01", "2026-06-30"), "2026-Q2");
        assert_eq!(name("2026-01-01", "2026-12-31"), "2026");
        assert_eq!(name("2026-03-02", "2026-03-08"), "2026-03-02 – 2026-03-08");
    }

    type Drawn = (usize, usize, i32, u64, u64);

    proptest! {
        #[test]
        fn the_lines_of_any_question_add_up_to_a_plain_count(
            drawn in prop::collection::vec((0usize..2, 0usize..3, 20_500i32..20_620, 0u64..5, 0u64..5), 0..60),
            marks in prop::sample::subsequence(vec![Mark::Month, Mark::Category, Mark::Township], 0..=3),
            from in 20_500i32..20_600,
            length in 0i32..60,
        ) {
            let tree = Tree::zhejiang();
            let cells: Vec<_> = drawn
                .iter()
                .map(|(at, kind, on, came, went): &Drawn| {
                    let counters = Counters::from([
                        (Measure::REPORTED, *came),
                        (Measure::CLOSED, *went),
                    ]);
                    (cell(TOWNSHIPS[*at], KINDS[*kind], Day(*on)), counters)
                })
                .collect();
            let days = Day(from)..=Day(from + length);
            let question = Question {
                by: marks.clone(),
                days: days.clone(),
                platform: None,
                category: None,
                within: None,
            };
            let all = cells.iter().map(|(key, counters)| (key, counters));
            let (total, lines) = question.answer(all, &tree).unwrap();
            let plain = |measure| -> u64 {
                let inside = cells.iter().filter(|(key, _)| days.contains(&key.day));
                inside.map(|(_, counters)| counters[measure]).sum()
            };
            let sum = |measure| -> u64 { lines.values().map(|line| line.counters[measure]).sum() };
            for measure in [Measure::REPORTED, Measure::CLOSED] {
                prop_assert_eq!(sum(measure), plain(measure));
                prop_assert_eq!(total.counters[measure], plain(measure));
            }
            let up_to = cells.iter().filter(|(key, _)| key.day <= Day(from + length));
            let open: i64 = up_to.map(|(_, counters)| counters.open()).sum();
            prop_assert_eq!(total.open, open);
            if !marks.contains(&Mark::Month) {
                prop_assert_eq!(lines.values().map(|line| line.open).sum::<i64>(), open);
            }
            for keys in lines.keys() {
                prop_assert_eq!(keys.len(), marks.len());
            }
        }
    }
}

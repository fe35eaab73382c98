//! The limits on what a child may say of a cell, and the checks that find what does not add up.

use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tree};

use super::{CellKey, CellReport, Counters, Dealings};
use crate::{category::Category, measure::Measure, saying::Saying, time::Day};

/// Most facts of one node in one cell, which is one day: more than ten a second, all day long.
pub const MOST_FACTS: u64 = 1_000_000;

/// Cells a child may have on one of the last [`RECENT_DAYS`] days for each division that acts
/// there.
const CELLS_A_DAY: u32 = 16;
/// Cells a child may have on such a day besides, however many divisions act.
const CELLS_BESIDE: u32 = 256;
/// Number of days back that are still worked on. Older cells come only from imports.
const RECENT_DAYS: i32 = 400;
/// Cells a child may have on a day before that.
const CELLS_OF_AN_OLD_DAY: u32 = 64;
/// Cells a child may have in all for each division that acts: eight for each day of ten years.
const CELLS_IN_ALL: u32 = 8 * 3653;

/// Most categories of a child that are not listed here. The child's own policy may list them.
pub const MOST_OWN_CATEGORIES: usize = 64;

/// The reason why a cell is not counted. The refused cell is kept apart, and the sum is right
/// without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum CellRefusal {
    /// The division that is said to have acted is not below the child, or is counted under another.
    #[error("the division that acted is none that this child counts for this node")]
    NotItsDivision,
    /// The list of divisions does not have the division where the matter was reported.
    #[error("the list of divisions does not have where the matter was reported")]
    UnknownOrigin,
    /// The cell counts reports at a division other than the origin.
    #[error("matters are reported at their origin, and nowhere else")]
    ReportedElsewhere,
    /// No policy in force here lists the category.
    #[error("no policy in force here lists the category")]
    UnknownCategory,
    /// The day has not begun here.
    #[error("the day has not begun here; compare the clocks")]
    FutureDay,
    /// A counter is smaller than it was.
    #[error("a counter is smaller than what was said before, and they only grow")]
    Falls,
    /// It counts more than its nodes can have done in a day.
    #[error("it counts more than so many nodes can do in a day")]
    TooMuch,
    /// It counts more of another division's matters than were ever handed to the child.
    #[error("it counts more of that division's matters than were ever handed to this child")]
    NeverHanded,
    /// The child has too many cells already.
    #[error("it has too many cells already, on this day or in all")]
    TooManyCells,
    /// A measure that is part of another exceeds it.
    #[error("it counts more of a part than of the whole that the part belongs to")]
    PartExceedsWhole,
}

impl CellRefusal {
    /// Returns the reason in both languages.
    pub fn said(self) -> Saying {
        let chinese = match self {
            Self::NotItsDivision => "办理单位不是该下级为本节点统计的单位",
            Self::UnknownOrigin => "区划表里没有上报单位",
            Self::ReportedElsewhere => "上报只能记在上报单位，不能记在别处",
            Self::UnknownCategory => "这里执行的政策没有这个类别",
            Self::FutureDay => "这一天这里还没有开始；请比对时钟",
            Self::Falls => "计数比以前报的小，而计数只增不减",
            Self::TooMuch => "超过这些节点一天所能办的",
            Self::NeverHanded => "超过曾交给该下级的那个单位的事项",
            Self::TooManyCells => "当天或总共的统计格太多",
            Self::PartExceedsWhole => "部分大于整体",
        };
        Saying {
            english: self.to_string(),
            chinese: chinese.to_owned(),
        }
    }

    /// Returns whether time or another policy may lift it without another word of the child.
    pub const fn may_pass(self) -> bool {
        matches!(self, Self::UnknownCategory | Self::FutureDay)
    }
}

/// The point of view from which a cell is judged.
#[derive(Clone, Copy, Debug)]
pub struct Judge<'a> {
    /// The node that counts.
    pub keeper: DivisionCode,
    /// The child that states the cell.
    pub child: DivisionCode,
    /// The tree of divisions.
    pub tree: &'a Tree,
    /// Today at the node that counts.
    pub today: Day,
}

/// The facts known of a child's cells besides the one that is judged.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beside {
    /// What it said of this cell before in this life; `None` if nothing.
    pub said: Option<Counters>,
    /// Number of cells it has on this day.
    pub on_the_day: u32,
    /// Number of cells it has in all.
    pub in_all: u32,
    /// Number of transfers of this origin's matters to the child; `None` if the child can have such
    /// matters without a transfer.
    pub handed: Option<u64>,
}

impl Judge<'_> {
    /// Decides whether a cell can be counted. `knows` tells whether the category is known here, or
    /// may be the child's own.
    ///
    /// # Errors
    /// The first reason why it cannot.
    pub fn judge(
        &self,
        report: &CellReport,
        beside: Beside,
        knows: impl FnOnce(&Category) -> bool,
    ) -> Result<(), CellRefusal> {
        let CellReport { key, counters, .. } = report;
        if !self.tree.contains(self.child, key.acting) || !self.tree.has_node(key.acting) {
            return Err(CellRefusal::NotItsDivision);
        }
        if !self.tree.has_node(key.origin) {
            return Err(CellRefusal::UnknownOrigin);
        }
        if key.seen_from(self.keeper, self.tree) != *key {
            return Err(CellRefusal::NotItsDivision);
        }
        if counters[Measure::REPORTED] > 0 && key.acting != key.origin {
            return Err(CellRefusal::ReportedElsewhere);
        }
        // A neighbour's clock may be some minutes ahead at midnight, so tomorrow is allowed.
        if key.day.0 > self.today.0.saturating_add(1) {
            return Err(CellRefusal::FutureDay);
        }
        let most = MOST_FACTS.saturating_mul(self.nodes_in(key));
        if !counters.are_within(most) {
            return Err(CellRefusal::TooMuch);
        }
        let handed = beside.handed.map(Dealings::most);
        if handed.is_some_and(|most| !counters.are_within(most)) {
            return Err(CellRefusal::NeverHanded);
        }
        if !counters.parts_fit() {
            return Err(CellRefusal::PartExceedsWhole);
        }
        if beside.said.is_some_and(|said| !counters.covers(said)) {
            return Err(CellRefusal::Falls);
        }
        if !knows(&key.category) {
            return Err(CellRefusal::UnknownCategory);
        }
        let room = beside.on_the_day < self.most_on(key.day) && beside.in_all < self.most_in_all();
        if beside.said.is_none() && !room {
            return Err(CellRefusal::TooManyCells);
        }
        Ok(())
    }

    /// Returns how many nodes have facts in one cell.
    fn nodes_in(&self, key: &CellKey) -> u64 {
        match key.acting.tier() >= topology::Tier::Township {
            true => 1,
            false if self.keeper.tier() >= topology::Tier::County => 1,
            false => self.tree.expected_nodes(key.acting) as u64,
        }
    }

    /// Returns how many divisions act below the child, as the keeper counts them.
    fn acting(&self) -> u32 {
        let nodes = match self.keeper.tier() >= topology::Tier::County {
            true => self.tree.expected_nodes(self.child),
            false if self.child.tier() == topology::Tier::County => 1,
            // The child itself, its counties, and what is directly below it without a county.
            false => {
                let below = self
                    .tree
                    .children(self.child)
                    .map(|below| match below.tier() {
                        topology::Tier::County => 1,
                        _ => self.tree.expected_nodes(below),
                    });
                1 + below.sum::<usize>()
            }
        };
        u32::try_from(nodes).unwrap_or(u32::MAX)
    }

    /// Returns the most cells the child may have of one day.
    pub fn most_on(&self, day: Day) -> u32 {
        match day.0 >= self.today.0.saturating_sub(RECENT_DAYS) {
            true => CELLS_BESIDE + CELLS_A_DAY.saturating_mul(self.acting()),
            false => CELLS_OF_AN_OLD_DAY,
        }
    }

    /// Returns the most cells the child may have in all.
    pub fn most_in_all(&self) -> u32 {
        CELLS_IN_ALL.saturating_mul(self.acting())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{address::Stamp, measure::MOST_MEASURES};

    fn code(text: &str) -> DivisionCode {
        text.parse().unwrap()
    }

    fn cell(acting: &str, origin: &str, day: i32, counters: Counters) -> CellReport {
        CellReport {
            key: CellKey {
                acting: code(acting),
                origin: code(origin),
                category: "order/fire".parse().unwrap(),
                day: Day(day),
            },
            counters,
            stamp: Stamp(1, 1),
        }
    }

    fn reported(reported: u64) -> Counters {
        Counters::from([(Measure::REPORTED, reported)])
    }

    fn taken(taken: u64) -> Counters {
        Counters::from([(Measure::TAKEN, taken)])
    }

    fn judged(report: &CellReport, beside: Beside) -> Result<(), CellRefusal> {
        let tree = Tree::zhejiang();
        let judge = Judge {
            keeper: code("330825"),
            child: code("330825002"),
            tree: &tree,
            today: Day(20_000),
        };
        judge.judge(report, beside, |category| category.as_str() == "order/fire")
    }

    const VILLAGE: &str = "330825002222";

    fn here(counters: Counters) -> CellReport {
        cell(VILLAGE, VILLAGE, 20_000, counters)
    }

    /// Acted on by the village, and begun in another county.
    fn from_afar(counters: Counters) -> CellReport {
        cell(VILLAGE, "330802", 20_000, counters)
    }

    fn handed(handed: u64) -> Beside {
        Beside {
            handed: Some(handed),
            ..Beside::default()
        }
    }

    fn after(said: Counters) -> Beside {
        Beside {
            said: Some(said),
            ..Beside::default()
        }
    }

    #[test]
    fn what_can_be_is_believed() {
        let fresh = Beside::default;
        for (report, beside) in [
            (here(reported(1)), fresh()),
            (from_afar(taken(1)), fresh()),
            (cell(VILLAGE, VILLAGE, 3, reported(1)), fresh()),
            (cell(VILLAGE, VILLAGE, 20_001, reported(1)), fresh()),
            (here(reported(2)), after(reported(2))),
            (from_afar(taken(308)), handed(1)),
        ] {
            assert_eq!(judged(&report, beside), Ok(()), "{report:?}");
        }
    }

    #[test]
    fn each_thing_that_can_never_be_has_its_reason() {
        use CellRefusal as R;
        let fresh = Beside::default;
        let of = |division, counters| cell(division, division, 20_000, counters);
        let unknown_origin = cell(VILLAGE, "330825002999", 20_000, taken(1));
        let too_late = cell(VILLAGE, VILLAGE, 20_002, reported(1));
        let mut unknown = here(reported(1));
        unknown.key.category = "order/invented".parse().unwrap();
        for (report, beside, expected) in [
            (of("330825001", reported(1)), fresh(), R::NotItsDivision),
            (of("330825", reported(1)), fresh(), R::NotItsDivision),
            (unknown_origin, fresh(), R::UnknownOrigin),
            (from_afar(reported(1)), fresh(), R::ReportedElsewhere),
            (unknown, fresh(), R::UnknownCategory),
            (too_late, fresh(), R::FutureDay),
            (here(reported(1)), after(reported(2)), R::Falls),
            (here(reported(MOST_FACTS + 1)), fresh(), R::TooMuch),
            (from_afar(taken(1)), handed(0), R::NeverHanded),
            (from_afar(taken(309)), handed(1), R::NeverHanded),
        ] {
            assert_eq!(judged(&report, beside), Err(expected), "{report:?}");
        }
    }

    #[test]
    fn a_child_has_so_many_cells_on_a_day_and_in_all_and_those_it_has_go_on() {
        let tree = Tree::zhejiang();
        let nodes = tree.expected_nodes(code("330825002")) as u32;
        let report = cell(VILLAGE, VILLAGE, 20_000, reported(1));
        let old = cell(VILLAGE, VILLAGE, 15_000, reported(1));
        let on = |on_the_day| Beside {
            on_the_day,
            ..Beside::default()
        };
        let most = 256 + 16 * nodes;
        assert_eq!(judged(&report, on(most - 1)), Ok(()));
        assert_eq!(judged(&report, on(most)), Err(CellRefusal::TooManyCells));
        assert_eq!(judged(&old, on(63)), Ok(()));
        assert_eq!(judged(&old, on(64)), Err(CellRefusal::TooManyCells));
        let full = Beside {
            in_all: u32::MAX,
            ..Beside::default()
        };
        assert_eq!(judged(&report, full), Err(CellRefusal::TooManyCells));
        let said = Some(reported(1));
        assert_eq!(judged(&report, Beside { said, ..full }), Ok(()));
    }

    #[test]
    fn no_more_is_returned_than_was_given() {
        let here = |given, returned| {
            let counters = [(Measure::REPORTED, 9), (Measure::GIVEN, given)];
            let mut counters = Counters::from(counters);
            counters[Measure::RETURNED] = returned;
            judged(&cell(VILLAGE, VILLAGE, 20_000, counters), Beside::default())
        };
        assert_eq!(here(3, 3), Ok(()));
        assert_eq!(here(3, 4), Err(CellRefusal::PartExceedsWhole));
        assert_eq!(here(0, 1), Err(CellRefusal::PartExceedsWhole));
    }

    #[test]
    fn a_measure_that_is_not_listed_here_is_bounded_and_never_falls() {
        let later = Measure::new(31).unwrap();
        assert!(later.row().is_none());
        let here = |count| {
            let counters = Counters::from([(Measure::REPORTED, 1), (later, count)]);
            cell(VILLAGE, VILLAGE, 20_000, counters)
        };
        let fresh = Beside::default();
        assert_eq!(judged(&here(MOST_FACTS), fresh), Ok(()));
        assert_eq!(
            judged(&here(MOST_FACTS + 1), fresh),
            Err(CellRefusal::TooMuch)
        );
        let said = Some(here(2).counters);
        assert_eq!(judged(&here(2), Beside { said, ..fresh }), Ok(()));
        assert_eq!(
            judged(&here(1), Beside { said, ..fresh }),
            Err(CellRefusal::Falls)
        );
        let elsewhere = cell(VILLAGE, "330802", 20_000, Counters::from([(later, 309)]));
        let handed = |handed| Beside {
            handed: Some(handed),
            ..fresh
        };
        assert_eq!(judged(&elsewhere, handed(1)), Err(CellRefusal::NeverHanded));
        assert_eq!(judged(&elsewhere, handed(2)), Ok(()));
        // It moves no balance, and steps that are known here explain nothing of it.
        let counters = Counters::from([(later, 5)]);
        assert!(counters.adds_up() && counters.are_explained_by(Counters::default()));
        assert_eq!(counters.open(), 0);
    }

    #[test]
    fn a_city_is_told_of_counties_and_of_nothing_finer() {
        let tree = Tree::zhejiang();
        let judge = Judge {
            keeper: code("3308"),
            child: code("330825"),
            tree: &tree,
            today: Day(20_000),
        };
        let judged = |report| judge.judge(&report, Beside::default(), |_| true);
        let many = reported(MOST_FACTS * 100);
        assert_eq!(judged(cell("330825", "330825", 20_000, many)), Ok(()));
        assert_eq!(
            judged(cell(VILLAGE, VILLAGE, 20_000, reported(1))),
            Err(CellRefusal::NotItsDivision)
        );
    }

    proptest! {
        #[test]
        fn what_was_heard_never_falls_and_adds_up_to_at_least_what_is_said(
            old in any::<[u32; MOST_MEASURES - 1]>(), new in any::<[u32; MOST_MEASURES - 1]>(),
        ) {
            let counters = |counts: [u32; MOST_MEASURES - 1]| {
                let mut counters = Counters::default();
                for (number, count) in (1..).zip(counts) {
                    counters[Measure::new(number).unwrap()] = count.into();
                }
                counters
            };
            let (old, new) = (counters(old), counters(new));
            let most = old.at_least(new);
            prop_assert!(most.covers(old) && most.covers(new));
            prop_assert_eq!(new.plus(old.beyond(new)), most);
            prop_assert_eq!(new.covers(old), most == new);
            prop_assert_eq!(new.adds_up(), new.open() >= 0);
        }
    }
}

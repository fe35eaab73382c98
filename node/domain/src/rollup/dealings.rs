//! A node's own knowledge of a child's figures. The steps of a matter that crosses the link
//! between the two say what was done with it below, so the child's counts of it can be compared
//! with them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tree};

use super::Counters;
use crate::{
    custody::{Docket, MOST_MORE_STEPS, MOST_STEPS, Standing},
    matter::{Act, Step},
    measure::Measure,
};

/// The counts that the steps of matters show for one child.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Passed {
    /// Number of transfers to the child, whether it took them or not.
    pub handed: u64,
    /// Number of transfers that the child took.
    pub came: u64,
    /// Number of transfers that were taken from the child.
    pub went: u64,
    /// What the child and the divisions below it did.
    pub done: Counters,
}

impl Passed {
    /// Returns what the docket of one matter says of each child of `keeper`.
    pub fn of(docket: &Docket, keeper: DivisionCode, tree: &Tree) -> BTreeMap<DivisionCode, Self> {
        let mut found: BTreeMap<DivisionCode, Self> = BTreeMap::new();
        let below = |division| {
            let below = division != keeper && tree.contains(keeper, division);
            below.then(|| tree.next_hop(keeper, division)).flatten()
        };
        let handed = |step: &Step| match step.by == keeper {
            true => step.act.bound_for().and_then(below),
            false => None,
        };
        let steps = &docket.matter.steps;
        for (at, step) in steps.iter().enumerate() {
            if let Some(child) = below(step.by) {
                let done = &mut found.entry(child).or_default().done;
                step.act.facts().iter().for_each(|fact| done.count(*fact));
            }
            let before = at.checked_sub(1).and_then(|before| steps.get(before));
            if let (Some(child), Act::Take | Act::Relay(_)) =
                (before.and_then(|before| below(before.by)), step.act)
                && step.by == keeper
            {
                found.entry(child).or_default().went += 1;
            }
            if let Some(child) = handed(step) {
                let passed = found.entry(child).or_default();
                passed.handed += 1;
                passed.came += u64::from(match steps.get(at + 1) {
                    Some(next) => next.by != keeper,
                    None => docket.standing == Standing::Elsewhere,
                });
            }
        }
        found
    }

    /// Returns this sum with the part `old` replaced by `new`.
    pub fn replacing(self, old: Self, new: Self) -> Self {
        Self {
            handed: self
                .handed
                .wrapping_sub(old.handed)
                .wrapping_add(new.handed),
            came: self.came.wrapping_sub(old.came).wrapping_add(new.came),
            went: self.went.wrapping_sub(old.went).wrapping_add(new.went),
            done: self.done.replacing(old.done, new.done),
        }
    }
}

/// A child's counts of the matters of one origin over all its cells, and what is known of them
/// here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Dealings {
    /// What the steps of matters show.
    pub passed: Passed,
    /// What the child stated.
    pub told: Counters,
}

impl Dealings {
    /// Returns the most that any counter of a child may reach for an origin outside it: its matters
    /// came from here, and each has a limited number of steps.
    pub const fn most(handed: u64) -> u64 {
        handed.saturating_mul((MOST_STEPS + MOST_MORE_STEPS) as u64)
    }

    /// Returns whether everything the child states of an origin outside it is in steps that are
    /// known here.
    pub fn is_explained(&self) -> bool {
        self.told.are_explained_by(self.passed.done)
    }

    /// Returns whether as many matters came and went over the link as the child states, provided
    /// that no node is below the child.
    pub fn crosses_evenly(&self) -> bool {
        let Self { passed, told } = self;
        u128::from(told[Measure::TAKEN]) + u128::from(passed.went)
            == u128::from(told[Measure::GIVEN]) + u128::from(passed.came)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Check;

    /// Dealings in which ten matters of another origin came, four were closed and three went back.
    fn honest() -> Dealings {
        let done = Counters::from([
            (Measure::TAKEN, 10),
            (Measure::GIVEN, 3),
            (Measure::CLOSED, 4),
        ]);
        Dealings {
            passed: Passed {
                handed: 11,
                came: 10,
                went: 3,
                done,
            },
            told: done,
        }
    }

    #[test]
    fn each_lie_about_matters_of_elsewhere_is_seen() {
        let told = honest();
        assert!(told.is_explained() && told.crosses_evenly());
        for row in Measure::LIST {
            if row.measure == Measure::REPORTED || row.check != Check::Steps {
                continue;
            }
            let mut lying = told;
            lying.told[row.measure] += 1;
            assert!(!lying.is_explained(), "{:?}", lying.told);
        }
        // A balance that adds up does not help a liar.
        let mut lying = told;
        lying.told[Measure::TAKEN] += 5;
        lying.told[Measure::CLOSED] += 5;
        assert!(!lying.is_explained() && !lying.crosses_evenly());
    }

    #[test]
    fn what_crosses_the_link_of_a_child_with_nothing_below_is_known_whoever_reported_it() {
        for (lie, why) in [
            ((1, 0), "took what was never handed to it"),
            ((0, 1), "gave what never came"),
        ] {
            let mut lying = honest();
            lying.told[Measure::TAKEN] += lie.0;
            lying.told[Measure::GIVEN] += lie.1;
            assert!(!lying.crosses_evenly(), "{why}");
        }
        // A matter that the child gave, and that was refused, came back to it.
        let mut refused = honest();
        refused.told[Measure::TAKEN] += 1;
        refused.told[Measure::GIVEN] += 1;
        assert!(refused.crosses_evenly());
    }

    #[test]
    fn nothing_can_be_said_of_an_origin_of_which_nothing_was_handed_over() {
        assert_eq!(Dealings::most(0), 0);
        assert_eq!(Dealings::most(2), 2 * 308);
        assert_eq!(Dealings::most(u64::MAX), u64::MAX);
    }
}

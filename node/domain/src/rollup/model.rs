//! One node's figures in memory, computed whole where a store-backed office goes cell by cell.
//! Tests compare everything else with it.

use std::collections::{BTreeMap, BTreeSet};

use topology::{DivisionCode, Tree};

use super::{CellKey, CellReport, Counters, EpochSet, Heard, Place};
use crate::{address::Stamp, measure::Measure};

type Cells = BTreeMap<CellKey, Heard>;

/// The figures that one child reported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Child {
    lives: EpochSet,
    counted: Cells,
    staged: Cells,
}

/// One node's figures: its own facts, what each child last said, and the sums of both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rollup {
    me: DivisionCode,
    parent: Option<DivisionCode>,
    children: BTreeMap<DivisionCode, Child>,
    /// The sums as this node keeps them.
    sums: BTreeMap<CellKey, Counters>,
    /// The same sums as the parent keeps them.
    upward: BTreeMap<CellKey, Counters>,
}

impl Rollup {
    /// Builds the figures of a node that has none yet.
    pub fn new(me: DivisionCode, tree: &Tree) -> Self {
        Self {
            me,
            parent: tree.parent(me),
            children: BTreeMap::new(),
            sums: BTreeMap::new(),
            upward: BTreeMap::new(),
        }
    }

    /// Returns the sums over this node's subtree, as it keeps them.
    pub const fn sums(&self) -> &BTreeMap<CellKey, Counters> {
        &self.sums
    }

    /// Counts a fact of this node. Returns the cell to report to the parent; `None` without a
    /// parent.
    pub fn count(&mut self, key: &CellKey, fact: Measure, tree: &Tree) -> Option<CellKey> {
        debug_assert_eq!(key.acting, self.me, "a node counts only its own facts");
        let mut one = Counters::default();
        one.count(fact);
        self.adjust(key, Counters::default(), one, tree)
    }

    /// Takes a child's report. Returns the cells to report to the parent.
    pub fn hear(
        &mut self,
        child: DivisionCode,
        report: &CellReport,
        tree: &Tree,
    ) -> BTreeSet<CellKey> {
        let known = self.children.entry(child).or_default();
        // The epoch order is the first half of the stamp.
        let order = report.stamp.0;
        let (place, lives) = known.lives.place(order);
        known.lives = lives;
        let cells = match place {
            Place::Late => return BTreeSet::new(),
            Place::Counted => &mut known.counted,
            Place::Staged => &mut known.staged,
            Place::StagedAfresh => {
                known.staged.clear();
                &mut known.staged
            }
        };
        let known = cells.get(&report.key).copied();
        let Some(heard) = report.replace(known) else {
            return BTreeSet::new();
        };
        cells.insert(report.key.clone(), heard);
        match place {
            Place::Counted => {
                let old = known.unwrap_or_default().counted();
                let changed = self.adjust(&report.key, old, heard.counted(), tree);
                changed.into_iter().collect()
            }
            _ => BTreeSet::new(),
        }
    }

    /// Takes a child's word that all cells of its new life were sent. Returns the cells to report
    /// to the parent.
    pub fn complete(&mut self, child: DivisionCode, order: u64, tree: &Tree) -> BTreeSet<CellKey> {
        let known = self.children.entry(child).or_default();
        let Some(lives) = known.lives.complete(order) else {
            return BTreeSet::new();
        };
        known.lives = lives;
        let staged = std::mem::take(&mut known.staged);
        let old = std::mem::take(&mut known.counted);
        let keys: BTreeSet<_> = old.keys().chain(staged.keys()).cloned().collect();
        let in_new_life = |key: &CellKey| {
            let (known, staged) = (old.get(key).copied(), staged.get(key).copied());
            Heard::in_new_life(known, staged)
        };
        let new: Cells = keys
            .iter()
            .map(|key| (key.clone(), in_new_life(key)))
            .collect();
        known.counted.clone_from(&new);
        let before = |key: &CellKey| old.get(key).copied().unwrap_or_default().counted();
        new.iter()
            .filter_map(|(key, heard)| self.adjust(key, before(key), heard.counted(), tree))
            .collect()
    }

    /// Builds this node's report of a cell to its parent.
    pub fn report(&self, key: &CellKey, stamp: Stamp) -> CellReport {
        CellReport {
            key: key.clone(),
            counters: self.upward.get(key).copied().unwrap_or_default(),
            stamp,
        }
    }

    /// Returns the cells a new life reports before it says that they are complete.
    pub fn to_report(&self) -> impl Iterator<Item = &CellKey> {
        self.upward.keys()
    }

    fn adjust(
        &mut self,
        key: &CellKey,
        old: Counters,
        new: Counters,
        tree: &Tree,
    ) -> Option<CellKey> {
        let sum = self.sums.entry(key.seen_from(self.me, tree)).or_default();
        *sum = sum.replacing(old, new);
        let key = key.seen_from(self.parent?, tree);
        let sum = self.upward.entry(key.clone()).or_default();
        *sum = sum.replacing(old, new);
        Some(key)
    }
}

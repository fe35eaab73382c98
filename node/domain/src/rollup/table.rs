//! Groups cells into the lines of a table.

use std::{collections::BTreeMap, fmt, ops::RangeInclusive};

use serde::Serialize;
use topology::{DivisionCode, Tier, Tree};

use super::{CellKey, Counters, lifted};
use crate::{
    category::{Category, Platform},
    measure::Measure,
    time::Day,
};

/// The grouping of a table's lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum By {
    /// A line per day.
    Day,
    /// A line per category.
    Category,
    /// A line per platform.
    Platform,
    /// A line per acting division of this tier. Divisions above it, and those whose branch skips
    /// it, have lines of their own.
    Acting(Tier),
}

/// The subject of one line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// A day.
    Day(Day),
    /// A category.
    Category(Category),
    /// A platform.
    Platform(Platform),
    /// An acting division with everything below it.
    Acting(DivisionCode),
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => fmt::Display::fmt(day, f),
            Self::Category(category) => fmt::Display::fmt(category, f),
            Self::Platform(platform) => f.pad(platform.code()),
            Self::Acting(division) => fmt::Display::fmt(division, f),
        }
    }
}

/// The figures that people ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Totals {
    /// Matters reported.
    pub reported: u64,
    /// Matters closed.
    pub closed: u64,
    /// Matters held and not closed. Over a range of days, this is by how many their number rose.
    pub open: i64,
    /// Matters given and not taken; see [`Counters::in_transit`].
    pub in_transit: i64,
}

impl From<Counters> for Totals {
    fn from(counters: Counters) -> Self {
        Self {
            reported: counters[Measure::REPORTED],
            closed: counters[Measure::CLOSED],
            open: counters.open(),
            in_transit: counters.in_transit(),
        }
    }
}

/// Sums the cells of these days into lines. The lines together give the whole.
pub fn table<'a>(
    cells: impl IntoIterator<Item = (&'a CellKey, &'a Counters)>,
    by: By,
    days: RangeInclusive<Day>,
    tree: &Tree,
) -> BTreeMap<Group, Counters> {
    let mut lines: BTreeMap<Group, Counters> = BTreeMap::new();
    for (key, counters) in cells {
        if !days.contains(&key.day) {
            continue;
        }
        let group = match by {
            By::Day => Group::Day(key.day),
            By::Category => Group::Category(key.category.clone()),
            By::Platform => Group::Platform(key.category.platform()),
            By::Acting(tier) => Group::Acting(lifted(key.acting, tier, tree)),
        };
        let line = lines.entry(group).or_default();
        *line = line.plus(*counters);
    }
    lines
}

//! Rollups: counters that only grow. The acting node writes each one on its own day, and they
//! travel upward as absolute values with a stamp, so that loss and repetition do not matter.

use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tier, Tree};

use super::{address::Stamp, category::Category, time::Day};

mod check;
mod counters;
mod dealings;
mod model;
mod question;
mod table;
#[cfg(test)]
mod tests;
mod v5;

pub use check::{Beside, CellRefusal, Judge, MOST_FACTS, MOST_OWN_CATEGORIES};
pub use counters::{BadCounters, Counters};
pub use dealings::{Dealings, Passed};
pub use model::Rollup;
pub use question::{
    BadQuestion, Counted, Key, MOST_LINES, MOST_MARKS, Mark, Question, period_name,
};
pub use table::{By, Group, Totals, table};
pub use v5::{CellReportV5, CountersV5, DealingsV5, HeardV5};

/// The key of one counter cell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CellKey {
    /// The division that acted, or the county it belongs to (see [`CellKey::seen_from`]).
    pub acting: DivisionCode,
    /// The division where the matter was reported, or the county it belongs to.
    pub origin: DivisionCode,
    /// Category of the matter.
    pub category: Category,
    /// Day of the fact, by the acting node.
    pub day: Day,
}

impl CellKey {
    /// Returns at most 69 bytes that sort by day, acting, origin, category.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(20 + self.category.as_str().len());
        bytes.extend_from_slice(&((self.day.0 as u32) ^ 0x8000_0000).to_be_bytes());
        bytes.extend_from_slice(&self.acting.as_u64().to_be_bytes());
        bytes.extend_from_slice(&self.origin.as_u64().to_be_bytes());
        bytes.extend_from_slice(self.category.as_str().as_bytes());
        bytes
    }

    /// Reads back [`CellKey::to_bytes`]; `None` if the bytes are not a cell key.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (day, rest) = bytes.split_first_chunk::<4>()?;
        let (acting, rest) = rest.split_first_chunk::<8>()?;
        let (origin, category) = rest.split_first_chunk::<8>()?;
        Some(Self {
            acting: DivisionCode::from_u64(u64::from_be_bytes(*acting))?,
            origin: DivisionCode::from_u64(u64::from_be_bytes(*origin))?,
            category: std::str::from_utf8(category).ok()?.parse().ok()?,
            day: Day((u32::from_be_bytes(*day) ^ 0x8000_0000) as i32),
        })
    }

    /// Returns the cell in which `keeper` counts this. A county and the tiers below it keep every
    /// division; a city and the province keep counties (and themselves). A township directly below
    /// a city is counted by itself.
    pub fn seen_from(&self, keeper: DivisionCode, tree: &Tree) -> Self {
        Self {
            acting: counted_as(self.acting, keeper, tree),
            origin: counted_as(self.origin, keeper, tree),
            ..self.clone()
        }
    }
}

/// Returns the division under which `keeper` counts this one.
pub fn counted_as(division: DivisionCode, keeper: DivisionCode, tree: &Tree) -> DivisionCode {
    match keeper.tier() >= Tier::County {
        true => division,
        false => lifted(division, Tier::County, tree),
    }
}

/// Returns the division of that tier above this one; the division itself if it is of that tier or
/// higher, or if its branch skips the tier.
fn lifted(division: DivisionCode, tier: Tier, tree: &Tree) -> DivisionCode {
    if division.tier() <= tier {
        return division;
    }
    let mut above = tree.ancestors(division);
    above.find(|above| above.tier() == tier).unwrap_or(division)
}

/// Returns whether `parent` keeps figures more coarsely than `child`, so that the child has to keep
/// sums of both kinds.
pub fn coarser(parent: DivisionCode, child: DivisionCode) -> bool {
    parent.tier() < Tier::County && child.tier() >= Tier::County
}

/// A child's report of one cell of its subtree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellReport {
    /// The cell, as the parent counts it.
    pub key: CellKey,
    /// Sum over the child's subtree.
    pub counters: Counters,
    /// Stamp of the envelope that carries it.
    pub stamp: Stamp,
}

impl CellReport {
    /// Returns what is known of the cell if this takes the place of what the child last said of it;
    /// `None` if something as late or later was heard already.
    pub fn replace(&self, known: Option<Heard>) -> Option<Heard> {
        if known.is_some_and(|known| known.stamp >= self.stamp) {
            return None;
        }
        Some(Heard {
            stamp: self.stamp,
            said: self.counters,
            floor: known.map(|known| known.floor).unwrap_or_default(),
        })
    }
}

/// A child's last report of one cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Heard {
    /// Stamp of that report.
    pub stamp: Stamp,
    /// The counters it stated in its present life.
    pub said: Counters,
    /// The counters when that life began. A store that lost something states less than that, but
    /// what it had counted stays counted.
    pub floor: Counters,
}

impl Heard {
    /// Returns the counters that count: the greater of what was said and the floor, one by one.
    pub fn counted(&self) -> Counters {
        self.said.at_least(self.floor)
    }

    /// Returns what was counted before and is not said any more. No journal that is left holds it.
    pub fn lost(&self) -> Counters {
        self.floor.beyond(self.said)
    }

    /// Returns the same cell in a new life. `staged` is what the new life says of the cell, if
    /// anything.
    pub fn in_new_life(known: Option<Self>, staged: Option<Self>) -> Self {
        let floor = known.map(|known| known.counted()).unwrap_or_default();
        let staged = staged.unwrap_or_default();
        Self { floor, ..staged }
    }
}

/// The lives of a child's store that its cells come from. A new life sends all its cells anew. They
/// are staged, and take the place of the old ones when the child says that they are complete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EpochSet {
    /// Epoch order of the cells that count; 0 before the first.
    pub counted: u64,
    /// Epoch order of the cells that are staged, if any are.
    pub staged: Option<u64>,
}

crate::records!(EpochSet);

/// The place of a cell of a given life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// Among the cells that count.
    Counted,
    /// Among the staged cells.
    Staged,
    /// Among the staged cells, after those of an abandoned life are thrown away.
    StagedAfresh,
    /// Nowhere, because its life is past.
    Late,
}

impl EpochSet {
    /// Returns where a cell with this epoch order goes, and the lives known after it.
    pub const fn place(self, order: u64) -> (Place, Self) {
        match self {
            Self { counted: 0, .. } => (
                Place::Counted,
                Self {
                    counted: order,
                    staged: None,
                },
            ),
            Self { counted, .. } if order < counted => (Place::Late, self),
            Self { counted, .. } if order == counted => (Place::Counted, self),
            Self {
                staged: Some(staged),
                ..
            } if order < staged => (Place::Late, self),
            Self {
                staged: Some(staged),
                ..
            } if order == staged => (Place::Staged, self),
            Self { counted, .. } => (
                Place::StagedAfresh,
                Self {
                    counted,
                    staged: Some(order),
                },
            ),
        }
    }

    /// Handles the child's word that the cells of this life are complete: the staged cells (perhaps
    /// none) now take the place of those that counted. Returns the lives known after it; `None` if
    /// nothing changes.
    pub fn complete(self, order: u64) -> Option<Self> {
        let later_staged = self.staged.is_some_and(|staged| staged > order);
        (order > self.counted && !later_staged).then_some(Self {
            counted: order,
            staged: None,
        })
    }
}

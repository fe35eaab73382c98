//! Figures, and the same counted by hand.

use domain::rollup::Counters;
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::Code;

/// What the lines of a rollup stand for.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum RollupBy {
    /// A line per day in Asia/Shanghai.
    #[default]
    Day,
    /// A line per category.
    Category,
    /// A line per platform.
    Platform,
    /// A line per acting division, as fine as the node keeps them.
    Division,
    /// A line per acting township, with what is below it.
    Township,
    /// A line per acting county.
    County,
    /// A line per acting city.
    City,
}

/// Which figures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RollupQuery {
    /// First day, `2026-03-01`; from the beginning if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Last day, inclusive; to the end if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// What the lines stand for.
    #[serde(default)]
    #[param(inline)]
    pub by: RollupBy,
}

/// Counts of facts, and what follows from them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Figures {
    /// Matters reported.
    pub reported: u64,
    /// Times custody came.
    pub taken: u64,
    /// Times custody left.
    pub given: u64,
    /// Matters closed.
    pub closed: u64,
    /// Matters held and not closed; over a range of days, by how many they became more.
    pub open: i64,
    /// Given less taken: what left and did not come back, and what is between two nodes.
    pub net_given: i64,
    /// Matters between two nodes. It can be told only of the whole network: left out everywhere but in the
    /// total of the top over all days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_transit: Option<i64>,
}

impl From<Counters> for Figures {
    fn from(counters: Counters) -> Self {
        Self {
            reported: counters.reported,
            taken: counters.taken,
            given: counters.given,
            closed: counters.closed,
            open: counters.open(),
            net_given: counters.in_transit(),
            in_transit: None,
        }
    }
}

/// Figures over a node's subtree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RollupTable {
    /// Whose subtree.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// First day asked for.
    pub from: Option<String>,
    /// Last day asked for.
    pub to: Option<String>,
    /// What the lines stand for.
    pub by: RollupBy,
    /// The lines, in order.
    pub lines: Vec<RollupLine>,
    /// All lines together.
    pub total: Figures,
    /// When the node was asked.
    pub as_of_ms: i64,
    /// Children whose links are up: their figures are fresh. Those of others are as last heard.
    pub children_up: usize,
    /// Children by the list of divisions.
    pub children_expected: usize,
    /// Children whose figures are not as they should be: something was refused, does not add up, or was
    /// counted by a life of their store that is lost.
    #[serde(default)]
    pub marked: Vec<ChildFiguresView>,
}

/// How the figures of one child stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ChildFiguresView {
    /// Which child.
    #[schema(value_type = Code)]
    pub child: DivisionCode,
    /// Cells of it that are kept apart, because they can never be; no sum contains them.
    pub apart: u32,
    /// Cells that were refused so far, whether they could be kept or not.
    pub refused: u64,
    /// Sums of division, origin and category that give or close more than came in. Usually cells are still
    /// on their way. Once an alarm was raised, also origins of which it says what the matters that crossed its
    /// link do not.
    pub uneven: u32,
    /// Since when there are such.
    pub uneven_since_ms: Option<i64>,
    /// Cells in which more is counted than the present life of its store knows.
    pub lost: u32,
}

/// Cells of children that no sum contains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CellsApart {
    /// By child, day, division, origin and category.
    pub cells: Vec<CellApart>,
}

/// A cell that is kept apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CellApart {
    /// Who said it.
    #[schema(value_type = Code)]
    pub child: DivisionCode,
    /// Which division is said to have acted.
    #[schema(value_type = Code)]
    pub acting: DivisionCode,
    /// Where the matters are said to be from.
    #[schema(value_type = Code)]
    pub origin: DivisionCode,
    /// What they are said to be about.
    pub category: String,
    /// On which day.
    pub day: String,
    /// Why it does not count.
    pub reason: String,
    /// The same in words.
    pub detail: String,
    /// When it was said last.
    pub at_ms: i64,
    /// What it says.
    #[serde(flatten)]
    pub figures: Figures,
}

/// One line of a rollup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RollupLine {
    /// Day, category, platform or division.
    pub key: String,
    /// Its Chinese name, if it has one.
    pub name: Option<String>,
    /// Its figures.
    #[serde(flatten)]
    pub figures: Figures,
}

/// Figures counted by hand from one node's journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct JournalCount {
    /// Whose journal; nothing of the nodes below it is counted.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// Entries read.
    pub entries: u64,
    /// What they add up to.
    #[serde(flatten)]
    pub figures: Figures,
    /// When the node was asked.
    pub as_of_ms: i64,
}

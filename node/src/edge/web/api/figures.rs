//! Figures, and the same counted by hand.

use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::Code;
use crate::domain::rollup::Counters;

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
    /// Given and not taken: over a whole network, matters between two nodes.
    pub in_transit: i64,
}

impl From<Counters> for Figures {
    fn from(counters: Counters) -> Self {
        Self {
            reported: counters.reported,
            taken: counters.taken,
            given: counters.given,
            closed: counters.closed,
            open: counters.open(),
            in_transit: counters.in_transit(),
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

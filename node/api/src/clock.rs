//! The clock of a node's machine.

use domain::timekeeper::Doubt;
use serde::{Deserialize, Serialize};

/// The state of the clock of a node's machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ClockStatus {
    /// The time this node uses, in milliseconds since 1970.
    pub now_ms: i64,
    /// The time of the machine's clock, in milliseconds since 1970.
    pub wall_ms: i64,
    /// Reason why the node does not trust the machine's clock; absent if it does.
    pub doubt: Option<Doubt>,
    /// Milliseconds by which the machine's clock is ahead of the expected time; negative if behind.
    pub ahead_ms: i64,
    /// The latest day on which this node counted something, such as 2026-11-28. While that day is
    /// in the future, everything is counted on it.
    pub last_day: String,
}

/// Result of a correction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Corrected {
    /// The day on which everything was counted until now.
    pub counted_on: String,
    /// The day on which everything is counted from now on.
    pub counts_on: String,
    /// Matters, at most 200, in which this node made steps with a time in the future. Signed steps
    /// stay as they are; a person decides about each matter.
    pub matters: Vec<String>,
}

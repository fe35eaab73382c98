//! The clock of a node's machine.

use domain::timekeeper::Doubt;
use serde::{Deserialize, Serialize};

/// How the clock of a node's machine stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ClockStatus {
    /// The time this node goes by, in milliseconds since 1970.
    pub now_ms: i64,
    /// What the machine's clock says.
    pub wall_ms: i64,
    /// Why that is not believed; absent if it is.
    pub doubt: Option<Doubt>,
    /// By how many milliseconds it is ahead of what it should be.
    pub ahead_ms: i64,
    /// The latest day on which something was counted here, like 2026-11-28. While it lies ahead of today,
    /// everything is counted on it.
    pub last_day: String,
}

/// What a correction found and did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Corrected {
    /// The day on which everything was counted until now.
    pub counted_on: String,
    /// The day on which it is counted from now on.
    pub counts_on: String,
    /// Matters, 200 at most, in which this node made steps at a time that has not come yet. What was signed
    /// stays; a person decides about each.
    pub matters: Vec<String>,
}

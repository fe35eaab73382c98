//! Figures that anybody may see.

use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{Code, SilentChild};

/// The least count that is told exactly; a smaller one could point at a person.
const LEAST: u64 = 5;

/// A count as the public sees it; `null` if it is 1 to 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
pub struct PublicCount(pub Option<u64>);

impl From<u64> for PublicCount {
    fn from(count: u64) -> Self {
        Self((count == 0 || count >= LEAST).then_some(count))
    }
}

/// The figures of a month, of a division and all below it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PublicFigures {
    /// The division.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// The month, in Asia/Shanghai, such as `2026-11`.
    pub month: String,
    /// Matters that were reported.
    pub reported: PublicCount,
    /// Matters that were closed.
    pub closed: PublicCount,
    /// Matters that were opened again.
    pub reopened: PublicCount,
    /// When this was counted, in milliseconds since 1970.
    pub as_of_ms: i64,
    /// Children with a link that is up; the figures of others are as last received.
    pub children_up: usize,
    /// Number of children in the list of divisions.
    pub children_expected: usize,
    /// Children that are known and not linked, longest first; at most 16.
    #[serde(default)]
    pub silent: Vec<SilentChild>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_that_could_point_at_somebody_is_not_told() {
        let told = [0, 1, 4, 5, 12].map(|count| PublicCount::from(count).0);
        assert_eq!(told, [Some(0), None, None, Some(5), Some(12)]);
    }
}

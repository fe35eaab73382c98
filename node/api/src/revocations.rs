//! Revoked keys.

use std::collections::BTreeSet;

use domain::revocation::{Reason, Revocation};
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{Code, Mentions};

/// A child whose keys are to be revoked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeRequest {
    /// The child.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// The reason.
    #[schema(value_type = String)]
    pub reason: Reason,
    /// Revokes only this key: 32 hexadecimal digits. If left out, revokes every key that still
    /// counts.
    pub key: Option<String>,
}

/// A revoked key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RevocationLine {
    /// The division of the key.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// The key: 32 hexadecimal digits.
    pub key: String,
    /// The reason.
    #[schema(value_type = String)]
    pub reason: Reason,
    /// When it was revoked, in milliseconds since 1970 by the clock of the revoking node.
    pub at_ms: i64,
    /// The division that revoked it.
    #[schema(value_type = Code)]
    pub by: DivisionCode,
}

/// Revoked keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Revocations {
    /// One per key, ordered by division.
    pub revocations: Vec<RevocationLine>,
}

impl RevocationLine {
    /// Returns the API view of a revocation.
    pub fn of(revocation: &Revocation, by: DivisionCode) -> Self {
        Self {
            division: revocation.division,
            key: revocation.key.to_string(),
            reason: revocation.reason,
            at_ms: revocation.at.0,
            by,
        }
    }
}

impl Mentions for Revocations {
    fn mentions(&self, all: &mut BTreeSet<DivisionCode>) {
        let both = self.revocations.iter().map(|line| [line.division, line.by]);
        all.extend(both.flatten());
    }
}

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
    /// Why.
    #[schema(value_type = String)]
    pub reason: Reason,
    /// Only this key, in 32 hexadecimal digits; left out, every key that still counts.
    pub key: Option<String>,
}

/// One revoked key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RevocationLine {
    /// Whose key.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// Which: 32 hexadecimal digits.
    pub key: String,
    /// Why.
    #[schema(value_type = String)]
    pub reason: Reason,
    /// When, in milliseconds since 1970 by the clock of who revoked it.
    pub at_ms: i64,
    /// Who revoked it.
    #[schema(value_type = Code)]
    pub by: DivisionCode,
}

/// Revoked keys, by division.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Revocations {
    /// One for each key.
    pub revocations: Vec<RevocationLine>,
}

impl RevocationLine {
    /// A revocation as people see it.
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

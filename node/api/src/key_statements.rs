//! Key statements.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{Code, Mentions};

/// A later key that is to be countersigned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CountersignRequest {
    /// Whose key; it stands two tiers below.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// Which: 32 hexadecimal digits. May be left out where only one waits.
    pub key: Option<String>,
}

/// On whose word a key counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum VouchedBy {
    /// It is the province's own, which every node was given.
    Anchor,
    /// The parent's, as the first key.
    Parent,
    /// The parent's and that of the key before it.
    OldKey,
    /// The parent's and the division's above it; the key before had no part in it.
    Grandparent,
    /// The province's alone; nobody stands above it.
    ProvinceAlone,
}

/// A key statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct KeyStatementLine {
    /// Whose key.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// Its number, from 1.
    pub serial: u32,
    /// The key: 32 hexadecimal digits.
    pub key: String,
    /// On whose word it counts; left out if it does not.
    pub vouched: Option<VouchedBy>,
    /// Whether it was revoked.
    pub revoked: bool,
    /// Why it did not count when it was shown.
    pub refused: Option<String>,
    /// Who showed it; left out if it was in the node's own files.
    #[schema(value_type = Option<Code>)]
    pub shown_by: Option<DivisionCode>,
    /// When, in milliseconds since 1970 by the node's clock.
    pub heard_ms: i64,
    /// The signed statement, in hexadecimal.
    pub statement: String,
}

/// Key statements, by division and number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct KeyStatements {
    /// One for each key.
    pub statements: Vec<KeyStatementLine>,
}

impl Mentions for KeyStatements {
    fn mentions(&self, all: &mut BTreeSet<DivisionCode>) {
        all.extend(self.statements.iter().map(|line| line.division));
    }
}

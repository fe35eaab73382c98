//! Key statements.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{Code, Mentions};

/// A new key to countersign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CountersignRequest {
    /// The division of the key; two tiers below the node.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// The key: 32 hexadecimal digits. May be left out if only one is waiting.
    pub key: Option<String>,
}

topology::vocabulary! {
    /// On whose word a key counts.
    #[derive(utoipa::ToSchema)]
    pub enum VouchedBy: "voucher of a key" {
        Anchor = 1, "anchor", "根密钥", "it is the province's own, which every node was given";
        Parent = 2, "parent", "上级", "the parent's, as the first key";
        OldKey = 3, "old-key", "上级和原密钥", "the parent's and that of the key before it";
        /// The key before had no part in it.
        Grandparent = 4, "grandparent", "上级和上上级会签", "the parent's and the division's above it";
        /// Nobody stands above it.
        ProvinceAlone = 5, "province-alone", "省级单独", "the province's alone";
    }
}

/// A key statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct KeyStatementLine {
    /// The division of the key.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// Number of the key, from 1.
    pub serial: u32,
    /// The key: 32 hexadecimal digits.
    pub key: String,
    /// Signatures that make it count; absent if it does not count.
    pub vouched: Option<VouchedBy>,
    /// True if the key was revoked.
    pub revoked: bool,
    /// Reason why it did not count when it was received.
    pub refused: Option<String>,
    /// The division that sent it; absent if it was in the node's own files.
    #[schema(value_type = Option<Code>)]
    pub shown_by: Option<DivisionCode>,
    /// When it was received, in milliseconds since 1970 by the node's clock.
    pub heard_ms: i64,
    /// The signed statement, in hexadecimal.
    pub statement: String,
}

/// Key statements.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct KeyStatements {
    /// One per key, ordered by division and number.
    pub statements: Vec<KeyStatementLine>,
}

impl Mentions for KeyStatements {
    fn mentions(&self, all: &mut BTreeSet<DivisionCode>) {
        all.extend(self.statements.iter().map(|line| line.division));
    }
}

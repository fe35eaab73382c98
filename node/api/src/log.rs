//! Public logs.

use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::Code;

/// The public logs of a node: one for each life of its store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PublicLogs {
    /// The division of the node.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// Its logs; the one that goes on is first.
    pub logs: Vec<PublicLog>,
}

/// A public log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PublicLog {
    /// Life of the store: 32 hexadecimal digits. The log lies at `log/EPOCH/`.
    pub epoch: String,
    /// Whether it goes on; the others have ended.
    pub present: bool,
    /// Its name in checkpoints.
    pub origin: String,
    /// The key that verifies its checkpoints, as `NAME+ID+KEY` (C2SP signed-note).
    pub key: String,
    /// Number of entries.
    pub size: u64,
    /// Root of the tree, 64 hexadecimal digits.
    pub root: String,
}

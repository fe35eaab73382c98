//! Records of the public log.

use log::Frontier;
use serde::{Deserialize, Serialize};

/// What is needed to go on with a log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LogState {
    /// Its leaves.
    pub(crate) frontier: Frontier,
    /// Bundles and tiles of leaves that are packed.
    pub(crate) packed: u64,
}

/// The leaf that says how a matter stood, and what opens its commitment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MatterLeaf {
    /// Number of steps that it covers, from the report on.
    pub(crate) steps: u32,
    /// 128 random bits. They are erased with the texts of the matter; the leaf then opens to nobody.
    pub(crate) salt: [u8; 16],
}

domain::records!(LogState, MatterLeaf);

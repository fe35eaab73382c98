//! Records of disclosures.

use serde::{Deserialize, Serialize};

/// What opens the leaf about an edition. It is erased when the disclosure is taken down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EditionLeaf {
    /// 128 random bits.
    pub(crate) salt: [u8; 16],
}

domain::records!(EditionLeaf);

//! The record that counts changes.

use serde::{Deserialize, Serialize};

/// Which entries there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts {
    /// The oldest that is kept; one above `newest` if none is.
    pub(crate) oldest: u64,
    /// The newest; 0 before the first.
    pub(crate) newest: u64,
}

domain::records!(Counts);

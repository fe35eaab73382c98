//! Records about courier files.

use domain::{
    courier::{FileStamp, SettledBelow},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// The files that went to a neighbour and came from it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CourierLedger {
    /// Number of the last file that was made; 0 if there is none.
    pub(crate) made: u64,
    /// When it was made.
    pub(crate) made_at: Timestamp,
    /// Where the next file goes on if it continues the last one, by lane.
    pub(crate) goes_on: SettledBelow,
    /// Segments that waited and were in none of the files up to the last one.
    pub(crate) left: u64,
    /// The newest file that was read; `None` before the first.
    pub(crate) read: Option<FileStamp>,
    /// When that one was made, by the clock of the neighbour.
    pub(crate) read_made: Timestamp,
    /// When a file was read last.
    pub(crate) read_at: Timestamp,
}

domain::records!(CourierLedger);

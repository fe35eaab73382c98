//! Backups, as the status of a process shows them.

use serde::{Deserialize, Serialize};

/// Media type of the records of a process.
pub const RECORDS_FILE: &str = "application/vnd.wujitong.records";

/// The last backup of a data directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LastBackup {
    /// When it was begun, in milliseconds since 1970: everything acknowledged before is in it.
    pub made_ms: i64,
    /// Its length in bytes.
    pub bytes: u64,
    /// The file, as it was named.
    pub file: String,
}

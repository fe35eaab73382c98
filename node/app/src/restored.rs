//! A data directory that was made of a backup: the mark that `wujitong restore` leaves, and the new lives that the first
//! start begins before anything else.

use std::{fs, io, path::Path};

use data_encoding::HEXLOWER;
use domain::time::Timestamp;
use office::Office;
use serde::{Deserialize, Serialize};

use crate::StartError;

/// Name of the mark in the data directory.
pub const RESTORED: &str = "restored.json";

/// The mark of a data directory that was made of a backup and was not started since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoredMark {
    /// Names the restore: 32 random hexadecimal digits.
    pub id: String,
    /// When the backup was made, in milliseconds since 1970.
    pub made_ms: i64,
}

impl RestoredMark {
    /// Returns the mark of a restore with these random bytes.
    pub fn of(id: [u8; 16], made_ms: i64) -> Self {
        Self {
            id: HEXLOWER.encode(&id),
            made_ms,
        }
    }
}

/// The offices of a process that begin a new life if their stores were made of a backup.
pub(crate) struct NewLives {
    id: [u8; 16],
    made: Timestamp,
}

impl NewLives {
    /// Reads the mark; `None` if there is none.
    ///
    /// # Errors
    /// [`StartError::Directory`] if it cannot be read: a store that is an older copy must not speak in its old life.
    pub(crate) fn marked(data: &Path) -> Result<Option<Self>, StartError> {
        let path = data.join(RESTORED);
        let failed = |cause| StartError::Directory {
            path: path.clone(),
            cause,
        };
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            bytes => bytes.map_err(failed)?,
        };
        let mark: RestoredMark =
            serde_json::from_slice(&bytes).map_err(|error| failed(error.into()))?;
        let id = HEXLOWER.decode(mark.id.as_bytes()).ok();
        let id = id.and_then(|id| id.try_into().ok());
        let id = id.ok_or_else(|| failed(io::ErrorKind::InvalidData.into()))?;
        Ok(Some(Self {
            id,
            made: Timestamp(mark.made_ms),
        }))
    }

    /// Begins the new life of a node, once.
    pub(crate) async fn begin(&self, office: &Office) -> Result<(), StartError> {
        let begun = office.inbox().begin_restored(self.id, self.made).await;
        let begun = begun.map_err(|error| StartError::Office(office.me(), error))?;
        if begun {
            tracing::warn!(division = %office.me(), made = %self.made,
                "this store was made of a backup; its node begins a new life");
        }
        Ok(())
    }

    /// Removes the mark, after all nodes began.
    pub(crate) fn done(&self, data: &Path) -> Result<(), StartError> {
        let removed = fs::remove_file(data.join(RESTORED));
        let removed = removed.and_then(|()| fs::File::open(data)?.sync_all());
        removed.map_err(|cause| StartError::Directory {
            path: data.join(RESTORED),
            cause,
        })
    }
}

//! The record of how far the log was synced: a file `redo/synced` of 32 bytes, big-endian.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | number of the last synced group |
//! | 16 | its sum |
//! | 8 | BLAKE3 over both, cut |
//!
//! It is written after every sync of the log, before anybody is answered, and not synced itself: after a
//! crash of the process it names the last group, after a power cut perhaps an earlier one. A log that
//! does not reach what it names has lost its end; that end was not torn.

use std::{
    fs::{self, File},
    io::{self, Seek, Write},
    path::Path,
};

use serde::{Deserialize, Serialize};

use super::group::Sum;

const NAME: &str = "synced";
const SAID_BYTES: usize = 8 + size_of::<Sum>();
const SUM_BYTES: usize = 8;

/// The last group that is known to have been synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Last {
    pub(crate) number: u64,
    pub(crate) sum: Sum,
}

/// The open file `redo/synced`.
pub(super) struct Witness {
    file: File,
    failed: bool,
}

impl Witness {
    /// Opens the file, creates it if needed, and writes and syncs `last`. The folder is not synced
    /// here.
    pub(super) fn create(dir: &Path, last: Last) -> io::Result<Self> {
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(dir.join(NAME))?;
        let mut witness = Self {
            file,
            failed: false,
        };
        witness.write(last)?;
        witness.file.sync_all()?;
        Ok(witness)
    }

    /// Notes that the log is synced up to this group. The log is valid without the note, so a
    /// failure is only logged.
    pub(super) fn note(&mut self, last: Last) {
        if let Err(error) = self.write(last)
            && !std::mem::replace(&mut self.failed, true)
        {
            tracing::warn!(%error, "how far the log is synced cannot be noted");
        }
    }

    fn write(&mut self, last: Last) -> io::Result<()> {
        let mut bytes = [0; SAID_BYTES + SUM_BYTES];
        bytes[..8].copy_from_slice(&last.number.to_be_bytes());
        bytes[8..SAID_BYTES].copy_from_slice(&last.sum);
        let sum = sum(&bytes[..SAID_BYTES]);
        bytes[SAID_BYTES..].copy_from_slice(&sum);
        self.file.rewind()?;
        self.file.write_all(&bytes)
    }
}

/// Reads the file; `None` if it is missing or not sound.
pub(super) fn read(dir: &Path) -> io::Result<Option<Last>> {
    let bytes = match fs::read(dir.join(NAME)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        bytes => bytes?,
    };
    let Some((said, written)) = bytes.split_at_checked(SAID_BYTES) else {
        return Ok(None);
    };
    let (number, rest) = said.split_first_chunk().expect("it has 24 bytes");
    let last = rest.first_chunk().map(|group| Last {
        number: u64::from_be_bytes(*number),
        sum: *group,
    });
    Ok(last.filter(|_| written == sum(said)))
}

fn sum(said: &[u8]) -> [u8; SUM_BYTES] {
    let hash = blake3::hash(said);
    *hash.as_bytes().first_chunk().expect("BLAKE3 has 32 bytes")
}

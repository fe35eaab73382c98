//! What a backup is made of. All numbers are big-endian.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | magic |
//! | … | frames: one byte of kind, four of the length of the payload, the payload |
//!
//! | kind | payload |
//! |---|---|
//! | 1 | the header, JSON; the first frame |
//! | 2 | records: eight bytes of the division, two of the key's length, four of the value's or all ones if it was deleted, the key, the value |
//! | 3 | a file: eight bytes of its length, four of its mode, its path below the data directory, UTF-8 with `/` |
//! | 4 | the next bytes of that file |
//! | 5 | the end: eight bytes each of the number of records, of files and of bytes in files, 32 of BLAKE3 over everything before the frame |
//! | 6 | why nothing more follows, UTF-8; instead of the end |

use primitives::ids::Epoch;
use serde::{Deserialize, Serialize};
use store::Copied;
use topology::DivisionCode;

/// The format of backups that this program writes, and the newest that it reads.
pub const FORMAT: u32 = 1;

pub(crate) const MAGIC: [u8; 8] = *b"\xe4\xba\x94backu";

/// The longest payload of a frame, in bytes: several records of the greatest length.
pub(crate) const MOST_PAYLOAD: usize = 256 * 1024;

/// The longest header, in bytes: a process may host tens of thousands of divisions.
pub(crate) const MOST_HEADER: usize = 16 << 20;

/// The longest path, in bytes.
pub(crate) const MOST_PATH: usize = 1024;

/// Bytes of a frame before its payload.
pub(crate) const FRAME_BYTES: usize = 5;

/// Length that stands for a deleted record.
pub(crate) const DELETED: u32 = u32::MAX;

pub(crate) mod kind {
    pub(crate) const HEADER: u8 = 1;
    pub(crate) const RECORDS: u8 = 2;
    pub(crate) const FILE: u8 = 3;
    pub(crate) const BYTES: u8 = 4;
    pub(crate) const END: u8 = 5;
    pub(crate) const FAILED: u8 = 6;
}

/// What a backup says of itself, before anything else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// [`FORMAT`]
    pub format: u32,
    /// Version of the program that wrote it.
    pub program: String,
    /// Id of the network: 32 hexadecimal digits.
    pub network: String,
    /// DNS zone of the network.
    pub zone: String,
    /// When it was begun, in milliseconds since 1970.
    pub made_ms: i64,
    /// Whether the node was running.
    pub running: bool,
    /// The divisions whose nodes are in it.
    pub divisions: Vec<Source>,
}

/// A division of a backup, as it was when the backup was begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The division.
    pub division: DivisionCode,
    /// Which life of its store, counted from 1; 0 if its node never ran.
    pub life: u64,
    /// Id of the life: 32 hexadecimal digits; empty if there is none.
    pub epoch: String,
    /// Number of the last message of that life; a start leaves out some.
    pub issue: u64,
}

impl Source {
    /// Describes a division by the present life of its store and the number of its last message; `None` if its node
    /// never ran.
    pub fn of(division: DivisionCode, life: Option<(Epoch, u64)>) -> Self {
        let (epoch, issue) = life.unzip();
        Self {
            division,
            life: epoch.map_or(0, |epoch| epoch.order),
            epoch: epoch.map_or_else(String::new, |epoch| epoch.id.to_string()),
            issue: issue.unwrap_or_default(),
        }
    }
}

/// The next part of a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Records; one replaces another of the same key that came before.
    Records(Vec<Copied>),
    /// The beginning of a file.
    File {
        /// Its path below the data directory, with `/` and without `..`.
        path: String,
        /// Its permissions, as in `chmod`.
        mode: u32,
        /// Its length in bytes.
        length: u64,
    },
    /// The next bytes of the file that was begun.
    Bytes(Vec<u8>),
}

/// What was counted in a backup.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Records, repeated and deleted ones among them.
    pub records: u64,
    /// Files.
    pub files: u64,
    /// Bytes in files.
    pub bytes: u64,
}

impl Totals {
    pub(crate) const BYTES: usize = 24;

    pub(crate) fn encode(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let counts = [self.records, self.files, self.bytes];
        for (into, count) in bytes.chunks_mut(8).zip(counts) {
            into.copy_from_slice(&count.to_be_bytes());
        }
        bytes
    }
}

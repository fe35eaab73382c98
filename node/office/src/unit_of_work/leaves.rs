//! Leaves that a decision adds to the public log.

use domain::{
    ids::{KeyId, MatterId},
    suite::Suite,
};
use log::Entry;
use topology::DivisionCode;

use crate::tables::log::MatterLeaf;

/// A leaf that a unit will add.
pub(crate) struct LogDraft {
    pub(crate) entry: Entry,
    pub(crate) matter: Option<(MatterId, MatterLeaf)>,
}

impl From<Entry> for LogDraft {
    fn from(entry: Entry) -> Self {
        let matter = None;
        Self { entry, matter }
    }
}

impl LogDraft {
    /// Says that a key was stated for a division.
    pub(crate) fn key(division: DivisionCode, key: KeyId, statement: &[u8]) -> Self {
        Self::from(Entry::KeyStatement {
            division: division.as_u64(),
            key: key.0,
            statement: Suite::P256Sha256.digest(&[statement]),
        })
    }
}

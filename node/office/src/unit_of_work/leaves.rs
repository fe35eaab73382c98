//! Leaves that a decision adds to the public log.

use domain::{
    disclosure::DisclosureId,
    ids::{KeyId, MatterId},
    suite::Suite,
};
use log::Entry;
use topology::DivisionCode;

use crate::tables::{disclosures::EditionLeaf, log::MatterLeaf};

/// A leaf that a unit will add.
pub(crate) struct LogDraft {
    pub(crate) entry: Entry,
    pub(crate) opens: Option<Opens>,
}

/// What opens the commitment of a leaf, and what it is about.
pub(crate) enum Opens {
    Matter(MatterId, MatterLeaf),
    Edition(DisclosureId, u32, EditionLeaf),
}

impl From<Entry> for LogDraft {
    fn from(entry: Entry) -> Self {
        let opens = None;
        Self { entry, opens }
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

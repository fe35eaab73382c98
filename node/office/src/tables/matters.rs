//! Records beside the docket of a matter.

use bytes::Bytes;
use domain::{
    actor::Actor,
    category::{Category, Priority},
    custody::Standing,
    ids::MatterId,
    import::Progress,
    matter::{Erasure, Status, Version},
    statement::Proof,
    time::Timestamp,
};
use records::table::Key;
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

/// A matter in one line, without anything a person wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexEntry {
    /// Its number.
    pub id: MatterId,
    /// When it was reported.
    pub reported: Timestamp,
    /// What it is about.
    pub category: Category,
    /// How urgent.
    pub priority: Priority,
    /// State of the work.
    pub status: Status,
    /// Who holds it, as last heard.
    pub holder: DivisionCode,
    /// The neighbour it is being handed to.
    pub transit: Option<DivisionCode>,
    /// How this node stands to it.
    pub standing: Standing,
    /// When the last step known here was made.
    pub as_of: Timestamp,
    /// When the first clock is used up if nothing is done.
    pub due: Option<Timestamp>,
}

domain::records!(IndexEntry);

/// Data of a matter that say nothing of a person, by the standard that was in force when it came here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MatterData {
    /// Code of the element and value, in the order in which they were given.
    pub(crate) values: Vec<(Box<str>, Box<str>)>,
}

domain::records!(MatterData);

/// A stretch of the index. A matter that is handed over and taken stays where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Partition {
    HeldOpen = 0,
    HeldClosed = 1,
    AwayOpen = 2,
    AwayClosed = 3,
}

impl Key for Partition {
    fn write(&self, key: &mut Vec<u8>) {
        key.push(*self as u8);
    }

    fn read(key: &mut &[u8]) -> Option<Self> {
        let (first, rest) = key.split_first()?;
        *key = rest;
        let all = [
            Self::HeldOpen,
            Self::HeldClosed,
            Self::AwayOpen,
            Self::AwayClosed,
        ];
        all.get(usize::from(*first)).copied()
    }
}

/// A message as its author signed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) version: Version,
    pub(crate) closed: bool,
    pub(crate) bytes: Bytes,
    pub(crate) proof: Proof,
}

domain::records!(Kept);

/// The record of an imported row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// The matter that it became.
    pub matter: MatterId,
    /// When it was imported.
    pub at: Timestamp,
    /// When it was reported in the other system.
    pub reported_at: Option<Timestamp>,
    /// The progress of the work there.
    pub progress: Progress,
    /// 32 bits of a digest of the row's content: enough to detect a repetition with other content,
    /// and too few to prove a guess at an erased text.
    pub(crate) content: u32,
}

domain::records!(Imported);

/// The record that a node erased its own copies of a matter that another division holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ErasedHere {
    pub(crate) at: Timestamp,
    pub(crate) actor: Actor,
    pub(crate) erasure: Erasure,
    /// Number of steps known then; their bodies are not accepted again.
    pub(crate) steps: usize,
}

domain::records!(ErasedHere);

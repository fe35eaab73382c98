//! Records about neighbours and what they brought.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use domain::{
    envelope::Stamp,
    ids::{Epoch, EpochId},
    statement::Proof,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

/// The ranges of issue counts used in this life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Runs {
    /// Counts up to this one are forgotten and not doubted.
    pub(crate) forgotten: u64,
    /// First and last count of each earlier run, inclusive, ascending.
    pub(crate) ended: Vec<(u64, u64)>,
    /// First count of the current run.
    pub(crate) first: u64,
    /// The middle parts of numbers given in earlier runs of this life.
    pub(crate) drawn: Vec<u32>,
}

domain::records!(Runs);

impl Default for Runs {
    fn default() -> Self {
        Self {
            forgotten: 0,
            ended: vec![],
            first: 1,
            drawn: vec![],
        }
    }
}

/// An envelope that was in progress when this node crashed, or may have been.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crashed {
    /// Its author.
    pub author: DivisionCode,
    /// The kind of its payload.
    pub kind: String,
    /// Its count among everything that the author issued.
    pub issue: u64,
    /// The number of crashes; from the third on it is refused.
    pub times: u8,
    /// When it was last taken.
    pub at: Timestamp,
}

domain::records!(Crashed);

/// The latest messages of a neighbour that this node has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Held {
    pub(crate) epoch: Epoch,
    pub(crate) issue: u64,
    pub(crate) bytes: Bytes,
    pub(crate) proof: Proof,
}

/// The record of a neighbour between sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PeerMemory {
    /// Its lives by its last greeting, the current one last; empty before that.
    pub(crate) lives: Vec<Epoch>,
    /// Its latest messages. The neighbour is known by the life in which they were made; a life that
    /// it only claims in a greeting has no effect.
    pub(crate) held: Option<Held>,
}

domain::records!(PeerMemory);

/// The neighbours that this node awaits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Awaited {
    /// The life that waits.
    pub(crate) life: EpochId,
    /// Neighbours that have not shown everything yet and are awaited.
    pub(crate) by: BTreeSet<DivisionCode>,
    /// Neighbours that have not shown everything yet and are no longer awaited.
    pub(crate) late: BTreeSet<DivisionCode>,
    /// Whether this node continued with what it knows.
    pub(crate) went_on: bool,
    /// The stamp after which nothing of a neighbour was heard in a lost life, by neighbour.
    pub(crate) since: BTreeMap<DivisionCode, Stamp>,
}

domain::records!(Awaited);

/// The backup that this store was made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Restored {
    /// When the backup was made.
    pub(crate) made: Timestamp,
    /// When this store was made of it.
    pub(crate) at: Timestamp,
    /// The life that ended with it.
    pub(crate) life: Epoch,
    /// Number of the last message of that life that the backup knows.
    pub(crate) issue: u64,
}

domain::records!(Restored);

/// The progress of showing a neighbour what this node knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Shows {
    /// The neighbour's life to which it is shown.
    pub(crate) life: EpochId,
    pub(crate) since: Stamp,
    /// The key of the last docket read.
    pub(crate) after: Bytes,
}

domain::records!(Shows);

//! Records of the public log.

use bytes::Bytes;
use domain::{
    envelope::Stamp,
    statement::Proof,
    time::{Day, Timestamp},
};
use log::Frontier;
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

/// What is needed to go on with a log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LogState {
    /// Its leaves.
    pub(crate) frontier: Frontier,
    /// Bundles and tiles of leaves that are packed.
    pub(crate) packed: u64,
}

/// The leaf that says how a matter stood, and what opens its commitment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MatterLeaf {
    /// Number of steps that it covers, from the report on.
    pub(crate) steps: u32,
    /// 128 random bits. They are erased with the texts of the matter; the leaf then opens to nobody.
    pub(crate) salt: [u8; 16],
}

/// What opens one leaf about a matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LeafOpening {
    /// Position of the leaf in its log.
    pub(crate) index: u64,
    pub(crate) leaf: MatterLeaf,
}

domain::records!(LogState, MatterLeaf, LeafOpening);

/// The head of this node's log that was said last, and what witnesses have of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HeadSaid {
    /// Name of the log.
    pub(crate) name: String,
    /// Number of leaves; 0 if no head was said.
    pub(crate) size: u64,
    /// When it was said.
    pub(crate) at: Timestamp,
    /// Whether a witness wants another proof.
    pub(crate) again: bool,
    /// What is known of each witness.
    pub(crate) witnesses: Vec<WitnessHas>,
}

/// The head that a witness has recorded, as far as it said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WitnessHas {
    pub(crate) witness: DivisionCode,
    /// Number of leaves, from 1.
    pub(crate) size: u64,
    /// Time and signature of its countersignature, unless it said only the size.
    pub(crate) own: Option<(u64, Bytes)>,
}

/// A head of this node's log that others countersigned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Countersigned {
    pub(crate) root: [u8; 32],
    /// The latest of each witness.
    pub(crate) lines: Vec<Line>,
}

/// A countersignature, and the envelope that brought it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) by: DivisionCode,
    /// Key of the witness, as text.
    pub(crate) key: String,
    /// Seconds since 1970, by its clock.
    pub(crate) time: u64,
    pub(crate) signature: Bytes,
    pub(crate) bytes: Bytes,
    pub(crate) proof: Proof,
}

/// The log of a division below, in one life of its store, as this witness has recorded it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WitnessedLog {
    /// Order of the life.
    pub(crate) order: u64,
    /// Stamp of the latest envelope about it.
    pub(crate) stamp: Stamp,
    /// The head that is countersigned.
    pub(crate) head: WitnessedHead,
    /// Time of the countersignature, in seconds since 1970.
    pub(crate) time: u64,
    /// Day of the last leaf about it here.
    pub(crate) leaf: Option<Day>,
    /// Whether nothing of it is countersigned until a person has looked into a contradiction.
    pub(crate) stopped: bool,
}

/// A head with everything that shows who said it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WitnessedHead {
    /// Key of the log, as text.
    pub(crate) key: String,
    /// The checkpoint, as the log signed it.
    pub(crate) note: String,
    pub(crate) size: u64,
    pub(crate) root: [u8; 32],
    /// The envelope that brought it, signed by the division.
    pub(crate) bytes: Bytes,
    pub(crate) proof: Proof,
}

/// The evidence that a log contradicts itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LogEvidence {
    /// Number of the kind of contradiction.
    pub(crate) how: u32,
    /// Who found it: this node, or a division below.
    pub(crate) found_by: DivisionCode,
    pub(crate) at: Timestamp,
    /// Key of the log, as text.
    pub(crate) key: String,
    /// The checkpoint that was recorded.
    pub(crate) earlier: String,
    /// The one that contradicts it.
    pub(crate) later: String,
    /// The envelopes that brought the two, if this node found it.
    pub(crate) signed: Vec<(Bytes, Proof)>,
    /// What a person made of it.
    pub(crate) resolved: Option<LogResolved>,
}

/// What a person made of a contradiction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LogResolved {
    pub(crate) at: Timestamp,
    /// Whether the later head counts from then on; otherwise the earlier one does.
    pub(crate) later: bool,
    pub(crate) reason: String,
}

domain::records!(HeadSaid, Countersigned, WitnessedLog, LogEvidence);

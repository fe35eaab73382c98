//! Public logs.

use domain::heads::Resolution;
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::Code;

/// The public logs of a node: one for each life of its store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PublicLogs {
    /// The division of the node.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// Its logs; the one that goes on is first.
    pub logs: Vec<PublicLog>,
}

/// A public log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PublicLog {
    /// Life of the store: 32 hexadecimal digits. The log lies at `log/EPOCH/`.
    pub epoch: String,
    /// Whether it goes on; the others have ended.
    pub present: bool,
    /// Its name in checkpoints.
    pub origin: String,
    /// The key that verifies its checkpoints, as `NAME+ID+KEY` (C2SP signed-note).
    pub key: String,
    /// Number of entries.
    pub size: u64,
    /// Root of the tree, 64 hexadecimal digits.
    pub root: String,
    /// The greatest head that others countersigned, of those with most countersignatures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub countersigned: Option<CountersignedHead>,
}

/// A head of a public log that others countersigned. It lies at `log/EPOCH/countersigned`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CountersignedHead {
    /// Number of entries.
    pub size: u64,
    /// Who countersigned it, the nearest division above first, then those below.
    pub by: Vec<Countersignature>,
    /// Those above who should countersign and did not yet.
    #[schema(value_type = Vec<Code>)]
    pub missing: Vec<DivisionCode>,
    /// How many of those directly below should countersign it and did not yet, where fewer than two stand above. Nodes of before
    /// leave it out.
    #[serde(default)]
    pub missing_below: usize,
}

/// A countersignature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Countersignature {
    /// Whose it is.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// When, by its clock, in milliseconds since 1970.
    pub at_ms: i64,
    /// The key that verifies it, as `NAME+ID+KEY` (C2SP tlog-cosignature).
    pub key: String,
    /// Whether its node runs in the process of the log's node: such a countersignature proves less.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub same_process: bool,
}

/// What a comparison of a public log with the store of its node found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HeldLog {
    /// Number of entries.
    pub size: u64,
    /// Entries of which the store holds what they say, and it is the same.
    pub same: u64,
    /// Entries about steps of matters that were set aside since.
    pub set_aside: u64,
    /// Entries of which the store holds nothing, or nothing any more: texts were erased, or a later version took the place.
    pub unheld: u64,
    /// Countersigned heads that are those of this tree.
    pub heads: u64,
    /// What does not match, at most 100.
    pub differs: Vec<HeldDiffers>,
}

/// An entry or head of a public log that does not match what the store holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HeldDiffers {
    /// Position of the entry, or size of the head.
    pub index: u64,
    /// What it is about.
    pub about: String,
}

/// The public logs of other divisions that a node countersigns: of those below, and of the one above if too few stand above that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ChildLogs {
    /// The logs, as they were recorded last.
    pub logs: Vec<ChildLog>,
    /// What contradicts what was recorded; also what a person has resolved.
    pub evidence: Vec<LogEvidence>,
}

/// The public log of another division, as a node has recorded it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ChildLog {
    /// The division.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// Life of its store: 32 hexadecimal digits.
    pub epoch: String,
    /// The key of the log, as `NAME+ID+KEY`.
    pub key: String,
    /// Number of entries that were countersigned last.
    pub size: u64,
    /// Root then, 64 hexadecimal digits.
    pub root: String,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// Whether it is not countersigned until a person has looked into a contradiction.
    pub stopped: bool,
    /// Address of the division's pages, as the names of this process have it; left out if no zone of pages is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pages: Option<String>,
}

/// The evidence that a public log contradicts itself: two heads that its key signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LogEvidence {
    /// The division of the log.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// How the two contradict each other: a code of `Contradiction`.
    pub how: String,
    /// The same in English.
    pub how_english: String,
    /// The same in Chinese.
    pub how_chinese: String,
    /// Who found it.
    #[schema(value_type = Code)]
    pub found_by: DivisionCode,
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// The key that verifies the first of the two, as `NAME+ID+KEY`.
    pub key: String,
    /// The checkpoint that was recorded before.
    pub earlier: String,
    /// The checkpoint that contradicts it.
    pub later: String,
    /// What a person made of it; absent while it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved: Option<LogResolved>,
}

/// What a person made of two heads that contradict each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LogResolved {
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// Which of the two counts since.
    pub counts: Resolution,
    /// Why.
    pub reason: String,
}

/// Says which of two heads that contradict each other counts from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolveLog {
    /// Which of the two counts.
    pub counts: Resolution,
    /// Why, 1 to 300 characters. The audit trail keeps it.
    pub reason: String,
}

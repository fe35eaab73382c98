//! A matter (事项): what everybody on its path may know of it. Codes and state only; what a person
//! wrote is a separate body, named here by its commitment.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tree};

use super::{
    category::{Category, Class, Priority, Visibility},
    ids::MatterId,
    suite::{Digest, Suite},
    time::Timestamp,
};

/// Grows at every give, take-back or refusal. `term` is raised only by an ancestor's signed
/// statement after the loss of a store.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct CustodyVersion {
    /// Seatings by an ancestor.
    pub term: u32,
    /// Changes of custody in this term.
    pub n: u32,
}

impl CustodyVersion {
    /// The version after one more give.
    pub const fn next(self) -> Self {
        Self {
            term: self.term,
            n: self.n + 1,
        }
    }
}

/// Subject version of a matter: custody version and step number within it. A transfer on its way
/// has step 0; whoever takes it makes step 1.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Version {
    /// Custody version.
    pub cv: CustodyVersion,
    /// Step within it.
    pub rev: u32,
}

/// How a matter came in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channel {
    /// 随手拍, a photo and a place.
    Snapshot,
    /// 村民信箱, a question.
    Mailbox,
    /// 一窗受理, the one window.
    Service,
    /// 全民网格, a grid worker.
    #[default]
    Grid,
    /// 12345.
    Hotline,
    /// A machine.
    Sensor,
    /// A form handed in.
    Paper,
}

/// Where a matter stands in the work on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// 上报, nobody has taken it on.
    Reported,
    /// 受理
    Accepted,
    /// 处置
    Handling,
    /// 结案
    Closed(Outcome),
}

/// How a matter ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// What was wrong is right.
    Solved,
    /// There was nothing wrong.
    Unfounded,
    /// It cannot be solved, and the reason was given.
    Unsolvable,
}

/// What was done in one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// 上报 by a person.
    Report,
    /// 受理
    Accept,
    /// 处置, a piece of work done.
    Handle,
    /// 上报 to a tier above.
    Escalate(DivisionCode),
    /// 交办 to a division below.
    Assign(DivisionCode),
    /// 退回 to whoever sent it.
    Return(DivisionCode),
    /// Handed back because the one who gave it recalled it.
    Yield(DivisionCode),
    /// Carried on towards the division it is bound for.
    Relay(DivisionCode),
    /// Custody taken.
    Take,
    /// Custody kept, because the neighbour refused the transfer.
    TakeBack,
    /// 结案
    Close(Outcome),
}

impl Act {
    /// The division any transfer was bound for.
    pub const fn bound_for(self) -> Option<DivisionCode> {
        match self {
            Self::Relay(to) => Some(to),
            deliberate => deliberate.sent_to(),
        }
    }

    /// The division a deliberate transfer was bound for.
    pub const fn sent_to(self) -> Option<DivisionCode> {
        match self {
            Self::Escalate(to) | Self::Assign(to) | Self::Return(to) | Self::Yield(to) => Some(to),
            _ => None,
        }
    }
}

/// One step of a matter's life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Version of the matter after it.
    pub version: Version,
    /// When, by the acting division's clock.
    pub at: Timestamp,
    /// The acting division.
    pub by: DivisionCode,
    /// What was done.
    pub act: Act,
    /// A remark of the office, kept apart as a body of class `public`.
    pub note: Option<Digest>,
}

/// What everybody on the path may know of a matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matter {
    /// Its number.
    pub id: MatterId,
    /// How it came in.
    pub channel: Channel,
    /// What it is about.
    pub category: Category,
    /// How urgent.
    pub priority: Priority,
    /// Who may learn of it.
    pub visibility: Visibility,
    /// How protected its body is.
    pub class: Class,
    /// The division complained about, if it is `direct`.
    pub about: Option<DivisionCode>,
    /// First receiver (首接责任), stays responsible wherever it goes.
    pub responsible: DivisionCode,
    /// Algorithms of the commitments.
    pub suite: Suite,
    /// Commitment to the body.
    pub body: Digest,
    /// State of the work.
    pub status: Status,
    /// Version of everything here.
    pub version: Version,
    /// Who holds it, or who is handing it over while `transit` is set.
    pub holder: DivisionCode,
    /// The neighbour it is being handed to.
    pub transit: Option<DivisionCode>,
    /// Every step so far.
    pub steps: Vec<Step>,
}

impl Matter {
    /// When it was reported.
    pub fn reported_at(&self) -> Timestamp {
        self.steps.first().map_or(Timestamp(0), |step| step.at)
    }

    /// Whether the work on it has ended.
    pub const fn is_closed(&self) -> bool {
        matches!(self.status, Status::Closed(_))
    }

    /// Every division that acted on it.
    pub fn acted(&self) -> BTreeSet<DivisionCode> {
        self.steps.iter().map(|step| step.by).collect()
    }

    /// Who deliberately sent what `holder` holds: to it, or past it until a relay was refused.
    /// What it sent and took back does not count.
    pub fn sent_by(&self, holder: DivisionCode) -> Option<DivisionCode> {
        let mut steps = self.steps.iter().rev();
        steps
            .find(|step| step.by != holder && step.act.sent_to().is_some())
            .map(|step| step.by)
    }

    /// Whether `division` ever sent it away deliberately.
    pub fn was_sent_by(&self, division: DivisionCode) -> bool {
        self.steps
            .iter()
            .any(|step| step.by == division && step.act.sent_to().is_some())
    }

    /// The neighbour over whose link it left `division` last. In a tree it comes back only there.
    pub fn left_by(&self, division: DivisionCode, tree: &Tree) -> Option<DivisionCode> {
        let mut steps = self.steps.iter().rev().filter(|step| step.by == division);
        let bound_for = steps.find_map(|step| step.act.bound_for())?;
        tree.next_hop(division, bound_for)
    }

    /// Whether these are two states of one matter, not two matters under one number.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.id == other.id
            && self.visibility == other.visibility
            && self.about == other.about
            && self.responsible == other.responsible
            && self.suite == other.suite
            && self.body == other.body
    }

    /// Whether this can be a later state of `earlier`: the same subject, and nothing recorded is
    /// rewritten unless an ancestor seated it anew.
    pub fn continues(&self, earlier: &Self) -> bool {
        let reseated = self.version.cv.term > earlier.version.cv.term;
        self.is_same_as(earlier) && (reseated || self.steps.starts_with(&earlier.steps))
    }

    /// Whether it is a complaint about `division` or something above it, which must not get it.
    pub fn concerns(&self, division: DivisionCode, tree: &Tree) -> bool {
        self.about
            .is_some_and(|about| tree.contains(about, division))
    }

    /// Commitments of the body and of every remark.
    pub fn commitments(&self) -> impl Iterator<Item = Digest> + '_ {
        std::iter::once(self.body).chain(self.steps.iter().filter_map(|step| step.note))
    }
}

/// An erasable object apart from envelopes: what a person wrote, or a remark of an office.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    /// How protected it is.
    pub class: Class,
    /// 128 random bits; without them the commitment says nothing about the text.
    pub salt: [u8; 16],
    /// The text, at most [`Body::MOST_BYTES`].
    pub text: String,
}

impl Body {
    /// Longest text in bytes.
    pub const MOST_BYTES: usize = 48 * 1024;

    /// What stands for it in envelopes and logs.
    pub fn commitment(&self, suite: Suite) -> Digest {
        suite.digest(&[b"wujitong/body/1", &self.salt, self.text.as_bytes()])
    }
}

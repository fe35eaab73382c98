//! Envelopes: everything that travels between nodes. Escalations, notices, requests, templates,
//! adoption and figures all go through one pipe as envelopes.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{
    category::Priority,
    ids::{Epoch, EpochId},
    matter::Matter,
    request::{Answer, Ask},
    revocation::Revocation,
    rollup::CellReport,
    template::{AdoptionReport, Scope, Template},
};

/// The longest envelope, in bytes. Bodies travel beside it.
pub const MOST_BYTES: usize = 48 * 1024;

/// Priority class on a link. Lanes do not block each other.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Lane {
    /// Overtakes everything.
    Emergency,
    /// Transfers of custody.
    Matter,
    /// Notices, requests, answers, templates.
    Notice,
    /// Figures and adoption.
    Figures,
}

impl Lane {
    /// All lanes, most urgent first.
    pub const ALL: [Self; 4] = [Self::Emergency, Self::Matter, Self::Notice, Self::Figures];

    /// Returns the lane in which a transfer of this priority travels.
    pub const fn of(priority: Priority) -> Self {
        match priority {
            Priority::Emergency => Self::Emergency,
            Priority::Normal | Priority::Urgent => Self::Matter,
        }
    }

    /// Returns the index of the lane; 0 is the most urgent.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Returns the lane with this index; `None` from 4 on.
    pub fn from_index(index: usize) -> Option<Self> {
        Self::ALL.get(index).copied()
    }

    /// Returns the name used in metrics and tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Emergency => "emergency",
            Self::Matter => "matter",
            Self::Notice => "notice",
            Self::Figures => "figures",
        }
    }
}

/// The addressee of an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Destination {
    /// One division.
    Division(DivisionCode),
    /// Every division in a scope below a division.
    Scope(Scope),
}

/// The place of an envelope among those of its author: the order of its epoch, then its issue count. A
/// later envelope has the greater stamp. It is read off the envelope and never out of its payload, so
/// that nobody can name the greatest one.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Stamp(pub u64, pub u64);

/// The order of an envelope among others of its author.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Order {
    /// A count without gaps, from 1, within (author, epoch, destination, lane).
    Sequence(u64),
    /// The envelope replaces an older one with the same key. It is never counted.
    Replaces {
        /// The subject on which it is the latest word, at most 64 bytes.
        key: Bytes,
    },
}

/// The content of an envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// A transfer of custody over one link.
    Give {
        /// The matter at the proposed version.
        matter: Box<Matter>,
        /// The matter's final destination.
        bound_for: DivisionCode,
    },
    /// The holder's word on the state of a matter.
    Notice(Box<Matter>),
    /// A request to the holder.
    Ask(Ask),
    /// The answer to a request.
    Answer(Answer),
    /// A template in one version.
    Template(Box<Template>),
    /// The adoption of a template in a child's subtree.
    Adoption(AdoptionReport),
    /// One cell of the figures of a child's subtree.
    Cell(CellReport),
    /// Word that every cell of the author's new epoch was sent; cells of older epochs are to be
    /// forgotten.
    CellsComplete,
    /// A revocation of a key, which no longer counts.
    Revocation(Box<Revocation>),
    /// A matter that went over this link, as the author knows it, for a neighbour whose store went back
    /// in time.
    Shown(Box<Matter>),
    /// Word that the author begins to show, or has shown, all such matters.
    Showing(Showing),
    /// A kind this binary does not know. Relays carry it unopened.
    Unknown(u32),
}

impl Payload {
    /// Returns the name used in logs and metrics.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Give { .. } => "give",
            Self::Notice(_) => "notice",
            Self::Ask(_) => "ask",
            Self::Answer(_) => "answer",
            Self::Template(_) => "template",
            Self::Adoption(_) => "adoption",
            Self::Cell(_) => "cell",
            Self::CellsComplete => "cells-complete",
            Self::Revocation(_) => "revocation",
            Self::Shown(_) => "shown",
            Self::Showing(_) => "showing",
            Self::Unknown(_) => "unknown",
        }
    }

    /// Returns the key of the subject on which it is the latest word; `None` for kinds of which not
    /// only the latest counts.
    pub fn replaces(&self) -> Option<Vec<u8>> {
        match self {
            Self::Notice(matter) => Some(matter.id.to_bytes().to_vec()),
            Self::Template(template) => Some(template.key.to_bytes()),
            Self::Adoption(report) => Some(report.key.to_bytes()),
            Self::Cell(report) => Some(report.key.to_bytes()),
            Self::Revocation(revocation) => Some(revocation.slot().to_vec()),
            Self::Give { .. }
            | Self::Ask(_)
            | Self::Answer(_)
            | Self::CellsComplete
            | Self::Shown(_)
            | Self::Showing(_)
            | Self::Unknown(_) => None,
        }
    }

    /// Stamps the payload, if its kind keeps a stamp, with that of the envelope that carries it.
    pub fn date(&mut self, by: Stamp) {
        match self {
            Self::Template(template) => template.stamp = by,
            Self::Adoption(report) => report.stamp = by,
            Self::Cell(report) => report.stamp = by,
            Self::Revocation(revocation) => revocation.stamp = by,
            Self::Give { .. }
            | Self::Notice(_)
            | Self::Ask(_)
            | Self::Answer(_)
            | Self::CellsComplete
            | Self::Shown(_)
            | Self::Showing(_)
            | Self::Unknown(_) => {}
        }
    }
}

/// Word that the author begins to show, or has shown, a neighbour whose store began a new life what
/// went between the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Showing {
    /// The neighbour's life to which it is shown.
    pub life: EpochId,
    /// The stamp after which nothing that the author said was heard in a life before that one.
    pub since: Stamp,
    /// Whether everything was shown; false at the beginning.
    pub all: bool,
}

/// A payload that a decision wants sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The division it is for, neighbour or not.
    pub to: DivisionCode,
    /// Its lane.
    pub lane: Lane,
    /// Its content.
    pub payload: Payload,
}

/// One signed message of one division.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The division that says it.
    pub author: DivisionCode,
    /// The life of the author's store in which it was said.
    pub epoch: Epoch,
    /// Count over everything the author issued in this epoch, from 1. It grows, with gaps allowed, and
    /// shows a neighbour that the author's store went back in time.
    pub issue: u64,
    /// Its addressee.
    pub destination: Destination,
    /// Its lane.
    pub lane: Lane,
    /// Its order among others of the author.
    pub order: Order,
    /// Its content.
    pub payload: Payload,
}

impl Envelope {
    /// Returns its place among the author's envelopes.
    pub fn stamp(&self) -> Stamp {
        Stamp(self.epoch.order, self.issue)
    }
}

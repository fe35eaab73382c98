//! Envelopes: everything that travels between nodes. Escalations, notices, requests, templates,
//! adoption and figures are all envelopes in one pipe.

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

/// Longest envelope in bytes. Bodies travel beside it.
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

    /// The lane a transfer of this priority travels in.
    pub const fn of(priority: Priority) -> Self {
        match priority {
            Priority::Emergency => Self::Emergency,
            Priority::Normal | Priority::Urgent => Self::Matter,
        }
    }

    /// 0 for the most urgent.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The lane of an index; `None` from 4 on.
    pub fn from_index(index: usize) -> Option<Self> {
        Self::ALL.get(index).copied()
    }

    /// The name in metrics and tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Emergency => "emergency",
            Self::Matter => "matter",
            Self::Notice => "notice",
            Self::Figures => "figures",
        }
    }
}

/// Whom an envelope is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Destination {
    /// One division.
    Division(DivisionCode),
    /// Everything in a scope below a division.
    Scope(Scope),
}

/// How late an envelope is among those of its author: the order of its epoch, then its issue count. It
/// is read off the envelope and never out of it, so that nobody names the greatest one.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Stamp(pub u64, pub u64);

/// How an envelope stands among others of its author.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Order {
    /// Dense count, from 1, within (author, epoch, destination, lane).
    Sequence(u64),
    /// Takes the place of an older one with the same key. Never counted.
    Replaces {
        /// What it is the latest word on, at most 64 bytes.
        key: Bytes,
    },
}

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// Custody of a matter, over one link.
    Give {
        /// The matter in the version proposed.
        matter: Box<Matter>,
        /// The end of its way.
        bound_for: DivisionCode,
    },
    /// The holder's word on a matter.
    Notice(Box<Matter>),
    /// A request to the holder.
    Ask(Ask),
    /// The answer to a request.
    Answer(Answer),
    /// A template in one version.
    Template(Box<Template>),
    /// What became of a template in a child's subtree.
    Adoption(AdoptionReport),
    /// Figures of a child's subtree.
    Cell(CellReport),
    /// Every cell of the author's new epoch was sent; forget those of older epochs.
    CellsComplete,
    /// A key that does not count any more.
    Revocation(Box<Revocation>),
    /// What the author knows of a matter that went over this link: the other's store went back in time.
    Shown(Box<Matter>),
    /// The author begins to show, or has shown, all such matters.
    Showing(Showing),
    /// A kind this binary does not know. Relays carry it unopened.
    Unknown(u32),
}

impl Payload {
    /// The name in logs and metrics.
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

    /// What it is the latest word on, for kinds of which only the latest counts.
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

    /// Dates what is kept of it by the envelope that carries it.
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

/// That the author shows a neighbour, whose store began a new life, what went between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Showing {
    /// The life it is shown to.
    pub life: EpochId,
    /// Whatever the author said after this was never heard in a life before that one.
    pub since: Stamp,
    /// Whether everything was shown.
    pub all: bool,
}

/// What a decision wants sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The division it is for, near or far.
    pub to: DivisionCode,
    /// Its lane.
    pub lane: Lane,
    /// What is said.
    pub payload: Payload,
}

/// One signed utterance of one division.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// Who says it.
    pub author: DivisionCode,
    /// In which life of its store.
    pub epoch: Epoch,
    /// Count over everything the author issued in this epoch, from 1. Grows, with gaps allowed;
    /// shows a neighbour that the author's store went back in time.
    pub issue: u64,
    /// For whom.
    pub destination: Destination,
    /// Its lane.
    pub lane: Lane,
    /// Its place among others.
    pub order: Order,
    /// What is said.
    pub payload: Payload,
}

impl Envelope {
    /// How late it is.
    pub fn stamp(&self) -> Stamp {
        Stamp(self.epoch.order, self.issue)
    }
}

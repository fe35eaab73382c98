//! Envelopes: everything that travels between nodes. Escalations, notices, requests, templates,
//! adoption and figures all travel as envelopes.

use serde::{Deserialize, Serialize};
use topology::DivisionCode;

pub use super::address::{Destination, Lane, Order, Stamp};
use super::{
    disclosure::ComplianceReport,
    heads::{HeadAnswer, Rewritten, SaidHead},
    health::HealthReport,
    ids::{Epoch, EpochId},
    matter::Matter,
    request::{Answer, Request},
    revocation::{HeldLife, Revocation},
    rollup::CellReport,
    template::{AdoptionReport, Rollout, Template, TemplateList},
};

/// The longest envelope, in bytes. Bodies travel beside it.
pub const MOST_BYTES: usize = 48 * 1024;

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
    /// The holder's statement of a matter's state.
    Notice(Box<Matter>),
    /// A request to the holder.
    Request(Request),
    /// The answer to a request.
    Answer(Answer),
    /// A template in one version.
    Template(Box<Template>),
    /// A version of a template that a part of its scope takes first, and how that goes on.
    Rollout(Box<Rollout>),
    /// The current versions of an issuer's templates.
    TemplateList(Box<TemplateList>),
    /// The adoption of a template in a child's subtree.
    Adoption(AdoptionReport),
    /// How a child's subtree complied with what it has to make public, in a month.
    Compliance(Box<ComplianceReport>),
    /// How the nodes of a child's subtree are.
    Health(Box<HealthReport>),
    /// One cell of the figures of a child's subtree.
    Cell(Box<CellReport>),
    /// Says that every cell of the author's new epoch was sent; cells of older epochs are to be
    /// forgotten.
    CellsComplete,
    /// A revocation: a key no longer counts.
    Revocation(Box<Revocation>),
    /// A matter that went over this link, for a neighbour whose store went back in time.
    Shown(Box<Matter>),
    /// Says that the author begins to show, or has shown, all such matters.
    Showing(Showing),
    /// The head of the author's public log.
    Head(Box<SaidHead>),
    /// What a division above says about a head.
    Countersignature(Box<HeadAnswer>),
    /// The evidence that the public log of a child of the author contradicts itself.
    Rewritten(Box<Rewritten>),
    /// A kind that this program does not know. Relays forward it unopened.
    Unknown(u32),
}

impl Payload {
    /// Returns the name used in logs and metrics.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Give { .. } => "give",
            Self::Notice(_) => "notice",
            Self::Request(_) => "ask",
            Self::Answer(_) => "answer",
            Self::Template(_) => "template",
            Self::Rollout(_) => "rollout",
            Self::TemplateList(_) => "template-list",
            Self::Adoption(_) => "adoption",
            Self::Compliance(_) => "compliance",
            Self::Health(_) => "health",
            Self::Cell(_) => "cell",
            Self::CellsComplete => "cells-complete",
            Self::Revocation(_) => "revocation",
            Self::Shown(_) => "shown",
            Self::Showing(_) => "showing",
            Self::Head(_) => "head",
            Self::Countersignature(_) => "countersignature",
            Self::Rewritten(_) => "rewritten",
            Self::Unknown(_) => "unknown",
        }
    }

    /// Returns the key of the subject on which this is the latest statement; `None` for kinds of
    /// which every envelope counts.
    pub fn replaces(&self) -> Option<Vec<u8>> {
        match self {
            Self::Notice(matter) => Some(matter.id.to_bytes().to_vec()),
            Self::Template(template) => Some(template.key.to_bytes()),
            Self::Rollout(rollout) => Some(rollout.template.key.to_bytes()),
            Self::TemplateList(list) => Some(list.issuer.as_u64().to_be_bytes().to_vec()),
            Self::Adoption(report) => Some(report.key.to_bytes()),
            Self::Compliance(report) => Some(report.key.to_bytes()),
            Self::Health(_) => Some(HealthReport::key()),
            Self::Cell(report) => Some(report.key.to_bytes()),
            Self::Revocation(revocation) => Some(revocation.slot().to_vec()),
            Self::Head(head) => Some(head.log.to_vec()),
            Self::Countersignature(answer) => Some(answer.log.to_vec()),
            Self::Rewritten(evidence) => Some(evidence.log.to_vec()),
            Self::Give { .. }
            | Self::Request(_)
            | Self::Answer(_)
            | Self::CellsComplete
            | Self::Shown(_)
            | Self::Showing(_)
            | Self::Unknown(_) => None,
        }
    }

    /// Copies the stamp of the carrying envelope into the payload, if its kind keeps a stamp.
    pub fn date(&mut self, by: Stamp) {
        match self {
            Self::Template(template) => template.stamp = by,
            Self::Rollout(rollout) => rollout.template.stamp = by,
            Self::TemplateList(list) => list.stamp = by,
            Self::Adoption(report) => report.stamp = by,
            Self::Compliance(report) => report.stamp = by,
            Self::Health(report) => report.stamp = by,
            Self::Cell(report) => report.stamp = by,
            Self::Revocation(revocation) => revocation.stamp = by,
            Self::Give { .. }
            | Self::Notice(_)
            | Self::Request(_)
            | Self::Answer(_)
            | Self::CellsComplete
            | Self::Shown(_)
            | Self::Showing(_)
            | Self::Head(_)
            | Self::Countersignature(_)
            | Self::Rewritten(_)
            | Self::Unknown(_) => {}
        }
    }
}

/// Says that the author begins to show, or has shown, what went between it and a neighbour. The
/// neighbour's store began a new life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Showing {
    /// The life of the neighbour to which it is shown.
    pub life: EpochId,
    /// The stamp after which nothing of the author was heard before that life.
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
    /// The division that signs it.
    pub author: DivisionCode,
    /// The life of the author's store in which it was made.
    pub epoch: Epoch,
    /// Count over everything that the author issued in this epoch, from 1. It grows, possibly with
    /// gaps, and shows a neighbour that the author's store went back in time.
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
    /// Returns whether this envelope still counts if it was signed with a revoked key: it is at or before
    /// the position that the parent had, by its sequence if it is in a flow, by its issue count if not.
    pub fn counts_despite(&self, revocation: &Revocation) -> bool {
        let of_life = |life: &&HeldLife| life.epoch == self.epoch.id;
        let Some(life) = revocation.lives.iter().find(of_life) else {
            return false;
        };
        match self.order {
            Order::Replaces { .. } => self.issue <= life.issue,
            Order::Sequence(sequence) => life.flows.iter().any(|flow| {
                flow.destination == self.destination
                    && flow.lane == self.lane
                    && sequence <= flow.through
            }),
        }
    }

    /// Returns its place among the author's envelopes.
    pub fn stamp(&self) -> Stamp {
        Stamp(self.epoch.order, self.issue)
    }
}

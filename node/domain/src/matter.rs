//! A matter (事项): what everybody on its path may know of it. Codes and state only; what a person
//! wrote is a separate body, named here by its commitment.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tree};

use super::{
    category::{Category, Class, Priority, Visibility},
    clock::Clocks,
    ids::MatterId,
    request::{AskId, Voice},
    suite::{Digest, Suite},
    time::Timestamp,
};

mod act;
mod body;
mod datum;
mod fold;
mod place;

pub use act::{
    Act, Appeal, Audience, BadDepartment, Department, Erasure, Ground, Outcome, Publicity, Reason,
    Satisfaction, Status, Target,
};
pub use body::{Body, Contact, Detail};
pub use datum::{Datum, UnknownDatum};
pub use fold::{Misfit, Sort, State};
pub use place::{BadPlace, Elsewhere, Place, Whither};

/// Grows at every give, take-back or refusal. `term` is raised only by an ancestor's signed
/// statement after the loss of a store; this version knows of none, so it is always 0.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
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
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
pub struct Version {
    /// Custody version.
    pub cv: CustodyVersion,
    /// Step within it.
    pub rev: u32,
}

/// How a matter came in.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
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
    /// What the matter is about from here on, and how urgent; of the report, and of what puts it into
    /// another category.
    pub sort: Option<Sort>,
    /// A remark of the office, kept apart as a body of class `public`.
    pub note: Option<Digest>,
    /// The request it follows, if somebody else asked for it. No request has its effect twice.
    pub ask: Option<AskId>,
    /// Who spoke, if somebody asked for it.
    pub voice: Option<Voice>,
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
    /// Commitment to the body that says who the reporter is, if that is known.
    pub contact: Option<Digest>,
    /// The bundle (一窗受理) it is a part of.
    pub part_of: Option<MatterId>,
    /// State of the work.
    pub status: Status,
    /// Version of everything here.
    pub version: Version,
    /// Who holds it, or who is handing it over while `transit` is set.
    pub holder: DivisionCode,
    /// The neighbour it is being handed to.
    pub transit: Option<DivisionCode>,
    /// What is to be done by when.
    pub clocks: Clocks,
    /// Every step so far.
    pub steps: Vec<Step>,
}

/// 复查 and 复核: a matter is reviewed twice at most (信访工作条例, art. 35 and 36).
pub const MOST_REVIEWS: usize = 2;

impl Matter {
    /// Adds a step, and makes of the state what the step says.
    ///
    /// # Errors
    /// [`Misfit`] if it cannot follow; nothing changes.
    pub(crate) fn record(&mut self, step: Step) -> Result<(), Misfit> {
        let State {
            category,
            priority,
            status,
        } = self.state().after(&step)?;
        (self.category, self.priority, self.status) = (category, priority, status);
        self.version = step.version;
        self.steps.push(step);
        Ok(())
    }

    /// What its steps made of it.
    pub fn state(&self) -> State {
        State {
            category: self.category.clone(),
            priority: self.priority,
            status: self.status,
        }
    }

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
    /// What it sent itself, and was handed back or took back, changes nothing about that.
    pub fn sent_by(&self, holder: DivisionCode) -> Option<DivisionCode> {
        let (mut sender, mut sent) = (None, None);
        for step in &self.steps {
            if step.act.sent_to().is_some() {
                sent = Some(step);
            }
            let came = step.by == holder && matches!(step.act, Act::Take | Act::TakeBack);
            let handed_back =
                |sent: &&Step| matches!(sent.act, Act::Return(to) | Act::Yield(to) if to == holder);
            if let Some(sent) = sent.filter(|sent| came && sent.by != holder && !handed_back(sent))
            {
                sender = Some(sent.by);
            }
        }
        sender
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
            && self.channel == other.channel
            && self.class == other.class
            && self.visibility == other.visibility
            && self.about == other.about
            && self.responsible == other.responsible
            && self.suite == other.suite
            && self.body == other.body
            && self.contact == other.contact
            && self.part_of == other.part_of
    }

    /// Whether this can be a later state of `earlier`: the same subject, and nothing recorded is
    /// rewritten.
    pub fn continues(&self, earlier: &Self) -> bool {
        self.is_same_as(earlier)
            && self.steps.starts_with(&earlier.steps)
            && self.clocks.continues(&earlier.clocks)
    }

    /// Whether it is a complaint about `division` or something above it, which must not get it.
    pub fn concerns(&self, division: DivisionCode, tree: &Tree) -> bool {
        self.about
            .is_some_and(|about| tree.contains(about, division))
    }

    /// Commitments of the bodies and of every remark.
    pub fn commitments(&self) -> impl Iterator<Item = Digest> + '_ {
        self.papers()
            .chain(self.steps.iter().filter_map(|step| step.note))
    }

    /// Commitments of what the reporter handed in: only the holder sees it.
    pub fn papers(&self) -> impl Iterator<Item = Digest> + '_ {
        std::iter::once(self.body).chain(self.contact)
    }

    /// How protected the body behind a commitment is; `None` if this matter does not name it.
    pub fn class_of(&self, commitment: &Digest) -> Option<Class> {
        let is = |named: &Digest| named == commitment;
        match () {
            () if is(&self.body) => Some(self.class),
            () if self.contact.as_ref().is_some_and(is) => Some(Class::Personal),
            () => {
                let mut notes = self.steps.iter().filter_map(|step| step.note.as_ref());
                notes.any(is).then_some(Class::Public)
            }
        }
    }

    /// Commitments of what was erased: everything said before the last erasure.
    pub fn erased(&self) -> impl Iterator<Item = Digest> + '_ {
        let erasure = |step: &Step| matches!(step.act, Act::Erase(_));
        let through = self.steps.iter().rposition(erasure);
        let papers = self.papers().filter(move |_| through.is_some());
        let steps = &self.steps[..through.map_or(0, |at| at + 1)];
        papers.chain(steps.iter().filter_map(|step| step.note))
    }

    /// Whether everything ever said in this matter was erased.
    pub fn is_erased(&self) -> bool {
        self.erased().count() == self.commitments().count()
    }

    /// Matters that were closed as the same as this one.
    pub fn absorbed(&self) -> impl Iterator<Item = MatterId> + '_ {
        self.steps.iter().filter_map(|step| match step.act {
            Act::Absorb(other) => Some(other),
            _ => None,
        })
    }

    /// Where it was reported: here, and where those were that it absorbed.
    pub fn reporters(&self) -> BTreeSet<DivisionCode> {
        let absorbed = self.absorbed().map(|other| other.origin);
        absorbed.chain([self.id.origin]).collect()
    }

    /// Whether the second review (复核) was asked for: what it finds is final.
    pub fn is_in_last_review(&self) -> bool {
        self.appeals(Appeal::Review) >= MOST_REVIEWS
    }

    /// Whether a request had its effect.
    pub fn follows(&self, ask: AskId) -> bool {
        self.steps.iter().any(|step| step.ask == Some(ask))
    }

    /// How often somebody said that it is not for them.
    pub fn bounces(&self) -> usize {
        let bounced = |step: &&Step| matches!(step.act, Act::Return(_) | Act::Object(..));
        self.steps.iter().filter(bounced).count()
    }

    /// How often it was opened again for this reason.
    pub fn appeals(&self, appeal: Appeal) -> usize {
        let opened = |step: &&Step| step.act == Act::Reopen(appeal);
        self.steps.iter().filter(opened).count()
    }

    /// Who decided that `holder` must handle it (裁定), if that is how it came there.
    pub fn arbitrated(&self, holder: DivisionCode) -> Option<DivisionCode> {
        let mut steps = self.steps.iter().rev();
        let sent = steps.find(|step| step.by != holder && step.act.sent_to().is_some())?;
        (sent.act == Act::Arbitrate(holder)).then_some(sent.by)
    }

    /// To whom it was dispatched last in the division that holds it.
    pub fn dispatched(&self) -> Option<Target> {
        let own = |step: &&Step| step.version.cv == self.version.cv && step.by == self.holder;
        let mut steps = self.steps.iter().rev().filter(own);
        steps.find_map(|step| match step.act {
            Act::Dispatch(target) => Some(target),
            _ => None,
        })
    }

    /// When it was last closed; `None` while it is open.
    pub fn closed_at(&self) -> Option<Timestamp> {
        let mut steps = self.steps.iter().rev();
        let closing = steps.find(|step| matches!(step.act, Act::Close(_)))?;
        self.is_closed().then_some(closing.at)
    }

    /// Whether anybody may learn of it: its reporter agreed (`public`), and an official published it by
    /// answering for everybody. The one rule behind every list and search that the public sees.
    pub fn published(&self) -> bool {
        let answered = |step: &Step| step.act == Act::Reply(Publicity::Public);
        self.visibility == Visibility::Public && self.steps.iter().any(answered)
    }

    /// The parts of a bundle, with how each ended; `None` for those still open.
    pub fn parts(&self) -> Vec<(MatterId, Option<Outcome>)> {
        let mut parts: Vec<(MatterId, Option<Outcome>)> = vec![];
        for step in &self.steps {
            let (part, ended) = match step.act {
                Act::OpenPart(part) => (part, None),
                Act::EndPart(part, outcome) => (part, Some(outcome)),
                _ => continue,
            };
            match parts.iter_mut().find(|(known, _)| *known == part) {
                Some((_, last)) => *last = ended,
                None => parts.push((part, ended)),
            }
        }
        parts
    }
}

//! A matter (事项): the part of it that everybody on its path may know. It contains codes and state
//! only; the text that a person wrote is a separate body, named here by its commitment.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tree};

use super::{
    actor::Voice,
    category::{Category, Class, Priority, Visibility},
    clock::Clocks,
    ids::{MatterId, RequestId},
    suite::{Digest, Suite},
    time::Timestamp,
};

mod act;
mod body;
mod datum;
mod fold;
mod place;

pub use crate::department::{BadDepartment, Department, Target};
pub use act::{
    Act, ActName, Appeal, Audience, Ending, Erasure, Ground, Outcome, OutcomeName, Publicity,
    Reason, Satisfaction, Status, StatusName,
};
pub use body::{BadAddress, Body, Contact, Detail};
pub use datum::Datum;
pub use fold::{Misfit, Sort, State};
pub use place::{BadPlace, Elsewhere, Place, Whither};

/// Version of the custody of a matter. It grows with every give, take-back or refusal. Only an
/// ancestor's signed statement after the loss of a store raises `term`; this program knows no such
/// statement, so it is always 0.
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
    /// Number of such statements.
    pub term: u32,
    /// Changes of custody in this term.
    pub n: u32,
}

impl CustodyVersion {
    /// Returns the version after one more give.
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

topology::vocabulary! {
    /// How a matter came in.
    #[derive(Default, utoipa::ToSchema)]
    pub enum Channel: "channel" {
        Snapshot = 1, "snapshot", "随手拍", "a photo and a place";
        Mailbox = 2, "mailbox", "村民信箱", "a question in the mailbox";
        Service = 3, "service", "一窗受理", "the one-stop window";
        #[default]
        Grid = 4, "grid", "全民网格", "a grid worker";
        Hotline = 5, "hotline", "12345", "the hotline 12345";
        Sensor = 6, "sensor", "物联感知", "a machine";
        Paper = 7, "paper", "纸质表单", "a form handed in";
    }
}

impl Channel {
    /// Returns whether somebody without an account may report by it. The others are used by people
    /// and machines that the node knows.
    pub const fn is_open_to_everybody(self) -> bool {
        matches!(self, Self::Snapshot | Self::Mailbox | Self::Service)
    }
}

/// One step in the history of a matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Version of the matter after it.
    pub version: Version,
    /// Time by the acting division's clock.
    pub at: Timestamp,
    /// The acting division.
    pub by: DivisionCode,
    /// The act.
    pub act: Act,
    /// Category and urgency from here on; set for the report and for a step that changes the
    /// category.
    pub sort: Option<Sort>,
    /// Commitment to a remark of the office, a body of class `public`.
    pub note: Option<Digest>,
    /// The request that it carries out, if any. No request takes effect twice.
    pub request: Option<RequestId>,
    /// The speaker of that request, if any.
    pub voice: Option<Voice>,
}

/// The part of a matter that everybody on its path may know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matter {
    /// Its id.
    pub id: MatterId,
    /// The channel by which it came in.
    pub channel: Channel,
    /// Its category.
    pub category: Category,
    /// Its urgency.
    pub priority: Priority,
    /// Its visibility.
    pub visibility: Visibility,
    /// Class of protection of its body.
    pub class: Class,
    /// The division complained about, if the matter is `direct`.
    pub about: Option<DivisionCode>,
    /// The first receiver (首接责任), which stays responsible wherever the matter goes.
    pub responsible: DivisionCode,
    /// Algorithms of its commitments.
    pub suite: Suite,
    /// Commitment to the body.
    pub body: Digest,
    /// Commitment to the body with the reporter's contact, if that is known.
    pub contact: Option<Digest>,
    /// The bundle (一窗受理) it is part of, if any.
    pub part_of: Option<MatterId>,
    /// State of the work.
    pub status: Status,
    /// Version of the matter in this state.
    pub version: Version,
    /// The division that holds it, or that hands it over while `transit` is set.
    pub holder: DivisionCode,
    /// The neighbour it is being handed to.
    pub transit: Option<DivisionCode>,
    /// Its clocks.
    pub clocks: Clocks,
    /// Every step so far, oldest first; the first is the report.
    pub steps: Vec<Step>,
}

/// The most reviews of a matter: 复查 and 复核 (信访工作条例, art. 35 and 36).
pub const MOST_REVIEWS: usize = 2;

impl Matter {
    /// Adds a step and applies it to the state.
    ///
    /// # Errors
    /// [`Misfit`] if the step cannot follow; nothing changes then.
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

    /// Returns the state that its steps led to.
    pub fn state(&self) -> State {
        State {
            category: self.category.clone(),
            priority: self.priority,
            status: self.status,
        }
    }

    /// Returns the time of the report, or 0 if there are no steps.
    pub fn reported_at(&self) -> Timestamp {
        self.steps.first().map_or(Timestamp(0), |step| step.at)
    }

    /// Returns the time of the last step of a closed matter, which closed it or came later; `None` while
    /// it is open.
    pub fn closed_since(&self) -> Option<Timestamp> {
        let last = self.steps.last().filter(|_| self.is_closed());
        last.map(|step| step.at)
    }

    /// Returns whether the work on it has ended.
    pub const fn is_closed(&self) -> bool {
        matches!(self.status, Status::Closed(_))
    }

    /// Returns all divisions that acted on it.
    pub fn acted(&self) -> BTreeSet<DivisionCode> {
        self.steps.iter().map(|step| step.by).collect()
    }

    /// Returns the division that deliberately sent the matter held by `holder`. It sent it to
    /// `holder`, or past it until a relay was refused. A matter that `holder` sent away itself and
    /// got or took back does not change the answer.
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

    /// Returns whether `division` ever sent it away deliberately.
    pub fn was_sent_by(&self, division: DivisionCode) -> bool {
        self.steps
            .iter()
            .any(|step| step.by == division && step.act.sent_to().is_some())
    }

    /// Returns the neighbour over whose link it last left `division`; `None` if it never did. In a
    /// tree it can come back only over that link.
    pub fn left_by(&self, division: DivisionCode, tree: &Tree) -> Option<DivisionCode> {
        let mut steps = self.steps.iter().rev().filter(|step| step.by == division);
        let bound_for = steps.find_map(|step| step.act.bound_for())?;
        tree.next_hop(division, bound_for)
    }

    /// Returns whether these are two states of one matter and not two matters under one id.
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

    /// Returns whether this can be a later state of `earlier`: it is the same matter, and nothing
    /// recorded has changed.
    pub fn continues(&self, earlier: &Self) -> bool {
        self.is_same_as(earlier)
            && self.steps.starts_with(&earlier.steps)
            && self.clocks.continues(&earlier.clocks)
    }

    /// Returns whether it is a complaint about `division` or a division above it; `division` must
    /// not get it then.
    pub fn concerns(&self, division: DivisionCode, tree: &Tree) -> bool {
        self.about
            .is_some_and(|about| tree.contains(about, division))
    }

    /// Returns the commitments of its bodies and of every remark.
    pub fn commitments(&self) -> impl Iterator<Item = Digest> + '_ {
        self.papers()
            .chain(self.steps.iter().filter_map(|step| step.note))
    }

    /// Returns the commitments to what the reporter handed in, which only the holder sees.
    pub fn papers(&self) -> impl Iterator<Item = Digest> + '_ {
        std::iter::once(self.body).chain(self.contact)
    }

    /// Returns the class of the body behind a commitment; `None` if this matter does not name it.
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

    /// Returns the commitments of erased bodies: everything said up to the last erasure.
    pub fn erased(&self) -> impl Iterator<Item = Digest> + '_ {
        let erasure = |step: &Step| matches!(step.act, Act::Erase(_));
        let through = self.steps.iter().rposition(erasure);
        let papers = self.papers().filter(move |_| through.is_some());
        let steps = &self.steps[..through.map_or(0, |at| at + 1)];
        papers.chain(steps.iter().filter_map(|step| step.note))
    }

    /// Returns whether everything ever said in this matter was erased.
    pub fn is_erased(&self) -> bool {
        self.erased().count() == self.commitments().count()
    }

    /// Returns the matters that were closed as duplicates of this one.
    pub fn absorbed(&self) -> impl Iterator<Item = MatterId> + '_ {
        self.steps.iter().filter_map(|step| match step.act {
            Act::Absorb(other) => Some(other),
            _ => None,
        })
    }

    /// Returns the divisions where it was reported: its own origin and those of the absorbed
    /// matters.
    pub fn reporters(&self) -> BTreeSet<DivisionCode> {
        let absorbed = self.absorbed().map(|other| other.origin);
        absorbed.chain([self.id.origin]).collect()
    }

    /// Returns whether the second review (复核) was requested. The finding of that review is final.
    pub fn is_in_last_review(&self) -> bool {
        self.appeals(Appeal::Review) >= MOST_REVIEWS
    }

    /// Returns whether this request already took effect.
    pub fn follows(&self, request: RequestId) -> bool {
        self.steps.iter().any(|step| step.request == Some(request))
    }

    /// Returns the number of times that a division said that the matter is not for it: returns and
    /// objections.
    pub fn bounces(&self) -> usize {
        let bounced = |step: &&Step| matches!(step.act, Act::Return(_) | Act::Object(..));
        self.steps.iter().filter(bounced).count()
    }

    /// Returns the number of times that it was opened again for this reason.
    pub fn appeals(&self, appeal: Appeal) -> usize {
        let opened = |step: &&Step| step.act == Act::Reopen(appeal);
        self.steps.iter().filter(opened).count()
    }

    /// Returns the division that decided by arbitration (裁定) that `holder` must handle it; `None`
    /// if it came there in another way.
    pub fn arbitrated(&self, holder: DivisionCode) -> Option<DivisionCode> {
        let mut steps = self.steps.iter().rev();
        let sent = steps.find(|step| step.by != holder && step.act.sent_to().is_some())?;
        (sent.act == Act::Arbitrate(holder)).then_some(sent.by)
    }

    /// Returns the target of the last dispatch in the holding division under the current custody.
    pub fn dispatched(&self) -> Option<Target> {
        let own = |step: &&Step| step.version.cv == self.version.cv && step.by == self.holder;
        let mut steps = self.steps.iter().rev().filter(own);
        steps.find_map(|step| match step.act {
            Act::Dispatch(target) => Some(target),
            _ => None,
        })
    }

    /// Returns the time when it was last closed; `None` while it is open.
    pub fn closed_at(&self) -> Option<Timestamp> {
        let mut steps = self.steps.iter().rev();
        let closing = steps.find(|step| matches!(step.act, Act::Close(_)))?;
        self.is_closed().then_some(closing.at)
    }

    /// Returns whether anybody may see it: its reporter agreed (`public`), and an official
    /// published it with a public answer. Every public list and search uses this rule.
    pub fn published(&self) -> bool {
        let answered = |step: &Step| step.act == Act::Reply(Publicity::Public);
        self.visibility == Visibility::Public && self.steps.iter().any(answered)
    }

    /// Returns the bundle that it is a part of: opened as one, or joined to it later.
    pub fn bundle(&self) -> Option<MatterId> {
        let joined = self.steps.iter().find_map(|step| match step.act {
            Act::Join(bundle) => Some(bundle),
            _ => None,
        });
        self.part_of.or(joined)
    }

    /// Returns the parts of a bundle, each with its outcome; `None` for a part that is still open.
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

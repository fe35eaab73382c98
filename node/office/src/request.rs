//! By whom and how something is asked of an office.
//!
//! Where a request came from, which permission it uses, which version the caller saw, and under which key it may be
//! repeated belong into the very unit its decision becomes. A [`RequestContext`] is handed to whatever decides; one
//! of a neighbour's envelope or of a rule has only an actor.

use std::sync::{Arc, Mutex, PoisonError};

use domain::{
    actor::Actor,
    audit::{Subject, Whence},
    ids::MatterId,
    matter::{Body, Version},
    people::Permission,
    receipt::Opening,
    suite::{Digest, Suite},
};

use super::people::Token;

/// Who asks, and what their request brings along if it is one of a person.
#[derive(Clone, Debug)]
pub struct RequestContext {
    actor: Actor,
    request: Option<Arc<Request>>,
}

impl From<Actor> for RequestContext {
    fn from(actor: Actor) -> Self {
        let request = None;
        Self { actor, request }
    }
}

impl RequestContext {
    /// Returns the context of a request that somebody makes.
    pub const fn new(actor: Actor, request: Arc<Request>) -> Self {
        let request = Some(request);
        Self { actor, request }
    }

    /// Returns who asks.
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    pub(super) fn into_parts(self) -> (Actor, Option<Arc<Request>>) {
        (self.actor, self.request)
    }
}

/// One request on its way through the office.
#[derive(Debug)]
pub struct Request {
    /// From where.
    pub whence: Whence,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    deed: Permission,
    saw: Option<Saw>,
    once: Option<Once>,
    slip: Option<Token>,
    opening: Wanted,
    subject: Option<Subject>,
}

/// What opens the commitment to a report.
#[derive(Debug, Default)]
enum Wanted {
    #[default]
    No,
    Yes,
    Here(Box<Opening>),
}

/// The versions of a matter a caller goes by (`If-Match`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saw {
    /// Which matter.
    pub matter: MatterId,
    /// Any of these.
    pub versions: Vec<Version>,
}

/// Under which key a request may be repeated without being done twice (`Idempotency-Key`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Once {
    /// Digest of caller, route and key.
    pub key: Digest,
    /// Digest of what was handed in.
    pub body: Digest,
}

impl Request {
    /// A request made with one permission.
    pub fn new(whence: Whence, deed: Permission) -> Self {
        Self {
            whence,
            state: Mutex::new(State {
                deed,
                saw: None,
                once: None,
                slip: None,
                opening: Wanted::No,
                subject: None,
            }),
        }
    }

    /// What was found to be allowed.
    pub fn deed(&self) -> Permission {
        self.state().deed
    }

    /// It turned out to need this permission, which was found to be granted.
    pub fn turns_out(&self, deed: Permission) {
        self.state().deed = deed;
    }

    /// The first decision fails unless the matter is still as it was seen.
    #[must_use]
    pub fn that_saw(self, saw: Option<Saw>) -> Self {
        self.state().saw = saw;
        self
    }

    /// The first decision is remembered under this key, and fails if the key was used.
    #[must_use]
    pub fn done_once(self, once: Option<Once>) -> Self {
        self.state().once = once;
        self
    }

    /// The matter that is reported can be read and contested with this slip.
    pub fn hand_out(&self, slip: Token) {
        self.state().slip = Some(slip);
    }

    /// Whoever reports is to be given what opens the commitment to it.
    pub fn want_opening(&self) {
        self.state().opening = Wanted::Yes;
    }

    /// What opens the commitment to what was reported, if it was wanted.
    pub fn take_opening(&self) -> Option<Opening> {
        match std::mem::take(&mut self.state().opening) {
            Wanted::Here(opening) => Some(*opening),
            Wanted::No | Wanted::Yes => None,
        }
    }

    pub(super) fn note_opening(&self, matter: MatterId, suite: Suite, body: &Body) {
        let opening = &mut self.state().opening;
        if matches!(opening, Wanted::Yes) {
            *opening = Wanted::Here(Box::new(Opening::of(matter, suite, body)));
        }
    }

    /// What the decisions were about, once one was made.
    pub fn subject(&self) -> Option<Subject> {
        self.state().subject.clone()
    }

    pub(super) fn set_subject(&self, subject: Subject) {
        self.state().subject = Some(subject);
    }

    pub(super) fn take_saw(&self) -> Option<Saw> {
        self.state().saw.take()
    }

    pub(super) fn take_once(&self) -> Option<Once> {
        self.state().once.take()
    }

    pub(super) fn take_slip(&self) -> Option<Token> {
        self.state().slip.take()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // Every change is one assignment, so what a panic left behind is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

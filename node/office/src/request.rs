//! The context of a request to an office.
//!
//! The origin of a request, the permission that it uses, the version that the caller saw, and its
//! idempotency key belong into the same unit as the decision. Every decision receives a
//! [`RequestContext`]; that of a neighbour's envelope or of a rule has only an actor.

use std::sync::{Arc, Mutex, PoisonError};

use domain::{
    actor::Actor,
    audit::{Subject, Whence},
    ids::MatterId,
    matter::{Body, Version},
    people::{Device, Permission},
    receipt::Opening,
    suite::{Digest, Suite},
};

use crate::token::Token;

/// The actor, and the person's request if there is one.
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
    /// Builds the context of a person's request.
    pub const fn new(actor: Actor, request: Arc<Request>) -> Self {
        let request = Some(request);
        Self { actor, request }
    }

    /// Returns the actor.
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Returns the person's request.
    pub(super) fn request(&self) -> Option<&Request> {
        self.request.as_deref()
    }

    pub(super) fn into_parts(self) -> (Actor, Option<Arc<Request>>) {
        (self.actor, self.request)
    }
}

/// One request on its way through the office.
#[derive(Debug)]
pub struct Request {
    /// Its origin.
    pub whence: Whence,
    /// The program and machine that sent it, if they say what they are.
    pub device: Option<Device>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    permission: Permission,
    saw: Option<Saw>,
    idempotency: Option<IdempotencyKey>,
    slip: Option<Token>,
    draft: Option<Digest>,
    opening: Wanted,
    subject: Option<Subject>,
}

/// The opening of the commitment to a report.
#[derive(Debug, Default)]
enum Wanted {
    #[default]
    No,
    Yes,
    Here(Box<Opening>),
}

/// The versions of a matter that the caller accepts (`If-Match`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saw {
    /// The matter.
    pub matter: MatterId,
    /// The accepted versions.
    pub versions: Vec<Version>,
}

/// The idempotency key of a request (`Idempotency-Key`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// Digest of caller, route and key.
    pub key: Digest,
    /// Digest of the request body.
    pub body: Digest,
}

impl Request {
    /// Builds a request that uses one permission.
    pub fn new(whence: Whence, permission: Permission) -> Self {
        Self {
            whence,
            device: None,
            state: Mutex::new(State {
                permission,
                saw: None,
                idempotency: None,
                slip: None,
                draft: None,
                opening: Wanted::No,
                subject: None,
            }),
        }
    }

    /// Notes the program and machine that sent the request.
    #[must_use]
    pub fn with_device(mut self, device: Option<Device>) -> Self {
        self.device = device;
        self
    }

    /// Returns the permission that was granted.
    pub fn permission(&self) -> Permission {
        self.state().permission
    }

    /// Replaces the permission: the request needs this one, which was found to be granted.
    pub fn turns_out(&self, permission: Permission) {
        self.state().permission = permission;
    }

    /// Makes the first decision fail unless the matter still has an accepted version.
    #[must_use]
    pub fn that_saw(self, saw: Option<Saw>) -> Self {
        self.state().saw = saw;
        self
    }

    /// Records the first decision under this key; the decision fails if the key was used.
    #[must_use]
    pub fn idempotent(self, idempotency: Option<IdempotencyKey>) -> Self {
        self.state().idempotency = idempotency;
        self
    }

    /// Sets the slip with which the reported matter can be read and contested.
    pub fn hand_out(&self, slip: Token) {
        self.state().slip = Some(slip);
    }

    /// Names the draft whose photos the act takes.
    pub fn with_photos_of(&self, draft: &Token) {
        self.hand_in(draft.digest(Suite::Ed25519Blake3));
    }

    /// Sets the draft, by the digest of its key, that the report makes a matter.
    pub(super) fn hand_in(&self, draft: Digest) {
        self.state().draft = Some(draft);
    }

    /// Requests the opening of the commitment to the report.
    pub fn want_opening(&self) {
        self.state().opening = Wanted::Yes;
    }

    /// Returns the opening of the commitment to the report, if it was requested.
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

    /// Returns the subject of the decisions, once one was made.
    pub fn subject(&self) -> Option<Subject> {
        self.state().subject.clone()
    }

    pub(super) fn set_subject(&self, subject: Subject) {
        self.state().subject = Some(subject);
    }

    pub(super) fn take_saw(&self) -> Option<Saw> {
        self.state().saw.take()
    }

    pub(super) fn take_idempotency_key(&self) -> Option<IdempotencyKey> {
        self.state().idempotency.take()
    }

    pub(super) fn take_draft(&self) -> Option<Digest> {
        self.state().draft.take()
    }

    pub(super) fn slip(&self) -> Option<Token> {
        self.state().slip
    }

    pub(super) fn take_reporter_token(&self) -> Option<Token> {
        self.state().slip.take()
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // Every change is one assignment, so the state is consistent even after a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

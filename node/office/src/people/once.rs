//! Requests that may be repeated without being done twice.
//!
//! What was done under a key stands in the unit that did it, and is deleted a day later. Of the answer
//! only what holds nothing personal and no secret is kept; any other is made anew from what it was
//! about.

use bytes::Bytes;
use domain::{audit::Subject, suite::Digest, time::Timestamp};
use serde::{Deserialize, Serialize};
use store::{Range, Transaction, record};

use super::PeopleError;
use crate::{Office, OfficeError, keys, request::Once, unit_of_work::UnitOfWork};

/// How long a key is remembered, in milliseconds.
const KEPT_MS: i64 = 24 * 3_600_000;
/// What is due is deleted by those who write something new, so many at a time.
const SWEPT: usize = 8;

/// What was done under a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// When.
    pub at: Timestamp,
    /// Digest of what was handed in.
    pub body: Digest,
    /// What it was about.
    pub subject: Option<Subject>,
    /// What was answered; absent if the process ended before it could be kept.
    pub answer: Option<Answer>,
}

domain::records!(Done);

/// An answer that is given again as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// JSON, if it is kept; else what it was about is shown as it is then.
    pub body: Option<Bytes>,
}

/// How a request with a key begins.
pub enum Begun<'a> {
    /// For the first time.
    First(InHand<'a>),
    /// It was done.
    Again(Box<Done>),
}

/// The right to do what a key names; others with the same key are told to wait.
pub struct InHand<'a> {
    office: &'a Office,
    once: Once,
}

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        let mut in_hand = self.office.people.in_hand.lock().expect("no holder panics");
        in_hand.remove(&self.once.key);
    }
}

impl Office {
    /// Begins a request with a key of repetition.
    ///
    /// # Errors
    /// [`PeopleError::KeyReused`] if something else was handed in under the key,
    /// [`PeopleError::InHand`] while the first is being done.
    pub async fn begin_once(&self, once: Once) -> Result<Begun<'_>, OfficeError> {
        {
            let mut in_hand = self.people.in_hand.lock().expect("no holder panics");
            if in_hand.insert(once.key, ()).is_some() {
                return Err(PeopleError::InHand.into());
            }
        }
        // From here on the place is given back however this ends.
        let first = InHand { office: self, once };
        let done: Option<Done> = self.fetch(&keys::once(&once.key)).await?;
        match done {
            Some(done) if done.body != once.body => Err(PeopleError::KeyReused.into()),
            Some(done) => Ok(Begun::Again(Box::new(done))),
            None => Ok(Begun::First(first)),
        }
    }
}

impl InHand<'_> {
    /// Keeps what was answered, beside that it was done. Not waited for: without it the answer is made
    /// anew.
    pub async fn answered(
        &self,
        subject: Option<Subject>,
        answer: Option<Answer>,
    ) -> Result<(), OfficeError> {
        let office = self.office;
        let mut view = office.dependencies.store.view(office.me);
        let key = keys::once(&self.once.key);
        let known = view.get(&key).await?;
        if known.is_some() && answer.is_none() {
            return Ok(());
        }
        let known: Option<Done> = known.map(|bytes| record::read(&bytes)).transpose()?;
        let now = office.now();
        let fresh = known.is_none();
        let mut done = known.unwrap_or(Done {
            at: now,
            body: self.once.body,
            subject,
            answer: None,
        });
        done.answer = answer;
        view.put(key.clone(), record::write(&done));
        if fresh {
            view.put(keys::due(Timestamp(now.0 + KEPT_MS), &key), Bytes::new());
        }
        let ticket = view.submit().await?;
        if fresh {
            ticket.durable().await?;
        }
        Ok(())
    }
}

/// Makes a decision the one done under a key; it is not taken if there was one before.
pub(super) async fn remember(unit: &mut UnitOfWork<'_>, once: Once) -> Result<(), OfficeError> {
    let key = keys::once(&once.key);
    if unit.view.get(&key).await?.is_some() {
        return Err(PeopleError::InHand.into());
    }
    let done = Done {
        at: unit.now,
        body: once.body,
        subject: unit.subject.clone(),
        answer: None,
    };
    unit.view.put(key.clone(), record::write(&done));
    let now = unit.now;
    delete_at(&mut unit.view, Timestamp(now.0 + KEPT_MS), &key);
    sweep(&mut unit.view, now).await
}

/// Has a record deleted at a time.
pub(super) fn delete_at(view: &mut Transaction, at: Timestamp, key: &[u8]) {
    view.put(keys::due(at, key), Bytes::new());
}

/// Deletes some of what is due.
pub(super) async fn sweep(view: &mut Transaction, now: Timestamp) -> Result<(), OfficeError> {
    let mut range = Range::prefix(keys::DUE);
    range.to = Some(keys::due(now, &[]));
    for (key, _) in view.scan(range, SWEPT, false).await? {
        view.delete(key.slice(keys::due(now, &[]).len()..));
        view.delete(key);
    }
    Ok(())
}

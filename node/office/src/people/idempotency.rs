//! Idempotency: requests that may be repeated without being done twice.
//!
//! The record of an idempotency key is part of the unit that did the work, and is deleted a day
//! later. An answer is stored only if it contains nothing personal and no secret; any other is
//! built again from its subject.

use domain::{audit::Subject, time::Timestamp};
use records::table::{Plain, Table, Tables};
use store::Transaction;

pub use crate::tables::people::{Answer, Done};
use crate::{
    Aborted, Failed, Fault, Office, RefusalReason, request::IdempotencyKey, services::People,
    tables, unit_of_work::UnitOfWork,
};

/// Time for which a key is remembered, in milliseconds.
const KEPT_MS: i64 = 24 * 3_600_000;
/// The number of expired keys that each new one deletes.
const SWEPT: usize = 8;

/// The beginning of a request with an idempotency key.
pub enum Begun<'a> {
    /// The key is new.
    First(InHand<'a>),
    /// The request was done.
    Replay(Box<Done>),
}

/// The exclusive right to a key; other requests with it are told to wait.
pub struct InHand<'a> {
    office: &'a Office,
    idempotency: IdempotencyKey,
}

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        let mut in_hand = self.office.people.in_hand.lock().expect("no holder panics");
        in_hand.remove(&self.idempotency.key);
    }
}

/// The refusal of an idempotency key that was used for another request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this Idempotency-Key was used for another request; use a new key for each new request")]
pub struct KeyReused;

impl RefusalReason for KeyReused {}

impl<'o> People<'o> {
    /// Begins a request with an idempotency key.
    ///
    /// # Errors
    /// [`KeyReused`] if the key was used with another request body,
    /// [`Aborted::InProgress`] while the first request is running.
    pub async fn begin_idempotent(
        self,
        idempotency: IdempotencyKey,
    ) -> Result<Begun<'o>, Failed<KeyReused>> {
        {
            let mut in_hand = self.people.in_hand.lock().expect("no holder panics");
            if in_hand.insert(idempotency.key, ()).is_some() {
                return Err(Aborted::InProgress.into());
            }
        }
        // From here on the key is released however this ends.
        let first = InHand {
            office: self.0,
            idempotency,
        };
        let done: Option<Done> = self.one::<tables::Idempotency>(&idempotency.key).await?;
        match done {
            Some(done) if done.body != idempotency.body => Err(KeyReused.into()),
            Some(done) => Ok(Begun::Replay(Box::new(done))),
            None => Ok(Begun::First(first)),
        }
    }
}

impl InHand<'_> {
    /// Stores the answer with the record of the key. Not awaited: without it the answer is built
    /// again.
    pub async fn answered(
        &self,
        subject: Option<Subject>,
        answer: Option<Answer>,
    ) -> Result<(), Fault> {
        let office = self.office;
        let mut view = office.tables();
        let key = self.idempotency.key;
        let known = view.expect::<tables::Idempotency>(&key).await?;
        if known.is_some() && answer.is_none() {
            return Ok(());
        }
        let now = office.now();
        let fresh = known.is_none();
        let mut done = known.unwrap_or(Done {
            at: now,
            body: self.idempotency.body,
            subject,
            answer: None,
        });
        done.answer = answer;
        view.put::<tables::Idempotency>(&key, &done);
        if fresh {
            delete_at::<tables::Idempotency>(&mut view, Timestamp(now.0 + KEPT_MS), &key);
        }
        let ticket = view.submit().await?;
        if fresh {
            ticket.durable().await?;
        }
        Ok(())
    }
}

/// Makes a decision the one done under a key; fails if there was one before.
pub(super) async fn remember(
    unit: &mut UnitOfWork<'_>,
    idempotency: IdempotencyKey,
) -> Result<(), Aborted> {
    let key = idempotency.key;
    if unit
        .view
        .expect::<tables::Idempotency>(&key)
        .await?
        .is_some()
    {
        return Err(Aborted::InProgress);
    }
    let done = Done {
        at: unit.now,
        body: idempotency.body,
        subject: unit.subject.clone(),
        answer: None,
    };
    unit.view.put::<tables::Idempotency>(&key, &done);
    let now = unit.now;
    delete_at::<tables::Idempotency>(&mut unit.view, Timestamp(now.0 + KEPT_MS), &key);
    Ok(sweep(&mut unit.view, now).await?)
}

/// Schedules the deletion of a record.
pub(super) fn delete_at<T: Table>(view: &mut Tables<Transaction>, at: Timestamp, key: &T::Key) {
    view.put::<tables::Deletions>(&(at, T::key(key)), &Plain::default());
}

/// Deletes some expired records.
pub(super) async fn sweep(view: &mut Tables<Transaction>, now: Timestamp) -> Result<(), Fault> {
    let due = tables::Deletions::all().until(&now);
    for (key, _) in view.scan(due, SWEPT).await? {
        view.delete::<tables::Deletions>(&key);
        let (_, target) = key;
        view.raw().delete(target);
    }
    Ok(())
}

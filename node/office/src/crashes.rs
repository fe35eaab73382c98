//! Envelopes on which this node crashed. The third crash on one refuses it, for ever.
//!
//! In the usual case nothing of this costs anything. A panic is caught, and only then counted. The
//! death of the process is noticed at the next start, because the mark of a running node was left
//! behind: what neighbours send again is then marked, one sync for a batch, before it is taken, until
//! everything that may have been in hand has come. Whatever a mark is left on is taken alone from then
//! on, and counted each time before it is taken.

use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use api::GivenUpLine;
use domain::{
    actor::Actor,
    authority::Neighbour,
    envelope::{Lane, Order},
    flow::Seen,
    suite::{Digest, Suite},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use store::{BATCH_KEYS, Range, Ticket, Transaction, record};
use topology::DivisionCode;
use wire::refusal::RefusalCode;

use super::{Office, OfficeError, Received, keys, turn::Turn, unit_of_work::UnitOfWork};

/// The crash that refuses an envelope.
pub(super) const LAST_CRASH: u8 = 3;
/// A mark nobody came back to is forgotten after so many milliseconds: 30 days.
const FORGOTTEN_MS: u64 = 30 * 24 * 60 * 60 * 1000;

/// How often an envelope was in hand when this node crashed, or may have been.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Crashed {
    /// Who says it.
    pub author: DivisionCode,
    /// What it says.
    pub kind: String,
    /// Its count among everything the author issued.
    pub issue: u64,
    /// Crashes; from the third on it is refused.
    pub times: u8,
    /// When it was last taken in hand.
    pub at: Timestamp,
}

domain::records!(Crashed);

impl Crashed {
    fn first(received: &Received, at: Timestamp) -> Self {
        let envelope = &received.envelope;
        Self {
            author: envelope.author,
            kind: envelope.payload.name().to_owned(),
            issue: envelope.issue,
            times: 1,
            at,
        }
    }

    /// Whether it is not taken in hand again.
    pub const fn is_given_up(&self) -> bool {
        self.times >= LAST_CRASH
    }
}

/// What the office suspects.
#[derive(Default)]
pub(super) struct Suspicion {
    /// The last run left its mark: the process died.
    wary: AtomicBool,
    /// How many envelopes of a neighbour are still marked, per lane.
    left: Mutex<HashMap<(DivisionCode, Lane), usize>>,
    any: AtomicBool,
    suspects: Mutex<HashMap<Digest, Crashed>>,
}

impl Suspicion {
    fn of(&self, name: &Digest) -> Option<Crashed> {
        let suspects = self.suspects.lock().expect("no holder panics");
        suspects.get(name).cloned()
    }

    fn note(&self, name: Digest, crashed: Crashed) {
        let mut suspects = self.suspects.lock().expect("no holder panics");
        suspects.insert(name, crashed);
        self.any.store(true, Ordering::Release);
    }

    fn clear(&self, name: &Digest) {
        let mut suspects = self.suspects.lock().expect("no holder panics");
        suspects.remove(name);
        self.any.store(!suspects.is_empty(), Ordering::Release);
    }

    /// Whether envelopes of this neighbour and lane are still to be marked.
    fn counts_down(&self, neighbour: DivisionCode, lane: Lane, by: usize, from: usize) -> bool {
        if !self.wary.load(Ordering::Acquire) {
            return false;
        }
        let mut left = self.left.lock().expect("no holder panics");
        let left = left.entry((neighbour, lane)).or_insert(from);
        let marks = *left > 0;
        *left = left.saturating_sub(by);
        marks
    }
}

/// Which envelopes of a batch are in hand, should the decision on them crash.
#[derive(Default)]
pub(super) struct InHand(AtomicUsize, AtomicUsize);

impl InHand {
    pub(super) fn are(&self, from: usize, to: usize) {
        self.0.store(from, Ordering::Relaxed);
        self.1.store(to, Ordering::Relaxed);
    }

    pub(super) fn of<'a>(&self, batch: &'a [Received]) -> &'a [Received] {
        let range = self.0.load(Ordering::Relaxed)..self.1.load(Ordering::Relaxed);
        batch.get(range).unwrap_or(batch)
    }
}

/// What stands for an envelope among suspects: the same bytes, the same name.
fn name(received: &Received) -> Digest {
    Suite::Ed25519Blake3.digest(&[b"wujitong/in-hand/1", &received.bytes])
}

impl Office {
    /// Begins a run: whether the last one ended well is known by the mark it left.
    pub(super) async fn begin_watch(&self, view: &mut Transaction) -> Result<(), OfficeError> {
        let died = view.peek(keys::RUNNING).await?.is_some();
        self.suspicion.wary.store(died, Ordering::Release);
        view.put(keys::RUNNING, record::write(&self.now()));
        let marks = Range::prefix(keys::CRASHES);
        for (key, bytes) in view.scan(marks, usize::MAX, false).await? {
            let crashed: Crashed = record::read(&bytes)?;
            let name = key.last_chunk::<32>();
            let name = *name.ok_or(record::RecordError::Damaged("mark of a crash"))?;
            if !crashed.is_given_up() && self.now().since(crashed.at) > FORGOTTEN_MS {
                view.delete(key);
                continue;
            }
            self.suspicion.note(name, crashed);
        }
        Ok(())
    }

    /// The run ends well: nothing is in hand. It need not be awaited; the store is closed after it.
    ///
    /// # Errors
    /// The store's; the next start is wary then.
    pub async fn retire(&self) -> Result<(), OfficeError> {
        let turn = self.turn().await;
        let mut view = turn.transaction();
        view.delete(keys::RUNNING);
        let _not_awaited = view.submit().await?;
        Ok(())
    }

    /// Envelopes that are not taken any more because this node crashed on each of them too often.
    pub fn given_up(&self) -> Vec<Crashed> {
        let suspects = self.suspicion.suspects.lock().expect("no holder panics");
        let mut given_up: Vec<_> = suspects
            .values()
            .filter(|crashed| crashed.is_given_up())
            .cloned()
            .collect();
        given_up.sort_by_key(|crashed| (crashed.author, crashed.issue));
        given_up
    }

    /// Whether this envelope was in hand at a crash.
    pub(super) fn suspect(&self, received: &Received) -> Option<Crashed> {
        if !self.suspicion.any.load(Ordering::Acquire) {
            return None;
        }
        self.suspicion.of(&name(received))
    }

    /// Marks a batch as in hand, if the process died with one like it. Durable when it returns.
    pub(super) async fn mark_batch(
        &self,
        neighbour: DivisionCode,
        batch: &[Received],
    ) -> Result<bool, OfficeError> {
        let Some(first) = batch.first() else {
            return Ok(false);
        };
        // What may have been in hand came within one window; twice that, since some come again.
        let from = self.dependencies.window.saturating_mul(2);
        let lane = first.envelope.lane;
        if !self
            .suspicion
            .counts_down(neighbour, lane, batch.len(), from)
        {
            return Ok(false);
        }
        let new: Vec<_> = batch.iter().filter(|r| self.suspect(r).is_none()).collect();
        let mut last = None;
        for some in new.chunks(BATCH_KEYS) {
            let mut view = self.dependencies.store.view(self.me);
            for received in some {
                let crashed = Crashed::first(received, self.now());
                view.put(keys::crash(&name(received)), record::write(&crashed));
            }
            last = Some(view.submit().await?);
        }
        if let Some(last) = last {
            last.durable().await?;
        }
        Ok(true)
    }

    /// Takes a suspect in hand once more. Durable when it returns.
    pub(super) async fn mark_again(
        &self,
        received: &Received,
        known: Crashed,
    ) -> Result<Crashed, OfficeError> {
        let again = Crashed {
            times: known.times.saturating_add(1),
            at: self.now(),
            ..known
        };
        self.mark(&[(received, again.clone())]).await?;
        Ok(again)
    }

    /// This node crashed on one of these, and caught itself. Durable when it returns.
    pub(super) async fn mark_crashed(&self, in_hand: &[Received]) -> Result<(), OfficeError> {
        if in_hand.is_empty() {
            return Ok(());
        }
        let marks: Vec<_> = in_hand
            .iter()
            .map(|received| (received, Crashed::first(received, self.now())))
            .collect();
        self.mark(&marks).await
    }

    async fn mark(&self, marks: &[(&Received, Crashed)]) -> Result<(), OfficeError> {
        let mut view = self.dependencies.store.view(self.me);
        for (received, crashed) in marks {
            let name = name(received);
            view.put(keys::crash(&name), record::write(crashed));
            self.suspicion.note(name, crashed.clone());
        }
        view.submit().await?.durable().await?;
        Ok(())
    }

    /// The outcome of an envelope on which this node crashes, recorded like any other.
    pub(super) async fn give_up(
        &self,
        (turn, from): (&Turn<'_>, Neighbour),
        received: &Received,
    ) -> Result<Ticket, OfficeError> {
        let mut unit = turn.begin(Actor::Peer(from.division())).await?;
        unit.refuse_as_crashed(from, received).await?;
        unit.submit().await
    }

    /// An envelope was taken after all.
    pub(super) fn clear(&self, received: &Received) {
        self.suspicion.clear(&name(received));
    }
}

impl UnitOfWork<'_> {
    /// The mark of an envelope goes in the unit that holds its outcome.
    pub(super) fn unmark(&mut self, received: &Received) {
        self.view.delete(keys::crash(&name(received)));
    }

    async fn refuse_as_crashed(
        &mut self,
        from: Neighbour,
        received: &Received,
    ) -> Result<(), OfficeError> {
        let envelope = &received.envelope;
        let Order::Sequence(sequence) = envelope.order else {
            // The mark itself stays, and answers when the same word comes again.
            return Ok(());
        };
        let flow = keys::flow(
            envelope.author,
            envelope.epoch.id,
            envelope.destination,
            envelope.lane,
        );
        let mut seen: Seen = self.read(&flow).await?.unwrap_or_default();
        if seen.record(sequence)? {
            self.refuse_give(from, envelope).await?;
            self.view.put(flow.clone(), record::write(&seen));
            self.view.put(
                keys::refused_envelope(&flow, sequence),
                record::write(&RefusalCode::Internal.code()),
            );
            tracing::error!(alarm = "envelope-given-up", division = %self.office.me,
                author = %envelope.author, kind = envelope.payload.name(), issue = envelope.issue,
                "this node crashed on it {LAST_CRASH} times");
        }
        Ok(())
    }
}

impl From<Crashed> for GivenUpLine {
    fn from(crashed: Crashed) -> Self {
        let Crashed {
            author,
            kind,
            issue,
            times,
            at,
        } = crashed;
        Self {
            author,
            kind,
            issue,
            times,
            at_ms: at.0,
        }
    }
}

#[cfg(test)]
mod tests;

//! Envelopes on which this node crashed. The third crash on one refuses it for ever.
//!
//! This costs nothing as long as nothing crashes. A panic is caught and counted. The death of the
//! process is noticed at the next start, because the mark of a running node was left behind.
//! Envelopes that neighbours then send again are marked before they are taken, one sync for a
//! batch, until everything that may have been in progress has arrived. A marked envelope is taken
//! alone from then on, and counted each time before it is taken.

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
    suite::{Digest, Suite},
    time::Timestamp,
};
use records::table::{Table, Tables};
use store::{BATCH_KEYS, Ticket, Transaction};
use topology::DivisionCode;
use wire::refusal::RefusalCode;

pub use crate::tables::inbox::Crashed;
use crate::{
    Failed, Fault, NotReceived, Received, services::Inbox, tables, turn::Turn,
    unit_of_work::UnitOfWork,
};

/// The number of crashes that refuses an envelope.
pub(crate) const LAST_CRASH: u8 = 3;
/// Milliseconds after which an unused mark is deleted: 30 days.
const FORGOTTEN_MS: u64 = 30 * 24 * 60 * 60 * 1000;

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

    /// Returns whether it is not taken again.
    pub const fn is_given_up(&self) -> bool {
        self.times >= LAST_CRASH
    }
}

/// The suspect envelopes of an office.
#[derive(Default)]
pub(crate) struct Suspicion {
    /// Whether the last run left its mark, because the process died.
    wary: AtomicBool,
    /// Number of envelopes that must still be marked, by neighbour and lane.
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

    /// Returns whether envelopes of this neighbour and lane must still be marked; counts `by` of
    /// them down.
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

/// The envelopes of a batch that are in progress, in case the decision on them crashes.
#[derive(Default)]
pub(crate) struct InHand(AtomicUsize, AtomicUsize);

impl InHand {
    pub(crate) fn are(&self, from: usize, to: usize) {
        self.0.store(from, Ordering::Relaxed);
        self.1.store(to, Ordering::Relaxed);
    }

    pub(crate) fn of<'a>(&self, batch: &'a [Received]) -> &'a [Received] {
        let range = self.0.load(Ordering::Relaxed)..self.1.load(Ordering::Relaxed);
        batch.get(range).unwrap_or(batch)
    }
}

/// Returns the name of an envelope among the suspects: the digest of its bytes.
fn name(received: &Received) -> Digest {
    Suite::Ed25519Blake3.digest(&[b"wujitong/in-hand/1", &received.bytes])
}

impl Inbox<'_> {
    /// Begins a run. The mark of the last run tells whether it ended well.
    pub(crate) async fn begin_watch(self, view: &mut Tables<Transaction>) -> Result<(), Fault> {
        let died = view.has::<tables::Running>(&()).await?;
        self.suspicion.wary.store(died, Ordering::Release);
        view.put::<tables::Running>(&(), &self.now());
        let marks = tables::Crashes::all();
        for (name, crashed) in view.scan(marks, usize::MAX).await? {
            if !crashed.is_given_up() && self.now().since(crashed.at) > FORGOTTEN_MS {
                view.delete::<tables::Crashes>(&name);
                continue;
            }
            self.suspicion.note(name, crashed);
        }
        Ok(())
    }

    /// Ends the run well, with nothing in progress. It need not be awaited, because the store is
    /// closed after it.
    ///
    /// # Errors
    /// The store's; then the next start marks envelopes.
    pub async fn retire(self) -> Result<(), Fault> {
        let turn = self.turn().await;
        let mut view = turn.transaction();
        view.delete::<tables::Running>(&());
        let _not_awaited = view.submit().await?;
        Ok(())
    }

    /// Returns the envelopes that are refused because this node crashed on each of them too often.
    pub fn given_up(self) -> Vec<Crashed> {
        let suspects = self.suspicion.suspects.lock().expect("no holder panics");
        let mut given_up: Vec<_> = suspects
            .values()
            .filter(|crashed| crashed.is_given_up())
            .cloned()
            .collect();
        given_up.sort_by_key(|crashed| (crashed.author, crashed.issue));
        given_up
    }

    /// Returns the record of this envelope if it was in progress at a crash.
    pub(crate) fn suspect(self, received: &Received) -> Option<Crashed> {
        if !self.suspicion.any.load(Ordering::Acquire) {
            return None;
        }
        self.suspicion.of(&name(received))
    }

    /// Marks a batch as in progress if the process died with a batch like it. Durable when it
    /// returns.
    pub(crate) async fn mark_batch(
        self,
        neighbour: DivisionCode,
        batch: &[Received],
    ) -> Result<bool, Fault> {
        let Some(first) = batch.first() else {
            return Ok(false);
        };
        // Everything that may have been in progress came within one window; twice that, because
        // some come again.
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
            let mut view = self.tables();
            for received in some {
                let crashed = Crashed::first(received, self.now());
                view.put::<tables::Crashes>(&name(received), &crashed);
            }
            last = Some(view.submit().await?);
        }
        if let Some(last) = last {
            last.durable().await?;
        }
        Ok(true)
    }

    /// Takes a suspect once more. Durable when it returns.
    pub(crate) async fn mark_again(
        self,
        received: &Received,
        known: Crashed,
    ) -> Result<Crashed, Fault> {
        let again = Crashed {
            times: known.times.saturating_add(1),
            at: self.now(),
            ..known
        };
        self.mark(&[(received, again.clone())]).await?;
        Ok(again)
    }

    /// Notes that this node panicked on one of these and caught it. Durable when it returns.
    pub(crate) async fn mark_crashed(self, in_hand: &[Received]) -> Result<(), Fault> {
        if in_hand.is_empty() {
            return Ok(());
        }
        let marks: Vec<_> = in_hand
            .iter()
            .map(|received| (received, Crashed::first(received, self.now())))
            .collect();
        self.mark(&marks).await
    }

    async fn mark(self, marks: &[(&Received, Crashed)]) -> Result<(), Fault> {
        let mut view = self.tables();
        for (received, crashed) in marks {
            let name = name(received);
            view.put::<tables::Crashes>(&name, crashed);
            self.suspicion.note(name, crashed.clone());
        }
        view.submit().await?.durable().await?;
        Ok(())
    }

    /// Records the outcome of an envelope on which this node crashes, like any other outcome.
    pub(crate) async fn give_up(
        self,
        (turn, from): (&Turn<'_>, Neighbour),
        received: &Received,
    ) -> Result<Ticket, Failed<NotReceived>> {
        let mut unit = turn.begin(Actor::Peer(from.division())).await?;
        unit.refuse_as_crashed(from, received).await?;
        Ok(unit.submit().await?)
    }

    /// Forgets a suspect that was taken after all.
    pub(crate) fn clear(self, received: &Received) {
        self.suspicion.clear(&name(received));
    }
}

impl UnitOfWork<'_> {
    /// Deletes the mark of an envelope in the unit that records its outcome.
    pub(crate) fn unmark(&mut self, received: &Received) {
        self.view.delete::<tables::Crashes>(&name(received));
    }

    async fn refuse_as_crashed(
        &mut self,
        from: Neighbour,
        received: &Received,
    ) -> Result<(), Failed<NotReceived>> {
        let envelope = &received.envelope;
        let Order::Sequence(sequence) = envelope.order else {
            // The mark itself stays, as the answer if the same envelope comes again.
            return Ok(());
        };
        let flow = (
            envelope.author,
            envelope.epoch.id,
            envelope.destination,
            envelope.lane,
        );
        let seen = self.view.get::<tables::Flows>(&flow).await?;
        let mut seen = seen.unwrap_or_default();
        if seen.record(sequence)? {
            self.refuse_give(from, envelope).await?;
            self.view.put::<tables::Flows>(&flow, &seen);
            let refused = RefusalCode::Internal.code();
            self.view
                .put::<tables::RefusedEnvelopes>(&(flow, sequence), &refused);
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

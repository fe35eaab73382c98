//! What neighbours bring. Each envelope has one outcome, recorded before it is acknowledged and the
//! same however often it arrives.

use std::{panic::AssertUnwindSafe, sync::Arc};

use bytes::Bytes;
use domain::{
    actor::Actor,
    authority::{Denied, Neighbour},
    category::Class,
    custody::{
        self, Decision, Docket, MOST_MORE_STEPS, MOST_STEPS, NoticeRefusal, Recollection, Standing,
        Taken,
    },
    envelope::{Destination, Envelope, Order, Payload},
    flow::Seen,
    ids::{Epoch, MatterId},
    matter::{CustodyVersion, Matter},
    request::{self, Answer, Ask, Asked, Heard, Next, Reply, Wish},
    revocation::Revocation,
    statement::Proof,
    suite::Digest,
};
use futures::FutureExt;
use store::{BATCH_KEYS, StoreError, Ticket, record};
use topology::DivisionCode;
use wire::refusal::RefusalCode;

use super::{
    Office, OfficeError,
    crashes::{Crashed, InHand},
    greet::PeerMemory,
    keys,
    sealing::{Arrived, named_bodies},
    turn::Turn,
    unit_of_work::UnitOfWork,
};

/// Keys one envelope may write, at most, in the usual case.
const KEYS_PER_ENVELOPE: usize = 14;

/// An envelope whose proof and signature were checked.
#[derive(Clone, Debug)]
pub struct Received {
    /// What it says.
    pub envelope: Envelope,
    /// Why the peer that brings it may not; `None` if it may.
    pub denied: Option<Denied>,
    /// The exact signed bytes.
    pub bytes: Bytes,
    /// Its author's proof.
    pub proof: Proof,
    /// Bodies that came beside it, opened, not yet compared with their commitments.
    pub bodies: Vec<Arrived>,
    /// W3C trace context.
    pub trace: Option<String>,
}

/// What became of an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It had its effect, now or before.
    Accepted,
    /// It was refused.
    Refused(RefusalCode),
}

/// Outcomes that are decided and not yet durable.
#[must_use = "nothing may be acknowledged before `durable` returns"]
pub struct Receipt {
    outcomes: Vec<Outcome>,
    tickets: Vec<Ticket>,
    revoked: Vec<Arc<Revocation>>,
}

impl Receipt {
    /// Waits for the disk; only then may the outcomes be told.
    pub async fn durable(self) -> Result<Vec<Outcome>, StoreError> {
        for ticket in self.tickets {
            ticket.durable().await?;
        }
        Ok(self.outcomes)
    }

    /// For how many envelopes there is an outcome.
    pub const fn taken(&self) -> usize {
        self.outcomes.len()
    }

    /// Keys that do not count any more, and did before.
    pub fn revoked(&self) -> &[Arc<Revocation>] {
        &self.revoked
    }
}

/// Envelopes that were taken together.
struct OneUnit {
    outcomes: Vec<Outcome>,
    revoked: Vec<Arc<Revocation>>,
    ticket: Ticket,
}

/// Which envelopes of the flows in one decision were seen.
#[derive(Default)]
struct Flows {
    seen: Vec<(Bytes, Seen)>,
    /// The lives in which the neighbour may have said something; none if it never greeted.
    lives: Vec<Epoch>,
}

impl Office {
    /// Takes envelopes of a neighbour in order. An error means there is no outcome: nothing is
    /// acknowledged, and they come again. The receipt has fewer outcomes than there are envelopes if
    /// there is no room to keep the next one for whom it is for; it, and those after it, are to be
    /// brought again when something has left.
    pub async fn receive(
        &self,
        from: Neighbour,
        batch: &[Received],
    ) -> Result<Receipt, OfficeError> {
        let turn = self.turn().await;
        let mut receipt = Receipt {
            outcomes: Vec::with_capacity(batch.len()),
            tickets: vec![],
            revoked: vec![],
        };
        let marked = self.mark_batch(from.division(), batch).await?;
        let mut rest = batch;
        while let Some(first) = rest.first().filter(|first| self.has_room(first)) {
            if self.holds_up(from, first).await? {
                break;
            }
            let taken = match self.suspect(first) {
                Some(crashed) => self.take_suspect((&turn, from), first, crashed).await?,
                None => {
                    let innocent = rest.iter().position(|one| self.suspect(one).is_some());
                    let some = &rest[..innocent.unwrap_or(rest.len())];
                    let in_hand = InHand::default();
                    let work = self.take_some((&turn, from), some, marked, &in_hand);
                    let Ok(taken) = AssertUnwindSafe(work).catch_unwind().await else {
                        self.dependencies.metrics.envelope_crashes.inc();
                        self.mark_crashed(in_hand.of(some)).await?;
                        return Err(OfficeError::Crashed);
                    };
                    taken?
                }
            };
            rest = &rest[taken.outcomes.len()..];
            receipt.outcomes.extend(taken.outcomes);
            receipt.revoked.extend(taken.revoked);
            receipt.tickets.push(taken.ticket);
        }
        drop(turn);
        let ends =
            |one: &Received| matches!(&one.envelope.payload, Payload::Showing(said) if said.all);
        if batch[..receipt.taken()].iter().any(ends) {
            self.go_on().await?;
        }
        Ok(receipt)
    }

    /// Takes as many as fit into one unit.
    async fn take_some(
        &self,
        (turn, from): (&Turn<'_>, Neighbour),
        some: &[Received],
        marked: bool,
        in_hand: &InHand,
    ) -> Result<OneUnit, OfficeError> {
        let metrics = &self.dependencies.metrics;
        let mut unit = turn.begin(Actor::Peer(from.division())).await?;
        let memory: Option<PeerMemory> = unit.read(&keys::peer(from.division())).await?;
        let mut flows = Flows {
            lives: memory.map(|memory| memory.lives).unwrap_or_default(),
            ..Flows::default()
        };
        let mut outcomes = vec![];
        let mut last_word = None;
        for (at, received) in some.iter().enumerate() {
            let is_full = unit.view.len() + KEYS_PER_ENVELOPE > BATCH_KEYS;
            if at > 0
                && (is_full || !self.has_room(received) || self.holds_up(from, received).await?)
            {
                break;
            }
            in_hand.are(at, at + 1);
            unit.trace.clone_from(&received.trace);
            let outcome = unit.take(from, received, &mut flows).await?;
            if matches!(outcome, Outcome::Refused(_)) {
                metrics.envelopes_refused.inc();
            }
            outcomes.push(outcome);
            if marked {
                unit.unmark(received);
            }
            // What does not count is no word of it: the real node would be held to have said it.
            let counts = !matches!(
                outcome,
                Outcome::Refused(RefusalCode::Superseded | RefusalCode::Revoked)
            );
            if counts && received.envelope.author == from.division() {
                last_word = Some(received);
            }
        }
        in_hand.are(0, outcomes.len());
        for (key, seen) in flows.seen {
            unit.view.put(key, record::write(&seen));
        }
        if let Some(received) = last_word {
            unit.remember(from.division(), received).await?;
        }
        Ok(OneUnit {
            outcomes,
            revoked: std::mem::take(&mut unit.revoked),
            ticket: unit.submit().await?,
        })
    }

    /// Takes alone what was in hand at a crash. After the last one it is refused.
    async fn take_suspect(
        &self,
        (turn, from): (&Turn<'_>, Neighbour),
        received: &Received,
        mut crashed: Crashed,
    ) -> Result<OneUnit, OfficeError> {
        if !crashed.is_given_up() {
            crashed = self.mark_again(received, crashed).await?;
            let in_hand = InHand::default();
            let work = self.take_some((turn, from), std::slice::from_ref(received), true, &in_hand);
            match AssertUnwindSafe(work).catch_unwind().await {
                Ok(taken) => {
                    self.clear(received);
                    return taken;
                }
                Err(_) if !crashed.is_given_up() => {
                    self.dependencies.metrics.envelope_crashes.inc();
                    return Err(OfficeError::Crashed);
                }
                Err(_) => self.dependencies.metrics.envelope_crashes.inc(),
            };
        }
        self.dependencies.metrics.envelopes_refused.inc();
        Ok(OneUnit {
            outcomes: vec![Outcome::Refused(RefusalCode::Internal)],
            revoked: vec![],
            ticket: self.give_up((turn, from), received).await?,
        })
    }
}

impl UnitOfWork<'_> {
    async fn take(
        &mut self,
        from: Neighbour,
        received: &Received,
        flows: &mut Flows,
    ) -> Result<Outcome, OfficeError> {
        let Envelope {
            author,
            epoch,
            destination,
            lane,
            ref order,
            ..
        } = received.envelope;
        // The refusal is not recorded: the revocation is, and the same words may come signed with the
        // key that takes the place of the revoked one.
        if !self.office.counts(received) {
            return Ok(Outcome::Refused(RefusalCode::Revoked));
        }
        // What is said in a life that was never greeted, or that another one took the place of, counts
        // nowhere: it would be believed that the neighbour went on from there.
        if author == from.division() && !flows.lives.is_empty() && !flows.lives.contains(&epoch) {
            return Ok(Outcome::Refused(RefusalCode::Superseded));
        }
        // Words of others that this peer may not carry leave no trace: they may come the right way.
        if let Some(denied) = received.denied.filter(|_| author != from.division()) {
            return Ok(Outcome::Refused(denied.into()));
        }
        let Order::Sequence(sequence) = *order else {
            return match received.denied {
                Some(denied) => {
                    self.set_denied_apart(from, received, denied).await?;
                    Ok(Outcome::Refused(denied.into()))
                }
                None => self.decide(from, received).await,
            };
        };
        let flow = keys::flow(author, epoch.id, destination, lane);
        let at = match flows.seen.iter().position(|(key, _)| *key == flow) {
            Some(at) => at,
            None => {
                let known: Option<Seen> = self.read(&flow).await?;
                if known.is_none() {
                    self.office.relay.remember(author);
                }
                let seen = known.unwrap_or_default();
                flows.seen.push((flow.clone(), seen));
                flows.seen.len() - 1
            }
        };
        if flows.seen[at].1.contains(sequence) {
            self.office.dependencies.metrics.envelopes_duplicate.inc();
            let refused: Option<u32> = self.read(&keys::refused_envelope(&flow, sequence)).await?;
            return Ok(refused.map_or(Outcome::Accepted, |code| {
                Outcome::Refused(RefusalCode::from_code(code))
            }));
        }
        let outcome = match received.denied {
            Some(denied) => {
                self.refuse_give(from, &received.envelope).await?;
                Outcome::Refused(denied.into())
            }
            None => self.decide(from, received).await?,
        };
        flows.seen[at].1.record(sequence)?;
        if let Outcome::Refused(code) = outcome {
            self.office.relay.remember(author);
            self.view.put(
                keys::refused_envelope(&flow, sequence),
                record::write(&code.code()),
            );
        }
        Ok(outcome)
    }

    /// The effect of an envelope. Its own subject version makes it idempotent; the flows above only
    /// save work.
    async fn decide(
        &mut self,
        from: Neighbour,
        received: &Received,
    ) -> Result<Outcome, OfficeError> {
        let here = received.envelope.destination == Destination::Division(self.office.me);
        let author = received.envelope.author;
        match &received.envelope.payload {
            Payload::Give { matter, bound_for } => {
                let span = tracing::info_span!("custody.take", division = %self.office.me,
                    matter = %matter.id, from = %from.division());
                if let Some(trace) = &received.trace {
                    telemetry::follow(&span, trace);
                }
                self.trace = telemetry::carry(&span, received.trace.as_deref());
                let taken = self
                    .take_give(from, matter, *bound_for, &received.bodies)
                    .await?;
                if matches!(taken, Outcome::Refused(_)) {
                    self.refuse_give(from, &received.envelope).await?;
                }
                return Ok(taken);
            }
            Payload::Notice(matter) => {
                let Some(bodies) = named_bodies(matter, &received.bodies) else {
                    return Ok(Outcome::Refused(RefusalCode::Malformed));
                };
                let bodies = match self.hear_notice(author, matter, &bodies).await? {
                    Ok(bodies) => bodies,
                    Err(refusal) => return Ok(Outcome::Refused(refusal.into())),
                };
                if here {
                    self.keep_word(matter, received).await?;
                } else {
                    self.carry(received, bodies).await?;
                }
            }
            Payload::Ask(ask) => {
                let Some(words) = self.keep_asked(ask, &received.bodies).await? else {
                    return Ok(Outcome::Refused(RefusalCode::Malformed));
                };
                if here {
                    self.hear_ask(*ask).await?;
                } else {
                    self.carry(received, words).await?;
                }
            }
            Payload::Answer(answer) if here => self.hear_answer(author, answer).await?,
            Payload::Shown(matter) => {
                if let Err(refusal) = self.hear_shown(from.division(), matter, received).await? {
                    return Ok(Outcome::Refused(refusal.into()));
                }
            }
            Payload::Showing(showing) => self.hear_showing(from.division(), showing).await?,
            Payload::Template(template) => self.hear_template(template, received).await?,
            Payload::Adoption(report) => self.hear_adoption(from.division(), report).await?,
            Payload::Cell(report) => {
                if let Err(refusal) = self.hear_cell(from.division(), report).await? {
                    return Ok(Outcome::Refused(refusal.into()));
                }
            }
            Payload::CellsComplete => {
                let order = received.envelope.epoch.order;
                self.complete_cells(from.division(), order).await?;
            }
            Payload::Revocation(revocation) => {
                let from = from.division();
                let new = self.hear_revocation(from, revocation, received).await?;
                self.revoked.extend(new);
            }
            Payload::Answer(_) | Payload::Unknown(_) => {
                self.carry(received, vec![]).await?;
            }
        }
        Ok(Outcome::Accepted)
    }

    async fn take_give(
        &mut self,
        from: Neighbour,
        matter: &Matter,
        bound_for: DivisionCode,
        bodies: &[Arrived],
    ) -> Result<Outcome, OfficeError> {
        let Some(bodies) = named_bodies(matter, bodies) else {
            return Ok(Outcome::Refused(RefusalCode::Malformed));
        };
        if self.takes_aside(matter).await? {
            return Ok(Outcome::Accepted);
        }
        let known = self.docket(matter.id).await?;
        let refused = self.refused(from, matter.id).await?;
        let incoming = custody::Incoming {
            from: from.division(),
            matter,
            bound_for,
        };
        let recollection = self.recollection(matter.id).await?;
        match custody::receive(
            known.as_ref(),
            refused,
            incoming,
            recollection,
            self.context(),
        ) {
            Taken::Already => Ok(Outcome::Accepted),
            Taken::Refused(reason) => Ok(Outcome::Refused(reason.into())),
            Taken::Now(decision) => {
                self.keep_taken(matter, &bodies).await?;
                let trace = self.trace.clone();
                self.follow(matter.id, trace);
                self.office.dependencies.metrics.custody_taken.inc();
                if let Some(given) = matter.steps.last() {
                    let hop = self.now.since(given.at) as f64 / 1000.0;
                    self.office.dependencies.metrics.hop_seconds.observe(hop);
                }
                self.apply(*decision).await?;
                self.be_sure(matter.id).await?;
                Ok(Outcome::Accepted)
            }
        }
    }

    /// From now on nothing up to this version is taken from this giver, which holds it again.
    pub(super) async fn refuse_give(
        &mut self,
        from: Neighbour,
        envelope: &Envelope,
    ) -> Result<(), OfficeError> {
        let Payload::Give { matter, .. } = &envelope.payload else {
            return Ok(());
        };
        let refused = self.refused(from, matter.id).await?;
        // No transfer that could ever be taken has a version beyond this.
        let most = CustodyVersion {
            term: 0,
            n: (MOST_STEPS + MOST_MORE_STEPS) as u32,
        };
        let through = refused.max(matter.version.cv.min(most));
        let key = keys::refused_give(from.division(), matter.id);
        self.view.put(key, record::write(&through));
        Ok(())
    }

    pub(super) async fn refused(
        &mut self,
        from: Neighbour,
        id: MatterId,
    ) -> Result<CustodyVersion, OfficeError> {
        let key = keys::refused_give(from.division(), id);
        Ok(self.read(&key).await?.unwrap_or_default())
    }

    /// Applies a notice; gives back the keys of the bodies that travel on with it.
    async fn hear_notice(
        &mut self,
        author: DivisionCode,
        matter: &Matter,
        bodies: &[(Digest, &Arrived)],
    ) -> Result<Result<Vec<Bytes>, NoticeRefusal>, OfficeError> {
        let known = self.docket(matter.id).await?;
        let recollection = self.recollection(matter.id).await?;
        let heard =
            custody::hear_notice(known.as_ref(), matter, author, recollection, self.context());
        let absorber = match heard {
            Ok(None) | Err(NoticeRefusal::NotBelow) if known.is_none() => {
                self.hear_of_absorber(author, matter).await?
            }
            _ => None,
        };
        let decision = match heard {
            _ if absorber.is_some() => absorber,
            Ok(decision) => decision,
            Err(refusal) => return Ok(Err(refusal)),
        };
        // Whoever speaks from beyond the neighbour has it from the neighbour.
        let was_giving = known.as_ref().is_some_and(Docket::is_giving);
        if decision.is_some() && was_giving {
            self.forget_papers(matter);
        }
        if decision.is_some() || known.is_none() {
            self.heed_erasure(matter).await?;
        }
        let carried = self.keep_heard(known.as_ref(), matter, bodies).await?;
        if let Some(decision) = decision {
            if recollection.asked {
                self.view.delete(keys::asked_to_see(matter.id));
            }
            self.apply(decision).await?;
        }
        Ok(Ok(carried))
    }

    /// What this node remembers of a matter beside its docket.
    pub(super) async fn recollection(&mut self, id: MatterId) -> Result<Recollection, OfficeError> {
        Ok(Recollection {
            lost: self.may_be_lost(id).await?,
            asked: self.view.peek(&keys::asked_to_see(id)).await?.is_some(),
        })
    }

    /// The first word about a matter that absorbed one reported here.
    async fn hear_of_absorber(
        &mut self,
        author: DivisionCode,
        matter: &Matter,
    ) -> Result<Option<Decision>, OfficeError> {
        for id in matter.absorbed().collect::<Vec<_>>() {
            if let Some(reported) = self.docket(id).await?
                && let Some(heard) =
                    custody::hear_of_absorber(&reported, matter, author, self.context())
            {
                return Ok(Some(heard));
            }
        }
        Ok(None)
    }

    /// Keeps the words that came beside a request; gives their key. `None` if they are not its own.
    async fn keep_asked(
        &mut self,
        ask: &Ask,
        bodies: &[Arrived],
    ) -> Result<Option<Vec<Bytes>>, OfficeError> {
        let body = match bodies {
            [] => return Ok(Some(vec![])),
            [Arrived::Open(body)] => body,
            _ => return Ok(None),
        };
        let own = Some(body.commitment(ask.suite)) == ask.note && body.class == Class::Public;
        if !own || body.text.len() > domain::matter::Body::MOST_BYTES {
            return Ok(None);
        }
        if self.is_past(ask).await? {
            return Ok(Some(vec![]));
        }
        let commitment = body.commitment(ask.suite);
        let key = self.keep_arrived(ask.matter, ask.suite, &commitment, &bodies[0]);
        Ok(Some(vec![key.await?]))
    }

    async fn hear_ask(&mut self, ask: Ask) -> Result<(), OfficeError> {
        let known = self.docket(ask.matter).await?;
        if let (Wish::Merge(into), Some(docket)) = (ask.wish, &known)
            && docket.standing == Standing::Holding
            && !docket.answered.contains(&ask.id)
        {
            let into_here = self.docket(into).await?;
            let absorbs =
                custody::check_absorbs(into_here.as_ref(), into, ask.matter, self.office.me);
            if absorbs.is_err() {
                let answer = Answer {
                    ask: ask.id,
                    matter: ask.matter,
                    reply: Reply::NotNow,
                };
                return self.send(custody::reply_to(ask.id.by, answer)).await;
            }
        }
        let answer = match request::hear_ask(known.as_ref(), ask, self.context()) {
            Heard::Repeated => return Ok(()),
            Heard::Parked(docket) => {
                if docket.awaits {
                    self.view.put(keys::learnt(ask.matter), record::write(&()));
                }
                self.put_docket(docket);
                return Ok(());
            }
            Heard::Answered(docket, answer) => {
                if let Some(docket) = docket {
                    self.put_docket(docket);
                }
                answer
            }
            Heard::Granted(decision, answer) => {
                self.apply(*decision).await?;
                answer
            }
        };
        self.send(custody::reply_to(ask.id.by, answer)).await
    }

    pub(super) async fn hear_answer(
        &mut self,
        from: DivisionCode,
        answer: &Answer,
    ) -> Result<(), OfficeError> {
        let docket = self.docket(answer.matter).await?;
        // Asked when nothing was known of it, answered when something may be.
        let unseen: Option<Asked> = self.read(&keys::ask(answer.ask)).await?;
        let Some(docket) = docket.filter(|_| unseen.is_none()) else {
            return self.hear_answer_unseen(unseen, from, answer).await;
        };
        let again = self.office.next_ask(self);
        match request::take_answer(&docket, from, answer, again, self.context()) {
            None => Ok(()),
            Some((decision, next)) => {
                tracing::info!(matter = %answer.matter, ?next, "recall answered");
                self.apply(decision).await
            }
        }
    }

    /// The answer to a request about a matter that never came here: the pointer is followed, or what
    /// became of it is logged.
    async fn hear_answer_unseen(
        &mut self,
        asked: Option<Asked>,
        from: DivisionCode,
        answer: &Answer,
    ) -> Result<(), OfficeError> {
        let next = request::hear_answer(asked.as_ref(), from, answer, self.context());
        let Some(Asked { ask: asked, .. }) = asked.filter(|_| next != Next::Ignore) else {
            return Ok(());
        };
        self.view.delete(keys::ask(answer.ask));
        if asked.wish == Wish::Supervise && answer.reply != Reply::Granted {
            self.view.delete(keys::asked_to_see(answer.matter));
        }
        match next {
            Next::Again(to, seen) => {
                let id = self.office.next_ask(self);
                self.ask_unseen(Ask { id, seen, ..asked }, to).await
            }
            _ => {
                tracing::info!(matter = %answer.matter, wish = ?asked.wish, ?next, "answered");
                Ok(())
            }
        }
    }
}

//! Receives envelopes of neighbours. Each envelope has one outcome, recorded before it is
//! acknowledged and the same however often it arrives.

use std::{panic::AssertUnwindSafe, sync::Arc};

use bytes::Bytes;
use domain::{
    actor::Actor,
    authority::{Denied, Neighbour},
    custody::{
        self, Decision, Docket, MOST_MORE_STEPS, MOST_STEPS, NoticeRefusal, Recollection, Taken,
    },
    envelope::{Destination, Envelope, Order, Payload},
    flow::{Seen, TooManyGaps},
    ids::{Epoch, MatterId},
    matter::{CustodyVersion, Matter},
    request::Request,
    revocation::Revocation,
    statement::Proof,
    suite::Digest,
};
use futures::FutureExt;
use store::{BATCH_KEYS, StoreError, Ticket};
use topology::DivisionCode;
use wire::refusal::RefusalCode;

use super::{
    crashes::{Crashed, InHand},
    greet::PeerMemory,
};
use crate::{
    Failed, Fault, RefusalReason,
    matters::sealing::{Arrived, SealingKeyFails, named_bodies},
    services::Inbox,
    tables::{self, FlowKey},
    turn::Turn,
    unit_of_work::UnitOfWork,
};

/// The most keys that one envelope usually writes.
const KEYS_PER_ENVELOPE: usize = 14;

/// An envelope whose proof and signature were checked.
#[derive(Clone, Debug)]
pub struct Received {
    /// Its content.
    pub envelope: Envelope,
    /// The reason why the peer may not bring it; `None` if it may.
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

/// The outcome of an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It took effect, now or before.
    Accepted,
    /// It was refused.
    Refused(RefusalCode),
}

/// The reason why envelopes get no outcome. They come again.
#[derive(Debug, thiserror::Error)]
pub enum NotReceived {
    /// The decision on one of them panicked.
    #[error("this node crashed on something from a neighbour, which comes again; see its log")]
    Crashed,
    /// A gap in a flow could not be remembered.
    #[error(transparent)]
    Gaps(#[from] TooManyGaps),
    /// The node's sealing key does not seal a text that came beside one.
    #[error(transparent)]
    SealingKey(#[from] SealingKeyFails),
}

impl RefusalReason for NotReceived {}

/// Outcomes that are decided and not yet durable.
#[must_use = "nothing may be acknowledged before `durable` returns"]
pub struct Receipt {
    outcomes: Vec<Outcome>,
    tickets: Vec<Ticket>,
    revoked: Vec<Arc<Revocation>>,
}

impl Receipt {
    /// Waits until the outcomes are durable; only then may they be sent.
    pub async fn durable(self) -> Result<Vec<Outcome>, StoreError> {
        for ticket in self.tickets {
            ticket.durable().await?;
        }
        Ok(self.outcomes)
    }

    /// Returns the number of envelopes with an outcome.
    pub const fn taken(&self) -> usize {
        self.outcomes.len()
    }

    /// Returns the revocations of keys that counted before.
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

/// The envelopes seen in the flows of one decision.
#[derive(Default)]
struct Flows {
    seen: Vec<(FlowKey, Seen)>,
    /// The lives in which the neighbour may have sent something; none if it never greeted.
    lives: Vec<Epoch>,
}

impl Inbox<'_> {
    /// Takes envelopes of a neighbour in order. After an error there is no outcome: nothing is
    /// acknowledged, and the envelopes come again. The receipt has fewer outcomes than there are
    /// envelopes if there is no room to keep the next one for its recipient; that one and those
    /// after it must be sent again when something has left.
    pub async fn receive(
        self,
        from: Neighbour,
        batch: &[Received],
    ) -> Result<Receipt, Failed<NotReceived>> {
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
                        return Err(NotReceived::Crashed.into());
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
        self,
        (turn, from): (&Turn<'_>, Neighbour),
        some: &[Received],
        marked: bool,
        in_hand: &InHand,
    ) -> Result<OneUnit, Failed<NotReceived>> {
        let metrics = &self.dependencies.metrics;
        let mut unit = turn.begin(Actor::Peer(from.division())).await?;
        let memory: Option<PeerMemory> = unit.view.get::<tables::Peers>(&from.division()).await?;
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
            // An envelope that does not count is not the author's word; otherwise the real node
            // would be held responsible for it.
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
            unit.view.put::<tables::Flows>(&key, &seen);
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

    /// Takes alone an envelope that was in progress at a crash. After the last crash it is refused.
    async fn take_suspect(
        self,
        (turn, from): (&Turn<'_>, Neighbour),
        received: &Received,
        mut crashed: Crashed,
    ) -> Result<OneUnit, Failed<NotReceived>> {
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
                    return Err(NotReceived::Crashed.into());
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
    ) -> Result<Outcome, Failed<NotReceived>> {
        let Envelope {
            author,
            epoch,
            destination,
            lane,
            ref order,
            ..
        } = received.envelope;
        // The refusal is not recorded: the revocation is, and the same content may come signed with
        // the key that replaces the revoked one.
        if !self.office.keys().counts(received) {
            return Ok(Outcome::Refused(RefusalCode::Revoked));
        }
        // An envelope of a life that was never greeted, or that was replaced, does not count:
        // otherwise the neighbour would seem to have continued from there.
        if author == from.division() && !flows.lives.is_empty() && !flows.lives.contains(&epoch) {
            return Ok(Outcome::Refused(RefusalCode::Superseded));
        }
        // Envelopes of others that this peer may not carry leave no record: they may come the right
        // way.
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
        let flow = (author, epoch.id, destination, lane);
        let at = self.flow_at(flow, flows).await?;
        if flows.seen[at].1.contains(sequence) {
            self.office.dependencies.metrics.envelopes_duplicate.inc();
            return Ok(self.outcome_before(flow, sequence).await?);
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
            self.view
                .put::<tables::RefusedEnvelopes>(&(flow, sequence), &code.code());
        }
        Ok(outcome)
    }

    /// Returns the position of a flow among those of this decision, and reads it if it is not among them yet.
    async fn flow_at(&mut self, flow: FlowKey, flows: &mut Flows) -> Result<usize, Fault> {
        if let Some(at) = flows.seen.iter().position(|(key, _)| *key == flow) {
            return Ok(at);
        }
        let known = self.view.get::<tables::Flows>(&flow).await?;
        if known.is_none() {
            self.office.relay.remember(flow.0);
        }
        flows.seen.push((flow, known.unwrap_or_default()));
        Ok(flows.seen.len() - 1)
    }

    /// Returns the outcome of an envelope that was taken before.
    async fn outcome_before(&mut self, flow: FlowKey, sequence: u64) -> Result<Outcome, Fault> {
        let refused = (flow, sequence);
        let refused = self.view.get::<tables::RefusedEnvelopes>(&refused).await?;
        Ok(refused.map_or(Outcome::Accepted, |code| {
            Outcome::Refused(RefusalCode::from_code(code))
        }))
    }

    /// Applies an envelope. Its own subject version makes it idempotent; the flows above only save
    /// work.
    async fn decide(
        &mut self,
        from: Neighbour,
        received: &Received,
    ) -> Result<Outcome, Failed<NotReceived>> {
        let here = received.envelope.destination == Destination::Division(self.office.me);
        let (neighbour, author) = (from.division(), received.envelope.author);
        let malformed = |_| RefusalCode::Malformed;
        let heard = match &received.envelope.payload {
            Payload::Give { matter, bound_for } => {
                return self.decide_give(from, matter, *bound_for, received).await;
            }
            Payload::Notice(matter) => self.decide_notice(matter, received, here).await?,
            Payload::Request(request) => self.decide_request(request, received, here).await?,
            Payload::Answer(answer) if here => Ok(self.hear_answer(author, answer).await?),
            Payload::Shown(matter) => self
                .hear_shown(neighbour, matter, received)
                .await?
                .map_err(RefusalCode::from),
            Payload::Showing(showing) => Ok(self.hear_showing(neighbour, showing).await?),
            Payload::Template(template) => Ok(self.hear_template(template, received).await?),
            Payload::Rollout(rollout) => Ok(self.hear_rollout(rollout, received).await?),
            Payload::TemplateList(list) => Ok(self.hear_list(list, received).await?),
            Payload::Adoption(report) => Ok(self.hear_adoption(neighbour, report).await?),
            Payload::Compliance(report) => Ok(self.hear_compliance(from, report).await?),
            Payload::Health(report) => Ok(self.hear_health(from, report).await?),
            Payload::Cell(report) => self
                .hear_cell(neighbour, report)
                .await?
                .map_err(RefusalCode::from),
            Payload::CellsComplete => {
                let order = received.envelope.epoch.order;
                Ok(self.complete_cells(neighbour, order).await?)
            }
            Payload::Revocation(revocation) => {
                let new = self
                    .hear_revocation(neighbour, revocation, received)
                    .await?;
                self.revoked.extend(new);
                Ok(())
            }
            Payload::Head(said) => {
                let heard = self.hear_head(said, received).await?.map_err(malformed);
                if heard.is_ok() && !here {
                    self.carry(received, vec![]).await?;
                }
                heard
            }
            Payload::Countersignature(answer) if here => self
                .hear_countersignature(answer, received)
                .await?
                .map_err(malformed),
            Payload::Rewritten(told) => self.hear_rewritten(told, author).await?.map_err(malformed),
            Payload::Answer(_) | Payload::Countersignature(_) | Payload::Unknown(_) => {
                Ok(self.carry(received, vec![]).await?)
            }
        };
        Ok(match heard {
            Ok(()) => Outcome::Accepted,
            Err(code) => Outcome::Refused(code),
        })
    }

    /// Takes or refuses a matter, in its trace.
    async fn decide_give(
        &mut self,
        from: Neighbour,
        matter: &Matter,
        bound_for: DivisionCode,
        received: &Received,
    ) -> Result<Outcome, Failed<NotReceived>> {
        let span = tracing::info_span!("custody.take", division = %self.office.me,
            matter = %matter.id, from = %from.division());
        if let Some(trace) = &received.trace {
            telemetry::follow(&span, trace);
        }
        self.trace = telemetry::carry(&span, received.trace.as_deref());
        let taken = self
            .take_give(from, matter, bound_for, &received.bodies)
            .await?;
        if matches!(taken, Outcome::Refused(_)) {
            self.refuse_give(from, &received.envelope).await?;
        }
        Ok(taken)
    }

    /// Applies a notice, and carries it on unless it is for this node.
    async fn decide_notice(
        &mut self,
        matter: &Matter,
        received: &Received,
        here: bool,
    ) -> Result<Result<(), RefusalCode>, Failed<NotReceived>> {
        let Some(bodies) = named_bodies(matter, &received.bodies) else {
            return Ok(Err(RefusalCode::Malformed));
        };
        let author = received.envelope.author;
        let bodies = match self.hear_notice(author, matter, &bodies).await? {
            Ok(bodies) => bodies,
            Err(refusal) => return Ok(Err(refusal.into())),
        };
        if here {
            let signed = (&received.bytes, &received.proof);
            self.keep_word(matter, author, signed).await?;
        } else {
            self.carry(received, bodies).await?;
        }
        Ok(Ok(()))
    }

    /// Applies a request, or carries it on if it is not for this node.
    async fn decide_request(
        &mut self,
        request: &Request,
        received: &Received,
        here: bool,
    ) -> Result<Result<(), RefusalCode>, Failed<NotReceived>> {
        let Some(words) = self.keep_asked(request, &received.bodies).await? else {
            return Ok(Err(RefusalCode::Malformed));
        };
        if here {
            self.hear_request(*request).await?;
        } else {
            self.carry(received, words).await?;
        }
        Ok(Ok(()))
    }

    async fn take_give(
        &mut self,
        from: Neighbour,
        matter: &Matter,
        bound_for: DivisionCode,
        bodies: &[Arrived],
    ) -> Result<Outcome, Failed<NotReceived>> {
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
                let kept = self.keep_taken(matter, &bodies).await;
                kept.map_err(Failed::widen)?;
                // Who only passes it on needs none of it.
                if bound_for == self.office.me {
                    self.keep_data_of(matter, &bodies).await?;
                }
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

    /// Records that nothing up to this version is taken from this giver any more. The giver holds
    /// the matter again.
    pub(crate) async fn refuse_give(
        &mut self,
        from: Neighbour,
        envelope: &Envelope,
    ) -> Result<(), Fault> {
        let Payload::Give { matter, .. } = &envelope.payload else {
            return Ok(());
        };
        let refused = self.refused(from, matter.id).await?;
        // No transfer that could ever be taken has a greater version.
        let most = CustodyVersion {
            term: 0,
            n: (MOST_STEPS + MOST_MORE_STEPS) as u32,
        };
        let through = refused.max(matter.version.cv.min(most));
        let key = (from.division(), matter.id);
        self.view.put::<tables::RefusedGives>(&key, &through);
        Ok(())
    }

    pub(crate) async fn refused(
        &mut self,
        from: Neighbour,
        id: MatterId,
    ) -> Result<CustodyVersion, Fault> {
        let refused = self
            .view
            .get::<tables::RefusedGives>(&(from.division(), id))
            .await?;
        Ok(refused.unwrap_or_default())
    }

    /// Applies a notice; returns the keys of the bodies that travel on with it.
    async fn hear_notice(
        &mut self,
        author: DivisionCode,
        matter: &Matter,
        bodies: &[(Digest, &Arrived)],
    ) -> Result<Result<Vec<Bytes>, NoticeRefusal>, Failed<NotReceived>> {
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
        // A division beyond the neighbour can only have the matter from the neighbour.
        let was_giving = known.as_ref().is_some_and(Docket::is_giving);
        if decision.is_some() && was_giving {
            self.forget_papers(matter);
        }
        if decision.is_some() || known.is_none() {
            self.heed_erasure(matter).await?;
        }
        let carried = self.keep_heard(known.as_ref(), matter, bodies).await;
        let carried = carried.map_err(Failed::widen)?;
        if let Some(decision) = decision {
            if recollection.asked {
                self.view.delete::<tables::AskedToSee>(&matter.id);
            }
            self.apply(decision).await?;
        }
        Ok(Ok(carried))
    }

    /// Returns what this node remembers of a matter besides its docket.
    pub(crate) async fn recollection(&mut self, id: MatterId) -> Result<Recollection, Fault> {
        Ok(Recollection {
            lost: self.may_be_lost(id).await?,
            asked: self.view.has::<tables::AskedToSee>(&id).await?,
        })
    }

    /// Applies the first notice about a matter that absorbed one reported here.
    async fn hear_of_absorber(
        &mut self,
        author: DivisionCode,
        matter: &Matter,
    ) -> Result<Option<Decision>, Fault> {
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
}

//! What neighbours bring. Each envelope has one outcome, recorded before it is acknowledged and the
//! same however often it arrives.

use bytes::Bytes;
use topology::DivisionCode;

use super::{
    Office, OfficeError,
    desk::{Carried, Desk},
    greet::PeerMemory,
    keys,
};
use crate::{
    domain::{
        actor::Actor,
        authority::{Denied, Neighbour},
        custody::{self, Taken},
        envelope::{Destination, Envelope, Order, Payload},
        flow::Seen,
        ids::MatterId,
        matter::{Body, CustodyVersion, Matter},
        request::{self, Answer, Ask, Heard},
        statement::Proof,
        suite::Digest,
    },
    outbox::queue::body_key,
    store::{BATCH_KEYS, StoreError, Ticket, record},
    telemetry,
    wire::refusal::RefusalCode,
};

/// Keys one envelope may write, at most, in the usual case.
const KEYS_PER_ENVELOPE: usize = 12;

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
    /// Bodies that came beside it, not yet compared with their commitments.
    pub bodies: Vec<Body>,
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
}

impl Receipt {
    /// Waits for the disk; only then may the outcomes be told.
    pub async fn durable(self) -> Result<Vec<Outcome>, StoreError> {
        for ticket in self.tickets {
            ticket.durable().await?;
        }
        Ok(self.outcomes)
    }
}

/// Which envelopes of the flows in one decision were seen.
#[derive(Default)]
struct Flows(Vec<(Bytes, Seen)>);

impl Office {
    /// Takes envelopes of a neighbour in order. An error means there is no outcome: nothing is
    /// acknowledged, and they come again.
    pub async fn receive(
        &self,
        from: Neighbour,
        batch: Vec<Received>,
    ) -> Result<Receipt, OfficeError> {
        let metrics = &self.supplies.metrics;
        let turn = self.turn.lock().await;
        let mut receipt = Receipt {
            outcomes: Vec::with_capacity(batch.len()),
            tickets: vec![],
        };
        let mut batch = batch.into_iter().peekable();
        while batch.peek().is_some() {
            let mut desk = self.desk(Actor::Peer(from.division())).await?;
            let mut flows = Flows::default();
            let mut last_word = None;
            while let Some(received) =
                batch.next_if(|_| desk.view.len() + KEYS_PER_ENVELOPE <= BATCH_KEYS)
            {
                desk.trace.clone_from(&received.trace);
                let outcome = desk.take(from, &received, &mut flows).await?;
                match outcome {
                    Outcome::Accepted => metrics.envelopes_received.inc(),
                    Outcome::Refused(_) => metrics.envelopes_refused.inc(),
                };
                receipt.outcomes.push(outcome);
                if received.envelope.author == from.division() {
                    last_word = Some(received);
                }
            }
            for (key, seen) in flows.0 {
                desk.view.put(key, record::write(&seen));
            }
            if let Some(received) = last_word {
                desk.remember(from.division(), received).await?;
            }
            receipt.tickets.push(desk.submit().await?);
        }
        drop(turn);
        Ok(receipt)
    }
}

impl Desk<'_> {
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
        // Words of others that this peer may not carry leave no trace: they may come the right way.
        if let Some(denied) = received.denied.filter(|_| author != from.division()) {
            return Ok(Outcome::Refused(denied.into()));
        }
        let Order::Sequence(sequence) = *order else {
            return match received.denied {
                Some(denied) => Ok(Outcome::Refused(denied.into())),
                None => self.decide(from, received).await,
            };
        };
        let flow = keys::flow(author, epoch.id, destination, lane);
        let at = match flows.0.iter().position(|(key, _)| *key == flow) {
            Some(at) => at,
            None => {
                let seen = self.read(&flow).await?.unwrap_or_default();
                flows.0.push((flow.clone(), seen));
                flows.0.len() - 1
            }
        };
        if flows.0[at].1.contains(sequence) {
            self.office.supplies.metrics.envelopes_duplicate.inc();
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
        flows.0[at].1.record(sequence)?;
        if let Outcome::Refused(code) = outcome {
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
                let Some(bodies) = self.named_bodies(matter, &received.bodies) else {
                    return Ok(Outcome::Refused(RefusalCode::Malformed));
                };
                let bodies = self.hear_notice(author, matter, &bodies).await?;
                if !here {
                    self.carry(received, bodies).await?;
                }
            }
            Payload::Ask(ask) if here => self.hear_ask(*ask).await?,
            Payload::Answer(answer) if here => self.hear_answer(answer).await?,
            Payload::Template(template) => self.hear_template(template, received).await?,
            Payload::Adoption(report) => self.hear_adoption(from.division(), report).await?,
            Payload::Cell(report) => self.hear_cell(from.division(), report).await?,
            Payload::CellsComplete => {
                let order = received.envelope.epoch.order;
                self.complete_cells(from.division(), order).await?;
            }
            Payload::Ask(_) | Payload::Answer(_) | Payload::Unknown(_) => {
                self.carry(received, vec![]).await?;
            }
        }
        Ok(Outcome::Accepted)
    }

    /// The bodies that a matter names, with their commitments. `None` if one is not named.
    fn named_bodies<'a>(
        &self,
        matter: &Matter,
        bodies: &'a [Body],
    ) -> Option<Vec<(Digest, &'a Body)>> {
        let commitments = bodies
            .iter()
            .map(|body| (body.commitment(matter.suite), body));
        let named = |(commitment, _): &(Digest, _)| matter.commitments().any(|c| c == *commitment);
        let named_bodies: Vec<_> = commitments.filter(named).collect();
        (named_bodies.len() == bodies.len()).then_some(named_bodies)
    }

    async fn take_give(
        &mut self,
        from: Neighbour,
        matter: &Matter,
        bound_for: DivisionCode,
        bodies: &[Body],
    ) -> Result<Outcome, OfficeError> {
        let Some(bodies) = self.named_bodies(matter, bodies) else {
            return Ok(Outcome::Refused(RefusalCode::Malformed));
        };
        let known = self.docket(matter.id).await?;
        let refused = self.refused(from, matter.id).await?;
        let incoming = custody::Incoming {
            from: from.division(),
            matter,
            bound_for,
        };
        let office = self.office;
        let tree = &office.supplies.tree;
        match custody::receive(known.as_ref(), refused, incoming, office.me, self.now, tree) {
            Taken::Already => Ok(Outcome::Accepted),
            Taken::Refused(reason) => Ok(Outcome::Refused(reason.into())),
            Taken::Now(decision) => {
                for (commitment, body) in bodies {
                    let key = body_key(matter.id, &commitment);
                    self.view.put(key, record::write(body));
                }
                let trace = self.trace.clone();
                self.follow(matter.id, trace);
                self.office.supplies.metrics.custody_taken.inc();
                if let Some(given) = matter.steps.last() {
                    let hop = self.now.since(given.at) as f64 / 1000.0;
                    self.office.supplies.metrics.hop_seconds.observe(hop);
                }
                self.apply(*decision).await?;
                Ok(Outcome::Accepted)
            }
        }
    }

    /// From now on nothing up to this version is taken from this giver, which holds it again.
    async fn refuse_give(
        &mut self,
        from: Neighbour,
        envelope: &Envelope,
    ) -> Result<(), OfficeError> {
        let Payload::Give { matter, .. } = &envelope.payload else {
            return Ok(());
        };
        let refused = self.refused(from, matter.id).await?;
        let through = refused.max(matter.version.cv);
        let key = keys::refused_give(from.division(), matter.id);
        self.view.put(key, record::write(&through));
        Ok(())
    }

    async fn refused(
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
        bodies: &[(Digest, &Body)],
    ) -> Result<Vec<Bytes>, OfficeError> {
        let known = self.docket(matter.id).await?;
        let office = self.office;
        let tree = &office.supplies.tree;
        let decision =
            custody::hear_notice(known.as_ref(), matter, author, office.me, self.now, tree);
        for (commitment, body) in bodies {
            self.view
                .put(body_key(matter.id, commitment), record::write(*body));
        }
        if let Some(decision) = decision {
            self.apply(decision).await?;
        }
        Ok(bodies
            .iter()
            .map(|(commitment, _)| body_key(matter.id, commitment))
            .collect())
    }

    async fn hear_ask(&mut self, ask: Ask) -> Result<(), OfficeError> {
        let known = self.docket(ask.matter).await?;
        let office = self.office;
        let tree = &office.supplies.tree;
        let answer = match request::hear_ask(known.as_ref(), ask, office.me, self.now, tree) {
            Heard::Repeated => return Ok(()),
            Heard::Parked(docket) => {
                self.put_docket(&docket);
                return Ok(());
            }
            Heard::Answered(docket, answer) => {
                if let Some(docket) = docket {
                    self.put_docket(&docket);
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

    async fn hear_answer(&mut self, answer: &Answer) -> Result<(), OfficeError> {
        let Some(docket) = self.docket(answer.matter).await? else {
            return Ok(());
        };
        let again = self.office.next_ask(self);
        match request::take_answer(&docket, answer, again, self.office.me) {
            None => Ok(()),
            Some((decision, next)) => {
                tracing::info!(matter = %answer.matter, ?next, "recall answered");
                self.apply(decision).await
            }
        }
    }

    /// Carries another author's envelope on, byte for byte.
    pub(super) async fn carry(
        &mut self,
        received: &Received,
        bodies: Vec<Bytes>,
    ) -> Result<(), OfficeError> {
        let Destination::Division(to) = received.envelope.destination else {
            return Ok(());
        };
        let Some(next) = self.office.supplies.tree.next_hop(self.office.me, to) else {
            return Ok(());
        };
        let carried = Carried {
            envelope: &received.envelope,
            bytes: &received.bytes,
            proof: Some(&received.proof),
            bodies,
        };
        self.queue(next, carried).await
    }

    /// Keeps the neighbour's latest words, to show it if its store ever goes back in time.
    async fn remember(
        &mut self,
        neighbour: DivisionCode,
        received: Received,
    ) -> Result<(), OfficeError> {
        let Received {
            envelope,
            bytes,
            proof,
            ..
        } = received;
        let key = keys::peer(neighbour);
        let mut memory: PeerMemory = self.read(&key).await?.unwrap_or_default();
        let epoch = envelope.epoch;
        let said = (epoch.order, envelope.issue);
        let later = |held: &super::greet::Held| (held.epoch.order, held.issue) >= said;
        if memory.held.as_ref().is_some_and(later) {
            return Ok(());
        }
        memory.held = Some(super::greet::Held {
            epoch,
            issue: envelope.issue,
            bytes,
            proof,
        });
        self.view.put(key, record::write(&memory));
        Ok(())
    }
}

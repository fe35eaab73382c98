//! One decision on its way: what was read, what will be written, what goes to whom.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use domain::{
    actor::Actor,
    alarm::AlarmKind,
    audit::Subject,
    category::Class,
    custody::{self, Context, Count, CustodyLimits, Decision, Docket},
    envelope::{Destination, Envelope, Lane, Order, Outgoing, Payload, Stamp},
    ids::MatterId,
    journal::{Entry, Fact},
    matter::{Act, Matter, Outcome, Status},
    policy::Policy,
    revocation::Revocation,
    rollup::{CellKey, Counters},
    seal::SealedBody,
    statement::Proof,
    suite::Digest,
    time::Timestamp,
};
use records::outbox::queue::{self, Queued, SlotEntry};
use store::{Ticket, Transaction, record};
use topology::DivisionCode;

use super::{
    Ledger, Office, OfficeError,
    changes::News,
    figures::Passing,
    keys,
    queues::Counts,
    relay,
    request::{Request, RequestContext},
    shelves::Move,
    turn::Turn,
};

/// A record of the outbox is closed when it reaches this many bytes.
const SEGMENT_BYTES: usize = 40 * 1024;

pub(super) struct UnitOfWork<'a> {
    /// Held until it is submitted or dropped; `None` in one of several in a turn, and in one that writes nothing.
    pub(super) turn: Option<Turn<'a>>,
    pub(super) office: &'a Office,
    pub(super) view: Transaction,
    pub(super) ledger: Ledger,
    pub(super) now: Timestamp,
    pub(super) actor: Actor,
    pub(super) trace: Option<String>,
    pub(super) policy: Arc<Policy>,
    terms: CustodyLimits,
    /// Whether a policy came into force by this decision; the next one follows it.
    pub(super) new_policy: bool,
    /// What a person's request brought along.
    pub(super) request: Option<Arc<Request>>,
    /// What the audit trail says it was about.
    pub(super) subject: Option<Subject>,
    /// What else the audit trail says.
    pub(super) detail: Option<String>,
    facts: Vec<Fact>,
    pub(super) figures: BTreeMap<CellKey, Counters>,
    /// Where matters lay that were read, and where those lie that are written.
    pub(super) moves: BTreeMap<MatterId, Move>,
    /// What dockets that were read and written say of children.
    pub(super) passing: BTreeMap<MatterId, Passing>,
    segments: BTreeMap<(DivisionCode, Lane), Vec<Queued>>,
    /// Segments this decision puts into outboxes, and those it removes.
    pub(super) queued: Counts,
    /// Keys this decision learns are revoked.
    pub(super) revoked: Vec<Arc<Revocation>>,
    pub(super) news: News,
    /// How many alarms of a kind stand after this decision more than before it.
    pub(super) alarms: Vec<(AlarmKind, i64)>,
}

/// An envelope of another author, to be carried on as it is.
pub(super) struct Carried<'a> {
    pub(super) envelope: &'a Envelope,
    pub(super) bytes: &'a Bytes,
    pub(super) proof: Option<&'a Proof>,
    /// Length of the bodies that came beside it.
    pub(super) beside: usize,
    /// Keys of the bodies that travel beside it.
    pub(super) bodies: Vec<Bytes>,
}

/// Keys of a matter's bodies, without the first few.
fn body_keys(matter: &Matter, skip: usize) -> Vec<Bytes> {
    let commitments = matter.commitments().skip(skip);
    commitments
        .map(|commitment| queue::body_key(matter.id, &commitment))
        .collect()
}

impl Office {
    /// Reads what a decision begins with. The caller has the turn, or writes nothing.
    pub(super) async fn unit(&self, by: RequestContext) -> Result<UnitOfWork<'_>, OfficeError> {
        let (actor, request) = by.into_parts();
        let mut view = self.dependencies.store.view(self.me);
        let ledger = view
            .get(keys::LEDGER)
            .await?
            .ok_or(record::RecordError::Damaged("ledger"))?;
        let policy = self.effective_policy(&mut view).await?;
        let mut unit = UnitOfWork {
            terms: policy.limits().terms(self.me.tier()),
            turn: None,
            policy,
            new_policy: false,
            office: self,
            view,
            ledger: record::read(&ledger)?,
            now: self.now(),
            request: request.filter(|_| actor.is_person()),
            actor,
            trace: None,
            subject: None,
            detail: None,
            facts: vec![],
            figures: BTreeMap::new(),
            moves: BTreeMap::new(),
            passing: BTreeMap::new(),
            segments: BTreeMap::new(),
            queued: Counts::new(),
            revoked: vec![],
            news: News::default(),
            alarms: vec![],
        };
        unit.check_seen().await?;
        Ok(unit)
    }
}

impl UnitOfWork<'_> {
    /// Where and when this decision is made.
    pub(super) fn context(&self) -> Context<'_> {
        Context {
            me: self.office.me,
            now: self.now,
            tree: &self.office.dependencies.tree,
            terms: self.terms,
            policy: &self.policy,
        }
    }

    pub(super) async fn read<T: domain::record::Record>(
        &mut self,
        key: &[u8],
    ) -> Result<Option<T>, OfficeError> {
        let bytes = self.view.peek(key).await?;
        Ok(bytes.map(|bytes| record::read(&bytes)).transpose()?)
    }

    /// The matter is as the caller saw it, if they said what they saw.
    async fn check_seen(&mut self) -> Result<(), OfficeError> {
        let Some(saw) = self.request.as_ref().and_then(|request| request.take_saw()) else {
            return Ok(());
        };
        match self.docket(saw.matter).await? {
            Some(docket) if !saw.versions.contains(&docket.matter.version) => {
                Err(OfficeError::Stale(saw.matter))
            }
            _ => Ok(()),
        }
    }

    pub(super) async fn docket(&mut self, id: MatterId) -> Result<Option<Docket>, OfficeError> {
        let mut docket: Option<Docket> = self.read(&keys::docket(id)).await?;
        if let Some(docket) = &mut docket {
            docket.awaits = self.awaits(id).await?;
        }
        self.news.saw(id, docket.as_ref());
        self.note_passed_before(id, docket.as_ref());
        if let Some(docket) = &docket {
            self.note_found(docket);
        }
        Ok(docket)
    }

    /// The trace a matter is part of, if it is part of one.
    pub(super) async fn trace_of(&mut self, id: MatterId) -> Result<Option<String>, OfficeError> {
        self.read(&keys::trace(id)).await
    }

    /// What this decision sends about a matter, and what is done with it later, is part of this
    /// trace.
    pub(super) fn follow(&mut self, id: MatterId, trace: Option<String>) {
        if let Some(trace) = &trace {
            self.view.put(keys::trace(id), record::write(trace));
        }
        self.trace = trace;
    }

    pub(super) fn put_docket(&mut self, mut docket: Docket) {
        let id = docket.matter.id;
        docket.awaits = false;
        let alarm = custody::next_moment(&docket, self.context());
        if docket.alarm != alarm {
            if let Some(past) = docket.alarm {
                self.view.delete(keys::alarm(past, id));
            }
            if let Some(at) = alarm {
                self.view.put(keys::alarm(at, id), record::write(&()));
            }
            docket.alarm = alarm;
        }
        self.rack(&docket.matter);
        self.note_put(&docket);
        self.note_passed_after(&docket);
        self.view.put(keys::docket(id), record::write(&docket));
        self.news.left(&docket.matter);
    }

    /// Length of all remarks on a matter that are here, as they lie in the store.
    pub(super) async fn notes_bytes(&mut self, matter: &Matter) -> Result<usize, OfficeError> {
        let mut bytes = 0;
        for note in matter.commitments().skip(matter.papers().count()) {
            let key = queue::body_key(matter.id, &note);
            if let Some(note) = self.read::<SealedBody>(&key).await? {
                bytes += note.bytes();
            }
        }
        Ok(bytes)
    }

    /// Writes what a decision changes, and queues what it sends.
    pub(super) async fn apply(&mut self, decision: Decision) -> Result<(), OfficeError> {
        let part = (decision.docket.matter.id, decision.docket.matter.part_of);
        let ended = match decision.docket.matter.status {
            Status::Closed(outcome) => Some(outcome),
            _ => None,
        };
        let merged = match ended {
            Some(Outcome::Merged(into)) if decision.facts.contains(&Count::Merged) => Some(into),
            _ => None,
        };
        self.apply_one(decision).await?;
        // What absorbs it says so in the same unit, and tells its reporter from now on.
        if let Some(into) = merged
            && let Some(into) = self.docket(into).await?
            && let Some(noted) = custody::absorb(into, part.0, self.context())
        {
            self.apply_one(noted).await?;
            self.subject = Some(Subject::Matter(part.0));
        }
        // The bundle learns in the same unit what became of its part, if it is here.
        let (part, Some(bundle)) = part else {
            return Ok(());
        };
        let Some(bundle) = self.docket(bundle).await? else {
            return Ok(());
        };
        match custody::end_part(bundle, part, ended, self.context()) {
            Some(noted) => self.apply_one(noted).await,
            None => Ok(()),
        }
    }

    async fn apply_one(&mut self, decision: Decision) -> Result<(), OfficeError> {
        let Decision {
            docket,
            sends,
            facts,
            left,
            day,
        } = decision;
        let matter = docket.matter.clone();
        self.put_docket(docket);
        let matter = &matter;
        self.note_answer(matter);
        self.subject = Some(Subject::Matter(matter.id));
        if let Some(Act::Erase(_)) = matter.steps.last().map(|step| step.act) {
            self.heed_erasure(matter).await?;
        }
        if facts.contains(&Count::Reported) {
            self.note_reporter(matter);
        }
        // What came true in another system is counted on its own day.
        let today = self.day();
        let day = day.map_or(today, |day| day.min(today));
        let counted_in = |count| match &left {
            Some(left) if count == Count::RecategorisedOut => left.clone(),
            _ => matter.category.clone(),
        };
        for count in facts {
            let cell = CellKey {
                acting: self.office.me,
                origin: matter.id.origin,
                category: counted_in(count),
                day,
            };
            let mut one = Counters::default();
            one.count(count);
            self.shift(cell, Counters::default(), one).await?;
            self.facts.push(Fact {
                count,
                matter: matter.id,
                category: counted_in(count),
                version: matter.version,
                day,
            });
        }
        for outgoing in sends {
            self.send(outgoing).await?;
        }
        Ok(())
    }

    fn day(&mut self) -> domain::time::Day {
        self.ledger.last_day = self.ledger.last_day.max(self.now.day());
        self.ledger.last_day
    }

    /// Queues something this node says.
    pub(super) async fn send(&mut self, outgoing: Outgoing) -> Result<(), OfficeError> {
        let Outgoing { to, lane, payload } = outgoing;
        let Some(next) = self.office.dependencies.tree.next_hop(self.office.me, to) else {
            return Ok(());
        };
        self.author(next, Destination::Division(to), lane, payload)
            .await
    }

    /// Queues something this node says, for one neighbour to take or carry on.
    pub(super) async fn author(
        &mut self,
        next: DivisionCode,
        destination: Destination,
        lane: Lane,
        payload: Payload,
    ) -> Result<(), OfficeError> {
        let envelope = self.envelope(destination, lane, payload).await?;
        let bytes = wire::encode_envelope(&envelope);
        let bodies = match &envelope.payload {
            Payload::Give { matter, .. } => body_keys(matter, 0),
            Payload::Notice(matter) => {
                let papers = matter.papers().count();
                body_keys(matter, papers)
            }
            // Only whoever has custody of it may read the rest.
            Payload::Shown(matter) => {
                let open = |one: &Digest| matter.class_of(one) == Some(Class::Public);
                let open = matter.commitments().filter(open);
                open.map(|one| queue::body_key(matter.id, &one)).collect()
            }
            Payload::Ask(ask) => {
                let words = ask.note.iter();
                words
                    .map(|note| queue::body_key(ask.matter, note))
                    .collect()
            }
            _ => vec![],
        };
        self.queue(
            next,
            Carried {
                envelope: &envelope,
                bytes: &bytes,
                proof: None,
                beside: 0,
                bodies,
            },
        )
        .await
    }

    /// Gives something this node says its place among everything it says.
    pub(super) async fn envelope(
        &mut self,
        destination: Destination,
        lane: Lane,
        mut payload: Payload,
    ) -> Result<Envelope, OfficeError> {
        self.ledger.issue += 1;
        let stamp = Stamp(self.ledger.epoch.order, self.ledger.issue);
        payload.date(stamp);
        let order = match payload.replaces() {
            Some(key) => Order::Replaces { key: key.into() },
            None => Order::Sequence(self.next_in_flow(destination, lane).await?),
        };
        Ok(Envelope {
            author: self.office.me,
            epoch: self.ledger.epoch,
            issue: self.ledger.issue,
            destination,
            lane,
            order,
            payload,
        })
    }

    pub(super) async fn next_in_flow(
        &mut self,
        destination: Destination,
        lane: Lane,
    ) -> Result<u64, OfficeError> {
        let flow = keys::own_flow(self.ledger.epoch.id, destination, lane);
        let last: u64 = self.read(&flow).await?.unwrap_or_default();
        self.view.put(flow, record::write(&(last + 1)));
        Ok(last + 1)
    }

    /// Puts an envelope into the outbox of a neighbour. A replaceable one takes the place of an
    /// older one that still waits.
    pub(super) async fn queue(
        &mut self,
        next: DivisionCode,
        carried: Carried<'_>,
    ) -> Result<(), OfficeError> {
        let relayed = relay::relayed(&carried);
        let Carried {
            envelope,
            bytes,
            proof,
            bodies,
            beside: _,
        } = carried;
        let give = match &envelope.payload {
            Payload::Give { matter, .. } => Some((matter.id, matter.version.cv)),
            _ => None,
        };
        let mut queued = Queued {
            bytes: bytes.clone(),
            proof: proof.cloned(),
            epoch: envelope.epoch.id,
            bodies,
            trace: self.trace.clone(),
            give,
            slot: None,
            relayed,
        };
        let lane = envelope.lane;
        let Order::Replaces { key } = &envelope.order else {
            self.office.relay.queued(next, &queued);
            self.segments.entry((next, lane)).or_default().push(queued);
            return Ok(());
        };
        let stamp = envelope.stamp();
        // A store that went back in time may know less of a matter than it said in the life before:
        // both words travel, and whoever they are for takes the one of the higher version.
        let key = match &envelope.payload {
            Payload::Notice(_) => [&envelope.epoch.id.0[..], key].concat().into(),
            _ => key.clone(),
        };
        let slot = queue::slot_key(
            next,
            lane,
            envelope.author,
            envelope.destination,
            envelope.payload.name(),
            &key,
        );
        if let Some(waiting) = self.read::<SlotEntry>(&slot).await? {
            if waiting.stamp >= stamp {
                return Ok(());
            }
            if queued.relayed.is_some() {
                let segment = queue::segment_key(next, lane, waiting.n);
                let older: Option<Vec<Queued>> = self.read(&segment).await?;
                let older = older.into_iter().flatten();
                self.office
                    .relay
                    .left(next, older.filter_map(|older| older.relayed));
            }
            self.remove_segment((next, lane), waiting.n).await?;
        }
        self.ledger.segment += 1;
        let n = self.ledger.segment;
        self.view
            .put(slot.clone(), record::write(&SlotEntry { n, stamp }));
        queued.slot = Some(slot);
        self.office.relay.queued(next, &queued);
        let segment = record::write_all(&[queued]);
        self.put_segment((next, lane), n, segment);
        self.segments.entry((next, lane)).or_default();
        Ok(())
    }

    /// Submits it, ends the turn, and waits until it is durable.
    pub(super) async fn commit(self) -> Result<(), OfficeError> {
        self.submit().await?.durable().await?;
        Ok(())
    }

    /// The same for what was written alone, without what follows from a decision.
    pub(super) async fn commit_bare(self) -> Result<(), OfficeError> {
        let Self { turn, view, .. } = self;
        let ticket = view.submit().await?;
        drop(turn);
        ticket.durable().await?;
        Ok(())
    }

    /// Everything of this decision becomes one unit. Neighbours are woken at once; they send
    /// nothing before it is durable.
    pub(super) async fn submit(mut self) -> Result<Ticket, OfficeError> {
        if !self.facts.is_empty() {
            self.ledger.journal += 1;
            let entry = Entry {
                at: self.now,
                day: self.ledger.last_day,
                actor: self.actor.clone(),
                facts: std::mem::take(&mut self.facts),
            };
            self.view
                .put(keys::journal(self.ledger.journal), record::write(&entry));
        }
        if self.new_policy {
            self.keep_categories();
        }
        self.shelve();
        self.deal_with_passed().await?;
        self.report_figures().await?;
        self.note_deed().await?;
        let told = self.tell_changes().await?;
        let segments = std::mem::take(&mut self.segments);
        let rung: Vec<DivisionCode> = segments.keys().map(|(neighbour, _)| *neighbour).collect();
        for (to, queued) in segments {
            let mut rest = queued.as_slice();
            while !rest.is_empty() {
                let mut bytes = 0;
                let fits = rest.iter().take_while(|queued| {
                    bytes += queued.bytes.len() + 200;
                    bytes <= SEGMENT_BYTES
                });
                let (segment, more) = rest.split_at(fits.count().max(1));
                self.ledger.segment += 1;
                self.put_segment(to, self.ledger.segment, record::write_all(segment));
                rest = more;
            }
        }
        self.view.put(keys::LEDGER, record::write(&self.ledger));
        let ticket = self.view.submit().await?;
        let shown = &self.office.dependencies.metrics.queued;
        self.office.queues.change(self.queued, shown);
        if self.new_policy {
            self.office.forget_policy();
        }
        for (kind, more) in self.alarms {
            let standing = &self.office.dependencies.metrics.alarms;
            standing.of(kind.code()).inc_by(more);
        }
        if told {
            self.office.listeners.ring();
        }
        for neighbour in rung {
            self.office.wakers.ring(neighbour);
        }
        Ok(ticket)
    }
}

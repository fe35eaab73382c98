//! One decision on its way: what was read, what will be written, what goes to whom.

use std::collections::BTreeMap;

use bytes::Bytes;
use topology::DivisionCode;

use super::{Ledger, Office, OfficeError, keys};
use crate::{
    domain::{
        actor::Actor,
        custody::{Decision, Docket},
        envelope::{Destination, Envelope, Lane, Order, Outgoing, Payload, Stamp},
        ids::MatterId,
        journal::{Entry, Fact},
        matter::{Body, Matter},
        rollup::{CellKey, CellReport, Counters},
        statement::Proof,
        suite::Suite,
        time::Timestamp,
    },
    outbox::queue::{self, Queued, SlotEntry},
    store::{Ticket, View, record},
    wire,
};

/// A record of the outbox is closed when it reaches this many bytes.
const SEGMENT_BYTES: usize = 40 * 1024;

pub(super) struct Desk<'a> {
    pub(super) office: &'a Office,
    pub(super) view: View,
    pub(super) ledger: Ledger,
    pub(super) now: Timestamp,
    pub(super) actor: Actor,
    pub(super) trace: Option<String>,
    facts: Vec<Fact>,
    pub(super) figures: BTreeMap<CellKey, Counters>,
    segments: BTreeMap<(DivisionCode, Lane), Vec<Queued>>,
}

/// An envelope of another author, to be carried on as it is.
pub(super) struct Carried<'a> {
    pub(super) envelope: &'a Envelope,
    pub(super) bytes: &'a Bytes,
    pub(super) proof: Option<&'a Proof>,
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
    /// Begins a decision. The caller has the turn.
    pub(super) async fn desk(&self, actor: Actor) -> Result<Desk<'_>, OfficeError> {
        let mut view = self.supplies.store.view(self.me);
        let ledger = view
            .get(keys::LEDGER)
            .await?
            .ok_or(record::RecordError::Damaged("ledger"))?;
        Ok(Desk {
            office: self,
            view,
            ledger: record::read(&ledger)?,
            now: self.now(),
            actor,
            trace: None,
            facts: vec![],
            figures: BTreeMap::new(),
            segments: BTreeMap::new(),
        })
    }
}

impl Desk<'_> {
    pub(super) async fn read<T: serde::de::DeserializeOwned>(
        &mut self,
        key: &[u8],
    ) -> Result<Option<T>, OfficeError> {
        let bytes = self.view.peek(key).await?;
        Ok(bytes.map(|bytes| record::read(&bytes)).transpose()?)
    }

    pub(super) async fn docket(&mut self, id: MatterId) -> Result<Option<Docket>, OfficeError> {
        self.read(&keys::docket(id)).await
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

    pub(super) fn put_docket(&mut self, docket: &Docket) {
        self.view
            .put(keys::docket(docket.matter.id), record::write(docket));
    }

    /// Length of all remarks on a matter that are here.
    pub(super) async fn notes_bytes(&mut self, matter: &Matter) -> Result<usize, OfficeError> {
        let mut bytes = 0;
        for note in matter.commitments().skip(1) {
            let note: Option<Body> = self.read(&queue::body_key(matter.id, &note)).await?;
            bytes += note.map_or(0, |note| note.text.len());
        }
        Ok(bytes)
    }

    pub(super) fn put_body(&mut self, id: MatterId, suite: Suite, body: &Body) {
        let key = queue::body_key(id, &body.commitment(suite));
        self.view.put(key, record::write(body));
    }

    /// Writes what a decision changes, and queues what it sends.
    pub(super) async fn apply(&mut self, decision: Decision) -> Result<(), OfficeError> {
        let Decision {
            docket,
            sends,
            facts,
        } = decision;
        self.put_docket(&docket);
        let matter = &docket.matter;
        let day = self.day();
        for count in facts {
            let cell = CellKey {
                acting: self.office.me,
                origin: matter.id.origin,
                category: matter.category.clone(),
                day,
            };
            let mut one = Counters::default();
            one.count(count);
            self.shift(cell, Counters::default(), one).await?;
            self.facts.push(Fact {
                count,
                matter: matter.id,
                category: matter.category.clone(),
                version: matter.version,
            });
        }
        for outgoing in sends {
            self.send(outgoing).await?;
        }
        Ok(())
    }

    fn day(&mut self) -> crate::domain::time::Day {
        self.ledger.last_day = self.ledger.last_day.max(self.now.day());
        self.ledger.last_day
    }

    /// Queues something this node says.
    pub(super) async fn send(&mut self, outgoing: Outgoing) -> Result<(), OfficeError> {
        let Outgoing { to, lane, payload } = outgoing;
        let Some(next) = self.office.supplies.tree.next_hop(self.office.me, to) else {
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
            Payload::Notice(matter) => body_keys(matter, 1),
            _ => vec![],
        };
        self.queue(
            next,
            Carried {
                envelope: &envelope,
                bytes: &bytes,
                proof: None,
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
        let stamp = Stamp(self.ledger.epoch.order.into(), self.ledger.issue);
        match &mut payload {
            Payload::Cell(CellReport { stamp: own, .. }) => *own = stamp,
            Payload::Adoption(report) => report.stamp = stamp,
            _ => {}
        }
        let order = match payload.replaces() {
            Some((key, stamp)) => Order::Replaces {
                key: key.into(),
                stamp,
            },
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
        let Carried {
            envelope,
            bytes,
            proof,
            bodies,
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
        };
        let lane = envelope.lane;
        let Order::Replaces { key, stamp } = &envelope.order else {
            self.segments.entry((next, lane)).or_default().push(queued);
            return Ok(());
        };
        let slot = queue::slot_key(
            next,
            lane,
            envelope.author,
            envelope.destination,
            envelope.payload.name(),
            key,
        );
        if let Some(waiting) = self.read::<SlotEntry>(&slot).await? {
            if waiting.stamp >= *stamp {
                return Ok(());
            }
            self.view.delete(queue::segment_key(next, lane, waiting.n));
        }
        self.ledger.segment += 1;
        let n = self.ledger.segment;
        self.view
            .put(slot.clone(), record::write(&SlotEntry { n, stamp: *stamp }));
        queued.slot = Some(slot);
        self.view.put(
            queue::segment_key(next, lane, n),
            record::write([queued].as_slice()),
        );
        self.segments.entry((next, lane)).or_default();
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
        self.report_figures().await?;
        let segments = std::mem::take(&mut self.segments);
        let rung: Vec<DivisionCode> = segments.keys().map(|(neighbour, _)| *neighbour).collect();
        for ((neighbour, lane), queued) in segments {
            let mut rest = queued.as_slice();
            while !rest.is_empty() {
                let mut bytes = 0;
                let fits = rest.iter().take_while(|queued| {
                    bytes += queued.bytes.len() + 200;
                    bytes <= SEGMENT_BYTES
                });
                let (segment, more) = rest.split_at(fits.count().max(1));
                self.ledger.segment += 1;
                let key = queue::segment_key(neighbour, lane, self.ledger.segment);
                self.view.put(key, record::write(segment));
                rest = more;
            }
        }
        self.view.put(keys::LEDGER, record::write(&self.ledger));
        let ticket = self.view.submit().await?;
        self.office.supplies.metrics.commits.inc();
        for neighbour in rung {
            self.office.bells.ring(neighbour);
        }
        Ok(ticket)
    }
}

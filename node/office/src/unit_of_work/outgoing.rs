//! What a decision sends: envelopes of this node and of others, and their places in the outboxes.

use bytes::Bytes;
use domain::{
    category::Class,
    envelope::{Destination, Envelope, Lane, Order, Outgoing, Payload, Stamp},
    matter::Matter,
    statement::Proof,
    suite::Digest,
};
use records::{
    outbox::queue::{Bodies, Queued, Relayed, Segments, SlotEntry, SlotKey, Slots},
    table::Table,
};
use topology::DivisionCode;

use super::UnitOfWork;
use crate::{Fault, tables};

/// A record of the outbox is closed when it reaches this many bytes.
const SEGMENT_BYTES: usize = 40 * 1024;

/// An envelope of another author, to be carried on as it is.
pub(crate) struct Carried<'a> {
    pub(crate) envelope: &'a Envelope,
    pub(crate) bytes: &'a Bytes,
    pub(crate) proof: Option<&'a Proof>,
    /// Length of the bodies that came beside it.
    pub(crate) beside: usize,
    /// Keys of the bodies that travel beside it.
    pub(crate) bodies: Vec<Bytes>,
}

impl Carried<'_> {
    /// Returns the load of an envelope of another author, including the bodies beside it; `None` for one of this
    /// node's own.
    pub(crate) fn load(&self) -> Option<Relayed> {
        let bytes = self.bytes.len() + self.proof?.bytes() + self.beside;
        Some(Relayed {
            author: self.envelope.author,
            known: !matches!(self.envelope.payload, Payload::Unknown(_)),
            bytes: bytes as u64,
        })
    }
}

/// Keys of a matter's bodies, without the first few.
fn body_keys(matter: &Matter, skip: usize) -> Vec<Bytes> {
    let commitments = matter.commitments().skip(skip);
    commitments
        .map(|commitment| Bodies::key(&(matter.id, commitment)))
        .collect()
}

impl UnitOfWork<'_> {
    /// Queues something this node says.
    pub(crate) async fn send(&mut self, outgoing: Outgoing) -> Result<(), Fault> {
        let Outgoing { to, lane, payload } = outgoing;
        let Some(next) = self.office.dependencies.tree.next_hop(self.office.me, to) else {
            return Ok(());
        };
        self.author(next, Destination::Division(to), lane, payload)
            .await
    }

    /// Queues something this node says, for one neighbour to take or carry on.
    pub(crate) async fn author(
        &mut self,
        next: DivisionCode,
        destination: Destination,
        lane: Lane,
        payload: Payload,
    ) -> Result<(), Fault> {
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
                open.map(|one| Bodies::key(&(matter.id, one))).collect()
            }
            Payload::Request(ask) => {
                let words = ask.note.iter();
                words
                    .map(|note| Bodies::key(&(ask.matter, *note)))
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
    pub(crate) async fn envelope(
        &mut self,
        destination: Destination,
        lane: Lane,
        mut payload: Payload,
    ) -> Result<Envelope, Fault> {
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

    pub(crate) async fn next_in_flow(
        &mut self,
        destination: Destination,
        lane: Lane,
    ) -> Result<u64, Fault> {
        let flow = (self.ledger.epoch.id, destination, lane);
        let last = self.view.get::<tables::OwnFlows>(&flow).await?;
        let next = last.unwrap_or_default() + 1;
        self.view.put::<tables::OwnFlows>(&flow, &next);
        Ok(next)
    }

    /// Puts an envelope into the outbox of a neighbour. A replaceable one takes the place of an
    /// older one that still waits.
    pub(crate) async fn queue(
        &mut self,
        next: DivisionCode,
        carried: Carried<'_>,
    ) -> Result<(), Fault> {
        let relayed = carried.load();
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
        let slot = SlotKey {
            neighbour: next,
            lane,
            author: envelope.author,
            destination: envelope.destination,
            kind: envelope.payload.name().to_owned(),
            about: key,
        };
        if let Some(waiting) = self.view.get::<Slots>(&slot).await? {
            if waiting.stamp >= stamp {
                return Ok(());
            }
            self.displace(next, lane, waiting.n, relayed.is_some())
                .await?;
        }
        self.ledger.segment += 1;
        let n = self.ledger.segment;
        self.view.put::<Slots>(&slot, &SlotEntry { n, stamp });
        queued.slot = Some(Slots::key(&slot));
        self.office.relay.queued(next, &queued);
        self.put_segment((next, lane), n, &vec![queued]);
        self.segments.entry((next, lane)).or_default();
        Ok(())
    }

    /// Removes an older envelope that waits in the slot of a newer one.
    async fn displace(
        &mut self,
        next: DivisionCode,
        lane: Lane,
        n: u64,
        is_relayed: bool,
    ) -> Result<(), Fault> {
        if is_relayed {
            let older = self.view.get::<Segments>(&(next, lane, n)).await?;
            let older = older.into_iter().flatten();
            let left = older.filter_map(|older| older.relayed);
            self.office.relay.left(next, left);
        }
        self.remove_segment((next, lane), n).await?;
        Ok(())
    }

    /// Closes the records of the outbox for what was queued; returns the neighbours to wake.
    pub(super) fn put_segments(&mut self) -> Vec<DivisionCode> {
        let segments = std::mem::take(&mut self.segments);
        let woken = segments.keys().map(|(neighbour, _)| *neighbour).collect();
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
                self.put_segment(to, self.ledger.segment, &segment.to_vec());
                rest = more;
            }
        }
        woken
    }
}

//! Envelopes that this node keeps for others, and their limits.
//!
//! Messages between other divisions wait in this node's outbox while a neighbour is away. They are
//! counted by author and by the neighbour they wait for. If there is no room, an envelope gets no
//! outcome and its lane waits: the neighbour that brings it keeps it, so nothing is lost.

use std::{
    collections::{HashMap, HashSet},
    sync::Mutex,
};

use bytes::Bytes;
use domain::envelope::{Destination, Order, Payload};
use records::{
    outbox::queue::{Queued, Relayed, Segments},
    table::Table,
};
use topology::DivisionCode;

use crate::{
    Arrived, Fault, Received,
    services::Inbox,
    tables,
    unit_of_work::{Carried, UnitOfWork},
};

/// A number of envelopes and bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Load {
    envelopes: u64,
    bytes: u64,
}

const fn load(envelopes: u64, kibibytes: u64) -> Load {
    Load {
        envelopes,
        bytes: kibibytes * 1024,
    }
}

/// The limit for one author, for kinds that this version knows.
const OF_AUTHOR: Load = load(20_000, 64 * 1024);
/// The same for kinds that it does not know.
const UNKNOWN_OF_AUTHOR: Load = load(256, 1024);
/// The limit for one neighbour, for kinds that this version knows.
const FOR_NEIGHBOUR: Load = load(40_000, 128 * 1024);
/// The same for kinds that it does not know.
const UNKNOWN_FOR_NEIGHBOUR: Load = load(1024, 4 * 1024);
/// The limit for a neighbour that never connected.
const FOR_STRANGER: Load = load(4096, 16 * 1024);
/// The same for kinds that this version does not know.
const UNKNOWN_FOR_STRANGER: Load = load(64, 512);

/// The most records of seen and refused envelopes of one author. They outlive the envelopes, and no
/// honest author comes near the limit.
const REMEMBERED_OF_AUTHOR: u64 = 256 * 1024;

/// Envelopes read from the outbox at once when it is counted.
const PAGE: usize = 64;

#[derive(Debug, Default)]
struct Tallies {
    /// By author, and whether this version knows the kind.
    of: HashMap<(DivisionCode, bool), Load>,
    /// By neighbour, and whether this version knows the kind.
    waiting_for: HashMap<(DivisionCode, bool), Load>,
    met: HashSet<DivisionCode>,
    /// Number of records of seen envelopes, by author.
    remembered: HashMap<DivisionCode, u64>,
}

/// The counts of what this node keeps for others.
#[derive(Debug, Default)]
pub(crate) struct Relay(Mutex<Tallies>);

impl Load {
    const fn takes(self, bytes: u64, most: Self) -> bool {
        // One envelope always fits, whatever its length.
        self.envelopes == 0
            || self.envelopes < most.envelopes && self.bytes.saturating_add(bytes) <= most.bytes
    }

    const fn change(&mut self, bytes: u64, more: bool) {
        if more {
            self.envelopes += 1;
            self.bytes = self.bytes.saturating_add(bytes);
        } else {
            self.envelopes = self.envelopes.saturating_sub(1);
            self.bytes = self.bytes.saturating_sub(bytes);
        }
    }
}

impl Tallies {
    fn count(&mut self, next: DivisionCode, relayed: Relayed, more: bool) {
        let Relayed {
            author,
            known,
            bytes,
        } = relayed;
        for (loads, key) in [
            (&mut self.of, (author, known)),
            (&mut self.waiting_for, (next, known)),
        ] {
            let load = loads.entry(key).or_default();
            load.change(bytes, more);
            if *load == Load::default() {
                loads.remove(&key);
            }
        }
    }

    fn has_room(&self, next: DivisionCode, relayed: Relayed) -> bool {
        let Relayed {
            author,
            known,
            bytes,
        } = relayed;
        let of_author = if known { OF_AUTHOR } else { UNKNOWN_OF_AUTHOR };
        let for_neighbour = match (self.met.contains(&next), known) {
            (true, true) => FOR_NEIGHBOUR,
            (true, false) => UNKNOWN_FOR_NEIGHBOUR,
            (false, true) => FOR_STRANGER,
            (false, false) => UNKNOWN_FOR_STRANGER,
        };
        let of = self.of.get(&(author, known)).copied();
        let waiting = self.waiting_for.get(&(next, known)).copied();
        of.unwrap_or_default().takes(bytes, of_author)
            && waiting.unwrap_or_default().takes(bytes, for_neighbour)
    }
}

impl Relay {
    fn with<T>(&self, work: impl FnOnce(&mut Tallies) -> T) -> T {
        work(&mut self.0.lock().expect("no holder panics"))
    }

    /// Counts an envelope that waits for a neighbour.
    pub(crate) fn queued(&self, next: DivisionCode, queued: &Queued) {
        if let Some(relayed) = queued.relayed {
            self.with(|tallies| tallies.count(next, relayed, true));
        }
    }

    /// Removes envelopes from the count of a neighbour.
    pub(crate) fn left(&self, next: DivisionCode, relayed: impl IntoIterator<Item = Relayed>) {
        self.with(|tallies| {
            for relayed in relayed {
                tallies.count(next, relayed, false);
            }
        });
    }

    /// Counts one more record of a seen envelope of an author.
    pub(crate) fn remember(&self, author: DivisionCode) {
        self.with(|tallies| *tallies.remembered.entry(author).or_default() += 1);
    }

    /// Notes that a neighbour has connected.
    pub(crate) fn met(&self, neighbour: DivisionCode) {
        self.with(|tallies| tallies.met.insert(neighbour));
    }
}

/// Returns whether an envelope for another division is kept here unchanged.
const fn is_carried(payload: &Payload) -> bool {
    matches!(
        payload,
        Payload::Notice(_)
            | Payload::Request(_)
            | Payload::Answer(_)
            | Payload::Head(_)
            | Payload::Countersignature(_)
            | Payload::Unknown(_)
    )
}

impl Received {
    /// Returns this envelope in the form in which it is forwarded.
    fn to_carry(&self, bodies: Vec<Bytes>) -> Carried<'_> {
        Carried {
            envelope: &self.envelope,
            bytes: &self.bytes,
            proof: Some(&self.proof),
            beside: match self.envelope.payload {
                // Bodies of an unknown kind belong to no known matter, so they are not kept.
                Payload::Unknown(_) => 0,
                _ => self.bodies.iter().map(Arrived::bytes).sum(),
            },
            bodies,
        }
    }
}

impl UnitOfWork<'_> {
    /// Forwards another author's envelope byte for byte.
    pub(crate) async fn carry(
        &mut self,
        received: &Received,
        bodies: Vec<Bytes>,
    ) -> Result<(), Fault> {
        let Destination::Division(to) = received.envelope.destination else {
            return Ok(());
        };
        let Some(next) = self.office.dependencies.tree.next_hop(self.office.me, to) else {
            return Ok(());
        };
        self.queue(next, received.to_carry(bodies)).await
    }
}

impl Inbox<'_> {
    /// Returns whether there is room to take this envelope: on the disk, and, if it is to be
    /// forwarded, within the limits.
    pub(crate) fn has_room(self, received: &Received) -> bool {
        if self.dependencies.store.is_full() {
            return false;
        }
        let Received {
            envelope, denied, ..
        } = received;
        let author = envelope.author;
        let full = |tallies: &mut Tallies| {
            let remembered = tallies.remembered.get(&author);
            remembered.is_some_and(|count| *count >= REMEMBERED_OF_AUTHOR)
        };
        let leaves_record =
            matches!(envelope.order, Order::Sequence(_)) && self.keys().counts(received);
        if leaves_record && self.relay.with(full) {
            return false;
        }
        let Destination::Division(to) = envelope.destination else {
            return true;
        };
        if denied.is_some() || to == self.me || !is_carried(&envelope.payload) {
            return true;
        }
        let Some(next) = self.dependencies.tree.next_hop(self.me, to) else {
            return true;
        };
        let Some(relayed) = received.to_carry(vec![]).load() else {
            return true;
        };
        self.relay.with(|tallies| tallies.has_room(next, relayed))
    }

    /// Counts what earlier runs left: in the outbox, and the records of seen envelopes.
    pub(crate) async fn recount_relayed(self) -> Result<(), Fault> {
        self.relay.with(|tallies| {
            *tallies = Tallies {
                met: std::mem::take(&mut tallies.met),
                ..Tallies::default()
            };
        });
        let (mut flow, mut refused) = (None, None);
        loop {
            let rows = tables::Flows::all().after(flow.as_ref());
            let page = self.list(rows, PAGE * 64).await?;
            let authors = page.iter().map(|((author, ..), _)| *author);
            authors.for_each(|author| self.relay.remember(author));
            match page.into_iter().last() {
                Some((last, _)) => flow = Some(last),
                None => break,
            }
        }
        loop {
            let rows = tables::RefusedEnvelopes::all().after(refused.as_ref());
            let page = self.list(rows, PAGE * 64).await?;
            let authors = page.iter().map(|(((author, ..), _), _)| *author);
            authors.for_each(|author| self.relay.remember(author));
            match page.into_iter().last() {
                Some((last, _)) => refused = Some(last),
                None => break,
            }
        }
        for neighbour in self.met().await? {
            self.relay.met(neighbour);
        }
        let mut after = None;
        loop {
            let page = self
                .list(Segments::all().after(after.as_ref()), PAGE)
                .await?;
            for ((next, ..), segment) in &page {
                for queued in segment {
                    self.relay.queued(*next, queued);
                }
            }
            match page.into_iter().last() {
                Some((last, _)) => after = Some(last),
                None => return Ok(()),
            }
        }
    }
}

#[cfg(test)]
mod tests;

//! What this node keeps for others, and how much that may be.
//!
//! What other divisions say to each other waits in this node's outbox while a neighbour is away. It is
//! counted by author and by the neighbour it waits for. Where there is no room, an envelope has no
//! outcome and its lane waits: the neighbour that brings it keeps it, so nothing is lost.

use std::{
    collections::{HashMap, HashSet},
    sync::Mutex,
};

use bytes::Bytes;
use domain::envelope::{Destination, Order, Payload};
use records::outbox::queue::{self, Queued, Relayed};
use store::{Range, record};
use topology::DivisionCode;

use super::{
    Arrived, Office, OfficeError, Received, keys,
    unit_of_work::{Carried, UnitOfWork},
};

/// Envelopes and bytes.
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

/// What one author may have waiting here, of kinds this version knows.
const OF_AUTHOR: Load = load(20_000, 64 * 1024);
/// The same of kinds it does not know.
const UNKNOWN_OF_AUTHOR: Load = load(256, 1024);
/// What may wait for one neighbour, of kinds this version knows.
const FOR_NEIGHBOUR: Load = load(40_000, 128 * 1024);
/// The same of kinds it does not know.
const UNKNOWN_FOR_NEIGHBOUR: Load = load(1024, 4 * 1024);
/// What may wait for a neighbour that never connected.
const FOR_STRANGER: Load = load(4096, 16 * 1024);
/// The same of kinds this version does not know.
const UNKNOWN_FOR_STRANGER: Load = load(64, 512);

/// Records by which this node knows what of an author's words it has seen, and which of them it refused. They
/// outlive the words, and no honest author comes near it.
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
    /// Records of what was seen, by author.
    remembered: HashMap<DivisionCode, u64>,
}

/// What this node keeps for others.
#[derive(Debug, Default)]
pub(super) struct Relay(Mutex<Tallies>);

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

    /// Something more waits for a neighbour.
    pub(super) fn queued(&self, next: DivisionCode, queued: &Queued) {
        if let Some(relayed) = queued.relayed {
            self.with(|tallies| tallies.count(next, relayed, true));
        }
    }

    /// Something waits no longer.
    pub(super) fn left(&self, next: DivisionCode, relayed: impl IntoIterator<Item = Relayed>) {
        self.with(|tallies| {
            for relayed in relayed {
                tallies.count(next, relayed, false);
            }
        });
    }

    /// One record more says what was seen of an author.
    pub(super) fn remember(&self, author: DivisionCode) {
        self.with(|tallies| *tallies.remembered.entry(author).or_default() += 1);
    }

    /// A neighbour connected.
    pub(super) fn met(&self, neighbour: DivisionCode) {
        self.with(|tallies| tallies.met.insert(neighbour));
    }
}

/// Whether an envelope for somebody else is kept here as it is.
const fn is_carried(payload: &Payload) -> bool {
    matches!(
        payload,
        Payload::Notice(_) | Payload::Ask(_) | Payload::Answer(_) | Payload::Unknown(_)
    )
}

/// What an envelope adds to what is kept, with the words that travel beside it.
pub(super) fn relayed(carried: &Carried<'_>) -> Option<Relayed> {
    let Carried {
        envelope,
        bytes,
        proof,
        beside,
        ..
    } = carried;
    let bytes = bytes.len() + proof.as_ref()?.bytes() + beside;
    Some(Relayed {
        author: envelope.author,
        known: !matches!(envelope.payload, Payload::Unknown(_)),
        bytes: bytes as u64,
    })
}

impl Received {
    /// This as it would be carried on.
    fn to_carry(&self, bodies: Vec<Bytes>) -> Carried<'_> {
        Carried {
            envelope: &self.envelope,
            bytes: &self.bytes,
            proof: Some(&self.proof),
            beside: match self.envelope.payload {
                // Nobody here knows to whom they belong, so they are not kept.
                Payload::Unknown(_) => 0,
                _ => self.bodies.iter().map(Arrived::bytes).sum(),
            },
            bodies,
        }
    }
}

impl UnitOfWork<'_> {
    /// Carries another author's envelope on, byte for byte.
    pub(super) async fn carry(
        &mut self,
        received: &Received,
        bodies: Vec<Bytes>,
    ) -> Result<(), OfficeError> {
        let Destination::Division(to) = received.envelope.destination else {
            return Ok(());
        };
        let Some(next) = self.office.dependencies.tree.next_hop(self.office.me, to) else {
            return Ok(());
        };
        self.queue(next, received.to_carry(bodies)).await
    }
}

impl Office {
    /// Whether there is room to take this: on the disk, and, if it is to be carried on, in what is kept
    /// for others.
    pub(super) fn has_room(&self, received: &Received) -> bool {
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
        let leaves_record = matches!(envelope.order, Order::Sequence(_)) && self.counts(received);
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
        let Some(relayed) = relayed(&received.to_carry(vec![])) else {
            return true;
        };
        self.relay.with(|tallies| tallies.has_room(next, relayed))
    }

    /// Counts what was left by an earlier run: in the outbox, and of what was seen.
    pub(super) async fn recount_relayed(&self) -> Result<(), OfficeError> {
        for prefix in keys::SEEN {
            let mut range = Range::prefix(prefix);
            loop {
                let seen = self
                    .dependencies
                    .store
                    .scan(self.me, range.clone(), PAGE * 64, false);
                let page = seen.await?.value;
                let Some((last, _)) = page.last() else {
                    break;
                };
                range.from = [&last[..], &[0]].concat().into();
                let authors = page.iter().filter_map(|(key, _)| keys::author_of_seen(key));
                authors.for_each(|author| self.relay.remember(author));
            }
        }
        for neighbour in self.met().await? {
            self.relay.met(neighbour);
        }
        let mut range = Range::prefix(queue::OUTBOX);
        loop {
            let page: Vec<(_, Vec<Queued>)> = self.read_all(range.clone(), PAGE).await?;
            let Some((last, _)) = page.last() else {
                return Ok(());
            };
            range.from = [&last[..], &[0]].concat().into();
            for (key, segment) in &page {
                let (next, _) =
                    queue::queue_of(key).ok_or(record::RecordError::Damaged("segment key"))?;
                for queued in segment {
                    self.relay.queued(next, queued);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;

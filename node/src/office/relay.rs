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
use topology::DivisionCode;

use super::{
    Office, OfficeError, Received,
    desk::{Carried, Desk},
};
use crate::{
    domain::envelope::{Destination, Envelope, Payload},
    outbox::queue::{self, Queued, Relayed},
    store::{Range, record},
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

/// Envelopes read from the outbox at once when it is counted.
const PAGE: usize = 64;

#[derive(Debug, Default)]
struct Tallies {
    /// By author, and whether this version knows the kind.
    of: HashMap<(DivisionCode, bool), Load>,
    /// By neighbour, and whether this version knows the kind.
    waiting_for: HashMap<(DivisionCode, bool), Load>,
    met: HashSet<DivisionCode>,
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

/// What an envelope adds to what is kept.
pub(super) fn relayed(envelope: &Envelope, bytes: usize, proof_bytes: usize) -> Relayed {
    Relayed {
        author: envelope.author,
        known: !matches!(envelope.payload, Payload::Unknown(_)),
        bytes: (bytes + proof_bytes) as u64,
    }
}

impl Desk<'_> {
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
}

impl Office {
    /// Whether there is room to take this: on the disk, and, if it is to be carried on, in what is kept
    /// for others.
    pub(super) fn has_room(&self, received: &Received) -> bool {
        if self.supplies.store.is_full() {
            return false;
        }
        let Received {
            envelope, denied, ..
        } = received;
        let Destination::Division(to) = envelope.destination else {
            return true;
        };
        if denied.is_some() || to == self.me || !is_carried(&envelope.payload) {
            return true;
        }
        let Some(next) = self.supplies.tree.next_hop(self.me, to) else {
            return true;
        };
        let proof = received.proof.bytes();
        let relayed = relayed(envelope, received.bytes.len(), proof);
        self.relay.with(|tallies| tallies.has_room(next, relayed))
    }

    /// Counts what was left in the outbox by an earlier run.
    pub(super) async fn recount_relayed(&self) -> Result<(), OfficeError> {
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
mod tests {
    use super::*;

    fn code(text: &str) -> DivisionCode {
        text.parse().unwrap()
    }

    fn of(author: &str, known: bool, bytes: u64) -> Relayed {
        Relayed {
            author: code(author),
            known,
            bytes,
        }
    }

    #[test]
    fn an_author_that_fills_its_room_takes_none_of_the_others() {
        let mut tallies = Tallies::default();
        let next = code("330825");
        tallies.met.insert(next);
        let flood = of("330825002222", false, 48 * 1024);
        let mut taken = 0;
        while tallies.has_room(next, flood) {
            tallies.count(next, flood, true);
            taken += 1;
        }
        assert_eq!(taken, 21, "a mebibyte of the longest");
        assert!(tallies.has_room(next, of("330825002222", true, 48 * 1024)));
        assert!(tallies.has_room(next, of("330825002223", false, 48 * 1024)));
        tallies.count(next, flood, false);
        assert!(tallies.has_room(next, flood), "what left made room");
    }

    #[test]
    fn many_authors_together_fill_no_more_than_the_room_of_a_neighbour() {
        let tree = topology::Tree::zhejiang();
        let mut tallies = Tallies::default();
        let [met, stranger] = [code("330825"), code("330825001")];
        tallies.met.insert(met);
        for (next, most) in [
            (met, UNKNOWN_FOR_NEIGHBOUR),
            (stranger, UNKNOWN_FOR_STRANGER),
        ] {
            for author in tree.nodes(code("33")).take(4000) {
                let one = Relayed {
                    author,
                    known: false,
                    bytes: 4096,
                };
                if tallies.has_room(next, one) {
                    tallies.count(next, one, true);
                }
            }
            let waiting = tallies.waiting_for[&(next, false)];
            assert!(waiting.envelopes <= most.envelopes && waiting.bytes <= most.bytes);
            assert!(waiting.envelopes >= 64, "{waiting:?}");
        }
    }
}

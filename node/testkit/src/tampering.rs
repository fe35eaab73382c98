//! What somebody between two honest neighbours can do to the envelopes that go by: repeat them, reorder
//! them within and across lanes, and replay whole sessions. What authors signed cannot be changed.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
};

use domain::envelope::Lane;
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::SliceRandom};
use wire::frame::{Ack, Batch, Entry, Refused};

/// At most this much of earlier sessions is replayed at the start of one.
const MOST_REPLAYED: usize = 600;

/// What is done to envelopes.
#[derive(Clone, Copy, Debug)]
pub struct Mischief {
    /// Where its chance begins.
    pub seed: u64,
    /// How often, 0 to 1, earlier envelopes come along with a batch.
    pub repeats: f64,
    /// How often, 0 to 1, a batch is shuffled and waits for others to overtake it.
    pub reorders: f64,
    /// Whether each session begins with what earlier ones carried.
    pub replays: bool,
}

impl Mischief {
    /// Everything at once.
    pub const fn all(seed: u64) -> Self {
        Self {
            seed,
            repeats: 0.5,
            reorders: 0.5,
            replays: true,
        }
    }

    /// Nothing; envelopes are only watched.
    pub const fn none() -> Self {
        Self {
            seed: 0,
            repeats: 0.0,
            reorders: 0.0,
            replays: false,
        }
    }
}

impl Mischief {
    /// Whether envelopes are only watched.
    pub(crate) fn is_none(&self) -> bool {
        self.repeats == 0.0 && self.reorders == 0.0 && !self.replays
    }
}

/// Which way envelopes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To the parent.
    Up,
    /// To the child.
    Down,
}

/// Tampering with one link, over all its sessions.
pub(crate) struct Tampering {
    mischief: Mutex<Mischief>,
    chance: Mutex<StdRng>,
    /// Envelopes passed on and not answered.
    unanswered: AtomicUsize,
    /// Every envelope that came by, upwards and downwards.
    seen: [Mutex<Vec<(Lane, Entry)>>; 2],
}

impl Tampering {
    pub(crate) fn new(mischief: Mischief) -> Self {
        Self {
            mischief: Mutex::new(mischief),
            chance: Mutex::new(StdRng::seed_from_u64(mischief.seed)),
            unanswered: AtomicUsize::new(0),
            seen: Default::default(),
        }
    }

    /// From now on does this; what chance has drawn goes on.
    pub(crate) fn change(&self, mischief: Mischief) {
        *self.mischief.lock().expect("no holder panics") = mischief;
    }

    pub(crate) fn mischief(&self) -> Mischief {
        *self.mischief.lock().expect("no holder panics")
    }

    /// Whether everything that was passed on was answered.
    pub(crate) fn is_idle(&self) -> bool {
        self.unanswered.load(Ordering::Relaxed) == 0
    }

    pub(crate) fn seen(&self, direction: Direction) -> MutexGuard<'_, Vec<(Lane, Entry)>> {
        let seen = &self.seen[direction as usize];
        seen.lock().expect("no holder panics")
    }

    fn chance(&self, of: f64) -> bool {
        let mut chance = self.chance.lock().expect("no holder panics");
        chance.random_bool(of)
    }

    fn shuffle<T>(&self, items: &mut [T]) {
        items.shuffle(&mut *self.chance.lock().expect("no holder panics"));
    }
}

/// An entry with its position in the sender's count; `None` if the sender did not send it now.
type Numbered = (Option<u64>, Entry);

/// One direction of one session: renumbers what it passes on, and the answers back.
pub(crate) struct Way<'a> {
    of: &'a Tampering,
    direction: Direction,
    waiting: Vec<(Lane, Vec<Numbered>)>,
    keys: Vec<bytes::Bytes>,
    /// What is to be passed on.
    pub(crate) ready: Vec<Batch>,
    /// Answers to the sender, in its count.
    pub(crate) answers: Vec<Ack>,
    lanes: [Numbers; 4],
}

impl Drop for Way<'_> {
    fn drop(&mut self) {
        let left = self.lanes.iter().map(|lane| lane.sent.len()).sum();
        self.of.unanswered.fetch_sub(left, Ordering::Relaxed);
    }
}

struct Numbers {
    next: u64,
    sent: BTreeMap<u64, Option<u64>>,
    done: BTreeSet<u64>,
    through: u64,
    refused: Vec<Refused>,
}

impl<'a> Way<'a> {
    /// One way of a session that begins.
    pub(crate) fn new(of: &'a Tampering, direction: Direction) -> Self {
        let lane = || Numbers {
            next: 1,
            sent: BTreeMap::new(),
            done: BTreeSet::new(),
            through: 0,
            refused: vec![],
        };
        Self {
            of,
            direction,
            waiting: vec![],
            keys: vec![],
            ready: vec![],
            answers: vec![],
            lanes: [lane(), lane(), lane(), lane()],
        }
    }

    /// Whether something is held back.
    pub(crate) fn waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whatever earlier sessions carried, once more.
    pub(crate) fn replay(&mut self) {
        if !self.of.mischief().replays {
            return;
        }
        let mut old = self.of.seen(self.direction).clone();
        self.of.shuffle(&mut old);
        old.truncate(MOST_REPLAYED);
        for batch in old.chunk_by(|(a, _), (b, _)| a == b) {
            let entries = batch.iter().map(|(_, entry)| (None, entry.clone()));
            self.waiting.push((batch[0].0, entries.collect()));
        }
        self.release();
    }

    /// Takes what the sender sent, passes it on or holds it back.
    pub(crate) fn take(&mut self, batch: Batch) {
        let lane = batch.lane;
        self.keys.extend(batch.key_statements.iter().cloned());
        let mut entries: Vec<Numbered> = batch
            .into_numbered()
            .map(|(position, entry)| (Some(position), entry.expect("an honest node's entry")))
            .collect();
        let mut seen = self.of.seen(self.direction);
        seen.extend(entries.iter().map(|(_, entry)| (lane, entry.clone())));
        if self.of.chance(self.of.mischief().repeats) {
            let mut again: Vec<_> = seen.iter().rev().take(40).cloned().collect();
            self.of.shuffle(&mut again);
            for (lane, entry) in again.into_iter().take(5) {
                self.waiting.push((lane, vec![(None, entry)]));
            }
        }
        drop(seen);
        let reorder = self.of.chance(self.of.mischief().reorders);
        if reorder {
            self.of.shuffle(&mut entries);
        }
        self.waiting.push((lane, entries));
        if !reorder {
            self.release();
        }
    }

    /// Passes on what is held back.
    pub(crate) fn release(&mut self) {
        let mut waiting = std::mem::take(&mut self.waiting);
        if self.of.mischief().reorders > 0.0 {
            self.of.shuffle(&mut waiting);
        }
        for (lane, numbered) in waiting {
            let numbers = &mut self.lanes[lane.index()];
            let unanswered = &self.of.unanswered;
            unanswered.fetch_add(numbered.len(), Ordering::Relaxed);
            let first = numbers.next;
            let mut entries = Vec::with_capacity(numbered.len());
            for (original, entry) in numbered {
                numbers.sent.insert(numbers.next, original);
                numbers.next += 1;
                entries.push(entry);
            }
            let keys = std::mem::take(&mut self.keys);
            self.ready.push(Batch::new(lane, first, entries, keys));
        }
    }

    /// The receiver answered what it was sent; the sender gets the answer in its own count.
    pub(crate) fn heard(&mut self, ack: Ack) {
        let numbers = &mut self.lanes[ack.lane.index()];
        let later = numbers.sent.split_off(&(ack.through + 1));
        for (position, original) in std::mem::replace(&mut numbers.sent, later) {
            self.of.unanswered.fetch_sub(1, Ordering::Relaxed);
            let Some(original) = original else { continue };
            numbers.done.insert(original);
            let mut refused = ack.refused.iter();
            if let Some(refused) = refused.find(|refused| refused.position == position) {
                numbers.refused.push(Refused {
                    position: original,
                    ..refused.clone()
                });
            }
        }
        let before = numbers.through;
        while numbers.done.remove(&(numbers.through + 1)) {
            numbers.through += 1;
        }
        let through = numbers.through;
        if through > before {
            let told = |refused: &mut Refused| refused.position <= through;
            self.answers.push(Ack {
                lane: ack.lane,
                through,
                refused: numbers.refused.extract_if(.., told).collect(),
            });
        }
    }
}

//! A meddler between two honest neighbours: repeats envelopes, reorders them within and across lanes,
//! and replays whole sessions. It has both identities, so that mutual TLS holds on either side; what
//! authors signed it cannot change.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures::{StreamExt, future::BoxFuture};
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::SliceRandom};
use tokio::time::sleep;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use wujitong::{
    domain::envelope::Lane,
    identity::Identity,
    peer::link::{Carrier, Converse, Ended},
    wire::frame::{Ack, Batch, Entry, Frame, Refused},
};

use crate::{peer::listen_as, wire::Call};

/// Longest time a frame is held back.
const HELD_BACK: Duration = Duration::from_millis(4);
/// At most this much of earlier sessions is replayed at the start of one.
const MOST_REPLAYED: usize = 600;

/// What a meddler does.
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

    /// Nothing; it only watches.
    pub const fn none() -> Self {
        Self {
            seed: 0,
            repeats: 0.0,
            reorders: 0.0,
            replays: false,
        }
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

/// Stands between one child and its parent.
pub struct Meddler {
    address: SocketAddr,
    inside: Arc<Inside>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

struct Inside {
    child: Arc<Identity>,
    parent: Arc<Identity>,
    above: OnceLock<SocketAddr>,
    mischief: Mischief,
    chance: Mutex<StdRng>,
    /// Envelopes passed on and not answered.
    unanswered: AtomicUsize,
    /// Every envelope that came by, upwards and downwards.
    seen: [Mutex<Vec<(Lane, Entry)>>; 2],
}

impl Meddler {
    /// Listens with the parent's identity.
    pub(crate) async fn between(
        child: Arc<Identity>,
        parent: Arc<Identity>,
        mischief: Mischief,
    ) -> Self {
        let inside = Arc::new(Inside {
            child,
            parent: Arc::clone(&parent),
            above: OnceLock::new(),
            mischief,
            chance: Mutex::new(StdRng::seed_from_u64(mischief.seed)),
            unanswered: AtomicUsize::new(0),
            seen: Default::default(),
        });
        let tasks = TaskTracker::new();
        let stop = CancellationToken::new();
        let converse: Arc<dyn Converse> = Arc::clone(&inside) as _;
        let any = ([127, 0, 0, 1], 0).into();
        let address = listen_as(&parent, any, converse, &tasks, stop.clone()).await;
        Self {
            address,
            inside,
            tasks,
            stop,
        }
    }

    /// Where the child finds it.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it finds the real parent.
    pub(crate) fn lead_to(&self, above: SocketAddr) {
        let known = self.inside.above.get_or_init(|| above);
        assert_eq!(*known, above, "a parent that restarts keeps its port");
    }

    /// Every envelope that came by, with what travelled beside it.
    pub fn seen(&self, direction: Direction) -> Vec<(Lane, Entry)> {
        self.inside.seen(direction).clone()
    }

    /// Whether everything it passed on was answered.
    pub fn is_idle(&self) -> bool {
        self.inside.unanswered.load(Ordering::Relaxed) == 0
    }

    pub(crate) async fn leave(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Inside {
    fn seen(&self, direction: Direction) -> std::sync::MutexGuard<'_, Vec<(Lane, Entry)>> {
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

impl Converse for Inside {
    fn converse(self: Arc<Self>, below: Carrier) -> BoxFuture<'static, Ended> {
        Box::pin(async move {
            let Some(above) = self.above.get() else {
                return Ended::Closed;
            };
            let parent = self.parent.division().to_string();
            let Ok(line) = Call::honest(&self.child, &parent, *above).open().await else {
                return Ended::Closed;
            };
            let (mut from_above, mut from_below) = (line.incoming, below.incoming);
            let mut up = Way::new(&self, Direction::Up);
            let mut down = Way::new(&self, Direction::Down);
            let mut hold = pin!(sleep(HELD_BACK));
            loop {
                tokio::select! {
                    frame = from_below.next() => match frame {
                        Some(Ok(Frame::Batch(batch))) => up.take(batch),
                        Some(Ok(Frame::Ack(ack))) => down.heard(ack),
                        Some(Ok(frame)) => {
                            let _gone = line.outgoing.send(frame.encode()).await;
                        }
                        _ => return Ended::Closed,
                    },
                    frame = from_above.next() => match frame {
                        Some(Ok(Frame::Batch(batch))) => down.take(batch),
                        Some(Ok(Frame::Ack(ack))) => up.heard(ack),
                        Some(Ok(frame)) => {
                            let greeted = matches!(frame, Frame::Hello(_));
                            let _gone = below.outgoing.send(Box::new(frame)).await;
                            if greeted {
                                up.replay();
                                down.replay();
                            }
                        }
                        _ => return Ended::Closed,
                    },
                    () = &mut hold, if up.waits() || down.waits() => {
                        up.release();
                        down.release();
                    }
                }
                if up.waits() || down.waits() {
                    hold.as_mut().reset(tokio::time::Instant::now() + HELD_BACK);
                }
                // What was decided above leaves here: batches one way, answers the other.
                for batch in std::mem::take(&mut up.ready) {
                    let _gone = line.outgoing.send(Frame::Batch(batch).encode()).await;
                }
                for ack in std::mem::take(&mut down.answers) {
                    let _gone = line.outgoing.send(Frame::Ack(ack).encode()).await;
                }
                for batch in std::mem::take(&mut down.ready) {
                    let _gone = below.outgoing.send(Box::new(Frame::Batch(batch))).await;
                }
                for ack in std::mem::take(&mut up.answers) {
                    let _gone = below.outgoing.send(Box::new(Frame::Ack(ack))).await;
                }
            }
        })
    }
}

/// An entry with its position in the sender's count; `None` if the sender did not send it now.
type Numbered = (Option<u64>, Entry);

/// One direction of one session: renumbers what it passes on, and the answers back.
struct Way<'a> {
    inside: &'a Inside,
    direction: Direction,
    waiting: Vec<(Lane, Vec<Numbered>)>,
    keys: Vec<bytes::Bytes>,
    ready: Vec<Batch>,
    answers: Vec<Ack>,
    lanes: [Numbers; 4],
}

impl Drop for Way<'_> {
    fn drop(&mut self) {
        let left = self.lanes.iter().map(|lane| lane.sent.len()).sum();
        self.inside.unanswered.fetch_sub(left, Ordering::Relaxed);
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
    fn new(inside: &'a Inside, direction: Direction) -> Self {
        let lane = || Numbers {
            next: 1,
            sent: BTreeMap::new(),
            done: BTreeSet::new(),
            through: 0,
            refused: vec![],
        };
        Self {
            inside,
            direction,
            waiting: vec![],
            keys: vec![],
            ready: vec![],
            answers: vec![],
            lanes: [lane(), lane(), lane(), lane()],
        }
    }

    fn waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whatever earlier sessions carried, once more.
    fn replay(&mut self) {
        if !self.inside.mischief.replays {
            return;
        }
        let mut old = self.inside.seen(self.direction).clone();
        self.inside.shuffle(&mut old);
        old.truncate(MOST_REPLAYED);
        for batch in old.chunk_by(|(a, _), (b, _)| a == b) {
            let entries = batch.iter().map(|(_, entry)| (None, entry.clone()));
            self.waiting.push((batch[0].0, entries.collect()));
        }
        self.release();
    }

    fn take(&mut self, batch: Batch) {
        let lane = batch.lane;
        self.keys.extend(batch.key_statements.iter().cloned());
        let mut entries: Vec<Numbered> = batch
            .into_numbered()
            .map(|(position, entry)| (Some(position), entry.expect("an honest node's entry")))
            .collect();
        let mut seen = self.inside.seen(self.direction);
        seen.extend(entries.iter().map(|(_, entry)| (lane, entry.clone())));
        if self.inside.chance(self.inside.mischief.repeats) {
            let mut again: Vec<_> = seen.iter().rev().take(40).cloned().collect();
            self.inside.shuffle(&mut again);
            for (lane, entry) in again.into_iter().take(5) {
                self.waiting.push((lane, vec![(None, entry)]));
            }
        }
        drop(seen);
        let reorder = self.inside.chance(self.inside.mischief.reorders);
        if reorder {
            self.inside.shuffle(&mut entries);
        }
        self.waiting.push((lane, entries));
        if !reorder {
            self.release();
        }
    }

    fn release(&mut self) {
        let mut waiting = std::mem::take(&mut self.waiting);
        if self.inside.mischief.reorders > 0.0 {
            self.inside.shuffle(&mut waiting);
        }
        for (lane, numbered) in waiting {
            let numbers = &mut self.lanes[lane.index()];
            let unanswered = &self.inside.unanswered;
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
    fn heard(&mut self, ack: Ack) {
        let numbers = &mut self.lanes[ack.lane.index()];
        let later = numbers.sent.split_off(&(ack.through + 1));
        for (position, original) in std::mem::replace(&mut numbers.sent, later) {
            self.inside.unanswered.fetch_sub(1, Ordering::Relaxed);
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

//! Takes what waits for one neighbour, lane by lane, within the windows of one session.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use bytes::Bytes;
use domain::{envelope::Lane, ids::MatterId, matter::CustodyVersion, seal::SealedBody};
use store::{
    Generation, Range, Store, StoreError,
    record::{self, RecordError},
};
use topology::DivisionCode;

use super::{
    flow::Flow,
    queue::{self, Queued, Relayed},
};

/// At most this many envelopes go into one frame.
const BATCH_ENVELOPES: usize = 64;
/// What a lane may send while others fill the link, so that none waits for another.
const LEAST_BYTES: usize = 2 * 1024;
/// Bodies beside one envelope, in bytes. Those of an honest matter, text and remarks, are below; what
/// a neighbour made up beyond that is left out, so that no frame is too long to be sent.
const BODY_BYTES: usize = 320 * 1024;
/// Segments read from the store at once.
const READ_AHEAD: usize = 16;

/// How much may be unacknowledged, per lane.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// Envelopes.
    pub envelopes: usize,
    /// Bytes, bodies included.
    pub bytes: usize,
}

/// What the neighbour said of one envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled<R> {
    /// Its segment.
    pub n: u64,
    /// The transfer it was.
    pub give: Option<(MatterId, CustodyVersion)>,
    /// The slot it was the latest word on.
    pub slot: Option<Bytes>,
    /// Why it was refused; `None` if it was accepted.
    pub refused: Option<R>,
    /// Its place in the segment, from 0.
    pub at: usize,
    /// Whether it was the last of its segment, which may now be removed.
    pub last: bool,
    /// What is kept for others in the whole segment; listed with the last.
    pub relayed: Vec<Relayed>,
}

/// Envelopes taken for one frame.
#[derive(Debug)]
pub struct Parcel {
    /// Their lane.
    pub lane: Lane,
    /// Position of the first in this session and lane, from 1.
    pub first: u64,
    /// The envelopes, each with the bodies that travel beside it.
    pub entries: Vec<(Queued, Vec<SealedBody>)>,
    /// Nothing of this may leave before this generation is durable.
    pub generation: Generation,
}

#[derive(Debug)]
struct InFlight {
    position: u64,
    n: u64,
    at: usize,
    last: bool,
    bytes: usize,
    give: Option<(MatterId, CustodyVersion)>,
    slot: Option<Bytes>,
    author: DivisionCode,
    relayed: Vec<Relayed>,
}

#[derive(Debug)]
struct Loaded {
    n: u64,
    at: usize,
    last: bool,
    queued: Queued,
    /// Of the whole segment, with the last.
    relayed: Vec<Relayed>,
}

#[derive(Debug)]
struct LaneQueue {
    lane: Lane,
    cursor: u64,
    /// Something may be in the store beyond the cursor.
    stale: bool,
    loaded: VecDeque<Loaded>,
    in_flight: VecDeque<InFlight>,
    in_flight_bytes: usize,
    next_position: u64,
    held_until_paced: bool,
    /// Segments with something that the neighbour cannot take yet. They stay, and are brought again.
    not_yet: VecDeque<u64>,
}

/// One session's view of what waits for one neighbour.
#[derive(Debug)]
pub struct Sender {
    store: Store,
    me: DivisionCode,
    neighbour: DivisionCode,
    window: Window,
    flow: Flow,
    /// The frame that was taken last and has not left: lane, last position, bytes.
    taken: Option<(Lane, u64, usize)>,
    lanes: [LaneQueue; 4],
    turns: u64,
    generation: Generation,
    /// Nothing else is sent any more.
    only: Option<Lane>,
}

impl Sender {
    /// Starts from the oldest entry of every lane.
    pub fn new(store: Store, me: DivisionCode, neighbour: DivisionCode, window: Window) -> Self {
        let lanes = Lane::ALL.map(|lane| LaneQueue {
            lane,
            cursor: 0,
            stale: true,
            loaded: VecDeque::new(),
            in_flight: VecDeque::new(),
            in_flight_bytes: 0,
            next_position: 1,
            held_until_paced: false,
            not_yet: VecDeque::new(),
        });
        let generation = Generation::default();
        Self {
            store,
            me,
            neighbour,
            window,
            flow: Flow::new(Instant::now()),
            taken: None,
            lanes,
            turns: 0,
            generation,
            only: None,
        }
    }

    /// From now on nothing is sent but what waits in this lane.
    pub fn send_only(&mut self, lane: Lane) {
        self.only = Some(lane);
    }

    /// Something may have been queued.
    pub fn look_again(&mut self) {
        for lane in &mut self.lanes {
            lane.stale = true;
        }
    }

    /// The pace of figures allows another frame of them.
    pub fn release_figures(&mut self) {
        self.lanes[Lane::Figures.index()].held_until_paced = false;
    }

    /// Envelopes sent and not yet answered.
    pub fn unacknowledged(&self) -> usize {
        self.lanes.iter().map(|lane| lane.in_flight.len()).sum()
    }

    /// Envelopes of one lane sent and not yet answered.
    pub fn unacknowledged_in(&self, lane: Lane) -> usize {
        self.lanes[lane.index()].in_flight.len()
    }

    /// Whether the neighbour has everything that was found when this last looked, figures aside, and said so.
    pub fn is_abreast(&self) -> bool {
        let mut lanes = self.lanes.iter();
        lanes.all(|lane| {
            let sent = lane.loaded.is_empty() && lane.in_flight.is_empty();
            let empty = sent && lane.not_yet.is_empty();
            lane.lane == Lane::Figures || empty && !lane.stale
        })
    }

    /// Whether [`Sender::next`] is worth calling.
    pub fn may_have_more(&self) -> bool {
        self.lanes
            .iter()
            .any(|lane| self.open(lane) && (lane.stale || !lane.loaded.is_empty()))
    }

    fn open(&self, lane: &LaneQueue) -> bool {
        self.only.is_none_or(|only| only == lane.lane)
            && !lane.held_until_paced
            && self.has_window(lane)
            && self.may_pass(lane)
    }

    fn has_window(&self, lane: &LaneQueue) -> bool {
        lane.in_flight.len() < self.window.envelopes && lane.in_flight_bytes < self.window.bytes
    }

    /// Whether the link takes more of a lane. An emergency never waits for the link, and no lane for
    /// another: one of which nothing is on its way sends a little.
    fn may_pass(&self, lane: &LaneQueue) -> bool {
        lane.lane == Lane::Emergency || self.flow.room() > 0 || lane.in_flight.is_empty()
    }

    /// Bytes of the next frame of a lane.
    fn frame_of(&self, lane: Lane) -> usize {
        match (lane, self.flow.room()) {
            (Lane::Emergency, _) => self.flow.frame(),
            (_, 0) => LEAST_BYTES,
            (_, room) => self.flow.frame().min(room),
        }
    }

    /// The frame that was taken last leaves now.
    pub fn left(&mut self, now: Instant) {
        if let Some((lane, position, bytes)) = self.taken.take() {
            self.flow.sent(lane, position, bytes, now);
        }
    }

    /// How long the link takes for what is on its way.
    pub fn takes(&self) -> Duration {
        self.flow.takes()
    }

    /// The next frame's worth: the most urgent lane that has something and room, but every eighth
    /// time the least urgent.
    pub async fn next(&mut self) -> Result<Option<Parcel>, StoreError> {
        self.turns += 1;
        let lowest_first = self.turns.is_multiple_of(8);
        for at in 0..self.lanes.len() {
            let index = if lowest_first {
                self.lanes.len() - 1 - at
            } else {
                at
            };
            if !self.open(&self.lanes[index]) {
                continue;
            }
            self.load(index).await?;
            if !self.lanes[index].loaded.is_empty() {
                return self.take(index).await.map(Some);
            }
        }
        Ok(None)
    }

    async fn load(&mut self, index: usize) -> Result<(), StoreError> {
        while self.lanes[index].stale && self.lanes[index].loaded.len() < BATCH_ENVELOPES {
            self.load_more(index).await?;
        }
        Ok(())
    }

    async fn load_more(&mut self, index: usize) -> Result<(), StoreError> {
        let lane = &mut self.lanes[index];
        let from = queue::segment_key(self.neighbour, lane.lane, lane.cursor + 1);
        let to = queue::segment_key(self.neighbour, lane.lane, u64::MAX);
        let range = Range::between(from, to);
        let seen = self.store.scan(self.me, range, READ_AHEAD, false).await?;
        self.generation = self.generation.max(seen.generation);
        lane.stale = seen.value.len() == READ_AHEAD;
        for (key, value) in seen.value {
            let n = queue::segment_number(&key).ok_or(RecordError::Damaged("segment key"))?;
            lane.load(n, record::read(&value)?);
            lane.cursor = n;
        }
        Ok(())
    }

    /// Whether something waits that the neighbour could not take yet.
    pub fn has_not_yet(&self) -> bool {
        self.lanes.iter().any(|lane| !lane.not_yet.is_empty())
    }

    /// Brings again some of what the neighbour could not take yet. The rest has its turn later.
    pub async fn bring_again(&mut self) -> Result<(), StoreError> {
        for lane in &mut self.lanes {
            let some = lane.not_yet.len().min(READ_AHEAD);
            for n in lane.not_yet.drain(..some).collect::<Vec<_>>() {
                if lane.in_flight.iter().any(|entry| entry.n == n) {
                    lane.not_yet.push_back(n);
                    continue;
                }
                let key = queue::segment_key(self.neighbour, lane.lane, n);
                let seen = self.store.get(self.me, &key).await?;
                self.generation = self.generation.max(seen.generation);
                // A later word may have taken its place.
                if let Some(bytes) = seen.value {
                    lane.load(n, record::read(&bytes)?);
                }
            }
        }
        Ok(())
    }

    async fn take(&mut self, index: usize) -> Result<Parcel, StoreError> {
        let mut entries = Vec::new();
        let mut total = 0;
        let first = self.lanes[index].next_position;
        let most = self.frame_of(self.lanes[index].lane);
        while entries.len() < BATCH_ENVELOPES && total < most && self.has_window(&self.lanes[index])
        {
            let Some(Loaded { queued, .. }) = self.lanes[index].loaded.front() else {
                break;
            };
            let bodies = self.bodies(&queued.bodies).await?;
            let bytes = queued.bytes.len() + bodies.iter().map(SealedBody::bytes).sum::<usize>();
            if !entries.is_empty() && total + bytes > most {
                break;
            }
            let Loaded {
                n,
                at,
                last,
                queued,
                relayed,
            } = self.lanes[index].loaded.pop_front().expect("just seen");
            total += bytes;
            let author = queued.proof.as_ref().map(|proof| proof.statement.author);
            let author = author.unwrap_or(self.me);
            let lane = &mut self.lanes[index];
            lane.in_flight.push_back(InFlight {
                position: lane.next_position,
                n,
                at,
                last,
                bytes,
                give: queued.give,
                slot: queued.slot.clone(),
                author,
                relayed,
            });
            lane.in_flight_bytes += bytes;
            lane.next_position += 1;
            entries.push((queued, bodies));
        }
        let lane = &mut self.lanes[index];
        lane.held_until_paced = lane.lane == Lane::Figures;
        self.taken = Some((lane.lane, lane.next_position - 1, total));
        Ok(Parcel {
            lane: lane.lane,
            first,
            entries,
            generation: self.generation,
        })
    }

    /// The bodies that travel beside an envelope: what a person wrote first, then the latest
    /// remarks.
    async fn bodies(&self, keys: &[Bytes]) -> Result<Vec<SealedBody>, StoreError> {
        let mut bodies = Vec::with_capacity(keys.len());
        let mut total = 0;
        let (first, rest) = keys.split_at(keys.len().min(1));
        for key in first.iter().chain(rest.iter().rev()) {
            let Some(bytes) = self.store.get(self.me, key).await?.value else {
                continue;
            };
            let body: SealedBody = record::read(&bytes)?;
            total += body.bytes();
            if total > BODY_BYTES {
                break;
            }
            bodies.push(body);
        }
        Ok(bodies)
    }

    /// The neighbour has outcomes for everything up to `through`. `None` if it speaks of what was
    /// never sent. What it refused for a reason that may pass is not settled: its authors are given, and
    /// its segments stay until it is brought again.
    pub fn acknowledged<R>(
        &mut self,
        lane: Lane,
        through: u64,
        mut refused: Vec<(u64, R)>,
        may_pass: impl Fn(&R) -> bool,
        now: Instant,
    ) -> Option<(Vec<Settled<R>>, Vec<DivisionCode>)> {
        let lane = &mut self.lanes[lane.index()];
        if through >= lane.next_position {
            return None;
        }
        self.flow.answered(lane.lane, through, now);
        let (mut settled, mut wait) = (Vec::new(), Vec::new());
        while lane
            .in_flight
            .front()
            .is_some_and(|entry| entry.position <= through)
        {
            let entry = lane.in_flight.pop_front().expect("just seen");
            lane.in_flight_bytes -= entry.bytes;
            let found = refused
                .iter()
                .position(|(position, _)| *position == entry.position);
            let refused = found.map(|found| refused.swap_remove(found).1);
            let InFlight {
                n,
                give,
                slot,
                at,
                last,
                author,
                relayed,
                ..
            } = entry;
            if refused.as_ref().is_some_and(&may_pass) {
                wait.push(author);
                if lane.not_yet.back() != Some(&n) {
                    lane.not_yet.push_back(n);
                }
                continue;
            }
            // What else is in its segment stays with it.
            let stays = last && lane.not_yet.back() == Some(&n);
            settled.push(Settled {
                n,
                give,
                slot,
                refused,
                at,
                last: last && !stays,
                relayed,
            });
        }
        Some((settled, wait))
    }
}

impl LaneQueue {
    fn load(&mut self, n: u64, entries: Vec<Queued>) {
        let count = entries.len();
        let mut relayed: Vec<Relayed> = entries.iter().filter_map(|e| e.relayed).collect();
        for (at, queued) in entries.into_iter().enumerate() {
            let last = at + 1 == count;
            let relayed = match last {
                true => std::mem::take(&mut relayed),
                false => vec![],
            };
            self.loaded.push_back(Loaded {
                n,
                at,
                last,
                queued,
                relayed,
            });
        }
    }
}

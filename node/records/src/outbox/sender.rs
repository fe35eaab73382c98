//! Takes what waits for one neighbour, lane by lane, within the windows of one session.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use bytes::Bytes;
use domain::{envelope::Lane, ids::MatterId, matter::CustodyVersion, seal::SealedBody};
use store::{
    Generation, Store, StoreError,
    record::{self, RecordError},
};
use topology::DivisionCode;

use super::{
    flow::Flow,
    queue::{Queued, Relayed, Segments},
};
use crate::table::Table;

/// Most envelopes in one frame.
const BATCH_ENVELOPES: usize = 64;
/// Bytes a lane may send while others fill the link, so that none waits for another.
const LEAST_BYTES: usize = 2 * 1024;
/// Most bytes of bodies beside one envelope. Text and remarks of an honest matter stay below this;
/// whatever a neighbour fabricates beyond it is left out, so that no frame is too long to be sent.
pub const BODY_BYTES: usize = 320 * 1024;
/// Segments read from the store at once.
const READ_AHEAD: usize = 16;

/// Most that may be unacknowledged in a lane.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// Envelopes.
    pub envelopes: usize,
    /// Bytes, bodies included.
    pub bytes: usize,
}

/// The neighbour's answer about one envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled<R> {
    /// Its segment.
    pub n: u64,
    /// The transfer it carried, if any.
    pub give: Option<(MatterId, CustodyVersion)>,
    /// The slot it was the latest envelope of, if any.
    pub slot: Option<Bytes>,
    /// The reason it was refused; `None` if it was accepted.
    pub refused: Option<R>,
    /// Its index in the segment, from 0.
    pub at: usize,
    /// Whether it was the last of its segment, which may now be removed.
    pub last: bool,
    /// Shares of the whole segment in what is kept for others; listed with the last envelope.
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
    /// The generation that must be durable before any of this may leave.
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
    /// Shares of the whole segment; set in its last envelope only.
    relayed: Vec<Relayed>,
}

#[derive(Debug)]
struct LaneQueue {
    lane: Lane,
    cursor: u64,
    /// Up to here segments are read for the second time, after [`Sender::start_over`].
    read_before: u64,
    /// Whether the store may hold more beyond the cursor.
    stale: bool,
    loaded: VecDeque<Loaded>,
    in_flight: VecDeque<InFlight>,
    in_flight_bytes: usize,
    next_position: u64,
    held_until_paced: bool,
    /// Segments with an envelope that the neighbour cannot take yet. They are kept and sent again
    /// later.
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
    /// The only lane that is still sent, if set.
    only: Option<Lane>,
}

impl Sender {
    /// Starts from the oldest entry of every lane.
    pub fn new(store: Store, me: DivisionCode, neighbour: DivisionCode, window: Window) -> Self {
        let lanes = Lane::ALL.map(|lane| LaneQueue {
            lane,
            cursor: 0,
            read_before: 0,
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
            flow: Flow::new(tokio::time::Instant::now().into_std()),
            taken: None,
            lanes,
            turns: 0,
            generation,
            only: None,
        }
    }

    /// Sends only what waits in this lane from now on.
    pub fn send_only(&mut self, lane: Lane) {
        self.only = Some(lane);
    }

    /// Notes that something may have been queued.
    pub fn look_again(&mut self) {
        for lane in &mut self.lanes {
            lane.stale = true;
        }
    }

    /// Reads the outbox from its beginning again, after the store took units back: segments that were
    /// removed may be there again.
    pub fn start_over(&mut self) {
        for lane in &mut self.lanes {
            lane.read_before = lane.read_before.max(lane.cursor);
            lane.cursor = 0;
            lane.stale = true;
        }
    }

    /// Allows another frame of figures, after their pace held them back.
    pub fn release_figures(&mut self) {
        self.lanes[Lane::Figures.index()].held_until_paced = false;
    }

    /// Returns the number of envelopes sent and not yet answered.
    pub fn unacknowledged(&self) -> usize {
        self.lanes.iter().map(|lane| lane.in_flight.len()).sum()
    }

    /// Returns the number of envelopes of one lane sent and not yet answered.
    pub fn unacknowledged_in(&self, lane: Lane) -> usize {
        self.lanes[lane.index()].in_flight.len()
    }

    /// Returns whether the neighbour has acknowledged all that the last look found, except figures.
    pub fn has_sent_all(&self) -> bool {
        let mut lanes = self.lanes.iter();
        lanes.all(|lane| {
            let sent = lane.loaded.is_empty() && lane.in_flight.is_empty();
            let empty = sent && lane.not_yet.is_empty();
            lane.lane == Lane::Figures || empty && !lane.stale
        })
    }

    /// Returns whether [`Sender::next`] is worth calling.
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

    /// Returns whether the link takes more of a lane. An emergency never waits for the link, and no
    /// lane waits for another: a lane with nothing in flight may send a little.
    fn may_pass(&self, lane: &LaneQueue) -> bool {
        lane.lane == Lane::Emergency || self.flow.room() > 0 || lane.in_flight.is_empty()
    }

    /// Returns how many bytes the next frame of a lane may have.
    fn frame_of(&self, lane: Lane) -> usize {
        match (lane, self.flow.room()) {
            (Lane::Emergency, _) => self.flow.frame(),
            (_, 0) => LEAST_BYTES,
            (_, room) => self.flow.frame().min(room),
        }
    }

    /// Notes that the frame taken last leaves now.
    pub fn left(&mut self, now: Instant) {
        if let Some((lane, position, bytes)) = self.taken.take() {
            self.flow.sent(lane, position, bytes, now);
        }
    }

    /// Returns the least time the link needs for what is in flight.
    pub fn takes(&self) -> Duration {
        self.flow.takes()
    }

    /// Takes the next frame: from the most urgent lane that has something and may send, but every
    /// eighth time from the least urgent.
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
        let after = (self.neighbour, lane.lane, lane.cursor);
        let rows = Segments::under(&(self.neighbour, lane.lane)).after(Some(&after));
        let range = rows.range();
        let seen = self.store.scan(self.me, range, READ_AHEAD, false).await?;
        self.generation = self.generation.max(seen.generation);
        lane.stale = seen.value.len() == READ_AHEAD;
        for (key, value) in seen.value {
            let (_, _, n) = Segments::parse(&key).ok_or(RecordError::Damaged(Segments::NAME))?;
            lane.cursor = n;
            if n <= lane.read_before && lane.has(n) {
                continue;
            }
            lane.load(n, record::read(&value)?);
        }
        Ok(())
    }

    /// Returns whether something waits that the neighbour could not take yet.
    pub fn has_not_yet(&self) -> bool {
        self.lanes.iter().any(|lane| !lane.not_yet.is_empty())
    }

    /// Loads again some of what the neighbour could not take yet. The rest follows in later calls.
    pub async fn bring_again(&mut self) -> Result<(), StoreError> {
        for lane in &mut self.lanes {
            let some = lane.not_yet.len().min(READ_AHEAD);
            for n in lane.not_yet.drain(..some).collect::<Vec<_>>() {
                if lane.in_flight.iter().any(|entry| entry.n == n) {
                    lane.not_yet.push_back(n);
                    continue;
                }
                let key = Segments::key(&(self.neighbour, lane.lane, n));
                let seen = self.store.get(self.me, &key).await?;
                self.generation = self.generation.max(seen.generation);
                // A later envelope may have replaced it.
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

    /// Reads the bodies that travel beside an envelope: the reporter's text first, then the latest
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

    /// Settles everything in a lane up to `through`, for which the neighbour has outcomes. Returns
    /// `None` if the neighbour acknowledges what was never sent. An envelope refused for a reason
    /// that may pass is not settled: its author is returned, and its segment is kept to be sent
    /// again.
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
            // If another envelope of the segment was not taken yet, the segment stays.
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
    /// Returns whether a segment was loaded and is not settled.
    fn has(&self, n: u64) -> bool {
        self.loaded.iter().any(|loaded| loaded.n == n)
            || self.in_flight.iter().any(|entry| entry.n == n)
            || self.not_yet.contains(&n)
    }

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

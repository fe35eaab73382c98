use std::{
    collections::VecDeque,
    sync::{Arc, OnceLock, PoisonError, atomic::AtomicU64},
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::sync::{Semaphore, oneshot};

use super::{ROOM_BYTES, Steps, writer::DRAIN_BYTES};
use crate::{
    Checkpoint, Conflict, Expect, Generation, Purpose, Seen, Shard, StoreError,
    engine::{Engine, Write},
    export::Noted,
    full_key,
    overlay::{Entry, Overlay},
    sync::{Condvar, Mutex, MutexGuard},
};

/// The state that submitters, readers, the writer thread and the checkpoint thread share.
pub(super) struct Shared {
    pub(super) state: Mutex<State>,
    pub(super) work: Condvar,
    /// Told of work instead, where there is no writer thread.
    pub(super) steps: Option<Arc<Steps>>,
    pub(super) checkpoint: Condvar,
    pub(super) room: Semaphore,
    /// Told how long each unit took.
    pub(super) watch: OnceLock<Watch>,
    /// Told how checkpoints go.
    pub(super) checkpoints: OnceLock<WatchCheckpoints>,
    /// How often units that were taken were taken back.
    pub(super) losses: AtomicU64,
}

pub(super) type Watch = Box<dyn Fn(Shard, Duration) + Send + Sync>;
pub(super) type WatchCheckpoints = Box<dyn Fn(Checkpoint<'_>) + Send + Sync>;

pub(super) struct State {
    pub(super) standing: Standing,
    /// Whether there is no room for new work.
    pub(super) full: bool,
    /// Whether the store is closing, so that nothing is read any more.
    pub(super) closing: bool,
    /// The engine, until the writer has stopped.
    pub(super) engine: Option<Arc<dyn Engine>>,
    pub(super) overlay: Overlay,
    /// What is written while copies are made.
    pub(super) noted: Noted,
    pub(super) queue: VecDeque<Pending>,
    pub(super) latest: Generation,
    /// How many values the engine lost while somebody read an earlier moment.
    pub(super) displaced: u64,
    pub(super) durable: Generation,
    /// Units for which there was no room, by first and last generation, both inclusive. They count
    /// as past, but never as durable.
    pub(super) lost: Vec<(Generation, Generation)>,
    /// Bytes taken that are not durable yet.
    pub(super) waiting: usize,
    /// Bytes kept from which a checkpoint is due.
    pub(super) pace_bytes: usize,
    /// Bytes in the log that no checkpoint has taken up.
    pub(super) logged: usize,
    /// Bytes of room that are free again only after a checkpoint.
    pub(super) withheld: usize,
    /// The generation that a checkpoint waits for to become durable.
    pub(super) awaited: Option<Generation>,
    /// Whether the writer will log nothing more.
    pub(super) written: bool,
    pub(super) waiters: Vec<(Generation, oneshot::Sender<()>)>,
    /// Whether the writer waits for somebody to wait for what is in the queue.
    pub(super) patient: bool,
    pub(super) farewells: Vec<oneshot::Sender<()>>,
}

#[derive(Clone)]
pub(super) enum Standing {
    Open,
    Closing,
    Failed(Arc<str>),
}

pub(super) struct Pending {
    pub(super) generation: Generation,
    pub(super) writes: Vec<Write>,
    /// What the writes hid in the overlay.
    pub(super) hidden: Vec<Option<Entry>>,
    pub(super) cost: usize,
    pub(super) asked: Asked,
}

/// The shard of a unit, and when its submitter came, before it waited for room.
#[derive(Clone, Copy)]
pub(super) struct Asked(pub(super) Shard, pub(super) Instant);

impl Shared {
    pub(super) fn new(engine: Arc<dyn Engine>, steps: Option<Arc<Steps>>) -> Self {
        let state = State {
            standing: Standing::Open,
            full: false,
            closing: false,
            engine: Some(engine),
            overlay: Overlay::default(),
            noted: Noted::default(),
            queue: VecDeque::new(),
            latest: Generation::default(),
            displaced: 0,
            durable: Generation::default(),
            lost: Vec::new(),
            waiting: 0,
            pace_bytes: ROOM_BYTES,
            logged: 0,
            withheld: 0,
            awaited: None,
            written: false,
            waiters: Vec::new(),
            patient: false,
            farewells: Vec::new(),
        };
        Self {
            state: Mutex::new(state),
            work: Condvar::new(),
            steps,
            checkpoint: Condvar::new(),
            room: Semaphore::new(ROOM_BYTES),
            watch: OnceLock::new(),
            checkpoints: OnceLock::new(),
            losses: AtomicU64::new(0),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // A poisoned lock is safe to use, because every change below is complete before anything
        // can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells whoever writes that there is work, or that the store closes.
    pub(super) fn wake_writer(&self) {
        match &self.steps {
            Some(steps) if self.lock().closing => steps.finish(self),
            Some(steps) => steps.call(),
            None => self.work.notify_one(),
        }
    }

    pub(super) fn out_of_service(&self) -> StoreError {
        let writing = self.lock().writing(Purpose::Outcome);
        writing.err().unwrap_or(StoreError::Closed)
    }

    pub(super) async fn wait_durable(&self, generation: Generation) -> Result<(), StoreError> {
        let told = {
            let mut state = self.lock();
            let generation = generation.min(state.latest);
            if state.is_lost(generation) {
                return Err(StoreError::Full);
            }
            if generation <= state.durable {
                return Ok(());
            }
            if let Standing::Failed(cause) = &state.standing {
                return Err(StoreError::Unknown(cause.clone()));
            }
            let (tell, told) = oneshot::channel();
            state.waiters.push((generation, tell));
            if state.patient {
                self.work.notify_one();
            }
            told
        };
        told.await.map_err(|_| {
            let state = self.lock();
            match &state.standing {
                _ if state.is_lost(generation) => StoreError::Full,
                Standing::Failed(cause) => StoreError::Unknown(cause.clone()),
                _ => StoreError::Closed,
            }
        })
    }

    /// Looks a key up in what lies over the engine, then in the engine, and then once more in what lies over it,
    /// because the key may have been written, and even applied, in the meantime.
    pub(super) fn look_up(
        &self,
        key: &[u8],
        over: impl Fn(&State) -> Option<&Entry>,
    ) -> Result<Seen<Option<Bytes>>, StoreError> {
        let over = |state: &State| {
            let entry = over(state)?;
            Some(Seen {
                value: entry.value.clone(),
                generation: state.unsettled(entry.generation),
            })
        };
        let engine = {
            let state = self.lock();
            let engine = state.reading()?;
            if let Some(seen) = over(&state) {
                return Ok(seen);
            }
            engine
        };
        let value = engine.get(key)?;
        let seen = over(&self.lock());
        Ok(seen.unwrap_or(Seen {
            value,
            generation: Generation::default(),
        }))
    }
}

impl State {
    /// Returns the engine for reading. What is durable can be read even after the disk failed.
    pub(super) fn reading(&self) -> Result<Arc<dyn Engine>, StoreError> {
        let engine = self.engine.as_ref().filter(|_| !self.closing);
        engine.cloned().ok_or(StoreError::Closed)
    }

    pub(super) fn writing(&self, purpose: Purpose) -> Result<Arc<dyn Engine>, StoreError> {
        match &self.standing {
            Standing::Failed(cause) => Err(StoreError::Poisoned(cause.clone())),
            Standing::Open if self.full && purpose == Purpose::Work => Err(StoreError::Full),
            _ => self.reading(),
        }
    }

    /// Returns whether the queue should be written now: somebody waits for a unit or for room, or the
    /// store closes. Who waits for a group that is being written is gone when it is.
    pub(super) fn is_urgent(&self) -> bool {
        let awaited = !self.waiters.is_empty() || self.awaited.is_some();
        awaited || self.closing || self.waiting >= DRAIN_BYTES
    }

    fn is_lost(&self, generation: Generation) -> bool {
        let mut lost = self.lost.iter();
        lost.any(|(first, last)| (first..=last).contains(&&generation))
    }

    /// Takes back everything that is not durable, and returns how much room it had.
    pub(super) fn take_back(&mut self, failed: Vec<Pending>) -> usize {
        let mut room = 0;
        let queued = std::mem::take(&mut self.queue);
        for unit in failed.into_iter().chain(queued).rev() {
            self.note(&unit.writes);
            self.overlay.unlay(&unit.writes, unit.hidden);
            room += unit.cost;
        }
        self.waiting -= room;
        room
    }

    /// Marks everything that was taken and is not durable as lost: it never will be durable.
    pub(super) fn lose(&mut self) {
        let first = self.durable.next();
        match self.lost.last_mut() {
            Some((_, last)) if last.next() == first => *last = self.latest,
            _ => self.lost.push((first, self.latest)),
        }
        self.durable = self.latest;
    }

    pub(super) fn close(&mut self) {
        self.closing = true;
        if let Standing::Open = self.standing {
            self.standing = Standing::Closing;
        }
    }

    /// Returns a generation that was read, or zero if it is durable.
    pub(super) fn unsettled(&self, seen: Generation) -> Generation {
        if seen > self.durable {
            seen
        } else {
            Generation::default()
        }
    }

    /// Returns roughly how many bytes of the overlay are durable and wait for a checkpoint.
    pub(super) fn kept(&self) -> usize {
        self.overlay.bytes().saturating_sub(self.waiting)
    }

    /// Returns the newest generation seen if all preconditions hold, else the conflict and the
    /// newest generation seen until then.
    pub(super) fn check(
        &self,
        engine: &dyn Engine,
        shard: Shard,
        expect: Vec<(Bytes, Expect)>,
    ) -> Result<Result<Generation, (Conflict, Generation)>, StoreError> {
        let mut seen = Generation::default();
        for (key, expect) in expect {
            let full = full_key(shard, &key);
            let found = match self.overlay.get(&full) {
                Some(entry) => {
                    seen = seen.max(entry.generation);
                    entry.value.clone()
                }
                None => engine.get(&full)?,
            };
            let holds = match (&expect, &found) {
                (Expect::Absent, None) => true,
                (Expect::Is(value), Some(found)) => value == found,
                _ => false,
            };
            if !holds {
                return Ok(Err((Conflict { key, found }, seen)));
            }
        }
        Ok(Ok(seen))
    }

    pub(super) fn take(&mut self, writes: Vec<Write>, cost: usize, asked: Asked) -> Generation {
        self.latest = self.latest.next();
        self.note(&writes);
        let hidden = self.overlay.lay(self.latest, &writes);
        self.waiting += cost;
        self.queue.push_back(Pending {
            generation: self.latest,
            writes,
            hidden,
            cost,
            asked,
        });
        self.latest
    }

    fn note(&mut self, writes: &[Write]) {
        if self.noted.is_empty() {
            return;
        }
        for (key, _) in writes {
            self.noted.note(key);
        }
    }
}

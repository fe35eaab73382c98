use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::sync::{Semaphore, oneshot};

use super::ROOM_BYTES;
use crate::{
    Conflict, Expect, Generation, Purpose, Shard, StoreError,
    engine::{Engine, Write},
    full_key,
    overlay::{Entry, Overlay},
};

/// The state that submitters, readers, the writer thread and the checkpoint thread share.
pub(super) struct Shared {
    pub(super) state: Mutex<State>,
    pub(super) work: Condvar,
    pub(super) checkpoint: Condvar,
    pub(super) room: Semaphore,
    /// Told how long each unit took.
    pub(super) watch: OnceLock<Watch>,
}

pub(super) type Watch = Box<dyn Fn(Shard, Duration) + Send + Sync>;

pub(super) struct State {
    pub(super) standing: Standing,
    /// Whether there is no room for new work.
    pub(super) full: bool,
    /// Whether the store is closing, so that nothing is read any more.
    pub(super) closing: bool,
    /// The engine, until the writer has stopped.
    pub(super) engine: Option<Arc<dyn Engine>>,
    pub(super) overlay: Overlay,
    pub(super) queue: VecDeque<Pending>,
    pub(super) latest: Generation,
    /// The newest generation that may be found in the engine.
    pub(super) applying: Generation,
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
    pub(super) fn new(engine: Arc<dyn Engine>) -> Self {
        let state = State {
            standing: Standing::Open,
            full: false,
            closing: false,
            engine: Some(engine),
            overlay: Overlay::default(),
            queue: VecDeque::new(),
            latest: Generation::default(),
            applying: Generation::default(),
            durable: Generation::default(),
            lost: Vec::new(),
            waiting: 0,
            pace_bytes: ROOM_BYTES,
            logged: 0,
            withheld: 0,
            awaited: None,
            written: false,
            waiters: Vec::new(),
            farewells: Vec::new(),
        };
        Self {
            state: Mutex::new(state),
            work: Condvar::new(),
            checkpoint: Condvar::new(),
            room: Semaphore::new(ROOM_BYTES),
            watch: OnceLock::new(),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // A poisoned lock is safe to use, because every change below is complete before anything
        // can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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

    fn is_lost(&self, generation: Generation) -> bool {
        let mut lost = self.lost.iter();
        lost.any(|(first, last)| (first..=last).contains(&&generation))
    }

    /// Takes back everything that is not durable, and returns how much room it had.
    pub(super) fn take_back(&mut self, failed: Vec<Pending>) -> usize {
        let mut room = 0;
        let queued = std::mem::take(&mut self.queue);
        for unit in failed.into_iter().chain(queued).rev() {
            self.overlay.unlay(&unit.writes, unit.hidden);
            room += unit.cost;
        }
        self.waiting -= room;
        room
    }

    /// Marks everything that was taken and is not durable as lost: it never will be durable.
    pub(super) fn lose(&mut self) {
        let first = Generation(self.durable.0 + 1);
        match self.lost.last_mut() {
            Some((_, last)) if last.0 + 1 == first.0 => *last = self.latest,
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
        self.latest = Generation(self.latest.0 + 1);
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
}

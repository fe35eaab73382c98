mod checkpoint;
mod reader;
mod state;
mod stepped;
mod writer;

use std::{
    sync::{Arc, PoisonError, atomic::Ordering},
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::sync::{TryAcquireError, oneshot};

use super::{
    Checkpoint, CommitError, Committed, Generation, KEY_LIMIT, OpenError, Purpose, Seen, Shard,
    Store, StoreError, VALUE_LIMIT, WriteBatch,
    engine::{Engine, Write},
    export::Noted,
    full_key, overlay,
    redo::Redo,
    sync::{Builder, JoinHandle, Mutex},
};
pub(super) use reader::Reader;
use state::{Asked, Shared, Standing};
pub(super) use stepped::Steps;
use writer::Log;
pub(super) use writer::panic_text;

/// Most bytes that may wait for the disk; beyond that, submitters wait.
const ROOM_BYTES: usize = 8 << 20;

/// The point at which a unit counts as durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AckWhen {
    Synced,
    /// The mutant that the power-cut test must catch: units count as durable before they are
    /// synced.
    #[cfg(test)]
    Applied,
}

/// Owns the writer thread, which owns the checkpoint thread. Dropped with the last handle.
pub(super) struct Committer {
    shared: Arc<Shared>,
    /// `None` if the disk says when it writes, and once it was waited for.
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// A unit that was taken. Dropping the ticket changes nothing: the unit becomes durable all the
/// same.
#[must_use = "a unit is durable only when its ticket says so"]
pub struct Ticket {
    shared: Arc<Shared>,
    generation: Generation,
    settles: Generation,
}

impl Ticket {
    /// Returns the unit's place among all units.
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// Waits until the unit is durable.
    pub async fn durable(self) -> Result<Committed, StoreError> {
        self.shared.wait_durable(self.settles).await?;
        Ok(Committed {
            generation: self.generation,
        })
    }

    /// Makes the ticket also wait for something else that was seen.
    pub(super) fn and_settle(mut self, seen: Generation) -> Self {
        self.settles = self.settles.max(seen);
        self
    }
}

impl Committer {
    /// Starts the threads. Without a log every unit goes to the engine before it is durable.
    pub(super) fn start(
        engine: Arc<dyn Engine>,
        redo: Option<Redo>,
        ack: AckWhen,
    ) -> Result<Store, OpenError> {
        let shared = Arc::new(Shared::new(engine.clone(), None));
        let spawn = |name: &str, run: Box<dyn FnOnce() + Send>| {
            let thread = Builder::new().name(name.to_owned()).spawn(run);
            thread.map_err(|source| OpenError::Io {
                what: "start a thread of",
                path: "the store".into(),
                source,
            })
        };
        let log = match redo {
            Some(redo) => {
                let redo = Arc::new(Mutex::new(redo));
                let (shared, engine, log) = (shared.clone(), engine.clone(), redo.clone());
                let checkpoints = spawn(
                    "store-checkpoint",
                    Box::new(move || shared.checkpoint_until_written(&*engine, &log)),
                )?;
                Some(Log { redo, checkpoints })
            }
            None => None,
        };
        let writing = shared.clone();
        let writer = spawn(
            "store-writer",
            Box::new(move || writing.write_until_closed(engine, log, ack)),
        );
        let writer = writer.inspect_err(|_| {
            shared.lock().written = true;
            shared.checkpoint.notify_one();
        })?;
        let committer = Self {
            shared,
            writer: Mutex::new(Some(writer)),
        };
        Ok(Store {
            committer: Arc::new(committer),
        })
    }

    /// Starts without threads: units become durable when the disk is told to take a step.
    pub(super) fn start_stepped(engine: Arc<dyn Engine>, steps: Arc<Steps>) -> Store {
        let shared = Arc::new(Shared::new(engine, Some(Arc::clone(&steps))));
        steps.begin(&shared);
        let committer = Self {
            shared,
            writer: Mutex::default(),
        };
        Store {
            committer: Arc::new(committer),
        }
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Seen<Option<Bytes>>, StoreError> {
        // If it is not pending after the engine was read, what the engine returned is durable.
        self.shared.look_up(key, |state| state.overlay.get(key))
    }

    /// Opens a reader of what the store holds now.
    pub(super) fn reader(&self) -> Result<Reader, StoreError> {
        Reader::open(&self.shared)
    }

    /// Lets a copy look at what was noted for it, or change that.
    pub(super) fn noted<T>(&self, act: impl FnOnce(&mut Noted) -> T) -> Result<T, StoreError> {
        let mut state = self.shared.lock();
        state.reading()?;
        Ok(act(&mut state.noted))
    }

    /// Does the same, and opens a reader of that very moment.
    pub(super) fn noted_now<T>(
        &self,
        act: impl FnOnce(&mut Noted) -> T,
    ) -> Result<(T, Reader), StoreError> {
        let mut state = self.shared.lock();
        let reader = Reader::open_in(&self.shared, &mut state)?;
        let noted = act(&mut state.noted);
        drop(state);
        Ok((noted, reader))
    }

    /// Returns whether no copy is being made.
    #[cfg(all(test, not(shuttle)))]
    pub(super) fn notes_nothing(&self) -> bool {
        self.shared.lock().noted.is_empty()
    }

    /// Notes nothing any more for a copy.
    pub(super) fn forget_notes(&self, copy: u64) {
        self.shared.lock().noted.close(copy);
    }

    /// Returns whether nothing is kept for readers that are gone.
    #[cfg(all(test, not(shuttle)))]
    pub(super) fn keeps_nothing_for_readers(&self) -> bool {
        self.shared.lock().overlay.keeps_nothing_for_readers()
    }

    pub(super) async fn submit(
        &self,
        unit: WriteBatch,
        purpose: Purpose,
    ) -> Result<Ticket, CommitError> {
        let shared = &self.shared;
        let shard = unit.shard;
        let asked = Asked(shard, Instant::now());
        let expect = unit.expect;
        let writes = full_writes(shard, unit.put, unit.delete)?;
        let cost = writes.iter().map(|(k, v)| overlay::cost(k, v.as_ref()));
        let cost: usize = cost.sum();
        let cost = cost.min(ROOM_BYTES);
        if !writes.is_empty() {
            shared.lock().writing(purpose)?;
        }
        let room = u32::try_from(cost).expect("the room is less than 4 GiB");
        let room = match shared.room.try_acquire_many(room) {
            Ok(room) => room,
            Err(TryAcquireError::NoPermits) => shared
                .room
                .acquire_many(room)
                .await
                .map_err(|_| shared.out_of_service())?,
            Err(TryAcquireError::Closed) => return Err(shared.out_of_service().into()),
        };
        let (conflict, seen) = {
            let mut state = shared.lock();
            let engine = if writes.is_empty() {
                state.reading()?
            } else {
                state.writing(purpose)?
            };
            match state.check(&*engine, shard, expect)? {
                Ok(settles) if writes.is_empty() => {
                    let generation = settles;
                    return Ok(Ticket {
                        shared: shared.clone(),
                        generation,
                        settles,
                    });
                }
                Ok(_) => {
                    let generation = state.take(writes, cost, asked);
                    drop(state);
                    room.forget();
                    shared.wake_writer();
                    return Ok(Ticket {
                        shared: shared.clone(),
                        generation,
                        settles: generation,
                    });
                }
                Err(refused) => refused,
            }
        };
        drop(room);
        shared.wait_durable(seen).await?;
        Err(conflict.into())
    }

    pub(super) async fn wait_durable(&self, generation: Generation) -> Result<(), StoreError> {
        self.shared.wait_durable(generation).await
    }

    pub(super) fn watch(&self, watch: impl Fn(Shard, Duration) + Send + Sync + 'static) {
        // The first watcher stays, so a second one is ignored.
        let _second = self.shared.watch.set(Box::new(watch));
    }

    pub(super) fn watch_checkpoints(&self, watch: impl Fn(Checkpoint<'_>) + Send + Sync + 'static) {
        let _second = self.shared.checkpoints.set(Box::new(watch));
    }

    pub(super) fn failure(&self) -> Option<StoreError> {
        match &self.shared.lock().standing {
            Standing::Failed(cause) => Some(StoreError::Poisoned(cause.clone())),
            _ => None,
        }
    }

    pub(super) fn losses(&self) -> u64 {
        self.shared.losses.load(Ordering::Acquire)
    }

    pub(super) fn is_full(&self) -> bool {
        self.shared.lock().full
    }

    pub(super) fn size_on_disk(&self) -> Result<u64, StoreError> {
        let engine = self.shared.lock().reading()?;
        engine.size_on_disk()
    }

    pub(super) async fn close(&self) -> Result<(), StoreError> {
        let gone = {
            let mut state = self.shared.lock();
            state.close();
            let (farewell, gone) = oneshot::channel();
            if state.engine.is_some() {
                state.farewells.push(farewell);
            }
            gone
        };
        self.shared.wake_writer();
        // An error only means that the writer was already gone.
        let _ = gone.await;
        let writer = self
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(writer) = writer {
            let _ = writer.join();
        }
        match &self.shared.lock().standing {
            Standing::Failed(cause) => Err(StoreError::Unknown(cause.clone())),
            _ => Ok(()),
        }
    }
}

impl Drop for Committer {
    fn drop(&mut self) {
        self.shared.lock().close();
        self.shared.wake_writer();
    }
}

fn full_writes(
    shard: Shard,
    put: Vec<(Bytes, Bytes)>,
    delete: Vec<Bytes>,
) -> Result<Vec<Write>, CommitError> {
    let puts = put.into_iter().map(|(key, value)| (key, Some(value)));
    let deletes = delete.into_iter().map(|key| (key, None));
    puts.chain(deletes)
        .map(|(key, value)| {
            if key.len() > KEY_LIMIT {
                return Err(CommitError::KeyTooLong { size: key.len() });
            }
            let size = value.as_ref().map_or(0, Bytes::len);
            if size > VALUE_LIMIT {
                return Err(CommitError::ValueTooLarge { size });
            }
            // Copy the value: it may be a small part of a large buffer, which it would keep alive.
            let value = value.map(|value| Bytes::copy_from_slice(&value));
            Ok((full_key(shard, &key), value))
        })
        .collect()
}

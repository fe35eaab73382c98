use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, PoisonError, atomic::Ordering},
    time::{Duration, Instant},
};

use super::{
    AckWhen,
    state::{Asked, Pending, Shared, Standing, State},
};
use crate::{
    engine::{BATCH_KEYS, Engine, Room, Write},
    redo::{Failure, Redo},
    sync::{JoinHandle, Mutex, wait_timeout},
};

/// Most keys and bytes that one sync covers, so that answers flow while a backlog is worked off.
const DRAIN_KEYS: usize = 1024;
pub(super) const DRAIN_BYTES: usize = 1 << 20;

/// Longest time that units wait for a sync while nobody waits for them: what is lost with them is
/// done again. They share the sync of the next unit that somebody waits for, or one sync.
const PATIENCE: Duration = Duration::from_millis(10);

/// The log in front of the engine, and the thread that brings its content there.
pub(super) struct Log {
    pub(super) redo: Arc<Mutex<Redo>>,
    pub(super) checkpoints: JoinHandle<()>,
}

impl Shared {
    pub(super) fn write_until_closed(
        &self,
        engine: Arc<dyn Engine>,
        log: Option<Log>,
        ack: AckWhen,
    ) {
        while let Some(units) = self.next_units() {
            self.write_group(units, &*engine, log.as_ref(), ack);
        }
        if let Some(log) = log {
            self.lock().written = true;
            self.checkpoint.notify_one();
            // A panic in that thread was already turned into a failure.
            let _ = log.checkpoints.join();
            let state = self.lock();
            if state.logged == 0 && matches!(state.standing, Standing::Closing) {
                engine.closed();
            }
        }
        self.give_up(engine);
    }

    /// Gives up the directory, and then tells everybody that the store is closed.
    pub(super) fn give_up(&self, engine: Arc<dyn Engine>) {
        self.lock().engine = None;
        drop(engine);
        let farewells = std::mem::take(&mut self.lock().farewells);
        for farewell in farewells {
            let _ = farewell.send(());
        }
    }

    /// Writes units with one sync and tells those who wait for them.
    fn write_group(
        &self,
        units: Vec<Pending>,
        engine: &dyn Engine,
        log: Option<&Log>,
        ack: AckWhen,
    ) {
        #[cfg(test)]
        if ack == AckWhen::Applied {
            let logged = |_: &Log| Logged {
                bytes: 1,
                tight: false,
            };
            self.durable(&units, log.map(logged));
        }
        let written = catch_unwind(AssertUnwindSafe(|| match log {
            Some(log) => append(&log.redo, &units).map(Some),
            None => match engine.room(units.iter().map(|unit| unit.cost).sum()) {
                Room::None => Err(Failure::Full),
                room => {
                    self.write(engine, &units)?;
                    if room == Room::Little {
                        self.full(&mut self.lock());
                    }
                    Ok(None)
                }
            },
        }))
        .unwrap_or_else(|panic| Err(panic_text(&*panic).into()));
        match written {
            Ok(logged) if ack == AckWhen::Synced => self.durable(&units, logged),
            Ok(_) => {}
            Err(Failure::Full) => self.refuse(units),
            Err(Failure::Broken(cause)) => {
                engine.forget_unsynced();
                let taken = if ack == AckWhen::Synced {
                    units
                } else {
                    Vec::new()
                };
                self.fail(cause.into(), taken);
            }
        }
    }

    /// Does what the writer thread does for the units that wait now, if a store has none.
    pub(super) fn write_waiting(&self, engine: &dyn Engine) {
        {
            let mut state = self.lock();
            if engine.room(0) == Room::Plenty && std::mem::take(&mut state.full) {
                tracing::warn!("there is room on the disk again; new work is taken");
            }
        }
        loop {
            let units = Self::take_group(&mut self.lock());
            if units.is_empty() {
                return;
            }
            self.write_group(units, engine, None, AckWhen::Synced);
        }
    }

    /// Waits for work; returns `None` when the store is closing and everything is written. Units
    /// that nobody waits for are work once the first of them has waited for [`PATIENCE`].
    fn next_units(&self) -> Option<Vec<Pending>> {
        let mut state = self.lock();
        let mut until = None;
        loop {
            if state.queue.is_empty() {
                // After a failure the engine stays, so that reads go on.
                if state.closing {
                    return None;
                }
                let woken = self.work.wait(state);
                state = woken.unwrap_or_else(PoisonError::into_inner);
                until = None;
            } else if state.is_urgent() {
                break;
            } else {
                let until = *until.get_or_insert_with(|| Instant::now() + PATIENCE);
                let rest = until.saturating_duration_since(Instant::now());
                state.patient = true;
                let (woken, over) = wait_timeout(&self.work, &self.state, state, rest);
                state = woken;
                state.patient = false;
                if over && !state.queue.is_empty() {
                    break;
                }
            }
        }
        Some(Self::take_group(&mut state))
    }

    /// Takes from the queue what one sync covers.
    fn take_group(state: &mut State) -> Vec<Pending> {
        let (mut keys, mut bytes) = (0, 0);
        let taken = state.queue.iter().take_while(|unit| {
            let room = keys < DRAIN_KEYS && bytes < DRAIN_BYTES;
            keys += unit.writes.len();
            bytes += unit.cost;
            room
        });
        let taken = taken.count();
        state.queue.drain(..taken).collect()
    }

    /// Applies the units in batches of at most [`BATCH_KEYS`] keys, splitting none, then syncs once.
    fn write(&self, engine: &dyn Engine, units: &[Pending]) -> Result<(), String> {
        let writes = units.iter().flat_map(|unit| {
            let writes = unit.writes.iter();
            writes.map(|write| (write, unit.generation))
        });
        self.keep(engine, writes)?;
        let mut batch: Vec<&[Write]> = Vec::new();
        let mut keys = 0;
        for unit in units {
            if keys > 0 && keys + unit.writes.len() > BATCH_KEYS {
                engine.apply(&batch)?;
                batch.clear();
                keys = 0;
            }
            batch.push(&unit.writes);
            keys += unit.writes.len();
        }
        engine.apply(&batch)?;
        engine.sync()
    }

    /// Marks the units as durable: they are on the disk, in the engine or in a log that now has as
    /// many bytes as `logged` states.
    fn durable(&self, units: &[Pending], logged: Option<Logged>) {
        let mut room = units.iter().map(|unit| unit.cost).sum();
        let told: Vec<_> = {
            let mut state = self.lock();
            state.waiting -= room;
            for unit in units {
                state.durable = unit.generation;
                if logged.is_none() {
                    let keys = unit.writes.iter().map(|(key, _)| key);
                    state.overlay.lift(unit.generation, keys);
                }
            }
            if let Some(logged) = logged {
                self.logged(&mut state, logged.bytes, &mut room);
                if logged.tight {
                    self.full(&mut state);
                }
            }
            let durable = state.durable;
            state
                .waiters
                .extract_if(.., |(waits, _)| *waits <= durable)
                .collect()
        };
        self.room.add_permits(room);
        if let Some(watch) = self.watch.get() {
            let asked = units.iter().map(|unit| unit.asked);
            asked.for_each(|Asked(shard, came)| watch(shard, came.elapsed()));
        }
        for (_, tell) in told {
            // An error only means that nobody waits any more.
            let _ = tell.send(());
        }
    }

    /// Refuses units for which there was no room, and all that rest on them. Nothing of them was
    /// done, and nothing will be.
    fn refuse(&self, units: Vec<Pending>) {
        let told = {
            let mut state = self.lock();
            let room = state.take_back(units);
            state.lose();
            self.losses.fetch_add(1, Ordering::Release);
            self.room.add_permits(room);
            self.full(&mut state);
            std::mem::take(&mut state.waiters)
        };
        self.checkpoint.notify_one();
        drop(told);
    }

    /// Refuses new work from here on. Lets those who wait for room through, so that they are told.
    pub(super) fn full(&self, state: &mut State) {
        if !std::mem::replace(&mut state.full, true) {
            tracing::error!(
                alarm = "disk-full",
                "the disk is full; no new work is taken"
            );
        }
        self.room.add_permits(std::mem::take(&mut state.withheld));
        self.checkpoint.notify_one();
    }

    /// Makes the store take no more writes. The first cause is kept.
    pub(super) fn fail(&self, cause: Arc<str>, units: Vec<Pending>) {
        let told = {
            let mut state = self.lock();
            if !matches!(state.standing, Standing::Failed(_)) {
                tracing::error!(%cause, "the store takes no more writes");
                state.standing = Standing::Failed(cause);
            }
            state.take_back(units);
            std::mem::take(&mut state.waiters)
        };
        self.room.close();
        self.work.notify_one();
        self.checkpoint.notify_one();
        drop(told);
    }
}

/// The state of the log after a group was appended.
struct Logged {
    /// Bytes in the segment.
    bytes: usize,
    /// Whether there is little room left on the disk.
    tight: bool,
}

/// Appends the units as one group.
fn append(redo: &Mutex<Redo>, units: &[Pending]) -> Result<Logged, Failure> {
    let newest = units.last().map(|unit| unit.generation).unwrap_or_default();
    let mut redo = redo.lock().unwrap_or_else(PoisonError::into_inner);
    let asks = redo.is_about_to_grow();
    redo.append(units.iter().map(|unit| &unit.writes[..]), newest)?;
    let tight = asks && redo.space.is_tight();
    if tight {
        redo.space.give_up();
    }
    Ok(Logged {
        bytes: redo.segment_bytes(),
        tight,
    })
}

/// Returns the message of a panic.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!(
        "the engine panicked: {}",
        text.as_deref().unwrap_or("no message")
    )
}

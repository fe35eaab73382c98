use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
};

use super::{
    AckWhen,
    state::{Pending, Shared, Standing},
};
use crate::{
    engine::{BATCH_KEYS, Engine, Write},
    redo::Redo,
};

/// What one sync covers at most, so that answers flow while a backlog is worked off.
const DRAIN_KEYS: usize = 1024;
const DRAIN_BYTES: usize = 1 << 20;

/// The log before the engine, and the thread that brings its content there.
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
        while let Some(units) = self.next_units(log.is_none()) {
            #[cfg(test)]
            if ack == AckWhen::Applied {
                self.durable(&units, log.as_ref().map(|_| 1));
            }
            let written = catch_unwind(AssertUnwindSafe(|| match &log {
                Some(log) => append(&log.redo, &units).map(Some),
                None => write(&*engine, &units).map(|()| None),
            }))
            .unwrap_or_else(|panic| Err(panic_text(&*panic)));
            match written {
                Ok(logged) if ack == AckWhen::Synced => self.durable(&units, logged),
                Ok(_) => {}
                Err(cause) => {
                    self.fail(cause.into());
                    break;
                }
            }
        }
        if let Some(log) = log {
            self.lock().written = true;
            self.checkpoint.notify_one();
            // A panic in there was turned into a failure.
            let _ = log.checkpoints.join();
        }
        // The directory is given up before anybody is told so.
        self.lock().engine = None;
        drop(engine);
        let farewells = std::mem::take(&mut self.lock().farewells);
        for farewell in farewells {
            let _ = farewell.send(());
        }
    }

    /// Waits for work; `None` when the store is closing and all is written.
    fn next_units(&self, applies: bool) -> Option<Vec<Pending>> {
        let mut state = self.lock();
        while state.queue.is_empty() {
            if !matches!(state.standing, Standing::Open) {
                return None;
            }
            state = self
                .work
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        let (mut keys, mut bytes) = (0, 0);
        let taken = state.queue.iter().take_while(|unit| {
            let room = keys < DRAIN_KEYS && bytes < DRAIN_BYTES;
            keys += unit.writes.len();
            bytes += unit.cost;
            room
        });
        let taken = taken.count();
        let units: Vec<_> = state.queue.drain(..taken).collect();
        if applies {
            state.applying = units.last()?.generation;
        }
        Some(units)
    }

    /// The units are on the disk: in a log that now has so many bytes, or in the engine.
    fn durable(&self, units: &[Pending], logged: Option<usize>) {
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
                self.logged(&mut state, logged, &mut room);
            }
            let durable = state.durable;
            state
                .waiters
                .extract_if(.., |(waits, _)| *waits <= durable)
                .collect()
        };
        self.room.add_permits(room);
        for (_, tell) in told {
            // An error only says that nobody waits any more.
            let _ = tell.send(());
        }
    }

    /// Puts the store out of service. The first cause stays.
    pub(super) fn fail(&self, cause: Arc<str>) {
        let told = {
            let mut state = self.lock();
            if !matches!(state.standing, Standing::Failed(_)) {
                tracing::error!(%cause, "store out of service");
                state.standing = Standing::Failed(cause);
            }
            // The overlay stays: what a read finds there will never be called durable.
            state.queue.clear();
            std::mem::take(&mut state.waiters)
        };
        self.room.close();
        self.work.notify_one();
        self.checkpoint.notify_one();
        drop(told);
    }
}

/// Appends the units as one group and says how many bytes the segment has.
fn append(redo: &Mutex<Redo>, units: &[Pending]) -> Result<usize, String> {
    let newest = units.last().map(|unit| unit.generation).unwrap_or_default();
    let mut redo = redo.lock().unwrap_or_else(PoisonError::into_inner);
    redo.append(units.iter().map(|unit| &unit.writes[..]), newest)?;
    Ok(redo.segment_bytes())
}

/// Applies the units in batches of at most [`BATCH_KEYS`] keys, none split, then syncs once.
fn write(engine: &dyn Engine, units: &[Pending]) -> Result<(), String> {
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

/// What a panic said.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    format!(
        "the engine panicked: {}",
        text.as_deref().unwrap_or("no message")
    )
}

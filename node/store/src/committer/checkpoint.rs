use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;

use super::{
    state::{Shared, Standing, State},
    writer::panic_text,
};
use crate::{
    Generation,
    engine::{BATCH_KEYS, Engine},
    overlay,
    redo::{Pace, Point, Redo},
};

/// Keys lifted at a time: everybody waits for it.
const LIFT_KEYS: usize = 512;

/// What the engine may hold back before it is synced: it takes memory for that without bound.
const SYNC_BYTES: usize = 128 << 10;

/// How many times the bytes in memory the log may have before a checkpoint begins.
const LOG_FACTOR: usize = 4;

impl Shared {
    /// Brings into the engine what the log holds, whenever it is due and once more at the end.
    pub(super) fn checkpoint_until_written(&self, engine: &dyn Engine, redo: &Mutex<Redo>) {
        let pace = locked(redo).pace.clone();
        self.lock().pace_bytes = pace.bytes;
        while self.wait_until_due(&pace) {
            let done = catch_unwind(AssertUnwindSafe(|| self.checkpoint(engine, redo, &pace)));
            if let Err(cause) = done.unwrap_or_else(|panic| Err(panic_text(&*panic))) {
                self.fail(cause.into());
            }
        }
    }

    /// Notes that the log has so many bytes, and keeps `room` back while too much waits for a
    /// checkpoint.
    pub(super) fn logged(&self, state: &mut State, logged: usize, room: &mut usize) {
        let first = state.logged == 0;
        state.logged = logged;
        if state.kept() >= 2 * state.pace_bytes {
            state.withheld += std::mem::take(room);
        }
        let awaited = state
            .awaited
            .is_some_and(|awaited| awaited <= state.durable);
        if first || awaited || state.is_due() {
            self.checkpoint.notify_one();
        }
    }

    /// False when no checkpoint is due any more.
    fn wait_until_due(&self, pace: &Pace) -> bool {
        let mut state = self.lock();
        loop {
            if let Standing::Failed(_) = state.standing {
                return false;
            }
            if state.written || state.is_due() {
                return state.logged > 0;
            }
            let before = state.durable;
            let idle = state.logged > 0;
            state = if idle {
                let waited = self.checkpoint.wait_timeout(state, pace.idle);
                let (state, waited) = waited.unwrap_or_else(PoisonError::into_inner);
                if waited.timed_out() && state.durable == before {
                    return true;
                }
                state
            } else {
                let waited = self.checkpoint.wait(state);
                waited.unwrap_or_else(PoisonError::into_inner)
            };
        }
    }

    fn checkpoint(
        &self,
        engine: &dyn Engine,
        redo: &Mutex<Redo>,
        pace: &Pace,
    ) -> Result<(), String> {
        let closed = {
            let mut redo = locked(redo);
            let closed = redo.close_segment()?;
            let mut state = self.lock();
            state.logged = 0;
            if let Some(closed) = &closed {
                state.applying = closed.newest;
            }
            closed
        };
        if let Some(closed) = closed {
            let (keys, latest) = self.sweep(engine, closed.newest, pace)?;
            // A write that is not durable yet may have hidden one of these segments from the
            // sweep. It must be in a later segment before these may go.
            self.wait_until_durable(latest)?;
            closed.retire(engine, pace)?;
            for keys in keys.chunks(LIFT_KEYS) {
                self.lock().overlay.lift(closed.newest, keys);
            }
            closed.remove(pace)?;
        }
        let room = std::mem::take(&mut self.lock().withheld);
        self.room.add_permits(room);
        Ok(())
    }

    /// Applies the entries up to `newest` and names their keys, and the newest generation that may
    /// have hidden others.
    fn sweep(
        &self,
        engine: &dyn Engine,
        newest: Generation,
        pace: &Pace,
    ) -> Result<(Vec<Bytes>, Generation), String> {
        let mut keys = Vec::new();
        let mut after = None;
        let mut unsynced = 0;
        loop {
            let (batch, next, latest) = {
                let state = self.lock();
                let (batch, next) = state.overlay.sweep(after.as_ref(), newest, BATCH_KEYS);
                (batch, next, state.latest)
            };
            if !batch.is_empty() {
                engine.apply(&[&batch])?;
                pace.at(Point::BatchApplied)?;
                let bytes = batch.iter().map(|(k, v)| overlay::cost(k, v.as_ref()));
                unsynced += bytes.sum::<usize>();
                if unsynced >= SYNC_BYTES {
                    engine.sync()?;
                    unsynced = 0;
                }
            }
            keys.extend(batch.into_iter().map(|(key, _)| key));
            after = next;
            if after.is_none() {
                return Ok((keys, latest));
            }
        }
    }

    fn wait_until_durable(&self, generation: Generation) -> Result<(), String> {
        let mut state = self.lock();
        state.awaited = Some(generation);
        while state.durable < generation {
            if let Standing::Failed(cause) = &state.standing {
                return Err(cause.to_string());
            }
            let waited = self.checkpoint.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
        state.awaited = None;
        Ok(())
    }
}

impl State {
    fn is_due(&self) -> bool {
        let bytes = self.pace_bytes;
        let much = self.kept() >= bytes || self.logged >= bytes * LOG_FACTOR;
        self.logged > 0 && (much || self.withheld > 0)
    }
}

fn locked(redo: &Mutex<Redo>) -> MutexGuard<'_, Redo> {
    redo.lock().unwrap_or_else(PoisonError::into_inner)
}

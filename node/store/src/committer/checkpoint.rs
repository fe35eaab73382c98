use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::PoisonError,
};

use bytes::Bytes;

use super::{
    state::{Shared, Standing, State},
    writer::panic_text,
};
use crate::{
    Checkpoint, Generation,
    engine::{BATCH_KEYS, Engine, Write},
    overlay,
    redo::{CheckpointPolicy, Closed, Failure, Point, Redo},
    seal::Sealer,
    space::is_full,
    sync::{Mutex, MutexGuard, wait_timeout},
};

/// Keys lifted at a time, because everybody waits while it is done.
const LIFT_KEYS: usize = 512;

/// Bytes given to the engine before it is synced; it takes memory for unsynced bytes without bound.
const SYNC_BYTES: usize = 512 << 10;

/// How many times the bytes in memory the log may have before a checkpoint begins.
const LOG_FACTOR: usize = 4;

/// The writes that one checkpoint brings to the engine.
#[derive(Default)]
struct Load {
    writes: Vec<Write>,
    /// The generation of each write.
    generations: Vec<Generation>,
    /// Keys whose newest write a later checkpoint brings.
    later: Vec<Bytes>,
}

impl Shared {
    /// Brings what the log holds into the engine whenever that is due, and once more at the end.
    pub(super) fn checkpoint_until_written(&self, engine: &dyn Engine, redo: &Mutex<Redo>) {
        let (pace, sealer) = {
            let mut redo = locked(redo);
            (redo.pace.clone(), redo.sealer.take())
        };
        let Some(mut sealer) = sealer else {
            return self.fail("the log was not recovered".into(), Vec::new());
        };
        self.lock().pace_bytes = pace.bytes;
        // Segments that are closed but not in the engine, because there was no room.
        let mut waiting = None;
        while self.wait_until_due(redo, &pace, waiting.is_some()) {
            self.tell(Checkpoint::Begins);
            let done = catch_unwind(AssertUnwindSafe(|| {
                self.checkpoint(engine, redo, &mut sealer, &mut waiting, &pace)
            }));
            match done.unwrap_or_else(|panic| Err(panic_text(&*panic).into())) {
                Ok(()) => self.tell(Checkpoint::Done),
                Err(Failure::Full) => {
                    self.tell(Checkpoint::Failed("the disk has no room for it"));
                    let mut state = self.lock();
                    self.full(&mut state);
                    if state.written {
                        // The next start finds the rest in the log.
                        state.logged = state.logged.max(1);
                        return;
                    }
                }
                Err(Failure::Broken(cause)) => {
                    self.tell(Checkpoint::Failed(&cause));
                    self.fail(cause.into(), Vec::new());
                }
            }
        }
    }

    fn tell(&self, checkpoint: Checkpoint<'_>) {
        if let Some(watch) = self.checkpoints.get() {
            watch(checkpoint);
        }
    }

    /// Notes that the log has so many bytes, and withholds `room` while too much waits for a
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

    /// Waits until a checkpoint is due; returns false when none will be any more. While the disk is
    /// full, looks every [`CheckpointPolicy::look`] whether there is room again.
    fn wait_until_due(&self, redo: &Mutex<Redo>, pace: &CheckpointPolicy, waiting: bool) -> bool {
        let mut state = self.lock();
        loop {
            if let Standing::Failed(_) = state.standing {
                return false;
            }
            let any = state.logged > 0 || waiting;
            if state.written {
                return any;
            }
            if state.full {
                drop(wait_timeout(
                    &self.checkpoint,
                    &self.state,
                    state,
                    pace.look,
                ));
                let recovered = locked(redo).space.recover();
                state = self.lock();
                if recovered && std::mem::take(&mut state.full) {
                    tracing::warn!("there is room on the disk again; new work is taken");
                }
                if state.is_due() || waiting {
                    return true;
                }
                continue;
            }
            if state.is_due() {
                return true;
            }
            let before = state.durable;
            state = if any {
                let (state, over) = wait_timeout(&self.checkpoint, &self.state, state, pace.idle);
                if over && state.durable == before {
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
        sealer: &mut Sealer,
        waiting: &mut Option<Closed>,
        pace: &CheckpointPolicy,
    ) -> Result<(), Failure> {
        {
            let mut redo = locked(redo);
            let kept = self.lock().kept();
            if !redo.space.admits(kept) {
                return Err(Failure::Full);
            }
            let closed = redo.close_segment()?;
            let mut state = self.lock();
            state.logged = 0;
            if let Some(closed) = closed {
                *waiting = Some(closed.and(waiting.take()));
            }
        }
        if let Some(closed) = waiting.as_ref() {
            let mut keys = Vec::new();
            loop {
                let lost = self.lock().lost.clone();
                let (load, latest) = self.load(closed.newest);
                self.bring(engine, sealer, closed, &load, pace)?;
                keys.extend(load.writes.into_iter().map(|(key, _)| key));
                // A write that is not durable yet may have hidden one of these segments' writes
                // from the load. It must be in a later segment before these may be removed. If
                // there was no room for it, the write that it hid is visible again, so the load is
                // repeated.
                self.wait_until_durable(latest)?;
                if self.lock().lost == lost {
                    break;
                }
            }
            closed.retire(engine, sealer, pace)?;
            for keys in keys.chunks(LIFT_KEYS) {
                self.lock().overlay.lift(closed.newest, keys);
            }
            closed.remove(pace)?;
        }
        *waiting = None;
        locked(redo).space.recover();
        let room = std::mem::take(&mut self.lock().withheld);
        self.room.add_permits(room);
        Ok(())
    }

    /// Gathers the entries up to `newest`. Also returns the newest generation, which may have
    /// hidden some.
    fn load(&self, newest: Generation) -> (Load, Generation) {
        let mut load = Load::default();
        let mut after = None;
        loop {
            let state = self.lock();
            let (batch, next) =
                state
                    .overlay
                    .sweep(after.as_ref(), newest, BATCH_KEYS, &mut load.later);
            let latest = state.latest;
            drop(state);
            for (write, generation) in batch {
                load.writes.push(write);
                load.generations.push(generation);
            }
            after = next;
            if after.is_none() {
                return (load, latest);
            }
        }
    }

    /// Seals what the engine will hold, then applies it.
    fn bring(
        &self,
        engine: &dyn Engine,
        sealer: &mut Sealer,
        closed: &Closed,
        load: &Load,
        pace: &CheckpointPolicy,
    ) -> Result<(), Failure> {
        let mut draft = sealer.draft();
        let (mut writes, mut generations) = (vec![], vec![]);
        for (write, generation) in load.writes.iter().zip(&load.generations) {
            let changed = draft.count(engine, write);
            if changed.map_err(|error| error.to_string())? {
                writes.push(write.clone());
                generations.push(*generation);
            }
        }
        sealer
            .write(draft, closed.last, load.later.iter().cloned())
            .map_err(|error| {
                if is_full(&error) {
                    return Failure::Full;
                }
                Failure::Broken(format!("cannot write the seal: {error}"))
            })?;
        pace.at(Point::Sealed)?;
        let mut unsynced = 0;
        let generations = generations.chunks(BATCH_KEYS);
        for (batch, generations) in writes.chunks(BATCH_KEYS).zip(generations) {
            self.keep(engine, batch.iter().zip(generations.iter().copied()))?;
            engine.apply(&[batch])?;
            pace.at(Point::BatchApplied)?;
            let bytes = batch.iter().map(|(k, v)| overlay::cost(k, v.as_ref()));
            unsynced += bytes.sum::<usize>();
            if unsynced >= SYNC_BYTES {
                engine.sync()?;
                unsynced = 0;
            }
        }
        Ok(())
    }

    fn wait_until_durable(&self, generation: Generation) -> Result<(), String> {
        let mut state = self.lock();
        state.awaited = Some(generation);
        if state.patient {
            self.work.notify_one();
        }
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

/// Locks the log. To hold both locks, take this one before that of the state.
fn locked(redo: &Mutex<Redo>) -> MutexGuard<'_, Redo> {
    redo.lock().unwrap_or_else(PoisonError::into_inner)
}

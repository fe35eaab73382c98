//! Reads of one moment, while others write and checkpoints change the engine.

use std::sync::Arc;

use bytes::Bytes;

use super::state::{Shared, State};
use crate::{
    Generation, Seen, StoreError,
    engine::{Engine, Write},
    merge::Merge,
    overlay::Entry,
};

/// What the store held at one generation. Values that are written over are kept until this is
/// dropped: those in the overlay when they are, those in the engine before a checkpoint does it.
pub(crate) struct Reader {
    shared: Arc<Shared>,
    at: Generation,
}

impl Reader {
    pub(super) fn open(shared: &Arc<Shared>) -> Result<Self, StoreError> {
        Self::open_in(shared, &mut shared.lock())
    }

    /// Opens a reader of the state that is locked.
    pub(super) fn open_in(shared: &Arc<Shared>, state: &mut State) -> Result<Self, StoreError> {
        state.reading()?;
        let at = state.latest;
        state.overlay.open(at);
        Ok(Self {
            shared: shared.clone(),
            at,
        })
    }

    pub(crate) fn get(&self, key: &[u8]) -> Result<Seen<Option<Bytes>>, StoreError> {
        // A value that was written over in the engine in the meantime was kept before.
        let at = self.at;
        self.shared
            .look_up(key, |state| state.overlay.get_at(key, at))
    }

    pub(crate) fn scan(
        &self,
        from: &[u8],
        to: &[u8],
        limit: usize,
        reverse: bool,
    ) -> Result<Seen<Vec<(Bytes, Bytes)>>, StoreError> {
        if from >= to || limit == 0 {
            return Ok(Seen {
                value: Vec::new(),
                generation: Generation::default(),
            });
        }
        let slice = |state: &State| state.overlay.slice(from, to, limit, reverse, self.at);
        let merged = |engine: &dyn Engine, over| {
            let mut merge = Merge::new(over, limit, reverse);
            engine.scan(from, to, reverse, &mut |key, value| merge.offer(key, value))?;
            Ok::<_, StoreError>(merge.finish())
        };
        let (engine, displaced, (over, generation)) = {
            let state = self.shared.lock();
            (state.reading()?, state.displaced, slice(&state))
        };
        let value = merged(&*engine, over)?;
        let state = self.shared.lock();
        if state.displaced == displaced {
            let generation = state.unsettled(generation);
            return Ok(Seen { value, generation });
        }
        // A checkpoint changed the engine during the scan. Scan once more while holding the lock,
        // so that it cannot go on.
        let (over, generation) = slice(&state);
        Ok(Seen {
            value: merged(&*engine, over)?,
            generation: state.unsettled(generation),
        })
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.shared.lock().overlay.close(self.at);
    }
}

impl Shared {
    /// Keeps what readers see of keys that are about to change in the engine. The writes come with
    /// their generations.
    pub(super) fn keep<'w>(
        &self,
        engine: &dyn Engine,
        writes: impl Iterator<Item = (&'w Write, Generation)>,
    ) -> Result<(), String> {
        for ((key, _), generation) in writes {
            if !self.lock().overlay.is_read_before(generation) {
                continue;
            }
            let value = engine.get(key).map_err(|error| error.to_string())?;
            let entry = Entry {
                generation: Generation::default(),
                value,
            };
            let mut state = self.lock();
            state.overlay.keep(key, entry, generation);
            state.displaced += 1;
        }
        Ok(())
    }
}

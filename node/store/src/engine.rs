use std::ops::ControlFlow;

use bytes::Bytes;

use super::StoreError;

/// Most keys of one batch; sled's memory grows without bound with larger ones.
pub(super) const BATCH_KEYS: usize = 64;

/// A full key and its new value; `None` deletes.
pub(super) type Write = (Bytes, Option<Bytes>);

/// Takes a full key and its value, and returns whether to go on.
pub(super) type Visit<'a> = &'a mut dyn FnMut(Bytes, Bytes) -> ControlFlow<()>;

/// A storage engine, as the committer needs it. Reads come from any thread. `apply` and `sync` come
/// from one thread only: behind a redo log that of checkpoints, else the writer.
pub(super) trait Engine: Send + Sync {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError>;

    /// Visits `from..to` in order of the keys, or backwards.
    fn scan(
        &self,
        from: &[u8],
        to: &[u8],
        reverse: bool,
        visit: Visit<'_>,
    ) -> Result<(), StoreError>;

    /// Makes the writes visible to reads. Behind a redo log a power cut may leave some of them, since the log
    /// brings all of them again; without one, either all are there or none, and none without all batches before.
    fn apply(&self, batch: &[&[Write]]) -> Result<(), String>;

    /// Makes everything applied survive a power cut. After an error it is unknown what survives.
    fn sync(&self) -> Result<(), String>;

    /// Stops reads from seeing anything that was not synced.
    fn forget_unsynced(&self) {}

    /// Notes that everything is synced and nothing more will be written.
    fn closed(&self) {}

    fn size_on_disk(&self) -> Result<u64, StoreError>;
}

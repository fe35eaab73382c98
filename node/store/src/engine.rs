use std::ops::ControlFlow;

use bytes::Bytes;

use super::StoreError;

/// The most keys of one batch; sled's memory grows without bound with larger ones.
pub(super) const BATCH_KEYS: usize = 64;

/// A full key and its new value; `None` deletes.
pub(super) type Write = (Bytes, Option<Bytes>);

/// Room on the disk of an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// There is enough.
    Plenty,
    /// There is enough for this, and little more.
    Little,
    /// There is not enough.
    None,
}

/// Takes a full key and its value, and returns whether to go on.
pub(super) type Visit<'a> = &'a mut dyn FnMut(Bytes, Bytes) -> ControlFlow<()>;

/// A storage engine, as the committer needs it. Any thread may read. Only one thread calls `apply`
/// and `sync`: the checkpoint thread if there is a redo log, else the writer.
pub(super) trait Engine: Send + Sync {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError>;

    /// Visits the pairs of `from..to` in the order of the keys, or backwards.
    fn scan(
        &self,
        from: &[u8],
        to: &[u8],
        reverse: bool,
        visit: Visit<'_>,
    ) -> Result<(), StoreError>;

    /// Makes the writes visible to reads. With a redo log, a power cut may leave some of them,
    /// since the log has all of them. Without one, a batch is kept as a whole or not at all, and
    /// never without the batches before it.
    fn apply(&self, batch: &[&[Write]]) -> Result<(), String>;

    /// Makes everything applied survive a power cut. After an error, the durable state is unknown.
    fn sync(&self) -> Result<(), String>;

    /// Returns whether so many bytes may be applied, where no log in front of the engine asks its disk.
    fn room(&self, _bytes: usize) -> Room {
        Room::Plenty
    }

    /// Stops reads from seeing anything that was not synced.
    fn forget_unsynced(&self) {}

    /// Notes that everything is synced and nothing more will be written.
    fn closed(&self) {}

    fn size_on_disk(&self) -> Result<u64, StoreError>;
}

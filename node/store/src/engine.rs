use std::ops::ControlFlow;

use bytes::Bytes;

use super::StoreError;

/// Keys of one batch: sled's memory grows without bound with larger ones.
pub(super) const BATCH_KEYS: usize = 64;

/// A full key and its new value; `None` deletes.
pub(super) type Write = (Bytes, Option<Bytes>);

/// Takes a full key and its value, and says whether to go on.
pub(super) type Visit<'a> = &'a mut dyn FnMut(Bytes, Bytes) -> ControlFlow<()>;

/// What the committer needs of a storage engine. Reads come from any thread, `apply` and `sync`
/// only from the writer.
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

    /// Makes the writes visible to reads. After a power cut all of them are there or none, and
    /// none without all batches before.
    fn apply(&self, batch: &[&[Write]]) -> Result<(), String>;

    /// Makes everything applied survive a power cut. After an error nothing can be said about it.
    fn sync(&self) -> Result<(), String>;

    /// Nothing that was not synced is to be read any more.
    fn forget_unsynced(&self) {}

    /// Everything is synced, and nothing more will be written.
    fn closed(&self) {}

    fn size_on_disk(&self) -> Result<u64, StoreError>;
}

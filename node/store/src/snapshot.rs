use std::fmt;

use bytes::Bytes;

use super::{
    Generation, Range, SHARD_BYTES, Seen, Shard, Store, StoreError, committer::Reader, full_key,
};

/// One shard at one moment: all its reads are consistent, whatever is written meanwhile. It blocks
/// nobody. While it is open, it costs memory for what is overwritten, so use it for one answer and
/// drop it.
pub struct Snapshot {
    store: Store,
    reader: Reader,
    shard: Shard,
    seen: Generation,
}

impl Snapshot {
    pub(super) fn open(store: &Store, shard: Shard) -> Result<Self, StoreError> {
        Ok(Self {
            reader: store.committer.reader()?,
            store: store.clone(),
            shard,
            seen: Generation::default(),
        })
    }

    /// Returns the value of a key.
    pub async fn get(&mut self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        let seen = self.reader.get(&full_key(self.shard, key))?;
        Ok(self.note(seen))
    }

    /// Returns at most `limit` keys of a range with their values. They are in the order of the
    /// keys, or from the last one backwards if `reverse`.
    pub async fn scan(
        &mut self,
        range: Range,
        limit: usize,
        reverse: bool,
    ) -> Result<Vec<(Bytes, Bytes)>, StoreError> {
        let (from, to) = range.within(self.shard);
        let seen = self.reader.scan(&from, &to, limit, reverse)?;
        let mut found = self.note(seen);
        for (key, _) in &mut found {
            *key = key.slice(SHARD_BYTES..);
        }
        Ok(found)
    }

    /// Ends the snapshot and waits until everything it read is durable. Nothing derived from it may
    /// leave the process before. Fails like [`Store::wait_durable`].
    pub async fn durable(self) -> Result<(), StoreError> {
        let Self { store, seen, .. } = self;
        store.wait_durable(seen).await
    }

    fn note<T>(&mut self, seen: Seen<T>) -> T {
        self.seen = self.seen.max(seen.generation);
        seen.value
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("shard", &self.shard)
            .finish_non_exhaustive()
    }
}

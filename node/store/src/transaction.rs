use std::{collections::BTreeMap, ops::Bound};

use bytes::Bytes;

use super::{
    CommitError, Expect, Generation, Purpose, Range, Seen, Shard, Store, StoreError, WriteBatch,
    committer::Ticket, merge::Merge,
};

/// One shard as a decision sees it. Its reads become the unit's preconditions. Its own later reads
/// see its writes; nobody else does before [`Transaction::submit`].
#[derive(Debug)]
pub struct Transaction {
    store: Store,
    shard: Shard,
    read: BTreeMap<Bytes, Option<Bytes>>,
    written: BTreeMap<Bytes, Option<Bytes>>,
    seen: Generation,
    purpose: Purpose,
}

impl Transaction {
    pub(super) fn new(store: Store, shard: Shard) -> Self {
        Self {
            store,
            shard,
            read: BTreeMap::new(),
            written: BTreeMap::new(),
            seen: Generation::default(),
            purpose: Purpose::Work,
        }
    }

    /// Lets the unit be taken even while the disk is full, because it ends something begun.
    pub fn is_outcome(&mut self) {
        self.purpose = Purpose::Outcome;
    }

    /// Returns the shard.
    pub fn shard(&self) -> Shard {
        self.shard
    }

    /// Returns the value of a key. The unit is refused if the value changes before the unit is
    /// taken; a second `get` returns the same value as the first.
    pub async fn get(&mut self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        if let Some(known) = self.known(key) {
            return Ok(known.clone());
        }
        let value = self.fetch(key).await?;
        self.read.insert(Bytes::copy_from_slice(key), value.clone());
        Ok(value)
    }

    /// Returns the value of a key without making it a precondition.
    pub async fn peek(&mut self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        if let Some(known) = self.known(key) {
            return Ok(known.clone());
        }
        self.fetch(key).await
    }

    /// Returns at most `limit` keys of a range with their values, like [`Store::scan`]. They are
    /// not preconditions; a decision that depends on a key must also `get` it.
    pub async fn scan(
        &mut self,
        range: Range,
        limit: usize,
        reverse: bool,
    ) -> Result<Vec<(Bytes, Bytes)>, StoreError> {
        let mut own = self.written_in(&range);
        let deleted = own.iter().filter(|(_, value)| value.is_none()).count();
        let below = limit.saturating_add(deleted);
        let below = self.store.scan(self.shard, range, below, reverse).await?;
        let below = self.note(below);
        if reverse {
            own.reverse();
        }
        let mut merge = Merge::new(own, limit, reverse);
        for (key, value) in below {
            if merge.offer(key, value).is_break() {
                break;
            }
        }
        Ok(merge.finish())
    }

    /// Sets the value of a key.
    pub fn put(&mut self, key: impl Into<Bytes>, value: impl Into<Bytes>) {
        self.written.insert(key.into(), Some(value.into()));
    }

    /// Deletes the value of a key.
    pub fn delete(&mut self, key: impl Into<Bytes>) {
        self.written.insert(key.into(), None);
    }

    /// Returns the number of keys to write; close a unit before [`super::BATCH_KEYS`].
    pub fn len(&self) -> usize {
        self.written.len()
    }

    /// Returns whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.written.is_empty()
    }

    /// Submits the writes with the reads as preconditions. The ticket also waits for everything
    /// that the transaction has seen.
    pub async fn submit(self) -> Result<Ticket, CommitError> {
        let expect = self.read.into_iter().map(|(key, value)| match value {
            Some(value) => (key, Expect::Is(value)),
            None => (key, Expect::Absent),
        });
        let mut unit = WriteBatch {
            shard: self.shard,
            expect: expect.collect(),
            put: Vec::with_capacity(self.written.len()),
            delete: Vec::new(),
        };
        for (key, value) in self.written {
            match value {
                Some(value) => unit.put.push((key, value)),
                None => unit.delete.push(key),
            }
        }
        let ticket = self.store.committer.submit(unit, self.purpose).await?;
        Ok(ticket.and_settle(self.seen))
    }

    /// Waits until everything the transaction has seen is durable. For an answer without writes.
    pub async fn wait_durable(&self) -> Result<(), StoreError> {
        self.store.wait_durable(self.seen).await
    }

    fn known(&self, key: &[u8]) -> Option<&Option<Bytes>> {
        self.written.get(key).or_else(|| self.read.get(key))
    }

    async fn fetch(&mut self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        let seen = self.store.get(self.shard, key).await?;
        Ok(self.note(seen))
    }

    fn note<T>(&mut self, seen: Seen<T>) -> T {
        self.seen = self.seen.max(seen.generation);
        seen.value
    }

    fn written_in(&self, range: &Range) -> Vec<(Bytes, Option<Bytes>)> {
        let from = Bound::Included(range.from.clone());
        self.written
            .range((from, Bound::Unbounded))
            .take_while(|(key, _)| range.contains(key))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    }
}

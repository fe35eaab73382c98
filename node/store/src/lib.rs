//! The only room that knows a storage engine. It reads, scans, and commits atomic units of writes
//! with preconditions; a unit is durable when its commit returns.
//!
//! Callers submit units. Under one short lock the committer checks the preconditions in order,
//! numbers the unit with a [`Generation`] and lays its writes over the engine, where every read
//! sees them at once. One writer thread takes whatever waits, syncs once and answers all. What was
//! read may therefore not be durable yet: nothing derived from it may leave the process before
//! [`Store::wait_durable`] (or the unit's own [`Ticket`]) says so.
//!
//! On disk the writer appends to a redo log, `redo/*.log`, and a unit waits for that sync only. Its
//! writes stay over the engine, sled in `db`, until a checkpoint brings the newest value of each
//! key there: when 4 MiB have gathered in memory or 16 MiB in the log, after a second without
//! writes, and at close. What is deleted before that never reaches the engine. A store opens once
//! everything its log holds was brought in.
//!
//! *Invariant*: keys and values are bytes here; what they mean is known elsewhere.

mod committer;
mod engine;
mod error;
pub mod files;
mod memory;
mod overlay;
pub mod record;
mod redo;
mod seal;
mod sled_engine;
mod space;
mod survey;
#[cfg(test)]
mod tests;
mod transaction;
mod trial;

use std::{fmt, io, path::Path, sync::Arc, time::Duration};

use bytes::{BufMut, Bytes, BytesMut};

pub use committer::Ticket;
pub use error::{CommitError, Conflict, OpenError, StoreError};
pub use memory::MemoryDisk;
pub use sled_engine::SledOptions;
pub use survey::{Survey, is_store, survey};
pub use transaction::Transaction;

use committer::{AckWhen, Committer};
use redo::CheckpointPolicy;

/// One node's keyspace. A unit touches exactly one.
pub type Shard = topology::DivisionCode;

/// Longest key in bytes, without the shard.
pub const KEY_LIMIT: usize = 1024;

/// Longest value in bytes. Larger bodies are attachments; the engine keeps what is larger than 64
/// KiB outside its log.
pub const VALUE_LIMIT: usize = 60 * 1024;

/// Most keys of an engine batch, unless one unit alone is larger. A caller whose writes have no
/// bound must close its unit below this.
pub const BATCH_KEYS: usize = engine::BATCH_KEYS;

/// Number of a submitted unit; units become durable in this order. It is not stored and lives as
/// long as the open store. It starts at zero, which is always durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(u64);

/// Something read, with the generation that must be durable before anything derived from it leaves
/// the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen<T> {
    /// What was read.
    pub value: T,
    /// Zero if everything read was durable already.
    pub generation: Generation,
}

/// A condition on a key that must hold for a unit to be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    /// The key has no value.
    Absent,
    /// The key has exactly this value.
    Is(Bytes),
}

/// Writes to one shard that happen together or not at all.
#[derive(Clone, Debug)]
pub struct WriteBatch {
    /// The keyspace written.
    pub shard: Shard,
    /// Preconditions, checked in this order; the first that fails is the conflict.
    pub expect: Vec<(Bytes, Expect)>,
    /// Keys and their new values; a later entry for the same key wins.
    pub put: Vec<(Bytes, Bytes)>,
    /// Keys that lose their value; a key that is also in `put` is deleted.
    pub delete: Vec<Bytes>,
}

/// The answer for a unit that is on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
    /// Its place among all units of this open store.
    pub generation: Generation,
}

/// The purpose of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// New work, which is refused while the disk is full.
    Work,
    /// The end of something begun, for which a reserve is kept.
    Outcome,
}

/// A stretch of keys of one shard: from `from`, inclusive, to `to`, exclusive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first key that may be in it.
    pub from: Bytes,
    /// The first key beyond it; `None` reaches to the end of the shard.
    pub to: Option<Bytes>,
}

/// A cheap handle on an open store. When the last one is dropped, the writer finishes what waits
/// and stops; [`Store::close`] does the same and waits for it.
#[derive(Clone)]
pub struct Store {
    committer: Arc<Committer>,
}

impl Store {
    /// Opens, or creates, the store in `dir` and takes its lock.
    ///
    /// Blocks while it brings in what the redo log holds and recovers the engine, and for at most
    /// two seconds if this very process is still closing the same directory.
    pub fn open_sled(dir: &Path, options: SledOptions) -> Result<Self, OpenError> {
        Self::open_paced(dir, &options, CheckpointPolicy::default(), AckWhen::Synced)
    }

    fn open_paced(
        dir: &Path,
        options: &SledOptions,
        pace: CheckpointPolicy,
        ack: AckWhen,
    ) -> Result<Self, OpenError> {
        let claim = sled_engine::Claim::take(dir)?;
        space::Space::admits_opening(dir)?;
        let check = trial::try_on_a_copy(dir, options, &claim)?;
        claim.begin()?;
        let engine = sled_engine::SledEngine::open(dir, options, claim)?;
        let redo = redo::recover(dir, &engine, pace, check)?;
        Committer::start(Arc::new(engine), Some(redo), ack)
    }

    /// Opens what `disk` holds, with the engine for simulation and tests. It keeps everything in
    /// memory and can be told to lose what was not synced.
    pub fn open_memory(disk: &MemoryDisk) -> Result<Self, OpenError> {
        let engine = disk.engine().map_err(|cause| OpenError::Io {
            what: "sync what was left unsynced on",
            path: "the memory disk".into(),
            source: io::Error::other(cause),
        })?;
        Committer::start(Arc::new(engine), None, AckWhen::Synced)
    }

    /// Returns the value of a key.
    pub async fn get(&self, shard: Shard, key: &[u8]) -> Result<Seen<Option<Bytes>>, StoreError> {
        self.committer.get(&full_key(shard, key))
    }

    /// Returns at most `limit` keys of a range with their values, in order of the keys, or from the
    /// last one backwards if `reverse`. All are of one moment: no unit is seen in part.
    pub async fn scan(
        &self,
        shard: Shard,
        range: Range,
        limit: usize,
        reverse: bool,
    ) -> Result<Seen<Vec<(Bytes, Bytes)>>, StoreError> {
        let (from, to) = range.within(shard);
        let mut seen = self.committer.scan(&from, &to, limit, reverse)?;
        for (key, _) in &mut seen.value {
            *key = key.slice(SHARD_BYTES..);
        }
        Ok(seen)
    }

    /// Commits a unit, which is durable when this returns.
    pub async fn commit(&self, unit: WriteBatch) -> Result<Committed, CommitError> {
        Ok(self.submit(unit).await?.durable().await?)
    }

    /// Takes a unit: its writes are visible to all reads, but not durable before the ticket says
    /// so. Waits while too much is waiting for the disk. A conflict is answered only once what it
    /// saw is durable. A unit without writes is only checked, and its ticket waits for what it saw.
    pub async fn submit(&self, unit: WriteBatch) -> Result<Ticket, CommitError> {
        self.committer.submit(unit, Purpose::Work).await
    }

    /// Takes a unit like [`Self::submit`], even while the disk is full for new work: for what a
    /// neighbour answered, and for whatever else ends something that was begun.
    pub async fn submit_outcome(&self, unit: WriteBatch) -> Result<Ticket, CommitError> {
        self.committer.submit(unit, Purpose::Outcome).await
    }

    /// Waits until everything up to `generation` is durable; nothing read may leave before that.
    /// Fails with [`StoreError::Full`] if there was no room for it, and with
    /// [`StoreError::Unknown`] if the disk failed.
    pub async fn wait_durable(&self, generation: Generation) -> Result<(), StoreError> {
        self.committer.wait_durable(generation).await
    }

    /// Returns a view of one shard to decide on, which remembers what it read and gathers what is
    /// to be written.
    pub fn view(&self, shard: Shard) -> Transaction {
        Transaction::new(self.clone(), shard)
    }

    /// Calls `watch` for each unit that becomes durable, with its shard and the time since it was
    /// submitted, including the wait for room and for other units. Only the first watcher is kept.
    pub fn watch_commits(&self, watch: impl Fn(Shard, Duration) + Send + Sync + 'static) {
        self.committer.watch(watch);
    }

    /// Returns the bytes that the files of the engine and the log take.
    pub fn size_on_disk(&self) -> Result<u64, StoreError> {
        self.committer.size_on_disk()
    }

    /// Returns whether new work is refused because the disk is full. This ends by itself once there
    /// is room.
    pub fn is_full(&self) -> bool {
        self.committer.is_full()
    }

    /// Returns why nothing is written any more, if the disk failed. What is durable can still be
    /// read; only opening the store again helps.
    pub fn failure(&self) -> Option<StoreError> {
        self.committer.failure()
    }

    /// Returns why no new work is taken, in words for people, if the disk is full or failed.
    pub fn trouble(&self) -> Option<String> {
        if self.is_full() {
            return Some("the disk is full; free some room on it".to_owned());
        }
        let failed = self.failure().is_some();
        failed.then(|| {
            "the disk failed; see the node's log, and mend the disk: the store is opened again when it \
             takes writes"
                .to_owned()
        })
    }

    /// Writes and syncs what waits, stops the writer thread and gives up the directory. Other
    /// handles then answer [`StoreError::Closed`].
    pub async fn close(self) -> Result<(), StoreError> {
        self.committer.close().await
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl Range {
    /// Builds the range of the whole shard.
    pub fn all() -> Self {
        Self {
            from: Bytes::new(),
            to: None,
        }
    }

    /// Builds the range from `from`, inclusive, to `to`, exclusive.
    pub fn between(from: impl Into<Bytes>, to: impl Into<Bytes>) -> Self {
        Self {
            from: from.into(),
            to: Some(to.into()),
        }
    }

    /// Builds the range of all keys that begin with `prefix`.
    pub fn prefix(prefix: &[u8]) -> Self {
        let from = Bytes::copy_from_slice(prefix);
        let to = prefix.iter().rposition(|&byte| byte < u8::MAX).map(|last| {
            let mut end = prefix[..=last].to_vec();
            end[last] += 1;
            Bytes::from(end)
        });
        Self { from, to }
    }

    /// Returns whether a key lies in the range.
    pub fn contains(&self, key: &[u8]) -> bool {
        key >= &self.from[..] && self.to.as_ref().is_none_or(|to| key < &to[..])
    }

    fn within(&self, shard: Shard) -> (Bytes, Bytes) {
        let to = match &self.to {
            Some(to) => full_key(shard, to),
            None => Bytes::copy_from_slice(&(shard.as_u64() + 1).to_be_bytes()),
        };
        (full_key(shard, &self.from), to)
    }
}

const SHARD_BYTES: usize = size_of::<u64>();

/// Builds the engine's key: eight bytes of shard, big-endian, then the key. A code has twelve
/// digits, so the first byte is always zero; keys that begin with 0xFF belong to the engine itself.
fn full_key(shard: Shard, key: &[u8]) -> Bytes {
    let mut full = BytesMut::with_capacity(SHARD_BYTES + key.len());
    full.put_u64(shard.as_u64());
    full.put_slice(key);
    full.freeze()
}

/// Formats a key for people: the shard, and the key with unprintable bytes escaped.
fn show_key(full: &[u8]) -> String {
    match full.split_first_chunk::<SHARD_BYTES>() {
        Some((shard, key)) if shard[0] == 0 => {
            format!("{:012}/{}", u64::from_be_bytes(*shard), key.escape_ascii())
        }
        _ => full.escape_ascii().to_string(),
    }
}

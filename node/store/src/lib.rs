//! The store, and the only crate that knows a storage engine. It reads, scans, and commits atomic
//! units of writes with preconditions; a unit is durable when its commit returns.
//!
//! Callers submit units. Under one short lock the committer checks the preconditions in order,
//! numbers the unit with a [`Generation`] and lays its writes over the engine, where every read
//! sees them at once. One writer thread takes all waiting units, syncs once and answers their
//! callers. A value that was read may therefore not be durable yet: nothing derived from it may
//! leave the process before [`Store::wait_durable`] or the unit's own [`Ticket`] has returned.
//!
//! On disk the writer appends to a redo log, `redo/*.log`, and a unit waits only for the sync of
//! that log. Its writes stay over the engine (sled, in `db`) until a checkpoint brings the newest
//! value of each key there. A checkpoint begins when 4 MiB have gathered in memory or 16 MiB in the
//! log, after a second without writes, and at close. A key that is deleted before that never
//! reaches the engine. A store is open once everything in its log is in the engine.
//!
//! *Invariant*: keys and values are bytes here; only callers know their meaning.

mod committer;
mod compact;
mod engine;
mod error;
mod export;
pub mod files;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
#[cfg(test)]
#[cfg(shuttle)]
#[path = "tests/interleavings.rs"]
mod interleavings;
mod memory;
mod merge;
mod overlay;
pub mod record;
mod redo;
mod seal;
mod sled_engine;
mod snapshot;
mod space;
mod survey;
mod sync;
#[cfg(test)]
#[cfg(not(shuttle))]
mod tests;
mod transaction;
mod trial;

use std::{fmt, io, path::Path, sync::Arc, time::Duration};

use bytes::{BufMut, Bytes, BytesMut};

pub use committer::Ticket;
pub use compact::{CompactError, Compacted, compact};
pub use error::{CommitError, Conflict, OpenError, StoreError};
pub use export::{Copied, Export, ExportError};
pub use memory::MemoryDisk;
pub use sled_engine::SledOptions;
pub use snapshot::Snapshot;
pub use survey::{Survey, is_store, survey, survey_files};
pub use transaction::Transaction;

use committer::{AckWhen, Committer};
use redo::CheckpointPolicy;

/// One node's keyspace. A unit touches exactly one.
pub type Shard = topology::DivisionCode;

/// The longest key in bytes, without the shard.
pub const KEY_LIMIT: usize = 1024;

/// The longest value in bytes. Larger bodies are attachments; the engine keeps values above 64 KiB
/// outside its log.
pub const VALUE_LIMIT: usize = 60 * 1024;

/// The most keys of an engine batch, unless one unit alone has more. A caller with an unbounded
/// number of writes must close its unit below this.
pub const BATCH_KEYS: usize = engine::BATCH_KEYS;

/// Number of a submitted unit; units become durable in this order. It is not stored and is valid
/// while the store is open. Generation zero is always durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(u64);

impl Generation {
    fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// A value that was read, with its generation. That must be durable before anything derived from
/// the value leaves the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen<T> {
    /// The value read.
    pub value: T,
    /// Zero if everything that was read is durable already.
    pub generation: Generation,
}

/// A precondition of a unit on one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    /// The key has no value.
    Absent,
    /// The key has exactly this value.
    Is(Bytes),
}

/// Writes to one shard that are committed together or not at all.
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

/// The answer for a unit that is durable.
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
    /// The end of something begun. The reserve on the disk is kept for it.
    Outcome,
}

/// A range of keys of one shard: from `from`, inclusive, to `to`, exclusive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first key of the range.
    pub from: Bytes,
    /// The first key after the range; `None` reaches to the end of the shard.
    pub to: Option<Bytes>,
}

/// A cheap handle to an open store. When the last one is dropped, the writer finishes its queue and
/// stops; [`Store::close`] does the same and waits for it.
#[derive(Clone)]
pub struct Store {
    committer: Arc<Committer>,
}

impl Store {
    /// Opens or creates the store in `dir` and takes its lock.
    ///
    /// Blocks while it applies the redo log and recovers the engine, and for up to two seconds if
    /// this process is still closing the same directory.
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
        compact::clear_away(dir)?;
        space::Space::admits_opening(dir)?;
        let check = trial::try_on_a_copy(dir, options, &claim)?;
        claim.begin()?;
        let engine = sled_engine::SledEngine::open(dir, options, claim)?;
        let redo = redo::recover(dir, &engine, pace, check)?;
        Committer::start(Arc::new(engine), Some(redo), ack)
    }

    /// Opens a store on `disk`, with the engine for simulation and tests. It keeps everything in
    /// memory and can lose what was not synced.
    pub fn open_memory(disk: &MemoryDisk) -> Result<Self, OpenError> {
        let engine = disk.engine().map_err(|cause| OpenError::Io {
            what: "sync what was left unsynced on",
            path: "the memory disk".into(),
            source: io::Error::other(cause),
        })?;
        match disk.steps() {
            Some(steps) => Ok(Committer::start_stepped(Arc::new(engine), steps)),
            None => Committer::start(Arc::new(engine), None, AckWhen::Synced),
        }
    }

    /// Returns the value of a key.
    pub async fn get(&self, shard: Shard, key: &[u8]) -> Result<Seen<Option<Bytes>>, StoreError> {
        self.committer.get(&full_key(shard, key))
    }

    /// Returns at most `limit` keys of a range with their values. They are in the order of the
    /// keys, or from the last one backwards if `reverse`. All are of one moment: no unit is seen in
    /// part.
    pub async fn scan(
        &self,
        shard: Shard,
        range: Range,
        limit: usize,
        reverse: bool,
    ) -> Result<Seen<Vec<(Bytes, Bytes)>>, StoreError> {
        let (from, to) = range.within(shard);
        let mut seen = self.committer.reader()?.scan(&from, &to, limit, reverse)?;
        for (key, _) in &mut seen.value {
            *key = key.slice(SHARD_BYTES..);
        }
        Ok(seen)
    }

    /// Returns a snapshot of one shard, for consistent reads of several keys and ranges.
    pub fn snapshot(&self, shard: Shard) -> Result<Snapshot, StoreError> {
        Snapshot::open(self, shard)
    }

    /// Commits a unit, which is durable when this returns.
    pub async fn commit(&self, unit: WriteBatch) -> Result<Committed, CommitError> {
        Ok(self.submit(unit).await?.durable().await?)
    }

    /// Takes a unit: its writes are visible to all reads, and durable once the ticket says so.
    /// Waits while too much is queued for the disk. A conflict is returned only after the value
    /// that caused it is durable. A unit without writes is only checked; its ticket waits for what
    /// it saw.
    pub async fn submit(&self, unit: WriteBatch) -> Result<Ticket, CommitError> {
        self.committer.submit(unit, Purpose::Work).await
    }

    /// Takes a unit like [`Self::submit`], even while the disk is full for new work. For
    /// neighbours' answers and for other units that end something begun.
    pub async fn submit_outcome(&self, unit: WriteBatch) -> Result<Ticket, CommitError> {
        self.committer.submit(unit, Purpose::Outcome).await
    }

    /// Waits until everything up to `generation` is durable; nothing derived from a read may leave
    /// before that. Fails with [`StoreError::Full`] if there was no room, and with
    /// [`StoreError::Unknown`] if the disk failed.
    pub async fn wait_durable(&self, generation: Generation) -> Result<(), StoreError> {
        self.committer.wait_durable(generation).await
    }

    /// Returns a transaction on one shard, which records what it reads and gathers what it writes.
    pub fn view(&self, shard: Shard) -> Transaction {
        Transaction::new(self.clone(), shard)
    }

    /// Calls `watch` for each unit that becomes durable, with its shard and duration. The duration
    /// is the time since its submission, including the waits for room and for other units. Only the
    /// first watcher is kept.
    pub fn watch_commits(&self, watch: impl Fn(Shard, Duration) + Send + Sync + 'static) {
        self.committer.watch(watch);
    }

    /// Calls `watch` when a checkpoint begins and when it ends, from the thread that makes it. Only the first
    /// watcher is kept.
    pub fn watch_checkpoints(&self, watch: impl Fn(Checkpoint<'_>) + Send + Sync + 'static) {
        self.committer.watch_checkpoints(watch);
    }

    /// Returns the size of the files of the engine and the log, in bytes.
    pub fn size_on_disk(&self) -> Result<u64, StoreError> {
        self.committer.size_on_disk()
    }

    /// Returns whether new work is refused because the disk is full. The state ends by itself once
    /// there is room.
    pub fn is_full(&self) -> bool {
        self.committer.is_full()
    }

    /// Returns how often units were taken back because there was no room for them. Code that keeps in
    /// memory what units wrote reads it again when this changes.
    pub fn losses(&self) -> u64 {
        self.committer.losses()
    }

    /// Returns the failure that stops all writes, if the disk failed. Durable values can still be
    /// read; to write again, reopen the store.
    pub fn failure(&self) -> Option<StoreError> {
        self.committer.failure()
    }

    /// Returns a sentence that tells why no new work is taken, if the disk is full or failed.
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

    /// Writes and syncs the queue, stops the writer thread and releases the directory. Other
    /// handles then return [`StoreError::Closed`].
    pub async fn close(self) -> Result<(), StoreError> {
        self.committer.close().await
    }
}

/// How a checkpoint goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checkpoint<'a> {
    /// It begins to bring what the log holds into the engine.
    Begins,
    /// Everything is in the engine.
    Done,
    /// It failed, for this reason.
    Failed(&'a str),
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

    /// Returns whether the range contains a key.
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

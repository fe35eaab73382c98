//! The engine on disk: sled 0.34.7 behind a redo log, with workarounds for its gaps.
//!
//! sled's `flush` ends in `sync_file_range`, so a descriptor of our own calls `fdatasync`. sled
//! keeps leaves of sixteen records that outgrow a quarter of a segment in files under `blobs/` and
//! never syncs them, so we do. Every value carries a checksum over its key and itself. Every call
//! catches panics, because sled panics on some damage.

mod claim;
mod lock;
mod open;

use std::{
    collections::{BTreeMap, HashSet},
    ffi::OsString,
    fs::{self, File},
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use bytes::Bytes;

use super::{
    OpenError, StoreError,
    committer::panic_text,
    engine::{Engine, Visit, Write},
    redo, show_key,
};
pub(super) use claim::Claim;
pub(super) use lock::{PATIENCE, PAUSE};

/// Options for opening the engine on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SledOptions {
    /// Approximate bytes of records that the engine keeps in memory; it may take a few times as
    /// much.
    pub cache_bytes: u64,
    /// Interval at which the engine looks for space to reclaim, 500 to 1,000 ms. Durability does
    /// not depend on it.
    pub reclaim_every: Duration,
}

impl Default for SledOptions {
    fn default() -> Self {
        Self {
            cache_bytes: 8 << 20,
            reclaim_every: Duration::from_millis(1000),
        }
    }
}

/// The layout of a value: this byte, eight bytes of checksum, the value.
const VALUE_FORMAT: u8 = 1;
const CHECKSUM_BYTES: usize = 8;
const HEADER_BYTES: usize = 1 + CHECKSUM_BYTES;

pub(super) struct SledEngine {
    // The fields are dropped in this order: the lock of the directory goes last.
    db: sled::Db,
    log: File,
    blobs: Blobs,
    dir: PathBuf,
    claim: Claim,
}

/// The files beside the log, and which of them are synced.
struct Blobs {
    dir: PathBuf,
    handle: File,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    synced: HashSet<OsString>,
    /// Modification time of the directory, and when it was noticed.
    changed: Option<(SystemTime, Instant)>,
}

/// Coarsest modification time of any file system.
const COARSEST_STEP: Duration = Duration::from_secs(3);

impl SledEngine {
    pub(super) fn open(dir: &Path, options: &SledOptions, claim: Claim) -> Result<Self, OpenError> {
        open::open(dir, options, claim)
    }

    /// Closes the engine and returns the claim on its directory.
    pub(super) fn into_claim(self) -> Claim {
        self.claim
    }
}

impl Engine for SledEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        let found = guarded(|| self.db.get(key)).map_err(|cause| unreadable(key, cause))?;
        found.map(|stored| opened(key, &stored)).transpose()
    }

    fn scan(
        &self,
        from: &[u8],
        to: &[u8],
        reverse: bool,
        visit: Visit<'_>,
    ) -> Result<(), StoreError> {
        let mut range =
            guarded(|| Ok(self.db.range(from..to))).map_err(|cause| unreadable(from, cause))?;
        let mut at = sled::IVec::from(if reverse { to } else { from });
        loop {
            let next = guarded(|| {
                let next = if reverse {
                    range.next_back()
                } else {
                    range.next()
                };
                next.transpose()
            });
            let Some((key, stored)) = next.map_err(|cause| unreadable(&at, cause))? else {
                return Ok(());
            };
            let value = opened(&key, &stored)?;
            if visit(Bytes::copy_from_slice(&key), value).is_break() {
                return Ok(());
            }
            at = key;
        }
    }

    fn apply(&self, batch: &[&[Write]]) -> Result<(), String> {
        // If a key is written several times, only the last write counts.
        let writes = batch.iter().copied().flatten();
        let last: BTreeMap<_, _> = writes.map(|(key, value)| (key, value)).collect();
        // One write at a time, because a sled batch blocks all readers until it is complete. The
        // log has the writes until they are synced, so a power cut may leave any of them.
        let apply = || {
            for (key, value) in last {
                match value {
                    Some(value) => drop(self.db.insert(&key[..], sealed(key, value))?),
                    // Many records are deleted before a checkpoint sees them, and sled would write
                    // a page even to delete a key that it does not have.
                    None if self.db.contains_key(key)? => drop(self.db.remove(&key[..])?),
                    None => {}
                }
            }
            Ok(())
        };
        guarded(apply).map_err(Cause::text)
    }

    fn sync(&self) -> Result<(), String> {
        guarded(|| self.db.flush()).map_err(Cause::text)?;
        self.blobs.sync().map_err(|error| error.to_string())?;
        self.log.sync_data().map_err(|error| error.to_string())
    }

    fn closed(&self) {
        self.claim.closed();
    }

    fn size_on_disk(&self) -> Result<u64, StoreError> {
        let failed =
            |cause: String| StoreError::Unreadable(format!("{}: {cause}", self.dir.display()));
        let engine = guarded(|| self.db.size_on_disk()).map_err(|cause| failed(cause.text()))?;
        let log = redo::size(&self.dir).map_err(|error| failed(error.to_string()))?;
        Ok(engine + log)
    }
}

impl Blobs {
    fn open(dir: PathBuf) -> io::Result<Self> {
        let handle = File::open(&dir)?;
        let known = Mutex::default();
        Ok(Self { dir, handle, known })
    }

    /// Syncs the files that are new since the last time. Files are written once and never changed.
    fn sync(&self) -> io::Result<()> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        // Most stores never have such a file, and reading even an empty directory takes a tenth of
        // the time of a sync.
        let modified = self.handle.metadata()?.modified()?;
        match known.changed {
            Some((then, learned)) if then == modified => {
                if learned.elapsed() > COARSEST_STEP {
                    return Ok(());
                }
            }
            _ => known.changed = Some((modified, Instant::now())),
        }
        let mut present = HashSet::new();
        let mut new = false;
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            let name = entry.file_name();
            if !known.synced.contains(&name) {
                match File::open(entry.path()).and_then(|file| file.sync_all()) {
                    Ok(()) => new = true,
                    // The file is gone: sled deletes files that it has rewritten.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    Err(error) => return Err(error),
                }
            }
            present.insert(name);
        }
        if new {
            self.handle.sync_all()?;
        }
        known.synced = present;
        Ok(())
    }
}

/// The reason why a sled operation failed.
enum Cause {
    Refused(sled::Error),
    Panicked(String),
}

impl Cause {
    fn text(self) -> String {
        match self {
            Self::Refused(error) => error.to_string(),
            Self::Panicked(text) => text,
        }
    }

    fn is_damage(&self) -> bool {
        !matches!(self, Self::Refused(sled::Error::Io(_)))
    }
}

fn guarded<T>(call: impl FnOnce() -> sled::Result<T>) -> Result<T, Cause> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(answer) => answer.map_err(Cause::Refused),
        Err(panic) => Err(Cause::Panicked(panic_text(&*panic))),
    }
}

fn unreadable(key: &[u8], cause: Cause) -> StoreError {
    if cause.is_damage() {
        StoreError::Damaged {
            key: show_key(key),
            what: cause.text(),
        }
    } else {
        StoreError::Unreadable(cause.text())
    }
}

fn sealed(key: &[u8], value: &[u8]) -> Vec<u8> {
    let mut stored = Vec::with_capacity(HEADER_BYTES + value.len());
    stored.push(VALUE_FORMAT);
    stored.extend_from_slice(&checksum(key, value));
    stored.extend_from_slice(value);
    stored
}

fn opened(key: &[u8], stored: &[u8]) -> Result<Bytes, StoreError> {
    let damaged = |what: &str| StoreError::Damaged {
        key: show_key(key),
        what: what.to_owned(),
    };
    let (&format, rest) = stored.split_first().ok_or_else(|| damaged("it is empty"))?;
    if format != VALUE_FORMAT {
        return Err(damaged("it begins with an unknown format"));
    }
    let (written, value) = rest
        .split_first_chunk::<CHECKSUM_BYTES>()
        .ok_or_else(|| damaged("it is cut short"))?;
    if *written != checksum(key, value) {
        return Err(damaged("its checksum does not match"));
    }
    Ok(Bytes::copy_from_slice(value))
}

fn checksum(key: &[u8], value: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(key.len() as u64).to_be_bytes());
    hasher.update(key);
    hasher.update(value);
    let hash = hasher.finalize();
    *hash.as_bytes().first_chunk().expect("BLAKE3 has 32 bytes")
}

/// Changes that tests make to a closed store behind its back.
#[cfg(test)]
#[cfg(not(shuttle))]
pub(super) mod testing {
    use std::path::Path;

    use super::{
        Cause, SledOptions,
        open::{FORMAT_KEY, format_record, open_patiently},
        sealed,
    };

    fn with_db(dir: &Path, act: impl FnOnce(&sled::Db)) {
        let db = open_patiently(dir, &SledOptions::default())
            .map_err(Cause::text)
            .unwrap();
        act(&db);
        db.flush().unwrap();
    }

    pub(crate) fn set_format(dir: &Path, format: u32) {
        with_db(dir, |db| {
            drop(db.insert(FORMAT_KEY, format_record(format)).unwrap())
        });
    }

    pub(crate) fn forget_format(dir: &Path) {
        with_db(dir, |db| drop(db.remove(FORMAT_KEY).unwrap()));
    }

    pub(crate) fn forget(dir: &Path, key: &[u8]) {
        with_db(dir, |db| drop(db.remove(key).unwrap().unwrap()));
    }

    /// Gives a record another value, with a checksum that fits.
    pub(crate) fn rewrite(dir: &Path, key: &[u8]) {
        with_db(dir, |db| {
            drop(db.insert(key, sealed(key, b"another")).unwrap().unwrap())
        });
    }

    /// Adds another record with a longer key.
    pub(crate) fn double(dir: &Path, key: &[u8]) {
        let double = [key, b"+"].concat();
        with_db(dir, |db| {
            drop(db.insert(&double[..], sealed(&double, b"1")).unwrap())
        });
    }

    pub(crate) fn exchange(dir: &Path, one: &[u8], other: &[u8]) {
        with_db(dir, |db| {
            let first = db.get(one).unwrap().unwrap();
            let second = db.insert(other, first).unwrap().unwrap();
            db.insert(one, second).unwrap();
        });
    }
}

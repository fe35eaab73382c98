//! The seal: a record, apart from the engine, of what the engine must hold.
//!
//! Before a checkpoint changes the engine, it writes the file `seal`, which states what the engine
//! will hold afterwards: the number of records of each kind, and a sum over them that does not
//! depend on their order. The kind is the first byte of a key. The file also names the last group
//! of the log in the engine before and after the checkpoint, and the keys that the checkpoint
//! leaves unchanged because a later one brings them. After a crash at any point, applying the log
//! gives exactly what was sealed; any difference is damage that the engine did not notice.
//!
//! The file is written under another name, synced and renamed before the engine is changed.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{self, Write as _},
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{
    SHARD_BYTES, StoreError,
    engine::{Engine, Write},
    redo::Last,
};

const NAME: &str = "seal";
const DRAFT: &str = "seal.next";
const SUM_BYTES: usize = 16;

/// The number of records of each kind, and their sums.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Seal(BTreeMap<u8, Kind>);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Kind {
    count: u64,
    sum: u128,
}

/// The content of the file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Sealed {
    /// The last group in the engine before the checkpoint; `None` if there was none.
    pub(super) from: Option<Last>,
    /// The last group in the engine after it.
    pub(super) to: Last,
    /// Keys of groups up to `to` that a later checkpoint brings.
    pub(super) later: BTreeSet<Vec<u8>>,
    seal: Seal,
}

/// Keeps the seal of an open store.
pub(super) struct Sealer {
    dir: PathBuf,
    /// The last group in the engine.
    mark: Option<Last>,
    /// The content of the engine.
    seal: Seal,
}

/// The content of the engine after a checkpoint.
pub(super) struct Draft(Seal);

impl Seal {
    /// Counts the records of the engine.
    pub(super) fn of(engine: &dyn Engine) -> Result<Self, StoreError> {
        let mut seal = Self::default();
        // Keys that begin with 0xFF belong to the engine itself.
        engine.scan(&[], &[u8::MAX], false, &mut |key, value| {
            seal.add(&key, &value);
            ControlFlow::Continue(())
        })?;
        Ok(seal)
    }

    fn add(&mut self, key: &[u8], value: &[u8]) {
        let kind = self.0.entry(kind(key)).or_default();
        kind.count = kind.count.wrapping_add(1);
        kind.sum = kind.sum.wrapping_add(weight(key, value));
    }

    fn take(&mut self, key: &[u8], value: &[u8]) {
        let kind = self.0.entry(kind(key)).or_default();
        kind.count = kind.count.wrapping_sub(1);
        kind.sum = kind.sum.wrapping_sub(weight(key, value));
    }

    /// Returns the number of records.
    pub(super) fn records(&self) -> u64 {
        self.0.values().map(|kind| kind.count).sum()
    }

    /// Describes how the records found differ from those sealed; `None` if they do not.
    pub(super) fn difference(&self, found: &Self) -> Option<String> {
        let kinds: BTreeSet<u8> = self.0.keys().chain(found.0.keys()).copied().collect();
        let of = |seal: &Self, kind: &u8| seal.0.get(kind).copied().unwrap_or_default();
        let differing = kinds.iter().filter_map(|kind| {
            let (sealed, found) = (of(self, kind), of(found, kind));
            let name = kind.escape_ascii();
            if sealed.count == found.count {
                let changed = sealed.sum != found.sum;
                changed.then(|| format!("records of kind `{name}` are not what was sealed"))
            } else {
                Some(format!(
                    "{} records of kind `{name}` were sealed, {} are there",
                    sealed.count, found.count
                ))
            }
        });
        let differing: Vec<_> = differing.collect();
        (!differing.is_empty()).then(|| differing.join(", "))
    }
}

fn kind(key: &[u8]) -> u8 {
    key.get(SHARD_BYTES).copied().unwrap_or_default()
}

/// Hashing the context takes as long as hashing a small record, so it is done once.
static WEIGHTS: LazyLock<blake3::Hasher> =
    LazyLock::new(|| blake3::Hasher::new_derive_key("wujitong store seal"));

fn weight(key: &[u8], value: &[u8]) -> u128 {
    let mut hasher = WEIGHTS.clone();
    hasher.update(&(key.len() as u64).to_be_bytes());
    hasher.update(key).update(value);
    let hash = hasher.finalize();
    let cut = hash.as_bytes().first_chunk().expect("BLAKE3 has 32 bytes");
    u128::from_be_bytes(*cut)
}

impl Sealed {
    pub(super) fn seal(&self) -> &Seal {
        &self.seal
    }

    pub(super) fn into_seal(self) -> Seal {
        self.seal
    }
}

impl Sealer {
    pub(super) fn new(dir: &Path, mark: Option<Last>, seal: Seal) -> Self {
        Self {
            dir: dir.to_owned(),
            mark,
            seal,
        }
    }

    /// Returns the number of records in the engine.
    pub(super) fn records(&self) -> u64 {
        self.seal.records()
    }

    /// Returns the content of the engine.
    pub(super) fn seal(&self) -> &Seal {
        &self.seal
    }

    pub(super) fn draft(&self) -> Draft {
        Draft(self.seal.clone())
    }

    /// Seals the content that the engine will have. The engine may be changed once this returns.
    pub(super) fn write(
        &mut self,
        draft: Draft,
        to: Last,
        later: impl IntoIterator<Item = Bytes>,
    ) -> io::Result<()> {
        let sealed = Sealed {
            from: self.mark,
            to,
            later: later.into_iter().map(Vec::from).collect(),
            seal: draft.0,
        };
        let mut bytes = postcard::to_allocvec(&sealed).map_err(io::Error::other)?;
        bytes.extend_from_slice(&sum(&bytes));
        let draft = self.dir.join(DRAFT);
        let write = || {
            let mut file = File::create(&draft)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            fs::rename(&draft, self.dir.join(NAME))?;
            File::open(&self.dir)?.sync_all()
        };
        if let Err(error) = write() {
            let _next_one_is_written_over_it = fs::remove_file(&draft);
            return Err(error);
        }
        self.seal = sealed.seal;
        Ok(())
    }

    /// Records that the engine durably holds the log up to this group.
    pub(super) fn marked(&mut self, mark: Last) {
        self.mark = Some(mark);
    }
}

impl Draft {
    /// Counts the content after a write; no two may have the same key. Returns whether the engine has to be given it:
    /// many records are deleted again before a checkpoint sees them, and some are written as they were.
    pub(super) fn count(
        &mut self,
        engine: &dyn Engine,
        (key, value): &Write,
    ) -> Result<bool, StoreError> {
        let before = engine.get(key)?;
        if before == *value {
            return Ok(false);
        }
        if let Some(before) = before {
            self.0.take(key, &before);
        }
        if let Some(value) = value {
            self.0.add(key, value);
        }
        Ok(true)
    }
}

/// Reads the seal of a store; `None` if there is none. The inner error tells what is wrong with it.
pub(super) fn read(dir: &Path) -> io::Result<Option<Result<Sealed, &'static str>>> {
    let bytes = match fs::read(dir.join(NAME)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        bytes => bytes?,
    };
    let said = bytes.len().checked_sub(SUM_BYTES);
    let (said, written) = bytes.split_at(said.unwrap_or_default());
    if written != sum(said) {
        return Ok(Some(Err("its checksum does not match")));
    }
    let sealed = postcard::from_bytes(said);
    Ok(Some(sealed.map_err(|_| "it cannot be read")))
}

fn sum(bytes: &[u8]) -> [u8; SUM_BYTES] {
    let hash = blake3::hash(bytes);
    *hash.as_bytes().first_chunk().expect("BLAKE3 has 32 bytes")
}

//! A copy of everything that a store holds at one moment, given out in pieces while others write.
//!
//! The keys are read in order, a page at a time, each page at a moment of its own. Meanwhile the
//! committer notes every key behind the page that is written. At the end the noted keys are read
//! once more, the last of them all at one moment: what was given out, later records over earlier
//! ones, is then the content of that moment. Nobody waits for a copy, and it takes memory for one
//! page and the noted keys, however slowly it is read.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::{
    BATCH_KEYS, CommitError, Generation, SHARD_BYTES, Seen, Shard, Store, StoreError, Ticket,
    WriteBatch, committer::Reader, show_key,
};

/// Records of one page.
const PAGE: usize = 256;

/// Noted keys from which they are read before the next page, so that they stay few.
const MANY_NOTED: usize = 4 * PAGE;

/// Noted keys beyond which a copy is given up: whoever reads it is slower than those who write.
pub(super) const MOST_NOTED: usize = 1 << 18;

/// A record of a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The keyspace.
    pub shard: Shard,
    /// The key, without the shard.
    pub key: Bytes,
    /// The value; `None` if a record that was given out earlier was deleted since.
    pub value: Option<Bytes>,
}

/// Why a copy ended early.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Records are written faster than the copy is read.
    #[error(
        "records are written faster than the copy of them is read; write it to a faster disk, or at a \
         quieter time"
    )]
    TooSlow,
}

/// The keys that are written while copies are made. Part of the state of the committer.
#[derive(Default)]
pub(super) struct Noted {
    next: u64,
    copies: BTreeMap<u64, Notes>,
}

/// The notes of one copy.
struct Notes {
    /// Keys from here on are not noted, because a page with them is still to come; `None` while a
    /// page is read.
    ahead: Option<Bytes>,
    keys: BTreeSet<Bytes>,
    overflowed: bool,
}

impl Noted {
    fn open(&mut self) -> u64 {
        self.next += 1;
        let notes = Notes {
            ahead: Some(Bytes::new()),
            keys: BTreeSet::new(),
            overflowed: false,
        };
        self.copies.insert(self.next, notes);
        self.next
    }

    /// Notes a key that is written, or taken back.
    pub(super) fn note(&mut self, key: &Bytes) {
        for notes in self.copies.values_mut() {
            if notes.ahead.as_ref().is_some_and(|ahead| key >= ahead) {
                continue;
            }
            if notes.keys.len() < MOST_NOTED {
                notes.keys.insert(key.clone());
            } else {
                notes.overflowed = true;
            }
        }
    }

    /// Returns whether anything has to be noted.
    pub(super) fn is_empty(&self) -> bool {
        self.copies.is_empty()
    }

    fn of(&mut self, copy: u64) -> &mut Notes {
        self.copies.get_mut(&copy).expect("an open copy has notes")
    }

    /// Forgets the notes of a copy.
    pub(super) fn close(&mut self, copy: u64) {
        self.copies.remove(&copy);
    }
}

/// A copy that is being made; see [`Store::export`].
pub struct Export {
    store: Store,
    copy: u64,
    /// The first key of the next page; `None` once all pages were read.
    from: Option<Bytes>,
    over: bool,
}

impl Store {
    /// Begins a copy of all records of all shards. Records that are written meanwhile are in it or not,
    /// unit by unit, but it has everything that is durable now.
    ///
    /// # Errors
    /// [`StoreError::Closed`].
    pub fn export(&self) -> Result<Export, StoreError> {
        let copy = self.committer.noted(Noted::open)?;
        Ok(Export {
            store: self.clone(),
            copy,
            from: Some(Bytes::new()),
            over: false,
        })
    }

    /// Writes the records of a copy, in their order. The ticket waits for all of them; `None` if there are
    /// none. For stores that nobody else uses yet: a copy is not one unit.
    ///
    /// # Errors
    /// [`CommitError`]
    pub async fn fill(&self, records: Vec<Copied>) -> Result<Option<Ticket>, CommitError> {
        let mut last = None;
        let mut unit: Option<WriteBatch> = None;
        for Copied { shard, key, value } in records {
            // A unit with both could not tell which of two writes to one key is the later one.
            let fits = |unit: &WriteBatch| {
                let (puts, deletes) = (unit.put.len(), unit.delete.len());
                let other = if value.is_some() { deletes } else { puts };
                unit.shard == shard && other == 0 && puts + deletes < BATCH_KEYS
            };
            if let Some(done) = unit.take_if(|unit| !fits(unit)) {
                last = Some(self.submit(done).await?);
            }
            let unit = unit.get_or_insert_with(|| WriteBatch {
                shard,
                expect: vec![],
                put: vec![],
                delete: vec![],
            });
            match value {
                Some(value) => unit.put.push((key, value)),
                None => unit.delete.push(key),
            }
        }
        if let Some(done) = unit {
            last = Some(self.submit(done).await?);
        }
        Ok(last)
    }
}

impl Export {
    /// Returns the next records, all of them durable; `None` after the last. A record replaces one
    /// of the same key that was returned before.
    ///
    /// # Errors
    /// [`ExportError`]; nothing of the copy counts then.
    pub async fn next(&mut self) -> Result<Option<Vec<Copied>>, ExportError> {
        if self.over {
            return Ok(None);
        }
        let (noted, overflowed) = self.notes(|notes| (notes.keys.len(), notes.overflowed))?;
        if overflowed {
            return Err(ExportError::TooSlow);
        }
        let found = match self.from.clone() {
            Some(from) if noted < MANY_NOTED => self.page(from).await?,
            _ if noted <= PAGE && self.from.is_none() => self.last().await?,
            _ => self.again().await?,
        };
        let records: Result<Vec<_>, _> = found.into_iter().map(copied).collect();
        Ok(Some(records?))
    }

    fn notes<T>(&self, act: impl FnOnce(&mut Notes) -> T) -> Result<T, StoreError> {
        self.store.committer.noted(|noted| act(noted.of(self.copy)))
    }

    /// Reads the page that begins at `from`.
    async fn page(&mut self, from: Bytes) -> Result<Vec<Found>, StoreError> {
        // Where the page ends is known only when it was read, so until then every key is noted.
        self.notes(|notes| notes.ahead = None)?;
        let records = loop {
            let reader = self.store.committer.reader()?;
            let seen = reader.scan(&from, &[u8::MAX], PAGE, false)?;
            if let Some(records) = self.settled(seen).await? {
                break records;
            }
        };
        let next = match records.last() {
            Some((last, _)) if records.len() == PAGE => Some([last, &[0][..]].concat().into()),
            _ => None,
        };
        self.notes(|notes| {
            if let Some(next) = &next {
                notes.keys.split_off::<Bytes>(next);
                notes.ahead = Some(Bytes::clone(next));
            }
        })?;
        self.from = next;
        let found = records.into_iter();
        Ok(found.map(|(key, value)| (key, Some(value))).collect())
    }

    /// Reads some of the noted keys again.
    async fn again(&mut self) -> Result<Vec<Found>, StoreError> {
        let keys = self.notes(|notes| {
            let mut keys = std::mem::take(&mut notes.keys);
            if let Some(beyond) = keys.iter().nth(PAGE).cloned() {
                notes.keys = keys.split_off(&beyond);
            }
            keys
        })?;
        loop {
            let reader = self.store.committer.reader()?;
            if let Some(found) = self.read(&reader, &keys).await? {
                return Ok(found);
            }
        }
    }

    /// Reads the rest of the noted keys at one moment, which is that of the copy.
    async fn last(&mut self) -> Result<Vec<Found>, StoreError> {
        loop {
            let (keys, reader) = self
                .store
                .committer
                .noted_now(|noted| std::mem::take(&mut noted.of(self.copy).keys))?;
            if let Some(found) = self.read(&reader, &keys).await? {
                self.over = true;
                return Ok(found);
            }
            // Some of it was taken back for lack of room, so that moment never was.
            self.notes(|notes| notes.keys.extend(keys))?;
        }
    }

    /// Reads keys at the moment of a reader; `None` if what it saw was taken back.
    async fn read(
        &self,
        reader: &Reader,
        keys: &BTreeSet<Bytes>,
    ) -> Result<Option<Vec<Found>>, StoreError> {
        let mut found = vec![];
        let mut newest = Generation::default();
        for key in keys {
            let Seen { value, generation } = reader.get(key)?;
            newest = newest.max(generation);
            found.push((key.clone(), value));
        }
        let seen = Seen {
            value: found,
            generation: newest,
        };
        self.settled(seen).await
    }

    /// Waits until what was seen is durable; `None` if it was taken back, because there was no room
    /// for it.
    async fn settled<T>(&self, seen: Seen<T>) -> Result<Option<T>, StoreError> {
        match self.store.wait_durable(seen.generation).await {
            Ok(()) => Ok(Some(seen.value)),
            Err(StoreError::Full) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Drop for Export {
    fn drop(&mut self) {
        self.store.committer.forget_notes(self.copy);
    }
}

/// A full key and its value.
type Found = (Bytes, Option<Bytes>);

/// Returns the record of a key of the engine.
pub(super) fn copied((key, value): Found) -> Result<Copied, StoreError> {
    let shard = key.split_first_chunk::<SHARD_BYTES>();
    let shard = shard.and_then(|(shard, _)| Shard::from_u64(u64::from_be_bytes(*shard)));
    let Some(shard) = shard else {
        return Err(StoreError::Damaged {
            key: show_key(&key),
            what: "it belongs to no division".to_owned(),
        });
    };
    Ok(Copied {
        shard,
        key: key.slice(SHARD_BYTES..),
        value,
    })
}

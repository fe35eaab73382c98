//! What a verifier remembers: the heads of public logs that it saw in receipts. A division that shows different people
//! different pasts is found by whoever keeps two receipts, without asking anybody.

use std::collections::BTreeMap;

use log::{Checkpoint, Hash, Vkey};
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

/// Form of the file.
const FORM: u32 = 1;

/// Longest file in bytes.
pub const MOST_MEMORY_BYTES: usize = 64 * 1024 * 1024;

/// Most heads of one log that are remembered, the newest.
const MOST_OF_ONE: usize = 16;

/// Most logs that are remembered; those seen longest ago are forgotten.
const MOST_LOGS: usize = 40_000;

/// The head of a public log, as its key signed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeenHead {
    /// The division of the log.
    pub division: DivisionCode,
    /// Number of entries.
    pub size: u64,
    /// The key of the log, as `NAME+ID+KEY`; its name is that of the log.
    pub key: String,
    /// The checkpoint, as it was signed.
    pub note: String,
    /// When the receipt was made in which it was, in milliseconds since 1970.
    pub as_of_ms: i64,
}

/// The heads that were seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    form: u32,
    /// By the name of the log, those with fewer entries first.
    logs: BTreeMap<String, Vec<SeenHead>>,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            form: FORM,
            logs: BTreeMap::new(),
        }
    }
}

/// How a head stands to those that were seen before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "stands", rename_all = "kebab-case")]
pub enum Remembered {
    /// None of this log was seen before.
    First,
    /// This very head was seen before.
    Same,
    /// The newest that was seen has fewer entries. Only the log itself can show that it goes on from there.
    Grew {
        /// That head.
        before: SeenHead,
    },
    /// The newest that was seen has more entries.
    Earlier {
        /// That head.
        newest: SeenHead,
    },
    /// Both were signed, and they cannot both be true.
    Contradicts {
        /// The head that was seen before.
        before: SeenHead,
    },
}

/// The reason why a file is no memory.
#[derive(Debug, thiserror::Error)]
pub enum BadMemory {
    /// It is longer than any.
    #[error("it has {0} bytes, more than a memory of heads ever has; name another file")]
    TooLong(usize),
    /// It is something else.
    #[error(
        "it is not a memory of heads ({0}); name the file of an earlier --memory, or a new one"
    )]
    Form(#[from] serde_json::Error),
    /// It is of a later form.
    #[error("a newer program wrote it; use that one")]
    Newer,
    /// A head in it does not have the signature that it says.
    #[error(
        "the head of {0} in it is not as it was signed; somebody changed the file: name a new one"
    )]
    Changed(String),
}

impl Memory {
    /// Reads a file, and checks that every head in it is as it was signed.
    ///
    /// # Errors
    /// [`BadMemory`].
    pub fn read(bytes: &[u8]) -> Result<Self, BadMemory> {
        if bytes.len() > MOST_MEMORY_BYTES {
            return Err(BadMemory::TooLong(bytes.len()));
        }
        let read: Self = serde_json::from_slice(bytes)?;
        if read.form != FORM {
            return Err(BadMemory::Newer);
        }
        for (name, heads) in &read.logs {
            let signed = |head: &SeenHead| {
                opened(head).is_some_and(|(found, size, _)| found == *name && size == head.size)
            };
            if !heads.iter().all(signed) {
                return Err(BadMemory::Changed(name.clone()));
            }
        }
        Ok(read)
    }

    /// Returns the bytes of the file.
    pub fn write(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).expect("it is plain JSON")
    }

    /// Compares a head, which its key signed, with those that were seen before.
    pub fn compare(&self, head: &SeenHead) -> Remembered {
        let Some((name, size, root)) = opened(head) else {
            return Remembered::First;
        };
        let seen = self.logs.get(&name).map_or(&[][..], |seen| seen);
        let contradicts = |before: &&SeenHead| {
            let other_root = opened(before).is_some_and(|(_, of, was)| of == size && was != root);
            before.key != head.key || other_root
        };
        if let Some(before) = seen.iter().find(contradicts) {
            return Remembered::Contradicts {
                before: before.clone(),
            };
        }
        match seen.last() {
            None => Remembered::First,
            Some(newest) if newest.size > size && seen.iter().all(|one| one.size != size) => {
                Remembered::Earlier {
                    newest: newest.clone(),
                }
            }
            Some(newest) if newest.size < size => Remembered::Grew {
                before: newest.clone(),
            },
            Some(_) => Remembered::Same,
        }
    }

    /// Remembers a head that contradicts none.
    pub fn keep(&mut self, head: SeenHead) {
        let Some((name, size, _)) = opened(&head) else {
            return;
        };
        let seen = self.logs.entry(name).or_default();
        match seen.iter_mut().find(|one| one.size == size) {
            Some(same) => same.as_of_ms = same.as_of_ms.max(head.as_of_ms),
            None => seen.push(head),
        }
        seen.sort_by_key(|one| one.size);
        let beyond = seen.len().saturating_sub(MOST_OF_ONE);
        seen.drain(..beyond);
        while self.logs.len() > MOST_LOGS {
            let last = |seen: &[SeenHead]| seen.iter().map(|one| one.as_of_ms).max();
            let oldest = self.logs.iter().min_by_key(|(_, seen)| last(seen));
            let Some(oldest) = oldest.map(|(name, _)| name.clone()) else {
                return;
            };
            self.logs.remove(&oldest);
        }
    }
}

/// Returns name, size and root of a head; `None` if it is not as its key signed it.
fn opened(head: &SeenHead) -> Option<(String, u64, Hash)> {
    let key: Vkey = head.key.parse().ok()?;
    let read = Checkpoint::open(head.note.as_bytes(), &key).ok()?;
    Some((key.name().to_owned(), read.size(), *read.root()))
}

#[cfg(test)]
mod tests {
    use ring::signature::{Ed25519KeyPair, KeyPair};

    use super::*;

    fn head(seed: u8, size: u64, root: u8) -> SeenHead {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap();
        let public = pair.public_key().as_ref().try_into().unwrap();
        let origin = "222.002.25.08.33.zj.example/log/00/01";
        let key = Vkey::new(origin, public).unwrap();
        let read = Checkpoint::new(origin, size, [root; 32]).unwrap();
        let note = read.signed(&key, pair.sign(read.to_string().as_bytes()).as_ref());
        SeenHead {
            division: "330825002222".parse().unwrap(),
            size,
            key: key.to_string(),
            note,
            as_of_ms: 1_780_000_000_000 + size as i64,
        }
    }

    #[test]
    fn two_roots_at_one_size_and_two_keys_of_one_log_contradict_each_other() {
        let mut memory = Memory::default();
        assert_eq!(memory.compare(&head(1, 5, 1)), Remembered::First);
        memory.keep(head(1, 5, 1));
        memory.keep(head(1, 9, 2));
        assert_eq!(memory.compare(&head(1, 9, 2)), Remembered::Same);
        assert_eq!(memory.compare(&head(1, 5, 1)), Remembered::Same);
        let grew = memory.compare(&head(1, 11, 3));
        assert!(matches!(grew, Remembered::Grew { before } if before.size == 9));
        let earlier = memory.compare(&head(1, 7, 3));
        assert!(matches!(earlier, Remembered::Earlier { newest } if newest.size == 9));
        for other in [head(1, 5, 9), head(1, 9, 9), head(2, 11, 3)] {
            let found = memory.compare(&other);
            assert!(matches!(found, Remembered::Contradicts { .. }), "{other:?}");
        }
    }

    #[test]
    fn a_memory_is_read_as_it_was_written_and_not_if_it_was_changed() {
        let mut memory = Memory::default();
        for size in 1..=MOST_OF_ONE as u64 + 4 {
            memory.keep(head(1, size, size as u8));
        }
        let written = memory.write();
        let read = Memory::read(&written).unwrap();
        assert_eq!(read, memory);
        let kept: Vec<_> = read.logs.values().flatten().map(|one| one.size).collect();
        assert_eq!(kept.len(), MOST_OF_ONE);
        assert_eq!(kept.last(), Some(&(MOST_OF_ONE as u64 + 4)));
        let text = String::from_utf8(written).unwrap();
        let changed = text.replace("\"size\": 20", "\"size\": 21");
        assert_ne!(changed, text);
        assert!(matches!(
            Memory::read(changed.as_bytes()),
            Err(BadMemory::Changed(_))
        ));
        let newer = text.replace("\"form\": 1", "\"form\": 2");
        assert!(matches!(
            Memory::read(newer.as_bytes()),
            Err(BadMemory::Newer)
        ));
        assert!(matches!(Memory::read(b"{}"), Err(BadMemory::Form(_))));
    }
}

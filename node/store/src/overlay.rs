//! What was written and is not in the engine yet, and what was written over while somebody reads.

use std::{cmp::Reverse, collections::BTreeMap, ops::Bound};

use bytes::Bytes;

use super::{Generation, engine::Write};

/// Rough memory cost of a write besides its bytes.
const WRITE_OVERHEAD: usize = 160;

/// Most entries that one sweep looks at, because everybody waits while it does.
const SWEEP_LIMIT: usize = 512;

/// Writes that were taken and that the engine does not hold durably yet, by full key. They hide
/// what the engine does hold. Keeps what open snapshots see of a key that was written since.
#[derive(Default)]
pub(super) struct Overlay {
    slots: BTreeMap<Bytes, Slot>,
    bytes: usize,
    /// How many snapshots are open at a generation.
    open: BTreeMap<Generation, usize>,
    /// Keys with outdated values, by the generation from which no snapshot sees them.
    outdated: BTreeMap<Generation, Vec<Bytes>>,
}

/// What is known of one key.
#[derive(Default)]
struct Slot {
    newest: Option<Entry>,
    outdated: Vec<Outdated>,
}

#[derive(Clone)]
pub(super) struct Entry {
    pub(super) generation: Generation,
    pub(super) value: Option<Bytes>,
}

/// A value that was written over at generation `until`.
struct Outdated {
    entry: Entry,
    until: Generation,
}

impl Slot {
    /// Returns what a snapshot sees here; `None` if that is in the engine.
    fn at(&self, snapshot: Generation) -> Option<&Entry> {
        let newest = self.newest.as_ref();
        let newest = newest.filter(|newest| newest.generation <= snapshot);
        newest.or_else(|| {
            let seen = self.outdated.iter().filter(|outdated| {
                outdated.entry.generation <= snapshot && snapshot < outdated.until
            });
            // Of values that were in the engine it is unknown since when; the one that was written
            // over first is right.
            let seen = seen.max_by_key(|seen| (seen.entry.generation, Reverse(seen.until)));
            seen.map(|outdated| &outdated.entry)
        })
    }
}

impl Overlay {
    pub(super) fn get(&self, key: &[u8]) -> Option<&Entry> {
        self.slots.get(key)?.newest.as_ref()
    }

    /// Returns what a snapshot sees of a key; `None` if that is in the engine.
    pub(super) fn get_at(&self, key: &[u8], snapshot: Generation) -> Option<&Entry> {
        self.slots.get(key)?.at(snapshot)
    }

    /// Keeps what is seen at a generation until [`Self::close`].
    pub(super) fn open(&mut self, snapshot: Generation) {
        *self.open.entry(snapshot).or_default() += 1;
    }

    /// Ends one [`Self::open`] of a generation.
    pub(super) fn close(&mut self, snapshot: Generation) {
        if let Some(open) = self.open.get_mut(&snapshot) {
            *open -= 1;
            if *open == 0 {
                self.open.remove(&snapshot);
            }
        }
        let oldest = self.open.keys().next();
        let unseen = match oldest {
            Some(oldest) => {
                let seen = self.outdated.split_off(&oldest.next());
                std::mem::replace(&mut self.outdated, seen)
            }
            None => std::mem::take(&mut self.outdated),
        };
        for key in unseen.into_values().flatten() {
            if let Some(slot) = self.slots.get_mut(&key) {
                let seen = |outdated: &Outdated| oldest.is_some_and(|o| *o < outdated.until);
                slot.outdated.retain(seen);
                if slot.newest.is_none() && slot.outdated.is_empty() {
                    self.slots.remove(&key);
                }
            }
        }
    }

    /// Returns whether a snapshot is open that is older than this.
    pub(super) fn is_read_before(&self, generation: Generation) -> bool {
        let oldest = self.open.keys().next();
        oldest.is_some_and(|oldest| *oldest < generation)
    }

    /// Returns whether nothing is kept for snapshots, and none is open.
    #[cfg(all(test, not(shuttle)))]
    pub(super) fn keeps_nothing_for_readers(&self) -> bool {
        let kept = self.slots.values().any(|slot| !slot.outdated.is_empty());
        self.open.is_empty() && self.outdated.is_empty() && !kept
    }

    /// Keeps a value that is about to be written over at `until`, if a snapshot sees it.
    pub(super) fn keep(&mut self, key: &Bytes, entry: Entry, until: Generation) {
        if self.open.range(entry.generation..until).next().is_none() {
            return;
        }
        let slot = self.slots.entry(key.clone()).or_default();
        slot.outdated.push(Outdated { entry, until });
        self.outdated.entry(until).or_default().push(key.clone());
    }

    /// Lays writes over what is there, and returns what each of them hides.
    pub(super) fn lay(&mut self, generation: Generation, writes: &[Write]) -> Vec<Option<Entry>> {
        let lay = |(key, value): &Write| {
            let entry = Entry {
                generation,
                value: value.clone(),
            };
            let hidden = self.exchange(key, Some(entry));
            if let Some(hidden) = &hidden {
                self.keep(key, hidden.clone(), generation);
            }
            hidden
        };
        writes.iter().map(lay).collect()
    }

    /// Takes the newest writes away again and puts back what they hid.
    pub(super) fn unlay(&mut self, writes: &[Write], hidden: Vec<Option<Entry>>) {
        for ((key, _), hidden) in writes.iter().zip(hidden).rev() {
            self.exchange(key, hidden);
        }
    }

    fn exchange(&mut self, key: &Bytes, entry: Option<Entry>) -> Option<Entry> {
        if let Some(entry) = &entry {
            self.bytes += cost(key, entry.value.as_ref());
        }
        let before = match entry {
            Some(entry) => {
                let slot = self.slots.entry(key.clone()).or_default();
                slot.newest.replace(entry)
            }
            None => self.take(key),
        };
        if let Some(before) = &before {
            self.bytes -= cost(key, before.value.as_ref());
        }
        before
    }

    /// Takes the newest entry of a key out, and the slot with it unless a snapshot needs it.
    fn take(&mut self, key: &Bytes) -> Option<Entry> {
        let slot = self.slots.get_mut(key)?;
        let newest = slot.newest.take();
        if slot.outdated.is_empty() {
            self.slots.remove(key);
        }
        newest
    }

    /// Takes away what the engine holds durably, but not what was written over it since.
    pub(super) fn lift<'a>(
        &mut self,
        generation: Generation,
        keys: impl IntoIterator<Item = &'a Bytes>,
    ) {
        for key in keys {
            let entry = self.get(key);
            if entry.is_some_and(|entry| entry.generation <= generation) {
                self.exchange(key, None);
            }
        }
    }

    /// Returns roughly how many bytes of memory the entries take.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the first few entries after `after` that are not newer than `newest`, each with its
    /// generation, and the last key that was looked at if there may be more. Adds the keys of newer
    /// entries to `newer`.
    pub(super) fn sweep(
        &self,
        after: Option<&Bytes>,
        newest: Generation,
        limit: usize,
        newer: &mut Vec<Bytes>,
    ) -> (Vec<(Write, Generation)>, Option<Bytes>) {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut found = Vec::new();
        let range = self.slots.range::<Bytes, _>((from, Bound::Unbounded));
        for (looked_at, (key, slot)) in range.enumerate() {
            match &slot.newest {
                Some(entry) if entry.generation <= newest => {
                    found.push(((key.clone(), entry.value.clone()), entry.generation));
                }
                Some(_) => newer.push(key.clone()),
                None => {}
            }
            if found.len() == limit || looked_at == SWEEP_LIMIT {
                return (found, Some(key.clone()));
            }
        }
        (found, None)
    }

    /// Returns the entries of `from..to` that can matter to a scan for `limit` keys at a
    /// generation, and the newest generation among them.
    pub(super) fn slice(
        &self,
        from: &[u8],
        to: &[u8],
        limit: usize,
        reverse: bool,
        snapshot: Generation,
    ) -> (Vec<Write>, Generation) {
        let bounds = (Bound::Included(from), Bound::Excluded(to));
        let mut range = self.slots.range::<[u8], _>(bounds);
        let mut newest = Generation::default();
        let mut values = 0;
        let mut found = Vec::new();
        while values < limit {
            let next = if reverse {
                range.next_back()
            } else {
                range.next()
            };
            let Some((key, slot)) = next else { break };
            let Some(entry) = slot.at(snapshot) else {
                continue;
            };
            newest = newest.max(entry.generation);
            values += usize::from(entry.value.is_some());
            found.push((key.clone(), entry.value.clone()));
        }
        (found, newest)
    }
}

/// Returns roughly how many bytes a write costs in memory.
pub(super) fn cost(key: &Bytes, value: Option<&Bytes>) -> usize {
    WRITE_OVERHEAD + key.len() + value.map_or(0, Bytes::len)
}

use std::{
    cmp::Ordering,
    collections::BTreeMap,
    iter::Peekable,
    ops::{Bound, ControlFlow},
    vec,
};

use bytes::Bytes;

use super::{Generation, engine::Write};

/// Rough memory cost of a write besides its bytes.
const WRITE_OVERHEAD: usize = 160;

/// Most entries that one sweep looks at, because everybody waits while it does.
const SWEEP_LIMIT: usize = 512;

/// Writes that were taken and that the engine does not hold durably yet, by full key. They hide
/// what the engine does hold.
#[derive(Default)]
pub(super) struct Overlay {
    entries: BTreeMap<Bytes, Entry>,
    bytes: usize,
}

#[derive(Clone)]
pub(super) struct Entry {
    pub(super) generation: Generation,
    pub(super) value: Option<Bytes>,
}

impl Overlay {
    pub(super) fn get(&self, key: &[u8]) -> Option<&Entry> {
        self.entries.get(key)
    }

    /// Lays writes over what is there, and returns what each of them hides.
    pub(super) fn lay(&mut self, generation: Generation, writes: &[Write]) -> Vec<Option<Entry>> {
        let lay = |(key, value): &Write| {
            let entry = Entry {
                generation,
                value: value.clone(),
            };
            self.exchange(key, Some(entry))
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
        let before = match entry {
            Some(entry) => {
                self.bytes += cost(key, entry.value.as_ref());
                self.entries.insert(key.clone(), entry)
            }
            None => self.entries.remove(key),
        };
        if let Some(before) = &before {
            self.bytes -= cost(key, before.value.as_ref());
        }
        before
    }

    /// Takes away what the engine holds durably, but not what was written over it since.
    pub(super) fn lift<'a>(
        &mut self,
        generation: Generation,
        keys: impl IntoIterator<Item = &'a Bytes>,
    ) {
        for key in keys {
            let entry = self.entries.get(key);
            if entry.is_some_and(|entry| entry.generation <= generation)
                && let Some(entry) = self.entries.remove(key)
            {
                self.bytes -= cost(key, entry.value.as_ref());
            }
        }
    }

    /// Returns roughly how many bytes of memory the entries take.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the first few entries after `after` that are not newer than `newest`, and the last
    /// key that was looked at if there may be more. Adds the keys of newer entries to `newer`.
    pub(super) fn sweep(
        &self,
        after: Option<&Bytes>,
        newest: Generation,
        limit: usize,
        newer: &mut Vec<Bytes>,
    ) -> (Vec<Write>, Option<Bytes>) {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut found = Vec::new();
        let range = self.entries.range::<Bytes, _>((from, Bound::Unbounded));
        for (looked_at, (key, entry)) in range.enumerate() {
            if entry.generation <= newest {
                found.push((key.clone(), entry.value.clone()));
            } else {
                newer.push(key.clone());
            }
            if found.len() == limit || looked_at == SWEEP_LIMIT {
                return (found, Some(key.clone()));
            }
        }
        (found, None)
    }

    /// Returns the entries of `from..to` that can matter to a scan for `limit` keys, and the newest
    /// generation among them.
    pub(super) fn slice(
        &self,
        from: &[u8],
        to: &[u8],
        limit: usize,
        reverse: bool,
    ) -> (Vec<Write>, Generation) {
        let bounds = (Bound::Included(from), Bound::Excluded(to));
        let mut range = self.entries.range::<[u8], _>(bounds);
        let mut newest = Generation::default();
        let mut values = 0;
        let mut found = Vec::new();
        while values < limit {
            let next = if reverse {
                range.next_back()
            } else {
                range.next()
            };
            let Some((key, entry)) = next else { break };
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

/// Merges pending writes with a scan of the engine below them, both in scan order, until `limit`
/// keys are found.
pub(super) struct Merge {
    pending: Peekable<vec::IntoIter<Write>>,
    limit: usize,
    reverse: bool,
    found: Vec<(Bytes, Bytes)>,
}

impl Merge {
    pub(super) fn new(pending: Vec<Write>, limit: usize, reverse: bool) -> Self {
        Self {
            pending: pending.into_iter().peekable(),
            limit,
            reverse,
            found: Vec::new(),
        }
    }

    /// Takes the next key of the scan below.
    pub(super) fn offer(&mut self, key: Bytes, value: Bytes) -> ControlFlow<()> {
        let mut hidden = false;
        while self.found.len() < self.limit {
            let Some((over, _)) = self.pending.peek() else {
                break;
            };
            let order = if self.reverse {
                key.cmp(over)
            } else {
                over.cmp(&key)
            };
            if order == Ordering::Greater {
                break;
            }
            hidden |= order == Ordering::Equal;
            self.take_pending();
        }
        if !hidden && self.found.len() < self.limit {
            self.found.push((key, value));
        }
        if self.found.len() < self.limit {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    }

    pub(super) fn finish(mut self) -> Vec<(Bytes, Bytes)> {
        while self.found.len() < self.limit && self.pending.peek().is_some() {
            self.take_pending();
        }
        self.found
    }

    fn take_pending(&mut self) {
        if let Some((key, Some(value))) = self.pending.next() {
            self.found.push((key, value));
        }
    }
}

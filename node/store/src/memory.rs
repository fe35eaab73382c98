use std::{
    collections::BTreeMap,
    fmt,
    ops::Bound,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;

use super::{
    StoreError,
    engine::{Engine, Visit, Write},
};

/// The disk of the memory engine, which simulation and tests use instead of files. It outlives the
/// store opened on it and knows what was synced and what was only written.
#[derive(Clone, Default)]
pub struct MemoryDisk {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    content: Mutex<Content>,
    changed: Condvar,
}

#[derive(Default)]
struct Content {
    synced: BTreeMap<Bytes, Bytes>,
    /// Batches applied since the last sync, in order.
    unsynced: Vec<Vec<Write>>,
    /// Synced and unsynced together: what reads see.
    visible: BTreeMap<Bytes, Bytes>,
    paused: bool,
    /// Whether the store waits in a sync that is held.
    held: bool,
    fails_next: bool,
    cut_at: Option<u64>,
    /// Whether syncs are answered before their work is done.
    late: bool,
    /// Number of unsynced batches for which a late sync was answered.
    answered: usize,
    syncs: u64,
    dead: bool,
}

/// The engine that a store opens on a [`MemoryDisk`].
pub(super) struct MemoryEngine {
    disk: MemoryDisk,
}

impl MemoryDisk {
    /// Builds an empty disk.
    pub fn new() -> Self {
        Self::default()
    }

    /// Cuts the power. The returned disk holds what was synced and the first few of the batches
    /// that were not; how many is drawn from `seed`. This disk lets no sync succeed any more.
    pub fn power_cut(&self, seed: u64) -> Self {
        let mut content = self.content();
        content.dead = true;
        self.inner.changed.notify_all();
        let mut survives = content.synced.clone();
        let batches = content.unsynced.len() as u64 + 1;
        let kept = (mix(seed) % batches) as usize;
        for batch in &content.unsynced[..kept] {
            apply(&mut survives, batch);
        }
        let content = Content {
            synced: survives.clone(),
            visible: survives,
            ..Content::default()
        };
        let inner = Inner {
            content: Mutex::new(content),
            changed: Condvar::new(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Holds every sync from now on, until [`Self::resume_sync`].
    pub fn pause_sync(&self) {
        self.content().paused = true;
    }

    /// Lets syncs through again.
    pub fn resume_sync(&self) {
        self.content().paused = false;
        self.inner.changed.notify_all();
    }

    /// Blocks until the store waits in a sync that is held, so that everything it took up is
    /// applied.
    pub fn wait_until_held(&self) {
        let mut content = self.content();
        while !content.held && !content.dead {
            content = self.wait(content);
        }
    }

    /// Makes the next sync fail, as a full or broken disk would.
    pub fn fail_sync_next(&self) {
        self.content().fails_next = true;
    }

    /// Makes every sync fail from the `n`-th of this disk on, the first being 1.
    pub fn cut_at_sync(&self, n: u64) {
        self.content().cut_at = Some(n);
    }

    /// From now on a sync is answered at once and only the next one does its work, as if the store
    /// acknowledged before it synced. This is the mutant that tests of power cuts must catch.
    pub fn sync_late(&self) {
        self.content().late = true;
    }

    /// Returns whether the power was cut, so that no sync succeeds any more.
    pub fn is_cut(&self) -> bool {
        self.content().dead
    }

    /// Returns how many syncs succeeded.
    pub fn sync_count(&self) -> u64 {
        self.content().syncs
    }

    /// Opens the engine. What a store that is gone wrote but did not sync is synced first, before
    /// it can be read.
    pub(super) fn engine(&self) -> Result<MemoryEngine, String> {
        let engine = MemoryEngine { disk: self.clone() };
        let rest = !self.content().unsynced.is_empty();
        if rest {
            engine.sync()?;
            let mut content = self.content();
            content.visible = content.synced.clone();
        }
        Ok(engine)
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.inner
            .content
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, content: MutexGuard<'a, Content>) -> MutexGuard<'a, Content> {
        self.inner
            .changed
            .wait(content)
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let content = self.content();
        f.debug_struct("MemoryDisk")
            .field("keys", &content.visible.len())
            .field("unsynced_batches", &content.unsynced.len())
            .field("syncs", &content.syncs)
            .field("dead", &content.dead)
            .finish()
    }
}

impl Engine for MemoryEngine {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        Ok(self.disk.content().visible.get(key).cloned())
    }

    fn scan(
        &self,
        from: &[u8],
        to: &[u8],
        reverse: bool,
        visit: Visit<'_>,
    ) -> Result<(), StoreError> {
        let content = self.disk.content();
        let bounds = (Bound::Included(from), Bound::Excluded(to));
        let mut range = content.visible.range::<[u8], _>(bounds);
        while let Some((key, value)) = if reverse {
            range.next_back()
        } else {
            range.next()
        } {
            if visit(key.clone(), value.clone()).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn apply(&self, batch: &[&[Write]]) -> Result<(), String> {
        let mut content = self.disk.content();
        if content.dead {
            return Err("the power was cut".to_owned());
        }
        let batch = batch.concat();
        apply(&mut content.visible, &batch);
        content.unsynced.push(batch);
        Ok(())
    }

    fn sync(&self) -> Result<(), String> {
        let mut content = self.disk.content();
        while content.paused && !content.dead {
            content.held = true;
            self.disk.inner.changed.notify_all();
            content = self.disk.wait(content);
        }
        content.held = false;
        if content.cut_at.is_some_and(|n| content.syncs + 1 >= n) {
            content.dead = true;
        }
        if content.dead {
            return Err("the power was cut".to_owned());
        }
        if std::mem::take(&mut content.fails_next) {
            return Err("the sync failed as told".to_owned());
        }
        content.syncs += 1;
        let due = if content.late {
            content.answered
        } else {
            content.unsynced.len()
        };
        for batch in content.unsynced.drain(..due).collect::<Vec<_>>() {
            apply(&mut content.synced, &batch);
        }
        content.answered = content.unsynced.len();
        Ok(())
    }

    fn forget_unsynced(&self) {
        let mut content = self.disk.content();
        content.visible = content.synced.clone();
    }

    fn size_on_disk(&self) -> Result<u64, StoreError> {
        let content = self.disk.content();
        let sizes = content
            .visible
            .iter()
            .map(|(key, value)| key.len() + value.len());
        Ok(sizes.sum::<usize>() as u64)
    }
}

fn apply(content: &mut BTreeMap<Bytes, Bytes>, batch: &[Write]) {
    for (key, value) in batch {
        match value {
            Some(value) => content.insert(key.clone(), value.clone()),
            None => content.remove(key),
        };
    }
}

/// Mixes a seed with SplitMix64, so that neighbouring seeds give unrelated numbers.
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

use std::{
    collections::BTreeMap,
    fmt,
    ops::Bound,
    sync::{Arc, PoisonError},
};

use bytes::Bytes;

use super::{
    StoreError,
    committer::Steps,
    engine::{Engine, Room, Visit, Write},
    overlay,
    sync::{Condvar, Mutex, MutexGuard},
};

/// With less room than this, in bytes, a disk in memory takes no new work.
const RESERVE: usize = 64 << 10;

/// The disk of the memory engine, which simulation and tests use instead of files. It outlives the
/// store opened on it and tells synced writes from unsynced ones.
#[derive(Clone, Default)]
pub struct MemoryDisk {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    content: Mutex<Content>,
    changed: Condvar,
    /// Says when stores write, instead of a thread of theirs.
    steps: Option<Arc<Steps>>,
}

#[derive(Default)]
struct Content {
    synced: BTreeMap<Bytes, Bytes>,
    /// Batches applied since the last sync, in order.
    unsynced: Vec<Vec<Write>>,
    /// Synced and unsynced writes together, as reads see them.
    visible: BTreeMap<Bytes, Bytes>,
    paused: bool,
    /// Whether the store waits in a held sync.
    held: bool,
    fails_next: bool,
    cut_at: Option<u64>,
    /// Whether syncs return before their work is done.
    late: bool,
    /// Number of unsynced batches for which a late sync has returned.
    answered: usize,
    syncs: u64,
    /// Bytes for which there is room; `None` if there is no bound.
    room: Option<usize>,
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

    /// Builds an empty disk whose stores have no thread of their own: what is submitted is visible at
    /// once, and durable after the next [`Self::step`].
    pub fn stepped() -> Self {
        let inner = Inner {
            steps: Some(Arc::default()),
            ..Inner::default()
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Waits until something waits to be written to a stepped disk. Never ends on another one.
    pub async fn has_work(&self) {
        match &self.inner.steps {
            Some(steps) => steps.called().await,
            None => std::future::pending().await,
        }
    }

    /// Writes and syncs everything that waits for a stepped disk, and answers those who wait for it.
    /// Does nothing on another one.
    pub fn step(&self) {
        if let Some(steps) = &self.inner.steps {
            steps.step();
        }
    }

    /// Leaves room for so many more bytes of keys and values; `None` for any number. New work is turned
    /// away while there are fewer than 64 KiB, and everything once there are none.
    pub fn leave_room(&self, bytes: Option<usize>) {
        self.content().room = bytes;
        if let Some(steps) = &self.inner.steps {
            steps.call();
        }
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
            steps: self.inner.steps.as_ref().map(|_| Arc::default()),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Holds every sync from now on, until [`Self::resume_sync`].
    pub fn pause_sync(&self) {
        self.content().paused = true;
    }

    /// Releases held syncs.
    pub fn resume_sync(&self) {
        self.content().paused = false;
        self.inner.changed.notify_all();
    }

    /// Blocks until the store waits in a held sync, so that everything it took is applied.
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

    /// Makes every sync of this disk fail from the `n`-th on, counted from 1.
    pub fn cut_at_sync(&self, n: u64) {
        self.content().cut_at = Some(n);
    }

    /// Makes each sync return at once and do its work only at the next one. The store then
    /// acknowledges before it syncs. Tests of power cuts must detect this mutant.
    pub fn sync_late(&self) {
        self.content().late = true;
    }

    /// Returns whether the power was cut, so that every sync fails.
    pub fn is_cut(&self) -> bool {
        self.content().dead
    }

    /// Returns the number of successful syncs.
    pub fn sync_count(&self) -> u64 {
        self.content().syncs
    }

    pub(super) fn steps(&self) -> Option<Arc<Steps>> {
        self.inner.steps.clone()
    }

    /// Opens the engine. What a store that is gone wrote but did not sync is synced first, before
    /// it can be read.
    pub(super) fn engine(&self) -> Result<MemoryEngine, String> {
        let engine = MemoryEngine { disk: self.clone() };
        let rest = !self.content().unsynced.is_empty();
        if rest {
            engine.sync()?;
        }
        let mut content = self.content();
        content.visible = content.synced.clone();
        drop(content);
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
        if let Some(room) = &mut content.room {
            let bytes = batch
                .iter()
                .map(|(key, value)| overlay::cost(key, value.as_ref()));
            *room = room.saturating_sub(bytes.sum());
        }
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

    fn room(&self, bytes: usize) -> Room {
        match self.disk.content().room {
            Some(room) if room < bytes => Room::None,
            Some(room) if room - bytes < RESERVE => Room::Little,
            _ => Room::Plenty,
        }
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

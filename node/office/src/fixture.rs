//! Offices of tests: on a disk in memory, with time and chance that the test sets.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use domain::{suite::Suite, time::Timestamp};
use store::{MemoryDisk, Store};
use telemetry::Metrics;
use tokio::sync::Semaphore;
use topology::Tree;

use super::{Clock, Dependencies, Entropy, FileArea, Office, sealing::Bare};

/// When every test begins, in milliseconds since 1970: in May 2026.
pub(super) const START: i64 = 1_780_000_000_000;

/// A clock that stands still until it is put forward.
pub(super) struct Stopped(AtomicI64);

impl Default for Stopped {
    fn default() -> Self {
        Self(AtomicI64::new(START))
    }
}

impl Stopped {
    pub(super) fn put_forward(&self, by_ms: i64) {
        self.0.fetch_add(by_ms, Ordering::SeqCst);
    }
}

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// A clock that goes on by a millisecond whenever it is looked at.
pub(super) struct Ticking(AtomicI64);

impl Default for Ticking {
    fn default() -> Self {
        Self(AtomicI64::new(START))
    }
}

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.fetch_add(1, Ordering::SeqCst))
    }
}

/// Chance that counts: every draw is another, and another life begins elsewhere.
struct Counting(AtomicU64);

impl Entropy for Counting {
    fn bytes(&self) -> [u8; 16] {
        let n = self.0.fetch_add(1, Ordering::SeqCst).to_le_bytes();
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&n);
        bytes[8..].copy_from_slice(&n);
        bytes
    }
}

/// The office of a division; `seed` is what its chance begins with. Its file_area holds no files.
pub(super) async fn office(
    division: &str,
    disk: &MemoryDisk,
    clock: Arc<dyn Clock>,
    seed: u64,
) -> Office {
    let me = division.parse().unwrap();
    let one = Arc::new(Semaphore::new(1));
    let dependencies = Dependencies {
        tree: Tree::zhejiang(),
        store: Store::open_memory(disk).unwrap(),
        clock,
        entropy: Arc::new(Counting(AtomicU64::new(seed))),
        seals: Arc::new(Bare),
        suite: Suite::Ed25519Blake3,
        metrics: Metrics::default().division(me),
        file_area: FileArea::open(Path::new("/nonexistent"), me, one).unwrap(),
        reports: 10,
        window: 8,
    };
    Office::open(me, dependencies).await.unwrap()
}

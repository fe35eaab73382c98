//! Offices for tests: on a disk in memory, with time and randomness that the test sets.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};

use domain::{ids::NetworkId, suite::Suite, time::Timestamp};
use store::{MemoryDisk, Store};
use telemetry::Metrics;
use tokio::sync::Semaphore;
use topology::Tree;

use crate::{
    Clock, Dependencies, Entropy, FileArea, Office, log::fixture::TestLogKeys,
    matters::sealing::Bare,
};

/// The time at which every test begins, in milliseconds since 1970: in May 2026.
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

/// A clock that advances by a millisecond at every reading.
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

/// Randomness that counts: every draw differs, and every life begins with another value.
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

/// Builds the office of a division; its randomness begins with `seed`. Its file area is empty.
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
        log_keys: Arc::new(TestLogKeys(me)),
        network: NetworkId([7; 16]),
        suite: Suite::Ed25519Blake3,
        metrics: Metrics::default().division(me),
        file_area: FileArea::open(Path::new("/nonexistent"), me, one).unwrap(),
        reports: 10,
        window: 8,
        due: workers::DueTimer::default(),
    };
    Office::open(me, dependencies).await.unwrap()
}

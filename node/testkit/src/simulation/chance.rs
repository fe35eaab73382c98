//! Chance and time of a simulated network: everything drawn follows from the seed.

use std::{
    cell::RefCell,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use domain::time::Timestamp;
use identity::Surroundings;
use office::{Clock, Entropy};
use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};
use rustls::{
    crypto::{CryptoProvider, GetRandomFailed, SecureRandom, ring},
    time_provider::TimeProvider,
};
use rustls_pki_types::UnixTime;
use tokio::time::Instant;
use topology::DivisionCode;

/// When every simulation begins: Monday, 2 March 2026, 9:00 in Hangzhou.
const BEGINS_MS: i64 = 1_772_413_200_000;

/// The moment at which every simulation begins, for certificates.
pub(super) fn beginning() -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_millis(BEGINS_MS.unsigned_abs()))
}

/// A source of chance of its own for each purpose, so that what one draws changes nothing for another.
pub(super) fn source(seed: u64, purpose: &str, of: u64) -> StdRng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&of.to_le_bytes());
    key[16..16 + purpose.len()].copy_from_slice(purpose.as_bytes());
    StdRng::from_seed(key)
}

/// Ids and salts of one life of a node.
pub(super) struct Ids(Mutex<StdRng>);

impl Ids {
    pub(super) fn new(seed: u64, division: DivisionCode, life: u64) -> Self {
        let of = division.as_u64().wrapping_add(life << 48);
        Self(Mutex::new(source(seed, "ids", of)))
    }
}

impl Entropy for Ids {
    fn bytes(&self) -> [u8; 16] {
        self.0.lock().expect("no holder panics").random()
    }
}

thread_local! {
    static SEALING: RefCell<StdRng> = RefCell::new(StdRng::from_seed([0; 32]));
}

/// Randomness of the cryptography of the simulation that runs in this thread.
#[derive(Debug)]
struct Seeded;

impl SecureRandom for Seeded {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), GetRandomFailed> {
        SEALING.with_borrow_mut(|chance| chance.fill_bytes(bytes));
        Ok(())
    }
}

/// Seeds the cryptography of simulations in this thread.
pub(super) fn seed_cryptography(seed: u64) {
    SEALING.set(source(seed, "sealing", 0));
}

/// The wall clock of one machine. It goes as virtual time does, and may be set.
#[derive(Debug)]
pub(super) struct Wall {
    began: Instant,
    ahead_ms: AtomicI64,
}

impl Wall {
    pub(super) fn new() -> Self {
        Self {
            began: Instant::now(),
            ahead_ms: AtomicI64::new(0),
        }
    }

    /// Sets the clock wrong by so much, or right.
    pub(super) fn set_ahead(&self, ms: i64) {
        self.ahead_ms.store(ms, Ordering::Relaxed);
    }

    /// Milliseconds since the machine was built, which nobody sets.
    pub(super) fn steady(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl Clock for Wall {
    fn now(&self) -> Timestamp {
        let steady = i64::try_from(self.steady()).unwrap_or(i64::MAX);
        Timestamp(BEGINS_MS + steady + self.ahead_ms.load(Ordering::Relaxed))
    }
}

impl TimeProvider for Wall {
    fn current_time(&self) -> Option<UnixTime> {
        let now = u64::try_from(self.now().0).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_millis(now)))
    }
}

/// What TLS and sealing take from outside, with a machine's clock and the seeded randomness.
pub(super) fn surroundings(wall: &Arc<Wall>) -> Surroundings {
    Surroundings {
        clock: Arc::clone(wall) as Arc<dyn TimeProvider>,
        provider: Arc::new(CryptoProvider {
            secure_random: &Seeded,
            ..ring::default_provider()
        }),
    }
}

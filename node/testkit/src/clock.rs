//! A clock that tests put forward.

use std::{
    fmt,
    sync::atomic::{AtomicI64, Ordering},
    time::{Duration, Instant},
};

use app::SystemClock;
use domain::time::Timestamp;
use office::Clock;
use rustls::time_provider::TimeProvider;
use rustls_pki_types::UnixTime;

/// A clock that goes as the machine's does, and is put forward or back.
pub struct ShiftedClock {
    base: Timestamp,
    began: Instant,
    shift_ms: AtomicI64,
}

impl Default for ShiftedClock {
    /// Shows the time of the machine.
    fn default() -> Self {
        Self::starting_at(SystemClock.now())
    }
}

impl ShiftedClock {
    /// Returns a clock that shows `base` now.
    pub fn starting_at(base: Timestamp) -> Self {
        Self {
            base,
            began: Instant::now(),
            shift_ms: AtomicI64::new(0),
        }
    }

    /// Puts it forward by so many milliseconds, back if they are negative.
    pub fn shift_ms(&self, by: i64) {
        self.shift_ms.fetch_add(by, Ordering::SeqCst);
    }

    /// Puts it forward by so many hours.
    pub fn shift_hours(&self, by: i64) {
        self.shift_ms(by * 3_600_000);
    }

    /// Puts it forward.
    ///
    /// # Panics
    /// If that is longer than any clock goes.
    pub fn shift(&self, by: Duration) {
        self.shift_ms(i64::try_from(by.as_millis()).expect("not that long"));
    }

    /// Makes it show a time so many milliseconds after that of a clock that was never shifted.
    pub fn set_shift_ms(&self, to: i64) {
        self.shift_ms.store(to, Ordering::SeqCst);
    }
}

impl TimeProvider for ShiftedClock {
    fn current_time(&self) -> Option<UnixTime> {
        let now = u64::try_from(self.now().0).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_millis(now)))
    }
}

impl fmt::Debug for ShiftedClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ShiftedClock({})", self.now())
    }
}

impl Clock for ShiftedClock {
    fn now(&self) -> Timestamp {
        let ran = i64::try_from(self.began.elapsed().as_millis()).expect("not that long");
        Timestamp(self.base.0 + ran + self.shift_ms.load(Ordering::SeqCst))
    }
}

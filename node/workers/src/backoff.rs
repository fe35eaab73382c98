//! How long to wait before something that failed is tried again.

use std::time::Duration;

/// Doubling waits with jitter, reset by a success.
#[derive(Clone, Debug)]
pub struct Backoff {
    least: Duration,
    most: Duration,
    failures: u32,
}

impl Backoff {
    /// Builds waits between `least` and `most`.
    pub const fn new(least: Duration, most: Duration) -> Self {
        Self {
            least,
            most,
            failures: 0,
        }
    }

    /// Counts a failure and returns how long to wait: between half and all of the doubled wait, by
    /// `chance` from 0 to 1.
    pub fn fail(&mut self, chance: f64) -> Duration {
        let doubled = self
            .least
            .saturating_mul(1 << self.failures.min(16))
            .min(self.most);
        self.failures = self.failures.saturating_add(1);
        doubled.div_f64(2.0) + doubled.div_f64(2.0).mul_f64(chance.clamp(0.0, 1.0))
    }

    /// Failures since the last success.
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// Records a success.
    pub const fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_most_and_start_over_after_a_reset() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        let waits: Vec<_> = (0..5).map(|_| backoff.fail(1.0).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1000]);
        assert_eq!(backoff.failures(), 5);
        backoff.reset();
        assert_eq!(backoff.fail(0.0).as_millis(), 50);
    }
}

//! How many envelopes and questions a neighbour may bring in a second, by the clock of the runtime.

use std::{num::NonZeroU32, time::Duration};

use governor::{
    Quota, RateLimiter,
    clock::Clock,
    middleware::NoOpMiddleware,
    nanos::Nanos,
    state::{InMemoryState, NotKeyed},
};
use tokio::time::{Instant, sleep};

/// The clock that the timers of the runtime follow.
#[derive(Clone, Copy, Debug)]
struct RuntimeClock(Instant);

impl Clock for RuntimeClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from(self.0.elapsed())
    }
}

/// The limit of one conversation.
pub(super) struct Rate {
    limiter: RateLimiter<NotKeyed, InMemoryState, RuntimeClock, NoOpMiddleware<Nanos>>,
    clock: RuntimeClock,
    most: NonZeroU32,
}

impl Rate {
    /// Allows so many a second, all of them at once if none came before.
    pub(super) fn per_second(most: NonZeroU32) -> Self {
        let clock = RuntimeClock(Instant::now());
        Self {
            limiter: RateLimiter::direct_with_clock(Quota::per_second(most), clock),
            clock,
            most,
        }
    }

    /// Waits until one more is allowed.
    pub(super) async fn until_ready(&self) {
        self.until_n_ready(NonZeroU32::MIN).await;
    }

    /// Waits until `count` more are allowed, in portions of a second's worth at most.
    pub(super) async fn until_n_ready(&self, count: NonZeroU32) {
        let mut left = count.get();
        while let Some(some) = NonZeroU32::new(left.min(self.most.get())) {
            let checked = self.limiter.check_n(some);
            match checked.expect("never more than the quota at once") {
                Ok(()) => left -= some.get(),
                // A timer counts milliseconds, so it waits for at least one.
                Err(early) => {
                    let wait = early.wait_time_from(self.clock.now());
                    sleep(wait.max(Duration::from_millis(1))).await;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_comes_beyond_the_quota_waits_as_long_as_it_takes_to_be_allowed() {
        let begun = Instant::now();
        let rate = Rate::per_second(NonZeroU32::new(100).expect("not zero"));
        rate.until_n_ready(NonZeroU32::new(100).expect("not zero"))
            .await;
        assert_eq!(
            begun.elapsed(),
            Duration::ZERO,
            "a burst of a second's worth"
        );
        rate.until_n_ready(NonZeroU32::new(250).expect("not zero"))
            .await;
        let took = begun.elapsed();
        assert!(took >= Duration::from_millis(2_490), "{took:?}");
        assert!(took <= Duration::from_millis(2_520), "{took:?}");
    }
}

//! How often one address, and one caller, may ask.

use std::{net::IpAddr, num::NonZeroU32, time::Duration};

use domain::audit::Whence;
use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};

use super::problem::Rejection;
use crate::state::Rates;

/// Keys remembered before those that have rested are forgotten.
const MANY: usize = 10_000;

/// The pace of one listener.
pub(super) struct RateLimits {
    addresses: DefaultKeyedRateLimiter<Whence>,
    logins: DefaultKeyedRateLimiter<Whence>,
    callers: DefaultKeyedRateLimiter<[u8; 16]>,
    clock: DefaultClock,
}

impl RateLimits {
    pub(super) fn new(rates: &Rates) -> Self {
        let tenfold = NonZeroU32::MIN.saturating_add(9);
        let per_second =
            |rate: NonZeroU32| Quota::per_second(rate).allow_burst(rate.saturating_mul(tenfold));
        Self {
            addresses: RateLimiter::keyed(per_second(rates.address_per_s)),
            logins: RateLimiter::keyed(Quota::per_minute(rates.logins_per_min)),
            callers: RateLimiter::keyed(per_second(rates.caller_per_s)),
            clock: DefaultClock::default(),
        }
    }

    /// One more request from an address.
    pub(super) fn address(&self, address: IpAddr) -> Result<(), Rejection> {
        self.one_more(&self.addresses, &network_of(address))
    }

    /// One more login from an address.
    pub(super) fn login(&self, address: IpAddr) -> Result<(), Rejection> {
        self.one_more(&self.logins, &network_of(address))
    }

    /// One more request of an account or key.
    pub(super) fn caller(&self, id: [u8; 16]) -> Result<(), Rejection> {
        self.one_more(&self.callers, &id)
    }

    fn one_more<K: Clone + Eq + std::hash::Hash>(
        &self,
        limiter: &DefaultKeyedRateLimiter<K>,
        key: &K,
    ) -> Result<(), Rejection> {
        if limiter.len() > MANY {
            limiter.retain_recent();
        }
        limiter.check_key(key).map_err(|early| {
            let wait: Duration = early.wait_time_from(self.clock.now());
            Rejection::too_many(wait)
        })
    }
}

/// One household or office has one IPv4 address, and a /64 of IPv6.
fn network_of(address: IpAddr) -> Whence {
    Whence::Address(address).network()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_who_asks_too_often_waits_and_others_do_not() {
        let pace = RateLimits::new(&Rates {
            address_per_s: NonZeroU32::MIN,
            caller_per_s: NonZeroU32::MIN,
            logins_per_min: NonZeroU32::MIN.saturating_add(2),
        });
        let first: IpAddr = "2001:db8::1".parse().unwrap();
        let same_house: IpAddr = "2001:db8::2".parse().unwrap();
        let other: IpAddr = "2001:db8:0:1::1".parse().unwrap();
        for _ in 0..3 {
            pace.login(first).unwrap();
        }
        let problem = pace.login(same_house).unwrap_err();
        assert_eq!(
            (problem.0.status, problem.0.retry_after_s.is_some()),
            (429, true)
        );
        pace.login(other).unwrap();
    }
}

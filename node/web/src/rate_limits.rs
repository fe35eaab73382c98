//! Rate limits per address and per caller.

use std::{
    net::IpAddr,
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use domain::audit::Whence;
use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};

use super::problem::Rejection;
use crate::live::Rates;

/// Number of keys after which idle ones are dropped.
const MANY: usize = 10_000;

/// Requests with a slip that are allowed for each login: a page with its photos makes several, and a
/// whole village may share one address. No rate makes a slip of 128 bits worth guessing.
const SLIPS_PER_LOGIN: NonZeroU32 = NonZeroU32::new(20).expect("above zero");

/// Calls of the API that a page may make without counting more than once.
const CALLS_OF_A_PAGE: u32 = 16;

/// What counts one page once, although it asks the API several times. Only [`crate::calls`] makes one; no
/// request from outside can carry it. Logins, slips and reports count each time, and so does what goes beyond
/// [`CALLS_OF_A_PAGE`], such as a hundred acts of one form.
#[derive(Clone, Debug, Default)]
pub(super) struct OnePage(Arc<Counted>);

#[derive(Debug, Default)]
struct Counted {
    calls: AtomicU32,
    caller: AtomicBool,
}

impl OnePage {
    /// Counts a call; returns whether it counts for the address. The page itself has counted before.
    pub(super) fn counts_for_address(&self) -> bool {
        self.0.calls.fetch_add(1, Ordering::Relaxed) >= CALLS_OF_A_PAGE
    }

    /// Returns whether a call of a known caller counts for the caller.
    pub(super) fn counts_for_caller(&self) -> bool {
        let first = !self.0.caller.swap(true, Ordering::Relaxed);
        first || self.0.calls.load(Ordering::Relaxed) > CALLS_OF_A_PAGE
    }
}

/// The rate limits of one listener.
pub(super) struct RateLimits {
    rates: Rates,
    addresses: DefaultKeyedRateLimiter<Whence>,
    logins: DefaultKeyedRateLimiter<Whence>,
    slips: DefaultKeyedRateLimiter<Whence>,
    reports: DefaultKeyedRateLimiter<Whence>,
    callers: DefaultKeyedRateLimiter<[u8; 16]>,
    clock: DefaultClock,
}

impl RateLimits {
    pub(super) fn new(rates: &Rates) -> Self {
        let tenfold = NonZeroU32::MIN.saturating_add(9);
        let per_second =
            |rate: NonZeroU32| Quota::per_second(rate).allow_burst(rate.saturating_mul(tenfold));
        Self {
            rates: *rates,
            addresses: RateLimiter::keyed(per_second(rates.address_per_s)),
            logins: RateLimiter::keyed(Quota::per_minute(rates.logins_per_min)),
            slips: RateLimiter::keyed(Quota::per_minute(
                rates.logins_per_min.saturating_mul(SLIPS_PER_LOGIN),
            )),
            reports: RateLimiter::keyed(Quota::per_minute(rates.reports_per_min)),
            callers: RateLimiter::keyed(per_second(rates.caller_per_s)),
            clock: DefaultClock::default(),
        }
    }

    /// Returns whether they are made of these rates.
    pub(super) fn are_of(&self, rates: &Rates) -> bool {
        self.rates == *rates
    }

    /// Counts a request of an address; fails if there are too many.
    pub(super) fn address(&self, address: IpAddr) -> Result<(), Rejection> {
        self.one_more(&self.addresses, &network_of(address))
    }

    /// Counts a login of an address; fails if there are too many.
    pub(super) fn login(&self, address: IpAddr) -> Result<(), Rejection> {
        self.one_more(&self.logins, &network_of(address))
    }

    /// Counts a request with a slip, right or wrong, of an address; fails if there are too many.
    pub(super) fn slip(&self, address: IpAddr) -> Result<(), Rejection> {
        self.one_more(&self.slips, &network_of(address))
    }

    /// Counts a report of an address without an account; fails if there are too many.
    pub(super) fn report(&self, address: IpAddr) -> Result<(), Rejection> {
        self.one_more(&self.reports, &network_of(address))
    }

    /// Counts a request of an account, key or slip; fails if there are too many.
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

/// Returns the network that counts as one address: one IPv4 address, or a /64 of IPv6, is a
/// household or office.
fn network_of(address: IpAddr) -> Whence {
    Whence::Address(address).network()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_counts_once_and_what_goes_beyond_a_page_counts_each_time() {
        let page = OnePage::default();
        let counted = |calls: u32| {
            let each = (0..calls).map(|_| (page.counts_for_address(), page.counts_for_caller()));
            let each: Vec<_> = each.collect();
            let count =
                |which: fn(&(bool, bool)) -> bool| each.iter().filter(|one| which(one)).count();
            (count(|one| one.0), count(|one| one.1))
        };
        assert_eq!(counted(CALLS_OF_A_PAGE), (0, 1));
        assert_eq!(counted(84), (84, 84));
    }

    #[test]
    fn one_who_asks_too_often_waits_and_others_do_not() {
        let pace = RateLimits::new(&Rates {
            address_per_s: NonZeroU32::MIN,
            caller_per_s: NonZeroU32::MIN,
            logins_per_min: NonZeroU32::MIN.saturating_add(2),
            reports_per_min: NonZeroU32::MIN,
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
        pace.report(first).unwrap();
        assert_eq!(pace.report(same_house).unwrap_err().0.status, 429);
        for _ in 0..60 {
            pace.slip(first).unwrap();
        }
        // One place comes free each second, and this thread may have slept meanwhile.
        let refused = (0..60).find_map(|_| pace.slip(same_house).err());
        assert_eq!(refused.map(|it| it.0.status), Some(429));
    }
}

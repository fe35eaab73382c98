//! Permits for connections whose other end is not known yet. Each source has its own bound, so one
//! that opens many silent connections takes permits only from itself. If a bound is reached, a new
//! connection displaces the one that has been silent for longest, so no number of silent
//! connections keeps others out.

use std::{
    collections::{BTreeMap, HashMap},
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio_util::sync::CancellationToken;

/// The origin of a connection, as bounds count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// A single IPv4 address, or the first 64 bits of an IPv6 address. One host may use all the
    /// rest.
    Address(IpAddr),
    /// This machine, through a Unix socket.
    Machine,
    /// A proxy that forwards requests of others. The bound per source does not apply to it.
    Proxy(IpAddr),
}

impl Source {
    /// Returns the source that an address belongs to.
    pub fn of(address: IpAddr) -> Self {
        Self::Address(match address.to_canonical() {
            IpAddr::V6(address) if !address.is_loopback() => {
                Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into()
            }
            canonical => canonical,
        })
    }
}

/// Most connections that may be open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// In total.
    pub all: usize,
    /// From one source.
    pub per_source: usize,
}

/// The permits of one purpose. Clones share them.
#[derive(Clone)]
pub struct Permits {
    bounds: Bounds,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Default)]
struct Taken {
    last: u64,
    all: usize,
    by_source: HashMap<Source, Held>,
}

/// The connections of one source.
#[derive(Default)]
struct Held {
    /// Silent connections, oldest first, each with the token that ends it.
    waiting: BTreeMap<u64, CancellationToken>,
    busy: usize,
}

impl Held {
    fn count(&self) -> usize {
        self.waiting.len() + self.busy
    }
}

/// One permit; returned when dropped.
pub struct Permit {
    places: Permits,
    source: Source,
    given_up: CancellationToken,
    state: Mutex<State>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Waiting, with its number among those of its source.
    Waiting(u64),
    Busy,
}

impl Permits {
    /// Builds permits within these bounds.
    pub fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            taken: Arc::default(),
        }
    }

    /// Returns a permit for a connection that is silent so far. If a bound is reached, it displaces
    /// the oldest silent connection; `None` if there is none to displace.
    pub fn wait(&self, source: Source) -> Option<Permit> {
        self.take(source, true)
    }

    /// Returns a permit for a connection that is in use from the start and cannot be displaced.
    pub fn hold(&self, source: Source) -> Option<Permit> {
        self.take(source, false)
    }

    fn take(&self, source: Source, waits: bool) -> Option<Permit> {
        let mut taken = self.taken();
        let own = taken.by_source.get(&source).map_or(0, Held::count);
        let most = match source {
            Source::Proxy(_) => self.bounds.all,
            _ => self.bounds.per_source,
        };
        if own >= most {
            taken.end_oldest(source)?;
        } else if taken.all >= self.bounds.all {
            let sources = taken.by_source.iter();
            let most = sources.max_by_key(|(_, held)| held.waiting.len());
            let most = *most?.0;
            taken.end_oldest(most)?;
        }
        let given_up = CancellationToken::new();
        taken.all += 1;
        taken.by_source.entry(source).or_default().busy += 1;
        let mut state = State::Busy;
        if waits {
            state = taken.make_wait(source, &given_up);
        }
        drop(taken);
        Some(Permit {
            places: self.clone(),
            source,
            given_up,
            state: Mutex::new(state),
        })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    /// Ends the connection of a source that has been silent for longest.
    fn end_oldest(&mut self, source: Source) -> Option<()> {
        let held = self.by_source.get_mut(&source)?;
        let (_, oldest) = held.waiting.pop_first()?;
        oldest.cancel();
        self.all -= 1;
        if held.count() == 0 {
            self.by_source.remove(&source);
        }
        Some(())
    }

    /// Makes a busy connection of a source the youngest of the waiting ones.
    fn make_wait(&mut self, source: Source, given_up: &CancellationToken) -> State {
        self.last += 1;
        let held = self.by_source.entry(source).or_default();
        held.busy -= 1;
        held.waiting.insert(self.last, given_up.clone());
        State::Waiting(self.last)
    }
}

impl Permit {
    /// Waits until a new connection displaces this one.
    pub async fn taken_away(&self) {
        self.given_up.cancelled().await;
    }

    /// Marks the connection as in use, so that it cannot be displaced.
    pub fn in_use(&self) {
        let mut taken = self.places.taken();
        let mut state = self.state();
        if let State::Waiting(number) = *state
            && let Some(held) = taken.by_source.get_mut(&self.source)
            && held.waiting.remove(&number).is_some()
        {
            held.busy += 1;
            *state = State::Busy;
        }
    }

    /// Marks the connection as waiting for the other end again.
    pub fn waits(&self) {
        let mut taken = self.places.taken();
        let mut state = self.state();
        if *state == State::Busy {
            *state = taken.make_wait(self.source, &self.given_up);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        let state = *self.state();
        // The source of a displaced connection may have none left.
        let Some(held) = taken.by_source.get_mut(&self.source) else {
            return;
        };
        let had = match state {
            State::Busy => {
                held.busy -= 1;
                true
            }
            State::Waiting(number) => held.waiting.remove(&number).is_some(),
        };
        if held.count() == 0 {
            taken.by_source.remove(&self.source);
        }
        if had {
            taken.all -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn source(text: &str) -> Source {
        Source::of(text.parse().expect("an address"))
    }

    fn lost(place: &Permit) -> bool {
        place.taken_away().now_or_never().is_some()
    }

    fn places(all: usize, per_source: usize) -> Permits {
        Permits::new(Bounds { all, per_source })
    }

    #[test]
    fn all_addresses_of_one_ipv6_network_of_64_bits_are_one_source() {
        assert_eq!(source("2001:db8:1:2::1"), source("2001:db8:1:2:ffff::9"));
        assert_ne!(source("2001:db8:1:2::1"), source("2001:db8:1:3::1"));
        assert_ne!(source("192.0.2.1"), source("192.0.2.2"));
        assert_eq!(source("::ffff:192.0.2.1"), source("192.0.2.1"));
    }

    #[test]
    fn a_newcomer_takes_the_place_of_who_waited_longest_at_the_same_source() {
        let places = places(100, 2);
        let (flood, other) = (source("192.0.2.1"), source("192.0.2.2"));
        let honest = places.wait(other).expect("a place");
        let first = places.wait(flood).expect("a place");
        let second = places.wait(flood).expect("a place");
        let third = places.wait(flood).expect("a place");
        assert!(lost(&first) && !lost(&second) && !lost(&third) && !lost(&honest));
        drop(first);
        drop(places.wait(flood));
        assert!(lost(&second) && !lost(&third));
    }

    #[test]
    fn when_all_places_are_taken_the_source_with_most_silent_ones_loses_one() {
        let places = places(4, 3);
        let (flood, other) = (source("192.0.2.1"), source("192.0.2.2"));
        let honest = places.wait(other).expect("a place");
        let silent: Vec<_> = (0..3)
            .map(|_| places.wait(flood).expect("a place"))
            .collect();
        let newcomer = places.wait(source("192.0.2.3")).expect("a place");
        assert!(lost(&silent[0]) && !lost(&silent[1]));
        assert!(!lost(&honest) && !lost(&newcomer));
    }

    #[test]
    fn who_is_in_use_keeps_its_place_and_who_waits_again_is_the_youngest() {
        let places = places(2, 2);
        let one = source("192.0.2.1");
        let (a, b) = (
            places.wait(one).expect("a place"),
            places.wait(one).expect("a place"),
        );
        a.in_use();
        b.in_use();
        assert!(places.wait(one).is_none(), "nobody waits");
        b.waits();
        a.waits();
        let c = places.wait(one).expect("a place");
        assert!(lost(&b) && !lost(&a));
        b.in_use();
        b.waits();
        drop((a, b, c));
        let held: Vec<_> = (0..2)
            .map(|_| places.hold(one).expect("all are free"))
            .collect();
        assert!(places.hold(one).is_none());
        drop(held);
        assert!(places.taken().by_source.is_empty() && places.taken().all == 0);
    }
}

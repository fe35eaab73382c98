//! Aggregated reporting of frequent events: the first is reported at once, later ones as a number.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Counts events by kind and tells when to report one.
#[derive(Debug)]
pub struct Sums<K> {
    every: Duration,
    kinds: Mutex<HashMap<K, Untold>>,
}

#[derive(Debug)]
struct Untold {
    told: Instant,
    count: u64,
}

impl<K: Copy + Eq + Hash> Sums<K> {
    /// Builds counters that report each kind at most once in this time.
    pub fn new(every: Duration) -> Self {
        Self {
            every,
            kinds: Mutex::default(),
        }
    }

    /// Counts an event. Returns how many to report now, this one included; `None` if they can wait.
    pub fn note(&self, kind: K, now: Instant) -> Option<u64> {
        let mut kinds = self.kinds();
        let Some(untold) = kinds.get_mut(&kind) else {
            kinds.insert(
                kind,
                Untold {
                    told: now,
                    count: 0,
                },
            );
            return Some(1);
        };
        untold.count += 1;
        self.due(untold, now)
    }

    /// Returns the kinds that are due to be reported, with their counts. Kinds without further
    /// events are forgotten, so that their next event is reported at once.
    pub fn rest(&self, now: Instant) -> Vec<(K, u64)> {
        let mut rest = vec![];
        self.kinds().retain(|kind, untold| {
            let over = now.saturating_duration_since(untold.told) >= self.every;
            let idle = over && untold.count == 0;
            rest.extend(self.due(untold, now).map(|count| (*kind, count)));
            !idle
        });
        rest
    }

    fn due(&self, untold: &mut Untold, now: Instant) -> Option<u64> {
        let over = now.saturating_duration_since(untold.told) >= self.every;
        (over && untold.count > 0).then(|| {
            untold.told = now;
            std::mem::take(&mut untold.count)
        })
    }

    fn kinds(&self) -> MutexGuard<'_, HashMap<K, Untold>> {
        self.kinds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_told_at_once_and_all_others_in_one_sum() {
        let sums = Sums::new(Duration::from_secs(10));
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(sums.note("late", at(0)), Some(1));
        assert_eq!(sums.note("rude", at(0)), Some(1));
        let told: Vec<_> = (0..5_000)
            .filter_map(|_| sums.note("late", at(3)))
            .collect();
        assert!(told.is_empty(), "{told:?}");
        assert!(sums.rest(at(9)).is_empty());
        assert_eq!(sums.rest(at(10)), [("late", 5_000)]);
        assert_eq!(sums.note("late", at(15)), None);
        assert_eq!(sums.note("late", at(20)), Some(2));
        assert!(sums.rest(at(40)).is_empty());
        assert_eq!(sums.note("late", at(41)), Some(1), "it was quiet for long");
    }
}

//! What happens often is told in sums: the first time at once, then how often it happened since.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Counts things of a few kinds, and says when it is time to tell of one.
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
    /// Tells of each kind at most once in this time.
    pub fn new(every: Duration) -> Self {
        Self {
            every,
            kinds: Mutex::default(),
        }
    }

    /// One more of a kind happened. How many are to be told of now, this one among them; `None` if that
    /// has time.
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

    /// What is still to be told of, with its number. Kinds of which nothing more happened are forgotten,
    /// so that the next one is told at once.
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

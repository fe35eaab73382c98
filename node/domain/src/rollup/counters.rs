//! Counters: how often each measure was counted.

use std::{
    fmt,
    ops::{Index, IndexMut},
};

use serde::{Deserialize, Serialize};

use crate::measure::{Check, Effect, MOST_MEASURES, Measure};

/// Counters that only grow, one for each measure. The arithmetic wraps; values that could make it wrap are
/// refused before (see [`Judge`](super::Judge)).
///
/// Measures that this build does not list are counted too. Stored are the numbers and counts of those that
/// are not zero.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Vec<(Measure, u64)>", into = "Vec<(Measure, u64)>")]
pub struct Counters([u64; MOST_MEASURES]);

/// Error for a list that is not that of any counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("measures are not in ascending order, or one of them counts nothing")]
pub struct BadCounters;

impl Counters {
    /// Counts one fact.
    pub fn count(&mut self, measure: Measure) {
        self[measure] += 1;
    }

    /// Iterates over the measures that counted something, by ascending number.
    pub fn iter(&self) -> impl Iterator<Item = (Measure, u64)> {
        let counts = (0..).zip(self.0).filter(|(_, count)| *count > 0);
        counts.filter_map(|(number, count)| Some((Measure::new(number)?, count)))
    }

    /// Adds the counters one by one.
    pub fn plus(self, other: Self) -> Self {
        self.with(other, u64::wrapping_add)
    }

    /// Returns this sum with the part `old` replaced by `new`.
    pub fn replacing(self, old: Self, new: Self) -> Self {
        self.with(old, u64::wrapping_sub).plus(new)
    }

    /// Returns whether no counter is smaller than the other's.
    pub fn covers(self, other: Self) -> bool {
        self.at_least(other) == self
    }

    /// Returns the greater of both, counter by counter.
    pub fn at_least(self, other: Self) -> Self {
        self.with(other, u64::max)
    }

    /// Returns by how much this exceeds the other, counter by counter; 0 where it does not.
    pub fn beyond(self, other: Self) -> Self {
        self.with(other, u64::saturating_sub)
    }

    fn with(self, other: Self, pick: impl Fn(u64, u64) -> u64) -> Self {
        Self(std::array::from_fn(|at| pick(self.0[at], other.0[at])))
    }

    /// Returns whether no counter exceeds `most`, those that this build does not list included.
    pub fn are_within(self, most: u64) -> bool {
        self.0.iter().all(|count| *count <= most)
    }

    /// Returns whether no measure that is part of another exceeds it.
    pub fn parts_fit(self) -> bool {
        Measure::LIST.iter().all(|row| match row.check {
            Check::PartOf(whole) => self[row.measure] <= self[whole],
            Check::Steps | Check::Bounds => true,
        })
    }

    /// Returns whether `done` has at least as much of every measure that the steps of matters explain.
    pub fn are_explained_by(self, done: Self) -> bool {
        let mut explained = Measure::LIST.iter().filter(|row| row.check == Check::Steps);
        explained.all(|row| self[row.measure] <= done[row.measure])
    }

    /// Returns how many matters came in and how many went out.
    fn moved(self) -> (u128, u128) {
        let sum = |effect| {
            let rows = Measure::LIST.iter().filter(|row| row.effect == effect);
            rows.map(|row| u128::from(self[row.measure])).sum()
        };
        (sum(Effect::In), sum(Effect::Out))
    }

    /// Returns how many matters are held and not closed: what came in less what went out.
    pub fn open(self) -> i64 {
        let (came, went) = self.moved();
        came.wrapping_sub(went) as i64
    }

    /// Returns whether no more went out than came in. Summed over all days of one division, origin
    /// and category, this holds as soon as all of its cells have come.
    pub fn adds_up(self) -> bool {
        let (came, went) = self.moved();
        went <= came
    }

    /// Returns how many matters are between two nodes. The number is meaningful over a whole
    /// network; over a part of it, it also includes what left that part and did not come back.
    pub fn in_transit(self) -> i64 {
        self[Measure::GIVEN].wrapping_sub(self[Measure::TAKEN]) as i64
    }
}

impl Index<Measure> for Counters {
    type Output = u64;

    fn index(&self, measure: Measure) -> &u64 {
        &self.0[usize::from(measure.number())]
    }
}

impl IndexMut<Measure> for Counters {
    fn index_mut(&mut self, measure: Measure) -> &mut u64 {
        &mut self.0[usize::from(measure.number())]
    }
}

impl<const N: usize> From<[(Measure, u64); N]> for Counters {
    fn from(counts: [(Measure, u64); N]) -> Self {
        let mut counters = Self::default();
        for (measure, count) in counts {
            counters[measure] = count;
        }
        counters
    }
}

impl TryFrom<Vec<(Measure, u64)>> for Counters {
    type Error = BadCounters;

    fn try_from(counts: Vec<(Measure, u64)>) -> Result<Self, BadCounters> {
        let ascending = counts.is_sorted_by(|(one, _), (next, _)| one < next);
        if !ascending || counts.iter().any(|(_, count)| *count == 0) {
            return Err(BadCounters);
        }
        let mut counters = Self::default();
        for (measure, count) in counts {
            counters[measure] = count;
        }
        Ok(counters)
    }
}

impl From<Counters> for Vec<(Measure, u64)> {
    fn from(counters: Counters) -> Self {
        counters.iter().collect()
    }
}

impl fmt::Debug for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn counters_are_stored_as_numbers_and_counts_without_zeros(
            counts in prop::collection::btree_map(1u32..=31, 1u64.., 0..=31),
        ) {
            let counts: Vec<_> = counts
                .into_iter()
                .map(|(number, count)| (Measure::new(number).unwrap(), count))
                .collect();
            let counters = Counters::try_from(counts.clone()).unwrap();
            prop_assert_eq!(Vec::from(counters), counts.clone());
            let stored = postcard::to_allocvec(&counters).unwrap();
            prop_assert_eq!(&stored, &postcard::to_allocvec(&counts).unwrap());
            prop_assert_eq!(postcard::from_bytes::<Counters>(&stored), Ok(counters));
        }
    }

    #[test]
    fn what_no_counters_are_stored_as_is_not_read() {
        // Number and count, after how many there are: a zero, twice the same, one too great.
        for stored in [
            &[1, 1, 0][..],
            &[2, 1, 1, 1, 1],
            &[2, 2, 1, 1, 1],
            &[1, 32, 1],
            &[1, 0, 1],
        ] {
            assert!(
                postcard::from_bytes::<Counters>(stored).is_err(),
                "{stored:?}"
            );
        }
    }
}

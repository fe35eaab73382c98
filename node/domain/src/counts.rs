//! Counts by the rows of a vocabulary, as one division or several say them. Counts that a later build adds are summed and
//! passed on without being shown.

use std::{
    fmt,
    marker::PhantomData,
    ops::{Index, IndexMut},
};

use serde::{Deserialize, Serialize};
use topology::Term;

/// Numbers of counts are below it.
pub const MOST_COUNTS: usize = 16;

/// What is counted.
pub trait Counted: Term {
    /// Returns whether counts do not contradict each other.
    fn hold_together(counts: &Counts<Self>) -> bool;
}

/// How often each row of a vocabulary was counted.
#[derive(PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(
    try_from = "Vec<(u8, u64)>",
    into = "Vec<(u8, u64)>",
    bound = "T: Counted"
)]
pub struct Counts<T>([u64; MOST_COUNTS], PhantomData<T>);

/// The error for what are not counts: numbers out of order or range, zeros, or counts that contradict each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("these counts contradict each other or are out of range")]
pub struct BadCounts;

impl<T: Term> Counts<T> {
    /// Counts one more.
    pub fn count(&mut self, what: T) {
        self[what] += 1;
    }
}

impl<T> Counts<T> {
    /// Returns the numbers and counts that are not zero, by ascending number.
    pub fn iter(&self) -> impl Iterator<Item = (u8, u64)> {
        (0..).zip(self.0).filter(|(_, count)| *count > 0)
    }

    /// Adds the counts one by one.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let sum = |at: usize| self.0[at].saturating_add(other.0[at]);
        Self(std::array::from_fn(sum), PhantomData)
    }

    /// Returns whether no count is greater.
    pub fn are_within(&self, most: u64) -> bool {
        self.0.iter().all(|count| *count <= most)
    }
}

// Derived ones would ask the same of the vocabulary.
impl<T> Clone for Counts<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Counts<T> {}

impl<T> Default for Counts<T> {
    fn default() -> Self {
        Self([0; MOST_COUNTS], PhantomData)
    }
}

/// Counts lie by the number of the row.
fn place<T: Term>(what: &T) -> usize {
    usize::try_from(what.number()).expect("numbers of counts are small")
}

impl<T: Term> Index<T> for Counts<T> {
    type Output = u64;

    fn index(&self, what: T) -> &u64 {
        &self.0[place(&what)]
    }
}

impl<T: Term> IndexMut<T> for Counts<T> {
    fn index_mut(&mut self, what: T) -> &mut u64 {
        &mut self.0[place(&what)]
    }
}

impl<T: Counted> TryFrom<Vec<(u8, u64)>> for Counts<T> {
    type Error = BadCounts;

    fn try_from(list: Vec<(u8, u64)>) -> Result<Self, BadCounts> {
        let mut counts = Self::default();
        let mut last = 0;
        for (number, count) in list {
            let place = counts.0.get_mut(usize::from(number));
            let place = place.filter(|_| number > last && count > 0);
            *place.ok_or(BadCounts)? = count;
            last = number;
        }
        match T::hold_together(&counts) {
            true => Ok(counts),
            false => Err(BadCounts),
        }
    }
}

impl<T> From<Counts<T>> for Vec<(u8, u64)> {
    fn from(counts: Counts<T>) -> Self {
        counts.iter().collect()
    }
}

impl<T> fmt::Debug for Counts<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

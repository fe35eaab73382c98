//! Sums of ratings, and the ranking that follows from them.

use serde::{Deserialize, Serialize};

use super::{HouseholdId, Mark, Rating};

/// The sum of some ratings. Cancelled ones do not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// The sum of their points.
    pub points: i64,
    /// Number of marks good.
    pub good: u32,
    /// Number of marks fair.
    pub fair: u32,
    /// Number of marks poor.
    pub poor: u32,
}

impl Tally {
    /// Adds a rating as it stands.
    pub fn add(&mut self, rating: &Rating) {
        self.points += i64::from(rating.points);
        if let Some(count) = self.count(rating.mark) {
            *count = count.saturating_add(1);
        }
    }

    /// Takes a rating as it stands off again.
    pub fn take(&mut self, rating: &Rating) {
        self.points -= i64::from(rating.points);
        if let Some(count) = self.count(rating.mark) {
            *count = count.saturating_sub(1);
        }
    }

    /// Returns the sum of two.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            points: self.points + other.points,
            good: self.good + other.good,
            fair: self.fair + other.fair,
            poor: self.poor + other.poor,
        }
    }

    /// Returns the number of ratings.
    pub const fn ratings(&self) -> u32 {
        self.good + self.fair + self.poor
    }

    fn count(&mut self, mark: Option<Mark>) -> Option<&mut u32> {
        match mark? {
            Mark::Good => Some(&mut self.good),
            Mark::Fair => Some(&mut self.fair),
            Mark::Poor => Some(&mut self.poor),
        }
    }
}

/// The place of a household in a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// 1 for the most points; households with the same points share a place, and the next place is left out.
    pub place: u32,
    /// The household.
    pub household: HouseholdId,
    /// Its sum.
    pub tally: Tally,
}

/// Ranks households that were rated by their points, most first; households with the same points by their number.
pub fn rank(tallies: impl IntoIterator<Item = (HouseholdId, Tally)>) -> Vec<Standing> {
    let rated = tallies.into_iter();
    let mut rated: Vec<_> = rated.filter(|(_, tally)| tally.ratings() > 0).collect();
    rated.sort_by_key(|(household, tally)| (std::cmp::Reverse(tally.points), *household));
    let mut standings: Vec<Standing> = Vec::with_capacity(rated.len());
    for (at, (household, tally)) in (1..).zip(rated) {
        let before = standings.last().copied();
        let shared = before.filter(|before| before.tally.points == tally.points);
        standings.push(Standing {
            place: shared.map_or(at, |before| before.place),
            household,
            tally,
        });
    }
    standings
}

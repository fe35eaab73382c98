//! The envelopes seen in a flow. A flow is what one author sends in one epoch to one destination in
//! one lane; its sequence numbers have no gaps and start at 1.

use serde::{Deserialize, Serialize};

/// The most gaps that are remembered; beyond that, the sender must fill one first.
pub const MOST_RUNS: usize = 256;

/// The sequence numbers seen: everything up to `floor`, and the runs above it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    floor: u64,
    /// Inclusive ranges in ascending order, which never touch each other or the floor.
    runs: Vec<(u64, u64)>,
}

/// The error for too many gaps. The envelope is not acknowledged until an older one arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than {MOST_RUNS} gaps in one flow; an older envelope must arrive first")]
pub struct TooManyGaps;

impl Seen {
    /// Returns whether this sequence number was seen.
    pub fn contains(&self, sequence: u64) -> bool {
        sequence <= self.floor
            || self
                .runs
                .iter()
                .any(|(first, last)| (*first..=*last).contains(&sequence))
    }

    /// Returns the highest number up to which nothing is missing; 0 if number 1 is missing.
    pub const fn floor(&self) -> u64 {
        self.floor
    }

    /// Returns the highest number seen; 0 if none was.
    pub fn last(&self) -> u64 {
        self.runs.last().map_or(self.floor, |(_, last)| *last)
    }

    /// Records a sequence number. Returns `Ok(false)` if it was seen before.
    pub fn record(&mut self, sequence: u64) -> Result<bool, TooManyGaps> {
        if self.contains(sequence) {
            return Ok(false);
        }
        if sequence == self.floor + 1 {
            self.floor = sequence;
            if let Some((first, last)) = self.runs.first().copied()
                && first == sequence + 1
            {
                self.floor = last;
                self.runs.remove(0);
            }
            return Ok(true);
        }
        let at = self.runs.partition_point(|(first, _)| *first < sequence);
        let joins_before = at > 0 && self.runs[at - 1].1 + 1 == sequence;
        let joins_after = self
            .runs
            .get(at)
            .is_some_and(|(first, _)| *first == sequence + 1);
        match (joins_before, joins_after) {
            (true, true) => {
                self.runs[at - 1].1 = self.runs[at].1;
                self.runs.remove(at);
            }
            (true, false) => self.runs[at - 1].1 = sequence,
            (false, true) => self.runs[at].0 = sequence,
            (false, false) if self.runs.len() >= MOST_RUNS => return Err(TooManyGaps),
            (false, false) => self.runs.insert(at, (sequence, sequence)),
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn behaves_like_a_set(numbers in prop::collection::vec(1u64..200, 0..400)) {
            let mut seen = Seen::default();
            let mut set = HashSet::new();
            for number in numbers {
                prop_assert_eq!(seen.record(number), Ok(set.insert(number)));
                prop_assert_eq!(Some(&seen.last()), set.iter().max());
            }
            for number in 1..220 {
                prop_assert_eq!(seen.contains(number), set.contains(&number));
            }
        }
    }

    #[test]
    fn a_million_shuffled_within_the_window_leave_one_floor() {
        let mut seen = Seen::default();
        let mut order: Vec<u64> = (1..=1_000_000).collect();
        for chunk in order.chunks_mut(200) {
            chunk.reverse();
        }
        for number in order {
            assert_eq!(seen.record(number), Ok(true));
            assert!(seen.runs.len() <= MOST_RUNS);
        }
        assert_eq!(seen.last(), 1_000_000);
        assert_eq!(
            seen,
            Seen {
                floor: 1_000_000,
                runs: vec![]
            }
        );
    }

    #[test]
    fn one_gap_too_many_is_refused_and_changes_nothing() {
        let mut seen = Seen::default();
        for gap in 1..=MOST_RUNS as u64 {
            assert_eq!(seen.record(gap * 2), Ok(true));
        }
        let before = seen.clone();
        assert_eq!(seen.record(10_000), Err(TooManyGaps));
        assert_eq!(seen, before);
        assert_eq!(seen.record(1), Ok(true), "filling a gap still works");
    }
}

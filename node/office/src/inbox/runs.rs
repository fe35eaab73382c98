//! The issue counts that this node used between one start and the next.
//!
//! Each start jumps ahead in the issue count by a random distance. A store that went back in time
//! and was used before it met a neighbour has therefore counted elsewhere than in the lost period,
//! and sees at once that an echo from there is of messages it does not know. For the same reason
//! each start draws the middle part of the numbers of matters and requests.

use domain::{actor::Actor, ids::MatterId};

use crate::tables::inbox::Runs;
use crate::{Aborted, Fault, services::Inbox, tables, unit_of_work::UnitOfWork};

/// The most starts that are remembered; earlier counts are not doubted.
const MOST_RUNS: usize = 64;
/// The jump is below two to the power of this.
const JUMP_BITS: u32 = 40;

impl Runs {
    /// Returns whether this count was used, as far as is remembered; `last` is the latest used.
    pub(crate) fn used(&self, issue: u64, last: u64) -> bool {
        let within = |run: &(u64, u64)| (run.0..=run.1).contains(&issue);
        issue <= self.forgotten || within(&(self.first, last)) || self.ended.iter().any(within)
    }

    fn begin(&mut self, last: u64, jump: u64) {
        if last >= self.first {
            self.ended.push((self.first, last));
        }
        if self.ended.len() > MOST_RUNS {
            self.forgotten = self.ended.remove(0).1;
        }
        self.first = last + 1 + jump;
    }
}

impl Inbox<'_> {
    /// Jumps ahead. It need not be awaited: whatever is issued later becomes durable later, too.
    pub(crate) async fn begin_run(self) -> Result<(), Aborted> {
        let random = u128::from_be_bytes(self.dependencies.entropy.bytes());
        let jump = (random >> (u128::BITS - JUMP_BITS)) as u64;
        let mut unit = self.begin(Actor::Rule("start".to_owned())).await?;
        unit.view.is_outcome();
        let mut runs = unit.runs().await?;
        runs.begin(unit.ledger.issue, jump);
        runs.drawn.push(unit.ledger.run);
        let forgotten = runs.drawn.len().saturating_sub(MOST_RUNS);
        runs.drawn.drain(..forgotten);
        unit.ledger.issue = runs.first - 1;
        unit.ledger.run = random as u32;
        unit.view.put::<tables::Runs>(&(), &runs);
        self.begin_watch(&mut unit.view).await?;
        let _not_awaited = unit.submit().await?;
        Ok(())
    }
}

impl UnitOfWork<'_> {
    /// Returns whether this node gave a number in this life, as far as is remembered.
    pub(crate) async fn gave(&mut self, id: MatterId) -> Result<bool, Fault> {
        let of_this_run = self.ledger.run == id.epoch;
        let mine = id.origin == self.office.me;
        Ok(mine && (of_this_run || self.runs().await?.drawn.contains(&id.epoch)))
    }

    pub(crate) async fn runs(&mut self) -> Result<Runs, Fault> {
        Ok(self
            .view
            .get::<tables::Runs>(&())
            .await?
            .unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_counts_of_its_own_runs_were_used() {
        let mut runs = Runs::default();
        assert!(runs.used(3, 3) && !runs.used(4, 3));
        runs.begin(3, 100);
        assert!(runs.used(3, 103) && runs.used(104, 104));
        assert!(!runs.used(4, 110) && !runs.used(103, 110) && !runs.used(111, 110));
    }

    #[test]
    fn a_start_without_work_leaves_no_stretch_and_the_oldest_are_not_doubted() {
        let mut runs = Runs::default();
        runs.begin(0, 9);
        assert_eq!((runs.ended.len(), runs.first), (0, 10));
        assert!(!runs.used(1, 10), "it was jumped over");
        for _ in 0..=MOST_RUNS {
            let last = runs.first;
            runs.begin(last, 9);
        }
        assert_eq!(runs.ended.len(), MOST_RUNS);
        assert!(runs.used(1, runs.first), "no longer known, so not doubted");
    }
}

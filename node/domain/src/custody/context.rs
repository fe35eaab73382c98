//! The place, moment and policy of a decision.

use topology::{DivisionCode, Tree};

use crate::{policy::Policy, time::Timestamp};

/// The division that decides, the moment, the tree it stands in, and the policy it follows.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The division that decides.
    pub me: DivisionCode,
    /// The moment of the decision.
    pub now: Timestamp,
    /// All divisions.
    pub tree: &'a Tree,
    /// The terms of custody that policy sets here.
    pub terms: CustodyLimits,
    /// The whole policy in force here.
    pub policy: &'a Policy,
}

/// The terms of custody that policy sets. CustodyLimits that it does not set have their default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CustodyLimits {
    /// The number of times a matter may be handed back before the division above both must decide.
    pub bounces: usize,
    /// Days of 24 hours after closing within which the reporter may say that it is not solved.
    pub contest_days: u32,
    /// The number of times the reporter may say so; after that, only a review by the tier above is
    /// left.
    pub contests: u32,
    /// Whether a matter must be verified before it is closed as solved, unfounded or unsolvable.
    pub verify_first: bool,
    /// Whether a matter must be verified and closed by somebody who did not handle it here.
    pub verify_by_another: bool,
}

impl Default for CustodyLimits {
    /// Returns the usual terms: three hand-overs are common in cases that go wrong, and a review may
    /// be asked for within 30 days (信访工作条例, art. 35).
    fn default() -> Self {
        Self {
            bounces: 3,
            contest_days: 30,
            contests: 2,
            verify_first: false,
            verify_by_another: false,
        }
    }
}

//! Where, when and under which policy a decision is made.

use topology::{DivisionCode, Tree};

use crate::{policy::Policy, time::Timestamp};

/// The division that decides, its moment, the tree it stands in, and what policy says.
#[derive(Clone, Copy, Debug)]
pub struct Seat<'a> {
    /// Whose decision it is.
    pub me: DivisionCode,
    /// When.
    pub now: Timestamp,
    /// All divisions.
    pub tree: &'a Tree,
    /// What policy says about custody here.
    pub terms: Terms,
    /// All policy in force here.
    pub policy: &'a Policy,
}

/// What a policy sets; what none sets has the usual value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How often a matter may be handed back before the division above both must decide.
    pub bounces: usize,
    /// Days after closing within which the reporter may say that it is not solved.
    pub contest_days: u32,
    /// How often the reporter may say so; then there is the review by the tier above.
    pub contests: u32,
    /// Whether somebody must look before a matter is closed as solved.
    pub verify_first: bool,
    /// Whether whoever handled a matter here may not verify it.
    pub verify_by_another: bool,
}

impl Default for Terms {
    /// Three hand-overs a case are what is usual where it goes wrong; a review may be asked for within
    /// 30 days (信访工作条例, art. 35).
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

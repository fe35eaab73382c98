//! The place, moment and policy of a decision.

use topology::{DivisionCode, Tree};

use crate::{
    policy::{CustodyLimits, Policy},
    time::Timestamp,
};

/// The division that decides, the moment, the tree and the policy.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The division that decides.
    pub me: DivisionCode,
    /// The moment of the decision.
    pub now: Timestamp,
    /// All divisions.
    pub tree: &'a Tree,
    /// The custody limits that policy sets here.
    pub terms: CustodyLimits,
    /// The whole policy in force here.
    pub policy: &'a Policy,
}

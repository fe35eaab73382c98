//! The state of a matter is the fold of its steps. A node that acts computes the new state here,
//! and a node that receives a notice compares with it, so nothing changes without a step that says
//! so.

use serde::{Deserialize, Serialize};

use super::{Act, Status, Step};
use crate::category::{Category, Priority};

/// The category and urgency of a matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sort {
    /// The category.
    pub category: Category,
    /// The urgency.
    pub priority: Priority,
}

/// The state that steps change. Steps also determine the holder, but only together with the tree:
/// see [`crate::receipt::custodies`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// The category.
    pub category: Category,
    /// The urgency.
    pub priority: Priority,
    /// State of the work.
    pub status: Status,
}

/// The error for a step that cannot follow the ones before it. Also for a step whose sort is
/// missing or out of place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this step cannot follow on those before it")]
pub struct Misfit;

impl State {
    /// Folds all steps of a matter into its state.
    ///
    /// # Errors
    /// [`Misfit`] if they do not begin with a report, or if one of them does not fit.
    pub fn of(steps: &[Step]) -> Result<Self, Misfit> {
        let (first, later) = steps.split_first().ok_or(Misfit)?;
        let begun = match (first.act, &first.sort) {
            (Act::Report, Some(sort)) => Self::reported(sort.clone()),
            _ => return Err(Misfit),
        };
        later.iter().try_fold(begun, Self::after)
    }

    /// Returns the state of a matter that was just reported.
    pub fn reported(sort: Sort) -> Self {
        let Sort { category, priority } = sort;
        Self {
            category,
            priority,
            status: Status::Reported,
        }
    }

    /// Returns the state after one more step.
    ///
    /// # Errors
    /// [`Misfit`] if the step cannot follow.
    pub fn after(mut self, step: &Step) -> Result<Self, Misfit> {
        let closed = matches!(self.status, Status::Closed(_));
        if closed && !step.act.may_follow_the_end() {
            return Err(Misfit);
        }
        if step.sort.is_some() != (step.act == Act::Recategorise) {
            return Err(Misfit);
        }
        match step.act {
            Act::Report => return Err(Misfit),
            Act::Accept if self.status == Status::Reported => self.status = Status::Accepted,
            Act::Dispatch(_) => self.status = Status::Dispatched,
            Act::Handle | Act::Verify(false) => self.status = Status::Handling,
            Act::Feedback => self.status = Status::Answered,
            Act::Verify(true) => self.status = Status::Verified,
            Act::Reply(_) if !closed => self.status = Status::Answered,
            Act::Close(outcome) => self.status = Status::Closed(outcome),
            Act::Reopen(_) if !closed => return Err(Misfit),
            Act::Reopen(_) => self.status = Status::Handling,
            Act::Prioritise(priority) => self.priority = priority,
            Act::Recategorise => match &step.sort {
                Some(sort) if sort.priority == self.priority => {
                    self.category = sort.category.clone();
                }
                _ => return Err(Misfit),
            },
            Act::Accept
            | Act::Reply(_)
            | Act::Escalate(_)
            | Act::Assign(_)
            | Act::Return(_)
            | Act::Yield(_)
            | Act::Relay(_)
            | Act::Take
            | Act::TakeBack
            | Act::Object(..)
            | Act::Arbitrate(_)
            | Act::Supervise(_)
            | Act::Rate(_)
            | Act::Remark(_)
            | Act::Pause(_)
            | Act::Resume
            | Act::Extend(..)
            | Act::Warn(_)
            | Act::Overdue(_)
            | Act::Absorb(_)
            | Act::OpenPart(_)
            | Act::EndPart(..)
            | Act::Erase(_)
            | Act::Visit
            | Act::Join(_) => {}
        }
        Ok(self)
    }
}

impl Act {
    /// Returns whether the act is allowed on a closed matter.
    pub const fn may_follow_the_end(self) -> bool {
        matches!(
            self,
            Self::Reopen(_)
                | Self::Rate(_)
                | Self::Remark(_)
                | Self::Reply(_)
                | Self::Erase(_)
                | Self::Absorb(_)
                | Self::Resume
                | Self::Warn(_)
                | Self::Overdue(_)
        )
    }
}

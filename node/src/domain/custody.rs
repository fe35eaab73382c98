//! Custody: exactly one division holds a matter, or it is in one transfer between two neighbours.
//!
//! A give proposes custody version n+1. The neighbour takes it (making step 1 of n+1) or refuses it;
//! on refusal the giver holds again at n+1, and the neighbour never takes n+1 or less any more.

use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{
    envelope::Outgoing,
    matter::{CustodyVersion, Matter},
    request::{Ask, AskId},
};

mod act;
mod hear;
mod receive;
mod report;
#[cfg(test)]
mod tests;

pub use act::{act, close, return_to, transfer};
pub use hear::{hear_notice, holder_to_ask, reply_to};
pub use receive::{GiveRefusal, Incoming, Taken, receive, settle};
pub use report::{Report, report};

/// How a node stands to a matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Standing {
    /// This node holds it.
    Holding,
    /// This node handed it to a neighbour and has not heard whether it was taken.
    Giving {
        /// The neighbour.
        to: DivisionCode,
        /// The end of its way.
        bound_for: DivisionCode,
    },
    /// This node has a copy.
    Elsewhere,
}

/// Everything a node keeps of one matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Docket {
    /// The matter as last known.
    pub matter: Matter,
    /// How this node stands to it.
    pub standing: Standing,
    /// The highest custody version this node took; zero if none.
    pub taken: CustodyVersion,
    /// Requests that wait for the transfer under way.
    pub parked: Vec<Ask>,
    /// Requests that were answered, latest last.
    pub answered: Vec<AskId>,
    /// This node's own outstanding request.
    pub asked: Option<Ask>,
}

impl Docket {
    fn copy_of(matter: Matter, standing: Standing, taken: CustodyVersion) -> Self {
        Self {
            matter,
            standing,
            taken,
            parked: vec![],
            answered: vec![],
            asked: None,
        }
    }

    /// Answered requests are few; the latest 64 are remembered.
    pub(super) fn remember_answered(&mut self, ask: AskId) {
        if self.answered.len() >= 64 {
            self.answered.remove(0);
        }
        self.answered.push(ask);
    }
}

/// One countable fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Count {
    /// A person reported it here.
    Reported,
    /// Custody came here, or stayed because a neighbour refused it.
    Taken,
    /// Custody left here.
    Given,
    /// It was closed here.
    Closed,
}

/// Everything one decision changes. The office commits all of it or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The node's new view of the matter.
    pub docket: Docket,
    /// What goes to other divisions.
    pub sends: Vec<Outgoing>,
    /// What is counted, in the matter's category and origin.
    pub facts: Vec<Count>,
}

/// Why an act on a matter is not possible.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Another division holds it.
    #[error("{0} holds this matter; ask it, or wait until it comes here")]
    NotHolder(DivisionCode),
    /// The transfer is under way.
    #[error("this matter is on its way to {0}; wait for its answer")]
    InTransit(DivisionCode),
    /// It is closed.
    #[error("this matter is closed")]
    Closed,
    /// It was accepted before.
    #[error("this matter was accepted already")]
    AlreadyAccepted,
    /// Not an ancestor.
    #[error("{0} does not stand above this division; escalate to a tier above")]
    NotAbove(DivisionCode),
    /// Not a descendant.
    #[error("{0} is not below this division; assign to one of your own")]
    NotBelow(DivisionCode),
    /// Nobody sent it here.
    #[error("nobody sent this matter here, so it cannot be returned; escalate it instead")]
    NobodyToReturnTo,
    /// A complaint must not reach whom it is about.
    #[error("this matter is a direct complaint about {0} and must not go there")]
    Concerned(DivisionCode),
    /// Reported at a node that is complained about.
    #[error("a direct complaint about {0} must be filed above it, at {1}")]
    FileAbove(DivisionCode, DivisionCode),
    /// Direct without saying about whom, or the other way round.
    #[error("a direct matter names the division it is about, and only a direct one does")]
    AboutWhom,
    /// No such division, or it has no node.
    #[error("{0} has no node in this network; check the code with `wujitong topology show`")]
    NoNode(DivisionCode),
    /// It has [`MOST_STEPS`]; only closing is left.
    #[error("this matter has too many steps; close it and open a new one")]
    TooManySteps,
    /// A transfer, or a step that a node makes by itself, where work was meant.
    #[error("this is not work on a matter; accept, handle or close it, or transfer it")]
    NotWork,
    /// A request about what is here.
    #[error("this division holds the matter itself; there is nothing to recall")]
    HeldHere,
    /// Never sent away from here.
    #[error("this division never sent this matter away, so it cannot recall it")]
    NeverSent,
    /// A request is outstanding.
    #[error("it was asked for already; wait for the answer")]
    AskedAlready,
}

/// A matter with this many steps can only be closed, so that its state fits an envelope. Relays,
/// receiver and closing add at most [`MOST_MORE_STEPS`].
pub const MOST_STEPS: usize = 400;

/// Steps that may follow [`MOST_STEPS`]: the way between any two nodes has seven relays.
pub const MOST_MORE_STEPS: usize = 8;

//! The journal: a node's append-only facts. Every published figure must equal a count of these
//! facts made by hand.

use serde::{Deserialize, Serialize};

use super::{
    actor::Actor,
    category::Category,
    custody::Count,
    ids::MatterId,
    matter::Version,
    time::{Day, Timestamp},
};

/// One countable fact about one matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// What happened.
    pub count: Count,
    /// The matter it happened to.
    pub matter: MatterId,
    /// Category of the matter at that time.
    pub category: Category,
    /// Version of the matter after the fact.
    pub version: Version,
    /// The day it is counted on: the day of the commit, or the day it came true in another system.
    pub day: Day,
}

/// The facts one commit added to the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Time of the commit by this node's clock.
    pub at: Timestamp,
    /// The day of the commit, which never goes back.
    pub day: Day,
    /// Who caused the commit.
    pub actor: Actor,
    /// The facts it added.
    pub facts: Vec<Fact>,
}

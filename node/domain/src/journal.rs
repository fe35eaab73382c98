//! The journal: a node's append-only facts. Figures must equal what one counts here by hand.

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
    /// To which matter.
    pub matter: MatterId,
    /// Its category then.
    pub category: Category,
    /// Its version after.
    pub version: Version,
    /// The day it is counted on: that of the commit, or the day on which it came true in another system.
    pub day: Day,
}

/// What one commit added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When, by this node's clock.
    pub at: Timestamp,
    /// The day of the commit, which never goes back.
    pub day: Day,
    /// Who caused it.
    pub actor: Actor,
    /// What happened.
    pub facts: Vec<Fact>,
}

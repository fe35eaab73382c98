//! The journal: a node's append-only facts. Every published figure must equal a count of these
//! facts made by hand.

use serde::{Deserialize, Serialize};

use super::{
    actor::Actor,
    category::Category,
    ids::MatterId,
    matter::Version,
    measure::{BadMeasure, Measure},
    record::{BASE, Record},
    time::{Day, Timestamp},
};

/// One countable fact about one matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// The measure that the fact counts for.
    pub measure: Measure,
    /// The matter it is about.
    pub matter: MatterId,
    /// Category of the matter at that time.
    pub category: Category,
    /// Version of the matter after it.
    pub version: Version,
    /// The day on which it is counted: the day of the commit, or the day it happened in another
    /// system.
    pub day: Day,
}

/// The facts that one commit added to the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Time of the commit by this node's clock.
    pub at: Timestamp,
    /// The day of the commit, which never goes back.
    pub day: Day,
    /// The actor that caused the commit.
    pub actor: Actor,
    /// The facts it added.
    pub facts: Vec<Fact>,
}

impl Record for Entry {
    const VERSION: u8 = BASE + 1;
    type Previous = EntryV5;

    fn migrate(old: EntryV5) -> Self {
        let fact = |old: FactV5| Fact {
            measure: old.count.0,
            matter: old.matter,
            category: old.category,
            version: old.version,
            day: old.day,
        };
        Self {
            at: old.at,
            day: old.day,
            actor: old.actor,
            facts: old.facts.into_iter().map(fact).collect(),
        }
    }
}

/// Version 5 of [`Entry`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryV5 {
    at: Timestamp,
    day: Day,
    actor: Actor,
    facts: Vec<FactV5>,
}

crate::records!(EntryV5);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct FactV5 {
    count: CountV5,
    matter: MatterId,
    category: Category,
    version: Version,
    day: Day,
}

/// One of the first nine measures, stored as its number less one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
struct CountV5(Measure);

impl TryFrom<u32> for CountV5 {
    type Error = BadMeasure;

    fn try_from(place: u32) -> Result<Self, BadMeasure> {
        match place {
            0..9 => Measure::new(place + 1).map(Self),
            _ => None,
        }
        .ok_or(BadMeasure(place))
    }
}

impl From<CountV5> for u32 {
    fn from(count: CountV5) -> Self {
        Self::from(count.0.number()) - 1
    }
}

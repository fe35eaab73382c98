//! Actors: who did something. Every commit has an actor.

use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::people::{AccountId, ApiKeyId};

/// The one who caused a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Actor {
    /// Somebody at the node's own machine, by the socket's peer credentials.
    OsUser(u32),
    /// The node itself, following a rule.
    Rule(String),
    /// A neighbour. This is evidence, never authority.
    Peer(DivisionCode),
    /// A person who logged in.
    Account(AccountId),
    /// A program with a key.
    ApiKey(ApiKeyId),
    /// The reporter, by the slip of the matter.
    Reporter,
    /// A person whom a sign-in provider sent and nobody here knows. They are refused and do
    /// nothing.
    Stranger,
}

impl Actor {
    /// Returns whether it came in by an edge for people, and so stands in the audit trail.
    pub const fn is_person(&self) -> bool {
        !matches!(self, Self::Rule(_) | Self::Peer(_))
    }
}

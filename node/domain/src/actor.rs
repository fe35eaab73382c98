//! Who did something. Every commit has an actor.

use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::people::{AccountId, ApiKeyId};

/// Who caused a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Actor {
    /// Somebody at the node's own machine, by the socket's peer credentials.
    OsUser(u32),
    /// The node itself, following a rule.
    Rule(String),
    /// A neighbour; evidence, never authority.
    Peer(DivisionCode),
    /// A person who logged in.
    Account(AccountId),
    /// A program with a key.
    ApiKey(ApiKeyId),
    /// Whoever has the slip of the matter.
    Reporter,
    /// Somebody a provider sent, whom nobody here knows. They are refused; they do nothing.
    Stranger,
}

impl Actor {
    /// Whether it came in by an edge for people, and so stands in the audit trail.
    pub const fn is_person(&self) -> bool {
        !matches!(self, Self::Rule(_) | Self::Peer(_))
    }
}

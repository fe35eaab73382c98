//! Who did something. Every commit has an actor.

use serde::{Deserialize, Serialize};
use topology::DivisionCode;

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
}

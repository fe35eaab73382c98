//! Records about signing keys.

use bytes::Bytes;
use domain::{actor::Actor, ids::KeyId, revocation::Revocation, statement::Proof, time::Timestamp};
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

/// A revocation as this node stores it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevocationRecord {
    /// The key and the positions.
    pub revocation: Revocation,
    /// The division that made it.
    pub by: DivisionCode,
    /// The actor through whom it came here.
    pub actor: Actor,
    /// The exact signed bytes of the author.
    pub(crate) bytes: Bytes,
    /// The author's proof; `None` for this node's own.
    pub(crate) proof: Option<Proof>,
}

domain::records!(RevocationRecord);

/// A key statement that was shown to this node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stated {
    /// The division.
    pub division: DivisionCode,
    /// The key.
    pub key: KeyId,
    /// Its number.
    pub serial: u32,
    /// Whether somebody besides the parent signed it.
    pub endorsed: bool,
    /// The signed statement.
    pub bytes: Bytes,
    /// The reason why it did not count when it was shown; `None` if it did.
    pub refused: Option<String>,
    /// The neighbour that showed it; `None` if it was in this node's own files.
    pub from: Option<DivisionCode>,
    /// The time when it was shown, by this node's clock.
    pub heard: Timestamp,
}

domain::records!(Stated);

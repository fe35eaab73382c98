//! What is stored for a neighbour.
//!
//! Keys: `o neighbour lane n` holds the envelopes one commit queued, in order of `n`;
//! `r neighbour lane author destination kind slot` points to the `n` of a replaceable one, so that
//! a newer takes its place. A segment's key is new whenever its content is, so an acknowledgement
//! can only remove what was really sent.

use bytes::Bytes;
use domain::{
    envelope::{Destination, Lane, Stamp},
    ids::{EpochId, MatterId},
    matter::CustodyVersion,
    statement::Proof,
    suite::Digest,
    template::Scope,
};
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

/// What an envelope of another author adds to what this node keeps for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relayed {
    /// Who said it.
    pub author: DivisionCode,
    /// Whether this version knows the kind.
    pub known: bool,
    /// Bytes of the envelope and its proof.
    pub bytes: u64,
}

/// One envelope that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queued {
    /// The exact bytes that are, or will be, signed.
    pub bytes: Bytes,
    /// The author's proof; `None` for this node's own, which is signed when it is sent.
    pub proof: Option<Proof>,
    /// The author's epoch.
    pub epoch: EpochId,
    /// Keys of the bodies that travel beside it.
    pub bodies: Vec<Bytes>,
    /// W3C trace context.
    pub trace: Option<String>,
    /// The transfer this is, if it is one.
    pub give: Option<(MatterId, CustodyVersion)>,
    /// The slot whose latest word this is, if it is replaceable.
    pub slot: Option<Bytes>,
    /// What it adds to what is kept for others; `None` for this node's own.
    pub relayed: Option<Relayed>,
}

/// Where a replaceable envelope waits, and how late it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotEntry {
    /// Its segment.
    pub n: u64,
    /// Its stamp.
    pub stamp: Stamp,
}

domain::records!(Queued, SlotEntry);

/// What the keys of all segments begin with.
pub const OUTBOX: &[u8] = b"o";

/// Key of a segment.
pub fn segment_key(neighbour: DivisionCode, lane: Lane, n: u64) -> Bytes {
    let mut key = lane_prefix(neighbour, lane);
    key.extend_from_slice(&n.to_be_bytes());
    key.into()
}

/// What all segments of one lane to one neighbour begin with.
pub fn lane_prefix(neighbour: DivisionCode, lane: Lane) -> Vec<u8> {
    let mut key = Vec::with_capacity(18);
    key.extend_from_slice(OUTBOX);
    key.extend_from_slice(&neighbour.as_u64().to_be_bytes());
    key.push(lane.index() as u8);
    key
}

/// The neighbour and the lane of a segment key.
pub fn queue_of(key: &[u8]) -> Option<(DivisionCode, Lane)> {
    let (neighbour, rest) = key.strip_prefix(OUTBOX)?.split_first_chunk::<8>()?;
    let neighbour = DivisionCode::from_u64(u64::from_be_bytes(*neighbour))?;
    Some((neighbour, Lane::from_index(usize::from(*rest.first()?))?))
}

/// The `n` of a segment key.
pub fn segment_number(key: &[u8]) -> Option<u64> {
    key.last_chunk::<8>().map(|n| u64::from_be_bytes(*n))
}

/// Key of a slot.
pub fn slot_key(
    neighbour: DivisionCode,
    lane: Lane,
    author: DivisionCode,
    destination: Destination,
    kind: &str,
    slot: &[u8],
) -> Bytes {
    let mut key = Vec::with_capacity(64 + slot.len());
    key.push(b'r');
    key.extend_from_slice(&neighbour.as_u64().to_be_bytes());
    key.push(lane.index() as u8);
    key.extend_from_slice(&author.as_u64().to_be_bytes());
    key.extend_from_slice(&destination_bytes(destination));
    key.extend_from_slice(kind.as_bytes());
    key.push(0);
    key.extend_from_slice(slot);
    key.into()
}

/// Eleven bytes that name a destination in keys.
pub fn destination_bytes(destination: Destination) -> [u8; 11] {
    let mut bytes = [0; 11];
    let (form, division, tiers, kinds) = match destination {
        Destination::Division(division) => (0, division, 0, 0),
        Destination::Scope(scope) => (1, scope.under, scope.tiers, scope.kinds),
    };
    bytes[0] = form;
    bytes[1..9].copy_from_slice(&division.as_u64().to_be_bytes());
    bytes[9] = tiers;
    bytes[10] = kinds;
    bytes
}

/// Reads [`destination_bytes`] back.
pub fn destination_from_bytes(bytes: &[u8; 11]) -> Option<Destination> {
    let [form, division @ .., tiers, kinds] = *bytes;
    let division = DivisionCode::from_u64(u64::from_be_bytes(division))?;
    match form {
        0 => Some(Destination::Division(division)),
        1 => Some(Destination::Scope(Scope {
            under: division,
            tiers,
            kinds,
        })),
        _ => None,
    }
}

/// Key of a body. It begins with the matter, so that bodies lie in the order they came: a store of
/// pages would read and write one page for each if they lay by digest.
pub fn body_key(matter: MatterId, commitment: &Digest) -> Bytes {
    [&body_prefix(matter), commitment.as_slice()]
        .concat()
        .into()
}

/// The matter of a body, by its key.
pub fn matter_of_body(key: &[u8]) -> Option<MatterId> {
    MatterId::from_bytes(key.get(1..21)?)
}

/// What the keys of all bodies of a matter begin with.
pub fn body_prefix(matter: MatterId) -> Vec<u8> {
    [b"b", matter.to_bytes().as_slice()].concat()
}

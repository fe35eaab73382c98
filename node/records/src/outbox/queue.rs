//! Records of what waits for a neighbour.

use bytes::Bytes;
use domain::{
    envelope::{Destination, Lane, Stamp},
    ids::{EpochId, MatterId},
    matter::CustodyVersion,
    seal::SealedBody,
    statement::Proof,
    suite::Digest,
};
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use crate::table::Key;

/// The share of another author's envelope in what this node keeps for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relayed {
    /// The author.
    pub author: DivisionCode,
    /// Whether this version knows the envelope's kind.
    pub known: bool,
    /// Bytes of the envelope and its proof.
    pub bytes: u64,
}

/// An envelope that waits.
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
    /// The matter and version, if it is a transfer of custody.
    pub give: Option<(MatterId, CustodyVersion)>,
    /// The slot whose latest envelope this is, if it is replaceable.
    pub slot: Option<Bytes>,
    /// Its share in what is kept for others; `None` for this node's own.
    pub relayed: Option<Relayed>,
}

/// The place of a replaceable envelope, and its stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotEntry {
    /// Its segment.
    pub n: u64,
    /// Its stamp, which orders it among the envelopes of its slot.
    pub stamp: Stamp,
}

domain::records!(Queued, SlotEntry);

crate::tables! { pub OUTBOX:
    /// What one commit queued, in order of the number. A segment's key is new whenever its content is, so an
    /// acknowledgement can only remove what was really sent.
    Segments("segment of an outbox", b"o"): (DivisionCode, Lane, u64) => Vec<Queued>;
    /// Where a replaceable envelope waits, so that a newer one takes its place.
    Slots("slot of an outbox", b"r"): SlotKey => SlotEntry;
    /// What people wrote, sealed. The matter comes first, so that bodies lie in the order they came: a store of
    /// pages would read and write one page for each if they lay by digest.
    Bodies("body", b"b"): (MatterId, Digest) => SealedBody;
}

/// What a replaceable envelope is the latest word on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotKey {
    /// For whom it waits.
    pub neighbour: DivisionCode,
    /// In which lane.
    pub lane: Lane,
    /// Who says it.
    pub author: DivisionCode,
    /// For whom it is.
    pub destination: Destination,
    /// The name of its kind, without a zero.
    pub kind: String,
    /// What it is about.
    pub about: Bytes,
}

impl Key for SlotKey {
    fn write(&self, key: &mut Vec<u8>) {
        self.neighbour.write(key);
        self.lane.write(key);
        self.author.write(key);
        self.destination.write(key);
        key.extend_from_slice(self.kind.as_bytes());
        key.push(0);
        self.about.write(key);
    }

    fn read(key: &mut &[u8]) -> Option<Self> {
        Some(Self {
            neighbour: Key::read(key)?,
            lane: Key::read(key)?,
            author: Key::read(key)?,
            destination: Key::read(key)?,
            kind: {
                let end = key.iter().position(|byte| *byte == 0)?;
                let (kind, rest) = key.split_at(end);
                *key = &rest[1..];
                std::str::from_utf8(kind).ok()?.to_owned()
            },
            about: Key::read(key)?,
        })
    }
}

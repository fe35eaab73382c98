//! Receipts of disclosures: what they are made of, and what they cannot tell.

use topology::DivisionCode;

use super::{Check, LogProof, What, told};
use crate::{disclosure::DisclosureId, ids::EpochId, time::Timestamp};

/// A published document with what the public log of its division says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisclosureEvidence {
    /// When it was looked up, by this node's clock.
    pub at: Timestamp,
    /// The current life of this node's store.
    pub epoch: EpochId,
    /// The disclosure.
    pub number: DisclosureId,
    /// The edition, from 1.
    pub edition: u32,
    /// The document, byte for byte.
    pub document: Box<str>,
    /// What the log says of it, with exactly one leaf. The log may be of an earlier life of the store.
    pub log: LogProof,
}

/// Returns the checks that a file about a disclosure, made by a division at a time, cannot decide.
pub fn beyond_disclosure(by: DivisionCode, at: Timestamp) -> [Check; 3] {
    let unknown = |what, detail| Check::not_checked(what, None, detail);
    [
        unknown(What::Later, told::later_editions(by, at)),
        unknown(What::Revocations, told::revocations()),
        unknown(What::Clocks, told::clock_of(by)),
    ]
}

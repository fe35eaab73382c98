//! Courier files: a neighbour that no link reaches is told in a file what a link would carry (decision 0114).
//!
//! The same frames are written and read, and what a file says passes the same checks: the key statements of its maker up
//! to the root, revocations, the proofs of all envelopes, and who may say what. Only the greeting counts less, because it
//! may be old.

mod export;
mod import;

use std::sync::Arc;

use domain::ids::NetworkId;
use identity::{Identity, KeyError, KeyRing, SealingError};
use office::{NotReceived, Office, RefusalReason};
use topology::DivisionCode;
use wire::Malformed;

use crate::session::Links;

pub use export::Exported;
pub use import::Imported;
pub use wire::courier::NotACourierFile;

/// What courier files are made and read with.
#[derive(Clone, Copy)]
pub struct Courier<'n> {
    /// The office of the node.
    pub office: &'n Office,
    /// Its own keys.
    pub identity: &'n Arc<Identity>,
    /// Keys of authors.
    pub keys: &'n Arc<KeyRing>,
    /// Its links, of which those with revoked keys end.
    pub links: &'n Links,
}

/// The reason why no courier file is made, or one is not read. Nothing is changed by one that is refused as a whole.
#[derive(Debug, thiserror::Error)]
pub enum CourierRefusal {
    /// No courier goes there.
    #[error("{0} is not directly above or below this node; name a neighbour")]
    NotANeighbour(DivisionCode),
    /// Nothing can be sealed for it.
    #[error(
        "{0} has no key here that counts, so nothing can be sealed for it; read a file of it first, or enrol it"
    )]
    NoKey(DivisionCode),
    /// The file cannot be signed or sealed.
    #[error("a key of this node cannot be used ({0}); see its log")]
    OwnKey(String),
    /// The file would be too long to be read.
    #[error("the file would have {0} bytes, which no node reads; wait for the link")]
    TooLong(usize),
    /// It is not a courier file.
    #[error(transparent)]
    Unreadable(#[from] NotACourierFile),
    /// It belongs to another network.
    #[error("the file belongs to another network; use the file of a neighbour in this one")]
    OtherNetwork,
    /// It is for another division.
    #[error("the file is for {to}, and this node is {me}; take it there")]
    ForAnother {
        /// For whom it is.
        to: DivisionCode,
        /// This node.
        me: DivisionCode,
    },
    /// It is from a division that is no neighbour.
    #[error(
        "the file is from {0}, which is not directly above or below this node; take it to its neighbour"
    )]
    FromAnother(DivisionCode),
    /// The maker's key was revoked.
    #[error(
        "the key of {0} was revoked; its parent must enrol it again, and then it makes a new file"
    )]
    Revoked(DivisionCode),
    /// The maker's key does not count.
    #[error(
        "the key of {0} does not count here ({1}); ask it for a new file, and its parent for its key"
    )]
    Key(DivisionCode, String),
    /// The signature does not hold.
    #[error("the file was not signed by {0} as it is now; do not use it, and ask for a new one")]
    Forged(DivisionCode),
    /// The seal does not open.
    #[error("the file does not open with the key of this node; ask {0} for a new one")]
    NotSealedForHere(DivisionCode),
    /// What is in it does not fit together.
    #[error("the file of {0} contradicts itself ({1}); ask for a new one")]
    Contradicts(DivisionCode, String),
    /// The store of the maker has begun a new life since.
    #[error("the file is from an earlier life of the store of {0}; ask for a new one")]
    Superseded(DivisionCode),
    /// This node's own store went back in time.
    #[error(
        "the file shows that the store of this node was an old copy; a new life has begun: make a file for {0}, then read \
         this one again"
    )]
    WentBack(DivisionCode),
    /// Envelopes got no outcome.
    #[error(transparent)]
    NotReceived(#[from] NotReceived),
}

impl RefusalReason for CourierRefusal {}

impl From<KeyError> for CourierRefusal {
    fn from(error: KeyError) -> Self {
        Self::OwnKey(error.to_string())
    }
}

impl From<SealingError> for CourierRefusal {
    fn from(error: SealingError) -> Self {
        Self::OwnKey(error.to_string())
    }
}

impl From<Malformed> for CourierRefusal {
    fn from(malformed: Malformed) -> Self {
        Self::Unreadable(malformed.into())
    }
}

impl<'n> Courier<'n> {
    fn network(&self) -> NetworkId {
        NetworkId(self.identity.network().id)
    }

    fn parts(&self) -> (&'n Office, &'n Identity, &'n KeyRing) {
        (self.office, &**self.identity, &**self.keys)
    }
}

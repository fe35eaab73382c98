//! Who a node is and whom it believes: keys, certificates, key statements and the TLS configurations
//! made of them.
//!
//! A node has separate keys for separate ends. The TLS key lives for days and proves who is at the other
//! end of a connection. The signing key proves authorship for ever; it is vouched for by a chain of
//! [`KeyStatement`]s, never by a certificate, because a signature must still verify when every
//! certificate of its time has expired. The sealing key, stated beside it, unwraps what only this node may
//! read. A node with children has an issuing key as well.
//!
//! On disk, below the data directory:
//!
//! ```text
//! network.toml            id, zone, suite, demo mark and root fingerprints of the network
//! roots.pem               the roots that are trusted: a list; each names the province's key statement
//! anchors.bin             the provinces' own key statements that are trusted: a list
//! identity/<code>/
//!   tls.key  tls.pem      the node's certificate and the issuing ones above it, without the root
//!   sign.key keys.bin     the signing key and its key statements up to the province
//!   seal.key              the sealing key
//!   seal-old-<n>.key      sealing keys that it took the place of
//!   stated.bin            every key statement that this division made for its children
//!   issuing.key issuing.pem   only with children: the issuing certificate and those above it;
//!                         at the province the root
//! ```
//!
//! *Invariant:* no private key leaves this room; nothing here reads the clock except through the
//! [`Surroundings`] it is given.

mod anchor;
mod credentials;
mod enrol;
pub mod files;
mod keyring;
mod keystore;
mod lapse;
mod network;
mod node;
mod profile;
mod refusal;
mod revoked;
mod sealing;
mod statement;
mod verify;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod handshakes;

pub use anchor::Roots;
pub use credentials::Credentials;
pub use enrol::{
    Founding, can_enrol, check_not_enrolled, check_not_founded, check_zone, enrol, enrolled_in,
    finish_founding, found_network, found_with,
    ledger::stated_by,
    renew,
    replace::{Replaced, Replacing, replace},
};
pub use files::FileError;
pub use keyring::{KeyRefusal, KeyRing, VerifyingKey, Vouched};
pub use keystore::{FileKeyStore, KeyError, KeyStore};
pub use lapse::Lapse;
pub use network::Network;
pub use node::{Identity, Surroundings};
pub use profile::{CertificateProfile, Lifetimes};
pub use refusal::PeerRefusal;
pub use revoked::Revoked;
pub use sealing::{FileSealingKey, Recipient, SealingError, SealingKey, SealingPublic};
pub use statement::{
    Endorsement, Endorser, KeyStatement, Purpose, SignedKeyStatement, StatementError,
};

use std::path::{Path, PathBuf};

use domain::ids::KeyId;
use topology::DivisionCode;

/// Why an identity could not be made or loaded.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A signing key could not be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A sealing key could not be used.
    #[error(transparent)]
    Sealing(#[from] SealingError),
    /// A file holds something else than it should.
    #[error("{path} does not read: {why}; restore it from a backup or enrol the division again")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A file that reads, but does not fit those beside it.
    #[error(
        "{path} does not fit: {why}; restore the whole directory from one backup or enrol the division again"
    )]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// What it does not fit.
        why: String,
    },
    /// The directory already holds a network.
    #[error("{0} already exists: a network was founded here; choose another data directory")]
    AlreadyFounded(PathBuf),
    /// The division already has an identity in this directory.
    #[error(
        "{0} already exists: the division is enrolled here; remove it only if its keys are lost"
    )]
    AlreadyEnrolled(PathBuf),
    /// The parent has stated a key of the division before.
    #[error(
        "{division} was enrolled before, with key {key} (number {serial}); if that key is lost, stolen \
         or to be replaced: `wujitong init --replaces`"
    )]
    EnrolledBefore {
        /// The division.
        division: DivisionCode,
        /// Its latest key.
        key: KeyId,
        /// That key's number.
        serial: u32,
    },
    /// No key of the division is known that another could replace.
    #[error("{0} was never enrolled here, so there is no key to replace; leave `--replaces` out")]
    NeverEnrolled(DivisionCode),
    /// A division has as many keys as it can ever have.
    #[error("{0} has had {max} keys, and there cannot be more", max = KeyRing::MAX_KEYS)]
    NoMoreKeys(DivisionCode),
    /// The child's directory belongs to another network than its issuer's.
    #[error("{0} belongs to another network than the issuer; choose another data directory")]
    OtherNetwork(PathBuf),
    /// A zone that gives no DNS names.
    #[error(
        "`{0}` is no DNS zone: lower-case letters, digits, hyphens and dots are expected, such as `zj.example`"
    )]
    Zone(String),
    /// A division that the tree does not have, or that has no node.
    #[error(
        "{0} is no division with a node in this tree; `wujitong topology show` lists those that exist"
    )]
    UnknownDivision(DivisionCode),
    /// A certificate could not be made.
    #[error("the certificate of {division} could not be made: {cause}")]
    Certificate {
        /// Whose certificate.
        division: DivisionCode,
        /// What the certificate library said.
        cause: rcgen::Error,
    },
}

/// Where a division's identity lives below a data directory.
pub fn directory(dir: &Path, division: DivisionCode) -> PathBuf {
    dir.join("identity").join(division.to_string())
}

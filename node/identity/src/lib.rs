//! A node's identity and its trust: keys, certificates, key statements, and the TLS configurations
//! built from them.
//!
//! A node has a separate key for each purpose. The TLS key is short-lived and proves who is at the
//! other end of a connection. The signing key proves authorship permanently; it is vouched for by a
//! chain of [`KeyStatement`]s, never by a certificate, because a signature must still verify after
//! every certificate of its time has expired. The sealing key, stated with the signing key, unwraps
//! what only this node may read. A node with children has an issuing key as well.
//!
//! On disk, below the data directory:
//!
//! ```text
//! network.toml            id, zone, suite, demo mark and root fingerprints of the network
//! roots.pem               the roots that are trusted: a list; each names the province's key statement
//! anchors.bin             the provinces' own key statements that are trusted: a list
//! identity/<code>/
//!   tls.key  tls.pem      the node's certificate and the issuing ones above it, without the root
//!   tls.next.key          the key for which the next certificate is asked; see `renewal`
//!   sign.key keys.bin     the signing key and its key statements up to the province
//!   seal.key              the sealing key
//!   log.key               the key of the public log; made when it is needed first
//!   witness.key           the key that countersigns logs of others; made when it is needed first
//!   seal-old-<n>.key      sealing keys that it replaced
//!   stated.bin            every key statement that this division made for its children
//!   issuing.key issuing.pem   only with children: the issuing certificate and those above it;
//!                         at the province the root
//! identity/.<code>.joining/   keys of a division that asked to join and has no grant yet
//! ```
//!
//! *Invariant:* no private key leaves this crate; nothing here reads the clock except through the
//! [`Surroundings`] it is given.

mod anchor;
mod credentials;
mod enrol;
pub mod files;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod invited;
mod keyring;
mod keystore;
mod lapse;
mod log_key;
mod network;
mod node;
mod pem;
mod profile;
mod readmission;
mod refusal;
mod renewal;
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
    grant::{Application, CheckedApplication, Expected, Grant, grant, issuer_ends, keep_stated},
    join::{CheckedGrant, Joining},
    ledger::stated_by,
    renew,
    replace::{Replaced, Replacing, replace},
};
pub use files::FileError;
pub use invited::{
    InvitationSigner, JOIN_ALPN, JOIN_EXPORTER, RootFacts, join_client_config, join_name, pin,
    signed_for_connection,
};
pub use keyring::{KeyRefusal, KeyRing, VerifyingKey, Vouched};
pub use keystore::{FileKeyStore, KeyError, KeyStore};
pub use lapse::{CertificateFacts, Lapse};
pub use network::Network;
pub use node::{Identity, Surroundings};
pub use profile::{CertificateProfile, Lifetimes};
pub use readmission::readmission_message;
pub use refusal::PeerRefusal;
pub use renewal::{CertificateRequests, Certificates, Renewed};
pub use revoked::Revoked;
pub use sealing::{FileSealingKey, Recipient, SealingError, SealingKey, SealingPublic};
pub use statement::{
    Endorsement, Endorser, KeyStatement, Purpose, SignedKeyStatement, StatementError,
};

use std::path::{Path, PathBuf};

use domain::ids::KeyId;
use topology::DivisionCode;

/// The reason an identity could not be made or loaded.
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
    /// A file holds something other than it should.
    #[error("{path} cannot be read: {why}; restore it from a backup or enrol the division again")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The fault.
        why: String,
    },
    /// A file can be read but does not match the files beside it.
    #[error(
        "{path} does not match the files beside it: {why}; restore the whole directory from one backup or enrol the division again"
    )]
    Mismatch {
        /// The file.
        path: PathBuf,
        /// The mismatch.
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
    /// No key of the division is known that could be replaced.
    #[error("{0} was never enrolled here, so there is no key to replace; leave `--replaces` out")]
    NeverEnrolled(DivisionCode),
    /// A division has as many keys as it can ever have.
    #[error("{0} has had {max} keys, and there cannot be more", max = KeyRing::MAX_KEYS)]
    NoMoreKeys(DivisionCode),
    /// What a parent granted does not hold.
    #[error(
        "what the parent granted is not valid: {0}; nothing of it was kept, tell the parent's operator"
    )]
    Grant(String),
    /// The child's directory belongs to another network than the issuer's.
    #[error("{0} belongs to another network than the issuer; choose another data directory")]
    OtherNetwork(PathBuf),
    /// The zone yields no valid DNS names.
    #[error(
        "`{0}` is not a DNS zone; use lower-case letters, digits, hyphens and dots, such as `zj.example`"
    )]
    Zone(String),
    /// The tree has no such division, or the division has no node.
    #[error(
        "{0} is not a division with a node in this tree; `wujitong topology show` lists those that exist"
    )]
    UnknownDivision(DivisionCode),
    /// The issuing certificate of this division is about to end.
    #[error(
        "the issuing certificate ends at {ends} and signs nothing on its last day; it is renewed at the parent's node as soon as that is \
         reached, or there by `wujitong init --renew`",
        ends = moment(*.0)
    )]
    IssuerEnds(i64),
    /// Somebody asks for a certificate that is not issued.
    #[error("no certificate is issued: {0}")]
    BadRequest(String),
    /// What the parent issued is not what was asked for.
    #[error("the renewed certificate was not taken: {0}; the present one is shown on")]
    NotRenewed(String),
    /// A certificate could not be made.
    #[error("the certificate of {division} could not be made: {cause}")]
    Certificate {
        /// The division.
        division: DivisionCode,
        /// The certificate library's error.
        cause: rcgen::Error,
    },
}

/// Returns the path of a division's identity below a data directory.
pub fn directory(dir: &Path, division: DivisionCode) -> PathBuf {
    dir.join("identity").join(division.to_string())
}

/// Writes a time in seconds since 1970, such as `2026-12-15 08:00 UTC`.
fn moment(seconds: i64) -> String {
    let at = time::OffsetDateTime::from_unix_timestamp(seconds);
    at.map_or_else(
        |_| format!("{seconds} s after 1970"),
        |at| format!("{} {:02}:{:02} UTC", at.date(), at.hour(), at.minute()),
    )
}

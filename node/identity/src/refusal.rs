//! Why a peer is refused: one reason each, for the log, the counters and the person who has to mend it.

use std::{io, sync::Arc};

use rustls::{CertificateError, OtherError};
use topology::DivisionCode;

/// Why the party at the other end of a connection is not let in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeerRefusal {
    /// No certificate was shown.
    #[error("the peer showed no certificate; only nodes of the network may connect here")]
    NoCertificate,
    /// The peer speaks no TLS 1.3, or otherwise not our protocol.
    #[error("the peer does not speak TLS 1.3 as this network does: {0}")]
    Protocol(String),
    /// The bytes are no certificate, or one with contents that must not be there.
    #[error("the certificate does not read: {0}")]
    Malformed(String),
    /// No path from the certificate to a root that this node trusts.
    #[error(
        "the certificate leads to no root this node trusts; compare the root fingerprints in `network.toml`"
    )]
    UnknownRoot,
    /// A signature in the path is not by the issuer it names.
    #[error(
        "a signature in the certificate's path is not its issuer's: forged, or another network of the same name"
    )]
    Forged,
    /// A certificate of the path is past its last day.
    #[error("the certificate or one above it has expired; renew it, or check this machine's clock")]
    Expired,
    /// A certificate of the path begins in the future.
    #[error("the certificate or one above it is not valid yet; check the clocks of both machines")]
    NotYetValid,
    /// A name outside what an issuer of the path may issue for.
    #[error("the certificate names something outside the subtree of an issuer above it")]
    OutsideSubtree,
    /// An issuing certificate below one that must not have any, or too many.
    #[error("the certificate's path is longer than an issuer in it allows")]
    PathTooLong,
    /// Client or server authentication is not among its usages.
    #[error(
        "the certificate is not meant for this side of a connection; node certificates carry both usages"
    )]
    WrongUsage,
    /// An issuing certificate shown as a node's.
    #[error("the peer showed an issuing certificate instead of a node's")]
    IsCa,
    /// No name in it that counts; the common name does not.
    #[error("the certificate carries no division name (a subject common name does not count)")]
    NoDivisionName,
    /// More than one name.
    #[error("the certificate carries {0} names; a node has exactly one")]
    SeveralNames(usize),
    /// An address, mail address or URI instead of a DNS name.
    #[error("the certificate's name is no DNS name")]
    NotADnsName,
    /// A wildcard.
    #[error("the certificate's name `{0}` is a wildcard; a node has one whole name")]
    Wildcard(String),
    /// A DNS name that spells no division of the tree.
    #[error("`{0}` is no division of this tree; compare zone and topology edition")]
    UnknownDivision(String),
    /// A division that is no government and has no node.
    #[error("{0} is a statistical unit without a node")]
    NotANode(DivisionCode),
    /// Issued by something else than the chain of issuing certificates above its division.
    #[error("the certificate of {0} was not issued by its direct parent's issuing certificate")]
    WrongIssuer(DivisionCode),
    /// Made before a key of that division was revoked.
    #[error(
        "the certificate of {0} was made before its keys were revoked; its parent must enrol it anew"
    )]
    Revoked(DivisionCode),
    /// A node that may not dial here.
    #[error("{peer} is not a direct child of {here}; a node dials its own parent only")]
    NotDirectChild {
        /// Who dialled.
        peer: DivisionCode,
        /// Who was dialled.
        here: DivisionCode,
    },
    /// Another node than the one that was dialled.
    #[error("{found} answered where {expected} was expected; check the parent's address")]
    WrongDivision {
        /// Who was dialled.
        expected: DivisionCode,
        /// Who answered.
        found: DivisionCode,
    },
}

impl PeerRefusal {
    /// The reason as one word, for log fields and counters.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::NoCertificate => "no-certificate",
            Self::Protocol(_) => "protocol",
            Self::Malformed(_) => "malformed",
            Self::UnknownRoot => "unknown-root",
            Self::Forged => "forged",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::OutsideSubtree => "outside-subtree",
            Self::PathTooLong => "path-too-long",
            Self::WrongUsage => "wrong-usage",
            Self::IsCa => "is-ca",
            Self::NoDivisionName => "no-division-name",
            Self::SeveralNames(_) => "several-names",
            Self::NotADnsName => "not-a-dns-name",
            Self::Wildcard(_) => "wildcard",
            Self::UnknownDivision(_) => "unknown-division",
            Self::NotANode(_) => "not-a-node",
            Self::WrongIssuer(_) => "wrong-issuer",
            Self::Revoked(_) => "revoked",
            Self::NotDirectChild { .. } => "not-direct-child",
            Self::WrongDivision { .. } => "wrong-division",
        }
    }

    /// The refusal of this side behind a failed handshake; `None` if it failed for another cause, such
    /// as an alert from the other side.
    pub fn of(error: &rustls::Error) -> Option<Self> {
        match error {
            rustls::Error::NoCertificatesPresented => Some(Self::NoCertificate),
            rustls::Error::PeerIncompatible(cause) => Some(Self::Protocol(format!("{cause:?}"))),
            rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(inner))) => {
                inner.downcast_ref::<Self>().cloned()
            }
            rustls::Error::InvalidCertificate(other) => Some(Self::Malformed(format!("{other:?}"))),
            _ => None,
        }
    }

    /// [`PeerRefusal::of`] for the input/output error in which tokio-rustls wraps a failed handshake.
    pub fn of_io(error: &io::Error) -> Option<Self> {
        error
            .get_ref()?
            .downcast_ref::<rustls::Error>()
            .and_then(Self::of)
    }
}

impl From<PeerRefusal> for rustls::Error {
    fn from(refusal: PeerRefusal) -> Self {
        Self::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(refusal))))
    }
}

impl From<webpki::Error> for PeerRefusal {
    fn from(error: webpki::Error) -> Self {
        use webpki::Error as E;
        match error {
            E::CertExpired { .. } => Self::Expired,
            E::CertNotValidYet { .. } => Self::NotYetValid,
            E::UnknownIssuer => Self::UnknownRoot,
            E::InvalidSignatureForPublicKey
            | E::UnsupportedSignatureAlgorithmContext(_)
            | E::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => Self::Forged,
            E::NameConstraintViolation => Self::OutsideSubtree,
            E::PathLenConstraintViolated | E::MaximumPathDepthExceeded => Self::PathTooLong,
            E::RequiredEkuNotFoundContext(_) | E::EmptyEkuExtension => Self::WrongUsage,
            E::CaUsedAsEndEntity => Self::IsCa,
            other => Self::Malformed(format!("{other:?}")),
        }
    }
}

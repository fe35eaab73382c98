//! Reasons for refusing a peer, for the log, the counters and the person who has to fix it.

use std::{io, sync::Arc};

use rustls::{CertificateError, OtherError};
use topology::DivisionCode;

/// The reason the party at the other end of a connection is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeerRefusal {
    /// No certificate was shown.
    #[error("the peer showed no certificate; only nodes of the network may connect here")]
    NoCertificate,
    /// The peer does not speak TLS 1.3, or differs from this network's protocol in another way.
    #[error("the peer does not speak TLS 1.3 as this network does: {0}")]
    Protocol(String),
    /// The bytes are not a certificate, or it has contents that must not be there.
    #[error("the certificate cannot be parsed: {0}")]
    Malformed(String),
    /// No path leads from the certificate to a root that this node trusts.
    #[error(
        "the certificate leads to no root that this node trusts; compare the root fingerprints in `network.toml`"
    )]
    UnknownRoot,
    /// A signature in the path is not by the issuer it names.
    #[error(
        "a signature in the certificate's path is not its issuer's: forged, or another network of the same name"
    )]
    Forged,
    /// A certificate of the path has expired.
    #[error("the certificate or one above it has expired; renew it, or check this machine's clock")]
    Expired,
    /// A certificate of the path is not valid yet.
    #[error("the certificate or one above it is not valid yet; check the clocks of both machines")]
    NotYetValid,
    /// A name lies outside what an issuer of the path may issue for.
    #[error("the certificate names something outside the subtree of an issuer above it")]
    OutsideSubtree,
    /// The path has more issuing certificates than one of its issuers allows.
    #[error("the certificate's path is longer than an issuer in it allows")]
    PathTooLong,
    /// The certificate lacks the usage needed here: client or server authentication.
    #[error(
        "the certificate is not meant for this side of a connection; node certificates carry both usages"
    )]
    WrongUsage,
    /// An issuing certificate was shown as a node's.
    #[error("the peer showed an issuing certificate instead of a node's")]
    IsCa,
    /// The certificate has no subject alternative name; the common name does not count.
    #[error("the certificate carries no division name (a subject common name does not count)")]
    NoDivisionName,
    /// The certificate has more than one name.
    #[error("the certificate carries {0} names; a node has exactly one")]
    SeveralNames(usize),
    /// The name is an address, mail address or URI instead of a DNS name.
    #[error("the certificate's name is not a DNS name")]
    NotADnsName,
    /// The name is a wildcard.
    #[error("the certificate's name `{0}` is a wildcard; a node has one whole name")]
    Wildcard(String),
    /// The DNS name denotes no division of the tree.
    #[error("`{0}` is not a division of this tree; compare the zones and topology editions")]
    UnknownDivision(String),
    /// The division is a statistical unit and has no node.
    #[error("{0} is a statistical unit without a node")]
    NotANode(DivisionCode),
    /// The issuer is not the chain of issuing certificates above the division.
    #[error("the certificate of {0} was not issued by its direct parent's issuing certificate")]
    WrongIssuer(DivisionCode),
    /// The certificate was made before a key of that division was revoked.
    #[error(
        "the certificate of {0} was made before its keys were revoked; its parent must enrol it again"
    )]
    Revoked(DivisionCode),
    /// The peer may not dial here.
    #[error("{peer} is not a direct child of {here}; a node dials its own parent only")]
    NotDirectChild {
        /// The division that dialled.
        peer: DivisionCode,
        /// The division that was dialled.
        here: DivisionCode,
    },
    /// The root is not the one that an invitation names.
    #[error(
        "the root of the network there is not the one that the invitation names; check the address, or ask the parent's \
         operator for a new invitation"
    )]
    OtherRoot,
    /// Another node answered than the one that was dialled.
    #[error("{found} answered where {expected} was expected; check the parent's address")]
    WrongDivision {
        /// The division that was dialled.
        expected: DivisionCode,
        /// The division that answered.
        found: DivisionCode,
    },
}

impl PeerRefusal {
    /// Returns the reason as one word, for log fields and counters.
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
            Self::OtherRoot => "other-root",
            Self::WrongDivision { .. } => "wrong-division",
        }
    }

    /// Extracts this side's refusal from a failed handshake; `None` if it failed for another cause,
    /// such as an alert from the other side.
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

    /// Extracts the refusal like [`PeerRefusal::of`], from the I/O error of tokio-rustls.
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

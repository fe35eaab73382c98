//! Decides which peers may be at the other end of a connection.
//!
//! webpki checks signatures, dates, usages, path lengths and name constraints. It accepts a
//! certificate without any DNS name and a wildcard inside the subtree, and it does not know which
//! division is whose parent. The checks here come after it and demand exactly the path that
//! `profile` makes.

use std::{fmt, sync::Arc};

use domain::time::Timestamp;
use rustls::{
    DistinguishedName,
    client::danger::{ServerCertVerified, ServerCertVerifier},
    crypto::CryptoProvider,
    server::danger::{ClientCertVerified, ClientCertVerifier},
};
use rustls_pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use topology::{DivisionCode, Tree, dns};
use webpki::{EndEntityCert, KeyUsage, VerifiedPath};
use x509_parser::{
    certificate::X509Certificate,
    extensions::{GeneralName, ParsedExtension},
    prelude::FromDer,
};

use super::{profile::BACKDATED, refusal::PeerRefusal, revoked::Revoked};

/// Data that every verifier of a network needs.
#[derive(Clone)]
pub(super) struct Judge {
    pub(super) tree: Arc<Tree>,
    pub(super) zone: Arc<str>,
    pub(super) roots: Arc<[TrustAnchor<'static>]>,
    pub(super) provider: Arc<CryptoProvider>,
    pub(super) revoked: Arc<Revoked>,
}

/// The required relation of the peer to this node.
#[derive(Clone, Copy, Debug)]
enum Relation {
    ChildOf(DivisionCode),
    Exactly(DivisionCode),
}

/// Accepts the direct children of one division, or exactly the one division that was dialled.
pub(super) struct Verifier {
    judge: Judge,
    relation: Relation,
}

impl Verifier {
    pub(super) fn children_of(judge: Judge, here: DivisionCode) -> Arc<Self> {
        Arc::new(Self {
            judge,
            relation: Relation::ChildOf(here),
        })
    }

    pub(super) fn exactly(judge: Judge, expected: DivisionCode) -> Arc<Self> {
        Arc::new(Self {
            judge,
            relation: Relation::Exactly(expected),
        })
    }

    pub(super) fn check(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), PeerRefusal> {
        let usage = match self.relation {
            Relation::ChildOf(_) => KeyUsage::client_auth(),
            Relation::Exactly(_) => KeyUsage::server_auth(),
        };
        let peer = self.judge.verify(certificate, intermediates, usage, now)?;
        match self.relation {
            Relation::ChildOf(here) if self.judge.tree.parent(peer) != Some(here) => {
                Err(PeerRefusal::NotDirectChild { peer, here })
            }
            Relation::Exactly(expected) if peer != expected => Err(PeerRefusal::WrongDivision {
                expected,
                found: peer,
            }),
            _ => Ok(()),
        }
    }

    fn judge(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), rustls::Error> {
        // Not logged here: the caller logs refusals as totals, because there may be thousands in a
        // minute.
        self.check(certificate, intermediates, now)
            .map_err(rustls::Error::from)
    }

    fn provider(&self) -> &CryptoProvider {
        &self.judge.provider
    }
}

impl Judge {
    /// Verifies a chain and returns the division that it names.
    pub(super) fn verify(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        usage: KeyUsage,
        now: UnixTime,
    ) -> Result<DivisionCode, PeerRefusal> {
        let leaf = EndEntityCert::try_from(certificate)?;
        let path = leaf.verify_for_usage(
            self.provider.signature_verification_algorithms.all,
            &self.roots,
            intermediates,
            now,
            usage,
            None,
            None,
        )?;
        let division = self.division(certificate)?;
        self.check_path(division, &path)?;
        self.check_standing(division, &parse(certificate)?)?;
        Ok(division)
    }

    /// Returns the division that a node certificate names. The name can be trusted only if the
    /// certificate was verified.
    pub(super) fn division(
        &self,
        certificate: &CertificateDer<'_>,
    ) -> Result<DivisionCode, PeerRefusal> {
        let parsed = parse(certificate)?;
        if parsed.is_ca() {
            return Err(PeerRefusal::IsCa);
        }
        let names = parsed
            .subject_alternative_name()
            .map_err(|error| PeerRefusal::Malformed(error.to_string()))?
            .map_or(&[][..], |extension| &extension.value.general_names);
        let name = match names {
            [] => return Err(PeerRefusal::NoDivisionName),
            [GeneralName::DNSName(name)] => *name,
            [_] => return Err(PeerRefusal::NotADnsName),
            several => return Err(PeerRefusal::SeveralNames(several.len())),
        };
        if name.contains('*') {
            return Err(PeerRefusal::Wildcard(name.to_owned()));
        }
        let division = dns::code(name, &self.zone)
            .ok()
            .filter(|code| dns::name(*code, &self.zone) == name && self.tree.get(*code).is_some())
            .ok_or_else(|| PeerRefusal::UnknownDivision(name.to_owned()))?;
        if !self.tree.has_node(division) {
            return Err(PeerRefusal::NotANode(division));
        }
        Ok(division)
    }

    /// Checks that the path has exactly the issuing certificates of all ancestors, in order. It
    /// must end at the province's root.
    fn check_path(
        &self,
        division: DivisionCode,
        path: &VerifiedPath<'_>,
    ) -> Result<(), PeerRefusal> {
        let wrong = PeerRefusal::WrongIssuer(division);
        let mut issuers = path.intermediate_certificates();
        for ancestor in self.tree.ancestors(division) {
            if ancestor == self.tree.root() {
                break;
            }
            let issuer = issuers.next().ok_or_else(|| wrong.clone())?.der();
            let issuer = parse(&issuer)?;
            let name = dns::name(ancestor, &self.zone);
            if only_permitted_name(&issuer) != Some(name.as_str()) {
                return Err(wrong);
            }
            self.check_standing(ancestor, &issuer)?;
        }
        if issuers.next().is_some() {
            Err(wrong)
        } else {
            Ok(())
        }
    }

    /// Checks that a certificate was made after the latest revocation of its division's keys.
    ///
    /// A division whose signing key was stolen may have lost its other keys as well, so none of its
    /// earlier certificates count.
    fn check_standing(
        &self,
        division: DivisionCode,
        certificate: &X509Certificate<'_>,
    ) -> Result<(), PeerRefusal> {
        let Some(since) = self.revoked.since(division) else {
            return Ok(());
        };
        let made = certificate.validity().not_before.timestamp() + BACKDATED.as_secs() as i64;
        if Timestamp(made.saturating_mul(1000)) > since {
            Ok(())
        } else {
            Err(PeerRefusal::Revoked(division))
        }
    }
}

/// Returns the only DNS subtree an issuing certificate is restricted to; `None` if it permits
/// anything else, or everything.
pub(super) fn only_permitted_name<'a>(certificate: &X509Certificate<'a>) -> Option<&'a str> {
    let constraints = certificate.extensions().iter().find_map(|extension| {
        match extension.parsed_extension() {
            ParsedExtension::NameConstraints(constraints) => Some(constraints),
            _ => None,
        }
    })?;
    match constraints.permitted_subtrees.as_deref()? {
        [subtree] => match subtree.base {
            GeneralName::DNSName(name) => Some(name),
            _ => None,
        },
        _ => None,
    }
}

pub(super) fn parse<'a>(
    certificate: &'a CertificateDer<'_>,
) -> Result<X509Certificate<'a>, PeerRefusal> {
    match X509Certificate::from_der(certificate) {
        Ok(([], parsed)) => Ok(parsed),
        Ok(_) => Err(PeerRefusal::Malformed(
            "bytes after the certificate".to_owned(),
        )),
        Err(error) => Err(PeerRefusal::Malformed(error.to_string())),
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Verifier({:?})", self.relation)
    }
}

/// Verifies signatures inside a handshake, which does not depend on which side dialled.
macro_rules! same_on_both_sides {
    () => {
        fn verify_tls12_signature(
            &self,
            _: &[u8],
            _: &rustls_pki_types::CertificateDer<'_>,
            _: &rustls::DigitallySignedStruct,
        ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
            Err(rustls::PeerIncompatible::SupportedVersionsExtensionRequired.into())
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &rustls_pki_types::CertificateDer<'_>,
            signed: &rustls::DigitallySignedStruct,
        ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
            let algorithms = &self.provider().signature_verification_algorithms;
            rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
        }

        fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
            let algorithms = &self.provider().signature_verification_algorithms;
            algorithms.supported_schemes()
        }
    };
}

pub(super) use same_on_both_sides;

impl ClientCertVerifier for Verifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        self.judge(end_entity, intermediates, now)
            .map(|()| ClientCertVerified::assertion())
    }

    same_on_both_sides!();
}

impl ServerCertVerifier for Verifier {
    /// Ignores the server name, which only served to find the address; the expected division was
    /// fixed when this verifier was made.
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.judge(end_entity, intermediates, now)
            .map(|()| ServerCertVerified::assertion())
    }

    same_on_both_sides!();
}

//! The certificate profile: contents of root, issuing and node certificates. `verify` accepts
//! nothing else.
//!
//! ```text
//! root     CA, self-signed, names only under the province, path length 3; names the province's key
//!          statement in a URI, see `anchor`
//! issuing  CA, signed by the parent's root or issuing key, names only under its division, path
//!          length = the tiers left between it and the villages
//! node     no CA, exactly one name: its division's DNS name; client and server; signed by its direct
//!          parent's issuing key (the province's by its own root)
//! ```

use std::time::Duration;

use domain::certificate::Validity;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, SanType,
    string::Ia5String,
};
use rustls_pki_types::{CertificateDer, UnixTime};
use time::OffsetDateTime;
use topology::{DivisionCode, Tier, dns};

use super::IdentityError;

/// Lifetimes of certificates, counted from the moment they are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// Lifetime of a node's TLS certificate. Default 14 days, longer than any holiday: a stolen key is soon of no use.
    pub node: Duration,
    /// Lifetime of an issuing certificate. Default 400 days: a township that was cut off for a year still renews its villages.
    pub issuing: Duration,
    /// Lifetime of the province's root. Default 20 years (of 365 days).
    pub root: Duration,
}

impl Lifetimes {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            node: Self::DAY * 14,
            issuing: Self::DAY * 400,
            root: Self::DAY * 365 * 20,
        }
    }
}

/// The time certificates are made and their lifetimes.
#[derive(Clone, Copy, Debug)]
pub struct CertificateProfile {
    /// The time of making. Certificates are valid from 5 minutes before it, for slow clocks.
    pub now: UnixTime,
    /// The lifetimes.
    pub lifetimes: Lifetimes,
}

impl CertificateProfile {
    /// Builds the profile with the default lifetimes from `now` on.
    pub fn at(now: UnixTime) -> Self {
        Self {
            now,
            lifetimes: Lifetimes::default(),
        }
    }

    /// Returns the profile of what is signed with a certificate of this validity, which nothing outlives.
    ///
    /// # Errors
    /// [`IdentityError::IssuerEnds`] on its last day.
    pub(super) fn under(&self, issuer: Validity) -> Result<Self, IdentityError> {
        let now = i64::try_from(self.now.as_secs()).unwrap_or(i64::MAX);
        let capped = |life: Duration| {
            let life = i64::try_from(life.as_secs()).unwrap_or(i64::MAX);
            let end = issuer.end_of_signed(life, now);
            let end = end.ok_or(IdentityError::IssuerEnds(issuer.through))?;
            Ok::<_, IdentityError>(Duration::from_secs(end.abs_diff(now)))
        };
        Ok(Self {
            now: self.now,
            lifetimes: Lifetimes {
                node: capped(self.lifetimes.node)?,
                issuing: capped(self.lifetimes.issuing)?,
                root: self.lifetimes.root,
            },
        })
    }
}

/// Time by which the start of validity precedes the making.
pub(super) const BACKDATED: Duration = Duration::from_mins(5);

/// Builds the parameters of a province's root, to be signed with its own key. `key` is the URI of
/// the province's key statement.
pub(super) fn root(
    province: DivisionCode,
    zone: &str,
    network: &str,
    key: Ia5String,
    terms: &CertificateProfile,
) -> CertificateParams {
    let mut params = authority(province, zone, network, terms, terms.lifetimes.root);
    params.subject_alt_names = vec![SanType::URI(key)];
    params
}

/// Builds the parameters of the issuing certificate of a division below the province.
pub(super) fn issuing(
    division: DivisionCode,
    zone: &str,
    network: &str,
    terms: &CertificateProfile,
) -> CertificateParams {
    authority(division, zone, network, terms, terms.lifetimes.issuing)
}

/// Builds the parameters of a node's TLS certificate.
pub(super) fn node(
    division: DivisionCode,
    zone: &str,
    terms: &CertificateProfile,
) -> CertificateParams {
    let name = dns::name(division, zone);
    let mut params = dated(terms, terms.lifetimes.node);
    // The common name is for people who print the certificate; no verifier reads it.
    params
        .distinguished_name
        .push(DnType::CommonName, name.as_str());
    let name = name.try_into().expect("labels and zone are ASCII");
    params.subject_alt_names = vec![SanType::DnsName(name)];
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ClientAuth,
        ExtendedKeyUsagePurpose::ServerAuth,
    ];
    params
}

/// Returns how many issuing certificates may follow below one of that tier.
pub(super) const fn path_length(tier: Tier) -> u8 {
    match tier {
        Tier::Province => 3,
        Tier::City => 2,
        Tier::County => 1,
        Tier::Township | Tier::Village => 0,
    }
}

fn authority(
    division: DivisionCode,
    zone: &str,
    network: &str,
    terms: &CertificateProfile,
    lifetime: Duration,
) -> CertificateParams {
    let name = dns::name(division, zone);
    let mut params = dated(terms, lifetime);
    // The network in the name keeps issuers of two networks apart while a path is searched.
    params
        .distinguished_name
        .push(DnType::OrganizationName, network);
    params
        .distinguished_name
        .push(DnType::CommonName, name.as_str());
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(path_length(division.tier())));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName(name)],
        excluded_subtrees: Vec::new(),
    });
    params
}

fn dated(terms: &CertificateProfile, lifetime: Duration) -> CertificateParams {
    let seconds = i64::try_from(terms.now.as_secs()).unwrap_or(i64::MAX);
    let now = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.not_before = now - BACKDATED;
    params.not_after = now + lifetime;
    params.use_authority_key_identifier_extension = true;
    params
}

/// Builds an issuer from an authority's certificate and key.
pub(super) fn issuer(
    certificate: &CertificateDer<'_>,
    key: KeyPair,
) -> Result<Issuer<'static, KeyPair>, rcgen::Error> {
    Issuer::from_ca_cert_der(certificate, key)
}

//! The parent's part of enrolment over the network: checks what a machine shows of its keys, and issues for them what
//! `init --issuer` issues.

use std::path::Path;

use domain::{invitation::BadJoinKeys, suite::Suite};
use rcgen::{CertificateSigningRequestParams, PKCS_ECDSA_P256_SHA256, PublicKey, PublicKeyData};
use rustls_pki_types::{CertificateDer, CertificateSigningRequestDer};
use topology::{DivisionCode, Tree};

use super::{Authority, Scope, ledger, replace::newest_first, validity};
use crate::{
    IdentityError, directory,
    network::{self, Network},
    profile::CertificateProfile,
    statement::{KeyStatement, SignedKeyStatement, is_possessed},
};

/// Bytes of an uncompressed point of P-256.
const P256_POINT: usize = 65;

/// What a machine shows of the keys that it made for a division.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// The statement of its signing key and sealing key, not signed by anybody yet.
    pub statement: Vec<u8>,
    /// The signing key's own signature under the statement.
    pub possession: Vec<u8>,
    /// A certificate request (PKCS #10) with its TLS key. The names in it do not matter.
    pub tls: Vec<u8>,
    /// The same with its issuing key, if the division has children.
    pub issuing: Option<Vec<u8>>,
}

/// What an invitation says of the keys.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    /// The network.
    pub network: [u8; 16],
    /// The division.
    pub division: DivisionCode,
    /// The number of its key.
    pub serial: u32,
    /// The suite of signing keys.
    pub suite: Suite,
}

/// An application whose keys are sound and held by whoever made it.
#[derive(Clone, Debug)]
pub struct CheckedApplication {
    /// The statement.
    pub statement: KeyStatement,
    possession: Vec<u8>,
    tls: PublicKey,
    issuing: Option<PublicKey>,
}

impl Application {
    /// Checks the keys: what is stated is what was expected, and every key signed for itself.
    ///
    /// # Errors
    /// [`BadJoinKeys`] of the first fault.
    pub fn check(
        &self,
        expected: Expected,
        tree: &Tree,
    ) -> Result<CheckedApplication, BadJoinKeys> {
        let unread = |_| BadJoinKeys::Statement("it cannot be read");
        let statement = KeyStatement::decode(&self.statement).map_err(unread)?;
        let faults = [
            (statement.network == expected.network, "another network"),
            (statement.division == expected.division, "another division"),
            (statement.serial == expected.serial, "another number"),
            (statement.suite == expected.suite, "another suite"),
        ];
        if let Some((_, what)) = faults.into_iter().find(|(holds, _)| !holds) {
            return Err(BadJoinKeys::Statement(what));
        }
        if !is_possessed(&statement, &self.statement, &self.possession) {
            return Err(BadJoinKeys::NotHeld);
        }
        let tls = requested(&self.tls)?;
        let issuing = self.issuing.as_deref().map(requested).transpose()?;
        let needs_issuing = tree.children(expected.division).len() > 0;
        if issuing.is_some() != needs_issuing || issuing.as_ref() == Some(&tls) {
            return Err(BadJoinKeys::TlsKeys);
        }
        Ok(CheckedApplication {
            statement,
            possession: self.possession.clone(),
            tls,
            issuing,
        })
    }
}

/// Reads the key of a certificate request, which signed it: a key of the kind P-256.
pub(crate) fn requested(request: &[u8]) -> Result<PublicKey, BadJoinKeys> {
    let request = CertificateSigningRequestDer::from(request);
    let read = CertificateSigningRequestParams::from_der(&request);
    let key = read
        .map_err(|_| BadJoinKeys::CertificateRequest)?
        .public_key;
    let is_p256 = *key.algorithm() == PKCS_ECDSA_P256_SHA256 && key.der_bytes().len() == P256_POINT;
    match is_p256 {
        true => Ok(key),
        false => Err(BadJoinKeys::CertificateRequest),
    }
}

/// What a parent gives to a division that joins. All of it is public.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Whether the network is a demonstration.
    pub demo: bool,
    /// The root.
    pub root: CertificateDer<'static>,
    /// The division's certificate and the issuing ones above it, without the root.
    pub node: Vec<CertificateDer<'static>>,
    /// Its issuing certificate and those above it; empty for a division without children.
    pub issuing: Vec<CertificateDer<'static>>,
    /// Its key statement first, then those of its earlier keys, then those above it.
    pub key_chain: Vec<SignedKeyStatement>,
    /// The provinces' own key statements that are trusted.
    pub anchors: Vec<SignedKeyStatement>,
}

/// Issues what a division gets for its keys, by the parent `issuer`, whose identity is in `dir`. Writes nothing: the
/// statement counts once [`keep_stated`] has written it. `known` are statements of the division's earlier keys that
/// others showed.
///
/// # Errors
/// [`IdentityError`] if the keys of the parent cannot be read or used.
pub fn grant(
    dir: &Path,
    issuer: DivisionCode,
    application: CheckedApplication,
    known: &[SignedKeyStatement],
    (tree, terms): (&Tree, &CertificateProfile),
) -> Result<(SignedKeyStatement, Grant), IdentityError> {
    let network = Network::load(dir)?;
    let authority = Authority::load(dir, issuer, tree)?;
    let scope = Scope {
        id: network.id,
        zone: &network.zone,
        suite: network.suite,
        tree,
        terms,
    };
    let CheckedApplication {
        statement,
        possession,
        tls,
        issuing,
    } = application;
    let division = statement.division;
    let stated = ledger::read(dir, issuer)?;
    let mut older = newest_first(division, known.iter().chain(&stated));
    older.retain(|(of, _)| of.serial < statement.serial);
    let older = older.into_iter().map(|(_, signed)| signed).collect();
    let signed =
        SignedKeyStatement::sign_possessed(statement.encode(), possession, &authority.signing)?;
    let of_it = (division, signed.clone(), older);
    let issued = scope.issue(of_it, (&tls, issuing.as_ref()), &authority)?;
    let grant = Grant {
        demo: network.demo,
        root: network.root_certificates[0].clone(),
        node: issued.node,
        issuing: issued.issuing,
        key_chain: issued.key_chain,
        anchors: network.anchors.clone(),
    };
    Ok((signed, grant))
}

/// Returns when the issuing certificate of a division ends, in seconds since 1970.
///
/// # Errors
/// [`IdentityError`] if it cannot be read.
pub fn issuer_ends(dir: &Path, issuer: DivisionCode) -> Result<i64, IdentityError> {
    let path = directory(dir, issuer).join("issuing.pem");
    let certificates = network::certificates(&path)?;
    let own = validity(&certificates[0]);
    let own = own.map_err(|why| IdentityError::Unreadable { path, why })?;
    Ok(own.through)
}

/// Writes a statement that `issuer` made into its ledger, if it is not there.
///
/// # Errors
/// [`IdentityError`] if the ledger cannot be read or written.
pub fn keep_stated(
    dir: &Path,
    issuer: DivisionCode,
    signed: &SignedKeyStatement,
) -> Result<(), IdentityError> {
    let mut stated = ledger::read(dir, issuer)?;
    if stated.iter().any(|known| known.bytes == signed.bytes) {
        return Ok(());
    }
    stated.push(signed.clone());
    ledger::write(dir, issuer, &stated)
}

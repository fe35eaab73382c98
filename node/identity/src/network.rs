//! Data that all nodes of a network share: its id, its zone and its trust anchors.

use std::{path::Path, sync::Arc};

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use domain::suite::Suite;
use ring::digest::{SHA256, digest};
use rustls_pki_types::{CertificateDer, TrustAnchor, pem::PemObject};
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{
    IdentityError, files, keyring::KeyRing, pem, revoked::Revoked, statement::SignedKeyStatement,
};

pub(super) const FILE: &str = "network.toml";
pub(super) const ROOTS: &str = "roots.pem";
pub(super) const ANCHORS: &str = "anchors.bin";

/// A network as recorded in one data directory. Shared by all nodes in that directory.
#[derive(Debug)]
pub struct Network {
    /// Random; part of every signed statement, so that a statement of one network is invalid in
    /// another.
    pub id: [u8; 16],
    /// The DNS zone of the division names, such as `zj.example`.
    pub zone: Arc<str>,
    /// Whether this is a demonstration, whose figures mean nothing.
    pub demo: bool,
    /// The suite of new keys, unless another is named.
    pub suite: Suite,
    /// SHA-256 of each trusted root certificate, in hexadecimal.
    pub fingerprints: Vec<String>,
    /// The trusted roots.
    pub roots: Arc<[TrustAnchor<'static>]>,
    /// The certificates of the trusted roots.
    pub root_certificates: Vec<CertificateDer<'static>>,
    /// The provinces' own key statements that are trusted.
    pub anchors: Vec<SignedKeyStatement>,
    /// Keys that no longer count.
    pub revoked: Arc<Revoked>,
}

/// The content of `network.toml`.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NetworkFile {
    pub(super) network: String,
    pub(super) province: DivisionCode,
    pub(super) zone: String,
    pub(super) demo: bool,
    pub(super) suite: Suite,
    pub(super) root_sha256: Vec<String>,
}

impl NetworkFile {
    /// Writes it into a data directory with the root and the anchors beside it, unless there is one.
    pub(super) fn write_if_missing(
        &self,
        dir: &Path,
        root: &CertificateDer<'_>,
        anchors: &[SignedKeyStatement],
    ) -> Result<(), IdentityError> {
        if dir.join(FILE).exists() {
            return Ok(());
        }
        files::write(&dir.join(ROOTS), pem::block("CERTIFICATE", root).as_bytes())?;
        files::write(&dir.join(ANCHORS), &SignedKeyStatement::encode_all(anchors))?;
        // Written last: its presence says that the other files are complete.
        let text = toml::to_string(self).expect("strings, a boolean and a list are valid TOML");
        Ok(files::write(&dir.join(FILE), text.as_bytes())?)
    }
}

impl Network {
    /// Reads `network.toml`, `roots.pem` and `anchors.bin` of a data directory.
    ///
    /// # Errors
    /// [`IdentityError::File`], [`IdentityError::Unreadable`], and [`IdentityError::Mismatch`] if
    /// `network.toml` does not list a root's fingerprint.
    pub fn load(dir: &Path) -> Result<Arc<Self>, IdentityError> {
        let path = dir.join(FILE);
        let unreadable = |why: String| IdentityError::Unreadable {
            path: path.clone(),
            why,
        };
        let text = String::from_utf8(files::read(&path)?)
            .map_err(|_| unreadable("it is not UTF-8".to_owned()))?;
        let file: NetworkFile =
            toml::from_str(&text).map_err(|error| unreadable(error.to_string()))?;
        let id = read_id(&file.network)
            .ok_or_else(|| unreadable("`network` is not 32 hexadecimal digits".to_owned()))?;
        let (roots, root_certificates) = load_roots(&dir.join(ROOTS), &file.root_sha256)?;
        let fingerprints = root_certificates.iter().map(fingerprint).collect();
        let path = dir.join(ANCHORS);
        let anchors = SignedKeyStatement::decode_all(&files::read(&path)?).map_err(|why| {
            IdentityError::Unreadable {
                path,
                why: why.to_string(),
            }
        })?;
        if anchors.is_empty() {
            let why = "it is empty".to_owned();
            return Err(IdentityError::Unreadable {
                path: dir.join(ANCHORS),
                why,
            });
        }
        Ok(Arc::new(Self {
            id,
            zone: file.zone.into(),
            demo: file.demo,
            suite: file.suite,
            fingerprints,
            roots,
            root_certificates,
            anchors,
            revoked: Arc::default(),
        }))
    }

    /// Builds an empty ring for the keys of this network.
    pub fn key_ring(&self) -> KeyRing {
        KeyRing::new(self.id, self.anchors.clone(), Arc::clone(&self.revoked))
    }

    /// Returns the network's id in hexadecimal, as shown to people.
    pub fn id_hex(&self) -> String {
        HEXLOWER.encode(&self.id)
    }
}

/// Roots as webpki takes them, and their certificates.
type TrustedRoots = (Arc<[TrustAnchor<'static>]>, Vec<CertificateDer<'static>>);

fn load_roots(path: &Path, listed: &[String]) -> Result<TrustedRoots, IdentityError> {
    let unreadable = |why: String| IdentityError::Unreadable {
        path: path.to_owned(),
        why,
    };
    let certificates = certificates(path)?;
    let fingerprints: Vec<_> = certificates.iter().map(fingerprint).collect();
    if let Some(stranger) = fingerprints.iter().find(|print| !listed.contains(print)) {
        let why = format!("root {stranger} is not listed in {FILE}");
        return Err(IdentityError::Mismatch {
            path: path.to_owned(),
            why,
        });
    }
    if let Some(lost) = listed.iter().find(|print| !fingerprints.contains(print)) {
        return Err(unreadable(format!(
            "it is cut short: root {lost}, which {FILE} lists, is not in it"
        )));
    }
    let roots: Result<Vec<_>, _> = certificates
        .iter()
        .map(|root| webpki::anchor_from_trusted_cert(root).map(|anchor| anchor.to_owned()))
        .collect();
    Ok((
        roots
            .map_err(|error| unreadable(format!("{error:?}")))?
            .into(),
        certificates,
    ))
}

/// Reads all certificates of a PEM file; at least one.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, IdentityError> {
    in_pem(&files::read(path)?).map_err(|why| IdentityError::Unreadable {
        path: path.to_owned(),
        why,
    })
}

/// All certificates in the text of such a file. The error says what is wrong with it.
pub(super) fn in_pem(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let read = read.map_err(|error| error.to_string())?;
    match read.is_empty() {
        true => Err("it holds no certificate".to_owned()),
        false => Ok(read),
    }
}

/// Returns the SHA-256 of a certificate, in hexadecimal.
pub(super) fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    HEXLOWER.encode(digest(&SHA256, certificate).as_ref())
}

fn read_id(text: &str) -> Option<[u8; 16]> {
    let bytes = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?;
    bytes.try_into().ok()
}

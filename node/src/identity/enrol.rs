//! Founding a network and enrolling divisions whose parent's issuing key is on the same machine. Blocks
//! on the disk.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    path::Path,
};

use rcgen::{CertificateParams, Issuer, KeyPair};
use ring::rand::{SecureRandom, SystemRandom};
use rustls_pki_types::{CertificateDer, DnsName};
use topology::{DivisionCode, Tree, dns};

use super::{
    IdentityError, anchor, directory,
    files::{self, Folders},
    keystore::{FileKeyStore, KeyError, KeyStore},
    network::{self, Network, NetworkFile},
    profile::{self, Terms},
    sealing::{FileSealingKey, SealingKey},
    statement::{KeyStatement, Purpose, SignedKeyStatement},
};
use crate::domain::suite::Suite;

/// What a new network is called and how it signs.
#[derive(Clone, Debug)]
pub struct Founding {
    /// The DNS zone of the division names, lower case, such as `zj.example`.
    pub zone: String,
    /// Marks a demonstration.
    pub demo: bool,
    /// The suite of its signing keys.
    pub suite: Suite,
}

/// Founds a network in an empty data directory: a random id, the province's root, and the identity of
/// the province's node.
///
/// # Errors
/// [`IdentityError::AlreadyFounded`], [`IdentityError::Zone`], or what making keys and files gives.
pub fn found_network(
    dir: &Path,
    tree: &Tree,
    founding: &Founding,
    terms: &Terms,
) -> Result<(), IdentityError> {
    let path = dir.join(network::FILE);
    if path.exists() {
        return Err(IdentityError::AlreadyFounded(path));
    }
    let home = directory(dir, tree.root());
    if home.exists() {
        return Err(IdentityError::AlreadyEnrolled(home));
    }
    let zone = &founding.zone;
    let lowest = format!("000.000.00.00.{}", dns::name(tree.root(), zone));
    if zone.bytes().any(|byte| byte.is_ascii_uppercase())
        || zone.ends_with('.')
        || zone.is_empty()
        || DnsName::try_from(lowest.as_str()).is_err()
    {
        return Err(IdentityError::Zone(zone.clone()));
    }
    let mut id = [0; 16];
    SystemRandom::new()
        .fill(&mut id)
        .map_err(|_| KeyError::Randomness)?;
    let scope = Scope {
        id,
        zone,
        suite: founding.suite,
        tree,
        terms,
    };

    let province = tree.root();
    let mut folders = Folders::default();
    folders.begin(&home)?;
    let root_key = new_key(province)?;
    let root_key_pem = root_key.serialize_pem();
    let (signing, signing_pem) = FileKeyStore::generate(founding.suite)?;
    let (sealing, sealing_pem) = FileSealingKey::generate()?;
    let anchor = scope
        .statement(province, &signing, &sealing)
        .sign_now(&signing, &signing)?;
    let key = anchor::name(&anchor)
        .try_into()
        .map_err(|cause| failed(province, cause))?;
    let params = profile::root(province, zone, &network::hex(&id), key, terms);
    let root = params
        .self_signed(&root_key)
        .map_err(|cause| failed(province, cause))?;
    let authority = Authority {
        certificates: Vec::new(),
        issuer: profile::issuer(root.der(), root_key).map_err(|cause| failed(province, cause))?,
        signing,
        key_chain: vec![anchor],
    };
    folders.put("issuing.key", root_key_pem.as_bytes(), true)?;
    folders.put("issuing.pem", root.pem().as_bytes(), false)?;
    folders.put("sign.key", signing_pem.as_bytes(), true)?;
    folders.put("seal.key", sealing_pem.as_bytes(), true)?;
    let anchors = SignedKeyStatement::encode_all(&authority.key_chain);
    folders.put("keys.bin", &anchors, false)?;
    scope.put_tls(&mut folders, province, &authority)?;
    folders.commit()?;

    files::write(&dir.join(network::ROOTS), root.pem().as_bytes())?;
    files::write(&dir.join(network::ANCHORS), &anchors)?;
    let file = NetworkFile {
        network: network::hex(&id),
        province,
        zone: zone.clone(),
        demo: founding.demo,
        suite: founding.suite,
        root_sha256: vec![network::fingerprint(root.der())],
    };
    // Last, because its presence says that the rest is there.
    let text = toml::to_string(&file).expect("strings, a boolean and a list are valid TOML");
    Ok(files::write(&path, text.as_bytes())?)
}

/// Enrols divisions into `dir`. Each one's parent must have its identity in `issuer_dir` (which may be
/// `dir`) or come before it in the list. Nothing appears before all of it is made and durable; after a
/// crash in the last step some divisions may be there, each whole (see [`super::Identity::exists`]).
///
/// # Errors
/// [`IdentityError::AlreadyEnrolled`], [`IdentityError::UnknownDivision`],
/// [`IdentityError::OtherNetwork`], or what reading the issuer and making keys and files gives.
pub fn enrol(
    dir: &Path,
    divisions: &[DivisionCode],
    issuer_dir: &Path,
    tree: &Tree,
    terms: &Terms,
) -> Result<(), IdentityError> {
    let network = Network::load(issuer_dir)?;
    share_network(dir, issuer_dir, &network)?;
    let scope = Scope {
        id: network.id,
        zone: &network.zone,
        suite: network.suite,
        tree,
        terms,
    };
    let mut authorities = HashMap::new();
    let mut begun = HashSet::new();
    let mut folders = Folders::default();
    for &division in divisions {
        let parent = parent(tree, division)?;
        let target = directory(dir, division);
        if target.exists() || !begun.insert(division) {
            return Err(IdentityError::AlreadyEnrolled(target));
        }
        let authority = match authorities.entry(parent) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(Authority::load(issuer_dir, parent, tree)?),
        };
        folders.begin(&target)?;
        let made = scope.enrol(&mut folders, division, authority)?;
        if let Some(authority) = made {
            authorities.insert(division, authority);
        }
    }
    Ok(folders.commit()?)
}

/// Gives a division that is enrolled in `dir` a fresh node certificate for its TLS key, by its parent's
/// issuing key in `issuer_dir` (for the province: its root). Running nodes take it up with
/// [`super::Identity::reload`].
///
/// # Errors
/// [`IdentityError::UnknownDivision`], or what reading the issuer and writing the file gives.
pub fn renew(
    dir: &Path,
    division: DivisionCode,
    issuer_dir: &Path,
    tree: &Tree,
    terms: &Terms,
) -> Result<(), IdentityError> {
    let network = Network::load(issuer_dir)?;
    let scope = Scope {
        id: network.id,
        zone: &network.zone,
        suite: network.suite,
        tree,
        terms,
    };
    let issuer = if division == tree.root() {
        division
    } else {
        parent(tree, division)?
    };
    let authority = Authority::load(issuer_dir, issuer, tree)?;
    let home = directory(dir, division);
    let key = load_key(&home.join("tls.key"))?;
    let chain = scope.tls_chain(division, &key, &authority)?;
    Ok(files::write(&home.join("tls.pem"), chain.as_bytes())?)
}

/// What every certificate and statement made in one go has in common.
struct Scope<'a> {
    id: [u8; 16],
    zone: &'a str,
    suite: Suite,
    tree: &'a Tree,
    terms: &'a Terms,
}

/// A division that can enrol those below it.
pub(super) struct Authority {
    /// What stands between a child's certificate and the root: own issuing certificate first. Empty at
    /// the province, whose issuing certificate is the root.
    pub(super) certificates: Vec<CertificateDer<'static>>,
    pub(super) issuer: Issuer<'static, KeyPair>,
    pub(super) signing: FileKeyStore,
    pub(super) key_chain: Vec<SignedKeyStatement>,
}

impl Authority {
    pub(super) fn load(
        dir: &Path,
        division: DivisionCode,
        tree: &Tree,
    ) -> Result<Self, IdentityError> {
        let home = directory(dir, division);
        let path = home.join("issuing.pem");
        let mut certificates = network::certificates(&path)?;
        let key = load_key(&home.join("issuing.key"))?;
        let issuer =
            profile::issuer(&certificates[0], key).map_err(|cause| IdentityError::Unreadable {
                path: path.clone(),
                why: cause.to_string(),
            })?;
        if division == tree.root() {
            certificates.clear();
        }
        let path = home.join("keys.bin");
        let key_chain = SignedKeyStatement::decode_all(&files::read(&path)?).map_err(|why| {
            IdentityError::Unreadable {
                path,
                why: why.to_string(),
            }
        })?;
        let signing = FileKeyStore::load(&home.join("sign.key"))?;
        Ok(Self {
            certificates,
            issuer,
            signing,
            key_chain,
        })
    }
}

impl Scope<'_> {
    /// Makes all files of one division below the province; gives its authority if it has children.
    fn enrol(
        &self,
        folders: &mut Folders,
        division: DivisionCode,
        parent: &Authority,
    ) -> Result<Option<Authority>, IdentityError> {
        let (signing, signing_pem) = FileKeyStore::generate(self.suite)?;
        let (sealing, sealing_pem) = FileSealingKey::generate()?;
        let stated = self
            .statement(division, &signing, &sealing)
            .sign_now(&signing, &parent.signing)?;
        let mut key_chain = vec![stated];
        key_chain.extend(parent.key_chain.iter().cloned());
        folders.put("sign.key", signing_pem.as_bytes(), true)?;
        folders.put("seal.key", sealing_pem.as_bytes(), true)?;
        folders.put(
            "keys.bin",
            &SignedKeyStatement::encode_all(&key_chain),
            false,
        )?;
        self.put_tls(folders, division, parent)?;
        if self.tree.children(division).len() == 0 {
            return Ok(None);
        }
        let key = new_key(division)?;
        let params = profile::issuing(division, self.zone, &network::hex(&self.id), self.terms);
        let certificate = sign(division, &params, &key, &parent.issuer)?;
        let mut certificates = vec![certificate];
        certificates.extend(parent.certificates.iter().cloned());
        folders.put("issuing.key", key.serialize_pem().as_bytes(), true)?;
        folders.put("issuing.pem", pem_chain(&certificates).as_bytes(), false)?;
        let issuer =
            profile::issuer(&certificates[0], key).map_err(|cause| failed(division, cause))?;
        Ok(Some(Authority {
            certificates,
            issuer,
            signing,
            key_chain,
        }))
    }

    fn put_tls(
        &self,
        folders: &mut Folders,
        division: DivisionCode,
        authority: &Authority,
    ) -> Result<(), IdentityError> {
        let key = new_key(division)?;
        let chain = self.tls_chain(division, &key, authority)?;
        folders.put("tls.key", key.serialize_pem().as_bytes(), true)?;
        Ok(folders.put("tls.pem", chain.as_bytes(), false)?)
    }

    fn tls_chain(
        &self,
        division: DivisionCode,
        key: &KeyPair,
        authority: &Authority,
    ) -> Result<String, IdentityError> {
        let params = profile::node(division, self.zone, self.terms);
        let mut chain = vec![sign(division, &params, key, &authority.issuer)?];
        chain.extend(authority.certificates.iter().cloned());
        Ok(pem_chain(&chain))
    }

    fn statement(
        &self,
        division: DivisionCode,
        key: &FileKeyStore,
        sealing: &FileSealingKey,
    ) -> KeyStatement {
        KeyStatement {
            network: self.id,
            division,
            suite: key.suite(),
            public: key.public().to_vec(),
            purpose: Purpose::Sign,
            serial: 1,
            issued_at: i64::try_from(self.terms.now.as_secs()).unwrap_or(i64::MAX),
            sealing: sealing.public().clone(),
        }
    }
}

fn parent(tree: &Tree, division: DivisionCode) -> Result<DivisionCode, IdentityError> {
    tree.parent(division)
        .filter(|_| tree.has_node(division))
        .ok_or(IdentityError::UnknownDivision(division))
}

fn share_network(dir: &Path, issuer_dir: &Path, network: &Network) -> Result<(), IdentityError> {
    if dir.join(network::FILE).exists() {
        if Network::load(dir)?.id != network.id {
            return Err(IdentityError::OtherNetwork(dir.to_owned()));
        }
        return Ok(());
    }
    for name in [network::ROOTS, network::ANCHORS, network::FILE] {
        files::write(&dir.join(name), &files::read(&issuer_dir.join(name))?)?;
    }
    Ok(())
}

/// P-256 for everything in TLS: the fastest to sign and verify in the default provider, and known to
/// every other TLS stack.
fn new_key(division: DivisionCode) -> Result<KeyPair, IdentityError> {
    KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(|cause| failed(division, cause))
}

fn load_key(path: &Path) -> Result<KeyPair, IdentityError> {
    let unreadable = |why: String| IdentityError::Unreadable {
        path: path.to_owned(),
        why,
    };
    let text = String::from_utf8(files::read_private(path)?)
        .map_err(|_| unreadable("it is not PEM text".to_owned()))?;
    KeyPair::from_pem(&text).map_err(|error| unreadable(error.to_string()))
}

fn sign(
    division: DivisionCode,
    params: &CertificateParams,
    key: &KeyPair,
    issuer: &Issuer<'_, KeyPair>,
) -> Result<CertificateDer<'static>, IdentityError> {
    let signed = params
        .signed_by(key, issuer)
        .map_err(|cause| failed(division, cause))?;
    Ok(signed.der().clone())
}

fn failed(division: DivisionCode, cause: rcgen::Error) -> IdentityError {
    IdentityError::Certificate { division, cause }
}

fn pem_chain(certificates: &[CertificateDer<'_>]) -> String {
    let pems: Vec<_> = certificates
        .iter()
        .map(|certificate| pem::Pem::new("CERTIFICATE", certificate.as_ref()))
        .collect();
    pem::encode_many(&pems)
}

#[cfg(test)]
mod tests;

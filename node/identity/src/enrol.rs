//! Founds a network and enrols divisions whose parent's issuing key is on the same machine. Blocks
//! on disk access.

pub(super) mod grant;
pub(super) mod join;
pub(super) mod ledger;
pub(super) mod replace;

use std::{
    collections::{BTreeMap, HashMap, HashSet, hash_map::Entry},
    path::Path,
};

use data_encoding::HEXLOWER;
use domain::{certificate::Validity, suite::Suite};
use rcgen::{CertificateParams, Issuer, KeyPair, PublicKeyData};
use ring::rand::{SecureRandom, SystemRandom};
use rustls_pki_types::{CertificateDer, DnsName};
use topology::{DivisionCode, Tree, dns};
use x509_parser::{certificate::X509Certificate, prelude::FromDer};

use super::{
    IdentityError, anchor, directory,
    files::{self, Folders},
    keystore::{FileKeyStore, KeyError, KeyStore},
    network::{self, Network, NetworkFile},
    node::check_whole,
    pem,
    profile::{self, CertificateProfile},
    renewal,
    sealing::{FileSealingKey, SealingKey},
    statement::{KeyStatement, Purpose, SignedKeyStatement},
};

/// The name of a new network and its signature suite.
#[derive(Clone, Debug)]
pub struct Founding {
    /// The DNS zone of the division names, lower case, such as `zj.example`.
    pub zone: String,
    /// Marks a demonstration.
    pub demo: bool,
    /// The suite of its signing keys.
    pub suite: Suite,
}

/// Checks that a zone yields valid DNS names for every division.
///
/// # Errors
/// [`IdentityError::Zone`].
pub fn check_zone(zone: &str, tree: &Tree) -> Result<(), IdentityError> {
    let lowest = format!("000.000.00.00.{}", dns::name(tree.root(), zone));
    if zone.bytes().any(|byte| byte.is_ascii_uppercase())
        || zone.ends_with('.')
        || zone.is_empty()
        || DnsName::try_from(lowest.as_str()).is_err()
    {
        return Err(IdentityError::Zone(zone.to_owned()));
    }
    Ok(())
}

/// Checks that a directory holds no network and no identity of the province.
///
/// # Errors
/// [`IdentityError::AlreadyFounded`], [`IdentityError::AlreadyEnrolled`].
pub fn check_not_founded(dir: &Path, tree: &Tree) -> Result<(), IdentityError> {
    let path = dir.join(network::FILE);
    if path.exists() {
        return Err(IdentityError::AlreadyFounded(path));
    }
    check_not_enrolled(dir, tree.root())
}

/// Checks that a division has no identity in a directory yet.
///
/// # Errors
/// [`IdentityError::AlreadyEnrolled`].
pub fn check_not_enrolled(dir: &Path, division: DivisionCode) -> Result<(), IdentityError> {
    let home = directory(dir, division);
    match home.exists() {
        true => Err(IdentityError::AlreadyEnrolled(home)),
        false => Ok(()),
    }
}

/// Returns whether a directory has the issuing key to enrol children of a division.
pub fn can_enrol(dir: &Path, division: DivisionCode) -> bool {
    directory(dir, division).join("issuing.key").exists()
}

/// Lists the divisions whose identities are in a directory.
pub fn enrolled_in(dir: &Path) -> Vec<DivisionCode> {
    let names = files::list(&dir.join("identity")).unwrap_or_default();
    names.iter().filter_map(|name| name.parse().ok()).collect()
}

/// Subdirectory in which a network is built until it is complete.
const FOUNDING: &str = ".founding";

/// Founds a network like [`found_network`] and enrols divisions below it: everything appears, or
/// nothing does. After a crash, the next call completes or discards what was left behind.
///
/// # Errors
/// As [`found_network`] and [`enrol`].
pub fn found_with(
    dir: &Path,
    divisions: &[DivisionCode],
    tree: &Tree,
    founding: &Founding,
    terms: &CertificateProfile,
) -> Result<(), IdentityError> {
    finish_founding(dir)?;
    check_not_founded(dir, tree)?;
    let staged = dir.join(FOUNDING);
    files::remove_all(&staged)?;
    let made =
        found_network(&staged, tree, founding, terms).and_then(|()| match divisions.is_empty() {
            true => Ok(()),
            false => enrol(&staged, divisions, &staged, tree, terms),
        });
    if let Err(error) = made {
        let _best_effort = files::remove_all(&staged);
        return Err(error);
    }
    publish(dir)
}

/// Completes a founding that a crash interrupted while parts of it were moved into place.
///
/// # Errors
/// [`IdentityError::File`].
pub fn finish_founding(dir: &Path) -> Result<(), IdentityError> {
    let begun = dir.join("identity").exists() && !dir.join(network::FILE).exists();
    match begun && dir.join(FOUNDING).join(network::FILE).exists() {
        true => publish(dir),
        false => Ok(()),
    }
}

/// Moves a finished network into place: the identities first, the network file last.
fn publish(dir: &Path) -> Result<(), IdentityError> {
    let staged = dir.join(FOUNDING);
    for name in ["identity", network::ROOTS, network::ANCHORS, network::FILE] {
        if staged.join(name).exists() {
            files::rename(&staged.join(name), &dir.join(name))?;
        }
    }
    Ok(files::remove_all(&staged)?)
}

/// Founds a network in an empty data directory: a random id, the province's root certificate, and
/// the identity of the province's node.
///
/// # Errors
/// [`IdentityError::AlreadyFounded`], [`IdentityError::Zone`], or an error from creating keys and
/// files.
pub fn found_network(
    dir: &Path,
    tree: &Tree,
    founding: &Founding,
    terms: &CertificateProfile,
) -> Result<(), IdentityError> {
    let home = directory(dir, tree.root());
    check_not_founded(dir, tree)?;
    let zone = &founding.zone;
    check_zone(zone, tree)?;
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
    let params = profile::root(province, zone, &HEXLOWER.encode(&id), key, terms);
    let root = params
        .self_signed(&root_key)
        .map_err(|cause| failed(province, cause))?;
    let authority = Authority {
        certificates: Vec::new(),
        validity: validity(root.der()).map_err(|why| IdentityError::Unreadable {
            path: home.join("issuing.pem"),
            why,
        })?,
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

    let file = NetworkFile {
        network: HEXLOWER.encode(&id),
        province,
        zone: zone.clone(),
        demo: founding.demo,
        suite: founding.suite,
        root_sha256: vec![network::fingerprint(root.der())],
    };
    file.write_if_missing(dir, root.der(), &authority.key_chain)
}

/// Enrols divisions into `dir`. The parent of each must have its identity in `issuer_dir` (which
/// may be `dir`) or come before it in the list. Nothing appears before all of it is built and
/// durable. A crash in the last step may leave some divisions in place, each complete (see
/// [`super::Identity::exists`]), and the next call completes the others.
///
/// # Errors
/// [`IdentityError::AlreadyEnrolled`], [`IdentityError::EnrolledBefore`],
/// [`IdentityError::UnknownDivision`], [`IdentityError::OtherNetwork`], or an error from reading
/// the issuer or creating keys and files.
pub fn enrol(
    dir: &Path,
    divisions: &[DivisionCode],
    issuer_dir: &Path,
    tree: &Tree,
    terms: &CertificateProfile,
) -> Result<(), IdentityError> {
    let network = Network::load(issuer_dir)?;
    check_network(dir, &network)?;
    let scope = Scope {
        id: network.id,
        zone: &network.zone,
        suite: network.suite,
        tree,
        terms,
    };
    let mut authorities = HashMap::new();
    let mut stated: BTreeMap<DivisionCode, Vec<SignedKeyStatement>> = BTreeMap::new();
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
            Entry::Vacant(unknown) => {
                stated.insert(parent, ledger::read(issuer_dir, parent)?);
                unknown.insert(Authority::load(issuer_dir, parent, tree)?)
            }
        };
        let stated = stated.entry(parent).or_default();
        if let Some(before) = ledger::latest(stated, division) {
            if ledger::is_staged(&target, &before) {
                files::finish(&target, None)?;
                begun.remove(&division);
                continue;
            }
            return Err(IdentityError::EnrolledBefore {
                division,
                key: before.key_id(),
                serial: before.serial,
            });
        }
        folders.begin(&target)?;
        let made = scope.enrol(&mut folders, division, authority)?;
        stated.push(made.stated);
        if let Some(authority) = made.authority {
            authorities.insert(division, authority);
        }
    }
    // The parent's ledger is written before any child's directory appears, so that a parent never
    // states the same number twice.
    for (issuer, statements) in &stated {
        if begun.contains(issuer) {
            ledger::put(&mut folders, &directory(dir, *issuer), statements)?;
        }
    }
    folders.sync()?;
    share_network(dir, issuer_dir)?;
    for (issuer, statements) in &stated {
        if !begun.contains(issuer) {
            ledger::write(issuer_dir, *issuer, statements)?;
            folders.told();
        }
    }
    Ok(folders.appear(None)?)
}

/// Renews the certificates of a division enrolled in `dir`.
///
/// Issues a new node certificate for its TLS key and, if it has children, a new issuing
/// certificate. The parent's issuing key in `issuer_dir` signs them; the province's are signed by
/// its root key. Running nodes load them with [`super::Identity::reload`].
///
/// # Errors
/// [`IdentityError::UnknownDivision`], or an error from reading the issuer or writing the files.
pub fn renew(
    dir: &Path,
    division: DivisionCode,
    issuer_dir: &Path,
    tree: &Tree,
    terms: &CertificateProfile,
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
    let chain = pem_chain(&scope.node_chain(division, &key, &authority)?);
    if division != tree.root() && home.join("issuing.key").exists() {
        let key = load_key(&home.join("issuing.key"))?;
        let certificates = scope.issuing_chain(division, &key, &authority)?;
        files::write(
            &home.join("issuing.pem"),
            pem_chain(&certificates).as_bytes(),
        )?;
    }
    Ok(files::write(&home.join("tls.pem"), chain.as_bytes())?)
}

/// Shared parameters of all certificates and statements made in one run.
pub(super) struct Scope<'a> {
    pub(super) id: [u8; 16],
    pub(super) zone: &'a str,
    pub(super) suite: Suite,
    pub(super) tree: &'a Tree,
    pub(super) terms: &'a CertificateProfile,
}

/// The result of enrolling one division.
struct Made {
    stated: SignedKeyStatement,
    /// Present if the division has children.
    authority: Option<Authority>,
}

/// A division that can enrol those below it.
pub(super) struct Authority {
    /// The chain from this division's issuing certificate up to, but without, the root. Empty for
    /// the province, whose issuing certificate is the root.
    pub(super) certificates: Vec<CertificateDer<'static>>,
    /// From when to when its own issuing certificate is valid.
    pub(super) validity: Validity,
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
        renewal::recover(&home)?;
        let path = home.join("issuing.pem");
        let mut certificates = network::certificates(&path)?;
        check_whole(&path, certificates.len(), division, tree)?;
        let key = load_key(&home.join("issuing.key"))?;
        let issuer =
            profile::issuer(&certificates[0], key).map_err(|cause| IdentityError::Unreadable {
                path: path.clone(),
                why: cause.to_string(),
            })?;
        let validity = validity(&certificates[0]).map_err(|why| IdentityError::Unreadable {
            path: path.clone(),
            why,
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
            validity,
            issuer,
            signing,
            key_chain,
        })
    }
}

/// The private keys of a division that nobody certified yet.
pub(super) struct NewKeys {
    signing: FileKeyStore,
    sealing: FileSealingKey,
    tls: KeyPair,
    /// Present if the division has children.
    issuing: Option<KeyPair>,
    /// The text of the first two, for their files.
    pem: (String, String),
}

impl NewKeys {
    fn generate(division: DivisionCode, suite: Suite, tree: &Tree) -> Result<Self, IdentityError> {
        let (signing, signing_pem) = FileKeyStore::generate(suite)?;
        let (sealing, sealing_pem) = FileSealingKey::generate()?;
        let issuing = match tree.children(division).len() {
            0 => None,
            _ => Some(new_key(division)?),
        };
        Ok(Self {
            signing,
            sealing,
            tls: new_key(division)?,
            issuing,
            pem: (signing_pem, sealing_pem),
        })
    }

    /// Writes the private keys into the directory started last.
    fn put(&self, folders: &mut Folders) -> Result<(), IdentityError> {
        folders.put("sign.key", self.pem.0.as_bytes(), true)?;
        folders.put("seal.key", self.pem.1.as_bytes(), true)?;
        folders.put("tls.key", self.tls.serialize_pem().as_bytes(), true)?;
        if let Some(issuing) = &self.issuing {
            folders.put("issuing.key", issuing.serialize_pem().as_bytes(), true)?;
        }
        Ok(())
    }
}

/// Everything that others sign for a division, as its files have it: certificates without the root, lowest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Issued {
    /// Its own statement first, then those of its earlier keys, then those above.
    pub(super) key_chain: Vec<SignedKeyStatement>,
    pub(super) node: Vec<CertificateDer<'static>>,
    /// Empty for a division without children.
    pub(super) issuing: Vec<CertificateDer<'static>>,
}

impl Issued {
    /// Writes them into the directory started last.
    fn put(&self, folders: &mut Folders) -> Result<(), IdentityError> {
        let chain = SignedKeyStatement::encode_all(&self.key_chain);
        folders.put("keys.bin", &chain, false)?;
        folders.put("tls.pem", pem_chain(&self.node).as_bytes(), false)?;
        if !self.issuing.is_empty() {
            folders.put("issuing.pem", pem_chain(&self.issuing).as_bytes(), false)?;
        }
        Ok(())
    }
}

impl Scope<'_> {
    /// Creates all files of one division below the province, with new keys.
    fn enrol(
        &self,
        folders: &mut Folders,
        division: DivisionCode,
        parent: &Authority,
    ) -> Result<Made, IdentityError> {
        let keys = NewKeys::generate(division, self.suite, self.tree)?;
        let stated = self
            .statement(division, &keys.signing, &keys.sealing)
            .sign_now(&keys.signing, &parent.signing)?;
        self.put_division(folders, (division, stated, vec![]), keys, parent)
    }

    /// Writes all files of one division below the province. `older` are the statements of its
    /// earlier keys. Returns its authority if it has children.
    fn put_division(
        &self,
        folders: &mut Folders,
        (division, stated, older): (DivisionCode, SignedKeyStatement, Vec<SignedKeyStatement>),
        keys: NewKeys,
        parent: &Authority,
    ) -> Result<Made, IdentityError> {
        let of_it = (division, stated.clone(), older);
        let issued = self.issue(of_it, (&keys.tls, keys.issuing.as_ref()), parent)?;
        keys.put(folders)?;
        issued.put(folders)?;
        let NewKeys {
            signing, issuing, ..
        } = keys;
        let authority = issuing.map(|key| {
            let issuer = profile::issuer(&issued.issuing[0], key);
            Ok::<_, IdentityError>(Authority {
                validity: validity(&issued.issuing[0]).expect("a certificate just made is read"),
                issuer: issuer.map_err(|cause| failed(division, cause))?,
                certificates: issued.issuing,
                signing,
                key_chain: issued.key_chain,
            })
        });
        Ok(Made {
            stated,
            authority: authority.transpose()?,
        })
    }

    /// Issues what a division is given for its keys: the same whether they are here or on its own machine.
    pub(super) fn issue<K: PublicKeyData>(
        &self,
        (division, stated, older): (DivisionCode, SignedKeyStatement, Vec<SignedKeyStatement>),
        (tls, issuing): (&K, Option<&K>),
        parent: &Authority,
    ) -> Result<Issued, IdentityError> {
        let mut key_chain = vec![stated];
        key_chain.extend(older);
        key_chain.extend(parent.key_chain.iter().cloned());
        let issuing = issuing.map(|key| self.issuing_chain(division, key, parent));
        Ok(Issued {
            key_chain,
            node: self.node_chain(division, tls, parent)?,
            issuing: issuing.transpose()?.unwrap_or_default(),
        })
    }

    /// Issues a new issuing certificate and returns it with those above it.
    pub(super) fn issuing_chain(
        &self,
        division: DivisionCode,
        key: &impl PublicKeyData,
        parent: &Authority,
    ) -> Result<Vec<CertificateDer<'static>>, IdentityError> {
        let terms = self.terms.under(parent.validity)?;
        let params = profile::issuing(division, self.zone, &HEXLOWER.encode(&self.id), &terms);
        let certificate = sign(division, &params, key, &parent.issuer)?;
        let above = parent.certificates.iter().cloned();
        Ok(std::iter::once(certificate).chain(above).collect())
    }

    fn put_tls(
        &self,
        folders: &mut Folders,
        division: DivisionCode,
        authority: &Authority,
    ) -> Result<(), IdentityError> {
        let key = new_key(division)?;
        let chain = pem_chain(&self.node_chain(division, &key, authority)?);
        folders.put("tls.key", key.serialize_pem().as_bytes(), true)?;
        Ok(folders.put("tls.pem", chain.as_bytes(), false)?)
    }

    /// Issues a new node certificate and returns it with those above it.
    pub(super) fn node_chain(
        &self,
        division: DivisionCode,
        key: &impl PublicKeyData,
        authority: &Authority,
    ) -> Result<Vec<CertificateDer<'static>>, IdentityError> {
        let terms = self.terms.under(authority.validity)?;
        let params = profile::node(division, self.zone, &terms);
        let certificate = sign(division, &params, key, &authority.issuer)?;
        let above = authority.certificates.iter().cloned();
        Ok(std::iter::once(certificate).chain(above).collect())
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

/// Checks that a directory holds no network other than `network`.
fn check_network(dir: &Path, network: &Network) -> Result<(), IdentityError> {
    if dir.join(network::FILE).exists() && Network::load(dir)?.id != network.id {
        return Err(IdentityError::OtherNetwork(dir.to_owned()));
    }
    Ok(())
}

fn share_network(dir: &Path, issuer_dir: &Path) -> Result<(), IdentityError> {
    if dir.join(network::FILE).exists() {
        return Ok(());
    }
    for name in [network::ROOTS, network::ANCHORS, network::FILE] {
        files::write(&dir.join(name), &files::read(&issuer_dir.join(name))?)?;
    }
    Ok(())
}

/// Reads from when to when a certificate is valid.
pub(super) fn validity(certificate: &CertificateDer<'_>) -> Result<Validity, String> {
    let (_, read) = X509Certificate::from_der(certificate).map_err(|error| error.to_string())?;
    let validity = read.validity();
    Ok(Validity {
        from: validity.not_before.timestamp(),
        through: validity.not_after.timestamp(),
    })
}

/// Generates a P-256 key, used for all of TLS: the fastest to sign and verify in the default
/// provider, and supported by every other TLS stack.
pub(super) fn new_key(division: DivisionCode) -> Result<KeyPair, IdentityError> {
    KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(|cause| failed(division, cause))
}

pub(super) fn load_key(path: &Path) -> Result<KeyPair, IdentityError> {
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
    key: &impl PublicKeyData,
    issuer: &Issuer<'_, KeyPair>,
) -> Result<CertificateDer<'static>, IdentityError> {
    let signed = params
        .signed_by(key, issuer)
        .map_err(|cause| failed(division, cause))?;
    Ok(signed.der().clone())
}

pub(super) fn failed(division: DivisionCode, cause: rcgen::Error) -> IdentityError {
    IdentityError::Certificate { division, cause }
}

pub(super) fn pem_chain(certificates: &[CertificateDer<'_>]) -> String {
    let blocks = certificates.iter();
    blocks
        .map(|certificate| pem::block("CERTIFICATE", certificate))
        .collect()
}

#[cfg(test)]
mod tests;

//! The next certificates of a node. The child makes new keys and asks, the parent signs, and the child shows what it got once a
//! connection has proved it.
//!
//! ```text
//! tls.next.key  issuing.next.key   made and durable before anything is asked; an attempt that failed goes on with them
//! ```
//!
//! The certificate takes its place first, then its key. What a crash leaves in between is completed by [`recover`]. Blocks on
//! disk access.

use std::{path::Path, sync::Arc};

use domain::{
    certificate::Validity,
    suite::{Digest, Suite},
};
use rcgen::{CertificateParams, KeyPair, PublicKey, PublicKeyData};
use rustls::{ClientConfig, crypto::CryptoProvider, sign::CertifiedKey};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use topology::DivisionCode;
use webpki::KeyUsage;
use x509_parser::{certificate::X509Certificate, prelude::FromDer};

use super::{
    IdentityError, PeerRefusal,
    credentials::Credentials,
    enrol::{self, Authority, Scope, grant::requested},
    files, network,
    node::Identity,
    profile::{self, CertificateProfile},
};

/// What begins the text that a request is signed over.
const REQUEST: &[u8] = b"wujitong/renewal/1";

/// The two kinds of certificates of a division, by the names of their files.
const STEMS: [&str; 2] = ["tls", "issuing"];

/// Requests for the next certificates of a division (PKCS #10, DER), each signed with the new key. Names in them do not count: the
/// parent knows whom it talks to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateRequests {
    /// For the certificate that the node shows.
    pub node: Vec<u8>,
    /// For the certificate with which it signs those below, if that is due too.
    pub issuing: Option<Vec<u8>>,
}

impl CertificateRequests {
    /// Returns what the division's signing key signs: a stolen TLS key alone renews nothing.
    pub fn message(&self, network: &[u8; 16], division: DivisionCode) -> Vec<u8> {
        let issuing = self.issuing.as_deref().unwrap_or_default();
        let digest = Suite::P256Sha256.digest(&[
            &division.as_u64().to_be_bytes(),
            &(self.node.len() as u64).to_be_bytes(),
            &self.node,
            issuing,
        ]);
        [REQUEST, network, &digest].concat()
    }
}

impl CertificateRequests {
    /// Returns SHA-256 of the key that the node's certificate is asked for: the same for every request with that key, whose
    /// signature differs each time.
    ///
    /// # Errors
    /// [`IdentityError::BadRequest`] if it is no such request.
    pub fn node_key(&self) -> Result<Digest, IdentityError> {
        let key = requested_key(&self.node)?;
        Ok(Suite::P256Sha256.digest(&[key.der_bytes()]))
    }
}

/// Certificates as a parent issued them, each with those above it, without the root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificates {
    /// The chain that the node shows.
    pub node: Vec<CertificateDer<'static>>,
    /// The chain of its issuing certificate; empty if none was asked for.
    pub issuing: Vec<CertificateDer<'static>>,
}

/// Certificates that were checked and are not shown yet.
#[derive(Debug)]
pub struct Renewed {
    credentials: Credentials,
    chains: Certificates,
}

impl Renewed {
    /// Returns the first digits of the new certificate's serial number, as neighbours tell it.
    pub fn serial(&self) -> Option<String> {
        Some(self.credentials.facts()?.serial)
    }

    /// Returns the end of the new certificate, in seconds since 1970.
    pub fn not_after(&self) -> i64 {
        self.credentials.not_after
    }
}

impl Identity {
    /// Returns a number from 0 to 1 that is the same as long as the certificate is, and spreads the renewals of many nodes.
    pub fn chance(&self) -> f64 {
        let facts = self.credentials().borrow().facts();
        let digits = facts.and_then(|facts| u8::from_str_radix(facts.serial.get(..2)?, 16).ok());
        f64::from(digits.unwrap_or(u8::MAX / 2)) / f64::from(u8::MAX)
    }

    /// Returns from when to when the certificate that is shown is valid.
    pub fn validity(&self) -> Validity {
        let shown = self.credentials().borrow().clone();
        Validity {
            from: shown.not_before,
            through: shown.not_after,
        }
    }

    /// Returns from when to when the issuing certificate is valid; `None` if the division has none, and for the root. Does not wait.
    pub fn issuing_validity(&self) -> Option<Validity> {
        *self.issuing().lock().expect("no holder panics")
    }

    /// Makes the next keys, unless an earlier attempt did, and returns the requests for their certificates.
    ///
    /// # Errors
    /// [`IdentityError`] if keys cannot be made, read or stored.
    pub fn request_certificates(
        &self,
        issuing: bool,
    ) -> Result<CertificateRequests, IdentityError> {
        let request = |stem: &str| {
            let key = next_key(self.directory(), self.division(), stem)?;
            let params = CertificateParams::default();
            let request = params.serialize_request(&key);
            let request = request.map_err(|cause| enrol::failed(self.division(), cause))?;
            Ok::<_, IdentityError>(request.der().to_vec())
        };
        Ok(CertificateRequests {
            node: request("tls")?,
            issuing: issuing.then(|| request("issuing")).transpose()?,
        })
    }

    /// Signs the certificates that a division directly below asks for; the root signs its own.
    ///
    /// # Errors
    /// [`IdentityError::BadRequest`] for a request that nobody honest sends, [`IdentityError::IssuerEnds`], or an error of the files.
    pub fn certify(
        &self,
        child: DivisionCode,
        requests: &CertificateRequests,
        now: UnixTime,
    ) -> Result<Certificates, IdentityError> {
        let tree = self.tree();
        let is_own = self.is_root() && child == self.division();
        if !is_own && (tree.parent(child) != Some(self.division()) || !tree.has_node(child)) {
            return Err(bad("it is not a division with a node directly below"));
        }
        if requests.issuing.is_some() && (is_own || tree.children(child).len() == 0) {
            return Err(bad("it issues no certificates"));
        }
        let node = requested_key(&requests.node)?;
        let issuing = requests.issuing.as_deref().map(requested_key).transpose()?;
        if issuing.as_ref().is_some_and(|key| *key == node) {
            return Err(bad("both certificates would have one key"));
        }
        let authority = Authority::load(self.home(), self.division(), tree)?;
        let terms = CertificateProfile::at(now);
        let network = self.network();
        let scope = Scope {
            id: network.id,
            zone: &network.zone,
            suite: network.suite,
            tree,
            terms: &terms,
        };
        let issuing = issuing.map(|key| scope.issuing_chain(child, &key, &authority));
        Ok(Certificates {
            node: scope.node_chain(child, &node, &authority)?,
            issuing: issuing.transpose()?.unwrap_or_default(),
        })
    }

    /// Checks what a parent issued as any neighbour would: each chain ends in a root, names this division and fits the new key.
    ///
    /// # Errors
    /// [`IdentityError::NotRenewed`] with what does not fit; or an error of the files.
    pub fn check_certificates(
        &self,
        chains: Certificates,
        now: UnixTime,
    ) -> Result<Renewed, IdentityError> {
        let division = self.division();
        let wrong = |why: String| IdentityError::NotRenewed(why);
        let refused = |refusal: PeerRefusal| wrong(refusal.to_string());
        let key = next_key(self.directory(), division, "tls")?;
        let (leaf, above) = split(&chains.node)?;
        for usage in [KeyUsage::client_auth(), KeyUsage::server_auth()] {
            let named = self.judge().verify(leaf, above, usage, now);
            match named.map_err(refused)? {
                named if named == division => {}
                named => return Err(wrong(format!("it names {named}"))),
            }
        }
        let credentials = credentials(&chains.node, &key, &self.judge().provider).map_err(wrong)?;
        if !chains.issuing.is_empty() {
            self.check_issuing(&chains.issuing, now)?;
        }
        Ok(Renewed {
            credentials,
            chains,
        })
    }

    /// Signs a certificate of a division below with the new issuing certificate and verifies that.
    fn check_issuing(
        &self,
        chain: &[CertificateDer<'static>],
        now: UnixTime,
    ) -> Result<(), IdentityError> {
        let (own, tree) = (self.division(), self.tree());
        let wrong = |why: String| IdentityError::NotRenewed(format!("issuing certificate: {why}"));
        let mut below = tree.children(own).filter(|child| tree.has_node(*child));
        let child = below.next().ok_or(IdentityError::UnknownDivision(own))?;
        let key = next_key(self.directory(), own, "issuing")?;
        let certificate = split(chain)?.0;
        if public_in(certificate).as_deref() != Some(key.der_bytes()) {
            return Err(wrong(
                "it is not for the key that was made for it".to_owned(),
            ));
        }
        let issuer = profile::issuer(certificate, key);
        let issuer = issuer.map_err(|cause| wrong(cause.to_string()))?;
        let params = profile::node(child, &self.network().zone, &CertificateProfile::at(now));
        let leaf = params.signed_by(&enrol::new_key(child)?, &issuer);
        let leaf = leaf.map_err(|cause| wrong(cause.to_string()))?;
        let named = self
            .judge()
            .verify(leaf.der(), chain, KeyUsage::client_auth(), now);
        match named.map_err(|refusal| wrong(refusal.to_string()))? {
            named if named == child => Ok(()),
            named => Err(wrong(format!("what it signs names {named}"))),
        }
    }

    /// Builds the TLS configuration for dialling the parent as [`Identity::client_config`] does, with certificates that are not
    /// shown to anybody else yet.
    pub fn client_config_showing(
        &self,
        renewed: &Renewed,
        expect: DivisionCode,
    ) -> Arc<ClientConfig> {
        self.client_config_with(Arc::clone(&renewed.credentials.certified), expect)
    }

    /// Puts new certificates in the place of the present ones; later connections show them. Durable when it returns.
    ///
    /// # Errors
    /// [`IdentityError::File`]; the present certificates are shown on.
    pub fn adopt(&self, renewed: Renewed) -> Result<(), IdentityError> {
        let Renewed {
            credentials,
            chains,
        } = renewed;
        let home = self.directory();
        for (stem, chain) in STEMS.into_iter().zip([&chains.node, &chains.issuing]) {
            if !chain.is_empty() {
                let path = home.join(format!("{stem}.pem"));
                files::write(&path, enrol::pem_chain(chain).as_bytes())?;
                files::rename(&next(home, stem), &home.join(format!("{stem}.key")))?;
            }
        }
        self.show(credentials);
        self.read_issuing()
    }

    /// Reads the issuing certificate again.
    ///
    /// # Errors
    /// [`IdentityError`] if it cannot be read.
    pub(super) fn read_issuing(&self) -> Result<(), IdentityError> {
        let validity = issuing_validity(self.directory(), self.is_root())?;
        *self.issuing().lock().expect("no holder panics") = validity;
        Ok(())
    }
}

/// Reads from when to when an issuing certificate is valid; `None` if there is none, and at the root.
pub(super) fn issuing_validity(
    home: &Path,
    is_root: bool,
) -> Result<Option<Validity>, IdentityError> {
    let path = home.join("issuing.pem");
    if is_root || !path.exists() {
        return Ok(None);
    }
    let chain = network::certificates(&path)?;
    let validity = enrol::validity(&chain[0]);
    let validity = validity.map_err(|why| IdentityError::Unreadable { path, why })?;
    Ok(Some(validity))
}

/// Completes what a crash left between the two steps of [`Identity::adopt`]: a certificate whose key does not lie beside it yet.
///
/// # Errors
/// [`IdentityError`] if the files cannot be read or moved.
pub(super) fn recover(home: &Path) -> Result<(), IdentityError> {
    for stem in STEMS {
        let next = next(home, stem);
        if !next.exists() {
            continue;
        }
        let key = enrol::load_key(&next)?;
        let chain = network::certificates(&home.join(format!("{stem}.pem")))?;
        if public_in(&chain[0]).as_deref() == Some(key.der_bytes()) {
            files::rename(&next, &home.join(format!("{stem}.key")))?;
        }
    }
    Ok(())
}

fn next(home: &Path, stem: &str) -> std::path::PathBuf {
    home.join(format!("{stem}.next.key"))
}

/// Returns the next key, which is durable before anybody is asked to certify it.
fn next_key(home: &Path, division: DivisionCode, stem: &str) -> Result<KeyPair, IdentityError> {
    let path = next(home, stem);
    if !path.exists() {
        let key = enrol::new_key(division)?;
        files::write_private(&path, key.serialize_pem().as_bytes())?;
    }
    enrol::load_key(&path)
}

fn requested_key(request: &[u8]) -> Result<PublicKey, IdentityError> {
    requested(request).map_err(|wrong| bad(&wrong.said().english))
}

fn bad(why: &str) -> IdentityError {
    IdentityError::BadRequest(why.to_owned())
}

fn split<'c>(
    chain: &'c [CertificateDer<'static>],
) -> Result<(&'c CertificateDer<'static>, &'c [CertificateDer<'static>]), IdentityError> {
    let first = chain.split_first();
    first.ok_or_else(|| IdentityError::NotRenewed("no certificate came".to_owned()))
}

/// Returns the bytes of the public key in a certificate.
fn public_in(certificate: &CertificateDer<'_>) -> Option<Vec<u8>> {
    let (_, read) = X509Certificate::from_der(certificate).ok()?;
    Some(read.public_key().subject_public_key.data.to_vec())
}

fn credentials(
    chain: &[CertificateDer<'static>],
    key: &KeyPair,
    provider: &CryptoProvider,
) -> Result<Credentials, String> {
    let validity = enrol::validity(&chain[0])?;
    let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(str::to_owned)?;
    let certified = CertifiedKey::from_der(chain.to_vec(), key, provider);
    Ok(Credentials {
        certified: Arc::new(certified.map_err(|error| error.to_string())?),
        not_before: validity.from,
        not_after: validity.through,
    })
}

#[cfg(test)]
mod tests;

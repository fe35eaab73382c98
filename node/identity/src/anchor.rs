//! Ties the province's signing key to the root certificate: the root names the key statement by its
//! digest, so a party that has only the root can tell which signatures count.
//!
//! The name is a URI among the root's subject alternative names, in the human-speakable form
//! `nih:sha-256;` followed by 64 hexadecimal digits (RFC 6920, section 7). It is the digest of the
//! province's own [`KeyStatement`](super::KeyStatement), which gives network, key and suite.

use std::path::Path;

use data_encoding::HEXLOWER;
use ring::digest::{SHA256, digest};
use rustls_pki_types::CertificateDer;
use x509_parser::{
    certificate::X509Certificate,
    extensions::{GeneralName, ParsedExtension},
    prelude::FromDer,
};

use super::{IdentityError, Network, files, network, statement::SignedKeyStatement};

const SCHEME: &str = "nih:sha-256;";

/// Builds the URI by which a root names a key statement.
pub(super) fn name(statement: &SignedKeyStatement) -> String {
    let digest = digest(&SHA256, &statement.bytes);
    format!("{SCHEME}{}", HEXLOWER.encode(digest.as_ref()))
}

/// Trusted root certificates, and the key statements they name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roots {
    /// SHA-256 of each, in hexadecimal.
    pub fingerprints: Vec<String>,
    names: Vec<String>,
}

impl Roots {
    /// Reads a PEM file with one root certificate or several.
    ///
    /// # Errors
    /// [`IdentityError::File`] or [`IdentityError::Unreadable`].
    pub fn read(path: &Path) -> Result<Self, IdentityError> {
        Self::of(&files::read(path)?).map_err(|why| IdentityError::Unreadable {
            path: path.to_owned(),
            why,
        })
    }

    /// Returns the roots that a node of this network trusts, with the key statements that it trusts by
    /// them.
    pub fn of_network(trusted: &Network) -> Self {
        Self {
            fingerprints: trusted.fingerprints.clone(),
            names: trusted.anchors.iter().map(name).collect(),
        }
    }

    /// Reads what stands in such a file. The error says what is wrong with it.
    pub(super) fn of(pem: &[u8]) -> Result<Self, String> {
        let certificates = network::in_pem(pem)?;
        let mut names = vec![];
        for certificate in &certificates {
            names.extend(names_in(certificate)?);
        }
        Ok(Self {
            fingerprints: certificates.iter().map(network::fingerprint).collect(),
            names,
        })
    }

    /// Returns whether they name any signing key; roots made by older versions name none.
    pub const fn name_a_key(&self) -> bool {
        !self.names.is_empty()
    }

    /// Returns whether one of them names this statement.
    pub fn vouch_for(&self, statement: &SignedKeyStatement) -> bool {
        self.names.contains(&name(statement))
    }
}

fn names_in(certificate: &CertificateDer<'_>) -> Result<Vec<String>, String> {
    let (_, parsed) = X509Certificate::from_der(certificate).map_err(|error| error.to_string())?;
    let mut names = vec![];
    for extension in parsed.extensions() {
        if let ParsedExtension::SubjectAlternativeName(san) = extension.parsed_extension() {
            let uris = san.general_names.iter().filter_map(|name| match name {
                GeneralName::URI(uri) if uri.starts_with(SCHEME) => Some((*uri).to_owned()),
                _ => None,
            });
            names.extend(uris);
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Net, PROVINCE, VILLAGE, code};

    #[test]
    fn a_root_names_the_key_of_its_own_province_and_no_other() {
        let (net, other) = (Net::new(), Net::new());
        let roots = Roots::read(&net.dir().join("roots.pem")).unwrap();
        assert_eq!(roots.fingerprints, net.network.fingerprints);
        assert!(roots.name_a_key());
        assert!(roots.vouch_for(&net.network.anchors[0]));
        assert!(!roots.vouch_for(&other.network.anchors[0]));
        let village = net.identity(VILLAGE);
        assert!(!roots.vouch_for(&village.key_chain()[0]));
    }

    #[test]
    fn a_certificate_that_is_no_root_names_nothing() {
        let net = Net::new();
        let home = crate::directory(net.dir(), code(PROVINCE));
        let roots = Roots::read(&home.join("tls.pem")).unwrap();
        assert!(!roots.name_a_key());
        assert!(!roots.vouch_for(&net.network.anchors[0]));
        assert!(Roots::read(&home.join("keys.bin")).is_err());
    }
}

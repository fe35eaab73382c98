//! The certificate a node shows now, and the resolver from which every connection gets the newest
//! one.

use std::{path::Path, sync::Arc};

use rustls::{
    SignatureScheme,
    client::ResolvesClientCert,
    crypto::CryptoProvider,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use rustls_pki_types::{PrivateKeyDer, pem::PemObject};
use tokio::sync::watch;
use x509_parser::{certificate::X509Certificate, prelude::FromDer};

use super::{IdentityError, files, lapse::CertificateFacts, network};

/// A certificate with its key.
#[derive(Debug)]
pub struct Credentials {
    pub(super) certified: Arc<CertifiedKey>,
    /// Start of validity, in seconds since 1970-01-01T00:00:00Z.
    pub not_before: i64,
    /// End of validity, in seconds since 1970-01-01T00:00:00Z.
    pub not_after: i64,
}

impl Credentials {
    /// Returns what people are told of the certificate.
    pub fn facts(&self) -> Option<CertificateFacts> {
        CertificateFacts::of(self.certified.cert.first()?)
    }
}

impl Credentials {
    /// Reads `tls.key` and `tls.pem`; refuses a key that is not the certificate's.
    pub(super) fn load(dir: &Path, provider: &CryptoProvider) -> Result<Self, IdentityError> {
        let (key_path, path) = (dir.join("tls.key"), dir.join("tls.pem"));
        let chain = network::certificates(&path)?;
        let key = PrivateKeyDer::from_pem_slice(&files::read_private(&key_path)?)
            .map_err(|error| unreadable(&key_path, &error.to_string()))?;
        let validity = match X509Certificate::from_der(&chain[0]) {
            Ok((_, parsed)) => parsed.validity().clone(),
            Err(error) => return Err(unreadable(&path, &error.to_string())),
        };
        let certified = CertifiedKey::from_der(chain, key, provider).map_err(|error| {
            let why = format!("key and certificate do not belong together ({error})");
            IdentityError::Mismatch {
                path: key_path,
                why,
            }
        })?;
        Ok(Self {
            certified: Arc::new(certified),
            not_before: validity.not_before.timestamp(),
            not_after: validity.not_after.timestamp(),
        })
    }
}

fn unreadable(path: &Path, why: &str) -> IdentityError {
    IdentityError::Unreadable {
        path: path.to_owned(),
        why: why.to_owned(),
    }
}

/// Answers every handshake with the newest credentials in the watch channel.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) current: watch::Receiver<Arc<Credentials>>,
    pub(super) name: Arc<str>,
}

impl Shown {
    fn newest(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.current.borrow().certified)
    }
}

impl ResolvesServerCert for Shown {
    /// Returns nothing if the server name is missing or another's; the handshake then ends with an
    /// alert.
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        (hello.server_name() == Some(&*self.name)).then(|| self.newest())
    }
}

impl ResolvesClientCert for Shown {
    fn resolve(&self, _hints: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.newest())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

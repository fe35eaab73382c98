//! Who vouches for receivers.

use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;

use super::PostError;

/// Where distributions keep them all in one file.
const USUAL: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The certificates of a file, or of the machine.
pub(super) async fn load(file: Option<PathBuf>) -> Result<RootCertStore, PostError> {
    let usual = || USUAL.iter().map(Path::new).find(|path| path.is_file());
    let path = match &file {
        Some(path) => path.as_path(),
        None => usual().ok_or_else(|| {
            PostError::Roots("this machine has no list of certificates to trust".to_owned())
        })?,
    };
    let failed =
        |why: &dyn std::fmt::Display| PostError::Roots(format!("{}: {why}", path.display()));
    let text = tokio::fs::read(path)
        .await
        .map_err(|error| failed(&error))?;
    let blocks = pem::parse_many(text).map_err(|error| failed(&error))?;
    let certificates = blocks
        .into_iter()
        .filter(|block| block.tag() == "CERTIFICATE")
        .map(|block| CertificateDer::from(block.into_contents()));
    let mut roots = RootCertStore::empty();
    let (taken, left_out) = roots.add_parsable_certificates(certificates);
    if taken == 0 {
        return Err(failed(&"it holds no certificate"));
    }
    tracing::info!(path = %path.display(), taken, left_out, "certificates that vouch for receivers");
    Ok(roots)
}

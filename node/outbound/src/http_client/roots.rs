//! Who vouches for other systems.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use identity::Surroundings;
use rustls::{ClientConfig, RootCertStore, version};
use rustls_pki_types::{CertificateDer, pem::PemObject};

/// Where distributions keep them all in one file.
const USUAL: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// TLS towards other systems, vouched for by the certificates of a file, or of the machine. An error
/// says what is wrong with them.
pub(super) async fn client(
    file: Option<PathBuf>,
    surroundings: Surroundings,
) -> Result<Arc<ClientConfig>, String> {
    let roots = load(file).await?;
    let Surroundings { clock, provider } = surroundings;
    let config = ClientConfig::builder_with_details(provider, clock)
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// The certificates of a file, or of the machine.
async fn load(file: Option<PathBuf>) -> Result<RootCertStore, String> {
    let usual = || USUAL.iter().map(Path::new).find(|path| path.is_file());
    let path = match &file {
        Some(path) => path.as_path(),
        None => usual().ok_or("this machine has no list of certificates to trust")?,
    };
    let failed = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    let text = tokio::fs::read(path)
        .await
        .map_err(|error| failed(&error))?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let certificates = certificates.map_err(|error| failed(&error))?;
    let mut roots = RootCertStore::empty();
    let (taken, left_out) = roots.add_parsable_certificates(certificates);
    if taken == 0 {
        return Err(failed(&"it holds no certificate"));
    }
    tracing::info!(path = %path.display(), taken, left_out, "certificates that vouch for other systems");
    Ok(roots)
}

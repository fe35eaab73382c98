//! Reads bytes as certificates, for the fuzz targets.

use std::sync::Arc;

use rustls::crypto::ring::default_provider;
use rustls_pki_types::CertificateDer;
use topology::{DivisionCode, Tree};

use super::{Roots, verify::Judge};

/// Returns the division that a node certificate names in a zone, whoever signed it.
pub fn division(certificate: &[u8], zone: &str, tree: &Arc<Tree>) -> Option<DivisionCode> {
    let judge = Judge {
        tree: Arc::clone(tree),
        zone: zone.into(),
        roots: Arc::default(),
        provider: Arc::new(default_provider()),
        revoked: Arc::default(),
    };
    judge.division(&CertificateDer::from(certificate)).ok()
}

/// Returns the roots in a PEM file of these bytes.
pub fn roots(pem: &[u8]) -> Option<Roots> {
    Roots::of(pem).ok()
}

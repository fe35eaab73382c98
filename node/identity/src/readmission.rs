//! A child that comes back after its certificate ended: what it shows and signs, and what its parent reads in that.

use std::sync::Arc;

use domain::certificate::Validity;
use rustls::ClientConfig;
use rustls_pki_types::{CertificateDer, UnixTime};
use topology::DivisionCode;
use webpki::KeyUsage;

use super::{
    PeerRefusal, Revoked, enrol, invited, node::Identity, profile::BACKDATED, verify::Judge,
};

const READMIT: &[u8] = b"wujitong/readmit/1";

/// Returns what the signing key of a child signs that asks to be readmitted: the request, for the connection that has this keying
/// material.
pub fn readmission_message(exported: &[u8; 32], request: &[u8]) -> Vec<u8> {
    invited::tied_to_connection(READMIT, exported, request)
}

impl Identity {
    /// Returns the certificate that is shown, with those above it, without the root.
    pub fn shown_chain(&self) -> Vec<CertificateDer<'static>> {
        self.credentials().borrow().certified.cert.clone()
    }

    /// Builds the TLS configuration for asking the parent to be readmitted: as [`Identity::client_config`], but no certificate is
    /// shown, and the protocol is that of joining.
    pub fn readmit_client_config(&self, expect: DivisionCode) -> Arc<ClientConfig> {
        self.client_config_to_join(expect)
    }

    /// Returns when a certificate ends that this node, or one with its division before, issued to a child. Its end does not matter,
    /// nor whether keys were revoked since: the child speaks with its signing key, which is looked at by itself.
    ///
    /// # Errors
    /// [`PeerRefusal`] if it is not such a certificate.
    pub fn ended_at(
        &self,
        child: DivisionCode,
        chain: &[CertificateDer<'static>],
    ) -> Result<i64, PeerRefusal> {
        let (leaf, above) = chain.split_first().ok_or(PeerRefusal::NoCertificate)?;
        let Validity { from, through } = enrol::validity(leaf).map_err(PeerRefusal::Malformed)?;
        // All of the chain was valid when the certificate was made.
        let made = u64::try_from(from).unwrap_or_default() + BACKDATED.as_secs();
        let made = UnixTime::since_unix_epoch(std::time::Duration::from_secs(made));
        let judge = Judge {
            revoked: Arc::new(Revoked::default()),
            ..self.judge().clone()
        };
        let named = judge.verify(leaf, above, KeyUsage::client_auth(), made)?;
        match named == child {
            true => Ok(through),
            false => Err(PeerRefusal::WrongDivision {
                expected: child,
                found: named,
            }),
        }
    }
}

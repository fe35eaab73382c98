//! Asks the parent for the certificates that follow, and shows it the new one before the present one is given up.

use domain::foreign::escape;
use identity::{CertificateRequests, Certificates, IdentityError, Renewed};
use proto::v1::{ProveRequest, RenewRequest};
use rustls_pki_types::{CertificateDer, UnixTime};
use tonic::{Code, Status};

use super::{connect::TlsConnect, dial::DialError};

/// Most certificates in a chain: those of a village and of the three tiers between it and the root.
const MOST_CERTIFICATES: usize = 4;

/// Why certificates were not renewed.
#[derive(Debug, thiserror::Error)]
pub enum NotRenewed {
    /// The parent was not reached.
    #[error(transparent)]
    Unreached(#[from] DialError),
    /// The parent runs a program from before certificates were renewed over the link.
    #[error(
        "the parent's program renews no certificates yet; upgrade it, or renew with `wujitong init --renew` on its machine"
    )]
    OlderParent,
    /// The parent refused.
    #[error("the parent refused: {0}")]
    Refused(String),
    /// A person at the parent says yes first.
    #[error(
        "the certificate ended, and the parent's operator must let this division come back, with `wujitong readmit CODE` \
         ({0}); it asks again by itself"
    )]
    Waits(String),
    /// Keys or certificates are not as they must be.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The connection with the new certificate was not the one that the parent saw.
    #[error("the parent saw another certificate than the new one; the present one is shown on")]
    NotSeen,
}

impl From<Status> for NotRenewed {
    fn from(status: Status) -> Self {
        match status.code() {
            Code::Unimplemented => Self::OlderParent,
            _ => Self::Refused(escape(status.message())),
        }
    }
}

impl TlsConnect {
    /// Has the parent sign certificates for new keys, and checks what came. The present certificate and this division's signing
    /// key vouch for the request.
    ///
    /// # Errors
    /// [`NotRenewed`]; nothing changed then.
    pub async fn renew(
        &self,
        requests: &CertificateRequests,
        now: UnixTime,
    ) -> Result<Renewed, NotRenewed> {
        let identity = &self.identity;
        let signer = identity.signer();
        let message = requests.message(&identity.network().id, identity.division());
        let signature = signer.sign(&message).await;
        let request = RenewRequest {
            node: requests.node.clone().into(),
            issuing: requests.issuing.clone().unwrap_or_default().into(),
            key_id: signer.key_id().0.to_vec().into(),
            signature: signature.map_err(IdentityError::from)?.into(),
        };
        let line = self
            .line_to_parent(identity.client_config(self.parent))
            .await?;
        let reply = self.client(line.channel.clone()).renew(request).await?;
        let reply = reply.into_inner();
        let chain = |certificates: Vec<bytes::Bytes>| {
            let certificates = certificates.into_iter().take(MOST_CERTIFICATES);
            certificates
                .map(|der| CertificateDer::from(der.to_vec()))
                .collect()
        };
        let chains = Certificates {
            node: chain(reply.node),
            issuing: chain(reply.issuing),
        };
        Ok(identity.check_certificates(chains, now)?)
    }

    /// Opens a second connection with the new certificate, and has the parent say that it saw that one.
    ///
    /// # Errors
    /// [`NotRenewed`]; the present certificate is still shown.
    pub async fn prove(&self, renewed: &Renewed) -> Result<(), NotRenewed> {
        let config = self.identity.client_config_showing(renewed, self.parent);
        let line = self.line_to_parent(config).await?;
        let seen = self
            .client(line.channel.clone())
            .prove(ProveRequest {})
            .await?;
        match Some(seen.into_inner().serial) == renewed.serial() {
            true => Ok(()),
            false => Err(NotRenewed::NotSeen),
        }
    }
}

//! Asks the parent for certificates after one's own ended, with the signing key alone.

use std::{net::SocketAddr, sync::Arc};

use domain::foreign::escape;
use identity::{CertificateRequests, Renewed, join_name};
use rustls_pki_types::UnixTime;

use super::{connect::TlsConnect, dial::DialError, renew::NotRenewed};
use crate::join::{Answer, NoAnswer, ask_back};

impl TlsConnect {
    /// Has the parent sign certificates for new keys, and checks what came. This division's signing key vouches for the request;
    /// its certificate may have ended. `edition` is the digest of the list of divisions.
    ///
    /// # Errors
    /// [`NotRenewed`]; nothing changed then. [`NotRenewed::Waits`] until a person at the parent says yes.
    pub async fn readmit(
        &self,
        requests: &CertificateRequests,
        edition: [u8; 32],
        now: UnixTime,
    ) -> Result<Renewed, NotRenewed> {
        let mut last = DialError::Stream("there is no address to try".to_owned());
        for address in self
            .parents
            .addresses(rand::random)
            .await
            .map_err(DialError::from)?
        {
            match self.ask_back(address, requests, edition).await {
                Ok(Answer::Readmitted(issued)) => {
                    return Ok(self.identity.check_certificates(issued, now)?);
                }
                Ok(Answer::Pending(why)) => return Err(NotRenewed::Waits(escape(&why.english))),
                // A program from before readmission calls it busy, as whatever it cannot read.
                Ok(Answer::Refused(_, said)) => {
                    return Err(NotRenewed::Refused(escape(&said.english)));
                }
                Ok(Answer::Grant(_)) => {
                    return Err(NotRenewed::Refused(NoAnswer::Unreadable.to_string()));
                }
                Err(NotRenewed::Unreached(error)) => last = error,
                Err(error) => return Err(error),
            }
        }
        Err(last.into())
    }

    async fn ask_back(
        &self,
        address: SocketAddr,
        requests: &CertificateRequests,
        edition: [u8; 32],
    ) -> Result<Answer, NotRenewed> {
        let config = self.identity.readmit_client_config(self.parent);
        let name = join_name(self.parent);
        let (tls, own) = self.handshake(address, Arc::clone(&config), &name).await?;
        let asked = ask_back(tls, &self.identity, (self.parent, edition), requests);
        let answer = tokio::time::timeout(self.terms.connect_timeout, asked).await;
        drop(own);
        match answer {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(NoAnswer::Identity(error))) => Err(error.into()),
            Ok(Err(error @ NoAnswer::Unreadable)) => Err(NotRenewed::Refused(error.to_string())),
            Ok(Err(NoAnswer::Broken(error))) => Err(DialError::Unreachable(address, error).into()),
            Err(_) => {
                let error = std::io::ErrorKind::TimedOut.into();
                Err(DialError::Unreachable(address, error).into())
            }
        }
    }
}

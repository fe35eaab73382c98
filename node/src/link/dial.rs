//! Keeps one link to the parent: resolve, connect, open the stream, converse, wait, again.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use tokio::{
    net::TcpStream,
    sync::{Notify, mpsc},
    time::timeout,
};
use tokio_rustls::TlsConnector;
use tokio_stream::{StreamExt, wrappers::ReceiverStream};
use tonic::transport::Endpoint;
use topology::DivisionCode;

use super::{
    Broken, Carrier, Converse, Ended, FRAMES_WAITING, Side,
    backoff::Backoff,
    resolve::{Parents, Unresolved},
};
use crate::{
    identity::{Identity, PeerRefusal},
    wire::frame::Frame,
};

/// How a link is kept.
#[derive(Clone, Debug)]
pub struct Terms {
    /// For TCP and TLS together.
    pub connect_timeout: Duration,
    /// Between HTTP/2 pings; a neighbour silent for twice as long is gone.
    pub keep_alive: Duration,
    /// Largest frame in bytes.
    pub frame_bytes: usize,
    /// Shortest wait before dialling again.
    pub backoff_least: Duration,
    /// Longest wait.
    pub backoff_most: Duration,
}

/// Why a dial failed.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// No address.
    #[error(transparent)]
    Unresolved(#[from] Unresolved),
    /// Nobody answers there.
    #[error("{0} does not answer: {1}")]
    Unreachable(SocketAddr, io::Error),
    /// The certificates do not fit.
    #[error("{0} was refused: {1}")]
    Refused(SocketAddr, PeerRefusal),
    /// The stream was not opened.
    #[error("the parent did not open the stream: {0}")]
    Stream(String),
}

/// Dials the parent for as long as the node runs.
pub struct Dialler {
    /// Who dials.
    pub identity: Arc<Identity>,
    /// Whom.
    pub parent: DivisionCode,
    /// Where it may be.
    pub parents: Parents,
    /// How.
    pub terms: Terms,
    /// What to do with an open stream.
    pub converse: Arc<dyn Converse>,
    /// Rung to dial at once, for instance when the parent was seen.
    pub hurry: Arc<Notify>,
}

impl Dialler {
    /// Runs until `stop` resolves.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let mut backoff = Backoff::new(self.terms.backoff_least, self.terms.backoff_most);
        tokio::pin!(stop);
        loop {
            let attempt = async {
                let carrier = self.dial().await?;
                backoff.reset();
                Ok::<_, DialError>(Arc::clone(&self.converse).converse(carrier).await)
            };
            let outcome = tokio::select! {
                outcome = attempt => outcome,
                () = &mut stop => return,
            };
            let me = self.identity.division();
            match outcome {
                Ok(Ended::NewEpoch) => continue,
                Ok(ended) => {
                    tracing::info!(division = %me, parent = %self.parent, %ended, "link ended");
                }
                Err(error) => {
                    if backoff.failures().is_power_of_two() || backoff.failures() == 0 {
                        let failures = backoff.failures() + 1;
                        tracing::warn!(division = %me, parent = %self.parent, failures, %error,
                            "parent unreached");
                    }
                }
            }
            let wait = backoff.fail(rand::random());
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.hurry.notified() => backoff.reset(),
                () = &mut stop => return,
            }
        }
    }

    async fn dial(&self) -> Result<Carrier, DialError> {
        let addresses = self.parents.addresses(rand::random).await?;
        let mut last = DialError::Stream("there is no address to try".to_owned());
        for address in addresses {
            match self.open(address).await {
                Ok(carrier) => return Ok(carrier),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn open(&self, address: SocketAddr) -> Result<Carrier, DialError> {
        let name = self.identity.name_of(self.parent);
        let tls = timeout(self.terms.connect_timeout, async {
            let tcp = TcpStream::connect(address).await?;
            tcp.set_nodelay(true)?;
            let server = ServerName::try_from(name.clone()).map_err(io::Error::other)?;
            let config = self.identity.client_config(self.parent);
            TlsConnector::from(config).connect(server, tcp).await
        })
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        .map_err(|error| match PeerRefusal::of_io(&error) {
            Some(refusal) => DialError::Refused(address, refusal),
            None => DialError::Unreachable(address, error),
        })?;
        let failed = |error: &dyn std::error::Error| DialError::Stream(describe(error));
        let mut once = Some(TokioIo::new(tls));
        let channel = Endpoint::from_shared(format!("http://{name}"))
            .map_err(|error| failed(&error))?
            .http2_keep_alive_interval(self.terms.keep_alive)
            .keep_alive_timeout(self.terms.keep_alive)
            .keep_alive_while_idle(true)
            .initial_stream_window_size(1 << 20)
            .initial_connection_window_size(1 << 20)
            .connect_with_connector(tower::service_fn(move |_| {
                let stream = once
                    .take()
                    .ok_or_else(|| io::Error::other("a link is dialled once"));
                async { stream }
            }))
            .await
            .map_err(|error| failed(&error))?;
        let (outgoing, frames) = mpsc::channel::<Frame>(FRAMES_WAITING);
        let frames = ReceiverStream::new(frames).map(Frame::into_proto);
        let most = self.terms.frame_bytes;
        let mut client = proto::v1::link_client::LinkClient::new(channel)
            .max_decoding_message_size(most)
            .max_encoding_message_size(most);
        let response = client
            .open(frames)
            .await
            .map_err(|status| failed(&status))?;
        let incoming = response.into_inner().map(|frame| match frame {
            Ok(frame) => Ok(Frame::try_from(frame)?),
            Err(status) => Err(Broken::Stream(describe(&status))),
        });
        Ok(Carrier {
            peer: self.parent,
            side: Side::Child,
            incoming: Box::pin(incoming),
            outgoing,
        })
    }
}

/// An error with its causes, in one line.
fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

//! Keeps one link to the parent: resolve, connect, open the stream, converse, wait, again.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use hyper_util::rt::TokioIo;
use identity::{Identity, PeerRefusal};
use rustls_pki_types::ServerName;
use tokio::{
    net::TcpStream,
    sync::{Notify, mpsc},
    time::{Instant, timeout},
};
use tokio_rustls::TlsConnector;
use tokio_stream::{StreamExt, wrappers::ReceiverStream};
use tonic::transport::Endpoint;
use topology::DivisionCode;
use wire::frame::Frame;

use super::{
    Broken, Carrier, Converse, Ended, FRAMES_WAITING, Side,
    backoff::Backoff,
    own::{OwnLink, OwnLinks},
    pace::{Pace, Turns},
    pulse::{Pulse, Pulsing},
    resolve::{Parents, Unresolved},
};

/// A conversation that lasted so long was one; after a shorter one the wait before the next grows.
const STEADY: Duration = Duration::from_secs(2);

/// Longest wait after the parent refused to converse, unless links wait longer for other reasons.
const REFUSED_MOST: Duration = Duration::from_secs(60);

/// How a link is kept.
#[derive(Clone, Debug)]
pub struct DialConfig {
    /// For TCP and TLS together.
    pub connect_timeout: Duration,
    /// Bytes the parent may send before they are read.
    pub unread: u32,
    /// Silence after which the parent is pinged.
    pub ping: Duration,
    /// If it is silent for so long after that, it is gone.
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
    pub terms: DialConfig,
    /// Told of this link, if the parent is a node of this process.
    pub own: Option<OwnLinks>,
    /// How often the whole process dials.
    pub pace: Arc<Pace>,
    /// What to do with an open stream.
    pub converse: Arc<dyn Converse>,
    /// Rung to dial at once, for instance when the parent was seen.
    pub hurry: Arc<Notify>,
}

impl Dialler {
    /// Runs until `stop` resolves.
    pub fn run(self, stop: impl Future<Output = ()> + Send + 'static) -> BoxFuture<'static, ()> {
        Box::pin(self.dial_on(Box::pin(stop)))
    }

    async fn dial_on(self, stop: BoxFuture<'static, ()>) {
        let DialConfig {
            backoff_least: least,
            backoff_most: most,
            ..
        } = self.terms;
        let mut backoff = Backoff::new(least, most);
        let mut refusals = Backoff::new(least, most.max(REFUSED_MOST));
        let mut turns = Turns::new(Arc::clone(&self.pace));
        tokio::pin!(stop);
        loop {
            let attempt = async {
                let (carrier, address, _own) = self.dial().await?;
                turns.answered(address);
                let begun = Instant::now();
                let ended = Arc::clone(&self.converse).converse(carrier).await;
                Ok::<_, DialError>((ended, begun.elapsed() >= STEADY))
            };
            let outcome = tokio::select! {
                outcome = attempt => outcome,
                () = &mut stop => return,
            };
            let me = self.identity.division();
            let mut unanswered = None;
            match outcome {
                // Once at once: the parent waits for the new life. Not again and again, whatever it says.
                Ok((Ended::NewEpoch, _)) if backoff.failures() == 0 => {
                    backoff.fail(0.0);
                    continue;
                }
                Ok((ended, steady)) => {
                    if steady {
                        backoff.reset();
                        refusals.reset();
                    }
                    if backoff.failures().is_power_of_two() || backoff.failures() == 0 {
                        let failures = backoff.failures() + 1;
                        tracing::info!(division = %me, parent = %self.parent, failures, %ended,
                            "link ended");
                    }
                    if ended.is_refusal() {
                        let wait = refusals.fail(rand::random());
                        tokio::select! {
                            () = tokio::time::sleep(wait) => {}
                            () = &mut stop => return,
                        }
                    }
                }
                Err(error) => {
                    turns.failed();
                    if let DialError::Unreachable(address, _) = error {
                        unanswered = Some(address);
                    }
                    let seldom = backoff.failures().is_power_of_two() || backoff.failures() == 0;
                    // Many nodes of this process may have the same parent.
                    let count = seldom.then(|| self.pace.to_tell(self.parent)).flatten();
                    if let Some(count) = count {
                        let failures = backoff.failures() + 1;
                        tracing::warn!(count, last = %me, parent = %self.parent, failures, %error,
                            "parent unreached");
                    }
                }
            }
            let wait = backoff.fail(rand::random());
            tokio::select! {
                () = turns.wait(wait, rand::random(), unanswered) => {}
                () = self.hurry.notified() => backoff.reset(),
                () = &mut stop => return,
            }
        }
    }

    async fn dial(&self) -> Result<(Carrier, SocketAddr, Option<OwnLink>), DialError> {
        let _turn = self.pace.turn(self.own.is_some()).await;
        let addresses = self.parents.addresses(rand::random).await?;
        let mut last = DialError::Stream("there is no address to try".to_owned());
        for address in addresses {
            match self.open(address).await {
                Ok((carrier, own)) => return Ok((carrier, address, own)),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn open(&self, address: SocketAddr) -> Result<(Carrier, Option<OwnLink>), DialError> {
        let name = self.identity.name_of(self.parent);
        let (tls, own) = timeout(self.terms.connect_timeout, async {
            let tcp = TcpStream::connect(address).await?;
            // Before the first byte goes, by which the listener must know it.
            let own = match &self.own {
                Some(own) => Some(own.note(tcp.local_addr()?)),
                None => None,
            };
            tcp.set_nodelay(true)?;
            let server = ServerName::try_from(name.clone()).map_err(io::Error::other)?;
            let config = self.identity.client_config(self.parent);
            let tls = TlsConnector::from(config).connect(server, tcp).await?;
            Ok((tls, own))
        })
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        .map_err(|error| match PeerRefusal::of_io(&error) {
            Some(refusal) => DialError::Refused(address, refusal),
            None => DialError::Unreachable(address, error),
        })?;
        let certificates = tls.get_ref().1.peer_certificates().unwrap_or_default();
        let lapse = self.identity.lapse_with(certificates);
        let failed = |error: &dyn std::error::Error| DialError::Stream(describe(error));
        let pulse = Pulse::begin(own.is_some());
        let mut once = Some(TokioIo::new(Pulsing::new(tls, pulse.clone())));
        let channel = Endpoint::from_shared(format!("http://{name}"))
            .map_err(|error| failed(&error))?
            .http2_keep_alive_interval(self.terms.ping)
            .keep_alive_timeout(self.terms.keep_alive)
            .keep_alive_while_idle(true)
            .initial_stream_window_size(self.terms.unread)
            .initial_connection_window_size(self.terms.unread)
            .connect_with_connector(tower::service_fn(move |_| {
                let stream = once
                    .take()
                    .ok_or_else(|| io::Error::other("a link is dialled once"));
                async { stream }
            }))
            .await
            .map_err(|error| failed(&error))?;
        let (outgoing, frames) = mpsc::channel::<Box<Frame>>(FRAMES_WAITING);
        let frames = ReceiverStream::new(frames).map(|frame| frame.into_proto());
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
            Err(status) => Err(Broken::stream(&describe(&status))),
        });
        let carrier = Carrier {
            peer: self.parent,
            side: Side::Child,
            lapse,
            pulse,
            address,
            incoming: Box::pin(incoming),
            outgoing,
        };
        Ok((carrier, own))
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

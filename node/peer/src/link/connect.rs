//! Opens streams to the parent over TCP, TLS and HTTP/2.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use futures::{FutureExt, future::BoxFuture};
use hyper_util::rt::TokioIo;
use identity::{Identity, Lapse, PeerRefusal};
use proto::v1::link_client::LinkClient;
use rustls_pki_types::ServerName;
use tokio::{net::TcpStream, sync::mpsc, time::timeout};
use tokio_rustls::{TlsConnector, client::TlsStream, rustls::ClientConfig};
use tokio_stream::{StreamExt, wrappers::ReceiverStream};
use tonic::transport::{Channel, Endpoint};
use topology::DivisionCode;
use wire::frame::Frame;

use super::{
    Broken, Carrier, FRAMES_WAITING, Side,
    dial::{Connect, DialError},
    own::{OwnLink, OwnLinks},
    pulse::{Pulse, Pulsing},
    resolve::CurrentParents,
};

/// Limits of a connection to the parent.
#[derive(Clone, Debug)]
pub struct ConnectConfig {
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
}

/// Connects to the parent with a node's own certificate, and accepts exactly the parent's.
pub struct TlsConnect {
    /// Who dials.
    pub identity: Arc<Identity>,
    /// Whom.
    pub parent: DivisionCode,
    /// Where it may be.
    pub parents: CurrentParents,
    /// Limits of the connection.
    pub terms: ConnectConfig,
    /// Told of this link, if the parent is a node of this process.
    pub own: Option<OwnLinks>,
}

impl Connect for Arc<TlsConnect> {
    fn connect(&self) -> BoxFuture<'_, Result<Carrier, DialError>> {
        self.dial().boxed()
    }
}

impl TlsConnect {
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
        let config = self.identity.client_config(self.parent);
        let Line {
            channel,
            lapse,
            pulse,
            own,
        } = self.line(address, config).await?;
        let (outgoing, frames) = mpsc::channel::<Box<Frame>>(FRAMES_WAITING);
        let frames = ReceiverStream::new(frames).map(|frame| frame.into_proto());
        let response = self.client(channel).open(frames).await;
        let response = response.map_err(|status| DialError::Stream(describe(&status)))?;
        let incoming = response.into_inner().map(move |frame| {
            let _until_the_stream_ends = &own;
            match frame {
                Ok(frame) => Ok(Frame::try_from(frame)?),
                Err(status) => Err(Broken::stream(&describe(&status))),
            }
        });
        Ok(Carrier {
            peer: self.parent,
            side: Side::Child,
            lapse,
            pulse,
            address,
            incoming: Box::pin(incoming),
            outgoing,
        })
    }

    /// Connects to the first address of the parent that answers, showing the certificate of this configuration.
    pub(super) async fn line_to_parent(
        &self,
        config: Arc<ClientConfig>,
    ) -> Result<Line, DialError> {
        let mut last = DialError::Stream("there is no address to try".to_owned());
        for address in self.parents.addresses(rand::random).await? {
            match self.line(address, Arc::clone(&config)).await {
                Ok(line) => return Ok(line),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    pub(super) fn client(&self, channel: Channel) -> LinkClient<Channel> {
        let most = self.terms.frame_bytes;
        LinkClient::new(channel)
            .max_decoding_message_size(most)
            .max_encoding_message_size(most)
    }

    /// Connects to one address over TCP and TLS; the server name says what for.
    pub(super) async fn handshake(
        &self,
        address: SocketAddr,
        config: Arc<ClientConfig>,
        name: &str,
    ) -> Result<(TlsStream<TcpStream>, Option<OwnLink>), DialError> {
        let server = ServerName::try_from(name.to_owned()).map_err(io::Error::other);
        timeout(self.terms.connect_timeout, async {
            let tcp = TcpStream::connect(address).await?;
            // Before the first byte goes, by which the listener must know it.
            let own = match &self.own {
                Some(own) => Some(own.note(tcp.local_addr()?)),
                None => None,
            };
            tcp.set_nodelay(true)?;
            let tls = TlsConnector::from(config).connect(server?, tcp).await?;
            Ok((tls, own))
        })
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        .map_err(|error| match PeerRefusal::of_io(&error) {
            Some(refusal) => DialError::Refused(address, refusal),
            None => DialError::Unreachable(address, error),
        })
    }

    /// Connects to one address.
    pub(super) async fn line(
        &self,
        address: SocketAddr,
        config: Arc<ClientConfig>,
    ) -> Result<Line, DialError> {
        let name = self.identity.name_of(self.parent);
        let (tls, own) = self.handshake(address, config, &name).await?;
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
        Ok(Line {
            channel,
            lapse,
            pulse,
            own,
        })
    }
}

/// A connection to the parent.
pub(super) struct Line {
    pub(super) channel: Channel,
    lapse: Lapse,
    pulse: Pulse,
    /// Listed for as long as it is open.
    own: Option<OwnLink>,
}

/// An error with its causes, in one line.
pub(super) fn describe(error: &dyn std::error::Error) -> String {
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

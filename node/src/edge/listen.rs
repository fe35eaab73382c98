//! The one listener for peers: limits before the handshake, then routing by TLS server name.

use std::{
    collections::HashMap,
    io,
    net::IpAddr,
    pin::Pin,
    sync::{Arc, Mutex, RwLock},
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::timeout,
};
use tokio_rustls::{LazyConfigAcceptor, rustls::server::Acceptor, server::TlsStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tonic::transport::server::Connected;
use topology::DivisionCode;

use crate::{
    identity::{Identity, PeerRefusal},
    telemetry::Metrics,
};

/// The neighbour at the other end of a connection, from its certificate.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub DivisionCode);

/// An authenticated connection.
pub struct PeerStream {
    tls: TlsStream<TcpStream>,
    peer: DivisionCode,
    _place: Place,
}

impl Connected for PeerStream {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        Peer(self.peer)
    }
}

impl AsyncRead for PeerStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tls).poll_read(cx, buf)
    }
}

impl AsyncWrite for PeerStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tls).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tls).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tls).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tls).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.tls.is_write_vectored()
    }
}

/// What is allowed before anybody is authenticated.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From accept to the end of the handshake.
    pub handshake: Duration,
    /// Open connections of one address.
    pub per_address: usize,
}

/// A node that takes connections.
struct Door {
    identity: Arc<Identity>,
    connections: mpsc::Sender<PeerStream>,
}

/// The nodes behind one listener, by the server name of each.
#[derive(Default)]
pub struct Doors(RwLock<HashMap<String, Door>>);

impl Doors {
    /// Opens a node's door; its connections come out of the receiver.
    pub fn open(&self, identity: Arc<Identity>) -> mpsc::Receiver<PeerStream> {
        let (connections, receiver) = mpsc::channel(16);
        let name = identity.sni_name().to_owned();
        let door = Door {
            identity,
            connections,
        };
        self.0.write().expect("no holder panics").insert(name, door);
        receiver
    }
}

/// Open connections by address.
#[derive(Clone, Default)]
struct Places(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// One of an address's connections; given back when dropped.
struct Place {
    places: Places,
    address: IpAddr,
}

impl Places {
    fn take(&self, address: IpAddr, most: usize) -> Option<Place> {
        let mut taken = self.0.lock().expect("no holder panics");
        let count = taken.entry(address).or_default();
        (*count < most).then(|| {
            *count += 1;
            Place {
                places: self.clone(),
                address,
            }
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.0.lock().expect("no holder panics");
        if let Some(count) = taken.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.address);
            }
        }
    }
}

/// Why a connection was not let in.
#[derive(Debug, thiserror::Error)]
enum Turned {
    #[error("no handshake in time")]
    TimedOut,
    #[error("it asked for no node of this process")]
    UnknownName,
    #[error("{0}")]
    Refused(PeerRefusal),
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Accepts until `stop`.
pub async fn listen(
    listener: TcpListener,
    doors: Arc<Doors>,
    limits: Limits,
    metrics: Metrics,
    tasks: TaskTracker,
    stop: CancellationToken,
) {
    let places = Places::default();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        let (tcp, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "accept failed");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let Some(place) = places.take(address.ip(), limits.per_address) else {
            metrics.peer_refused("too-many-connections");
            continue;
        };
        let doors = Arc::clone(&doors);
        let metrics = metrics.clone();
        tasks.spawn(async move {
            let entered = timeout(limits.handshake, enter(tcp, place, &doors))
                .await
                .unwrap_or(Err(Turned::TimedOut));
            if let Err(reason) = entered {
                let name = match &reason {
                    Turned::TimedOut => "handshake-timeout",
                    Turned::UnknownName => "unknown-server-name",
                    Turned::Refused(refusal) => refusal.reason(),
                    Turned::Io(_) => "handshake-failed",
                };
                metrics.peer_refused(name);
                tracing::warn!(%address, reason = name, detail = %reason, "peer refused");
            }
        });
    }
}

async fn enter(tcp: TcpStream, place: Place, doors: &Doors) -> Result<(), Turned> {
    tcp.set_nodelay(true)?;
    let start = LazyConfigAcceptor::new(Acceptor::default(), tcp).await?;
    let name = start
        .client_hello()
        .server_name()
        .map(str::to_ascii_lowercase);
    let door = name.and_then(|name| {
        let doors = doors.0.read().expect("no holder panics");
        doors
            .get(&name)
            .map(|door| (Arc::clone(&door.identity), door.connections.clone()))
    });
    let Some((identity, connections)) = door else {
        return Err(Turned::UnknownName);
    };
    let tls = start
        .into_stream(identity.server_config())
        .await
        .map_err(|error| match PeerRefusal::of_io(&error) {
            Some(refusal) => Turned::Refused(refusal),
            None => Turned::Io(error),
        })?;
    let certificates = tls.get_ref().1.peer_certificates().unwrap_or_default();
    let peer = identity
        .peer_division(certificates)
        .map_err(Turned::Refused)?;
    let stream = PeerStream {
        tls,
        peer,
        _place: place,
    };
    connections
        .send(stream)
        .await
        .map_err(|_| io::Error::other("the node stopped").into())
}

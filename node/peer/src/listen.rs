//! The one listener for peers: applies limits before the handshake, then routes by TLS server name.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use futures::future::BoxFuture;
use identity::{Identity, JOIN_ALPN, Lapse, PeerRefusal};
use telemetry::{Metrics, sums::Sums};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::{Instant, Sleep, interval, sleep, timeout},
};
use tokio_rustls::{
    LazyConfigAcceptor, StartHandshake, rustls::server::Acceptor, server::TlsStream,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tonic::transport::server::Connected;
use topology::DivisionCode;

use super::permits::{Bounds, Permit, Permits, Source};
use crate::{
    join::JoinService,
    link::{
        own::OwnLinks,
        pulse::{Pulse, Pulsing},
    },
};

/// Time between two log lines about peers refused for the same reason.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// The neighbour at the other end of a connection.
#[derive(Clone, Debug)]
pub struct Peer {
    /// The division, from its certificate.
    pub division: DivisionCode,
    /// The address the connection comes from.
    pub address: SocketAddr,
    /// The end of the certificates, and of a link over it.
    pub lapse: Lapse,
    /// The open streams on it.
    pub uses: Uses,
    /// Its last sign of life.
    pub pulse: Pulse,
}

/// Counts the streams that are open on one connection.
#[derive(Clone, Debug, Default)]
pub struct Uses(Arc<AtomicUsize>);

/// One open stream.
#[derive(Debug)]
pub(super) struct Use(Uses);

impl Uses {
    /// Counts a stream until the returned value is dropped.
    pub(super) fn begin(&self) -> Use {
        self.0.fetch_add(1, Ordering::Relaxed);
        Use(self.clone())
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// An authenticated connection. It ends when it has no open stream for a while.
pub struct PeerStream {
    tls: Pulsing<TlsStream<TcpStream>>,
    peer: Peer,
    patience: Duration,
    /// The next check whether it is used.
    look: Pin<Box<Sleep>>,
    /// Whether it was unused at the last check.
    idle: bool,
    _place: Option<Permit>,
}

impl PeerStream {
    /// Returns whether it was unused at two checks in a row.
    fn is_given_up(&mut self, cx: &mut Context<'_>) -> bool {
        while self.look.as_mut().poll(cx).is_ready() {
            let unused = self.peer.uses.0.load(Ordering::Relaxed) == 0;
            if self.idle && unused {
                return true;
            }
            self.idle = unused;
            self.look.as_mut().reset(Instant::now() + self.patience);
        }
        false
    }
}

impl Connected for PeerStream {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer.clone()
    }
}

impl AsyncRead for PeerStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_given_up(cx) {
            let why = "no link was opened on the connection";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, why)));
        }
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

/// Limits before and after authentication.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Longest time from accept to the end of the handshake, and from there to the link.
    pub handshake: Duration,
    /// Connections whose handshake is under way.
    pub half_open: Bounds,
    /// Connections of neighbours, without those of the process to itself.
    pub open: Bounds,
}

type Entered = (Arc<Identity>, mpsc::Sender<PeerStream>);

/// A node that accepts connections.
struct Door {
    identity: Arc<Identity>,
    connections: mpsc::Sender<PeerStream>,
}

/// The nodes behind one listener, by server name.
#[derive(Default)]
pub struct SniRouter {
    doors: RwLock<HashMap<String, Door>>,
    /// Those who answer divisions that join.
    joins: RwLock<HashMap<String, Arc<JoinService>>>,
}

impl SniRouter {
    /// Registers a node and returns the receiver of its connections.
    pub fn open(&self, identity: Arc<Identity>) -> mpsc::Receiver<PeerStream> {
        let (connections, receiver) = mpsc::channel(16);
        let name = identity.sni_name().to_owned();
        let door = Door {
            identity,
            connections,
        };
        let mut doors = self.doors.write().expect("no holder panics");
        doors.insert(name, door);
        receiver
    }

    /// Registers what answers divisions that join below a node.
    pub fn open_joins(&self, service: Arc<JoinService>) {
        let name = service.identity().join_name();
        let mut joins = self.joins.write().expect("no holder panics");
        joins.insert(name, service);
    }

    fn joins(&self, name: Option<&str>) -> Option<Arc<JoinService>> {
        let joins = self.joins.read().expect("no holder panics");
        joins.get(name?).cloned()
    }

    /// Returns the node of this name, if it is here, and the identity of any node.
    fn named(&self, name: Option<&str>) -> (Option<Entered>, Option<Arc<Identity>>) {
        let sni_router = self.doors.read().expect("no holder panics");
        let named = name.and_then(|name| sni_router.get(name));
        let named = named.map(|door| (Arc::clone(&door.identity), door.connections.clone()));
        let any = sni_router.values().next();
        (named, any.map(|door| Arc::clone(&door.identity)))
    }
}

/// The reason a connection was refused.
#[derive(Debug, thiserror::Error)]
enum Turned {
    #[error("the handshake did not finish in time")]
    TimedOut,
    #[error("newer connections displaced it; too many handshakes were under way")]
    Displaced,
    #[error("too many connections are open; see `limits.connections_per_address`")]
    NoPlace,
    #[error("its server name is not a node of this process")]
    UnknownName,
    #[error("{0}")]
    Refused(PeerRefusal),
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl Turned {
    const fn reason(&self) -> &'static str {
        match self {
            Self::TimedOut => "handshake-timeout",
            Self::Displaced => "handshake-displaced",
            Self::NoPlace => "too-many-connections",
            Self::UnknownName => "unknown-server-name",
            Self::Refused(refusal) => refusal.reason(),
            Self::Io(_) => "handshake-failed",
        }
    }
}

/// Accepts connections for the nodes of a process.
pub struct Listener {
    /// The nodes.
    pub sni_router: Arc<SniRouter>,
    /// The limits.
    pub limits: Limits,
    /// The process's connections to itself.
    pub own: OwnLinks,
    /// Counts refusals.
    pub metrics: Metrics,
    /// Runs handshakes.
    pub tasks: TaskTracker,
}

/// State that every handshake needs.
struct Entrance {
    sni_router: Arc<SniRouter>,
    limits: Limits,
    own: OwnLinks,
    open: Permits,
    metrics: Metrics,
    refused: Sums<&'static str>,
}

impl Listener {
    /// Accepts connections until `stop` is cancelled.
    pub fn run(self, listener: TcpListener, stop: CancellationToken) -> BoxFuture<'static, ()> {
        Box::pin(self.accept(listener, stop))
    }

    async fn accept(self, listener: TcpListener, stop: CancellationToken) {
        let half_open = Permits::new(self.limits.half_open);
        let entrance = Arc::new(Entrance {
            sni_router: self.sni_router,
            limits: self.limits,
            own: self.own,
            open: Permits::new(self.limits.open),
            metrics: self.metrics,
            refused: Sums::new(TELL_EVERY),
        });
        let mut telling = interval(TELL_EVERY);
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                _ = telling.tick() => {
                    entrance.tell_rest();
                    continue;
                }
                () = stop.cancelled() => break,
            };
            let (tcp, address) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    let now = Instant::now().into_std();
                    if let Some(count) = entrance.refused.note("accept-failed", now) {
                        tracing::warn!(count, %error, "accept failed");
                    }
                    sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let Some(place) = half_open.wait(Source::of(address.ip())) else {
                entrance.refuse(address, &Turned::Displaced);
                continue;
            };
            let entrance = Arc::clone(&entrance);
            self.tasks.spawn(async move {
                let entered = tokio::select! {
                    entered = timeout(entrance.limits.handshake, entrance.enter(tcp, address)) => {
                        entered.unwrap_or(Err(Turned::TimedOut))
                    }
                    () = place.taken_away() => Err(Turned::Displaced),
                };
                if let Err(turned) = entered {
                    entrance.refuse(address, &turned);
                }
            });
        }
        entrance.tell_rest();
    }
}

impl Entrance {
    async fn enter(&self, tcp: TcpStream, address: SocketAddr) -> Result<(), Turned> {
        tcp.set_nodelay(true)?;
        let start = LazyConfigAcceptor::new(Acceptor::default(), tcp).await?;
        // An own connection is listed before its first byte was sent. Only others are counted.
        let inside = self.own.has(address);
        let place = match inside {
            true => None,
            false => Some(self.open.hold(Source::of(address.ip()))),
        };
        let place = match place {
            Some(None) => return Err(Turned::NoPlace),
            place => place.flatten(),
        };
        let name = start
            .client_hello()
            .server_name()
            .map(str::to_ascii_lowercase);
        let joins = {
            let hello = start.client_hello();
            let mut offered = hello.alpn().into_iter().flatten();
            offered.any(|protocol| protocol == JOIN_ALPN)
        };
        if joins {
            return self.join(start, name.as_deref(), address).await;
        }
        let (door, any) = self.sni_router.named(name.as_deref());
        let Some((identity, connections)) = door else {
            // Any other node's configuration answers with an alert, because the name is not its
            // own.
            if let Some(identity) = any {
                let _alerted = start.into_stream(identity.server_config()).await;
            }
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
        let division = identity
            .peer_division(certificates)
            .map_err(Turned::Refused)?;
        let lapse = identity.lapse_with(certificates);
        let pulse = Pulse::begin(inside);
        let stream = PeerStream {
            tls: Pulsing::new(tls, pulse.clone()),
            peer: Peer {
                division,
                address,
                lapse,
                uses: Uses::default(),
                pulse,
            },
            patience: self.limits.handshake,
            look: Box::pin(sleep(self.limits.handshake)),
            idle: true,
            _place: place,
        };
        connections
            .send(stream)
            .await
            .map_err(|_| io::Error::other("the node stopped").into())
    }

    /// Answers a division that joins; the place of its connection is held until then.
    async fn join(
        &self,
        start: StartHandshake<TcpStream>,
        name: Option<&str>,
        address: SocketAddr,
    ) -> Result<(), Turned> {
        let service = self.sni_router.joins(name).ok_or(Turned::UnknownName)?;
        let config = service.identity().join_server_config();
        let tls = start.into_stream(config).await?;
        Ok(service.serve(tls, address).await?)
    }

    fn refuse(&self, address: SocketAddr, turned: &Turned) {
        let reason = turned.reason();
        self.metrics.peer_refused(reason);
        if let Some(count) = self.refused.note(reason, Instant::now().into_std()) {
            tracing::warn!(count, last = %address, reason, detail = %turned, "peer refused");
        }
    }

    /// Reports the refusals that were not reported yet.
    fn tell_rest(&self) {
        for (reason, count) in self.refused.rest(Instant::now().into_std()) {
            tracing::warn!(count, reason, "peers refused");
        }
    }
}

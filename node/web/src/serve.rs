//! Accepting connections and speaking HTTP/1 on them, with limits.

use std::{
    convert::Infallible,
    net::IpAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use axum::{Router, body::Body, serve::Listener};
use http::Request;
use hyper::{
    body::{Bytes, Frame, Incoming, SizeHint},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use peer::permits::{Permit, Permits, Source};
use tokio::{
    net::{TcpStream, UnixStream},
    task::JoinSet,
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::write_timeout::WriteTimeout;

/// For a request's header, and between two requests of one connection.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// For a reader that takes nothing of what is written to it.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// For requests under way when the process stops.
const GRACE: Duration = Duration::from_secs(5);

/// A router with the places of those it serves.
#[derive(Clone)]
pub(super) struct Service {
    /// What it answers.
    pub(super) router: Router,
    /// For how many at a time.
    pub(super) places: Permits,
}

/// Who is at the other end of a connection, by the kernel's word.
#[derive(Clone, Copy, Debug)]
pub(super) enum Caller {
    /// A user of this machine, on the control socket.
    User(u32),
    /// Somebody at a network address.
    Address(IpAddr),
}

impl Caller {
    /// The peer of a connection; `None` if the kernel does not say.
    pub(super) fn of_socket(stream: &UnixStream) -> Option<Self> {
        let peer = stream.peer_cred().inspect_err(|error| {
            tracing::warn!(%error, "a caller on the control socket cannot be told");
        });
        Some(Self::User(peer.ok()?.uid()))
    }

    /// Where its connections are counted.
    pub(super) fn source(&self) -> Source {
        match self {
            Self::User(_) => Source::Machine,
            Self::Address(address) => Source::of(*address),
        }
    }

    /// The peer of a connection; `None` if it has ended.
    pub(super) fn of_address(stream: &TcpStream) -> Option<Self> {
        Some(Self::Address(stream.peer_addr().ok()?.ip().to_canonical()))
    }
}

/// Answers requests until `stop`, then waits a moment for those under way. Requests carry what
/// `know` finds out about a connection, which counts for its `source`; one it knows nothing of is
/// closed. A connection on which no request is under way gives its place to a newcomer. One that finds
/// none is served by `beside`, if there is such.
pub(super) async fn serve<L, K>(
    mut listener: L,
    service: Service,
    beside: Option<Service>,
    (know, source): (impl Fn(&L::Io) -> Option<K>, impl Fn(&K) -> Source),
    stop: CancellationToken,
) where
    L: Listener,
    K: Clone + Send + Sync + 'static,
{
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        while connections.try_join_next().is_some() {}
        let Some(known) = know(&stream) else { continue };
        let source = source(&known);
        let services = std::iter::once(&service).chain(&beside);
        let served = services
            .filter_map(|service| Some((service.places.wait(source)?, &service.router)))
            .next();
        let Some((place, router)) = served else {
            tracing::debug!(?source, "no place for a connection");
            continue;
        };
        connections.spawn(hold(stream, router.clone(), known, place, stop.clone()));
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    if timeout(GRACE, all).await.is_err() {
        tracing::warn!("requests were cut off, because the process stops");
    }
}

/// A place in use, from a request's header to the last byte of its answer.
struct UnderWay(Arc<Permit>);

impl UnderWay {
    fn begin(place: &Arc<Permit>) -> Self {
        place.in_use();
        Self(Arc::clone(place))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.waits();
    }
}

/// The body of an answer; its request is under way until it is dropped.
struct Answer {
    body: Body,
    _under_way: UnderWay,
}

impl hyper::body::Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

async fn hold<I, K>(stream: I, router: Router, known: K, place: Permit, stop: CancellationToken)
where
    I: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    K: Clone + Send + Sync + 'static,
{
    let place = Arc::new(place);
    let taken = Arc::clone(&place);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(known.clone());
        let under_way = UnderWay::begin(&place);
        let answered = router.clone().oneshot(request.map(Body::new));
        async move {
            let answer = answered.await?;
            Ok::<_, Infallible>(answer.map(|body| Answer {
                body,
                _under_way: under_way,
            }))
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(
            TokioIo::new(WriteTimeout::new(stream, WRITE_TIMEOUT)),
            service,
        );
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = taken.taken_away() => return,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection of a person's program broke");
    }
}

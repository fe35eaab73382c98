//! Accepts connections and serves HTTP/1 on them, with limits.

use std::{
    convert::Infallible,
    net::IpAddr,
    pin::Pin,
    sync::{Arc, LazyLock},
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
use peer::permits::{Bounds, Permit, Permits, Source};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
    task::JoinSet,
    time::timeout,
};
use tokio_io_timeout::TimeoutWriter;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// Time limit for a request's header, and for the pause between two requests of a connection.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// Time limit for a reader that accepts no bytes.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// Time that requests get to finish when the process stops.
const GRACE: Duration = Duration::from_secs(5);

/// A router with the permits of its connections.
pub(super) struct Service {
    router: LazyLock<Router, Box<dyn FnOnce() -> Router + Send>>,
    places: Permits,
}

impl Service {
    /// Builds the routes when the first connection comes. Many listeners have none: a node that
    /// starts for its neighbours alone is up sooner.
    pub(super) fn new(router: impl FnOnce() -> Router + Send + 'static, bounds: Bounds) -> Self {
        Self {
            router: LazyLock::new(Box::new(router)),
            places: Permits::new(bounds),
        }
    }
}

/// The other end of a connection, as the kernel reports it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Caller {
    /// A user of this machine, on the control socket.
    User(u32),
    /// A network address.
    Address(IpAddr),
}

impl Caller {
    /// Returns the peer of a socket connection; `None` if the kernel does not tell.
    pub(super) fn of_socket(stream: &UnixStream) -> Option<Self> {
        let peer = stream.peer_cred().inspect_err(|error| {
            tracing::warn!(%error, "cannot identify a caller on the control socket");
        });
        Some(Self::User(peer.ok()?.uid()))
    }

    /// Returns the source under which its connections are counted.
    pub(super) fn source(&self) -> Source {
        match self {
            Self::User(_) => Source::Machine,
            Self::Address(address) => Source::of(*address),
        }
    }

    /// Returns the peer of a TCP connection; `None` if it has ended.
    pub(super) fn of_address(stream: &TcpStream) -> Option<Self> {
        Some(Self::Address(stream.peer_addr().ok()?.ip().to_canonical()))
    }
}

/// Answers requests until `stop`, then waits a few seconds for running ones. `know` identifies the
/// peer of a connection, and requests carry the result; a connection without a result is closed.
/// `source` is the key under which a connection is counted. If all permits are taken, a new
/// connection replaces one without a running request; if there is none, `beside` serves it.
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
            tracing::debug!(?source, "no permit for a connection");
            continue;
        };
        connections.spawn(hold(
            stream,
            Router::clone(router),
            known,
            place,
            stop.clone(),
        ));
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    if timeout(GRACE, all).await.is_err() {
        tracing::warn!("the process stops and cuts off running requests");
    }
}

/// Marks the connection's permit as in use, from a request's header to the last byte of its answer.
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

/// The body of an answer. Its request counts as running until the body is dropped.
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

/// A stream that fails when its other end takes nothing for a time, so that whoever does not read holds
/// no place for ever.
fn with_write_timeout<I: AsyncWrite>(stream: I, longest: Duration) -> TimeoutWriter<I> {
    let mut stream = TimeoutWriter::new(stream);
    stream.set_timeout(Some(longest));
    stream
}

async fn hold<I, K>(stream: I, router: Router, known: K, place: Permit, stop: CancellationToken)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
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
    let stream = with_write_timeout(stream, WRITE_TIMEOUT);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(Box::pin(stream)), service);
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
        tracing::debug!(%error, "a client connection broke");
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt, duplex},
        time::sleep,
    };

    use super::*;

    #[tokio::test]
    async fn who_reads_slowly_keeps_the_connection_and_who_reads_nothing_loses_it() {
        let (near, mut far) = duplex(8);
        let mut stream = Box::pin(with_write_timeout(near, Duration::from_secs(1)));
        for _ in 0..4 {
            {
                let mut write = std::pin::pin!(stream.write_all(&[7; 12]));
                assert!(futures::poll!(write.as_mut()).is_pending(), "it is full");
                // All waits together are longer than the limit, which begins anew with each.
                sleep(Duration::from_millis(300)).await;
                far.read_exact(&mut [0; 8]).await.unwrap();
                write.await.unwrap();
            }
            far.read_exact(&mut [0; 4]).await.unwrap();
        }
        let brief = Some(Duration::from_millis(1));
        stream.as_mut().set_timeout_pinned(brief);
        let broken = stream.write_all(&[7; 64]).await.unwrap_err();
        assert_eq!(broken.kind(), std::io::ErrorKind::TimedOut);
    }
}

//! Accepting connections and speaking HTTP/1 on them, with limits.

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body, serve::Listener};
use http::Request;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpStream, UnixStream},
    sync::Semaphore,
    task::JoinSet,
    time::timeout,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::stall::Stalls;

/// Open connections of one listener; more wait in the kernel's queue.
const MOST_CONNECTIONS: usize = 1_024;
/// For a request's header, and between two requests of one connection.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// For a reader that takes nothing of what is written to it.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// For requests under way when the process stops.
const GRACE: Duration = Duration::from_secs(5);

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

    /// The peer of a connection; `None` if it has ended.
    pub(super) fn of_address(stream: &TcpStream) -> Option<Self> {
        Some(Self::Address(stream.peer_addr().ok()?.ip().to_canonical()))
    }
}

/// Answers requests until `stop`, then waits a moment for those under way. Requests carry what
/// `know` finds out about a connection; one it knows nothing of is closed.
pub(super) async fn serve<L, K>(
    mut listener: L,
    router: Router,
    know: impl Fn(&L::Io) -> Option<K>,
    stop: CancellationToken,
) where
    L: Listener,
    K: Clone + Send + Sync + 'static,
{
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        let place = Arc::clone(&places).acquire_owned();
        let accepted = async { (place.await, listener.accept().await) };
        let (place, (stream, _)) = tokio::select! {
            accepted = accepted => accepted,
            () = stop.cancelled() => break,
        };
        while connections.try_join_next().is_some() {}
        let Some(known) = know(&stream) else { continue };
        let held = hold(stream, router.clone(), known, stop.clone());
        connections.spawn(async move {
            held.await;
            drop(place);
        });
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    if timeout(GRACE, all).await.is_err() {
        tracing::warn!("requests were cut off, because the process stops");
    }
}

async fn hold<I, K>(stream: I, router: Router, known: K, stop: CancellationToken)
where
    I: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    K: Clone + Send + Sync + 'static,
{
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(known.clone());
        router.clone().oneshot(request.map(Body::new))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(Stalls::new(stream, WRITE_TIMEOUT)), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection of a person's program broke");
    }
}

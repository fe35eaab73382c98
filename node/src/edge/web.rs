//! What people's programs reach: the JSON API on the control socket, and HTTP for health and metrics.
//!
//! Whoever may open the socket is known by the kernel, and every commit made through it has that
//! user as its actor. The socket lies in a directory that only its owner may enter.

pub mod api;
mod ask;
mod figures;
mod matters;
pub mod problem;
mod serve;
mod status;
mod templates;

use std::{os::unix::fs::PermissionsExt, path::Path, time::Duration};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};
use http::StatusCode;
use tokio::net::{TcpListener, UnixListener};
use tokio_util::sync::CancellationToken;
use tower_http::{limit::RequestBodyLimitLayer, timeout::TimeoutLayer};

use self::{problem::Problem, serve::Caller};
use super::roster::Roster;
use crate::telemetry::hosts;

/// Longest request on the socket: a text of 48 KiB with every byte escaped, and room to spare.
const SOCKET_BODY_BYTES: usize = 512 * 1024;
/// Longest request over TCP, where nothing is handed in.
const HTTP_BODY_BYTES: usize = 64 * 1024;
/// From the end of a request's header to the answer, over TCP.
const HTTP_TIMEOUT: Duration = Duration::from_secs(10);

/// Serves the API to the owner of the control socket, until `stop`. Others are shut out before this
/// returns what is to be driven.
pub fn serve_socket(
    listener: UnixListener,
    roster: Roster,
    stop: CancellationToken,
) -> impl Future<Output = ()> + Send {
    let address = listener.local_addr().ok();
    let path = address.as_ref().and_then(|address| address.as_pathname());
    let closed = path.map_or(Ok(()), owner_only);
    async move {
        match closed {
            Ok(()) => serve::serve(listener, router(roster), Caller::of_socket, stop).await,
            Err(error) => {
                tracing::error!(%error, "the control socket stays open to others, so it is not served");
            }
        }
    }
}

/// Serves a router to those who ask for one of `hosts`, until `stop`.
pub async fn serve_http(
    listener: TcpListener,
    router: Router,
    hosts: Vec<String>,
    stop: CancellationToken,
) {
    let router = router
        .layer(RequestBodyLimitLayer::new(HTTP_BODY_BYTES))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            HTTP_TIMEOUT,
        ))
        .layer(hosts::allow(&hosts));
    serve::serve(listener, router, |_| Some(()), stop).await;
}

fn owner_only(socket: &Path) -> std::io::Result<()> {
    std::fs::set_permissions(socket, std::fs::Permissions::from_mode(0o600))
}

/// Every route of the API.
pub fn router(roster: Roster) -> Router {
    let matters = Router::new()
        .route("/", get(matters::list).post(matters::report))
        .route("/{id}", get(matters::show))
        .route("/{id}/accept", post(matters::accept))
        .route("/{id}/handle", post(matters::handle))
        .route("/{id}/escalate", post(matters::escalate))
        .route("/{id}/assign", post(matters::assign))
        .route("/{id}/return", post(matters::send_back))
        .route("/{id}/recall", post(matters::recall))
        .route("/{id}/close", post(matters::close));
    let node = Router::new()
        .nest("/matters", matters)
        .route("/templates", get(templates::list).post(templates::publish))
        .route("/templates/{issuer}/{kind}/{name}", get(templates::status))
        .route("/rollup", get(figures::rollup))
        .route("/journal/count", get(figures::count));
    Router::new()
        .route("/v1/status", get(status::status))
        .route("/v1/nodes", get(status::nodes))
        .nest("/v1/nodes/{code}", node)
        .fallback(|| async { Problem::no_such_path() })
        .method_not_allowed_fallback(|| async { Problem::no_such_method() })
        .layer(DefaultBodyLimit::max(SOCKET_BODY_BYTES))
        .with_state(roster)
}

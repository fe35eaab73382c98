//! The HTTP server of a node: the JSON API on the control socket and over TCP.
//!
//! The kernel identifies who opens the socket; every commit made through it has that user as its
//! actor, or the account whose session the request carries. The socket is in a directory that only
//! its owner may enter. Over TCP, callers without credentials are unknown. The gate opens every
//! route with the one permission it needs.

mod accounts;
mod alarms;
mod ask;
mod audit;
mod backups;
pub mod below;
mod boards;
pub mod calls;
mod clock;
mod compliance;
mod contacts;
mod cors;
mod courier;
pub mod credentials;
mod data;
mod disclosures;
mod drafts;
mod events;
mod exchanges;
mod figures;
mod files;
mod forwarded;
pub mod gate;
mod grids;
mod hand_over;
mod hooks;
mod household_sheets;
pub mod idempotency;
mod imports;
mod invitations;
mod key_statements;
mod keyring;
mod kinds;
mod language;
mod links;
pub mod live;
mod log;
mod materials;
mod matters;
mod offers;
mod oidc;
mod openapi;
mod own_sessions;
mod page;
pub mod parts;
mod points;
mod policies;
pub mod problem;
pub mod public_figures;
mod questions;
mod range;
mod rate_limits;
mod readmissions;
mod receipts;
mod replay;
mod reply_texts;
mod revocations;
mod rosters;
mod routes;
mod saved_lists;
mod seen;
mod serve;
mod session;
mod settings;
mod setup;
pub mod state;
mod status;
mod tag;
mod template_proposals;
mod templates;

use std::{net::IpAddr, os::unix::fs::PermissionsExt, path::Path, sync::Arc, time::Duration};

use axum::{
    Extension, Router,
    extract::{DefaultBodyLimit, Request},
    middleware::{Next, from_fn, map_request},
    response::{IntoResponse, Response},
};
use futures::future::BoxFuture;
use http::{HeaderMap, StatusCode, header::RETRY_AFTER};
use tokio::net::{TcpListener, UnixListener};
use tokio_util::sync::CancellationToken;

pub use matters::trace;

use peer::permits::{Bounds, Source};
use telemetry::hosts;

use self::{
    gate::Gate,
    live::LiveSettings,
    problem::Rejection,
    serve::{Caller, Service},
};
use crate::state::AppState;

/// The longest request body: a text of 48 KiB with every byte escaped, and some reserve.
const SOCKET_BODY_BYTES: usize = 512 * 1024;
/// When a caller may try again after all connections were in use.
const AGAIN: Duration = Duration::from_secs(1);
/// The longest time from the end of a request's header to the answer, over TCP.
const HTTP_TIMEOUT: Duration = Duration::from_secs(10);

/// Routes of another crate that are served beside the API, behind the same gate.
#[derive(Clone, Copy)]
pub struct Beside {
    /// Prefix of the paths that pages of configured other sites may call; `None` if they may call
    /// none.
    pub cross_origin: Option<&'static str>,
    /// Adds the routes to those of the API.
    pub routes: fn(Router<AppState>, &Arc<Gate>) -> Router<AppState>,
    /// Returns how much longer than usual a request may take, by its path and headers.
    pub patience: fn(&str, &HeaderMap) -> Duration,
}

/// Serves the API to the owner of the control socket, until `stop`. Closes the socket to other
/// users before it returns the future to run.
pub fn serve_socket(
    listener: UnixListener,
    app_state: AppState,
    beside: &'static [Beside],
    most: usize,
    stop: CancellationToken,
) -> BoxFuture<'static, ()> {
    let address = listener.local_addr().ok();
    let path = address.as_ref().and_then(|address| address.as_pathname());
    let closed = path.map_or(Ok(()), owner_only);
    Box::pin(async move {
        match closed {
            Ok(()) => {
                let bounds = Bounds {
                    all: most,
                    per_source: most,
                };
                let service = Service::new(move || router(app_state, beside), bounds);
                let callers = (Caller::of_socket, Caller::source);
                serve::serve(listener, service, None, callers, stop).await;
            }
            Err(error) => {
                tracing::error!(%error, "cannot restrict the control socket to its owner, so it is not served");
            }
        }
    })
}

/// Everything that is served over TCP.
pub struct Http {
    /// The nodes of the API.
    pub state: AppState,
    /// Routes beside the API.
    pub beside: &'static [Beside],
    /// Limits on connections.
    pub bounds: Bounds,
    /// Health and metrics. They are served with the API and also have connections reserved for
    /// them.
    pub watch: Router,
    /// Number of connections reserved for health and metrics.
    pub watchers: usize,
}

/// The answer while nodes are opening.
const OPENING: &str =
    "the nodes of this process are still opening; /readyz answers 200 when they are ready\n";

/// Serves health and metrics while nodes are opening, until `stop`.
pub async fn serve_opening(
    listener: TcpListener,
    watch: Router,
    watchers: usize,
    hosts: Vec<String>,
    stop: CancellationToken,
) {
    let opening = || async {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            [(RETRY_AFTER, "1")],
            OPENING,
        )
    };
    let bounds = Bounds {
        all: watchers,
        per_source: watchers,
    };
    let router = move || watch.fallback(opening).layer(hosts::allow(&hosts));
    let service = Service::new(router, bounds);
    let callers = (Caller::of_address, Caller::source);
    serve::serve(listener, service, None, callers, stop).await;
}

impl Http {
    /// Serves requests for the configured hosts, until `stop`.
    pub fn serve(self, listener: TcpListener, stop: CancellationToken) -> BoxFuture<'static, ()> {
        Box::pin(self.serve_all(listener, stop))
    }

    async fn serve_all(self, listener: TcpListener, stop: CancellationToken) {
        let live = self.state.live.clone();
        let known = live.clone();
        let source = move |caller: &Caller| match caller {
            Caller::Address(peer) if is_proxy(&known.now(), *peer) => Source::Proxy(*peer),
            caller => caller.source(),
        };
        let trusted = live.clone();
        let behind = move |mut request: Request| {
            if let Some(Caller::Address(peer)) = request.extensions().get().copied() {
                let caller = forwarded::caller(peer, &trusted.now().proxies, request.headers());
                request.extensions_mut().insert(Caller::Address(caller));
            }
            std::future::ready(request)
        };
        let beside = self.beside;
        let in_time = move |request, next| in_time(beside, request, next);
        let outside = Arc::new(move |router: Router| {
            cors::between(router.layer(from_fn(in_time)), &live, beside)
                .layer(live.allowed_hosts())
                .layer(map_request(behind.clone()))
        });
        let crowded = || async { Rejection::too_many(AGAIN) };
        let (around, watch) = (Arc::clone(&outside), self.watch.clone());
        let watched = Service::new(
            move || around(watch.fallback(crowded)),
            Bounds {
                all: self.watchers,
                per_source: self.watchers,
            },
        );
        let (watch, state) = (self.watch, self.state);
        let api = move || outside(watch.fallback_service(router(state, beside)));
        let whole = Service::new(api, self.bounds);
        let callers = (Caller::of_address, source);
        serve::serve(listener, whole, Some(watched), callers, stop).await;
    }
}

fn is_proxy(live: &LiveSettings, peer: IpAddr) -> bool {
    live.proxies.iter().any(|proxy| proxy.contains(peer))
}

/// Limits the time of a request; uploads may take longer.
async fn in_time(beside: &[Beside], request: Request, next: Next) -> Response {
    let (path, headers) = (request.uri().path(), request.headers());
    let more = beside.iter().map(|served| (served.patience)(path, headers));
    let more = more.max().unwrap_or_default().max(drafts::patience(path));
    match tokio::time::timeout(HTTP_TIMEOUT + more, next.run(request)).await {
        Ok(response) => response,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

fn owner_only(socket: &Path) -> std::io::Result<()> {
    std::fs::set_permissions(socket, std::fs::Permissions::from_mode(0o600))
}

/// Returns every route of the API.
fn router(app_state: AppState, beside: &[Beside]) -> Router {
    let gate = Gate::new(app_state.clone(), replay::again);
    let router = beside.iter().fold(routes::behind(&gate), |router, served| {
        (served.routes)(router, &gate)
    });
    router
        .layer(Extension(openapi::Served(routes::document)))
        .fallback(|| async { Rejection::no_such_path() })
        .method_not_allowed_fallback(|| async { Rejection::no_such_method() })
        .layer(from_fn(language::told))
        .layer(DefaultBodyLimit::max(SOCKET_BODY_BYTES))
        .with_state(app_state)
}

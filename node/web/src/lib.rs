//! What people's programs reach: the JSON API on the control socket and over TCP.
//!
//! Whoever may open the socket is known by the kernel, and every commit made through it has that
//! user as its actor, or the account whose session comes along. The socket lies in a directory that
//! only its owner may enter. Over TCP nobody is known who shows nothing. Every route is opened by a
//! gate with the one permission it needs.

mod accounts;
mod again;
mod alarms;
mod ask;
mod audit;
mod clock;
mod contacts;
mod cors;
pub mod credentials;
mod events;
mod figures;
mod files;
mod forwarded;
pub mod gate;
mod grids;
mod hooks;
mod imports;
mod key_statements;
mod keyring;
mod kinds;
mod matters;
mod oidc;
mod openapi;
mod page;
mod permissions;
mod policies;
pub mod problem;
mod range;
mod rate_limits;
mod receipts;
mod revocations;
mod serve;
mod session;
pub mod state;
mod status;
mod tag;
mod templates;
mod write_timeout;

use std::{os::unix::fs::PermissionsExt, path::Path, sync::Arc, time::Duration};

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
use utoipa_axum::{router::OpenApiRouter, routes};

pub use matters::trace;

use domain::people::Permission;
use peer::permits::{Bounds, Permits, Source};
use telemetry::hosts;

use self::{
    gate::Gate,
    problem::Rejection,
    serve::{Caller, Service},
};
use crate::state::AppState;

/// Longest request: a text of 48 KiB with every byte escaped, and room to spare.
const SOCKET_BODY_BYTES: usize = 512 * 1024;
/// When whoever found no place may ask again.
const AGAIN: Duration = Duration::from_secs(1);
/// From the end of a request's header to the answer, over TCP.
const HTTP_TIMEOUT: Duration = Duration::from_secs(10);

/// What another crate serves beside the API of this program, behind the same gate.
#[derive(Clone, Copy)]
pub struct Beside {
    /// What its paths begin with.
    pub path: &'static str,
    /// Adds its routes.
    pub routes: fn(Router<AppState>, &Arc<Gate>) -> Router<AppState>,
    /// By how much a request may take longer than others, by its path and headers.
    pub patience: fn(&str, &HeaderMap) -> Duration,
}

/// Serves the API to the owner of the control socket, until `stop`. Others are shut out before this
/// returns what is to be driven.
pub fn serve_socket(
    listener: UnixListener,
    roster: AppState,
    beside: &[Beside],
    most: usize,
    stop: CancellationToken,
) -> BoxFuture<'static, ()> {
    let address = listener.local_addr().ok();
    let path = address.as_ref().and_then(|address| address.as_pathname());
    let closed = path.map_or(Ok(()), owner_only);
    let router = router(roster, beside);
    Box::pin(async move {
        match closed {
            Ok(()) => {
                let service = Service {
                    router,
                    places: Permits::new(Bounds {
                        all: most,
                        per_source: most,
                    }),
                };
                let callers = (Caller::of_socket, Caller::source);
                serve::serve(listener, service, None, callers, stop).await;
            }
            Err(error) => {
                tracing::error!(%error, "the control socket stays open to others, so it is not served");
            }
        }
    })
}

/// What is served over TCP.
pub struct Http {
    /// Whose API it is.
    pub state: AppState,
    /// What is served beside it.
    pub beside: &'static [Beside],
    /// Connections it is served on.
    pub bounds: Bounds,
    /// Health and metrics, which are part of what is served and have places of their own besides.
    pub watch: Router,
    /// Connections that only health and metrics are served on.
    pub watchers: usize,
    /// Who may be asked for, and who brings the requests of others.
    pub settings: config::Http,
}

/// What people are told whose node is not open yet.
const OPENING: &str = "the nodes of this process are being opened; /readyz says when they are\n";

/// Serves health and metrics while nodes are being opened, until `stop`.
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
    let service = Service {
        router: watch.fallback(opening).layer(hosts::allow(&hosts)),
        places: Permits::new(Bounds {
            all: watchers,
            per_source: watchers,
        }),
    };
    let callers = (Caller::of_address, Caller::source);
    serve::serve(listener, service, None, callers, stop).await;
}

impl Http {
    /// Serves those who ask for one of the hosts, until `stop`.
    pub fn serve(self, listener: TcpListener, stop: CancellationToken) -> BoxFuture<'static, ()> {
        Box::pin(self.serve_all(listener, stop))
    }

    async fn serve_all(self, listener: TcpListener, stop: CancellationToken) {
        let config::Http {
            hosts,
            proxies,
            origins,
            ..
        } = self.settings;
        let proxies: Arc<[config::Subnet]> = proxies.into();
        let known = Arc::clone(&proxies);
        let source = move |caller: &Caller| match caller {
            Caller::Address(peer) if known.iter().any(|proxy| proxy.contains(*peer)) => {
                Source::Proxy(*peer)
            }
            caller => caller.source(),
        };
        let behind = move |mut request: Request| {
            if let Some(Caller::Address(peer)) = request.extensions().get().copied() {
                let caller = forwarded::caller(peer, &proxies, request.headers());
                request.extensions_mut().insert(Caller::Address(caller));
            }
            std::future::ready(request)
        };
        let beside = self.beside;
        let in_time = move |request, next| in_time(beside, request, next);
        let service = |router: Router, bounds| Service {
            router: cors::between(router.layer(from_fn(in_time)), &origins, beside)
                .layer(hosts::allow(&hosts))
                .layer(map_request(behind.clone())),
            places: Permits::new(bounds),
        };
        let crowded = || async { Rejection::too_many(AGAIN) };
        let watched = service(
            self.watch.clone().fallback(crowded),
            Bounds {
                all: self.watchers,
                per_source: self.watchers,
            },
        );
        let api = router(self.state, beside);
        let whole = service(self.watch.fallback_service(api), self.bounds);
        let callers = (Caller::of_address, source);
        serve::serve(listener, whole, Some(watched), callers, stop).await;
    }
}

/// Whoever brings files has as long as those may take.
async fn in_time(beside: &[Beside], request: Request, next: Next) -> Response {
    let (path, headers) = (request.uri().path(), request.headers());
    let more = beside.iter().map(|served| (served.patience)(path, headers));
    let more = more.max().unwrap_or_default();
    match tokio::time::timeout(HTTP_TIMEOUT + more, next.run(request)).await {
        Ok(response) => response,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

fn owner_only(socket: &Path) -> std::io::Result<()> {
    std::fs::set_permissions(socket, std::fs::Permissions::from_mode(0o600))
}

/// Every route of the API.
fn router(roster: AppState, beside: &[Beside]) -> Router {
    let gate = Gate::new(roster.clone());
    let (router, document) = routes(&gate).split_for_parts();
    let router = beside
        .iter()
        .fold(router, |router, served| (served.routes)(router, &gate));
    router
        .layer(Extension(openapi::serve(document)))
        .fallback(|| async { Rejection::no_such_path() })
        .method_not_allowed_fallback(|| async { Rejection::no_such_method() })
        .layer(DefaultBodyLimit::max(SOCKET_BODY_BYTES))
        .with_state(roster)
}

/// Every route with the permission it needs.
fn routes(gate: &Arc<Gate>) -> OpenApiRouter<AppState> {
    use Permission as D;
    OpenApiRouter::with_openapi(openapi::begin())
        .routes(gate.open(D::Enter, routes!(openapi::document)))
        .routes(gate.open(D::Enter, routes!(kinds::list)))
        .routes(gate.open(D::Enter, routes!(status::nodes)))
        .routes(gate.open(D::ViewStatus, routes!(status::status)))
        .routes(gate.open(D::ViewStatus, routes!(alarms::list)))
        .routes(gate.open(D::CloseAlarm, routes!(alarms::close)))
        .routes(gate.open(D::ViewStatus, routes!(clock::show)))
        .routes(gate.open(D::CloseAlarm, routes!(clock::confirm)))
        .routes(gate.open(D::CloseAlarm, routes!(clock::correct)))
        .routes(gate.open(D::ViewList, routes!(matters::list)))
        .routes(gate.open(D::Report, routes!(matters::report)))
        .routes(gate.open(D::ViewMatter, routes!(matters::show)))
        .routes(gate.open(D::Enter, routes!(policies::answers)))
        .routes(gate.open(D::ViewMatter, routes!(policies::explain)))
        .routes(gate.open(D::Merge, routes!(policies::alike)))
        .routes(gate.open(D::ViewMatter, routes!(receipts::receipt)))
        .routes(gate.open(D::ViewMatter, routes!(matters::act)))
        .routes(gate.open(D::ViewMatter, routes!(matters::ask)))
        .routes(gate.open(D::Dispatch, routes!(matters::open_parts)))
        .routes(gate.open(D::ReportForAnother, routes!(keyring::slip)))
        .routes(gate.open(D::OpenContact, routes!(contacts::open)))
        .routes(gate.open(D::Erase, routes!(contacts::erase)))
        .routes(gate.open(D::ViewMatter, routes!(files::list)))
        .routes(gate.open(D::ViewMatter, routes!(files::whole)))
        .routes(gate.open(D::ViewMatter, routes!(files::thumb)))
        .routes(gate.open(D::Report, routes!(files::begin)))
        .routes(gate.open(D::Report, routes!(files::upload)))
        .routes(gate.open(D::Report, routes!(files::go_on)))
        .routes(gate.open(D::Report, routes!(files::throw_away)))
        .routes(gate.open(D::ViewTemplates, routes!(templates::list)))
        .routes(gate.open(D::PublishTemplate, routes!(templates::publish)))
        .routes(gate.open(D::ViewTemplates, routes!(templates::status)))
        .routes(gate.open(D::ViewStatus, routes!(revocations::list)))
        .routes(gate.open(D::Revoke, routes!(revocations::revoke)))
        .routes(gate.open(D::ViewStatus, routes!(key_statements::list)))
        .routes(gate.open(D::Revoke, routes!(key_statements::countersign)))
        .routes(gate.open(D::ReadRollups, routes!(figures::rollup)))
        .routes(gate.open(D::ReadRollups, routes!(figures::apart)))
        .routes(gate.open(D::ReadRollups, routes!(figures::count)))
        .routes(gate.open(D::Import, routes!(imports::import)))
        .routes(gate.open(D::Watch, routes!(events::stream)))
        .routes(gate.open(D::ManageHooks, routes!(hooks::list)))
        .routes(gate.open(D::ManageHooks, routes!(hooks::add)))
        .routes(gate.open(D::ManageHooks, routes!(hooks::remove)))
        .routes(gate.open(D::ManageHooks, routes!(hooks::resume)))
        .routes(gate.open(D::ManageHooks, routes!(hooks::test)))
        .routes(gate.open(D::Enter, routes!(session::log_in)))
        .routes(gate.open(D::OwnAccount, routes!(session::who)))
        .routes(gate.open(D::OwnAccount, routes!(session::log_out)))
        .routes(gate.open(D::Enter, routes!(oidc::start)))
        .routes(gate.open(D::Enter, routes!(oidc::come_back)))
        .routes(gate.open(D::ViewAccounts, routes!(accounts::list)))
        .routes(gate.open(D::ManageAccounts, routes!(accounts::open)))
        .routes(gate.open(D::ViewAccounts, routes!(accounts::show)))
        .routes(gate.open(D::ManageAccounts, routes!(accounts::change)))
        .routes(gate.open(D::GrantRoles, routes!(accounts::roles)))
        .routes(gate.open(D::OwnAccount, routes!(accounts::password)))
        .routes(gate.open(D::ManageAccounts, routes!(oidc::linked)))
        .routes(gate.open(D::ManageAccounts, routes!(oidc::link)))
        .routes(gate.open(D::ManageAccounts, routes!(oidc::unlink)))
        .routes(gate.open(D::ViewGrids, routes!(grids::list)))
        .routes(gate.open(D::ManageGrids, routes!(grids::draw)))
        .routes(gate.open(D::ViewGrids, routes!(grids::show)))
        .routes(gate.open(D::ManageGrids, routes!(grids::redraw)))
        .routes(gate.open(D::ManageGrids, routes!(grids::remove)))
        .routes(gate.open(D::ManageKeys, routes!(keyring::list)))
        .routes(gate.open(D::ManageKeys, routes!(keyring::make)))
        .routes(gate.open(D::ManageKeys, routes!(keyring::revoke)))
        .routes(gate.open(D::ReadAudit, routes!(audit::list)))
        .routes(gate.open(D::ReadAudit, routes!(audit::verify)))
}

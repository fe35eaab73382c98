//! The console: pages for people, on every node.
//!
//! A page asks the node what a program would ask it, through the API of this process and its gate,
//! with the credentials of the person who opened the page (`web::calls`). So a page shows nothing and
//! does nothing that the API would not; nothing is decided here. `docs/console.md` says what there is.
//!
//! - A host name belongs to a division (`visit.rs`); a host of none has the front page.
//! - Every page works without scripts. `answer.rs` has the headers of all answers.
//! - All words are in `words/`, all markup in `templates/`, style and icons in `assets/`.

mod about;
mod account;
mod admin;
mod answer;
mod assets;
mod boards;
#[cfg(test)]
mod colours;
mod command;
mod data_fields;
mod desk;
mod disclosures;
mod failure;
mod form;
mod frame;
mod front;
mod home;
mod network;
mod points;
mod policy;
mod promises;
mod setup;
mod sheet_file;
mod sign_in;
mod view;
mod villagers;
mod visit;
mod when;
mod words;

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::{DefaultBodyLimit, Request, State},
    middleware::map_response,
    response::Response,
    routing::{MethodFilter, MethodRouter, get, on},
};
use web::{Beside, gate::Gate, problem::Rejection, state::AppState};

use self::{
    answer::Answer,
    visit::{Pages, Visit},
};

/// The methods of a path without a page; all of them, because none does anything.
const EVERY_METHOD: MethodFilter = MethodFilter::GET
    .or(MethodFilter::POST)
    .or(MethodFilter::PUT)
    .or(MethodFilter::PATCH)
    .or(MethodFilter::DELETE)
    .or(MethodFilter::OPTIONS);

/// The pages, served beside the API. What they show and do passes the gate.
pub const BESIDE: Beside = Beside {
    cross_origin: None,
    routes,
    patience: villagers::draft::patience,
};

fn routes(api: Router<AppState>, gate: &Arc<Gate>) -> Router<AppState> {
    let pages = Pages::new(api.clone(), Arc::clone(gate));
    let routes = Router::new()
        .route("/", page(home::show))
        .route("/how", page(about::how))
        .route("/promises", page(promises::show))
        .route("/policy", page(policy::show))
        .route("/accessibility", page(about::accessibility))
        .route("/sign-in", page(sign_in::form).merge(form(sign_in::enter)))
        .route("/setup", page(setup::form).merge(form(setup::open)))
        .route("/sign-out", form(sign_in::leave))
        .route("/enter", page(sign_in::enter_demo))
        .route("/account", page(account::show))
        .route("/account/password", form(account::password))
        .route("/account/sessions", form(account::end_sessions))
        .route("/network", page(network::show))
        .route("/network/alarms/{kind}", form(network::close_alarm))
        .route("/network/logs/{division}", form(network::resolve_log))
        .route(
            network::COURIER_PATH,
            page(network::courier)
                .merge(form(network::read_courier))
                .layer(DefaultBodyLimit::max(network::MOST_COURIER_BYTES)),
        )
        .route("/network/courier/{division}", form(network::make_courier))
        .route(
            network::INVITATIONS_PATH,
            page(network::invitations).merge(form(network::invite)),
        )
        .route(
            "/network/invitations/{division}/withdraw",
            form(network::withdraw_invitation),
        )
        .route(
            "/network/invitations/{division}/admit",
            form(network::admit),
        )
        .route("/network/readmissions/{division}", form(network::readmit))
        .route("/{*path}", route(EVERY_METHOD, nothing));
    let routes = disclosures::routes(admin::routes(desk::routes(villagers::routes(routes))));
    let routes = command::routes(points::routes(boards::routes(routes)))
        .method_not_allowed_fallback(wrong_method)
        .layer(Extension(pages))
        .route("/assets/{name}", get(assets::serve))
        .route("/sw.js", get(assets::worker))
        .layer(map_response(answer::guarded));
    api.merge(routes)
}

/// Returns the route of a page.
fn page<F, Fut>(handler: F) -> MethodRouter<AppState>
where
    F: Fn(Arc<Visit>) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Answer> + Send + 'static,
{
    route(MethodFilter::GET, handler)
}

/// Returns the route that takes a form.
fn form<F, Fut>(handler: F) -> MethodRouter<AppState>
where
    F: Fn(Arc<Visit>) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Answer> + Send + 'static,
{
    route(MethodFilter::POST, handler)
}

fn route<F, Fut>(method: MethodFilter, handler: F) -> MethodRouter<AppState>
where
    F: Fn(Arc<Visit>) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Answer> + Send + 'static,
{
    let serve = move |State(state), Extension(pages): Extension<Arc<Pages>>, request: Request| async move {
        let (parts, body) = request.into_parts();
        let visit = match Visit::begin(&pages, state, parts, body).await {
            Ok(visit) => Arc::new(visit),
            Err(early) => return refused(*early),
        };
        if let Some(first) = account::before_all(&visit) {
            return answer::lead_to(first).unwrap_or_else(|problem| failure::page(&visit, problem));
        }
        match handler(Arc::clone(&visit)).await {
            Ok(response) => response,
            Err(problem) => failure::page(&visit, problem),
        }
    };
    on(method, serve)
}

fn refused((visit, problem): (Option<Visit>, api::problem::Problem)) -> Response {
    match visit {
        Some(visit) => failure::page(&visit, problem),
        None => failure::bare(&problem),
    }
}

/// Answers a path without a page.
async fn nothing(_: Arc<Visit>) -> Answer {
    Err(*Rejection::no_such_path().0)
}

/// Answers a path whose page does not support the method.
async fn wrong_method() -> Rejection {
    Rejection::no_such_method()
}

//! Administration: accounts with roles and grids, API keys, webhooks, the audit trail.

mod accounts;
mod audit;
mod close;
mod grids;
mod hooks;
mod keys;
mod sheet;

pub(crate) use self::sheet::brings;

use api::problem::Problem;
use axum::{Router, body::Body};
use domain::people::Permission;
use http::Method;
use serde::Serialize;
use web::{calls::Reply, state::AppState};

use crate::{
    form,
    frame::Link,
    page,
    visit::Visit,
    words::{Label, Words},
};

/// The pages of administration, with the permission that each needs.
const PAGES: [(&str, Label, Permission); 5] = [
    ("/admin", Words::admin_accounts, Permission::ViewAccounts),
    ("/admin/grids", Words::admin_grids, Permission::ViewGrids),
    ("/admin/keys", Words::admin_keys, Permission::ManageKeys),
    (
        "/admin/webhooks",
        Words::admin_hooks,
        Permission::ManageHooks,
    ),
    ("/admin/audit", Words::admin_audit, Permission::ReadAudit),
];

/// Adds the pages of administration.
pub(crate) fn routes(routes: Router<AppState>) -> Router<AppState> {
    routes
        .route("/admin", page(accounts::list).merge(form(accounts::open)))
        .route(sheet::PATH, page(sheet::ask).merge(form(sheet::go)))
        .route("/admin/accounts/sheet/empty.xlsx", page(sheet::blank))
        .route("/admin/accounts/sheet/passwords.csv", form(sheet::csv))
        .route(
            "/admin/accounts/{account}",
            page(accounts::one).merge(form(accounts::change)),
        )
        .route(
            "/admin/accounts/{account}/close",
            page(close::ask).merge(form(close::close)),
        )
        .route(
            "/admin/accounts/{account}/sessions",
            form(accounts::end_sessions),
        )
        .route("/admin/accounts/{account}/roles", form(accounts::roles))
        .route(
            "/admin/accounts/{account}/password",
            form(accounts::password),
        )
        .route("/admin/grids", page(grids::list).merge(form(grids::draw)))
        .route("/admin/grids/{grid}/remove", form(grids::remove))
        .route("/admin/keys", page(keys::list).merge(form(keys::make)))
        .route("/admin/keys/{key}/revoke", form(keys::revoke))
        .route("/admin/webhooks", page(hooks::list).merge(form(hooks::add)))
        .route("/admin/webhooks/{hook}/remove", form(hooks::remove))
        .route("/admin/webhooks/{hook}/resume", form(hooks::resume))
        .route("/admin/webhooks/{hook}/test", form(hooks::test))
        .route("/admin/audit", page(audit::list))
        .route("/admin/audit/export", form(audit::export))
}

/// Sends what a form says to the API. The inner error is shown beside the form, which keeps what was typed.
///
/// # Errors
/// A problem that has a page of its own.
async fn sent<T: Serialize + Sync>(
    visit: &Visit,
    method: Method,
    rest: &str,
    said: &T,
) -> Result<Result<Reply, Problem>, Problem> {
    beside_form(visit.calls.ask(method, &visit.api(rest)?, said).await)
}

/// Does the same for a form that says nothing but what it is about.
async fn sent_bare(
    visit: &Visit,
    method: Method,
    rest: &str,
) -> Result<Result<Reply, Problem>, Problem> {
    let path = visit.api(rest)?;
    beside_form(visit.calls.send(method, &path, Body::empty()).await)
}

fn beside_form(done: Result<Reply, Problem>) -> Result<Result<Reply, Problem>, Problem> {
    match done {
        Err(problem) if !matches!(problem.status, 403 | 404 | 409 | 422) => Err(problem),
        done => Ok(done),
    }
}

/// Returns a secret to show; `None` if it was shown before, because the form came twice.
fn once(secret: String) -> Option<String> {
    Some(secret).filter(|secret| secret != web::gate::SHOWN_ONCE)
}

/// Returns the first page of administration that the person may open.
pub(crate) fn first(visit: &Visit) -> Option<&'static str> {
    let mut open = PAGES.iter().filter(|(.., needs)| visit.may(*needs));
    open.next().map(|(href, ..)| *href)
}

/// Returns the tabs of administration that the person may open.
fn tabs(visit: &Visit) -> Vec<Link> {
    let open = PAGES.iter().filter(|(.., needs)| visit.may(*needs));
    let link = |(href, label, _): &(&str, Label, _)| Link {
        href: (*href).to_owned(),
        label: label(visit.w).to_owned(),
        current: visit.path == *href,
    };
    open.map(link).collect()
}

//! The first start: a code that the owner of the node makes, and the account that it opens in the browser.

use api::{AccountView, SetupCodeRequest, SetupCodeView, SetupRequest};
use axum::{Extension, Json, http::StatusCode};
use office::people::{BadToken, Newcomer, Token};

use super::{
    ask::{Authenticated, Given, Headers, NodePath, Person},
    gate::{Kept, SHOWN_ONCE, check_login_page},
    openapi::NodeParams,
    problem::Rejection,
};

/// Make a setup code
///
/// With it, an administrator who is missing opens their own account in the browser. Only the owner of the
/// node makes one, over the control socket. It is shown once, counts once and for a day; a new one
/// replaces it.
#[utoipa::path(post, path = "/v1/nodes/{code}/setup-codes", tag = "people", params(NodeParams),
    request_body = SetupCodeRequest, responses((status = 201, body = SetupCodeView)))]
pub(super) async fn make(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Given(SetupCodeRequest { role }): Given<SetupCodeRequest>,
) -> Result<(StatusCode, Extension<Kept>, Json<SetupCodeView>), Rejection> {
    let people = at.node.office.people();
    let made = people.make_setup_code(&guest.known.who, by, role).await?;
    let (code, until) = made;
    let view = |code: String| SetupCodeView {
        code,
        role,
        until_ms: until.0,
    };
    let kept = Kept::instead(&view(SHOWN_ONCE.to_owned()));
    Ok((StatusCode::CREATED, kept, Json(view(code.to_string()))))
}

/// Open an account with a setup code
///
/// Counts as a login for `limits.logins_per_address_min`. The person logs in with the password afterwards.
#[utoipa::path(post, path = "/v1/nodes/{code}/setup", tag = "people", params(NodeParams),
    request_body = SetupRequest, responses((status = 201, body = AccountView),
        (status = 403, description = "Wrong code", body = api::problem::Problem,
            content_type = "application/problem+json")))]
pub(super) async fn open(
    at: NodePath,
    Authenticated(guest): Authenticated,
    Headers(headers): Headers,
    Given(request): Given<SetupRequest>,
) -> Result<(StatusCode, Json<AccountView>), Rejection> {
    check_login_page(&headers)?;
    let code = request.code.trim().parse::<Token>();
    let code = code.map_err(|bad: BadToken| Rejection::unfit(&bad))?;
    let person = Newcomer {
        login: request.login,
        name: request.name,
        password: request.password,
    };
    let people = at.node.office.people();
    let account = people.set_up(&code, person, &guest.request).await?;
    Ok((StatusCode::CREATED, Json(AccountView::from(&account))))
}

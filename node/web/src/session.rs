//! Login, logout, and the present session.

use api::{AccountView, LoginAnswer, LoginRequest, SessionView};
use axum::{
    Json,
    response::{AppendHeaders, IntoResponse, Response},
};
use domain::people::{Permission, Who};
use http::{HeaderMap, StatusCode, header};
use office::people::Token;

use super::{
    ask::{Authenticated, Given, Headers, NodePath},
    credentials::{COOKIE, Credentials},
    gate::check_login_page,
    openapi::NodeParams,
    problem::Rejection,
};

/// Log in
///
/// Wrong passwords, unknown names and closed accounts get the same answer. An Idempotency-Key has
/// no effect here: each login begins a new session, and ends the one whose cookie the request
/// carries.
#[utoipa::path(post, path = "/v1/nodes/{code}/session", tag = "session", params(NodeParams),
    request_body = LoginRequest, responses((status = 201, body = LoginAnswer),
        (status = 401, description = "Wrong login or password", body = api::problem::Problem,
            content_type = "application/problem+json")))]
pub(super) async fn log_in(
    at: NodePath,
    visitor: Authenticated,
    Headers(headers): Headers,
    Given(request): Given<LoginRequest>,
) -> Result<Response, Rejection> {
    check_login_page(&headers)?;
    let office = &at.node.office;
    let session = office
        .people()
        .log_in(&request.login, request.password, &visitor.0.request)
        .await?;
    if let (Some(old), Some(by)) = (visitor.0.credentials.session(), visitor.0.context()) {
        office.people().log_out(&old, by).await?;
    }
    let answer = LoginAnswer {
        token: (!request.cookie).then(|| session.token.to_string()),
        csrf: session.token.csrf(),
        ends_ms: session.ends_at.0,
        account: AccountView::from(&session.account),
        must_change_password: session.way.must_set_password(),
    };
    let cookie = request
        .cookie
        .then(|| (header::SET_COOKIE, cookie_of(&session.token)));
    Ok((StatusCode::CREATED, AppendHeaders(cookie), Json(answer)).into_response())
}

/// Returns the `Set-Cookie` value of a session.
pub(super) fn cookie_of(token: &Token) -> String {
    format!("{COOKIE}={token}; Path=/; Secure; HttpOnly; SameSite=Strict")
}

/// Get the present session
///
/// A session that began with a password of somebody else can only set another password; every other request
/// gets `password-must-change`.
#[utoipa::path(get, path = "/v1/nodes/{code}/session", tag = "session", params(NodeParams),
    responses((status = 200, body = SessionView)))]
pub(super) async fn who(_at: NodePath, Authenticated(guest): Authenticated) -> Json<SessionView> {
    let account = match &guest.known.who {
        Who::Account(account) | Who::FirstLogin(account) => Some(AccountView::from(account)),
        _ => None,
    };
    let permissions = Permission::ALL
        .into_iter()
        .filter(|permission| guest.may(*permission).is_ok());
    Json(SessionView {
        account,
        csrf: guest
            .credentials
            .session()
            .filter(|_| guest.known.ends_at.is_some())
            .map(|t| t.csrf()),
        ends_ms: guest.known.ends_at.map(|at| at.0),
        permissions: permissions.collect(),
        must_change_password: matches!(guest.known.who, Who::FirstLogin(_)),
    })
}

/// Log out
#[utoipa::path(delete, path = "/v1/nodes/{code}/session", tag = "session", params(NodeParams),
    responses((status = 204)))]
pub(super) async fn log_out(
    at: NodePath,
    Authenticated(guest): Authenticated,
) -> Result<Response, Rejection> {
    let session = guest
        .credentials
        .session()
        .filter(|_| guest.known.ends_at.is_some());
    let (Some(token), Some(by)) = (session, guest.context()) else {
        return Err(Rejection::unfit((
            "the request has no session; only sessions can be logged out",
            "没有登录；不用退出",
        )));
    };
    at.node.office.people().log_out(&token, by).await?;
    let mut headers = HeaderMap::new();
    if matches!(guest.credentials, Credentials::Cookie(_)) {
        let gone = format!("{COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");
        headers.extend(gone.parse().ok().map(|gone| (header::SET_COOKIE, gone)));
    }
    Ok((StatusCode::NO_CONTENT, headers).into_response())
}

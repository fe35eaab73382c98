//! Open sessions: one's own, and all of somebody else at once.

use api::{OpenSessionView, OpenSessions};
use axum::{Json, http::StatusCode};
use domain::people::{Account, Who};
use office::people::{OpenSession, Token};

use super::{
    accounts,
    ask::{Authenticated, NodePath, Person},
    gate::Principal,
    openapi::{AccountParams, NodeParams, SessionParams},
    problem::Rejection,
};

fn view(session: OpenSession) -> OpenSessionView {
    OpenSessionView {
        id: session.id,
        begun_ms: session.begun.0,
        used_day: session.used.to_string(),
        ends_ms: session.ends_at.0,
        way: session.way,
        device: session.device.map(|device| device.to_string()),
        present: session.is_present,
    }
}

/// Returns the account of the caller.
fn own(guest: &Principal) -> Result<&Account, Rejection> {
    match &guest.known.who {
        Who::Account(account) => Ok(account),
        _ => Err(Rejection::unfit((
            "only a person with an account has sessions; log in",
            "有账号的人才有登录；请先登录",
        ))),
    }
}

fn token(guest: &Principal) -> Option<Token> {
    let session = guest.credentials.session();
    session.filter(|_| guest.known.ends_at.is_some())
}

/// List one's own open sessions
///
/// Each with the day on which it was used last, and with what the browser said it was at the sign-in.
#[utoipa::path(get, path = "/v1/nodes/{code}/sessions", tag = "session", params(NodeParams),
    responses((status = 200, body = OpenSessions)))]
pub(super) async fn list(
    at: NodePath,
    Authenticated(guest): Authenticated,
) -> Result<Json<OpenSessions>, Rejection> {
    let people = at.node.office.people();
    let present = token(&guest);
    let open = people.sessions_of(own(&guest)?, present.as_ref()).await?;
    let sessions = open.into_iter().map(view).collect();
    Ok(Json(OpenSessions { sessions }))
}

/// End all other sessions of one's own
#[utoipa::path(delete, path = "/v1/nodes/{code}/sessions", tag = "session", params(NodeParams),
    responses((status = 204)))]
pub(super) async fn end_others(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
) -> Result<StatusCode, Rejection> {
    let account = own(&guest)?.id;
    let Some(present) = token(&guest) else {
        return Err(Rejection::unfit((
            "the request has no session of its own, so there are no others; log in",
            "请求没有登录，也就没有“其他登录”；请先登录",
        )));
    };
    let people = at.node.office.people();
    people.end_other_sessions(account, &present, by).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End one session of one's own
#[utoipa::path(delete, path = "/v1/nodes/{code}/sessions/{session}", tag = "session",
    params(SessionParams), responses((status = 204)))]
pub(super) async fn end(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
) -> Result<StatusCode, Rejection> {
    let id: String = at.param("session")?;
    let people = at.node.office.people();
    people.end_session(own(&guest)?.id, &id, by).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End all sessions of somebody else
///
/// The rules for closing an account decide whose.
#[utoipa::path(delete, path = "/v1/nodes/{code}/accounts/{account}/sessions", tag = "people",
    params(AccountParams), responses((status = 204)))]
pub(super) async fn end_all(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
) -> Result<StatusCode, Rejection> {
    let account = accounts::named(&at).await?;
    let people = at.node.office.people();
    people
        .end_all_sessions(&guest.known.who, by, account.id)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

//! Signing in with the word of an OpenID Connect provider, and which account that opens.

use std::sync::Arc;

use api::{LinkRequest, LinkView, ReturnQuery, StartQuery};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{
    alarm::AlarmKind,
    people::{BadExternalIdentity, ExternalIdentity, SIGN_IN_MS},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use office::{Request, RequestContext, people::NewSession};
use outbound::oidc::{Begun, Leaving, Return, SignIn, SignInError};

use super::{
    accounts,
    ask::{Asked, At, Authenticated, Given, Headers, Person},
    credentials::cookie_value,
    openapi::{AccountPath, NodePath},
    problem::Rejection,
    session::cookie_of,
};
use crate::state::AppState;

/// How every path ends on which a sign-in begins; that counts as a login does.
pub(super) const START: &str = "/oidc/start";
/// By what a browser is known again when it comes back. Unlike the session's cookie it must come along
/// when the provider's page leads here, so it is `Lax`.
const UNDER_WAY: &str = "__Host-sign-in";
/// Longest path to come back to, bytes.
const MOST_BACK: usize = 512;

const OFF: &str = "no provider signs people in at this node; log in with a password, or have an operator \
                   set `[oidc]`";

fn sign_in(roster: &AppState) -> Result<&SignIn, Rejection> {
    let sign_in = roster.sign_in.as_deref();
    sign_in.ok_or_else(|| Rejection::missing(OFF))
}

/// Sign in with a provider
///
/// For pages: sends the browser to the OpenID Connect provider the operator named, which sends it back
/// to `/v1/oidc/callback`. That leads on to `return`. It takes at most ten minutes, in one browser.
#[utoipa::path(get, path = "/v1/nodes/{code}/oidc/start", tag = "session",
    params(NodePath, StartQuery), responses((status = 303, description = "To the provider"),
        (status = 502, description = "The provider does not answer", body = api::problem::Problem,
            content_type = "application/problem+json")))]
pub(super) async fn start(
    at: At,
    Authenticated(guest): Authenticated,
    Asked(query): Asked<StartQuery>,
) -> Result<Response, Rejection> {
    let sign_in = sign_in(&at.roster)?;
    let back = query.back.unwrap_or_else(|| "/".to_owned());
    if !is_own_path(&back) {
        return Err(Rejection::unfit(
            "this is no path of this node to come back to; begin it with one slash, at most 512 \
             visible characters",
        ));
    }
    let session = guest.credentials.session();
    let session = session.filter(|_| guest.known.ends_at.is_some());
    let session = session.zip(guest.known.actor());
    let leaving = Leaving {
        node: at.division,
        back,
        session,
    };
    let set_out = sign_in.set_out(leaving, at.node.office.now()).await;
    let set_out = set_out.map_err(Rejection::of_sign_in)?;
    let attributes = format!(
        "Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={}",
        SIGN_IN_MS / 1_000
    );
    let cookie = format!("{UNDER_WAY}={}; {attributes}", set_out.cookie);
    let mut response = (StatusCode::SEE_OTHER, quiet()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, value(&set_out.location)?);
    headers.insert(header::SET_COOKIE, value(&cookie)?);
    Ok(response)
}

/// Come back from the provider
///
/// Sets the session's cookie, and leads on. Who is meant was decided by the administrator who linked
/// the account; nobody gets an account or a role by signing in.
#[utoipa::path(get, path = "/v1/oidc/callback", tag = "session", params(ReturnQuery),
    responses((status = 200, description = "Signed in", content_type = "text/html"),
        (status = 403, description = "Not signed in", body = api::problem::Problem,
            content_type = "application/problem+json"),
        (status = 502, description = "The provider does not answer", body = api::problem::Problem,
            content_type = "application/problem+json")))]
pub(super) async fn come_back(
    State(roster): State<AppState>,
    Authenticated(guest): Authenticated,
    Headers(headers): Headers,
    Asked(query): Asked<ReturnQuery>,
) -> Response {
    let begun = match recognise(&roster, &headers, query.state.as_deref()) {
        Ok(begun) => begun,
        Err(problem) => return problem.into_response(),
    };
    let back = Return {
        code: query.code,
        error: query.error,
        issuer: query.iss,
    };
    let done = match finish(&roster, begun, back, &guest.request).await {
        Ok((session, back)) => signed_in(&session, &back),
        Err(problem) => Err(problem),
    };
    let mut response = done.unwrap_or_else(IntoResponse::into_response);
    // Whatever came of it, it is over.
    const GONE: HeaderValue = HeaderValue::from_static(
        "__Host-sign-in=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0",
    );
    response.headers_mut().append(header::SET_COOKIE, GONE);
    response.headers_mut().extend(quiet());
    response
}

/// The sign-in a browser comes back from. One that is not found leaves the browser's own alone, so that
/// no page elsewhere ends it.
fn recognise(
    roster: &AppState,
    headers: &HeaderMap,
    state: Option<&str>,
) -> Result<Begun, Rejection> {
    let sign_in = sign_in(roster)?;
    // All nodes of a process have one clock.
    let any = roster.nodes.values().next();
    let now = any.ok_or_else(Rejection::no_such_path)?.office.now();
    let cookie = cookie_value(headers, UNDER_WAY);
    let begun = sign_in.recognise(state.unwrap_or_default(), cookie, now);
    begun.map_err(Rejection::of_sign_in)
}

async fn finish(
    roster: &AppState,
    begun: Begun,
    back: Return,
    request: &Arc<Request>,
) -> Result<(NewSession, String), Rejection> {
    let sign_in = sign_in(roster)?;
    let leaving = &begun.leaving;
    let node = roster.node(leaving.node);
    let office = &node.ok_or_else(Rejection::no_such_path)?.office;
    let passport: ExternalIdentity = match sign_in.vouched(&begun, back, office.now()).await {
        Ok(passport) => passport,
        Err(error) => {
            if let SignInError::Token(bad) = &error {
                let detail = bad.to_string();
                office
                    .raise_alarm(AlarmKind::SignInForged, None, &detail)
                    .await?;
                office.note_stranger(&bad.to_string(), request).await?;
            }
            return Err(Rejection::of_sign_in(error));
        }
    };
    let session = office.sign_in(&passport, request).await?;
    if let Some((old, actor)) = &leaving.session {
        let by = RequestContext::new(actor.clone(), Arc::clone(request));
        office.log_out(old, by).await?;
    }
    Ok((session, begun.leaving.back))
}

/// A page that leads on. The session's cookie is `Strict`: it does not come along while the way still
/// leads from the provider's page here, and does from this one on.
fn signed_in(session: &NewSession, back: &str) -> Result<Response, Rejection> {
    let back = back.replace('&', "&amp;");
    let page = format!(
        "<!doctype html><html lang=\"zh\"><meta charset=\"utf-8\"><title>五级通</title>\
         <meta http-equiv=\"refresh\" content=\"0;url={back}\">\
         <p><a href=\"{back}\">已登录，继续 / Signed in, go on</a></html>\n"
    );
    let html = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    let mut response = (StatusCode::OK, html, page).into_response();
    let cookie = value(&cookie_of(&session.token))?;
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

/// What keeps the code in the address from others.
fn quiet() -> HeaderMap {
    const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'";
    let all: [(HeaderName, HeaderValue); 2] = [
        (
            header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        ),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(NOTHING),
        ),
    ];
    all.into_iter().collect()
}

fn value(text: &str) -> Result<HeaderValue, Rejection> {
    HeaderValue::from_str(text)
        .map_err(|_| Rejection::unfit("the provider's address does not fit; check it"))
}

/// Whether a browser that follows it stays at this host: one slash, and nothing that it reads as two,
/// as the end of an attribute, or not at all.
fn is_own_path(path: &str) -> bool {
    let harmless = |b: u8| b.is_ascii_graphic() && !b"\\\"'<>`".contains(&b);
    path.len() <= MOST_BACK
        && path.starts_with('/')
        && !path.starts_with("//")
        && path.bytes().all(harmless)
}

/// Who signs in with an account
#[utoipa::path(get, path = "/v1/nodes/{code}/accounts/{account}/link", tag = "people",
    params(AccountPath), responses((status = 200, body = LinkView)))]
pub(super) async fn linked(at: At) -> Result<Json<LinkView>, Rejection> {
    let account = accounts::named(&at).await?;
    let passport = at.node.office.passport_of(account.id).await?;
    let missing =
        || Rejection::missing("this account is linked to nobody at a provider; link it first");
    Ok(Json(LinkView::from(passport.ok_or_else(missing)?)))
}

/// Link an account to a person at the provider
///
/// They sign in with it from then on, beside the password. Its sessions end. An account has one link,
/// and a person one account at a node. Whose account may be linked by whom is as for a lost password.
#[utoipa::path(put, path = "/v1/nodes/{code}/accounts/{account}/link", tag = "people",
    params(AccountPath), request_body = LinkRequest, responses((status = 200, body = LinkView)))]
pub(super) async fn link(
    at: At,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Given(request): Given<LinkRequest>,
) -> Result<Json<LinkView>, Rejection> {
    let sign_in = sign_in(&at.roster)?;
    if request
        .issuer
        .is_some_and(|issuer| issuer != sign_in.issuer())
    {
        return Err(Rejection::unfit(&format!(
            "this node signs people in with {} only; leave the issuer out, or have an operator set \
             `oidc.issuer`",
            sign_in.issuer()
        )));
    }
    let passport = sign_in.passport(&request.subject);
    let passport =
        passport.map_err(|bad: BadExternalIdentity| Rejection::unfit(&bad.to_string()))?;
    let account = accounts::named(&at).await?;
    let office = &at.node.office;
    office
        .link_account(&guest.known.who, by, account.id, passport.clone())
        .await?;
    Ok(Json(LinkView::from(passport)))
}

/// Take the link of an account away
///
/// Nobody signs in with it any more; the password stays. Its sessions end.
#[utoipa::path(delete, path = "/v1/nodes/{code}/accounts/{account}/link", tag = "people",
    params(AccountPath), responses((status = 204)))]
pub(super) async fn unlink(
    at: At,
    Person(by): Person,
    Authenticated(guest): Authenticated,
) -> Result<StatusCode, Rejection> {
    let account = accounts::named(&at).await?;
    let office = &at.node.office;
    office
        .unlink_account(&guest.known.who, by, account.id)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_back_stays_at_this_host() {
        for path in [
            "/",
            "/matters?state=open&page=2",
            "/a/b#c",
            "/a;b=%E6%B5%99",
        ] {
            assert!(is_own_path(path), "{path}");
        }
        let long = format!("/{}", "x".repeat(MOST_BACK));
        for path in [
            "",
            "matters",
            "//evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "/\t/evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/\"><script>",
            "/'",
            "/浙",
            &long,
        ] {
            assert!(!is_own_path(path), "{path}");
        }
    }
}

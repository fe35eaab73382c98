//! Sign-in with an OpenID Connect provider, and the link between accounts and people there.

use std::sync::Arc;

use api::{LinkRequest, LinkView, ReturnQuery, StartQuery};
use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{
    alarm::{AlarmKind, details},
    people::{BadExternalIdentity, ExternalIdentity, SIGN_IN_MS},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use office::{Request, RequestContext, people::NewSession};
use outbound::oidc::{Begun, CALLBACK, Leaving, Return, SignIn, SignInError};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{
    accounts,
    ask::{Asked, Authenticated, Given, Headers, NodePath, Person},
    credentials::cookie_value,
    openapi::{AccountParams, NodeParams},
    problem::Rejection,
    session::cookie_of,
};
use crate::state::AppState;

/// Suffix of every path on which a sign-in begins. Such a request counts as a login in the rate
/// limits.
pub(super) const START: &str = "/oidc/start";
/// Cookie that identifies the browser when it comes back. It is `Lax`, unlike the session cookie,
/// because the browser must send it when the provider's page leads here.
const UNDER_WAY: &str = "__Host-sign-in";
/// The longest path to return to, in bytes.
const MOST_BACK: usize = 512;

const OFF_CHINESE: &str = "本节点没有接统一身份认证；请用密码登录，或问运维人员";
const OFF: &str = "this node has no sign-in provider; log in with a password, or ask the operator to \
                   set `[oidc]`";

fn sign_in(app_state: &AppState) -> Result<Arc<SignIn>, Rejection> {
    let sign_in = app_state.sign_in();
    sign_in.ok_or_else(|| Rejection::missing((OFF, OFF_CHINESE)))
}

/// Sign in with a provider
///
/// For web pages: redirects the browser to the OpenID Connect provider of this node, which sends it
/// back to `/v1/oidc/callback`. From there it is redirected to `return`. The sign-in must finish
/// within ten minutes and in the same browser.
#[utoipa::path(get, path = "/v1/nodes/{code}/oidc/start", tag = "session",
    params(NodeParams, StartQuery), responses((status = 303, description = "Redirect to the provider"),
        (status = 502, description = "The provider does not answer", body = api::problem::Problem,
            content_type = "application/problem+json")))]
pub(super) async fn start(
    at: NodePath,
    Authenticated(guest): Authenticated,
    Headers(headers): Headers,
    Asked(query): Asked<StartQuery>,
) -> Result<Response, Rejection> {
    let sign_in = sign_in(&at.app_state)?;
    let back = query.back.unwrap_or_else(|| "/".to_owned());
    if !is_own_path(&back) {
        return Err(Rejection::unfit((
            "this path cannot be returned to; use a path of this node that begins with one slash, at most 512 \
             visible characters",
            "登录后不能回到这个网址；请从登录页重新开始",
        )));
    }
    let session = guest.credentials.session();
    let session = session.filter(|_| guest.known.ends_at.is_some());
    let session = session.zip(guest.known.actor());
    let leaving = Leaving {
        node: at.division,
        back,
        session,
        origin: origin(&at, &sign_in, &headers),
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

/// Return from the provider
///
/// Sets the session cookie and redirects to the page where the sign-in began. The account is the
/// one that an administrator linked to the person; signing in creates no account and grants no
/// role.
#[utoipa::path(get, path = "/v1/oidc/callback", tag = "session", params(ReturnQuery),
    responses((status = 200, description = "Signed in", content_type = "text/html"),
        (status = 403, description = "Not signed in", body = api::problem::Problem,
            content_type = "application/problem+json"),
        (status = 502, description = "The provider does not answer", body = api::problem::Problem,
            content_type = "application/problem+json")))]
pub(super) async fn come_back(
    State(app_state): State<AppState>,
    Authenticated(guest): Authenticated,
    Headers(headers): Headers,
    Asked(query): Asked<ReturnQuery>,
) -> Response {
    if let Some(there) = elsewhere(&app_state, &headers, &query) {
        return there.unwrap_or_else(IntoResponse::into_response);
    }
    let begun = match recognise(&app_state, &headers, query.state.as_deref()) {
        Ok(begun) => begun,
        Err(problem) => return problem.into_response(),
    };
    let back = Return {
        code: query.code,
        error: query.error,
        issuer: query.iss,
    };
    let done = match finish(&app_state, begun, back, &guest.request).await {
        Ok((session, back)) => signed_in(&session, &back),
        Err(problem) => Err(problem),
    };
    let mut response = done.unwrap_or_else(IntoResponse::into_response);
    // The sign-in is over, whatever its result.
    const GONE: HeaderValue = HeaderValue::from_static(
        "__Host-sign-in=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0",
    );
    response.headers_mut().append(header::SET_COOKIE, GONE);
    response.headers_mut().extend(quiet());
    response
}

/// Returns where a sign-in begins, if that is on the pages of the division. On any other host it is to end at
/// `public_url`.
fn origin(at: &NodePath, sign_in: &SignIn, headers: &HeaderMap) -> Option<String> {
    let host = host(headers)?;
    let own = at.app_state.pages().division(host) == Some(at.division);
    own.then(|| sign_in.origin_of(host)).flatten()
}

fn host(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::HOST)?.to_str().ok()
}

/// Leads a browser on to the host where its sign-in began, with what the provider said. The provider only
/// knows `public_url`; the cookie without which nothing is opened is on the host of the division. Where to
/// is not in the request: it was noted when the sign-in began, on a host of this process.
fn elsewhere(
    app_state: &AppState,
    headers: &HeaderMap,
    query: &ReturnQuery,
) -> Option<Result<Response, Rejection>> {
    let sign_in = app_state.sign_in()?;
    let now = app_state.nodes.values().next()?.office.now();
    let origin = sign_in.began_at(query.state.as_deref()?, now)?;
    let (_, there) = origin.split_once("://")?;
    if host(headers).is_some_and(|host| host.eq_ignore_ascii_case(there)) {
        return None;
    }
    let said = [
        ("state", &query.state),
        ("code", &query.code),
        ("error", &query.error),
        ("iss", &query.iss),
    ];
    let said = said.into_iter().filter_map(|(name, value)| {
        let value = value.as_deref()?;
        Some(format!(
            "{name}={}",
            utf8_percent_encode(value, NON_ALPHANUMERIC)
        ))
    });
    let said: Vec<_> = said.collect();
    let location = value(&format!("{origin}{CALLBACK}?{}", said.join("&")));
    Some(location.map(|location| {
        let mut response = (StatusCode::SEE_OTHER, quiet()).into_response();
        response.headers_mut().insert(header::LOCATION, location);
        response
    }))
}

/// Returns the sign-in that the browser returns from. If none is found, the cookie stays, so that a
/// page elsewhere cannot end a sign-in.
fn recognise(
    app_state: &AppState,
    headers: &HeaderMap,
    state: Option<&str>,
) -> Result<Begun, Rejection> {
    let sign_in = sign_in(app_state)?;
    // All nodes of a process share one clock, so any office will do.
    let any = app_state.nodes.values().next();
    let now = any.ok_or_else(Rejection::no_such_path)?.office.now();
    let cookie = cookie_value(headers, UNDER_WAY);
    let begun = sign_in.recognise(state.unwrap_or_default(), cookie, now);
    begun.map_err(Rejection::of_sign_in)
}

async fn finish(
    app_state: &AppState,
    begun: Begun,
    back: Return,
    request: &Arc<Request>,
) -> Result<(NewSession, String), Rejection> {
    let sign_in = sign_in(app_state)?;
    let leaving = &begun.leaving;
    let node = app_state.node(leaving.node);
    let office = &node.ok_or_else(Rejection::no_such_path)?.office;
    let identity: ExternalIdentity = match sign_in.vouched(&begun, back, office.now()).await {
        Ok(identity) => identity,
        Err(error) => {
            if let SignInError::Token(bad) = &error {
                let detail = details::sign_in_forged(bad);
                office
                    .alarms()
                    .raise(AlarmKind::SignInForged, None, &detail)
                    .await?;
                office
                    .people()
                    .note_stranger(&bad.to_string(), request)
                    .await?;
            }
            return Err(Rejection::of_sign_in(error));
        }
    };
    let session = office.people().sign_in(&identity, request).await?;
    if let Some((old, actor)) = &leaving.session {
        let by = RequestContext::new(actor.clone(), Arc::clone(request));
        office.people().log_out(old, by).await?;
    }
    Ok((session, begun.leaving.back))
}

/// Returns a page that redirects to `back`. The session cookie is `Strict`: the browser does not
/// send it on a redirect chain that began at the provider, but does on a redirect from this page.
fn signed_in(session: &NewSession, back: &str) -> Result<Response, Rejection> {
    let back = back.replace('&', "&amp;");
    let page = format!(
        "<!doctype html><html lang=\"zh\"><meta charset=\"utf-8\"><title>五级通</title>\
         <meta http-equiv=\"refresh\" content=\"0;url={back}\">\
         <p><a href=\"{back}\">已登录，继续 / Signed in, continue</a></html>\n"
    );
    let html = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    let mut response = (StatusCode::OK, html, page).into_response();
    let cookie = value(&cookie_of(&session.token))?;
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

/// Returns headers that keep the code in the address from leaking to other sites and caches.
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
    HeaderValue::from_str(text).map_err(|_| {
        Rejection::unfit((
            "the provider's address is not valid; check it",
            "统一身份认证的地址不对；请运维人员检查配置",
        ))
    })
}

/// Returns whether a browser stays at this host if it follows the path: it begins with one slash
/// and has no character that a browser reads as a second slash, as the end of an attribute, or
/// ignores.
fn is_own_path(path: &str) -> bool {
    let harmless = |b: u8| b.is_ascii_graphic() && !b"\\\"'<>`".contains(&b);
    path.len() <= MOST_BACK
        && path.starts_with('/')
        && !path.starts_with("//")
        && path.bytes().all(harmless)
}

/// Get the person linked to an account
#[utoipa::path(get, path = "/v1/nodes/{code}/accounts/{account}/link", tag = "people",
    params(AccountParams), responses((status = 200, body = LinkView)))]
pub(super) async fn linked(at: NodePath) -> Result<Json<LinkView>, Rejection> {
    let account = accounts::named(&at).await?;
    let identity = at
        .node
        .office
        .people()
        .external_identity_of(account.id)
        .await?;
    let missing = || {
        Rejection::missing((
            "this account is linked to nobody at a provider; link it first",
            "这个账号没有关联统一身份认证；请先关联",
        ))
    };
    Ok(Json(LinkView::from(identity.ok_or_else(missing)?)))
}

/// Link an account to a person at the provider
///
/// The person can sign in with the provider from then on, and still with the password. Ends the
/// sessions of the account. An account has at most one link, and a person at most one account per
/// node. The rules for lost passwords decide who may link which account.
#[utoipa::path(put, path = "/v1/nodes/{code}/accounts/{account}/link", tag = "people",
    params(AccountParams), request_body = LinkRequest, responses((status = 200, body = LinkView)))]
pub(super) async fn link(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Given(request): Given<LinkRequest>,
) -> Result<Json<LinkView>, Rejection> {
    let sign_in = sign_in(&at.app_state)?;
    if request
        .issuer
        .is_some_and(|issuer| issuer != sign_in.issuer())
    {
        return Err(Rejection::unfit((
            format!(
                "this node signs people in with {} only; leave the issuer out, or ask the operator to set \
                 `oidc.issuer`",
                sign_in.issuer()
            ),
            format!(
                "本节点只用 {} 登录；请不写 issuer，或请运维人员设置 `oidc.issuer`",
                sign_in.issuer()
            ),
        )));
    }
    let identity = sign_in.identity(&request.subject);
    let identity = identity.map_err(|bad: BadExternalIdentity| Rejection::unfit(&bad))?;
    let account = accounts::named(&at).await?;
    let office = &at.node.office;
    office
        .people()
        .link_account(&guest.known.who, by, account.id, identity.clone())
        .await?;
    Ok(Json(LinkView::from(identity)))
}

/// Remove the link of an account
///
/// The person can no longer sign in with the provider; the password stays. Ends the sessions of the
/// account.
#[utoipa::path(delete, path = "/v1/nodes/{code}/accounts/{account}/link", tag = "people",
    params(AccountParams), responses((status = 204)))]
pub(super) async fn unlink(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
) -> Result<StatusCode, Rejection> {
    let account = accounts::named(&at).await?;
    let office = &at.node.office;
    office
        .people()
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

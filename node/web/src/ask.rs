//! Extractors: the parts of a request that handlers take. Each rejects bad input with a problem.

use std::str::FromStr;

use api::DRAFT_KEY;
use axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Query, RawPathParams, Request},
};
use http::{HeaderMap, StatusCode, request::Parts};
use office::{
    RequestContext,
    people::{Token, TokenKind},
};
use serde::de::DeserializeOwned;
use topology::DivisionCode;

use super::{
    gate::Principal,
    problem::{InChinese, Rejection, Told},
};
use crate::state::{AppState, Node};

/// The node named by the division in the path.
pub(super) struct NodePath {
    pub(super) node: Node,
    pub(super) division: DivisionCode,
    pub(super) app_state: AppState,
    params: Vec<(String, String)>,
}

impl NodePath {
    /// Parses a parameter of the path.
    pub(super) fn param<T>(&self, name: &str) -> Result<T, Rejection>
    where
        T: FromStr,
        T::Err: InChinese,
    {
        read(&self.params, name)
    }
}

fn read<T>(params: &[(String, String)], name: &str) -> Result<T, Rejection>
where
    T: FromStr,
    T::Err: InChinese,
{
    let text = params
        .iter()
        .find(|(key, _)| key == name)
        .map_or("", |(_, value)| value);
    text.parse()
        .map_err(|error: T::Err| Rejection::unfit(&error))
}

impl FromRequestParts<AppState> for NodePath {
    type Rejection = Rejection;

    async fn from_request_parts(
        parts: &mut Parts,
        app_state: &AppState,
    ) -> Result<Self, Rejection> {
        let Authenticated(_let_in) = Authenticated::from_request_parts(parts, app_state).await?;
        let params = RawPathParams::from_request_parts(parts, app_state).await;
        let params =
            params.map_err(|rejection| Rejection::unfit(unreadable(&rejection.body_text())))?;
        let params: Vec<_> = params
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let division: DivisionCode = read(&params, "code")?;
        let node = app_state.hosted(division)?.clone();
        Ok(Self {
            node,
            division,
            app_state: app_state.clone(),
            params,
        })
    }
}

/// The person who acts; the gate has checked the permission.
pub(super) struct Person(pub(super) RequestContext);

impl FromRequestParts<AppState> for Person {
    type Rejection = Rejection;

    async fn from_request_parts(
        parts: &mut Parts,
        app_state: &AppState,
    ) -> Result<Self, Rejection> {
        let Authenticated(guest) = Authenticated::from_request_parts(parts, app_state).await?;
        let known = guest.context();
        let unknown = || {
            Rejection::unknown_caller((
                "the caller is unknown; log in, or send an API key",
                "不知道您是谁；请先登录",
            ))
        };
        Ok(Self(known.ok_or_else(unknown)?))
    }
}

/// Whoever reports: the person who acts, or a reporter without an account.
pub(super) struct Reporting(pub(super) RequestContext);

impl FromRequestParts<AppState> for Reporting {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, roster: &AppState) -> Result<Self, Rejection> {
        let Authenticated(guest) = Authenticated::from_request_parts(parts, roster).await?;
        guest
            .reporting()
            .map(Self)
            .ok_or_else(Rejection::no_such_path)
    }
}

/// The caller, as the gate let them in.
pub(super) struct Authenticated(pub(super) Principal);

impl FromRequestParts<AppState> for Authenticated {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Rejection> {
        let guest = parts.extensions.get::<Principal>().cloned();
        let closed = || {
            Rejection::denied((
                "this route has no permission check; report this to the developers",
                "这条路径没有权限检查；请告诉开发人员",
            ))
        };
        Ok(Self(guest.ok_or_else(closed)?))
    }
}

/// Tells what a library says about a request that it cannot read.
pub(super) fn unreadable(text: &str) -> Told {
    (text.to_owned(), format!("请求读不懂：{text}")).into()
}

/// The headers of the request.
pub(super) struct Headers(pub(super) HeaderMap);

impl FromRequestParts<AppState> for Headers {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.headers.clone()))
    }
}

/// Returns the key of a draft whose photos an act takes; `None` if the request names none.
pub(super) fn named_draft(headers: &HeaderMap) -> Result<Option<Token>, Rejection> {
    let is_named = headers.contains_key(DRAFT_KEY);
    is_named.then(|| draft_key(headers)).transpose()
}

/// Returns the key of the draft that a request is about.
pub(super) fn draft_key(headers: &HeaderMap) -> Result<Token, Rejection> {
    let text = headers.get(DRAFT_KEY).and_then(|value| value.to_str().ok());
    let token = text.and_then(|text| text.trim().parse::<Token>().ok());
    token.filter(|key| key.kind == TokenKind::Draft).ok_or_else(|| {
        Rejection::unfit((
            "the key of the draft is missing; send wjd_ and 32 random hexadecimal digits as Draft-Key",
            "没有草稿的钥匙；请从“我要反映”重新开始",
        ))
    })
}

/// The trace of the request.
pub(super) struct Traced(pub(super) Option<String>);

impl FromRequestParts<AppState> for Traced {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Self::Rejection> {
        let said = parts
            .headers
            .get("traceparent")
            .and_then(|value| value.to_str().ok());
        Ok(Self(said.map(str::to_owned)))
    }
}

/// The query string.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<AppState> for Asked<T> {
    type Rejection = Rejection;

    async fn from_request_parts(
        parts: &mut Parts,
        app_state: &AppState,
    ) -> Result<Self, Rejection> {
        match Query::<T>::from_request_parts(parts, app_state).await {
            Ok(Query(asked)) => Ok(Self(asked)),
            Err(rejection) => Err(Rejection::unfit(unreadable(&rejection.body_text()))),
        }
    }
}

/// The JSON body.
pub(super) struct Given<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<AppState> for Given<T> {
    type Rejection = Rejection;

    async fn from_request(request: Request, app_state: &AppState) -> Result<Self, Rejection> {
        match Json::<T>::from_request(request, app_state).await {
            Ok(Json(given)) => Ok(Self(given)),
            Err(rejection) => Err(match rejection.status() {
                status @ (StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNSUPPORTED_MEDIA_TYPE) => {
                    Rejection::unread(status, unreadable(&rejection.body_text()))
                }
                _ => Rejection::unfit(unreadable(&rejection.body_text())),
            }),
        }
    }
}

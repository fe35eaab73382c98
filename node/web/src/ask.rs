//! What handlers take out of a request, with a problem for everything that does not fit.

use std::str::FromStr;

use axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Query, RawPathParams, Request},
};
use http::{HeaderMap, StatusCode, request::Parts};
use office::RequestContext;
use serde::de::DeserializeOwned;
use topology::DivisionCode;

use super::{gate::Principal, problem::Rejection};
use crate::state::{AppState, Node};

/// The node that is asked, by the division in the path.
pub(super) struct At {
    pub(super) node: Node,
    pub(super) division: DivisionCode,
    pub(super) roster: AppState,
    params: Vec<(String, String)>,
}

impl At {
    /// A part of the path, read as what it stands for.
    pub(super) fn param<T>(&self, name: &str) -> Result<T, Rejection>
    where
        T: FromStr,
        T::Err: std::fmt::Display,
    {
        read(&self.params, name)
    }
}

fn read<T>(params: &[(String, String)], name: &str) -> Result<T, Rejection>
where
    T: FromStr,
    T::Err: std::fmt::Display,
{
    let text = params
        .iter()
        .find(|(key, _)| key == name)
        .map_or("", |(_, value)| value);
    text.parse()
        .map_err(|error: T::Err| Rejection::unfit(&error.to_string()))
}

impl FromRequestParts<AppState> for At {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, roster: &AppState) -> Result<Self, Rejection> {
        let Authenticated(_let_in) = Authenticated::from_request_parts(parts, roster).await?;
        let params = RawPathParams::from_request_parts(parts, roster).await;
        let params = params.map_err(|rejection| Rejection::unfit(&rejection.body_text()))?;
        let params: Vec<_> = params
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let division: DivisionCode = read(&params, "code")?;
        let node = hosted(division, roster)?.clone();
        Ok(Self {
            node,
            division,
            roster: roster.clone(),
            params,
        })
    }
}

/// The node of a division.
pub(super) fn hosted(division: DivisionCode, roster: &AppState) -> Result<&Node, Rejection> {
    if let Some(node) = roster.node(division) {
        return Ok(node);
    }
    roster.tree.require(division)?;
    Err(Rejection::missing(&format!(
        "this process does not host the node of {division}; `wujitong status` lists those it hosts"
    )))
}

/// The person who acts; the gate has found that they may.
pub(super) struct Person(pub(super) RequestContext);

impl FromRequestParts<AppState> for Person {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, roster: &AppState) -> Result<Self, Rejection> {
        let Authenticated(guest) = Authenticated::from_request_parts(parts, roster).await?;
        let known = guest.context();
        let unknown =
            || Rejection::unknown_caller("it is not known who asks; log in, or hand in a key");
        Ok(Self(known.ok_or_else(unknown)?))
    }
}

/// Whoever was let in, with everything that is known of them.
pub(super) struct Authenticated(pub(super) Principal);

impl FromRequestParts<AppState> for Authenticated {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Rejection> {
        let guest = parts.extensions.get::<Principal>().cloned();
        let closed =
            || Rejection::denied("nobody says who may come here; tell the makers of this program");
        Ok(Self(guest.ok_or_else(closed)?))
    }
}

/// The header of the request.
pub(super) struct Headers(pub(super) HeaderMap);

impl FromRequestParts<AppState> for Headers {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Self::Rejection> {
        Ok(Self(parts.headers.clone()))
    }
}

/// The trace a request is part of.
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

/// What stands after the question mark.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<AppState> for Asked<T> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, roster: &AppState) -> Result<Self, Rejection> {
        match Query::<T>::from_request_parts(parts, roster).await {
            Ok(Query(asked)) => Ok(Self(asked)),
            Err(rejection) => Err(Rejection::unfit(&rejection.body_text())),
        }
    }
}

/// What was handed in, as JSON.
pub(super) struct Given<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<AppState> for Given<T> {
    type Rejection = Rejection;

    async fn from_request(request: Request, roster: &AppState) -> Result<Self, Rejection> {
        match Json::<T>::from_request(request, roster).await {
            Ok(Json(given)) => Ok(Self(given)),
            Err(rejection) => Err(match rejection.status() {
                status @ (StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNSUPPORTED_MEDIA_TYPE) => {
                    Rejection::unread(status, &rejection.body_text())
                }
                _ => Rejection::unfit(&rejection.body_text()),
            }),
        }
    }
}

//! Calls of the API from within the process. A page asks the node what a program would ask it, as the
//! person who opened the page: every call passes the gate with the credentials of that person.

use api::{
    Language,
    problem::{Problem, ProblemCode},
};
use axum::{
    Router,
    body::{Body, to_bytes},
    response::Response,
};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header, request::Parts,
};
use serde::{Serialize, de::DeserializeOwned};
use tower::ServiceExt;

use super::{
    credentials::{CSRF, REPORTER_TOKEN},
    problem::{Rejection, Untold},
    rate_limits::OnePage,
    serve::Caller,
};

/// The type of what the API takes.
const JSON: &str = "application/json";

/// Headers of a page's request that its calls have too: who asks, from which page, in which trace.
const HANDED_ON: [HeaderName; 9] = [
    header::AUTHORIZATION,
    header::USER_AGENT,
    header::COOKIE,
    header::HOST,
    header::ORIGIN,
    HeaderName::from_static("sec-fetch-site"),
    HeaderName::from_static("traceparent"),
    HeaderName::from_static(CSRF),
    HeaderName::from_static(REPORTER_TOKEN),
];

/// Calls the API as the caller of a request. All calls of one page count as one request.
#[derive(Clone)]
pub struct Calls {
    router: Router,
    caller: Caller,
    headers: HeaderMap,
    language: Language,
    page: OnePage,
}

/// An answer of the API that is no problem.
#[derive(Debug)]
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Reply {
    /// Reads the body.
    ///
    /// # Errors
    /// A problem if it is not of this type, which is a mistake in this program.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_slice(&self.body).map_err(|error| {
            tracing::error!(%error, "a page cannot read what the API answered");
            let told = (
                "the node cannot show this page; tell its operator to look into the log",
                "节点显示不了这一页；请运维人员看日志",
            );
            *Rejection::new(ProblemCode::ServiceUnavailable, told).0
        })
    }
}

impl Calls {
    /// Calls `router`, the routes of the API, as the caller of this request.
    ///
    /// # Errors
    /// A rejection if the request came through no listener.
    pub fn of(router: Router, parts: &Parts) -> Result<Self, Rejection> {
        let caller = parts.extensions.get::<Caller>().copied();
        let caller = caller.ok_or_else(|| {
            Rejection::unknown_caller((
                "the caller is unknown; use the control socket",
                "不知道您是谁；请登录",
            ))
        })?;
        let kept = HANDED_ON.into_iter().filter_map(|name| {
            let value = parts.headers.get(&name)?.clone();
            Some((name, value))
        });
        Ok(Self {
            router,
            caller,
            headers: kept.collect(),
            language: Language::English,
            page: OnePage::default(),
        })
    }

    /// Sets the language in which all further calls tell their problems.
    #[must_use]
    pub const fn in_language(mut self, language: Language) -> Self {
        self.language = language;
        self
    }

    /// Sets a header of all further calls. A value that no header can have is left out.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(HeaderName::from_static(name), value);
        }
        self
    }

    /// Removes a header of all further calls.
    #[must_use]
    pub fn without(mut self, name: &HeaderName) -> Self {
        self.headers.remove(name);
        self
    }

    /// Gets something.
    ///
    /// # Errors
    /// The problem that the API answered.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Problem> {
        self.send(Method::GET, path, Body::empty()).await?.read()
    }

    /// Sends JSON.
    ///
    /// # Errors
    /// The problem that the API answered.
    pub async fn ask<T: Serialize + Sync>(
        &self,
        method: Method,
        path: &str,
        said: &T,
    ) -> Result<Reply, Problem> {
        let body = serde_json::to_vec(said).map_err(|error| {
            let told = (
                format!("{error}; correct it"),
                format!("写不成请求（{error}）；请更正"),
            );
            *Rejection::unfit(told).0
        })?;
        self.send(method, path, body.into()).await
    }

    /// Sends a file of this media type while it arrives.
    ///
    /// # Errors
    /// The problem that the API answered.
    pub async fn upload(&self, path: &str, kind: &str, body: Body) -> Result<Reply, Problem> {
        let response = self.call(Method::POST, path, kind, body).await?;
        self.reply(response).await
    }

    /// Puts a file of this media type.
    ///
    /// # Errors
    /// The problem that the API answered.
    pub async fn put(&self, path: &str, kind: &str, body: Body) -> Result<Reply, Problem> {
        let response = self.call(Method::PUT, path, kind, body).await?;
        self.reply(response).await
    }

    /// Gets a file, and answers with it as it comes.
    ///
    /// # Errors
    /// The problem that the API answered.
    pub async fn relay(&self, path: &str) -> Result<Response, Problem> {
        let response = self.call(Method::GET, path, JSON, Body::empty()).await?;
        match response.status().is_success() {
            true => Ok(response),
            false => Err(self
                .reply(response)
                .await
                .err()
                .unwrap_or_else(|| *Rejection::no_such_path().0)),
        }
    }

    /// Sends a request with a body as it is; JSON if it is not empty.
    ///
    /// # Errors
    /// The problem that the API answered.
    pub async fn send(&self, method: Method, path: &str, body: Body) -> Result<Reply, Problem> {
        let response = self.call(method, path, JSON, body).await?;
        self.reply(response).await
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        kind: &str,
        body: Body,
    ) -> Result<Response, Problem> {
        let request = Request::builder().method(method).uri(path).body(body);
        let mut request = request.map_err(|_| *Rejection::no_such_path().0)?;
        *request.headers_mut() = self.headers.clone();
        let kind = HeaderValue::from_str(kind).unwrap_or(HeaderValue::from_static(JSON));
        request.headers_mut().insert(header::CONTENT_TYPE, kind);
        request.extensions_mut().insert(self.caller);
        request.extensions_mut().insert(self.page.clone());
        let Ok(response) = self.router.clone().oneshot(request).await;
        Ok(response)
    }

    async fn reply(&self, response: Response) -> Result<Reply, Problem> {
        let (mut parts, body) = response.into_parts();
        if let Some(Untold(problem)) = parts.extensions.remove::<Untold>() {
            return Err(problem.in_language(self.language));
        }
        let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
        if parts.status.is_client_error() || parts.status.is_server_error() {
            let told = (
                "the node does not do this; go back",
                "节点不做这件事；请返回",
            );
            return Err(Rejection::unread(parts.status, told)
                .0
                .in_language(self.language));
        }
        Ok(Reply {
            status: parts.status,
            headers: parts.headers,
            body,
        })
    }
}

//! Restricts an HTTP listener to the host names it is meant for.
//!
//! Without this, any web page could point a name of its own at the node's address and read from the
//! node through a visitor's browser (DNS rebinding).

use std::{
    convert::Infallible,
    sync::{Arc, RwLock},
    task::{Context, Poll},
};

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use futures::future::{Either, Ready, ready};
use http::{HeaderMap, Request, StatusCode, Uri, header};
use tower::{Layer, Service};

/// Builds a layer that answers 421 (Misdirected Request) for every host that is not listed.
///
/// `list` is [`config::Http::hosts`]: names and addresses without port, IPv6 in brackets; case and
/// port of a request do not matter.
pub fn allow<S: AsRef<str>>(list: &[S]) -> AllowHosts {
    let hosts = AllowHosts::default();
    hosts.set(list);
    hosts
}

/// The layer made by [`allow`]. Its clones share one list.
#[derive(Clone, Debug, Default)]
pub struct AllowHosts(Arc<RwLock<Arc<[String]>>>);

impl<S> Layer<S> for AllowHosts {
    type Service = Allowed<S>;

    fn layer(&self, inner: S) -> Allowed<S> {
        Allowed {
            hosts: self.clone(),
            inner,
        }
    }
}

/// A service that receives only requests for allowed hosts; made by [`allow`].
#[derive(Clone, Debug)]
pub struct Allowed<S> {
    hosts: AllowHosts,
    inner: S,
}

impl<S> Service<Request<Body>> for Allowed<S>
where
    S: Service<Request<Body>, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<S::Future, Ready<Result<Response, Infallible>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        match self.hosts.check(request.uri(), request.headers()) {
            Ok(()) => Either::Left(self.inner.call(request)),
            Err(refusal) => Either::Right(ready(Ok(refusal))),
        }
    }
}

impl AllowHosts {
    /// Replaces the list, for requests from now on.
    pub fn set<S: AsRef<str>>(&self, list: &[S]) {
        let list = list.iter();
        let list = list.map(|host| name(host.as_ref()).to_ascii_lowercase());
        *self.0.write().expect("no holder panics") = list.collect();
    }

    /// Checks that a request names a host and that every host it names is allowed.
    fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Response> {
        let in_headers = headers.get_all(header::HOST).iter();
        let named: Vec<&str> = uri
            .authority()
            .map(|authority| authority.as_str())
            .into_iter()
            .chain(in_headers.map(|value| value.to_str().unwrap_or("(unreadable)")))
            .collect();
        if named.is_empty() {
            return Err(refusal("(none)"));
        }
        match named.into_iter().find(|host| !self.allows(host)) {
            None => Ok(()),
            Some(host) => Err(refusal(host)),
        }
    }

    fn allows(&self, host: &str) -> bool {
        let host = name(host);
        let list = Arc::clone(&self.0.read().expect("no holder panics"));
        list.iter()
            .any(|allowed| allowed.eq_ignore_ascii_case(host))
    }
}

/// Returns the host without its port and final dot.
fn name(host: &str) -> &str {
    let end = match host.find(']') {
        Some(bracket) => bracket + 1,
        None => host.find(':').unwrap_or(host.len()),
    };
    let (name, port) = host.split_at(end);
    let port_is_one = port.is_empty()
        || port
            .strip_prefix(':')
            .is_some_and(|p| p.bytes().all(|b| b.is_ascii_digit()));
    if port_is_one {
        name.strip_suffix('.').unwrap_or(name)
    } else {
        host
    }
}

fn refusal(host: &str) -> Response {
    let host: String = host.chars().take(100).collect();
    let text = format!(
        "this node does not answer for the host `{host}`; if it should, add that name to \
         `http.hosts` in the node's configuration\n"
    );
    (
        StatusCode::MISDIRECTED_REQUEST,
        [(header::X_CONTENT_TYPE_OPTIONS, "nosniff")],
        text,
    )
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(list: &[&str], uri: &str, hosts: &[&str]) -> StatusCode {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(header::HOST, host.parse().unwrap());
        }
        match allow(list).check(&uri.parse().unwrap(), &headers) {
            Ok(()) => StatusCode::OK,
            Err(refusal) => refusal.status(),
        }
    }

    const LIST: &[&str] = &["localhost", "127.0.0.1", "[::1]", "Office.example"];

    #[test]
    fn listed_hosts_pass_with_any_port_and_in_any_case() {
        for host in [
            "localhost",
            "LOCALHOST:7480",
            "127.0.0.1:1",
            "[::1]",
            "[::1]:80",
            "office.example.:9",
        ] {
            assert_eq!(status(LIST, "/", &[host]), StatusCode::OK, "{host}");
        }
    }

    #[test]
    fn all_others_are_misdirected() {
        let others = [
            "",
            "evil.example",
            "localhost.evil.example",
            "evil.localhost",
            "127.0.0.1.evil.example",
            "::1",
            "[::1]evil",
            "localhost:80@evil.example",
            "127.0.0.2",
        ];
        for host in others {
            assert_eq!(
                status(LIST, "/", &[host]),
                StatusCode::MISDIRECTED_REQUEST,
                "{host}"
            );
        }
    }

    #[test]
    fn another_list_counts_at_once_and_for_all_clones() {
        let hosts = allow(&["old.example"]);
        let layered = hosts.clone();
        hosts.set(&["New.example"]);
        assert!(layered.allows("new.example:1") && !layered.allows("old.example"));
    }

    #[test]
    fn no_host_and_two_hosts_that_differ_are_misdirected() {
        assert_eq!(status(LIST, "/", &[]), StatusCode::MISDIRECTED_REQUEST);
        let two = ["localhost", "evil.example"];
        assert_eq!(status(LIST, "/", &two), StatusCode::MISDIRECTED_REQUEST);
        let uri = "http://evil.example/";
        assert_eq!(
            status(LIST, uri, &["localhost"]),
            StatusCode::MISDIRECTED_REQUEST
        );
    }
}

//! Requests over HTTP/1 as tests write them, to a process in this one.

use api::problem::Problem;
use app::Host;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header, response::Parts};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
};

/// What comes in to a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The control socket.
    Socket,
    /// The HTTP listener.
    Tcp,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body as JSON; null if it is something else.
    pub json: Value,
    /// Its body.
    pub body: Bytes,
}

impl Answer {
    /// Returns the number of its status.
    pub fn code(&self) -> u16 {
        self.status.as_u16()
    }

    /// Returns the code of the problem; empty if it is none.
    pub fn problem(&self) -> &str {
        self.json["code"].as_str().unwrap_or_default()
    }

    /// Returns a text of the body.
    ///
    /// # Panics
    /// If there is none of this name.
    pub fn text(&self, name: &str) -> String {
        let text = self.json[name].as_str();
        text.unwrap_or_else(|| panic!("no {name} in {self:?}"))
            .to_owned()
    }

    /// Returns a header; empty if there is none.
    ///
    /// # Panics
    /// If it is not ASCII.
    pub fn header(&self, name: impl header::AsHeaderName) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().expect("ASCII"))
    }

    /// Returns the answer if it has this status.
    ///
    /// # Panics
    /// If it has another.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.code(), status, "{self:?}");
        self
    }

    /// Checks that what was refused is an explained kind of problem, unless it is a page. The answer to a
    /// HEAD has no body.
    fn check(&self, head: bool) {
        if !self.status.is_client_error() && !self.status.is_server_error() {
            return;
        }
        let kind = self.header(header::CONTENT_TYPE);
        if kind.starts_with("text/html") {
            return;
        }
        assert_eq!(kind, Problem::MEDIA_TYPE, "{self:?}");
        if head {
            return;
        }
        let detail = self.json["detail"].as_str().unwrap_or_default();
        assert!(detail.len() > 10, "{self:?}");
        let problem: Problem = serde_json::from_value(self.json.clone()).expect("a problem");
        assert!(problem.known().is_some(), "{self:?}");
    }
}

/// A request to be sent.
#[must_use]
pub struct Ask<'a> {
    host: &'a Host,
    way: Way,
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Bytes,
}

impl<'a> Ask<'a> {
    /// Returns a request without headers or a body.
    pub fn new(host: &'a Host, way: Way, method: Method, path: String) -> Self {
        Self {
            host,
            way,
            method,
            path,
            headers: vec![],
            body: Bytes::new(),
        }
    }

    /// Adds a header.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a token.
    pub fn by(self, token: &str) -> Self {
        self.with("authorization", &format!("Bearer {token}"))
    }

    /// Adds a body.
    pub fn body(mut self, json: Value) -> Self {
        self.body = json.to_string().into();
        self
    }

    /// Adds a body to the letter.
    pub fn raw(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Sends it on a connection of its own. A body is called JSON, and the host `localhost`, if no header
    /// calls them something else.
    ///
    /// # Panics
    /// If there is no answer, or a refusal is no explained problem.
    pub async fn send(self) -> Answer {
        let given = |name: &str| self.headers.iter().any(|(given, _)| given == name);
        let mut request = Request::builder().method(self.method).uri(&self.path);
        if !given("host") {
            request = request.header(header::HOST, "localhost");
        }
        if !self.body.is_empty() && !given("content-type") {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let head = request.method_ref() == Some(&Method::HEAD);
        let request = request.body(Full::new(self.body)).expect("a request");
        let (parts, body) = send(self.host, self.way, request).await;
        let answer = Answer {
            status: parts.status,
            headers: parts.headers,
            json: serde_json::from_slice(&body).unwrap_or_default(),
            body,
        };
        answer.check(head);
        answer
    }
}

/// Sends a request of any form to a process, on a connection of its own.
///
/// # Panics
/// If it does not listen there, or does not answer.
pub async fn send(host: &Host, way: Way, request: Request<Full<Bytes>>) -> (Parts, Bytes) {
    match way {
        Way::Socket => {
            let stream = UnixStream::connect(host.socket()).await;
            exchange(stream.expect("its socket is there"), request).await
        }
        Way::Tcp => {
            let address = host.http().expect("it listens");
            let stream = TcpStream::connect(address).await;
            exchange(stream.expect("its listener is there"), request).await
        }
    }
}

async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> (Parts, Bytes)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let shaken = http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = shaken.expect("HTTP/1");
    tokio::spawn(connection);
    let response = sender.send_request(request).await.expect("an answer");
    let (parts, body) = response.into_parts();
    let body = body.collect().await.expect("a whole answer").to_bytes();
    (parts, body)
}

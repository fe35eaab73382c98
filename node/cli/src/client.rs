//! A typed client of a node's API over its control socket.

mod files;

use std::{
    io,
    path::{Path, PathBuf},
    sync::LazyLock,
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Serialize, de::DeserializeOwned};
use tokio::{net::UnixStream, sync::Mutex, task::JoinHandle};
use topology::DivisionCode;

pub use files::UploadError;

use api::{
    Language, MatterView, Named, Nodes, ReportRequest, Reported, Status, StatusQuery,
    problem::Problem,
};

/// Time limit for an answer to begin, and again for the rest of it to arrive.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// The longest answer that is accepted, in bytes.
const MOST_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// What a client calls itself, by which its sessions are told from others.
static AGENT: LazyLock<String> = LazyLock::new(|| {
    let (version, system) = (env!("CARGO_PKG_VERSION"), std::env::consts::OS);
    format!("wujitong/{version} ({system})")
});

/// A client of one process over its control socket. It sends one request at a time and keeps its
/// connection for the next. For concurrent requests, create several clients.
#[derive(Debug)]
pub struct Client {
    socket: PathBuf,
    token: Option<String>,
    patience: Duration,
    language: Language,
    connection: Mutex<Option<Connection>>,
}

#[derive(Debug)]
struct Connection {
    sender: SendRequest<Full<Bytes>>,
    driver: JoinHandle<()>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens at the socket, the caller may not open it, or the node went away.
    #[error(
        "no node answers at {}: {cause}; start it with `wujitong run`, name its directory with \
         --data, and ask as its owner", socket.display()
    )]
    Unreachable {
        /// The control socket.
        socket: PathBuf,
        /// The cause.
        cause: io::Error,
    },
    /// The node did not answer in time; it may or may not have done the request.
    #[error(
        "the node at {} did not answer within {} s, and may still do what was asked; see its log, and \
         `wujitong status`", socket.display(), after.as_secs()
    )]
    Silent {
        /// The control socket.
        socket: PathBuf,
        /// The time limit.
        after: Duration,
    },
    /// The node refused the request.
    #[error(transparent)]
    Problem(Box<Problem>),
    /// The answer is not valid in this version.
    #[error(
        "the node's answer cannot be read ({0}); compare `wujitong --version` with its version in \
             `wujitong status`"
    )]
    Answer(String),
}

impl From<Problem> for ClientError {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

impl Client {
    /// Returns a client of the process behind this socket. It connects on the first request.
    pub fn new(socket: impl Into<PathBuf>) -> Self {
        Self {
            socket: socket.into(),
            token: None,
            patience: ANSWER_WITHIN,
            language: Language::English,
            connection: Mutex::new(None),
        }
    }

    /// Sends requests with the token of a session or an API key.
    #[must_use]
    pub fn with_token(mut self, token: Option<String>) -> Self {
        self.token = token;
        self
    }

    /// Returns the token with which it sends requests.
    pub fn token(&self) -> Option<String> {
        self.token.clone()
    }

    /// Sets the language in which the node tells why something was not done.
    #[must_use]
    pub const fn in_language(mut self, language: Language) -> Self {
        self.language = language;
        self
    }

    /// Sets the time limit for answers.
    #[must_use]
    pub const fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Returns the path of the control socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Returns the status of the process and its nodes.
    ///
    /// # Errors
    /// [`ClientError`]; the same holds for all other requests.
    pub async fn status(&self, brief: bool) -> Result<Status, ClientError> {
        let query = StatusQuery { node: None, brief };
        self.find("/v1/status", &query).await
    }

    /// Returns the nodes the process hosts.
    pub async fn nodes(&self) -> Result<Nodes, ClientError> {
        self.get("/v1/nodes").await
    }

    /// Sends a report; it is durable when this returns.
    pub async fn report(
        &self,
        node: DivisionCode,
        report: &ReportRequest,
    ) -> Result<Reported, ClientError> {
        self.post(&format!("/v1/nodes/{node}/matters"), report)
            .await
    }

    /// Returns one matter as a node knows it.
    pub async fn matter(
        &self,
        node: DivisionCode,
        id: &str,
    ) -> Result<Named<MatterView>, ClientError> {
        self.get(&format!("/v1/nodes/{node}/matters/{}", encoded(id)))
            .await
    }

    /// Sends a GET request.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.ask(Method::GET, path, Bytes::new()).await
    }

    /// Sends a GET request with a query, one of the API's: a structure with texts, numbers and names.
    pub async fn find<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &impl Serialize,
    ) -> Result<T, ClientError> {
        self.get(&format!("{path}?{}", query_text(query))).await
    }

    /// Sends a POST request with a JSON body.
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        given: &impl Serialize,
    ) -> Result<T, ClientError> {
        self.send(Method::POST, path, given).await
    }

    /// Sends a request with this method and a JSON body.
    pub async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        given: &impl Serialize,
    ) -> Result<T, ClientError> {
        self.ask(method, path, json(given)).await
    }

    /// Sends a POST request whose answer is a text.
    pub async fn post_text(
        &self,
        path: &str,
        given: &impl Serialize,
    ) -> Result<String, ClientError> {
        let answer = self.answer(Method::POST, path, json(given)).await?;
        String::from_utf8(answer.into()).map_err(|error| ClientError::Answer(error.to_string()))
    }

    /// Sends a request whose answer has no body.
    pub async fn send_only(
        &self,
        method: Method,
        path: &str,
        given: &impl Serialize,
    ) -> Result<(), ClientError> {
        self.answer(method, path, json(given)).await.map(|_| ())
    }

    /// Sends a DELETE request.
    pub async fn delete(&self, path: &str) -> Result<(), ClientError> {
        self.answer(Method::DELETE, path, Bytes::new())
            .await
            .map(|_| ())
    }

    /// Sends a DELETE request with a query, as [`Self::find`] does.
    pub async fn delete_found(
        &self,
        path: &str,
        query: &impl Serialize,
    ) -> Result<(), ClientError> {
        self.delete(&format!("{path}?{}", query_text(query))).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<T, ClientError> {
        let answer = self.answer(method, path, body).await?;
        serde_json::from_slice(&answer).map_err(|error| ClientError::Answer(error.to_string()))
    }

    async fn answer(&self, method: Method, path: &str, body: Bytes) -> Result<Bytes, ClientError> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT_LANGUAGE, self.language.tag())
            .header(header::USER_AGENT, AGENT.as_str())
            .body(Full::new(body));
        let request = request.map_err(|error| ClientError::Answer(error.to_string()))?;
        let (status, body) = self.exchange(request).await?;
        answered(status, body)
    }

    /// Sends over the kept connection, or over a new one if that was closed before the request was
    /// sent.
    async fn exchange(
        &self,
        mut request: Request<Full<Bytes>>,
    ) -> Result<(StatusCode, Bytes), ClientError> {
        if let Some(token) = &self.token {
            let bearer = HeaderValue::try_from(format!("Bearer {token}"));
            let bearer = bearer.map_err(|error| ClientError::Answer(error.to_string()))?;
            request.headers_mut().insert(header::AUTHORIZATION, bearer);
        }
        let mut kept = self.connection.lock().await;
        loop {
            let fresh = kept.is_none();
            let mut connection = match kept.take() {
                Some(connection) => connection,
                None => self
                    .in_time(self.connect())
                    .await?
                    .map_err(|cause| self.unreachable(cause))?,
            };
            let broken = |error: hyper::Error| self.unreachable(io::Error::other(error));
            let sent = self.in_time(connection.sender.try_send_request(request));
            let response = match sent.await? {
                Ok(response) => response,
                Err(mut error) => match error.take_message() {
                    Some(unsent) if !fresh => {
                        request = unsent;
                        continue;
                    }
                    _ => return Err(broken(error.into_error())),
                },
            };
            let status = response.status();
            let body = Limited::new(response.into_body(), MOST_ANSWER_BYTES).collect();
            let body = self.in_time(body).await?;
            let body = body.map_err(|error| self.unreachable(io::Error::other(error)))?;
            *kept = Some(connection);
            return Ok((status, body.to_bytes()));
        }
    }

    async fn in_time<T>(&self, answer: impl Future<Output = T>) -> Result<T, ClientError> {
        let answered = tokio::time::timeout(self.patience, answer).await;
        answered.map_err(|_| ClientError::Silent {
            socket: self.socket.clone(),
            after: self.patience,
        })
    }

    async fn connect(&self) -> io::Result<Connection> {
        let stream = UnixStream::connect(&self.socket).await?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(io::Error::other)?;
        let driver = tokio::spawn(async move {
            // An error of the connection also fails the request that waits on it.
            let _ended = connection.await;
        });
        Ok(Connection { sender, driver })
    }

    fn unreachable(&self, cause: io::Error) -> ClientError {
        ClientError::Unreachable {
            socket: self.socket.clone(),
            cause,
        }
    }
}

/// Returns the body of a successful answer.
fn answered(status: StatusCode, body: Bytes) -> Result<Bytes, ClientError> {
    if status.is_success() {
        return Ok(body);
    }
    Err(match serde_json::from_slice::<Problem>(&body) {
        Ok(problem) => problem.into(),
        Err(_) => ClientError::Answer(format!("status {status}")),
    })
}

/// Returns the body of a request.
fn json(given: &impl Serialize) -> Bytes {
    let json = serde_json::to_vec(given);
    json.expect("requests of the API are plain structures with text keys")
        .into()
}

pub(crate) fn query_text(query: &impl Serialize) -> String {
    serde_urlencoded::to_string(query).expect("queries of the API hold texts, numbers and names")
}

/// Percent-encodes a text as one part of a path.
pub fn encoded(text: &str) -> String {
    const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');
    utf8_percent_encode(text, ENCODED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Failure, exit::Exit};

    #[test]
    fn a_query_of_the_api_is_written_as_the_api_reads_it() {
        let query = api::MattersQuery {
            after: None,
            limit: Some(7),
            q: Some("路灯 & 桥=头".to_owned()),
            ..api::MattersQuery::default()
        };
        let text = query_text(&query);
        assert!(text.is_ascii() && !text.contains("after"), "{text}");
        let read: api::MattersQuery = serde_urlencoded::from_str(&text).unwrap();
        assert_eq!(read, query);
        assert_eq!(query_text(&StatusQuery::default()), "brief=false");
    }

    #[tokio::test]
    async fn a_node_that_says_nothing_is_not_waited_for_without_end() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("socket");
        let listener = tokio::net::UnixListener::bind(&socket).unwrap();
        let client = Client::new(&socket).with_patience(Duration::from_millis(20));
        let (asked, _kept_open) = tokio::join!(client.status(true), listener.accept());
        let error = asked.unwrap_err();
        assert!(matches!(error, ClientError::Silent { .. }), "{error}");
        assert_eq!(Failure::from(error).exit(), Exit::Unreachable);
    }
}

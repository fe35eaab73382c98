//! A typed client of a node's API over its control socket.

mod files;

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde::{Serialize, de::DeserializeOwned};
use tokio::{net::UnixStream, sync::Mutex, task::JoinHandle};
use topology::DivisionCode;

pub use files::UploadError;

use api::{MatterView, Named, Nodes, ReportRequest, Reported, Status, problem::Problem};

/// How long a node may take to answer, and then to send the rest of its answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// Longest answer that is taken.
const MOST_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// Asks one process over its control socket. One request at a time; its connection is kept for the
/// next. Whoever wants several at once makes several clients.
#[derive(Debug)]
pub struct Client {
    socket: PathBuf,
    token: Option<String>,
    patience: Duration,
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
    /// Nobody listens at the socket, or it may not be opened, or the node went away.
    #[error(
        "no node answers at {}: {cause}; start it with `wujitong run`, name its directory with \
         --data, and ask as its owner", socket.display()
    )]
    Unreachable {
        /// The control socket.
        socket: PathBuf,
        /// What happened.
        cause: io::Error,
    },
    /// The node has the request, or not, and says nothing.
    #[error(
        "the node at {} did not answer within {} s, and may still do what was asked; see its log, and \
         `wujitong status`", socket.display(), after.as_secs()
    )]
    Silent {
        /// The control socket.
        socket: PathBuf,
        /// How long was waited.
        after: Duration,
    },
    /// The node said no.
    #[error(transparent)]
    Problem(Box<Problem>),
    /// The answer is not one of this version's.
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
    /// A client of the process behind this socket. Connects when it is first asked.
    pub fn new(socket: impl Into<PathBuf>) -> Self {
        Self {
            socket: socket.into(),
            token: None,
            patience: ANSWER_WITHIN,
            connection: Mutex::new(None),
        }
    }

    /// The same, asking with a session or an API key.
    #[must_use]
    pub fn with_token(mut self, token: Option<String>) -> Self {
        self.token = token;
        self
    }

    /// The same, waiting only so long for an answer.
    #[must_use]
    pub const fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The control socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// How the process and its nodes are doing.
    ///
    /// # Errors
    /// See [`ClientError`]; the same for all others.
    pub async fn status(&self, brief: bool) -> Result<Status, ClientError> {
        self.get(&format!("/v1/status?brief={brief}")).await
    }

    /// Which nodes the process hosts.
    pub async fn nodes(&self) -> Result<Nodes, ClientError> {
        self.get("/v1/nodes").await
    }

    /// Hands in a report; durable when it returns.
    pub async fn report(
        &self,
        node: DivisionCode,
        report: &ReportRequest,
    ) -> Result<Reported, ClientError> {
        self.post(&format!("/v1/nodes/{node}/matters"), report)
            .await
    }

    /// One matter as a node knows it.
    pub async fn matter(
        &self,
        node: DivisionCode,
        id: &str,
    ) -> Result<Named<MatterView>, ClientError> {
        self.get(&format!("/v1/nodes/{node}/matters/{}", encoded(id)))
            .await
    }

    /// Asks for what is at a path.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.ask(Method::GET, path, Bytes::new()).await
    }

    /// Hands something in at a path.
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        given: &impl Serialize,
    ) -> Result<T, ClientError> {
        let json = serde_json::to_vec(given);
        let json = json.map_err(|error| ClientError::Answer(error.to_string()))?;
        self.ask(Method::POST, path, json.into()).await
    }

    /// Hands something in at a path with a method of its own.
    pub async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        given: &impl Serialize,
    ) -> Result<T, ClientError> {
        let json = serde_json::to_vec(given);
        let json = json.map_err(|error| ClientError::Answer(error.to_string()))?;
        self.ask(method, path, json.into()).await
    }

    /// The same where nothing is answered but that it is done.
    pub async fn send_only(
        &self,
        method: Method,
        path: &str,
        given: &impl Serialize,
    ) -> Result<(), ClientError> {
        let json = serde_json::to_vec(given);
        let json = json.map_err(|error| ClientError::Answer(error.to_string()))?;
        self.answer(method, path, json.into()).await.map(|_| ())
    }

    /// Takes away what is at a path.
    pub async fn delete(&self, path: &str) -> Result<(), ClientError> {
        self.answer(Method::DELETE, path, Bytes::new())
            .await
            .map(|_| ())
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
            .body(Full::new(body));
        let request = request.map_err(|error| ClientError::Answer(error.to_string()))?;
        let (status, body) = self.exchange(request).await?;
        answered(status, body)
    }

    /// Sends over the kept connection, or over a new one if that was closed before the request left.
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
            // What breaks the connection fails the request that waits on it.
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

/// The body of an answer that says yes.
fn answered(status: StatusCode, body: Bytes) -> Result<Bytes, ClientError> {
    if status.is_success() {
        return Ok(body);
    }
    Err(match serde_json::from_slice::<Problem>(&body) {
        Ok(problem) => problem.into(),
        Err(_) => ClientError::Answer(format!("status {status}")),
    })
}

/// A text as one part of a path.
pub fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Failure, exit::Exit};

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

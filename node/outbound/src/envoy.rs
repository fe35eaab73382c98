//! Asking a system that an operator named: one request over a connection of its own, and its whole
//! answer, if it is short and comes soon.
//!
//! Unlike a receiver of webhooks, which people name, it may stand in the node's own network. Nothing
//! is followed, and without TLS nothing leaves this machine.

use std::{io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use identity::Surroundings;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    sync::OnceCell,
    time::timeout,
};
use tokio_rustls::TlsConnector;

use super::post::{Target, roots};

/// From the first look at the name to the last byte of the answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Longest header of an answer, bytes.
const MOST_HEADER_BYTES: usize = 32 * 1024;

/// Asks for all nodes of a process.
#[derive(Debug)]
pub struct Envoy {
    roots: Option<PathBuf>,
    surroundings: Surroundings,
    tls: OnceCell<Arc<ClientConfig>>,
}

/// One question.
#[derive(Clone, Debug)]
pub struct Question {
    /// `GET` or `POST`.
    pub method: Method,
    /// Besides those that every request has.
    pub headers: HeaderMap,
    /// What is handed in.
    pub body: Bytes,
    /// Longest answer that is taken, bytes.
    pub most: usize,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    /// All of its body.
    pub body: Bytes,
}

/// Why no answer came. For the log; none of it is for whoever asked.
#[derive(Debug, thiserror::Error)]
pub enum EnvoyError {
    /// Without TLS, and not on this machine.
    #[error("without TLS nothing is sent to {0}; take https")]
    Plain(SocketAddr),
    /// Not a host that can be connected to.
    #[error("`{0}` is no host; check the address")]
    Host(String),
    /// The name has no address.
    #[error("{0} has no address ({1}); check the name and the resolver of this machine")]
    Unresolved(String, io::Error),
    /// Nobody answers.
    #[error("{0} does not answer ({1}); check that it runs and that no firewall is in between")]
    Unreachable(SocketAddr, io::Error),
    /// The certificate is not good.
    #[error("TLS with {0} failed ({1}); check its certificate, or set `oidc.roots`")]
    Tls(String, io::Error),
    /// No certificates to judge by.
    #[error("{0}; set `oidc.roots` to a PEM file with those that vouch for it")]
    Roots(String),
    /// It does not speak HTTP.
    #[error("{0} does not speak HTTP/1.1 ({1}); check the address")]
    Protocol(String, hyper::Error),
    /// More than is taken, or broken off.
    #[error("the answer of {0} is longer than {1} bytes or breaks off; check the address")]
    Length(String, usize),
    /// It took too long.
    #[error("{0} took longer than {seconds} s; check that it runs", seconds = TIMEOUT.as_secs())]
    Slow(String),
}

impl Envoy {
    /// Certificates are judged by those in `roots`, or by the machine's own.
    pub fn new(roots: Option<PathBuf>, surroundings: Surroundings) -> Self {
        Self {
            roots,
            surroundings,
            tls: OnceCell::new(),
        }
    }

    /// Asks once.
    ///
    /// # Errors
    /// [`EnvoyError`] if no whole answer came within 5 seconds.
    pub async fn ask(&self, target: &Target, question: Question) -> Result<Reply, EnvoyError> {
        let slow = |_| EnvoyError::Slow(target.host.clone());
        timeout(TIMEOUT, self.carry(target, question))
            .await
            .map_err(slow)?
    }

    async fn carry(&self, target: &Target, question: Question) -> Result<Reply, EnvoyError> {
        let no_host = || EnvoyError::Host(target.host.clone());
        let most = question.most;
        let mut request = Request::new(Full::new(question.body));
        *request.method_mut() = question.method;
        let path = target.uri.path_and_query();
        *request.uri_mut() = path
            .map_or("/", |path| path.as_str())
            .parse()
            .map_err(|_| no_host())?;
        let authority = target.uri.authority().map_or("", |name| name.as_str());
        let host = HeaderValue::from_str(authority).map_err(|_| no_host())?;
        let headers = request.headers_mut();
        *headers = question.headers;
        headers.insert(header::HOST, host);
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let stream = connect(target).await?;
        if !target.tls {
            return exchange(stream, request, target, most).await;
        }
        let make = || roots::client(self.roots.clone(), self.surroundings.clone());
        let tls = self.tls.get_or_try_init(make).await;
        let tls = tls.map_err(EnvoyError::Roots)?;
        let name = ServerName::try_from(target.host.clone()).map_err(|_| no_host())?;
        let shaken = TlsConnector::from(Arc::clone(tls))
            .connect(name, stream)
            .await;
        let stream = shaken.map_err(|error| EnvoyError::Tls(target.host.clone(), error))?;
        exchange(stream, request, target, most).await
    }
}

async fn connect(target: &Target) -> Result<TcpStream, EnvoyError> {
    let unresolved = |error| EnvoyError::Unresolved(target.host.clone(), error);
    let addresses = lookup_host((target.host.as_str(), target.port)).await;
    let mut last = unresolved(io::ErrorKind::NotFound.into());
    for address in addresses.map_err(unresolved)? {
        if !target.tls && !address.ip().to_canonical().is_loopback() {
            last = EnvoyError::Plain(address);
            continue;
        }
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = EnvoyError::Unreachable(address, error),
        }
    }
    Err(last)
}

async fn exchange<S>(
    stream: S,
    request: Request<Full<Bytes>>,
    target: &Target,
    most: usize,
) -> Result<Reply, EnvoyError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let broken = |error| EnvoyError::Protocol(target.host.clone(), error);
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(MOST_HEADER_BYTES)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let answer = async {
        let response = sender.send_request(request).await.map_err(broken)?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, most).collect().await;
        Ok(Reply {
            status: parts.status,
            body: body
                .map_err(|_| EnvoyError::Length(target.host.clone(), most))?
                .to_bytes(),
        })
    };
    let mut connection = std::pin::pin!(connection);
    let mut answer = std::pin::pin!(answer);
    tokio::select! {
        biased;
        answer = answer.as_mut() => answer,
        _ended = connection.as_mut() => answer.await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn without_tls_nothing_leaves_this_machine() {
        let envoy = Envoy::new(None, Surroundings::default());
        let question = Question {
            method: Method::GET,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            most: 10,
        };
        let target: Target = "http://192.0.2.1:9/".parse().unwrap();
        let refused = envoy.ask(&target, question).await.unwrap_err();
        assert!(matches!(refused, EnvoyError::Plain(_)), "{refused}");
    }
}

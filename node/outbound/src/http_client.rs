//! Requests to other systems, each over a connection of its own, and only where a [`Policy`] allows.
//!
//! A name is resolved here, each of its addresses is judged, and the connection goes to the address
//! that was judged, so that no answer of the DNS leads into the node's own network. No redirect is
//! followed and no proxy is asked.

mod reach;
mod roots;
mod target;
mod told;

use std::{
    io,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use config::Subnet;
use http::{HeaderValue, Request, Response, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use identity::Surroundings;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    sync::{OnceCell, Semaphore},
    time::timeout,
};
use tokio_rustls::TlsConnector;

use reach::is_public;
pub use target::{BadTarget, Target};

/// Requests of one client at once.
const MOST_AT_ONCE: usize = 64;
/// Longest header of a response, bytes.
const MOST_HEADER_BYTES: usize = 32 * 1024;

/// Which addresses a client reaches, and how long it waits.
#[derive(Clone, Debug)]
pub enum Policy {
    /// For receivers of webhooks, which people name over the API: public addresses over TLS, and any
    /// address in one of these networks, also without TLS.
    Webhooks {
        /// Networks that the operator allows besides (`webhooks.allow`).
        allow: Vec<Subnet>,
    },
    /// For the OpenID provider, which the operator names and which is often in the node's own network:
    /// any address over TLS, and without TLS only this machine.
    Provider,
}

/// How long the parts of a request may take.
struct TimeLimits {
    /// Resolving the name and connecting; then again the handshake of TLS.
    connect: Duration,
    /// From the first byte sent to the last byte read.
    exchange: Duration,
    /// All of it.
    whole: Duration,
}

/// Sends requests for all nodes of a process.
#[derive(Debug)]
pub struct HttpClient {
    policy: Policy,
    roots: Option<PathBuf>,
    surroundings: Surroundings,
    tls: OnceCell<Arc<ClientConfig>>,
    permits: Semaphore,
}

/// Why no response came. Whether the request arrived is not known then.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The policy does not allow the target, or it is none.
    #[error(transparent)]
    Target(#[from] BadTarget),
    /// The name has no address.
    #[error("{0} has no address ({1}); check the name and the resolver of this machine")]
    Unresolved(String, io::Error),
    /// Nobody answers.
    #[error("{0} does not answer ({1}); check that it runs and that no firewall is in between")]
    Unreachable(SocketAddr, io::Error),
    /// The certificate is not good.
    #[error("TLS with {host} failed ({cause}); check its certificate, or set `{setting}`")]
    Tls {
        /// The host that was connected to.
        host: String,
        /// What the handshake failed with.
        cause: io::Error,
        /// The setting that names other roots.
        setting: &'static str,
    },
    /// There are no certificates to judge by.
    #[error("{cause}; set `{setting}` to a PEM file with the certificates that vouch for others")]
    Roots {
        /// What is wrong with those there are.
        cause: String,
        /// The setting that names other roots.
        setting: &'static str,
    },
    /// It does not speak HTTP.
    #[error("{0} does not speak HTTP/1.1 ({1}); check the address")]
    Protocol(String, hyper::Error),
    /// The body is longer than is taken, or broke off.
    #[error("the answer of {0} is longer than {1} bytes or breaks off; check the address")]
    Length(String, usize),
    /// It took too long.
    #[error("{0} took too long; it should answer at once, before it does any other work")]
    Slow(String),
}

impl Policy {
    /// Judges an address that a target leads to.
    fn judge(&self, target: &Target, address: IpAddr) -> Result<(), BadTarget> {
        let allow = match self {
            Self::Webhooks { allow } => allow,
            Self::Provider if target.tls || address.to_canonical().is_loopback() => return Ok(()),
            Self::Provider => return Err(BadTarget::PlainElsewhere(address)),
        };
        let allowed = allow.iter().any(|subnet| subnet.contains(address));
        match (allowed, is_public(address), target.tls) {
            (true, ..) | (false, true, true) => Ok(()),
            (false, true, false) => Err(BadTarget::Plain(target.host.clone())),
            (false, false, _) => Err(BadTarget::Private(address)),
        }
    }

    const fn time_limits(&self) -> TimeLimits {
        let [connect, exchange, whole] = match self {
            Self::Webhooks { .. } => [4, 5, 13],
            Self::Provider => [5, 5, 5],
        };
        TimeLimits {
            connect: Duration::from_secs(connect),
            exchange: Duration::from_secs(exchange),
            whole: Duration::from_secs(whole),
        }
    }

    const fn roots_setting(&self) -> &'static str {
        match self {
            Self::Webhooks { .. } => "webhooks.roots",
            Self::Provider => "oidc.roots",
        }
    }
}

impl HttpClient {
    /// Builds a client that judges certificates by those in the PEM file `roots`, or by the machine's
    /// own. The file is read with the first request over TLS.
    pub fn new(policy: Policy, roots: Option<PathBuf>, surroundings: Surroundings) -> Self {
        Self {
            policy,
            roots,
            surroundings,
            tls: OnceCell::new(),
            permits: Semaphore::new(MOST_AT_ONCE),
        }
    }

    /// Says whether the policy allows a target, as far as that can be said without asking the DNS.
    ///
    /// # Errors
    /// [`BadTarget`].
    pub fn check(&self, target: &Target) -> Result<(), BadTarget> {
        match (target.host.parse(), &self.policy) {
            (Ok(address), policy) => policy.judge(target, address),
            (Err(_), Policy::Webhooks { allow }) if !target.tls && allow.is_empty() => {
                Err(BadTarget::Plain(target.host.clone()))
            }
            (Err(_), _) => Ok(()),
        }
    }

    /// Sends a request once and reads at most `most` bytes of the response's body; with 0 the body is
    /// left unread. The target decides the request's URI, `Host` and `Connection`.
    ///
    /// # Errors
    /// [`HttpError`] if no whole response came.
    pub async fn send(
        &self,
        target: &Target,
        request: Request<Bytes>,
        most: usize,
    ) -> Result<Response<Bytes>, HttpError> {
        let permit = self.permits.acquire().await;
        let _permit = permit.expect("the semaphore is never closed");
        let limits = self.policy.time_limits();
        in_time(target, limits.whole, async {
            let request = addressed(request.map(Full::new), target)?;
            let stream = in_time(target, limits.connect, self.connect(target)).await?;
            if !target.tls {
                let exchange = exchange(stream, request, target, most);
                return in_time(target, limits.exchange, exchange).await;
            }
            let stream = in_time(target, limits.connect, self.shake(target, stream)).await?;
            let exchange = exchange(stream, request, target, most);
            in_time(target, limits.exchange, exchange).await
        })
        .await
    }

    /// Connects to the first address of a name that may be reached and answers.
    async fn connect(&self, target: &Target) -> Result<TcpStream, HttpError> {
        let unresolved = |error| HttpError::Unresolved(target.host.clone(), error);
        let addresses = lookup_host((target.host.as_str(), target.port)).await;
        let mut last = unresolved(io::ErrorKind::NotFound.into());
        for address in addresses.map_err(unresolved)? {
            if let Err(refused) = self.policy.judge(target, address.ip()) {
                last = refused.into();
                continue;
            }
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    let _only_slower = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(error) => last = HttpError::Unreachable(address, error),
            }
        }
        Err(last)
    }

    /// Shakes hands over TLS.
    async fn shake(
        &self,
        target: &Target,
        stream: TcpStream,
    ) -> Result<impl AsyncRead + AsyncWrite + Unpin + Send + use<>, HttpError> {
        let setting = self.policy.roots_setting();
        let make = || roots::client(self.roots.clone(), self.surroundings.clone());
        let tls = self.tls.get_or_try_init(make).await;
        let tls = tls.map_err(|cause| HttpError::Roots { cause, setting })?;
        let host = || target.host.clone();
        let name = ServerName::try_from(host()).map_err(|_| BadTarget::Form(host()))?;
        let shaken = TlsConnector::from(Arc::clone(tls))
            .connect(name, stream)
            .await;
        shaken.map_err(|cause| HttpError::Tls {
            host: host(),
            cause,
            setting,
        })
    }
}

async fn in_time<T>(
    target: &Target,
    limit: Duration,
    work: impl Future<Output = Result<T, HttpError>>,
) -> Result<T, HttpError> {
    let slow = |_| HttpError::Slow(target.host.clone());
    timeout(limit, work).await.map_err(slow)?
}

/// The request as it goes over a connection to this target that nothing else is sent over.
fn addressed<B>(mut request: Request<B>, target: &Target) -> Result<Request<B>, BadTarget> {
    let bad = |text: &str| BadTarget::Form(text.to_owned());
    let path = target.uri.path_and_query();
    let path = path.map_or("/", |path| path.as_str());
    *request.uri_mut() = path.parse().map_err(|_| bad(path))?;
    let authority = target.uri.authority().map_or("", |name| name.as_str());
    let host = HeaderValue::from_str(authority).map_err(|_| bad(authority))?;
    let headers = request.headers_mut();
    headers.insert(header::HOST, host);
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    Ok(request)
}

async fn exchange<S>(
    stream: S,
    request: Request<Full<Bytes>>,
    target: &Target,
    most: usize,
) -> Result<Response<Bytes>, HttpError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let broken = |error| HttpError::Protocol(target.host.clone(), error);
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(MOST_HEADER_BYTES)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    // What breaks the connection fails the request. A body that is dropped unread ends the connection.
    let answer = async {
        let response = sender.send_request(request).await.map_err(broken)?;
        let (parts, body) = response.into_parts();
        if most == 0 {
            return Ok(Response::from_parts(parts, Bytes::new()));
        }
        let body = Limited::new(body, most).collect().await;
        let body = body.map_err(|_| HttpError::Length(target.host.clone(), most))?;
        Ok(Response::from_parts(parts, body.to_bytes()))
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
mod tests;

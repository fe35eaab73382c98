//! Posting to other systems: one request over a connection of its own, to where it may go.
//!
//! A name is resolved here, each address is judged, and the connection goes to the address that was
//! judged, so that no answer of the DNS leads into the node's own network. Nothing is followed, and
//! nothing of what comes back is read but its header.

mod reach;
pub(super) mod roots;

use std::{
    io,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use config::Subnet;
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
    sync::{OnceCell, Semaphore},
    time::timeout,
};
use tokio_rustls::TlsConnector;

pub use reach::is_public;

use identity::Surroundings;

/// Resolving, connecting and the handshake of TLS together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);
/// From the first byte sent to the end of the answer's header.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// Posts of one process at once.
const MOST_AT_ONCE: usize = 64;
/// Longest header of an answer, bytes.
const MOST_HEADER_BYTES: usize = 32 * 1024;

/// Where something is posted: `https://host[:port]/path`, or `http://` to what the configuration
/// allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub(super) uri: Uri,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: bool,
}

/// A text is not where something can be posted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTarget {
    /// Not an address of the web.
    #[error("`{0}` is no address to post to; write it like https://city.example/hooks/wujitong")]
    Form(String),
    /// It holds a name and password.
    #[error(
        "an address with a name or password in it is not taken; every delivery is signed instead"
    )]
    Credentials,
    /// It leads to where nothing may go.
    #[error(
        "{0} is not a public address; an operator allows it with `hooks.allow` in the configuration"
    )]
    Private(IpAddr),
    /// Without TLS.
    #[error(
        "without TLS nothing is sent to {0}; take https, or have an operator allow it with `hooks.allow`"
    )]
    Plain(String),
}

/// Why something was not posted.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// It may not go there.
    #[error(transparent)]
    Target(#[from] BadTarget),
    /// The name has no address.
    #[error("{0} has no address ({1}); check the name and the resolver of this machine")]
    Unresolved(String, io::Error),
    /// Nobody answers.
    #[error("{0} does not answer ({1}); check that it runs and that no firewall is in between")]
    Unreachable(SocketAddr, io::Error),
    /// The certificate is not good.
    #[error("TLS with {0} failed ({1}); check its certificate, or set `hooks.roots`")]
    Tls(String, io::Error),
    /// No certificates to judge by.
    #[error("{0}; set `hooks.roots` to a PEM file with those that vouch for receivers")]
    Roots(String),
    /// It does not speak HTTP.
    #[error("{0} does not speak HTTP/1.1 ({1}); check the address")]
    Protocol(String, hyper::Error),
    /// It took too long.
    #[error("{0} took too long; it should answer at once and do its work later")]
    Slow(String),
}

/// What came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// How long the receiver asks to be left alone.
    pub retry_after: Option<Duration>,
}

/// Posts for all nodes of a process.
#[derive(Debug)]
pub struct Poster {
    allow: Vec<Subnet>,
    roots: Option<PathBuf>,
    surroundings: Surroundings,
    tls: OnceCell<Arc<ClientConfig>>,
    places: Semaphore,
}

impl FromStr for Target {
    type Err = BadTarget;

    fn from_str(text: &str) -> Result<Self, BadTarget> {
        let bad = || BadTarget::Form(text.chars().take(80).collect());
        if text.contains(|c: char| c.is_control() || c.is_whitespace() || c == '#') {
            return Err(bad());
        }
        let uri: Uri = text.parse().map_err(|_| bad())?;
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(bad()),
        };
        let authority = uri.authority().ok_or_else(bad)?;
        if authority.as_str().contains('@') {
            return Err(BadTarget::Credentials);
        }
        let host = authority
            .host()
            .trim_matches(['[', ']'])
            .to_ascii_lowercase();
        if host.is_empty() {
            return Err(bad());
        }
        let after_host = authority.as_str().trim_start_matches(authority.host());
        let port = match authority.port() {
            None if !after_host.is_empty() => return Err(bad()),
            Some(port) => Some(port.as_u16())
                .filter(|port| *port != 0)
                .ok_or_else(bad)?,
            None => {
                if tls {
                    443
                } else {
                    80
                }
            }
        };
        Ok(Self {
            uri,
            host,
            port,
            tls,
        })
    }
}

impl Target {
    /// Whether nobody on the way can read along: by TLS, or because it does not leave this machine.
    pub fn is_guarded(&self) -> bool {
        let address: Option<IpAddr> = self.host.parse().ok();
        let here = address.is_some_and(|address| address.to_canonical().is_loopback());
        self.tls || here || self.host == "localhost"
    }
}

impl Poster {
    /// Posts to public addresses, and to those that are allowed. Certificates are judged by those in
    /// `roots`, or by the machine's own.
    pub fn new(allow: Vec<Subnet>, roots: Option<PathBuf>, surroundings: Surroundings) -> Self {
        Self {
            allow,
            roots,
            surroundings,
            tls: OnceCell::new(),
            places: Semaphore::new(MOST_AT_ONCE),
        }
    }

    /// Says whether something may be posted there, as far as it can be said without asking the DNS.
    ///
    /// # Errors
    /// [`BadTarget`].
    pub fn check(&self, target: &Target) -> Result<(), BadTarget> {
        match target.host.parse() {
            Ok(address) => self.may_reach(target, address),
            Err(_) if !target.tls && self.allow.is_empty() => {
                Err(BadTarget::Plain(target.host.clone()))
            }
            Err(_) => Ok(()),
        }
    }

    fn may_reach(&self, target: &Target, address: IpAddr) -> Result<(), BadTarget> {
        let allowed = self.allow.iter().any(|subnet| subnet.contains(address));
        match (allowed, is_public(address), target.tls) {
            (true, ..) | (false, true, true) => Ok(()),
            (false, true, false) => Err(BadTarget::Plain(target.host.clone())),
            (false, false, _) => Err(BadTarget::Private(address)),
        }
    }

    /// Posts a body once.
    ///
    /// # Errors
    /// [`PostError`] if no answer came; whether the receiver took it is not known then.
    pub async fn post(
        &self,
        target: &Target,
        headers: Vec<(HeaderName, HeaderValue)>,
        body: Bytes,
    ) -> Result<Answer, PostError> {
        let _place = self
            .places
            .acquire()
            .await
            .expect("the semaphore is never closed");
        let slow = || PostError::Slow(target.host.clone());
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = Method::POST;
        let path = target
            .uri
            .path_and_query()
            .map_or("/", |path| path.as_str());
        *request.uri_mut() = path.parse().map_err(|_| BadTarget::Form(path.to_owned()))?;
        let authority = target.uri.authority().map_or("", |name| name.as_str());
        let host =
            HeaderValue::from_str(authority).map_err(|_| BadTarget::Form(authority.to_owned()))?;
        request.headers_mut().extend(headers);
        request.headers_mut().insert(header::HOST, host);
        request
            .headers_mut()
            .insert(header::CONNECTION, HeaderValue::from_static("close"));
        let connect = timeout(CONNECT_TIMEOUT, self.connect(target)).await;
        let stream = connect.map_err(|_| slow())??;
        if !target.tls {
            return exchange(stream, request, target).await;
        }
        let tls = self.tls().await?;
        let name = ServerName::try_from(target.host.clone())
            .map_err(|_| BadTarget::Form(target.host.clone()))?;
        let shaken = timeout(
            CONNECT_TIMEOUT,
            TlsConnector::from(tls).connect(name, stream),
        )
        .await;
        let stream = shaken
            .map_err(|_| slow())?
            .map_err(|error| PostError::Tls(target.host.clone(), error))?;
        exchange(stream, request, target).await
    }

    /// Connects to the first address of a name that may be reached and answers.
    async fn connect(&self, target: &Target) -> Result<TcpStream, PostError> {
        let unresolved = |error| PostError::Unresolved(target.host.clone(), error);
        let addresses = lookup_host((target.host.as_str(), target.port)).await;
        let mut last = unresolved(io::ErrorKind::NotFound.into());
        for address in addresses.map_err(unresolved)? {
            if let Err(refused) = self.may_reach(target, address.ip()) {
                last = refused.into();
                continue;
            }
            match TcpStream::connect(address).await {
                Ok(stream) => {
                    let _only_slower = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(error) => last = PostError::Unreachable(address, error),
            }
        }
        Err(last)
    }

    async fn tls(&self) -> Result<Arc<ClientConfig>, PostError> {
        let make = || async {
            let made = roots::client(self.roots.clone(), self.surroundings.clone()).await;
            made.map_err(PostError::Roots)
        };
        self.tls.get_or_try_init(make).await.cloned()
    }
}

async fn exchange<S>(
    stream: S,
    request: Request<Full<Bytes>>,
    target: &Target,
) -> Result<Answer, PostError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let broken = |error| PostError::Protocol(target.host.clone(), error);
    let work = async {
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(MOST_HEADER_BYTES)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(broken)?;
        // What breaks the connection fails the request. The body of the answer is dropped unread,
        // which ends the connection.
        let answer = async {
            let response = sender.send_request(request).await?;
            let retry_after = response.headers().get(header::RETRY_AFTER);
            let seconds = retry_after.and_then(|value| value.to_str().ok()?.trim().parse().ok());
            Ok(Answer {
                status: response.status(),
                retry_after: seconds.map(Duration::from_secs),
            })
        };
        let mut connection = std::pin::pin!(connection);
        let mut answer = std::pin::pin!(answer);
        tokio::select! {
            biased;
            answer = answer.as_mut() => answer.map_err(broken),
            _ended = connection.as_mut() => answer.await.map_err(broken),
        }
    };
    match timeout(ANSWER_TIMEOUT, work).await {
        Ok(answer) => answer,
        Err(_) => Err(PostError::Slow(target.host.clone())),
    }
}

#[cfg(test)]
mod tests;

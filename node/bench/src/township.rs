//! One node as anybody would run it, reached over HTTP: the township of the chain. Its parent is away.

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use api::{KeyRequest, NewKeyView};
use bytes::Bytes;
use cli::{Failure, client::Client};
use domain::people::Permission;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::TcpSocket;
use topology::DivisionCode;

use super::{
    PLACES, START, nodes,
    process::{Deadline, Fault, Process, free_addresses},
};

/// Where the township stands among the places of the chain.
const AT: usize = 1;

/// How often one key may be used at once; what a client asks must stay below.
pub(super) const MOST_PER_CLIENT: usize = 400;

/// What `wujitong run --json` prints.
#[derive(Deserialize)]
struct Running {
    http: Option<SocketAddr>,
    socket: PathBuf,
}

/// A running township.
pub(super) struct Township {
    process: Process,
    http: SocketAddr,
    client: Client,
}

/// Makes keys and configuration of the township and everything above it; gives its data directory.
pub(super) fn init(program: &Path, dir: &Path) -> Result<PathBuf, Fault> {
    let addresses = free_addresses(PLACES.len())?;
    for at in (AT..PLACES.len()).rev() {
        nodes::init(program, dir, &addresses, at, Deadline::within(START))?;
    }
    Ok(dir.join(PLACES[AT].tier))
}

pub(super) fn division() -> DivisionCode {
    let division = PLACES[AT].division.parse();
    division.expect("a test reads the places")
}

impl Township {
    /// `wujitong run`.
    pub(super) fn start(program: &Path, dir: &Path) -> Result<Self, Fault> {
        let name = PLACES[AT].tier;
        let mut command = Command::new(program);
        command
            .args(["--json", "run", "--data"])
            .arg(dir.join(name));
        let process = Process::start(name, &mut command, dir)?;
        // A large store is recovered first.
        let line = process.line("starting", Deadline::within(10 * START))?;
        let running = serde_json::from_str::<Running>(&line).ok();
        let Some((http, socket)) = running.and_then(|it| Some((it.http?, it.socket))) else {
            return Err(Fault::Answer(name.to_owned(), line));
        };
        Ok(Self {
            process,
            http,
            client: Client::new(socket),
        })
    }

    pub(super) fn resident_mib(&self) -> Option<f64> {
        self.process.resident_mib()
    }

    /// Connects clients, each with a key and an address of its own, so that the pace of each is that
    /// of one user.
    pub(super) async fn clients(
        &self,
        count: usize,
        deeds: &[Permission],
    ) -> Result<Vec<Caller>, Failure> {
        let mut callers = vec![];
        for number in 0..count {
            let request = KeyRequest {
                name: format!("bench {number}"),
                deeds: deeds.iter().copied().collect::<BTreeSet<_>>(),
                division: None,
                days: 1,
            };
            let path = format!("/v1/nodes/{}/api-keys", division());
            let made: NewKeyView = self.client.post(&path, &request).await?;
            let last = u8::try_from(number % 200 + 2).expect("it is at most 201");
            let caller = Caller::connect(self.http, Ipv4Addr::new(127, 0, 0, last), made.token);
            callers.push(caller.await?);
        }
        Ok(callers)
    }
}

/// One client on a connection that stays open.
pub(super) struct Caller {
    sender: SendRequest<Full<Bytes>>,
    token: String,
}

impl Caller {
    async fn connect(to: SocketAddr, from: Ipv4Addr, token: String) -> Result<Self, Failure> {
        let failed = |error: &dyn std::fmt::Display| {
            Failure::Failed(format!("a client did not reach the township: {error}"))
        };
        let connected = async {
            let socket = TcpSocket::new_v4()?;
            socket.bind((from, 0).into())?;
            let stream = socket.connect(to).await?;
            stream.set_nodelay(true)?;
            Ok::<_, std::io::Error>(stream)
        };
        let stream = connected.await.map_err(|error| failed(&error))?;
        let made = http1::handshake(TokioIo::new(stream)).await;
        let (sender, connection) = made.map_err(|error| failed(&error))?;
        tokio::spawn(async move {
            // What breaks the connection fails the request that waits on it.
            let _ended = connection.await;
        });
        Ok(Self { sender, token })
    }

    /// Asks once; the answer and how long it took to its last byte.
    pub(super) async fn ask(
        &mut self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<(Bytes, Duration), Failure> {
        let failed = |error: &dyn std::fmt::Display| {
            Failure::Failed(format!("{path} was not answered: {error}"))
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .body(Full::new(body))
            .map_err(|error| failed(&error))?;
        let start = Instant::now();
        let ready = self.sender.ready().await;
        ready.map_err(|error| failed(&error))?;
        let answer = self.sender.send_request(request).await;
        let answer = answer.map_err(|error| failed(&error))?;
        let status = answer.status();
        let body = answer.into_body().collect().await;
        let body = body.map_err(|error| failed(&error))?.to_bytes();
        let took = start.elapsed();
        match status {
            StatusCode::OK | StatusCode::CREATED => Ok((body, took)),
            _ => Err(failed(&String::from_utf8_lossy(&body))),
        }
    }
}

//! One node with default settings, used over HTTP: the township of the chain. Its parent is not
//! running.

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use api::{KeyRequest, NewKeyView};
use bytes::Bytes;
use cli::{Failure, client::Client};
use domain::people::Permission;
use http::{Method, Request, header};
use http_body_util::Full;
use serde::Deserialize;
use topology::DivisionCode;

use super::{
    PLACES, START,
    connection::Connection,
    nodes,
    process::{Deadline, Fault, Process, free_addresses},
};

/// Position of the township among the places of the chain.
const AT: usize = 1;

/// The most requests in a burst of one key; a client must stay below it.
pub(super) const MOST_PER_CLIENT: usize = 400;

/// Output of `wujitong run --json`.
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

/// Creates keys and configuration of the township and everything above it; returns its data
/// directory.
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
    /// Runs `wujitong run`.
    pub(super) fn start(program: &Path, dir: &Path) -> Result<Self, Fault> {
        let name = PLACES[AT].tier;
        let mut command = Command::new(program);
        command
            .args(["--json", "run", "--data"])
            .arg(dir.join(name));
        let process = Process::start(name, &mut command, dir)?;
        // Opening a large store takes longer, because it is recovered first.
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

    /// Returns its address for HTTP.
    pub(super) const fn http(&self) -> SocketAddr {
        self.http
    }

    /// Returns a client of its control socket, which acts as its owner.
    pub(super) const fn owner(&self) -> &Client {
        &self.client
    }

    /// Connects to it over HTTP from this loopback address.
    pub(super) async fn connect(&self, from: Ipv4Addr) -> Result<Connection, Failure> {
        Connection::open(self.http, from).await
    }

    /// Connects clients, each with its own key and address, so that the rate limits apply to each
    /// as to one user.
    pub(super) async fn clients(
        &self,
        count: usize,
        permissions: &[Permission],
    ) -> Result<Vec<Caller>, Failure> {
        let mut callers = vec![];
        for number in 0..count {
            let request = KeyRequest {
                name: format!("bench {number}"),
                permissions: permissions.iter().copied().collect::<BTreeSet<_>>(),
                division: None,
                days: 1,
            };
            let path = format!("/v1/nodes/{}/api-keys", division());
            let made: NewKeyView = self.client.post(&path, &request).await?;
            let last = u8::try_from(number % 200 + 2).expect("it is at most 201");
            callers.push(Caller {
                connection: self.connect(Ipv4Addr::new(127, 0, 0, last)).await?,
                token: made.token,
            });
        }
        Ok(callers)
    }
}

/// One client on a connection that stays open.
pub(super) struct Caller {
    connection: Connection,
    token: String,
}

impl Caller {
    /// Sends one request; returns the answer and the time to its last byte.
    pub(super) async fn ask(
        &mut self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<(Bytes, Duration), Failure> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "localhost")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .body(Full::new(body))
            .map_err(|error| Failure::Failed(format!("{path} cannot be asked for: {error}")))?;
        let (answer, took) = self.connection.send(request).await?;
        Ok((answer.into_body(), took))
    }
}

//! Where the public log of a division is read: at the node of this machine, or at the address of another.

use std::{str::FromStr, time::Duration};

use api::PublicLogs;
use bytes::Bytes;
use http::{Method, Request, StatusCode};
use identity::Surroundings;
use outbound::http_client::{HttpClient, Policy, Target};
use topology::DivisionCode;

use crate::{Failure, client::Client};

/// Longest part of a log, in bytes: a bundle of 256 entries has at most 57,856.
const MOST_BYTES: usize = 256 * 1024;

/// How long a comparison of a log with its store may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(3_600);

/// The address of a division's pages: `CODE=https://host[:port]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) division: DivisionCode,
    pub(super) base: String,
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = || {
            format!(
                "`{text}` is no address of a division; write it like 330825=https://xian.example"
            )
        };
        let (code, base) = text.split_once('=').ok_or_else(form)?;
        let division = code.parse().map_err(|_| form())?;
        let base = base.trim_end_matches('/').to_owned();
        base.parse::<Target>().map_err(|error| error.to_string())?;
        Ok(Self { division, base })
    }
}

/// Where a log is read.
pub(super) enum Source<'a> {
    /// A node of the process behind the control socket.
    Here(&'a Client),
    /// The pages of a division, over the network.
    There(&'a HttpClient, String),
}

/// The logs of one division.
pub(super) struct Logs<'a> {
    pub(super) division: DivisionCode,
    pub(super) source: Source<'a>,
}

impl Logs<'_> {
    /// Returns a client for other machines: any address over TLS, and without TLS only this machine.
    pub(super) fn outside() -> HttpClient {
        HttpClient::new(Policy::Provider, None, Surroundings::default())
    }

    /// Lists the logs.
    pub(super) async fn list(&self) -> Result<PublicLogs, Failure> {
        let text = self.file("log").await?;
        serde_json::from_slice(&text)
            .map_err(|error| Failure::Log(format!("the list of {}: {error}", self.division)))
    }

    /// Reads what lies below the node: `log/EPOCH/checkpoint`.
    pub(super) async fn file(&self, rest: &str) -> Result<Vec<u8>, Failure> {
        let path = format!("/v1/nodes/{}/{rest}", self.division);
        match &self.source {
            Source::Here(client) => Ok(client.file(&path).await?.to_vec()),
            Source::There(client, base) => {
                let address = format!("{base}{path}");
                let failed = |why: String| Failure::Failed(format!("{address}: {why}"));
                let target: Target = address
                    .parse()
                    .map_err(|error| failed(format!("{error}")))?;
                let request = Request::builder().method(Method::GET).body(Bytes::new());
                let request = request.map_err(|error| failed(error.to_string()))?;
                let answer = client.send(&target, request, MOST_BYTES).await;
                let answer = answer.map_err(|error| failed(error.to_string()))?;
                match answer.status() {
                    StatusCode::OK => Ok(answer.into_body().to_vec()),
                    status => Err(failed(format!("it answers {status}; check the address"))),
                }
            }
        }
    }
}

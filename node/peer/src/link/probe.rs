//! Looks whether a parent can be reached, and changes nothing: what `wujitong doctor` asks.

use std::{
    net::{IpAddr, SocketAddr},
    time::SystemTime,
};

use hickory_resolver::{TokioResolver, proto::rr::RData};
use tokio::time::{Instant, timeout};
use tonic::body::Body;
use tower::ServiceExt;

use super::{
    connect::{Line, TlsConnect, describe},
    dial::DialError,
};

/// What a parent answered.
#[derive(Clone, Copy, Debug)]
pub struct Answered {
    /// The time that it stated, to the second; `None` if it stated none.
    pub time: Option<SystemTime>,
    /// The time that the answer took, in milliseconds.
    pub took_ms: u64,
}

impl TlsConnect {
    /// Connects to one address as a link would, with certificates checked on both sides, and sends a request that is
    /// for nothing. No stream is opened, so a link that is up stays as it is.
    ///
    /// # Errors
    /// [`DialError`]: nobody answers, or one of the certificates does not count.
    pub async fn probe(&self, address: SocketAddr) -> Result<Answered, DialError> {
        let config = self.identity.client_config(self.parent);
        let Line { channel, .. } = self.line(address, config).await?;
        let name = self.identity.name_of(self.parent);
        let failed = |error: &dyn std::error::Error| DialError::Stream(describe(error));
        let request = http::Request::get(format!("http://{name}/"))
            .body(Body::empty())
            .map_err(|error| failed(&error))?;
        let begun = Instant::now();
        // A certificate that the parent does not accept shows here: TLS 1.3 tells it after the handshake.
        let answer = timeout(self.terms.connect_timeout, channel.oneshot(request)).await;
        let answer = answer.map_err(|late| failed(&late))?;
        let answer = answer.map_err(|error| failed(&error))?;
        let date = answer.headers().get(http::header::DATE);
        let date = date.and_then(|date| date.to_str().ok());
        Ok(Answered {
            time: date.and_then(|date| httpdate::parse_http_date(date).ok()),
            took_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        })
    }
}

/// Returns the names that DNS has for an address, without their final dots; none if it has none or does not answer.
pub async fn names_of(resolver: &TokioResolver, address: IpAddr) -> Vec<String> {
    let Ok(found) = resolver.reverse_lookup(address).await else {
        return vec![];
    };
    let names = found
        .answers()
        .iter()
        .filter_map(|record| match &record.data {
            RData::PTR(name) => Some(name.to_string().trim_end_matches('.').to_owned()),
            _ => None,
        });
    names.collect()
}

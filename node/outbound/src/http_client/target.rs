//! Where a request goes.

use std::{net::IpAddr, str::FromStr};

use http::Uri;

/// Where a request goes: `https://host[:port]/path`, or `http://` to what the policy allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub(super) uri: Uri,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: bool,
}

/// The reason a text is not a target, or one that a policy does not allow.
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
    /// A webhook leads to where nothing may go.
    #[error(
        "{0} is not a public address; an operator allows it with `webhooks.allow` in the configuration"
    )]
    Private(IpAddr),
    /// A webhook without TLS.
    #[error(
        "without TLS nothing is sent to {0}; take https, or have an operator allow it with `webhooks.allow`"
    )]
    Plain(String),
    /// The provider without TLS, on another machine.
    #[error("without TLS nothing is sent to {0}, which is another machine; take https")]
    PlainElsewhere(IpAddr),
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

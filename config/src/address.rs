//! A host with a port, as an operator writes it.

use std::{fmt, net::Ipv6Addr, str::FromStr};

/// Where a neighbour listens: a DNS name or an IP address, and a TCP port (1 to 65535).
///
/// Whatever the host is, the neighbour must prove its *division's* name, so a wrong address can only
/// fail to connect.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostPort {
    /// DNS name in lower case, IPv4 address, or IPv6 address without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

impl FromStr for HostPort {
    /// What an address looks like, as a sentence part.
    type Err = &'static str;

    /// Takes `name:port`, `192.0.2.1:port` and `[2001:db8::1]:port`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const SHAPE: &str =
            "a host and a port such as `county.example:7450` or `[2001:db8::1]:7450`";
        let (host, port) = text.trim().rsplit_once(':').ok_or(SHAPE)?;
        let port = port.parse().ok().filter(|port| *port != 0).ok_or(SHAPE)?;
        let host = match host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            Some(inner) => inner.parse::<Ipv6Addr>().map_err(|_| SHAPE)?.to_string(),
            None => dns_name(host).ok_or(SHAPE)?,
        };
        Ok(Self { host, port })
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// The name in lower case without a final dot, if it is one (RFC 1123: letters, digits, hyphens,
/// labels of 1 to 63, 253 in all). IPv4 addresses pass too.
pub(crate) fn dns_name(text: &str) -> Option<String> {
    let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    (name.len() <= 253 && name.split('.').all(label)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_reads_back_as_written() {
        for text in ["county.example:7450", "192.0.2.1:1", "[2001:db8::1]:65535"] {
            assert_eq!(text.parse::<HostPort>().unwrap().to_string(), text);
        }
        assert_eq!(
            "County.Example.:7450".parse::<HostPort>().unwrap().host,
            "county.example"
        );
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "county",
            "county:",
            ":7450",
            "county:0",
            "county:70000",
            "::1:7450x",
        ] {
            assert!(text.parse::<HostPort>().is_err(), "{text}");
        }
        for text in [
            "2001:db8::1",
            "a b:1",
            "-a:1",
            "a..b:1",
            "*.example:1",
            "[county]:1",
        ] {
            assert!(text.parse::<HostPort>().is_err(), "{text}");
        }
    }
}

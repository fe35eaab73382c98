//! A host with a port, as an operator writes it.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    str::FromStr,
};

use topology::saying::Saying;

/// Address where a neighbour listens: a DNS name or an IP address, and a TCP port (1 to 65535).
///
/// The neighbour must prove its *division's* name whatever the host is, so a wrong address can only
/// make the connection fail.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostPort {
    /// DNS name in lower case, IPv4 address, or IPv6 address without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

impl FromStr for HostPort {
    /// The shape of an address, as part of a sentence.
    type Err = Saying;

    /// Reads `name:port`, `192.0.2.1:port` and `[2001:db8::1]:port`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::read(text).ok_or_else(host_and_port)
    }
}

impl HostPort {
    fn read(text: &str) -> Option<Self> {
        let (host, port) = text.trim().rsplit_once(':')?;
        let port = port.parse().ok().filter(|port| *port != 0)?;
        let host = match host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            Some(inner) => inner.parse::<Ipv6Addr>().ok()?.to_string(),
            None => dns_name(host)?,
        };
        Some(Self { host, port })
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

/// A network of addresses with the same first bits, such as `10.8.0.0/16`, or a single address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Subnet {
    first: IpAddr,
    bits: u8,
}

impl Subnet {
    /// Returns whether an address is in the network.
    pub fn contains(self, address: IpAddr) -> bool {
        let same = |own: u128, other: u128, length: u8| {
            let rest = u32::from(length - self.bits);
            own.checked_shr(rest) == other.checked_shr(rest)
        };
        match (self.first, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                same(own.to_bits().into(), other.to_bits().into(), 32)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => same(own.to_bits(), other.to_bits(), 128),
            _ => false,
        }
    }
}

impl FromStr for Subnet {
    /// The shape of a network, as part of a sentence.
    type Err = Saying;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::read(text).ok_or_else(address_or_network)
    }
}

impl Subnet {
    fn read(text: &str) -> Option<Self> {
        let (first, bits) = match text.trim().split_once('/') {
            Some((first, bits)) => (first, Some(bits)),
            None => (text.trim(), None),
        };
        let first: IpAddr = first.parse().ok()?;
        let most = if first.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) => bits.parse().ok()?,
            None => most,
        };
        (bits <= most).then_some(Self { first, bits })
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.bits)
    }
}

/// Returns the name in lower case without a final dot; `None` if it is not a DNS name (RFC 1123:
/// letters, digits, hyphens, labels of 1 to 63, 253 in all). IPv4 addresses pass too.
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

topology::sayings! {
    fn host_and_port(): "主机和端口，如 `county.example:7450` 或 `[2001:db8::1]:7450`",
        "a host and a port such as `county.example:7450` or `[2001:db8::1]:7450`";
    fn address_or_network(): "地址，或网段如 `10.8.0.0/16`", "an address, or a network such as `10.8.0.0/16`";
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
    fn a_network_has_the_addresses_that_begin_like_it() {
        for (network, inside, outside) in [
            ("10.8.0.0/16", "10.8.255.1", "10.9.0.0"),
            ("127.0.0.1", "127.0.0.1", "127.0.0.2"),
            ("0.0.0.0/0", "203.0.113.9", "::1"),
            ("fd00::/8", "fdff::1", "fe80::1"),
            ("::/0", "2001:db8::1", "10.0.0.1"),
            ("10.0.0.0/8", "::ffff:10.1.1.1", "::ffff:11.1.1.1"),
        ] {
            let network: Subnet = network.parse().unwrap();
            assert!(network.contains(inside.parse().unwrap()), "{network}");
            assert!(!network.contains(outside.parse().unwrap()), "{network}");
        }
        for bad in ["", "10.0.0.0/33", "host.example", "10.0.0.0/", "::1/129"] {
            assert!(bad.parse::<Subnet>().is_err(), "{bad}");
        }
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

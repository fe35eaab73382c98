//! The address of a caller behind a reverse proxy.

use std::net::{IpAddr, SocketAddr};

use config::Subnet;
use http::HeaderMap;

/// Header with the addresses a request came through; each proxy appends the address of its caller.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// Returns the address of the caller: for a request from a trusted proxy, the last address in
/// `X-Forwarded-For` that is not a trusted proxy. Addresses further left can be forged.
pub(super) fn caller(peer: IpAddr, proxies: &[Subnet], headers: &HeaderMap) -> IpAddr {
    let is_proxy = |address: IpAddr| proxies.iter().any(|proxy| proxy.contains(address));
    let lines = headers.get_all(FORWARDED_FOR).into_iter();
    let lines: Vec<&str> = lines.filter_map(|line| line.to_str().ok()).collect();
    let mut hops = lines.iter().rev().flat_map(|line| line.rsplit(','));
    let mut caller = peer;
    while is_proxy(caller) {
        match hops.next().and_then(address) {
            Some(before) => caller = before,
            None => break,
        }
    }
    caller
}

/// Parses an address as proxies write it: bare, in brackets, or with a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text.trim_start_matches('[').trim_end_matches(']').parse();
    let with_port = || text.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    let address: Option<IpAddr> = bare.ok().or_else(with_port);
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXY: &str = "127.0.0.1";

    fn asked(peer: &str, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, line.parse().unwrap());
        }
        let proxies = [PROXY, "10.33.0.0/24"].map(|proxy| proxy.parse().unwrap());
        caller(peer.parse().unwrap(), &proxies, &headers).to_string()
    }

    #[test]
    fn only_a_named_proxy_says_for_whom_it_asks() {
        assert_eq!(asked(PROXY, &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(asked("198.51.100.7", &["203.0.113.9"]), "198.51.100.7");
        assert_eq!(asked(PROXY, &[]), PROXY);
    }

    #[test]
    fn what_a_caller_wrote_before_the_proxy_did_is_not_believed() {
        assert_eq!(asked(PROXY, &["1.1.1.1, 203.0.113.9"]), "203.0.113.9");
        assert_eq!(
            asked(PROXY, &["1.1.1.1", "203.0.113.9, 10.33.0.4"]),
            "203.0.113.9"
        );
        assert_eq!(asked(PROXY, &["203.0.113.9, nonsense"]), PROXY);
        assert_eq!(asked(PROXY, &["nonsense, 10.33.0.4"]), "10.33.0.4");
    }

    #[test]
    fn addresses_are_read_as_proxies_write_them() {
        for written in ["2001:db8::7", "[2001:db8::7]", "[2001:db8::7]:443"] {
            assert_eq!(asked(PROXY, &[written]), "2001:db8::7");
        }
        assert_eq!(asked(PROXY, &["203.0.113.9:5123"]), "203.0.113.9");
        assert_eq!(asked(PROXY, &["::ffff:203.0.113.9"]), "203.0.113.9");
    }
}

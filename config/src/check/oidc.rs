//! The checks of `[oidc]`.

use std::{net::IpAddr, path::Path};

use super::{Problems, host};
use crate::{Http, Oidc, RawOidc};

/// The claim that names a person unless the configuration names another.
const CLAIM: &str = "sub";
/// The scope that must always be asked of a provider.
const OPENID: &str = "openid";

impl Problems {
    pub(super) fn oidc(&mut self, raw: RawOidc, http: &Http, base_dir: &Path) -> Option<Oidc> {
        if raw == RawOidc::default() {
            return None;
        }
        let issuer = self.required(
            "oidc.issuer",
            raw.issuer,
            "the URL of the provider",
            "write it as the provider does, e.g. `https://id.zj.example/realms/county`",
        );
        let issuer = self.url("oidc.issuer", issuer, |text| {
            (text.len() <= 255 && !text.contains('?')).then_some(())?;
            origin(text).map(|_| text.to_owned())
        });
        let client_id = self.required(
            "oidc.client_id",
            raw.client_id,
            "the client id that the provider gave this process",
            "register this process with the provider, which then gives it one",
        );
        let client_id = self.word("oidc.client_id", client_id, 255);
        let secret = self.required(
            "oidc.client_secret_file",
            raw.client_secret_file,
            "the file with the secret of the client",
            "write the secret the provider gave into a file that only its owner may read",
        );
        let public_url = self.required(
            "oidc.public_url",
            raw.public_url,
            "the URL where browsers reach this process",
            "write e.g. `https://wujitong.zj.example`, and register it with `/v1/oidc/callback` \
             behind it",
        );
        let public_url = self.public(public_url, http);
        let scopes = self.scopes(raw.scopes);
        let claim = self.word("oidc.claim", raw.claim, 64);
        Some(Oidc {
            issuer: issuer?,
            client_id: client_id?,
            client_secret_file: base_dir.join(secret?),
            public_url: public_url?,
            scopes,
            claim: claim.unwrap_or_else(|| CLAIM.to_owned()),
            roots: raw.roots.map(|path| base_dir.join(path)),
        })
    }

    fn url<T>(
        &mut self,
        key: &str,
        text: Option<String>,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let text = text?;
        let read = read(&text);
        if read.is_none() {
            self.add(
                key,
                Some(&text),
                "`https://` and a host, or `http://` and a loopback address",
                "without TLS anybody on the network path could sign in as anybody; give the provider and this \
                 node a certificate",
            );
        }
        read
    }

    fn public(&mut self, text: Option<String>, http: &Http) -> Option<String> {
        let found = self.url("oidc.public_url", text, |text| {
            let (origin, host) = origin(text)?;
            let rest = &text[origin.len()..];
            (rest.is_empty() || rest == "/").then(|| (origin.to_owned(), host))
        });
        let (url, host) = found?;
        if http.listen.is_none() {
            self.add(
                "oidc.public_url",
                Some(&url),
                "only with an HTTP listener",
                "set `http.listen`, or take `[oidc]` out",
            );
        } else if !http.hosts.contains(&host) {
            self.add(
                "oidc.public_url",
                Some(&url),
                "one of `http.hosts`",
                &format!("add `{host}` to `http.hosts`, or people who come back from the provider are refused"),
            );
        }
        Some(url)
    }

    /// Checks that a text is 1 to `most` visible ASCII characters.
    fn word(&mut self, key: &str, text: Option<String>, most: usize) -> Option<String> {
        let text = text?;
        let fits = (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if !fits {
            let allowed = format!("1 to {most} visible characters without blanks");
            self.add(key, Some(&text), &allowed, "copy it from the provider");
        }
        fits.then_some(text)
    }

    fn scopes(&mut self, scopes: Option<Vec<String>>) -> Vec<String> {
        let Some(scopes) = scopes else {
            return vec![OPENID.to_owned()];
        };
        // RFC 6749, 3.3.
        let is_token = |b: u8| b.is_ascii_graphic() && b != b'"' && b != b'\\';
        for scope in &scopes {
            if scope.is_empty() || !scope.bytes().all(is_token) {
                self.add(
                    "oidc.scopes",
                    Some(scope),
                    "words such as `profile`, without blanks and quotes",
                    "write each scope as an item of the list",
                );
            }
        }
        if !scopes.iter().any(|scope| scope == OPENID) {
            self.add(
                "oidc.scopes",
                Some(&scopes.join(", ")),
                "`openid` among them",
                "without it a provider does not identify people",
            );
        }
        scopes
    }
}

/// Returns the scheme with host and port, and the host as `http.hosts` has it; `None` if the text
/// is not a web address, or would be reached without TLS over a network.
pub(super) fn origin(text: &str) -> Option<(&str, String)> {
    let plain = |b: u8| b.is_ascii_graphic() && !b"#@\\\"<>".contains(&b);
    if !text.bytes().all(plain) {
        return None;
    }
    let (scheme, rest) = text.split_once("://")?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let authority = &rest[..end];
    let split = match authority.find(']') {
        Some(bracket) => bracket + 1,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (name, port) = authority.split_at(split);
    if !port.is_empty() {
        let number: u16 = port.strip_prefix(':')?.parse().ok()?;
        (number != 0).then_some(())?;
    }
    let name = host(name).ok()?;
    match scheme {
        "https" => {}
        "http" if is_loopback(&name) => {}
        _ => return None,
    }
    Some((&text[..scheme.len() + 3 + end], name))
}

fn is_loopback(host: &str) -> bool {
    let address: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
    host == "localhost" || address.is_some_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tls_or_this_machine_is_taken() {
        for (text, host) in [
            ("https://id.zj.example", "id.zj.example"),
            ("https://id.zj.example:8443/realms/county", "id.zj.example"),
            ("http://127.0.0.1:9000", "127.0.0.1"),
            ("http://[::1]:9000/x", "[::1]"),
            ("http://localhost:9000", "localhost"),
        ] {
            assert_eq!(
                origin(text).map(|(_, host)| host),
                Some(host.to_owned()),
                "{text}"
            );
        }
        for text in [
            "",
            "id.zj.example",
            "http://id.zj.example",
            "http://10.0.0.1",
            "http://127.0.0.1.id.example",
            "https://",
            "https://:443",
            "https://id.zj.example:0",
            "https://id.zj.example:99999",
            "https://me@id.zj.example",
            "https://id.zj.example/#part",
            "https://id.zj.example/a b",
            "ftp://id.zj.example",
        ] {
            assert_eq!(origin(text), None, "{text}");
        }
    }
}

//! The checks of `[oidc]`.

use std::{net::IpAddr, path::Path};

use super::{Both, Problems, host};
use crate::{ClientSecret, Http, Oidc, RawOidc};

/// The scope that must always be asked of a provider.
const OPENID: &str = "openid";
/// The longest secret of a client, in bytes.
const MOST_SECRET: usize = 1_024;

impl Problems {
    /// `given` is what is set of the group, `raw` the same with the defaults.
    pub(super) fn oidc(
        &mut self,
        (given, raw): (RawOidc, RawOidc),
        http: &Http,
        base_dir: &Path,
    ) -> Option<Oidc> {
        if given == RawOidc::default() {
            return None;
        }
        let issuer = self.required(
            "oidc.issuer",
            raw.issuer,
            ("the URL of the provider is missing", "没有写提供方的网址"),
            (
                "write it as the provider does, e.g. `https://id.zj.example/realms/county`",
                "照提供方自己的写法，如 `https://id.zj.example/realms/county`",
            ),
        );
        let issuer = self.url("oidc.issuer", issuer, |text| {
            (text.len() <= 255 && !text.contains('?')).then_some(())?;
            origin(text).map(|_| text.to_owned())
        });
        let client_id = self.required(
            "oidc.client_id",
            raw.client_id,
            (
                "the client id that the provider gave this process is missing",
                "没有写提供方给的 client id",
            ),
            (
                "register this process with the provider, which then gives it one",
                "请在提供方登记本进程，由它给出",
            ),
        );
        let client_id = self.word("oidc.client_id", client_id, 255);
        let secret = self.secret(raw.client_secret_file, raw.client_secret, base_dir);
        let public_url = self.required(
            "oidc.public_url",
            raw.public_url,
            (
                "the URL where browsers reach this process is missing",
                "没有写浏览器访问本进程的网址",
            ),
            (
                "write e.g. `https://wujitong.zj.example`, and register it with `/v1/oidc/callback` behind it",
                "如 `https://wujitong.zj.example`，并在后面加 `/v1/oidc/callback` 向提供方登记",
            ),
        );
        let public_url = self.public(public_url, http);
        let scopes = self.scopes(raw.scopes.unwrap_or_default());
        let claim = self.word("oidc.claim", raw.claim, 64);
        Some(Oidc {
            issuer: issuer?,
            client_id: client_id?,
            client_secret: secret?,
            public_url: public_url?,
            scopes,
            claim: claim?,
            roots: raw.roots.map(|path| base_dir.join(path)),
        })
    }

    /// Returns the secret, which is in a file or is a setting, and not both.
    fn secret(
        &mut self,
        file: Option<String>,
        value: Option<String>,
        base_dir: &Path,
    ) -> Option<ClientSecret> {
        match (file, value) {
            (Some(_), Some(_)) => {
                self.add(
                    "oidc.client_secret",
                    None,
                    (
                        "both this and `oidc.client_secret_file` are set",
                        "这一项和 `oidc.client_secret_file` 都写了",
                    ),
                    (
                        "take one of them out, so that it is clear which counts",
                        "请去掉一个，才知道以哪个为准",
                    ),
                );
                None
            }
            (None, Some(value)) => {
                let fits = (1..=MOST_SECRET).contains(&value.len())
                    && value.bytes().all(|b| b.is_ascii_graphic());
                if !fits {
                    self.add(
                        "oidc.client_secret",
                        None,
                        (
                            "it is not 1 to 1024 visible characters",
                            "不是 1 到 1024 个可见字符",
                        ),
                        ("copy it from the provider", "请照抄提供方给的"),
                    );
                }
                fits.then_some(ClientSecret::Value(value))
            }
            (file, None) => {
                let file = self.required(
                    "oidc.client_secret_file",
                    file,
                    (
                        "the file with the secret of the client is missing",
                        "没有写存放 client secret 的文件",
                    ),
                    (
                        "write the secret the provider gave into a file that only its owner may read, or set \
                         `WUJITONG_OIDC_CLIENT_SECRET`",
                        "把提供方给的 secret 写进只有属主可读的文件，或设环境变量 `WUJITONG_OIDC_CLIENT_SECRET`",
                    ),
                );
                file.map(|file| ClientSecret::File(base_dir.join(file)))
            }
        }
    }

    fn url<T>(
        &mut self,
        key: &str,
        text: Option<String>,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        const REMEDY: Both<'_> = (
            "without TLS anybody on the network path could sign in as anybody; give the provider and this \
             node a certificate",
            "没有 TLS，途中任何人都能冒充别人登录；请给提供方和本节点配证书",
        );
        let text = text?;
        let read = read(&text);
        if read.is_none() {
            self.add(
                key,
                Some(&text),
                (
                    "`https://` and a host, or `http://` and a loopback address",
                    " `https://` 加主机，或 `http://` 加本机地址",
                ),
                REMEDY,
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
                ("only with an HTTP listener", "有 HTTP 监听时才能用的"),
                (
                    "set `http.listen`, or take `[oidc]` out",
                    "请写 `http.listen`，或去掉 `[oidc]`",
                ),
            );
        } else if !http.hosts.contains(&host) {
            self.add_said(
                "oidc.public_url",
                Some(&url),
                (one_of_hosts(), add_to_hosts(host)),
            );
        }
        Some(url)
    }

    /// Checks that a text is 1 to `most` visible ASCII characters.
    fn word(&mut self, key: &str, text: Option<String>, most: usize) -> Option<String> {
        let text = text?;
        let fits = (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if !fits {
            self.add_said(key, Some(&text), (visible(most), copy_it()));
        }
        fits.then_some(text)
    }

    fn scopes(&mut self, scopes: Vec<String>) -> Vec<String> {
        // RFC 6749, 3.3.
        let is_token = |b: u8| b.is_ascii_graphic() && b != b'"' && b != b'\\';
        for scope in &scopes {
            if scope.is_empty() || !scope.bytes().all(is_token) {
                self.add(
                    "oidc.scopes",
                    Some(scope),
                    (
                        "words such as `profile`, without blanks and quotes",
                        "像 `profile` 这样的词，不带空格和引号",
                    ),
                    (
                        "write each scope as an item of the list",
                        "每个 scope 是列表中的一项",
                    ),
                );
            }
        }
        if !scopes.iter().any(|scope| scope == OPENID) {
            self.add(
                "oidc.scopes",
                Some(&scopes.join(", ")),
                ("`openid` among them", "其中有 `openid`"),
                (
                    "without it a provider does not identify people",
                    "没有它，提供方不说明来人是谁",
                ),
            );
        }
        scopes
    }
}

topology::sayings! {
    fn one_of_hosts(): " `http.hosts` 之一", "one of `http.hosts`";
    fn add_to_hosts(host): "请把 `{host}` 加进 `http.hosts`，否则从提供方回来的人会被拒绝",
        "add `{host}` to `http.hosts`, or people who come back from the provider are refused";
    fn visible(most): " 1 到 {most} 个可见字符，不带空格", "1 to {most} visible characters without blanks";
    fn copy_it(): "请照抄提供方给的", "copy it from the provider";
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
    let name = host(name)?;
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

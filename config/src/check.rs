//! Turns [`Raw`] into [`Config`]. Every setting is checked, and every problem is kept. What a setting is unless it is
//! set, and what a number may be, is in the table.

mod groups;
mod oidc;
mod pages;
mod problems;

use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
    path::Path,
};

use topology::{DivisionCode, saying::Saying};

use crate::{
    Config, ConfigErrors, Dns, HostPort, Hosting, Http, Limits, Links, Outlines, Raw, RawDns,
    RawHttp, RawWebhooks, Store, Subnet, Telemetry, Webhooks, address::dns_name,
};
use problems::{Both, Problems};

impl Raw {
    /// Checks all settings and fills in the defaults. Relative paths start at `base_dir`, the
    /// directory of the configuration file. Touches neither disk nor network.
    ///
    /// # Errors
    /// Every setting that is missing, out of range or in conflict with another.
    pub fn check(self, base_dir: &Path) -> Result<Config, ConfigErrors> {
        let mut problems = Problems(Vec::new());
        let p = &mut problems;
        let oidc = self.oidc.clone();
        let longest_wait = self.links.backoff_max_ms;
        let raw = Self::defaults().merge(self);
        let data = p.required(
            "data",
            raw.data,
            (
                "the directory for store, keys and socket is missing",
                "没有写存放数据、密钥和套接字的目录",
            ),
            (
                "set it to a directory on a local disk, e.g. `/var/lib/wujitong`",
                "请写本机磁盘上的目录，如 `/var/lib/wujitong`",
            ),
        );
        let hosting = p.hosting(raw.nodes, raw.subtree, raw.except);
        let listen = raw.listen.and_then(|text| p.socket("listen", &text));
        let listen = listen.unwrap_or((IpAddr::from([0; 16]), 0).into());
        let zone = p.zone(raw.zone);
        let parent = p.each(
            "parent",
            raw.parent,
            str::parse::<HostPort>,
            (
                "leave it out to find the parent by DNS SRV",
                "不写则由 DNS SRV 查到上级",
            ),
        );
        let dns = p.dns(raw.dns);
        let http = p.http(raw.http, listen);
        let pages = p.pages(raw.pages);
        let telemetry = p.telemetry(raw.telemetry, &hosting);
        let limits = p.limits(&raw.limits);
        let store = p.store(&raw.store);
        let links = p.links(&raw.links, longest_wait);
        let webhooks = p.webhooks(raw.webhooks, base_dir);
        let oidc = p.oidc((oidc, raw.oidc), &http, base_dir);
        ConfigErrors::unless_empty(problems.0)?;
        Ok(Config {
            data: base_dir.join(data.expect("a missing one is a problem")),
            hosting,
            listen,
            zone: zone.expect("a missing one is a problem"),
            topology: raw.topology.map(|path| base_dir.join(path)),
            outlines: match raw.outlines.as_deref().map(str::trim) {
                None => Outlines::Sketch,
                Some("off") => Outlines::Off,
                Some(path) => Outlines::File(base_dir.join(path)),
            },
            parent,
            dns,
            http,
            pages,
            telemetry,
            limits,
            store,
            links,
            webhooks,
            oidc,
        })
    }
}

impl Default for Http {
    fn default() -> Self {
        let nowhere = (IpAddr::from([0; 16]), 0).into();
        Problems(vec![]).http(Raw::defaults().http, nowhere)
    }
}

impl Default for Telemetry {
    fn default() -> Self {
        Problems(vec![]).telemetry(Raw::defaults().telemetry, &Hosting::default())
    }
}

impl Default for Limits {
    fn default() -> Self {
        Problems(vec![]).limits(&Raw::defaults().limits)
    }
}

impl Default for Store {
    fn default() -> Self {
        Problems(vec![]).store(&Raw::defaults().store)
    }
}

impl Default for Links {
    fn default() -> Self {
        Problems(vec![]).links(&Raw::defaults().links, None)
    }
}

impl Problems {
    fn zone(&mut self, given: Option<String>) -> Option<String> {
        let text = self.required(
            "zone",
            given,
            (
                "the DNS zone of the network is missing",
                "没有写网络的 DNS 区",
            ),
            (
                "every node of a network has the same; ask the node above, e.g. `zj.example`",
                "全网相同，请问上级，如 `zj.example`",
            ),
        )?;
        let zone = dns_name(text.trim()).filter(|zone| zone.len() <= 200);
        if zone.is_none() {
            self.add(
                "zone",
                Some(&text),
                (
                    "a DNS name of at most 200 characters",
                    "不超过 200 个字符的域名",
                ),
                (
                    "letters, digits and hyphens between dots, e.g. `zj.example`",
                    "点之间是字母、数字和连字符，如 `zj.example`",
                ),
            );
        }
        zone
    }

    fn dns(&mut self, raw: RawDns) -> Dns {
        Dns {
            servers: self.each(
                "dns.servers",
                raw.servers,
                |text| resolver(text).ok_or_else(an_address),
                ("leave it out to use the machine's own", "不写则用本机的"),
            ),
        }
    }

    fn webhooks(&mut self, raw: RawWebhooks, base_dir: &Path) -> Webhooks {
        Webhooks {
            allow: self.each(
                "webhooks.allow",
                raw.allow,
                str::parse::<Subnet>,
                (
                    "leave it out to reach public addresses only",
                    "不写则只推送到公网地址",
                ),
            ),
            roots: raw.roots.map(|path| base_dir.join(path)),
        }
    }

    fn hosting(
        &mut self,
        nodes: Option<Vec<String>>,
        subtree: Option<String>,
        except: Option<Vec<String>>,
    ) -> Hosting {
        const HINT: Both<'_> = (
            "`wujitong topology show CODE` lists the codes",
            "代码见 `wujitong topology show 代码`",
        );
        let listed = nodes.as_ref().is_some_and(|nodes| !nodes.is_empty());
        if !listed && subtree.is_none() {
            self.add(
                "nodes",
                None,
                (
                    "no division is named, neither here nor in `subtree`",
                    "这里和 `subtree` 都没有写单位",
                ),
                (
                    "write e.g. `nodes = [\"330825002222\"]`, or `subtree = \"330825\"` for a division and all beneath it",
                    "例如 `nodes = [\"330825002222\"]`，或 `subtree = \"330825\"` 表示一个单位和它下面所有单位",
                ),
            );
        }
        let nodes = self.codes("nodes", nodes, HINT);
        let subtree_given = subtree.is_some();
        let subtree = self
            .each("subtree", subtree.map(|text| vec![text]), code, HINT)
            .pop();
        let except = self.codes("except", except, HINT);
        if let Some(code) = except.first().filter(|_| !subtree_given) {
            self.add(
                "except",
                Some(code),
                ("only together with `subtree`", "只能与 `subtree` 同用"),
                (
                    "set `subtree`, or take the division out of `nodes` instead",
                    "请写 `subtree`，或从 `nodes` 里去掉这个单位",
                ),
            );
        }
        for code in except
            .iter()
            .filter(|code| subtree == Some(**code) || nodes.contains(code))
        {
            self.add(
                "except",
                Some(code),
                (
                    "a division that is not itself hosted",
                    "不由本进程承载的单位",
                ),
                (
                    "it is named in `nodes` or `subtree` too; take it out of one of them",
                    "它同时写在 `nodes` 或 `subtree` 里，请去掉一处",
                ),
            );
        }
        Hosting {
            nodes,
            subtree,
            except,
        }
    }

    fn codes(
        &mut self,
        key: &str,
        texts: Option<Vec<String>>,
        remedy: Both<'_>,
    ) -> Vec<DivisionCode> {
        let codes = self.each(key, texts, code, remedy);
        let mut seen = BTreeSet::new();
        for code in codes.iter().filter(|code| !seen.insert(**code)) {
            self.add(
                key,
                Some(code),
                ("each division once", "每个单位只写一次"),
                ("remove the repetition", "请删去重复的"),
            );
        }
        codes
    }

    fn http(&mut self, raw: RawHttp, peers: SocketAddr) -> Http {
        let listen = match raw.listen.as_deref().map(str::trim) {
            None | Some("off") => None,
            Some(text) => self.socket("http.listen", text),
        };
        if let Some(address) = listen.filter(|address| clash(*address, peers)) {
            self.add(
                "http.listen",
                Some(&address),
                ("another port than `listen`", "与 `listen` 不同的端口"),
                (
                    "neighbours and browsers cannot share a port",
                    "邻居和浏览器不能共用一个端口",
                ),
            );
        }
        if raw.hosts.as_ref().is_some_and(Vec::is_empty) {
            self.add(
                "http.hosts",
                None,
                (
                    "empty, so that every request would be refused",
                    "是空的，所有请求都会被拒绝",
                ),
                (
                    "leave it out for the loopback names, or set `http.listen = \"off\"`",
                    "不写则为本机名称，或写 `http.listen = \"off\"`",
                ),
            );
        }
        Http {
            listen,
            hosts: self.each(
                "http.hosts",
                raw.hosts,
                |text| host(text).ok_or_else(a_host),
                (
                    "the name in the address bar, without port; there is no wildcard",
                    "写地址栏里的名称，不带端口；没有通配符",
                ),
            ),
            proxies: self.each(
                "http.proxies",
                raw.proxies,
                str::parse,
                (
                    "the address from which the reverse proxy reaches this node",
                    "写反向代理连到本节点时用的地址",
                ),
            ),
            origins: self.each(
                "http.origins",
                raw.origins,
                |text| site(text).ok_or_else(a_site),
                (
                    "write each site as the browser sends it in `Origin`, without a path; `*` is not accepted, because \
                     it would let every page of the web send requests",
                    "照浏览器在 `Origin` 里发的样子写，不带路径；不接受 `*`，否则任何网页都能发请求",
                ),
            ),
        }
    }
}

/// Returns whether one listener would keep the other from binding. Port 0 never does.
fn clash(one: SocketAddr, other: SocketAddr) -> bool {
    let everywhere = |ip: IpAddr| ip.is_unspecified();
    one.port() == other.port()
        && one.port() != 0
        && (one.ip() == other.ip() || everywhere(one.ip()) || everywhere(other.ip()))
}

fn code(text: &str) -> Result<DivisionCode, Saying> {
    text.parse().map_err(|error: topology::CodeError| Saying {
        english: error.to_string(),
        chinese: "单位代码，2、4、6、9 或 12 位数字".to_owned(),
    })
}

fn resolver(text: &str) -> Option<SocketAddr> {
    let text = text.trim();
    let bare = || Some(SocketAddr::new(text.parse().ok()?, 53));
    text.parse().ok().or_else(bare)
}

fn host(text: &str) -> Option<String> {
    let text = text.trim();
    if let Some(inner) = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        let ip: std::net::Ipv6Addr = inner.parse().ok()?;
        return Some(format!("[{ip}]"));
    }
    dns_name(text)
}

/// Returns the scheme, host and port of a site, as browsers write them.
fn site(text: &str) -> Option<String> {
    let text = text.trim().to_ascii_lowercase();
    let (whole, name) = oidc::origin(&text)?;
    let (scheme, authority) = whole.split_once("://")?;
    let port = authority.rsplit_once(':').map(|(_, port)| port);
    let plain = match (scheme, port) {
        ("https", Some("443")) | ("http", Some("80")) => format!("{scheme}://{name}"),
        _ => whole.to_owned(),
    };
    (whole == text).then_some(plain)
}

topology::sayings! {
    fn an_address(): " IP 地址，可带端口", "an IP address, with or without a port";
    fn a_host(): "主机名、IPv4 地址，或方括号里的 IPv6 地址", "a host name, an IPv4 address or an IPv6 address in brackets";
    fn a_site(): "网站，如 `https://app.example`，除本机外须用 TLS", "a site such as `https://app.example`, with TLS unless it is on this machine";
}

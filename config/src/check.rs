//! Turns [`Raw`] into [`Config`]. Every setting is checked, and every problem is kept.

mod oidc;
mod pages;
mod problems;

use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
    num::{NonZeroU32, NonZeroUsize},
    path::Path,
    time::Duration,
};

use topology::DivisionCode;

use crate::{
    Config, ConfigErrors, Dns, Engine, HostPort, Hosting, Http, Limits, Links, LogFormat, Outlines,
    Raw, RawHttp, RawLimits, RawLinks, RawStore, RawTelemetry, Store, Subnet, Telemetry, Webhooks,
    address::dns_name, checked::LISTEN,
};
use problems::Problems;

/// Reads a number of a section, checks its range and converts it to its unit, or takes the default.
/// The key is the name of the field.
macro_rules! number {
    ($problems:ident, $section:literal, $raw:ident.$key:ident, $range:expr, $hint:literal,
     $default:expr, $unit:expr $(,)?) => {
        $problems
            .number(
                concat!($section, ".", stringify!($key)),
                $raw.$key,
                $range,
                $hint,
            )
            .map_or($default, $unit)
    };
}

impl Raw {
    /// Checks all settings and fills in the defaults. Relative paths start at `base_dir`, the
    /// directory of the configuration file. Touches neither disk nor network.
    ///
    /// # Errors
    /// Every setting that is missing, out of range or in conflict with another.
    pub fn check(self, base_dir: &Path) -> Result<Config, ConfigErrors> {
        let mut problems = Problems(Vec::new());
        let p = &mut problems;
        let data = p.required(
            "data",
            self.data,
            "the directory for store, keys and socket",
            "set it to a directory on a local disk, e.g. `/var/lib/wujitong`",
        );
        let hosting = p.hosting(self.nodes, self.subtree, self.except);
        let listen = self
            .listen
            .and_then(|text| p.socket("listen", &text))
            .unwrap_or(LISTEN);
        let zone = p.required(
            "zone",
            self.zone,
            "the DNS zone of the network",
            "every node of a network has the same; ask the node above, e.g. `zj.example`",
        );
        let zone = zone.and_then(|text| p.zone(&text));
        let parent = p.each(
            "parent",
            self.parent,
            |text| text.parse::<HostPort>(),
            "leave it out to find the parent by DNS SRV",
        );
        let dns = Dns {
            servers: p.each(
                "dns.servers",
                self.dns.servers,
                resolver,
                "leave it out to use the machine's own",
            ),
        };
        let http = p.http(self.http, listen);
        let pages = p.pages(self.pages);
        let telemetry = p.telemetry(self.telemetry, &hosting);
        let limits = p.limits(self.limits);
        let store = p.store(self.store);
        let links = p.links(self.links);
        let webhooks = Webhooks {
            allow: p.each(
                "webhooks.allow",
                self.webhooks.allow,
                str::parse::<Subnet>,
                "leave it out to reach public addresses only",
            ),
            roots: self.webhooks.roots.map(|path| base_dir.join(path)),
        };
        let oidc = p.oidc(self.oidc, &http, base_dir);
        ConfigErrors::unless_empty(problems.0)?;
        Ok(Config {
            data: base_dir.join(data.expect("a missing one is a problem")),
            hosting,
            listen,
            zone: zone.expect("a missing one is a problem"),
            topology: self.topology.map(|path| base_dir.join(path)),
            outlines: match self.outlines.as_deref().map(str::trim) {
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

impl Problems {
    fn zone(&mut self, text: &str) -> Option<String> {
        let zone = dns_name(text.trim()).filter(|zone| zone.len() <= 200);
        if zone.is_none() {
            self.add(
                "zone",
                Some(&text),
                "a DNS name of at most 200 characters",
                "letters, digits and hyphens between dots, e.g. `zj.example`",
            );
        }
        zone
    }

    fn hosting(
        &mut self,
        nodes: Option<Vec<String>>,
        subtree: Option<String>,
        except: Option<Vec<String>>,
    ) -> Hosting {
        const HINT: &str = "`wujitong topology show CODE` lists the codes";
        let listed = nodes.as_ref().is_some_and(|nodes| !nodes.is_empty());
        if !listed && subtree.is_none() {
            self.add(
                "nodes",
                None,
                "no division is named, neither here nor in `subtree`",
                "write e.g. `nodes = [\"330825002222\"]`, or `subtree = \"330825\"` for a \
                 division and all beneath it",
            );
        }
        let read = str::parse::<DivisionCode>;
        let nodes = self.codes("nodes", nodes, HINT);
        let subtree_given = subtree.is_some();
        let subtree = self
            .each("subtree", subtree.map(|text| vec![text]), read, HINT)
            .pop();
        let except = self.codes("except", except, HINT);
        if let Some(code) = except.first().filter(|_| !subtree_given) {
            self.add(
                "except",
                Some(code),
                "only together with `subtree`",
                "set `subtree`, or take the division out of `nodes` instead",
            );
        }
        for code in except
            .iter()
            .filter(|code| subtree == Some(**code) || nodes.contains(code))
        {
            self.add(
                "except",
                Some(code),
                "a division that is not itself hosted",
                "it is named in `nodes` or `subtree` too; take it out of one of them",
            );
        }
        Hosting {
            nodes,
            subtree,
            except,
        }
    }

    fn codes(&mut self, key: &str, texts: Option<Vec<String>>, hint: &str) -> Vec<DivisionCode> {
        let codes = self.each(key, texts, str::parse::<DivisionCode>, hint);
        let mut seen = BTreeSet::new();
        for code in codes.iter().filter(|code| !seen.insert(**code)) {
            self.add(
                key,
                Some(code),
                "each division once",
                "remove the repetition",
            );
        }
        codes
    }

    fn http(&mut self, raw: RawHttp, peers: SocketAddr) -> Http {
        let default = Http::default();
        let listen = match raw.listen.as_deref().map(str::trim) {
            None => default.listen,
            Some("off") => None,
            Some(text) => self.socket("http.listen", text),
        };
        if let Some(address) = listen.filter(|address| clash(*address, peers)) {
            self.add(
                "http.listen",
                Some(&address),
                "another port than `listen`",
                "neighbours and browsers cannot share a port",
            );
        }
        let hosts = self.each(
            "http.hosts",
            raw.hosts.clone(),
            host,
            "the name in the address bar, without port; there is no wildcard",
        );
        if raw.hosts.is_some_and(|hosts| hosts.is_empty()) {
            self.add(
                "http.hosts",
                None,
                "empty, so that every request would be refused",
                "leave it out for the loopback names, or set `http.listen = \"off\"`",
            );
        }
        Http {
            listen,
            hosts: if hosts.is_empty() {
                default.hosts
            } else {
                hosts
            },
            proxies: self.each(
                "http.proxies",
                raw.proxies,
                str::parse,
                "the address from which the reverse proxy reaches this node",
            ),
            origins: self.each(
                "http.origins",
                raw.origins,
                site,
                "write each site as the browser sends it in `Origin`, without a path; `*` is not accepted, because \
                 it would let every page of the web send requests",
            ),
        }
    }

    fn telemetry(&mut self, raw: RawTelemetry, hosting: &Hosting) -> Telemetry {
        let default = Telemetry::default();
        let otlp = self.each(
            "telemetry.otlp",
            raw.otlp.map(|text| vec![text]),
            collector,
            "if the remote collector requires TLS, run one beside the node; leave it out to export no traces",
        );
        let log_format = match raw.log_format.as_deref() {
            None | Some("text") => LogFormat::Text,
            Some("json") => LogFormat::Json,
            Some(other) => {
                self.add(
                    "telemetry.log_format",
                    Some(&other),
                    "`text` or `json`",
                    "`text` reads well in a terminal, `json` in a log store",
                );
                LogFormat::Text
            }
        };
        let mut text = |key: &str, value: Option<String>, default: String| match value {
            Some(text) if text.trim().is_empty() => {
                self.add(key, Some(&text), "a text that is not empty", "leave it out");
                default
            }
            given => given.unwrap_or(default),
        };
        Telemetry {
            log: text("telemetry.log", raw.log, default.log),
            service_name: text(
                "telemetry.service_name",
                raw.service_name,
                default.service_name,
            ),
            otlp: otlp.into_iter().next(),
            log_format,
            divisions: hosting
                .subtree
                .into_iter()
                .chain(hosting.nodes.iter().copied())
                .collect(),
        }
    }

    fn limits(&mut self, raw: RawLimits) -> Limits {
        let default = Limits::default();
        Limits {
            handshake_timeout: number!(
                self,
                "limits",
                raw.handshake_timeout_s,
                1..=60,
                "seconds; 5 is plenty even over a satellite",
                default.handshake_timeout,
                Duration::from_secs
            ),
            connections_per_address: number!(
                self,
                "limits",
                raw.connections_per_address,
                1..=100_000,
                "a host with many nodes dials from one address: count its links",
                default.connections_per_address,
                |n| NonZeroUsize::new(n as usize).unwrap_or(default.connections_per_address)
            ),
            http_connections_per_address: number!(
                self,
                "limits",
                raw.http_connections_per_address,
                1..=100_000,
                "name a reverse proxy in `http.proxies` instead",
                default.http_connections_per_address,
                |n| NonZeroUsize::new(n as usize).unwrap_or(default.http_connections_per_address)
            ),
            streams_per_connection: number!(
                self,
                "limits",
                raw.streams_per_connection,
                1..=256,
                "a link needs one, and one more for each concurrent request",
                default.streams_per_connection,
                |n| n as u32
            ),
            frame_bytes: number!(
                self,
                "limits",
                raw.frame_kib,
                512..=4_096,
                "KiB; a matter with its text and all remarks must fit",
                default.frame_bytes,
                |n| (n as usize) << 10
            ),
            window: number!(
                self,
                "limits",
                raw.window,
                1..=65_536,
                "envelopes in flight in one lane",
                default.window,
                |n| n as u32
            ),
            memory_bytes: number!(
                self,
                "limits",
                raw.memory_mib,
                4..=65_536,
                "MiB for all links together",
                default.memory_bytes,
                |n| (n as usize) << 20
            ),
            envelopes_per_s: number!(
                self,
                "limits",
                raw.envelopes_per_s,
                1..=10_000_000,
                "envelopes a second from one peer",
                default.envelopes_per_s,
                |n| NonZeroU32::new(n as u32).unwrap_or(default.envelopes_per_s)
            ),
            requests_per_address_s: number!(
                self,
                "limits",
                raw.requests_per_address_s,
                1..=1_000_000,
                "requests a second from one address",
                default.requests_per_address_s,
                |n| NonZeroU32::new(n as u32).unwrap_or(default.requests_per_address_s)
            ),
            requests_per_caller_s: number!(
                self,
                "limits",
                raw.requests_per_caller_s,
                1..=1_000_000,
                "requests a second by one caller",
                default.requests_per_caller_s,
                |n| NonZeroU32::new(n as u32).unwrap_or(default.requests_per_caller_s)
            ),
            logins_per_address_min: number!(
                self,
                "limits",
                raw.logins_per_address_min,
                1..=100_000,
                "logins a minute from one address",
                default.logins_per_address_min,
                |n| NonZeroU32::new(n as u32).unwrap_or(default.logins_per_address_min)
            ),
            reports_per_address_min: number!(
                self,
                "limits",
                raw.reports_per_address_min,
                1..=100_000,
                "reports a minute from one address without an account",
                default.reports_per_address_min,
                |n| NonZeroU32::new(n as u32).unwrap_or(default.reports_per_address_min)
            ),
            reports: number!(
                self,
                "limits",
                raw.reports,
                1..=1_000_000,
                "reports that may wait for their commit",
                default.reports,
                |n| n as usize
            ),
        }
    }

    fn store(&mut self, raw: RawStore) -> Store {
        let default = Store::default();
        if let Some(other) = raw.engine.filter(|engine| engine != "sled") {
            self.add("store.engine", Some(&other), "`sled`", "leave it out");
        }
        Store {
            engine: Engine::Sled,
            cache_bytes: number!(
                self,
                "store",
                raw.cache_mib,
                1..=65_536,
                "MiB; 8 serves a village, 64 a county",
                default.cache_bytes,
                |n| n << 20
            ),
        }
    }

    fn links(&mut self, raw: RawLinks) -> Links {
        let default = Links::default();
        let backoff_min = number!(
            self,
            "links",
            raw.backoff_min_ms,
            10..=60_000,
            "milliseconds before the second try",
            default.backoff_min,
            Duration::from_millis
        );
        let backoff_max = number!(
            self,
            "links",
            raw.backoff_max_ms,
            100..=3_600_000,
            "milliseconds between two tries at most",
            default.backoff_max.max(backoff_min),
            Duration::from_millis
        );
        let keep_alive = number!(
            self,
            "links",
            raw.keep_alive_s,
            1..=600,
            "seconds; must be shorter than the idle timeout of firewalls",
            default.keep_alive,
            Duration::from_secs
        );
        let answer = number!(
            self,
            "links",
            raw.answer_s,
            1..=600,
            "seconds; less detects a dead link sooner, more tolerates a slower one",
            default.answer,
            Duration::from_secs
        );
        let figures_pace = number!(
            self,
            "links",
            raw.figures_pace_ms,
            0..=60_000,
            "milliseconds; more saves traffic, less makes figures fresher",
            default.figures_pace,
            Duration::from_millis
        );
        let watermark_pace = number!(
            self,
            "links",
            raw.watermark_pace_ms,
            100..=600_000,
            "milliseconds; more saves traffic, less makes knowledge of other nodes fresher",
            default.watermark_pace,
            Duration::from_millis
        );
        if backoff_max < backoff_min {
            self.add(
                "links.backoff_max_ms",
                Some(&backoff_max.as_millis()),
                &format!(
                    "not less than `links.backoff_min_ms` ({} ms)",
                    backoff_min.as_millis()
                ),
                "raise the one or lower the other",
            );
        }
        Links {
            backoff_min,
            backoff_max,
            keep_alive,
            answer,
            figures_pace,
            watermark_pace,
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

fn resolver(text: &str) -> Result<SocketAddr, &'static str> {
    let text = text.trim();
    let bare = || text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53));
    text.parse()
        .or_else(|_| bare())
        .map_err(|_| "an IP address, with or without a port")
}

fn host(text: &str) -> Result<String, &'static str> {
    const SHAPE: &str = "a host name, an IPv4 address or an IPv6 address in brackets";
    let text = text.trim();
    if let Some(inner) = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        let ip = inner.parse::<std::net::Ipv6Addr>().map_err(|_| SHAPE)?;
        return Ok(format!("[{ip}]"));
    }
    dns_name(text).ok_or(SHAPE)
}

/// Returns the scheme, host and port of a site, as browsers write them.
fn site(text: &str) -> Result<String, &'static str> {
    const SHAPE: &str =
        "a site such as `https://app.example`, with TLS unless it is on this machine";
    let text = text.trim().to_ascii_lowercase();
    let (whole, name) = oidc::origin(&text).ok_or(SHAPE)?;
    let (scheme, authority) = whole.split_once("://").ok_or(SHAPE)?;
    let port = authority.rsplit_once(':').map(|(_, port)| port);
    let plain = match (scheme, port) {
        ("https", Some("443")) | ("http", Some("80")) => format!("{scheme}://{name}"),
        _ => whole.to_owned(),
    };
    match whole == text {
        true => Ok(plain),
        false => Err(SHAPE),
    }
}

fn collector(text: &str) -> Result<String, &'static str> {
    let text = text.trim().trim_end_matches('/');
    let address = text
        .strip_prefix("http://")
        .and_then(|rest| rest.parse::<HostPort>().ok());
    address
        .map(|address| format!("http://{address}"))
        .ok_or("an address such as `http://127.0.0.1:4317`, without TLS")
}

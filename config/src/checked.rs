//! A checked configuration, which every crate may read without checking it again.

use std::{
    fmt,
    net::SocketAddr,
    num::{NonZeroU32, NonZeroUsize},
    path::PathBuf,
    time::Duration,
};

use topology::DivisionCode;

use crate::{HostPort, Pages, Subnet};

/// All settings of one process, in range and consistent with each other.
///
/// Checks that need the list of divisions are left to the caller that has it: that the codes exist,
/// have a node, and are where the configuration expects them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Directory for stores, keys and the control socket. Required. Relative paths start at the
    /// configuration file.
    pub data: PathBuf,
    /// Divisions whose nodes this process hosts. Required.
    pub hosting: Hosting,
    /// Address where neighbours connect. Default `[::]:7450`; port 0 takes any free port.
    pub listen: SocketAddr,
    /// DNS zone that holds the names of divisions, without a final dot, at most 200 characters.
    /// Required, and the same in the whole network.
    pub zone: String,
    /// CSV file of divisions; `None` takes the directory of Zhejiang that comes with the program.
    pub topology: Option<PathBuf>,
    /// Outlines of divisions: a report with a place outside its division is refused. Default the
    /// sketch map.
    pub outlines: Outlines,
    /// Addresses where the parent of each topmost hosted division listens, tried in order. If
    /// empty, the parent is looked up in DNS (`_wujitong._tcp.<name of the parent division>`, SRV).
    pub parent: Vec<HostPort>,
    /// `[dns]`.
    pub dns: Dns,
    /// `[http]`.
    pub http: Http,
    /// `[pages]`.
    pub pages: Pages,
    /// `[telemetry]`.
    pub telemetry: Telemetry,
    /// `[limits]`.
    pub limits: Limits,
    /// `[store]`.
    pub store: Store,
    /// `[links]`.
    pub links: Links,
    /// `[webhooks]`.
    pub webhooks: Webhooks,
    /// `[oidc]`; `None` if that section is missing, so that people sign in with passwords only.
    pub oidc: Option<Oidc>,
}

/// The map that the places of reports are checked against.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Outlines {
    /// The sketch map of Zhejiang that comes with the program; no map beside a `topology` of
    /// another province.
    #[default]
    Sketch,
    /// An operator's own GeoJSON file.
    File(PathBuf),
    /// No map: every place is accepted.
    Off,
}

/// The divisions one process hosts: those listed, and those at and below `subtree`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosting {
    /// Divisions by code, each once.
    pub nodes: Vec<DivisionCode>,
    /// A division that is hosted together with every division below it that has a node.
    pub subtree: Option<DivisionCode>,
    /// Divisions that are left out of `subtree`, each with everything below it.
    pub except: Vec<DivisionCode>,
}

/// `[dns]`: how names are resolved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dns {
    /// Resolvers to ask, on port 53 unless another is given. If empty, those of the machine are
    /// used.
    pub servers: Vec<SocketAddr>,
}

/// `[http]`: health, metrics, and the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http {
    /// Address of the listener. Default `127.0.0.1:7480`; `None` (written `off`) opens no listener.
    pub listen: Option<SocketAddr>,
    /// Host names and addresses that a request may ask for, without port, in lower case. Default
    /// `localhost`, `127.0.0.1`, `[::1]`. This keeps web pages of others from reaching the node
    /// through a visitor's browser (DNS rebinding).
    pub hosts: Vec<String>,
    /// Reverse proxies in front of the node. A request from one of them counts as coming from the
    /// last address in its `X-Forwarded-For` that is not a proxy. Default none: that header is not
    /// read then.
    pub proxies: Vec<Subnet>,
    /// Sites whose pages may send requests from a visitor's browser, over Open311 and for what
    /// everybody may read (CORS, Fetch standard 3.3): scheme, host and port as browsers send them
    /// in `Origin`, in lower case. Default none.
    pub origins: Vec<String>,
}

/// `[telemetry]`: logs and traces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telemetry {
    /// Collector that takes OTLP over gRPC, `http://host:port`; `None` exports no traces.
    pub otlp: Option<String>,
    /// Filter of log lines in the syntax of tracing's `EnvFilter`, e.g. `info,wujitong_peer=debug`.
    /// Default `info`.
    pub log: String,
    /// Format of log lines. Default [`LogFormat::Text`].
    pub log_format: LogFormat,
    /// `service.name` of exported traces. Default `wujitong`.
    pub service_name: String,
    /// Divisions that the process hosts, for the resource attribute `wujitong.division`. They are
    /// taken from [`Hosting`], with the subtree named by its topmost division. This is not a
    /// setting.
    pub divisions: Vec<DivisionCode>,
}

/// The format of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines of text for people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

/// `[limits]`: what one peer, or all together, may demand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest time from the first byte until both sides are authenticated. 1 to 60 s, default 5 s.
    pub handshake_timeout: Duration,
    /// Most open connections of neighbours from one address, or from one IPv6 network of 64 bits;
    /// connections of the process to itself are not counted. 1 to 100,000, default 1,024, because a
    /// host with many nodes dials from one address. Handshakes under way have limits of their own.
    pub connections_per_address: NonZeroUsize,
    /// Most open HTTP connections from one address, or from one IPv6 network of 64 bits. 1 to
    /// 100,000, default 256. Those of [`Http::proxies`] count only among all others.
    pub http_connections_per_address: NonZeroUsize,
    /// Most concurrent HTTP/2 streams on a connection. 1 to 256, default 8.
    pub streams_per_connection: u32,
    /// Longest message on a link, in bytes. 512 to 4,096 KiB, default 1,024 KiB; a matter with its
    /// text and all remarks must fit.
    pub frame_bytes: usize,
    /// Most unacknowledged envelopes in flight in one lane of one link; a slower link has fewer in
    /// flight. 1 to 65,536, default 8,192.
    pub window: u32,
    /// Most bytes in flight over all links together, divided by their number. 4 to 65,536 MiB,
    /// default 32 MiB.
    pub memory_bytes: usize,
    /// Most envelopes one peer may send in a second. 1 to 10,000,000, default 100,000.
    pub envelopes_per_s: NonZeroU32,
    /// Most reports that may wait for their commit before new ones are turned away. 1 to 1,000,000,
    /// default 4,096.
    pub reports: usize,
    /// Most HTTP requests one address may send in a second over TCP, tenfold in a burst. 1 to
    /// 1,000,000, default 200.
    pub requests_per_address_s: NonZeroU32,
    /// Most HTTP requests one account or API key may send in a second, tenfold in a burst. 1 to
    /// 1,000,000, default 50.
    pub requests_per_caller_s: NonZeroU32,
    /// Most logins that one address may send in a minute over TCP, and a twentieth of the requests with a slip. 1 to
    /// 100,000, default 30.
    pub logins_per_address_min: NonZeroU32,
    /// Most reports that one address may begin in a minute over TCP without an account. 1 to 100,000,
    /// default 10.
    pub reports_per_address_min: NonZeroU32,
}

/// `[store]`: how records are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// Storage engine. Default [`Engine::Sled`].
    pub engine: Engine,
    /// Page cache of the engine, in bytes. 1 to 65,536 MiB, default 8 MiB.
    pub cache_bytes: u64,
}

/// A storage engine that an operator may choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// sled 0.34, embedded.
    #[default]
    Sled,
}

/// `[links]`: how the links to neighbours are kept up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Links {
    /// First wait after a neighbour was not reached. It doubles each time, with jitter. 10 to
    /// 60,000 ms, default 100 ms.
    pub backoff_min: Duration,
    /// Longest such wait, not less than `backoff_min`. 100 to 3,600,000 ms, default 500 ms: a
    /// parent that comes back is found at once, and a try costs one refused connection.
    pub backoff_max: Duration,
    /// Silence after which a link is tested; after as long again it is given up. 1 to 600 s,
    /// default 20 s.
    pub keep_alive: Duration,
    /// Silence after which a link is given up while something waits for the neighbour's answer, in
    /// addition to the time that the link takes for what is on its way. 1 to 600 s, default 10 s.
    pub answer: Duration,
    /// Least time between two sendings of the same figure. 0 to 60,000 ms, default 250 ms.
    pub figures_pace: Duration,
    /// Time between two messages that tell a neighbour that it has everything, so that it knows how
    /// old its knowledge is. 100 to 600,000 ms, default 10 s; a tenth of it after something was
    /// sent.
    pub watermark_pace: Duration,
    /// Days after the end of a child's certificate in which it comes back without a person. 0 to 365, default 60; 0 asks a
    /// person each time.
    pub readmit_days: u32,
}

/// `[webhooks]`: where webhooks may go. Without it, they go over TLS to public addresses only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Webhooks {
    /// Addresses that are not public but may be reached all the same, also without TLS.
    pub allow: Vec<Subnet>,
    /// PEM file with the certificates of the authorities that vouch for receivers; `None` takes the
    /// machine's own.
    pub roots: Option<PathBuf>,
}

/// The secret of the client of an OpenID Connect provider, or where it is.
#[derive(Clone, PartialEq, Eq)]
pub enum ClientSecret {
    /// A file with it, readable by its owner only.
    File(PathBuf),
    /// The secret itself. 1 to 1,024 visible characters.
    Value(String),
}

impl fmt::Debug for ClientSecret {
    /// Shows the path of the file, and never the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Value(_) => f.write_str("Value(…)"),
        }
    }
}

/// `[oidc]`: the OpenID Connect provider that vouches for people. Off unless `issuer` is set; then
/// `client_id`, `client_secret_file` or `client_secret`, and `public_url` are required.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oidc {
    /// Issuer URL of the provider, exactly as it states it: `https://`, or `http://` on a loopback
    /// address, without query and fragment, at most 255 characters.
    pub issuer: String,
    /// The client id that the provider has for this process. 1 to 255 visible characters.
    pub client_id: String,
    /// The secret that the provider gave.
    pub client_secret: ClientSecret,
    /// URL where browsers reach this process, `https://host[:port]`, or `http://` on a loopback
    /// address; the host is one of [`Http::hosts`]. The URL that the provider sends people back to
    /// is made from it alone.
    pub public_url: String,
    /// Scopes asked of the provider; `openid` is among them. Default `openid` alone.
    pub scopes: Vec<String>,
    /// The claim of the ID token that names a person. 1 to 64 visible characters. Default `sub`,
    /// the one that a provider never gives to somebody else.
    pub claim: String,
    /// PEM file with the certificates of the authorities that vouch for the provider, instead of
    /// the machine's own.
    pub roots: Option<PathBuf>,
}

//! One process and its nodes.

mod descriptors;
mod node_builder;
mod resources;

use std::{
    collections::BTreeMap,
    fmt, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use config::Config;
use futures::{
    StreamExt, TryStreamExt,
    future::{BoxFuture, LocalBoxFuture},
    stream,
};
use identity::{IdentityError, KeyRefusal, Network, Surroundings};
use office::{Aborted, Clock, Entropy};
use outbound::http_client::{HttpClient, Policy};
use peer::{
    link::{Carriers, own::OwnLinks, pace::Pace},
    listen::{self, SniRouter},
};
use records::outbox::sender::Window;
use store::{MemoryDisk, OpenError, Store, files::FileError};
use telemetry::{Collector, Health, Metrics};
use tokio::{
    net::TcpListener,
    sync::{Notify, Semaphore, watch},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use topology::{DivisionCode, Tree};
use web::state::{AppState, Entrance, Rates};
use workers::{DueTimer, Workers};

use super::{
    Chance, WatchedClock,
    sign_in::{self, BadSecret},
};

pub use descriptors::TooFewDescriptors;
pub use resources::socket_path;

use descriptors::LinkCount;
use node_builder::NodeBuilder;
use resources::{bind, make_private, open_store};

/// The least number of bytes that may be unacknowledged on a link, so that the largest envelope
/// fits.
const LEAST_WINDOW_BYTES: usize = 64 * 1024;

/// Nodes of one process that are opened at a time.
const OPENED_AT_ONCE: usize = 64;

/// The most pictures decoded at the same time; each may take some hundred megabytes for some
/// seconds.
const PICTURES_AT_A_TIME: usize = 1;

/// Everything needed to start a process.
#[derive(Clone)]
pub struct Plan {
    /// The settings.
    pub config: Config,
    /// The tree of divisions.
    pub tree: Arc<Tree>,
    /// A disk in memory, used for simulation instead of the store on disk.
    pub memory: Option<MemoryDisk>,
    /// What carries links instead of TCP and TLS, for simulation; then no neighbour can connect from
    /// outside.
    pub carriers: Option<Arc<dyn Carriers>>,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where ids and salts come from.
    pub entropy: Arc<dyn Entropy>,
    /// Where TLS takes time and cryptography from.
    pub surroundings: Surroundings,
    /// The trace collector, if configured.
    pub collector: Option<Collector>,
    /// People whom a demonstration lets in without a password.
    pub entrances: Vec<Entrance>,
}

impl Plan {
    /// Returns a plan with the watched machine clock and the store on disk.
    pub fn new(config: Config, tree: Arc<Tree>) -> Self {
        Self {
            config,
            tree,
            memory: None,
            carriers: None,
            clock: Arc::new(WatchedClock::new()),
            entropy: Arc::new(Chance),
            surroundings: Surroundings::default(),
            collector: None,
            entrances: vec![],
        }
    }

    /// Returns the divisions to host, each once.
    fn divisions(&self) -> Result<Vec<DivisionCode>, StartError> {
        let hosting = &self.config.hosting;
        let mut divisions = hosting.nodes.clone();
        if let Some(top) = hosting.subtree {
            if self.tree.get(top).is_none() {
                return Err(StartError::NoSuchDivision(top));
            }
            let excepted = |code| {
                hosting
                    .except
                    .iter()
                    .any(|out| self.tree.contains(*out, code))
            };
            divisions.extend(self.tree.nodes(top).filter(|code| !excepted(*code)));
        }
        divisions.sort_unstable();
        divisions.dedup();
        match divisions.iter().find(|code| !self.tree.has_node(**code)) {
            Some(code) => Err(StartError::NoSuchDivision(*code)),
            None => Ok(divisions),
        }
    }
}

/// Why a process did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A division that is not in the tree, or has no node.
    #[error("{0} has no node in the list of divisions; see `wujitong topology show {0}`")]
    NoSuchDivision(DivisionCode),
    /// The limit of file descriptors is too low.
    #[error(transparent)]
    Descriptors(#[from] TooFewDescriptors),
    /// Keys or certificates are missing or wrong.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The node's own signing key does not count.
    #[error("the signing key of {0} is not valid: {1}; enrol the division again")]
    Keys(DivisionCode, KeyRefusal),
    /// The store did not open.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// Files cannot be stored.
    #[error(transparent)]
    Files(#[from] FileError),
    /// An office did not open.
    #[error("the office of {0} did not open: {1}")]
    Office(DivisionCode, Aborted),
    /// An address is in use or not allowed.
    #[error("cannot listen for {0} on {1}: {2}; change `{key}` or stop what uses it", key = .0.key())]
    Listen(Listener, String, io::Error),
    /// The control socket cannot be created.
    #[error("the control socket {} cannot be created: {cause}; {}", path.display(), identity::files::advice(.path, .cause))]
    Socket {
        /// Path of the socket.
        path: PathBuf,
        /// The cause.
        cause: io::Error,
    },
    /// DNS is not set up.
    #[error("the resolver cannot be set up: {0}; set `parent` or `dns.servers`")]
    Resolver(String),
    /// The sign-in provider is not set up.
    #[error(transparent)]
    SignIn(#[from] BadSecret),
    /// A directory cannot be created.
    #[error("the directory {} cannot be used: {cause}; {}", path.display(), identity::files::advice(.path, .cause))]
    Directory {
        /// The directory.
        path: PathBuf,
        /// The cause.
        cause: io::Error,
    },
}

/// One of the listeners of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listener {
    /// The listener for other nodes.
    Neighbours,
    /// The listener for people, health and metrics.
    Http,
}

impl Listener {
    /// Returns the setting with its address.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Neighbours => "listen",
            Self::Http => "http.listen",
        }
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Neighbours => "neighbours",
            Self::Http => "HTTP",
        })
    }
}

/// A running process.
pub struct Host {
    app_state: AppState,
    address: SocketAddr,
    http: Option<SocketAddr>,
    socket: PathBuf,
    metrics: Metrics,
    health: Health,
    hurries: BTreeMap<DivisionCode, Arc<Notify>>,
    stop: CancellationToken,
    tasks: TaskTracker,
    store: Store,
    disk_mended: watch::Receiver<bool>,
}

impl Host {
    /// Starts everything: store, offices, listeners, then links.
    pub fn start(plan: Plan) -> LocalBoxFuture<'static, Result<Self, StartError>> {
        Box::pin(Self::begin(plan))
    }

    async fn begin(plan: Plan) -> Result<Self, StartError> {
        let divisions = plan.divisions()?;
        let config = &plan.config;
        let allotment = descriptors::allot(
            descriptors::raise(),
            LinkCount::of(&divisions, &plan.tree),
            config.limits.connections_per_address.get(),
            config.limits.http_connections_per_address.get(),
        )?;
        make_private(&config.data)?;
        let provider = config.oidc.as_ref();
        let sign_in = provider
            .map(|settings| sign_in::open(settings, &plan.surroundings))
            .transpose()?;
        let health = Health::default();
        let metrics = Metrics::default();
        let store = open_store(&plan)?;
        if let Some(collector) = &plan.collector {
            metrics.show_collector(collector);
        }
        let counted = divisions.iter().map(|d| (*d, metrics.division(*d).commits));
        let counted: BTreeMap<_, _> = counted.collect();
        let seconds = metrics.commit_seconds();
        store.watch_commits(move |division, took| {
            seconds.observe(took.as_secs_f64());
            if let Some(commits) = counted.get(&division) {
                commits.inc();
            }
        });
        health.store(true);
        let network = Network::load(&config.data)?;
        let listener = match &plan.carriers {
            Some(_) => None,
            None => Some(bind(Listener::Neighbours, config.listen).await?),
        };
        let bound = listener.as_ref().map(TcpListener::local_addr).transpose();
        let address = bound.map_err(|error| {
            StartError::Listen(Listener::Neighbours, config.listen.to_string(), error)
        })?;
        let address = address.unwrap_or(config.listen);
        let links: usize = divisions
            .iter()
            .map(|code| plan.tree.children(*code).len() + 1)
            .sum();
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let clock = Arc::clone(&plan.clock);
        let now = move || clock.now();
        let workers = Workers::new(now, metrics.clone(), tasks.clone(), stop.clone());
        let node_builder = NodeBuilder {
            plan: &plan,
            keys: Arc::new(network.key_ring()),
            network,
            store: store.clone(),
            address,
            sni_router: Arc::new(SniRouter::default()),
            window: Window {
                envelopes: config.limits.window as usize,
                bytes: (config.limits.memory_bytes / links.max(1)).max(LEAST_WINDOW_BYTES),
            },
            metrics: metrics.clone(),
            health: health.clone(),
            webhook_client: Arc::new(HttpClient::new(
                Policy::Webhooks {
                    allow: config.webhooks.allow.clone(),
                },
                config.webhooks.roots.clone(),
                plan.surroundings.clone(),
            )),
            own: OwnLinks::default(),
            pace: Arc::new(Pace::default()),
            allotment,
            tasks,
            stop,
            workers,
            due: DueTimer::default(),
            decoding: Arc::new(Semaphore::new(PICTURES_AT_A_TIME)),
        };
        // Stops what was started if a later step fails or the caller drops this future.
        let unfinished = node_builder.stop.clone().drop_guard();
        let opened = node_builder.stop.child_token();
        let http_listener = node_builder.open_http(&divisions, opened.clone()).await?;
        let http = http_listener
            .as_ref()
            .and_then(|listener| listener.local_addr().ok());
        // Every node waits for the disk when it starts; nodes that wait together share one sync.
        let building = stream::iter(
            divisions
                .iter()
                .map(|division| node_builder.build(*division)),
        );
        let built: Vec<_> = building.buffered(OPENED_AT_ONCE).try_collect().await?;
        for built in &built {
            node_builder.recall_revocations(&built.node).await?;
        }
        let nodes = built
            .iter()
            .map(|b| (b.identity.division(), b.node.clone()))
            .collect();
        let app_state = AppState {
            network: Arc::clone(&node_builder.network),
            tree: Arc::clone(&plan.tree),
            nodes: Arc::new(nodes),
            started_ms: plan.clock.now().0,
            rates: Rates {
                address_per_s: config.limits.requests_per_address_s,
                caller_per_s: config.limits.requests_per_caller_s,
                logins_per_min: config.limits.logins_per_address_min,
                reports_per_min: config.limits.reports_per_address_min,
            },
            sign_in,
            collector: plan.collector.clone(),
            workers: node_builder.workers.clone(),
            pages: Arc::new(config.pages.clone()),
            entrances: plan.entrances.clone().into(),
        };
        let socket = socket_path(&config.data);
        opened.cancel();
        node_builder
            .serve_people(&app_state, &socket, http_listener)
            .await?;
        if let Some(listener) = listener {
            let listening = listen::Listener {
                sni_router: Arc::clone(&node_builder.sni_router),
                limits: listen::Limits {
                    handshake: config.limits.handshake_timeout,
                    half_open: allotment.half_open,
                    open: allotment.open,
                },
                own: node_builder.own.clone(),
                metrics: metrics.clone(),
                tasks: node_builder.tasks.clone(),
            };
            let listening = listening.run(listener, node_builder.stop.clone());
            node_builder.tasks.spawn(listening);
        }
        // A link that never came up is shown as down, not left out.
        for (division, parent) in divisions
            .iter()
            .filter_map(|d| Some((*d, plan.tree.parent(*d)?)))
        {
            health.link(division, parent, false);
            metrics.link(division, parent).up.set(0);
        }
        health.listener(true);
        let disk_mended = node_builder.start_workers(&app_state);
        let mut hurries = BTreeMap::new();
        for built in built {
            let division = built.identity.division();
            if let Some(hurry) = node_builder.run(built, &divisions)? {
                hurries.insert(division, hurry);
            }
        }
        unfinished.disarm();
        let NodeBuilder { tasks, stop, .. } = node_builder;
        Ok(Self {
            app_state,
            address,
            http,
            socket,
            metrics,
            health,
            hurries,
            stop,
            tasks,
            store,
            disk_mended,
        })
    }

    /// Returns the nodes.
    pub const fn app_state(&self) -> &AppState {
        &self.app_state
    }

    /// Returns the address for neighbours.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the address of the HTTP listener, if there is one.
    pub const fn http(&self) -> Option<SocketAddr> {
        self.http
    }

    /// Returns the path of the control socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Returns the counters and gauges.
    pub const fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Returns the health of the process.
    pub const fn health(&self) -> &Health {
        &self.health
    }

    /// Dials a node's parent at once instead of waiting.
    pub fn hurry(&self, division: DivisionCode) {
        if let Some(hurry) = self.hurries.get(&division) {
            hurry.notify_one();
        }
    }

    /// Waits until the disk fails under the store, and then until it accepts writes again. In
    /// between, the nodes answer from durable data and accept nothing new. The caller then stops
    /// the nodes of this process and starts them again, which reopens and checks the store.
    pub fn ailing(&self) -> BoxFuture<'_, ()> {
        let mut mended = self.disk_mended.clone();
        Box::pin(async move {
            if mended.wait_for(|mended| *mended).await.is_err() {
                // The worker that looks at the disk has ended, as the process is about to.
                std::future::pending().await
            }
        })
    }

    /// Stops links and listeners, then closes the store. Queued envelopes stay queued.
    pub fn stop(self) -> BoxFuture<'static, ()> {
        Box::pin(self.end())
    }

    async fn end(self) {
        self.stop.cancel();
        for node in self.app_state.nodes.values() {
            node.office.feed().hush();
        }
        self.tasks.close();
        self.tasks.wait().await;
        let _removed = std::fs::remove_file(&self.socket);
        for (division, node) in self.app_state.nodes.iter() {
            if let Err(error) = node.office.clock().note_time().await {
                tracing::warn!(%division, %error, "could not record the time; the next start does not know when this run ended");
            }
            if let Err(error) = node.office.inbox().retire().await {
                tracing::warn!(%division, %error, "could not record the stop; the next start treats this run as crashed");
            }
        }
        drop(self.app_state);
        if let Err(error) = self.store.close().await {
            tracing::error!(%error, "the store did not close");
        }
    }
}

//! One process with its nodes.

mod descriptors;
mod node_builder;
mod resources;

use std::{
    collections::BTreeMap,
    fmt, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use config::Config;
use futures::{
    StreamExt, TryStreamExt,
    future::{BoxFuture, LocalBoxFuture},
    stream,
};
use identity::{IdentityError, KeyRefusal, Network, Surroundings};
use office::{Clock, OfficeError};
use outbound::post::Poster;
use peer::{
    link::{own::OwnLinks, pace::Pace},
    listen::{self, SniRouter},
};
use records::outbox::sender::Window;
use store::{MemoryDisk, OpenError, Store, files::FileError};
use telemetry::{Collector, Health, Metrics};
use tokio::sync::{Notify, Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use topology::{DivisionCode, Tree};
use web::state::{AppState, Rates};

use super::{
    WatchedClock,
    sign_in::{self, BadSecret},
    sweep::sweep,
};

pub use descriptors::TooFewDescriptors;
pub use resources::socket_path;

use descriptors::LinkCount;
use node_builder::NodeBuilder;
use resources::{bind, make_private, open_store};

/// At least this much may be unacknowledged on a link, so that the largest envelope fits.
const LEAST_WINDOW_BYTES: usize = 64 * 1024;

/// How often a store, or a disk that failed, is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often the clocks of matters are looked at; the shortest allowance is an hour.
const GLANCE: Duration = Duration::from_secs(5);

/// A disk with less room than this takes no writes: the log's steps, a checkpoint, and some more.
const PROBE_BYTES: usize = 2 << 20;

/// Nodes of one process that are opened at a time.
const OPENED_AT_ONCE: usize = 64;

/// Pictures that are decoded at a time; each may take some hundred megabytes for some seconds.
const PICTURES_AT_A_TIME: usize = 1;

/// What a process is to be.
#[derive(Clone)]
pub struct Plan {
    /// Its settings.
    pub config: Config,
    /// All divisions.
    pub tree: Arc<Tree>,
    /// A disk in memory instead of the store on disk, for simulation.
    pub memory: Option<MemoryDisk>,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Where TLS takes time and cryptography from.
    pub surroundings: Surroundings,
    /// Where its traces go, if they go anywhere.
    pub collector: Option<Collector>,
}

impl Plan {
    /// A plan with the machine's clock, watched, and the store on disk.
    pub fn new(config: Config, tree: Arc<Tree>) -> Self {
        Self {
            config,
            tree,
            memory: None,
            clock: Arc::new(WatchedClock::new()),
            surroundings: Surroundings::default(),
            collector: None,
        }
    }

    /// The divisions to host, each once.
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
    /// Not in the tree, or without a node.
    #[error("{0} has no node in the list of divisions; see `wujitong topology show {0}`")]
    NoSuchDivision(DivisionCode),
    /// The machine lets it open too little.
    #[error(transparent)]
    Descriptors(#[from] TooFewDescriptors),
    /// Keys or certificates are missing or wrong.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// The node's own signing key is not vouched for.
    #[error("the signing key of {0} does not hold: {1}; enrol it again")]
    Keys(DivisionCode, KeyRefusal),
    /// The store did not open.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// Files cannot be kept.
    #[error(transparent)]
    Files(#[from] FileError),
    /// An office did not open.
    #[error("the office of {0} did not open: {1}")]
    Office(DivisionCode, OfficeError),
    /// An address is taken or not allowed.
    #[error("cannot listen for {0} on {1}: {2}; change `{key}` or stop what uses it", key = .0.key())]
    Listen(Listener, String, io::Error),
    /// The control socket cannot be made.
    #[error("the control socket {} cannot be made: {cause}; {}", path.display(), identity::files::advice(.path, .cause))]
    Socket {
        /// Where.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// DNS is not set up.
    #[error("the resolver cannot be set up: {0}; set `parent` or `dns.servers`")]
    Resolver(String),
    /// The provider by whose word people sign in is not set up.
    #[error(transparent)]
    SignIn(#[from] BadSecret),
    /// A directory cannot be made.
    #[error("the directory {} cannot be used: {cause}; {}", path.display(), identity::files::advice(.path, .cause))]
    Directory {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
}

/// One of the addresses that a process listens at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listener {
    /// Where other nodes connect.
    Neighbours,
    /// Where people, health and metrics are served.
    Http,
}

impl Listener {
    /// The setting that says where.
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
    roster: AppState,
    address: SocketAddr,
    http: Option<SocketAddr>,
    socket: PathBuf,
    metrics: Metrics,
    health: Health,
    hurries: BTreeMap<DivisionCode, Arc<Notify>>,
    stop: CancellationToken,
    tasks: TaskTracker,
    store: Store,
    probe: PathBuf,
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
        let listener = bind(Listener::Neighbours, config.listen).await?;
        let address = listener.local_addr().map_err(|error| {
            StartError::Listen(Listener::Neighbours, config.listen.to_string(), error)
        })?;
        let links: usize = divisions
            .iter()
            .map(|code| plan.tree.children(*code).len() + 1)
            .sum();
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
            poster: Arc::new(Poster::new(
                config.hooks.allow.clone(),
                config.hooks.roots.clone(),
                plan.surroundings.clone(),
            )),
            own: OwnLinks::default(),
            pace: Arc::new(Pace::default()),
            allotment,
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            decoding: Arc::new(Semaphore::new(PICTURES_AT_A_TIME)),
        };
        // Ends what was begun if this fails, or nobody waits for it any more.
        let unfinished = node_builder.stop.clone().drop_guard();
        let opened = node_builder.stop.child_token();
        let http_listener = node_builder.open_http(opened.clone()).await?;
        let http = http_listener
            .as_ref()
            .and_then(|listener| listener.local_addr().ok());
        // Each waits for the disk at its start; many that wait together share one sync.
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
        let roster = AppState {
            network: Arc::clone(&node_builder.network),
            tree: Arc::clone(&plan.tree),
            nodes: Arc::new(nodes),
            started_ms: plan.clock.now().0,
            rates: Rates {
                address_per_s: config.limits.requests_per_address_s,
                caller_per_s: config.limits.requests_per_caller_s,
                logins_per_min: config.limits.logins_per_address_min,
            },
            sign_in,
            collector: plan.collector.clone(),
        };
        let socket = socket_path(&config.data);
        opened.cancel();
        node_builder
            .serve_people(&roster, &socket, http_listener)
            .await?;
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
        node_builder
            .tasks
            .spawn(listening.run(listener, node_builder.stop.clone()));
        // A link that never came up is one that is down, not one that is not there.
        for (division, parent) in divisions
            .iter()
            .filter_map(|d| Some((*d, plan.tree.parent(*d)?)))
        {
            health.link(division, parent, false);
            metrics.link(division, parent).up.set(0);
        }
        health.listener(true);
        node_builder
            .tasks
            .spawn(sweep(roster.clone(), node_builder.stop.clone()));
        let mut hurries = BTreeMap::new();
        for built in built {
            let division = built.identity.division();
            if let Some(hurry) = node_builder.run(built, &divisions)? {
                hurries.insert(division, hurry);
            }
        }
        node_builder.keep_time(&roster);
        unfinished.disarm();
        let NodeBuilder { tasks, stop, .. } = node_builder;
        Ok(Self {
            roster,
            address,
            http,
            socket,
            metrics,
            health,
            hurries,
            stop,
            tasks,
            store,
            probe: plan.config.data.join("probe"),
        })
    }

    /// The nodes.
    pub const fn roster(&self) -> &AppState {
        &self.roster
    }

    /// Where neighbours connect.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where health and metrics are served, if they are.
    pub const fn http(&self) -> Option<SocketAddr> {
        self.http
    }

    /// The control socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Counters and gauges.
    pub const fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Whether it is alive and ready.
    pub const fn health(&self) -> &Health {
        &self.health
    }

    /// Dials a node's parent at once instead of waiting.
    pub fn hurry(&self, division: DivisionCode) {
        if let Some(hurry) = self.hurries.get(&division) {
            hurry.notify_one();
        }
    }

    /// Waits until the disk fails under the store, and then until it takes writes again. Meanwhile
    /// the nodes answer from what is durable and take nothing new. Whoever waited stops this process's
    /// nodes and starts them anew, which opens the store again and checks it.
    pub fn ailing(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.watch_disk())
    }

    async fn watch_disk(&self) {
        let failure = loop {
            self.health.disk(self.store.trouble());
            let full = i64::from(self.store.is_full());
            self.metrics.store_full().set(full);
            if let Some(failure) = self.store.failure() {
                break failure;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        };
        tracing::error!(alarm = "store-failed", %failure,
            "nothing is acknowledged until the disk takes writes again");
        while let Err(error) = self.try_disk().await {
            tracing::warn!(%error, "the disk takes no writes yet");
            tokio::time::sleep(LOOK_EVERY).await;
        }
        tracing::warn!("the disk takes writes again");
    }

    /// Writes, syncs and removes a file as large as what a store may want at once.
    async fn try_disk(&self) -> io::Result<()> {
        let path = self.probe.clone();
        let tried = tokio::task::spawn_blocking(move || {
            let tried = std::fs::File::create(&path).and_then(|mut file| {
                io::Write::write_all(&mut file, &vec![1; PROBE_BYTES])?;
                file.sync_all()
            });
            tried.and(std::fs::remove_file(&path))
        });
        tried.await.map_err(io::Error::other)?
    }

    /// Ends links and listeners, then closes the store. What is queued stays queued.
    pub fn stop(self) -> BoxFuture<'static, ()> {
        Box::pin(self.end())
    }

    async fn end(self) {
        self.stop.cancel();
        for node in self.roster.nodes.values() {
            node.office.hush();
        }
        self.tasks.close();
        self.tasks.wait().await;
        let _removed = std::fs::remove_file(&self.socket);
        for (division, node) in self.roster.nodes.iter() {
            if let Err(error) = node.office.note_time().await {
                tracing::warn!(%division, %error, "the next start does not know when this run ended");
            }
            if let Err(error) = node.office.retire().await {
                tracing::warn!(%division, %error, "the next start will take this for a crash");
            }
        }
        drop(self.roster);
        if let Err(error) = self.store.close().await {
            tracing::error!(%error, "the store did not close");
        }
    }
}

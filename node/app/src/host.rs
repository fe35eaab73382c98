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

use api::LastBackup;
use config::Config;
use futures::{
    StreamExt, TryStreamExt,
    future::{BoxFuture, LocalBoxFuture},
    stream,
};
use identity::{IdentityError, KeyRefusal, Network, Surroundings};
use office::{Aborted, Clock, Entropy};
use outbound::oidc::SignIn;
use peer::{
    link::{Carriers, connect::TlsConnect},
    listen,
};
use store::{MemoryDisk, OpenError, Store, files::FileError};
use telemetry::{Collector, Health, Metrics};
use tokio::{
    net::TcpListener,
    sync::{Notify, watch},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use topology::{DivisionCode, Tree};
use web::{
    live::{Live, LiveSettings, Rates, Settings},
    state::{AppState, Entrance},
};

use super::{
    Chance, WatchedClock,
    renewal::Renewal,
    restored::NewLives,
    sign_in::{self, BadSecret},
};

pub use descriptors::TooFewDescriptors;
pub use resources::socket_path;

use descriptors::{Allotment, LinkCount};
use node_builder::{Built, NodeBuilder, Upward, parents_of};
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
    /// The configuration as the API shows it, and the way to whoever reads it anew.
    pub settings: Option<Settings>,
}

impl Plan {
    /// Returns a plan with the watched machine clock and the store on disk.
    pub fn new(config: Config, tree: Arc<Tree>) -> Self {
        let clock = Arc::new(WatchedClock::new());
        let watched = Arc::clone(&clock);
        let surroundings = Surroundings::default().timed_by(move || watched.tls_time().0);
        Self {
            config,
            tree,
            memory: None,
            carriers: None,
            clock,
            entropy: Arc::new(Chance),
            surroundings,
            collector: None,
            entrances: vec![],
            settings: None,
        }
    }

    /// Returns the divisions to host, each once.
    fn divisions(&self) -> Result<Vec<DivisionCode>, StartError> {
        hosted(&self.config, &self.tree)
    }
}

/// Returns the divisions that a process with this configuration hosts, each once and sorted.
///
/// # Errors
/// [`StartError::NoSuchDivision`].
pub fn hosted(config: &Config, tree: &Tree) -> Result<Vec<DivisionCode>, StartError> {
    let hosting = &config.hosting;
    let mut divisions = hosting.nodes.clone();
    if let Some(top) = hosting.subtree {
        if tree.get(top).is_none() {
            return Err(StartError::NoSuchDivision(top));
        }
        let excepted = |code| hosting.except.iter().any(|out| tree.contains(*out, code));
        divisions.extend(tree.nodes(top).filter(|code| !excepted(*code)));
    }
    divisions.sort_unstable();
    divisions.dedup();
    match divisions.iter().find(|code| !tree.has_node(**code)) {
        Some(code) => Err(StartError::NoSuchDivision(*code)),
        None => Ok(divisions),
    }
}

/// Returns the least number of file descriptors with which a process can host these divisions, which are sorted.
pub fn needed_descriptors(divisions: &[DivisionCode], tree: &Tree) -> usize {
    descriptors::least(LinkCount::of(divisions, tree))
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

/// How each node with a parent is told to dial it at once.
type Hurries = BTreeMap<DivisionCode, Arc<Notify>>;

/// A running process.
pub struct Host {
    app_state: AppState,
    address: SocketAddr,
    http: Option<SocketAddr>,
    socket: PathBuf,
    metrics: Metrics,
    health: Health,
    hurries: Hurries,
    parents: Vec<Arc<TlsConnect>>,
    surroundings: Surroundings,
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
        let allotment = allotted(&plan, &divisions)?;
        make_private(&config.data)?;
        let sign_in = open_sign_in(config, None, &plan.surroundings)?;
        let health = Health::default();
        let metrics = Metrics::default();
        let store = open_store(&plan)?;
        if let Some(collector) = &plan.collector {
            metrics.show_collector(collector);
        }
        watch_commits(&store, &metrics, &divisions);
        health.store(true);
        let network = Network::load(&config.data)?;
        let (listener, address) = bind_neighbours(&plan).await?;
        let seen = (metrics.clone(), health.clone());
        let edge = (address, allotment);
        let node_builder = NodeBuilder::of(&plan, &divisions, (network, store.clone()), edge, seen);
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
        begin_new_lives(&config.data, &built).await?;
        let (note_backup, backup) = watch::channel(None);
        let app_state = app_state(&node_builder, &built, (sign_in, backup));
        let socket = socket_path(&config.data);
        opened.cancel();
        node_builder
            .serve_people(&app_state, &socket, http_listener)
            .await?;
        if let Some(listener) = listener {
            listen(&node_builder, listener);
        }
        show_links_down(&node_builder, &divisions);
        health.listener(true);
        let disk_mended = node_builder.start_workers(&app_state, note_backup);
        let (hurries, parents) = run_all(&node_builder, built, (&divisions, &app_state))?;
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
            parents,
            surroundings: plan.surroundings.clone(),
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

    /// Changes what of the configuration may change while the process runs, see [`config::Effect::Reload`]: other
    /// settings are not looked at. `telemetry.log` is not of the host.
    ///
    /// # Errors
    /// [`StartError`] if the secret of the sign-in provider cannot be used, or the resolver cannot be set up; nothing
    /// changes then.
    pub fn reload(&self, config: &Config) -> Result<(), StartError> {
        let before = self.app_state.sign_in();
        let sign_in = open_sign_in(config, before, &self.surroundings)?;
        let parents = self.parents.iter().map(|parent| {
            let named = parent.identity.name_of(parent.parent);
            Ok((parent, parents_of(config, named)?))
        });
        let parents: Vec<_> = parents.collect::<Result<_, StartError>>()?;
        for (parent, found) in parents {
            parent.parents.set(found);
        }
        self.app_state.live.set(live_settings(config, sign_in));
        for hurry in self.hurries.values() {
            hurry.notify_one();
        }
        Ok(())
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

/// Divides the file descriptors that the process may have.
fn allotted(plan: &Plan, divisions: &[DivisionCode]) -> Result<Allotment, TooFewDescriptors> {
    let limits = &plan.config.limits;
    descriptors::allot(
        descriptors::raise(),
        LinkCount::of(divisions, &plan.tree),
        limits.connections_per_address.get(),
        limits.http_connections_per_address.get(),
    )
}

/// Begins new lives if the data directory was made of a backup, before any node speaks.
async fn begin_new_lives(data: &Path, built: &[Built]) -> Result<(), StartError> {
    let Some(lives) = NewLives::marked(data)? else {
        return Ok(());
    };
    for built in built {
        lives.begin(&built.node.office).await?;
    }
    lives.done(data)
}

/// Runs the nodes, and what renews their certificates. Returns how those with a parent are told to dial at once.
fn run_all(
    builder: &NodeBuilder<'_>,
    built: Vec<Built>,
    (divisions, app_state): (&[DivisionCode], &AppState),
) -> Result<(Hurries, Vec<Arc<TlsConnect>>), StartError> {
    let (mut hurries, mut parents) = (BTreeMap::new(), BTreeMap::new());
    for built in built {
        let division = built.identity.division();
        if let Some(Upward { hurry, renew }) = builder.run(built, divisions)? {
            hurries.insert(division, hurry);
            parents.extend(renew.map(|renew| (division, renew)));
        }
    }
    let outside = parents.values().filter(|parent| parent.own.is_none());
    let outside: Vec<_> = outside.map(Arc::clone).collect();
    if builder.plan.carriers.is_none() {
        builder
            .workers
            .start(Renewal::new(&app_state.nodes, parents));
    }
    Ok((hurries, outside))
}

/// Counts the commits of each division, and the time that they take.
fn watch_commits(store: &Store, metrics: &Metrics, divisions: &[DivisionCode]) {
    let counted = divisions.iter().map(|d| (*d, metrics.division(*d).commits));
    let counted: BTreeMap<_, _> = counted.collect();
    let seconds = metrics.commit_seconds();
    store.watch_commits(move |division, took| {
        seconds.observe(took.as_secs_f64());
        if let Some(commits) = counted.get(&division) {
            commits.inc();
        }
    });
}

/// Binds the listener for neighbours, unless links are carried in memory. Returns it with the address.
async fn bind_neighbours(plan: &Plan) -> Result<(Option<TcpListener>, SocketAddr), StartError> {
    let config = &plan.config;
    let listener = match &plan.carriers {
        Some(_) => None,
        None => Some(bind(Listener::Neighbours, config.listen).await?),
    };
    let bound = listener.as_ref().map(TcpListener::local_addr).transpose();
    let address = bound.map_err(|error| {
        StartError::Listen(Listener::Neighbours, config.listen.to_string(), error)
    })?;
    Ok((listener, address.unwrap_or(config.listen)))
}

/// Returns what all interfaces for people share.
fn app_state(
    builder: &NodeBuilder<'_>,
    built: &[Built],
    (sign_in, backup): (Option<Arc<SignIn>>, watch::Receiver<Option<LastBackup>>),
) -> AppState {
    let (plan, config) = (builder.plan, &builder.plan.config);
    let nodes = built
        .iter()
        .map(|b| (b.identity.division(), b.node.clone()))
        .collect();
    AppState {
        network: Arc::clone(&builder.network),
        tree: Arc::clone(&plan.tree),
        nodes: Arc::new(nodes),
        started_ms: plan.clock.now().0,
        live: Live::new(
            live_settings(config, sign_in),
            built.iter().map(Built::division),
        ),
        settings: plan.settings.clone(),
        collector: plan.collector.clone(),
        backup,
        workers: builder.workers.clone(),
        entrances: plan.entrances.clone().into(),
    }
}

/// Returns the sign-in provider that a configuration has.
fn open_sign_in(
    config: &Config,
    before: Option<Arc<SignIn>>,
    surroundings: &Surroundings,
) -> Result<Option<Arc<SignIn>>, BadSecret> {
    let provider = config.oidc.as_ref();
    let opened = provider.map(|settings| sign_in::open(settings, before, surroundings));
    opened.transpose()
}

/// Returns what interfaces for people take from a configuration that may change while they run.
fn live_settings(config: &Config, sign_in: Option<Arc<SignIn>>) -> LiveSettings {
    let config::Http {
        hosts,
        proxies,
        origins,
        ..
    } = config.http.clone();
    LiveSettings {
        rates: Rates {
            address_per_s: config.limits.requests_per_address_s,
            caller_per_s: config.limits.requests_per_caller_s,
            logins_per_min: config.limits.logins_per_address_min,
            reports_per_min: config.limits.reports_per_address_min,
        },
        pages: Arc::new(config.pages.clone()),
        hosts,
        proxies,
        origins,
        sign_in,
    }
}

/// Takes connections of neighbours from now on.
fn listen(builder: &NodeBuilder<'_>, listener: TcpListener) {
    let (config, allotment) = (&builder.plan.config, builder.allotment);
    let listening = listen::Listener {
        sni_router: Arc::clone(&builder.sni_router),
        limits: listen::Limits {
            handshake: config.limits.handshake_timeout,
            half_open: allotment.half_open,
            open: allotment.open,
        },
        own: builder.own.clone(),
        metrics: builder.metrics.clone(),
        tasks: builder.tasks.clone(),
    };
    let listening = listening.run(listener, builder.stop.clone());
    builder.tasks.spawn(listening);
}

/// Shows every link as down, so that one that never comes up is not left out.
fn show_links_down(builder: &NodeBuilder<'_>, divisions: &[DivisionCode]) {
    let links = divisions
        .iter()
        .filter_map(|division| Some((*division, builder.plan.tree.parent(*division)?)));
    for (division, parent) in links {
        builder.health.link(division, parent, false);
        builder.metrics.link(division, parent).up.set(0);
    }
}

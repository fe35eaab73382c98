//! One process with its nodes.

mod ground;

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use config::Config;
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use topology::{DivisionCode, Tree};

use super::{Chance, OwnSeal, SystemClock, sign_in, sign_in::BadSecret, sweep::sweep};
use crate::{
    domain::ids::NetworkId,
    edge::{
        fetch::Fetches,
        grpc,
        hooks::Couriers,
        listen::{self, Doors, PeerStream},
        revoked,
        roster::{Node, Rates, Roster},
        session::{self, Links, Switchboard},
        verify::Verifier,
        web,
    },
    identity::{
        Identity, IdentityError, KeyRefusal, KeyRing, Network, SignedKeyStatement, Surroundings,
    },
    link::{
        Converse,
        dial::{self, Dialler},
        post::Poster,
        resolve::{self, Parents},
    },
    office::{Cabinet, Clock, Office, OfficeError, Supplies},
    outbox::sender::Window,
    store::{MemoryDisk, OpenError, Store, files::FileError},
    telemetry::{Health, Metrics},
};

pub use ground::socket_path;

use ground::{bind, loopback, make_private, open_store};

/// At least this much may be unacknowledged on a link, so that the largest envelope fits.
const LEAST_WINDOW_BYTES: usize = 64 * 1024;

/// How often a store, or a disk that failed, is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often the clocks of matters are looked at; the shortest allowance is an hour.
const GLANCE: Duration = Duration::from_secs(5);

/// A disk with less room than this takes no writes: the log's steps, a checkpoint, and some more.
const PROBE_BYTES: usize = 4 << 20;

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
}

impl Plan {
    /// A plan with the real clock and the store on disk.
    pub fn new(config: Config, tree: Arc<Tree>) -> Self {
        Self {
            config,
            tree,
            memory: None,
            clock: Arc::new(SystemClock),
            surroundings: Surroundings::default(),
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
    #[error("cannot listen on {0}: {1}; change `listen` or stop what uses it")]
    Listen(String, io::Error),
    /// DNS is not set up.
    #[error("the resolver cannot be set up: {0}; set `parent` or `dns.servers`")]
    Resolver(String),
    /// The provider by whose word people sign in is not set up.
    #[error(transparent)]
    SignIn(#[from] BadSecret),
    /// A directory cannot be made.
    #[error("the directory {path} cannot be used: {cause}")]
    Directory {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
}

/// A running process.
pub struct Host {
    roster: Roster,
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

/// What all nodes of one process share while they are built.
struct Workshop<'a> {
    plan: &'a Plan,
    network: Arc<Network>,
    keys: Arc<KeyRing>,
    store: Store,
    address: SocketAddr,
    doors: Arc<Doors>,
    window: Window,
    metrics: Metrics,
    health: Health,
    poster: Arc<Poster>,
    tasks: TaskTracker,
    stop: CancellationToken,
    decoding: Arc<Semaphore>,
}

/// A node that is built and not yet running.
struct Built {
    node: Node,
    identity: Arc<Identity>,
    board: Arc<Switchboard>,
    connections: mpsc::Receiver<PeerStream>,
}

impl Host {
    /// Starts everything: store, offices, listeners, then links.
    pub async fn start(plan: Plan) -> Result<Self, StartError> {
        let divisions = plan.divisions()?;
        let config = &plan.config;
        make_private(&config.data)?;
        let provider = config.oidc.as_ref();
        let sign_in = provider
            .map(|settings| sign_in::open(settings, &plan.surroundings))
            .transpose()?;
        let health = Health::default();
        let metrics = Metrics::default();
        let store = open_store(&plan)?;
        health.store(true);
        let network = Network::load(&config.data)?;
        let listener = bind(config.listen).await?;
        let address = listener
            .local_addr()
            .map_err(|error| StartError::Listen(config.listen.to_string(), error))?;
        let links: usize = divisions
            .iter()
            .map(|code| plan.tree.children(*code).len() + 1)
            .sum();
        let workshop = Workshop {
            plan: &plan,
            keys: Arc::new(network.key_ring()),
            network,
            store: store.clone(),
            address,
            doors: Arc::new(Doors::default()),
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
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            decoding: Arc::new(Semaphore::new(PICTURES_AT_A_TIME)),
        };
        let mut built = Vec::with_capacity(divisions.len());
        for division in &divisions {
            built.push(workshop.build(*division).await?);
        }
        for built in &built {
            workshop.recall_revocations(&built.node).await?;
        }
        let nodes = built
            .iter()
            .map(|b| (b.identity.division(), b.node.clone()))
            .collect();
        let roster = Roster {
            network: Arc::clone(&workshop.network),
            tree: Arc::clone(&plan.tree),
            nodes: Arc::new(nodes),
            started_ms: plan.clock.now().0,
            rates: Rates {
                address_per_s: config.limits.requests_per_address_s,
                caller_per_s: config.limits.requests_per_caller_s,
                logins_per_min: config.limits.logins_per_address_min,
            },
            sign_in,
        };
        let socket = socket_path(&config.data);
        let http = workshop
            .serve_people(&roster, &socket, &metrics, &health)
            .await?;
        workshop.tasks.spawn(listen::listen(
            listener,
            Arc::clone(&workshop.doors),
            listen::Limits {
                handshake: config.limits.handshake_timeout,
                per_address: config.limits.connections_per_address.get(),
            },
            metrics.clone(),
            workshop.tasks.clone(),
            workshop.stop.clone(),
        ));
        health.listener(true);
        workshop
            .tasks
            .spawn(sweep(roster.clone(), workshop.stop.clone()));
        let mut hurries = BTreeMap::new();
        for built in built {
            let division = built.identity.division();
            if let Some(hurry) = workshop.run(built, &divisions)? {
                hurries.insert(division, hurry);
            }
        }
        workshop.keep_time(&roster);
        let Workshop { tasks, stop, .. } = workshop;
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
    pub const fn roster(&self) -> &Roster {
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
    /// the nodes answer with errors and acknowledge nothing. Whoever waited stops this process's
    /// nodes and starts them anew, which opens the store again and checks it.
    pub async fn ailing(&self) {
        let failure = loop {
            if let Some(failure) = self.store.failure() {
                break failure;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        };
        self.health.store(false);
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
    pub async fn stop(self) {
        self.stop.cancel();
        for node in self.roster.nodes.values() {
            node.office.hush();
        }
        self.tasks.close();
        self.tasks.wait().await;
        let _removed = std::fs::remove_file(&self.socket);
        for (division, node) in self.roster.nodes.iter() {
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

impl Workshop<'_> {
    async fn build(&self, division: DivisionCode) -> Result<Built, StartError> {
        let Plan {
            config,
            tree,
            clock,
            surroundings,
            ..
        } = self.plan;
        let identity = Arc::new(Identity::open(
            &self.network,
            &config.data,
            division,
            tree,
            surroundings,
        )?);
        let supplies = Supplies {
            tree: Arc::clone(tree),
            store: self.store.clone(),
            clock: Arc::clone(clock),
            entropy: Arc::new(Chance),
            seals: Arc::new(OwnSeal::new(Arc::clone(identity.sealing()))),
            suite: identity.signer().suite(),
            metrics: self.metrics.division(division),
            cabinet: Cabinet::open(
                &config.data.join("store"),
                division,
                Arc::clone(&self.decoding),
            )?,
            reports: config.limits.reports,
            window: self.window.envelopes,
        };
        let opened = Office::open(division, supplies).await;
        let office = Arc::new(opened.map_err(|error| StartError::Office(division, error))?);
        self.recall_keys(&identity, &office).await?;
        let links = Arc::new(Links::default());
        let network = NetworkId(self.network.id);
        let fetches = Arc::new(Fetches::new(Arc::clone(&office)));
        let board = Arc::new(Switchboard {
            fetches: Arc::clone(&fetches),
            office: Arc::clone(&office),
            identity: Arc::clone(&identity),
            network,
            keys: Arc::clone(&self.keys),
            verifier: Verifier::new(division, Arc::clone(tree), network, Arc::clone(&self.keys)),
            terms: session::Terms {
                window: self.window,
                greeting_timeout: config.limits.handshake_timeout * 2,
                envelopes_per_second: config.limits.envelopes_per_s,
                figures_pace: config.links.figures_pace,
                tidings_pace: config.links.tidings_pace,
            },
            links: Arc::clone(&links),
            metrics: self.metrics.clone(),
            health: self.health.clone(),
            stop: self.stop.clone(),
        });
        let couriers = Arc::new(Couriers {
            office: Arc::clone(&office),
            network: self.network.id_hex(),
            poster: Arc::clone(&self.poster),
        });
        let connections = self.doors.open(Arc::clone(&identity));
        Ok(Built {
            node: Node {
                office,
                links,
                fetches,
                keys: Arc::clone(&self.keys),
                couriers,
                identity: Arc::clone(&identity),
            },
            identity,
            board,
            connections,
        })
    }

    /// The ring knows this node's own keys and those it was shown before.
    async fn recall_keys(&self, identity: &Identity, office: &Office) -> Result<(), StartError> {
        let tree = &self.plan.tree;
        let own = self.keys.admit(identity.key_chain(), tree);
        own.map_err(|refusal| StartError::Keys(identity.division(), refusal))?;
        let kept = office
            .kept_keys()
            .await
            .map_err(|error| StartError::Office(identity.division(), error))?;
        let mut statements: Vec<_> = kept
            .iter()
            .filter_map(|bytes| SignedKeyStatement::decode(bytes).ok())
            .collect();
        statements.sort_by_key(|signed| {
            signed
                .statement()
                .map_or(u8::MAX, |statement| statement.division.tier() as u8)
        });
        for statement in statements {
            if let Err(refusal) = self.keys.admit(std::slice::from_ref(&statement), tree) {
                tracing::warn!(%refusal, "a kept key statement does not hold any more");
            }
        }
        Ok(())
    }

    /// What was revoked before stays revoked. Asked when all nodes know their keys, since what was
    /// known before a revocation stays known.
    async fn recall_revocations(&self, node: &Node) -> Result<(), StartError> {
        let Node {
            office,
            links,
            keys,
            ..
        } = node;
        let revocations = office.revocations().await;
        let revocations = revocations.map_err(|error| StartError::Office(office.me(), error))?;
        for record in revocations {
            revoked::enforce(keys, links, &record.revocation);
        }
        Ok(())
    }

    async fn serve_people(
        &self,
        roster: &Roster,
        socket: &Path,
        metrics: &Metrics,
        health: &Health,
    ) -> Result<Option<SocketAddr>, StartError> {
        let listen_error = |error| StartError::Listen(socket.display().to_string(), error);
        let _left_over = std::fs::remove_file(socket);
        let control = tokio::net::UnixListener::bind(socket).map_err(listen_error)?;
        self.tasks.spawn(web::serve_socket(
            control,
            roster.clone(),
            self.stop.clone(),
        ));
        let Some(address) = self.plan.config.http.listen else {
            return Ok(None);
        };
        let listener = bind(address).await?;
        let bound = listener
            .local_addr()
            .map_err(|error| StartError::Listen(address.to_string(), error))?;
        let hosts = self.plan.config.http.hosts.clone();
        let router = crate::telemetry::http::router(metrics.clone(), health.clone())
            .merge(web::router(roster.clone()));
        self.tasks
            .spawn(web::serve_http(listener, router, hosts, self.stop.clone()));
        Ok(Some(bound))
    }

    /// Looks at the clocks of every node's matters, again and again.
    fn keep_time(&self, roster: &Roster) {
        let (roster, stop) = (roster.clone(), self.stop.clone());
        self.tasks.spawn(async move {
            loop {
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(GLANCE) => {}
                }
                for node in roster.nodes.values() {
                    if let Err(error) = node.office.tick().await {
                        tracing::error!(division = %node.office.me(), %error,
                            "the clocks of matters could not be looked at");
                    }
                }
            }
        });
    }

    /// Starts a node's edge and, below the root, its link upward.
    fn run(
        &self,
        built: Built,
        hosted: &[DivisionCode],
    ) -> Result<Option<Arc<Notify>>, StartError> {
        let Built {
            node,
            identity,
            board,
            connections,
        } = built;
        self.tasks.spawn(node.couriers.run(self.stop.clone()));
        let config = &self.plan.config;
        let converse: Arc<dyn Converse> = board;
        let name = identity.sni_name().to_owned();
        let limits = grpc::Limits {
            streams: config.limits.streams_per_connection,
            frame_bytes: config.limits.frame_bytes,
            keep_alive: config.links.keep_alive,
        };
        let served = grpc::serve(
            name,
            connections,
            Arc::clone(&converse),
            limits,
            self.tasks.clone(),
            self.stop.clone(),
        );
        self.tasks.spawn(async move {
            if let Err(error) = served.await {
                tracing::error!(%error, "the edge of a node ended");
            }
        });
        let Some(parent) = self.plan.tree.parent(identity.division()) else {
            return Ok(None);
        };
        let parents = if hosted.binary_search(&parent).is_ok() {
            Parents::Configured(vec![loopback(self.address).to_string()])
        } else if !config.parent.is_empty() {
            Parents::Configured(config.parent.iter().map(ToString::to_string).collect())
        } else {
            let resolver = resolve::resolver(&config.dns.servers).map_err(StartError::Resolver)?;
            Parents::Discovered(Box::new(resolver), identity.name_of(parent))
        };
        let hurry = Arc::new(Notify::new());
        let dialler = Dialler {
            identity,
            parent,
            parents,
            terms: dial::Terms {
                connect_timeout: config.limits.handshake_timeout,
                keep_alive: config.links.keep_alive,
                frame_bytes: config.limits.frame_bytes,
                backoff_least: config.links.backoff_min,
                backoff_most: config.links.backoff_max,
            },
            converse,
            hurry: Arc::clone(&hurry),
        };
        self.tasks
            .spawn(dialler.run(self.stop.clone().cancelled_owned()));
        Ok(Some(hurry))
    }
}

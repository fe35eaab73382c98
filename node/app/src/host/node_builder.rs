//! Builds the nodes of a process, each inside-out, and starts their background work.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use api::LastBackup;
use axum::Router;
use config::Config;
use domain::{ids::NetworkId, readmission::Consent};
use identity::{Identity, KeyRing, Network, SignedKeyStatement};
use office::{Dependencies, FileArea, Office, blocking};
use outbound::{
    http_client::{HttpClient, Policy},
    webhooks::WebhookDispatcher,
};
use peer::{
    fetch::Fetches,
    grpc,
    join::JoinService,
    keys,
    link::{
        Converse,
        connect::{ConnectConfig, TlsConnect},
        dial::{self, Dialler},
        own::OwnLinks,
        pace::Pace,
        resolve::{self, CurrentParents, Parents},
        uplink::Uplink,
    },
    listen::{PeerStream, SniRouter},
    renewal::Renewals,
    session::{self, Links, SessionContext},
    verify::Verifier,
};
use records::outbox::sender::Window;
use store::{Checkpoint, Store};
use telemetry::{Health, Metrics};
use tokio::{
    net::TcpListener,
    sync::{Notify, Semaphore, mpsc, watch},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use topology::DivisionCode;
use web::state::{AppState, Node};
use workers::{About, DueTimer, Workers};

use super::{
    LEAST_WINDOW_BYTES, Listener, PICTURES_AT_A_TIME, Plan, StartError,
    descriptors::{self, Allotment},
    resources::{bind, loopback},
};
use crate::{
    OwnLogKeys, OwnSeal, causes,
    certificates::Certificates,
    due::{Clocks, Timer},
    health::SubtreeHealth,
    last_backup::Backups,
    probes::{CollectorProbe, Disk},
    sweep::Sweep,
};

/// Protocols served beside the API.
const BESIDE: [web::Beside; 2] = [open311::BESIDE, console::BESIDE];

/// What all nodes of one process share while they are built.
pub(super) struct NodeBuilder<'a> {
    pub(super) plan: &'a Plan,
    pub(super) network: Arc<Network>,
    pub(super) keys: Arc<KeyRing>,
    pub(super) hosted: Arc<[DivisionCode]>,
    pub(super) store: Store,
    pub(super) address: SocketAddr,
    pub(super) sni_router: Arc<SniRouter>,
    pub(super) window: Window,
    pub(super) metrics: Metrics,
    pub(super) health: Health,
    pub(super) webhook_client: Arc<HttpClient>,
    pub(super) own: OwnLinks,
    pub(super) pace: Arc<Pace>,
    pub(super) allotment: Allotment,
    pub(super) tasks: TaskTracker,
    pub(super) stop: CancellationToken,
    pub(super) workers: Workers,
    pub(super) due: DueTimer,
    pub(super) decoding: Arc<Semaphore>,
}

/// How a running node reaches its parent.
pub(super) struct Upward {
    /// Rung to dial at once.
    pub(super) hurry: Arc<Notify>,
    /// What asks for its next certificates; `None` where links are carried in memory.
    pub(super) renew: Option<Arc<TlsConnect>>,
}

/// A node that is built and not yet running.
pub(super) struct Built {
    pub(super) node: Node,
    pub(super) identity: Arc<Identity>,
    pub(super) board: Arc<SessionContext>,
    pub(super) connections: mpsc::Receiver<PeerStream>,
}

impl Built {
    pub(super) fn division(&self) -> DivisionCode {
        self.identity.division()
    }
}

impl<'a> NodeBuilder<'a> {
    /// Returns what the nodes of a process share, before any is built.
    pub(super) fn of(
        plan: &'a Plan,
        divisions: &[DivisionCode],
        (network, store): (Arc<Network>, Store),
        (address, allotment): (SocketAddr, Allotment),
        (metrics, health): (Metrics, Health),
    ) -> Self {
        let config = &plan.config;
        let links: usize = divisions
            .iter()
            .map(|code| plan.tree.children(*code).len() + 1)
            .sum();
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let clock = Arc::clone(&plan.clock);
        let now = move || clock.now();
        let workers = Workers::new(now, metrics.clone(), tasks.clone(), stop.clone());
        Self {
            plan,
            keys: Arc::new(network.key_ring()),
            hosted: divisions.into(),
            network,
            store,
            address,
            sni_router: Arc::new(SniRouter::default()),
            window: Window {
                envelopes: config.limits.window as usize,
                bytes: (config.limits.memory_bytes / links.max(1)).max(LEAST_WINDOW_BYTES),
            },
            metrics,
            health,
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
        }
    }
}

impl NodeBuilder<'_> {
    pub(super) async fn build(&self, division: DivisionCode) -> Result<Built, StartError> {
        let Plan {
            config,
            tree,
            surroundings,
            ..
        } = self.plan;
        let (network, data) = (Arc::clone(&self.network), config.data.clone());
        let (divisions, around) = (Arc::clone(tree), surroundings.clone());
        // Reading files and keys takes most of the time to open a node, so it runs on blocking
        // threads in parallel.
        let opened =
            blocking(move || Identity::open(&network, &data, division, &divisions, &around));
        let identity = Arc::new(opened.await?);
        let supplies = self.dependencies(&identity)?;
        let opened = Office::open(division, supplies).await;
        let office = Arc::new(opened.map_err(|error| StartError::Office(division, error))?);
        self.recall_keys(&identity, &office).await?;
        let links = Arc::new(Links::default());
        let fetches = Arc::new(Fetches::new(Arc::clone(&office)));
        let board = Arc::new(self.session_context((&office, &identity), &links, &fetches));
        let dispatcher = Arc::new(WebhookDispatcher {
            office: Arc::clone(&office),
            network: self.network.id_hex(),
            client: Arc::clone(&self.webhook_client),
        });
        let connections = self.sni_router.open(Arc::clone(&identity));
        if identity.can_issue() {
            let parts = (&office, &identity, &self.keys);
            let consent = Consent {
                days: config.links.readmit_days,
            };
            let joins = JoinService::new(parts, consent, self.tasks.clone());
            self.sni_router.open_joins(Arc::new(joins));
        }
        Ok(Built {
            node: Node {
                office,
                links,
                fetches,
                keys: Arc::clone(&self.keys),
                dispatcher,
                identity: Arc::clone(&identity),
                month: Arc::default(),
                hosted: Arc::clone(&self.hosted),
            },
            identity,
            board,
            connections,
        })
    }

    /// What an office needs of its process.
    fn dependencies(&self, identity: &Arc<Identity>) -> Result<Dependencies, StartError> {
        let Plan { config, tree, .. } = self.plan;
        let division = identity.division();
        Ok(Dependencies {
            tree: Arc::clone(tree),
            store: self.store.clone(),
            clock: Arc::clone(&self.plan.clock),
            entropy: Arc::clone(&self.plan.entropy),
            seals: Arc::new(OwnSeal::of(identity)),
            log_keys: Arc::new(OwnLogKeys::of(identity)),
            network: NetworkId(self.network.id),
            suite: identity.signer().suite(),
            metrics: self.metrics.division(division),
            file_area: FileArea::open(
                &config.data.join("store"),
                division,
                Arc::clone(&self.decoding),
            )?,
            reports: config.limits.reports,
            window: self.window.envelopes,
            due: self.due.clone(),
        })
    }

    /// What the sessions of a node share.
    fn session_context(
        &self,
        (office, identity): (&Arc<Office>, &Arc<Identity>),
        links: &Arc<Links>,
        fetches: &Arc<Fetches>,
    ) -> SessionContext {
        let Plan { config, tree, .. } = self.plan;
        let (network, keys) = (NetworkId(self.network.id), Arc::clone(&self.keys));
        SessionContext {
            fetches: Arc::clone(fetches),
            office: Arc::clone(office),
            identity: Arc::clone(identity),
            network,
            keys: Arc::clone(&keys),
            verifier: Verifier::new(office.me(), Arc::clone(tree), network, keys),
            terms: session::SessionConfig {
                window: self.window,
                greeting_timeout: config.limits.handshake_timeout * 2,
                envelopes_per_second: config.limits.envelopes_per_s,
                figures_pace: config.links.figures_pace,
                watermark_pace: config.links.watermark_pace,
                answer: config.links.answer,
            },
            links: Arc::clone(links),
            metrics: self.metrics.clone(),
            health: self.health.clone(),
            stop: self.stop.clone(),
        }
    }

    /// Adds to the key ring the node's own keys and those it received earlier.
    async fn recall_keys(&self, identity: &Identity, office: &Office) -> Result<(), StartError> {
        let tree = &self.plan.tree;
        for signed in identity.key_chain().iter().rev() {
            match self.keys.admit(std::slice::from_ref(signed), tree) {
                Ok(()) => {}
                // The node works alone until its key is countersigned.
                Err(refusal) if refusal.was_stated() => {
                    tracing::warn!(division = %identity.division(), %refusal,
                        "a key does not count yet");
                }
                Err(refusal) => return Err(StartError::Keys(identity.division(), refusal)),
            }
        }
        // Keys in files come first: keys received from others are vouched for by keys of the node's
        // children, and a key that is in a file is not stored a second time.
        let mut own = identity.key_chain().to_vec();
        let stated = identity::stated_by(&self.plan.config.data, identity.division())?;
        own.extend(stated);
        let own = keys::of_files(office, &self.keys, &own);
        let kept = office
            .templates()
            .kept_keys()
            .await
            .map_err(|error| StartError::Office(identity.division(), error.into()))?;
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
        let noted = keys::note(office, identity, &self.keys, own).await;
        noted.map_err(|error| StartError::Office(identity.division(), error))
    }

    /// Applies stored revocations. All nodes must know their keys before, because a key that was
    /// known before its revocation stays known.
    pub(super) async fn recall_revocations(&self, node: &Node) -> Result<(), StartError> {
        let Node {
            office,
            links,
            keys,
            ..
        } = node;
        let revocations = office.keys().revocations().await;
        let revocations =
            revocations.map_err(|error| StartError::Office(office.me(), error.into()))?;
        for record in revocations {
            links.enforce(&record.revocation, keys);
        }
        Ok(())
    }

    fn watch(&self) -> Router {
        telemetry::http::router(self.metrics.clone(), self.health.clone())
    }

    /// Binds the HTTP listener and serves health and metrics there until `opened`.
    pub(super) async fn open_http(
        &self,
        divisions: &[DivisionCode],
        opened: CancellationToken,
    ) -> Result<Option<TcpListener>, StartError> {
        let config = &self.plan.config.http;
        let Some(address) = config.listen else {
            return Ok(None);
        };
        let listener = bind(Listener::Http, address).await?;
        let failed = |error| StartError::Listen(Listener::Http, address.to_string(), error);
        let whole = listener.into_std().map_err(failed)?;
        let meanwhile = whole.try_clone().map_err(failed)?;
        let meanwhile = TcpListener::from_std(meanwhile).map_err(failed)?;
        let (watch, mut hosts) = (self.watch(), config.hosts.clone());
        let pages = &self.plan.config.pages;
        hosts.extend(divisions.iter().flat_map(|division| pages.names(*division)));
        let watchers = descriptors::WATCHERS;
        self.tasks.spawn(web::serve_opening(
            meanwhile, watch, watchers, hosts, opened,
        ));
        TcpListener::from_std(whole).map(Some).map_err(failed)
    }

    pub(super) async fn serve_people(
        &self,
        app_state: &AppState,
        socket: &Path,
        http: Option<TcpListener>,
    ) -> Result<(), StartError> {
        let socket_error = |cause| StartError::Socket {
            path: socket.to_owned(),
            cause,
        };
        let _left_over = std::fs::remove_file(socket);
        let control = tokio::net::UnixListener::bind(socket).map_err(socket_error)?;
        self.tasks.spawn(web::serve_socket(
            control,
            app_state.clone(),
            &BESIDE,
            descriptors::CONTROL,
            self.stop.clone(),
        ));
        let Some(listener) = http else {
            return Ok(());
        };
        let http = web::Http {
            state: app_state.clone(),
            beside: &BESIDE,
            bounds: self.allotment.http,
            watch: self.watch(),
            watchers: descriptors::WATCHERS,
        };
        self.tasks.spawn(http.serve(listener, self.stop.clone()));
        Ok(())
    }

    /// Bytes the other end of a link may send before they are read: its part of the memory for links, so
    /// far as a long way needs it. 4 MiB are a second of 32 Mbit/s.
    fn unread(&self) -> u32 {
        self.window.bytes.clamp(1 << 20, 4 << 20) as u32
    }

    /// Returns how long the other end of a link may be silent before it is pinged. This is short
    /// enough to know that it is alive when an answer is awaited. A link inside the process cannot
    /// die unnoticed.
    fn ping(&self, inside: bool) -> Duration {
        let links = &self.plan.config.links;
        match inside {
            true => links.keep_alive,
            false => links.keep_alive.min(links.answer / 2),
        }
    }

    /// Starts what the process does by itself besides its nodes. Returns what turns true once the disk failed and
    /// takes writes again.
    pub(super) fn start_workers(
        &self,
        app_state: &AppState,
        note_backup: watch::Sender<Option<LastBackup>>,
    ) -> watch::Receiver<bool> {
        let workers = &self.workers;
        let probe = self.plan.config.data.join("probe");
        let disk = Disk::new(&self.store, probe, &self.health, &self.metrics);
        let mended = disk.mended();
        workers.start(disk);
        if let Some(collector) = self.plan.collector.clone() {
            workers.start(CollectorProbe(collector));
        }
        workers.start(Timer::new(&self.due, &self.plan.clock));
        workers.start(Sweep::new(&app_state.nodes));
        workers.start(Certificates::new(&app_state.nodes));
        workers.start(SubtreeHealth::new(&app_state.nodes, &app_state.tree));
        let data = &self.plan.config.data;
        workers.start(Backups::new(data, &self.metrics, note_backup));
        let row = workers.list_other(About::process("checkpoints"));
        self.store
            .watch_checkpoints(move |checkpoint| match checkpoint {
                Checkpoint::Begins => row.begins(),
                Checkpoint::Done => row.succeeded(),
                Checkpoint::Failed(cause) => row.failed(&causes::checkpoint_fails(cause)),
            });
        mended
    }

    /// Starts a node's listener for neighbours and, below the root, its link to the parent.
    pub(super) fn run(
        &self,
        built: Built,
        hosted: &[DivisionCode],
    ) -> Result<Option<Upward>, StartError> {
        let Built {
            node,
            identity,
            board,
            connections,
        } = built;
        self.workers.start(Clocks::new(&node.office, &self.due));
        node.dispatcher.start(&self.workers);
        let config = &self.plan.config;
        let converse: Arc<dyn Converse> = board;
        match &self.plan.carriers {
            Some(carriers) => {
                let taken = carriers.listen(
                    Arc::clone(&identity),
                    Arc::clone(&converse),
                    self.stop.clone(),
                );
                self.tasks.spawn(taken);
            }
            None => {
                let renewals = Renewals::new(
                    Arc::clone(&node.office),
                    Arc::clone(&identity),
                    Arc::clone(&self.keys),
                );
                let serves = (Arc::clone(&converse), Some(Arc::new(renewals)));
                self.serve_neighbours(&identity, connections, serves, hosted);
            }
        }
        let Some(parent) = self.plan.tree.parent(identity.division()) else {
            return Ok(None);
        };
        let inside = hosted.binary_search(&parent).is_ok();
        let division = identity.division();
        let (connect, renew): (Box<dyn dial::Connect>, _) = match &self.plan.carriers {
            Some(carriers) => (carriers.connect(identity, parent), None),
            None => {
                let connect = Arc::new(self.connect(identity, parent, inside)?);
                (Box::new(Arc::clone(&connect)), Some(connect))
            }
        };
        let hurry = Arc::new(Notify::new());
        let entropy = Arc::clone(&self.plan.entropy);
        let dialler = Dialler {
            division,
            parent,
            connect,
            terms: dial::DialConfig {
                backoff_least: config.links.backoff_min,
                backoff_most: config.links.backoff_max,
            },
            inside,
            pace: Arc::clone(&self.pace),
            chance: Box::new(move || fraction(entropy.bytes())),
            converse,
            hurry: Arc::clone(&hurry),
        };
        self.workers.start(Uplink::new(dialler));
        Ok(Some(Upward { hurry, renew }))
    }

    /// Serves the connections of a node's children.
    fn serve_neighbours(
        &self,
        identity: &Identity,
        connections: mpsc::Receiver<PeerStream>,
        serves: (Arc<dyn Converse>, Option<Arc<Renewals>>),
        hosted: &[DivisionCode],
    ) {
        let config = &self.plan.config;
        let name = identity.sni_name().to_owned();
        let tree = &self.plan.tree;
        let mut children = tree.children(identity.division());
        let elsewhere = children.any(|child| hosted.binary_search(&child).is_err());
        let limits = grpc::Limits {
            unread: self.unread(),
            ping: self.ping(!elsewhere),
            streams: config.limits.streams_per_connection,
            frame_bytes: config.limits.frame_bytes,
            keep_alive: config.links.keep_alive,
        };
        let served = grpc::serve(
            name,
            connections,
            serves,
            limits,
            self.tasks.clone(),
            self.stop.clone(),
        );
        self.tasks.spawn(async move {
            if let Err(error) = served.await {
                tracing::error!(%error, "the listener of a node ended");
            }
        });
    }

    /// Builds what connects a node to its parent over TLS.
    fn connect(
        &self,
        identity: Arc<Identity>,
        parent: DivisionCode,
        inside: bool,
    ) -> Result<TlsConnect, StartError> {
        let config = &self.plan.config;
        let parents = if inside {
            Parents::Configured(vec![loopback(self.address).to_string()])
        } else {
            parents_of(config, identity.name_of(parent))?
        };
        Ok(TlsConnect {
            identity,
            parent,
            parents: CurrentParents::of(parents),
            terms: ConnectConfig {
                unread: self.unread(),
                ping: self.ping(inside),
                connect_timeout: config.limits.handshake_timeout,
                keep_alive: config.links.keep_alive,
                frame_bytes: config.limits.frame_bytes,
            },
            own: inside.then(|| self.own.clone()),
        })
    }
}

/// Returns where the parent with this name is, by a configuration.
pub(super) fn parents_of(config: &Config, name: String) -> Result<Parents, StartError> {
    if config.parent.is_empty() {
        let resolver = resolve::resolver(&config.dns.servers).map_err(StartError::Resolver)?;
        return Ok(Parents::Discovered(Box::new(resolver), name));
    }
    let named = config.parent.iter().map(ToString::to_string);
    Ok(Parents::Configured(named.collect()))
}

/// Returns a number from 0 to 1, drawn from random bytes.
fn fraction(bytes: [u8; 16]) -> f64 {
    let (drawn, _) = bytes
        .split_first_chunk()
        .expect("sixteen bytes begin with four");
    f64::from(u32::from_le_bytes(*drawn)) / f64::from(u32::MAX)
}

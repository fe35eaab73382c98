//! Building the nodes of a process, each inside-out, and starting what they do by themselves.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use axum::Router;
use domain::ids::NetworkId;
use identity::{Identity, KeyRing, Network, SignedKeyStatement};
use office::{Dependencies, FileArea, Office};
use outbound::{post::Poster, webhooks::WebhookDispatcher};
use peer::{
    fetch::Fetches,
    grpc, keys,
    link::{
        Converse,
        dial::{self, Dialler},
        own::OwnLinks,
        pace::Pace,
        resolve::{self, Parents},
    },
    listen::{PeerStream, SniRouter},
    revoked,
    session::{self, Links, SessionContext},
    verify::Verifier,
};
use records::outbox::sender::Window;
use store::Store;
use telemetry::{Health, Metrics};
use tokio::{
    net::TcpListener,
    sync::{Notify, Semaphore, mpsc},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use topology::DivisionCode;
use web::state::{AppState, Node};

use super::{
    GLANCE, Listener, Plan, StartError,
    descriptors::{self, Allotment},
    resources::{bind, loopback},
};
use crate::{Chance, OwnSeal};

/// What is served beside the API.
const BESIDE: [web::Beside; 1] = [open311::BESIDE];

/// Figures of children are looked at every so many glances at the clocks.
const FIGURES_EVERY: u32 = 12;

/// What all nodes of one process share while they are built.
pub(super) struct NodeBuilder<'a> {
    pub(super) plan: &'a Plan,
    pub(super) network: Arc<Network>,
    pub(super) keys: Arc<KeyRing>,
    pub(super) store: Store,
    pub(super) address: SocketAddr,
    pub(super) sni_router: Arc<SniRouter>,
    pub(super) window: Window,
    pub(super) metrics: Metrics,
    pub(super) health: Health,
    pub(super) poster: Arc<Poster>,
    pub(super) own: OwnLinks,
    pub(super) pace: Arc<Pace>,
    pub(super) allotment: Allotment,
    pub(super) tasks: TaskTracker,
    pub(super) stop: CancellationToken,
    pub(super) decoding: Arc<Semaphore>,
}

/// A node that is built and not yet running.
pub(super) struct Built {
    pub(super) node: Node,
    pub(super) identity: Arc<Identity>,
    pub(super) board: Arc<SessionContext>,
    pub(super) connections: mpsc::Receiver<PeerStream>,
}

impl NodeBuilder<'_> {
    pub(super) async fn build(&self, division: DivisionCode) -> Result<Built, StartError> {
        let Plan {
            config,
            tree,
            clock,
            surroundings,
            ..
        } = self.plan;
        let (network, data) = (Arc::clone(&self.network), config.data.clone());
        let (divisions, around) = (Arc::clone(tree), surroundings.clone());
        // Reading files and keys takes most of the time in which a node opens; processors share it.
        let opened = tokio::task::spawn_blocking(move || {
            Identity::open(&network, &data, division, &divisions, &around)
        });
        let identity = opened.await.expect("opening an identity does not panic")?;
        let identity = Arc::new(identity);
        let supplies = Dependencies {
            tree: Arc::clone(tree),
            store: self.store.clone(),
            clock: Arc::clone(clock),
            entropy: Arc::new(Chance),
            seals: Arc::new(OwnSeal::new(Arc::clone(identity.sealing()))),
            suite: identity.signer().suite(),
            metrics: self.metrics.division(division),
            file_area: FileArea::open(
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
        let board = Arc::new(SessionContext {
            fetches: Arc::clone(&fetches),
            office: Arc::clone(&office),
            identity: Arc::clone(&identity),
            network,
            keys: Arc::clone(&self.keys),
            verifier: Verifier::new(division, Arc::clone(tree), network, Arc::clone(&self.keys)),
            terms: session::SessionConfig {
                window: self.window,
                greeting_timeout: config.limits.handshake_timeout * 2,
                envelopes_per_second: config.limits.envelopes_per_s,
                figures_pace: config.links.figures_pace,
                tidings_pace: config.links.tidings_pace,
                answer: config.links.answer,
            },
            links: Arc::clone(&links),
            metrics: self.metrics.clone(),
            health: self.health.clone(),
            stop: self.stop.clone(),
        });
        let couriers = Arc::new(WebhookDispatcher {
            office: Arc::clone(&office),
            network: self.network.id_hex(),
            poster: Arc::clone(&self.poster),
        });
        let connections = self.sni_router.open(Arc::clone(&identity));
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
        for signed in identity.key_chain().iter().rev() {
            match self.keys.admit(std::slice::from_ref(signed), tree) {
                Ok(()) => {}
                // It works alone until somebody has countersigned.
                Err(refusal) if refusal.was_stated() => {
                    tracing::warn!(division = %identity.division(), %refusal,
                        "a key does not count yet");
                }
                Err(refusal) => return Err(StartError::Keys(identity.division(), refusal)),
            }
        }
        // Those in files come first: what was heard of others is vouched for with keys of one's own children,
        // and a key that files state is not kept a second time.
        let mut own = identity.key_chain().to_vec();
        let stated = identity::stated_by(&self.plan.config.data, identity.division())?;
        own.extend(stated);
        let own = keys::of_files(office, &self.keys, &own);
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
        let noted = keys::note(office, identity, &self.keys, own).await;
        noted.map_err(|error| StartError::Office(identity.division(), error))
    }

    /// What was revoked before stays revoked. Asked when all nodes know their keys, since what was
    /// known before a revocation stays known.
    pub(super) async fn recall_revocations(&self, node: &Node) -> Result<(), StartError> {
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

    fn watch(&self) -> Router {
        telemetry::http::router(self.metrics.clone(), self.health.clone())
    }

    /// Binds the HTTP listener and serves health and metrics there until `opened`.
    pub(super) async fn open_http(
        &self,
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
        let (watch, hosts) = (self.watch(), config.hosts.clone());
        let watchers = descriptors::WATCHERS;
        self.tasks.spawn(web::serve_opening(
            meanwhile, watch, watchers, hosts, opened,
        ));
        TcpListener::from_std(whole).map(Some).map_err(failed)
    }

    pub(super) async fn serve_people(
        &self,
        roster: &AppState,
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
            roster.clone(),
            &BESIDE,
            descriptors::CONTROL,
            self.stop.clone(),
        ));
        let Some(listener) = http else {
            return Ok(());
        };
        let http = web::Http {
            state: roster.clone(),
            beside: &BESIDE,
            bounds: self.allotment.http,
            watch: self.watch(),
            watchers: descriptors::WATCHERS,
            settings: self.plan.config.http.clone(),
        };
        self.tasks.spawn(http.serve(listener, self.stop.clone()));
        Ok(())
    }

    /// Looks at the clocks of every node's matters, again and again.
    pub(super) fn keep_time(&self, roster: &AppState) {
        let (roster, stop) = (roster.clone(), self.stop.clone());
        self.tasks.spawn(async move {
            for glance in 0u32.. {
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(GLANCE) => {}
                }
                for node in roster.nodes.values() {
                    if let Err(error) = node.office.watch_clock().await {
                        tracing::error!(division = %node.office.me(), %error,
                            "the clock of the machine could not be looked at");
                    }
                    if let Err(error) = node.office.tend_lost().await {
                        tracing::error!(division = %node.office.me(), %error,
                            "what was lost or shown could not be gone on with");
                    }
                    if let Err(error) = node.office.tick().await {
                        tracing::error!(division = %node.office.me(), %error,
                            "the clocks of matters could not be looked at");
                    }
                    if !glance.is_multiple_of(FIGURES_EVERY) {
                        continue;
                    }
                    if let Err(error) = node.office.check_figures().await {
                        tracing::error!(division = %node.office.me(), %error,
                            "the figures of children could not be looked at");
                    }
                }
            }
        });
    }

    /// Bytes the other end of a link may send before they are read: its part of the memory for links, so
    /// far as a long way needs it. 4 MiB are a second of 32 Mbit/s.
    fn unread(&self) -> u32 {
        self.window.bytes.clamp(1 << 20, 4 << 20) as u32
    }

    /// How long the other end of a link may be silent before it is pinged: soon enough to be known alive
    /// when its answer is waited for. A link inside the process cannot die without a word.
    fn ping(&self, inside: bool) -> Duration {
        let links = &self.plan.config.links;
        match inside {
            true => links.keep_alive,
            false => links.keep_alive.min(links.answer / 2),
        }
    }

    /// Starts a node's edge and, below the root, its link upward.
    pub(super) fn run(
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
        let inside = hosted.binary_search(&parent).is_ok();
        let parents = if inside {
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
            terms: dial::DialConfig {
                unread: self.unread(),
                ping: self.ping(inside),
                connect_timeout: config.limits.handshake_timeout,
                keep_alive: config.links.keep_alive,
                frame_bytes: config.limits.frame_bytes,
                backoff_least: config.links.backoff_min,
                backoff_most: config.links.backoff_max,
            },
            own: inside.then(|| self.own.clone()),
            pace: Arc::clone(&self.pace),
            converse,
            hurry: Arc::clone(&hurry),
        };
        self.tasks
            .spawn(dialler.run(self.stop.clone().cancelled_owned()));
        Ok(Some(hurry))
    }
}

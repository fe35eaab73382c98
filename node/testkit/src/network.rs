//! Networks of running nodes.

mod homes;
mod power;

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use app::{Host, Plan, StartError, SystemClock};
use config::Config;
use domain::{
    ids::{Epoch, EpochId},
    suite::Suite,
};
use homes::{branches, enrol};
use identity::{Identity, Surroundings};
use office::{Clock, Office};
use rustls::time_provider::TimeProvider;
use store::{MemoryDisk, SledOptions, Store};
use telemetry::Collector;
use tempfile::TempDir;
use topology::{DivisionCode, Tree};
use web::state::Node;

use crate::{
    ZONE,
    audit::{Books, audit},
    code,
    detour::{Detour, Way},
    eventually,
    homes::copy_all,
    meddler::{Meddler, Mischief},
    port,
};

/// Options of a test network.
#[derive(Clone)]
pub struct Options {
    /// Algorithms of the network.
    pub suite: Suite,
    /// Divisions that are enrolled, with everything below them, in another suite.
    pub suites: BTreeMap<DivisionCode, Suite>,
    /// Source of the time.
    pub clock: Arc<dyn Clock>,
    /// The clock by which certificates are judged; the machine's unless it is given.
    pub certificates: Option<Arc<dyn TimeProvider>>,
    /// Clocks of single processes, by their topmost division.
    pub clocks: BTreeMap<DivisionCode, Arc<dyn Clock>>,
    /// Stores in memory instead of on disk, by the topmost division of each process.
    pub disks: BTreeMap<DivisionCode, MemoryDisk>,
    /// Meddlers between these children and their parents.
    pub meddlers: BTreeMap<DivisionCode, Mischief>,
    /// Slow ways between these children and their parents.
    pub detours: BTreeMap<DivisionCode, Way>,
    /// Name servers for finding parents, which are then not configured.
    pub name_servers: Vec<SocketAddr>,
    /// The trace collector.
    pub collector: Option<Collector>,
    /// Changes to each configuration.
    pub adjust: fn(&mut Config),
}

impl Default for Options {
    fn default() -> Self {
        Self {
            suite: Suite::Ed25519Blake3,
            suites: BTreeMap::new(),
            clock: Arc::new(SystemClock),
            certificates: None,
            clocks: BTreeMap::new(),
            disks: BTreeMap::new(),
            meddlers: BTreeMap::new(),
            detours: BTreeMap::new(),
            name_servers: vec![],
            collector: None,
            adjust: |_| {},
        }
    }
}

/// One process of a test network.
struct Process {
    divisions: Vec<DivisionCode>,
    dir: PathBuf,
    host: Option<Host>,
    port: Option<u16>,
}

/// A network of processes, each with one or several nodes.
pub struct Network {
    /// All divisions.
    pub tree: Arc<Tree>,
    options: Options,
    processes: Vec<Process>,
    meddlers: BTreeMap<DivisionCode, Meddler>,
    detours: BTreeMap<DivisionCode, Detour>,
    epochs: BTreeMap<DivisionCode, Epoch>,
    dir: TempDir,
}

/// All methods panic if the network does not behave as expected.
impl Network {
    /// Starts one process for each division from the province down to each of these.
    pub async fn of(leaves: &[&str]) -> Self {
        Self::with(leaves, Options::default()).await
    }

    /// The same as [`Self::of`], with options.
    pub async fn with(leaves: &[&str], options: Options) -> Self {
        let mut network = Self::founded(leaves, options).await;
        network.start_all().await;
        network
    }

    /// The same as [`Self::with`], but starts nothing.
    pub async fn founded(leaves: &[&str], options: Options) -> Self {
        let tree = Tree::zhejiang();
        let divisions = branches(&tree, leaves);
        let groups = divisions.into_iter().map(|one| vec![one]).collect();
        Self::found(tree, groups, options).await
    }

    /// Starts all divisions from the province down to each of these in one process.
    pub async fn hosted(leaves: &[&str], options: Options) -> Self {
        let tree = Tree::zhejiang();
        let groups = vec![branches(&tree, leaves)];
        Self::start(tree, groups, options).await
    }

    /// Starts one process for each group of divisions. Parents must be in earlier groups, or
    /// earlier in the group.
    pub async fn start(tree: Arc<Tree>, groups: Vec<Vec<DivisionCode>>, options: Options) -> Self {
        let mut network = Self::found(tree, groups, options).await;
        network.start_all().await;
        network
    }

    async fn found(tree: Arc<Tree>, groups: Vec<Vec<DivisionCode>>, options: Options) -> Self {
        if let Ok(log) = std::env::var("WUJITONG_TEST_LOG") {
            let telemetry = config::Telemetry {
                log,
                ..config::Telemetry::default()
            };
            let _second_start_is_nothing = telemetry::Telemetry::start(&telemetry);
        }
        let dir = tempfile::tempdir().expect("a temporary directory");
        let mut homes: BTreeMap<DivisionCode, PathBuf> = BTreeMap::new();
        let mut processes = vec![];
        for divisions in groups {
            let home = dir.path().join(divisions[0].to_string());
            for division in &divisions {
                let above = tree
                    .parent(*division)
                    .map(|parent| homes[&parent].as_path());
                enrol(*division, &home, above, &tree, &options);
                homes.insert(*division, home.clone());
            }
            processes.push(Process {
                divisions,
                dir: home,
                host: None,
                port: None,
            });
        }
        let mut meddlers = BTreeMap::new();
        for (child, mischief) in &options.meddlers {
            let parent = tree.parent(*child).expect("a child has a parent");
            let load = |division| {
                let identity = Identity::load(&homes[&division], division, &tree);
                Arc::new(identity.expect("it is enrolled"))
            };
            let meddler = Meddler::between(load(*child), load(parent), *mischief).await;
            meddlers.insert(*child, meddler);
        }
        let mut detours = BTreeMap::new();
        for (child, way) in &options.detours {
            detours.insert(*child, Detour::open(*way).await);
        }
        Self {
            tree,
            options,
            processes,
            meddlers,
            detours,
            epochs: BTreeMap::new(),
            dir,
        }
    }

    async fn start_all(&mut self) {
        for index in 0..self.processes.len() {
            self.start_process(index).await;
        }
    }

    /// Returns the directory of the network's files.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Returns the data directory of the process that hosts a division.
    pub fn home(&self, division: &str) -> &Path {
        &self.processes[self.index(division)].dir
    }

    fn index(&self, division: &str) -> usize {
        let division = code(division);
        self.processes
            .iter()
            .position(|process| process.divisions.contains(&division))
            .expect("the network has this division")
    }

    async fn start_process(&mut self, index: usize) {
        let started = self.try_start(index).await;
        started.expect("the process starts");
    }

    async fn try_start(&mut self, index: usize) -> Result<(), StartError> {
        let process = &self.processes[index];
        let top = process.divisions[0];
        let config = self.settings(process);
        let mut surroundings = Surroundings::default();
        if let Some(clock) = &self.options.certificates {
            surroundings.clock = Arc::clone(clock);
        }
        let plan = Plan {
            surroundings,
            memory: self.options.disks.get(&top).cloned(),
            clock: Arc::clone(self.options.clocks.get(&top).unwrap_or(&self.options.clock)),
            collector: self.options.collector.clone(),
            ..Plan::new(config, Arc::clone(&self.tree))
        };
        let host = Host::start(plan).await?;
        for (child, meddler) in &self.meddlers {
            let parent = self.tree.parent(*child);
            if parent.is_some_and(|parent| process.divisions.contains(&parent)) {
                meddler.lead_to(host.address());
            }
        }
        for (child, detour) in &self.detours {
            let parent = self.tree.parent(*child);
            if parent.is_some_and(|parent| process.divisions.contains(&parent)) {
                detour.lead_to(host.address());
            }
        }
        let process = &mut self.processes[index];
        process.port = Some(host.address().port());
        process.host = Some(host);
        Ok(())
    }

    /// Returns the configuration of one process.
    fn settings(&self, process: &Process) -> Config {
        let top = process.divisions[0];
        let mut config = Config {
            data: process.dir.clone(),
            hosting: config::Hosting {
                nodes: process.divisions.clone(),
                ..Default::default()
            },
            listen: ([127, 0, 0, 1], process.port.unwrap_or_else(port::free)).into(),
            zone: ZONE.to_owned(),
            topology: None,
            outlines: config::Outlines::Sketch,
            parent: vec![],
            dns: config::Dns {
                servers: self.options.name_servers.clone(),
            },
            http: config::Http {
                listen: None,
                ..Default::default()
            },
            pages: config::Pages::default(),
            telemetry: config::Telemetry::default(),
            limits: config::Limits::default(),
            store: config::Store::default(),
            links: config::Links::default(),
            webhooks: config::Webhooks::default(),
            oidc: None,
        };
        config.links.backoff_min = Duration::from_millis(20);
        config.links.backoff_max = Duration::from_millis(200);
        config.links.figures_pace = Duration::from_millis(20);
        config.links.watermark_pace = Duration::from_millis(200);
        let meddled = self.meddlers.get(&top).map(Meddler::address);
        let detour = self.detours.get(&top).map(Detour::address);
        let parent = match meddled.or(detour) {
            Some(between) => Some(between),
            None => self.tree.parent(top).and_then(|parent| {
                let hosts = |process: &&Process| process.divisions.contains(&parent);
                let process = self.processes.iter().find(hosts)?;
                Some(([127, 0, 0, 1], process.port?).into())
            }),
        };
        if let Some(parent) = parent.filter(|_| self.options.name_servers.is_empty()) {
            config.parent = vec![parent.to_string().parse().expect("an address")];
        }
        (self.options.adjust)(&mut config);
        config
    }

    /// Returns the address for neighbours of a division's process, which must have run.
    pub fn address(&self, division: &str) -> SocketAddr {
        ([127, 0, 0, 1], self.port(division)).into()
    }

    /// Returns the port of [`Network::address`].
    pub fn port(&self, division: &str) -> u16 {
        self.processes[self.index(division)].port.expect("it ran")
    }

    /// Stops the process of a division; its links end, its queues stay on disk.
    pub async fn stop(&mut self, division: &str) {
        self.stop_process(self.index(division)).await;
    }

    async fn stop_process(&mut self, index: usize) {
        if let Some(host) = self.processes[index].host.take() {
            for (division, node) in host.app_state().nodes.iter() {
                if let Ok(epoch) = node.office.epoch().await {
                    self.epochs.insert(*division, epoch);
                }
            }
            host.stop().await;
        }
    }

    /// Returns the last known epoch of a stopped node; an invented one if it never ran.
    pub fn epoch(&self, division: DivisionCode) -> Epoch {
        let made_up = Epoch {
            order: 1,
            id: EpochId([0x77; 16]),
            predecessor: EpochId::default(),
        };
        self.epochs.get(&division).copied().unwrap_or(made_up)
    }

    /// Starts a process, at the same port if it ran before.
    pub async fn restart(&mut self, division: &str) {
        let index = self.index(division);
        self.start_process(index).await;
    }

    /// Stops every process and starts them all again; in between, `between` may change files.
    pub async fn restart_all(&mut self, between: impl AsyncFnOnce(&mut Self)) {
        for index in (0..self.processes.len()).rev() {
            self.stop_process(index).await;
        }
        between(self).await;
        self.start_all().await;
    }

    /// Stops everything.
    pub async fn shut_down(mut self) {
        for process in self.processes.iter_mut().rev() {
            if let Some(host) = process.host.take() {
                host.stop().await;
            }
        }
        for meddler in std::mem::take(&mut self.meddlers).into_values() {
            meddler.leave().await;
        }
        for detour in std::mem::take(&mut self.detours).into_values() {
            detour.close().await;
        }
    }

    /// Returns the running process of a division.
    pub fn host(&self, division: &str) -> &Host {
        let process = &self.processes[self.index(division)];
        process.host.as_ref().expect("it runs")
    }

    /// Returns a running node.
    pub fn node(&self, division: &str) -> Node {
        let node = self.host(division).app_state().node(code(division));
        node.expect("its process hosts it").clone()
    }

    /// Returns the office of a running node.
    pub fn office(&self, division: &str) -> Arc<Office> {
        self.node(division).office
    }

    /// Returns the offices of all running nodes.
    pub fn offices(&self) -> Vec<Arc<Office>> {
        self.nodes().into_values().map(|node| node.office).collect()
    }

    fn nodes(&self) -> BTreeMap<DivisionCode, Node> {
        let hosts = self.processes.iter().filter_map(|p| p.host.as_ref());
        hosts
            .flat_map(|host| host.app_state().nodes.iter())
            .map(|(division, node)| (*division, node.clone()))
            .collect()
    }

    /// Returns every division of the network.
    pub fn divisions(&self) -> Vec<DivisionCode> {
        let processes = self.processes.iter();
        processes.flat_map(|p| p.divisions.clone()).collect()
    }

    /// Returns the keys and certificates of a division.
    pub fn identity(&self, division: &str) -> Arc<Identity> {
        let identity = Identity::load(self.home(division), code(division), &self.tree);
        Arc::new(identity.expect("it is enrolled"))
    }

    /// Returns the meddler between a child and its parent.
    pub fn meddler(&self, child: &str) -> &Meddler {
        &self.meddlers[&code(child)]
    }

    /// Returns the slow way between a child and its parent.
    pub fn detour(&self, child: &str) -> &Detour {
        &self.detours[&code(child)]
    }

    /// Keeps the link between a child and its parent down until [`Network::mend`].
    pub async fn cut(&self, child: &str) {
        let parent = self.tree.parent(code(child)).expect("it has a parent");
        let links = self.node(child).links;
        links.close(parent);
        eventually("the link is down", || async { !links.is_up(parent) }).await;
    }

    /// Lets the link between a child and its parent come up again.
    pub fn mend(&self, child: &str) {
        let parent = self.tree.parent(code(child)).expect("it has a parent");
        self.node(child).links.open(parent);
        self.host(child).hurry(code(child));
    }

    /// Opens the store of a stopped process, to read or damage it.
    pub fn store(&self, division: &str) -> Store {
        let process = &self.processes[self.index(division)];
        assert!(process.host.is_none(), "it runs");
        let dir = process.dir.join("store");
        Store::open_sled(&dir, SledOptions::default()).expect("the store opens")
    }

    /// Copies the store of a stopped process.
    pub fn backup(&self, division: &str) -> TempDir {
        let process = &self.processes[self.index(division)];
        assert!(process.host.is_none(), "it runs");
        let copy = tempfile::tempdir().expect("a temporary directory");
        copy_all(&process.dir.join("store"), copy.path());
        copy
    }

    /// Replaces the store of a stopped process by a copy.
    pub fn put_back(&self, division: &str, copy: &TempDir) {
        let process = &self.processes[self.index(division)];
        assert!(process.host.is_none(), "it runs");
        let store = process.dir.join("store");
        fs::remove_dir_all(&store).expect("the store is removed");
        copy_all(copy.path(), &store);
    }

    /// Starts a second process with the identity of a division and a copy of its store.
    pub async fn twin_of(&self, division: &str, store: &TempDir) -> Twin {
        let process = &self.processes[self.index(division)];
        let dir = tempfile::tempdir().expect("a temporary directory");
        for entry in fs::read_dir(&process.dir).expect("a directory") {
            let entry = entry.expect("an entry");
            let (path, name) = (entry.path(), entry.file_name());
            if path.is_dir() && name != "store" {
                copy_all(&path, &dir.path().join(name));
            } else if path.is_file() {
                fs::copy(path, dir.path().join(name)).expect("a copy");
            }
        }
        copy_all(store.path(), &dir.path().join("store"));
        let mut config = self.settings(process);
        config.data = dir.path().to_owned();
        config.listen = ([127, 0, 0, 1], 0).into();
        let host = Host::start(Plan::new(config, Arc::clone(&self.tree))).await;
        Twin {
            host: host.expect("the twin starts"),
            division: code(division),
            _dir: dir,
        }
    }

    /// Waits until every link between running nodes is up.
    pub async fn linked(&self) {
        let nodes = self.nodes();
        for (division, node) in &nodes {
            let Some(parent) = self.tree.parent(*division) else {
                continue;
            };
            if let Some(above) = nodes.get(&parent) {
                eventually("a link is up", || async {
                    node.links.is_up(parent) && above.links.is_up(*division)
                })
                .await;
            }
        }
    }

    /// Waits until no queue has anything for a neighbour.
    pub async fn quiet(&self) {
        self.quiet_for(|_| true).await;
    }

    /// The same as [`Self::quiet`], but ignores queues for this division, which the test plays.
    pub async fn quiet_but_for(&self, division: &str) {
        self.quiet_for(|neighbour| neighbour != code(division))
            .await;
    }

    async fn quiet_for(&self, counts: impl Fn(DivisionCode) -> bool) {
        let mut before = None;
        let nodes = self.nodes();
        let (mut patience, mut least) = (tokio::time::Instant::now(), usize::MAX);
        loop {
            let (mut waiting, mut received) = (vec![], 0);
            for (division, node) in &nodes {
                let queues = node.office.inbox().queues();
                let queues = queues.into_iter().filter(|queue| counts(queue.neighbour));
                waiting.extend(queues.map(|queue| (*division, queue)));
                let states = node.links.states().into_iter();
                received += states.map(|(_, state)| state.received).sum::<u64>();
            }
            let idle = waiting.is_empty() && self.meddlers.values().all(Meddler::is_idle);
            if idle && before == Some(received) {
                return;
            }
            before = idle.then_some(received);
            // As long as it becomes less, a loaded machine is only slow.
            let segments = waiting.iter().map(|(_, queue)| queue.segments).sum();
            if segments < least {
                (patience, least) = (tokio::time::Instant::now(), segments);
            }
            let late = patience.elapsed() > Duration::from_secs(120);
            assert!(!late, "still waiting: {waiting:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Returns the books of every running node.
    pub async fn books(&self) -> Vec<Books> {
        let mut books = vec![];
        for node in self.nodes().into_values() {
            books.push(Books::of(&node.office).await);
        }
        books
    }

    /// Waits until everything is at rest, then audits all books: one holder for each matter,
    /// nothing done twice, every copy current, every figure equal to a count of the journals.
    pub async fn audited(&self) {
        self.quiet().await;
        let found = audit(&self.tree, &self.books().await, &[]);
        let lines: Vec<_> = found.iter().map(ToString::to_string).collect();
        assert!(found.is_empty(), "{}", lines.join("\n"));
    }
}

/// A second process that claims to be the same node.
pub struct Twin {
    host: Host,
    division: DivisionCode,
    _dir: TempDir,
}

impl Twin {
    /// Returns its office.
    ///
    /// # Panics
    /// Never: a twin hosts its node.
    pub fn office(&self) -> Arc<Office> {
        let node = self.host.app_state().node(self.division);
        Arc::clone(&node.expect("it hosts the node").office)
    }

    /// Stops the process.
    pub async fn stop(self) {
        self.host.stop().await;
    }
}

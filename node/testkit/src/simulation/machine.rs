//! One machine of a simulated network: a process with one node, a disk in memory and a clock.

use std::{collections::BTreeMap, fs, path::PathBuf, sync::Arc, time::Duration};

use app::{Host, Plan, StartError, WatchedClock};
use config::Config;
use office::Office;
use peer::session::Links;
use rand::RngExt;
use store::MemoryDisk;
use tempfile::TempDir;
use tokio::{task::JoinHandle, time::sleep};
use topology::{DivisionCode, Tree};

use super::{
    chance::{self, Ids, Wall},
    trace::Trace,
    wires::Wires,
};
use crate::{ZONE, code, homes};

/// Longest time a sync takes, in milliseconds.
const SYNC_MS: u64 = 4;

/// Data directories with the keys of every node, made once for many simulations in one thread.
pub struct Homes {
    pub(super) tree: Arc<Tree>,
    pub(super) divisions: Vec<DivisionCode>,
    homes: BTreeMap<DivisionCode, PathBuf>,
    _dir: TempDir,
}

impl Homes {
    /// Founds a network of these divisions; each stands after the one above it.
    ///
    /// # Panics
    /// If that is not so, or the disk does not take the keys.
    pub fn found(tree: &Arc<Tree>, divisions: &[&str]) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let divisions: Vec<_> = divisions.iter().map(|division| code(division)).collect();
        let now = chance::beginning();
        let mut made: BTreeMap<DivisionCode, PathBuf> = BTreeMap::new();
        for division in &divisions {
            let home = dir.path().join(division.to_string());
            let above = tree.parent(*division).map(|parent| &*made[&parent]);
            homes::make(&home, *division, above, tree, &homes::founding(), now);
            made.insert(*division, home);
        }
        Self {
            tree: Arc::clone(tree),
            divisions,
            homes: made,
            _dir: dir,
        }
    }

    /// Files that an earlier simulation left beside the keys.
    pub(super) fn clear(&self) {
        for home in self.homes.values() {
            let _was_not_there = fs::remove_dir_all(home.join("store"));
        }
    }
}

/// A machine and the life it is in.
pub(super) struct Machine {
    pub(super) division: DivisionCode,
    pub(super) disk: MemoryDisk,
    pub(super) wall: Arc<Wall>,
    home: PathBuf,
    seed: u64,
    lives: u64,
    running: Option<Running>,
}

struct Running {
    host: Host,
    writer: JoinHandle<()>,
}

impl Machine {
    pub(super) fn new(homes: &Homes, division: DivisionCode, seed: u64) -> Self {
        Self {
            division,
            disk: MemoryDisk::stepped(),
            wall: Arc::new(Wall::new()),
            home: homes.homes[&division].clone(),
            seed,
            lives: 0,
            running: None,
        }
    }

    pub(super) fn runs(&self) -> bool {
        self.running.is_some()
    }

    /// The node's office, if the machine runs.
    pub(super) fn office(&self) -> Option<Arc<Office>> {
        let running = self.running.as_ref()?;
        let node = running.host.app_state().node(self.division);
        node.map(|node| Arc::clone(&node.office))
    }

    /// The node's links, if the machine runs.
    pub(super) fn links(&self) -> Option<Arc<Links>> {
        let running = self.running.as_ref()?;
        let node = running.host.app_state().node(self.division);
        node.map(|node| Arc::clone(&node.links))
    }

    /// Starts the process.
    pub(super) async fn start(
        &mut self,
        tree: &Arc<Tree>,
        wires: &Wires,
        trace: &Trace,
    ) -> Result<(), StartError> {
        self.lives += 1;
        wires.light_up(self.division);
        let writer = tokio::spawn(write(
            self.disk.clone(),
            self.division,
            chance::source(
                self.seed,
                "disk",
                self.division.as_u64() + (self.lives << 48),
            ),
            wires.clone(),
        ));
        let wall = Arc::clone(&self.wall);
        let steady = {
            let wall = Arc::clone(&wall);
            move || wall.steady()
        };
        let plan = Plan {
            config: self.settings(),
            tree: Arc::clone(tree),
            memory: Some(self.disk.clone()),
            carriers: Some(Arc::new(wires.clone())),
            surroundings: chance::surroundings(&wall),
            clock: Arc::new(WatchedClock::over(wall, steady)),
            entropy: Arc::new(Ids::new(self.seed, self.division, self.lives)),
            collector: None,
            entrances: vec![],
            settings: None,
        };
        match Host::start(plan).await {
            Ok(host) => {
                trace.note(format_args!("{} runs", self.division));
                self.running = Some(Running { host, writer });
                Ok(())
            }
            Err(error) => {
                writer.abort();
                Err(error)
            }
        }
    }

    fn settings(&self) -> Config {
        let mut config = Config {
            data: self.home.clone(),
            hosting: config::Hosting {
                nodes: vec![self.division],
                ..Default::default()
            },
            listen: ([127, 0, 0, 1], 1).into(),
            zone: ZONE.to_owned(),
            topology: None,
            outlines: config::Outlines::Sketch,
            parent: vec![],
            dns: config::Dns { servers: vec![] },
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
        config.links.watermark_pace = Duration::from_secs(2);
        config
    }

    /// Ends the process as an operator does.
    pub(super) async fn stop(&mut self) {
        if let Some(Running { host, writer }) = self.running.take() {
            host.stop().await;
            writer.abort();
        }
    }

    /// Cuts the power. Of what was not synced `seed` says what survives: nothing, or as far as the
    /// disk had come.
    pub(super) async fn cut_power(&mut self, seed: u64, wires: &Wires) {
        wires.darken(self.division);
        if !self.disk.is_cut() && seed.is_multiple_of(2) {
            self.disk.cut_at_sync(self.disk.sync_count() + 1);
            self.disk.step();
        }
        let left = self.disk.power_cut(seed);
        // Whoever waits is told, as if it were gone, and so is whoever begins to write only while the process ends.
        let gone = self.disk.clone();
        let told = async {
            loop {
                gone.step();
                gone.has_work().await;
            }
        };
        tokio::select! {
            () = self.stop() => {}
            () = told => {}
        }
        self.disk = left;
    }
}

/// Writes to a disk what its store has waiting, again and again.
async fn write(
    disk: MemoryDisk,
    division: DivisionCode,
    mut chance: rand::rngs::StdRng,
    wires: Wires,
) {
    loop {
        disk.has_work().await;
        sleep(Duration::from_millis(chance.random_range(1..=SYNC_MS))).await;
        disk.step();
        if disk.is_cut() {
            wires.darken(division);
            return;
        }
    }
}

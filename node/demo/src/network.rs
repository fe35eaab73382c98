//! The network of the demo: one process with a node for every division of a branch.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use app::{Host, Plan, SystemClock};
use cli::Failure;
use config::Config;
use domain::{actor::Actor, ids::MatterId, suite::Suite, time::Timestamp};
use identity::{CertificateProfile, Founding, Identity};
use indicatif::ProgressBar;
use office::{Clock, Office};
use peer::session::Links;
use proof::ReceiptFile;
use rustls_pki_types::UnixTime;
use telemetry::Telemetry;
use tokio_util::sync::CancellationToken;

use super::{Progress, cut_short, people};

use ::topology::{DivisionCode, Outlines, Tier, Tree};

/// DNS zone of demo networks.
const ZONE: &str = "zj.example";

/// What is logged unless somebody asks for more: errors, without alarms, of which the story and the pages tell.
const QUIET: &str = "error,wujitong_office::alarms=off";

/// Time limit for every single wait of the demo.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// The divisions of the demo.
pub struct Branch {
    /// The list of divisions of its network: those of the branch alone.
    pub tree: Arc<Tree>,
    /// All hosted divisions, parents before children.
    pub divisions: Vec<DivisionCode>,
    /// Divisions of the lowest tier, in order.
    pub villages: Vec<DivisionCode>,
    /// The village where most of the story happens.
    pub(super) home: DivisionCode,
}

impl Branch {
    /// Returns the branch through `top`: everything above it, `top` itself, and everything below.
    /// The network of the demo has its own list of divisions with only this branch.
    ///
    /// # Errors
    /// [`Failure`] for a division that does not exist or has no node.
    pub fn of(top: DivisionCode, zhejiang: &Tree) -> Result<Self, Failure> {
        zhejiang.require(top)?;
        if !zhejiang.has_node(top) {
            return Err(Failure::NoNode(top));
        }
        let mut divisions: Vec<_> = zhejiang.ancestors(top).chain(zhejiang.nodes(top)).collect();
        divisions.sort_unstable();
        divisions.dedup();
        let villages: Vec<_> = divisions
            .iter()
            .copied()
            .filter(|code| code.tier() == Tier::Village)
            .collect();
        let zhangwang = "330825002222".parse().expect("a constant code");
        let home = match villages.binary_search(&zhangwang) {
            Ok(_) => zhangwang,
            Err(_) => *villages.first().ok_or_else(|| {
                Failure::Failed(format!(
                    "{top} has no village-tier unit; choose another branch"
                ))
            })?,
        };
        let rows = divisions.iter().filter_map(|code| zhejiang.get(*code));
        let mut directory = "code,name,kind\n".to_owned();
        for division in rows {
            let kind = division.kind.map(|kind| kind.code()).unwrap_or_default();
            directory += &format!("{},{},{kind}\n", division.code, division.name);
        }
        let tree =
            Tree::load(&directory).map_err(|errors| Failure::List("the branch".into(), errors))?;
        Ok(Self {
            tree: Arc::new(tree.with_outlines(Outlines::zhejiang())),
            divisions,
            villages,
            home,
        })
    }
}

/// The machine's clock, which the story puts forward to let a deadline pass.
#[derive(Default)]
struct DemoClock {
    forward_ms: AtomicI64,
}

impl Clock for DemoClock {
    fn now(&self) -> Timestamp {
        Timestamp(SystemClock.now().0 + self.forward_ms.load(Ordering::Relaxed))
    }
}

/// A running demo network.
pub struct Network {
    host: Host,
    data: PathBuf,
    clock: Arc<DemoClock>,
    telemetry: Telemetry,
}

/// Creates missing identities, starts the nodes and waits for their links.
///
/// # Errors
/// [`Failure`] if a node does not start, a link does not come up, or `stop` was asked for.
pub async fn form(
    branch: &Branch,
    data: &Path,
    progress: &Progress,
    stop: &CancellationToken,
) -> Result<Network, Failure> {
    let bar = progress.bar("keys and certificates 密钥与证书", branch.divisions.len());
    enrol_all(branch, data, &bar, stop).await?;
    bar.finish();
    let config = configuration(branch, data);
    let telemetry = Telemetry::start(&config.telemetry)?;
    let clock = Arc::new(DemoClock::default());
    let plan = Plan {
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        collector: telemetry.collector(),
        entrances: people::entrances(branch),
        ..Plan::new(config, Arc::clone(&branch.tree))
    };
    let host = tokio::select! {
        host = Host::start(plan) => host?,
        () = stop.cancelled() => return Err(cut_short()),
    };
    let network = Network {
        host,
        clock,
        data: data.to_owned(),
        telemetry,
    };
    let expected = branch.divisions.len() - 1;
    let bar = progress.bar("links up 链路", expected);
    let linked = tokio::select! {
        linked = network.linked(expected, &bar) => linked,
        () = stop.cancelled() => Err(cut_short()),
    };
    bar.finish();
    match linked {
        Ok(()) => Ok(network),
        Err(failure) => {
            network.stop().await;
            Err(failure)
        }
    }
}

/// Creates the identities that are missing, on a thread of its own.
async fn enrol_all(
    branch: &Branch,
    data: &Path,
    bar: &ProgressBar,
    stop: &CancellationToken,
) -> Result<(), Failure> {
    let (tree, divisions, dir) = (
        Arc::clone(&branch.tree),
        branch.divisions.clone(),
        data.to_owned(),
    );
    let enrolled = bar.clone();
    let stopped = stop.clone();
    let one_done = move || {
        enrolled.inc(1);
        !stopped.is_cancelled()
    };
    tokio::task::spawn_blocking(move || enrol(&tree, &divisions, &dir, one_done))
        .await
        .map_err(|error| Failure::Failed(format!("enrolment stopped: {error}")))?
}

/// Returns the configuration of the one process.
fn configuration(branch: &Branch, data: &Path) -> Config {
    Config {
        data: data.to_owned(),
        hosting: config::Hosting {
            nodes: branch.divisions.clone(),
            ..Default::default()
        },
        listen: ([127, 0, 0, 1], 0).into(),
        zone: ZONE.to_owned(),
        topology: None,
        outlines: config::Outlines::Sketch,
        parent: vec![],
        dns: config::Dns::default(),
        http: config::Http {
            listen: Some(([127, 0, 0, 1], 0).into()),
            ..Default::default()
        },
        pages: config::Pages::default(),
        telemetry: config::Telemetry {
            otlp: std::env::var("WUJITONG_TELEMETRY_OTLP").ok(),
            log: std::env::var("WUJITONG_TELEMETRY_LOG").unwrap_or_else(|_| QUIET.to_owned()),
            ..Default::default()
        },
        limits: config::Limits::default(),
        store: config::Store::default(),
        links: config::Links::default(),
        webhooks: config::Webhooks::default(),
        oidc: None,
    }
}

/// Enrols all divisions; those already enrolled get new certificates.
fn enrol(
    tree: &Tree,
    divisions: &[DivisionCode],
    dir: &Path,
    mut go_on: impl FnMut() -> bool,
) -> Result<(), Failure> {
    let terms = CertificateProfile::at(UnixTime::now());
    let founding = Founding {
        zone: ZONE.into(),
        demo: true,
        suite: Suite::Ed25519Blake3,
    };
    for division in divisions {
        if Identity::exists(dir, *division) {
            identity::renew(dir, *division, dir, tree, &terms)?;
        } else if tree.parent(*division).is_none() {
            identity::found_network(dir, tree, &founding, &terms)?;
        } else {
            identity::enrol(dir, &[*division], dir, tree, &terms)?;
        }
        if !go_on() {
            break;
        }
    }
    Ok(())
}

impl Network {
    /// Puts the clock of every node forward to this time, unless it is past.
    pub(super) fn put_forward(&self, to: Timestamp) {
        let by = to.0 - SystemClock.now().0;
        self.clock.forward_ms.fetch_max(by, Ordering::Relaxed);
    }

    /// Returns by how many milliseconds the clock was put forward.
    pub(super) fn forward_ms(&self) -> i64 {
        self.clock.forward_ms.load(Ordering::Relaxed)
    }

    /// Returns the office of a hosted division.
    ///
    /// # Panics
    /// If the branch does not have the division.
    pub fn office(&self, division: DivisionCode) -> Arc<Office> {
        let node = self.host.app_state().node(division);
        Arc::clone(&node.expect("the branch is hosted").office)
    }

    /// Returns a receipt of a matter, made by the node of a division.
    pub(super) async fn receipt(
        &self,
        division: DivisionCode,
        id: MatterId,
        by: Actor,
    ) -> Result<ReceiptFile, Failure> {
        let node = self.host.app_state().node(division);
        let node = node.expect("the branch is hosted");
        let words = node.office.matters().words(id, by).await;
        let words = words.map_err(|error| Failure::Failed(error.to_string()))?;
        let file = node.receipt(id, words).await;
        file.map_err(|error| Failure::Failed(error.to_string()))
    }

    /// Returns the links of a hosted division.
    ///
    /// # Panics
    /// If the branch does not have the division.
    pub fn links(&self, division: DivisionCode) -> Arc<Links> {
        let node = self.host.app_state().node(division);
        Arc::clone(&node.expect("the branch is hosted").links)
    }

    pub(super) fn offices(&self) -> impl Iterator<Item = &Arc<Office>> {
        self.host
            .app_state()
            .nodes
            .values()
            .map(|node| &node.office)
    }

    /// Returns the number of links to parents that are up.
    pub(super) fn links_up(&self) -> usize {
        let nodes = self.host.app_state().nodes.values();
        nodes
            .filter(|node| {
                node.office
                    .parent()
                    .is_some_and(|parent| node.links.is_up(parent))
            })
            .count()
    }

    /// Dials a node's parent at once.
    pub(super) fn hurry(&self, division: DivisionCode) {
        self.host.hurry(division);
    }

    pub(super) fn data(&self) -> &Path {
        &self.data
    }

    pub(super) fn socket(&self) -> &Path {
        self.host.socket()
    }

    pub(super) fn http(&self) -> Option<String> {
        self.host.http().map(|address| format!("http://{address}"))
    }

    /// Returns the address of the front page.
    pub(super) fn pages(&self) -> Option<String> {
        let address = self.host.http()?;
        Some(format!("http://localhost:{}/", address.port()))
    }

    pub(super) fn listen(&self) -> String {
        self.host.address().to_string()
    }

    /// Waits until this many links are up, as long as their number keeps growing.
    async fn linked(&self, expected: usize, bar: &ProgressBar) -> Result<(), Failure> {
        let (mut most, mut since) = (0, Instant::now());
        loop {
            let up = self.links_up();
            bar.set_position(up as u64);
            if up == expected {
                return Ok(());
            }
            if up > most {
                (most, since) = (up, Instant::now());
            }
            if since.elapsed() > PATIENCE {
                return Err(Failure::Failed(format!(
                    "{up} of {expected} links are up, and for {} s there was no more",
                    PATIENCE.as_secs()
                )));
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Waits until something holds, and returns how long that took.
    ///
    /// # Errors
    /// [`Failure`] if it does not hold within a minute.
    pub async fn until<F: Future<Output = bool>>(
        &self,
        what: &str,
        mut holds: impl FnMut() -> F,
    ) -> Result<Duration, Failure> {
        let started = Instant::now();
        while !holds().await {
            if started.elapsed() > PATIENCE {
                return Err(Failure::Failed(format!(
                    "waited {} s, and it is still not so that {what}",
                    PATIENCE.as_secs()
                )));
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(started.elapsed())
    }

    /// Stops all nodes.
    pub async fn stop(self) {
        self.host.stop().await;
        self.telemetry.shutdown().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_branch_has_the_map_of_zhejiang_so_that_places_are_checked() {
        let county = "330825".parse().unwrap();
        let branch = Branch::of(county, &Tree::zhejiang()).unwrap();
        let (drawn, outline) = branch.tree.outlines().of(branch.home).unwrap();
        assert_eq!(drawn, county);
        assert!(outline.holds(29.03, 119.17) && !outline.holds(31.2, 121.5));
    }
}

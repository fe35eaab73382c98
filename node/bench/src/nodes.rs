//! Five nodes of this program, set up with `wujitong init` and `wujitong run`, with all settings
//! but the addresses at their defaults. Only the two ends differ: the village's process also
//! reports matters, and the province's also tells how many it holds.

mod hold;
mod load;

pub(super) use hold::run as hold;
pub(super) use load::run as load;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use app::{Host, Plan};
use cli::{
    Failure,
    site::{configured_tree, read},
};
use serde::{Deserialize, Serialize};
use telemetry::Telemetry;

use super::{
    MIDDLE, PLACES,
    measure::Chain,
    process::{Deadline, Fault, Process, free_addresses},
};

/// A node at one end of the chain.
#[derive(Debug, clap::Args)]
pub(super) struct NodeArgs {
    /// Its data directory, with a configuration
    #[arg(long)]
    data: PathBuf,
    /// The socket through which the province tells the village how many matters it holds
    #[arg(long)]
    observer: PathBuf,
}

impl NodeArgs {
    /// Starts the node as `wujitong run --data` does.
    async fn start(&self) -> Result<(Host, Telemetry), Failure> {
        let raw = config::Raw::from_toml(&read(&self.data.join("node.toml"))?)?;
        let config = raw.check(&self.data)?;
        let telemetry = Telemetry::start(&config.telemetry)?;
        let tree = configured_tree(&config)?;
        Ok((Host::start(Plan::new(config, tree)).await?, telemetry))
    }
}

/// An order to the village's process, one JSON value per line. Each is answered by a [`Word`].
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum Order {
    /// Reports this many matters, each after the province holds the one before.
    One { count: u64, within: Duration },
    /// Reports this many matters as fast as they are answered.
    Send { count: u64, within: Duration },
    /// Waits until the province holds all matters.
    Arrived { within: Duration },
}

/// An answer of the village's process.
#[derive(Debug, Serialize, Deserialize)]
enum Word {
    /// Microseconds for each matter.
    Took(Vec<u64>),
    /// The order is done.
    Done,
    /// The order was not done in time; `held` of `of` matters are held.
    Late { held: u64, of: u64 },
}

pub(super) struct Nodes {
    program: PathBuf,
    dir: PathBuf,
    processes: Vec<Process>,
}

impl Nodes {
    /// Sets up the network and starts all nodes, the province first.
    pub(super) fn start(program: &Path, dir: &Path, deadline: Deadline) -> Result<Self, Fault> {
        let addresses = free_addresses(PLACES.len())?;
        for at in (0..PLACES.len()).rev() {
            init(program, dir, &addresses, at, deadline)?;
        }
        let mut processes = vec![];
        for at in (0..PLACES.len()).rev() {
            processes.push(start_node(program, dir, at, deadline)?);
        }
        processes.reverse();
        Ok(Self {
            program: program.to_owned(),
            dir: dir.to_owned(),
            processes,
        })
    }

    fn order(&mut self, order: Order, deadline: Deadline) -> Result<Word, Fault> {
        let village = &mut self.processes[0];
        village.say(&serde_json::to_string(&order).expect("an order is valid JSON"))?;
        let line = village.line("an answer", deadline.later(Duration::from_secs(5)))?;
        match serde_json::from_str(&line) {
            Ok(Word::Late { held, of }) => Err(Fault::Late(format!(
                "holding all {of} matters at the province ({held} are)"
            ))),
            Ok(word) => Ok(word),
            Err(_) => Err(Fault::Answer(village.name().to_owned(), line)),
        }
    }
}

impl Chain for Nodes {
    fn resident_mib(&self) -> Vec<Option<f64>> {
        self.processes.iter().map(Process::resident_mib).collect()
    }

    fn one_at_a_time(&mut self, count: u64, deadline: Deadline) -> Result<Vec<Duration>, Fault> {
        let within = deadline.left("reporting")?;
        match self.order(Order::One { count, within }, deadline)? {
            Word::Took(us) => Ok(us.into_iter().map(Duration::from_micros).collect()),
            other => Err(Fault::Answer(
                "the village".to_owned(),
                format!("{other:?}"),
            )),
        }
    }

    fn send(&mut self, count: u64, deadline: Deadline) -> Result<(), Fault> {
        let within = deadline.left("reporting")?;
        self.order(Order::Send { count, within }, deadline)
            .map(drop)
    }

    fn queued(&mut self, _: Deadline) -> Result<(), Fault> {
        // Every report was answered, so all are durable at the village, on their way to the
        // township.
        Ok(())
    }

    fn arrived(&mut self, deadline: Deadline) -> Result<(), Fault> {
        let within = deadline.left("holding all matters at the province")?;
        self.order(Order::Arrived { within }, deadline).map(drop)
    }

    fn cut(&mut self) {
        self.processes[MIDDLE].kill();
    }

    fn mend(&mut self, deadline: Deadline) -> Result<(), Fault> {
        self.processes[MIDDLE] = start_node(&self.program, &self.dir, MIDDLE, deadline)?;
        Ok(())
    }
}

/// Runs `wujitong init` for each division, enrolled by the one above.
pub(super) fn init(
    program: &Path,
    dir: &Path,
    addresses: &[SocketAddr],
    at: usize,
    deadline: Deadline,
) -> Result<(), Fault> {
    let place = &PLACES[at];
    let mut command = Command::new(program);
    command.args(["--json", "init", "--division", place.division]);
    command.args([
        "--listen",
        &addresses[at].to_string(),
        "--http",
        "127.0.0.1:0",
    ]);
    command.arg("--data").arg(dir.join(place.tier));
    match PLACES.get(at + 1) {
        Some(above) => command
            .args(["--parent", &addresses[at + 1].to_string()])
            .arg("--issuer")
            .arg(dir.join(above.tier)),
        None => command.args(["--zone", "bench.example"]),
    };
    let init = Process::start(&format!("init-{}", place.tier), &mut command, dir)?;
    init.line("making keys", deadline).map(drop)
}

fn start_node(program: &Path, dir: &Path, at: usize, deadline: Deadline) -> Result<Process, Fault> {
    let tier = PLACES[at].tier;
    let mut command = Command::new(program);
    match tier {
        "village" => command.args(["bench", "load"]),
        "province" => command.args(["bench", "hold"]),
        _ => command.arg("run"),
    };
    command.args(["--json", "--data"]).arg(dir.join(tier));
    if at == 0 || at + 1 == PLACES.len() {
        command.arg("--observer").arg(dir.join("observer"));
    }
    let node = Process::start(tier, &mut command, dir)?;
    node.line("starting", deadline)?;
    Ok(node)
}

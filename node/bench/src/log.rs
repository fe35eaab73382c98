//! Measures the public log: how fast it grows with the work of a node, proofs, bytes and memory, beside Go's library for
//! such trees.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use app::{Host, Plan};
use cli::{
    Failure, Output,
    site::{configured_tree, read},
    tables::table,
    wait,
};
use domain::ids::EpochId;
use log::{check_consistency, check_inclusion};
use office::Office;
use serde::{Deserialize, Serialize};

use super::{
    lists::{self, Filled},
    machine::Machine,
    measure::{Latency, percentile},
    process::resident_mib,
    progress,
    report::milliseconds,
    room,
};

/// The program in Go that does the same.
const GO: &str = include_str!("log/tlog.go");
/// Where Debian's packages put libraries of Go.
const GO_PATH: &str = "/usr/share/gocode";

/// Measures the public log of a node: growth, proofs, bytes and memory
///
/// Fills the store of a township with matters as `bench lists` does, until its log has about as many entries as --leaves
/// says: one for each matter, whose unit writes everything else about it, too. Then starts the node again and
/// makes and checks proofs of inclusion and of consistency, spread over the log. Beside it a program in Go's
/// checksum-database library builds a tree of as many entries in memory and proves as many, if Go and its package
/// (golang-go, golang-golang-x-mod-dev) are installed. Use a release build.
///
/// Examples:
///   wujitong bench log
///   wujitong bench log --leaves 100000 --proofs 500 --json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct LogArgs {
    /// Entries of the log
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = super::count())]
    leaves: u64,
    /// Proofs of each kind
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    proofs: u64,
    /// Directory for the store: a new directory is created in it and removed at the end [default:
    /// the system's directory for temporary files]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

#[derive(Debug, Serialize)]
struct Report {
    machine: Machine,
    /// Entries in the log.
    leaves: u64,
    /// Time for the matters of which these are the entries, with everything else that is written about them.
    fill_s: f64,
    leaves_per_s: f64,
    /// Making and checking a proof that an entry is in the log.
    inclusion_us: Latency,
    /// Making and checking a proof that the log begins with an earlier one.
    consistency_us: Latency,
    proofs_each: usize,
    /// Keys and records of the log: entries, hashes.
    log_bytes: u64,
    /// Files of the whole store, with all matters.
    store_bytes: u64,
    /// Memory of the process that made the proofs.
    rss_mib: Option<f64>,
    /// Go's library, everything in memory.
    go: Option<Go>,
    /// Why there is no figure of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    without_go: Option<String>,
}

/// What the program in Go measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Go {
    append_s: f64,
    /// For one proof.
    inclusion_s: f64,
    /// For one proof.
    consistency_s: f64,
}

/// What was measured of the proofs.
struct Proven {
    leaves: u64,
    inclusion: Vec<std::time::Duration>,
    consistency: Vec<std::time::Duration>,
    log_bytes: u64,
    rss_mib: Option<f64>,
}

impl LogArgs {
    pub(super) fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let (dir, machine) = room(self.data.as_deref())?;
        let program = super::program()?;
        let Filled { data, fill_s, .. } = lists::filled(&program, dir.path(), self.leaves)?;
        let spinner = progress();
        spinner.set_message("proving");
        let mut proven = None;
        wait(async {
            proven = Some(prove(&data, self.proofs).await?);
            Ok(())
        })?;
        let proven = proven.ok_or_else(|| Failure::Failed("nothing was proven".to_owned()))?;
        spinner.set_message("Go");
        let (go, without_go) = match go(dir.path(), proven.leaves, self.proofs) {
            Ok(go) => (Some(go), None),
            Err(why) => (None, Some(why)),
        };
        spinner.finish_and_clear();
        let latency = |mut took: Vec<_>| {
            took.sort_unstable();
            Latency {
                p50: percentile(&took, 50),
                p99: percentile(&took, 99),
            }
        };
        let report = Report {
            machine,
            leaves: proven.leaves,
            fill_s: rounded(fill_s),
            leaves_per_s: rounded(proven.leaves as f64 / fill_s),
            proofs_each: proven.inclusion.len(),
            inclusion_us: latency(proven.inclusion),
            consistency_us: latency(proven.consistency),
            log_bytes: proven.log_bytes,
            store_bytes: bytes_below(&data.join("store")),
            rss_mib: proven.rss_mib,
            go,
            without_go,
        };
        output.facts(&report, || report.for_people())
    }
}

fn rounded(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

/// Starts the node and makes proofs, spread evenly over the log.
async fn prove(data: &Path, proofs: u64) -> Result<Proven, Failure> {
    let raw = config::Raw::from_toml(&read(&data.join("node.toml"))?)?;
    let config = raw.check(data)?;
    let tree = configured_tree(&config)?;
    let host = Host::start(Plan::new(config, tree)).await?;
    let node = host.app_state().nodes.values().next();
    let office = &node.expect("init wrote one division").office;
    let failed = |error: &dyn std::fmt::Display| Failure::Failed(error.to_string());
    let epoch = office.epoch().await.map_err(|error| failed(&error))?.id;
    let head = office
        .log()
        .head(epoch)
        .await
        .map_err(|error| failed(&error))?;
    let step = usize::try_from(head.size / proofs + 1).unwrap_or(usize::MAX);
    let mut proven = Proven {
        leaves: head.size,
        inclusion: vec![],
        consistency: vec![],
        log_bytes: 0,
        rss_mib: None,
    };
    for at in (0..head.size).step_by(step) {
        let begun = Instant::now();
        include(office, epoch, at, (head.size, &head.root)).await?;
        proven.inclusion.push(begun.elapsed());
        let begun = Instant::now();
        go_on(office, epoch, (at + 1, head.size)).await?;
        proven.consistency.push(begun.elapsed());
    }
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    proven.rss_mib = resident_mib(&status);
    let bytes = office.log().bytes().await;
    proven.log_bytes = bytes.map_err(|error| failed(&error))?;
    host.stop().await;
    Ok(proven)
}

async fn include(
    office: &Office,
    epoch: EpochId,
    index: u64,
    head: (u64, &log::Hash),
) -> Result<(), Failure> {
    let made = office.log().inclusion(epoch, index, head.0).await;
    let (entry, proof) = made.map_err(|error| Failure::Failed(error.to_string()))?;
    check_inclusion(&entry, index, head, &proof).map_err(|why| Failure::Log(why.to_string()))
}

async fn go_on(office: &Office, epoch: EpochId, (old, new): (u64, u64)) -> Result<(), Failure> {
    let made = office.log().consistency(epoch, (old, new)).await;
    let ([from, to], proof) = made.map_err(|error| Failure::Failed(error.to_string()))?;
    let checked = check_consistency((old, &from), (new, &to), &proof);
    checked.map_err(|why| Failure::Log(why.to_string()))
}

/// Builds and runs the program in Go; says why if it cannot.
fn go(dir: &Path, leaves: u64, proofs: u64) -> Result<Go, String> {
    let (source, program) = (dir.join("tlog.go"), dir.join("tlog"));
    fs::write(&source, GO).map_err(|error| error.to_string())?;
    let mut build = Command::new("go");
    build.env("GO111MODULE", "off").env("GOFLAGS", "");
    build.env("GOPATH", GO_PATH).env("GOCACHE", dir.join("go"));
    build.arg("build").arg("-o").arg(&program).arg(&source);
    let built = build.output();
    let built = built.map_err(|error| format!("go cannot be run: {error}; install golang-go"))?;
    if !built.status.success() {
        let said = String::from_utf8_lossy(&built.stderr);
        let said = said.lines().last().unwrap_or_default();
        return Err(format!(
            "go build failed: {said}; install golang-golang-x-mod-dev"
        ));
    }
    let ran = Command::new(&program)
        .args([leaves.to_string(), proofs.to_string()])
        .output()
        .map_err(|error| error.to_string())?;
    match ran.status.success() {
        true => serde_json::from_slice(&ran.stdout).map_err(|error| error.to_string()),
        false => Err(String::from_utf8_lossy(&ran.stderr).into_owned()),
    }
}

/// Returns how many bytes the files below a directory have.
fn bytes_below(dir: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(dir) else {
        return 0;
    };
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(data) if data.is_dir() => bytes_below(&entry.path()),
        Ok(data) => data.len(),
        Err(_) => 0,
    });
    sizes.sum()
}

impl Report {
    fn for_people(&self) -> String {
        let mut text = format!(
            "{}; {} entries, filled in {} s ({} a second, each with the matter it is about)\n\n",
            self.machine, self.leaves, self.fill_s, self.leaves_per_s
        );
        let of_go = |time: fn(&Go) -> f64| match &self.go {
            Some(go) => milliseconds((time(go) * 1e6) as u64),
            None => "-".to_owned(),
        };
        let row = |what: &str, own: &Latency, go: String| {
            [
                what.to_owned(),
                milliseconds(own.p50),
                milliseconds(own.p99),
                go,
            ]
        };
        text += &table(
            ["proof, made and checked", "#p50", "#p99", "#Go in memory"],
            [
                row("inclusion", &self.inclusion_us, of_go(|go| go.inclusion_s)),
                row(
                    "consistency",
                    &self.consistency_us,
                    of_go(|go| go.consistency_s),
                ),
            ],
        );
        text += &format!(
            "\nthe log has {:.1} MB, the store {:.1} MB; {:.0} MiB of memory while proving\n",
            self.log_bytes as f64 / 1e6,
            self.store_bytes as f64 / 1e6,
            self.rss_mib.unwrap_or_default()
        );
        match (&self.go, &self.without_go) {
            (Some(go), _) => {
                text += &format!("Go appends as many in {:.1} s, in memory\n", go.append_s)
            }
            (None, Some(why)) => text += &format!("no figure of Go: {why}\n"),
            (None, None) => {}
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_go_prints_is_read() {
        let text = r#"{"append_s":1.5,"consistency_s":0.00002,"inclusion_s":0.00001}"#;
        let go: Go = serde_json::from_str(text).unwrap();
        assert_eq!(go.append_s, 1.5);
    }

    #[test]
    fn a_directory_has_the_bytes_of_all_files_below_it() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("a")).unwrap();
        fs::write(dir.path().join("a/b"), [0; 700]).unwrap();
        fs::write(dir.path().join("c"), [0; 30]).unwrap();
        assert_eq!(bytes_below(dir.path()), 730);
        assert_eq!(bytes_below(&dir.path().join("none")), 0);
    }
}

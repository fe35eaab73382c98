//! `wujitong bench`

mod connection;
mod lists;
mod log;
mod machine;
mod measure;
mod nats;
mod nodes;
mod pages;
mod process;
mod raw;
mod report;
mod template;
mod township;
mod web;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use cli::{Failure, Output, Run, wait};
use indicatif::{ProgressBar, ProgressStyle};

use self::{
    machine::Machine,
    measure::{Chain, Counts, Course},
    nats::Nats,
    nodes::Nodes,
    process::{Deadline, Fault},
    raw::Raw,
    report::Report,
};

/// Bytes of a record, which is the text of a matter.
const RECORD_BYTES: usize = 1024;
/// Time limit for the start of a chain.
const START: Duration = Duration::from_secs(60);

/// Measures the performance of this machine
///
/// Examples:
///   wujitong bench chain
///   wujitong bench chain --matters 50000 --nats /usr/local/bin/nats-server --json
///   wujitong bench web
///   wujitong bench lists --matters 1000000
///   wujitong bench pages
///   wujitong bench template
///   wujitong bench log --leaves 1000000
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Bench {
    #[command(subcommand)]
    command: BenchCommand,
}

#[derive(Debug, clap::Subcommand)]
enum BenchCommand {
    Chain(ChainArgs),
    Web(web::WebArgs),
    Lists(lists::ListsArgs),
    Pages(pages::PagesArgs),
    Template(template::TemplateArgs),
    Log(log::LogArgs),
    /// One process of the raw chain
    #[command(hide = true)]
    RawHop(raw::HopArgs),
    /// The village of the chain, which reports matters on command
    #[command(hide = true)]
    Load(nodes::NodeArgs),
    /// The province of the chain, which reports how many matters it holds
    #[command(hide = true)]
    Hold(nodes::NodeArgs),
}

/// Carries 1 KiB matters from a village to the province through five processes
///
/// Starts 张王村, its township, county, city and the province as five processes on loopback.
/// Measures latency with one matter at a time, throughput, catch-up after the county was away, and
/// memory. In the same run it measures the raw limit of the machine: five processes that append to
/// a file, fdatasync, and forward over plain TCP. With --nats it measures the same chain on NATS
/// JetStream. Takes one to two minutes, with NATS three. Use a release build.
///
/// Examples:
///   wujitong bench chain
///   wujitong bench chain --one-at-a-time 500 --skip-raw --data /srv
///   wujitong bench chain --nats /usr/local/bin/nats-server --json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct ChainArgs {
    /// Matters in each round of the throughput phase
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = count())]
    matters: u64,
    /// Matters in the latency phase
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = count())]
    one_at_a_time: u64,
    /// Matters reported while the county is away
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = count())]
    outage: u64,
    /// Path of a nats-server program, 2.10 or newer, to compare with
    #[arg(long, value_name = "PATH_TO_NATS_SERVER")]
    nats: Option<PathBuf>,
    /// Directory for the stores: a new directory is created in it and removed at the end [default:
    /// the system's directory for temporary files]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Does not measure the raw limit
    #[arg(long)]
    skip_raw: bool,
}

fn count() -> clap::builder::RangedU64ValueParser {
    clap::value_parser!(u64).range(1..=1_000_000)
}

/// One place in every chain, first to last.
struct Place {
    /// The tier, which also names the process.
    tier: &'static str,
    /// The division of the node.
    division: &'static str,
}

/// 张王村, its township, 龙游县, 衢州市, 浙江省.
const PLACES: [Place; 5] = [
    Place {
        tier: "village",
        division: "330825002222",
    },
    Place {
        tier: "township",
        division: "330825002",
    },
    Place {
        tier: "county",
        division: "330825",
    },
    Place {
        tier: "city",
        division: "3308",
    },
    Place {
        tier: "province",
        division: "33",
    },
];
/// The place that goes away.
const MIDDLE: usize = 2;

impl Run for Bench {
    fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        match self.command {
            BenchCommand::Chain(args) => args.run(output),
            BenchCommand::Web(args) => args.run(output),
            BenchCommand::Lists(args) => args.run(output),
            BenchCommand::Pages(args) => args.run(output),
            BenchCommand::Template(args) => args.run(output),
            BenchCommand::Log(args) => args.run(output),
            BenchCommand::RawHop(args) => raw::hop(&args, output),
            BenchCommand::Load(args) => wait(nodes::load(args, output)),
            BenchCommand::Hold(args) => wait(nodes::hold(args, output)),
        }
    }
}

impl ChainArgs {
    fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let (dir, machine) = room(self.data.as_deref())?;
        let counts = Counts {
            matters: self.matters,
            one_at_a_time: self.one_at_a_time,
            outage: self.outage,
        };
        let report = self.measure(dir.path(), machine, counts)?;
        output.facts(&report, || report.for_people())?;
        match report.wujitong.missed.first_key_value() {
            None => Ok(()),
            Some((phase, reason)) => Err(Failure::Failed(format!(
                "there is no figure of Wujitong for {phase}: {reason}"
            ))),
        }
    }

    /// Starts the chains and measures them in turns.
    fn measure(&self, base: &Path, machine: Machine, counts: Counts) -> Result<Report, Failure> {
        let program = program()?;
        let progress = progress();
        let mut course = Course::new(counts, progress.clone());
        let mut enter = |name, start: &dyn Fn(&Path) -> Started| {
            progress.set_message(format!("{name}: starting five processes"));
            let dir = base.join(name);
            let started = std::fs::create_dir(&dir).map_err(Fault::io("making a directory"));
            course.enter(name, started.and_then(|()| start(&dir)));
        };
        let deadline = || Deadline::within(START);
        enter("wujitong", &|dir| {
            Ok(Box::new(Nodes::start(&program, dir, deadline())?))
        });
        if !self.skip_raw {
            enter("raw", &|dir| {
                Ok(Box::new(Raw::start(&program, dir, deadline())?))
            });
        }
        if let Some(nats) = &self.nats {
            enter("nats", &|dir| {
                Ok(Box::new(Nats::start(nats, dir, deadline())?))
            });
        }
        let mut figures = course.run();
        progress.finish_and_clear();
        let mut of = |name| figures.remove(name);
        let wujitong = of("wujitong").unwrap_or_default();
        Ok(Report::new(
            machine,
            counts,
            wujitong,
            of("raw"),
            of("nats"),
        ))
    }
}

/// Returns the path of this program.
fn program() -> Result<PathBuf, Failure> {
    std::env::current_exe()
        .map_err(|error| Failure::Failed(format!("cannot find the path of this program: {error}")))
}

/// Creates a new directory, by default in the one for temporary files, and returns it with the
/// machine it is on.
fn room(data: Option<&Path>) -> Result<(tempfile::TempDir, Machine), Failure> {
    let base = data.map_or_else(std::env::temp_dir, Path::to_owned);
    std::fs::create_dir_all(&base).map_err(|error| Failure::File(base.clone(), error))?;
    let machine = Machine::here(&base);
    if machine.in_memory() {
        eprintln!(
            "{} is in memory, where a sync costs nothing; name a directory on a disk with --data",
            base.display()
        );
    }
    if machine.busy() {
        eprintln!("other programs keep this machine busy; measure again after they have ended");
    }
    let dir = tempfile::Builder::new()
        .prefix("wujitong-bench-")
        .tempdir_in(&base);
    let dir = dir.map_err(|error| Failure::File(base, error))?;
    Ok((dir, machine))
}

type Started = Result<Box<dyn Chain>, Fault>;

fn progress() -> ProgressBar {
    let progress = ProgressBar::new_spinner();
    let style = ProgressStyle::with_template("{spinner} {elapsed:>4} {msg}");
    progress.set_style(style.expect("the template is fixed"));
    progress.enable_steady_tick(Duration::from_millis(250));
    progress
}

/// Returns the text of record `number`: always [`RECORD_BYTES`] long, and different for every
/// number.
fn record(number: u64) -> Vec<u8> {
    let words = b" The street lamp before house 12 is out since Monday evening; please see to it.";
    let mut record = format!("{number:020}").into_bytes();
    record.extend(words.iter().cycle().take(RECORD_BYTES - record.len()));
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_have_one_length_and_differ() {
        let (one, other) = (record(1), record(u64::MAX));
        assert_eq!((one.len(), other.len()), (RECORD_BYTES, RECORD_BYTES));
        assert_ne!(one, other);
    }

    #[test]
    fn the_chain_is_a_way_up_the_tree() {
        let tree = topology::Tree::zhejiang();
        let divisions = PLACES.map(|place| place.division.parse().unwrap());
        for pair in divisions.windows(2) {
            assert_eq!(tree.parent(pair[0]), Some(pair[1]));
        }
        assert_eq!(divisions[4], tree.root());
    }
}

//! Measures pages of lists and searches over HTTP, at a node with many matters.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use api::{MatterPage, Named};
use app::{Host, Plan, SystemClock};
use bytes::Bytes;
use cli::{
    Failure, Output,
    client::encoded,
    site::{configured_tree, read},
    tables::table,
    wait,
};
use domain::{actor::Actor, matter::Outcome, people::Permission, time::Timestamp};
use futures::{StreamExt, TryStreamExt, stream};
use http::Method;
use indicatif::ProgressBar;
use office::{Clock, NewReport, Office};
use serde::Serialize;

use super::{
    machine::Machine,
    measure::{Latency, percentile},
    process::Fault,
    progress,
    report::milliseconds,
    room,
    township::{self, MOST_PER_CLIENT, Township},
};

/// Matters per unit while the store is filled.
const UNIT: u64 = 10;
/// Units in progress while the store is filled.
const UNITS: usize = 32;
/// One in this many matters stays open.
const OPEN: u64 = 10;
/// The reports are spread over this many days before now.
const DAYS: i64 = 60;
const MS_PER_DAY: i64 = 86_400_000;
/// Pages of each kind requested before the measurement.
const WARM_UP: usize = 5;
/// Categories of the matters; `service/land` is left out, for a search without results.
const CATEGORIES: [&str; 4] = [
    "enforcement/lighting",
    "enforcement/rubbish",
    "market/food",
    "order/dispute",
];

/// Measures pages of lists and searches at one node with many matters
///
/// Fills the store of a township without HTTP: reports of the last 60 days, nine of ten closed.
/// Then starts the node as `wujitong run` does and requests pages of 100 matters, one after the
/// other, as many of each kind as --pages says. Filling takes minutes, and about 3 GB for a million
/// matters. Use a release build.
///
/// Examples:
///   wujitong bench lists
///   wujitong bench lists --matters 100000 --pages 300 --json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct ListsArgs {
    /// Matters in the store
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = super::count())]
    matters: u64,
    /// Pages of each kind, 1 to 390
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..=390))]
    pages: u64,
    /// Directory for the store: a new directory is created in it and removed at the end [default:
    /// the system's directory for temporary files]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Measurements of one kind of page.
#[derive(Debug, Serialize)]
struct Kind {
    /// The request.
    page: &'static str,
    /// Matters on the page.
    found: usize,
    /// True if more pages follow.
    more: bool,
    #[serde(flatten)]
    latency_us: Latency,
}

#[derive(Debug, Serialize)]
struct Report {
    machine: Machine,
    matters: u64,
    pages_each: u64,
    fill_s: f64,
    rss_mib: Option<f64>,
    /// The p99 of the slowest kind.
    worst_p99_us: u64,
    kinds: Vec<Kind>,
}

/// The machine's clock, set back while the store is filled.
struct SetBack(AtomicI64);

impl Clock for SetBack {
    fn now(&self) -> Timestamp {
        Timestamp(SystemClock.now().0 - self.0.load(Ordering::Relaxed))
    }
}

impl ListsArgs {
    pub(super) fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let (dir, machine) = room(self.data.as_deref())?;
        let program = super::program()?;
        let fault = |fault: Fault| Failure::Failed(fault.to_string());
        let Filled { first, fill_s, .. } = filled(&program, dir.path(), self.matters)?;
        let fill_s = (fill_s * 10.0).round() / 10.0;
        let spinner = progress();
        spinner.set_message("starting the township");
        let township = Township::start(&program, dir.path()).map_err(fault)?;
        let mut kinds = vec![];
        wait(async {
            let first = first.expect("at least one matter was taken");
            kinds = self.measure(&township, &first, &spinner).await?;
            Ok(())
        })?;
        spinner.finish_and_clear();
        let report = Report {
            machine,
            matters: self.matters,
            pages_each: self.pages,
            fill_s,
            rss_mib: township.resident_mib(),
            worst_p99_us: kinds
                .iter()
                .map(|kind| kind.latency_us.p99)
                .max()
                .unwrap_or(0),
            kinds,
        };
        output.facts(&report, || report.for_people())
    }

    async fn measure(
        &self,
        township: &Township,
        first: &str,
        spinner: &ProgressBar,
    ) -> Result<Vec<Kind>, Failure> {
        let kinds = kinds(first, self.matters);
        let permissions = [Permission::ViewList, Permission::ViewMatter];
        let mut callers = township.clients(kinds.len(), &permissions).await?;
        let mut measured = vec![];
        for ((page, query), caller) in kinds.into_iter().zip(&mut callers) {
            spinner.set_message(page);
            let path = format!("/v1/nodes/{}/matters?{query}", township::division());
            let (mut took, mut last) = (vec![], Bytes::new());
            let pages = usize::try_from(self.pages).expect("it is at most 390");
            debug_assert!(pages + WARM_UP < MOST_PER_CLIENT);
            for number in 0..pages + WARM_UP {
                let (body, time) = caller.ask(Method::GET, &path, Bytes::new()).await?;
                if number >= WARM_UP {
                    took.push(time);
                }
                last = body;
            }
            took.sort_unstable();
            let read = serde_json::from_slice::<Named<MatterPage>>(&last);
            let read = read.map_err(|error| {
                Failure::Failed(format!("{path} did not return a page: {error}"))
            })?;
            measured.push(Kind {
                page,
                found: read.facts.matters.len(),
                more: read.facts.next.is_some(),
                latency_us: Latency {
                    p50: percentile(&took, 50),
                    p99: percentile(&took, 99),
                },
            });
        }
        Ok(measured)
    }
}

/// Returns the requests; `first` is the number of the first matter.
fn kinds(first: &str, matters: u64) -> Vec<(&'static str, String)> {
    let origin = first.trim_end_matches(|digit: char| digit.is_ascii_digit());
    let middle = format!("{origin}{}", matters.div_ceil(2));
    let day = |ago: i64| Timestamp(SystemClock.now().0 - ago * MS_PER_DAY).day();
    let days = format!("from={}&to={}", day(30), day(24));
    let q = |words: &str| format!("q={}", encoded(words));
    vec![
        ("all, oldest first", String::new()),
        ("all, newest first", "order=newest".to_owned()),
        ("all, from the middle", format!("after={middle}")),
        ("open", "state=open&order=newest".to_owned()),
        (
            "closed, from the middle",
            format!("state=closed&after={middle}"),
        ),
        ("held", "state=held".to_owned()),
        ("overdue", "clock=overdue".to_owned()),
        ("due soon", "clock=due-soon".to_owned()),
        (
            "one category",
            "category=enforcement/lighting&order=newest".to_owned(),
        ),
        (
            "a category without matters",
            "category=service/land".to_owned(),
        ),
        ("one week", days),
        ("one origin", format!("origin={}", township::division())),
        ("search: beginning of a number", q(&middle)),
        ("search: a category by name", q("路灯")),
        ("search: a place without matters", q("张王")),
    ]
}

/// A township whose store was filled.
pub(super) struct Filled {
    /// Its data directory.
    pub(super) data: PathBuf,
    /// Number of the first matter.
    pub(super) first: Option<String>,
    /// Seconds that filling took.
    pub(super) fill_s: f64,
}

/// Sets up a township below `dir` and fills its store with matters.
pub(super) fn filled(program: &Path, dir: &Path, matters: u64) -> Result<Filled, Failure> {
    let spinner = progress();
    spinner.set_message("making keys");
    let data = township::init(program, dir);
    let data = data.map_err(|fault: Fault| Failure::Failed(fault.to_string()))?;
    spinner.finish_and_clear();
    let start = std::time::Instant::now();
    let mut first = None;
    wait(async {
        first = fill(&data, matters).await?;
        Ok(())
    })?;
    let fill_s = start.elapsed().as_secs_f64();
    Ok(Filled {
        data,
        first,
        fill_s,
    })
}

/// Fills the store of the township in `data`; returns the number of the first matter.
async fn fill(data: &Path, matters: u64) -> Result<Option<String>, Failure> {
    let raw = config::Raw::from_toml(&read(&data.join("node.toml"))?)?;
    let config = raw.check(data)?;
    let tree = configured_tree(&config)?;
    let clock = Arc::new(SetBack(AtomicI64::new(0)));
    let mut plan = Plan::new(config, tree);
    plan.clock = Arc::clone(&clock) as Arc<dyn Clock>;
    let host = Host::start(plan).await?;
    let node = host.app_state().nodes.values().next();
    let office = &node.expect("init wrote one division").office;
    let bar = ProgressBar::new(matters);
    let style = indicatif::ProgressStyle::with_template(
        "filling {bar:30} {human_pos} of {human_len} matters, {eta} left",
    );
    bar.set_style(style.expect("the template is fixed"));
    let units = stream::iter((0..matters).step_by(usize::try_from(UNIT).expect("it is small")));
    let units = units.map(|from| {
        let past = (matters - from) as f64 / matters as f64 * (DAYS * MS_PER_DAY) as f64;
        clock.0.store(past as i64, Ordering::Relaxed);
        let bar = &bar;
        async move {
            let until = (from + UNIT).min(matters);
            let first = unit(office, from..until).await?;
            bar.inc(until - from);
            Ok::<_, Failure>(first)
        }
    });
    let firsts: Vec<String> = units.buffered(UNITS).try_collect().await?;
    clock.0.store(0, Ordering::Relaxed);
    bar.finish_and_clear();
    host.stop().await;
    Ok(firsts.into_iter().next())
}

/// Takes some matters in one unit; returns the number of the first.
async fn unit(office: &Office, numbers: std::ops::Range<u64>) -> Result<String, Failure> {
    let recorded = numbers.map(|number| {
        let category = CATEGORIES[number as usize % CATEGORIES.len()];
        let category = category.parse().expect("it is in the catalogue");
        let new = NewReport::new(category, format!("第 {number} 件：村口路灯不亮"));
        (new, (number % OPEN != 0).then_some(Outcome::Solved))
    });
    let actor = Actor::Rule("bench".to_owned());
    let taken = office.matters().take_over(recorded.collect(), actor).await;
    let taken = taken.map_err(|error| Failure::Failed(error.to_string()))?;
    Ok(taken.first().expect("a unit has matters").to_string())
}

impl Report {
    fn for_people(&self) -> String {
        let machine = &self.machine;
        let mut text = format!(
            "{machine}; {} matters, filled in {} s; {} pages of each kind\n\n",
            self.matters, self.fill_s, self.pages_each
        );
        let rows = self.kinds.iter().map(|kind| {
            let more = if kind.more { "+" } else { "" };
            [
                kind.page.to_owned(),
                format!("{}{more}", kind.found),
                milliseconds(kind.latency_us.p50),
                milliseconds(kind.latency_us.p99),
            ]
        });
        text += &table(["page", "#found", "#p50", "#p99"], rows);
        text
    }
}

//! Reports over HTTP, each answered when it is durable; beside it a plain insert into PostgreSQL.

mod postgres;

use std::{
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use api::ReportRequest;
use bytes::Bytes;
use cli::{Failure, Output, tables::table, wait};
use domain::people::Permission;
use futures::future::try_join_all;
use http::Method;
use serde::Serialize;

use super::{
    RECORD_BYTES,
    machine::Machine,
    measure::{Latency, percentile},
    process::Fault,
    progress, record, room,
    township::{self, Caller, MOST_PER_CLIENT, Township},
};

/// Unmeasured reports of each client before.
const WARM_UP: u64 = 5;

/// Reports at one node through the HTTP API, each answered when it is on the disk
///
/// Starts one township with all settings at their defaults and clients that keep their connections
/// and hand in 1 KiB reports, each the next when the one before is answered. With --postgres, the
/// same number of rows goes into one table, a transaction each, by pgbench with as many connections
/// and synchronous_commit on; the table `wujitong_bench` is made anew and dropped. Measure with a
/// release build.
///
/// Examples:
///   wujitong bench web
///   wujitong bench web --postgres postgresql://postgres@127.0.0.1/bench --json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct WebArgs {
    /// Reports in all
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = super::count())]
    reports: u64,
    /// Clients at once, 1 to 200
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=200))]
    clients: u64,
    /// A PostgreSQL database to measure beside
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    /// The pgbench program
    #[arg(long, value_name = "PATH", default_value = "pgbench")]
    pgbench: PathBuf,
    /// Where the store is kept meanwhile: a fresh directory is made in it and removed at the end
    /// [default: the system's directory for temporary files]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// What was measured of one of the two.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
struct Figures {
    /// Reports taken in a second.
    per_s: f64,
    /// Of one report.
    latency_us: Latency,
}

#[derive(Debug, Serialize)]
struct Report {
    machine: Machine,
    payload_bytes: usize,
    reports: u64,
    clients: u64,
    #[serde(flatten)]
    wujitong: Figures,
    rss_mib: Option<f64>,
    postgres: Option<Figures>,
    /// Why there are no figures of PostgreSQL though they were asked for.
    missed: Option<String>,
    /// Wujitong's reports a second divided by PostgreSQL's.
    ratio: Option<f64>,
}

impl WebArgs {
    pub(super) fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let most = self.clients * (MOST_PER_CLIENT as u64 - WARM_UP);
        if self.reports > most {
            return Err(Failure::Usage(format!(
                "{} clients may hand in {most} reports before they are slowed down; ask for fewer reports or more clients",
                self.clients
            )));
        }
        let (dir, machine) = room(self.data.as_deref())?;
        let program = super::program()?;
        let fault = |fault: Fault| Failure::Failed(fault.to_string());
        let spinner = progress();
        spinner.set_message("starting a township");
        township::init(&program, dir.path()).map_err(fault)?;
        let township = Township::start(&program, dir.path()).map_err(fault)?;
        spinner.set_message("reporting");
        let (mut wujitong, mut rss_mib) = (None, None);
        wait(async {
            wujitong = Some(self.reports(&township).await?);
            rss_mib = township.resident_mib();
            Ok(())
        })?;
        drop(township);
        let wujitong = wujitong.expect("it is there unless an error was returned");
        let postgres = self.postgres.as_ref().map(|url| {
            spinner.set_message("inserting into PostgreSQL");
            postgres::measure(&self.pgbench, url, dir.path(), self.clients, self.reports)
        });
        spinner.finish_and_clear();
        let (postgres, missed) = match postgres {
            None => (None, None),
            Some(Ok(figures)) => (Some(figures), None),
            Some(Err(reason)) => (None, Some(reason.to_string())),
        };
        let report = Report {
            machine,
            payload_bytes: RECORD_BYTES,
            reports: self.reports,
            clients: self.clients,
            wujitong,
            rss_mib,
            ratio: postgres.map(|other| (wujitong.per_s / other.per_s * 1e3).round() / 1e3),
            postgres,
            missed,
        };
        output.facts(&report, || report.for_people())?;
        match report.missed {
            None => Ok(()),
            Some(reason) => Err(Failure::Failed(format!(
                "there is no figure of PostgreSQL: {reason}"
            ))),
        }
    }

    async fn reports(&self, township: &Township) -> Result<Figures, Failure> {
        let clients = usize::try_from(self.clients).expect("it is at most 200");
        let mut callers = township.clients(clients, &[Permission::Report]).await?;
        let next = AtomicU64::new(0);
        try_join_all(
            callers
                .iter_mut()
                .map(|caller| hand_in(caller, &next, WARM_UP * self.clients)),
        )
        .await?;
        let next = AtomicU64::new(0);
        let start = Instant::now();
        let took = callers.iter_mut();
        let took = took.map(|caller| hand_in(caller, &next, self.reports));
        let took = try_join_all(took).await?;
        let elapsed = start.elapsed();
        Ok(Figures::of(took.concat(), elapsed))
    }
}

impl Figures {
    fn of(mut took: Vec<Duration>, elapsed: Duration) -> Self {
        took.sort_unstable();
        Self {
            per_s: (took.len() as f64 / elapsed.as_secs_f64()).round(),
            latency_us: Latency {
                p50: percentile(&took, 50),
                p99: percentile(&took, 99),
            },
        }
    }
}

/// Hands in reports one after the other until all clients together have handed in so many.
async fn hand_in(
    caller: &mut Caller,
    next: &AtomicU64,
    until: u64,
) -> Result<Vec<Duration>, Failure> {
    let path = format!("/v1/nodes/{}/matters", township::division());
    let mut all = vec![];
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= until {
            return Ok(all);
        }
        let text = String::from_utf8(record(number)).expect("a record is ASCII");
        let report = ReportRequest::new("enforcement/lighting", &text);
        let body = serde_json::to_vec(&report).expect("a report is valid JSON");
        let (_, took) = caller.ask(Method::POST, &path, Bytes::from(body)).await?;
        all.push(took);
    }
}

impl Report {
    fn for_people(&self) -> String {
        let Machine {
            cpu,
            cores,
            kernel,
            filesystem,
            load,
        } = &self.machine;
        let mut text = format!(
            "{cpu}, {cores} cores, Linux {kernel}, {filesystem}, load {:.1} before; {} reports of {} bytes, {} clients\n\n",
            load.unwrap_or_default(),
            self.reports,
            self.payload_bytes,
            self.clients
        );
        let rows = [
            ("wujitong", Some(self.wujitong)),
            ("PostgreSQL", self.postgres),
        ];
        let rows = rows.into_iter().filter_map(|(name, figures)| {
            let figures = figures?;
            Some([
                name.to_owned(),
                format!("{}", figures.per_s),
                super::report::milliseconds(figures.latency_us.p50),
                super::report::milliseconds(figures.latency_us.p99),
            ])
        });
        text += &table(["", "#a second", "#p50", "#p99"], rows);
        if let Some(ratio) = self.ratio {
            text += &format!("\ncompared with PostgreSQL: × {ratio}");
        }
        text
    }
}

//! Measures reports over HTTP, each answered when it is durable, beside a plain insert into
//! PostgreSQL.

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

/// Reports of each client before the measurement.
const WARM_UP: u64 = 5;

/// Measures reports at one node through the HTTP API, each answered when it is durable
///
/// Starts one township with all settings at their defaults, and clients that keep their connections
/// and send 1 KiB reports, each after the answer to the one before. With --postgres, pgbench
/// inserts the same number of rows into one table, one per transaction, with as many connections
/// and synchronous_commit on; the table `wujitong_bench` is created and dropped. Use a release
/// build.
///
/// Examples:
///   wujitong bench web
///   wujitong bench web --postgres postgresql://postgres@127.0.0.1/bench --json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct WebArgs {
    /// Number of reports in all
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = super::count())]
    reports: u64,
    /// Concurrent clients, 1 to 200
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=200))]
    clients: u64,
    /// URL of a PostgreSQL database to compare with
    #[arg(long, value_name = "URL")]
    postgres: Option<String>,
    /// Path of the pgbench program
    #[arg(long, value_name = "PATH", default_value = "pgbench")]
    pgbench: PathBuf,
    /// Directory for the store: a new directory is created in it and removed at the end [default:
    /// the system's directory for temporary files]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Measurements of one server.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Figures {
    /// Requests per second.
    pub(super) per_s: f64,
    /// Latency of one request.
    pub(super) latency_us: Latency,
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
    /// Why figures of PostgreSQL are missing although they were requested.
    missed: Option<String>,
    /// Reports per second of Wujitong divided by those of PostgreSQL.
    ratio: Option<f64>,
}

impl WebArgs {
    pub(super) fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let most = self.clients * (MOST_PER_CLIENT as u64 - WARM_UP);
        if self.reports > most {
            return Err(Failure::Usage(format!(
                "{} clients may send {most} reports before the rate limit slows them down; use fewer reports or more clients",
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
    /// Sums up the latencies of all requests, which together took `elapsed`.
    pub(super) fn of(mut took: Vec<Duration>, elapsed: Duration) -> Self {
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

/// Sends reports one after the other until all clients together have sent this many.
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
        let machine = &self.machine;
        let mut text = format!(
            "{machine}; {} reports of {} bytes, {} clients\n\n",
            self.reports, self.payload_bytes, self.clients
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

//! Measures pages for people: the weight of a first visit, and pages per second beside nginx with the
//! same bytes.

mod clerk;
mod nginx;
mod visit;

use std::{
    net::Ipv4Addr,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use cli::{Failure, Output, tables::table, wait};
use serde::Serialize;

use self::{clerk::Clerk, nginx::Nginx, visit::Weight};
use super::{
    machine::Machine,
    process::Fault,
    progress,
    report::milliseconds,
    room,
    township::{self, MOST_PER_CLIENT, Township},
    web::Figures,
};

/// The most bytes of a first visit of a public page, and of the desk (requirement R-A17).
const PUBLIC_BYTES: usize = 30 * 1024;
const DESK_BYTES: usize = 60 * 1024;
/// Public pages.
const PUBLIC: [&str; 10] = [
    "/",
    "/report",
    "/report?all=1",
    "/my",
    "/mailbox",
    "/how",
    "/promises",
    "/accessibility",
    "/poster",
    "/sign-in",
];
/// Public pages that many people open at once.
const OFTEN: [&str; 4] = ["/", "/report", "/promises", "/how"];
/// The address from which pages are weighed.
const SCALE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 250);

/// Measures pages for people: what a first visit weighs, and how many there are in a second
///
/// Starts one township with all settings at their defaults and 60 matters in hand. Weighs the first
/// visit of each page: its bytes and those of all files that it names, as they are sent. Then
/// clients that keep their connections ask for public pages, each after the answer to the one
/// before. nginx serves the same bytes as files to the same clients; Debian has it in the package
/// nginx-light. Without it the figures of nginx are missing. Use a build of the profile `dist`.
///
/// Examples:
///   wujitong bench pages
///   wujitong bench pages --visits 20000 --nginx /usr/sbin/nginx --json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct PagesArgs {
    /// Visits of each page that is measured
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = super::count())]
    visits: u64,
    /// Concurrent clients, 1 to 200
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u8).range(1..=200))]
    clients: u8,
    /// Path of the nginx program
    #[arg(long, value_name = "PATH", default_value = "nginx")]
    nginx: PathBuf,
    /// Directory for the store: a new directory is created in it and removed at the end [default:
    /// the system's directory for temporary files]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// One page, served to many.
#[derive(Debug, Serialize)]
struct Served {
    page: &'static str,
    /// Bytes of the page alone.
    bytes: usize,
    #[serde(flatten)]
    wujitong: Figures,
    nginx: Option<Figures>,
    /// Pages per second of Wujitong divided by those of nginx.
    ratio: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Report {
    machine: Machine,
    clients: u8,
    visits: u64,
    rss_mib: Option<f64>,
    weights: Vec<Weight>,
    pages: Vec<Served>,
    /// Why figures of nginx are missing.
    missed: Option<String>,
}

impl PagesArgs {
    pub(super) fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let most = u64::from(self.clients) * MOST_PER_CLIENT as u64;
        if self.visits > most {
            return Err(Failure::Usage(format!(
                "{} clients may open {most} pages before the rate limit slows them down; use fewer visits or more clients",
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
        let mut report = Report {
            machine,
            clients: self.clients,
            visits: self.visits,
            rss_mib: None,
            weights: vec![],
            pages: vec![],
            missed: None,
        };
        wait(async {
            spinner.set_message("weighing");
            report.weights = weights(&township).await?;
            spinner.set_message("opening pages");
            let bodies = self.measure(&township, &mut report).await?;
            report.rss_mib = township.resident_mib();
            spinner.set_message("opening the same pages at nginx");
            self.compare(dir.path(), &bodies, &mut report).await
        })?;
        spinner.finish_and_clear();
        output.facts(&report, || report.for_people())?;
        match report.weights.iter().find(|weight| !weight.fits) {
            None => Ok(()),
            Some(heavy) => Err(Failure::Failed(format!(
                "{} weighs {} bytes in {} requests, which is too much",
                heavy.page, heavy.bytes, heavy.requests
            ))),
        }
    }

    /// Measures the pages at the township; returns their bytes.
    async fn measure(
        &self,
        township: &Township,
        report: &mut Report,
    ) -> Result<Vec<Bytes>, Failure> {
        let (mut bodies, load) = (vec![], (self.clients, self.visits));
        let mut connection = township.connect(SCALE).await?;
        for (row, page) in (1..).zip(OFTEN) {
            let body = visit::get(&mut connection, page, None).await?.into_body();
            report.pages.push(Served {
                page,
                bytes: body.len(),
                wujitong: visit::ask(township.http(), page, row, load).await?,
                nginx: None,
                ratio: None,
            });
            bodies.push(body);
        }
        Ok(bodies)
    }

    /// Measures the same bytes at nginx, if it can be started.
    async fn compare(
        &self,
        dir: &Path,
        bodies: &[Bytes],
        report: &mut Report,
    ) -> Result<(), Failure> {
        let nginx = match Nginx::start(&self.nginx, dir, bodies) {
            Ok(nginx) => nginx,
            Err(fault) => {
                report.missed = Some(format!(
                    "{fault}; install the package nginx-light, or name the program with --nginx"
                ));
                return Ok(());
            }
        };
        let load = (self.clients, self.visits);
        for ((row, at), served) in (1..).zip(0..).zip(&mut report.pages) {
            let figures = visit::ask(nginx.http(), &format!("/{at}.html"), row, load).await?;
            let ratio = served.wujitong.per_s / figures.per_s;
            served.ratio = Some((ratio * 1e3).round() / 1e3);
            served.nginx = Some(figures);
        }
        Ok(())
    }
}

/// Weighs the first visit of every page.
async fn weights(township: &Township) -> Result<Vec<Weight>, Failure> {
    let clerk = Clerk::sign_in(township).await?;
    let mut connection = township.connect(SCALE).await?;
    let mut weights = vec![];
    for page in PUBLIC {
        weights.push(visit::weigh(&mut connection, page, None, PUBLIC_BYTES).await?);
    }
    let matter = format!("/desk/m/{}", clerk.matter);
    for page in ["/desk", "/desk?tab=all", "/desk/report", &matter] {
        let cookie = Some(clerk.cookie.as_str());
        weights.push(visit::weigh(&mut connection, page, cookie, DESK_BYTES).await?);
    }
    Ok(weights)
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
            "{cpu}, {cores} cores, Linux {kernel}, {filesystem}, load {:.1} before; {} visits of each page, {} clients\n\n",
            load.unwrap_or_default(),
            self.visits,
            self.clients
        );
        let rows = self.weights.iter().map(|weight| {
            [
                weight.page.clone(),
                format!("{}", weight.bytes),
                format!("{}", weight.most_bytes),
                format!("{}", weight.requests),
                if weight.fits { "" } else { "too much" }.to_owned(),
            ]
        });
        text += &table(["first visit", "#bytes", "#at most", "#requests", ""], rows);
        let figures = |figures: Figures| {
            [
                format!("{}", figures.per_s),
                milliseconds(figures.latency_us.p50),
                milliseconds(figures.latency_us.p99),
            ]
        };
        let rows = self.pages.iter().map(|served| {
            let [per_s, p50, p99] = figures(served.wujitong);
            let [other, other_p50, other_p99] = served.nginx.map(figures).unwrap_or_default();
            let ratio = served.ratio.map(|ratio| format!("× {ratio}"));
            let bytes = format!("{}", served.bytes);
            let page = served.page.to_owned();
            let ratio = ratio.unwrap_or_default();
            [
                page, bytes, per_s, p50, p99, other, other_p50, other_p99, ratio,
            ]
        });
        text += "\n";
        text += &table(
            [
                "page",
                "#bytes",
                "#a second",
                "#p50",
                "#p99",
                "#nginx",
                "#p50",
                "#p99",
                "#ratio",
            ],
            rows,
        );
        if let Some(missed) = &self.missed {
            text += &format!("\nnginx was not measured: {missed}\n");
        }
        text
    }
}

//! Measures how a template reaches every village of a branch, until the province knows that all of them apply it.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use cli::{Failure, Output, tables::table, wait};
use demo::{
    Progress,
    network::{Branch, Network, form},
};
use domain::{actor::Actor, template::TemplateKind};
use office::NewTemplate;
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use topology::{DivisionCode, Tier, Tree};

use super::{machine::Machine, measure::percentile, room};

/// The form that is issued, in every round with another period of objection.
const CONTENT: &str = "format = 1\n[[item]]\nname = \"收支\"\nclass = \"finance\"\nperiod = \"month\"\n\
    fields = [{ name = \"收入\", kind = \"money\" }, { name = \"支出\", kind = \"money\" }]\n";

/// Issues a template to all villages of a branch until the province knows that all apply it
///
/// Starts every node of the branch in one process, as `wujitong demo` does: each has its own
/// keys, records and links over mutually authenticated TLS on loopback. Then the province
/// issues one version after the other, each once the one before is applied everywhere. Measured
/// are the time until the province knows of the last village, and the envelopes that were
/// acknowledged meanwhile on all links. Use a release build.
///
/// Examples:
///   wujitong bench template
///   wujitong bench template --division 330825002 --rounds 20 --json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct TemplateArgs {
    /// The county, township or village whose branch is started
    #[arg(long, value_name = "CODE", default_value = "330825")]
    division: DivisionCode,
    /// Versions that are issued, 1 to 1000
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rounds: u32,
    /// Directory for the stores: a new directory is created in it and removed at the end [default:
    /// the system's directory for temporary files]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Measurements of one version.
#[derive(Debug, Serialize)]
struct Round {
    /// Milliseconds from the call that issues it to the moment at which the province knows that all apply it.
    took_ms: f64,
    /// Envelopes acknowledged on all links in this time.
    envelopes: u64,
}

/// All measurements.
#[derive(Debug, Serialize)]
struct Report {
    machine: Machine,
    /// Nodes in the process.
    nodes: usize,
    /// Villages among them, which are in scope.
    villages: usize,
    rounds: Vec<Round>,
    /// Milliseconds that half of the rounds took at most.
    p50_ms: f64,
    /// Milliseconds of the slowest.
    most_ms: f64,
}

impl TemplateArgs {
    pub(super) fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let (dir, machine) = room(self.data.as_deref())?;
        let path = dir.path().to_owned();
        wait(async {
            let report = self.measure(path, machine).await?;
            output.facts(&report, || report.for_people())
        })
    }

    async fn measure(self, dir: PathBuf, machine: Machine) -> Result<Report, Failure> {
        let branch = Branch::of(self.division, &Tree::zhejiang())?;
        let stop = CancellationToken::new();
        let progress = Progress { shown: true };
        let network = form(&branch, &dir, &progress, &stop).await?;
        let mut took = vec![];
        let mut rounds = vec![];
        let mut failed = None;
        for number in 0..self.rounds {
            match round(&network, &branch, number).await {
                Ok((time, envelopes)) => {
                    took.push(time);
                    let took_ms = milliseconds(time);
                    rounds.push(Round { took_ms, envelopes });
                }
                Err(failure) => {
                    failed = Some(failure);
                    break;
                }
            }
        }
        network.stop().await;
        if let Some(failure) = failed {
            return Err(failure);
        }
        took.sort_unstable();
        let at = |percent| {
            let micros = percentile(&took, percent);
            milliseconds(Duration::from_micros(micros))
        };
        Ok(Report {
            machine,
            nodes: branch.divisions.len(),
            villages: branch.villages.len(),
            rounds,
            p50_ms: at(50),
            most_ms: at(100),
        })
    }
}

fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 10_000.0).round() / 10.0
}

/// Issues a version, and waits until the province knows that every village applies it.
async fn round(
    network: &Network,
    branch: &Branch,
    number: u32,
) -> Result<(Duration, u64), Failure> {
    let root = network.office(branch.tree.root());
    let before = settled(network, branch);
    let started = Instant::now();
    let objection = number % 30 + 5;
    let new = NewTemplate {
        kind: TemplateKind::Disclosure,
        name: "bench".to_owned(),
        title: "bench".to_owned(),
        content: format!("{CONTENT}objection = \"{objection}d\"\n"),
        tiers: vec![Tier::Village],
        kinds: vec![],
    };
    let published = root
        .templates()
        .publish(new, Actor::Rule("bench".to_owned()));
    let published = published.await;
    let template = published.map_err(|error| Failure::Failed(error.to_string()))?;
    let complete = || async {
        let adoption = root.templates().adoption(&template.key).await;
        adoption
            .is_ok_and(|adoption| adoption.version == template.version && adoption.is_complete())
    };
    network.until("all villages apply it", complete).await?;
    let took = started.elapsed();
    Ok((took, settled(network, branch) - before))
}

/// Returns how many envelopes were acknowledged on all links since they began.
fn settled(network: &Network, branch: &Branch) -> u64 {
    let links = branch
        .divisions
        .iter()
        .map(|division| network.links(*division));
    let states = links.flat_map(|links| links.states());
    states.map(|(_, state)| state.settled).sum()
}

impl Report {
    fn for_people(&self) -> String {
        let mut text = format!(
            "{}; {} nodes, {} villages in scope; p50 {} ms, most {} ms\n\n",
            self.machine, self.nodes, self.villages, self.p50_ms, self.most_ms
        );
        let rows = self.rounds.iter().enumerate().map(|(n, round)| {
            [
                (n + 1).to_string(),
                round.took_ms.to_string(),
                round.envelopes.to_string(),
            ]
        });
        text += &table(["#version", "#ms", "#envelopes"], rows);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_issued_has_no_faults_in_any_round() {
        for number in [0, 29, 999] {
            let objection = number % 30 + 5;
            let content = format!("{CONTENT}objection = \"{objection}d\"\n");
            assert_eq!(
                domain::template::kind_of(&content),
                Some(TemplateKind::Disclosure)
            );
        }
    }

    #[test]
    fn times_are_told_to_a_tenth_of_a_millisecond() {
        assert!((milliseconds(Duration::from_micros(1_234)) - 1.2).abs() < f64::EPSILON);
    }
}

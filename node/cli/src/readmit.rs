//! `wujitong readmit`

use api::{Named, ReadmissionLine, ReadmissionList};
use topology::DivisionCode;

use super::{
    Failure, Output,
    labels::{Names, moment},
    site::Site,
    tables::table,
};

/// Lets a division below come back whose certificate ended while it was away (准许回归)
///
/// A node that was away for longer than its certificate lives asks its parent with its signing
/// key, and gets a new certificate by itself for as long as the parent's `links.readmit_days`
/// allows. After that, or when it came back too often, it waits until you say yes here; ask its
/// operator first whether it is the machine that you know. It asks again by itself, every few
/// minutes.
///
/// Without a division it lists those that came back and those that wait. A division whose keys are
/// gone cannot come back: see `wujitong invite --replaces lost`.
///
/// Examples:
///   wujitong readmit
///   wujitong readmit 330825002
///   wujitong readmit --node 330825 --json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Readmit {
    #[command(flatten)]
    site: Site,
    /// The division; directly below the node
    division: Option<DivisionCode>,
}

impl Readmit {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let asked = self.site.ask().await?;
        let Some(division) = self.division else {
            let all: Named<ReadmissionList> = asked.client.get(&asked.path("readmissions")).await?;
            let names = Names(&all.names);
            return output.facts(&all, || lines(&all.facts.readmissions, names));
        };
        let path = asked.path(&format!("readmissions/{division}"));
        let line: Named<ReadmissionLine> = asked.client.post(&path, &()).await?;
        output.facts(&line, || {
            let division = Names(&line.names).of(line.facts.division);
            format!("{division} may come back; it gets its certificate when it asks again, within minutes.\n")
        })
    }
}

fn lines(all: &[ReadmissionLine], names: Names<'_>) -> String {
    let rows = all.iter().map(|line| {
        let waiting = line.waiting.as_ref();
        let state = match (waiting, line.consented) {
            (None, _) => "back".to_owned(),
            (Some(_), true) => "may come back".to_owned(),
            (Some(waiting), false) => format!("waits: {}", waiting.english),
        };
        let who = waiting.map_or_else(String::new, |it| format!("key {} from {}", it.key, it.from));
        let since = waiting.map_or(line.last_ms, |waiting| Some(waiting.since_ms));
        [
            names.of(line.division),
            state,
            since.map_or_else(String::new, moment),
            line.by_itself.to_string(),
            who,
        ]
    });
    table(
        [
            "division",
            "state",
            "since",
            "by itself in 90 days",
            "machine",
        ],
        rows,
    )
}

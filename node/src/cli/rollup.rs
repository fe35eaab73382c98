//! `wujitong rollup`

use clap::Subcommand;

use super::{
    Failure, Output,
    client::encoded,
    site::Site,
    tables::table,
    words::{self, moment, one_of},
};
use crate::{
    domain::time::Day,
    edge::web::api::{Figures, JournalCount, RollupBy, RollupTable},
};

/// Shows figures (统计) of a node and everything below it
///
/// Examples:
///   wujitong rollup show --by category
///   wujitong rollup journal
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Rollup {
    #[command(flatten)]
    site: Site,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Show(Show),
    Journal(Journal),
}

/// Shows matters reported, taken, given, closed and open over the subtree
///
/// Examples:
///   wujitong rollup show
///   wujitong rollup show --by county --from 2026-03-01 --to 2026-03-31 --node 33
///   wujitong rollup show --by platform --json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Show {
    /// What a line stands for
    #[arg(long, value_parser = one_of::<RollupBy>(&words::GROUPS), default_value = "day")]
    by: RollupBy,
    /// First day, in Asia/Shanghai
    #[arg(long, value_name = "DAY")]
    from: Option<Day>,
    /// Last day, inclusive
    #[arg(long, value_name = "DAY")]
    to: Option<Day>,
}

/// Counts one node's own journal by hand, to compare with its figures
///
/// Examples:
///   wujitong rollup journal --node 330825002222
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Journal;

impl Rollup {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let asked = self.site.ask().await?;
        match self.what {
            What::Show(Show { by, from, to }) => {
                let mut path = format!("rollup?by={}", word(by));
                for (key, day) in [("from", from), ("to", to)] {
                    if let Some(day) = day {
                        path += &format!("&{key}={}", encoded(&day.to_string()));
                    }
                }
                let rollup: RollupTable = asked.client.get(&asked.path(&path)).await?;
                output.facts(&rollup, || lines(&rollup))
            }
            What::Journal(Journal) => {
                let count: JournalCount = asked.client.get(&asked.path("journal/count")).await?;
                output.facts(&count, || journal(&count))
            }
        }
    }
}

fn word(by: RollupBy) -> String {
    let word = serde_json::to_value(by).ok();
    word.and_then(|word| Some(word.as_str()?.to_owned()))
        .expect("a variant without content is written as its name")
}

const HEADINGS: [&str; 8] = [
    "node",
    "name",
    "#reported",
    "#taken",
    "#given",
    "#closed",
    "#open",
    "#in transit",
];

fn row(key: &str, name: &str, figures: Figures) -> [String; 8] {
    [
        key.to_owned(),
        name.to_owned(),
        figures.reported.to_string(),
        figures.taken.to_string(),
        figures.given.to_string(),
        figures.closed.to_string(),
        figures.open.to_string(),
        figures.in_transit.to_string(),
    ]
}

fn lines(rollup: &RollupTable) -> String {
    let rows = rollup.lines.iter().map(|line| {
        row(
            &line.key,
            line.name.as_deref().unwrap_or_default(),
            line.figures,
        )
    });
    let total = row("total", "合计", rollup.total);
    let by = word(rollup.by);
    let mut headings = HEADINGS;
    headings[0] = &by;
    let mut text = table(headings, rows.chain([total]));
    let RollupTable {
        as_of_ms,
        children_up,
        children_expected,
        ..
    } = rollup;
    text += &format!(
        "as of {}; {children_up} of {children_expected} children are in touch, the others as last \
         heard\n",
        moment(*as_of_ms)
    );
    text
}

fn journal(count: &JournalCount) -> String {
    let mut text = table(HEADINGS, [row(&count.division.short(), "", count.figures)]);
    text += &format!(
        "{} entries, as of {}\n",
        count.entries,
        moment(count.as_of_ms)
    );
    text
}

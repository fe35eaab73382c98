//! `wujitong rollup`

use api::{CellsApart, Figures, JournalCount, RollupBy, RollupTable};
use clap::Subcommand;
use domain::time::Day;

use super::{
    Failure, Output,
    client::encoded,
    labels::{self, moment, one_of},
    site::Site,
    tables::table,
};

/// Shows figures (统计) of a node and everything below it
///
/// Examples:
///   wujitong rollup show --by category
///   wujitong rollup journal
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Rollup {
    #[command(flatten)]
    site: Site,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Show(Show),
    Apart(Apart),
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
    #[arg(long, value_parser = one_of::<RollupBy>(&labels::GROUPS), default_value = "day")]
    by: RollupBy,
    /// First day, in Asia/Shanghai
    #[arg(long, value_name = "DAY")]
    from: Option<Day>,
    /// Last day, inclusive
    #[arg(long, value_name = "DAY")]
    to: Option<Day>,
}

/// Lists what children said of their figures that can never be, and no sum contains
///
/// Examples:
///   wujitong rollup apart --node 330825
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Apart;

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
            What::Apart(Apart) => {
                let apart: CellsApart = asked.client.get(&asked.path("rollup/apart")).await?;
                output.facts(&apart, || cells_apart(&apart))
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
    "#net given",
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
        figures.net_given.to_string(),
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
    if let Some(in_transit) = rollup.total.in_transit {
        text += &format!("in transit between two nodes 在途: {in_transit}\n");
    }
    text += &marked(rollup);
    text
}

/// Children whose figures are not as they should be.
fn marked(rollup: &RollupTable) -> String {
    if rollup.marked.is_empty() {
        return String::new();
    }
    let headings = [
        "child",
        "#apart",
        "#refused",
        "#not adding up",
        "since",
        "#counted before a loss",
    ];
    let rows = rollup.marked.iter().map(|child| {
        [
            child.child.short(),
            child.apart.to_string(),
            child.refused.to_string(),
            child.uneven.to_string(),
            child.uneven_since_ms.map(moment).unwrap_or_default(),
            child.lost.to_string(),
        ]
    });
    format!(
        "\nfigures of children to look into 下级统计存疑 (see `wujitong rollup apart`)\n{}",
        table(headings, rows)
    )
}

fn cells_apart(apart: &CellsApart) -> String {
    if apart.cells.is_empty() {
        return "nothing is kept apart 没有存疑统计\n".to_owned();
    }
    let headings = [
        "child",
        "day",
        "acting",
        "origin",
        "category",
        "#reported",
        "#taken",
        "#given",
        "#closed",
        "reason",
    ];
    let rows = apart.cells.iter().map(|cell| {
        [
            cell.child.short(),
            cell.day.clone(),
            cell.acting.short(),
            cell.origin.short(),
            cell.category.clone(),
            cell.figures.reported.to_string(),
            cell.figures.taken.to_string(),
            cell.figures.given.to_string(),
            cell.figures.closed.to_string(),
            cell.detail.clone(),
        ]
    });
    table(headings, rows)
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

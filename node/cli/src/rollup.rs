//! `wujitong rollup`

mod query;

use api::{
    CellsApart, ChildFiguresView, Figures, JournalCount, RollupBy, RollupQuery, RollupTable,
    SilentChild,
};
use clap::Subcommand;
use domain::{
    measure::{Measure, Row},
    rollup::Counters,
    time::Day,
};

use super::{
    Failure, Output,
    labels::{moment, one_of},
    site::Site,
    tables::{table, wide},
};

/// Shows the figures (统计) of a node and everything below it
///
/// Examples:
///   wujitong rollup query --by county,month --measure completion-rate,in-time-rate
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
    Query(query::Query),
    Show(Show),
    Apart(Apart),
    Journal(Journal),
}

/// Shows what was counted in the subtree: matters reported, taken, given, closed, open, and more
///
/// Examples:
///   wujitong rollup show
///   wujitong rollup show --by county --from 2026-03-01 --to 2026-03-31 --node 33
///   wujitong rollup show --by platform --json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Show {
    /// Grouping of the lines
    #[arg(long, value_parser = one_of::<RollupBy>(), default_value = "day")]
    by: RollupBy,
    /// First day, in Asia/Shanghai
    #[arg(long, value_name = "DAY")]
    from: Option<Day>,
    /// Last day, inclusive
    #[arg(long, value_name = "DAY")]
    to: Option<Day>,
}

/// Lists impossible figures of children, which no sum contains
///
/// Examples:
///   wujitong rollup apart --node 330825
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
struct Apart;

/// Counts one node's own journal entry by entry, to compare the result with its figures
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
            What::Query(query) => query.run(&asked, output).await,
            What::Show(Show { by, from, to }) => {
                let query = RollupQuery {
                    from: from.map(|day| day.to_string()),
                    to: to.map(|day| day.to_string()),
                    by,
                };
                let path = asked.path("rollup");
                let rollup: RollupTable = asked.client.find(&path, &query).await?;
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

/// Returns the measures to show: those of which anything was counted.
fn shown<'a>(all: impl IntoIterator<Item = &'a Figures>) -> Vec<&'static Row> {
    let counted = all.into_iter().fold(Counters::default(), |most, figures| {
        most.at_least(figures.counts.0)
    });
    let rows = Measure::LIST.iter();
    rows.filter(|row| counted[row.measure] > 0).collect()
}

/// Returns the headings of these measures.
fn headings(measures: &[&Row]) -> Vec<String> {
    let heading = |row: &&Row| format!("#{}", row.code.replace('-', " "));
    measures.iter().map(heading).collect()
}

/// Returns what was counted of these measures.
fn counts(measures: &[&Row], figures: &Figures) -> Vec<String> {
    let count = |row: &&Row| figures.counts.0[row.measure].to_string();
    measures.iter().map(count).collect()
}

/// Draws figures, one line each, with the measures that counted something and what follows from them.
fn drawn(by: &str, lines: &[(&str, &str, Figures)]) -> String {
    let measures = shown(lines.iter().map(|(.., figures)| figures));
    let names = headings(&measures);
    let mut heads = vec![by, "name"];
    heads.extend(names.iter().map(String::as_str));
    heads.extend(["#open", "#net given"]);
    let rows = lines.iter().map(|(key, name, figures)| {
        let mut row = vec![(*key).to_owned(), (*name).to_owned()];
        row.extend(counts(&measures, figures));
        row.extend([figures.open.to_string(), figures.net_given.to_string()]);
        row
    });
    wide(&heads, rows)
}

fn lines(rollup: &RollupTable) -> String {
    let named = rollup.lines.iter().map(|line| {
        let name = line.name.as_deref().unwrap_or_default();
        (line.key.as_str(), name, line.figures)
    });
    let all: Vec<_> = named.chain([("total", "合计", rollup.total)]).collect();
    let mut text = drawn(rollup.by.code(), &all);
    let RollupTable {
        as_of_ms,
        children_up,
        children_expected,
        ..
    } = rollup;
    text += &format!(
        "as of {}; {children_up} of {children_expected} children are linked, the others as last \
         received\n",
        moment(*as_of_ms)
    );
    for child in &rollup.silent {
        text += &silent_line(child);
    }
    if let Some(in_transit) = rollup.total.in_transit {
        text += &format!("in transit between two nodes 在途: {in_transit}\n");
    }
    text += &marked(&rollup.marked);
    text
}

/// Says that a child is silent.
fn silent_line(child: &SilentChild) -> String {
    let heard = child
        .last_contact_ms
        .map_or("at an unknown time".to_owned(), moment);
    format!(
        "silent 未连通: {} {}, last heard of {heard}\n",
        child.child.short(),
        child.name
    )
}

/// Returns a table of children with faulty figures.
fn marked(children: &[ChildFiguresView]) -> String {
    if children.is_empty() {
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
    let rows = children.iter().map(|child| {
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
        "\nfaulty figures of children 下级统计存疑 (see `wujitong rollup apart`)\n{}",
        table(headings, rows)
    )
}

fn cells_apart(apart: &CellsApart) -> String {
    if apart.cells.is_empty() {
        return "nothing is kept apart 没有存疑统计\n".to_owned();
    }
    let measures = shown(apart.cells.iter().map(|cell| &cell.figures));
    let names = headings(&measures);
    let mut heads = vec!["child", "day", "acting", "origin", "category"];
    heads.extend(names.iter().map(String::as_str));
    heads.push("reason");
    let rows = apart.cells.iter().map(|cell| {
        let mut row = vec![
            cell.child.short(),
            cell.day.clone(),
            cell.acting.short(),
            cell.origin.short(),
            cell.category.clone(),
        ];
        row.extend(counts(&measures, &cell.figures));
        row.push(cell.detail.clone());
        row
    });
    wide(&heads, rows)
}

fn journal(count: &JournalCount) -> String {
    let mut text = drawn("node", &[(&count.division.short(), "", count.figures)]);
    text += &format!(
        "{} entries, as of {}\n",
        count.entries,
        moment(count.as_of_ms)
    );
    text
}

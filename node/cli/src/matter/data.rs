//! `wujitong matter data`

use std::{fs, io::Write, os::unix::fs::OpenOptionsExt, path::PathBuf};

use api::{DataLine, DataTable, DataTableQuery, ElementName};
use domain::{csv, time::Day};
use serde::Serialize;

use crate::{Failure, Output, site::Asked};

/// Matters on a page that is asked for.
const PAGE: usize = 1_000;

/// Writes the data of matters that were held here as a table (CSV); only what says nothing of a person
///
/// One line for each matter, one column for each element of which there is a value. No cell is a formula
/// for a spreadsheet.
///
/// Examples:
///   wujitong matter data --category order/dispute --output disputes.csv
///   wujitong matter data --from 2026-03-01 --to 2026-03-31 --output march.csv
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Data {
    /// Category: platform/word; all categories if left out
    #[arg(long, value_name = "CODE")]
    category: Option<String>,
    /// Reported on this day or later
    #[arg(long, value_name = "DAY")]
    from: Option<Day>,
    /// Reported on this day or earlier
    #[arg(long, value_name = "DAY")]
    to: Option<Day>,
    /// File to write, which must not exist; only its owner can read it
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

/// The file that was written.
#[derive(Serialize)]
struct Written {
    file: PathBuf,
    matters: usize,
}

impl Data {
    pub(super) async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let mut query = DataTableQuery {
            category: self.category,
            from: self.from.map(|day| day.to_string()),
            to: self.to.map(|day| day.to_string()),
            after: None,
            limit: Some(PAGE),
        };
        let mut lines = vec![];
        let elements = loop {
            let path = asked.path("matter-data");
            let page: DataTable = asked.client.find(&path, &query).await?;
            lines.extend(page.rows);
            query.after = page.next;
            if query.after.is_none() {
                break page.elements;
            }
        };
        let file = self.output;
        let failed = |error| Failure::File(file.clone(), error);
        let mut options = fs::OpenOptions::new();
        let options = options.write(true).create_new(true).mode(0o600);
        let mut opened = options.open(&file).map_err(failed)?;
        let written = opened.write_all(table(&elements, &lines).as_bytes());
        written.and_then(|()| opened.sync_all()).map_err(failed)?;
        let matters = lines.len();
        let written = Written { file, matters };
        output.facts(&written, || {
            format!("{matters} matters in {}\n", written.file.display())
        })
    }
}

/// Returns the table: a column for each element of which there is a value.
fn table(elements: &[ElementName], lines: &[DataLine]) -> String {
    let has = |one: &&ElementName| lines.iter().any(|line| line.values.contains_key(&one.code));
    let elements: Vec<&ElementName> = elements.iter().filter(has).collect();
    let heads = ["编号 matter", "上报日 reported", "类别 category"].map(str::to_owned);
    let columns = elements
        .iter()
        .map(|one| format!("{} {}", one.name.zh, one.code));
    let heads: Vec<String> = heads.into_iter().chain(columns).collect();
    let mut table = csv::MARK.to_owned() + &csv::line(&heads);
    for line in lines {
        let first = [&line.id, &line.reported, &line.category].map(String::as_str);
        let values = elements
            .iter()
            .map(|one| line.values.get(&one.code).map_or("", String::as_str));
        table += &csv::line(&first.into_iter().chain(values).collect::<Vec<_>>());
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_stands_for_each_element_that_has_a_value() {
        let element = |code: &str| ElementName {
            code: code.to_owned(),
            name: api::InBoth {
                zh: "人数".to_owned(),
                en: "persons".to_owned(),
            },
        };
        let line = DataLine {
            id: "330825002222-00000001-1".to_owned(),
            reported: "2026-03-01".to_owned(),
            category: "order/dispute".to_owned(),
            values: [("persons".to_owned(), "=2".to_owned())].into(),
        };
        let table = table(&[element("other"), element("persons")], &[line]);
        let lines: Vec<&str> = table.lines().collect();
        assert!(
            lines[0].ends_with("\"类别 category\",\"人数 persons\""),
            "{table}"
        );
        assert!(lines[1].ends_with("\"order/dispute\",\"'=2\""), "{table}");
    }
}

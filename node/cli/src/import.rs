//! `wujitong import`

#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::PathBuf,
};

use api::{Fault, Field, ImportLine, ImportOutcome, ImportReport, ImportRequest, MOST_ROWS};
use domain::{
    csv::defused,
    import::{Source, columns},
    matter::Datum,
};
use http::Method;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use sheet::{Encoding, Table, is_blank};
use topology::UnknownTerm;

use super::{
    Failure, Output, encodings,
    site::{Asked, Site},
    tables::{pairs, table},
};

/// The most bytes of cells in one request; the node accepts 512 KiB.
const MOST_BYTES: usize = 128 * 1024;
/// The most faults shown to a person.
const MOST_SHOWN: usize = 50;

/// Imports matters (导入) from another system, from a CSV or XLSX file, each once
///
/// One row names the columns, in Chinese or English: 编号/id, 类别/category, 内容/text,
/// 上报时间/reported_at, 受理时间/accepted_at, 办结时间/closed_at, 纬度/latitude, 经度/longitude,
/// 姓名/name, 电话/phone, 地址/address, 渠道/channel, 紧急程度/priority, 状态/status. Rows above it, other
/// columns and other sheets are listed and not read.
///
/// A matter keeps its times from the other system: it counts on those days. A matter that was
/// closed there has no clocks here, an overdue one is overdue since then, and nothing is escalated.
/// --as-new imports all matters as reported now.
///
/// Every row is checked first. If one is bad, nothing is imported, unless you give --skip-bad. If
/// the import is interrupted, run it again: the 编号 under --source identifies rows that were
/// imported before, and rows that have changed since are reported.
///
/// Examples:
///   wujitong import matters.xlsx --source longyou-12345 --dry-run
///   wujitong import matters.csv --source longyou-12345 --map "工单号=id" --skip-bad --faults bad.csv
///   wujitong import matters.csv --source longyou-12345 --encoding gb18030 --coordinates gcj-02
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Import {
    #[command(flatten)]
    site: Site,
    /// CSV; or XLSX, XLS or ODS, of which the first visible sheet is read
    file: PathBuf,
    /// Sheet of a workbook to read
    #[arg(long)]
    sheet: Option<String>,
    /// Encoding of a CSV file; UTF-8 if left out; gb18030 also reads GBK and GB2312
    #[arg(long, value_parser = encodings::parser())]
    encoding: Option<Encoding>,
    /// Name of the other system: lower-case letters, digits, dashes
    #[arg(long)]
    source: Source,
    /// Only shows what would happen to each row; changes nothing
    #[arg(long)]
    dry_run: bool,
    /// Imports the good rows although others are bad
    #[arg(long)]
    skip_bad: bool,
    /// Imports all rows as reported now: clocks start now, and policy may send matters up at once
    #[arg(long)]
    as_new: bool,
    /// Coordinate system of latitude and longitude: wgs-84; gcj-02 (Chinese maps and phones); bd-09
    /// (Baidu)
    #[arg(long, value_name = "SYSTEM", default_value_t)]
    coordinates: Datum,
    /// Field of a column whose heading does not name it; `column=` skips the column
    #[arg(long = "map", value_name = "COLUMN=FIELD", value_parser = mapped)]
    map: Vec<(String, Option<Field>)>,
    /// Writes the faults of bad rows to this CSV file
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
}

fn mapped(text: &str) -> Result<(String, Option<Field>), String> {
    let (column, field) = text
        .rsplit_once('=')
        .ok_or("write it as column=field, such as 工单号=id")?;
    let field = match field.trim() {
        "" => None,
        field => {
            let heading = Field::of_heading(field).map_or_else(|| field.parse(), Ok);
            Some(heading.map_err(|unknown: UnknownTerm| unknown.to_string())?)
        }
    };
    Ok((column.trim().to_owned(), field))
}

/// The faults of a row.
#[derive(Debug, Serialize)]
struct BadRow {
    line: u64,
    faults: Vec<Fault>,
}

/// The result of an import.
#[derive(Debug, Default, Serialize)]
struct Told {
    dry_run: bool,
    rows: usize,
    ready: usize,
    taken: usize,
    already: usize,
    /// Rows that were imported before and whose work has continued in the other system since.
    went_on: usize,
    withheld: usize,
    /// Remarks on how the file was read.
    notes: Vec<String>,
    bad: Vec<BadRow>,
    /// Remarks on rows that can be imported.
    noted: Vec<BadRow>,
    /// The matter of each imported row, by its number in the other system.
    matters: BTreeMap<String, String>,
}

/// Whom the rows are sent to, at which path, and whether a person watches.
type Way<'a> = (&'a Asked, &'a str, bool);

impl Import {
    pub(super) async fn run(self, output: &mut Output<'_>) -> Result<(), Failure> {
        let bytes =
            fs::read(&self.file).map_err(|error| Failure::File(self.file.clone(), error))?;
        let sheet = self.sheet.as_deref();
        let table = Table::read(&bytes, self.encoding, sheet, &self.map)
            .map_err(|error| Failure::Usage(format!("{}: {error}", self.file.display())))?;
        let fields = columns(&table.headings, &self.map)
            .map_err(|error| Failure::Usage(format!("{}: {error}", self.file.display())))?;
        let (rows, mut bad) = lines(&table, &fields);
        let mut notes = table.notes.clone();
        notes.extend(unread(&table, &fields));
        notes.extend(rounded(&rows));
        let asked = self.site.ask().await?;
        let path = asked.path(&format!("imports/{}", self.source));
        let mut told = Told {
            dry_run: self.dry_run,
            rows: table.rows.len(),
            notes,
            ..Told::default()
        };
        let way = (&asked, &*path, output.for_person());
        let good = self.check(way, &rows, &mut bad, &mut told).await?;
        bad.sort_by_key(|row| row.line);
        let stop = !bad.is_empty() && !self.skip_bad;
        let dry_run = self.dry_run || stop;
        self.take_in(way, (&good, dry_run), &mut bad, &mut told)
            .await?;
        told.bad = bad;
        if let Some(file) = &self.faults {
            fs::write(file, faults(&told.bad))
                .map_err(|error| Failure::File(file.clone(), error))?;
        }
        output.facts(&told, || show(&told))?;
        match told.bad.len() {
            0 => Ok(()),
            bad if self.skip_bad => {
                tracing::info!(bad, "bad rows were skipped");
                Ok(())
            }
            bad => Err(Failure::Usage(format!(
                "{bad} of {} rows are bad, so none was taken in; correct them, or take in the others \
                 with --skip-bad",
                told.rows
            ))),
        }
    }

    /// Asks the node what would become of the rows. Returns those without a fault.
    async fn check(
        &self,
        (asked, path, for_person): Way<'_>,
        rows: &[ImportLine],
        bad: &mut Vec<BadRow>,
        told: &mut Told,
    ) -> Result<Vec<ImportLine>, Failure> {
        let bar = bar(rows.len(), for_person, "checked");
        let mut good = vec![];
        for batch in batches(rows) {
            let outcomes = self.ask(asked, path, batch, true, true).await?;
            for (row, line) in batch.iter().zip(outcomes.rows) {
                match line.outcome {
                    ImportOutcome::Bad => bad.push(BadRow {
                        line: row.line,
                        faults: line.faults,
                    }),
                    ImportOutcome::Differs => bad.push(differs(row, line.matter.as_deref())),
                    _ => good.push(row.clone()),
                }
                if !line.noted.is_empty() {
                    told.noted.push(BadRow {
                        line: row.line,
                        faults: line.noted,
                    });
                }
            }
            bar.inc(batch.len() as u64);
        }
        bar.finish_and_clear();
        Ok(good)
    }

    /// Sends the rows without a fault, and counts what became of them.
    async fn take_in(
        &self,
        (asked, path, for_person): Way<'_>,
        (good, dry_run): (&[ImportLine], bool),
        bad: &mut Vec<BadRow>,
        told: &mut Told,
    ) -> Result<(), Failure> {
        let bar = bar(good.len(), for_person, "taken in");
        for batch in batches(good) {
            let outcomes = self.ask(asked, path, batch, dry_run, self.skip_bad).await?;
            for (row, line) in batch.iter().zip(outcomes.rows) {
                match line.outcome {
                    ImportOutcome::Ready if self.dry_run => told.ready += 1,
                    ImportOutcome::Ready | ImportOutcome::Withheld => told.withheld += 1,
                    ImportOutcome::Taken => told.taken += 1,
                    ImportOutcome::Already => told.already += 1,
                    ImportOutcome::WentOn => told.went_on += 1,
                    ImportOutcome::Differs => bad.push(differs(row, line.matter.as_deref())),
                    // The row was good in the first check; the policy has changed since.
                    ImportOutcome::Bad => bad.push(BadRow {
                        line: row.line,
                        faults: line.faults,
                    }),
                }
                if let (Some(matter), Some(id)) = (line.matter, row.cells.get(&Field::Id)) {
                    told.matters.insert(id.clone(), matter);
                }
            }
            bar.inc(batch.len() as u64);
        }
        bar.finish_and_clear();
        Ok(())
    }
}

/// Splits the rows into those to send and those that are already bad in the file: with cells beyond
/// the last heading, or with the number of another row.
fn lines(table: &Table, fields: &[Option<Field>]) -> (Vec<ImportLine>, Vec<BadRow>) {
    let (mut rows, mut bad) = (vec![], vec![]);
    let mut seen: HashMap<String, u64> = HashMap::new();
    for (line, cells) in &table.rows {
        let fault = |column, value: &str, reason: String, hint: &str| BadRow {
            line: *line,
            faults: vec![Fault {
                column,
                value: value.chars().take(60).collect(),
                reason,
                hint: hint.to_owned(),
            }],
        };
        let extra = cells.iter().skip(fields.len()).find(|cell| !is_blank(cell));
        if let Some(extra) = extra {
            let extra = extra.as_ref().map_or("", String::as_str);
            let reason = "the row has more cells than the table has columns".to_owned();
            let hint = "is a comma or quotation mark in a text not quoted?";
            bad.push(fault(Field::Text, extra, reason, hint));
            continue;
        }
        // A column without a field may contain garbled text.
        let named = fields.iter().zip(cells);
        let named = named.filter_map(|(field, cell)| Some(((*field)?, cell)));
        let named = named.filter(|(_, cell)| !is_blank(cell));
        let (mut cells, mut faults) = (BTreeMap::new(), vec![]);
        for (field, cell) in named {
            match cell.as_deref().or_else(|doubt| doubt.judge(field)) {
                Ok(text) => {
                    cells.insert(field, text.to_owned());
                }
                Err(fault) => faults.push(fault),
            }
        }
        if !faults.is_empty() {
            bad.push(BadRow {
                line: *line,
                faults,
            });
            continue;
        }
        let id = cells.get(&Field::Id).map(|id| id.trim().to_owned());
        match id.and_then(|id| Some((seen.insert(id.clone(), *line)?, id))) {
            Some((first, id)) => {
                let reason = format!("line {first} has the same number");
                bad.push(fault(Field::Id, &id, reason, "remove one of them"));
                seen.insert(id, first);
            }
            None => rows.push(ImportLine { line: *line, cells }),
        }
    }
    (rows, bad)
}

/// Returns the fault of a row whose number was imported before with other content.
fn differs(row: &ImportLine, matter: Option<&str>) -> BadRow {
    let id = row.cells.get(&Field::Id).map_or("", String::as_str);
    let matter = matter.unwrap_or_default();
    BadRow {
        line: row.line,
        faults: vec![Fault {
            column: Field::Id,
            value: id.chars().take(60).collect(),
            reason: format!(
                "this number was taken in before as {matter}, with another category, text, time or place"
            ),
            hint: "if it is another matter, correct the number; if it is the same, act on that matter here"
                .to_owned(),
        }],
    }
}

/// Returns remarks on columns that have content but no field.
fn unread(table: &Table, fields: &[Option<Field>]) -> Vec<String> {
    let unread = fields
        .iter()
        .enumerate()
        .filter(|(_, field)| field.is_none());
    unread
        .filter_map(|(column, _)| {
            let holds = |cells: &&Vec<sheet::Cell>| cells.get(column).is_some_and(|c| !is_blank(c));
            let rows = table.rows.iter().map(|(_, cells)| cells).filter(holds).count();
            let heading = table.headings[column].trim();
            (rows > 0).then(|| match heading {
                "" => format!(
                    "column {} has no heading and is not read, although {rows} rows have content there",
                    column + 1
                ),
                heading => format!(
                    "the column `{heading}` is not read; if it is a field, name it with --map \"{heading}=FIELD\""
                ),
            })
        })
        .collect()
}

/// Returns a warning if all long numbers end with zeros from the sixteenth digit on, as a
/// spreadsheet saves them.
fn rounded(rows: &[ImportLine]) -> Option<String> {
    let ids = rows.iter().filter_map(|row| row.cells.get(&Field::Id));
    let long = ids.filter(|id| id.len() > 15 && id.bytes().all(|byte| byte.is_ascii_digit()));
    let (mut count, mut zeros) = (0, 0);
    for id in long {
        let end = &id[15..];
        if end.bytes().any(|byte| byte != b'0') {
            return None;
        }
        count += 1;
        zeros += end.len();
    }
    (zeros >= 3).then(|| {
        format!(
            "all {count} numbers of more than 15 digits end with zeros from the sixteenth on; if a spreadsheet \
             saved the file, they are wrong: export it again, with that column as text"
        )
    })
}

/// Splits rows into requests.
fn batches(rows: &[ImportLine]) -> impl Iterator<Item = &[ImportLine]> {
    let mut rest = rows;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = rest.iter().take(MOST_ROWS).take_while(|row| {
            bytes += row.cells.values().map(String::len).sum::<usize>();
            bytes <= MOST_BYTES
        });
        let fits = fits.count().max(1).min(rest.len());
        let (batch, more) = rest.split_at(fits);
        rest = more;
        (!batch.is_empty()).then_some(batch)
    })
}

impl Import {
    async fn ask(
        &self,
        asked: &Asked,
        path: &str,
        rows: &[ImportLine],
        dry_run: bool,
        skip_bad: bool,
    ) -> Result<ImportReport, Failure> {
        let request = ImportRequest {
            dry_run,
            skip_bad,
            as_new: self.as_new,
            coordinates: self.coordinates,
            rows: rows.to_vec(),
        };
        Ok(asked.client.send(Method::PUT, path, &request).await?)
    }
}

fn bar(rows: usize, for_person: bool, what: &'static str) -> ProgressBar {
    let target = match for_person {
        true => ProgressDrawTarget::stderr(),
        false => ProgressDrawTarget::hidden(),
    };
    let bar = ProgressBar::with_draw_target(Some(rows as u64), target);
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} rows {msg}");
    bar.set_style(style.expect("the template is right"));
    bar.with_message(what)
}

fn show(told: &Told) -> String {
    let mut text = String::new();
    for note in &told.notes {
        text += &format!("{note}\n");
    }
    if !told.notes.is_empty() {
        text += "\n";
    }
    text += &cells("fault", &told.bad);
    text += &cells("remark", &told.noted);
    let count = |word, count: usize| (count > 0).then(|| (word, count.to_string()));
    text += &pairs(
        [
            Some(("rows", told.rows.to_string())),
            count("can be taken in", told.ready),
            count("taken in", told.taken),
            count("already there", told.already),
            count("already there, continued elsewhere", told.went_on),
            count("bad", told.bad.len()),
            count("not taken in", told.withheld),
        ]
        .into_iter()
        .flatten(),
    );
    if told.dry_run {
        text += "Nothing was changed.\n";
    }
    text
}

fn cells(what: &'static str, rows: &[BadRow]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let lines = rows.iter().flat_map(|row| {
        row.faults.iter().map(move |fault| {
            [
                row.line.to_string(),
                format!("{} {}", fault.column.chinese(), fault.column.code()),
                fault.value.clone(),
                fault.reason.clone(),
                fault.hint.clone(),
            ]
        })
    });
    let headings = ["#line", "column", "value", what, "remedy"];
    let mut text = table(headings, lines.take(MOST_SHOWN));
    let all: usize = rows.iter().map(|row| row.faults.len()).sum();
    if all > MOST_SHOWN {
        text += &format!(
            "… {} more; --faults FILE writes all faults\n",
            all - MOST_SHOWN
        );
    }
    text + "\n"
}

/// Returns the faults as CSV; cells are escaped so that a spreadsheet runs no formula in them.
fn faults(bad: &[BadRow]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(vec![0xef, 0xbb, 0xbf]);
    let mut put = |cells: [&str; 5]| {
        let cells = cells.map(|cell| defused(cell).into_owned());
        writer
            .write_record(&cells)
            .expect("a vector takes everything");
    };
    put(["line", "column", "value", "reason", "hint"]);
    for row in bad {
        let line = row.line.to_string();
        for fault in &row.faults {
            put([
                &line,
                fault.column.code(),
                &fault.value,
                &fault.reason,
                &fault.hint,
            ]);
        }
    }
    writer.into_inner().unwrap_or_default()
}

#[cfg(test)]
mod tests;

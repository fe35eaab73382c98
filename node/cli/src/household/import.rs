//! `wujitong household import`

use api::{
    HouseholdCellChange, HouseholdCellFault, HouseholdSheet, HouseholdSheetLine,
    HouseholdSheetOutcome, HouseholdSheetReport, HouseholdSheetRow,
};
use serde::Serialize;
use sheet::households::{HouseholdRows, empty};

use crate::{
    Failure, Output,
    sheets::{self, SheetArgs},
    site::Asked,
    tables::{pairs, table},
};

/// Adds and changes households from a sheet (住户表), CSV or XLSX
///
/// One row names the columns, in Chinese or English: 户号/number, 户主/name, 网格/grid, 账号/accounts, 人口/persons; all but
/// the first may be left out or empty. The number is what stands on the door, and stays with the household; one without
/// the name of its head is called by its number. --empty writes such a sheet, with a row that shows what belongs where and
/// is not read.
///
/// Every row is checked first. If one has a fault, nothing is done, unless you give --only-right. Formulas, merged
/// cells and hidden sheets are refused. Read the same sheet again as often as you like: a row whose household is there
/// changes nothing, unless you give --change.
///
/// Examples:
///   wujitong household import --empty households.xlsx
///   wujitong household import households.xlsx --dry-run
///   wujitong household import households.xlsx --change
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Import {
    #[command(flatten)]
    sheet: SheetArgs,
    /// Also changes households that are there, as far as their cells are not empty (`无` or `-` for nothing)
    #[arg(long)]
    change: bool,
}

#[derive(Debug, Serialize)]
struct Told {
    dry_run: bool,
    /// Headings of columns that are not read.
    unread: Vec<String>,
    rows: Vec<HouseholdSheetLine>,
}

impl Import {
    pub(super) async fn run(self, asked: &Asked, output: &mut Output<'_>) -> Result<(), Failure> {
        let args = &self.sheet;
        if args.wrote_empty(empty, output)? {
            return Ok(());
        }
        let sheet: HouseholdRows = args.read()?;
        let mut rows = bad_lines(&sheet);
        let dry_run = args.is_dry(!rows.is_empty());
        let lines = sheet.rows.iter().map(|row| HouseholdSheetRow {
            line: row.line,
            cells: row.cells.clone(),
        });
        let request = HouseholdSheet {
            dry_run,
            only_right: args.only_right,
            change: self.change,
            rows: lines.collect(),
        };
        if !request.rows.is_empty() {
            let path = asked.path("household-sheets");
            let report: HouseholdSheetReport = asked.client.post(&path, &request).await?;
            rows.extend(report.rows);
        }
        rows.sort_by_key(|row| row.line);
        let told = Told {
            dry_run,
            unread: sheet.unread,
            rows,
        };
        output.facts(&told, || show(&told))?;
        let bad = told.rows.iter().filter(|row| !row.faults.is_empty());
        args.check(bad.count(), told.rows.len())
    }
}

/// Returns the rows that have faults before a node is asked.
fn bad_lines(sheet: &HouseholdRows) -> Vec<HouseholdSheetLine> {
    let line = |(line, faults): &(u64, Vec<_>)| {
        let fault = |fault: &domain::rows::Fault<_, _>| {
            let (reason, hint) = sheets::told(fault.why);
            HouseholdCellFault {
                column: fault.column,
                value: fault.value.clone(),
                reason,
                hint,
            }
        };
        HouseholdSheetLine {
            line: *line,
            outcome: HouseholdSheetOutcome::Bad,
            household: None,
            new: false,
            changes: vec![],
            faults: faults.iter().map(fault).collect(),
        }
    };
    sheet.bad.iter().map(line).collect()
}

fn show(told: &Told) -> String {
    let faults = told.rows.iter().flat_map(|row| {
        row.faults.iter().map(move |fault| {
            let (value, reason) = (fault.value.clone(), fault.reason.clone());
            let column = sheets::column(fault.column);
            (row.line, column, value, reason, fault.hint.clone())
        })
    });
    let mut text = sheets::faults(&told.unread, faults);
    let changes = told.rows.iter().flat_map(|row| {
        let number = row.household.map(|number| number.to_string());
        let change = move |change: &HouseholdCellChange| {
            [
                row.line.to_string(),
                number.clone().unwrap_or_default(),
                sheets::column(change.column),
                change.before.clone(),
                change.after.clone(),
            ]
        };
        row.changes.iter().map(change)
    });
    let changes: Vec<_> = changes.collect();
    if !changes.is_empty() {
        text += &table(
            ["#line", "#household", "column", "before", "after"],
            changes,
        );
        text += "\n";
    }
    let counts = HouseholdSheetOutcome::ALL
        .into_iter()
        .filter_map(|outcome| {
            let rows = told.rows.iter().filter(|row| row.outcome == outcome);
            let count = rows.count();
            (count > 0).then(|| (outcome.code(), count.to_string()))
        });
    let new = told.rows.iter().filter(|row| row.new).count();
    text += &pairs(
        [
            ("rows", told.rows.len().to_string()),
            ("new", new.to_string()),
        ]
        .into_iter()
        .chain(counts),
    );
    if told.dry_run {
        text += "Nothing was changed.\n";
    }
    text
}

//! What commands that read a sheet have in common: an empty sheet, the file, and the table of faults.

use std::{fs, path::PathBuf};

use domain::rows::{BadCell, SheetColumn};
use sheet::{Limits, filled::Filled};
use topology::Term;

use crate::{Failure, Output, tables::table};

/// Arguments of commands that read a sheet.
#[derive(Debug, clap::Args)]
pub(crate) struct SheetArgs {
    /// CSV in UTF-8 or GB18030; or XLSX, XLS or ODS, of which the first visible sheet is read
    #[arg(required_unless_present = "empty")]
    file: Option<PathBuf>,
    /// Writes an empty sheet to this XLSX file
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    empty: Option<PathBuf>,
    /// Only shows what would become of each row; changes nothing
    #[arg(long)]
    dry_run: bool,
    /// Does what the right rows say although others have faults
    #[arg(long)]
    pub(crate) only_right: bool,
}

impl SheetArgs {
    /// Writes an empty sheet, if one was asked for; returns whether.
    pub(crate) fn wrote_empty(
        &self,
        sheet: impl FnOnce() -> Vec<u8>,
        output: &mut Output<'_>,
    ) -> Result<bool, Failure> {
        let Some(file) = &self.empty else {
            return Ok(false);
        };
        fs::write(file, sheet()).map_err(|error| Failure::File(file.clone(), error))?;
        output.facts(&serde_json::json!({ "written": file }), || {
            format!("{} is written; fill it in\n", file.display())
        })?;
        Ok(true)
    }

    /// Reads the sheet into rows.
    pub(crate) fn read<C: SheetColumn>(&self) -> Result<Filled<C>, Failure> {
        let file = self.file.clone().unwrap_or_default();
        let bytes = fs::read(&file).map_err(|error| Failure::File(file.clone(), error))?;
        Filled::read(&bytes, &Limits::OWN)
            .map_err(|error| Failure::Usage(format!("{}: {error}", file.display())))
    }

    /// Returns whether nothing is done: only a look was asked for, or some rows are bad.
    pub(crate) const fn is_dry(&self, some_are_bad: bool) -> bool {
        self.dry_run || some_are_bad && !self.only_right
    }

    /// Fails if rows have faults and the others were not done because of them.
    pub(crate) fn check(&self, bad: usize, rows: usize) -> Result<(), Failure> {
        match bad {
            0 => Ok(()),
            bad if self.only_right => {
                tracing::info!(bad, "rows with faults were left out");
                Ok(())
            }
            bad => Err(Failure::Usage(format!(
                "{bad} of {rows} rows have faults, so nothing was done; correct them, or do what the others say with \
                 --only-right"
            ))),
        }
    }
}

/// Tells why a cell was not taken before a node was asked: the reason, and what to do.
pub(crate) fn told(why: BadCell) -> (String, Option<String>) {
    let said = why.to_string();
    let (reason, hint) = said.split_once("; ").unwrap_or((&said, ""));
    let hint = Some(hint.to_owned()).filter(|hint| !hint.is_empty());
    (reason.to_owned(), hint)
}

/// Returns the name of a column as tables show it.
pub(crate) fn column(column: impl Term) -> String {
    format!("{} {}", column.chinese(), column.code())
}

/// Shows headings that are not read, and faults: line, column, cell, reason, hint.
pub(crate) fn faults(
    unread: &[String],
    faults: impl Iterator<Item = (u64, String, String, String, Option<String>)>,
) -> String {
    let mut text = String::new();
    for heading in unread {
        text += &format!("the column `{heading}` is not read\n");
    }
    let rows = faults.map(|(line, column, value, reason, hint)| {
        [
            line.to_string(),
            column,
            value,
            reason,
            hint.unwrap_or_default(),
        ]
    });
    let rows: Vec<_> = rows.collect();
    if !rows.is_empty() {
        text += &table(["#line", "column", "value", "fault", "remedy"], rows);
        text += "\n";
    }
    text
}

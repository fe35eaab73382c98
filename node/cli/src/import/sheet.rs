//! Reads a file into the texts of its cells.

mod book;
mod caught;
mod format;
mod text;

use api::{Fault, Field};
use domain::import::{columns, recognised};

use super::encoding::{Encoding, Garbled};

/// The largest file, in bytes.
const MOST_BYTES: usize = 64 * 1024 * 1024;
/// The most rows of a file.
const MOST_ROWS: usize = 500_000;
/// The most cells of a file, including empty ones between others.
const MOST_CELLS: usize = 10_000_000;
/// Number of rows among which the headings are searched.
const HEADINGS_WITHIN: usize = 20;

/// Field of a column by its heading; `None` skips the column.
pub(super) type Map = [(String, Option<Field>)];

/// A table: headings, rows with their line in the file, and remarks on how it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) headings: Vec<String>,
    pub(super) rows: Vec<(u64, Vec<Cell>)>,
    pub(super) notes: Vec<String>,
}

/// Text of a cell.
pub(super) type Cell = Result<String, Doubt>;

type Rows = Vec<(u64, Vec<Cell>)>;

/// Why the text of a cell may not be the original text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// Its bytes are not valid text.
    Garbled(Garbled),
    /// A number of more than 15 digits, which a spreadsheet cannot store.
    Digits(String),
    /// A number whose format does not show its digits: the number and the format.
    Format(String, String),
    /// A date that may have been typed as something like `3-1`.
    Day(String),
}

impl Doubt {
    /// Returns the value to use for this field, or the fault.
    pub(super) fn judge(&self, column: Field) -> Result<&str, Fault> {
        let text_column = "format the column as text (文本) in the spreadsheet, fill in the numbers again from \
            where they come from, and save it";
        let (value, reason, hint) = match self {
            Self::Format(plain, _) | Self::Day(plain) if column != Field::Id => return Ok(plain),
            Self::Garbled(Garbled { before, bytes }) => (
                before,
                format!("the bytes {bytes} after this are not a character"),
                "correct the cell in the source of the table; a text may have been cut off there",
            ),
            Self::Digits(shown) => (
                shown,
                "a spreadsheet keeps only 15 digits of a number, so this is not the number that was typed"
                    .to_owned(),
                text_column,
            ),
            Self::Format(plain, format) => (
                plain,
                format!("its format `{format}` does not show the number itself"),
                text_column,
            ),
            Self::Day(shown) => (
                shown,
                "a spreadsheet took it for a day".to_owned(),
                text_column,
            ),
        };
        Err(Fault {
            column,
            value: value.chars().take(60).collect(),
            reason,
            hint: hint.to_owned(),
        })
    }
}

/// Why a file cannot be read as a table.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadFile {
    #[error("the file has {0} bytes, but at most {MOST_BYTES} can be read; split it")]
    Large(usize),
    #[error("the file has more than {MOST_ROWS} rows; split it")]
    Long,
    #[error(
        "the table has more than {MOST_CELLS} cells, or one far away from the others; delete the cells \
         beside the table, or copy it into a new file"
    )]
    Wide,
    #[error("the unpacked workbook has more than {0} MiB; save it again as XLSX, or split it")]
    Unpacks(u64),
    #[error("the file is empty; it must have a row that names the columns")]
    Empty,
    #[error(
        "line {0} is not UTF-8 but GB18030 or GBK, in which it begins `{1}`; add `--encoding gb18030`, \
         or save it as `CSV UTF-8`"
    )]
    Gb18030(usize, String),
    #[error(
        "line {0} has bytes that are not UTF-8, unlike the text before it; correct that line, or export \
         the file again"
    )]
    BrokenUtf8(usize),
    #[error("line {0} is neither UTF-8 nor GB18030; save the file as `CSV UTF-8`")]
    Unknown(usize),
    #[error(
        "line {0} names the columns and is not GB18030; find out with which encoding it was saved"
    )]
    NotGb18030(u64),
    #[error("the file is UTF-8, not GB18030; leave out --encoding")]
    IsUtf8,
    #[error("a workbook names its own encoding; leave out --encoding")]
    SaysItself,
    #[error(
        "the file is UTF-16; convert it with `iconv -f UTF-16 -t UTF-8`, or save it as `CSV UTF-8`"
    )]
    Utf16,
    #[error("it is not valid CSV ({0}); save it again as CSV UTF-8")]
    Csv(#[from] csv::Error),
    #[error("it is not a readable workbook ({0}); save it again as XLSX")]
    Workbook(#[from] calamine::Error),
    #[error("the workbook has no visible sheet; put the table on one")]
    NoSheet,
    #[error("there is no sheet `{0}`; the workbook has: {1}")]
    WhichSheet(String, String),
    #[error("a text file has no sheets; leave out --sheet")]
    NoSheets,
}

impl Table {
    /// Reads a file. The content decides about its type, not the name.
    pub(super) fn read(
        bytes: &[u8],
        encoding: Option<Encoding>,
        sheet: Option<&str>,
        map: &Map,
    ) -> Result<Self, BadFile> {
        if bytes.len() > MOST_BYTES {
            return Err(BadFile::Large(bytes.len()));
        }
        // ZIP (XLSX, ODS) and OLE (XLS).
        let is_workbook =
            bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\xd0\xcf\x11\xe0");
        let (rows, notes) = match (is_workbook, encoding, sheet) {
            (true, Some(_), _) => return Err(BadFile::SaysItself),
            (true, None, sheet) => book::read(bytes, sheet)?,
            (false, _, Some(_)) => return Err(BadFile::NoSheets),
            (false, encoding, None) => (
                text::read(bytes, encoding.unwrap_or_default(), map)?,
                vec![],
            ),
        };
        match rows.len() > MOST_ROWS {
            true => Err(BadFile::Long),
            false => Self::of(rows, notes, map),
        }
    }

    /// Builds the table from the headings and the non-empty rows below them.
    fn of(rows: Rows, mut notes: Vec<String>, map: &Map) -> Result<Self, BadFile> {
        let filled = |(_, cells): &(u64, Vec<Cell>)| cells.iter().any(|cell| !is_blank(cell));
        let mut rows: Rows = rows.into_iter().filter(filled).collect();
        if rows.is_empty() {
            return Err(BadFile::Empty);
        }
        let mut below = rows.split_off(headings_at(&rows, map));
        for (line, cells) in rows {
            let said: Vec<&str> = cells
                .iter()
                .filter_map(|cell| cell.as_deref().ok())
                .collect();
            let said: String = said.join(" ").trim().chars().take(60).collect();
            notes.push(format!(
                "line {line} stands above the headings and is not read: `{said}`"
            ));
        }
        let (line, headings) = below.remove(0);
        let headings: Result<Vec<String>, Doubt> = headings.into_iter().collect();
        let mut headings = headings.map_err(|_| BadFile::NotGb18030(line))?;
        while headings.last().is_some_and(|last| last.trim().is_empty()) {
            headings.pop();
        }
        let again = |cells: &[Cell]| {
            let texts = cells.iter().filter_map(|cell| cell.as_deref().ok());
            texts
                .filter(|text| !text.is_empty())
                .eq(headings.iter().filter(|h| !h.is_empty()))
        };
        below.retain(|(line, cells)| {
            let again = again(cells);
            if again {
                notes.push(format!("line {line} repeats the headings and is not read"));
            }
            !again
        });
        Ok(Self {
            headings,
            rows: below,
            notes,
        })
    }
}

/// Returns the row with the headings: the first that has all required ones, else the one that names
/// most, else the first.
fn headings_at(rows: &[(u64, Vec<Cell>)], map: &Map) -> usize {
    let first = rows
        .iter()
        .take(HEADINGS_WITHIN)
        .map(|(_, cells)| texts(cells));
    let (mut at, mut most) = (0, 1);
    for (row, texts) in first.enumerate() {
        if columns(&texts, map).is_ok() {
            return row;
        }
        let count = recognised(&texts, map);
        if count > most {
            (at, most) = (row, count);
        }
    }
    at
}

fn texts(cells: &[Cell]) -> Vec<String> {
    let text = |cell: &Cell| cell.as_deref().unwrap_or_default().to_owned();
    cells.iter().map(text).collect()
}

/// Returns whether the cell is empty.
pub(super) fn is_blank(cell: &Cell) -> bool {
    cell.as_ref().is_ok_and(|text| text.trim().is_empty())
}

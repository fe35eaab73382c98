//! From the bytes of a file to the texts of its cells.

mod book;
mod format;
mod text;

use api::{Fault, Field};
use domain::import::{columns, recognised};

use super::encoding::{Encoding, Garbled};

/// Largest file, bytes.
const MOST_BYTES: usize = 64 * 1024 * 1024;
/// Rows of one file at most.
const MOST_ROWS: usize = 500_000;
/// Cells of one file at most, those counted that are empty between others.
const MOST_CELLS: usize = 10_000_000;
/// Among so many rows the headings are looked for.
const HEADINGS_WITHIN: usize = 20;

/// Which field a column is, by its heading; `None` to pass it over.
pub(super) type Map = [(String, Option<Field>)];

/// A table: the headings, each row with where it stands in the file, and what a person should know of how it
/// was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) headings: Vec<String>,
    pub(super) rows: Vec<(u64, Vec<Cell>)>,
    pub(super) notes: Vec<String>,
}

/// The text of a cell.
pub(super) type Cell = Result<String, Doubt>;

type Rows = Vec<(u64, Vec<Cell>)>;

/// Why the text of a cell is not what somebody wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// Its bytes are no text.
    Garbled(Garbled),
    /// A number of more than 15 digits, which a spreadsheet does not keep.
    Digits(String),
    /// A number whose format shows something else than its digits: the number, and the format.
    Format(String, String),
    /// A day, where somebody may have written something like `3-1`.
    Day(String),
}

impl Doubt {
    /// What is to be taken for this field, or what is wrong with it.
    pub(super) fn judge(&self, column: Field) -> Result<&str, Fault> {
        let text_column = "format the column as text (文本) in the spreadsheet, fill in the numbers again from \
            where they come from, and save it";
        let (value, reason, hint) = match self {
            Self::Format(plain, _) | Self::Day(plain) if column != Field::Id => return Ok(plain),
            Self::Garbled(Garbled { before, bytes }) => (
                before,
                format!("the bytes {bytes} after this are no character"),
                "correct the cell where the table comes from; was a text cut off there?",
            ),
            Self::Digits(shown) => (
                shown,
                "a spreadsheet keeps 15 digits of a number, so this is not what was typed"
                    .to_owned(),
                text_column,
            ),
            Self::Format(plain, format) => (
                plain,
                format!("its format `{format}` shows something else than the number"),
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

/// Why a file is no table.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadFile {
    #[error("the file has {0} bytes, {MOST_BYTES} at most are read; divide it")]
    Large(usize),
    #[error("the file has more than {MOST_ROWS} rows; divide it")]
    Long,
    #[error(
        "the table has more than {MOST_CELLS} cells, or one far away from the others; delete what stands \
         beside the table, or copy it into a new file"
    )]
    Wide,
    #[error("unpacked, the workbook has more than {0} MiB; save it again as XLSX, or divide it")]
    Unpacks(u64),
    #[error("the file is empty; a row of it names the columns")]
    Empty,
    #[error(
        "line {0} is not UTF-8 but GB18030 or GBK, and begins `{1}` then; say so with `--encoding gb18030`, \
         or save it as `CSV UTF-8`"
    )]
    Gb18030(usize, String),
    #[error(
        "line {0} has bytes that are not UTF-8, which the file is before them; correct that line, or export \
         the file again"
    )]
    BrokenUtf8(usize),
    #[error("line {0} is neither UTF-8 nor GB18030; save the file as `CSV UTF-8`")]
    Unknown(usize),
    #[error("line {0} names the columns and is not GB18030; see with which encoding it was saved")]
    NotGb18030(u64),
    #[error("the file is UTF-8, not GB18030; leave out --encoding")]
    IsUtf8,
    #[error("a workbook says itself how its texts are written; leave out --encoding")]
    SaysItself,
    #[error(
        "the file is UTF-16; convert it with `iconv -f UTF-16 -t UTF-8`, or save it as `CSV UTF-8`"
    )]
    Utf16,
    #[error("it is no sound CSV ({0}); save it again as CSV UTF-8")]
    Csv(#[from] csv::Error),
    #[error("it is no workbook that can be read ({0}); save it again as XLSX")]
    Workbook(#[from] calamine::Error),
    #[error("the workbook has no sheet that is shown; put the table on one")]
    NoSheet,
    #[error("there is no sheet `{0}`; the workbook has: {1}")]
    WhichSheet(String, String),
    #[error("a text has no sheets; leave out --sheet")]
    NoSheets,
}

impl Table {
    /// Reads a file by what is in it, not by its name.
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

    /// The headings, and the rows below them that are not empty.
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

/// Which row has the headings: the first that has all that are needed, else the one that names most, else the
/// first.
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

/// Whether nothing stands there.
pub(super) fn is_blank(cell: &Cell) -> bool {
    cell.as_ref().is_ok_and(|text| text.trim().is_empty())
}

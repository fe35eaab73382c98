//! Tables of files: CSV and workbooks, read into the texts of their cells, and an empty one written. Bytes in,
//! rows out.

pub mod accounts;
mod book;
mod caught;
mod encoding;
pub mod filled;
pub mod form;
mod format;
pub mod households;
mod text;
mod write;

use domain::import::{Fault, Field, columns, recognised};

pub use encoding::{Encoding, Garbled};
pub use write::workbook;

/// How much of a file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest file, in bytes.
    pub bytes: usize,
    /// The largest unpacked workbook, in MiB.
    pub unpacked_mib: u64,
    /// The most rows.
    pub rows: usize,
    /// The most cells, including empty ones between others.
    pub cells: usize,
}

impl Limits {
    /// The limits for a file of one's own, on one's own machine.
    pub const OWN: Self = Self {
        bytes: 64 * 1024 * 1024,
        unpacked_mib: 1024,
        rows: 500_000,
        cells: 10_000_000,
    };
    /// The limits for a file that somebody sends to a node.
    pub const SENT: Self = Self {
        bytes: 512 * 1024,
        unpacked_mib: 16,
        rows: 2_000,
        cells: 100_000,
    };
}

/// Which rows name the columns.
pub trait Headings {
    /// Returns whether these texts name all columns that a table needs.
    fn are_all(&self, texts: &[String]) -> bool;
    /// Counts the columns that these texts name.
    fn known(&self, texts: &[String]) -> usize;
}

impl Headings for &Map {
    fn are_all(&self, texts: &[String]) -> bool {
        columns(texts, self).is_ok()
    }

    fn known(&self, texts: &[String]) -> usize {
        recognised(texts, self)
    }
}

/// Number of rows among which the headings are searched.
const HEADINGS_WITHIN: usize = 20;

/// Field of a column by its heading; `None` skips the column.
pub type Map = [(String, Option<Field>)];

/// A table: headings, rows with their line in the file, and remarks on how it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The headings of the columns.
    pub headings: Vec<String>,
    /// The rows below them that are not empty, each with its line in the file.
    pub rows: Vec<(u64, Vec<Cell>)>,
    /// Remarks on how the file was read.
    pub notes: Vec<String>,
    /// What may make its cells say something else than they show.
    pub strange: Vec<Strange>,
}

/// Text of a cell.
pub type Cell = Result<String, Doubt>;

type Rows = Vec<(u64, Vec<Cell>)>;

/// What may make the cells of a workbook say something else than they show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Strange {
    /// A sheet that nobody sees, by its name.
    Hidden(String),
    /// Cells that are merged, such as `B2:B5`.
    Merged(String),
    /// A cell with a formula, such as `C7`.
    Formula(String),
}

/// Why the text of a cell may not be the original text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
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
    /// Returns the value to use for this field of a matter.
    ///
    /// # Errors
    /// The fault, if the field needs the original text.
    pub fn judge(&self, column: Field) -> Result<&str, Fault> {
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
#[expect(missing_docs, reason = "each says what it is in its error")]
pub enum BadFile {
    #[error("the file has {0} bytes, but at most {1} can be read; split it")]
    Large(usize, usize),
    #[error("the file has more than {0} rows; split it")]
    Long(usize),
    #[error(
        "the table has more than {0} cells, or one far away from the others; delete the cells \
         beside the table, or copy it into a new file"
    )]
    Wide(usize),
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
    /// Reads a file of matters within [`Limits::OWN`]. The content decides about its type, not the name.
    ///
    /// # Errors
    /// [`BadFile`].
    pub fn read(
        bytes: &[u8],
        encoding: Option<Encoding>,
        sheet: Option<&str>,
        map: &Map,
    ) -> Result<Self, BadFile> {
        Self::read_as(bytes, encoding, sheet, &map, &Limits::OWN)
    }

    /// Reads a file whose columns have these headings, within limits.
    ///
    /// # Errors
    /// [`BadFile`].
    pub fn read_as(
        bytes: &[u8],
        encoding: Option<Encoding>,
        sheet: Option<&str>,
        headings: &dyn Headings,
        limits: &Limits,
    ) -> Result<Self, BadFile> {
        if bytes.len() > limits.bytes {
            return Err(BadFile::Large(bytes.len(), limits.bytes));
        }
        // ZIP (XLSX, ODS) and OLE (XLS).
        let is_workbook =
            bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\xd0\xcf\x11\xe0");
        let (rows, notes, strange) = match (is_workbook, encoding, sheet) {
            (true, Some(_), _) => return Err(BadFile::SaysItself),
            (true, None, sheet) => book::read(bytes, sheet, limits)?,
            (false, _, Some(_)) => return Err(BadFile::NoSheets),
            (false, encoding, None) => {
                let rows = text::read(bytes, encoding.unwrap_or_default(), headings)?;
                (rows, vec![], vec![])
            }
        };
        if rows.len() > limits.rows {
            return Err(BadFile::Long(limits.rows));
        }
        let mut table = Self::of(rows, notes, headings)?;
        table.strange = strange;
        Ok(table)
    }

    /// Builds the table from the headings and the non-empty rows below them.
    fn of(rows: Rows, mut notes: Vec<String>, known: &dyn Headings) -> Result<Self, BadFile> {
        let filled = |(_, cells): &(u64, Vec<Cell>)| cells.iter().any(|cell| !is_blank(cell));
        let mut rows: Rows = rows.into_iter().filter(filled).collect();
        if rows.is_empty() {
            return Err(BadFile::Empty);
        }
        let mut below = rows.split_off(headings_at(&rows, known));
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
            strange: vec![],
        })
    }
}

/// Returns the row with the headings: the first that has all required ones, else the one that names
/// most, else the first.
fn headings_at(rows: &[(u64, Vec<Cell>)], known: &dyn Headings) -> usize {
    let first = rows
        .iter()
        .take(HEADINGS_WITHIN)
        .map(|(_, cells)| texts(cells));
    let (mut at, mut most) = (0, 1);
    for (row, texts) in first.enumerate() {
        if known.are_all(&texts) {
            return row;
        }
        let count = known.known(&texts);
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
pub fn is_blank(cell: &Cell) -> bool {
    cell.as_ref().is_ok_and(|text| text.trim().is_empty())
}

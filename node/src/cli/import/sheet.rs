//! From the bytes of a file to the texts of its cells.

use std::io::Cursor;

use calamine::{Data, Reader};

use super::encoding::{Encoding, Garbled};

/// Largest file, bytes.
const MOST_BYTES: usize = 64 * 1024 * 1024;
/// Rows of one file at most.
const MOST_ROWS: usize = 500_000;

/// A table: the headings, and each row with where it stands in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) headings: Vec<String>,
    pub(super) rows: Vec<(u64, Vec<Cell>)>,
}

/// The text of a cell.
pub(super) type Cell = Result<String, Garbled>;

/// Why a file is no table.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadFile {
    #[error("the file has {0} bytes, {MOST_BYTES} at most are read; divide it")]
    Large(usize),
    #[error("the file has more than {MOST_ROWS} rows; divide it")]
    Long,
    #[error("the file is empty; its first row names the columns")]
    Empty,
    #[error(
        "line {0} is not UTF-8, so this may be GB18030 or GBK; say so with `--encoding gb18030`, or save \
         it as `CSV UTF-8`"
    )]
    NotUtf8(usize),
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
    #[error("the workbook has no sheet; put the table on the first")]
    NoSheet,
}

impl Table {
    /// Reads a file by what is in it, not by its name.
    pub(super) fn read(bytes: &[u8], encoding: Option<Encoding>) -> Result<Self, BadFile> {
        if bytes.len() > MOST_BYTES {
            return Err(BadFile::Large(bytes.len()));
        }
        // ZIP (XLSX, ODS) and OLE (XLS).
        let is_workbook =
            bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\xd0\xcf\x11\xe0");
        let table = match (is_workbook, encoding) {
            (true, Some(_)) => return Err(BadFile::SaysItself),
            (true, None) => workbook(bytes)?,
            (false, encoding) => text(bytes, encoding.unwrap_or_default())?,
        };
        match table.rows.len() > MOST_ROWS {
            true => Err(BadFile::Long),
            false => Ok(table),
        }
    }
}

/// The rows of a text. Its cells are told apart before they are decoded: no character of GB18030 has a
/// byte of a comma, semicolon, tab, quotation mark or line break in it.
fn text(bytes: &[u8], encoding: Encoding) -> Result<Table, BadFile> {
    let bytes = encoding.check(bytes)?;
    let first = bytes
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let count = |delimiter: &u8| first.iter().filter(|byte| *byte == delimiter).count();
    let delimiter = [b',', b';', b'\t'].into_iter().max_by_key(count);
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter.filter(|d| count(d) > 0).unwrap_or(b','))
        .has_headers(false)
        .flexible(true)
        .from_reader(bytes);
    let mut rows = vec![];
    let (mut line, mut counted) = (1, 0);
    for record in reader.byte_records() {
        let record = record?;
        // The reader's own count stops before the blank lines above a row.
        let from = record.position().map_or(0, |at| at.byte() as usize);
        let blank = bytes[from..].iter();
        let blank = blank.take_while(|byte| matches!(byte, b'\r' | b'\n'));
        let start = from + blank.count();
        line += breaks(&bytes[counted..start]) as u64;
        counted = start;
        let cells = record.iter().map(|cell| encoding.decode(cell));
        rows.push((line, cells.collect()));
    }
    table(rows)
}

fn breaks(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte == b'\n').count()
}

fn workbook(bytes: &[u8]) -> Result<Table, BadFile> {
    let mut book = calamine::open_workbook_auto_from_rs(Cursor::new(bytes))?;
    let sheet = book.worksheet_range_at(0).ok_or(BadFile::NoSheet)??;
    let first = sheet.start().map_or(0, |(row, _)| u64::from(row));
    let rows = sheet.rows().enumerate();
    let rows = rows.map(|(at, cells)| {
        (
            first + at as u64 + 1,
            cells.iter().map(cell).map(Ok).collect(),
        )
    });
    table(rows.collect())
}

/// The headings, and the rows that are not empty.
fn table(rows: Vec<(u64, Vec<Cell>)>) -> Result<Table, BadFile> {
    let filled = |(_, cells): &(u64, Vec<Cell>)| cells.iter().any(|cell| !is_blank(cell));
    let mut rows = rows.into_iter().filter(filled);
    let (line, headings) = rows.next().ok_or(BadFile::Empty)?;
    let headings: Result<Vec<String>, Garbled> = headings.into_iter().collect();
    Ok(Table {
        headings: headings.map_err(|_| BadFile::NotGb18030(line))?,
        rows: rows.collect(),
    })
}

/// Whether nothing stands there.
pub(super) fn is_blank(cell: &Cell) -> bool {
    cell.as_ref().is_ok_and(|text| text.trim().is_empty())
}

/// A cell as a person reads it; a formula counts as what it gave.
fn cell(cell: &Data) -> String {
    match cell {
        Data::Empty => String::new(),
        Data::DateTime(moment) if !moment.is_duration() => {
            let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
            format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
        }
        // A long number, such as that of a work order, in full.
        Data::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => {
            format!("{number:.0}")
        }
        other => other.to_string(),
    }
}

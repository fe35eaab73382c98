//! From the bytes of a file to the texts of its cells.

use std::io::Cursor;

use calamine::{Data, Reader};

/// Largest file, bytes.
const MOST_BYTES: usize = 64 * 1024 * 1024;
/// Rows of one file at most.
const MOST_ROWS: usize = 500_000;

/// A table: the headings, and each row with where it stands in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) headings: Vec<String>,
    pub(super) rows: Vec<(u64, Vec<String>)>,
}

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
        "line {0} is not UTF-8, so this may be GB18030 or GBK; convert it with `iconv -f GB18030 -t \
         UTF-8 in.csv > out.csv`, or save it as `CSV UTF-8`"
    )]
    Encoding(usize),
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
    pub(super) fn read(bytes: &[u8]) -> Result<Self, BadFile> {
        if bytes.len() > MOST_BYTES {
            return Err(BadFile::Large(bytes.len()));
        }
        // ZIP (XLSX, ODS) and OLE (XLS).
        let is_workbook =
            bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\xd0\xcf\x11\xe0");
        let table = match is_workbook {
            true => workbook(bytes)?,
            false => text(bytes)?,
        };
        match table.rows.len() > MOST_ROWS {
            true => Err(BadFile::Long),
            false => Ok(table),
        }
    }
}

fn text(bytes: &[u8]) -> Result<Table, BadFile> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(BadFile::Utf16);
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        BadFile::Encoding(1 + before.iter().filter(|byte| **byte == b'\n').count())
    })?;
    let first = text.lines().next().unwrap_or_default();
    let count = |delimiter: &u8| first.bytes().filter(|byte| byte == delimiter).count();
    let delimiter = [b',', b';', b'\t'].into_iter().max_by_key(count);
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter.filter(|d| count(d) > 0).unwrap_or(b','))
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut rows = vec![];
    let (mut line, mut counted) = (1, 0);
    for record in reader.records() {
        let record = record?;
        // The reader's own count stops before the blank lines above a row.
        let from = record.position().map_or(0, |at| at.byte() as usize);
        let blank = text.bytes().skip(from);
        let blank = blank.take_while(|byte| matches!(byte, b'\r' | b'\n'));
        let start = from + blank.count();
        line += text[counted..start].matches('\n').count() as u64;
        counted = start;
        rows.push((line, record.iter().map(str::to_owned).collect()));
    }
    table(rows)
}

fn workbook(bytes: &[u8]) -> Result<Table, BadFile> {
    let mut book = calamine::open_workbook_auto_from_rs(Cursor::new(bytes))?;
    let sheet = book.worksheet_range_at(0).ok_or(BadFile::NoSheet)??;
    let first = sheet.start().map_or(0, |(row, _)| u64::from(row));
    let rows = sheet.rows().enumerate();
    let rows = rows.map(|(at, cells)| (first + at as u64 + 1, cells.iter().map(cell).collect()));
    table(rows.collect())
}

/// The headings, and the rows that are not empty.
fn table(rows: Vec<(u64, Vec<String>)>) -> Result<Table, BadFile> {
    let filled = |(_, cells): &(u64, Vec<String>)| cells.iter().any(|c| !c.trim().is_empty());
    let mut rows = rows.into_iter().filter(filled);
    let (_, headings) = rows.next().ok_or(BadFile::Empty)?;
    Ok(Table {
        headings,
        rows: rows.collect(),
    })
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

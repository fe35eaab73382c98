//! Tables read from any bytes.

use std::io::{Cursor, Write as _};

use api::ImportLine;
use domain::import::columns;
use sheet::{Encoding, Table};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use super::lines;

/// A table as `wujitong import` reads it.
#[derive(Debug, PartialEq, Eq)]
pub struct Rows {
    /// How many columns have a heading.
    pub columns: usize,
    /// Characters in all cells that have a text.
    pub characters: usize,
    /// Rows that would be sent to a node.
    pub good: Vec<ImportLine>,
    /// How many rows are bad already.
    pub bad: usize,
    /// What a person is told of how the table was read.
    pub notes: Vec<String>,
}

/// Reads a table; texts are UTF-8, or GB18030. `None` if it is no table of matters.
pub fn table(bytes: &[u8], gb18030: bool) -> Option<Rows> {
    let encoding = gb18030.then_some(Encoding::Gb18030);
    let table = Table::read(bytes, encoding, None, &[]).ok()?;
    let fields = columns(&table.headings, &[]).ok()?;
    let (good, bad) = lines(&table, &fields);
    let cells = table.rows.iter().flat_map(|(_, cells)| cells);
    Some(Rows {
        columns: table.headings.len(),
        characters: cells.flatten().map(|text| text.chars().count()).sum(),
        good,
        bad: bad.len(),
        notes: table.notes,
    })
}

/// Packs the parts of a workbook, by their names, as they are.
pub fn workbook<'a>(parts: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    let mut packed = ZipWriter::new(Cursor::new(vec![]));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, bytes) in parts {
        // A name that was there before is left out.
        if packed.start_file(name, stored).is_ok() {
            packed.write_all(bytes).expect("memory takes all bytes");
        }
    }
    let packed = packed.finish().expect("memory takes all bytes");
    packed.into_inner()
}

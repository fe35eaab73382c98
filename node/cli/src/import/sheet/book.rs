//! Tables that are a workbook. Only cells that hold something take memory, wherever a sheet says that it ends.

use std::{
    collections::BTreeMap,
    io::{self, Cursor, Read},
};

use calamine::{Data, Dimensions, Ods, Reader, SheetVisible, Sheets, Xls, Xlsx};
use quick_xml::events::Event;

use super::{BadFile, Cell, Doubt, MOST_CELLS, MOST_ROWS, Rows, format::shown};

/// Largest workbook when it is unpacked, in MiB.
const MOST_UNPACKED: u64 = 1024;

type Book<'a> = Cursor<&'a [u8]>;
/// Cells that hold something, by row and column.
type Cells = BTreeMap<u32, BTreeMap<u32, Cell>>;

/// The rows of the sheet of this name, else of the first that is shown, and what was passed over.
pub(super) fn read(bytes: &[u8], wanted: Option<&str>) -> Result<(Rows, Vec<String>), BadFile> {
    if bytes.starts_with(b"PK") {
        check_size(bytes)?;
        check_repeats(bytes)?;
    }
    let mut book = calamine::open_workbook_auto_from_rs(Cursor::new(bytes))?;
    let sheets = book.sheets_metadata().to_vec();
    let is_shown = |sheet: &&calamine::Sheet| sheet.visible == SheetVisible::Visible;
    let sheet = match wanted {
        Some(name) => sheets
            .iter()
            .find(|sheet| sheet.name == name)
            .ok_or_else(|| {
                let names: Vec<&str> = sheets.iter().map(|sheet| &*sheet.name).collect();
                BadFile::WhichSheet(name.to_owned(), names.join(", "))
            })?,
        None => sheets.iter().find(is_shown).ok_or(BadFile::NoSheet)?,
    };
    let mut notes = vec![];
    for other in sheets.iter().filter(|other| other.name != sheet.name) {
        let hidden = if is_shown(&other) { "" } else { "hidden " };
        notes.push(format!(
            "the {hidden}sheet `{0}` is not read; read it with --sheet \"{0}\"",
            other.name
        ));
    }
    let name = &*sheet.name;
    let (mut cells, merged) = match &mut book {
        Sheets::Xlsx(book) => of_xlsx(book, name)?,
        Sheets::Xls(book) => of_xls(book, name)?,
        Sheets::Xlsb(book) => (of_xlsb(book, name)?, vec![]),
        Sheets::Ods(book) => (of_ods(book, name)?, vec![]),
    };
    if !matches!(book, Sheets::Xlsx(_)) {
        notes.push(
            "zeros that stand only in a cell's format are not seen in such a file; save it as XLSX if the \
             numbers have any"
                .to_owned(),
        );
    }
    fill_merged(&mut cells, &merged, &mut notes)?;
    Ok((rows(cells)?, notes))
}

/// Unpacks everything to nowhere: what a workbook says about its own size is not believed.
fn check_size(bytes: &[u8]) -> Result<(), BadFile> {
    let unsound = |_| BadFile::Workbook(calamine::Error::Msg("its parts cannot be unpacked"));
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(unsound)?;
    let mut left = MOST_UNPACKED << 20;
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).map_err(unsound)?.take(left + 1);
        let unpacked = io::copy(&mut part, &mut io::sink()).map_err(calamine::Error::Io)?;
        left = left
            .checked_sub(unpacked)
            .ok_or(BadFile::Unpacks(MOST_UNPACKED))?;
    }
    Ok(())
}

fn of_xlsx(book: &mut Xlsx<Book<'_>>, name: &str) -> Result<(Cells, Vec<Dimensions>), BadFile> {
    let merged = book.merge_cells_by_sheet_name(name);
    let merged = merged.map_err(calamine::Error::Xlsx)?;
    let mut reader = book
        .worksheet_cells_reader(name)
        .map_err(calamine::Error::Xlsx)?;
    let mut cells = Gathered::default();
    loop {
        let next = reader.next_cell_with_style_id();
        let Some((cell, style)) = next.map_err(calamine::Error::Xlsx)? else {
            return Ok((cells.0, merged));
        };
        let style = reader.styles().get(style);
        let format = style.and_then(|style| style.number_format.as_ref());
        let format = format.map(|format| &*format.format_code);
        let data = Data::from(cell.get_value().clone());
        cells.put(cell.get_position(), &data, format)?;
    }
}

fn of_xls(book: &mut Xls<Book<'_>>, name: &str) -> Result<(Cells, Vec<Dimensions>), BadFile> {
    let merged = book.merge_cells_by_sheet_name(name);
    let merged = merged.map_err(calamine::Error::Xls)?;
    let sheet = book.worksheet_range(name).map_err(calamine::Error::Xls)?;
    Ok((of_range(&sheet)?, merged))
}

fn of_xlsb(book: &mut calamine::Xlsb<Book<'_>>, name: &str) -> Result<Cells, BadFile> {
    let mut reader = book
        .worksheet_cells_reader(name)
        .map_err(calamine::Error::Xlsb)?;
    let mut cells = Gathered::default();
    while let Some(cell) = reader.next_cell().map_err(calamine::Error::Xlsb)? {
        let data = Data::from(cell.get_value().clone());
        cells.put(cell.get_position(), &data, None)?;
    }
    Ok(cells.0)
}

fn of_ods(book: &mut Ods<Book<'_>>, name: &str) -> Result<Cells, BadFile> {
    let sheet = book.worksheet_range(name).map_err(calamine::Error::Ods)?;
    of_range(&sheet)
}

/// A cell of an ODS may stand for many, all of which are made when it is opened.
fn check_repeats(bytes: &[u8]) -> Result<(), BadFile> {
    let unsound = |_| BadFile::Workbook(calamine::Error::Msg("its parts cannot be unpacked"));
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(unsound)?;
    let Ok(content) = archive.by_name("content.xml") else {
        return Ok(());
    };
    let mut reader = quick_xml::Reader::from_reader(io::BufReader::new(content));
    let (mut count, mut buffer) = (0_usize, vec![]);
    loop {
        let unsound = || BadFile::Workbook(calamine::Error::Msg("its content is no sound XML"));
        match reader.read_event_into(&mut buffer).map_err(|_| unsound())? {
            Event::Start(cell) | Event::Empty(cell) => {
                let attribute = |name| cell.try_get_attribute(name).map_err(|_| unsound());
                // One that holds nothing takes nothing, however often it is repeated.
                let holds = attribute("office:value-type")?.is_some()
                    || attribute("table:formula")?.is_some();
                if holds {
                    let repeated = attribute("table:number-columns-repeated")?;
                    let times = repeated.and_then(|times| times.value.parse::<usize>().ok());
                    count = count.saturating_add(times.unwrap_or(1).min(16_384));
                }
            }
            Event::Eof => return Ok(()),
            _ => {}
        }
        if count > MOST_CELLS {
            return Err(BadFile::Wide);
        }
        buffer.clear();
    }
}

fn of_range(sheet: &calamine::Range<Data>) -> Result<Cells, BadFile> {
    let (top, left) = sheet.start().unwrap_or_default();
    let mut cells = Gathered::default();
    for (row, column, data) in sheet.used_cells() {
        let at = (top + row as u32, left + column as u32);
        cells.put(at, data, None)?;
    }
    Ok(cells.0)
}

#[derive(Default)]
struct Gathered(Cells, usize);

impl Gathered {
    fn put(
        &mut self,
        (row, column): (u32, u32),
        data: &Data,
        format: Option<&str>,
    ) -> Result<(), BadFile> {
        let cell = cell(data, format);
        if super::is_blank(&cell) {
            return Ok(());
        }
        self.1 += 1;
        if self.1 > MOST_CELLS {
            return Err(BadFile::Wide);
        }
        self.0.entry(row).or_default().insert(column, cell);
        if self.0.len() > MOST_ROWS + super::HEADINGS_WITHIN {
            return Err(BadFile::Long);
        }
        Ok(())
    }
}

/// A merged area stands for all its rows: what its first cell says is filled down. Across columns it stands
/// for the first alone.
fn fill_merged(
    cells: &mut Cells,
    merged: &[Dimensions],
    notes: &mut Vec<String>,
) -> Result<(), BadFile> {
    let mut filled = 0;
    for area in merged {
        let ((top, left), (bottom, right)) = (area.start, area.end);
        let Some(first) = cells.get(&top).and_then(|row| row.get(&left)).cloned() else {
            continue;
        };
        let mut rows = 0;
        for (_, row) in cells.range_mut(top..=bottom).skip(1) {
            row.entry(left).or_insert_with(|| first.clone());
            rows += 1;
            filled += 1;
            if filled > MOST_CELLS {
                return Err(BadFile::Wide);
            }
        }
        let across = right > left;
        let said: String = first.unwrap_or_default().trim().chars().take(30).collect();
        let where_from = format!("the cells {}:{}", spot(top, left), spot(bottom, right));
        match (rows > 0, across) {
            (true, false) => notes.push(format!(
                "{where_from} are merged; `{said}` is taken for each of their rows"
            )),
            (true, true) => notes.push(format!(
                "{where_from} are merged; `{said}` is taken for each of their rows, in their first column"
            )),
            (false, true) => notes.push(format!(
                "{where_from} are merged; `{said}` is taken for their first column alone"
            )),
            (false, false) => {}
        }
    }
    Ok(())
}

/// The name of a cell: `B5`.
fn spot(row: u32, column: u32) -> String {
    let (mut letters, mut rest) = (String::new(), column + 1);
    while rest > 0 {
        let letter = (rest - 1) % 26;
        letters.insert(0, char::from(b'A' + letter as u8));
        rest = (rest - 1) / 26;
    }
    format!("{letters}{}", row + 1)
}

/// The rows as far as something stands in them, each from the first column of the sheet in use.
fn rows(cells: Cells) -> Result<Rows, BadFile> {
    let first = cells.values().filter_map(|row| row.keys().next()).min();
    let first = first.copied().unwrap_or_default();
    let mut count = 0;
    let mut rows = vec![];
    for (at, row) in cells {
        let width = row
            .keys()
            .last()
            .map_or(0, |last| (last - first + 1) as usize);
        count += width;
        if count > MOST_CELLS {
            return Err(BadFile::Wide);
        }
        let mut line: Vec<Cell> = vec![Ok(String::new()); width];
        for (column, cell) in row {
            line[(column - first) as usize] = cell;
        }
        rows.push((u64::from(at) + 1, line));
    }
    Ok(rows)
}

/// A cell as a person reads it; a formula counts as what it gave.
fn cell(data: &Data, format: Option<&str>) -> Cell {
    match data {
        Data::Empty => Ok(String::new()),
        Data::DateTime(moment) if !moment.is_duration() => {
            let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
            Err(Doubt::Day(format!(
                "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"
            )))
        }
        Data::Float(number) => shown(*number, format),
        Data::Int(number) => shown(*number as f64, format),
        other => Ok(other.to_string()),
    }
}

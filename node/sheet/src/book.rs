//! Reads workbooks. Only cells with content take memory, whatever size a sheet claims to have.

use std::{
    collections::BTreeMap,
    io::{self, Cursor, Read},
};

use calamine::{Data, Dimensions, Ods, Reader, SheetVisible, Sheets, Xls, Xlsx};
use quick_xml::events::Event;

use crate::{BadFile, Cell, Doubt, Limits, Rows, Strange, caught::caught, format::shown};

type Book<'a> = Cursor<&'a [u8]>;
/// Cells with content, by row and column.
type Cells = BTreeMap<u32, BTreeMap<u32, Cell>>;

/// Rows, remarks on what was not read, and what is strange about the rest.
type Found = (Rows, Vec<String>, Vec<Strange>);

/// Returns the rows of the sheet of this name, else of the first visible sheet, with remarks on
/// what was not read.
pub(super) fn read(bytes: &[u8], wanted: Option<&str>, limits: &Limits) -> Result<Found, BadFile> {
    if bytes.starts_with(b"PK") {
        check_size(bytes, limits)?;
        check_repeats(bytes, limits)?;
    }
    // Sums in calamine run over where a workbook says nonsense, such as a row of eleven digits.
    caught(|| read_sound(bytes, wanted, limits)).unwrap_or_else(|| {
        let why = "it states a place or a size that no sheet can have";
        Err(calamine::Error::Msg(why).into())
    })
}

/// Reads a workbook whose parts are as large as they say.
fn read_sound(bytes: &[u8], wanted: Option<&str>, limits: &Limits) -> Result<Found, BadFile> {
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
    let (mut notes, mut strange) = (vec![], vec![]);
    for other in sheets.iter().filter(|other| other.name != sheet.name) {
        let hidden = if is_shown(&other) { "" } else { "hidden " };
        if !is_shown(&other) {
            strange.push(Strange::Hidden(other.name.clone()));
        }
        notes.push(format!(
            "the {hidden}sheet `{0}` is not read; read it with --sheet \"{0}\"",
            other.name
        ));
    }
    let name = &*sheet.name;
    let (mut cells, merged) = match &mut book {
        Sheets::Xlsx(book) => of_xlsx(book, name, limits)?,
        Sheets::Xls(book) => of_xls(book, name, limits)?,
        Sheets::Xlsb(book) => (of_xlsb(book, name, limits)?, vec![]),
        Sheets::Ods(book) => (of_ods(book, name, limits)?, vec![]),
    };
    strange.extend(merged.iter().map(|area| Strange::Merged(area_of(area))));
    // Only one is named: whoever has one has a column of them.
    let formula = book.worksheet_formula(name)?;
    let first = formula.used_cells().next();
    let (top, left) = formula.start().unwrap_or_default();
    strange
        .extend(first.map(|(row, column, _)| {
            Strange::Formula(spot(top + row as u32, left + column as u32))
        }));
    if !matches!(book, Sheets::Xlsx(_)) {
        notes.push(
            "zeros that exist only in a cell's format are lost in such a file; save it as XLSX if the \
             numbers have such zeros"
                .to_owned(),
        );
    }
    fill_merged(&mut cells, &merged, &mut notes, limits)?;
    Ok((rows(cells, limits)?, notes, strange))
}

/// Checks the unpacked size by unpacking everything, because the size that a workbook states may be
/// wrong.
pub(crate) fn check_size(bytes: &[u8], limits: &Limits) -> Result<(), BadFile> {
    let unsound = |_| BadFile::Workbook(calamine::Error::Msg("its parts cannot be unpacked"));
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(unsound)?;
    let mut left = limits.unpacked_mib << 20;
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).map_err(unsound)?.take(left + 1);
        let unpacked = io::copy(&mut part, &mut io::sink()).map_err(calamine::Error::Io)?;
        left = left
            .checked_sub(unpacked)
            .ok_or(BadFile::Unpacks(limits.unpacked_mib))?;
    }
    Ok(())
}

fn of_xlsx(
    book: &mut Xlsx<Book<'_>>,
    name: &str,
    limits: &Limits,
) -> Result<(Cells, Vec<Dimensions>), BadFile> {
    let merged = book.merge_cells_by_sheet_name(name);
    let merged = merged.map_err(calamine::Error::Xlsx)?;
    let mut reader = book
        .worksheet_cells_reader(name)
        .map_err(calamine::Error::Xlsx)?;
    let mut cells = Gathered::within(limits);
    loop {
        let next = reader.next_cell_with_style_id();
        let Some((cell, style)) = next.map_err(calamine::Error::Xlsx)? else {
            return Ok((cells.cells, merged));
        };
        let style = reader.styles().get(style);
        let format = style.and_then(|style| style.number_format.as_ref());
        let format = format.map(|format| &*format.format_code);
        let data = Data::from(cell.get_value().clone());
        cells.put(cell.get_position(), &data, format)?;
    }
}

fn of_xls(
    book: &mut Xls<Book<'_>>,
    name: &str,
    limits: &Limits,
) -> Result<(Cells, Vec<Dimensions>), BadFile> {
    let merged = book.merge_cells_by_sheet_name(name);
    let merged = merged.map_err(calamine::Error::Xls)?;
    let sheet = book.worksheet_range(name).map_err(calamine::Error::Xls)?;
    Ok((of_range(&sheet, limits)?, merged))
}

fn of_xlsb(
    book: &mut calamine::Xlsb<Book<'_>>,
    name: &str,
    limits: &Limits,
) -> Result<Cells, BadFile> {
    let mut reader = book
        .worksheet_cells_reader(name)
        .map_err(calamine::Error::Xlsb)?;
    let mut cells = Gathered::within(limits);
    while let Some(cell) = reader.next_cell().map_err(calamine::Error::Xlsb)? {
        let data = Data::from(cell.get_value().clone());
        cells.put(cell.get_position(), &data, None)?;
    }
    Ok(cells.cells)
}

fn of_ods(book: &mut Ods<Book<'_>>, name: &str, limits: &Limits) -> Result<Cells, BadFile> {
    let sheet = book.worksheet_range(name).map_err(calamine::Error::Ods)?;
    of_range(&sheet, limits)
}

/// Checks the repeats of an ODS: one cell or row may stand for many, which the reader would all create.
fn check_repeats(bytes: &[u8], limits: &Limits) -> Result<(), BadFile> {
    let unsound = |_| BadFile::Workbook(calamine::Error::Msg("its parts cannot be unpacked"));
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(unsound)?;
    let Ok(content) = archive.by_name("content.xml") else {
        return Ok(());
    };
    let mut reader = quick_xml::Reader::from_reader(io::BufReader::new(content));
    let (mut count, mut rows, mut buffer) = (0_usize, 1, vec![]);
    loop {
        let unsound = || BadFile::Workbook(calamine::Error::Msg("its content is not valid XML"));
        match reader.read_event_into(&mut buffer).map_err(|_| unsound())? {
            Event::Start(cell) | Event::Empty(cell) => {
                let attribute = |name| cell.try_get_attribute(name).map_err(|_| unsound());
                let times = |name| {
                    let times = attribute(name)?;
                    let times = times.and_then(|times| times.value.parse::<usize>().ok());
                    Ok::<_, BadFile>(times.unwrap_or(1))
                };
                if cell.name().as_ref() == "table:table-row" {
                    rows = times("table:number-rows-repeated")?;
                }
                // An empty cell takes no memory, however often it is repeated.
                let holds = attribute("office:value-type")?.is_some()
                    || attribute("table:formula")?.is_some();
                if holds {
                    if rows > limits.rows {
                        return Err(BadFile::Long(limits.rows));
                    }
                    let cells = times("table:number-columns-repeated")?.min(16_384);
                    count = count.saturating_add(cells * rows);
                }
            }
            Event::Eof => return Ok(()),
            _ => {}
        }
        if count > limits.cells {
            return Err(BadFile::Wide(limits.cells));
        }
        buffer.clear();
    }
}

fn of_range(sheet: &calamine::Range<Data>, limits: &Limits) -> Result<Cells, BadFile> {
    let (top, left) = sheet.start().unwrap_or_default();
    let mut cells = Gathered::within(limits);
    for (row, column, data) in sheet.used_cells() {
        let at = (top + row as u32, left + column as u32);
        cells.put(at, data, None)?;
    }
    Ok(cells.cells)
}

/// Cells with content, as many as limits allow.
struct Gathered<'a> {
    cells: Cells,
    count: usize,
    limits: &'a Limits,
}

impl<'a> Gathered<'a> {
    const fn within(limits: &'a Limits) -> Self {
        Self {
            cells: Cells::new(),
            count: 0,
            limits,
        }
    }

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
        self.count += 1;
        if self.count > self.limits.cells {
            return Err(BadFile::Wide(self.limits.cells));
        }
        self.cells.entry(row).or_default().insert(column, cell);
        if self.cells.len() > self.limits.rows + super::HEADINGS_WITHIN {
            return Err(BadFile::Long(self.limits.rows));
        }
        Ok(())
    }
}

/// Fills a merged area: its first cell is copied down to all its rows. Across columns it counts
/// only for the first column.
fn fill_merged(
    cells: &mut Cells,
    merged: &[Dimensions],
    notes: &mut Vec<String>,
    limits: &Limits,
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
            if filled > limits.cells {
                return Err(BadFile::Wide(limits.cells));
            }
        }
        let across = right > left;
        let said: String = first.unwrap_or_default().trim().chars().take(30).collect();
        let where_from = format!("the cells {}", area_of(area));
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

/// Returns the name of an area, such as `B5:B7`.
fn area_of(area: &Dimensions) -> String {
    let ((top, left), (bottom, right)) = (area.start, area.end);
    format!("{}:{}", spot(top, left), spot(bottom, right))
}

/// Returns the name of a cell, such as `B5`.
pub(crate) fn spot(row: u32, column: u32) -> String {
    let (mut letters, mut rest) = (String::new(), column + 1);
    while rest > 0 {
        let letter = (rest - 1) % 26;
        letters.insert(0, char::from(b'A' + letter as u8));
        rest = (rest - 1) / 26;
    }
    format!("{letters}{}", row + 1)
}

/// Returns the rows up to their last cell with content, each from the first used column of the
/// sheet.
fn rows(cells: Cells, limits: &Limits) -> Result<Rows, BadFile> {
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
        if count > limits.cells {
            return Err(BadFile::Wide(limits.cells));
        }
        let mut line: Vec<Cell> = vec![Ok(String::new()); width];
        for (column, cell) in row {
            line[(column - first) as usize] = cell;
        }
        rows.push((u64::from(at) + 1, line));
    }
    Ok(rows)
}

/// Returns a cell as a person sees it; a formula counts as its result.
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

#[cfg(test)]
mod tests {
    use std::{io::Write as _, process::Command};

    use super::*;

    /// The workbook of the tests, with a cell in a row that no sheet has.
    fn beyond() -> Vec<u8> {
        let whole = include_bytes!("matters.xlsx");
        let mut archive = zip::ZipArchive::new(Cursor::new(&whole[..])).unwrap();
        let mut changed = zip::ZipWriter::new(Cursor::new(vec![]));
        for index in 0..archive.len() {
            let mut part = archive.by_index(index).unwrap();
            let mut text = String::new();
            part.read_to_string(&mut text).unwrap();
            let text = text.replace("r=\"A2\"", "r=\"A99999999999\"");
            let options = zip::write::SimpleFileOptions::default();
            changed.start_file(part.name().unwrap(), options).unwrap();
            changed.write_all(text.as_bytes()).unwrap();
        }
        changed.finish().unwrap().into_inner()
    }

    /// Set in the process that the test below looks at.
    const WATCHED: &str = "WUJITONG_TEST_WATCHED";

    #[test]
    fn a_place_that_no_sheet_can_have_is_refused_without_a_word_of_the_readers_panic() {
        if std::env::var_os(WATCHED).is_some() {
            let refused = read(&beyond(), None, &Limits::OWN).unwrap_err().to_string();
            assert!(refused.contains("that no sheet can have"), "{refused}");
            let other = std::panic::catch_unwind(|| panic!("this one is printed"));
            assert!(other.is_err());
            return;
        }
        let name = std::thread::current().name().unwrap().to_owned();
        let watched = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &name, "--nocapture"])
            .env(WATCHED, "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&watched.stderr).into_owned();
        assert!(watched.status.success(), "{said}");
        assert!(said.contains("this one is printed"), "{said}");
        assert_eq!(said.matches("panicked at").count(), 1, "{said}");
    }
}

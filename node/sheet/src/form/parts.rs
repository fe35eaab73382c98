//! What lies in the parts of a workbook that no cell shows: programs, objects, formulas, hidden rows.

use std::io::{BufReader, Cursor};

use quick_xml::events::{BytesStart, Event};

use super::read::BadForm;
use crate::BadFile;

/// Parts of a workbook that do more than hold cells, by what their name has in it.
const ACTIVE: [&str; 7] = [
    "vbaproject",
    "macrosheets/",
    "dialogsheets/",
    "externallinks/",
    "activex/",
    "embeddings/",
    "connections.xml",
];

fn unsound() -> BadForm {
    BadFile::Workbook(calamine::Error::Msg("its parts cannot be unpacked")).into()
}

/// Checks the parts of a workbook whose unpacked size was checked. `last_column` is the last that a form uses.
pub(super) fn check(bytes: &[u8], last_column: u32) -> Result<(), BadForm> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| unsound())?;
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(|_| unsound())?;
        let name = part.name().map_err(|_| unsound())?.to_ascii_lowercase();
        if ACTIVE.iter().any(|active| name.contains(active)) {
            return Err(BadForm::Active(name.chars().take(60).collect()));
        }
        if name.starts_with("xl/worksheets/") && name.ends_with(".xml") {
            check_sheet(part, last_column)?;
        }
    }
    Ok(())
}

/// Reads the XML of a sheet once, for what makes it say something else than it shows.
fn check_sheet(part: impl std::io::Read, last_column: u32) -> Result<(), BadForm> {
    let mut reader = quick_xml::Reader::from_reader(BufReader::new(part));
    let (mut buffer, mut row, mut cell) = (vec![], 0_u32, String::new());
    loop {
        let event = reader.read_event_into(&mut buffer);
        match event.map_err(|_| unsound())? {
            Event::Start(tag) | Event::Empty(tag) => match tag.local_name().as_ref() {
                "row" => {
                    let stated = text(&tag, "r")?.and_then(|row| row.parse().ok());
                    row = stated.unwrap_or(row.saturating_add(1));
                    if is_hidden(&tag)? && row > 1 {
                        return Err(BadForm::HiddenRow(row));
                    }
                }
                "col" if is_hidden(&tag)? => {
                    let first: u32 = text(&tag, "min")?
                        .and_then(|min| min.parse().ok())
                        .unwrap_or(1);
                    let first = first.saturating_sub(1);
                    if first <= last_column {
                        let name = crate::book::spot(0, first);
                        return Err(BadForm::HiddenColumn(name.trim_end_matches('1').to_owned()));
                    }
                }
                "c" => cell = text(&tag, "r")?.unwrap_or_else(|| format!("{row}")),
                "f" => return Err(BadForm::Formula(shown(&cell))),
                "mergeCell" => {
                    let area = text(&tag, "ref")?.unwrap_or_default();
                    return Err(BadForm::Merged(shown(&area)));
                }
                _ => {}
            },
            Event::Eof => return Ok(()),
            _ => {}
        }
        buffer.clear();
    }
}

fn text(tag: &BytesStart<'_>, name: &str) -> Result<Option<String>, BadForm> {
    let found = tag.try_get_attribute(name).map_err(|_| unsound())?;
    Ok(found.map(|found| found.value.to_string()))
}

fn is_hidden(tag: &BytesStart<'_>) -> Result<bool, BadForm> {
    Ok(text(tag, "hidden")?.is_some_and(|hidden| matches!(&*hidden, "1" | "true")))
}

fn shown(place: &str) -> String {
    let plain = place
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == ':');
    plain.take(20).collect()
}

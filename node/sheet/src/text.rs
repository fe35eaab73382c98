//! Reads text files: CSV and its variants.

use crate::{BadFile, Doubt, Encoding, HEADINGS_WITHIN, Headings, Rows, texts};

/// Replaces a full-width comma or semicolon while cells are split; no text contains it.
const UNIT: u8 = 0x1f;

/// Returns the rows of a text file. Cells are split before they are decoded, which is safe because
/// no multi-byte character of GB18030 contains the byte of a comma, semicolon, tab, quotation mark
/// or line break.
pub(super) fn read(
    bytes: &[u8],
    encoding: Encoding,
    headings: &dyn Headings,
) -> Result<Rows, BadFile> {
    let bytes = encoding.check(bytes)?;
    let (said, bytes, line) = match said_delimiter(bytes) {
        Some((delimiter, rest)) => (Some(delimiter), rest, 2),
        None => (None, bytes, 1),
    };
    if let Some(delimiter) = said {
        return rows(bytes, delimiter, line, encoding, usize::MAX);
    }
    let mut best: Option<(usize, Option<char>, u8)> = None;
    for (wide, delimiter) in [
        (None, b','),
        (None, b';'),
        (None, b'\t'),
        (None, b'|'),
        (Some('，'), UNIT),
        (Some('；'), UNIT),
    ] {
        let first = first_lines(bytes);
        let first: &[u8] = match wide {
            Some(wide) => &narrowed(first, wide, encoding),
            None => first,
        };
        let Ok(rows) = rows(first, delimiter, line, encoding, HEADINGS_WITHIN) else {
            continue;
        };
        let named = rows.iter().map(|(_, cells)| headings.known(&texts(cells)));
        let named = named.max().unwrap_or_default();
        if best.is_none_or(|(most, ..)| named > most) {
            best = Some((named, wide, delimiter));
        }
    }
    match best {
        Some((_, Some(wide), delimiter)) => {
            let bytes = narrowed(bytes, wide, encoding);
            rows(&bytes, delimiter, line, encoding, usize::MAX)
        }
        Some((_, None, delimiter)) => rows(bytes, delimiter, line, encoding, usize::MAX),
        None => rows(bytes, b',', line, encoding, usize::MAX),
    }
}

/// Returns the delimiter of a first line such as `sep=;`, which spreadsheets read and write, and
/// the text after it.
fn said_delimiter(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let line = bytes[..end].trim_ascii_end();
    let line = line.strip_prefix(b"\"").unwrap_or(line);
    let line = line.strip_suffix(b"\"").unwrap_or(line);
    let (name, delimiter) = line.split_at_checked(4)?;
    let is_said = name.eq_ignore_ascii_case(b"sep=") && delimiter.len() == 1;
    // A tab at the end of the line was trimmed off.
    let tab = line.eq_ignore_ascii_case(b"sep=");
    (is_said || tab).then(|| (*delimiter.first().unwrap_or(&b'\t'), &bytes[end + 1..]))
}

/// Returns the beginning of a text, in which the headings are searched.
fn first_lines(bytes: &[u8]) -> &[u8] {
    let breaks = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let end = breaks.map(|(at, _)| at + 1).nth(2 * HEADINGS_WITHIN);
    &bytes[..end.unwrap_or(bytes.len())]
}

/// Returns the text with a full-width delimiter replaced by the unit separator.
fn narrowed(bytes: &[u8], wide: char, encoding: Encoding) -> Vec<u8> {
    let mut narrowed = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    let wide = encoding.encode(wide);
    while let Some(first) = rest.first() {
        if rest.starts_with(&wide) {
            narrowed.push(UNIT);
            rest = &rest[wide.len()..];
            continue;
        }
        let length = encoding
            .length(*first, rest.get(1).copied())
            .min(rest.len());
        narrowed.extend_from_slice(&rest[..length]);
        rest = &rest[length..];
    }
    narrowed
}

fn rows(
    bytes: &[u8],
    delimiter: u8,
    mut line: u64,
    encoding: Encoding,
    most: usize,
) -> Result<Rows, BadFile> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(bytes);
    let mut rows = vec![];
    let mut counted = 0;
    for record in reader.byte_records().take(most) {
        let record = record?;
        // The reader's own count stops before blank lines above a row.
        let from = record.position().map_or(0, |at| at.byte() as usize);
        let blank = bytes[from..].iter();
        let blank = blank.take_while(|byte| matches!(byte, b'\r' | b'\n'));
        let start = from + blank.count();
        line += breaks(&bytes[counted..start]) as u64;
        counted = start;
        let cells = record
            .iter()
            .map(|cell| encoding.decode(cell).map_err(Doubt::Garbled));
        rows.push((line, cells.collect()));
    }
    Ok(rows)
}

fn breaks(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte == b'\n').count()
}

//! Lines of a table for spreadsheets (CSV, RFC 4180), in which no cell becomes a formula.

use std::borrow::Cow;

/// What the text of a table begins with, because spreadsheets need it to read UTF-8.
pub const MARK: &str = "\u{feff}";

/// Signs with which a spreadsheet begins a formula; those for Chinese take the wide ones for the narrow.
const SIGNS: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

/// Returns a cell so that it can be written to a table: a text that a program would take for a formula is
/// marked as text with an apostrophe (OWASP, CSV injection).
pub fn defused(cell: &str) -> Cow<'_, str> {
    match cell.trim_start().starts_with(SIGNS) || cell.starts_with(['\t', '\r']) {
        true => Cow::Owned(format!("'{cell}")),
        false => Cow::Borrowed(cell),
    }
}

/// Returns a line of a table with its end. Every cell is in quotation marks; one that a spreadsheet would
/// take for a formula is marked as text, and numbers are left alone.
pub fn line<T: AsRef<str>>(cells: &[T]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| quoted(cell.as_ref())).collect();
    cells.join(",") + "\r\n"
}

fn quoted(cell: &str) -> String {
    let is_number = cell
        .strip_prefix('-')
        .unwrap_or(cell)
        .bytes()
        .all(|b| b.is_ascii_digit() || b == b'.');
    let cell = match is_number {
        true => Cow::Borrowed(cell),
        false => defused(cell),
    };
    format!("\"{}\"", cell.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_becomes_a_formula_or_ends_its_line() {
        for (cell, written) in [
            ("路灯电费", "\"路灯电费\""),
            ("-120.50", "\"-120.50\""),
            ("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""),
            ("-1+2", "\"'-1+2\""),
            ("＝1+2", "\"'＝1+2\""),
            (" @SUM(1)", "\"' @SUM(1)\""),
            ("\t1", "\"'\t1\""),
            ("a,\"b\"\nc", "\"a,\"\"b\"\"\nc\""),
            ("", "\"\""),
        ] {
            assert_eq!(quoted(cell), written);
        }
        assert_eq!(line(&["1", "=2"]), "\"1\",\"'=2\"\r\n");
    }
}

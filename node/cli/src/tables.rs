//! Tables for people. Every cell is escaped here, so commands do not have to.

use std::io::IsTerminal;

use comfy_table::{Cell, CellAlignment, ContentArrangement, Row, Table, presets};

use super::terminal::escape;

/// Returns a table with a line of headings; a heading that begins with `#` marks a column of
/// numbers.
pub fn table<const N: usize>(
    headings: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    wide(&headings, rows)
}

/// [`table`] with as many columns as there are headings.
pub fn wide(headings: &[&str], rows: impl IntoIterator<Item: AsRef<[String]>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if std::io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    let numbers = || headings.iter().map(|heading| heading.starts_with('#'));
    let cell = |(text, number): (&str, bool)| {
        let cell = Cell::new(escape(text));
        if number {
            cell.set_alignment(CellAlignment::Right)
        } else {
            cell
        }
    };
    let names = headings
        .iter()
        .map(|heading| heading.trim_start_matches('#'));
    table.set_header(Row::from(names.zip(numbers()).map(cell)));
    for row in rows {
        table.add_row(Row::from(
            row.as_ref()
                .iter()
                .map(String::as_str)
                .zip(numbers())
                .map(cell),
        ));
    }
    ended(table)
}

/// Returns a table of names and values, without headings.
pub fn pairs<'a>(rows: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    if std::io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    for (word, text) in rows {
        table.add_row([Cell::new(word), Cell::new(escape(&text))]);
    }
    ended(table)
}

/// Removes the left padding of the columns, so that a table begins where other lines do.
fn ended(mut table: Table) -> String {
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let text = table.to_string();
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    format!("{}\n", lines.join("\n"))
}

//! Rows of sheets that people fill in: cells by column, what is wrong with a cell whatever the sheet is about, and
//! how cells with several names or with none are read.

use std::collections::BTreeMap;

use topology::Term;

use crate::people::{Grid, GridId};

/// The most characters of a cell that a fault shows.
const MOST_SHOWN: usize = 60;
/// What says that there is nothing, where nothing can be meant.
const NOTHING: [&str; 4] = ["无", "-", "—", "none"];

/// A column of a sheet, with the headings that stand for it.
pub trait SheetColumn: Term + Ord {
    /// The columns that every sheet has.
    const NEEDED: &'static [Self];

    /// Returns the headings that stand for it beside its code and its Chinese name, in small letters.
    fn further_headings(self) -> &'static [&'static str];

    /// Returns the column that a heading stands for. Blanks, marks of a form and text in brackets do not matter.
    fn of_heading(heading: &str) -> Option<Self> {
        let heading = heading.to_lowercase();
        let heading = heading.split(['(', '（']).next().unwrap_or_default();
        let mark = |c: char| c.is_whitespace() || "\u{feff}*＊#:：".contains(c);
        let heading = heading.trim_matches(mark);
        let heading = match heading.is_ascii() {
            true => heading.to_owned(),
            false => heading.replace(char::is_whitespace, ""),
        };
        Self::ALL.iter().copied().find(|column| {
            column.code() == heading
                || column.chinese() == heading
                || column.further_headings().contains(&heading.as_str())
        })
    }
}

/// A row with its line in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row<C: Ord> {
    /// Its line in the file.
    pub line: u64,
    /// Its cells that are not empty.
    pub cells: BTreeMap<C, String>,
}

/// A fault in a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault<C, W> {
    /// The column.
    pub column: C,
    /// The text of the cell, at most 60 characters.
    pub value: String,
    /// What is wrong.
    pub why: W,
}

impl<C: Ord + Copy, W> Fault<C, W> {
    /// Returns the fault of a cell with this text.
    pub fn new(column: C, value: &str, why: impl Into<W>) -> Self {
        Self {
            column,
            value: value.chars().take(MOST_SHOWN).collect(),
            why: why.into(),
        }
    }

    /// Returns the fault of a cell of a row.
    pub fn of(row: &Row<C>, column: C, why: impl Into<W>) -> Self {
        let value = row.cells.get(&column).map_or("", String::as_str);
        Self::new(column, value, why)
    }
}

/// What a row changes in one column of what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change<C> {
    /// The column.
    pub column: C,
    /// What it is now; empty for nothing.
    pub before: String,
    /// What it becomes.
    pub after: String,
}

impl<C> Change<C> {
    /// Returns a change; `None` if nothing changes.
    pub fn of(column: C, before: String, after: String) -> Option<Self> {
        (before != after).then_some(Self {
            column,
            before,
            after,
        })
    }
}

/// Why a cell is not taken, whatever the sheet is about. What to do stands after the last semicolon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCell {
    /// It is empty and must not be.
    #[error("it is empty; fill it in")]
    Missing,
    /// It begins like a formula, which is data for a spreadsheet to run.
    #[error("it begins like a formula; write the text itself")]
    Formula,
    /// A spreadsheet shortened the number.
    #[error(
        "a spreadsheet shortened this number; format the column as text (文本) and fill it in again"
    )]
    Shortened,
    /// Its bytes or its format do not say what was typed.
    #[error(
        "this may not be what was typed; format the column as text (文本) and fill it in again"
    )]
    Doubtful,
    /// The row goes on beyond the last heading.
    #[error(
        "the row has more cells than the table has columns; remove what stands beside the table"
    )]
    Beyond,
    /// No grid has this name or number.
    #[error("there is no such grid; draw it first, or correct the name")]
    Grid,
    /// Several grids have this name.
    #[error("several grids have this name; write the number of the grid")]
    Grids,
}

/// Returns the text of a cell without the blanks around it; `None` if it is empty.
///
/// # Errors
/// [`BadCell::Formula`] if a spreadsheet takes it for one. A telephone number may begin with a plus.
pub fn text<C: Ord>(cells: &BTreeMap<C, String>, column: C) -> Result<Option<&str>, BadCell> {
    let text = cells.get(&column).map(|text| text.trim());
    match text.filter(|text| !text.is_empty()) {
        Some(text) if text.starts_with(['=', '@']) => Err(BadCell::Formula),
        text => Ok(text),
    }
}

/// Returns whether a text says that there is nothing.
pub fn says_nothing(text: &str) -> bool {
    NOTHING.contains(&text)
}

/// Splits a cell with several names.
pub fn names(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split([',', '，', '、', ';', '；', '/', '\n']);
    parts.map(str::trim).filter(|part| !part.is_empty())
}

/// Returns the names of grids with commas between, or the number of one that is not known.
pub fn grid_names(ids: impl IntoIterator<Item = GridId>, grids: &[Grid]) -> String {
    let name = |id: GridId| {
        let grid = grids.iter().find(|grid| grid.id == id);
        grid.map_or_else(|| id.to_string(), |grid| grid.name.clone())
    };
    ids.into_iter().map(name).collect::<Vec<_>>().join(", ")
}

/// Returns the grid of a name or a number.
///
/// # Errors
/// [`BadCell::Grid`], [`BadCell::Grids`].
pub fn grid(name: &str, grids: &[Grid]) -> Result<GridId, BadCell> {
    let mut same = grids
        .iter()
        .filter(|grid| grid.name == name || grid.id.0.to_string() == name);
    match (same.next(), same.next()) {
        (Some(grid), None) => Ok(grid.id),
        (Some(_), Some(_)) => Err(BadCell::Grids),
        (None, _) => Err(BadCell::Grid),
    }
}

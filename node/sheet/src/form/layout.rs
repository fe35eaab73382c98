//! Where everything stands in the sheet of a form. Rows and columns count from 0.

use std::borrow::Cow;

use domain::disclosure::{Item, Spot};

/// The hidden row: its first cell says which form it is, further ones hold long lists of options.
pub(super) const HIDDEN_ROW: u32 = 0;
/// The item and the days that it is about.
pub(super) const TITLE_ROW: u32 = 1;
/// How to fill it in.
pub(super) const GUIDE_ROW: u32 = 2;
/// The headings of the fields.
const HEAD_ROW: u32 = 3;
/// The first field.
const FIRST_FIELD: u32 = 4;
/// Columns of a field.
pub(super) const LABEL: u16 = 0;
pub(super) const VALUE: u16 = 1;
pub(super) const HINT: u16 = 2;
/// What the note is called, unless a field is called so.
const NOTE: &str = "其他说明";

/// The places of a form.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    fields: u32,
    columns: u16,
}

impl Layout {
    pub(super) fn of(item: &Item) -> Self {
        Self {
            fields: item.fields.len() as u32,
            columns: item.columns.len() as u16,
        }
    }

    pub(super) const fn head(&self) -> u32 {
        HEAD_ROW
    }

    pub(super) const fn field(&self, at: usize) -> u32 {
        FIRST_FIELD + at as u32
    }

    pub(super) const fn note(&self) -> u32 {
        FIRST_FIELD + self.fields
    }

    /// The row that says that a table begins.
    pub(super) const fn caption(&self) -> u32 {
        self.note() + 2
    }

    /// The row with what belongs into each column.
    pub(super) const fn hints(&self) -> u32 {
        self.caption() + 1
    }

    /// The row with the names of the columns.
    pub(super) const fn headings(&self) -> u32 {
        self.caption() + 2
    }

    /// The first row of the table.
    pub(super) const fn table(&self) -> u32 {
        self.caption() + 3
    }

    /// Returns whether a cell is one that the program wrote and does not read.
    pub(super) const fn is_ours(&self, (row, column): (u32, u32)) -> bool {
        let is_field = row >= HEAD_ROW && row <= self.note();
        match row {
            HIDDEN_ROW => true,
            TITLE_ROW | GUIDE_ROW => column == 0,
            _ if is_field => column <= HINT as u32,
            _ if self.columns == 0 => false,
            _ if row == self.caption() => column == 0,
            _ => row >= self.hints() && column < self.columns as u32,
        }
    }

    /// Returns the last column that something may stand in.
    pub(super) fn last_column(&self) -> u32 {
        u32::from(self.columns.saturating_sub(1).max(HINT))
    }

    /// Returns the cell of a place; `rows` has the row of each line of the table.
    pub(super) fn cell(&self, at: Spot, rows: &[u32]) -> (u32, u32) {
        match at {
            Spot::Field(at) => (self.field(at), u32::from(VALUE)),
            Spot::Cell { row, column } => {
                let row = rows.get(row).copied().unwrap_or_else(|| self.table());
                (row, column as u32)
            }
            Spot::Table => (self.table(), 0),
            Spot::Note => (self.note(), u32::from(VALUE)),
        }
    }
}

/// Returns what the note is called in the form of an item: nothing that a field is called.
pub(super) fn note_label(item: &Item) -> Cow<'static, str> {
    let mut label = Cow::Borrowed(NOTE);
    while item.field(&label).is_some() {
        label = Cow::Owned(format!("{label}（表外）"));
    }
    label
}

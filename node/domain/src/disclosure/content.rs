//! What is typed in a form, and what is wrong with it.

use serde::{Deserialize, Serialize};

use super::{Field, FieldKind, Item, Sum, number};
use crate::{
    foreign::{plain_line, plain_lines},
    personal::{self, Personal},
    time::Day,
};

/// The most rows of a table.
pub const MOST_ROWS: usize = 500;
/// The most bytes of everything that is typed in one form, as its document writes them.
pub const MOST_CONTENT_BYTES: usize = 24 * 1024;
/// The most characters of a cell.
const MOST_CELL: usize = 500;
/// The most characters of the note below the form.
const MOST_NOTE: usize = 2_000;
/// The most faults that are told at once.
const MOST_FAULTS: usize = 50;

/// What is typed in the form of an item.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Content {
    /// One text for each field of the item; empty if nothing is typed.
    pub fields: Vec<Box<str>>,
    /// The rows of the table, each with one text for each column.
    pub rows: Vec<Vec<Box<str>>>,
    /// What else there is to say; may be empty.
    pub note: Box<str>,
}

/// A place in a form; positions count from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Spot {
    /// A field.
    Field(usize),
    /// A cell of the table.
    Cell {
        /// The row.
        row: usize,
        /// The column.
        column: usize,
    },
    /// The table as a whole.
    Table,
    /// The note below.
    Note,
}

/// What is wrong at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CellFault {
    /// It must be filled in.
    Missing,
    /// The table has no rows, though it is all that the item asks for.
    NoRows,
    /// It is no amount of money.
    NotMoney,
    /// It is no number.
    NotNumber,
    /// It is no day.
    NotDate,
    /// It is none of the options.
    NotOption,
    /// It is longer than this many characters.
    TooLong(usize),
    /// It does not agree with what it is the sum of.
    Sum {
        /// What it is by what is typed.
        expected: String,
    },
    /// It looks like personal data.
    Personal(Personal, String),
}

topology::vocabulary! {
    /// What is wrong in a form, without what should be there instead.
    #[derive(utoipa::ToSchema)]
    pub enum FaultName names CellFault: "fault in a form" {
        Missing = 1, "missing", "必填，还没有填", "it must be filled in";
        NoRows = 2, "no-rows", "表格没有内容", "the table has no rows";
        NotMoney = 3, "not-money", "不是金额；写成 1200.50", "not an amount; write it as 1200.50";
        NotNumber = 4, "not-number", "不是数字", "not a number";
        NotDate = 5, "not-date", "不是日期；写成 2026-03-01", "not a day; write it as 2026-03-01";
        NotOption = 6, "not-option", "不在可选范围内", "none of the options";
        TooLong = 7, "too-long", "太长", "too long";
        Sum = 8, "sum", "合计不符", "the sum does not agree";
        Personal = 9, "personal", "像是个人信息，请遮盖", "looks like personal data; mask it";
    }
}

/// One thing that is wrong in a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormFault {
    /// Where.
    pub at: Spot,
    /// What.
    pub fault: CellFault,
}

impl FormFault {
    /// Returns whether it is personal data, which may be published for a reason.
    pub const fn is_personal(&self) -> bool {
        matches!(self.fault, CellFault::Personal(..))
    }
}

impl Content {
    /// Returns the bytes of everything typed, as JSON writes it: that is what an edition is kept as.
    pub fn bytes(&self) -> usize {
        let cells = self.rows.iter().flatten();
        let texts = self.fields.iter().chain(cells).chain([&self.note]);
        let rows = self.rows.len() * "[],".len();
        texts.map(|text| written_bytes(text)).sum::<usize>() + rows
    }

    /// Returns how many values something has that the form has no place for, and how many places there are: the
    /// fields, or a row.
    pub(super) fn too_many(&self, item: &Item) -> Option<(usize, usize)> {
        let says = |texts: &[Box<str>]| {
            let last = texts.iter().rposition(|text| !text.trim().is_empty());
            last.map_or(0, |last| last + 1)
        };
        let rows = self.rows.iter().map(|row| (says(row), item.columns.len()));
        std::iter::once((says(&self.fields), item.fields.len()))
            .chain(rows)
            .find(|(found, most)| found > most)
    }

    /// Returns the content with the form of the item: as many fields and columns as it has, without blanks around
    /// texts, without empty rows at the end, and without commas in numbers.
    #[must_use]
    pub fn shaped(self, item: &Item) -> Self {
        let shape = |texts: Vec<Box<str>>, fields: &[Field]| -> Vec<Box<str>> {
            let given = texts
                .into_iter()
                .chain(std::iter::repeat_with(Box::default));
            fields
                .iter()
                .zip(given)
                .map(|(field, text)| tidy(field, &text))
                .collect()
        };
        let rows = self.rows.into_iter().map(|row| shape(row, &item.columns));
        let mut rows: Vec<Vec<Box<str>>> = if item.columns.is_empty() {
            vec![]
        } else {
            rows.collect()
        };
        rows.retain(|row| row.iter().any(|text| !text.is_empty()));
        Self {
            fields: shape(self.fields, &item.fields),
            rows,
            note: plain_lines(&self.note).trim().into(),
        }
    }

    /// Returns what is wrong, field by field and row by row, at most 50 faults. The content has the form of the item.
    pub fn faults(&self, item: &Item) -> Vec<FormFault> {
        let mut all = self.every_fault(item);
        all.truncate(MOST_FAULTS);
        all
    }

    /// Returns everything that is wrong.
    pub(super) fn every_fault(&self, item: &Item) -> Vec<FormFault> {
        let fields = item.fields.iter().zip(&self.fields).enumerate();
        let fields =
            fields.flat_map(|(at, (field, text))| cell_faults(field, text, Spot::Field(at)));
        let rows = self.rows.iter().enumerate().flat_map(|(row, texts)| {
            let cells = item.columns.iter().zip(texts).enumerate();
            cells.flat_map(move |(column, (field, text))| {
                cell_faults(field, text, Spot::Cell { row, column })
            })
        });
        let empty = item.fields.is_empty() && self.rows.is_empty();
        let empty = empty.then_some(FormFault {
            at: Spot::Table,
            fault: CellFault::NoRows,
        });
        let sums = item.sums.iter().filter_map(|sum| self.sum_fault(item, sum));
        let note = note_faults(&self.note);
        fields
            .chain(rows)
            .chain(empty)
            .chain(sums)
            .chain(note)
            .collect()
    }

    /// Returns the number in a field; `None` if there is none.
    fn field_number(&self, item: &Item, name: &str) -> Option<i128> {
        number_in(&item.fields, &self.fields, item.field(name)?)
    }

    /// A sum is checked when everything in it can be read; an empty part counts as nothing.
    fn sum_fault(&self, item: &Item, sum: &Sum) -> Option<FormFault> {
        let at = item.field(sum.total())?;
        let found = self.field_number(item, sum.total())?;
        let part = |name: &str| {
            let empty = item
                .field(name)
                .is_some_and(|at| self.fields[at].is_empty());
            if empty {
                Some(0)
            } else {
                self.field_number(item, name)
            }
        };
        let add = |names: &[Box<str>]| names.iter().map(|name| part(name)).sum::<Option<i128>>();
        let expected = match sum {
            Sum::Fields { plus, minus, .. } => add(plus)? - add(minus)?,
            Sum::Column { column, .. } => {
                let column = item.column(column)?;
                let cells = self.rows.iter().map(|row| match row[column].is_empty() {
                    true => Some(0),
                    false => number_in(&item.columns, row, column),
                });
                cells.sum::<Option<i128>>()?
            }
        };
        (expected != found).then(|| FormFault {
            at: Spot::Field(at),
            fault: CellFault::Sum {
                expected: number::write(expected, decimals(&item.fields[at])),
            },
        })
    }
}

/// Returns the bytes of a text in JSON, with quotes and a comma.
pub(super) fn written_bytes(text: &str) -> usize {
    let bytes = |c: char| match c {
        '"' | '\\' | '\n' => 2,
        '\0'..='\x1f' => 6,
        c => c.len_utf8(),
    };
    text.chars().map(bytes).sum::<usize>() + "\"\",".len()
}

/// Decimals that an amount is shown with.
fn decimals(field: &Field) -> usize {
    if field.kind == FieldKind::Money { 2 } else { 0 }
}

fn number_in(fields: &[Field], texts: &[Box<str>], at: usize) -> Option<i128> {
    read_number(&fields[at], &texts[at])
}

pub(super) fn read_number(field: &Field, text: &str) -> Option<i128> {
    match field.kind {
        FieldKind::Money => number::read(text, 2),
        FieldKind::Number => number::read(text, 4),
        _ => None,
    }
}

/// Returns a text as it is kept: amounts with two decimals, days in their one form.
fn tidy(field: &Field, text: &str) -> Box<str> {
    let text = plain_line(text);
    let text = &*text;
    match field.kind {
        FieldKind::Money | FieldKind::Number => match read_number(field, text) {
            Some(value) => number::write(value, decimals(field)).into(),
            None => text.into(),
        },
        FieldKind::Date => match text.parse::<Day>() {
            Ok(day) => day.to_string().into(),
            Err(_) => text.into(),
        },
        FieldKind::Text | FieldKind::Choice => text.into(),
    }
}

fn cell_faults(field: &Field, text: &str, at: Spot) -> impl Iterator<Item = FormFault> + use<> {
    let is_too_long = text.chars().count() > MOST_CELL;
    let wrong = match field.kind {
        _ if text.is_empty() => field.required.then_some(CellFault::Missing),
        _ if is_too_long => Some(CellFault::TooLong(MOST_CELL)),
        FieldKind::Money if read_number(field, text).is_none() => Some(CellFault::NotMoney),
        FieldKind::Number if read_number(field, text).is_none() => Some(CellFault::NotNumber),
        FieldKind::Date if text.parse::<Day>().is_err() => Some(CellFault::NotDate),
        FieldKind::Choice if !field.options.iter().any(|option| **option == *text) => {
            Some(CellFault::NotOption)
        }
        FieldKind::Text => {
            personal::find(text).map(|(kind, masked)| CellFault::Personal(kind, masked))
        }
        _ => None,
    };
    wrong.map(|fault| FormFault { at, fault }).into_iter()
}

fn note_faults(note: &str) -> Option<FormFault> {
    let at = Spot::Note;
    if note.chars().count() > MOST_NOTE {
        return Some(FormFault {
            at,
            fault: CellFault::TooLong(MOST_NOTE),
        });
    }
    let found = personal::find(note);
    found.map(|(kind, masked)| FormFault {
        at,
        fault: CellFault::Personal(kind, masked),
    })
}

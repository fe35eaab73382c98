//! The form of a disclosure: shown with what is typed, and read back.

use std::collections::BTreeMap;

use api::{ColumnView, ContentView, DisclosureWork, DoubtView, FaultView};
use domain::disclosure::{FaultName, FieldKind};

use crate::{form::Form, words::Words};

/// Rows shown below those that are filled in, so that there is always room.
const SPARE_ROWS: usize = 3;

/// A field or cell with what is typed.
pub(super) struct FieldShown {
    /// Its name in the form, which is also its id.
    pub(super) id: String,
    pub(super) label: String,
    pub(super) value: String,
    pub(super) options: Vec<String>,
    pub(super) required: bool,
    pub(super) is_figure: bool,
    pub(super) is_date: bool,
    pub(super) is_wrong: bool,
}

/// The form as the page shows it.
pub(super) struct FormShown {
    pub(super) fields: Vec<FieldShown>,
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Vec<FieldShown>>,
    pub(super) note: String,
    /// Rows that were pasted and are not kept yet.
    pub(super) paste: String,
}

fn shown(id: String, column: &ColumnView, value: String, is_wrong: bool) -> FieldShown {
    let unit = column.unit.as_ref().map(|unit| format!("（{unit}）"));
    FieldShown {
        label: format!("{}{}", column.name, unit.unwrap_or_default()),
        value,
        options: column.options.clone(),
        required: column.required,
        is_figure: matches!(column.kind, FieldKind::Money | FieldKind::Number),
        is_date: column.kind == FieldKind::Date,
        is_wrong,
        id,
    }
}

impl FormShown {
    /// Returns the form with what is kept, or with what was just typed.
    pub(super) fn of(
        work: &DisclosureWork,
        kept: &ContentView,
        (just_typed, more): (Option<&Form>, usize),
    ) -> Self {
        let typed = just_typed.map(|form| without_pasted(work, form));
        let content = typed.as_ref().unwrap_or(kept);
        let wrong = |field: Option<usize>, row: Option<usize>, column: Option<usize>| {
            let is_it =
                |fault: &FaultView| (fault.field, fault.row, fault.column) == (field, row, column);
            just_typed.is_none() && work.faults.iter().any(is_it)
        };
        let text = |texts: &[String], at: usize| texts.get(at).cloned().unwrap_or_default();
        let fields = work.form.fields.iter().enumerate().map(|(at, field)| {
            let value = text(&content.fields, at);
            shown(
                format!("field-{at}"),
                field,
                value,
                wrong(Some(at), None, None),
            )
        });
        let rows = content.rows.len() + SPARE_ROWS + more;
        let rows = (0..rows).map(|row| {
            let texts = content.rows.get(row).map(Vec::as_slice).unwrap_or_default();
            let cells = work.form.columns.iter().enumerate().map(|(at, column)| {
                let is_wrong = wrong(None, Some(row), Some(at));
                shown(
                    format!("cell-{row}-{at}"),
                    column,
                    text(texts, at),
                    is_wrong,
                )
            });
            cells.collect()
        });
        let columns = &work.form.columns;
        Self {
            fields: fields.collect(),
            rows: if columns.is_empty() {
                vec![]
            } else {
                rows.collect()
            },
            columns: columns.iter().map(|column| column.name.clone()).collect(),
            note: content.note.clone(),
            paste: just_typed.map_or("", |form| form.typed("paste")).to_owned(),
        }
    }
}

impl FormShown {
    /// Returns the rows that say something.
    pub(super) fn filled(&self) -> Vec<&Vec<FieldShown>> {
        let says = |row: &&Vec<FieldShown>| row.iter().any(|field| !field.value.is_empty());
        self.rows.iter().filter(says).collect()
    }
}

/// Whether what a page sent has the form in it.
pub(super) fn is_there(form: &Form) -> bool {
    let is_part = |name: &str| name.starts_with("field-") || name.starts_with("cell-");
    form.0.iter().any(|(name, _)| is_part(name))
}

/// Reads the form back, with what was pasted as further rows.
pub(super) fn typed(work: &DisclosureWork, form: &Form) -> ContentView {
    let mut content = without_pasted(work, form);
    let pasted = form
        .typed("paste")
        .lines()
        .filter(|line| !line.trim().is_empty());
    content.rows.extend(pasted.map(|line| {
        line.split('\t')
            .map(|cell| cell.trim().to_owned())
            .collect()
    }));
    content
}

fn without_pasted(work: &DisclosureWork, form: &Form) -> ContentView {
    let fields =
        (0..work.form.fields.len()).map(|at| form.typed(&format!("field-{at}")).trim().to_owned());
    let columns = work.form.columns.len();
    // Row by row as they are numbered, however many: too many are refused with their number, and none is lost.
    let mut numbered: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for (name, text) in &form.0 {
        let place = name.strip_prefix("cell-").and_then(|at| at.split_once('-'));
        let Some((Ok(row), Ok(at))) = place.map(|(row, at)| (row.parse(), at.parse::<usize>()))
        else {
            continue;
        };
        let text = text.trim();
        if at < columns && !text.is_empty() {
            let blank = || vec![String::new(); columns];
            numbered.entry(row).or_insert_with(blank)[at] = text.to_owned();
        }
    }
    let rows = numbered.into_values().collect();
    ContentView {
        fields: fields.collect(),
        rows,
        note: form.typed("content-note").trim().to_owned(),
    }
}

/// Tells a fault: the id of the place, and the words.
pub(super) fn told(w: Words, work: &DisclosureWork, fault: &FaultView) -> (String, String) {
    let name = |columns: &[ColumnView], at: usize| {
        columns
            .get(at)
            .map_or(String::new(), |column| column.name.clone())
    };
    let (id, place) = match (fault.field, fault.row, fault.column) {
        (Some(at), ..) => (
            format!("field-{at}"),
            w.open_desk_fault_field(name(&work.form.fields, at)),
        ),
        (_, Some(row), Some(at)) => {
            let place = w.open_desk_fault_cell(row + 1, name(&work.form.columns, at));
            (format!("cell-{row}-{at}"), place)
        }
        _ if fault.note => (
            "content-note".to_owned(),
            w.open_desk_fault_note().to_owned(),
        ),
        _ => ("cell-0-0".to_owned(), w.open_desk_fault_table().to_owned()),
    };
    let detail = fault.detail.as_ref().map(|detail| match fault.fault {
        FaultName::Sum => w.open_desk_fault_should(detail),
        _ => w.open_desk_fault_found(detail),
    });
    let says = format!(
        "{place}{}{}",
        w.term(fault.fault),
        detail.unwrap_or_default()
    );
    let says = match &fault.cell {
        Some(cell) => w.open_desk_fault_in(cell, says),
        None => says,
    };
    (id, says)
}

/// Tells a doubt.
pub(super) fn doubted(w: Words, doubt: &DoubtView) -> String {
    let says = w.term(doubt.doubt);
    match doubt.count {
        Some(count) => w.open_desk_doubt_count(says, count),
        None => says.to_owned(),
    }
}

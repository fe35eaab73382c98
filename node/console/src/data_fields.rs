//! The fields of the data that are asked for beside a report, one for each element.

use std::collections::BTreeMap;

use api::{ElementView, InBoth, problem::FieldFault};
use domain::standard::ElementKind;

use crate::{desk::Choice, words::Words};

/// What the names of the fields begin with; the code of the element follows.
pub(crate) const PREFIX: &str = "data-";

/// One field.
pub(crate) struct DataField {
    /// Its name in the form.
    pub(crate) name: String,
    pub(crate) label: String,
    pub(crate) hint: Option<String>,
    /// What is wrong with it.
    pub(crate) error: Option<String>,
    pub(crate) value: String,
    pub(crate) required: bool,
    /// What may be chosen; empty if it is typed.
    pub(crate) choices: Vec<Choice>,
    /// Type and keyboard of what is typed.
    pub(crate) input: &'static str,
    pub(crate) keyboard: &'static str,
    pub(crate) longest: usize,
    /// The first and the last day.
    pub(crate) earliest: Option<String>,
    pub(crate) latest: Option<String>,
}

impl DataField {
    /// Returns what describes the field, by id.
    pub(crate) fn described(&self) -> String {
        let mut ids = vec![];
        if self.hint.is_some() {
            ids.push(format!("{}-hint", self.name));
        }
        if self.error.is_some() {
            ids.push(format!("{}-error", self.name));
        }
        ids.join(" ")
    }
}

/// Returns the fields of a category, with what was typed and what is wrong with it.
pub(crate) fn fields(
    w: Words,
    asks: &[ElementView],
    typed: impl Fn(&str) -> String,
    faults: &[FieldFault],
) -> Vec<DataField> {
    let field = |one: &ElementView| {
        let name = format!("{PREFIX}{}", one.code);
        let value = typed(&name);
        let mut faults = faults.iter();
        let fault = faults.find(|fault| fault.field == one.code);
        let choices = one.codes.iter().map(|code| Choice {
            chosen: code.code == value,
            label: said(w, &code.name),
            value: code.code.clone(),
        });
        let (input, keyboard) = match one.kind {
            ElementKind::Date => ("date", "text"),
            ElementKind::Telephone => ("tel", "tel"),
            ElementKind::Number if one.decimals == Some(0) => ("text", "numeric"),
            ElementKind::Number => ("text", "decimal"),
            ElementKind::Text | ElementKind::Code | ElementKind::Place => ("text", "text"),
        };
        DataField {
            label: label(w, one),
            hint: hint(w, one),
            error: fault.map(|fault| said(w, &fault.says)),
            required: one.required,
            choices: choices.collect(),
            input,
            keyboard,
            longest: one.longest.map_or(500, usize::from),
            earliest: one.earliest.clone(),
            latest: one.latest.clone(),
            value,
            name,
        }
    };
    asks.iter().map(field).collect()
}

/// Returns what was typed for the elements of a category, by their code; empty fields are left out.
pub(crate) fn values(
    asks: &[ElementView],
    typed: impl Fn(&str) -> String,
) -> BTreeMap<String, String> {
    let values = asks.iter().map(|one| {
        let value = typed(&format!("{PREFIX}{}", one.code));
        (one.code.clone(), value.trim().to_owned())
    });
    values.filter(|(_, value)| !value.is_empty()).collect()
}

pub(crate) fn said(w: Words, both: &InBoth) -> String {
    w.of(&both.zh, &both.en).to_owned()
}

/// Returns the name of an element, with its unit and whether it may be left out.
pub(crate) fn label(w: Words, one: &ElementView) -> String {
    let name = match &one.unit {
        Some(unit) => w.data_in_unit(said(w, &one.name), said(w, unit)),
        None => said(w, &one.name),
    };
    match one.required {
        true => name,
        false => format!("{name} {}", w.optional()),
    }
}

fn hint(w: Words, one: &ElementView) -> Option<String> {
    let mut all: Vec<String> = one.hint.iter().map(|hint| said(w, hint)).collect();
    if !one.forms.is_empty() {
        all.push(w.data_forms(one.forms.join(" | ")));
    }
    if one.kind == ElementKind::Place {
        all.push(w.data_place().to_owned());
    }
    if one.personal {
        all.push(w.data_personal().to_owned());
    }
    (!all.is_empty()).then(|| all.join(w.of("；", "; ")))
}

//! The form of a disclosure as a file: names of fields and columns with what is typed, as TOML.

use api::{ColumnView, ContentView, DisclosureView, DisclosureWork, FaultView};
use domain::foreign::escape;
use serde::Deserialize;

use crate::{Failure, labels::moment, tables::pairs};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    note: String,
    #[serde(default)]
    fields: toml::Table,
    #[serde(default)]
    rows: Vec<toml::Table>,
}

fn failed(why: impl Into<String>) -> Failure {
    Failure::Failed(why.into())
}

/// Writes the form with what is typed.
pub(super) fn form(work: &DisclosureWork) -> Result<String, Failure> {
    let none = || failed("no edition is being worked on; `wujitong disclosure correct` begins one");
    let content = work.content.as_ref().ok_or_else(none)?;
    let named = |columns: &[ColumnView], texts: &[String]| {
        let texts = texts.iter().cloned().map(toml::Value::String);
        let pairs = columns.iter().map(|column| column.name.clone()).zip(texts);
        pairs.collect::<toml::Table>()
    };
    let blank: Vec<String> = work.form.columns.iter().map(|_| String::new()).collect();
    let mut rows: Vec<_> = content
        .rows
        .iter()
        .map(|row| named(&work.form.columns, row))
        .collect();
    if rows.is_empty() && !work.form.columns.is_empty() {
        rows.push(named(&work.form.columns, &blank));
    }
    let mut table = toml::Table::new();
    table.insert("note".to_owned(), content.note.clone().into());
    table.insert(
        "fields".to_owned(),
        named(&work.form.fields, &content.fields).into(),
    );
    table.insert("rows".to_owned(), rows.into());
    let mut text = format!(
        "# {} {} – {}\n",
        work.line.item, work.line.from, work.line.to
    );
    for column in work.form.fields.iter().chain(&work.form.columns) {
        let needed = if column.required {
            ""
        } else {
            ", may be empty"
        };
        let unit = column.unit.as_ref().map(|unit| format!(" in {unit}"));
        let options = match column.options.is_empty() {
            true => String::new(),
            false => format!(": {}", column.options.join(", ")),
        };
        text += &format!(
            "# {}: {}{}{needed}{options}\n",
            column.name,
            column.kind,
            unit.unwrap_or_default()
        );
    }
    Ok(text + &table.to_string())
}

/// Reads a filled-in form.
pub(super) fn read(text: &str, work: &DisclosureWork) -> Result<ContentView, Failure> {
    let file: File = toml::from_str(text).map_err(|error| failed(error.to_string()))?;
    let texts = |columns: &[ColumnView], typed: &toml::Table| {
        let stray = typed
            .keys()
            .find(|name| columns.iter().all(|column| column.name != **name));
        if let Some(name) = stray {
            return Err(failed(format!(
                "the form has no {name}; `wujitong disclosure form` prints it"
            )));
        }
        let text = |column: &ColumnView| match typed.get(&column.name) {
            None => Ok(String::new()),
            Some(toml::Value::String(text)) => Ok(text.clone()),
            Some(toml::Value::Integer(number)) => Ok(number.to_string()),
            Some(toml::Value::Datetime(day)) => Ok(day.to_string()),
            Some(_) => Err(failed(format!(
                "{}: write it as a text, in quotes",
                column.name
            ))),
        };
        columns.iter().map(text).collect::<Result<Vec<_>, _>>()
    };
    Ok(ContentView {
        fields: texts(&work.form.fields, &file.fields)?,
        rows: file
            .rows
            .iter()
            .map(|row| texts(&work.form.columns, row))
            .collect::<Result<_, _>>()?,
        note: file.note,
    })
}

/// Tells a fault with its place.
pub(super) fn told(work: &DisclosureWork, fault: &FaultView) -> String {
    let name = |columns: &[ColumnView], at: usize| {
        columns.get(at).map_or("", |column| &column.name).to_owned()
    };
    let cell = fault.cell.as_ref().map(|cell| format!("表 {cell} "));
    let place = match (fault.field, fault.row, fault.column) {
        (Some(at), ..) => name(&work.form.fields, at),
        (_, Some(row), Some(at)) => format!("row {}, {}", row + 1, name(&work.form.columns, at)),
        _ if fault.note => "note".to_owned(),
        _ => "table".to_owned(),
    };
    let detail = fault.detail.as_ref().map(|detail| format!(" ({detail})"));
    format!(
        "{}{place}: {} {}{}",
        cell.unwrap_or_default(),
        fault.fault.english(),
        fault.fault.chinese(),
        detail.unwrap_or_default()
    )
}

/// Shows what was published.
pub(super) fn shown(view: &DisclosureView) -> String {
    let line = &view.line;
    let mut text = pairs([
        ("number", line.number.clone()),
        (
            "item",
            format!("{} {} – {} {}", line.item, line.from, line.to, line.title),
        ),
        ("class", line.class.label()),
        ("objections", view.objections.to_string()),
    ]);
    if let Some(ground) = &view.withdrawn {
        text += &pairs([("taken down", ground.clone())]);
    }
    for edition in &view.editions {
        text += &format!("\nedition {}, {}\n", edition.edition, moment(edition.at_ms));
        if let Some(log) = &edition.log {
            let holds = if log.holds {
                "unchanged"
            } else {
                "DIFFERS FROM THE LOG"
            };
            text += &format!(
                "entry {} of {} in the public log: {holds}\n",
                log.index, log.size
            );
        }
        let Some(document) = &edition.document else {
            continue;
        };
        if let Some(reason) = &document.reason {
            text += &format!("because: {}\n", escape(reason));
        }
        for field in &document.fields {
            let unit = field.unit.as_deref().unwrap_or_default();
            text += &escape(&format!("{}: {} {unit}", field.name, field.value));
            text.push('\n');
        }
        if !document.columns.is_empty() {
            text += &columns(document);
        }
        if !document.note.is_empty() {
            text += &format!("note: {}\n", escape(&document.note));
        }
    }
    text
}

fn columns(document: &api::DisclosureDocument) -> String {
    let headings: Vec<&str> = document
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    let mut text = escape(&headings.join(" | ")) + "\n";
    for row in &document.rows {
        text += &(escape(&row.join(" | ")) + "\n");
    }
    text
}

//! Reading an item from its template.

use std::str::FromStr;

use serde::Deserialize;
use topology::Term;

use super::{Class, Field, FieldKind, Item, Rhythm, Sum};
use crate::{calendar::Allowance, foreign::is_harmful};

/// The most fields, or columns, of an item.
const MOST_FIELDS: usize = 40;
/// The most bytes of an item, which every disclosure and every edition repeats.
const MOST_ITEM_BYTES: usize = 8 * 1024;
/// Time to publish it after the period if the template names none.
const DUE: Allowance = Allowance::Days(10);
/// Time to object if the template names none: that of the practice in Zhejiang.
const OBJECTION: Allowance = Allowance::Days(5);

/// An item as it is written in a template.
#[derive(Deserialize)]
pub(crate) struct RawItem {
    name: String,
    english: Option<String>,
    class: Option<String>,
    period: Option<String>,
    period_days: Option<i64>,
    due: Option<String>,
    objection: Option<String>,
    source: Option<String>,
    #[serde(default)]
    fields: Vec<RawField>,
    #[serde(default)]
    columns: Vec<RawField>,
    #[serde(default)]
    sums: Vec<RawSum>,
}

/// A field: its name alone for words that must be there, or a table.
#[derive(Deserialize)]
#[serde(untagged)]
enum RawField {
    Name(String),
    Whole(WholeField),
}

#[derive(Deserialize)]
struct WholeField {
    name: String,
    kind: Option<String>,
    unit: Option<String>,
    required: Option<bool>,
    #[serde(default)]
    options: Vec<String>,
}

#[derive(Deserialize)]
struct RawSum {
    total: String,
    column: Option<String>,
    #[serde(default)]
    plus: Vec<String>,
    #[serde(default)]
    minus: Vec<String>,
}

fn code<T: Term + FromStr<Err = topology::UnknownTerm>>(
    text: Option<&str>,
    otherwise: T,
) -> Result<T, String> {
    match text {
        None => Ok(otherwise),
        Some(text) => text
            .parse()
            .map_err(|unknown: topology::UnknownTerm| unknown.to_string()),
    }
}

fn time(text: Option<&str>, otherwise: Allowance) -> Result<Allowance, String> {
    match text {
        None => Ok(otherwise),
        Some(text) => text
            .parse()
            .map_err(|bad: crate::calendar::BadAllowance| bad.to_string()),
    }
}

fn boxed(list: Vec<String>) -> Vec<Box<str>> {
    list.into_iter().map(String::into_boxed_str).collect()
}

impl RawItem {
    /// The keys of an item, of a field and of a sum.
    pub(crate) const KEYS: [&str; 11] = [
        "name",
        "english",
        "class",
        "period",
        "period_days",
        "due",
        "objection",
        "source",
        "fields",
        "columns",
        "sums",
    ];
    pub(crate) const FIELD_KEYS: [&str; 5] = ["name", "kind", "unit", "required", "options"];
    pub(crate) const SUM_KEYS: [&str; 4] = ["total", "column", "plus", "minus"];

    /// Returns the item.
    ///
    /// # Errors
    /// What is wrong, with the name of the item.
    pub(crate) fn read(self) -> Result<Item, String> {
        let name = self.name.clone();
        if !is_line(&name, 100) {
            return Err("an item's name has 1 to 100 characters, in one line".to_owned());
        }
        self.read_named()
            .map_err(|fault| format!("item {name}: {fault}"))
    }

    fn read_named(self) -> Result<Item, String> {
        let (rhythm, period_days) = rhythm(self.period.as_deref(), self.period_days)?;
        let fields = read_fields(self.fields, "field")?;
        let columns = read_fields(self.columns, "column")?;
        if fields.is_empty() && columns.is_empty() {
            return Err("it has no fields".to_owned());
        }
        let short = |text: Option<String>| match text {
            Some(text) if !is_line(&text, 200) => {
                Err("`english` and `source` have 1 to 200 characters, in one line".to_owned())
            }
            text => Ok(text.map(String::into_boxed_str)),
        };
        let mut item = Item {
            name: self.name.into(),
            english: short(self.english)?,
            class: code(self.class.as_deref(), Class::Village)?,
            rhythm,
            period_days,
            due: time(self.due.as_deref(), DUE)?,
            objection: time(self.objection.as_deref(), OBJECTION)?,
            source: short(self.source)?,
            fields,
            columns,
            sums: vec![],
        };
        let sums = self.sums.into_iter().map(|sum| read_sum(sum, &item));
        item.sums = sums.collect::<Result<_, _>>()?;
        match item.bytes() {
            bytes if bytes > MOST_ITEM_BYTES => Err(format!(
                "its names, options and sums have {bytes} bytes, more than {MOST_ITEM_BYTES}; shorten or split it"
            )),
            _ => Ok(item),
        }
    }
}

fn rhythm(period: Option<&str>, days: Option<i64>) -> Result<(Rhythm, u16), String> {
    match (period, days) {
        (Some(_), Some(_)) => Err("give either period or period_days".to_owned()),
        (None, None) => Err("it has neither period nor period_days".to_owned()),
        (Some(period), None) => {
            let rhythm: Rhythm = period
                .parse()
                .map_err(|unknown: topology::UnknownTerm| unknown.to_string())?;
            Ok((rhythm, rhythm.days().unwrap_or_default()))
        }
        (None, Some(days)) => match u16::try_from(days) {
            Ok(days @ 1..=366) => Ok((Rhythm::within(days), days)),
            _ => Err(format!("period_days is {days}, not 1 to 366")),
        },
    }
}

fn read_fields(raw: Vec<RawField>, what: &str) -> Result<Vec<Field>, String> {
    if raw.len() > MOST_FIELDS {
        return Err(format!("it has more than {MOST_FIELDS} {what}s"));
    }
    let mut fields: Vec<Field> = vec![];
    for raw in raw {
        let field = match raw {
            RawField::Name(name) => Field {
                name: name.into(),
                kind: FieldKind::Text,
                unit: None,
                required: true,
                options: vec![],
            },
            RawField::Whole(raw) => Field {
                name: raw.name.into(),
                kind: code(raw.kind.as_deref(), FieldKind::Text)?,
                unit: raw.unit.map(String::into_boxed_str),
                required: raw.required.unwrap_or(true),
                options: boxed(raw.options),
            },
        };
        check_field(&field, what)?;
        if fields.iter().any(|known| known.name == field.name) {
            return Err(format!("the {what} {} is listed twice", field.name));
        }
        fields.push(field);
    }
    Ok(fields)
}

/// Whether a text has 1 to so many characters that everybody sees, and no blanks around them.
fn is_line(text: &str, most: usize) -> bool {
    let length = text.chars().count();
    (1..=most).contains(&length) && text.trim() == text && !text.chars().any(is_harmful)
}

fn check_field(field: &Field, what: &str) -> Result<(), String> {
    let Field {
        name,
        kind,
        unit,
        options,
        ..
    } = field;
    if !is_line(name, 60) {
        return Err(format!(
            "it has no fields, or a {what} whose name does not have 1 to 60 characters"
        ));
    }
    let has_unit = matches!(kind, FieldKind::Money | FieldKind::Number);
    if unit
        .as_deref()
        .is_some_and(|unit| !has_unit || !is_line(unit, 12))
    {
        return Err(format!(
            "the unit of the {what} {name} is for amounts and numbers, and has 1 to 12 characters"
        ));
    }
    let is_choice = *kind == FieldKind::Choice;
    let fit = options.iter().all(|option| is_line(option, 60));
    if is_choice != (2..=40).contains(&options.len()) || !fit || (!is_choice && !options.is_empty())
    {
        return Err(format!(
            "the {what} {name}: a choice has 2 to 40 options, everything else has none"
        ));
    }
    Ok(())
}

fn read_sum(raw: RawSum, item: &Item) -> Result<Sum, String> {
    let RawSum {
        total,
        column,
        plus,
        minus,
    } = raw;
    let counts = |found: Option<&Field>| {
        found.is_some_and(|field| matches!(field.kind, FieldKind::Money | FieldKind::Number))
    };
    let is_field = |name: &str| counts(item.field(name).map(|at| &item.fields[at]));
    let is_column = |name: &str| counts(item.column(name).map(|at| &item.columns[at]));
    let wrong = |name: &str| {
        Err(format!(
            "the sum in {total}: {name} is no amount or number of this item"
        ))
    };
    if !is_field(&total) {
        return wrong(&total);
    }
    if let Some(column) = column {
        return match (is_column(&column), plus.is_empty() && minus.is_empty()) {
            (false, _) => wrong(&column),
            (true, false) => Err(format!(
                "the sum in {total} is of a column or of fields, not of both"
            )),
            (true, true) => Ok(Sum::Column {
                total: total.into(),
                column: column.into(),
            }),
        };
    }
    if plus.is_empty() {
        return Err(format!(
            "the sum in {total} adds nothing; name fields in `plus`, or a `column`"
        ));
    }
    if let Some(name) = plus
        .iter()
        .chain(&minus)
        .find(|name| !is_field(name) || **name == total)
    {
        return wrong(name);
    }
    Ok(Sum::Fields {
        total: total.into(),
        plus: boxed(plus),
        minus: boxed(minus),
    })
}

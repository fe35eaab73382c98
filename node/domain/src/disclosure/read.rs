//! Reading an item from its template.

use std::str::FromStr;

use serde::Deserialize;
use topology::Term;

use super::{Class, Field, FieldKind, Item, Rhythm, Sum};
use crate::{
    calendar::Allowance,
    clause::{self, Clause, Within},
    foreign::is_harmful,
    saying::Saying,
};

/// The most fields, or columns, of an item.
const MOST_FIELDS: usize = 40;
/// The most bytes of an item, which every disclosure and every edition repeats.
const MOST_ITEM_BYTES: usize = 8 * 1024;

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
) -> Result<T, Clause> {
    match text {
        None => Ok(otherwise),
        Some(text) => text
            .parse()
            .map_err(|unknown: topology::UnknownTerm| clause::unknown(&unknown).into()),
    }
}

fn time(text: Option<&str>, otherwise: Allowance) -> Result<Allowance, Clause> {
    match text {
        None => Ok(otherwise),
        Some(text) => text
            .parse()
            .map_err(|bad: crate::calendar::BadAllowance| bad.said().into()),
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
    /// What is wrong and where, with the name of the item.
    pub(crate) fn read(self) -> Result<Item, Clause> {
        let name = self.name.clone();
        if !is_line(&name, 100) {
            return Err(bad_name()).at("name");
        }
        self.read_named().of(|fault| of_item(&name, fault))
    }

    fn read_named(self) -> Result<Item, Clause> {
        let (rhythm, period_days) = rhythm(self.period.as_deref(), self.period_days)?;
        let fields = read_fields(self.fields, &FIELD)?;
        let columns = read_fields(self.columns, &COLUMN)?;
        if fields.is_empty() && columns.is_empty() {
            return Err(no_fields().into());
        }
        let short = |key: &str, text: Option<String>| match text {
            Some(text) if !is_line(&text, 200) => Err(bad_text()).at(key),
            text => Ok(text.map(String::into_boxed_str)),
        };
        let mut item = Item {
            name: self.name.into(),
            english: short("english", self.english)?,
            class: code(self.class.as_deref(), Class::Village).at("class")?,
            rhythm,
            period_days,
            due: time(self.due.as_deref(), Item::USUAL_DUE).at("due")?,
            objection: time(self.objection.as_deref(), Item::USUAL_OBJECTION).at("objection")?,
            source: short("source", self.source)?,
            fields,
            columns,
            sums: vec![],
        };
        let sums = self.sums.into_iter().enumerate();
        let sums = sums.map(|(n, sum)| read_sum(sum, &item).nth("sums", n));
        item.sums = sums.collect::<Result<_, _>>()?;
        match item.bytes() {
            bytes if bytes > MOST_ITEM_BYTES => Err(too_large(bytes, MOST_ITEM_BYTES).into()),
            _ => Ok(item),
        }
    }
}

fn rhythm(period: Option<&str>, days: Option<i64>) -> Result<(Rhythm, u16), Clause> {
    match (period, days) {
        (Some(_), Some(_)) => Err(both_periods()).at("period_days"),
        (None, None) => Err(no_period().into()),
        (Some(period), None) => {
            let rhythm = period
                .parse()
                .map_err(|unknown: topology::UnknownTerm| clause::unknown(&unknown));
            let rhythm: Rhythm = rhythm.at("period")?;
            Ok((rhythm, rhythm.days().unwrap_or_default()))
        }
        (None, Some(days)) => match u16::try_from(days) {
            Ok(days @ 1..=366) => Ok((Rhythm::within(days), days)),
            _ => Err(bad_period_days(days)).at("period_days"),
        },
    }
}

/// Fields, or columns: the key of their list, and what people call one.
struct What {
    key: &'static str,
    english: &'static str,
    chinese: &'static str,
}

const FIELD: What = What {
    key: "fields",
    english: "field",
    chinese: "栏目",
};
const COLUMN: What = What {
    key: "columns",
    english: "column",
    chinese: "表列",
};

impl What {
    fn said(&self) -> Saying {
        Saying {
            english: self.english.to_owned(),
            chinese: self.chinese.to_owned(),
        }
    }
}

fn read_fields(raw: Vec<RawField>, what: &What) -> Result<Vec<Field>, Clause> {
    if raw.len() > MOST_FIELDS {
        return Err(too_many(MOST_FIELDS, what.said())).at(what.key);
    }
    let mut fields: Vec<Field> = vec![];
    for (n, raw) in raw.into_iter().enumerate() {
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
                kind: code(raw.kind.as_deref(), FieldKind::Text)
                    .at("kind")
                    .nth(what.key, n)?,
                unit: raw.unit.map(String::into_boxed_str),
                required: raw.required.unwrap_or(true),
                options: boxed(raw.options),
            },
        };
        check_field(&field, what).nth(what.key, n)?;
        if fields.iter().any(|known| known.name == field.name) {
            return Err(twice(what.said(), &field.name)).nth(what.key, n);
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

fn check_field(field: &Field, what: &What) -> Result<(), Clause> {
    let Field {
        name,
        kind,
        unit,
        options,
        ..
    } = field;
    if !is_line(name, 60) {
        return Err(bad_field_name(what.said()).into());
    }
    let has_unit = matches!(kind, FieldKind::Money | FieldKind::Number);
    if unit
        .as_deref()
        .is_some_and(|unit| !has_unit || !is_line(unit, 12))
    {
        return Err(bad_unit(what.said(), name)).at("unit");
    }
    let is_choice = *kind == FieldKind::Choice;
    let fit = options.iter().all(|option| is_line(option, 60));
    if is_choice != (2..=40).contains(&options.len()) || !fit || (!is_choice && !options.is_empty())
    {
        return Err(bad_options(what.said(), name).into());
    }
    Ok(())
}

fn read_sum(raw: RawSum, item: &Item) -> Result<Sum, Clause> {
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
    let wrong = |name: &str| Err(not_a_number(&total, name).into());
    if !is_field(&total) {
        return wrong(&total);
    }
    if let Some(column) = column {
        return match (is_column(&column), plus.is_empty() && minus.is_empty()) {
            (false, _) => wrong(&column),
            (true, false) => Err(both_sums(&total).into()),
            (true, true) => Ok(Sum::Column {
                total: total.into(),
                column: column.into(),
            }),
        };
    }
    if plus.is_empty() {
        return Err(empty_sum(&total).into());
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

crate::sayings! {
    fn bad_name(): "事项名称要有 1 到 100 个字，写在一行里；请改名称",
        "an item's name has 1 to 100 characters, in one line; change the name";
    fn of_item(name, fault): "事项“{name}”：{fault}", "item {name}: {fault}";
    fn no_fields(): "没有任何栏目；请写 fields 或 columns", "it has no fields; give it fields or columns";
    fn bad_text(): "english 和 source 各有 1 到 200 个字，写在一行里；请改短",
        "`english` and `source` have 1 to 200 characters, in one line; shorten them";
    fn too_large(bytes, most): "名称、选项和合计共 {bytes} 字节，超过 {most}；请精简或拆开",
        "its names, options and sums have {bytes} bytes, more than {most}; shorten or split it";
    fn both_periods(): "period 和 period_days 只能写一个；请去掉一个",
        "it has both period and period_days; give either period or period_days";
    fn no_period(): "没有 period，也没有 period_days；请写其中一个",
        "it has neither period nor period_days; give one of them";
    fn bad_period_days(days): "period_days 是 {days}，不在 1 到 366 之内；请更正",
        "period_days is {days}, not 1 to 366; correct it";
    fn too_many(most, what): "{what}超过 {most} 个；请拆成两个事项", "it has more than {most} {what}s; split the item";
    fn twice(what, name): "{what}“{name}”写了两次；请去掉一个", "the {what} {name} is listed twice; remove one";
    fn bad_field_name(what): "没有栏目，或有{what}的名称不是 1 到 60 个字；请改名称",
        "it has no fields, or a {what} whose name does not have 1 to 60 characters; change the name";
    fn bad_unit(what, name): "{what}“{name}”的单位只用于金额和数字，1 到 12 个字；请更正或去掉",
        "the unit of the {what} {name} is for amounts and numbers, and has 1 to 12 characters; correct or remove it";
    fn bad_options(what, name): "{what}“{name}”：选项类有 2 到 40 个选项，其他类没有；请更正",
        "the {what} {name}: a choice has 2 to 40 options, everything else has none; correct it";
    fn not_a_number(total, name): "“{total}”的合计：“{name}”不是本事项的金额或数字；请写本事项的栏目",
        "the sum in {total}: {name} is no amount or number of this item; name one that is";
    fn both_sums(total): "“{total}”的合计要么是一列，要么是几个栏目；请去掉一种",
        "the sum in {total} is of a column or of fields, not of both; remove one";
    fn empty_sum(total): "“{total}”的合计没有加任何数；请在 plus 里写栏目，或写 column",
        "the sum in {total} adds nothing; name fields in `plus`, or a `column`";
}

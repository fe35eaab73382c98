//! Reads the text of a configuration file: what can be used of it, where each setting is, and everything that is wrong.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};
use topology::{saying::Saying, text::position};

use crate::{
    Place, Problem, Raw, Setting, all_settings,
    problem::{no_such, renamed_to, the_nearest, whole_number},
    raw::{nearest, renamed, set, setting_of},
    table::{Kind, Value},
};

/// Reads a text. Of one that is no TOML only that is told.
pub(super) fn read(text: &str) -> (Raw, BTreeMap<String, Place>, Vec<Problem>) {
    let (table, broken) = DeTable::parse_recoverable(text);
    let mut reader = Reader {
        text,
        values: vec![],
        places: BTreeMap::new(),
        problems: vec![],
    };
    if broken.is_empty() {
        reader.top(table.get_ref());
    }
    for error in broken {
        let place = reader.place(&error.span().unwrap_or_default());
        let said = error.message().trim_end().replace('\n', ", ");
        let problem = Problem::of("", not_toml(said), as_toml()).at(Some(place));
        reader.problems.push(problem);
    }
    reader.problems.sort_by_key(|problem| problem.place);
    (set(reader.values), reader.places, reader.problems)
}

struct Reader<'a> {
    text: &'a str,
    values: Vec<(String, Value)>,
    places: BTreeMap<String, Place>,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn place(&self, span: &Range<usize>) -> Place {
        let (line, column) = position(self.text, span.start);
        Place { line, column }
    }

    fn problem(&mut self, key: &str, span: &Range<usize>, (cause, remedy): (Saying, Saying)) {
        let place = Some(self.place(span));
        self.problems
            .push(Problem::of(key, cause, remedy).at(place));
    }

    fn top(&mut self, table: &DeTable<'_>) {
        for (name, value) in table {
            let key: &str = name.get_ref();
            match (is_group(key), value.get_ref()) {
                (true, DeValue::Table(group)) => self.group(key, group),
                (true, _) => self.problem(key, &value.span(), (is_a_group(key), as_a_group(key))),
                (false, DeValue::Table(_)) if setting_of(key).is_none() => {
                    let remedy = match renamed(key) {
                        Some(new) => renamed_to(new),
                        None => the_nearest(nearest(key, groups().iter().map(String::as_str))),
                    };
                    self.problem(key, &name.span(), (no_such_group(), remedy));
                }
                (false, _) => self.setting(key, name.span(), value),
            }
        }
    }

    fn group(&mut self, group: &str, table: &DeTable<'_>) {
        for (name, value) in table {
            self.setting(&format!("{group}.{}", name.get_ref()), name.span(), value);
        }
    }

    fn setting(&mut self, key: &str, named: Range<usize>, value: &Spanned<DeValue<'_>>) {
        let Some(setting) = setting_of(key) else {
            let remedy = match renamed(key) {
                Some(new) => renamed_to(new),
                None => the_nearest(nearest_key(key)),
            };
            return self.problem(key, &named, (no_such(), remedy));
        };
        match read_value(&setting, value) {
            Ok(read) => {
                let place = self.place(&value.span());
                self.places.insert(setting.key.clone(), place);
                self.values.push((setting.key, read));
            }
            Err((span, said)) => self.problem(key, &span, said),
        }
    }
}

/// Returns the names of the groups.
fn groups() -> BTreeSet<String> {
    let groups = all_settings().map(|setting| setting.group().to_owned());
    groups.filter(|group| !group.is_empty()).collect()
}

fn is_group(name: &str) -> bool {
    groups().contains(name)
}

/// Returns the key most like an unknown one. One whose name is exactly that of another group's setting stands in the
/// wrong group.
fn nearest_key(key: &str) -> String {
    let name = key.rsplit_once('.').map_or(key, |(_, name)| name);
    let mut same = all_settings().filter(|setting| setting.name() == name);
    if let (Some(one), None) = (same.next(), same.next()) {
        return one.key;
    }
    let keys = Raw::keys();
    nearest(key, keys.iter().map(String::as_str)).to_owned()
}

type Said = (Range<usize>, (Saying, Saying));

fn read_value(setting: &Setting, value: &Spanned<DeValue<'_>>) -> Result<Value, Said> {
    let wrong = |value: &Spanned<DeValue<'_>>| {
        let found = found(value.get_ref());
        (
            value.span(),
            (
                is_wrong_type(found, wanted(setting.kind)),
                write_as(example(setting)),
            ),
        )
    };
    match (setting.kind, value.get_ref()) {
        (Kind::Text, DeValue::String(text)) => Ok(Value::Text(text.to_string())),
        (Kind::Number, DeValue::Integer(number)) => {
            let digits = number.as_str().replace('_', "");
            let read = i64::from_str_radix(&digits, number.radix());
            read.map(Value::Number).map_err(|_| wrong(value))
        }
        (Kind::Number, DeValue::String(text)) => Err((value.span(), whole_number(text))),
        (Kind::List, DeValue::Array(items)) => {
            let texts = items.iter().map(|item| match item.get_ref() {
                DeValue::String(text) => Ok(text.to_string()),
                _ => Err(wrong(item)),
            });
            texts.collect::<Result<Vec<_>, _>>().map(Value::List)
        }
        _ => Err(wrong(value)),
    }
}

/// Returns a line that is right, such as `nodes = ["330825002222"]`.
fn example(setting: &Setting) -> String {
    let name = setting.name();
    match (setting.fallback().value(), setting.kind) {
        (Some(value), _) => format!("{name} = {value}"),
        (None, Kind::Number) => format!("{name} = 1"),
        (None, Kind::Text) => format!("{name} = \"…\""),
        (None, Kind::List) => format!("{name} = [\"…\"]"),
    }
}

fn wanted(kind: Kind) -> Saying {
    match kind {
        Kind::Text => a_text(),
        Kind::Number => a_number(),
        Kind::List => a_list(),
    }
}

fn found(value: &DeValue<'_>) -> Saying {
    match value {
        DeValue::String(_) => a_text(),
        DeValue::Integer(_) => a_number(),
        DeValue::Float(_) => a_fraction(),
        DeValue::Boolean(_) => a_truth(),
        DeValue::Datetime(_) => a_date(),
        DeValue::Array(_) => a_list(),
        DeValue::Table(_) => a_group(),
    }
}

topology::sayings! {
    fn not_toml(message): "这里不是 TOML：{message}", "this is no TOML: {message}";
    fn as_toml(): "文字和单位代码加引号，数字不加；config/examples 里每一级都有一个例子",
        "write texts and division codes in quotes, numbers without; config/examples has a file for every tier";
    fn is_a_group(key): "`{key}` 是一组设置，不是一项", "`{key}` is a group of settings, no setting";
    fn no_such_group(): "没有这一组设置", "there is no such group of settings";
    fn as_a_group(key): "请写 `[{key}]`，下面每行一项", "write `[{key}]`, and its settings below it, one in a line";
    fn is_wrong_type(found, wanted): "这里是{found}，应当是{wanted}", "this is {found}, and it should be {wanted}";
    fn write_as(example): "文字和单位代码加引号，数字不加，例如 `{example}`",
        "write texts and division codes in quotes, numbers without, e.g. `{example}`";
    fn a_text(): "文字", "a text";
    fn a_number(): "整数", "a whole number";
    fn a_list(): "列表（方括号）", "a list in brackets";
    fn a_fraction(): "小数", "a fraction";
    fn a_truth(): "true 或 false", "true or false";
    fn a_date(): "日期", "a date";
    fn a_group(): "一组设置", "a group of settings";
}

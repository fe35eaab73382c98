//! What is wrong with a template, where in its text, and what to do.

use std::ops::Range;

use toml::de::{DeArray, DeTable, DeValue};
use topology::{Tree, text::position};

use super::{
    BadTemplate, Template, TemplateKind,
    content::{MOST_CLAUSE, MOST_CONTENT},
    repair::every_fault,
};
use crate::{
    clause::{Clause, Step},
    saying::Saying,
};

/// The most faults that are listed of one text.
pub const MOST_FAULTS: usize = 100;

/// The most entries of one text that are read alone: more than any kind has.
const MOST_ENTRIES: usize = 700;

/// One fault of a template, for the person who writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateFault {
    /// The line, from 1.
    pub line: u32,
    /// The character in that line, from 1.
    pub column: u32,
    /// What is wrong.
    pub cause: Saying,
    /// What to do; empty if the cause says it.
    pub remedy: Saying,
}

/// A place in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The text as a whole.
    Whole,
    /// A byte, from 0.
    Byte(usize),
    /// The beginning of a line, from 1.
    Line(u32),
    /// The value at the end of a way.
    Way(Vec<Step>),
}

/// The reason why a text cannot be read, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) bad: BadTemplate,
    pub(super) place: Place,
    pub(super) said: Saying,
}

impl Fault {
    /// Returns a fault of the content.
    pub(super) fn content(place: Place, said: Saying) -> Self {
        let clause: String = said.english.trim().chars().take(MOST_CLAUSE).collect();
        Self {
            bad: BadTemplate::Content(clause.into()),
            place,
            said,
        }
    }

    /// Returns a fault that the TOML reader found.
    pub(super) fn toml(error: &toml::de::Error) -> Self {
        let place = error.span().map(|span| Place::Byte(span.start));
        let message = error.message().trim().replace('\n', " ");
        Self::content(place.unwrap_or(Place::Whole), not_toml(message))
    }

    /// Returns whether it is about a part of the text.
    pub(super) fn has_place(&self) -> bool {
        match &self.place {
            Place::Whole => false,
            Place::Way(way) => !way.is_empty(),
            Place::Byte(_) | Place::Line(_) => true,
        }
    }

    /// Finds its place in the text.
    pub(super) fn found(self, text: &str) -> TemplateFault {
        let byte = match &self.place {
            Place::Whole => 0,
            Place::Byte(byte) => *byte,
            Place::Line(line) => start_of(text, *line),
            Place::Way(way) => Places::of(text).byte(way),
        };
        let (line, column) = position(text, byte);
        let (cause, remedy) = in_two(&self.said);
        TemplateFault {
            line,
            column,
            cause,
            remedy,
        }
    }
}

impl From<Clause> for Fault {
    fn from(Clause { way, said }: Clause) -> Self {
        Self::content(Place::Way(way), said)
    }
}

impl From<BadTemplate> for Fault {
    fn from(bad: BadTemplate) -> Self {
        Self {
            said: bad.said(),
            place: Place::Whole,
            bad,
        }
    }
}

impl BadTemplate {
    /// Returns it in both languages. What a node of before or the TOML reader says stays in English.
    pub fn said(&self) -> Saying {
        let chinese = match self {
            Self::NoIssuer(division) => {
                format!("{division} 在网络中没有节点，不能制发；请核对代码")
            }
            Self::MayNotIssue(kind, tier) => format!(
                "{}一级不制发“{}”；请由县一级制发",
                tier.chinese(),
                kind.chinese()
            ),
            Self::NotEntitled {
                kind,
                tier,
                table,
                version,
                line,
            } => format!(
                "按 {table} 第 {version} 版第 {line} 行，{}一级不制发“{}”；请由该行列出的层级制发，或请 {} 修改该行",
                tier.chinese(),
                kind.chinese(),
                table.issuer
            ),
            Self::Heading(why) => format!("标题部分有误（{why}）；请更正"),
            Self::TooLong(bytes) => format!("内容有 {bytes} 字节，太长；请分成几个模板"),
            Self::Content(why) => format!("内容读不出来（{why}）；请更正"),
            Self::NewerFormat(format) => {
                format!("内容的格式是 {format}，本程序还不认识；请升级程序")
            }
            Self::Unsupported(what) => {
                format!("这个版本不会执行“{what}”，所以不采用；请去掉它，或升级程序")
            }
        };
        Saying {
            english: self.to_string(),
            chinese,
        }
    }
}

/// Returns the kind that a content is evidently of; `None` if it could be of several.
pub fn kind_of(content: &str) -> Option<TemplateKind> {
    let (table, _) = DeTable::parse_recoverable(content);
    let table = table.get_ref();
    let has = |keys: &[&str]| keys.iter().any(|key| table.contains_key(*key));
    let rated = ["period", "objection_days", "keep_days", "red_from"];
    let rated = has(&rated) || has(&["red_public", "black_names"]);
    let item = table.get("item").and_then(|list| match list.get_ref() {
        DeValue::Array(list) => list.first()?.get_ref().as_table(),
        _ => None,
    });
    match () {
        () if has(&["service"]) => Some(TemplateKind::Service),
        () if has(&["element", "list"]) => Some(TemplateKind::Standard),
        () if has(&["board"]) => Some(TemplateKind::Board),
        () if has(&[
            "calendar",
            "category",
            "dispatch",
            "places",
            "issuers",
            "limits",
            "attachments",
            "texts",
            "templates",
        ]) =>
        {
            Some(TemplateKind::Policy)
        }
        () if rated => Some(TemplateKind::Points),
        () => item.map(|item| match item.contains_key("good") {
            true => TemplateKind::Points,
            false => TemplateKind::Disclosure,
        }),
    }
}

/// Returns all faults of a template that are found in its text alone: every one of its syntax; else every unknown key,
/// the faults of each entry, and what is wrong between entries. They are in the order of the text, at most
/// [`MOST_FAULTS`].
pub fn faults(template: &Template, tree: &Tree) -> Vec<TemplateFault> {
    let text = &template.content;
    if let Ok(bytes) = u32::try_from(text.len())
        && text.len() > MOST_CONTENT
    {
        return vec![Fault::from(BadTemplate::TooLong(bytes)).found("")];
    }
    let (_, broken) = DeTable::parse_recoverable(text);
    let mut found: Vec<TemplateFault> = if broken.is_empty() {
        by_entry(template, tree)
    } else {
        let broken = broken.iter();
        broken.map(|error| Fault::toml(error).found(text)).collect()
    };
    found.sort_by_key(|fault| (fault.line, fault.column));
    found.dedup_by(|a, b| (a.line, a.column, &a.cause) == (b.line, b.column, &b.cause));
    found.truncate(MOST_FAULTS);
    found
}

fn by_entry(template: &Template, tree: &Tree) -> Vec<TemplateFault> {
    let text = &template.content;
    let mut found: Vec<TemplateFault> = template
        .unread_keys()
        .into_iter()
        .map(|fault| fault.found(text))
        .collect();
    let entries = entries(text);
    // What stands before the entries is read without them. That there are none is no fault then.
    let before = Template {
        content: alone(text, &entries, None),
        ..template.clone()
    };
    let at_top = every_fault(&before, tree).into_iter();
    found.extend(
        at_top
            .filter(|(has_place, _)| *has_place)
            .map(|(_, fault)| fault),
    );
    // Each entry is read as if it were the only one, at its place in the text.
    for number in 0..entries.len().min(MOST_ENTRIES) {
        let alone = Template {
            content: alone(text, &entries, Some(number)),
            ..template.clone()
        };
        let faults = every_fault(&alone, tree).into_iter();
        found.extend(faults.map(|(_, fault)| fault));
        if found.len() > 2 * MOST_FAULTS {
            break;
        }
    }
    if let Err(fault) = template.read_known(tree) {
        let fault = fault.found(text);
        // What is wrong between entries is at a line of which nothing was found yet.
        let mut found_before = found.iter();
        let is_new =
            !found_before.any(|known| known.line == fault.line || known.cause == fault.cause);
        found.extend(is_new.then_some(fault));
    }
    found
}

/// An entry at the top of a text: its bytes, and the key that it is under.
struct Entry {
    range: Range<usize>,
    key: String,
}

/// Returns the entries whose headers, such as `[[item]]`, are at the top of the text.
fn entries(text: &str) -> Vec<Entry> {
    let (table, _) = DeTable::parse_recoverable(text);
    let mut starts: Vec<(usize, String)> = vec![];
    for (key, value) in table.get_ref() {
        let is_header = |span: &Range<usize>| {
            let line = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
            text[line..span.start].trim().is_empty() && text[span.start..].starts_with('[')
        };
        let headers = match value.get_ref() {
            DeValue::Array(list) => list
                .iter()
                .map(toml::Spanned::span)
                .filter(|span| is_header(span) && text[span.start..].starts_with("[["))
                .collect(),
            DeValue::Table(_) if is_header(&value.span()) => vec![value.span()],
            _ => vec![],
        };
        let headers = headers.into_iter();
        starts.extend(headers.map(|span| (span.start, key.get_ref().to_string())));
    }
    starts.sort();
    let ends: Vec<usize> = starts.iter().map(|(start, _)| *start).skip(1).collect();
    let ends = ends.into_iter().chain([text.len()]);
    let starts = starts.into_iter().zip(ends);
    starts
        .map(|((start, key), end)| Entry {
            range: start..end,
            key,
        })
        .collect()
}

/// Returns the text with blanks in place of all entries but one, or of all, so that positions stay. Lines of policy keep
/// the categories that they name.
fn alone(text: &str, entries: &[Entry], number: Option<usize>) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let is_line = number.is_some_and(|number| entries[number].key == "dispatch");
    for (n, entry) in entries.iter().enumerate() {
        let named = is_line && entry.key == "category";
        if Some(n) != number && !named {
            for byte in &mut bytes[entry.range.clone()] {
                if *byte != b'\n' {
                    *byte = b' ';
                }
            }
        }
    }
    String::from_utf8(bytes).expect("whole entries were blanked")
}

/// The places of the values in a text, read once.
pub(super) struct Places<'a> {
    text: &'a str,
    table: DeTable<'a>,
}

impl<'a> Places<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let (table, _) = DeTable::parse_recoverable(text);
        let table = table.into_inner();
        Self { text, table }
    }

    /// Returns the line of the last value of a way that there is, from 1.
    pub(super) fn line(&self, way: &[Step]) -> u32 {
        position(self.text, self.byte(way)).0
    }

    /// Returns the byte at which the last value of a way begins that there is.
    pub(super) fn byte(&self, way: &[Step]) -> usize {
        let mut at = 0;
        let mut inside = Inside::Table(&self.table);
        for step in way {
            let next = match (step, inside) {
                (Step::Key(key), Inside::Table(table)) => {
                    let mut entries = table.iter();
                    let found = entries.find(|(known, _)| *known.get_ref() == **key);
                    found.map(|(key, value)| (key.span().start, value))
                }
                (Step::Nth(n), Inside::Array(list)) => {
                    list.get(*n).map(|one| (one.span().start, one))
                }
                _ => None,
            };
            let Some((start, value)) = next else {
                break;
            };
            at = start;
            inside = match value.get_ref() {
                DeValue::Table(table) => Inside::Table(table),
                DeValue::Array(list) => Inside::Array(list),
                _ => Inside::Nothing,
            };
        }
        at
    }
}

/// What a step on a way leads into.
#[derive(Clone, Copy)]
enum Inside<'t, 'a> {
    Table(&'t DeTable<'a>),
    Array(&'t DeArray<'a>),
    Nothing,
}

/// Returns the byte of the first character of a line, counted from 1, that is no blank.
pub(super) fn start_of(text: &str, line: u32) -> usize {
    let lines = text.split_inclusive('\n').map(str::len);
    let start: usize = lines.take(line.saturating_sub(1) as usize).sum();
    let rest = &text[start..];
    start + (rest.len() - rest.trim_start_matches([' ', '\t']).len())
}

/// Returns what is wrong, and what to do, which stands after the last semicolon.
fn in_two(said: &Saying) -> (Saying, Saying) {
    let split = |text: &str, semicolon: &str| match text.rsplit_once(semicolon) {
        Some((cause, remedy)) => (cause.trim().to_owned(), remedy.trim().to_owned()),
        None => (text.trim().to_owned(), String::new()),
    };
    let (english, english_remedy) = split(&said.english, "; ");
    let (chinese, chinese_remedy) = split(&said.chinese, "；");
    let cause = Saying { english, chinese };
    let remedy = Saying {
        english: english_remedy,
        chinese: chinese_remedy,
    };
    (cause, remedy)
}

crate::sayings! {
    fn not_toml(message): "这里写得不对：{message}；请按 TOML 的写法和这一项的类型改正",
        "{message}; write it as TOML, with the type that this key has";
}

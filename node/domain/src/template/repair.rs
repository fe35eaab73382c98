//! All faults of one entry of a template. A reader stops at the first fault; so what is at fault is taken out of the
//! text, or something good is put in its place, and the rest is read again.

use std::ops::Range;

use toml::{
    Spanned,
    de::{DeArray, DeTable, DeValue},
};
use topology::Tree;

use super::{
    Template, TemplateFault, TemplateKind,
    fault::{Fault, start_of},
};

/// The most faults of one entry.
const MOST_OF_ENTRY: usize = 12;

/// A fault, and whether it is about a part of the text.
type Found = (bool, TemplateFault);

/// A text in which something was taken out or put in.
struct Mended {
    text: String,
    /// The lines that were put in, in the order in which they were, from 1.
    inserted: Vec<u32>,
    /// How often something was taken out or put in.
    round: usize,
    /// The strings that were taken out. What names one of them is a consequence.
    taken: Vec<String>,
}

/// Returns the faults of a text that has one entry, in the order in which they were found, at most [`MOST_OF_ENTRY`].
/// What is only wrong because of an earlier fault is left out as far as it can be told.
pub(super) fn every_fault(template: &Template, tree: &Tree) -> Vec<Found> {
    let mut all: Vec<Found> = vec![];
    let mut mended = Mended {
        text: template.content.clone(),
        inserted: vec![],
        round: 0,
        taken: vec![],
    };
    while all.len() < MOST_OF_ENTRY && mended.round < 2 * MOST_OF_ENTRY {
        let now = Template {
            content: mended.text.clone(),
            ..template.clone()
        };
        let Err(fault) = now.read_known(tree) else {
            break;
        };
        let has_place = fault.has_place();
        let byte = fault.byte_in(&mended.text).filter(|_| has_place);
        let missing = missing_key(&fault);
        let mut found = fault.found(&mended.text);
        let node = byte.and_then(|byte| node_at(&mended.text, byte));
        if all.is_empty() || mended.is_new(&found, node.as_ref(), missing.as_deref()) {
            found.line = mended.line_before(found.line);
            all.push((has_place, found));
        }
        let kind = template.key.kind;
        let next = match (missing, node) {
            (Some(key), _) => mended.put_in(kind, &key, byte),
            (None, Some(node)) => mended.without(&node, kind),
            (None, None) => None,
        };
        match next {
            Some(next) => mended = next,
            None => break,
        }
    }
    all
}

/// Returns the key that a fault says is missing.
fn missing_key(fault: &Fault) -> Option<String> {
    let (_, rest) = fault.said.english.split_once("missing field `")?;
    let (key, _) = rest.split_once('`')?;
    Some(key.to_owned())
}

/// Returns a good value of a key that an entry cannot be without; `number` keeps it apart from others.
fn sample(kind: TemplateKind, key: &str, number: usize) -> Option<String> {
    use TemplateKind::{Board, Disclosure, Points, Policy, Service, Standard};
    let text = match (kind, key) {
        (Policy, _) => return None,
        (Service | Standard, "name") => "{ zh = \"甲\", en = \"a\" }",
        (Disclosure, "period") => "\"month\"",
        (Disclosure, "fields") => "[\"甲\"]",
        (Points, "good") => "3",
        (Points, "fair") => "2",
        (Points, "poor") => "1",
        (Service, "category") => "\"service/relief\"",
        (Standard, "type") => "\"text\"",
        (Disclosure | Board | Points, "name") => return Some(format!("\"甲{number}\"")),
        (_, "code") => return Some(format!("\"good-{number}\"")),
        _ => return None,
    };
    Some(text.to_owned())
}

/// A part of a text: a key with its value, or an element of a list.
struct Node {
    span: Range<usize>,
    /// Where its value is.
    value: Range<usize>,
    /// The key; `None` for an element of a list.
    key: Option<String>,
    /// The table in one line that it is in.
    around: Option<Range<usize>>,
    /// The element as a name alone, if it is a table with a name.
    name: Option<String>,
    /// Whether it is an entry or a table of its own, which is not taken out.
    is_entry: bool,
}

/// Returns the innermost part that begins at a byte, or whose value does.
fn node_at(text: &str, byte: usize) -> Option<Node> {
    let (table, broken) = DeTable::parse_recoverable(text);
    if !broken.is_empty() {
        return None;
    }
    let mut found = None;
    in_table(text, table.get_ref(), None, byte, &mut found);
    found
}

fn in_table(
    text: &str,
    table: &DeTable<'_>,
    around: Option<&Range<usize>>,
    byte: usize,
    found: &mut Option<Node>,
) {
    for (key, value) in table {
        let (of_key, of_value) = (key.span(), value.span());
        if [of_key.start, of_value.start].contains(&byte) {
            *found = Some(Node {
                span: of_key.start.min(of_value.start)..of_value.end,
                // The value of a table of its own begins with its header, which has the key in it.
                is_entry: of_key.start > of_value.start,
                value: of_value,
                key: Some(key.get_ref().to_string()),
                around: around.cloned(),
                name: None,
            });
        }
        in_value(text, value, byte, found);
    }
}

fn in_value(text: &str, value: &Spanned<DeValue<'_>>, byte: usize, found: &mut Option<Node>) {
    match value.get_ref() {
        DeValue::Table(table) => {
            let span = value.span();
            let around = text[span.start..].starts_with('{').then_some(&span);
            in_table(text, table, around, byte, found);
        }
        DeValue::Array(list) => in_list(text, list, byte, found),
        _ => {}
    }
}

fn in_list(text: &str, list: &DeArray<'_>, byte: usize, found: &mut Option<Node>) {
    for one in list.iter() {
        let span = one.span();
        if span.start == byte {
            let name = one.get_ref().as_table();
            let name = name.and_then(|table| match table.get("name")?.get_ref() {
                DeValue::String(name) => Some(name.to_string()),
                _ => None,
            });
            *found = Some(Node {
                value: span.clone(),
                // An element of `[[list]]` begins with its header.
                is_entry: text[span.start..].starts_with("[["),
                span,
                key: None,
                around: None,
                name,
            });
        }
        in_value(text, one, byte, found);
    }
}

impl Mended {
    /// Returns whether a fault is one of its own, and not there because something else was taken out.
    fn is_new(&self, found: &TemplateFault, node: Option<&Node>, missing: Option<&str>) -> bool {
        let says = &found.cause.english;
        let names_taken = self.taken.iter().any(|taken| says.contains(taken.as_str()));
        // What is missing, or wrong with an entry as a whole, may be so since something was taken out.
        let of_part = node.is_some_and(|node| !node.is_entry);
        missing.is_none() && of_part && !names_taken
    }

    /// Returns the line that a line was before anything was put in.
    fn line_before(&self, line: u32) -> u32 {
        let mut line = line;
        for inserted in self.inserted.iter().rev() {
            if *inserted < line {
                line -= 1;
            }
        }
        line
    }

    /// Puts a good value of a missing key behind the header at a byte.
    fn put_in(&self, kind: TemplateKind, key: &str, byte: Option<usize>) -> Option<Self> {
        let (byte, value) = (byte?, sample(kind, key, self.round)?);
        let is_header = self.text[byte..].starts_with('[');
        let end = self.text[byte..].find('\n').filter(|_| is_header)? + byte + 1;
        let mut text = self.text.clone();
        text.insert_str(end, &format!("{key} = {value}\n"));
        let line = self.text[..end].matches('\n').count() + 1;
        let mut inserted = self.inserted.clone();
        inserted.push(u32::try_from(line).ok()?);
        Some(Self {
            text,
            inserted,
            round: self.round + 1,
            taken: self.taken.clone(),
        })
    }

    /// Takes a part out; what cannot be missing is replaced by something good.
    fn without(&self, node: &Node, kind: TemplateKind) -> Option<Self> {
        if node.is_entry {
            return None;
        }
        let mut taken = self.taken.clone();
        let about = node.around.clone().unwrap_or_else(|| node.value.clone());
        taken.extend(strings(&self.text[about]));
        if node.key.as_deref() == Some("type") {
            // What belongs to another type than that which is put in is not wrong because of itself.
            taken.push("of the type".to_owned());
        }
        let good = match (&node.name, &node.key) {
            (Some(name), _) => Some(format!("{name:?}")),
            (None, Some(key)) => sample(kind, key, self.round),
            (None, None) => None,
        };
        Some(Self {
            text: match good {
                Some(good) => replaced(&self.text, &node.value, &good),
                None => blanked(&self.text, &node.span),
            },
            inserted: self.inserted.clone(),
            round: self.round + 1,
            taken,
        })
    }
}

/// Returns the strings in a part of a text.
fn strings(part: &str) -> Vec<String> {
    let inner = part.split('"').skip(1).step_by(2);
    let inner = inner.filter(|text| text.chars().count() > 1);
    inner.map(str::to_owned).collect()
}

/// Puts something in place of a part, in one line; the lines behind it stay.
fn replaced(text: &str, part: &Range<usize>, with: &str) -> String {
    let lines = text[part.clone()].matches('\n').count();
    let rest = &text[part.end..];
    format!("{}{with}{}{rest}", &text[..part.start], "\n".repeat(lines))
}

/// Puts blanks in place of a part, and of the comma beside it.
fn blanked(text: &str, part: &Range<usize>) -> String {
    let after = text[part.end..].find(|c: char| !c.is_whitespace());
    let after = after.map(|at| part.end + at);
    let before = text[..part.start].trim_end();
    let comma = match after {
        Some(at) if text[at..].starts_with(',') => Some(at),
        _ => before.strip_suffix(',').map(str::len),
    };
    let mut bytes = text.as_bytes().to_vec();
    for at in part.clone().chain(comma) {
        if bytes[at] != b'\n' {
            bytes[at] = b' ';
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

impl Fault {
    /// Returns the byte at which it is; `None` if it is about the whole text.
    fn byte_in(&self, text: &str) -> Option<usize> {
        use super::fault::{Place, Places};
        match &self.place {
            Place::Whole => None,
            Place::Byte(byte) => Some(*byte),
            Place::Line(line) => Some(start_of(text, *line)),
            Place::Way(way) => Some(Places::of(text).byte(way)),
        }
    }
}

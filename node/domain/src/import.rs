//! Matters of other systems: how a row of a table becomes a matter, and what is wrong with it if it
//! does not.
//!
//! A cell is data, whatever it begins with; nothing is ever computed from it.

mod fields;
#[cfg(test)]
mod tests;

use std::{borrow::Cow, collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

pub use fields::{BadHeader, Field, columns};

use super::{
    category::{Category, Priority},
    custody::Seat,
    ids::MatterId,
    matter::{Body, Channel, Contact, Outcome, Place},
    policy::Policy,
    time::Timestamp,
};

/// Longest number of another system, characters.
pub const MOST_ID: usize = 100;
/// Before this nothing was reported to any system: 1990-01-01 in Shanghai.
const FIRST: Timestamp = Timestamp(631_123_200_000);

/// The cells of one row that are not empty.
pub type Cells = BTreeMap<Field, String>;

/// The name of another system, under which its numbers are remembered: 1 to 40 lower-case letters,
/// digits and dashes, the first a letter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Source(Box<str>);

/// A text is not the name of another system.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no name for another system; take 1 to 40 lower-case letters, digits and dashes, the \
     first a letter, such as longyou-12345"
)]
pub struct BadSource(String);

impl Source {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Source {
    type Err = BadSource;

    fn from_str(text: &str) -> Result<Self, BadSource> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        let first = text.starts_with(|c: char| c.is_ascii_lowercase());
        match first && text.len() <= 40 && text.bytes().all(plain) {
            true => Ok(Self(text.into())),
            false => Err(BadSource(text.chars().take(60).collect())),
        }
    }
}

impl TryFrom<String> for Source {
    type Error = BadSource;

    fn try_from(text: String) -> Result<Self, BadSource> {
        text.parse()
    }
}

impl From<Source> for String {
    fn from(source: Source) -> Self {
        source.0.into()
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What is wrong with a cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ImportFault)]
pub struct Fault {
    /// The column.
    pub column: Field,
    /// What stands there, at most 60 characters.
    pub value: String,
    /// What is wrong with it.
    pub reason: String,
    /// What to do.
    pub hint: String,
}

impl Fault {
    fn new(column: Field, value: &str, reason: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            column,
            value: value.chars().take(60).collect(),
            reason: reason.into(),
            hint: hint.into(),
        }
    }
}

/// How far the work on a matter is in the other system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Progress {
    /// 上报
    #[default]
    Reported,
    /// 受理
    Accepted,
    /// 处置
    Handling,
    /// 结案
    Closed(Outcome),
}

/// A row that can be taken in.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its number in the other system.
    pub id: String,
    /// What it is about.
    pub category: Category,
    /// What the person wrote.
    pub text: String,
    /// When it was reported there.
    pub reported_at: Option<Timestamp>,
    /// Where it is.
    pub place: Option<Place>,
    /// Who the person is.
    pub contact: Option<Contact>,
    /// How it came in there.
    pub channel: Channel,
    /// How urgent.
    pub priority: Priority,
    /// How far the work is.
    pub progress: Progress,
}

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcomes {
    /// It can be taken in; nothing was done.
    Ready,
    /// It is a matter now.
    Taken(MatterId),
    /// It was taken in before.
    Already(MatterId),
    /// It cannot be taken in.
    Bad(Vec<Fault>),
    /// It could be, and was not, because others cannot.
    Withheld,
}

/// Reads a row, with everything that is wrong with it.
///
/// # Errors
/// One [`Fault`] for each cell that does not fit.
pub fn read(cells: &Cells, seat: Seat<'_>) -> Result<Row, Vec<Fault>> {
    let Seat { policy, now, .. } = seat;
    let mut reader = Reader {
        cells,
        faults: vec![],
    };
    let id = reader.number();
    let category = reader.category(policy);
    let text = reader.text();
    let reported_at = reader.reported_at(now);
    let place = reader.place(seat);
    let contact = reader.contact();
    let channel = reader.one_of(Field::Channel, &fields::CHANNELS);
    let priority = reader.one_of(Field::Priority, &fields::PRIORITIES);
    let progress = reader.one_of(Field::Status, &fields::STATES);
    match (category, reader.faults.is_empty()) {
        (Some(category), true) => Ok(Row {
            id,
            category,
            text,
            reported_at,
            place,
            contact,
            // What comes in by a file was handed in, unless it says otherwise.
            channel: channel.unwrap_or(Channel::Paper),
            priority: priority.unwrap_or_default(),
            progress: progress.unwrap_or_default(),
        }),
        _ => Err(reader.faults),
    }
}

struct Reader<'a> {
    cells: &'a Cells,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    fn cell(&mut self, field: Field) -> Option<String> {
        let text = self.cells.get(&field)?.trim();
        if fields::ERRORS.contains(&text) {
            let reason = "the formula in this cell failed";
            self.fault(field, text, reason, "correct it in the table");
            return None;
        }
        if text.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            let reason = "it has control characters";
            self.fault(field, text, reason, "export the table again as plain text");
            return None;
        }
        if text.contains('\u{fffd}') {
            let reason = "a character of it was lost when it was converted before";
            self.fault(
                field,
                text,
                reason,
                "export the table again from where it comes from",
            );
            return None;
        }
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn fault(&mut self, field: Field, value: &str, reason: &str, hint: &str) {
        self.faults.push(Fault::new(field, value, reason, hint));
    }

    fn required(&mut self, field: Field) -> Option<String> {
        let before = self.faults.len();
        let found = self.cell(field);
        if found.is_none() && self.faults.len() == before {
            self.fault(field, "", "it is missing", "every row needs it");
        }
        found
    }

    fn number(&mut self) -> String {
        let text = self.required(Field::Id).unwrap_or_default();
        if text.chars().count() > MOST_ID {
            let reason = format!("it has more than {MOST_ID} characters");
            self.fault(Field::Id, &text, &reason, "is this the right column?");
        }
        if text.contains(char::is_control) {
            self.fault(
                Field::Id,
                &text,
                "it has several lines",
                "is this the right column?",
            );
        }
        text
    }

    fn category(&mut self, policy: &Policy) -> Option<Category> {
        let text = self.required(Field::Category)?;
        let listed = policy.categories();
        let by_code = text.parse::<Category>().ok();
        let by_code = by_code.filter(|category| listed.contains_key(category));
        let mut by_name = listed
            .iter()
            .filter(|(_, listed)| *listed.value.name == *text)
            .map(|(category, _)| (*category).clone());
        let found = by_code.or_else(|| by_name.next());
        if found.is_none() {
            let some: Vec<&str> = listed.values().map(|l| &*l.value.name).collect();
            let hint = format!("take a code or one of: {}", some.join(", "));
            let reason = "no category of this node has this code or name";
            self.fault(Field::Category, &text, reason, &hint);
        }
        found
    }

    fn text(&mut self) -> String {
        let text = self.required(Field::Text).unwrap_or_default();
        if text.len() > Body::MOST_BYTES {
            let reason = format!(
                "it has {} bytes, {} at most are taken",
                text.len(),
                Body::MOST_BYTES
            );
            self.fault(Field::Text, &text, &reason, "shorten it");
        }
        text
    }

    fn reported_at(&mut self, now: Timestamp) -> Option<Timestamp> {
        let text = self.cell(Field::ReportedAt)?;
        let found = fields::moment(&text);
        let (reason, hint) = match found {
            None => (
                "it is no time",
                "write it like 2026-03-01 08:15, in the time of Shanghai",
            ),
            Some(at) if at > now => ("it is in the future", "correct the year or the day"),
            Some(at) if at < FIRST => ("it is before 1990", "correct the year"),
            Some(_) => return found,
        };
        self.fault(Field::ReportedAt, &text, reason, hint);
        None
    }

    fn place(&mut self, seat: Seat<'_>) -> Option<Place> {
        let mut degrees = |field| {
            let text = self.cell(field)?;
            let number: Option<f64> = text.parse().ok().filter(|n: &f64| n.is_finite());
            if number.is_none() {
                let hint = "write degrees as a number, such as 29.0285";
                self.fault(field, &text, "it is no number", hint);
            }
            Some((text, number?))
        };
        let (north, east) = (degrees(Field::Latitude), degrees(Field::Longitude));
        let has = |field| self.cells.get(&field).is_some_and(|t| !t.trim().is_empty());
        match (north, east) {
            (Some((text, north)), Some((_, east))) => {
                let place = Place::from_degrees(north, east).ok();
                if place.is_none() {
                    let swapped = Place::from_degrees(east, north).is_ok();
                    let hint = match swapped {
                        true => "latitude and longitude seem to be swapped",
                        false => "give degrees north (-90 to 90) and east (-180 to 180)",
                    };
                    self.fault(Field::Latitude, &text, "this is no place on earth", hint);
                }
                let elsewhere = place?.check_within(&[seat.me], seat.tree).err();
                if let Some(elsewhere) = &elsewhere {
                    let told = elsewhere.to_string();
                    let (reason, hint) = told.rsplit_once("; ").unwrap_or((&told, ""));
                    self.fault(Field::Latitude, &text, reason, hint);
                }
                place
            }
            _ => {
                let halves = [Field::Latitude, Field::Longitude];
                if let [true, false] | [false, true] = halves.map(has) {
                    let missing = if has(Field::Latitude) {
                        Field::Longitude
                    } else {
                        Field::Latitude
                    };
                    let reason = "it is missing beside its other half";
                    self.fault(missing, "", reason, "give both or neither");
                }
                None
            }
        }
    }

    fn contact(&mut self) -> Option<Contact> {
        let mut part = |field, most: usize| {
            let text = self.cell(field).unwrap_or_default();
            if text.chars().count() > most {
                let reason = format!("it has more than {most} characters");
                self.fault(field, &text, &reason, "shorten it");
            }
            text
        };
        let contact = Contact {
            name: part(Field::Name, 100),
            phone: part(Field::Phone, 40),
            address: part(Field::Address, 200),
        };
        let plain = |c: char| c.is_ascii_digit() || " +-()/、,;".contains(c);
        if !contact.phone.chars().all(plain) {
            let hint = "digits, blanks, +, - and brackets; is this the right column?";
            self.fault(
                Field::Phone,
                &contact.phone,
                "it is no telephone number",
                hint,
            );
        }
        (contact != Contact::default()).then_some(contact)
    }

    fn one_of<T: Copy>(&mut self, field: Field, words: &[(&str, T)]) -> Option<T> {
        let text = self.cell(field)?;
        let lower = text.to_lowercase();
        let found = words.iter().find(|(word, _)| *word == lower);
        if found.is_none() {
            let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let hint = format!("take one of: {}", all.join(", "));
            self.fault(field, &text, "this word is not known", &hint);
        }
        found.map(|(_, value)| *value)
    }
}

/// A cell as it may stand in a table that somebody opens: what a program would take for a formula is
/// made text (OWASP, CSV injection).
pub fn defused(cell: &str) -> Cow<'_, str> {
    match cell
        .trim_start()
        .starts_with(['=', '+', '-', '@', '\t', '\r'])
    {
        true => Cow::Owned(format!("'{cell}")),
        false => Cow::Borrowed(cell),
    }
}

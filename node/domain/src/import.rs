//! Matters of other systems: turns a row of a table into a matter, or into a list of its faults.
//!
//! A cell is data, whatever its first character; nothing is ever computed from it.

mod fields;
mod id;
mod moment;
mod phone;
mod read;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

pub use fields::{BadHeader, Field, columns, recognised};
pub use id::shortened;
pub use read::read;

pub use super::custody::Progress;
use super::{
    category::{Category, Priority},
    custody::History,
    ids::MatterId,
    matter::{Channel, Contact, Place},
};

/// The longest number of another system, in characters.
pub const MOST_ID: usize = 100;

/// The cells of one row that are not empty.
pub type Cells = BTreeMap<Field, String>;

/// The name of another system, under which its numbers are remembered: 1 to 40 lower-case letters,
/// digits and dashes, the first a letter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Source(Box<str>);

/// The error for a text that is not the name of another system.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a name for another system; use 1 to 40 lower-case letters, digits and dashes, the \
     first a letter, such as longyou-12345"
)]
pub struct BadSource(String);

impl Source {
    /// Returns the name as text.
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

/// A fault in a cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = ImportFault)]
pub struct Fault {
    /// The column.
    pub column: Field,
    /// The text of the cell, at most 60 characters.
    pub value: String,
    /// The reason why it is refused or noted.
    pub reason: String,
    /// The remedy.
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

/// A row that can be imported.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its number in the other system.
    pub id: String,
    /// Its category.
    pub category: Category,
    /// The text of the report.
    pub text: String,
    /// The moments of its history there; `None` if the row has no time.
    pub history: Option<History>,
    /// The place, if known.
    pub place: Option<Place>,
    /// The person and their contact data, if known.
    pub contact: Option<Contact>,
    /// The channel by which it came in there.
    pub channel: Channel,
    /// Its urgency.
    pub priority: Priority,
    /// The progress of the work.
    pub progress: Progress,
    /// Notes on cells: on those without a usable value, which are ignored, and on those that may
    /// mean something else.
    pub noted: Vec<Fault>,
}

/// The difference between a row and what was imported under its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Difference {
    /// Its category, text, times or place differ, so it may be another matter.
    Content,
    /// The work continued in the other system.
    Progress,
}

/// The result for one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcomes {
    /// It can be imported, with these notes on its cells; nothing was done.
    Ready(Vec<Fault>),
    /// It was imported as this matter, with these notes on its cells.
    Taken(MatterId, Vec<Fault>),
    /// It was imported before, as this matter.
    Already(MatterId),
    /// Its number was imported before with other content; nothing was done.
    Differs(MatterId, Difference),
    /// It cannot be imported, because of these faults.
    Bad(Vec<Fault>),
    /// It could be imported, but was not, because other rows cannot.
    Withheld,
}

//! Matters of other systems: how a row of a table becomes a matter, and what is wrong with it if it
//! does not.
//!
//! A cell is data, whatever it begins with; nothing is ever computed from it.

mod fields;
mod id;
mod moment;
mod phone;
mod read;
#[cfg(test)]
mod tests;

use std::{borrow::Cow, collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

pub use fields::{BadHeader, Field, columns, recognised};
pub use id::shortened;
pub use read::read;

use super::{
    category::{Category, Priority},
    custody::History,
    ids::MatterId,
    matter::{Channel, Contact, Outcome, Place},
};

/// Longest number of another system, characters.
pub const MOST_ID: usize = 100;

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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Progress {
    /// 上报
    #[default]
    Reported,
    /// 受理
    Accepted,
    /// 派遣
    Dispatched,
    /// 处置
    Handling,
    /// 反馈
    Answered,
    /// 结案
    Closed(Outcome),
}

impl Progress {
    /// Whether the work has ended.
    pub const fn is_closed(self) -> bool {
        matches!(self, Self::Closed(_))
    }
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
    /// When what happened there, if the row has any time.
    pub history: Option<History>,
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
    /// What should be known of its cells: those that hold nothing that can be used, without which it is taken
    /// in, and those that may mean something else.
    pub noted: Vec<Fault>,
}

/// How a row differs from what was taken in under its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Difference {
    /// Its category, text, times or place: it may be another matter.
    Content,
    /// How far the work is: it went on in the other system.
    Progress,
}

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcomes {
    /// It can be taken in, and this is to be known of its cells; nothing was done.
    Ready(Vec<Fault>),
    /// It is a matter now, and this is to be known of its cells.
    Taken(MatterId, Vec<Fault>),
    /// It was taken in before.
    Already(MatterId),
    /// Its number was taken in before, with something else in the row; nothing was done.
    Differs(MatterId, Difference),
    /// It cannot be taken in.
    Bad(Vec<Fault>),
    /// It could be, and was not, because others cannot.
    Withheld,
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

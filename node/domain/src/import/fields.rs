//! The columns of a table, and the words in them.

use topology::Term;

use super::Progress;
use crate::{
    category::Priority,
    matter::{Channel, Outcome, OutcomeName, Reason, StatusName},
};

topology::vocabulary! {
    /// A column of a table of matters.
    #[derive(utoipa::ToSchema)]
    #[schema(as = ImportField)]
    pub enum Field: "field",
        /// Returns further headings that stand for it.
        headings: &'static [&'static str] {
        Id = 1, "id", "编号", "its number in the other system",
            &["工单编号", "工单号", "事项编号", "案件编号", "case id", "number", "matter"];
        Category = 2, "category", "类别", "a code or a Chinese name of the policy in force",
            &["分类", "事项类别", "问题类别", "类型"];
        Text = 3, "text", "内容", "what it is about",
            &["描述", "问题描述", "诉求内容", "description"];
        ReportedAt = 4, "reported_at", "时间", "when it was reported there, in Asia/Shanghai",
            &["上报时间", "登记时间", "来电时间", "诉求时间", "提交时间", "创建时间", "reported at", "reported"];
        AcceptedAt = 5, "accepted_at", "受理时间", "when it was accepted there",
            &["立案时间", "accepted at"];
        ClosedAt = 6, "closed_at", "办结时间", "when it was closed there",
            &["结案时间", "完成时间", "closed at"];
        Latitude = 7, "latitude", "纬度", "degrees north",
            &["lat"];
        Longitude = 8, "longitude", "经度", "degrees east",
            &["lon", "lng", "long"];
        Name = 9, "name", "姓名", "the name of the person",
            &["联系人", "诉求人"];
        Phone = 10, "phone", "电话", "the telephone number of the person",
            &["联系电话", "手机", "手机号"];
        Address = 11, "address", "地址", "the address of the person",
            &["联系地址"];
        Channel = 12, "channel", "渠道", "how it came in",
            &["来源渠道"];
        Priority = 13, "priority", "紧急程度", "how urgent it is",
            &["优先级"];
        Status = 14, "status", "状态", "how far the work has come",
            &["办理状态"];
    }
}

impl Field {
    /// Returns the column that a heading stands for.
    pub fn of_heading(heading: &str) -> Option<Self> {
        // Ignores the decoration of headings: blanks between the characters, marks of a form (`*
        // 编号：`) and text in brackets.
        let heading = super::moment::narrow(heading).to_lowercase();
        let heading = heading.split('(').next().unwrap_or_default();
        let mark = |c: char| c.is_whitespace() || "\u{feff}*#:".contains(c);
        let heading = heading.trim_matches(mark);
        let heading = match heading.is_ascii() {
            true => heading.to_owned(),
            false => heading.replace(char::is_whitespace, ""),
        };
        let heading = heading.as_str();
        let stands = |field: &Self| {
            field.code() == heading
                || field.chinese() == heading
                || field.headings().contains(&heading)
        };
        Self::ALL.into_iter().find(stands)
    }
}

/// The reason the headings of a table are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadHeader {
    /// Columns that every table needs are missing.
    #[error(
        "no column is headed {}; head it so, or say which it is with --map column=field",
        .0.iter().map(|field| format!("{} ({})", field.chinese(), field.code())).collect::<Vec<_>>().join(", ")
    )]
    Missing(Vec<Field>),
    /// Two columns have the same field.
    #[error("columns `{1}` and `{2}` are both {field}; map one of them to nothing with --map {2}=", field = .0.code())]
    Twice(Field, String, String),
    /// A column that `map` names is not in the table.
    #[error("there is no column `{0}`; the table has: {1}")]
    NoColumn(String, String),
}

/// Returns the field of each column of a table; `None` for an ignored column. `map` assigns fields
/// to columns by their headings, or `None` to ignore a column; it takes precedence over the
/// headings.
///
/// # Errors
/// The first [`BadHeader`] found.
pub fn columns(
    headings: &[String],
    map: &[(String, Option<Field>)],
) -> Result<Vec<Option<Field>>, BadHeader> {
    let same = |heading: &String, name: &str| heading.trim() == name.trim();
    for (name, _) in map {
        if !headings.iter().any(|heading| same(heading, name)) {
            return Err(BadHeader::NoColumn(name.clone(), headings.join(", ")));
        }
    }
    let field = |heading: &String| {
        let mapped = map.iter().find(|(name, _)| same(heading, name));
        let taken = |field: &Field| map.iter().any(|(_, mapped)| *mapped == Some(*field));
        match mapped {
            Some((_, field)) => *field,
            None => Field::of_heading(heading).filter(|field| !taken(field)),
        }
    };
    let found: Vec<Option<Field>> = headings.iter().map(field).collect();
    for (at, field) in found.iter().enumerate() {
        let before = found[..at].iter().position(|other| other == field);
        if let (Some(field), Some(before)) = (field, before) {
            let (one, other) = (headings[before].clone(), headings[at].clone());
            return Err(BadHeader::Twice(*field, one, other));
        }
    }
    let needed = [Field::Id, Field::Category, Field::Text];
    let missing = needed
        .into_iter()
        .filter(|field| !found.contains(&Some(*field)));
    let missing: Vec<Field> = missing.collect();
    match missing.is_empty() {
        true => Ok(found),
        false => Err(BadHeader::Missing(missing)),
    }
}

/// Counts the fields that a row of headings names. The row with the most is the header row.
pub fn recognised(headings: &[String], map: &[(String, Option<Field>)]) -> usize {
    let known = |heading: &&String| {
        let mapped = map.iter().any(|(name, _)| heading.trim() == name.trim());
        mapped || Field::of_heading(heading).is_some()
    };
    headings.iter().filter(known).count()
}

/// The texts of a cell with a failed formula.
pub(super) const ERRORS: [&str; 8] = [
    "#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!",
];

/// What other systems call a channel, beside the words of this program.
pub(super) const CHANNELS: [(&str, Channel); 4] = [
    ("网格", Channel::Grid),
    ("热线", Channel::Hotline),
    ("12345热线", Channel::Hotline),
    ("纸质", Channel::Paper),
];

/// What other systems call a priority, beside the words of this program.
pub(super) const PRIORITIES: [(&str, Priority); 2] =
    [("普通", Priority::Normal), ("特急", Priority::Emergency)];

/// What other systems call how far the work has come, beside the words of this program.
const STATES: [(&str, Progress); 16] = [
    ("已上报", Progress::Reported),
    ("待受理", Progress::Reported),
    ("open", Progress::Reported),
    ("未结", Progress::Reported),
    ("未办结", Progress::Reported),
    ("已受理", Progress::Accepted),
    ("立案", Progress::Accepted),
    ("已派遣", Progress::Dispatched),
    ("处置中", Progress::Handling),
    ("处理中", Progress::Handling),
    ("办理中", Progress::Handling),
    ("已反馈", Progress::Answered),
    ("已办结", Progress::Closed(Outcome::Solved)),
    ("办结", Progress::Closed(Outcome::Solved)),
    ("已结", Progress::Closed(Outcome::Solved)),
    ("已结案", Progress::Closed(Outcome::Solved)),
];

/// Returns how far the work has come by a status of this program.
const fn of_status(status: StatusName) -> Progress {
    match status {
        StatusName::Reported => Progress::Reported,
        StatusName::Accepted => Progress::Accepted,
        StatusName::Dispatched => Progress::Dispatched,
        StatusName::Handling => Progress::Handling,
        // A row holds no word of whoever looked.
        StatusName::Answered | StatusName::Verified => Progress::Answered,
        StatusName::Closed => Progress::Closed(Outcome::Solved),
    }
}

/// Returns how far the work has come by an outcome of this program; `None` for a merged matter, since a row
/// does not name the other one.
const fn of_outcome(outcome: OutcomeName) -> Option<Progress> {
    Some(Progress::Closed(match outcome {
        OutcomeName::Solved => Outcome::Solved,
        OutcomeName::Unfounded => Outcome::Unfounded,
        OutcomeName::Unsolvable => Outcome::Unsolvable,
        OutcomeName::Withdrawn => Outcome::Withdrawn,
        // Other systems do not give the reason in a word of this one.
        OutcomeName::Rejected => Outcome::Rejected(Reason::Unclear),
        OutcomeName::Merged => return None,
    }))
}

/// Returns the value that a word stands for in this program, in either language; `None` if it is none.
fn term<T: Term>(word: &str) -> Option<T> {
    let mut all = T::ALL.iter().copied();
    all.find(|term| term.code() == word || term.chinese() == word)
}

/// Returns the words that [`one_of`] knows, for people.
pub(super) fn words<T: Term>(others: &[(&str, T)]) -> String {
    let own = T::ALL.iter().flat_map(|term| [term.code(), term.chinese()]);
    let others = others.iter().map(|(word, _)| *word);
    let all: Vec<&str> = own.chain(others).collect();
    all.join(", ")
}

/// Returns the words that [`progress`] knows, for people.
pub(super) fn states() -> String {
    let statuses = StatusName::ALL.into_iter();
    let outcomes = OutcomeName::ALL.into_iter();
    let statuses = statuses.flat_map(|status| [status.code(), status.chinese()]);
    let outcomes = outcomes
        .filter(|outcome| of_outcome(*outcome).is_some())
        .flat_map(|outcome| [outcome.code(), outcome.chinese()]);
    let others = STATES.iter().map(|(word, _)| *word);
    let all: Vec<&str> = statuses.chain(outcomes).chain(others).collect();
    all.join(", ")
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split(|c: char| c.is_whitespace() || ":：,，/".contains(c));
    parts.filter(|part| !part.is_empty())
}

/// Returns the value of a word, or of several words for the same value. This program prints them
/// like `urgent 紧急`. `None` if one is unknown.
pub(super) fn one_of<T: Term>(text: &str, others: &[(&str, T)]) -> Option<T> {
    let of = |word: &str| {
        let other = others.iter().find(|(known, _)| *known == word);
        term(word).or_else(|| other.map(|(_, value)| *value))
    };
    let text = text.to_lowercase();
    if let Some(found) = of(&text) {
        return Some(found);
    }
    let mut found = parts(&text).map(of);
    let first = found.next()??;
    found.all(|next| next == Some(first)).then_some(first)
}

/// Returns the progress of a word, or of several. This program prints several like `closed 结案:
/// unfounded 不属实`; the last is the most exact. `None` if one is unknown or they contradict each
/// other.
pub(super) fn progress(text: &str) -> Option<Progress> {
    let text = text.to_lowercase();
    let of = |word: &str| {
        let other = STATES.iter().find(|(known, _)| *known == word);
        let outcome = || term(word).and_then(of_outcome);
        let status = || term(word).map(of_status);
        let other = || other.map(|(_, value)| *value);
        outcome().or_else(status).or_else(other)
    };
    if let Some(found) = of(text.trim()) {
        return Some(found);
    }
    let mut so_far: Option<Progress> = None;
    for part in parts(&text) {
        let reason: Option<Reason> = term(part);
        so_far = match (so_far, of(part), reason) {
            (Some(before), Some(next), _) if before.is_closed() != next.is_closed() => return None,
            (_, Some(next), _) => Some(next),
            (Some(Progress::Closed(Outcome::Rejected(_))), None, Some(reason)) => {
                Some(Progress::Closed(Outcome::Rejected(reason)))
            }
            _ => return None,
        };
    }
    so_far
}

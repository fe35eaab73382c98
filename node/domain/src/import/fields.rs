//! Columns of a table, and the words that stand in them.

use serde::{Deserialize, Serialize};

use super::Progress;
use crate::{
    category::Priority,
    matter::{Channel, Outcome, Reason},
};

/// A column of a table of matters.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
#[schema(as = ImportField)]
pub enum Field {
    /// 编号: its number in the other system.
    Id,
    /// 类别: a code or a Chinese name of the policy in force.
    Category,
    /// 内容
    Text,
    /// 时间: when it was reported there, in Asia/Shanghai.
    ReportedAt,
    /// 受理时间: when it was accepted there.
    AcceptedAt,
    /// 办结时间: when it was closed there.
    ClosedAt,
    /// 纬度
    Latitude,
    /// 经度
    Longitude,
    /// 姓名
    Name,
    /// 电话
    Phone,
    /// 地址: the address of the person.
    Address,
    /// 渠道
    Channel,
    /// 紧急程度
    Priority,
    /// 状态
    Status,
}

impl Field {
    /// All columns.
    pub const ALL: [Self; 14] = [
        Self::Id,
        Self::Category,
        Self::Text,
        Self::ReportedAt,
        Self::AcceptedAt,
        Self::ClosedAt,
        Self::Latitude,
        Self::Longitude,
        Self::Name,
        Self::Phone,
        Self::Address,
        Self::Channel,
        Self::Priority,
        Self::Status,
    ];

    /// Returns the headings that stand for it; the first is its name, the second its Chinese name.
    const fn headings(self) -> &'static [&'static str] {
        match self {
            Self::Id => &[
                "id",
                "编号",
                "工单编号",
                "工单号",
                "事项编号",
                "案件编号",
                "case id",
                "number",
                "matter",
            ],
            Self::Category => &["category", "类别", "分类", "事项类别", "问题类别", "类型"],
            Self::Text => &[
                "text",
                "内容",
                "描述",
                "问题描述",
                "诉求内容",
                "description",
            ],
            Self::ReportedAt => &[
                "reported_at",
                "时间",
                "上报时间",
                "登记时间",
                "来电时间",
                "诉求时间",
                "提交时间",
                "创建时间",
                "reported at",
                "reported",
            ],
            Self::AcceptedAt => &["accepted_at", "受理时间", "立案时间", "accepted at"],
            Self::ClosedAt => &["closed_at", "办结时间", "结案时间", "完成时间", "closed at"],
            Self::Latitude => &["latitude", "纬度", "lat"],
            Self::Longitude => &["longitude", "经度", "lon", "lng", "long"],
            Self::Name => &["name", "姓名", "联系人", "诉求人"],
            Self::Phone => &["phone", "电话", "联系电话", "手机", "手机号"],
            Self::Address => &["address", "地址", "联系地址"],
            Self::Channel => &["channel", "渠道", "来源渠道"],
            Self::Priority => &["priority", "紧急程度", "优先级"],
            Self::Status => &["status", "状态", "办理状态"],
        }
    }

    /// Returns its name.
    pub const fn name(self) -> &'static str {
        self.headings()[0]
    }

    /// Returns its Chinese name.
    pub const fn chinese(self) -> &'static str {
        self.headings()[1]
    }

    /// Returns the column that a heading stands for.
    pub fn of_heading(heading: &str) -> Option<Self> {
        // Blanks between the characters, marks of a form (`* 编号：`) and text in brackets belong to the
        // look of a table and are left out.
        let heading = super::moment::narrow(heading).to_lowercase();
        let heading = heading.split('(').next().unwrap_or_default();
        let mark = |c: char| c.is_whitespace() || "\u{feff}*#:".contains(c);
        let heading = heading.trim_matches(mark);
        let heading = match heading.is_ascii() {
            true => heading.to_owned(),
            false => heading.replace(char::is_whitespace, ""),
        };
        let stands = |field: &Self| field.headings().contains(&heading.as_str());
        Self::ALL.into_iter().find(stands)
    }
}

impl core::str::FromStr for Field {
    type Err = String;

    /// Parses any heading that stands for a column.
    fn from_str(text: &str) -> Result<Self, String> {
        Self::of_heading(text).ok_or_else(|| {
            let all = Self::ALL.map(Self::name).join(", ");
            format!("`{text}` is no field; take one of: {all}")
        })
    }
}

/// The reason the headings of a table are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadHeader {
    /// Columns that every table needs are missing.
    #[error(
        "no column is headed {}; head it so, or say which it is with --map column=field",
        .0.iter().map(|field| format!("{} ({})", field.chinese(), field.name())).collect::<Vec<_>>().join(", ")
    )]
    Missing(Vec<Field>),
    /// Two columns stand for one field.
    #[error("columns `{1}` and `{2}` are both {field}; map one of them to nothing with --map {2}=", field = .0.name())]
    Twice(Field, String, String),
    /// A column that `map` names is not in the table.
    #[error("there is no column `{0}`; the table has: {1}")]
    NoColumn(String, String),
}

/// Returns the field of each column of a table, `None` for a column to pass over. `map` gives fields to
/// columns by their headings, with `None` for a column to pass over; it counts for more than the
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

/// Counts the fields that a row of headings names. The row that names most is the one with the headings.
pub fn recognised(headings: &[String], map: &[(String, Option<Field>)]) -> usize {
    let known = |heading: &&String| {
        let mapped = map.iter().any(|(name, _)| heading.trim() == name.trim());
        mapped || Field::of_heading(heading).is_some()
    };
    headings.iter().filter(known).count()
}

/// The texts of a cell whose formula failed.
pub(super) const ERRORS: [&str; 8] = [
    "#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!",
];

pub(super) const CHANNELS: [(&str, Channel); 18] = [
    ("snapshot", Channel::Snapshot),
    ("随手拍", Channel::Snapshot),
    ("mailbox", Channel::Mailbox),
    ("村民信箱", Channel::Mailbox),
    ("service", Channel::Service),
    ("一窗受理", Channel::Service),
    ("grid", Channel::Grid),
    ("网格", Channel::Grid),
    ("全民网格", Channel::Grid),
    ("hotline", Channel::Hotline),
    ("12345", Channel::Hotline),
    ("热线", Channel::Hotline),
    ("12345热线", Channel::Hotline),
    ("sensor", Channel::Sensor),
    ("物联感知", Channel::Sensor),
    ("paper", Channel::Paper),
    ("纸质", Channel::Paper),
    ("纸质表单", Channel::Paper),
];

pub(super) const PRIORITIES: [(&str, Priority); 8] = [
    ("normal", Priority::Normal),
    ("一般", Priority::Normal),
    ("普通", Priority::Normal),
    ("urgent", Priority::Urgent),
    ("紧急", Priority::Urgent),
    ("emergency", Priority::Emergency),
    ("特急", Priority::Emergency),
    ("突发", Priority::Emergency),
];

/// Words for how far the work has come: those of this program, in both languages, and those that other
/// systems use.
pub(super) const STATES: [(&str, Progress); 40] = [
    ("reported", Progress::Reported),
    ("上报", Progress::Reported),
    ("已上报", Progress::Reported),
    ("待受理", Progress::Reported),
    ("open", Progress::Reported),
    ("未结", Progress::Reported),
    ("未办结", Progress::Reported),
    ("accepted", Progress::Accepted),
    ("受理", Progress::Accepted),
    ("已受理", Progress::Accepted),
    ("立案", Progress::Accepted),
    ("dispatched", Progress::Dispatched),
    ("派遣", Progress::Dispatched),
    ("已派遣", Progress::Dispatched),
    ("handling", Progress::Handling),
    ("处置", Progress::Handling),
    ("处置中", Progress::Handling),
    ("处理中", Progress::Handling),
    ("办理中", Progress::Handling),
    ("answered", Progress::Answered),
    ("反馈", Progress::Answered),
    ("已反馈", Progress::Answered),
    ("verified", Progress::Answered),
    ("核查", Progress::Answered),
    ("closed", Progress::Closed(Outcome::Solved)),
    ("已办结", Progress::Closed(Outcome::Solved)),
    ("办结", Progress::Closed(Outcome::Solved)),
    ("已结", Progress::Closed(Outcome::Solved)),
    ("已结案", Progress::Closed(Outcome::Solved)),
    ("结案", Progress::Closed(Outcome::Solved)),
    ("solved", Progress::Closed(Outcome::Solved)),
    ("已解决", Progress::Closed(Outcome::Solved)),
    ("unfounded", Progress::Closed(Outcome::Unfounded)),
    ("不属实", Progress::Closed(Outcome::Unfounded)),
    ("unsolvable", Progress::Closed(Outcome::Unsolvable)),
    ("无法解决", Progress::Closed(Outcome::Unsolvable)),
    ("withdrawn", Progress::Closed(Outcome::Withdrawn)),
    ("撤回", Progress::Closed(Outcome::Withdrawn)),
    ("rejected", REJECTED),
    ("不予受理", REJECTED),
];

/// The state of a rejected matter. Other systems do not give the reason in a word of this one.
const REJECTED: Progress = Progress::Closed(Outcome::Rejected(Reason::Unclear));

const REASONS: [(&str, Reason); 10] = [
    ("private", Reason::Private),
    ("非公共事务", Reason::Private),
    ("judicial", Reason::Judicial),
    ("司法程序", Reason::Judicial),
    ("unclear", Reason::Unclear),
    ("事实不清", Reason::Unclear),
    ("decided", Reason::Decided),
    ("已终结", Reason::Decided),
    ("nonsense", Reason::Nonsense),
    ("无效信息", Reason::Nonsense),
];

fn parts(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split(|c: char| c.is_whitespace() || ":：,，/".contains(c));
    parts.filter(|part| !part.is_empty())
}

/// Returns what a word stands for, or several words that stand for the same, as this program prints
/// them: `urgent 紧急`. `None` if one is unknown.
pub(super) fn one_of<T: Copy + PartialEq>(text: &str, words: &[(&str, T)]) -> Option<T> {
    let of = |word: &str| {
        let found = words.iter().find(|(known, _)| *known == word);
        found.map(|(_, value)| *value)
    };
    let text = text.to_lowercase();
    if let Some(found) = of(&text) {
        return Some(found);
    }
    let mut found = parts(&text).map(of);
    let first = found.next()??;
    found.all(|next| next == Some(first)).then_some(first)
}

/// Returns how far the work has come, by a word, or by several as this program prints them, of which the
/// last says it most exactly: `closed 结案: unfounded 不属实`. `None` if one is unknown or they contradict
/// each other.
pub(super) fn progress(text: &str) -> Option<Progress> {
    let text = text.to_lowercase();
    let of = |word: &str| {
        let found = STATES.iter().find(|(known, _)| *known == word);
        found.map(|(_, value)| *value)
    };
    if let Some(found) = of(text.trim()) {
        return Some(found);
    }
    let mut so_far: Option<Progress> = None;
    for part in parts(&text) {
        let reason = REASONS.iter().find(|(known, _)| *known == part);
        so_far = match (so_far, of(part), reason) {
            (Some(before), Some(next), _) if before.is_closed() != next.is_closed() => return None,
            (_, Some(next), _) => Some(next),
            (Some(Progress::Closed(Outcome::Rejected(_))), None, Some((_, reason))) => {
                Some(Progress::Closed(Outcome::Rejected(*reason)))
            }
            _ => return None,
        };
    }
    so_far
}

//! Columns, and the words that stand in them.

use serde::{Deserialize, Serialize};

use super::Progress;
use crate::{
    category::Priority,
    matter::{Channel, Outcome},
    time::Timestamp,
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
    /// 编号, its number in the other system.
    Id,
    /// 类别, a code or a Chinese name of the policy in force.
    Category,
    /// 内容
    Text,
    /// 时间, in Asia/Shanghai.
    ReportedAt,
    /// 纬度
    Latitude,
    /// 经度
    Longitude,
    /// 姓名
    Name,
    /// 电话
    Phone,
    /// 地址 of the person.
    Address,
    /// 渠道
    Channel,
    /// 紧急程度
    Priority,
    /// 状态
    Status,
}

impl Field {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Id,
        Self::Category,
        Self::Text,
        Self::ReportedAt,
        Self::Latitude,
        Self::Longitude,
        Self::Name,
        Self::Phone,
        Self::Address,
        Self::Channel,
        Self::Priority,
        Self::Status,
    ];

    /// What a heading may say for it; the first is its name.
    const fn headings(self) -> &'static [&'static str] {
        match self {
            Self::Id => &["id", "编号", "工单编号", "事项编号", "case id", "number"],
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
                "受理时间",
                "reported at",
            ],
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

    /// Its name.
    pub const fn name(self) -> &'static str {
        self.headings()[0]
    }

    /// Its Chinese name.
    pub const fn chinese(self) -> &'static str {
        self.headings()[1]
    }

    /// The column a heading stands for.
    pub fn of_heading(heading: &str) -> Option<Self> {
        let heading = heading.trim().trim_matches('\u{feff}').to_lowercase();
        let stands = |field: &Self| field.headings().contains(&heading.as_str());
        Self::ALL.into_iter().find(stands)
    }
}

impl core::str::FromStr for Field {
    type Err = String;

    /// Takes any heading that stands for it.
    fn from_str(text: &str) -> Result<Self, String> {
        Self::of_heading(text).ok_or_else(|| {
            let all = Self::ALL.map(Self::name).join(", ");
            format!("`{text}` is no field; take one of: {all}")
        })
    }
}

/// Why the headings of a table do not do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadHeader {
    /// Columns that every table needs.
    #[error(
        "no column is headed {}; head it so, or say which it is with --map column=field",
        .0.iter().map(|field| format!("{} ({})", field.chinese(), field.name())).collect::<Vec<_>>().join(", ")
    )]
    Missing(Vec<Field>),
    /// Two columns for one.
    #[error("columns `{1}` and `{2}` are both {field}; map one of them to nothing with --map {2}=", field = .0.name())]
    Twice(Field, String, String),
    /// A column that was named is not there.
    #[error("there is no column `{0}`; the table has: {1}")]
    NoColumn(String, String),
}

/// Which field each column of a table is; what stands for none is passed over. `map` names fields of
/// columns by their headings, `None` for a column to pass over.
///
/// # Errors
/// [`BadHeader`].
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

/// What a cell shows whose formula failed.
pub(super) const ERRORS: [&str; 8] = [
    "#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!",
];

pub(super) const CHANNELS: [(&str, Channel); 15] = [
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
    ("sensor", Channel::Sensor),
    ("paper", Channel::Paper),
    ("纸质", Channel::Paper),
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

pub(super) const STATES: [(&str, Progress); 16] = [
    ("reported", Progress::Reported),
    ("上报", Progress::Reported),
    ("待受理", Progress::Reported),
    ("accepted", Progress::Accepted),
    ("受理", Progress::Accepted),
    ("已受理", Progress::Accepted),
    ("handling", Progress::Handling),
    ("处置", Progress::Handling),
    ("处理中", Progress::Handling),
    ("办理中", Progress::Handling),
    ("closed", Progress::Closed(Outcome::Solved)),
    ("已办结", Progress::Closed(Outcome::Solved)),
    ("结案", Progress::Closed(Outcome::Solved)),
    ("unfounded", Progress::Closed(Outcome::Unfounded)),
    ("不属实", Progress::Closed(Outcome::Unfounded)),
    ("无法解决", Progress::Closed(Outcome::Unsolvable)),
];

/// A moment as tables write it. What names no zone is in Asia/Shanghai.
pub(super) fn moment(text: &str) -> Option<Timestamp> {
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Some(Timestamp(moment.as_millisecond()));
    }
    let formats = [
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%d %H:%M",
        "%Y-%m-%dT%H:%M:%S",
        "%Y-%m-%dT%H:%M",
        "%Y/%m/%d %H:%M:%S",
        "%Y/%m/%d %H:%M",
        "%Y.%m.%d %H:%M",
        "%Y年%m月%d日 %H:%M:%S",
        "%Y年%m月%d日 %H:%M",
        "%Y年%m月%d日 %H时%M分",
    ];
    let days = ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y%m%d"];
    let at = |format: &&str| jiff::civil::DateTime::strptime(format, text).ok();
    let on = |format: &&str| jiff::civil::Date::strptime(format, text).ok();
    let civil = formats.iter().find_map(at);
    let civil = civil.or_else(|| Some(days.iter().find_map(on)?.at(0, 0, 0, 0)))?;
    let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(8));
    let moment = zone.to_timestamp(civil).ok()?;
    Some(Timestamp(moment.as_millisecond()))
}

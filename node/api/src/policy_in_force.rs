//! The policy in force, number by number, each with the line behind it.

use domain::{
    calendar::Allowance,
    clock::Stage,
    policy::{RuleRef, Source},
};
use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tier};

use super::Platform;

topology::vocabulary! {
    /// What a line of policy decides.
    #[derive(utoipa::ToSchema)]
    pub enum PolicySubject: "subject of policy" {
        Platform = 1, "platform", "归口平台", "platform";
        Department = 2, "department", "承办部门", "department";
        Tier = 3, "tier", "承办层级", "tier that handles it";
        Time = 4, "time", "时限", "time";
        Extension = 5, "extension", "最长延期", "longest extension";
        OverdueGoesUp = 6, "overdue-goes-up", "超期自动上报", "goes up when it is overdue";
        AtOnce = 7, "at-once", "不等受理即转承办层级", "goes to its tier at once";
        Calendar = 8, "calendar", "节假日公布到", "holidays announced through";
        Pauses = 9, "pauses", "最多暂停次数", "most pauses of a clock";
        PauseDays = 10, "pause-days", "最长暂停", "longest pause of a clock";
        ContestDays = 11, "contest-days", "办结后多久内可不认可", "time to contest after closing";
        Contests = 12, "contests", "最多不认可次数", "times that a reporter may contest";
        VerifyFirst = 13, "verify-first", "结案前须核查", "verified before it is closed";
        VerifyByAnother = 14, "verify-by-another", "须由他人核查的层级", "tiers where another person verifies";
        Returns = 15, "returns", "退回多少次后由共同上级裁定", "returns before the common parent decides";
        WarnPercent = 16, "warn-percent", "剩余多少时预警", "share of the time left at which it is due soon";
        Anonymous = 17, "anonymous", "接受匿名反映", "takes reports without a name";
        FileBytes = 18, "file-bytes", "单个附件最大", "largest attachment";
        Files = 19, "files", "一件最多附件数", "most attachments of a matter";
        FileTypes = 20, "file-types", "可收的附件类型", "types of attachments";
        FileDays = 21, "file-days", "办结后附件保存", "time attachments are kept after closing";
        ReportLength = 22, "report-length", "反映最长", "longest report";
        NoteLength = 23, "note-length", "附言最长", "longest remark";
        AnswerLength = 24, "answer-length", "答复最长", "longest answer";
    }
}

/// All policy in force at a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PolicyInForce {
    /// What holds for every matter.
    pub limits: Vec<PolicyLine>,
    /// What holds in each category, for a report of normal urgency made at this node, by code.
    pub categories: Vec<CategoryPolicy>,
}

/// What holds in one category.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CategoryPolicy {
    /// Code.
    pub code: String,
    /// Chinese name.
    pub name: String,
    /// English name, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_en: Option<String>,
    /// The decisions.
    pub lines: Vec<PolicyLine>,
}

/// One decision of policy, and the line that makes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PolicyLine {
    /// What is decided.
    pub subject: PolicySubject,
    /// The stage whose time it is, if it is the time of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub stage: Option<Stage>,
    /// The decision.
    pub value: PolicyValue,
    /// The division that issued the text; left out for the policy shipped with the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub issuer: Option<DivisionCode>,
    /// The template, such as `330000000000/policy/dispatch`; left out for the policy shipped with the program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Its version, or the edition of the policy shipped with the program.
    pub version: u32,
    /// The line in that text, from 1.
    pub line: u32,
    /// True if it holds. What applies but does not hold is less strict than another line.
    pub holds: bool,
}

/// A decision of policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyValue {
    /// A text, such as a name, a list of media types or a day.
    Text(String),
    /// A platform.
    Platform(Platform),
    /// Tiers; none stands for the division that holds the matter.
    #[schema(value_type = Vec<String>)]
    Tiers(Vec<Tier>),
    /// A length of time: `5wd`, `2wh`, `30d` or `24h`; `null` if there is none.
    Time(Option<String>),
    /// A number of days, times, bytes, characters, percent or files.
    Count(u64),
    /// Yes or no.
    Yes(bool),
}

impl PolicyLine {
    /// Returns a decision that holds, with its line.
    pub fn new(subject: PolicySubject, value: PolicyValue, rule: &RuleRef) -> Self {
        let (template, version) = match &rule.source {
            Source::Template { key, version } => (Some(key), *version),
            Source::Shipped(edition) => (None, *edition),
        };
        Self {
            subject,
            stage: None,
            value,
            issuer: template.map(|key| key.issuer),
            template: template.map(ToString::to_string),
            version,
            line: rule.line,
            holds: true,
        }
    }
}

impl From<Option<Allowance>> for PolicyValue {
    fn from(time: Option<Allowance>) -> Self {
        Self::Time(time.map(|time| time.to_string()))
    }
}

//! The policy in force, number by number, each with the line behind it.

pub use domain::policy::PolicySubject;
use domain::{
    calendar::Allowance,
    clock::Stage,
    policy::{RuleRef, Source},
    template::TemplateKind,
};
use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tier};

use super::Platform;

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
    /// The kind of templates that is issued, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<TemplateKind>,
    /// The first day on which it holds, like `2027-01-01`, if it does not hold always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
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
            kind: None,
            from: None,
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

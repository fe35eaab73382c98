//! Data beside a report, by the standard in force.

use std::collections::BTreeMap;

use domain::{
    category::Priority,
    standard::{ElementInForce, ElementKind, ListCode, Standard, shown_number},
    time::Day,
};
use serde::{Deserialize, Serialize};

use super::InBoth;

/// A data element that is asked for beside a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ElementView {
    /// Its code; send it as a key of `data` of a report.
    pub code: String,
    /// Its name.
    pub name: InBoth,
    /// What people are told beside the field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<InBoth>,
    /// What it holds.
    pub kind: ElementKind,
    /// Whether it must be given. No emergency is refused for what is not.
    pub required: bool,
    /// Whether it says something of a person. Such a value is never public, and is erased with the text of the report.
    pub personal: bool,
    /// The codes that may be used today.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<CodeView>,
    /// The fewest characters of a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shortest: Option<u16>,
    /// The most characters of a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest: Option<u16>,
    /// The forms of a text, of which one must fit: `9` is a digit, `A` a letter, `N` either, `字` a Chinese character.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub forms: Vec<String>,
    /// The first day, such as 2026-03-01.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earliest: Option<String>,
    /// The last day; today, if no later one is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest: Option<String>,
    /// The most decimals of a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decimals: Option<u8>,
    /// The least number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub least: Option<String>,
    /// The greatest number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most: Option<String>,
    /// The unit of a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<InBoth>,
    /// The article or standard that it rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// A code of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CodeView {
    /// The code.
    pub code: String,
    /// Its name.
    pub name: InBoth,
}

impl From<&ListCode> for CodeView {
    fn from(code: &ListCode) -> Self {
        Self {
            code: code.code.to_string(),
            name: code.called().into(),
        }
    }
}

impl ElementView {
    /// Returns an element as it is asked for today, in a category of this severity.
    pub fn of(standard: &Standard, one: &ElementInForce, severity: Priority, today: Day) -> Self {
        let element = &one.element;
        let limits = &element.limits;
        let last = match limits.past {
            true => Some(limits.latest.map_or(today, |latest| latest.min(today))),
            false => limits.latest,
        };
        let forms = limits.forms.iter().flatten();
        Self {
            code: element.code.to_string(),
            name: element.called().into(),
            hint: element.hint.clone().map(Into::into),
            kind: element.kind,
            required: element.is_required_at(severity),
            personal: element.is_personal(),
            codes: standard.codes_on(element, today).map(Into::into).collect(),
            shortest: limits.shortest,
            longest: limits.longest,
            forms: forms.map(|form| form.to_string()).collect(),
            earliest: limits.earliest.map(|day| day.to_string()),
            latest: last.map(|day| day.to_string()),
            decimals: limits.decimals,
            least: limits.least.map(shown_number),
            most: limits.most.map(shown_number),
            unit: limits.unit.clone().map(Into::into),
            source: element.source.as_deref().map(str::to_owned),
        }
    }
}

/// A value beside a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DataView {
    /// The code of its element.
    pub code: String,
    /// The name of its element.
    pub name: InBoth,
    /// The value.
    pub value: String,
    /// The value as people read it: the name of a code, a number with its unit.
    pub shown: InBoth,
    /// Whether it says something of a person.
    pub personal: bool,
}

impl DataView {
    /// Returns a value; `None` if the standard does not know its element.
    pub fn of(standard: &Standard, code: &str, text: &str) -> Option<Self> {
        let element = &standard.element(code)?.element;
        Some(Self {
            code: code.to_owned(),
            name: element.called().into(),
            value: text.to_owned(),
            shown: standard.shown(element, text).into(),
            personal: element.is_personal(),
        })
    }
}

/// Selects matters for their data.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DataTableQuery {
    /// Category code; all categories if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Reported on this day or later, such as 2026-03-01.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Reported on this day or earlier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Continues after the matter with this number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// The most matters that the page looks at, 1 to 1,000; 100 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

/// The data of matters that were held here; only what says nothing of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DataTable {
    /// The elements of the standard in force that may be in it, in its order.
    pub elements: Vec<ElementName>,
    /// The matters, by number.
    pub rows: Vec<DataLine>,
    /// Send this as `after` to get the next page; absent on the last page. A page may be short or empty although more
    /// follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// An element by code and name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ElementName {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: InBoth,
}

/// The data of one matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DataLine {
    /// Number of the matter.
    pub id: String,
    /// Day of the report, such as 2026-03-01.
    pub reported: String,
    /// Category code.
    pub category: String,
    /// The values, by the code of their element.
    pub values: BTreeMap<String, String>,
}

/// Data to check before a report is handed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DataRequest {
    /// Category code.
    pub category: String,
    /// The values, by the code of their element.
    pub data: BTreeMap<String, String>,
}

/// Data as they would be kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CheckedData {
    /// The values, by the code of their element.
    pub data: BTreeMap<String, String>,
}

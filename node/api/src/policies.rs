//! Policy decisions about a matter, similar matters, and public answers.

use domain::{
    policy::{Decided, PlaceKind, RuleRef},
    saying::Saying,
    service::{Material, MaterialCheck, MaterialForm, ServiceInForce},
};
use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tier};

use super::{ElementView, MatterStatus, Platform, Point, Priority};

/// Selects public answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AnswersQuery {
    /// Text to search for in question, answer and name of the category; all answers if left out.
    #[serde(default)]
    pub q: String,
    /// Month in which the answer was given, such as `2026-11`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub month: Option<String>,
    /// Continues after the answer to the matter of this number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// The most answers on the page, 1 to 100; 20 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

/// Answers that anybody may read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Answers {
    /// The answers, ordered by the number of their matter. Send the last number as `after` to get
    /// the next page.
    pub answers: Vec<PublicAnswer>,
}

/// The policy lines that decided about a matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Explanation {
    /// The decisions: first clocks, then who handles the matter, then limits.
    pub reasons: Vec<PolicyReason>,
}

/// Open matters that may be duplicates of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AlikeMatters {
    /// At most ten matters, the most similar first.
    pub matters: Vec<Alike>,
}

/// A matter that may be a duplicate of another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Alike {
    /// Number of the matter.
    pub id: String,
    /// Similarity, 0 to 100.
    pub likeness: u8,
    /// Distance in metres, if both locations are known.
    pub metres: Option<u32>,
}

/// An answer that anybody may read, with the question that its reporter agreed to make public.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PublicAnswer {
    /// Number of the matter.
    pub matter: String,
    /// Category code.
    pub category: String,
    /// Category in Chinese, if it is known.
    pub category_name: Option<String>,
    /// When it was given, in milliseconds since 1970.
    pub at_ms: i64,
    /// The division that gave it.
    #[schema(value_type = String)]
    pub by: DivisionCode,
    /// The text.
    pub text: String,
    /// The question, without who asked it; left out where only another node can read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
}

/// What somebody is about to report, to be compared with published matters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AlikeRequest {
    /// The text.
    pub text: String,
    /// Category code, if it is chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Location in WGS 84, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Point>,
}

/// Published matters that may be the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PublicMatters {
    /// At most five matters, the most similar first.
    pub matters: Vec<PublicMatter>,
}

/// A matter that anybody may see, because an official published it with the reporter's consent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PublicMatter {
    /// Number of the matter.
    pub id: String,
    /// Category code.
    pub category: String,
    /// State of the work.
    pub status: MatterStatus,
    /// Time of the report, in milliseconds since 1970.
    pub reported_ms: i64,
    /// Time of the latest step known here, in milliseconds since 1970.
    pub as_of_ms: i64,
    /// The question; left out where only another node can read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<String>,
    /// The latest public answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// Similarity, 0 to 100; 0 if it was not compared.
    pub likeness: u8,
    /// Distance in metres, if both locations are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metres: Option<u32>,
}

/// What a node promises those who report to it, by the policy in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Promises {
    /// Whether a report without a name is accepted.
    pub anonymous: bool,
    /// The most characters of a report.
    pub report_chars: u32,
    /// The most photos of a draft.
    pub photos: u32,
    /// The most bytes of a photo.
    pub photo_bytes: u64,
    /// Days in which a closed matter can be contested.
    pub contest_days: u32,
    /// The categories in which matters are reported, by code.
    pub categories: Vec<CategoryPromise>,
    /// Groups, hamlets and landmarks of the division by which a report names its place; empty if policy
    /// lists none.
    #[serde(default)]
    pub places: Vec<NamedPlace>,
}

/// A place that people know by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NamedPlace {
    /// Its kind.
    pub kind: PlaceKind,
    /// Its name; send it as `named_place` of a report.
    pub name: String,
}

/// What becomes of a report in one category, if it is made now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CategoryPromise {
    /// Code.
    pub code: String,
    /// Chinese name.
    pub name: String,
    /// English name, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_en: Option<String>,
    /// The least urgency.
    pub severity: Priority,
    /// The platform that handles it.
    pub platform: Platform,
    /// Chinese name of the department that handles it, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    /// The tier that handles it, if it is above this node's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub tier: Option<Tier>,
    /// What applicants bring or hand in, for a service.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<InBoth>,
    /// The window where a service is handled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<InBoth>,
    /// When the window is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<InBoth>,
    /// What a service costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee: Option<InBoth>,
    /// The time in which a service is promised, for people; the clock that ends first holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promised: Option<InBoth>,
    /// The article or document that a service rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub article: Option<String>,
    /// Chinese names of the departments that work on a service together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub departments: Vec<String>,
    /// The materials of a service with their form and where to get them; `needs` has their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub materials: Vec<MaterialView>,
    /// The data that are asked for beside a report.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asks: Vec<ElementView>,
    /// When the first answer is due, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer_by_ms: Option<i64>,
    /// When the work is due, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish_by_ms: Option<i64>,
}

/// Something that an applicant hands in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MaterialView {
    /// Its name for programs.
    pub code: String,
    /// Its name.
    pub name: InBoth,
    /// In which form.
    pub form: MaterialForm,
    /// Where to get it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<InBoth>,
}

impl From<Material> for MaterialView {
    fn from(material: Material) -> Self {
        Self {
            code: material.code.into(),
            name: material.name.into(),
            form: material.form,
            from: material.from.map(Into::into),
        }
    }
}

/// The materials of an application, and which of them are there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MaterialsView {
    /// What is asked for: by the templates in force, or by those at the first check.
    pub asked: Vec<MaterialView>,
    /// How often it was checked; 0 if it was not.
    pub checks: u32,
    /// The codes of those that are missing, once it was checked.
    pub missing: Vec<String>,
    /// When it was checked last, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked_at_ms: Option<i64>,
}

impl MaterialsView {
    /// Returns what is asked for, and what was found.
    pub fn of(service: Option<ServiceInForce>, check: Option<MaterialCheck>) -> Self {
        let listed = service.and_then(|one| one.service.materials);
        let asked = check.as_ref().map(|check| check.asked.clone()).or(listed);
        let missing = check.iter().flat_map(|check| &check.missing);
        Self {
            asked: asked
                .unwrap_or_default()
                .into_iter()
                .map(Into::into)
                .collect(),
            checks: check.as_ref().map_or(0, |check| check.checks),
            missing: missing.map(|code| code.to_string()).collect(),
            checked_at_ms: check.as_ref().map(|check| check.at.0),
        }
    }
}

/// The materials of an application that are there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckMaterials {
    /// Their codes; all others are missing.
    pub there: Vec<String>,
}

/// A text in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct InBoth {
    /// The Chinese text.
    pub zh: String,
    /// The English text.
    pub en: String,
}

impl From<Saying> for InBoth {
    fn from(Saying { english, chinese }: Saying) -> Self {
        Self {
            zh: chinese,
            en: english,
        }
    }
}

/// One policy decision about a matter, and the line that made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PolicyReason {
    /// The subject of the decision.
    pub what: String,
    /// The decision.
    pub value: String,
    /// The template and its version, or the policy shipped with the program.
    pub source: String,
    /// The line in that text, from 1.
    pub line: u32,
    /// True if the line holds. A line that applies but does not hold is less strict than another.
    pub holds: bool,
}

impl PolicyReason {
    /// Returns a decision that holds, with the line of policy that made it.
    pub fn new(what: String, value: String, rule: &RuleRef) -> Self {
        Self {
            what,
            value,
            source: rule.source.to_string(),
            line: rule.line,
            holds: true,
        }
    }
}

impl From<Decided> for PolicyReason {
    fn from(decided: Decided) -> Self {
        Self {
            holds: decided.holds,
            ..Self::new(decided.what, decided.value, &decided.rule)
        }
    }
}

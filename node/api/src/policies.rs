//! Why a matter is treated as it is, and which others are like it.

use domain::policy::{Decided, RuleRef};
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

/// Which answers to look for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AnswersQuery {
    /// What they say; all of them if left out.
    #[serde(default)]
    pub q: String,
    /// Those to matters after this number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// At most so many, 1 to 100; 20 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

/// Answers anybody may read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Answers {
    /// By number of their matter; the last one's is the `after` of the next page.
    pub answers: Vec<PublicAnswer>,
}

/// Which line of which policy decided what about a matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Explanation {
    /// Clocks first, then who handles it, then the limits.
    pub reasons: Vec<PolicyReason>,
}

/// Open matters that may be the same as one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AlikeMatters {
    /// Most alike first, at most ten.
    pub matters: Vec<Alike>,
}

/// A matter that may be the same as another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Alike {
    /// Its number.
    pub id: String,
    /// How alike, 0 to 100.
    pub likeness: u8,
    /// Metres between them, if both places are known.
    pub metres: Option<u32>,
}

/// An answer anybody may read. The question stays with whoever asked it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PublicAnswer {
    /// Number of the matter.
    pub matter: String,
    /// Category code.
    pub category: String,
    /// Category in Chinese, if it is a known one.
    pub category_name: Option<String>,
    /// When it was given, in milliseconds since 1970.
    pub at_ms: i64,
    /// Who gave it.
    #[schema(value_type = String)]
    pub by: DivisionCode,
    /// What it says.
    pub text: String,
}

/// One decision that policy made about a matter, and the line that made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PolicyReason {
    /// About what.
    pub what: String,
    /// What was decided.
    pub value: String,
    /// The template and its version, or the policy shipped with the program.
    pub source: String,
    /// The line in it, from 1.
    pub line: u32,
    /// Whether it holds. A line that applies and does not is looser than another.
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

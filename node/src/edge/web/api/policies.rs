//! Why a matter is treated as it is, and which others are like it.

use serde::{Deserialize, Serialize};

use crate::office::{Alike, PublicAnswer, Reason};

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
    pub reasons: Vec<Reason>,
}

/// Open matters that may be the same as one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AlikeMatters {
    /// Most alike first, at most ten.
    pub matters: Vec<Alike>,
}

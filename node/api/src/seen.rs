//! What an account has seen of matters.

use serde::{Deserialize, Serialize};

topology::vocabulary! {
    /// Why a matter is marked in a list.
    #[derive(utoipa::ToSchema)]
    pub enum Unread: "mark of a matter in a list" {
        New = 1, "new", "未看过", "the account has not opened it";
        Changed = 2, "changed", "有更新", "it changed since the account opened it last";
    }
}

/// Selects what showing a matter notes.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams,
)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct MatterQuery {
    /// Notes for the account that asks that it has seen the matter, so that lists do not mark it until it
    /// changes.
    #[serde(default)]
    pub seen: bool,
}

/// Matters that an account has seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeenRequest {
    /// The matters, at most 100.
    pub matters: Vec<SeenMatter>,
}

/// A matter as an account has seen it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeenMatter {
    /// Number of the matter.
    pub id: String,
    /// The `as_of_ms` of its line, so that what happened since stays marked.
    pub as_of_ms: i64,
}

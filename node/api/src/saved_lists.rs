//! Lists of matters that a person saved by name.

use serde::{Deserialize, Serialize};

use super::MattersQuery;

/// A list of matters, saved by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SavedListView {
    /// Its name, 1 to 40 characters.
    pub name: String,
    /// What it selects, without `after` and `limit`.
    pub filter: MattersQuery,
}

/// The lists that the caller saved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SavedListViews {
    /// The lists, at most 20, in the order in which they were saved first.
    pub lists: Vec<SavedListView>,
}

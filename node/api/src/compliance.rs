//! How divisions comply with what they have to make public.

use std::collections::BTreeMap;

use domain::disclosure::{Class, Complied, Counts, Overdue};
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::Code;

/// Of which month.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ComplianceQuery {
    /// The month in which it falls due: `2026-11`; this month if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub month: Option<String>,
}

/// The counts of one month.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CompliedCounts {
    /// By the code of the count; those that are zero, too.
    pub counts: BTreeMap<String, u64>,
    /// How many are neither published nor past due.
    pub open: u64,
    /// The share that was published in time, in per mille of what was published or is past due; absent while that is
    /// nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_time_per_mille: Option<u64>,
}

impl CompliedCounts {
    /// Returns a count.
    pub fn of(&self, what: Complied) -> u64 {
        self.counts.get(what.code()).copied().unwrap_or_default()
    }
}

impl From<Counts> for CompliedCounts {
    fn from(counts: Counts) -> Self {
        let all = Complied::ALL.iter();
        Self {
            counts: all
                .map(|what| (what.code().to_owned(), counts[*what]))
                .collect(),
            open: counts.open(),
            in_time_per_mille: counts.in_time(),
        }
    }
}

/// The counts of one class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ClassCompliance {
    /// The class.
    pub class: Class,
    /// The counts.
    #[serde(flatten)]
    pub counts: CompliedCounts,
}

/// What a division says: this one of itself, a child of its whole subtree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DivisionCompliance {
    /// The division.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// Its name.
    pub name: String,
    /// Whether it said anything of this month.
    pub told: bool,
    /// All classes together.
    pub total: CompliedCounts,
    /// Each class of which it said something.
    pub classes: Vec<ClassCompliance>,
}

/// A disclosure that is past due and not published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OverdueLine {
    /// Who should have published it.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// The name of that division.
    pub name: String,
    /// Name of the item.
    pub item: String,
    /// Its class.
    pub class: Class,
    /// The first day that it is about.
    pub from: String,
    /// The last day.
    pub to: String,
    /// When it was due, in milliseconds since 1970.
    pub due_ms: i64,
}

impl OverdueLine {
    /// Returns one in the words of the API.
    pub fn of(one: &Overdue, class: Class, name: String) -> Self {
        Self {
            division: one.division,
            name,
            item: one.item.to_string(),
            class,
            from: one.span.from.to_string(),
            to: one.span.to.to_string(),
            due_ms: one.due.0,
        }
    }
}

/// How a subtree complied with what was due in a month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Compliance {
    /// The month.
    pub month: String,
    /// The whole subtree.
    pub total: CompliedCounts,
    /// This division, then each child, by code.
    pub divisions: Vec<DivisionCompliance>,
    /// What is overdue, longest first; each child names at most 32 of a class, and `total` counts all.
    pub overdue: Vec<OverdueLine>,
    /// When it was made out, in milliseconds since 1970.
    pub as_of_ms: i64,
}

//! Households from a sheet.

use std::collections::BTreeMap;

use domain::points::HouseholdColumn;
use serde::{Deserialize, Serialize};

/// The rows of a sheet of households.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HouseholdSheet {
    /// Only returns what would become of each row; changes nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// Does what the right rows say although others have faults; otherwise one fault stops them all.
    #[serde(default)]
    pub only_right: bool,
    /// Also changes households that are there, as far as their cells are not empty (`无` or `-` for nothing); otherwise
    /// their rows change nothing.
    #[serde(default)]
    pub change: bool,
    /// The rows, 1 to 500.
    pub rows: Vec<HouseholdSheetRow>,
}

/// A row: the text of its cells by column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HouseholdSheetRow {
    /// Line of the row in the file; returned with the outcome.
    pub line: u64,
    /// The cells; empty ones may be left out.
    #[schema(value_type = BTreeMap<String, String>)]
    pub cells: BTreeMap<HouseholdColumn, String>,
}

/// What became of each row, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HouseholdSheetReport {
    /// One line per row.
    pub rows: Vec<HouseholdSheetLine>,
}

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HouseholdSheetLine {
    /// Line of the row in the file.
    pub line: u64,
    /// The outcome.
    pub outcome: HouseholdSheetOutcome,
    /// Number of the household, if the row has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub household: Option<u32>,
    /// Whether the household is added, or was.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub new: bool,
    /// What changes of a household that is there, or was changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<HouseholdCellChange>,
    /// The faults of the row.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<HouseholdCellFault>,
}

/// What changes in a column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HouseholdCellChange {
    /// The column.
    pub column: HouseholdColumn,
    /// What it is before: names of grids, logins; empty for nothing.
    pub before: String,
    /// What it becomes.
    pub after: String,
}

/// A fault in a cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HouseholdCellFault {
    /// The column.
    pub column: HouseholdColumn,
    /// The text of the cell, at most 60 characters.
    pub value: String,
    /// What is wrong, in the language of the request.
    pub reason: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

topology::vocabulary! {
    /// What became of a row of a sheet of households.
    #[derive(utoipa::ToSchema)]
    pub enum HouseholdSheetOutcome: "outcome of a row of households" {
        Ready = 1, "ready", "可以办", "it has no fault; nothing was done";
        Added = 2, "added", "已添加", "the household was added";
        Changed = 3, "changed", "已修改", "the household was changed";
        Already = 4, "already", "不变", "nothing is to be changed";
        Bad = 5, "bad", "有错误", "it has a fault";
        Withheld = 6, "withheld", "暂缓", "it has no fault, and nothing was done because another row has one";
    }
}

//! Import of matters from other systems.

use std::collections::BTreeMap;

use domain::{
    import::{Difference, Outcomes},
    matter::Datum,
};
use serde::{Deserialize, Serialize};

use super::{Fault, Field};

/// The most rows of one request.
pub const MOST_ROWS: usize = 200;

/// Rows to import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportRequest {
    /// Only returns what would happen to each row; changes nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// Imports the good rows although others are bad; otherwise one bad row stops them all.
    #[serde(default)]
    pub skip_bad: bool,
    /// Imports every row as reported now, whatever its date in the other system: its clocks start
    /// now, and policy may send it up at once.
    #[serde(default)]
    pub as_new: bool,
    /// Coordinate system of latitude and longitude.
    #[serde(default)]
    pub coordinates: Datum,
    /// The rows, 1 to 200.
    pub rows: Vec<ImportLine>,
}

/// A row: the text of its cells by field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportLine {
    /// Line of the row in the file; returned with the outcome.
    pub line: u64,
    /// The cells; empty ones may be left out.
    #[schema(value_type = BTreeMap<String, String>)]
    pub cells: BTreeMap<Field, String>,
}

/// The outcome of each row, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ImportReport {
    /// One outcome per row.
    pub rows: Vec<OutcomeLine>,
}

/// The outcome of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OutcomeLine {
    /// Line of the row in the file.
    pub line: u64,
    /// The outcome.
    pub outcome: ImportOutcome,
    /// Number of the matter, if the row is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matter: Option<String>,
    /// The faults of the row.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
    /// Remarks on cells: those that were left out because their content cannot be used, and those
    /// that may mean something else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub noted: Vec<Fault>,
}

topology::vocabulary! {
    /// What became of a row.
    #[derive(utoipa::ToSchema)]
    pub enum ImportOutcome: "outcome of a row" {
        Ready = 1, "ready", "可导入", "it can be taken in; nothing was done";
        Taken = 2, "taken", "已导入", "it is a matter now";
        Already = 3, "already", "此前已导入", "it was taken in before";
        /// Another category, text, time or place: it may be another matter. Without `skip_bad` nothing is done
        /// with the others either.
        Differs = 4, "differs", "内容不一致", "its number was taken in before, and the row says something else now";
        WentOn = 5, "went-on", "已有新进展", "it was taken in before, and the work went on in the other system since";
        Bad = 6, "bad", "有错误", "it cannot be taken in";
        Withheld = 7, "withheld", "暂缓", "it could be taken in, and was not, because another cannot";
    }
}

impl OutcomeLine {
    /// Returns the API view of the outcome of a row.
    pub fn of(line: u64, outcome: Outcomes) -> Self {
        let (outcome, matter, faults, noted) = match outcome {
            Outcomes::Ready(over) => (ImportOutcome::Ready, None, vec![], over),
            Outcomes::Taken(matter, over) => (ImportOutcome::Taken, Some(matter), vec![], over),
            Outcomes::Already(matter) => (ImportOutcome::Already, Some(matter), vec![], vec![]),
            Outcomes::Differs(matter, Difference::Content) => {
                (ImportOutcome::Differs, Some(matter), vec![], vec![])
            }
            Outcomes::Differs(matter, Difference::Progress) => {
                (ImportOutcome::WentOn, Some(matter), vec![], vec![])
            }
            Outcomes::Bad(faults) => (ImportOutcome::Bad, None, faults, vec![]),
            Outcomes::Withheld => (ImportOutcome::Withheld, None, vec![], vec![]),
        };
        Self {
            line,
            outcome,
            matter: matter.map(|matter| matter.to_string()),
            faults,
            noted,
        }
    }
}

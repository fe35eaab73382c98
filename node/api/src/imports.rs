//! Matters of other systems.

use std::collections::BTreeMap;

use domain::{
    import::{Difference, Outcomes},
    matter::Datum,
};
use serde::{Deserialize, Serialize};

use super::{Fault, Field};

/// Rows of one request at most.
pub const MOST_ROWS: usize = 200;

/// Rows to take in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportRequest {
    /// Only say what would become of each row.
    #[serde(default)]
    pub dry_run: bool,
    /// Take in the good rows beside bad ones; else nothing is done if one is bad.
    #[serde(default)]
    pub skip_bad: bool,
    /// Take every row in as reported now, whenever it was reported there: its clocks start now, and what
    /// policy sends up at once goes up.
    #[serde(default)]
    pub as_new: bool,
    /// The system of coordinates of latitude and longitude.
    #[serde(default)]
    pub coordinates: Datum,
    /// 1 to 200 rows.
    pub rows: Vec<ImportLine>,
}

/// A row: the texts of its cells, by field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportLine {
    /// Where it stands in the file, for whoever reads the answer.
    pub line: u64,
    /// Cells; those that are empty may be left out.
    #[schema(value_type = BTreeMap<String, String>)]
    pub cells: BTreeMap<Field, String>,
}

/// What became of the rows, in their order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ImportReport {
    /// One line for each row.
    pub rows: Vec<OutcomeLine>,
}

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OutcomeLine {
    /// Where it stands in the file.
    pub line: u64,
    /// What became of it.
    pub outcome: ImportOutcome,
    /// The matter it is, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matter: Option<String>,
    /// What is wrong with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
    /// What should be known of its cells: those without which it is taken in, because they hold nothing that
    /// can be used, and those that may mean something else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub noted: Vec<Fault>,
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ImportOutcome {
    /// It can be taken in; nothing was done.
    Ready,
    /// It is a matter now.
    Taken,
    /// It was taken in before.
    Already,
    /// Its number was taken in before, and the row says something else now: another category, text, time or
    /// place. It may be another matter; nothing was done, and without `skip_bad` nothing is with the others.
    Differs,
    /// It was taken in before, and the work went on in the other system since; nothing was done.
    WentOn,
    /// It cannot be taken in.
    Bad,
    /// It could be, and was not, because another cannot.
    Withheld,
}

impl OutcomeLine {
    /// What is told of a row.
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

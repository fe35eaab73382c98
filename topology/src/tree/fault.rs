//! What can be wrong with a list of divisions, and how it is said.

use std::fmt;

use crate::{CodeError, DivisionCode, Tier};

/// How many faults an error message lists.
const LISTED: usize = 20;

/// Why a directory cannot be loaded: every bad row, by line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct LoadErrors {
    /// What is wrong, by line; never empty. A row with several faults stands here once for each.
    pub rows: Vec<RowError>,
}

/// One fault of one row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct RowError {
    /// The line in the file; the first is 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: RowFault,
}

/// What can be wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowFault {
    /// The code is no division code.
    #[error("{0}")]
    Code(CodeError),
    /// The code stands on an earlier line.
    #[error("{code} already stands on line {first}")]
    Duplicate {
        /// The code.
        code: DivisionCode,
        /// The line that has it first.
        first: u64,
    },
    /// Below a province, and no ancestor of it is in the file.
    #[error("{0} has no ancestor in the file; add its province, city, county or township")]
    Orphan(DivisionCode),
    /// A tree has one root.
    #[error("{code} is a second province beside line {first}; load one province from one file")]
    SecondProvince {
        /// The code.
        code: DivisionCode,
        /// The line of the first province.
        first: u64,
    },
    /// The province is marked as having no node.
    #[error("the province cannot be without a node; remove the `no`")]
    RootWithoutNode,
    /// The name is empty.
    #[error("the name is empty")]
    EmptyName,
    /// The name is longer than 100 characters or holds a line break or another control character.
    #[error(
        "the name is longer than 100 characters or holds a control character; look for a quotation \
         mark that is not closed"
    )]
    Name,
    /// The `kind` is none of those known.
    #[error("kind `{0}` is not known; write village, community or park, or leave it empty")]
    Kind(String),
    /// A `kind` above the village tier.
    #[error("a {0} has no kind; only village-tier units do, leave it empty")]
    KindTier(Tier),
    /// The `node` is neither yes nor no.
    #[error("node `{0}` is not known; write yes or no, or leave it empty")]
    Node(String),
    /// More or fewer fields than the header.
    #[error("{found} fields where the header has {expected}; quote a name that holds a comma")]
    Fields {
        /// Fields in this row.
        found: usize,
        /// Fields in the header.
        expected: usize,
    },
    /// The header lacks a column that must be there.
    #[error(
        "the header has no column `{0}`; the first line is `code,name` or `code,name,kind,node`"
    )]
    MissingColumn(&'static str),
    /// The header has a column that is not known, or one twice.
    #[error("column `{0}` is not known or stands twice; the columns are code, name, kind and node")]
    Column(String),
    /// There is a header and nothing below it.
    #[error("the file lists no division")]
    Empty,
    /// Larger than any province.
    #[error("the file is larger than 16 MiB; load one province from one file")]
    TooLarge,
    /// The CSV reader gave up.
    #[error("not readable as CSV: {0}")]
    Csv(String),
}

impl RowFault {
    pub(super) const fn on(self, line: u64) -> RowError {
        RowError { line, reason: self }
    }
}

impl fmt::Display for LoadErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.rows.len();
        let faults = if count == 1 {
            "1 fault"
        } else {
            &format!("{count} faults")
        };
        write!(f, "{faults} in the list of divisions, nothing was loaded")?;
        for row in self.rows.iter().take(LISTED) {
            write!(f, "\n  {row}")?;
        }
        match count.saturating_sub(LISTED) {
            0 => Ok(()),
            more => write!(f, "\n  … and {more} more"),
        }
    }
}

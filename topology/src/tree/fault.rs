//! The faults a list of divisions can have, and their messages.

use std::fmt;

use crate::{CodeError, DivisionCode, Tier};

/// Most faults that an error message lists.
const LISTED: usize = 20;

/// The reason why a directory cannot be loaded: the faults of every bad row, by line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct LoadErrors {
    /// The faults, by line; never empty. A row with several faults is here once for each.
    pub rows: Vec<RowError>,
}

/// One fault of one row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct RowError {
    /// Number of the line in the file, from 1.
    pub line: u64,
    /// The fault.
    pub reason: RowFault,
}

/// The faults a row can have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowFault {
    /// The code is not a division code.
    #[error("{0}")]
    Code(CodeError),
    /// The code is already on an earlier line.
    #[error("{code} is already on line {first}")]
    Duplicate {
        /// The code.
        code: DivisionCode,
        /// The line that has it first.
        first: u64,
    },
    /// The division is below a province, and the file has no ancestor of it.
    #[error("{0} has no ancestor in the file; add its province, city, county or township")]
    Orphan(DivisionCode),
    /// The file has a second province; a tree has one root.
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
    /// The `kind` is not a known one.
    #[error("kind `{0}` is not known; write village, community or park, or leave it empty")]
    Kind(String),
    /// A division above the village tier has a `kind`.
    #[error("a {0} has no kind; only village-tier units have one, so leave it empty")]
    KindTier(Tier),
    /// The `node` is neither yes nor no.
    #[error("node `{0}` is not known; write yes or no, or leave it empty")]
    Node(String),
    /// The row has more or fewer fields than the header.
    #[error("{found} fields where the header has {expected}; quote a name that holds a comma")]
    Fields {
        /// Number of fields in this row.
        found: usize,
        /// Number of fields in the header.
        expected: usize,
    },
    /// The header lacks a required column.
    #[error(
        "the header has no column `{0}`; the first line is `code,name` or `code,name,kind,node`"
    )]
    MissingColumn(&'static str),
    /// The header has an unknown column, or one column twice.
    #[error("column `{0}` is unknown or appears twice; the columns are code, name, kind and node")]
    Column(String),
    /// There is a header but nothing below it.
    #[error("the file lists no division")]
    Empty,
    /// The file is larger than any province: more than 16 MiB.
    #[error("the file is larger than 16 MiB; load one province from one file")]
    TooLarge,
    /// The CSV reader failed.
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

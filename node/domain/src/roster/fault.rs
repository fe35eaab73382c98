//! What can be wrong with a row of a roster.

use super::{Column, Row};
use crate::{
    department::BadDepartment,
    people::{BadAccount, BadRoles},
};

/// A fault in a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The column.
    pub column: Column,
    /// The text of the cell, at most 60 characters.
    pub value: String,
    /// What is wrong.
    pub why: Why,
}

impl Fault {
    /// Returns the fault of a cell with this text.
    pub fn new(column: Column, value: &str, why: impl Into<Why>) -> Self {
        Self {
            column,
            value: value.chars().take(60).collect(),
            why: why.into(),
        }
    }

    /// Returns the fault of a cell of a row.
    pub fn of(row: &Row, column: Column, why: Why) -> Self {
        let value = row.cells.get(&column).map_or("", String::as_str);
        Self::new(column, value, why)
    }
}

/// Why a cell is not taken. What to do stands after the last semicolon.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// It is empty and must not be.
    #[error("it is empty; fill it in")]
    Missing,
    /// It begins like a formula, which is data for a spreadsheet to run.
    #[error("it begins like a formula; write the text itself")]
    Formula,
    /// A name or a login that cannot be one.
    #[error(transparent)]
    Account(#[from] BadAccount),
    /// No role has this name.
    #[error(
        "there is no such role; write its name or code, such as 网格员 or grid-worker, with commas between several"
    )]
    Role,
    /// Two of the roles exclude each other.
    #[error(transparent)]
    Roles(#[from] BadRoles),
    /// Whoever opens accounts grants no roles.
    #[error(
        "whoever opens accounts grants no roles; leave the cell empty, or leave the roles to a security \
         administrator, who reads the same sheet afterwards"
    )]
    NotYours,
    /// The account does not exist yet, so it is granted no roles.
    #[error("there is no such account yet; a system administrator reads the sheet first")]
    NoAccount,
    /// The reader may not grant one of the roles.
    #[error(transparent)]
    Grant(#[from] crate::people::BadGrant),
    /// No grid has this name or number.
    #[error("there is no such grid; draw it first, or correct the name")]
    Grid,
    /// Several grids have this name.
    #[error("several grids have this name; write the number of the grid")]
    Grids,
    /// The grid has as many members as it may have.
    #[error("this grid has {most} members, and more are not taken; split it", most = crate::people::Grid::MOST_MEMBERS)]
    GridFull,
    /// It is not the code of a department.
    #[error(transparent)]
    Department(BadDepartment),
    /// A spreadsheet shortened the number.
    #[error(
        "a spreadsheet shortened this number; format the column as text (文本) and fill it in again"
    )]
    Shortened,
    /// Its bytes or its format do not say what was typed.
    #[error(
        "this may not be what was typed; format the column as text (文本) and fill it in again"
    )]
    Doubtful,
    /// The row goes on beyond the last heading.
    #[error(
        "the row has more cells than the table has columns; remove what stands beside the table"
    )]
    Beyond,
    /// The account has open matters, and the cell does not say who takes them.
    #[error(
        "this account has {0} open matters; write who takes them: a login, 部门 (department), 指挥室 (nobody) or 不交接 (leave)"
    )]
    HasMatters(usize),
    /// There is no account to close.
    #[error("there is no account with this login, so none is closed; remove the row")]
    NobodyToClose,
    /// No account takes the matters of this one.
    #[error(
        "nobody can take the matters by this; write the login of an open account that handles matters, or 部门 (department), 指挥室 (nobody), 不交接 (leave)"
    )]
    NoSuccessor,
    /// Whoever takes the matters leaves as well.
    #[error("this account is closed by the same sheet; name somebody who stays")]
    Leaves,
    /// So many matters were not handed over, the first because of this.
    #[error(
        "{0} open matters were not handed over ({1}), so the account is open; close it on its page"
    )]
    NotHandedOver(usize, String),
    /// The sheet closes more accounts than one may.
    #[error("a sheet closes at most {most} accounts; divide it", most = super::MOST_CLOSED)]
    TooManyClosed,
    /// A row before has the same login: its line.
    #[error("line {0} has the same login; give each person one of their own, or remove one row")]
    Twice(u64),
    /// The login belongs to somebody of another name.
    #[error("this login belongs to {0}; use another")]
    Taken(String),
    /// The account of this person is closed.
    #[error("this person's account is closed; open it again instead")]
    Closed,
}

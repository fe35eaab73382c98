//! What can be wrong with a row of a roster.

use super::Column;
use crate::{
    department::BadDepartment,
    people::{BadAccount, BadRoles},
    rows::{self, BadCell},
};

/// A fault in a cell of a roster.
pub type Fault = rows::Fault<Column, Why>;

/// Why a cell is not taken. What to do stands after the last semicolon.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// It is not what a cell of any sheet must be.
    #[error(transparent)]
    Cell(#[from] BadCell),
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
    /// The grid has as many members as it may have.
    #[error("this grid has {most} members, and more are not taken; split it", most = crate::people::Grid::MOST_MEMBERS)]
    GridFull,
    /// It is not the code of a department.
    #[error(transparent)]
    Department(BadDepartment),
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
    #[error(
        "this login belongs to {0}; use another, or write that name in 原姓名 (former-name) if the person has a new one"
    )]
    Taken(String),
    /// The account of this person is closed, and the sheet does not open it again.
    #[error(
        "this person's account is closed; write 启用 (open) in 状态 (state) and have accounts changed, or remove the row"
    )]
    Closed,
    /// The state says something else than that the account is opened again.
    #[error(
        "a state is 启用 (open) or empty; who takes the matters of a closed account stands in 停用 (close)"
    )]
    State,
    /// The row opens the account again and closes it.
    #[error("the row opens the account again and closes it; empty one of the cells")]
    OpensAndCloses,
    /// There is no account to rename.
    #[error(
        "there is no account with this login, so nobody is renamed; correct the login, or empty the cell"
    )]
    NobodyToRename,
}

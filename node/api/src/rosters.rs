//! Accounts from a sheet.

use std::collections::BTreeMap;

use domain::roster::Column;
use serde::{Deserialize, Serialize};

/// The rows of a sheet of accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RosterRequest {
    /// Only returns what would become of each row; changes nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// Does what the right rows say although others have faults; otherwise one fault stops them all.
    #[serde(default)]
    pub only_right: bool,
    /// Leaves the roles of the sheet to whoever grants them, who reads it afterwards; otherwise a role is a
    /// fault where accounts are opened.
    #[serde(default)]
    pub without_roles: bool,
    /// Also changes accounts that people have: department, telephone and grids as far as their cells are not empty (`无` or
    /// `-` for none); the name, if `former-name` has the one so far; and a closed account is opened again if `state` is `open`,
    /// with a first password and the roles that it had. Where roles are granted, an account gets exactly the roles of its row.
    /// Otherwise nothing is taken from anybody.
    #[serde(default)]
    pub change: bool,
    /// The rows, 1 to 500.
    pub rows: Vec<RosterLine>,
}

/// A row: the text of its cells by column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RosterLine {
    /// Line of the row in the file; returned with the outcome.
    pub line: u64,
    /// The cells; empty ones may be left out.
    #[schema(value_type = BTreeMap<String, String>)]
    pub cells: BTreeMap<Column, String>,
}

/// What became of each row, in order.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RosterReport {
    /// One line per row.
    pub rows: Vec<RosterOutcomeLine>,
}

/// What became of a row.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RosterOutcomeLine {
    /// Line of the row in the file.
    pub line: u64,
    /// The outcome.
    pub outcome: RosterOutcome,
    /// Number of the account, if the person has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<u64>,
    /// The first password of an account that was opened, or opened again, with which the person can only set one of their own. Shown
    /// once: a repeated request does not get it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = Password)]
    pub password: Option<String>,
    /// What changes, or was changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<RosterChange>,
    /// Open matters of an account that the row closes; after it was closed, those that were handed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matters: Option<usize>,
    /// The faults of the row.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<RosterFault>,
}

/// What changes in a column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RosterChange {
    /// The column.
    pub column: Column,
    /// What it is before: codes of roles, names of grids, `open` or `closed`; empty for nothing.
    pub before: String,
    /// What it becomes.
    pub after: String,
}

/// A fault in a cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RosterFault {
    /// The column.
    pub column: Column,
    /// The text of the cell, at most 60 characters.
    pub value: String,
    /// What is wrong, in the language of the request.
    pub reason: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

topology::vocabulary! {
    /// What became of a row of a sheet of accounts.
    #[derive(utoipa::ToSchema)]
    pub enum RosterOutcome: "outcome of a row of accounts" {
        Ready = 1, "ready", "可以办", "it has no fault; nothing was done";
        Opened = 2, "opened", "已开账号", "the account was opened";
        Granted = 3, "granted", "已授角色", "the roles were granted";
        Already = 4, "already", "此前已有", "it was so already";
        Bad = 5, "bad", "有错误", "it has a fault";
        Withheld = 6, "withheld", "暂缓", "it has no fault, and nothing was done because another row has one";
        Changed = 7, "changed", "已修改", "the account was changed";
        Closed = 8, "closed", "已停用", "its open matters were handed over, and the account was closed";
        Closes = 9, "closes", "要停用", "it closes an account, which is asked for by itself";
        Reopened = 10, "reopened", "已重新启用", "the account was opened again, with a first password";
    }
}

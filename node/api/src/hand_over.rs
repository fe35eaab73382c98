//! The open matters of somebody who leaves, and who takes them.

use serde::{Deserialize, Serialize};

use super::problem::Problem;

/// The most matters of one request.
pub const MOST_HANDED_OVER: usize = 100;

topology::vocabulary! {
    /// Who takes the open matters of an account.
    #[derive(utoipa::ToSchema)]
    pub enum HandOverTo: "taker of matters" {
        Account = 1, "account", "另一个账号", "another account";
        Department = 2, "department", "部门", "the department to which each was dispatched, or else that of the account";
        Nobody = 3, "nobody", "退回指挥室", "nobody by name: the command room dispatches them";
    }
}

/// The open matters that were dispatched to an account by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ChargedMatters {
    /// How many there are.
    pub count: usize,
    /// The numbers of the first 100, in the order in which they were reported.
    pub matters: Vec<String>,
}

/// Hands over the open matters of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandOverRequest {
    /// Who takes them.
    pub to: HandOverTo,
    /// Number or login name of the account that takes them; only with `account`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
}

/// What became of the matters, at most 100 in one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HandOverReport {
    /// How many have another handler now.
    pub handed_over: usize,
    /// Those that still have the old one, each with the reason.
    pub failed: Vec<NotHandedOver>,
    /// How many open matters the account still has, those that failed among them.
    pub left: usize,
}

/// A matter that was not handed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NotHandedOver {
    /// Number of the matter.
    pub id: String,
    /// The reason.
    pub problem: Problem,
}

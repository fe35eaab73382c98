//! The audit trail.

use data_encoding::HEXLOWER;
use domain::{
    audit::{AuditEntry, AuditHead, Ending},
    people::Permission,
};
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::Code;

/// One entry of the audit trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AuditLine {
    /// Number of the entry, from 1.
    pub n: u64,
    /// When it was made, in milliseconds since 1970.
    pub at_ms: i64,
    /// The actor: `account <number>`, `key <id>`, `os-user <uid>`, `reporter`, `stranger`, `draft`.
    pub actor: String,
    /// Source of the request: `socket`, `within`, or an address.
    pub whence: String,
    /// The permission used; absent if the action did not come through the API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission: Option<Permission>,
    /// The subject: `matter <number>`, `account <number>`, `grid <number>`, `key <id>`, `template
    /// <key>`, `webhook <id>`, `alarm <kind>`, `disclosure <id>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Outcome of the action.
    pub ending: Ending,
    /// Further details, such as the roles that were granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl From<&AuditEntry> for AuditLine {
    fn from(entry: &AuditEntry) -> Self {
        Self {
            n: entry.n,
            at_ms: entry.at.0,
            actor: entry.actor.to_string(),
            whence: entry.whence.to_string(),
            permission: entry.permission,
            subject: entry.subject.as_ref().map(ToString::to_string),
            ending: entry.ending,
            detail: entry.detail.clone(),
        }
    }
}

/// A page of the audit trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AuditPage {
    /// The entries, ordered by number.
    pub entries: Vec<AuditLine>,
    /// Send this as `after` to get the next page; absent on the last page. With a filter a page may be
    /// short, or empty, and still have a next one: a page reads at most 20,000 entries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Which entries of the audit trail, and which page of them. What is left out filters nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Continues after the entry with this number; from the first if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// The most entries on the page, 1 to 1,000; 100 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// Who acted: the number of an account, or as an entry has it, such as `key <id>` or `reporter`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// The permission that was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub permission: Option<Permission>,
    /// The outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub ending: Option<Ending>,
    /// What it was about: the number of a matter, or as an entry has it, such as `account <number>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// It was about a matter that was reported in this division or below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<Code>)]
    pub origin: Option<DivisionCode>,
    /// On this day or later, in Asia/Shanghai, such as 2026-03-01.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// On this day or earlier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// Which entries of the audit trail are exported. What is left out filters nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditExport {
    /// Begins after the entry with this number; with the first if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// Who acted: the number of an account, or as an entry has it, such as `key <id>` or `reporter`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// The permission that was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permission: Option<Permission>,
    /// The outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ending: Option<Ending>,
    /// What it was about: the number of a matter, or as an entry has it, such as `account <number>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// It was about a matter that was reported in this division or below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Code>)]
    pub origin: Option<DivisionCode>,
    /// On this day or later, in Asia/Shanghai, such as 2026-03-01.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// On this day or earlier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// An audit trail that passed its check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct AuditSeal {
    /// Number of entries.
    pub entries: u64,
    /// Digest of the last entry, 64 hexadecimal digits. Keep a copy elsewhere: only a comparison
    /// with it shows that no entries were cut off at the end.
    pub digest: String,
}

impl From<AuditHead> for AuditSeal {
    fn from(head: AuditHead) -> Self {
        Self {
            entries: head.entries,
            digest: HEXLOWER.encode(&head.digest),
        }
    }
}

//! The audit trail: who did what, when, and from where. Each entry contains the digest of the one
//! before, so no entry can be changed, removed or inserted without changing all later ones.
//!
//! An entry names accounts, keys and subjects by their ids; it contains no name of a person and no
//! text that a person wrote.

mod filter;

use core::net::{IpAddr, Ipv6Addr};

use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{
    actor::Actor,
    alarm::AlarmKind,
    board::{BoardCode, PostId},
    disclosure::DisclosureId,
    hook::HookId,
    ids::MatterId,
    people::{AccountId, ApiKeyId, GridId, Permission},
    points::{HouseholdId, RatingId},
    suite::{Digest, Suite},
    time::Timestamp,
};

pub use filter::{ActorText, AuditFilter, BadAuditName};

/// The origin of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Whence {
    /// The control socket.
    Socket,
    /// A network address.
    Address(IpAddr),
    /// Within the process.
    Within,
}

impl Whence {
    /// Returns the network of a household or office: the /64 of an IPv6 address; anything else
    /// unchanged.
    #[must_use]
    pub fn network(self) -> Self {
        match self {
            Self::Address(IpAddr::V6(six)) => {
                let upper = u128::from(six) & !u128::from(u64::MAX);
                Self::Address(Ipv6Addr::from(upper).into())
            }
            other => other,
        }
    }
}

/// The subject of an action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// A matter.
    Matter(MatterId),
    /// An account.
    Account(AccountId),
    /// A grid.
    Grid(GridId),
    /// An API key.
    Key(ApiKeyId),
    /// A template, by issuer, kind and name.
    Template(String),
    /// A webhook.
    Hook(HookId),
    /// An alarm.
    Alarm(AlarmKind),
    /// A disclosure.
    Disclosure(DisclosureId),
    /// A post on a board, with the board.
    Post(BoardCode, PostId),
    /// A household.
    Household(HouseholdId),
    /// A rating, with its household.
    Rating(HouseholdId, RatingId),
}

topology::vocabulary! {
    /// The ending of an action.
    #[derive(utoipa::ToSchema)]
    #[schema(as = AuditEnding)]
    pub enum Ending: "ending of an action" {
        Done = 1, "done", "已完成", "it was done; the entry is part of what it wrote";
        Denied = 2, "denied", "被拒绝", "it was refused, because they may not";
        WrongPassword = 3, "wrong-password", "口令错误", "the password was wrong";
    }
}

topology::vocabulary! {
    /// Why somebody opens the contact of a reporter. The audit trail names it by its code, because an
    /// entry has no text that a person wrote.
    #[derive(utoipa::ToSchema)]
    pub enum ContactReason: "reason to open a contact" {
        Ask = 1, "ask", "询问情况", "to ask the reporter about the matter";
        Visit = 2, "visit", "约定上门", "to arrange a visit";
        Tell = 3, "tell", "告知进展或结果", "to tell the reporter how the matter stands";
        CallBack = 4, "call-back", "回访", "to ask the reporter whether it is solved";
        Danger = 5, "danger", "紧急救助", "somebody may be in danger";
        Law = 6, "law", "依法查证", "an inquiry that the law demands";
    }
}

/// One line of the audit trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Its number; 1 for the first.
    pub n: u64,
    /// The moment, by this node's clock.
    pub at: Timestamp,
    /// The actor.
    pub actor: Actor,
    /// The place from which it was done.
    pub whence: Whence,
    /// The permission that was used; `None` for changes that did not come through an interface for
    /// people.
    pub permission: Option<Permission>,
    /// The subject of the action, if it has one.
    pub subject: Option<Subject>,
    /// Its ending.
    pub ending: Ending,
    /// Further facts for an auditor, such as the roles that were granted.
    pub detail: Option<String>,
    /// Algorithm of the digests.
    pub suite: Suite,
    /// Digest of the entry before; zeros for the first.
    pub previous: Digest,
}

/// The end of the audit trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditHead {
    /// The number of entries so far.
    pub entries: u64,
    /// Digest of the last entry; zeros if there is none.
    pub digest: Digest,
}

impl AuditHead {
    /// The end before the first entry.
    pub const EMPTY: Self = Self {
        entries: 0,
        digest: [0; 32],
    };

    /// Returns the end after one more entry, whose record is `bytes`.
    ///
    /// # Errors
    /// [`BrokenTrail`] if the entry does not follow this end.
    pub fn and(
        self,
        entry: &AuditEntry,
        bytes: &[u8],
        node: DivisionCode,
    ) -> Result<Self, BrokenTrail> {
        if entry.n != self.entries + 1 {
            return Err(BrokenTrail::Missing(self.entries + 1));
        }
        if entry.previous != self.digest {
            return Err(BrokenTrail::Changed(self.entries.max(1)));
        }
        Ok(Self {
            entries: entry.n,
            digest: entry.suite.digest(&[
                b"wujitong/audit/1",
                &entry.suite.id().to_be_bytes(),
                &node.as_u64().to_be_bytes(),
                bytes,
            ]),
        })
    }
}

/// A fault of an audit trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrokenTrail {
    /// An entry is missing.
    #[error(
        "entry {0} of the audit trail is missing; compare with a backup, and tell the auditors"
    )]
    Missing(u64),
    /// An entry differs from what was written.
    #[error(
        "entry {0} of the audit trail, or its link to the next, differs from what was written; compare \
         with a backup, and tell the auditors"
    )]
    Changed(u64),
    /// Entries follow the recorded end.
    #[error(
        "the audit trail ends at entry {0}, but others follow; compare with a backup, and tell the auditors"
    )]
    Beyond(u64),
}

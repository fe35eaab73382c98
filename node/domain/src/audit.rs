//! The audit trail: who did what, when, from where. Each entry holds the digest of the one before, so
//! that none can be changed, dropped or put in between without all after it changing.
//!
//! An entry names accounts, keys and subjects by their ids; it holds nothing a person is called or
//! wrote.

use core::net::{IpAddr, Ipv6Addr};

use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{
    actor::Actor,
    alarm::AlarmKind,
    hook::HookId,
    ids::MatterId,
    people::{AccountId, ApiKeyId, Deed, GridId},
    suite::{Digest, Suite},
    time::Timestamp,
};

/// From where somebody asked.
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
    /// The household or office somebody comes from: of IPv6 the /64, else the same.
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

/// What a deed was done to.
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
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = AuditEnding)]
pub enum Ending {
    /// It was done; the entry is part of what it wrote.
    Done,
    /// They may not.
    Denied,
    /// The password was wrong.
    WrongPassword,
}

/// One line of the audit trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// 1 for the first.
    pub n: u64,
    /// When, by this node's clock.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// From where.
    pub whence: Whence,
    /// What; `None` for what was done past the edges.
    pub deed: Option<Deed>,
    /// To what.
    pub subject: Option<Subject>,
    /// How it ended.
    pub ending: Ending,
    /// What else an auditor must know, such as the roles that were granted.
    pub detail: Option<String>,
    /// Algorithm of the digests.
    pub suite: Suite,
    /// Digest of the entry before; zeros for the first.
    pub previous: Digest,
}

/// The end of the audit trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditHead {
    /// Entries so far.
    pub entries: u64,
    /// Digest of the last; zeros if there is none.
    pub digest: Digest,
}

impl AuditHead {
    /// Before the first entry.
    pub const EMPTY: Self = Self {
        entries: 0,
        digest: [0; 32],
    };

    /// The end after one more entry, whose record is `bytes`.
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

/// What is wrong with an audit trail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrokenTrail {
    /// An entry is not there.
    #[error(
        "entry {0} of the audit trail is missing; compare with a backup, and tell the auditors"
    )]
    Missing(u64),
    /// An entry is not what was written.
    #[error(
        "entry {0} of the audit trail, or what ties the next to it, is not what was written; compare \
         with a backup, and tell the auditors"
    )]
    Changed(u64),
    /// There are entries beyond the end.
    #[error(
        "the audit trail ends at entry {0}, but others follow; compare with a backup, and tell the auditors"
    )]
    Beyond(u64),
}

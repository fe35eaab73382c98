//! The audit trail: who did what, when, from where. Each entry holds the digest of the one before, so
//! that none can be changed, dropped or put in between without all after it changing.
//!
//! An entry names accounts, keys and subjects by their ids; it holds no name of a person and
//! nothing a person wrote.

use core::net::{IpAddr, Ipv6Addr};

use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{
    actor::Actor,
    alarm::AlarmKind,
    hook::HookId,
    ids::MatterId,
    people::{AccountId, ApiKeyId, GridId, Permission},
    suite::{Digest, Suite},
    time::Timestamp,
};

/// The place from which somebody asked.
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

/// The subject of a deed.
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

/// The ending of a deed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = AuditEnding)]
pub enum Ending {
    /// It was done; the entry is part of what it wrote.
    Done,
    /// It was refused, because they may not.
    Denied,
    /// The password was wrong.
    WrongPassword,
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
    /// The deed; `None` for what was done past the edges.
    pub deed: Option<Permission>,
    /// The subject of the deed, if it has one.
    pub subject: Option<Subject>,
    /// Its ending.
    pub ending: Ending,
    /// Further facts that an auditor must know, such as the roles that were granted.
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
    /// An entry is not what was written.
    #[error(
        "entry {0} of the audit trail, or what ties the next to it, is not what was written; compare \
         with a backup, and tell the auditors"
    )]
    Changed(u64),
    /// Entries follow the recorded end.
    #[error(
        "the audit trail ends at entry {0}, but others follow; compare with a backup, and tell the auditors"
    )]
    Beyond(u64),
}

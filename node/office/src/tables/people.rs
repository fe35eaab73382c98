//! Records about people.

use bytes::Bytes;
use domain::{
    audit::Subject,
    people::{AccountId, Device, HashCost, Role, SignInWay},
    record::{BASE, Record},
    suite::Digest,
    time::{Day, Timestamp},
};
use serde::{Deserialize, Serialize};

/// Counters of a node's accounts and grids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Census {
    /// Number of accounts opened so far; accounts are never removed.
    pub(crate) accounts: u32,
    pub(crate) grids: u32,
}

domain::records!(Census);

/// The stored form of a password.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PasswordHash {
    pub(crate) cost: HashCost,
    pub(crate) salt: [u8; 16],
    pub(crate) hash: [u8; 32],
    /// Whether somebody else set the password, so that its owner must set another.
    pub(crate) is_first: bool,
}

/// A password as version 5 stored it.
#[derive(Serialize, Deserialize)]
pub(crate) struct PasswordHashV5 {
    cost: HashCost,
    salt: [u8; 16],
    hash: [u8; 32],
}

domain::records!(PasswordHashV5);

impl Record for PasswordHash {
    const VERSION: u8 = BASE + 1;
    type Previous = PasswordHashV5;

    fn migrate(PasswordHashV5 { cost, salt, hash }: PasswordHashV5) -> Self {
        Self {
            cost,
            salt,
            hash,
            is_first: false,
        }
    }
}

/// A session as it is stored, under the digest of its token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) account: AccountId,
    pub(crate) credentials_version: u32,
    pub(crate) begun: Timestamp,
    pub(crate) used: Timestamp,
    /// How it began; `None` for one that an earlier program stored.
    pub(crate) way: Option<SignInWay>,
    /// The program and machine it began with, if they said what they are.
    pub(crate) device: Option<Device>,
}

/// A session as version 5 stored it.
#[derive(Serialize, Deserialize)]
pub(crate) struct SessionV5 {
    account: AccountId,
    credentials_version: u32,
    begun: Timestamp,
    used: Timestamp,
}

domain::records!(SessionV5);

impl Record for Session {
    const VERSION: u8 = BASE + 1;
    type Previous = SessionV5;

    fn migrate(old: SessionV5) -> Self {
        Self {
            account: old.account,
            credentials_version: old.credentials_version,
            begun: old.begun,
            used: old.used,
            way: None,
            device: None,
        }
    }
}

/// The last day on which somebody signed in. Nothing finer is kept longer than the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LastSignIn {
    pub(crate) day: Day,
}

domain::records!(LastSignIn);

/// The setup code of a node. A node has at most one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Setup {
    /// Digest of the code.
    pub(crate) code: Digest,
    /// The role of the account that it opens.
    pub(crate) role: Role,
    /// The user of the machine who made it.
    pub(crate) made_by: u32,
    /// When it ends.
    pub(crate) until: Timestamp,
}

domain::records!(Setup);

/// The record of an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// Time of the request.
    pub at: Timestamp,
    /// Digest of the request body.
    pub body: Digest,
    /// The subject of the request.
    pub subject: Option<Subject>,
    /// The answer; absent if the process ended before it could be stored.
    pub answer: Option<Answer>,
}

domain::records!(Done);

/// A stored answer, which is returned unchanged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// JSON, if it is stored; otherwise the subject is shown in its state at that time.
    pub body: Option<Bytes>,
}

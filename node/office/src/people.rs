//! Accounts, sessions, keys, slips and the audit trail of a node.

mod accounts;
mod audit;
mod grids;
mod hashing;
mod keyring;
mod login;
mod once;
mod passports;
mod sessions;
mod slips;
#[cfg(test)]
mod tests;
mod token;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Mutex,
};

use serde::{Deserialize, Serialize};
use topology::DivisionCode;

pub use accounts::{AccountChange, NewAccount};
pub use grids::NewGrid;
#[cfg(test)]
pub(crate) use hashing::PasswordHash;
pub use keyring::NewKey;
pub use login::NewSession;
pub use once::{Answer, Begun, Done, InHand};
pub use sessions::Known;
#[cfg(test)]
pub(crate) use sessions::Session;
pub use token::{BadToken, Token, TokenKind};

use domain::{
    audit::BrokenTrail,
    people::{
        AccountId, BadAccount, BadApiKey, BadGrant, BadGrid, BadPassword, Denied, Failures, GridId,
        Policy,
    },
    suite::Digest,
    time::Timestamp,
};
use store::record;

use super::{Office, OfficeError, keys};

/// Why people's own affairs were not done.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// They may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// They may not do it to this account.
    #[error(transparent)]
    Grant(#[from] BadGrant),
    /// Wrong, unknown or closed: which of them is not said.
    #[error(
        "this login and password do not open an account; type both again, or ask a system administrator"
    )]
    WrongLogin,
    /// Too many wrong ones.
    #[error("too many wrong passwords were given for this login; try again after {0}")]
    Locked(Timestamp),
    /// Too many passwords are being checked.
    #[error("too many people log in at this moment; try again in a few seconds")]
    Crowded,
    /// The session ended or never was.
    #[error("this session has ended; log in again")]
    NoSession,
    /// Nobody has it yet.
    #[error("the login {0} belongs to another account; take another")]
    Taken(String),
    /// No such account.
    #[error("no account {0} at this node; `wujitong account list` shows those it has")]
    NoAccount(String),
    /// Nobody here is linked to what the provider says, or their account is closed: which of them is
    /// not said.
    #[error(
        "no open account of this node is linked to who you are at the provider; ask a system \
         administrator"
    )]
    NotLinked,
    /// The account has a name at a provider already.
    #[error("this account is linked already; unlink it first")]
    LinkedAlready,
    /// Somebody else is linked to that name.
    #[error("account {0} is linked to this name already; unlink it first")]
    LinkedElsewhere(AccountId),
    /// The account has no name at any provider.
    #[error("account {0} is linked to nobody at a provider; `wujitong account link` links it")]
    Unlinked(AccountId),
    /// No such grid.
    #[error("no grid {0} at this node; `wujitong grid list` shows those it has")]
    NoGrid(GridId),
    /// A grid that somebody's account names.
    #[error("grid {0} is the grid of an account; give that account another first")]
    GridInUse(GridId),
    /// No such key.
    #[error("no API key {0} at this node; `wujitong api-key list` shows those it has")]
    NoKey(String),
    /// Too many keys.
    #[error("this node has {0} API keys; take back those nobody uses")]
    TooManyKeys(usize),
    /// An account does not fit.
    #[error(transparent)]
    Account(#[from] BadAccount),
    /// A password is not taken.
    #[error(transparent)]
    Password(#[from] BadPassword),
    /// A grid does not fit.
    #[error(transparent)]
    Grid(#[from] BadGrid),
    /// A key does not fit.
    #[error(transparent)]
    Key(#[from] BadApiKey),
    /// The division is not this node's.
    #[error("{0} is not this node's division {1} nor inside it; ask the node of that division")]
    Elsewhere(DivisionCode, DivisionCode),
    /// The key of a repetition was used for something else.
    #[error(
        "this Idempotency-Key was used for another request; take a new key for each new request"
    )]
    KeyReused,
    /// The first of two equal requests is not done yet.
    #[error("the first request with this Idempotency-Key is not done yet; ask again in a moment")]
    InHand,
    /// It was done, and its answer is not shown twice.
    #[error("this was done already, and its answer held a secret that is shown once; make another")]
    ShownOnce,
    /// The audit trail is broken.
    #[error(transparent)]
    Trail(#[from] BrokenTrail),
    /// A password could not be hashed.
    #[error(
        "the password could not be hashed ({0}); see `people.hashes` and the memory of the machine"
    )]
    Hash(String),
}

/// What an office keeps in memory about its people.
#[derive(Default)]
pub(super) struct People {
    pub(super) policy: Policy,
    /// Wrong passwords for logins nobody has, by digest of the login, so that they behave like others.
    strangers: Mutex<BTreeMap<Digest, Failures>>,
    /// Requests with a key of repetition that are being done.
    in_hand: Mutex<HashMap<Digest, ()>>,
}

/// Counts of a node's people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Census {
    /// Opened so far; none is ever taken away.
    accounts: u32,
    grids: u32,
}

domain::records!(Census);

impl Office {
    /// What this node holds its people to.
    pub const fn policy(&self) -> &Policy {
        &self.people.policy
    }

    /// Whether somebody has an account here. From the first one on, the owner of the node only runs
    /// it.
    pub async fn has_accounts(&self) -> Result<bool, OfficeError> {
        Ok(self.census().await?.accounts > 0)
    }

    async fn census(&self) -> Result<Census, OfficeError> {
        Ok(self.fetch(keys::CENSUS).await?.unwrap_or_default())
    }

    /// A durable record.
    async fn fetch<T: domain::record::Record>(&self, key: &[u8]) -> Result<Option<T>, OfficeError> {
        let store = &self.dependencies.store;
        let seen = store.get(self.me, key).await?;
        store.wait_durable(seen.generation).await?;
        Ok(seen.value.map(|bytes| record::read(&bytes)).transpose()?)
    }
}

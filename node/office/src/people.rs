//! Accounts, sessions, grids, API keys, slips and the audit trail of a node.

mod accounts;
mod audit;
mod external_identities;
mod grids;
mod hashing;
mod idempotency;
mod keyring;
mod login;
mod own;
mod own_sessions;
mod reporter_tokens;
mod roster;
mod saved_lists;
mod seen;
mod sessions;
mod setup;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Mutex,
};

use topology::DivisionCode;

use crate::services::People;

pub use crate::token::{BadToken, Token, TokenKind};
pub use accounts::{AccountChange, NewAccount};
pub use audit::{ExportRefusal, FoundEntries, MOST_EXPORTED};
pub use grids::NewGrid;
pub use idempotency::{Answer, Begun, Done, InHand, KeyReused};
pub use keyring::NewKey;
pub use login::NewSession;
pub use own_sessions::OpenSession;
pub use roster::{RosterManner, RosterOutcome};
pub use sessions::{Known, NoSession};
pub use setup::Newcomer;

use domain::{
    people::{
        AccountId, BadAccount, BadApiKey, BadGrant, BadGrid, BadPassword, Failures, GridId, Policy,
    },
    suite::Digest,
    time::Timestamp,
};

use crate::tables::people::Census;
use crate::{Fault, RefusalReason, tables};

/// The reason why something is not done with accounts, sessions, grids or keys of programs.
#[derive(Debug, thiserror::Error)]
pub enum PeopleRefusal {
    /// The caller may not do it to this account.
    #[error(transparent)]
    Grant(#[from] BadGrant),
    /// The login or password is wrong, unknown or closed; the message does not tell which.
    #[error(
        "this login and password do not open an account; type both again, or ask a system administrator"
    )]
    WrongLogin,
    /// Too many wrong passwords were tried.
    #[error("too many wrong passwords were given for this login; try again after {0}")]
    Locked(Timestamp),
    /// Too many passwords are being checked.
    #[error("too many people are logging in; try again in a few seconds")]
    Crowded,
    /// The setup code is wrong, was used, or has ended.
    #[error(
        "this setup code is wrong, was used before, or has ended; have another made where the node runs"
    )]
    WrongCode,
    /// The login belongs to another account.
    #[error("the login {0} belongs to another account; use another")]
    Taken(String),
    /// The account has open matters: the account and how many.
    #[error(
        "account {0} has {1} open matters; hand them over first with `wujitong account disable --hand-over-to`, or          leave them without a handler with --leave-matters"
    )]
    HasMatters(AccountId, usize),
    /// The account does not exist.
    #[error("no account {0} at this node; `wujitong account list` shows those it has")]
    NoAccount(String),
    /// The account has no session of this name.
    #[error("there is no session `{0}`; it has ended, or see those that are open once more")]
    NoSession(String),
    /// No account here is linked to the provider's name, or the account is closed; the message does
    /// not tell which.
    #[error(
        "no open account of this node is linked to your name at the provider; ask a system \
         administrator"
    )]
    NotLinked,
    /// The account is linked to a name already.
    #[error("this account is linked already; unlink it first")]
    LinkedAlready,
    /// Another account is linked to that name.
    #[error("account {0} is linked to this name already; unlink it first")]
    LinkedElsewhere(AccountId),
    /// The account is not linked to any provider.
    #[error("account {0} is linked to nobody at a provider; `wujitong account link` links it")]
    Unlinked(AccountId),
    /// The grid does not exist.
    #[error("no grid {0} at this node; `wujitong grid list` shows those it has")]
    NoGrid(GridId),
    /// The grid belongs to an account.
    #[error("grid {0} is the grid of an account; give that account another first")]
    GridInUse(GridId),
    /// The API key does not exist.
    #[error("no API key {0} at this node; `wujitong api-key list` shows those it has")]
    NoKey(String),
    /// The node has too many API keys.
    #[error("this node has {0} API keys; revoke those that nobody uses")]
    TooManyKeys(usize),
    /// The account is not valid.
    #[error(transparent)]
    Account(#[from] BadAccount),
    /// The password is not accepted.
    #[error(transparent)]
    Password(#[from] BadPassword),
    /// The grid is not valid.
    #[error(transparent)]
    Grid(#[from] BadGrid),
    /// The API key is not valid.
    #[error(transparent)]
    Key(#[from] BadApiKey),
    /// The division is neither this node's nor inside it.
    #[error("{0} is not this node's division {1} nor inside it; ask the node of that division")]
    Elsewhere(DivisionCode, DivisionCode),
}

impl RefusalReason for PeopleRefusal {}

/// The state that an office keeps in memory about its people.
#[derive(Default)]
pub(super) struct PeopleState {
    pub(super) policy: Policy,
    /// Wrong passwords for unknown logins, by digest. They make unknown logins behave like known
    /// ones.
    strangers: Mutex<BTreeMap<Digest, Failures>>,
    /// Running requests with an idempotency key.
    in_hand: Mutex<HashMap<Digest, ()>>,
}

impl<'o> People<'o> {
    /// Returns the rules for accounts of this node.
    pub const fn policy(self) -> &'o Policy {
        &self.0.people.policy
    }

    /// Returns whether the node has accounts. From the first one on, the node's owner may only
    /// operate it.
    pub async fn has_accounts(self) -> Result<bool, Fault> {
        Ok(self.census().await?.accounts > 0)
    }

    async fn census(self) -> Result<Census, Fault> {
        Ok(self.one::<tables::Census>(&()).await?.unwrap_or_default())
    }
}

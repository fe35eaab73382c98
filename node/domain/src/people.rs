//! People: the only place that decides who may do what.
//!
//! An account belongs to one division and acts only inside it. One table, [`reach`], holds what a
//! role may do; what it does not name is denied. [`may`] applies the table to whoever asks.

mod account;
mod grant;
mod grid;
mod key;
mod may;
mod passport;
mod password;
mod permission;
mod policy;
mod role;
#[cfg(test)]
mod tests;

pub use account::{Account, AccountId, BadAccount, BadAccountId, Login, check_name};
pub use grant::{BadGrant, may_change, may_grant, may_open};
pub use grid::{BadGrid, BadGridId, Grid, GridId};
pub use key::{ApiKey, ApiKeyId, BadApiKey};
pub use may::{Denied, Place, Who, may};
pub use passport::{
    BadClaims, BadExternalIdentity, Claims, Expected, ExternalIdentity, LEEWAY_MS, SIGN_IN_MS,
};
pub use password::{BadPassword, PasswordRules, normalised};
pub use permission::{BadPermission, Permission, Reach, reach};
pub use policy::{Failures, HashCost, LockOut, Policy, SessionTerms};
pub use role::{BadRole, BadRoles, Role, check_roles};

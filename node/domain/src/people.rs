//! People: the only place that decides who may do what.
//!
//! An account belongs to one division and acts only inside it. One table, [`reach`], lists the
//! permissions of each role; everything else is denied. [`may`] applies the table to a caller.

mod account;
mod device;
mod external_identity;
mod first_password;
mod grant;
mod grid;
mod key;
mod may;
mod password;
mod permission;
mod policy;
mod reach;
mod role;
mod saved_list;
mod sign_in_way;
#[cfg(test)]
mod tests;

pub use account::{
    Account, AccountId, AccountV5, BadAccount, BadAccountId, Login, check_name, check_phone,
};
pub use device::Device;
pub use external_identity::{
    BadClaims, BadExternalIdentity, Claims, Expected, ExternalIdentity, LEEWAY_MS, SIGN_IN_MS,
};
pub use first_password::{FIRST_HASH_COST, first_password};
pub use grant::{BadGrant, may_change, may_grant, may_open};
pub use grid::{BadGrid, BadGridId, Grid, GridId};
pub use key::{ApiKey, ApiKeyId, BadApiKey};
pub use may::{Denied, Place, Who, may};
pub use password::{BadPassword, PasswordRules, normalised};
pub use permission::Permission;
pub use policy::{Failures, HashCost, LockOut, Policy, SessionTerms};
pub use reach::{Reach, reach};
pub use role::{BadRoles, Role, check_roles};
pub use saved_list::{BadSavedList, SavedList, SavedLists};
pub use sign_in_way::SignInWay;

crate::records! {
    AccountId,
    ApiKey,
    ExternalIdentity,
    Failures,
    Grid,
    SavedLists,
}

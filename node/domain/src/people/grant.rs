//! The rules for who may open, close and change which account. The permission table says which role
//! manages accounts; the rules here say whose.

use std::collections::BTreeSet;

use super::{Account, BadRoles, Role, Who, check_roles};

/// The reason why somebody may not change or open an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadGrant {
    /// The first account of a node must be that of a system administrator.
    #[error("the first account of a node is a system administrator's; give it that role alone")]
    First,
    /// The owner of the node may only open an account for a missing administrator.
    #[error(
        "the owner of the node only names a missing administrator, one role at a time; a system \
         administrator opens all other accounts"
    )]
    Owner,
    /// The node already has an administrator of this kind.
    #[error("this node has a {0} already; ask them")]
    Seated(Role),
    /// The person who opens an account may not grant roles with it.
    #[error(
        "the person who opens an account may not grant roles; open it without roles, then ask a security administrator"
    )]
    Apart,
    /// Nobody may change their own roles or close their own account.
    #[error(
        "nobody changes their own roles or closes their own account; ask another administrator"
    )]
    Oneself,
    /// The account is that of an administrator or auditor, which only the owner may change.
    #[error(
        "accounts of administrators and auditors are changed by the owner of the node, so that nobody \
         who is watched reaches them; ask the owner"
    )]
    Protected,
    /// The account is not that of an administrator or auditor, so the owner may not change it.
    #[error(
        "the owner of the node changes accounts of administrators and auditors only; ask a system administrator"
    )]
    Unprotected,
    /// The role belongs to another pillar of the three-member rule: the role, and the administrator
    /// who grants it.
    #[error(
        "a {1} grants the role {0} and takes it; ask them, so that nobody gains another pillar alone"
    )]
    Pillar(Role, Role),
    /// Two of the roles exclude each other.
    #[error(transparent)]
    Roles(#[from] BadRoles),
}

fn is_protected(account: &Account) -> bool {
    let mut roles = account.roles.iter();
    roles.any(|role| role.is_administrator() || *role == Role::Auditor)
}

/// Decides whether an account with these roles may be opened. `seated` holds the roles of the
/// node's open accounts.
///
/// # Errors
/// [`BadGrant`].
pub fn may_open(
    who: &Who,
    roles: &BTreeSet<Role>,
    seated: &BTreeSet<Role>,
) -> Result<(), BadGrant> {
    check_roles(roles)?;
    let only = match (roles.len(), roles.first()) {
        (1, Some(role)) => Some(*role),
        _ => None,
    };
    match who {
        Who::OsUser {
            accounts: false, ..
        } => match only {
            Some(Role::SystemAdministrator) => Ok(()),
            _ => Err(BadGrant::First),
        },
        Who::OsUser { .. } => match only {
            Some(role) if role.is_administrator() && seated.contains(&role) => {
                Err(BadGrant::Seated(role))
            }
            Some(role) if role.is_administrator() => Ok(()),
            _ => Err(BadGrant::Owner),
        },
        _ if roles.is_empty() => Ok(()),
        _ => Err(BadGrant::Apart),
    }
}

/// Decides whether an account may be closed, opened again, renamed, or given a new password.
///
/// # Errors
/// [`BadGrant`].
pub fn may_change(who: &Who, target: &Account) -> Result<(), BadGrant> {
    match who {
        Who::OsUser { .. } if is_protected(target) => Ok(()),
        Who::OsUser { .. } => Err(BadGrant::Unprotected),
        Who::Account(own) if own.id == target.id => Err(BadGrant::Oneself),
        _ if is_protected(target) => Err(BadGrant::Protected),
        _ => Ok(()),
    }
}

/// Decides whether an account may be given these roles. Every role that changes must be one that
/// `who` grants ([`Role::granted_by`]).
///
/// # Errors
/// [`BadGrant`].
pub fn may_grant(who: &Who, target: &Account, roles: &BTreeSet<Role>) -> Result<(), BadGrant> {
    check_roles(roles)?;
    match who {
        Who::Account(own) if own.id == target.id => Err(BadGrant::Oneself),
        Who::Account(own) => {
            let mut changed = target.roles.symmetric_difference(roles);
            match changed.find(|role| !own.roles.contains(&role.granted_by())) {
                Some(foreign) => Err(BadGrant::Pillar(*foreign, foreign.granted_by())),
                None => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

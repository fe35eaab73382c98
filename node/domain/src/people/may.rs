//! Decides whether a caller may do something. Everything that is not allowed is denied.

use topology::{DivisionCode, Tree};

use super::{Account, ApiKey, Permission, Reach, Role, reach};
use crate::{ids::MatterId, time::Timestamp};

/// A caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// The operating-system user of the node, over the control socket.
    OsUser {
        /// Number of the user.
        uid: u32,
        /// Whether the node has accounts. Until it has, this user may do everything.
        accounts: bool,
    },
    /// A person who logged in.
    Account(Account),
    /// A person who logged in with a password that somebody else set. Until they have set one of their own
    /// they do nothing but that.
    FirstLogin(Account),
    /// A program with an API key.
    Key(ApiKey),
    /// The owner of the slip that was given for the report of this matter.
    Reporter(MatterId),
    /// An unknown caller. Reads what everybody may, and reports within the limits of policy.
    Nobody,
}

/// The place of an action, and its relation to the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The acting division.
    pub at: DivisionCode,
    /// The matter it is about, if any.
    pub matter: Option<MatterId>,
    /// Whether the caller reported the matter.
    pub reported: bool,
    /// Whether the matter that the caller reported was merged into this one; the caller may not see
    /// what others wrote in this one.
    pub absorbed: bool,
    /// Whether the matter was dispatched to the caller.
    pub charged: bool,
}

impl Place {
    /// Builds the place of an action that concerns no matter.
    pub const fn of(at: DivisionCode) -> Self {
        Self {
            at,
            matter: None,
            reported: false,
            absorbed: false,
            charged: false,
        }
    }
}

/// The reason why a caller may not do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The caller is unknown.
    #[error("the caller is unknown; log in, or send an API key")]
    Nobody,
    /// The account is closed.
    #[error("this account is closed; ask a system administrator")]
    Closed,
    /// The password of the session was set by somebody else.
    #[error(
        "somebody else set the password of this account; set one of your own, and log in with it"
    )]
    FirstPassword,
    /// The division is outside the caller's: the caller's, and the one asked for.
    #[error("{0} is where this account acts, and {1} is not inside it; act at your own division")]
    Outside(DivisionCode, DivisionCode),
    /// None of the caller's roles has the permission.
    #[error("none of your roles may do {0}; a security administrator grants roles")]
    Role(Permission),
    /// One of the caller's roles has the permission, but not for this matter.
    #[error("your roles may do {0} only to what is your own or was dispatched to you")]
    NotYours(Permission),
    /// The key does not have the permission.
    #[error("this key may not do {0}; have one made that may")]
    Key(Permission),
    /// The key has expired or was revoked.
    #[error("this key has expired or was revoked; have a new one made")]
    KeyEnded,
    /// The slip gives the rights of a reporter on its own matter.
    #[error("this slip reads, contests, rates, withdraws and adds to one matter, and nothing else")]
    ReporterToken,
    /// The node has accounts, so its owner may only operate it.
    #[error("this node has accounts, so {0} needs one; log in with `wujitong login`")]
    Operator(Permission),
}

/// Decides whether a caller may do something at a place.
///
/// # Errors
/// [`Denied`], for everything that is not explicitly allowed.
pub fn may(
    who: &Who,
    permission: Permission,
    place: &Place,
    now: Timestamp,
    tree: &Tree,
) -> Result<(), Denied> {
    if permission == Permission::Enter {
        return Ok(());
    }
    let inside = |home: DivisionCode| match tree.contains(home, place.at) {
        true => Ok(()),
        false => Err(Denied::Outside(home, place.at)),
    };
    match who {
        Who::OsUser {
            accounts: false, ..
        } => Ok(()),
        Who::OsUser { .. } => match permission {
            Permission::ViewStatus
            | Permission::CloseAlarm
            | Permission::Revoke
            | Permission::Courier
            | Permission::BackUp
            | Permission::ManageAccounts
            | Permission::ViewAccounts => Ok(()),
            _ => Err(Denied::Operator(permission)),
        },
        Who::Account(account) | Who::FirstLogin(account) if account.disabled => Err(Denied::Closed),
        Who::FirstLogin(_) if permission == Permission::OwnPassword => Ok(()),
        Who::FirstLogin(_) => Err(Denied::FirstPassword),
        Who::Account(_)
            if matches!(permission, Permission::OwnAccount | Permission::OwnPassword) =>
        {
            Ok(())
        }
        Who::Account(account) => {
            inside(account.division)?;
            within(account.roles.iter().copied(), permission, place)
        }
        Who::Key(key) if !key.is_good(now) => Err(Denied::KeyEnded),
        Who::Key(key) => {
            inside(key.division)?;
            match key.permissions.contains(&permission) && permission.is_for_programs() {
                true => Ok(()),
                false => Err(Denied::Key(permission)),
            }
        }
        Who::Reporter(matter) => {
            let own = place.matter == Some(*matter);
            let absorbed = place.absorbed && place.reported;
            match permission {
                Permission::ViewMatter
                | Permission::Contest
                | Permission::Rate
                | Permission::CommentToReporter
                    if own || absorbed =>
                {
                    Ok(())
                }
                Permission::Withdraw if own => Ok(()),
                _ => Err(Denied::ReporterToken),
            }
        }
        // The limits of policy on reports without a name are checked with the report.
        Who::Nobody if matches!(permission, Permission::Draft | Permission::Report) => Ok(()),
        Who::Nobody => Err(Denied::Nobody),
    }
}

fn within(
    roles: impl Iterator<Item = Role>,
    permission: Permission,
    place: &Place,
) -> Result<(), Denied> {
    match roles
        .map(|role| reach(role, permission))
        .max()
        .unwrap_or_default()
    {
        Reach::All => Ok(()),
        Reach::Charge if place.charged || place.reported => Ok(()),
        Reach::Own if place.reported => Ok(()),
        Reach::Charge | Reach::Own => Err(Denied::NotYours(permission)),
        Reach::None => Err(Denied::Role(permission)),
    }
}

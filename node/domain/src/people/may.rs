//! Decides whether somebody may do something. What is not allowed is denied.

use topology::{DivisionCode, Tree};

use super::{Account, ApiKey, Permission, Reach, Role, reach};
use crate::{ids::MatterId, time::Timestamp};

/// Whoever asks to do something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// The operating-system user the node runs as, over the control socket.
    OsUser {
        /// Number of the user.
        uid: u32,
        /// Whether the node has accounts. Until it has, this user may do everything.
        accounts: bool,
    },
    /// A person who logged in.
    Account(Account),
    /// A program with an API key.
    Key(ApiKey),
    /// Somebody with the slip that was given for the report of this matter.
    Reporter(MatterId),
    /// Somebody unknown.
    Nobody,
}

/// The place where something is to be done, and how whoever asks is related to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The acting division.
    pub at: DivisionCode,
    /// The matter it is about, if any.
    pub matter: Option<MatterId>,
    /// Whether whoever asks reported the matter.
    pub reported: bool,
    /// Whether the matter they reported was merged into this one; what others wrote in this one is
    /// not for them.
    pub absorbed: bool,
    /// Whether the matter was dispatched to whoever asks.
    pub charged: bool,
}

impl Place {
    /// Builds the place of something that is about no matter.
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

/// The reason why somebody may not do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// It is not known who asks.
    #[error("it is not known who asks; log in, or hand in a key")]
    Nobody,
    /// The account is closed.
    #[error("this account is closed; ask a system administrator")]
    Closed,
    /// The division is outside the one they belong to: theirs, and the one they asked for.
    #[error("{0} is where this account acts, and {1} is not inside it; act at your own division")]
    Outside(DivisionCode, DivisionCode),
    /// None of their roles may do the deed.
    #[error("none of your roles may do {0}; a security administrator grants roles")]
    Role(Permission),
    /// One of their roles may do the deed, but not to this matter.
    #[error("your roles may do {0} only to what is your own or was dispatched to you")]
    NotYours(Permission),
    /// The key does not include the deed.
    #[error("this key may not do {0}; have one made that may")]
    Key(Permission),
    /// The key has expired or was taken back.
    #[error("this key has ended or was taken back; have a new one made")]
    KeyEnded,
    /// The slip only reads and contests its own matter.
    #[error("this slip reads and contests one matter, and nothing else")]
    Slip,
    /// The node has accounts, so its owner may only run it.
    #[error("this node has accounts, so {0} needs one; log in with `wujitong login`")]
    Operator(Permission),
}

/// Decides whether somebody may do something at a place.
///
/// # Errors
/// [`Denied`], for everything that is not allowed by name.
pub fn may(
    who: &Who,
    deed: Permission,
    place: &Place,
    now: Timestamp,
    tree: &Tree,
) -> Result<(), Denied> {
    if deed == Permission::Enter {
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
        Who::OsUser { .. } => match deed {
            Permission::ViewStatus
            | Permission::CloseAlarm
            | Permission::Revoke
            | Permission::ManageAccounts
            | Permission::ViewAccounts => Ok(()),
            _ => Err(Denied::Operator(deed)),
        },
        Who::Account(account) if account.disabled => Err(Denied::Closed),
        Who::Account(_) if deed == Permission::OwnAccount => Ok(()),
        Who::Account(account) => {
            inside(account.division)?;
            within(account.roles.iter().copied(), deed, place)
        }
        Who::Key(key) if !key.is_good(now) => Err(Denied::KeyEnded),
        Who::Key(key) => {
            inside(key.division)?;
            match key.deeds.contains(&deed) && deed.is_for_programs() {
                true => Ok(()),
                false => Err(Denied::Key(deed)),
            }
        }
        Who::Reporter(matter) => match deed {
            Permission::ViewMatter | Permission::Contest
                if place.matter == Some(*matter) || (place.absorbed && place.reported) =>
            {
                Ok(())
            }
            _ => Err(Denied::Slip),
        },
        Who::Nobody => Err(Denied::Nobody),
    }
}

fn within(
    roles: impl Iterator<Item = Role>,
    deed: Permission,
    place: &Place,
) -> Result<(), Denied> {
    match roles
        .map(|role| reach(role, deed))
        .max()
        .unwrap_or_default()
    {
        Reach::All => Ok(()),
        Reach::Charge if place.charged || place.reported => Ok(()),
        Reach::Own if place.reported => Ok(()),
        Reach::Charge | Reach::Own => Err(Denied::NotYours(deed)),
        Reach::None => Err(Denied::Role(deed)),
    }
}

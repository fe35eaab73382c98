//! Accounts.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{BadRoles, GridId, Role};
use crate::{
    matter::{Department, Target},
    time::Timestamp,
};

/// The number of an account at its node. It stands in journals, in dispatches and in the audit trail,
/// where names of people do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountId(pub u64);

/// A text is not the number of an account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the number of an account; `wujitong account list` shows them")]
pub struct BadAccountId(pub String);

impl AccountId {
    /// The `n`th account of a node, opened by a process that drew `run` when it started: eleven digits, the
    /// first five of the start. An old copy that is brought back gives another start the same number once
    /// in 90,000 times.
    pub const fn new(run: u32, n: u32) -> Self {
        let start = run as u64 % 90_000 + 10_000;
        Self(start * 1_000_000 + n as u64 % 1_000_000)
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for AccountId {
    type Err = BadAccountId;

    fn from_str(text: &str) -> Result<Self, BadAccountId> {
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        let number = digits.then(|| text.parse().ok()).flatten();
        match number {
            Some(number) => Ok(Self(number)),
            None => Err(BadAccountId(text.chars().take(40).collect())),
        }
    }
}

/// What a person types to log in: 2 to 31 lower-case letters, digits, dots, dashes and underscores,
/// the first a letter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Login(Box<str>);

/// Why an account cannot be as it is said to be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAccount {
    /// Not a login.
    #[error(
        "`{0}` is not a login; take 2 to 31 lower-case letters, digits, dots, dashes and underscores, \
         the first a letter"
    )]
    Login(String),
    /// A name that is empty, too long, or has control characters.
    #[error("the name does not fit; take 1 to 60 characters on one line")]
    Name,
    /// Roles that exclude each other.
    #[error(transparent)]
    Roles(#[from] BadRoles),
}

macro_rules! word {
    ($name:ident, $fits:expr) => {
        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = BadAccount;

            fn from_str(text: &str) -> Result<Self, BadAccount> {
                let fits: fn(&str) -> bool = $fits;
                if fits(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(BadAccount::$name(text.chars().take(80).collect()))
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadAccount;

            fn try_from(text: String) -> Result<Self, BadAccount> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(word: $name) -> Self {
                word.0.into()
            }
        }
    };
}

fn plain(b: u8) -> bool {
    b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'
}

word!(Login, |text| {
    (2..=31).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| plain(b) || b == b'.' || b == b'_')
});

/// Says whether a text can be what a person or a grid is called.
///
/// # Errors
/// [`BadAccount::Name`].
pub fn check_name(name: &str) -> Result<(), BadAccount> {
    let length = name.chars().count();
    if (1..=60).contains(&length) && !name.trim().is_empty() && !name.contains(char::is_control) {
        Ok(())
    } else {
        Err(BadAccount::Name)
    }
}

/// A person at a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its number.
    pub id: AccountId,
    /// What the person types.
    pub login: Login,
    /// What people call them.
    pub name: String,
    /// Where they act.
    pub division: DivisionCode,
    /// What they are there.
    pub roles: BTreeSet<Role>,
    /// Which department posted them.
    pub department: Option<Department>,
    /// Which grid is theirs.
    pub grid: Option<GridId>,
    /// Whether nobody may log in with it any more.
    pub disabled: bool,
    /// Sessions of an earlier one have ended. Rises with every new password, new roles, and closing.
    pub era: u32,
    /// When it was opened.
    pub opened_at: Timestamp,
}

impl Account {
    /// Says whether everything about it fits together.
    ///
    /// # Errors
    /// [`BadAccount`].
    pub fn check(&self) -> Result<(), BadAccount> {
        check_name(&self.name)?;
        Ok(super::check_roles(&self.roles)?)
    }

    /// Whether something that was dispatched is for them: by their number, or to their department as a
    /// whole.
    pub fn is_charged_with(&self, target: &Target) -> bool {
        match target.officer {
            Some(officer) => officer == self.id.0,
            None => self.department.is_some() && self.department == target.department,
        }
    }
}

//! Accounts.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{BadRoles, GridId, Role};
use crate::{
    department::{Department, Target},
    record::{BASE, Record},
    time::Timestamp,
};

/// Number of an account at its node. Journals, dispatches and the audit trail contain it instead of
/// the person's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountId(pub u64);

/// The error for a text that is not an account number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the number of an account; `wujitong account list` shows them")]
pub struct BadAccountId(pub String);

impl AccountId {
    /// Builds the number of the `n`th account opened by a process that drew `run` when it started:
    /// eleven digits, of which the first five come from `run` and the last six are `n`. If an old
    /// copy of the store is restored, its next process draws the same first five digits with a
    /// probability of 1 in 90,000.
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

/// The name with which a person logs in: 2 to 31 lower-case letters, digits, dots, dashes and
/// underscores, the first a letter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Login(Box<str>);

/// The reason why an account is not valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAccount {
    /// The text is not a login.
    #[error(
        "`{0}` is not a login; use 2 to 31 lower-case letters, digits, dots, dashes and underscores, \
         the first a letter"
    )]
    Login(String),
    /// The name is empty, longer than 60 characters, or has control characters.
    #[error("the name is not valid; use 1 to 60 characters on one line")]
    Name,
    /// The telephone number is empty, longer than 40 characters, or has no digit.
    #[error("this is no telephone number; use 3 to 40 characters on one line, digits among them")]
    Phone,
    /// Two of its roles exclude each other.
    #[error(transparent)]
    Roles(#[from] BadRoles),
}

macro_rules! word {
    ($name:ident, $fits:expr) => {
        impl $name {
            /// Returns the text of the login.
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

/// Checks that a text can be the name of a person or a grid: 1 to 60 characters, not only blanks,
/// no control characters.
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

/// The account of a person at a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its number.
    pub id: AccountId,
    /// The name with which the person logs in.
    pub login: Login,
    /// Name of the person.
    pub name: String,
    /// The division they act in.
    pub division: DivisionCode,
    /// Their roles there.
    pub roles: BTreeSet<Role>,
    /// The department that posted them, if any.
    pub department: Option<Department>,
    /// Their grid, if any.
    pub grid: Option<GridId>,
    /// The telephone number at which colleagues reach them, if any.
    pub phone: Option<String>,
    /// Whether the account is closed, so that nobody may log in with it.
    pub disabled: bool,
    /// Counter that ends sessions: a session that began with a lower value has ended. It rises with
    /// every new password, change of roles and closing.
    pub credentials_version: u32,
    /// Time the account was opened.
    pub opened_at: Timestamp,
}

/// An account as version 5 stored it: without a telephone number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountV5 {
    id: AccountId,
    login: Login,
    name: String,
    division: DivisionCode,
    roles: BTreeSet<Role>,
    department: Option<Department>,
    grid: Option<GridId>,
    disabled: bool,
    credentials_version: u32,
    opened_at: Timestamp,
}

crate::records!(AccountV5);

impl Record for Account {
    const VERSION: u8 = BASE + 1;
    type Previous = AccountV5;

    fn migrate(old: AccountV5) -> Self {
        Self {
            id: old.id,
            login: old.login,
            name: old.name,
            division: old.division,
            roles: old.roles,
            department: old.department,
            grid: old.grid,
            phone: None,
            disabled: old.disabled,
            credentials_version: old.credentials_version,
            opened_at: old.opened_at,
        }
    }
}

/// Checks that a text can be a telephone number: 3 to 40 characters on one line, digits among them.
///
/// # Errors
/// [`BadAccount::Phone`].
pub fn check_phone(phone: &str) -> Result<(), BadAccount> {
    let length = phone.chars().count();
    let has_digit = phone.contains(|c: char| c.is_ascii_digit());
    match (3..=40).contains(&length) && has_digit && !phone.contains(char::is_control) {
        true => Ok(()),
        false => Err(BadAccount::Phone),
    }
}

impl Account {
    /// Checks its name, its telephone number and its roles.
    ///
    /// # Errors
    /// [`BadAccount`].
    pub fn check(&self) -> Result<(), BadAccount> {
        check_name(&self.name)?;
        self.phone.as_deref().map_or(Ok(()), check_phone)?;
        Ok(super::check_roles(&self.roles)?)
    }

    /// Returns whether this dispatch target is the account: it names the account's number, or no
    /// officer but the account's department.
    pub fn is_charged_with(&self, target: &Target) -> bool {
        match target.officer {
            Some(officer) => officer == self.id.0,
            None => self.department.is_some() && self.department == target.department,
        }
    }
}

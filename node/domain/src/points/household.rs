//! Households of a division.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::BadRating;
use crate::{
    foreign::plain_line,
    people::{AccountId, GridId},
    record::{BASE, Record},
    suite::Digest,
    time::Timestamp,
};

/// The most characters of a household's name.
pub const MOST_NAME: usize = 40;

/// The most households that are added at a time.
pub const MOST_ADDED: usize = 50;

/// The most accounts that see the record of a household.
pub const MOST_ACCOUNTS: usize = 10;

/// The most persons of a household.
pub const MOST_PERSONS: u16 = 99;

/// The greatest number of a household.
pub const MOST_NUMBER: u32 = 99_999;

/// Number of a household at its node, from 1. It stands beside its code on the door, and is no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HouseholdId(pub u32);

/// The error for a text that is no number of a household.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the number of a household; it stands beside the code on its door")]
pub struct BadHouseholdId(pub String);

impl fmt::Display for HouseholdId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for HouseholdId {
    type Err = BadHouseholdId;

    fn from_str(text: &str) -> Result<Self, BadHouseholdId> {
        let trimmed = text.trim();
        let digits = trimmed.bytes().all(|b| b.is_ascii_digit());
        let number = digits.then(|| trimmed.parse().ok()).flatten();
        match number.filter(|number| *number > 0) {
            Some(number) => Ok(Self(number)),
            None => Err(BadHouseholdId(text.chars().take(40).collect())),
        }
    }
}

/// A household.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Household {
    /// Its number.
    pub id: HouseholdId,
    /// The name of its head, 1 to [`MOST_NAME`] characters, or what [`Household::unnamed`] says. Whoever may see households
    /// reads it; everybody does where it is on a public list.
    pub name: Box<str>,
    /// The grid it is in, if any.
    pub grid: Option<GridId>,
    /// The accounts that see its record, at most [`MOST_ACCOUNTS`].
    pub accounts: BTreeSet<AccountId>,
    /// How many persons it has, 1 to [`MOST_PERSONS`], if that is known.
    pub persons: Option<u16>,
    /// Digest of the slip that opens its record; `None` if none was made.
    pub slip: Option<Digest>,
    /// When it was added.
    pub added_at: Timestamp,
    /// Whether it moved away: it is rated and counted no more.
    pub gone: bool,
}

/// A household as version 5 stored it: with one account, and without the number of its persons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HouseholdV5 {
    id: HouseholdId,
    name: Box<str>,
    grid: Option<GridId>,
    account: Option<AccountId>,
    slip: Option<Digest>,
    added_at: Timestamp,
    gone: bool,
}

crate::records!(HouseholdV5);

impl Record for Household {
    const VERSION: u8 = BASE + 1;
    type Previous = HouseholdV5;

    fn migrate(old: HouseholdV5) -> Self {
        Self {
            id: old.id,
            name: old.name,
            grid: old.grid,
            accounts: old.account.into_iter().collect(),
            persons: None,
            slip: old.slip,
            added_at: old.added_at,
            gone: old.gone,
        }
    }
}

/// A change of a household; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HouseholdChange {
    /// The name of its head.
    pub name: Option<String>,
    /// Its grid; `Some(None)` takes it out of one.
    pub grid: Option<Option<GridId>>,
    /// The accounts that see its record.
    pub accounts: Option<BTreeSet<AccountId>>,
    /// How many persons it has; `Some(None)` if that is not known.
    pub persons: Option<Option<u16>>,
    /// Whether it moved away.
    pub gone: Option<bool>,
}

impl Household {
    /// Makes a household.
    ///
    /// # Errors
    /// [`BadRating::Name`].
    pub fn new(
        id: HouseholdId,
        name: &str,
        grid: Option<GridId>,
        added_at: Timestamp,
    ) -> Result<Self, BadRating> {
        Ok(Self {
            name: check_name(name)?,
            grid,
            ..Self::numbered(id, added_at)
        })
    }

    /// Makes a household whose head nobody named.
    pub fn numbered(id: HouseholdId, added_at: Timestamp) -> Self {
        Self {
            id,
            name: Self::unnamed(id).into(),
            grid: None,
            accounts: BTreeSet::new(),
            persons: None,
            slip: None,
            added_at,
            gone: false,
        }
    }

    /// Returns what a household is called whose head nobody named: `12号`.
    pub fn unnamed(id: HouseholdId) -> String {
        format!("{id}号")
    }

    /// Changes it.
    ///
    /// # Errors
    /// [`BadRating::Name`], [`BadRating::Accounts`], [`BadRating::Persons`].
    pub fn change(&mut self, change: HouseholdChange) -> Result<(), BadRating> {
        if let Some(name) = change.name {
            self.name = check_name(&name)?;
        }
        self.grid = change.grid.unwrap_or(self.grid);
        if let Some(accounts) = change.accounts {
            if accounts.len() > MOST_ACCOUNTS {
                return Err(BadRating::Accounts);
            }
            self.accounts = accounts;
        }
        if let Some(persons) = change.persons {
            if persons.is_some_and(|persons| !(1..=MOST_PERSONS).contains(&persons)) {
                return Err(BadRating::Persons);
            }
            self.persons = persons;
        }
        self.gone = change.gone.unwrap_or(self.gone);
        Ok(())
    }

    /// Returns whether a slip of this digest opens its record.
    pub fn opens(&self, slip: &Digest) -> bool {
        self.slip.as_ref() == Some(slip)
    }
}

pub(super) fn check_name(name: &str) -> Result<Box<str>, BadRating> {
    let name = plain_line(name);
    match (1..=MOST_NAME).contains(&name.chars().count()) {
        true => Ok(name.into()),
        false => Err(BadRating::Name),
    }
}

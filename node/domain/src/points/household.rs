//! Households of a division.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::BadRating;
use crate::{
    foreign::plain_line,
    people::{AccountId, GridId},
    suite::Digest,
    time::Timestamp,
};

/// The most characters of a household's name.
pub const MOST_NAME: usize = 40;

/// The most households that are added at a time.
pub const MOST_ADDED: usize = 50;

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
    /// The name of its head, 1 to [`MOST_NAME`] characters. Whoever may see households reads it; everybody does where it
    /// is on a public list.
    pub name: Box<str>,
    /// The grid it is in, if any.
    pub grid: Option<GridId>,
    /// The account that sees its record, if any.
    pub account: Option<AccountId>,
    /// Digest of the slip that opens its record; `None` if none was made.
    pub slip: Option<Digest>,
    /// When it was added.
    pub added_at: Timestamp,
    /// Whether it moved away: it is rated and counted no more.
    pub gone: bool,
}

/// A change of a household; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HouseholdChange {
    /// The name of its head.
    pub name: Option<String>,
    /// Its grid; `Some(None)` takes it out of one.
    pub grid: Option<Option<GridId>>,
    /// Its account; `Some(None)` takes it away.
    pub account: Option<Option<AccountId>>,
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
            id,
            name: check_name(name)?,
            grid,
            account: None,
            slip: None,
            added_at,
            gone: false,
        })
    }

    /// Changes it.
    ///
    /// # Errors
    /// [`BadRating::Name`].
    pub fn change(&mut self, change: HouseholdChange) -> Result<(), BadRating> {
        if let Some(name) = change.name {
            self.name = check_name(&name)?;
        }
        self.grid = change.grid.unwrap_or(self.grid);
        self.account = change.account.unwrap_or(self.account);
        self.gone = change.gone.unwrap_or(self.gone);
        Ok(())
    }

    /// Returns whether a slip of this digest opens its record.
    pub fn opens(&self, slip: &Digest) -> bool {
        self.slip.as_ref() == Some(slip)
    }
}

fn check_name(name: &str) -> Result<Box<str>, BadRating> {
    let name = plain_line(name);
    match (1..=MOST_NAME).contains(&name.chars().count()) {
        true => Ok(name.into()),
        false => Err(BadRating::Name),
    }
}

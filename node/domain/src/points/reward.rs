//! What a village gives for points (兑换): goods and services of a short list that the village keeps.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::BadExchange;
use crate::{foreign::plain_line, time::Timestamp};

/// The most rewards of a village, withdrawn ones among them.
pub const MOST_REWARDS: usize = 100;
/// The most characters of a reward's name.
pub const MOST_REWARD_NAME: usize = 40;
/// The most characters of what is counted, such as 袋.
pub const MOST_UNIT: usize = 8;
/// The most points for one of a reward.
pub const MOST_COST: u32 = 10_000;
/// The most of a reward that are left to give.
pub const MOST_STOCK: u32 = 100_000;

/// Number of a reward at its node, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RewardId(pub u32);

/// The error for a text that is no number of a reward.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the number of a reward; `wujitong points rewards` lists them")]
pub struct BadRewardId(pub String);

impl fmt::Display for RewardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for RewardId {
    type Err = BadRewardId;

    fn from_str(text: &str) -> Result<Self, BadRewardId> {
        let number = text.trim().parse().ok();
        match number.filter(|number| *number > 0) {
            Some(number) => Ok(Self(number)),
            None => Err(BadRewardId(text.chars().take(40).collect())),
        }
    }
}

/// Something that a household gets for points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reward {
    /// Its number.
    pub id: RewardId,
    /// Its name, 1 to [`MOST_REWARD_NAME`] characters. Everybody reads it.
    pub name: Box<str>,
    /// What is counted, 1 to [`MOST_UNIT`] characters, such as 袋.
    pub unit: Box<str>,
    /// Points for one, 1 to [`MOST_COST`].
    pub cost: u32,
    /// How many are left to give, at most [`MOST_STOCK`]; `None` if nobody counts them, as for a service.
    pub left: Option<u32>,
    /// Whether it is given no more.
    pub withdrawn: bool,
    /// When it was changed last.
    pub changed_at: Timestamp,
}

/// What somebody says of a reward; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RewardChange {
    /// Its name.
    pub name: Option<String>,
    /// What is counted.
    pub unit: Option<String>,
    /// Points for one.
    pub cost: Option<u32>,
    /// How many are left; `Some(None)` if nobody counts them.
    pub left: Option<Option<u32>>,
    /// Whether it is given no more.
    pub withdrawn: Option<bool>,
}

impl Reward {
    /// Makes a reward: name and points must be said; it is counted by 个 unless something else is said.
    ///
    /// # Errors
    /// [`BadExchange::Reward`].
    pub fn new(id: RewardId, said: RewardChange, at: Timestamp) -> Result<Self, BadExchange> {
        let mut reward = Self {
            id,
            name: "".into(),
            unit: "个".into(),
            cost: 0,
            left: None,
            withdrawn: false,
            changed_at: at,
        };
        reward.change(said, at)?;
        Ok(reward)
    }

    /// Changes it. Exchanges that were booked stay as they are.
    ///
    /// # Errors
    /// [`BadExchange::Reward`].
    pub fn change(&mut self, said: RewardChange, at: Timestamp) -> Result<(), BadExchange> {
        let mut new = self.clone();
        if let Some(name) = said.name {
            new.name = plain_line(&name).into();
        }
        if let Some(unit) = said.unit {
            new.unit = plain_line(&unit).into();
        }
        new.cost = said.cost.unwrap_or(new.cost);
        new.left = said.left.unwrap_or(new.left);
        new.withdrawn = said.withdrawn.unwrap_or(new.withdrawn);
        new.changed_at = at;
        let fits = (1..=MOST_REWARD_NAME).contains(&new.name.chars().count())
            && (1..=MOST_UNIT).contains(&new.unit.chars().count())
            && (1..=MOST_COST).contains(&new.cost)
            && new.left.is_none_or(|left| left <= MOST_STOCK);
        if !fits {
            return Err(BadExchange::Reward);
        }
        *self = new;
        Ok(())
    }

    /// Takes so many off what is left.
    ///
    /// # Errors
    /// [`BadExchange::Withdrawn`], [`BadExchange::TooFew`].
    pub(super) fn take(&mut self, count: u16) -> Result<(), BadExchange> {
        if self.withdrawn {
            return Err(BadExchange::Withdrawn(self.id));
        }
        if let Some(left) = self.left {
            let rest = left.checked_sub(count.into());
            self.left = Some(rest.ok_or(BadExchange::TooFew(left))?);
        }
        Ok(())
    }

    /// Puts so many back to what is left.
    pub(super) const fn put_back(&mut self, count: u16) {
        if let Some(left) = self.left {
            self.left = Some(left.saturating_add(count as u32));
        }
    }
}

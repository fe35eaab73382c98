//! Exchange of points (兑换): a household gives points for what its village rewards, at the counter. What was booked
//! never changes; it is taken back by a counter-entry only.

use std::{fmt, str::FromStr};

use data_encoding::HEXLOWER_PERMISSIVE;
use serde::{Deserialize, Serialize};

use super::{BadRating, Household, HouseholdId, MOST_NAME, MOST_REMARK, Reward, RewardId};
use crate::{
    actor::Actor,
    foreign::plain_line,
    personal::{self, Personal},
    time::{Day, Timestamp},
};

/// The most of a reward in one exchange.
pub const MOST_COUNT: u16 = 99;

/// The number of an entry in the ledger of a household: 8 random bytes, written as 16 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ExchangeId(pub [u8; 8]);

/// The error for a text that is no number of an exchange.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the number of an exchange; it has 16 of the digits 0 to 9 and a to f")]
pub struct BadExchangeId(pub String);

impl fmt::Display for ExchangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for ExchangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ExchangeId {
    type Err = BadExchangeId;

    fn from_str(text: &str) -> Result<Self, BadExchangeId> {
        let bytes = HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).ok();
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes
            .map(Self)
            .ok_or_else(|| BadExchangeId(text.chars().take(40).collect()))
    }
}

topology::vocabulary! {
    /// How a household agreed to an exchange.
    #[derive(utoipa::ToSchema)]
    pub enum ConsentKind: "consent of a household" {
        Slip = 1, "slip", "本户凭条", "its slip was shown at the counter";
        Signature = 2, "signature", "本人签字", "one of its people signed for it";
    }
}

/// How a household agreed to an exchange.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Consent {
    /// Its slip was shown at the counter, and the node checked it.
    Slip,
    /// One of its people signed for it: the name, 1 to [`MOST_NAME`] characters.
    Signature(Box<str>),
}

impl Consent {
    /// Returns its kind.
    pub const fn kind(&self) -> ConsentKind {
        match self {
            Self::Slip => ConsentKind::Slip,
            Self::Signature(_) => ConsentKind::Signature,
        }
    }
}

/// The points of a household: what it earned by ratings, and what it gave for what was offered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purse {
    /// The sum of its ratings as they stand, also of those whose time is over.
    pub earned: i64,
    /// The points of its exchanges, without those that were taken back.
    pub spent: u64,
}

impl Purse {
    /// Returns the points that it can give now. They are never below zero: what a correction took away after it
    /// was given is made up by the next ratings.
    pub fn left(&self) -> u64 {
        let earned = u64::try_from(self.earned).unwrap_or_default();
        earned.saturating_sub(self.spent)
    }

    /// Changes what was earned by the difference that a rating or a correction makes.
    pub const fn earn(&mut self, difference: i64) {
        self.earned = self.earned.saturating_add(difference);
    }
}

/// An entry in the ledger of a household: an exchange, or the counter-entry that takes one back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// Its number.
    pub id: ExchangeId,
    /// The household.
    pub household: HouseholdId,
    /// The reward.
    pub reward: RewardId,
    /// The name of the reward, as it was then.
    pub name: Box<str>,
    /// What is counted, as it was then.
    pub unit: Box<str>,
    /// How many.
    pub count: u16,
    /// The points for all of them.
    pub points: u32,
    /// The first day of the period in which it counts; a counter-entry counts in that of its exchange.
    pub period: Day,
    /// When it was booked.
    pub at: Timestamp,
    /// By whom.
    pub by: Actor,
    /// What it is.
    pub entry: Entry,
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Entry {
    /// Points were given for a reward; the household agreed like this.
    Given(Consent),
    /// An exchange is taken back, and why.
    TakenBack {
        /// The exchange.
        of: ExchangeId,
        /// Why, 1 to [`MOST_REMARK`] characters. The household reads it.
        reason: Box<str>,
    },
}

/// The sum of the exchanges of a reward in a period, without those that were taken back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExchangeSum {
    /// Number of exchanges.
    pub exchanges: u32,
    /// How many were given.
    pub count: u64,
    /// The points for them.
    pub points: u64,
}

impl ExchangeSum {
    /// Adds an exchange, or takes off the one that a counter-entry takes back.
    pub const fn enter(&mut self, entry: &Exchange) {
        let (count, points) = (entry.count as u64, entry.points as u64);
        match entry.entry {
            Entry::Given(_) => {
                self.exchanges = self.exchanges.saturating_add(1);
                self.count = self.count.saturating_add(count);
                self.points = self.points.saturating_add(points);
            }
            Entry::TakenBack { .. } => {
                self.exchanges = self.exchanges.saturating_sub(1);
                self.count = self.count.saturating_sub(count);
                self.points = self.points.saturating_sub(points);
            }
        }
    }
}

/// The reason why something is not done about an exchange.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadExchange {
    /// The rules of points or the household refuse it.
    #[error(transparent)]
    Points(#[from] BadRating),
    /// There is no such reward.
    #[error("there is no reward {0} here; `wujitong points rewards` lists them")]
    NoReward(RewardId),
    /// Something that is said of a reward cannot be.
    #[error(
        "a reward has a name of 1 to {name} characters, a unit of 1 to {unit}, 1 to {cost} points, and at most {stock} left; correct it",
        name = super::MOST_REWARD_NAME, unit = super::MOST_UNIT, cost = super::MOST_COST, stock = super::MOST_STOCK
    )]
    Reward,
    /// The list is full.
    #[error("a village has at most {most} rewards, withdrawn ones among them; change one instead", most = super::MOST_REWARDS)]
    ManyRewards,
    /// The reward was withdrawn.
    #[error("reward {0} is given no more; choose another, or put it on the list again")]
    Withdrawn(RewardId),
    /// Not so many are left.
    #[error("only {0} of it are left; give fewer, or correct what is left")]
    TooFew(u32),
    /// The number is none.
    #[error("1 to {MOST_COUNT} are given at a time; correct the number")]
    Count,
    /// The household has too few points: those that it has, and those that are needed.
    #[error("the household has {0} points to give, and {1} are needed; give fewer")]
    TooPoor(u64, u64),
    /// Nobody says how the household agreed.
    #[error(
        "say how the household agreed: with its slip, or the name of who signed, 1 to {most} characters", most = MOST_NAME
    )]
    Consent,
    /// The slip is not that of the household.
    #[error("this slip does not open household {0}; check both")]
    Slip(HouseholdId),
    /// A name or reason has something that looks like personal data.
    #[error("the household and those who look after it read this, and it has what looks like {what}; leave it out", what = topology::Term::english(*.0))]
    Told(Personal),
    /// There is no such exchange.
    #[error("there is no exchange {0} here; look at the household again")]
    NoExchange(ExchangeId),
    /// It is a counter-entry.
    #[error("exchange {0} takes another back, and stays; book a new one instead")]
    IsCounter(ExchangeId),
    /// It was taken back before.
    #[error("exchange {0} was taken back already; nothing is left of it")]
    TakenBack(ExchangeId),
}

/// What is to be booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// How many of the reward, 1 to [`MOST_COUNT`].
    pub count: u16,
    /// How the household agreed.
    pub consent: Consent,
}

fn checked(text: &str) -> Result<Box<str>, BadExchange> {
    let text = plain_line(text);
    match personal::find(&text) {
        Some((kind, _)) => Err(BadExchange::Told(kind)),
        None => Ok(text.into()),
    }
}

impl Exchange {
    /// Books an exchange: takes the points off the purse, and what is given off the reward. Nothing changes if it is
    /// refused. That a slip is the household's was checked before.
    ///
    /// # Errors
    /// [`BadExchange`].
    pub fn book(
        id: ExchangeId,
        household: &Household,
        (reward, purse): (&mut Reward, &mut Purse),
        asked: Asked,
        (by, at, period): (Actor, Timestamp, Day),
    ) -> Result<Self, BadExchange> {
        if household.gone {
            return Err(BadRating::Gone(household.id).into());
        }
        if !(1..=MOST_COUNT).contains(&asked.count) {
            return Err(BadExchange::Count);
        }
        let consent = match asked.consent {
            Consent::Slip => Consent::Slip,
            Consent::Signature(name) => {
                let name = checked(&name)?;
                if !(1..=MOST_NAME).contains(&name.chars().count()) {
                    return Err(BadExchange::Consent);
                }
                Consent::Signature(name)
            }
        };
        let points = reward.cost.saturating_mul(asked.count.into());
        let (needed, left) = (u64::from(points), purse.left());
        if needed > left {
            return Err(BadExchange::TooPoor(left, needed));
        }
        reward.take(asked.count)?;
        purse.spent += needed;
        Ok(Self {
            id,
            household: household.id,
            reward: reward.id,
            name: reward.name.clone(),
            unit: reward.unit.clone(),
            count: asked.count,
            points,
            period,
            at,
            by,
            entry: Entry::Given(consent),
        })
    }

    /// Takes an exchange back by a counter-entry: gives the points back, and puts what was given back to what is
    /// left. That it was not taken back before was checked before.
    ///
    /// # Errors
    /// [`BadExchange::IsCounter`], [`BadExchange::Points`] with [`BadRating::Reason`], [`BadExchange::Told`].
    pub fn take_back(
        &self,
        id: ExchangeId,
        (reward, purse): (Option<&mut Reward>, &mut Purse),
        reason: &str,
        (by, at): (Actor, Timestamp),
    ) -> Result<Self, BadExchange> {
        if matches!(self.entry, Entry::TakenBack { .. }) {
            return Err(BadExchange::IsCounter(self.id));
        }
        let reason = checked(reason)?;
        if !(1..=MOST_REMARK).contains(&reason.chars().count()) {
            return Err(BadRating::Reason.into());
        }
        purse.spent = purse.spent.saturating_sub(self.points.into());
        if let Some(reward) = reward {
            reward.put_back(self.count);
        }
        Ok(Self {
            id,
            at,
            by,
            entry: Entry::TakenBack {
                of: self.id,
                reason,
            },
            ..self.clone()
        })
    }
}

#[cfg(test)]
mod tests;

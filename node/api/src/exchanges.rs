//! Exchange of points: what a village rewards, and the ledgers of its households.

use domain::points::{Consent, ConsentKind, Entry, Exchange, ExchangeSum, Purse, Reward};
use serde::{Deserialize, Serialize};

/// Something that households get for points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RewardView {
    /// Its number.
    pub reward: u32,
    /// Its name.
    pub name: String,
    /// What is counted, such as 袋.
    pub unit: String,
    /// Points for one.
    pub cost: u32,
    /// How many are left to give; absent if nobody counts them, as for a service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<u32>,
    /// Whether it is given no more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withdrawn: bool,
}

impl From<&Reward> for RewardView {
    fn from(reward: &Reward) -> Self {
        Self {
            reward: reward.id.0,
            name: reward.name.to_string(),
            unit: reward.unit.to_string(),
            cost: reward.cost,
            left: reward.left,
            withdrawn: reward.withdrawn,
        }
    }
}

/// What households get for points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Rewards {
    /// The rewards, by number.
    pub rewards: Vec<RewardView>,
    /// When the list was made, in milliseconds since 1970.
    pub as_of_ms: i64,
}

/// Which rewards are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RewardsQuery {
    /// Also those that are given no more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withdrawn: bool,
}

/// A reward to put on the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddReward {
    /// Its name, 1 to 40 characters.
    pub name: String,
    /// What is counted, 1 to 8 characters; 个 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Points for one, 1 to 10,000.
    pub cost: u32,
    /// How many there are to give, at most 100,000; left out if nobody counts them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<u32>,
}

/// A change of a reward; what is left out stays. What was booked stays as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeReward {
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What is counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Points for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<u32>,
    /// How many are left to give.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<u32>,
    /// Nobody counts how many are left.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub uncounted: bool,
    /// Whether it is given no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<bool>,
}

/// An exchange to book.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExchangePoints {
    /// Number of the reward.
    pub reward: u32,
    /// How many of it, 1 to 99.
    pub count: u16,
    /// The slip of the household, which is shown at the counter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = Password)]
    pub slip: Option<String>,
    /// The name of who signs for the household, 1 to 40 characters, if its slip is not shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<String>,
}

/// A counter-entry to book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TakeBackExchange {
    /// Why the exchange is taken back, 1 to 200 characters. The household reads it.
    pub reason: String,
}

/// An entry in the ledger of a household. What was booked never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ExchangeView {
    /// Its number, 16 hexadecimal digits.
    pub number: String,
    /// The household.
    pub household: u32,
    /// Number of the reward.
    pub reward: u32,
    /// The name of the reward, as it was then.
    pub name: String,
    /// What is counted, as it was then.
    pub unit: String,
    /// How many.
    pub count: u16,
    /// The points for all of them: below zero as they were given, above if this entry gives them back.
    pub points: i64,
    /// When it was booked, in milliseconds since 1970.
    pub at_ms: i64,
    /// How the household agreed; absent in a counter-entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<ConsentKind>,
    /// Who signed for the household.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<String>,
    /// Number of the exchange that this entry takes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub takes_back: Option<String>,
    /// Why it is taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Number of the entry that takes this one back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_back_by: Option<String>,
}

impl ExchangeView {
    /// Returns an entry with the number of the one that takes it back.
    pub fn of(entry: &Exchange, taken_back_by: Option<String>) -> Self {
        let points = i64::from(entry.points);
        let mut view = Self {
            number: entry.id.to_string(),
            household: entry.household.0,
            reward: entry.reward.0,
            name: entry.name.to_string(),
            unit: entry.unit.to_string(),
            count: entry.count,
            points: -points,
            at_ms: entry.at.0,
            consent: None,
            signed_by: None,
            takes_back: None,
            reason: None,
            taken_back_by,
        };
        match &entry.entry {
            Entry::Given(consent) => {
                view.consent = Some(consent.kind());
                if let Consent::Signature(name) = consent {
                    view.signed_by = Some(name.to_string());
                }
            }
            Entry::TakenBack { of, reason } => {
                view.points = points;
                view.takes_back = Some(of.to_string());
                view.reason = Some(reason.to_string());
            }
        }
        view
    }
}

/// The points of a household.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PurseView {
    /// The sum of its ratings, also of those whose time is over.
    pub earned: i64,
    /// What it gave for what was offered.
    pub spent: u64,
    /// What it can give now.
    pub left: u64,
}

impl From<&Purse> for PurseView {
    fn from(purse: &Purse) -> Self {
        Self {
            earned: purse.earned,
            spent: purse.spent,
            left: purse.left(),
        }
    }
}

/// What points were given for in a period, without what was taken back. No household is named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RewardGivenView {
    /// Number of the reward.
    pub reward: u32,
    /// Its name.
    pub name: String,
    /// What is counted.
    pub unit: String,
    /// Number of exchanges.
    pub exchanges: u32,
    /// How many were given.
    pub count: u64,
    /// The points for them.
    pub points: u64,
}

impl RewardGivenView {
    /// Returns the sum of a reward.
    pub fn of(reward: &Reward, sum: &ExchangeSum) -> Self {
        Self {
            reward: reward.id.0,
            name: reward.name.to_string(),
            unit: reward.unit.to_string(),
            exchanges: sum.exchanges,
            count: sum.count,
            points: sum.points,
        }
    }
}

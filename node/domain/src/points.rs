//! Points and honours (积分、红黑榜): households are rated by the items of templates, ranked by period, and object to what
//! is wrong; they give points for what their village offers.
//!
//! What everybody reads is made in [`honours`], which knows no name of the black side unless the rules publish it.

mod exchange;
mod honours;
mod household;
mod rating;
mod read;
mod reward;
mod rules;
mod sheet;
mod tally;
#[cfg(test)]
mod tests;

pub use exchange::{
    Asked, BadExchange, BadExchangeId, Consent, ConsentKind, Entry, Exchange, ExchangeId,
    ExchangeSum, MOST_COUNT, Purse,
};
pub use honours::{BlackLine, Honours, RedLine, honours};
pub use household::{
    BadHouseholdId, Household, HouseholdChange, HouseholdId, HouseholdV5, MOST_ACCOUNTS,
    MOST_ADDED, MOST_NAME, MOST_NUMBER, MOST_PERSONS,
};
pub use rating::{
    BadRating, BadRatingId, MOST_CORRECTIONS, MOST_RATING_PHOTOS, MOST_REMARK, Past, Rated, Rating,
    RatingId,
};
pub(crate) use read::RawPoints;
pub use reward::{
    BadRewardId, MOST_COST, MOST_REWARD_NAME, MOST_REWARDS, MOST_STOCK, MOST_UNIT, Reward,
    RewardChange, RewardId,
};
pub use rules::{Every, Looser, Mark, PointRules, PointSheet, RatedItem};
pub use sheet::{
    BadHouseholdCell, Entered, HouseholdColumn, HouseholdFault, HouseholdRow, HouseholdsKnown,
    MOST_HOUSEHOLD_ROWS, read_households,
};
pub use tally::{Standing, Tally, rank};

crate::records! {
    Exchange,
    ExchangeId,
    ExchangeSum,
    Purse,
    Rating,
    RatingId,
    Reward,
    Tally,
}

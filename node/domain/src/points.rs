//! Points and honours (积分、红黑榜): households are rated by the items of templates, ranked by period, and object to what
//! is wrong.
//!
//! What everybody reads is made in [`honours`], which knows no name of the black side unless the rules publish it.

mod honours;
mod household;
mod rating;
mod read;
mod rules;
mod tally;
#[cfg(test)]
mod tests;

pub use honours::{BlackLine, Honours, RedLine, honours};
pub use household::{
    BadHouseholdId, Household, HouseholdChange, HouseholdId, MOST_ADDED, MOST_NAME,
};
pub use rating::{
    BadRating, BadRatingId, MOST_CORRECTIONS, MOST_RATING_PHOTOS, MOST_REMARK, Past, Rated, Rating,
    RatingId,
};
pub(crate) use read::RawPoints;
pub use rules::{Every, Looser, Mark, PointRules, PointSheet, RatedItem};
pub use tally::{Standing, Tally, rank};

//! Points and honours: households, their ratings, and what follows from them.
//!
//! A rating is a record with a place in its household and its days; the sums by period, household and item are changed
//! in the same unit, so that every ranking equals a recount.

mod exchange;
mod households;
mod own;
mod rate;
mod read;
mod retention;
mod sheet;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use domain::{
    draft::BadDraft,
    points::{BadRating, Household, HouseholdId, PointRules, Rating},
    template::{self, Template, TemplateKey, TemplateKind},
    time::Day,
};
use records::table::{Table, Tables, View};
use store::Transaction;
use topology::Tree;

pub use exchange::{LedgerLine, NewConsent, NewExchange, RewardGiven};
pub use households::NewHousehold;
pub use own::Opener;
pub use rate::NewRating;
pub use read::{HouseholdSeen, PeriodSeen, RecordSeen};
pub use sheet::{HouseholdOutcome, SheetManner};

use crate::{Failed, Fault, FileRefusal, RefusalReason, tables};

/// The reason why something is not done about points.
#[derive(Debug, thiserror::Error)]
pub enum PointsRefusal {
    /// The rules of points refuse it.
    #[error(transparent)]
    Rating(#[from] BadRating),
    /// The draft with its photos is refused.
    #[error(transparent)]
    Draft(#[from] BadDraft),
    /// A photo is refused.
    #[error(transparent)]
    File(#[from] FileRefusal),
}

impl RefusalReason for BadRating {}
impl RefusalReason for PointsRefusal {}

/// The rules in force, with the templates that they come from.
type RulesInForce = (Vec<(TemplateKey, u32)>, PointRules);

/// Returns the rules of the templates in force.
async fn rules<V: View>(
    view: &mut Tables<V>,
    tree: &Tree,
) -> Result<RulesInForce, Failed<BadRating>> {
    let found = view
        .scan(tables::TemplatesInForce::all(), usize::MAX)
        .await?;
    let found = found
        .into_iter()
        .filter(|(key, _)| key.kind == TemplateKind::Points);
    let in_force: BTreeMap<TemplateKey, Template> = found.collect();
    Ok(template::points(&in_force, tree).ok_or(BadRating::NoRules)?)
}

/// Returns a household.
async fn household<V: View>(
    view: &mut Tables<V>,
    id: HouseholdId,
) -> Result<Household, Failed<BadRating>> {
    let found = view.get::<tables::Households>(&id).await?;
    Ok(found.ok_or(BadRating::Unknown(id))?)
}

/// Returns the place of a rating in its household, the newest first.
fn place(rating: &Rating) -> (HouseholdId, u64, domain::points::RatingId) {
    let until_the_end = u64::MAX - u64::try_from(rating.at.0).unwrap_or_default();
    (rating.household, until_the_end, rating.id)
}

/// The key of the sum in which a rating counts.
fn sum_key(rating: &Rating) -> (Day, HouseholdId, String) {
    (
        rating.period.from,
        rating.household,
        rating.item.to_string(),
    )
}

/// Changes the sum in which a rating counts: takes off how it was, and adds how it is.
async fn shift(
    view: &mut Tables<Transaction>,
    was: Option<&Rating>,
    is: Option<&Rating>,
) -> Result<(), Fault> {
    let Some(one) = was.or(is) else {
        return Ok(());
    };
    let key = sum_key(one);
    let mut tally = view.get::<tables::Tallies>(&key).await?.unwrap_or_default();
    if let Some(was) = was {
        tally.take(was);
    }
    if let Some(is) = is {
        tally.add(is);
    }
    match tally == domain::points::Tally::default() {
        true => view.delete::<tables::Tallies>(&key),
        false => view.put::<tables::Tallies>(&key, &tally),
    }
    Ok(())
}

//! What everybody reads of a period, and what those read who may see a household.

use std::collections::BTreeMap;

use domain::{
    disclosure::Span,
    ids::MatterId,
    points::{
        BadRating, Honours, Household, HouseholdId, PointRules, Purse, Rating, Standing, Tally,
        honours, rank,
    },
    template::TemplateKey,
    time::Day,
};
use records::table::{Table, Tables};
use store::Snapshot;

use super::{
    exchange::{LedgerLine, RewardGiven, given, ledger, purse},
    own::{Opener, objections, opened},
    rules,
};
use crate::{Failed, Fault, services::Points, tables};

/// The most ratings of a household that are shown.
const MOST_SHOWN: usize = 200;

/// A period, with what follows from its ratings.
#[derive(Clone, Debug)]
pub struct PeriodSeen {
    /// The templates that the rules come from.
    pub templates: Vec<(TemplateKey, u32)>,
    /// The rules.
    pub rules: PointRules,
    /// The days of the period.
    pub span: Span,
    /// What everybody reads.
    pub honours: Honours,
    /// What points were given for, by reward.
    pub given: Vec<RewardGiven>,
    /// The ranking of all households, for those who may see them.
    pub standings: Vec<Standing>,
}

/// A household with its sum in the present period.
#[derive(Clone, Debug)]
pub struct HouseholdSeen {
    /// The household.
    pub household: Household,
    /// Its place, if it was rated.
    pub standing: Option<Standing>,
}

/// The record of a household.
#[derive(Clone, Debug)]
pub struct RecordSeen {
    /// The household.
    pub household: Household,
    /// The present period.
    pub span: Span,
    /// Its place in it, if it was rated.
    pub standing: Option<Standing>,
    /// Its points: earned, given, left.
    pub purse: Purse,
    /// What it gave points for, newest first; at most 200.
    pub ledger: Vec<LedgerLine>,
    /// Its ratings with the matters that object to them, newest first; at most 200.
    pub ratings: Vec<(Rating, Option<MatterId>)>,
}

/// A sum by household and item.
type Sum = (HouseholdId, Box<str>, Tally);

/// Returns the sums of a period.
async fn sums(view: &mut Tables<Snapshot>, from: Day) -> Result<Vec<Sum>, Fault> {
    let found = view.scan(tables::Tallies::under(&from), usize::MAX).await?;
    let row = |((_, household, item), tally): ((_, HouseholdId, String), Tally)| {
        (household, item.into_boxed_str(), tally)
    };
    Ok(found.into_iter().map(row).collect())
}

/// Ranks the households that are counted.
fn ranked(sums: &[Sum], names: &BTreeMap<HouseholdId, Box<str>>) -> Vec<Standing> {
    let mut totals: BTreeMap<HouseholdId, Tally> = BTreeMap::new();
    for (household, _, tally) in sums.iter().filter(|(id, ..)| names.contains_key(id)) {
        let total = totals.entry(*household).or_default();
        *total = total.plus(*tally);
    }
    rank(totals)
}

async fn names(view: &mut Tables<Snapshot>) -> Result<BTreeMap<HouseholdId, Box<str>>, Fault> {
    let all = view.scan(tables::Households::all(), usize::MAX).await?;
    let here = all.into_iter().filter(|(_, household)| !household.gone);
    Ok(here.map(|(id, household)| (id, household.name)).collect())
}

impl Points<'_> {
    /// Returns the period that a day is in.
    ///
    /// # Errors
    /// [`BadRating::NoRules`].
    pub async fn period(self, around: Day) -> Result<PeriodSeen, Failed<BadRating>> {
        let mut view = self.read()?;
        let (templates, rules) = rules(&mut view, self.tree()).await?;
        let span = rules.around(around);
        let names = names(&mut view).await?;
        let sums = sums(&mut view, span.from).await?;
        let seen = PeriodSeen {
            honours: honours(&rules, &names, &sums),
            given: given(&mut view, span.from).await?,
            standings: ranked(&sums, &names),
            templates,
            rules,
            span,
        };
        Ok(view.finish(seen).await?)
    }

    /// Returns the households that have not moved away, with their places in the present period.
    ///
    /// # Errors
    /// [`BadRating::NoRules`].
    pub async fn seen(self) -> Result<Vec<HouseholdSeen>, Failed<BadRating>> {
        let standings = match self.period(self.now().day()).await {
            Ok(period) => period.standings,
            // Households are listed before anything is rated.
            Err(Failed::Refused(BadRating::NoRules)) => vec![],
            Err(other) => return Err(other),
        };
        let places: BTreeMap<_, _> = standings
            .into_iter()
            .map(|standing| (standing.household, standing))
            .collect();
        let all = self.households().await?.into_iter();
        let row = |household: Household| HouseholdSeen {
            standing: places.get(&household.id).copied(),
            household,
        };
        Ok(all.filter(|one| !one.gone).map(row).collect())
    }

    /// Returns the record of a household to somebody who may see it.
    ///
    /// # Errors
    /// [`BadRating`].
    pub async fn record(
        self,
        id: HouseholdId,
        opener: &Opener,
    ) -> Result<RecordSeen, Failed<BadRating>> {
        let suite = self.dependencies.suite;
        let mut view = self.read()?;
        let household = opened(&mut view, id, (opener, suite)).await?;
        let (_, rules) = rules(&mut view, self.tree()).await?;
        let now = self.now();
        let span = rules.around(now.day());
        let names = names(&mut view).await?;
        let sums = sums(&mut view, span.from).await?;
        let mut standings = ranked(&sums, &names).into_iter();
        let rows = tables::RatingsOf::under(&id);
        let mut ratings = vec![];
        for ((.., rating), ()) in view.scan(rows, MOST_SHOWN).await? {
            let found = view.get::<tables::Ratings>(&rating).await?;
            if let Some(found) = found.filter(|found| !found.is_over(now)) {
                let matter = objections(&mut view, rating).await?.pop();
                ratings.push((found, matter));
            }
        }
        let seen = RecordSeen {
            standing: standings.find(|one| one.household == id),
            purse: purse(&mut view, id).await?,
            ledger: ledger(&mut view, id, MOST_SHOWN).await?,
            household,
            span,
            ratings,
        };
        Ok(view.finish(seen).await?)
    }
}

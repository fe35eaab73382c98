//! What a household sees of itself, and its objections.

use domain::{
    ids::MatterId,
    people::AccountId,
    points::{BadRating, Household, HouseholdId, RatingId},
};
use records::table::{Table, Tables, View};

use super::household;
use crate::{Failed, Fault, people::Token, services::Points, tables, unit_of_work::UnitOfWork};

/// Who opens the record of a household.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opener {
    /// Whoever has its slip.
    Slip(Token),
    /// An account.
    Account(AccountId),
    /// Somebody who may see all households.
    Clerk,
}

impl Opener {
    /// Whether they may see the record of a household.
    fn opens(&self, household: &Household, suite: domain::suite::Suite) -> bool {
        match self {
            Self::Slip(slip) => household.opens(&slip.digest(suite)),
            Self::Account(account) => household.accounts.contains(account),
            Self::Clerk => true,
        }
    }
}

/// Returns a household that somebody may see. A missing one and one that they may not see look alike.
pub(super) async fn opened<V: View>(
    view: &mut Tables<V>,
    id: HouseholdId,
    (opener, suite): (&Opener, domain::suite::Suite),
) -> Result<Household, Failed<BadRating>> {
    let found = household(view, id).await?;
    match opener.opens(&found, suite) {
        true => Ok(found),
        false => Err(BadRating::Unknown(id).into()),
    }
}

impl Points<'_> {
    /// Returns the household that an account belongs to.
    ///
    /// # Errors
    /// [`BadRating::NoHousehold`].
    pub async fn own_household(self, account: AccountId) -> Result<HouseholdId, Failed<BadRating>> {
        let all = self.households().await?;
        let own = all.iter().find(|one| one.accounts.contains(&account));
        Ok(own.map(|one| one.id).ok_or(BadRating::NoHousehold)?)
    }
}

impl UnitOfWork<'_> {
    /// Notes that a matter objects to a rating, if whoever reports it may and there is still time to.
    pub(crate) async fn note_rating_objection(
        &mut self,
        (id, opener): (RatingId, &Opener),
        matter: MatterId,
    ) -> Result<(), Failed<BadRating>> {
        let rating = self.rating(id).await?;
        let suite = self.office.dependencies.suite;
        opened(&mut self.view, rating.household, (opener, suite))
            .await
            .map_err(|failed| match failed {
                // Strangers do not learn which ratings there are.
                Failed::Refused(_) => Failed::Refused(BadRating::NoRating(id)),
                other => other,
            })?;
        rating.may_object(self.now)?;
        if let Some(known) = objections(&mut self.view, id).await?.pop() {
            return Err(BadRating::Objected(known).into());
        }
        self.view
            .put::<tables::RatingObjections>(&(id, matter), &self.now);
        Ok(())
    }
}

/// Returns the matters that object to a rating.
pub(super) async fn objections<V: View>(
    view: &mut Tables<V>,
    id: RatingId,
) -> Result<Vec<MatterId>, Fault> {
    let rows = tables::RatingObjections::under(&id);
    let found = view.scan(rows, usize::MAX).await?;
    Ok(found.into_iter().map(|((_, matter), _)| matter).collect())
}

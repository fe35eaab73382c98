//! The households of a division.

use domain::{
    audit::Subject,
    people::GridId,
    points::{BadRating, Household, HouseholdChange, HouseholdId, MOST_ADDED},
};
use records::table::Table;

use super::household;
use crate::{
    Failed, Fault, RequestContext,
    people::{Token, TokenKind},
    services::Points,
    tables,
    unit_of_work::UnitOfWork,
};

/// A household to add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewHousehold {
    /// The name of its head.
    pub name: String,
    /// Its grid, if any.
    pub grid: Option<GridId>,
}

impl Points<'_> {
    /// Adds households, in this order. All or none; durable when it returns.
    ///
    /// # Errors
    /// [`BadRating`].
    pub async fn add_households(
        self,
        new: Vec<NewHousehold>,
        by: impl Into<RequestContext>,
    ) -> Result<Vec<Household>, Failed<BadRating>> {
        if new.is_empty() || new.len() > MOST_ADDED {
            return Err(BadRating::Many.into());
        }
        let mut unit = self.begin(by).await?;
        let count = unit.view.get::<tables::HouseholdCount>(&()).await?;
        let mut count = count.unwrap_or_default();
        let mut added = vec![];
        for NewHousehold { name, grid } in new {
            unit.check_its_grid(grid).await?;
            count += 1;
            let household = Household::new(HouseholdId(count), &name, grid, unit.now)?;
            unit.put_household(&household);
            added.push(household);
        }
        unit.view.put::<tables::HouseholdCount>(&(), &count);
        unit.commit().await?;
        Ok(added)
    }

    /// Changes a household. Durable when it returns.
    ///
    /// # Errors
    /// [`BadRating`].
    pub async fn change_household(
        self,
        id: HouseholdId,
        change: HouseholdChange,
        by: impl Into<RequestContext>,
    ) -> Result<Household, Failed<BadRating>> {
        let mut unit = self.begin(by).await?;
        let mut household = household(&mut unit.view, id).await?;
        unit.check_its_grid(change.grid.flatten()).await?;
        for account in change.accounts.iter().flatten() {
            if !unit.view.has::<tables::Accounts>(account).await? {
                return Err(BadRating::Stranger.into());
            }
        }
        household.change(change)?;
        unit.put_household(&household);
        unit.commit().await?;
        Ok(household)
    }

    /// Draws a new slip that opens the record of a household; the one before opens nothing any more. Durable when it
    /// returns; the slip is kept as a digest only.
    ///
    /// # Errors
    /// [`BadRating`].
    pub async fn household_slip(
        self,
        id: HouseholdId,
        by: impl Into<RequestContext>,
    ) -> Result<Token, Failed<BadRating>> {
        let slip = self.people().new_token(TokenKind::Household);
        let mut unit = self.begin(by).await?;
        let mut household = household(&mut unit.view, id).await?;
        household.slip = Some(slip.digest(self.dependencies.suite));
        unit.put_household(&household);
        unit.commit().await?;
        Ok(slip)
    }

    /// Returns the households, those that moved away among them, by their numbers.
    ///
    /// # Errors
    /// [`Fault`] if the store does not answer.
    pub async fn households(self) -> Result<Vec<Household>, Fault> {
        let all = self.list(tables::Households::all(), usize::MAX).await?;
        Ok(all.into_iter().map(|(_, household)| household).collect())
    }

    /// Returns one household.
    ///
    /// # Errors
    /// [`BadRating::Unknown`].
    pub async fn household(self, id: HouseholdId) -> Result<Household, Failed<BadRating>> {
        let found = self.one::<tables::Households>(&id).await?;
        Ok(found.ok_or(BadRating::Unknown(id))?)
    }
}

impl UnitOfWork<'_> {
    pub(super) fn put_household(&mut self, household: &Household) {
        self.subject = Some(Subject::Household(household.id));
        self.view
            .put::<tables::Households>(&household.id, household);
    }

    async fn check_its_grid(&mut self, grid: Option<GridId>) -> Result<(), Failed<BadRating>> {
        match grid {
            Some(grid) if !self.view.has::<tables::Grids>(&grid).await? => {
                Err(BadRating::Stranger.into())
            }
            _ => Ok(()),
        }
    }
}

//! Grids of a division.

use std::collections::BTreeSet;

use domain::{
    audit::Subject,
    people::{AccountId, BadGrid, Grid, GridId},
};
use records::table::Table;

use super::PeopleRefusal;
use crate::{Failed, Fault, RequestContext, services::People, tables, unit_of_work::UnitOfWork};

/// A grid to create or change.
#[derive(Clone, Debug)]
pub struct NewGrid {
    /// Name of the grid.
    pub name: String,
    /// The accounts that look after it.
    pub members: BTreeSet<AccountId>,
    /// The number of its households.
    pub households: u32,
}

impl People<'_> {
    /// Creates a grid, or changes one.
    pub async fn set_grid(
        self,
        id: Option<GridId>,
        new: NewGrid,
        by: impl Into<RequestContext>,
    ) -> Result<Grid, Failed<PeopleRefusal>> {
        let mut unit = self.begin(by).await?;
        let id = match id {
            Some(id) => unit.grid(id).await?.id,
            None => {
                let census = unit.view.get::<tables::Census>(&()).await?;
                let mut census = census.unwrap_or_default();
                census.grids += 1;
                unit.view.put::<tables::Census>(&(), &census);
                GridId(census.grids)
            }
        };
        let grid = Grid {
            id,
            name: new.name,
            division: self.me,
            members: new.members,
            households: new.households,
        };
        grid.check().map_err(PeopleRefusal::Grid)?;
        for member in &grid.members {
            if !unit.view.has::<tables::Accounts>(member).await? {
                return Err(PeopleRefusal::Grid(BadGrid::Stranger(*member)).into());
            }
        }
        unit.subject = Some(Subject::Grid(id));
        unit.view.put::<tables::Grids>(&id, &grid);
        unit.commit().await?;
        Ok(grid)
    }

    /// Removes a grid that belongs to no account.
    pub async fn remove_grid(
        self,
        id: GridId,
        by: impl Into<RequestContext>,
    ) -> Result<(), Failed<PeopleRefusal>> {
        let mut unit = self.begin(by).await?;
        unit.grid(id).await?;
        let accounts = tables::Accounts::all();
        let accounts = unit.view.scan(accounts, usize::MAX).await?;
        if accounts.iter().any(|(_, account)| account.grid == Some(id)) {
            return Err(PeopleRefusal::GridInUse(id).into());
        }
        unit.subject = Some(Subject::Grid(id));
        unit.detail = Some("removed".to_owned());
        unit.view.delete::<tables::Grids>(&id);
        unit.commit().await?;
        Ok(())
    }

    /// Returns one grid.
    pub async fn grid(self, id: GridId) -> Result<Grid, Failed<PeopleRefusal>> {
        let found = self.one::<tables::Grids>(&id).await?;
        Ok(found.ok_or(PeopleRefusal::NoGrid(id))?)
    }

    /// Returns all grids, by number.
    pub async fn grids(self) -> Result<Vec<Grid>, Fault> {
        let grids = self.list(tables::Grids::all(), usize::MAX).await?;
        Ok(grids.into_iter().map(|(_, grid)| grid).collect())
    }
}

impl UnitOfWork<'_> {
    pub(super) async fn grid(&mut self, id: GridId) -> Result<Grid, Failed<PeopleRefusal>> {
        let found = self.view.get::<tables::Grids>(&id).await?;
        Ok(found.ok_or(PeopleRefusal::NoGrid(id))?)
    }
}

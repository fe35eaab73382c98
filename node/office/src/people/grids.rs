//! Grids of a division.

use std::collections::BTreeSet;

use domain::{
    audit::Subject,
    people::{Account, AccountId, BadGrid, Grid, GridId},
};
use store::{Range, record};

use crate::{
    Office, OfficeError, RequestContext, keys, people::PeopleError, unit_of_work::UnitOfWork,
};

/// A grid as it is to be.
#[derive(Clone, Debug)]
pub struct NewGrid {
    /// What people call it.
    pub name: String,
    /// Who looks after it.
    pub members: BTreeSet<AccountId>,
    /// How many households it has.
    pub households: u32,
}

impl Office {
    /// Draws a grid, or draws one anew.
    pub async fn set_grid(
        &self,
        id: Option<GridId>,
        new: NewGrid,
        by: impl Into<RequestContext>,
    ) -> Result<Grid, OfficeError> {
        let mut unit = self.begin(by).await?;
        let id = match id {
            Some(id) => unit.grid(id).await?.id,
            None => {
                let mut census: super::Census = unit.read(keys::CENSUS).await?.unwrap_or_default();
                census.grids += 1;
                unit.view.put(keys::CENSUS, record::write(&census));
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
        grid.check().map_err(PeopleError::Grid)?;
        for member in &grid.members {
            let known: Option<Account> = unit.read(&keys::account(*member)).await?;
            if known.is_none() {
                return Err(PeopleError::Grid(BadGrid::Stranger(*member)).into());
            }
        }
        unit.subject = Some(Subject::Grid(id));
        unit.view.put(keys::grid(id), record::write(&grid));
        unit.commit().await?;
        Ok(grid)
    }

    /// Takes a grid away that no account names.
    pub async fn remove_grid(
        &self,
        id: GridId,
        by: impl Into<RequestContext>,
    ) -> Result<(), OfficeError> {
        let mut unit = self.begin(by).await?;
        unit.grid(id).await?;
        let accounts = unit
            .view
            .scan(Range::prefix(keys::ACCOUNTS), usize::MAX, false)
            .await?;
        for (_, bytes) in accounts {
            if record::read::<Account>(&bytes)?.grid == Some(id) {
                return Err(PeopleError::GridInUse(id).into());
            }
        }
        unit.subject = Some(Subject::Grid(id));
        unit.detail = Some("removed".to_owned());
        unit.view.delete(keys::grid(id));
        unit.commit().await?;
        Ok(())
    }

    /// One grid.
    pub async fn grid(&self, id: GridId) -> Result<Grid, OfficeError> {
        let found = self.fetch(&keys::grid(id)).await?;
        Ok(found.ok_or(PeopleError::NoGrid(id))?)
    }

    /// All grids, by number.
    pub async fn grids(&self) -> Result<Vec<Grid>, OfficeError> {
        let store = &self.dependencies.store;
        let range = Range::prefix(keys::GRIDS);
        let seen = store.scan(self.me, range, usize::MAX, false).await?;
        store.wait_durable(seen.generation).await?;
        let grids = seen.value.iter().map(|(_, bytes)| record::read(bytes));
        Ok(grids.collect::<Result<_, _>>()?)
    }
}

impl UnitOfWork<'_> {
    pub(super) async fn grid(&mut self, id: GridId) -> Result<Grid, OfficeError> {
        let found = self.read(&keys::grid(id)).await?;
        Ok(found.ok_or(PeopleError::NoGrid(id))?)
    }
}

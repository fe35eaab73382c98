//! Grids of a division.

use std::collections::BTreeSet;

use domain::{
    actor::Actor,
    audit::Subject,
    people::{Account, AccountId, BadGrid, Grid, GridId},
};
use store::{Range, record};

use crate::{Office, OfficeError, desk::Desk, keys, people::PeopleError};

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
        actor: Actor,
    ) -> Result<Grid, OfficeError> {
        let turn = self.turn.lock().await;
        let mut desk = self.desk(actor).await?;
        let id = match id {
            Some(id) => desk.grid(id).await?.id,
            None => {
                let mut census: super::Census = desk.read(keys::CENSUS).await?.unwrap_or_default();
                census.grids += 1;
                desk.view.put(keys::CENSUS, record::write(&census));
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
            let known: Option<Account> = desk.read(&keys::account(*member)).await?;
            if known.is_none() {
                return Err(PeopleError::Grid(BadGrid::Stranger(*member)).into());
            }
        }
        desk.subject = Some(Subject::Grid(id));
        desk.view.put(keys::grid(id), record::write(&grid));
        let ticket = desk.submit().await?;
        drop(turn);
        ticket.durable().await?;
        Ok(grid)
    }

    /// Takes a grid away that no account names.
    pub async fn remove_grid(&self, id: GridId, actor: Actor) -> Result<(), OfficeError> {
        let turn = self.turn.lock().await;
        let mut desk = self.desk(actor).await?;
        desk.grid(id).await?;
        let accounts = desk
            .view
            .scan(Range::prefix(keys::ACCOUNTS), usize::MAX, false)
            .await?;
        for (_, bytes) in accounts {
            if record::read::<Account>(&bytes)?.grid == Some(id) {
                return Err(PeopleError::GridInUse(id).into());
            }
        }
        desk.subject = Some(Subject::Grid(id));
        desk.detail = Some("removed".to_owned());
        desk.view.delete(keys::grid(id));
        let ticket = desk.submit().await?;
        drop(turn);
        ticket.durable().await?;
        Ok(())
    }

    /// One grid.
    pub async fn grid(&self, id: GridId) -> Result<Grid, OfficeError> {
        let found = self.fetch(&keys::grid(id)).await?;
        Ok(found.ok_or(PeopleError::NoGrid(id))?)
    }

    /// All grids, by number.
    pub async fn grids(&self) -> Result<Vec<Grid>, OfficeError> {
        let store = &self.supplies.store;
        let range = Range::prefix(keys::GRIDS);
        let seen = store.scan(self.me, range, usize::MAX, false).await?;
        store.settle(seen.generation).await?;
        let grids = seen.value.iter().map(|(_, bytes)| record::read(bytes));
        Ok(grids.collect::<Result<_, _>>()?)
    }
}

impl Desk<'_> {
    pub(super) async fn grid(&mut self, id: GridId) -> Result<Grid, OfficeError> {
        let found = self.read(&keys::grid(id)).await?;
        Ok(found.ok_or(PeopleError::NoGrid(id))?)
    }
}

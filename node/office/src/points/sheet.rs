//! Households from a sheet: one decision for all of its rows, so that a sheet with a fault adds and changes none.

use std::collections::BTreeMap;

use domain::{
    people::{Account, AccountId, Grid, Login},
    points::{
        BadRating, Entered, Household, HouseholdColumn, HouseholdFault, HouseholdId, HouseholdRow,
        HouseholdsKnown, MOST_HOUSEHOLD_ROWS, read_households,
    },
    rows,
};
use records::table::Table;

use crate::{Failed, Fault, RequestContext, services::Points, tables, unit_of_work::UnitOfWork};

/// How a sheet is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SheetManner {
    /// Only reports what each row would become.
    pub dry_run: bool,
    /// Does what the right rows say even if others have faults.
    pub only_right: bool,
    /// Also changes what is there already.
    pub change: bool,
}

/// What became of a row of a sheet of households.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HouseholdOutcome {
    /// It has no fault; nothing was done.
    Ready(Entered),
    /// The household was added or changed.
    Done(Entered),
    /// The household is as the row says, or is not to be changed.
    Already(HouseholdId),
    /// It has faults.
    Bad(Vec<HouseholdFault>),
    /// It has no fault, and nothing was done because another row has one.
    Withheld,
}

impl Points<'_> {
    /// Adds a household for each row whose number no household has; those that are there change only if that is
    /// asked for, so the same sheet may be read again. Durable when it returns.
    ///
    /// # Errors
    /// [`BadRating::Rows`]. What cannot be done is a fault of its row.
    pub async fn household_sheet(
        self,
        rows: &[HouseholdRow],
        manner: SheetManner,
        by: impl Into<RequestContext>,
    ) -> Result<Vec<HouseholdOutcome>, Failed<BadRating>> {
        if !(1..=MOST_HOUSEHOLD_ROWS).contains(&rows.len()) {
            return Err(BadRating::Rows(rows.len()).into());
        }
        let mut unit = self.begin(by).await?;
        let read = unit.read_sheet(rows, manner.change).await?;
        let has_fault = read.iter().any(Result::is_err);
        let does = !manner.dry_run && (!has_fault || manner.only_right);
        if does {
            let entered = read.iter().flatten().filter(|one| !one.is_nothing());
            unit.enter_households(entered).await?;
        }
        let outcome = |one: Result<Entered, _>| match one {
            Err(faults) => HouseholdOutcome::Bad(faults),
            Ok(one) if one.is_nothing() => HouseholdOutcome::Already(one.household.id),
            Ok(one) if does => HouseholdOutcome::Done(one),
            Ok(one) if manner.dry_run => HouseholdOutcome::Ready(one),
            Ok(_) => HouseholdOutcome::Withheld,
        };
        Ok(read.into_iter().map(outcome).collect())
    }
}

type Read = Vec<Result<Entered, Vec<HouseholdFault>>>;

impl UnitOfWork<'_> {
    async fn read_sheet(&mut self, rows: &[HouseholdRow], change: bool) -> Result<Read, Fault> {
        let all = self.view.scan(tables::Households::all(), usize::MAX);
        let households: BTreeMap<HouseholdId, Household> = all.await?.into_iter().collect();
        let grids = self.view.scan(tables::Grids::all(), usize::MAX).await?;
        let grids: Vec<Grid> = grids.into_iter().map(|(_, grid)| grid).collect();
        let accounts = self.accounts_of(rows, &households).await?;
        let known = HouseholdsKnown {
            households: &households,
            grids: &grids,
            accounts: &accounts,
            change,
            now: self.now,
        };
        Ok(read_households(rows, known))
    }

    /// Returns the accounts that rows name, by login or number, and those of the households.
    async fn accounts_of(
        &mut self,
        rows: &[HouseholdRow],
        households: &BTreeMap<HouseholdId, Household>,
    ) -> Result<BTreeMap<AccountId, Account>, Fault> {
        let known = households.values();
        let mut wanted: Vec<AccountId> = known.flat_map(|one| one.accounts.clone()).collect();
        let cells = rows.iter();
        let cells = cells.filter_map(|row| row.cells.get(&HouseholdColumn::Accounts));
        for name in cells.flat_map(|cell| rows::names(cell)) {
            if let Ok(id) = name.parse() {
                wanted.push(id);
            } else if let Ok(login) = name.to_lowercase().parse::<Login>() {
                let key = login.as_str().to_owned();
                wanted.extend(self.view.get::<tables::Logins>(&key).await?);
            }
        }
        let mut accounts = BTreeMap::new();
        for id in wanted {
            if let Some(account) = self.view.get::<tables::Accounts>(&id).await? {
                accounts.insert(id, account);
            }
        }
        Ok(accounts)
    }

    /// Writes what rows say, and commits. The next number that is given without a sheet follows the greatest.
    async fn enter_households(
        mut self,
        entered: impl Iterator<Item = &Entered>,
    ) -> Result<(), Failed<BadRating>> {
        let greatest = self.view.get::<tables::HouseholdCount>(&()).await?;
        let mut greatest = greatest.unwrap_or_default();
        let (mut added, mut changed) = (0_usize, 0_usize);
        for one in entered {
            greatest = greatest.max(one.household.id.0);
            match one.is_new {
                true => added += 1,
                false => changed += 1,
            }
            self.put_household(&one.household);
        }
        if added + changed == 0 {
            return Ok(());
        }
        self.subject = None;
        self.detail = Some(format!(
            "from a sheet: {added} households added, {changed} changed"
        ));
        self.view.put::<tables::HouseholdCount>(&(), &greatest);
        self.commit().await?;
        Ok(())
    }
}

//! Writes what the rows of a roster ask for where accounts are opened, changed, and opened again.

use std::{
    collections::{BTreeMap, BTreeSet},
    vec,
};

use domain::{
    people::{Account, AccountId, Grid, GridId},
    roster::{Change, Column, Person},
};

use super::{Judged, RosterOutcome, Wanted};
use crate::{
    Failed,
    people::{PeopleRefusal, hashing::PasswordHash},
    tables,
    unit_of_work::UnitOfWork,
};

/// A first password and its hash.
pub(super) type FirstPassword = (String, PasswordHash);

/// What a roster writes, row by row, in one unit.
pub(super) struct Opening<'a> {
    unit: UnitOfWork<'a>,
    /// Accounts that were ever opened here.
    count: tables::people::Census,
    grids: BTreeMap<GridId, Grid>,
    /// One for each row at least.
    passwords: vec::IntoIter<FirstPassword>,
    /// Accounts to write, each with its entry in the audit trail.
    written: Vec<(Account, String)>,
}

impl<'a> Opening<'a> {
    pub(super) async fn begin(
        mut unit: UnitOfWork<'a>,
        grids: BTreeMap<GridId, Grid>,
        passwords: Vec<FirstPassword>,
    ) -> Result<Self, Failed<PeopleRefusal>> {
        let count = unit.view.get::<tables::Census>(&()).await?;
        Ok(Self {
            unit,
            count: count.unwrap_or_default(),
            grids,
            passwords: passwords.into_iter(),
            written: vec![],
        })
    }

    /// Does what a row asks for.
    pub(super) async fn row(
        &mut self,
        judged: Judged,
    ) -> Result<RosterOutcome, Failed<PeopleRefusal>> {
        Ok(match judged {
            Err(faults) => RosterOutcome::Bad(faults),
            Ok(Wanted::Nothing(id)) => RosterOutcome::Already(id),
            Ok(Wanted::Grant(account, _)) => RosterOutcome::Already(account.id),
            Ok(Wanted::Close(id)) => RosterOutcome::Closes(id),
            Ok(Wanted::Change(account, grids, changes)) => {
                self.change(*account, &grids, changes).await?
            }
            Ok(Wanted::Open(person)) => self.open(*person)?,
        })
    }

    /// Writes everything.
    pub(super) async fn commit(mut self) -> Result<(), Failed<PeopleRefusal>> {
        self.unit.view.put::<tables::Census>(&(), &self.count);
        self.unit.commit_accounts(self.written).await
    }

    fn open(&mut self, person: Person) -> Result<RosterOutcome, Failed<PeopleRefusal>> {
        let (password, hash) = self.password();
        self.count.accounts += 1;
        let account = Account {
            id: AccountId::new(self.unit.ledger.run, self.count.accounts),
            login: person.login,
            name: person.name,
            division: self.unit.office.me,
            roles: BTreeSet::new(),
            department: person.department,
            grid: person.grids.first().copied(),
            phone: person.phone,
            disabled: false,
            credentials_version: 0,
            opened_at: self.unit.now,
        };
        self.be_member_of(account.id, &person.grids, false)?;
        let login = account.login.as_str().to_owned();
        self.unit.view.put::<tables::Logins>(&login, &account.id);
        self.unit.view.put::<tables::Passwords>(&account.id, &hash);
        let opened = RosterOutcome::Opened(account.id, password);
        self.written
            .push((account, "opened from a sheet".to_owned()));
        Ok(opened)
    }

    /// Changes an account. One that is opened again gets a first password: that of before opens nothing any more.
    async fn change(
        &mut self,
        account: Account,
        grids: &BTreeSet<GridId>,
        changes: Vec<Change>,
    ) -> Result<RosterOutcome, Failed<PeopleRefusal>> {
        let has = |column| {
            changes
                .iter()
                .any(|change: &Change| change.column == column)
        };
        if has(Column::Grids) {
            self.be_member_of(account.id, grids, true)?;
        }
        let columns: Vec<_> = changes.iter().map(|change| change.column.code()).collect();
        let detail = columns.join(", ") + ", from a sheet";
        let id = account.id;
        if !has(Column::State) {
            self.written.push((account, detail));
            return Ok(RosterOutcome::Changed(id, changes));
        }
        let (password, hash) = self.password();
        self.unit.view.put::<tables::Passwords>(&id, &hash);
        self.unit.forget_failures(id).await?;
        self.written
            .push((account, "opened again, ".to_owned() + &detail));
        Ok(RosterOutcome::Reopened(id, password, changes))
    }

    fn password(&mut self) -> FirstPassword {
        let next = self.passwords.next();
        next.expect("a password was made for each row")
    }

    /// Makes an account a member of these grids; with `only`, of no others.
    fn be_member_of(
        &mut self,
        account: AccountId,
        wanted: &BTreeSet<GridId>,
        only: bool,
    ) -> Result<(), Failed<PeopleRefusal>> {
        for (id, grid) in &mut self.grids {
            let is_new = match wanted.contains(id) {
                true => grid.members.insert(account),
                false => only && grid.members.remove(&account),
            };
            if is_new {
                grid.check().map_err(PeopleRefusal::Grid)?;
                self.unit.view.put::<tables::Grids>(id, grid);
            }
        }
        Ok(())
    }
}

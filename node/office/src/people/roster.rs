//! Accounts from a sheet: one decision for all of its rows, so that a sheet with a fault opens and changes none.
//! Closing accounts is many decisions, because each of their matters is dispatched by itself (`closings`).

mod closings;
mod opening;

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    audit::{Ending, Subject},
    people::{
        Account, AccountId, FIRST_HASH_COST, Grid, GridId, Login, Who, first_password, may_change,
        may_grant, may_open, normalised,
    },
    roster::{self, Change, Column, Fault, Known, Person, Row, Why},
};
use records::table::Table;

use self::opening::{FirstPassword, Opening};
use super::{PeopleRefusal, accounts::roles_in_words, hashing};
use crate::{
    Failed, Fault as Failure, RequestContext, services::People, tables, unit_of_work::UnitOfWork,
};

/// How a roster is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RosterManner {
    /// Only reports what each row would become.
    pub dry_run: bool,
    /// Does what the right rows say even if others have faults.
    pub only_right: bool,
    /// Leaves the roles to whoever grants them; otherwise a role is a fault where accounts are opened.
    pub without_roles: bool,
    /// Also changes accounts that people have; otherwise nothing is taken from anybody.
    pub change: bool,
}

/// What became of a row of a roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RosterOutcome {
    /// It has no fault; nothing was done. An account that is there already changes like this.
    Ready(Option<AccountId>, Vec<Change>),
    /// The account was opened; with its first password, which is in no store.
    Opened(AccountId, String),
    /// The account was granted or denied roles.
    Granted(AccountId, Vec<Change>),
    /// The account was changed.
    Changed(AccountId, Vec<Change>),
    /// The account was opened again, and changed like this; with its first password.
    Reopened(AccountId, String, Vec<Change>),
    /// The account is as the row says already.
    Already(AccountId),
    /// It closes an account, which [`People::close_roster`] does.
    Closes(AccountId),
    /// The account is to be closed; it has so many open matters.
    ReadyToClose(AccountId, usize),
    /// So many matters were handed over, and the account was closed.
    Closed(AccountId, usize),
    /// It has faults.
    Bad(Vec<Fault>),
    /// It has no fault, and nothing was done because another row has one.
    Withheld,
}

/// What a row asks for, once it has no fault.
enum Wanted {
    Open(Box<Person>),
    Grant(Box<Account>, Vec<Change>),
    Change(Box<Account>, BTreeSet<GridId>, Vec<Change>),
    Close(AccountId),
    Nothing(AccountId),
}

type Judged = Result<Wanted, Vec<Fault>>;

impl People<'_> {
    /// Opens an account without roles for each row of a roster whose person has none. A row whose person has
    /// an account changes nothing unless that is asked for, so the same sheet may be read again; one that is opened again
    /// gets a first password, and no session of before counts. Rows that close an
    /// account are left to [`Self::close_roster`]. The caller has checked that `who` manages accounts.
    ///
    /// # Errors
    /// [`PeopleRefusal::Grant`] if `who` may open no such account.
    pub async fn open_roster(
        self,
        who: &Who,
        by: impl Into<RequestContext>,
        rows: &[Row],
        manner: RosterManner,
    ) -> Result<Vec<RosterOutcome>, Failed<PeopleRefusal>> {
        let none = BTreeSet::new();
        may_open(who, &none, &none).map_err(PeopleRefusal::Grant)?;
        let count = if manner.dry_run { 0 } else { rows.len() };
        let passwords = self.first_passwords(count).await?;
        let mut unit = self.begin(by).await?;
        let (read, grids) = unit
            .read_roster(rows, (!manner.without_roles, manner.change))
            .await?;
        let all: Vec<Grid> = grids.values().cloned().collect();
        let judged = rows.iter().zip(read);
        let judged = judged.map(|(row, person)| judge(who, row, person?, &all, manner));
        let judged: Vec<Judged> = judged.collect();
        if let Some(outcomes) = undone(&judged, manner) {
            return Ok(outcomes);
        }
        let mut opening = Opening::begin(unit, grids, passwords).await?;
        let mut outcomes = vec![];
        for wanted in judged {
            outcomes.push(opening.row(wanted).await?);
        }
        opening.commit().await?;
        Ok(outcomes)
    }

    /// Grants the roles of each row of a roster to the account of its person, beside those that it has; if changes
    /// are asked for, in their place. The caller has checked that `who` grants roles.
    ///
    /// # Errors
    /// If the store cannot be read or written. What may not be granted is a fault of its row.
    pub async fn grant_roster(
        self,
        who: &Who,
        by: impl Into<RequestContext>,
        rows: &[Row],
        manner: RosterManner,
    ) -> Result<Vec<RosterOutcome>, Failed<PeopleRefusal>> {
        let mut unit = self.begin(by).await?;
        let (read, _) = unit.read_roster(rows, (false, false)).await?;
        let judged = rows.iter().zip(read).map(|(row, person)| {
            let person = person?;
            let Some(mut account) = person.account.clone() else {
                return Err(vec![Fault::of(row, Column::Login, Why::NoAccount)]);
            };
            if person.leaving.is_some() {
                return Ok(Wanted::Close(account.id));
            }
            let (roles, changes) = roster::roles_of(&person, &account, manner.change);
            if changes.is_empty() {
                return Ok(Wanted::Nothing(account.id));
            }
            if let Err(bad) = may_grant(who, &account, &roles) {
                return Err(vec![Fault::of(row, Column::Roles, Why::Grant(bad))]);
            }
            account.roles = roles;
            account.credentials_version += 1;
            Ok(Wanted::Grant(Box::new(account), changes))
        });
        let judged: Vec<Judged> = judged.collect();
        if let Some(outcomes) = undone(&judged, manner) {
            return Ok(outcomes);
        }
        let (mut outcomes, mut granted) = (vec![], vec![]);
        for wanted in judged {
            outcomes.push(match wanted {
                Err(faults) => RosterOutcome::Bad(faults),
                Ok(Wanted::Nothing(id)) => RosterOutcome::Already(id),
                Ok(Wanted::Close(id)) => RosterOutcome::Closes(id),
                Ok(Wanted::Open(_) | Wanted::Change(..)) => RosterOutcome::Withheld,
                Ok(Wanted::Grant(account, changes)) => {
                    let id = account.id;
                    let detail = roles_in_words(&account.roles) + ", from a sheet";
                    granted.push((*account, detail));
                    RosterOutcome::Granted(id, changes)
                }
            });
        }
        unit.commit_accounts(granted).await?;
        Ok(outcomes)
    }

    /// Makes first passwords, each with its hash, before the decision that needs them.
    async fn first_passwords(
        self,
        count: usize,
    ) -> Result<Vec<FirstPassword>, Failed<PeopleRefusal>> {
        let mut made = vec![];
        for _ in 0..count {
            let password = first_password(self.dependencies.entropy.bytes());
            let salt = self.dependencies.entropy.bytes();
            let place = hashing::place().await?;
            let hashed = hashing::hash(place, normalised(&password), salt, FIRST_HASH_COST);
            made.push((password, hashed.await?.that_is_first(true)));
        }
        Ok(made)
    }
}

/// Returns the outcomes if nothing is to be done: because only a preview is wanted, or a row has a fault.
fn undone(judged: &[Judged], manner: RosterManner) -> Option<Vec<RosterOutcome>> {
    let is_bad = judged.iter().any(Result::is_err);
    if !manner.dry_run && (!is_bad || manner.only_right) {
        return None;
    }
    let outcome = |judged: &Judged| match judged {
        Err(faults) => RosterOutcome::Bad(faults.clone()),
        Ok(Wanted::Nothing(id)) => RosterOutcome::Already(*id),
        Ok(Wanted::Close(id)) => RosterOutcome::Closes(*id),
        Ok(_) if !manner.dry_run => RosterOutcome::Withheld,
        Ok(Wanted::Open(_)) => RosterOutcome::Ready(None, vec![]),
        Ok(Wanted::Grant(account, changes) | Wanted::Change(account, _, changes)) => {
            RosterOutcome::Ready(Some(account.id), changes.clone())
        }
    };
    Some(judged.iter().map(outcome).collect())
}

/// Decides what a row without a fault asks for where accounts are opened and changed.
fn judge(who: &Who, row: &Row, person: Person, grids: &[Grid], manner: RosterManner) -> Judged {
    let fault = |column, why| Err(vec![Fault::of(row, column, why)]);
    let Some(account) = &person.account else {
        return match (&person.leaving, has_full_grid(&person.grids, grids)) {
            (Some(_), _) => fault(Column::Login, Why::NobodyToClose),
            (None, true) => fault(Column::Grids, Why::GridFull),
            (None, false) => Ok(Wanted::Open(Box::new(person))),
        };
    };
    if person.leaving.is_some() {
        return Ok(Wanted::Close(account.id));
    }
    if !manner.change {
        return Ok(Wanted::Nothing(account.id));
    }
    let (new, changes) = roster::changed(&person, account, grids);
    if changes.is_empty() {
        return Ok(Wanted::Nothing(account.id));
    }
    if let Err(bad) = may_change(who, account) {
        return fault(Column::Login, Why::Grant(bad));
    }
    let own = roster::of_account(account, grids);
    let wanted = match person.given.contains(&Column::Grids) {
        true => person.grids,
        false => own.clone(),
    };
    if has_full_grid(&wanted.difference(&own).copied().collect(), grids) {
        return fault(Column::Grids, Why::GridFull);
    }
    Ok(Wanted::Change(Box::new(new), wanted, changes))
}

fn has_full_grid(wanted: &BTreeSet<GridId>, grids: &[Grid]) -> bool {
    let mut wanted = grids.iter().filter(|grid| wanted.contains(&grid.id));
    wanted.any(|grid| grid.members.len() >= Grid::MOST_MEMBERS)
}

type ReadRoster = (Vec<Result<Person, Vec<Fault>>>, BTreeMap<GridId, Grid>);

impl UnitOfWork<'_> {
    async fn read_roster(
        &mut self,
        rows: &[Row],
        (without_roles, reopens): (bool, bool),
    ) -> Result<ReadRoster, Failure> {
        let mut accounts = BTreeMap::new();
        let logins = rows.iter().filter_map(|row| row.cells.get(&Column::Login));
        for login in logins {
            let Ok(login) = login.trim().to_lowercase().parse::<Login>() else {
                continue;
            };
            let key = login.as_str().to_owned();
            let Some(id) = self.view.get::<tables::Logins>(&key).await? else {
                continue;
            };
            if let Some(account) = self.view.get::<tables::Accounts>(&id).await? {
                accounts.insert(login, account);
            }
        }
        let grids = self.view.scan(tables::Grids::all(), usize::MAX).await?;
        let grids: BTreeMap<GridId, Grid> = grids.into_iter().collect();
        let all: Vec<Grid> = grids.values().cloned().collect();
        let known = Known {
            accounts: &accounts,
            grids: &all,
            without_roles,
            reopens,
        };
        Ok((roster::read(rows, known), grids))
    }

    /// Writes accounts, each with its entry in the audit trail, and commits.
    async fn commit_accounts(
        mut self,
        accounts: Vec<(Account, String)>,
    ) -> Result<(), Failed<PeopleRefusal>> {
        let permission = self.request.as_ref().map(|request| request.permission());
        let last = accounts.len();
        for (n, (account, detail)) in accounts.into_iter().enumerate() {
            self.detail = Some(detail);
            self.put_account(&account);
            // That of the last is written with the unit.
            if n + 1 < last && self.actor.is_person() {
                self.subject = Some(Subject::Account(account.id));
                self.enter(permission, Ending::Done).await?;
            }
        }
        match last {
            0 => Ok(()),
            _ => Ok(self.commit().await?),
        }
    }
}

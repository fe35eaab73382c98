//! Rosters: sheets of people who get accounts. Turns the rows of one into accounts to open, to change and to
//! close, or into a list of their faults.

mod change;
mod column;
mod fault;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub use change::{Change, Leaving, MOST_CLOSED, changed, of_account, roles as roles_of};
pub use column::Column;
pub use fault::{Fault, Why};

use crate::{
    department::Department,
    people::{Account, Grid, GridId, Login, Role, check_name, check_phone, check_roles},
};

/// The most rows of a roster.
pub const MOST_ROWS: usize = 500;

/// The cells of one row that are not empty.
pub type Cells = BTreeMap<Column, String>;

/// A row with its line in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its line in the file.
    pub line: u64,
    /// Its cells.
    pub cells: Cells,
}

/// A person of a roster whose row has no fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The name with which the person logs in.
    pub login: Login,
    /// Name of the person.
    pub name: String,
    /// The roles that the sheet gives them.
    pub roles: BTreeSet<Role>,
    /// The grids that they look after.
    pub grids: BTreeSet<GridId>,
    /// The department that posts them.
    pub department: Option<Department>,
    /// Their telephone number.
    pub phone: Option<String>,
    /// Their account, if they have it.
    pub account: Option<Account>,
    /// Who takes their matters, if the row closes the account.
    pub leaving: Option<Leaving>,
    /// The columns whose cells are not empty. One that says that there is nothing (`无`, `-`) is among them.
    pub given: BTreeSet<Column>,
}

/// What a node knows when it reads a roster.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// Its accounts, by login, as far as the roster names them.
    pub accounts: &'a BTreeMap<Login, Account>,
    /// Its grids.
    pub grids: &'a [Grid],
    /// Whether a role in the sheet is a fault, because whoever reads it opens accounts and grants no roles.
    pub without_roles: bool,
}

/// Reads the rows of a roster; returns for each the person, or what is wrong with it. A login that a row before
/// has is a fault, too.
pub fn read(rows: &[Row], known: Known<'_>) -> Vec<Result<Person, Vec<Fault>>> {
    let mut seen: BTreeMap<Login, u64> = BTreeMap::new();
    let each = rows.iter().map(|row| {
        let mut faults = vec![];
        let person = one(&row.cells, known, &mut faults);
        if let Some(login) = &person.login {
            match seen.get(login) {
                Some(line) => faults.push(Fault::of(row, Column::Login, Why::Twice(*line))),
                None => {
                    seen.insert(login.clone(), row.line);
                }
            }
        }
        match person.whole() {
            Some(person) if faults.is_empty() => Ok(person),
            _ => Err(faults),
        }
    });
    each.collect()
}

/// A person as far as the row could be read.
struct Draft {
    login: Option<Login>,
    name: Option<String>,
    roles: BTreeSet<Role>,
    grids: BTreeSet<GridId>,
    department: Option<Department>,
    phone: Option<String>,
    account: Option<Account>,
    leaving: Option<Leaving>,
    given: BTreeSet<Column>,
}

impl Draft {
    fn whole(self) -> Option<Person> {
        Some(Person {
            login: self.login?,
            name: self.name?,
            roles: self.roles,
            grids: self.grids,
            department: self.department,
            phone: self.phone,
            account: self.account,
            leaving: self.leaving,
            given: self.given,
        })
    }
}

fn one(cells: &Cells, known: Known<'_>, faults: &mut Vec<Fault>) -> Draft {
    let cell = |column: Column, faults: &mut Vec<Fault>| {
        let text = cells.get(&column).map(|text| text.trim());
        let text = text.filter(|text| !text.is_empty())?;
        // A spreadsheet takes such a cell for a formula. A telephone number may begin with a plus.
        match text.starts_with(['=', '@']) {
            true => {
                faults.push(Fault::new(column, text, Why::Formula));
                None
            }
            false => Some(text.to_owned()).filter(|text| !says_nothing(column, text)),
        }
    };
    let missing = |column, faults: &mut Vec<Fault>| {
        if !faults.iter().any(|fault: &Fault| fault.column == column) {
            faults.push(Fault::new(column, "", Why::Missing));
        }
    };
    let name = cell(Column::Name, faults);
    let name = match name.as_deref().map(check_name) {
        None => {
            missing(Column::Name, faults);
            None
        }
        Some(Ok(())) => name,
        Some(Err(bad)) => {
            faults.push(Fault::new(Column::Name, &name.unwrap_or_default(), bad));
            None
        }
    };
    let login = match cell(Column::Login, faults) {
        None => {
            missing(Column::Login, faults);
            None
        }
        Some(text) => match text.to_lowercase().parse::<Login>() {
            Ok(login) => Some(login),
            Err(bad) => {
                faults.push(Fault::new(Column::Login, &text, bad));
                None
            }
        },
    };
    let leaving = cell(Column::Close, faults).map(|text| Leaving::of(&text));
    let account = login.as_ref().and_then(|login| known.accounts.get(login));
    if let (Some(account), Some(login), Some(name)) = (account, &login, &name) {
        if account.name != *name {
            let why = Why::Taken(account.name.clone());
            faults.push(Fault::new(Column::Login, login.as_str(), why));
        } else if account.disabled && leaving.is_none() {
            faults.push(Fault::new(Column::Login, login.as_str(), Why::Closed));
        }
    }
    let roles = roles(cell(Column::Roles, faults), known, faults);
    let grids = grids(cell(Column::Grids, faults), known.grids, faults);
    let department = cell(Column::Department, faults).and_then(|text| match text.parse() {
        Ok(department) => Some(department),
        Err(bad) => {
            faults.push(Fault::new(Column::Department, &text, Why::Department(bad)));
            None
        }
    });
    let phone = cell(Column::Phone, faults).filter(|text| {
        let checked = match text.contains(['E', 'e']) && text.contains('+') {
            true => Err(Why::Shortened),
            false => check_phone(text).map_err(Why::from),
        };
        let is_good = checked.is_ok();
        if let Err(why) = checked {
            faults.push(Fault::new(Column::Phone, text, why));
        }
        is_good
    });
    Draft {
        login,
        name,
        roles,
        grids,
        department,
        phone,
        account: account.cloned(),
        leaving,
        given: cells
            .iter()
            .filter(|(_, text)| !text.trim().is_empty())
            .map(|(column, _)| *column)
            .collect(),
    }
}

/// Returns whether a cell says that there is nothing, where nothing can be meant.
fn says_nothing(column: Column, text: &str) -> bool {
    let can_be = !matches!(column, Column::Name | Column::Login | Column::Close);
    can_be && ["无", "-", "—", "none"].contains(&text)
}

/// Splits a cell with several names.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split([',', '，', '、', ';', '；', '/', '\n']);
    parts.map(str::trim).filter(|part| !part.is_empty())
}

fn roles(text: Option<String>, known: Known<'_>, faults: &mut Vec<Fault>) -> BTreeSet<Role> {
    let Some(text) = text else {
        return BTreeSet::new();
    };
    let mut roles = BTreeSet::new();
    for name in names(&text) {
        let role = Role::ALL
            .into_iter()
            .find(|role| role.chinese() == name || role.code() == name.to_lowercase());
        match role {
            Some(role) => {
                roles.insert(role);
            }
            None => faults.push(Fault::new(Column::Roles, name, Why::Role)),
        }
    }
    if let Err(bad) = check_roles(&roles) {
        faults.push(Fault::new(Column::Roles, &text, Why::Roles(bad)));
    }
    if known.without_roles && !roles.is_empty() {
        faults.push(Fault::new(Column::Roles, &text, Why::NotYours));
    }
    roles
}

fn grids(text: Option<String>, known: &[Grid], faults: &mut Vec<Fault>) -> BTreeSet<GridId> {
    let mut grids = BTreeSet::new();
    for name in names(&text.unwrap_or_default()) {
        let mut same = known
            .iter()
            .filter(|grid| grid.name == name || grid.id.0.to_string() == name);
        match (same.next(), same.next()) {
            (Some(grid), None) => {
                grids.insert(grid.id);
            }
            (Some(_), Some(_)) => faults.push(Fault::new(Column::Grids, name, Why::Grids)),
            (None, _) => faults.push(Fault::new(Column::Grids, name, Why::Grid)),
        }
    }
    grids
}

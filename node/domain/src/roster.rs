//! Rosters: sheets of people who get accounts. Turns the rows of one into accounts to open, to change and to
//! close, or into a list of their faults.

mod change;
mod column;
mod fault;
mod reading;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub use change::{Change, Leaving, MOST_CLOSED, changed, of_account, roles as roles_of};
pub use column::Column;
pub use fault::{Fault, Why};
use reading::Reading;

use crate::{
    department::Department,
    people::{Account, Grid, GridId, Login, Role},
    rows,
};

/// The most rows of a roster.
pub const MOST_ROWS: usize = 500;

/// The cells of one row that are not empty.
pub type Cells = BTreeMap<Column, String>;
/// A row with its line in the file.
pub type Row = rows::Row<Column>;

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
    /// Their account, if they have it. It has the name of the row, or the one that the row says it has so far.
    pub account: Option<Account>,
    /// Who takes their matters, if the row closes the account.
    pub leaving: Option<Leaving>,
    /// Whether the row opens a closed account again.
    pub reopens: bool,
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
    /// Whether a closed account may be opened again by its row; otherwise such a row is a fault.
    pub reopens: bool,
}

/// Reads the rows of a roster; returns for each the person, or what is wrong with it. A login that a row before
/// has is a fault, too.
pub fn read(rows: &[Row], known: Known<'_>) -> Vec<Result<Person, Vec<Fault>>> {
    let mut seen: BTreeMap<Login, u64> = BTreeMap::new();
    let each = rows.iter().map(|row| {
        let (login, person) = Reading::of(&row.cells, known).person();
        let Some(login) = login else { return person };
        match seen.get(&login) {
            Some(line) => {
                let twice = Fault::of(row, Column::Login, Why::Twice(*line));
                let mut faults = person.err().unwrap_or_default();
                faults.push(twice);
                Err(faults)
            }
            None => {
                seen.insert(login, row.line);
                person
            }
        }
    });
    each.collect()
}

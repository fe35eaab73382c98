//! What a row changes of an account that its person has, and what becomes of the matters of somebody who leaves.

use std::collections::BTreeSet;

use super::{Column, Person};
use crate::{
    people::{Account, Grid, GridId, Role},
    rows,
};

/// The most accounts that one sheet closes.
pub const MOST_CLOSED: usize = 50;

/// Who takes the open matters of an account that a row closes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leaving {
    /// There are none; otherwise the row is a fault.
    IfNone,
    /// An account, by its login or number.
    To(String),
    /// The department to which each was dispatched, or else that of the account.
    Department,
    /// The command room.
    Nobody,
    /// They stay without a handler.
    Leave,
}

impl Leaving {
    /// Reads a cell that is not empty.
    pub fn of(text: &str) -> Self {
        match text.to_lowercase().as_str() {
            "是" | "停用" | "yes" | "close" => Self::IfNone,
            "部门" | "交部门" | "department" => Self::Department,
            "指挥室" | "交指挥室" | "nobody" => Self::Nobody,
            "不交接" | "leave" => Self::Leave,
            other => Self::To(other.to_owned()),
        }
    }
}

/// What the state of an account is called in a change.
const STATES: [&str; 2] = ["closed", "open"];

/// What a row changes in one column: codes of roles, names of grids, `open` or `closed` for the state.
pub type Change = rows::Change<Column>;

/// Returns an account as a row wants it, with what changes: the name, if the row says the one so far; department,
/// telephone and grids, as far as their cells are not empty; and whether a closed account is opened again. `grids` are
/// those of the node. Login and roles stay; whoever is here again has the roles of before, which are told as a change.
pub fn changed(person: &Person, account: &Account, grids: &[Grid]) -> (Account, Vec<Change>) {
    let mut new = account.clone();
    let mut changes = vec![];
    new.name.clone_from(&person.name);
    changes.extend(Change::of(
        Column::Name,
        account.name.clone(),
        new.name.clone(),
    ));
    if person.reopens && account.disabled {
        new.disabled = false;
        new.credentials_version += 1;
        let [closed, open] = STATES.map(str::to_owned);
        changes.extend(Change::of(Column::State, closed, open));
        let roles = codes(&account.roles);
        changes.extend(Change::of(Column::Roles, String::new(), roles));
    }
    if person.given.contains(&Column::Department) {
        let text = |account: &Account| {
            let department = account.department.as_ref();
            department.map(ToString::to_string).unwrap_or_default()
        };
        new.department = person.department;
        changes.extend(Change::of(Column::Department, text(account), text(&new)));
    }
    if person.given.contains(&Column::Phone) {
        let text = |account: &Account| account.phone.clone().unwrap_or_default();
        new.phone = person.phone.clone();
        changes.extend(Change::of(Column::Phone, text(account), text(&new)));
    }
    if person.given.contains(&Column::Grids) {
        let own = of_account(account, grids);
        let change = Change::of(
            Column::Grids,
            rows::grid_names(own, grids),
            rows::grid_names(person.grids.iter().copied(), grids),
        );
        if change.is_some()
            || account
                .grid
                .is_some_and(|grid| !person.grids.contains(&grid))
        {
            new.grid = person.grids.first().copied();
        }
        changes.extend(change);
    }
    (new, changes)
}

/// Returns the grids that an account looks after, its own among them.
pub fn of_account(account: &Account, grids: &[Grid]) -> BTreeSet<GridId> {
    let member = grids
        .iter()
        .filter(|grid| grid.members.contains(&account.id));
    member.map(|grid| grid.id).chain(account.grid).collect()
}

/// Returns the roles that an account gets by a row: with `replace` exactly those of the row, if its cell is not
/// empty; otherwise those beside the ones that it has.
pub fn roles(person: &Person, account: &Account, replace: bool) -> (BTreeSet<Role>, Vec<Change>) {
    let roles = match replace && person.given.contains(&Column::Roles) {
        true => person.roles.clone(),
        false => account.roles.union(&person.roles).copied().collect(),
    };
    let change = Change::of(Column::Roles, codes(&account.roles), codes(&roles));
    (roles, change.into_iter().collect())
}

fn codes(roles: &BTreeSet<Role>) -> String {
    let codes = roles.iter().map(|role| role.code());
    codes.collect::<Vec<_>>().join(", ")
}

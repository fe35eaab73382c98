//! Reads one row: what each of its cells says, and every fault that they have.

use std::collections::BTreeSet;

use super::{Cells, Column, Fault, Known, Leaving, Person, Why};
use crate::{
    department::Department,
    people::{Account, GridId, Login, Role, check_name, check_phone, check_roles},
    rows::{self, BadCell, names},
};

/// A row while it is read.
pub(super) struct Reading<'a> {
    cells: &'a Cells,
    known: Known<'a>,
    faults: Vec<Fault>,
}

impl<'a> Reading<'a> {
    pub(super) const fn of(cells: &'a Cells, known: Known<'a>) -> Self {
        Self {
            cells,
            known,
            faults: vec![],
        }
    }

    /// Reads the row. Returns its login, as far as it is one, and the person or what is wrong with the row.
    pub(super) fn person(mut self) -> (Option<Login>, Result<Person, Vec<Fault>>) {
        let name = self.needed(Column::Name, |name| {
            check_name(name).map(|()| name.to_owned())
        });
        let login = self.needed(Column::Login, |text| text.to_lowercase().parse::<Login>());
        let leaving = self.cell(Column::Close).map(|text| Leaving::of(&text));
        let reopens = self.reopens(leaving.is_some());
        let former = self.cell(Column::FormerName);
        let account = match (&login, &name) {
            (Some(login), Some(name)) => {
                let may_be_closed = leaving.is_some() || reopens && self.known.reopens;
                self.account(login, (name, former.as_deref()), may_be_closed)
            }
            _ => None,
        };
        let (roles, grids) = (self.roles(), self.grids());
        let (department, phone) = (self.department(), self.phone());
        let given = self.cells.iter();
        let given = given.filter(|(_, text)| !text.trim().is_empty());
        let given = given.map(|(column, _)| *column).collect();
        match (&login, name) {
            (Some(known), Some(name)) if self.faults.is_empty() => {
                let person = Person {
                    login: known.clone(),
                    name,
                    roles,
                    grids,
                    department,
                    phone,
                    account,
                    leaving,
                    reopens,
                    given,
                };
                (login, Ok(person))
            }
            _ => (login, Err(self.faults)),
        }
    }

    fn fault(&mut self, column: Column, value: &str, why: impl Into<Why>) {
        self.faults.push(Fault::new(column, value, why));
    }

    /// Returns the text of a cell; `None` if it is empty, says that there is nothing, or has a fault.
    fn cell(&mut self, column: Column) -> Option<String> {
        match rows::text(self.cells, column) {
            Ok(text) => text
                .filter(|text| !says_nothing(column, text))
                .map(str::to_owned),
            Err(bad) => {
                self.faults
                    .push(Fault::new(column, self.cells.get(&column)?.trim(), bad));
                None
            }
        }
    }

    /// Reads a cell that must not be empty.
    fn needed<T, E: Into<Why>>(
        &mut self,
        column: Column,
        read: impl Fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        match self.cell(column) {
            Some(text) => match read(&text) {
                Ok(found) => Some(found),
                Err(bad) => {
                    self.fault(column, &text, bad);
                    None
                }
            },
            None => {
                if !self.faults.iter().any(|fault| fault.column == column) {
                    self.fault(column, "", BadCell::Missing);
                }
                None
            }
        }
    }

    fn reopens(&mut self, closes: bool) -> bool {
        let Some(text) = self.cell(Column::State) else {
            return false;
        };
        let opens = ["启用", "重新启用", "open"].contains(&text.to_lowercase().as_str());
        if !opens {
            self.fault(Column::State, &text, Why::State);
        } else if closes {
            self.fault(Column::State, &text, Why::OpensAndCloses);
        }
        opens
    }

    /// Returns the account of a login, if it is that of this person: it has their name, or the one that they had
    /// before.
    fn account(
        &mut self,
        login: &Login,
        (name, former): (&str, Option<&str>),
        may_be_closed: bool,
    ) -> Option<Account> {
        let Some(account) = self.known.accounts.get(login) else {
            if let Some(former) = former {
                self.fault(Column::FormerName, former, Why::NobodyToRename);
            }
            return None;
        };
        if account.name != name && former != Some(&account.name) {
            self.fault(
                Column::Login,
                login.as_str(),
                Why::Taken(account.name.clone()),
            );
        } else if account.disabled && !may_be_closed {
            self.fault(Column::Login, login.as_str(), Why::Closed);
        }
        Some(account.clone())
    }

    fn department(&mut self) -> Option<Department> {
        let text = self.cell(Column::Department)?;
        match text.parse() {
            Ok(department) => Some(department),
            Err(bad) => {
                self.fault(Column::Department, &text, Why::Department(bad));
                None
            }
        }
    }

    fn phone(&mut self) -> Option<String> {
        let text = self.cell(Column::Phone)?;
        let checked = match text.contains(['E', 'e']) && text.contains('+') {
            true => Err(Why::Cell(BadCell::Shortened)),
            false => check_phone(&text).map_err(Why::from),
        };
        match checked {
            Ok(()) => Some(text),
            Err(why) => {
                self.fault(Column::Phone, &text, why);
                None
            }
        }
    }

    fn roles(&mut self) -> BTreeSet<Role> {
        let Some(text) = self.cell(Column::Roles) else {
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
                None => self.fault(Column::Roles, name, Why::Role),
            }
        }
        if let Err(bad) = check_roles(&roles) {
            self.fault(Column::Roles, &text, Why::Roles(bad));
        }
        if self.known.without_roles && !roles.is_empty() {
            self.fault(Column::Roles, &text, Why::NotYours);
        }
        roles
    }

    fn grids(&mut self) -> BTreeSet<GridId> {
        let text = self.cell(Column::Grids).unwrap_or_default();
        let mut grids = BTreeSet::new();
        for name in names(&text) {
            match rows::grid(name, self.known.grids) {
                Ok(grid) => {
                    grids.insert(grid);
                }
                Err(why) => self.fault(Column::Grids, name, why),
            }
        }
        grids
    }
}

/// Returns whether a cell says that there is nothing, where nothing can be meant.
fn says_nothing(column: Column, text: &str) -> bool {
    let can_be = !matches!(column, Column::Name | Column::Login | Column::Close);
    can_be && rows::says_nothing(text)
}

//! Households from a sheet: turns its rows into households to add and to change, or into a list of their faults.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use super::{Household, HouseholdChange, HouseholdId, MOST_ACCOUNTS, MOST_NUMBER, MOST_PERSONS};
use crate::{
    people::{Account, AccountId, Grid, GridId},
    rows::{self, BadCell, Change, Fault, Row, SheetColumn},
    time::Timestamp,
};

/// The most rows of a sheet of households.
pub const MOST_HOUSEHOLD_ROWS: usize = 500;

topology::vocabulary! {
    /// A column of a sheet of households.
    #[derive(utoipa::ToSchema)]
    pub enum HouseholdColumn: "column of a sheet of households",
        /// Returns further headings that stand for it.
        headings: &'static [&'static str] {
        Number = 1, "number", "户号", "the number that the household keeps; it stands on its door",
            &["编号", "住户编号", "household", "household number"];
        Name = 2, "name", "户主", "the name of its head; may be empty",
            &["户主姓名", "姓名", "head", "name of the head"];
        Grid = 3, "grid", "网格", "the name or number of its grid", &["所属网格", "网格名称"];
        Accounts = 4, "accounts", "账号", "logins of those who see its record, with commas between",
            &["帐号", "用户名", "登录名", "account", "login"];
        Persons = 5, "persons", "人口", "how many persons it has",
            &["人数", "家庭人口", "户内人数", "members"];
    }
}

impl SheetColumn for HouseholdColumn {
    const NEEDED: &'static [Self] = &[Self::Number];

    fn further_headings(self) -> &'static [&'static str] {
        self.headings()
    }
}

/// A row of a sheet of households.
pub type HouseholdRow = Row<HouseholdColumn>;
/// A fault in one of its cells.
pub type HouseholdFault = Fault<HouseholdColumn, BadHouseholdCell>;

/// Why a cell is not taken. What to do stands after the last semicolon.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadHouseholdCell {
    /// It is not what a cell of any sheet must be.
    #[error(transparent)]
    Cell(#[from] BadCell),
    /// It is no number that a household can have.
    #[error("this is no number of a household; write 1 to {MOST_NUMBER}")]
    Number,
    /// The name is too long.
    #[error("the name of a head has at most {most} characters; shorten it", most = super::MOST_NAME)]
    Name,
    /// It is no number of persons.
    #[error("this is no number of persons; write 1 to {MOST_PERSONS}, or leave it empty")]
    Persons,
    /// No account that is open has this login.
    #[error("no open account has this login; open it first, or correct the login")]
    NoAccount,
    /// Too many accounts see the record.
    #[error(
        "the record of a household is seen by at most {MOST_ACCOUNTS} accounts; leave some out"
    )]
    Accounts,
    /// The account belongs to another household.
    #[error("this account belongs to household {0}; take it away there first, or leave it out")]
    Elsewhere(HouseholdId),
    /// A row before has the same number: its line.
    #[error("line {0} has the same number; give each household its own, or remove one row")]
    Twice(u64),
    /// The household moved away.
    #[error(
        "this household moved away and keeps its number; use another, or say on its page that it is back"
    )]
    Gone,
}

/// What a node knows when it reads a sheet of households.
#[derive(Clone, Copy, Debug)]
pub struct HouseholdsKnown<'a> {
    /// Its households.
    pub households: &'a BTreeMap<HouseholdId, Household>,
    /// Its grids.
    pub grids: &'a [Grid],
    /// Its accounts, by number, as far as rows name them or households have them.
    pub accounts: &'a BTreeMap<AccountId, Account>,
    /// Whether households that are there change; otherwise their rows change nothing.
    pub change: bool,
    /// The present moment.
    pub now: Timestamp,
}

/// What a row without a fault says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entered {
    /// The household as it is afterwards.
    pub household: Household,
    /// Whether it is added.
    pub is_new: bool,
    /// What changes of one that is there.
    pub changes: Vec<Change<HouseholdColumn>>,
}

impl Entered {
    /// Whether the row says what is.
    pub const fn is_nothing(&self) -> bool {
        !self.is_new && self.changes.is_empty()
    }
}

/// Reads the rows of a sheet; returns for each what it says, or what is wrong with it. A number or an account that
/// a row before has is a fault, too.
pub fn read_households(
    rows: &[HouseholdRow],
    known: HouseholdsKnown<'_>,
) -> Vec<Result<Entered, Vec<HouseholdFault>>> {
    let mut lines: BTreeMap<HouseholdId, u64> = BTreeMap::new();
    let owners = known.households.values();
    let owners = owners.flat_map(|one| one.accounts.iter().map(|account| (*account, one.id)));
    let mut owners: BTreeMap<AccountId, HouseholdId> = owners.collect();
    let each = rows.iter().map(|row| {
        let reading = Reading {
            row,
            known,
            faults: vec![],
        };
        reading.household(&mut lines, &mut owners)
    });
    each.collect()
}

/// A row while it is read.
struct Reading<'a> {
    row: &'a HouseholdRow,
    known: HouseholdsKnown<'a>,
    faults: Vec<HouseholdFault>,
}

/// The text of a cell: nothing was written, it says that there is nothing, or a text.
enum Said<'a> {
    Empty,
    Nothing,
    Text(&'a str),
}

impl<'a> Reading<'a> {
    fn household(
        mut self,
        lines: &mut BTreeMap<HouseholdId, u64>,
        owners: &mut BTreeMap<AccountId, HouseholdId>,
    ) -> Result<Entered, Vec<HouseholdFault>> {
        let Some(id) = self.number(lines) else {
            return Err(self.faults);
        };
        let there = self.known.households.get(&id);
        if there.is_some_and(|one| one.gone) {
            self.fault(HouseholdColumn::Number, "", BadHouseholdCell::Gone);
        }
        let change = HouseholdChange {
            name: self.name(),
            grid: self.grid(),
            accounts: self.accounts(id, owners),
            persons: self.persons(),
            gone: None,
        };
        if !self.faults.is_empty() {
            return Err(self.faults);
        }
        let is_new = there.is_none();
        let before = there.cloned();
        let before = before.unwrap_or_else(|| Household::numbered(id, self.known.now));
        let mut household = before.clone();
        if is_new || self.known.change {
            let changed = household.change(change);
            changed.expect("each cell was checked like the household");
        }
        for account in &household.accounts {
            owners.insert(*account, id);
        }
        let changes = match is_new {
            true => vec![],
            false => self.changes(&before, &household),
        };
        Ok(Entered {
            household,
            is_new,
            changes,
        })
    }

    fn fault(&mut self, column: HouseholdColumn, value: &str, why: impl Into<BadHouseholdCell>) {
        let fault = match value {
            "" => Fault::of(self.row, column, why),
            value => Fault::new(column, value, why),
        };
        self.faults.push(fault);
    }

    fn said(&mut self, column: HouseholdColumn) -> Said<'a> {
        match rows::text(&self.row.cells, column) {
            Ok(None) => Said::Empty,
            Ok(Some(text)) if rows::says_nothing(text) => Said::Nothing,
            Ok(Some(text)) => Said::Text(text),
            Err(bad) => {
                self.fault(column, "", bad);
                Said::Empty
            }
        }
    }

    fn number(&mut self, lines: &mut BTreeMap<HouseholdId, u64>) -> Option<HouseholdId> {
        let column = HouseholdColumn::Number;
        let text = match self.said(column) {
            Said::Text(text) => text,
            Said::Nothing | Said::Empty => {
                if self.faults.is_empty() {
                    self.fault(column, "", BadCell::Missing);
                }
                return None;
            }
        };
        let number = text.strip_suffix('号').unwrap_or(text).parse();
        let Some(id) = number.ok().filter(|id: &HouseholdId| id.0 <= MOST_NUMBER) else {
            self.fault(column, text, BadHouseholdCell::Number);
            return None;
        };
        match lines.get(&id) {
            Some(line) => {
                let line = *line;
                self.fault(column, text, BadHouseholdCell::Twice(line));
                None
            }
            None => {
                lines.insert(id, self.row.line);
                Some(id)
            }
        }
    }

    fn name(&mut self) -> Option<String> {
        let Said::Text(text) = self.said(HouseholdColumn::Name) else {
            return None;
        };
        if super::household::check_name(text).is_err() {
            self.fault(HouseholdColumn::Name, text, BadHouseholdCell::Name);
        }
        Some(text.to_owned())
    }

    fn grid(&mut self) -> Option<Option<GridId>> {
        match self.said(HouseholdColumn::Grid) {
            Said::Empty => None,
            Said::Nothing => Some(None),
            Said::Text(text) => match rows::grid(text, self.known.grids) {
                Ok(grid) => Some(Some(grid)),
                Err(bad) => {
                    self.fault(HouseholdColumn::Grid, text, bad);
                    None
                }
            },
        }
    }

    fn persons(&mut self) -> Option<Option<u16>> {
        let column = HouseholdColumn::Persons;
        match self.said(column) {
            Said::Empty => None,
            Said::Nothing => Some(None),
            Said::Text(text) => {
                let number = text
                    .strip_suffix('人')
                    .unwrap_or(text)
                    .trim()
                    .parse::<u16>();
                match number
                    .ok()
                    .filter(|number| (1..=MOST_PERSONS).contains(number))
                {
                    Some(number) => Some(Some(number)),
                    None => {
                        self.fault(column, text, BadHouseholdCell::Persons);
                        None
                    }
                }
            }
        }
    }

    /// Reads logins or numbers of accounts. One that belongs to another household, also by a row before, is a fault.
    fn accounts(
        &mut self,
        id: HouseholdId,
        owners: &BTreeMap<AccountId, HouseholdId>,
    ) -> Option<BTreeSet<AccountId>> {
        let column = HouseholdColumn::Accounts;
        let text = match self.said(column) {
            Said::Empty => return None,
            Said::Nothing => return Some(BTreeSet::new()),
            Said::Text(text) => text,
        };
        let mut accounts = BTreeSet::new();
        for name in rows::names(text) {
            let login = name.to_lowercase();
            let mut all = self.known.accounts.values();
            let found = all.find(|one| one.login.as_str() == login || one.id.to_string() == name);
            match found.filter(|one| !one.disabled).map(|one| one.id) {
                None => self.fault(column, name, BadHouseholdCell::NoAccount),
                Some(account) => match owners.get(&account).filter(|owner| **owner != id) {
                    Some(owner) => {
                        self.fault(column, name, BadHouseholdCell::Elsewhere(*owner));
                    }
                    None => {
                        accounts.insert(account);
                    }
                },
            }
        }
        if accounts.len() > MOST_ACCOUNTS {
            self.fault(column, text, BadHouseholdCell::Accounts);
        }
        Some(accounts)
    }

    /// Tells what changes of a household, as people read it.
    fn changes(&self, before: &Household, after: &Household) -> Vec<Change<HouseholdColumn>> {
        let both = self.told(before).into_iter().zip(self.told(after));
        let changes =
            both.filter_map(|((column, before), (_, after))| Change::of(column, before, after));
        changes.collect()
    }

    /// Tells what a household has in each column but its number.
    fn told(&self, one: &Household) -> [(HouseholdColumn, String); 4] {
        use HouseholdColumn as C;
        let login = |id: &AccountId| {
            let account = self.known.accounts.get(id);
            account.map_or_else(|| id.to_string(), |account| account.login.to_string())
        };
        let logins: Vec<_> = one.accounts.iter().map(login).collect();
        let persons = one.persons.map(|count| count.to_string());
        [
            (C::Name, one.name.to_string()),
            (C::Grid, rows::grid_names(one.grid, self.known.grids)),
            (C::Accounts, logins.join(", ")),
            (C::Persons, persons.unwrap_or_default()),
        ]
    }
}

//! What a row of a sheet of households becomes, and every fault that it can have.

use super::{HouseholdColumn as C, *};
use crate::people::Login;

fn row(line: u64, cells: &[(C, &str)]) -> HouseholdRow {
    let cells = cells.iter();
    Row {
        line,
        cells: cells
            .map(|(column, text)| (*column, (*text).to_owned()))
            .collect(),
    }
}

fn account(number: u64, login: &str, disabled: bool) -> (AccountId, Account) {
    let account = Account {
        id: AccountId(number),
        login: login.parse::<Login>().unwrap(),
        name: "张三".to_owned(),
        division: "330825002".parse().unwrap(),
        roles: BTreeSet::new(),
        department: None,
        grid: None,
        phone: None,
        disabled,
        credentials_version: 0,
        opened_at: Timestamp(0),
    };
    (account.id, account)
}

/// Household 3 is there, with account 7, in the first grid; household 4 moved away.
fn read(rows: &[HouseholdRow], change: bool) -> Vec<Result<Entered, Vec<HouseholdFault>>> {
    let grid = |id: u32, name: &str| Grid {
        id: GridId(id),
        name: name.to_owned(),
        division: "330825002".parse().unwrap(),
        members: BTreeSet::new(),
        households: 10,
    };
    let there = |number: u32| {
        let id = HouseholdId(number);
        Household::new(id, "李四", Some(GridId(1)), Timestamp(0)).unwrap()
    };
    let (mut third, mut fourth) = (there(3), there(4));
    third.accounts = [AccountId(7)].into();
    fourth.gone = true;
    let households = [(third.id, third), (fourth.id, fourth)].into();
    let accounts = [
        account(7, "li.si", false),
        account(8, "wang.wu", false),
        account(9, "gone", true),
    ];
    let known = HouseholdsKnown {
        households: &households,
        grids: &[grid(1, "第一网格"), grid(2, "第二网格")],
        accounts: &accounts.into(),
        change,
        now: Timestamp(5),
    };
    read_households(rows, known)
}

fn faults(cells: &[(C, &str)]) -> Vec<(C, BadHouseholdCell)> {
    let faults = read(&[row(2, cells)], true).remove(0).err();
    let faults = faults.unwrap_or_default().into_iter();
    faults.map(|fault| (fault.column, fault.why)).collect()
}

#[test]
fn a_new_household_has_what_its_row_says_and_is_called_by_its_number_without_a_head() {
    let whole = row(
        2,
        &[
            (C::Number, "12"),
            (C::Name, "张大山"),
            (C::Grid, "第二网格"),
            (C::Accounts, "Wang.Wu"),
            (C::Persons, "4人"),
        ],
    );
    let bare = row(3, &[(C::Number, "13号")]);
    let read = read(&[whole, bare], false);
    let one = read[0].as_ref().unwrap();
    assert!(one.is_new && one.changes.is_empty());
    let Household {
        id,
        name,
        grid,
        accounts,
        persons,
        ..
    } = &one.household;
    assert_eq!((id.0, &**name, *grid), (12, "张大山", Some(GridId(2))));
    assert_eq!((accounts, *persons), (&[AccountId(8)].into(), Some(4)));
    let bare = &read[1].as_ref().unwrap().household;
    assert_eq!((bare.id.0, &*bare.name, bare.persons), (13, "13号", None));
}

#[test]
fn a_household_that_is_there_changes_only_if_that_is_asked_for_and_as_far_as_cells_say_something() {
    let cells = [
        (C::Number, "3"),
        (C::Grid, "无"),
        (C::Persons, "5"),
        (C::Accounts, "li.si、wang.wu"),
    ];
    let kept = read(&[row(2, &cells)], false).remove(0).unwrap();
    assert!(kept.is_nothing());
    let changed = read(&[row(2, &cells)], true).remove(0).unwrap();
    let told: Vec<_> = changed
        .changes
        .iter()
        .map(|change| (change.column, &*change.before, &*change.after))
        .collect();
    let expected = [
        (C::Grid, "第一网格", ""),
        (C::Accounts, "li.si", "li.si, wang.wu"),
        (C::Persons, "", "5"),
    ];
    assert_eq!(told, expected);
    assert_eq!(
        &*changed.household.name, "李四",
        "an empty cell changes nothing"
    );
}

#[test]
fn every_fault_is_told_for_its_cell() {
    use BadHouseholdCell as B;
    for (column, text, why) in [
        (C::Number, "", B::Cell(BadCell::Missing)),
        (C::Number, "=1+1", B::Cell(BadCell::Formula)),
        (C::Number, "0", B::Number),
        (C::Number, "十二", B::Number),
        (C::Number, "100000", B::Number),
        (C::Number, "4", B::Gone),
        (C::Grid, "第九网格", B::Cell(BadCell::Grid)),
        (C::Accounts, "nobody", B::NoAccount),
        (C::Accounts, "gone", B::NoAccount),
        (C::Accounts, "li.si", B::Elsewhere(HouseholdId(3))),
        (C::Persons, "0", B::Persons),
        (C::Persons, "很多", B::Persons),
    ] {
        let mut cells = vec![(C::Number, "12")];
        cells.retain(|(known, _)| *known != column);
        cells.push((column, text));
        assert_eq!(faults(&cells), [(column, why)], "{text}");
    }
    let long = "长".repeat(super::super::MOST_NAME + 1);
    let cells = [(C::Number, "12"), (C::Name, &*long)];
    assert_eq!(faults(&cells), [(C::Name, B::Name)]);
}

#[test]
fn two_rows_share_neither_a_number_nor_an_account() {
    let rows = [
        row(2, &[(C::Number, "12"), (C::Accounts, "wang.wu")]),
        row(3, &[(C::Number, "12")]),
        row(4, &[(C::Number, "13"), (C::Accounts, "8")]),
    ];
    let read = read(&rows, true);
    assert!(read[0].is_ok());
    let why = |at: usize| read[at].as_ref().unwrap_err()[0].why.clone();
    assert_eq!(why(1), BadHouseholdCell::Twice(2));
    assert_eq!(why(2), BadHouseholdCell::Elsewhere(HouseholdId(12)));
}

//! What a row of a sheet becomes, and every fault that it can have.

use super::*;
use crate::{
    people::{AccountId, BadAccount},
    rows::{BadCell, SheetColumn},
    time::Timestamp,
};

fn row(line: u64, cells: &[(Column, &str)]) -> Row {
    let cells = cells.iter();
    Row {
        line,
        cells: cells
            .map(|(column, text)| (*column, (*text).to_owned()))
            .collect(),
    }
}

fn grid(id: u32, name: &str) -> Grid {
    Grid {
        id: GridId(id),
        name: name.to_owned(),
        division: "330825002".parse().unwrap(),
        members: BTreeSet::new(),
        households: 10,
    }
}

fn account(login: &str, name: &str, disabled: bool) -> (Login, Account) {
    let account = Account {
        id: AccountId(7),
        login: login.parse().unwrap(),
        name: name.to_owned(),
        division: "330825002".parse().unwrap(),
        roles: BTreeSet::new(),
        department: None,
        grid: None,
        phone: None,
        disabled,
        credentials_version: 0,
        opened_at: Timestamp(0),
    };
    (account.login.clone(), account)
}

fn judged(rows: &[Row], without_roles: bool) -> Vec<Result<Person, Vec<Fault>>> {
    let accounts = [
        account("li.si", "李四", false),
        account("gone", "王五", true),
    ];
    let accounts = accounts.into_iter().collect();
    let grids = [
        grid(1, "第一网格"),
        grid(2, "第二网格"),
        grid(3, "第二网格"),
    ];
    let known = Known {
        accounts: &accounts,
        grids: &grids,
        without_roles,
        reopens: true,
    };
    read(rows, known)
}

/// Returns what is wrong with a row, by column.
fn faults(cells: &[(Column, &str)], without_roles: bool) -> Vec<(Column, Why)> {
    let mut judged = judged(&[row(2, cells)], without_roles);
    let faults = judged.remove(0).err().unwrap_or_default();
    faults
        .into_iter()
        .map(|fault| (fault.column, fault.why))
        .collect()
}

const ZHANG: [(Column, &str); 2] = [(Column::Name, "张三"), (Column::Login, "Zhang.San ")];

#[test]
fn a_whole_row_is_read_with_names_and_codes_and_several_in_a_cell() {
    let cells = [
        ZHANG[0],
        ZHANG[1],
        (Column::Roles, "网格员、official"),
        (Column::Grids, "第一网格，2"),
        (Column::Department, "market"),
        (Column::Phone, "+86 138 0000 0000"),
    ];
    let person = judged(&[row(2, &cells)], false).remove(0).unwrap();
    assert_eq!(person.login.as_str(), "zhang.san");
    assert_eq!(person.roles, [Role::GridWorker, Role::Official].into());
    assert_eq!(person.grids, [GridId(1), GridId(2)].into());
    assert_eq!(person.department.unwrap().as_str(), "market");
    assert_eq!(person.phone.as_deref(), Some("+86 138 0000 0000"));
    assert_eq!(person.account, None);
    // Whoever has an account keeps it.
    let known = [(Column::Name, "李四"), (Column::Login, "li.si")];
    let person = judged(&[row(2, &known)], true).remove(0).unwrap();
    assert_eq!(person.account.unwrap().id, AccountId(7));
}

#[test]
fn every_fault_is_told_for_its_cell() {
    let with = |column: Column, text: &str, without_roles: bool| {
        let mut cells = ZHANG.to_vec();
        cells.retain(|(known, _)| *known != column);
        cells.push((column, text));
        faults(&cells, without_roles)
    };
    for (column, text, why) in [
        (Column::Name, " ", Why::Cell(BadCell::Missing)),
        (Column::Name, "=HYPERLINK(1)", Why::Cell(BadCell::Formula)),
        (Column::Name, "一\n二", Why::Account(BadAccount::Name)),
        (Column::Login, "", Why::Cell(BadCell::Missing)),
        (Column::Login, "@SUM(A1)", Why::Cell(BadCell::Formula)),
        (
            Column::Login,
            "张三",
            Why::Account(BadAccount::Login("张三".to_owned())),
        ),
        (Column::Login, "li.si", Why::Taken("李四".to_owned())),
        (Column::Roles, "村长", Why::Role),
        (Column::Grids, "第九网格", Why::Cell(BadCell::Grid)),
        (Column::Grids, "第二网格", Why::Cell(BadCell::Grids)),
        (Column::Phone, "没有", Why::Account(BadAccount::Phone)),
        (Column::Phone, "1.38E+10", Why::Cell(BadCell::Shortened)),
    ] {
        assert_eq!(with(column, text, true), [(column, why)], "{text}");
    }
    let closed = [(Column::Name, "王五"), (Column::Login, "gone")];
    assert_eq!(faults(&closed, true), [(Column::Login, Why::Closed)]);
    let [(Column::Department, Why::Department(_))] =
        with(Column::Department, "市场监管所", true)[..]
    else {
        panic!("a name is no code of a department");
    };
    let both = with(Column::Roles, "审计员,节点运维员", false);
    assert!(
        matches!(both[..], [(Column::Roles, Why::Roles(_))]),
        "{both:?}"
    );
    // Whoever opens accounts grants no roles, unless the roles are left to others.
    let role = with(Column::Roles, "网格员", true);
    assert_eq!(role, [(Column::Roles, Why::NotYours)]);
    assert_eq!(with(Column::Roles, "网格员", false), []);
}

#[test]
fn two_rows_with_one_login_are_told_whatever_their_case() {
    let other = [(Column::Name, "张山"), (Column::Login, "ZHANG.SAN")];
    let judged = judged(&[row(2, &ZHANG), row(5, &other)], true);
    assert!(judged[0].is_ok());
    let faults = judged[1].as_ref().unwrap_err();
    assert_eq!(faults[0].why, Why::Twice(2));
    assert_eq!(faults[0].value, "ZHANG.SAN");
}

#[test]
fn every_column_has_headings_as_people_write_them() {
    for (heading, column) in [
        ("姓 名*", Some(Column::Name)),
        ("Login", Some(Column::Login)),
        ("账号：", Some(Column::Login)),
        ("角色（可多个）", Some(Column::Roles)),
        ("所属网格", Some(Column::Grids)),
        ("部门代码", Some(Column::Department)),
        ("手机号", Some(Column::Phone)),
        ("停用", Some(Column::Close)),
        ("身份证号", None),
    ] {
        assert_eq!(Column::of_heading(heading), column, "{heading}");
    }
}

#[test]
fn a_row_changes_what_its_cells_say_and_an_empty_cell_nothing() {
    let (_, account) = account("li.si", "李四", false);
    let account = Account {
        department: "market".parse().ok(),
        phone: Some("13800000000".to_owned()),
        grid: Some(GridId(1)),
        ..account
    };
    let mut grids = [grid(1, "第一网格"), grid(2, "东头"), grid(4, "西头")];
    grids[0].members.insert(account.id);
    grids[2].members.insert(account.id);
    let changes = |cells: &[(Column, &str)]| {
        let mut all = vec![(Column::Name, "李四"), (Column::Login, "li.si")];
        all.extend(cells);
        let accounts = [(account.login.clone(), account.clone())].into();
        let known = Known {
            reopens: false,
            accounts: &accounts,
            grids: &grids,
            without_roles: false,
        };
        let person = read(&[row(2, &all)], known).remove(0).unwrap();
        changed(&person, &account, &grids)
    };
    let told = |changes: Vec<Change>| {
        let told = changes.into_iter();
        let told = told.map(|one| format!("{}: {} > {}", one.column, one.before, one.after));
        told.collect::<Vec<_>>()
    };
    let (same, none) = changes(&[(Column::Roles, "网格员"), (Column::Grids, " ")]);
    assert_eq!((same, none), (account.clone(), vec![]));
    let (_, none) = changes(&[
        (Column::Grids, "第一网格、西头"),
        (Column::Department, "market"),
    ]);
    assert_eq!(none, vec![]);
    let (new, all) = changes(&[
        (Column::Department, "minzheng"),
        (Column::Phone, "无"),
        (Column::Grids, "东头"),
    ]);
    assert_eq!(
        told(all),
        [
            "department: market > minzheng",
            "phone: 13800000000 > ",
            "grids: 第一网格, 西头 > 东头"
        ]
    );
    assert_eq!((new.grid, new.phone), (Some(GridId(2)), None));
    assert_eq!(new.credentials_version, account.credentials_version);
    let (new, cleared) = changes(&[(Column::Grids, "-"), (Column::Department, "none")]);
    assert_eq!(cleared.len(), 2);
    assert_eq!((new.grid, new.department), (None, None));
}

#[test]
fn roles_are_added_or_made_the_same_as_in_the_row() {
    let (_, account) = account("li.si", "李四", false);
    let account = Account {
        roles: [Role::Official].into(),
        ..account
    };
    let of = |cell: &str, replace: bool| {
        let cells = [
            (Column::Name, "李四"),
            (Column::Login, "li.si"),
            (Column::Roles, cell),
        ];
        let person = judged(&[row(2, &cells)], false).remove(0).unwrap();
        roles_of(&person, &account, replace)
    };
    let (roles, changes) = of("网格员", false);
    assert_eq!(roles, [Role::Official, Role::GridWorker].into());
    assert_eq!(changes[0].before, "official");
    assert_eq!(of("网格员", true).0, [Role::GridWorker].into());
    assert_eq!(of("无", true).0, BTreeSet::new());
    assert_eq!(of("", true), (account.roles.clone(), vec![]));
    assert_eq!(of("无", false), (account.roles.clone(), vec![]));
}

#[test]
fn a_cell_says_who_takes_the_matters_of_somebody_who_leaves() {
    for (cell, leaving) in [
        ("是", Leaving::IfNone),
        ("YES", Leaving::IfNone),
        ("部门", Leaving::Department),
        ("nobody", Leaving::Nobody),
        ("不交接", Leaving::Leave),
        ("Wang.Wu", Leaving::To("wang.wu".to_owned())),
    ] {
        let known = [
            (Column::Name, "李四"),
            (Column::Login, "li.si"),
            (Column::Close, cell),
        ];
        let person = judged(&[row(2, &known)], true).remove(0).unwrap();
        assert_eq!(person.leaving, Some(leaving), "{cell}");
    }
    // Somebody whose account is closed leaves no second time, and that is no fault.
    let gone = [
        (Column::Name, "王五"),
        (Column::Login, "gone"),
        (Column::Close, "是"),
    ];
    assert_eq!(faults(&gone, true), []);
    let other = [
        (Column::Name, "李五"),
        (Column::Login, "li.si"),
        (Column::Close, "是"),
    ];
    let why = Why::Taken("李四".to_owned());
    assert_eq!(faults(&other, true), [(Column::Login, why)]);
}

fn with(cells: &[(Column, &str)], more: &[(Column, &str)]) -> Vec<(Column, Why)> {
    faults(&[cells, more].concat(), true)
}

#[test]
fn a_person_is_renamed_only_by_a_row_that_says_the_name_so_far() {
    let renamed = [(Column::Name, "李思"), (Column::Login, "li.si")];
    assert_eq!(
        with(&renamed, &[]),
        [(Column::Login, Why::Taken("李四".to_owned()))]
    );
    let wrong = (Column::FormerName, "李西");
    assert_eq!(
        with(&renamed, &[wrong]),
        [(Column::Login, Why::Taken("李四".to_owned()))]
    );
    let cells = [renamed[0], renamed[1], (Column::FormerName, "李四")];
    let person = judged(&[row(2, &cells)], true).remove(0).unwrap();
    let account = person.account.clone().unwrap();
    let (new, changes) = changed(&person, &account, &[]);
    assert_eq!(new.name, "李思");
    let [change] = &changes[..] else {
        panic!("{changes:?}")
    };
    assert_eq!(
        (change.column, &*change.before, &*change.after),
        (Column::Name, "李四", "李思")
    );
    // Read again after it was done, the row changes nothing.
    let (_, changes) = changed(&person, &new, &[]);
    assert_eq!(changes, []);
    // A wrong login opens no second account.
    assert_eq!(
        with(&ZHANG, &[(Column::FormerName, "张山")]),
        [(Column::FormerName, Why::NobodyToRename)]
    );
}

#[test]
fn a_closed_account_is_opened_again_only_if_its_row_says_so() {
    let gone = [(Column::Name, "王五"), (Column::Login, "gone")];
    let state = |text| (Column::State, text);
    assert_eq!(
        with(&gone, &[state("停用")]),
        [(Column::State, Why::State), (Column::Login, Why::Closed)]
    );
    let both = [state("open"), (Column::Close, "是")];
    assert_eq!(with(&gone, &both), [(Column::State, Why::OpensAndCloses)]);
    let cells = [gone[0], gone[1], state("启用")];
    let person = judged(&[row(2, &cells)], true).remove(0).unwrap();
    let mut account = person.account.clone().unwrap();
    account.roles = [Role::Official].into();
    let (new, changes) = changed(&person, &account, &[]);
    assert!(!new.disabled && new.credentials_version > account.credentials_version);
    let told: Vec<_> = changes
        .iter()
        .map(|change| (change.column, &*change.before, &*change.after))
        .collect();
    let expected = [
        (Column::State, "closed", "open"),
        (Column::Roles, "", "official"),
    ];
    assert_eq!(told, expected);
    // Of an open account it says what is.
    let (_, changes) = changed(&person, &new, &[]);
    assert_eq!(changes, []);
}

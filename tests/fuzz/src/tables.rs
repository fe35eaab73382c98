//! Tables of other systems.

use std::collections::BTreeSet;

use api::ImportLine;
use cli::fuzzing::{self, Rows};
use domain::{
    csv::defused,
    custody::{Context, CustodyLimits},
    import::{self, Cells, Field, MOST_ID},
    matter::{Contact, Datum},
    policy::{Policy, Words},
    time::Timestamp,
};
use topology::Tree;

use crate::seeds::{NOW, PARTED};

/// A table that is a text, in UTF-8 and in GB18030.
pub(crate) fn text(bytes: &[u8]) {
    for gb18030 in [false, true] {
        let Some(rows) = fuzzing::table(bytes, gb18030) else {
            continue;
        };
        // No character is made up.
        assert!(rows.characters <= bytes.len(), "{rows:?}");
        assert!(rows.good.len() + rows.bad <= bytes.len());
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
        let within = |row: &ImportLine| (1..=lines).contains(&row.line);
        assert!(rows.good.iter().all(within), "{rows:?}");
        check(&rows);
    }
}

/// A workbook.
pub(crate) fn workbook(bytes: &[u8]) {
    if let Some(rows) = fuzzing::table(bytes, false) {
        check(&rows);
    }
}

/// The parts of a workbook, each after a line with its name; see `corpus/table_workbook_parts`.
pub(crate) fn workbook_parts(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let parts = text.split(PARTED).filter_map(|part| part.split_once('\n'));
    workbook(&fuzzing::workbook(
        parts.map(|(name, part)| (name.trim(), part.as_bytes())),
    ));
}

fn check(rows: &Rows) {
    let mut seen = BTreeSet::new();
    for row in &rows.good {
        assert!(row.cells.len() <= rows.columns);
        assert!(
            row.cells.values().all(|text| !text.trim().is_empty()),
            "{row:?}"
        );
        if let Some(id) = row.cells.get(&Field::Id) {
            assert!(seen.insert(id.trim()), "two rows have the number {id}");
        }
    }
    rows.good.iter().take(50).for_each(|row| read(&row.cells));
}

/// The cells of one row, a line for each column.
pub(crate) fn row(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let cells = Field::ALL.into_iter().zip(text.split('\n'));
    let cells = cells.filter(|(_, text)| !text.is_empty());
    read(
        &cells
            .map(|(field, text)| (field, text.to_owned()))
            .collect(),
    );
    let once = defused(text);
    assert_eq!(
        defused(&once),
        once,
        "a cell that does nothing is left as it is"
    );
}

fn read(cells: &Cells) {
    let policy = Policy::default();
    let context = Context {
        me: "330825".parse().expect("a division"),
        now: NOW,
        tree: &Tree::zhejiang(),
        terms: CustodyLimits::default(),
        policy: &policy,
    };
    let row = match import::read(cells, Datum::default(), context) {
        Ok(row) => row,
        Err(faults) => {
            assert!(!faults.is_empty());
            assert!(
                faults.iter().all(|fault| fault.value.chars().count() <= 60),
                "{faults:?}"
            );
            return;
        }
    };
    assert!(
        (1..=MOST_ID).contains(&row.id.chars().count()),
        "{:?}",
        row.id
    );
    assert!(!row.id.contains(char::is_control), "{:?}", row.id);
    assert_eq!(policy.check_words(Words::Report, &row.text), Ok(()));
    assert!(policy.category(&row.category).is_some());
    if let Some(contact) = &row.contact {
        assert!(contact.name.chars().count() <= Contact::MOST_NAME);
        assert!(contact.phone.chars().count() <= Contact::MOST_PHONE);
        assert!(contact.address.chars().count() <= Contact::MOST_ADDRESS);
    }
    if let Some(history) = &row.history {
        let times = [Some(history.reported), history.accepted, history.closed];
        let times: Vec<Timestamp> = times.into_iter().flatten().collect();
        assert!(
            times.is_sorted() && times.iter().all(|at| *at <= NOW),
            "{times:?}"
        );
    }
    assert!(row.place.is_none_or(|place| place.is_on_earth()));
}

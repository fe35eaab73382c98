//! Golden records: at least one record of every kind and version that a released store may contain,
//! as its bytes. A changed form without a new version fails here before it makes any store
//! unreadable.
//!
//! `records.txt` has lines of `key value`, both in hexadecimal, as they lay in the store of a small
//! network. To add the bytes of a new form, append lines with the keys of the older form; never change or remove one.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    custody::Docket,
    record::{BASE, Record},
};
use records::table::Table;
use serde::{Deserialize, Serialize};
use store::record;
use topology::DivisionCode;

use super::{Dockets, all};

const GOLDEN: &str = include_str!("records.txt");

/// Lists every table of a node.
fn bytes(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2);
    let pairs = pairs.map(|pair| std::str::from_utf8(pair).unwrap());
    pairs
        .map(|pair| u8::from_str_radix(pair, 16).unwrap())
        .collect()
}

fn golden() -> Vec<(Vec<u8>, Vec<u8>)> {
    let lines = GOLDEN.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.map(|line| line.split_once(' ').unwrap());
    pairs
        .map(|(key, value)| (bytes(key), bytes(value)))
        .collect()
}

#[test]
fn every_golden_record_is_read_and_those_of_today_are_written_as_they_were() {
    let mut seen = BTreeSet::new();
    for (key, value) in golden() {
        let table = all().find(|table| (table.has)(&key));
        let table = table.unwrap_or_else(|| panic!("no table has the key {key:?}"));
        let (name, version) = (table.name, table.version);
        let again = (table.rewrite)(value.clone().into());
        let again = again.unwrap_or_else(|error| panic!("{name}: {error}: {value:?}"));
        if version == 0 || value.first() == Some(&version) {
            assert_eq!(
                again, value,
                "{name}: its form changed and its version did not"
            );
            seen.insert(table.prefix);
        }
    }
    let unseen = all().filter(|table| !seen.contains(table.prefix));
    let unseen: Vec<_> = unseen.map(|table| table.name).collect();
    assert!(
        unseen.is_empty(),
        "tables whose form of today has no bytes in records.txt: {unseen:?}"
    );
}

#[test]
fn an_older_record_becomes_the_golden_one_of_today_with_the_same_key() {
    let mut today: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (key, value) in golden() {
        today.entry(key).or_default().push(value);
    }
    for (key, value) in golden() {
        let table = all().find(|table| (table.has)(&key)).unwrap();
        let (name, version) = (table.name, table.version);
        if version == 0 || value.first() >= Some(&version) {
            continue;
        }
        // Two records of before may have had the same key.
        let new: Vec<_> = today[&key]
            .iter()
            .filter(|new| new.first() == Some(&version))
            .collect();
        assert!(!new.is_empty(), "{name}: {value:?} has no bytes of today");
        let migrated = (table.rewrite)(value.into()).unwrap();
        assert!(
            new.iter().any(|new| **new == migrated[..]),
            "{name}: {migrated:?}"
        );
    }
}

#[test]
fn no_table_has_the_keys_of_another() {
    let tables: Vec<_> = all().collect();
    for (at, table) in tables.iter().enumerate() {
        for other in &tables[at + 1..] {
            let clash = table.clashes_with(other);
            assert!(!clash, "{} and {} share keys", table.name, other.name);
            assert_ne!(table.name, other.name);
        }
    }
}

/// A docket with one more field, as its next version might be.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct DocketV6 {
    docket: Docket,
    starred: Option<String>,
}

impl Record for DocketV6 {
    const VERSION: u8 = BASE + 1;
    type Previous = Docket;

    fn migrate(docket: Docket) -> Self {
        let starred = None;
        Self { docket, starred }
    }
}

#[tokio::test]
async fn a_store_of_before_a_field_was_added_is_read_and_written_on() {
    let disk = store::MemoryDisk::new();
    let here: DivisionCode = "330825002".parse().unwrap();
    let open = store::Store::open_memory(&disk).unwrap();
    let mut all = open.view(here);
    for (key, value) in golden() {
        all.put(key, value);
    }
    all.submit().await.unwrap().durable().await.unwrap();
    let range = || Dockets::all().range();
    let read = async |open: &store::Store| {
        let seen = open.scan(here, range(), usize::MAX, false).await.unwrap();
        let records = seen.value.into_iter();
        let read = |(key, bytes): (bytes::Bytes, bytes::Bytes)| {
            (key, record::read::<DocketV6>(&bytes).unwrap())
        };
        records.map(read).collect::<Vec<_>>()
    };
    let before = read(&open).await;
    assert!(before.len() > 1);
    let mut changed = open.view(here);
    let (key, first) = &before[0];
    let starred = Some("the mayor asked".to_owned());
    let docket = first.docket.clone();
    changed.put(key.clone(), record::write(&DocketV6 { docket, starred }));
    changed.submit().await.unwrap().durable().await.unwrap();
    let after = read(&open).await;
    assert_eq!(after[0].1.starred.as_deref(), Some("the mayor asked"));
    assert_eq!(after[0].1.docket, before[0].1.docket);
    assert_eq!(after[1..], before[1..]);
    // Today's program reports that the first one has a later version, and changes nothing.
    let bytes = open.get(here, key).await.unwrap().value.unwrap();
    assert_eq!(
        record::read::<Docket>(&bytes),
        Err(record::RecordError::Newer(BASE + 1, BASE))
    );
}

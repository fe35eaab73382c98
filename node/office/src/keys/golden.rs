//! Golden records: at least one record of every kind and version that a released store may hold, as its bytes.
//! A changed form without a new version fails here before it makes anybody's store unreadable.
//!
//! `records.txt` has lines of `key value`, both in hexadecimal, as they lay in the store of a small network. To
//! add the bytes of a new form, append lines; never change or remove one.

use std::collections::BTreeSet;

use domain::{
    actor::Actor,
    alarm::Alarm,
    audit::{AuditEntry, AuditHead},
    custody::{Docket, Handlers},
    feed::Change,
    flow::Seen,
    hook::{Course, Hook},
    ids::Epoch,
    journal::Entry,
    matter::{CustodyVersion, Matter},
    people::{Account, AccountId, ApiKey, ExternalIdentity, Failures, Grid},
    record::{BASE, Record},
    request::Asked,
    rollup::{Counters, Dealings, Heard, Lives},
    seal::SealedBody,
    template::{AdoptionReport, Template},
    time::Timestamp,
};
use records::outbox::queue::{Queued, SlotEntry};
use serde::{Deserialize, Serialize};
use store::record;
use topology::DivisionCode;

use crate::{Ledger, Stated, TemplateRecord, revocations::RevocationRecord, shelves::Line};

const GOLDEN: &str = include_str!("records.txt");

/// A kind of record.
struct Kind {
    /// What its keys begin with.
    begins: &'static str,
    name: &'static str,
    /// Version of its form of today; 0 for bytes that have no form of their own.
    version: u8,
    /// Reads a record and writes it again.
    again: fn(&[u8]) -> Result<Vec<u8>, String>,
}

const fn kind<T: Record>(begins: &'static str, name: &'static str) -> Kind {
    Kind {
        begins,
        name,
        version: T::VERSION,
        again: |bytes| {
            let read: T = record::read(bytes).map_err(|error| error.to_string())?;
            Ok(record::write(&read).to_vec())
        },
    }
}

const fn plain(begins: &'static str, name: &'static str) -> Kind {
    Kind {
        begins,
        name,
        version: 0,
        again: |bytes| Ok(bytes.to_vec()),
    }
}

/// Every kind. Where one beginning begins another, the longer
/// comes first.
const KINDS: [Kind; 82] = [
    kind::<Timestamp>("e-time", "when this node last ran"),
    kind::<crate::runs::Runs>("e", "what was issued between starts"),
    kind::<Ledger>("c", "ledger"),
    kind::<Vec<Epoch>>("V", "lives of this store"),
    kind::<Docket>("m", "docket"),
    kind::<Entry>("j", "journal entry"),
    kind::<Counters>("q", "sum of figures"),
    kind::<Counters>("u", "sum as the parent counts it"),
    kind::<TemplateRecord>("t", "latest version of a template"),
    kind::<Template>("i", "template in force"),
    plain("k", "key statement"),
    kind::<Timestamp>("L", "mark of a running node"),
    kind::<crate::Crashed>("X", "envelope in hand at a crash"),
    kind::<Vec<(DivisionCode, Timestamp)>>("H", "how far others told"),
    kind::<RevocationRecord>("R", "revocation"),
    kind::<Alarm>("K", "alarm"),
    kind::<crate::went_back::Awaited>("Za", "who is waited for"),
    kind::<()>("Zl", "matter that is gone on with"),
    kind::<()>("Zs", "matter no lost life had as it is"),
    kind::<()>("Zr", "parent refused this machine"),
    kind::<crate::went_back::Shows>("Zn", "what a neighbour was shown"),
    kind::<Vec<Matter>>("Zx", "states set aside"),
    kind::<crate::people::Census>("Pc", "counts of people"),
    kind::<Account>("Pa", "account"),
    kind::<Grid>("Pg", "grid"),
    kind::<ApiKey>("Pk", "API key"),
    plain("Pd", "what is to be deleted"),
    kind::<AuditEntry>("A", "audit entry"),
    kind::<AuditHead>("Pt", "end of the audit trail"),
    kind::<crate::uploads::Upload>("Fu", "upload"),
    kind::<crate::attachments::Progress>("Ff", "file being fetched"),
    kind::<crate::uploads::Kept>("Fm", "file of a matter"),
    kind::<u64>("Fs", "bytes of all files"),
    plain("Fo", "owner of a file"),
    kind::<()>("Op", "published matter"),
    kind::<()>("Of", "matter filed by a program"),
    kind::<crate::changes::Counts>("Ec", "counts of changes"),
    kind::<Vec<Change>>("El", "changes of one unit"),
    kind::<Hook>("Eh", "webhook"),
    kind::<Course>("Ep", "how far a webhook has come"),
    kind::<crate::hooks::SealedSecret>("Es", "secret of a webhook"),
    kind::<crate::imports::Imported>("Ei", "imported number"),
    kind::<crate::erasure::ErasedHere>("Se", "copies erased here"),
    kind::<Handlers>("Sh", "who worked on a matter"),
    kind::<()>("Sw", "asked to see a matter"),
    kind::<CustodyVersion>("g", "transfer refused to a giver"),
    kind::<Asked>("a", "request"),
    kind::<()>("w", "due moment of a matter"),
    kind::<Line>("Is", "line of a list"),
    kind::<()>("Id", "due moment in a list"),
    kind::<()>("Q", "matter with a public answer"),
    kind::<String>("z", "trace"),
    kind::<Seen>("f", "envelopes seen of a flow"),
    kind::<u32>("x", "envelope refused"),
    kind::<u64>("s", "last number in an own flow"),
    kind::<crate::greet::PeerMemory>("p", "what is remembered of a neighbour"),
    kind::<Heard>("h", "what a child said of a cell"),
    kind::<Heard>("n", "what is staged of a child"),
    kind::<crate::figures::Account>("Gf", "figures of a child"),
    kind::<crate::SetApart>("Ga", "cell kept apart"),
    kind::<u32>("Gd", "cells of a child on a day"),
    kind::<Counters>("Gb", "balance by a child"),
    kind::<Dealings>("Gt", "dealings of a child"),
    kind::<()>("Gc", "category once listed"),
    kind::<u32>("v", "lost version of a template"),
    kind::<Lives>("l", "lives of a child's cells"),
    kind::<AdoptionReport>("y", "what a child did with a template"),
    kind::<Stated>("Js", "key statement that concerns this node"),
    kind::<AccountId>("Pl", "whose a login is"),
    kind::<crate::people::PasswordHash>("Ph", "password"),
    kind::<AccountId>("Pp", "whose a name at a provider is"),
    kind::<ExternalIdentity>("Pi", "name at a provider"),
    kind::<crate::people::Session>("Ps", "session"),
    kind::<Actor>("Pm", "who reported a matter"),
    kind::<Timestamp>("Pr", "slip of a reporter"),
    kind::<crate::people::Done>("Po", "what was done once"),
    kind::<Failures>("Pf", "wrong passwords from a network"),
    kind::<Failures>("Px", "wrong passwords from anywhere"),
    kind::<crate::receipts::Kept>("W", "signed word"),
    kind::<Vec<Queued>>("o", "segment of an outbox"),
    kind::<SlotEntry>("r", "slot of an outbox"),
    kind::<SealedBody>("b", "body"),
];

fn kind_of(key: &[u8]) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| match kind.begins {
        // One key each, and no beginning.
        "e" | "e-time" | "c" | "V" => key == kind.begins.as_bytes(),
        begins => key.starts_with(begins.as_bytes()),
    })
}

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
        let kind = kind_of(&key).unwrap_or_else(|| panic!("no kind has the key {key:?}"));
        let (name, version) = (kind.name, kind.version);
        let again = (kind.again)(&value);
        let again = again.unwrap_or_else(|error| panic!("{name}: {error}: {value:?}"));
        if version == 0 || value.first() == Some(&version) {
            assert_eq!(
                again, value,
                "{name}: its form changed and its version did not"
            );
            seen.insert(kind.begins);
        }
    }
    let unseen = KINDS.iter().filter(|kind| !seen.contains(kind.begins));
    let unseen: Vec<_> = unseen.map(|kind| kind.name).collect();
    assert!(
        unseen.is_empty(),
        "kinds whose form of today has no bytes in records.txt: {unseen:?}"
    );
}

#[test]
fn no_kind_takes_the_keys_of_another() {
    for (at, kind) in KINDS.iter().enumerate() {
        for other in &KINDS[at + 1..] {
            let clash =
                other.begins.starts_with(kind.begins) && !["c", "e", "V"].contains(&kind.begins);
            assert!(!clash, "{} would be read as {}", other.name, kind.name);
        }
    }
}

#[test]
fn every_key_of_a_record_is_of_a_kind_listed_here() {
    let keys = include_str!("../keys.rs");
    let keys = keys.split("#[cfg(test)]").next().unwrap();
    // Every second piece lies between quotation marks; `b` stands before those that are bytes.
    let pieces: Vec<_> = keys.split('"').collect();
    let quoted = pieces.chunks_exact(2).filter(|pair| pair[0].ends_with('b'));
    let mut found: BTreeSet<&str> = quoted.map(|pair| pair[1]).collect();
    // The outbox has keys of its own, in `records::outbox::queue`.
    found.extend(["o", "r", "b"]);
    let listed: BTreeSet<&str> = KINDS.iter().map(|kind| kind.begins).collect();
    assert_eq!(found, listed);
}

/// A docket with one more field, as the next version of it may be.
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
    let range = || store::Range::prefix(super::DOCKETS);
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
    // Today's program says that the first is of a later one, and changes nothing.
    let bytes = open.get(here, key).await.unwrap().value.unwrap();
    assert_eq!(
        record::read::<Docket>(&bytes),
        Err(record::RecordError::Newer(BASE + 1, BASE))
    );
}

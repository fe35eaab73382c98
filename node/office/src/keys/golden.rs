//! Golden records: at least one record of every kind and version that a released store may hold, as its bytes.
//! A changed form without a new version fails here before it makes anybody's store unreadable.
//!
//! `records.txt` has lines of `key value`, both in hexadecimal, as they lay in the store of a small network. To
//! add the bytes of a new form, append lines; never change or remove one.

use std::collections::BTreeMap;

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

/// Reads a record and writes it again.
type Again = fn(&[u8]) -> Result<Vec<u8>, String>;

fn again<T: Record>(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let read: T = record::read(bytes).map_err(|error| error.to_string())?;
    Ok(record::write(&read).to_vec())
}

/// What is kept as bytes without a form of its own.
fn plain(bytes: &[u8]) -> Result<Vec<u8>, String> {
    Ok(bytes.to_vec())
}

/// Every kind: what its keys begin with, what it is, its form. Where one beginning begins another, the longer
/// comes first.
const KINDS: [(&str, &str, Again, u8); 82] = [
    (
        "e-time",
        "when this node last ran",
        again::<Timestamp>,
        BASE,
    ),
    (
        "e",
        "what was issued between starts",
        again::<crate::runs::Runs>,
        BASE,
    ),
    ("c", "ledger", again::<Ledger>, BASE),
    ("V", "lives of this store", again::<Vec<Epoch>>, BASE),
    ("m", "docket", again::<Docket>, BASE),
    ("j", "journal entry", again::<Entry>, BASE),
    ("q", "sum of figures", again::<Counters>, BASE),
    ("u", "sum as the parent counts it", again::<Counters>, BASE),
    (
        "t",
        "latest version of a template",
        again::<TemplateRecord>,
        BASE,
    ),
    ("i", "template in force", again::<Template>, BASE),
    ("k", "key statement", plain, 0),
    ("L", "mark of a running node", again::<Timestamp>, BASE),
    (
        "X",
        "envelope in hand at a crash",
        again::<crate::Crashed>,
        BASE,
    ),
    (
        "H",
        "how far others told",
        again::<Vec<(DivisionCode, Timestamp)>>,
        BASE,
    ),
    ("R", "revocation", again::<RevocationRecord>, BASE),
    ("K", "alarm", again::<Alarm>, BASE),
    (
        "Za",
        "who is waited for",
        again::<crate::went_back::Awaited>,
        BASE,
    ),
    ("Zl", "matter that is gone on with", again::<()>, BASE),
    ("Zs", "matter no lost life had as it is", again::<()>, BASE),
    ("Zr", "parent refused this machine", again::<()>, BASE),
    (
        "Zn",
        "what a neighbour was shown",
        again::<crate::went_back::Shows>,
        BASE,
    ),
    ("Zx", "states set aside", again::<Vec<Matter>>, BASE),
    (
        "Pc",
        "counts of people",
        again::<crate::people::Census>,
        BASE,
    ),
    ("Pa", "account", again::<Account>, BASE),
    ("Pg", "grid", again::<Grid>, BASE),
    ("Pk", "API key", again::<ApiKey>, BASE),
    ("Pd", "what is to be deleted", plain, 0),
    ("A", "audit entry", again::<AuditEntry>, BASE),
    ("Pt", "end of the audit trail", again::<AuditHead>, BASE),
    ("Fu", "upload", again::<crate::uploads::Upload>, BASE),
    (
        "Ff",
        "file being fetched",
        again::<crate::attachments::Progress>,
        BASE,
    ),
    (
        "Fm",
        "file of a matter",
        again::<crate::uploads::Kept>,
        BASE,
    ),
    ("Fs", "bytes of all files", again::<u64>, BASE),
    ("Fo", "owner of a file", plain, 0),
    ("Op", "published matter", again::<()>, BASE),
    ("Of", "matter filed by a program", again::<()>, BASE),
    (
        "Ec",
        "counts of changes",
        again::<crate::changes::Counts>,
        BASE,
    ),
    ("El", "changes of one unit", again::<Vec<Change>>, BASE),
    ("Eh", "webhook", again::<Hook>, BASE),
    ("Ep", "how far a webhook has come", again::<Course>, BASE),
    (
        "Es",
        "secret of a webhook",
        again::<crate::hooks::SealedSecret>,
        BASE,
    ),
    (
        "Ei",
        "imported number",
        again::<crate::imports::Imported>,
        BASE,
    ),
    (
        "Se",
        "copies erased here",
        again::<crate::erasure::ErasedHere>,
        BASE,
    ),
    ("Sh", "who worked on a matter", again::<Handlers>, BASE),
    ("Sw", "asked to see a matter", again::<()>, BASE),
    (
        "g",
        "transfer refused to a giver",
        again::<CustodyVersion>,
        BASE,
    ),
    ("a", "request", again::<Asked>, BASE),
    ("w", "due moment of a matter", again::<()>, BASE),
    ("Is", "line of a list", again::<Line>, BASE),
    ("Id", "due moment in a list", again::<()>, BASE),
    ("Q", "matter with a public answer", again::<()>, BASE),
    ("z", "trace", again::<String>, BASE),
    ("f", "envelopes seen of a flow", again::<Seen>, BASE),
    ("x", "envelope refused", again::<u32>, BASE),
    ("s", "last number in an own flow", again::<u64>, BASE),
    (
        "p",
        "what is remembered of a neighbour",
        again::<crate::greet::PeerMemory>,
        BASE,
    ),
    ("h", "what a child said of a cell", again::<Heard>, BASE),
    ("n", "what is staged of a child", again::<Heard>, BASE),
    (
        "Gf",
        "figures of a child",
        again::<crate::figures::Account>,
        BASE,
    ),
    ("Ga", "cell kept apart", again::<crate::SetApart>, BASE),
    ("Gd", "cells of a child on a day", again::<u32>, BASE),
    ("Gb", "balance by a child", again::<Counters>, BASE),
    ("Gt", "dealings of a child", again::<Dealings>, BASE),
    ("Gc", "category once listed", again::<()>, BASE),
    ("v", "lost version of a template", again::<u32>, BASE),
    ("l", "lives of a child's cells", again::<Lives>, BASE),
    (
        "y",
        "what a child did with a template",
        again::<AdoptionReport>,
        BASE,
    ),
    (
        "Js",
        "key statement that concerns this node",
        again::<Stated>,
        BASE,
    ),
    ("Pl", "whose a login is", again::<AccountId>, BASE),
    ("Ph", "password", again::<crate::people::PasswordHash>, BASE),
    (
        "Pp",
        "whose a name at a provider is",
        again::<AccountId>,
        BASE,
    ),
    ("Pi", "name at a provider", again::<ExternalIdentity>, BASE),
    ("Ps", "session", again::<crate::people::Session>, BASE),
    ("Pm", "who reported a matter", again::<Actor>, BASE),
    ("Pr", "slip of a reporter", again::<Timestamp>, BASE),
    (
        "Po",
        "what was done once",
        again::<crate::people::Done>,
        BASE,
    ),
    (
        "Pf",
        "wrong passwords from a network",
        again::<Failures>,
        BASE,
    ),
    (
        "Px",
        "wrong passwords from anywhere",
        again::<Failures>,
        BASE,
    ),
    ("W", "signed word", again::<crate::receipts::Kept>, BASE),
    ("o", "segment of an outbox", again::<Vec<Queued>>, BASE),
    ("r", "slot of an outbox", again::<SlotEntry>, BASE),
    ("b", "body", again::<SealedBody>, BASE),
];

fn kind(key: &[u8]) -> Option<&'static (&'static str, &'static str, Again, u8)> {
    // `e` is one key and no beginning.
    let mut kinds = KINDS.iter();
    kinds.find(|(begins, ..)| match *begins {
        "e" | "e-time" | "c" | "V" => key == begins.as_bytes(),
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
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (key, value) in golden() {
        let (begins, name, again, version) = kind(&key).unwrap_or_else(|| panic!("{key:?}"));
        let now = again(&value).unwrap_or_else(|error| panic!("{name}: {error}: {value:?}"));
        if value.first() == Some(version) || *version == 0 {
            assert_eq!(
                now, value,
                "{name}: its form changed and its version did not"
            );
            *seen.entry(*begins).or_default() += 1;
        }
    }
    let unseen: Vec<_> = KINDS.iter().map(|(begins, ..)| *begins).collect();
    let unseen: Vec<_> = unseen
        .into_iter()
        .filter(|kind| !seen.contains_key(kind))
        .collect();
    assert!(
        unseen.is_empty(),
        "kinds of record whose form of today has no bytes in records.txt: {unseen:?}"
    );
}

#[test]
fn no_kind_takes_the_keys_of_another() {
    for (at, (begins, name, ..)) in KINDS.iter().enumerate() {
        for (other, other_name, ..) in &KINDS[at + 1..] {
            let clash = other.starts_with(begins) && !["c", "e", "V"].contains(begins);
            assert!(!clash, "{other_name} would be read as {name}");
        }
    }
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

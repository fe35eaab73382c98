//! Frames: shared statements, unreadable entries, limits.

use bytes::Bytes;
use domain::{
    envelope::{Lane, MOST_BYTES},
    matter::Body,
    statement::Proof,
};
use prost::Message;
use proto::v1;

use super::proof;
use crate::{
    Malformed,
    frame::{self, Ack, Batch, Entry, Frame, MOST_ABOVE, MOST_ENTRIES, MOST_REASON_BYTES, Refused},
    refusal::RefusalCode,
};

fn entry(text: &'static [u8], proof: &Proof) -> Entry {
    Entry {
        bytes: Bytes::from_static(text),
        proof: proof.clone(),
        bodies: vec![],
        sealed: vec![],
        trace: None,
    }
}

fn batch_message(entries: Vec<Entry>) -> v1::Batch {
    let frame = Frame::Batch(Batch::new(Lane::Matter, 7, entries, vec![])).into_proto();
    match frame.body {
        Some(v1::frame::Body::Batch(batch)) => batch,
        other => panic!("not a batch: {other:?}"),
    }
}

fn read_batch(batch: v1::Batch) -> Result<Batch, Malformed> {
    let body = Some(v1::frame::Body::Batch(batch));
    match Frame::decode(v1::Frame { body }.encode_to_vec().into())? {
        Frame::Batch(batch) => Ok(batch),
        other => panic!("not a batch: {other:?}"),
    }
}

#[test]
fn entries_under_one_root_share_its_statement() {
    let (one, two) = (proof([1; 32]), proof([2; 32]));
    let resigned = Proof {
        signature: Bytes::from_static(&[9; 64]),
        ..one.clone()
    };
    let entries = [&one, &two, &one, &resigned, &two].map(|proof| entry(b"x", proof));
    let batch = batch_message(entries.to_vec());
    let references: Vec<_> = batch.entries.iter().map(|entry| entry.statement).collect();
    assert_eq!(references, [0, 1, 0, 2, 1]);
    assert_eq!(batch.statements.len(), 3);
    let read: Vec<_> = read_batch(batch).unwrap().into_numbered().collect();
    let sent: Vec<_> = (7..).zip(entries.map(Ok)).collect();
    assert_eq!(read, sent);
}

#[test]
fn an_unreadable_entry_is_refused_alone() {
    let good = proof([1; 32]);
    let mut batch = batch_message(vec![
        entry(b"a", &good),
        entry(b"b", &proof([2; 32])),
        entry(b"c", &good),
        entry(b"d", &good),
        entry(b"e", &good),
        entry(b"f", &good),
        entry(b"g", &good),
    ]);
    batch.statements[1].suite = 77;
    batch.entries[2].statement = 2;
    batch.entries[3].path = Bytes::from_static(&[0; 33]);
    batch.entries[4].envelope = vec![0; MOST_BYTES + 1].into();
    batch.entries[5].bodies.push(v1::Body {
        class: v1::Class::Public.into(),
        salt: Bytes::from_static(&[0; 16]),
        text: "x".repeat(Body::MOST_BYTES + 1),
        ..v1::Body::default()
    });
    let read = read_batch(batch).unwrap();
    let faults: Vec<_> = read
        .into_numbered()
        .map(|(position, entry)| {
            (
                position,
                entry
                    .map_err(|fault| (RefusalCode::from(&fault), fault))
                    .err(),
            )
        })
        .collect();
    let malformed = RefusalCode::Malformed;
    let too_long = |field, most| Malformed::TooLong { field, most };
    assert_eq!(
        faults,
        [
            (7, None),
            (8, Some((malformed, Malformed::Suite(77)))),
            (9, Some((malformed, Malformed::Range("entry.statement")))),
            (
                10,
                Some((
                    malformed,
                    Malformed::Length {
                        field: "entry.path",
                        wanted: 32,
                        found: 33,
                    }
                ))
            ),
            (
                11,
                Some((
                    RefusalCode::TooLarge,
                    too_long("entry.envelope", MOST_BYTES)
                ))
            ),
            (
                12,
                Some((
                    RefusalCode::TooLarge,
                    too_long("body.text", Body::MOST_BYTES)
                ))
            ),
            (13, None),
        ]
    );
}

#[test]
fn an_entry_that_was_unreadable_stays_so_when_encoded() {
    let batch = Batch {
        lane: Lane::Matter,
        first: 1,
        entries: vec![Err(Malformed::Suite(3))],
        key_statements: vec![],
    };
    let Ok(Frame::Batch(read)) = Frame::decode(Frame::Batch(batch).encode()) else {
        panic!("not a batch");
    };
    assert!(read.entries[0].is_err());
}

#[test]
fn a_trace_that_is_none_is_dropped_and_harms_nothing() {
    for bad in ["x".repeat(129), "00-\u{1b}[31m".to_owned(), "ü".to_owned()] {
        let mut batch = batch_message(vec![entry(b"a", &proof([1; 32]))]);
        batch.entries[0].trace = bad;
        let read = read_batch(batch).unwrap();
        assert_eq!(read.entries[0].as_ref().unwrap().trace, None);
    }
}

#[test]
fn a_frame_over_a_limit_is_refused() {
    let long = Bytes::from(vec![0; frame::MOST_BYTES + 1]);
    assert!(matches!(
        Frame::decode(long),
        Err(Malformed::TooLong { .. })
    ));
    let hollow = v1::Batch {
        entries: vec![v1::Entry::default(); 20_000],
        ..v1::Batch::default()
    };
    let full = v1::Batch {
        entries: vec![v1::Entry::default(); 1025],
        ..v1::Batch::default()
    };
    for (batch, allowed) in [(hollow, proto::MOST_PARTS), (full, MOST_ENTRIES)] {
        assert!(matches!(
            read_batch(batch),
            Err(Malformed::TooMany { most, .. }) if most == allowed
        ));
    }
    let empty = v1::Batch {
        first: 1,
        ..v1::Batch::default()
    };
    assert_eq!(read_batch(empty), Err(Malformed::Missing("batch.entries")));
    assert_eq!(
        Frame::decode(Bytes::new()),
        Err(Malformed::Missing("frame.body"))
    );
}

#[test]
fn nobody_speaks_for_more_divisions_above_than_there_can_be() {
    let above = |count: u64| {
        let told = (0..count).map(|n| v1::Told {
            division: 330_000_000_000 + n * 100_000_000,
            through_ms: 1,
        });
        let watermark = v1::Watermark {
            at_ms: 1,
            above: told.collect(),
            now_ms: 1,
        };
        let body = Some(v1::frame::Body::Watermark(watermark));
        Frame::decode(v1::Frame { body }.encode_to_vec().into())
    };
    assert!(above(MOST_ABOVE as u64).is_ok());
    let most = MOST_ABOVE;
    let field = "watermark.above";
    assert_eq!(
        above(most as u64 + 1),
        Err(Malformed::TooMany { field, most })
    );
}

#[test]
fn a_refusal_names_a_position_that_is_acknowledged() {
    let ack = |position| {
        Frame::Ack(Ack {
            lane: Lane::Matter,
            through: 5,
            refused: vec![Refused {
                position,
                code: RefusalCode::Internal,
                reason: "长".repeat(MOST_REASON_BYTES),
            }],
        })
    };
    for beyond in [0, 6] {
        assert_eq!(
            Frame::decode(ack(beyond).encode()),
            Err(Malformed::Contradiction("refusal.position"))
        );
    }
    let Ok(Frame::Ack(read)) = Frame::decode(ack(5).encode()) else {
        panic!("not an ack");
    };
    assert_eq!(read.refused[0].reason, "长".repeat(MOST_REASON_BYTES / 3));
}

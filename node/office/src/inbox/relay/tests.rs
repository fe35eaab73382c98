use crate::Office;
use std::sync::Arc;

use domain::{
    authority::Neighbour,
    category::Class,
    envelope::{Envelope, Lane},
    ids::{Epoch, EpochId, KeyId, MatterId, NetworkId},
    matter::Body,
    request::{Request, RequestId, RequestKind, Voice},
    statement::{Proof, Statement},
    suite::Suite,
};
use store::MemoryDisk;

use super::*;
use crate::fixture;

const VILLAGE: &str = "330825002222";

/// Builds the village's envelope to the county with this number.
fn said(sequence: u64, payload: Payload) -> Received {
    let author = code(VILLAGE);
    let suite = Suite::Ed25519Blake3;
    let epoch = Epoch {
        order: 1,
        id: EpochId([1; 16]),
        predecessor: EpochId::default(),
    };
    let statement = Statement {
        suite,
        network: NetworkId([1; 16]),
        author,
        key: KeyId([1; 16]),
        epoch: epoch.id,
        leaves: 1,
        root: [1; 32],
    };
    Received {
        envelope: Envelope {
            author,
            epoch,
            issue: sequence,
            destination: Destination::Division(code("330825")),
            lane: Lane::Notice,
            order: Order::Sequence(sequence),
            payload,
        },
        denied: None,
        bytes: Bytes::from_static(&[7; 100]),
        proof: Proof {
            statement,
            signature: Bytes::from_static(&[7; 64]),
            index: 0,
            path: vec![],
        },
        bodies: vec![],
        trace: None,
    }
}

#[test]
fn words_that_travel_beside_an_envelope_are_counted_with_it() {
    let id = RequestId {
        by: code(VILLAGE),
        epoch: 1,
        number: 1,
    };
    let ask = Request {
        id,
        matter: MatterId {
            origin: code(VILLAGE),
            epoch: 1,
            number: 1,
        },
        seen: Default::default(),
        kind: RequestKind::Withdraw,
        suite: Suite::Ed25519Blake3,
        note: None,
        voice: Voice::Owner,
    };
    let bytes = |received: &Received| received.to_carry(vec![]).load().unwrap().bytes;
    let mut received = said(1, Payload::Request(ask));
    let without = bytes(&received);
    let body = Body::of_text(Class::Public, [7; 16], "字".repeat(1000));
    received.bodies = vec![Arrived::Open(body)];
    let with = bytes(&received);
    assert!(with >= without + 3000, "{without}, {with}");
}

#[tokio::test]
async fn who_leaves_too_many_records_of_what_was_seen_waits_and_they_are_counted_after_a_restart() {
    let (disk, clock) = (MemoryDisk::default(), Arc::<fixture::Stopped>::default());
    let open = |seed| fixture::office("330825002", &disk, Arc::clone(&clock) as _, seed);
    let from = Neighbour::Child(code(VILLAGE));
    let remembered = |office: &Office| {
        let count = |tallies: &mut Tallies| tallies.remembered.get(&code(VILLAGE)).copied();
        office.relay.with(count)
    };
    let office = open(1).await;
    for n in 1..=3 {
        let one = [said(n, Payload::Unknown(7777))];
        let receipt = office.inbox().receive(from, &one).await.unwrap();
        assert_eq!(receipt.taken(), 1);
        receipt.durable().await.unwrap();
    }
    assert_eq!(remembered(&office), Some(1), "three of one flow");
    drop(office);
    let office = open(2).await;
    assert_eq!(remembered(&office), Some(1));
    let full = |tallies: &mut Tallies| {
        tallies
            .remembered
            .insert(code(VILLAGE), REMEMBERED_OF_AUTHOR);
    };
    office.relay.with(full);
    let one_more = [said(4, Payload::Unknown(7777))];
    let receipt = office.inbox().receive(from, &one_more).await.unwrap();
    assert_eq!(receipt.taken(), 0);
}

fn code(text: &str) -> DivisionCode {
    text.parse().unwrap()
}

fn of(author: &str, known: bool, bytes: u64) -> Relayed {
    Relayed {
        author: code(author),
        known,
        bytes,
    }
}

#[test]
fn an_author_that_fills_its_room_takes_none_of_the_others() {
    let mut tallies = Tallies::default();
    let next = code("330825");
    tallies.met.insert(next);
    let flood = of("330825002222", false, 48 * 1024);
    let mut taken = 0;
    while tallies.has_room(next, flood) {
        tallies.count(next, flood, true);
        taken += 1;
    }
    assert_eq!(taken, 21, "a mebibyte of the longest");
    assert!(tallies.has_room(next, of("330825002222", true, 48 * 1024)));
    assert!(tallies.has_room(next, of("330825002223", false, 48 * 1024)));
    tallies.count(next, flood, false);
    assert!(tallies.has_room(next, flood), "what left made room");
}

#[test]
fn many_authors_together_fill_no_more_than_the_room_of_a_neighbour() {
    let tree = topology::Tree::zhejiang();
    let mut tallies = Tallies::default();
    let [met, stranger] = [code("330825"), code("330825001")];
    tallies.met.insert(met);
    for (next, most) in [
        (met, UNKNOWN_FOR_NEIGHBOUR),
        (stranger, UNKNOWN_FOR_STRANGER),
    ] {
        for author in tree.nodes(code("33")).take(4000) {
            let one = Relayed {
                author,
                known: false,
                bytes: 4096,
            };
            if tallies.has_room(next, one) {
                tallies.count(next, one, true);
            }
        }
        let waiting = tallies.waiting_for[&(next, false)];
        assert!(waiting.envelopes <= most.envelopes && waiting.bytes <= most.bytes);
        assert!(waiting.envelopes >= 64, "{waiting:?}");
    }
}

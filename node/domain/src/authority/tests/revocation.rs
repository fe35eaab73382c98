//! Tests of the right to revoke a key: only the division directly above has it, and it tells
//! everybody at once.

use super::*;
use crate::{
    ids::KeyId,
    revocation::{HeldFlow, HeldLife, Reason, Revocation},
};

fn of(division: &str, flows: &[Destination]) -> Revocation {
    let flow = |destination: &Destination| HeldFlow {
        destination: *destination,
        lane: Lane::Notice,
        through: 1,
    };
    let life = HeldLife {
        epoch: EpochId([1; 16]),
        issue: 1,
        flows: flows.iter().map(flow).collect(),
    };
    let key = (code(division), KeyId([1; 16]));
    Revocation::new(key, vec![life], vec![], Reason::Stolen, Timestamp(1))
}

fn everybody() -> Destination {
    Revocation::destination(&Tree::zhejiang())
}

fn said(author: &str, destination: Destination, revocation: Revocation) -> Envelope {
    let payload = Payload::Revocation(Box::new(revocation));
    envelope(code(author), destination, payload)
}

/// Rows are authors, columns are the divisions whose key is revoked.
fn check(side: &str, revoked: &[&str], rows: &[(&str, &str)]) {
    for (author, row) in rows {
        let one =
            |of_whom: &&str| letter(asked(&said(author, everybody(), of(of_whom, &[])), side));
        let found: String = revoked.iter().map(one).collect();
        assert_eq!(found, *row, "{author} from {side} of {revoked:?}");
    }
}

#[test]
fn a_child_brings_what_its_subtree_revoked_and_what_i_have_forgotten() {
    let revoked = [
        "330825002222", // a village of the child
        CHILD,
        "330825001", // another child
        ME,
        PARENT,
        "33",
        "330802005",
        NOBODY,
    ];
    let rows = [
        (CHILD, "+SSSSSSU"),
        ("330825002222", "SSSSSSSU"),
        ("330825002223", "SSSSSSSU"),
        (ME, "S++SSSSU"),
        ("330825001", "CCCCCCCC"),
        (PARENT, "CCCCCCCC"),
        ("33", "CCCCCCCC"),
        ("330802", "CCCCCCCC"),
        (NOBODY, "UUUUUUUU"),
    ];
    check(CHILD, &revoked, &rows);
}

#[test]
fn the_parent_brings_what_was_revoked_anywhere_but_below_me() {
    let revoked = [
        "330825002222",
        CHILD,
        ME,
        "330802", // beside me
        "330802005",
        PARENT,
        "3301",
        "33",
        NOBODY,
    ];
    let rows = [
        (PARENT, "SS++SSSSU"),
        ("33", "SSSSS++SU"),
        ("330802", "SSSS+SSSU"),
        ("330802005", "SSSSSSSSU"),
        ("330102001", "SSSSSSSSU"),
        (ME, "S+SSSSSSU"),
        (CHILD, "CCCCCCCCC"),
        ("330825002222", "CCCCCCCCC"),
        (NOBODY, "UUUUUUUUU"),
    ];
    check(PARENT, &revoked, &rows);
}

#[test]
fn a_revocation_is_for_everybody_or_nobody() {
    let scope = |under: &str| Destination::Scope(Scope::new(code(under), &[], &[]));
    let narrow = Destination::Scope(Scope {
        kinds: 1,
        ..Scope::new(code("33"), &[], &[])
    });
    for (destination, outcome) in [
        (everybody(), Ok(())),
        (scope("33"), Ok(())),
        (narrow, Err(Denied::WrongWay)),
        (scope(CHILD), Err(Denied::WrongWay)),
        (Destination::Division(code(ME)), Err(Denied::WrongWay)),
        (Destination::Division(code("33")), Err(Denied::WrongWay)),
    ] {
        let said = said(CHILD, destination, of("330825002222", &[]));
        assert_eq!(asked(&said, CHILD), outcome, "{destination:?}");
    }
}

#[test]
fn every_flow_named_in_a_revocation_leads_somewhere() {
    let village = "330825002222";
    let of_flow = |destination| said(CHILD, everybody(), of(village, &[destination]));
    let good = of_flow(Destination::Division(code("330802")));
    assert_eq!(asked(&good, CHILD), Ok(()));
    let nowhere = Destination::Scope(Scope::new(code(NOBODY), &[], &[]));
    for destination in [Destination::Division(code(NOBODY)), nowhere] {
        assert_eq!(
            asked(&of_flow(destination), CHILD),
            Err(Denied::UnknownDivision)
        );
    }
}

#[test]
fn only_a_revocation_comes_back_to_its_author() {
    let notice = payload(Kind::Notice, code(ME), Some(code("33")));
    let own = envelope(code(ME), Destination::Division(code("33")), notice);
    assert_eq!(asked(&own, CHILD), Err(Denied::AuthorNotCarried));
}

#[test]
fn a_revocation_is_the_latest_word_on_its_key() {
    let good = said(CHILD, everybody(), of("330825002222", &[]));
    let stray = Order::Replaces {
        key: vec![1].into(),
    };
    for order in [Order::Sequence(1), stray] {
        let wrong = Envelope {
            order,
            ..good.clone()
        };
        assert_eq!(asked(&wrong, CHILD), Err(Denied::WrongOrder));
    }
}

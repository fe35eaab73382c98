//! Tests of the text, of the twelve checks in their order, and of the numbers that people compare.

use std::net::Ipv4Addr;

use proptest::prelude::*;
use topology::Tree;

use super::*;

mod texts;

const NOW: Timestamp = Timestamp(1_780_000_000_000);
const NETWORK: NetworkId = NetworkId([7; 16]);
const COUNTY: &str = "330825";
const TOWNSHIP: &str = "330825002";
const KEY: KeyId = KeyId([0xab; 16]);

fn code(text: &str) -> DivisionCode {
    text.parse().unwrap()
}

fn invitation(state: State) -> Invitation {
    Invitation {
        division: code(TOWNSHIP),
        key: [9; 32],
        serial: 1,
        made_at: NOW,
        expires_at: Validity::default().end(NOW),
        confirm: false,
        addresses: vec!["10.8.25.1:7450".to_owned()],
        state,
    }
}

fn ask() -> JoinAsk {
    JoinAsk {
        network: NETWORK,
        division: code(TOWNSHIP),
        parent: code(COUNTY),
        invitation: [9; 32],
        key: KEY,
        request: [5; 32],
        from: Ipv4Addr::new(10, 1, 2, 3).into(),
        signed: true,
        keys: Ok(()),
        protocol: 1,
    }
}

fn joiner(of: &JoinAsk) -> Joiner {
    Joiner {
        key: of.key,
        request: of.request,
        at: NOW,
        from: of.from,
    }
}

/// Judges what the township asks the county at a moment.
fn at(
    now: Timestamp,
    ask: &JoinAsk,
    invitation: Option<&Invitation>,
    latest: Option<(u32, KeyId)>,
) -> Result<JoinVerdict, JoinRefusal> {
    let tree = Tree::zhejiang();
    let context = JoinContext {
        network: NETWORK,
        me: code(COUNTY),
        tree: &tree,
        now,
        latest,
        issuer_ends: Timestamp(NOW.0 + 400 * 24 * HOUR_MS),
        protocols: (1, 1),
    };
    judge(ask, invitation, context)
}

fn now(ask: &JoinAsk, invitation: &Invitation) -> Result<JoinVerdict, JoinRefusal> {
    at(NOW, ask, Some(invitation), None)
}

#[test]
fn an_open_invitation_is_bound_to_the_first_machine_that_asks() {
    assert_eq!(now(&ask(), &invitation(State::Open)), Ok(JoinVerdict::Bind));
}

#[test]
fn check_1_another_network_or_another_parent_is_named() {
    let foreign = JoinAsk {
        network: NetworkId([8; 16]),
        ..ask()
    };
    let other = JoinAsk {
        parent: code("330802"),
        ..ask()
    };
    for ask in [foreign, other] {
        let refused = now(&ask, &invitation(State::Open)).unwrap_err();
        assert_eq!(refused.number(), 1);
        let said = refused.said().english;
        assert!(said.contains(&NETWORK.to_string()) && said.contains("330825000000"));
    }
}

#[test]
fn check_2_an_invitation_that_was_never_made_is_a_wrong_try() {
    let refused = at(NOW, &ask(), None, None).unwrap_err();
    assert_eq!(refused, JoinRefusal::Unknown(code(TOWNSHIP)));
    assert!(refused.is_wrong_try());
}

#[test]
fn check_3_a_withdrawn_invitation_says_when_it_was_withdrawn() {
    let refused = now(&ask(), &invitation(State::Withdrawn(NOW))).unwrap_err();
    assert_eq!(refused, JoinRefusal::Withdrawn(code(TOWNSHIP), NOW));
    assert!(!refused.is_wrong_try());
}

#[test]
fn check_4_it_ends_to_the_millisecond_by_the_parents_clock() {
    let invitation = invitation(State::Open);
    let end = invitation.expires_at;
    let open = |now| at(now, &ask(), Some(&invitation), None);
    assert_eq!(open(end), Ok(JoinVerdict::Bind));
    let late = open(Timestamp(end.0 + 1));
    assert_eq!(late, Err(JoinRefusal::Expired(code(TOWNSHIP), end)));
}

#[test]
fn whoever_has_joined_gets_the_grant_again_until_a_day_after_the_end_and_nobody_else() {
    let bound = invitation(State::Bound(joiner(&ask())));
    let end = bound.expires_at.0 + REPEATED_FOR_MS;
    let again = |now| at(Timestamp(now), &ask(), Some(&bound), Some((1, KEY)));
    assert_eq!(again(NOW.0), Ok(JoinVerdict::Repeat));
    assert_eq!(again(end), Ok(JoinVerdict::Repeat));
    assert!(matches!(again(end + 1), Err(JoinRefusal::Expired(..))));
}

#[test]
fn check_5_only_a_direct_child_with_a_node_joins_and_hears_where_to_ask() {
    let grandchild = JoinAsk {
        division: code("330825002222"),
        ..ask()
    };
    let refused = now(&grandchild, &invitation(State::Open)).unwrap_err();
    let below = Some(code(TOWNSHIP));
    assert_eq!(refused, JoinRefusal::NotAChild(grandchild.division, below));
    assert!(refused.said().english.contains("330825002000"));
}

#[test]
fn check_5_a_statistical_unit_does_not_join() {
    let tree = Tree::zhejiang();
    // 龙港县直辖村级区划, which only fills a tier.
    let (parent, division) = (code("330383"), code("330383198"));
    let ask = JoinAsk {
        division,
        parent,
        ..ask()
    };
    let context = JoinContext {
        network: NETWORK,
        me: parent,
        tree: &tree,
        now: NOW,
        latest: None,
        issuer_ends: Timestamp(i64::MAX),
        protocols: (1, 1),
    };
    let refused = judge(&ask, Some(&invitation(State::Open)), context);
    assert_eq!(refused, Err(JoinRefusal::NotAChild(division, None)));
}

#[test]
fn check_6_the_second_machine_hears_who_was_there_and_when() {
    let first = JoinAsk {
        key: KeyId([1; 16]),
        ..ask()
    };
    let later = Timestamp(NOW.0 + 3 * 60_000 + 59_000);
    for state in [State::Bound, State::Waiting, State::Admitted] {
        let taken = invitation(state(joiner(&first)));
        let refused = at(later, &ask(), Some(&taken), None).unwrap_err();
        assert_eq!(refused.number(), 6);
        let said = refused.said().english;
        for part in [
            "3 minutes ago",
            &first.key.to_string(),
            "10.1.2.3",
            "revoke 330825002",
        ] {
            assert!(said.contains(part), "{said}");
        }
    }
}

#[test]
fn check_6_the_same_machine_with_another_request_is_refused() {
    let bound = invitation(State::Bound(joiner(&ask())));
    let other = JoinAsk {
        request: [6; 32],
        ..ask()
    };
    let refused = now(&other, &bound);
    assert_eq!(refused, Err(JoinRefusal::OtherRequest(code(TOWNSHIP))));
}

#[test]
fn check_7_a_division_that_has_a_key_needs_an_invitation_that_replaces_it() {
    let latest = Some((1, KeyId([3; 16])));
    let first = invitation(State::Open);
    let refused = at(NOW, &ask(), Some(&first), latest).unwrap_err();
    assert_eq!(
        refused,
        JoinRefusal::Enrolled(code(TOWNSHIP), KeyId([3; 16]))
    );
    assert!(refused.said().english.contains("--replaces"));
    let next = Invitation {
        serial: 2,
        ..first.clone()
    };
    assert_eq!(at(NOW, &ask(), Some(&next), latest), Ok(JoinVerdict::Bind));
    let skipped = Invitation { serial: 3, ..first };
    assert!(at(NOW, &ask(), Some(&skipped), latest).is_err());
}

#[test]
fn check_8_an_unsigned_request_or_one_of_another_connection_is_a_wrong_try() {
    let unsigned = JoinAsk {
        signed: false,
        ..ask()
    };
    let refused = now(&unsigned, &invitation(State::Open)).unwrap_err();
    assert_eq!(refused, JoinRefusal::NotSigned(code(TOWNSHIP)));
    assert!(refused.is_wrong_try());
    let bound = invitation(State::Bound(joiner(&ask())));
    assert!(
        now(&unsigned, &bound).is_err(),
        "nor is a grant repeated for it"
    );
}

#[test]
fn checks_9_and_10_each_fault_of_the_keys_has_its_own_sentence() {
    let faults = [
        BadJoinKeys::Statement("its number"),
        BadJoinKeys::NotHeld,
        BadJoinKeys::CertificateRequest,
        BadJoinKeys::TlsKeys,
        BadJoinKeys::OfAnother(code("330802")),
    ];
    let mut told = std::collections::BTreeSet::new();
    for fault in faults {
        let keys = JoinAsk {
            keys: Err(fault.clone()),
            ..ask()
        };
        let refused = now(&keys, &invitation(State::Open)).unwrap_err();
        assert_eq!(refused, JoinRefusal::Keys(fault));
        told.insert(refused.said().english);
    }
    assert_eq!(told.len(), 5);
}

#[test]
fn check_11_a_parent_whose_own_certificate_ends_within_a_day_signs_nothing_new() {
    let tree = Tree::zhejiang();
    let context = |issuer_ends| JoinContext {
        network: NETWORK,
        me: code(COUNTY),
        tree: &tree,
        now: NOW,
        latest: None,
        issuer_ends,
        protocols: (1, 1),
    };
    let enough = Timestamp(NOW.0 + LEAST_ISSUER_LIFE_MS);
    let short = Timestamp(enough.0 - 1);
    let open = invitation(State::Open);
    assert_eq!(
        judge(&ask(), Some(&open), context(enough)),
        Ok(JoinVerdict::Bind)
    );
    let refused = judge(&ask(), Some(&open), context(short));
    assert_eq!(refused, Err(JoinRefusal::IssuerEnds(code(COUNTY), short)));
    let bound = invitation(State::Bound(joiner(&ask())));
    let again = judge(&ask(), Some(&bound), context(short));
    assert_eq!(again, Ok(JoinVerdict::Repeat), "nothing is signed for it");
}

#[test]
fn check_12_both_protocols_are_named() {
    let newer = JoinAsk {
        protocol: 2,
        ..ask()
    };
    let refused = now(&newer, &invitation(State::Open)).unwrap_err();
    assert_eq!(refused, JoinRefusal::Protocol(2, (1, 1)));
    assert!(refused.said().english.contains("protocol 2"));
}

#[test]
fn an_invitation_that_an_operator_confirms_waits_then_admits_that_machine_alone() {
    let confirmed = |state| Invitation {
        confirm: true,
        ..invitation(state)
    };
    assert_eq!(now(&ask(), &confirmed(State::Open)), Ok(JoinVerdict::Wait));
    let waiting = confirmed(State::Waiting(joiner(&ask())));
    assert_eq!(now(&ask(), &waiting), Ok(JoinVerdict::Wait));
    let admitted = confirmed(State::Admitted(joiner(&ask())));
    assert_eq!(now(&ask(), &admitted), Ok(JoinVerdict::Bind));
    let other = JoinAsk {
        key: KeyId([1; 16]),
        ..ask()
    };
    assert!(now(&other, &waiting).is_err() && now(&other, &admitted).is_err());
}

#[test]
fn the_first_check_that_fails_is_the_one_that_is_told() {
    let tree = Tree::zhejiang();
    let everything = JoinAsk {
        network: NetworkId([8; 16]),
        division: code("330825002222"),
        signed: false,
        keys: Err(BadJoinKeys::NotHeld),
        protocol: 9,
        ..ask()
    };
    let context = JoinContext {
        network: NETWORK,
        me: code(COUNTY),
        tree: &tree,
        now: Timestamp(i64::MAX / 2),
        latest: Some((4, KeyId([3; 16]))),
        issuer_ends: Timestamp(0),
        protocols: (1, 1),
    };
    let mut ask = everything;
    let mut found = vec![];
    let mut withdrawn = Some(invitation(State::Withdrawn(NOW)));
    let mut number = |ask: &JoinAsk, invitation: Option<&Invitation>, context: JoinContext<'_>| {
        found.push(judge(ask, invitation, context).unwrap_err().number());
    };
    number(&ask, None, context);
    ask.network = NETWORK;
    number(&ask, None, context);
    number(&ask, withdrawn.as_ref(), context);
    let taken = withdrawn.as_mut().unwrap();
    let other = JoinAsk {
        key: KeyId([1; 16]),
        ..ask.clone()
    };
    taken.state = State::Waiting(joiner(&other));
    number(&ask, withdrawn.as_ref(), context);
    let context = JoinContext {
        now: NOW,
        ..context
    };
    number(&ask, withdrawn.as_ref(), context);
    ask.division = code(TOWNSHIP);
    number(&ask, withdrawn.as_ref(), context);
    let open = invitation(State::Open);
    number(&ask, Some(&open), context);
    let context = JoinContext {
        latest: None,
        ..context
    };
    number(&ask, Some(&open), context);
    ask.signed = true;
    number(&ask, Some(&open), context);
    ask.keys = Ok(());
    number(&ask, Some(&open), context);
    let context = JoinContext {
        issuer_ends: Timestamp(i64::MAX),
        ..context
    };
    number(&ask, Some(&open), context);
    assert_eq!(found, [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12]);
}

#[test]
fn the_state_that_people_see_follows_the_clock() {
    let open = invitation(State::Open);
    assert_eq!(open.state_at(NOW), StateName::Open);
    let after = Timestamp(open.expires_at.0 + 1);
    assert_eq!(open.state_at(after), StateName::Expired);
    assert!(open.is_open(NOW) && !open.is_open(after));
    let bound = invitation(State::Bound(joiner(&ask())));
    assert_eq!(bound.state_at(after), StateName::Used);
    assert!(!bound.is_open(NOW));
    let withdrawn = invitation(State::Withdrawn(NOW));
    assert_eq!(withdrawn.state_at(after), StateName::Withdrawn);
    let waiting = invitation(State::Waiting(joiner(&ask())));
    assert!(waiting.is_open(NOW) && !waiting.is_open(after));
}

#[test]
fn an_invitation_is_good_for_an_hour_to_ninety_days() {
    for hours in [0, 90 * 24 + 1, u32::MAX] {
        assert_eq!(Validity::of_hours(hours), Err(BadValidity(hours)));
    }
    let day = Validity::of_hours(24).unwrap();
    assert_eq!(day.end(NOW).0 - NOW.0, 24 * HOUR_MS);
    assert_eq!(Validity::default(), Validity::of_hours(14 * 24).unwrap());
}

#[test]
fn ten_wrong_tries_within_an_hour_are_an_alarm_and_ten_in_two_hours_are_none() {
    let mut tries = WrongTries::default();
    let fast: Vec<_> = (0..20).map(|n| tries.note(Timestamp(n))).collect();
    assert_eq!(fast.iter().filter(|alarm| **alarm).count(), 2);
    assert!(fast[9] && fast[19]);
    let mut tries = WrongTries::default();
    let slow = |n: i64| Timestamp(n * (WRONG_TRIES_WITHIN_MS / 9 + 1));
    assert!((0..50).all(|n| !tries.note(slow(n))));
}

#[test]
fn the_numbers_have_twenty_digits_and_follow_everything_they_are_about() {
    let number = check_number(NETWORK, &[1; 16], code(TOWNSHIP), &[9; 32]);
    assert_eq!(number.len(), 24);
    assert!(number.chars().all(|c| c.is_ascii_digit() || c == ' '));
    let others = [
        check_number(NetworkId([8; 16]), &[1; 16], code(TOWNSHIP), &[9; 32]),
        check_number(NETWORK, &[2; 16], code(TOWNSHIP), &[9; 32]),
        check_number(NETWORK, &[1; 16], code(COUNTY), &[9; 32]),
        check_number(NETWORK, &[1; 16], code(TOWNSHIP), &[8; 32]),
        machine_number(NETWORK, &[1; 16], code(TOWNSHIP), KEY),
    ];
    assert!(!others.contains(&number));
    let typed = number.replace(' ', "");
    assert!(same_number(&typed, &number) && same_number(&number, &number));
    assert!(!same_number(&typed[1..], &number) && !same_number("", &number));
}

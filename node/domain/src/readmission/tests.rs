//! The checks in their order, the standing consent to the millisecond, and what is counted.

use std::net::Ipv4Addr;

use proptest::prelude::*;
use topology::Tree;

use super::*;
use crate::ids::NetworkId;

const NOW: Timestamp = Timestamp(1_780_000_000_000);
const NETWORK: NetworkId = NetworkId([7; 16]);
const COUNTY: &str = "330825";
const TOWNSHIP: &str = "330825002";
const KEY: KeyId = KeyId([0xab; 16]);
const CONSENT: Consent = Consent { days: 60 };

fn code(text: &str) -> DivisionCode {
    text.parse().unwrap()
}

fn ask() -> Ask {
    Ask {
        network: NETWORK,
        division: code(TOWNSHIP),
        parent: code(COUNTY),
        key: KEY,
        standing: Standing::Counts,
        signed: true,
        ended_at: NOW,
        shown: true,
        requested: [5; 32],
        from: Ipv4Addr::new(10, 1, 2, 3).into(),
        protocol: 1,
    }
}

fn nothing() -> Readmissions {
    Readmissions::none(code(TOWNSHIP))
}

fn at(now: Timestamp, ask: &Ask, known: &Readmissions, days: u32) -> Result<Verdict, Refusal> {
    under(Timestamp(NOW.0 + 400 * DAY_MS), (now, ask), known, days)
}

/// Judges at a parent whose issuing certificate ends then.
fn under(
    issuer_ends: Timestamp,
    (now, ask): (Timestamp, &Ask),
    known: &Readmissions,
    days: u32,
) -> Result<Verdict, Refusal> {
    let tree = Tree::zhejiang();
    let context = Context {
        network: NETWORK,
        me: code(COUNTY),
        tree: &tree,
        now,
        issuer_ends,
        protocols: (1, 1),
        consent: Consent { days },
    };
    judge(ask, known, context)
}

fn now(ask: &Ask) -> Result<Verdict, Refusal> {
    at(NOW, ask, &nothing(), CONSENT.days)
}

/// A request with other keys than the ones before.
fn other(n: u8) -> Ask {
    Ask {
        requested: [n; 32],
        ..ask()
    }
}

#[test]
fn a_child_whose_certificate_ended_comes_back_by_itself() {
    assert_eq!(now(&ask()), Ok(Verdict::Readmit));
    let not_ended = Ask {
        ended_at: Timestamp(NOW.0 + 9 * DAY_MS),
        ..ask()
    };
    assert_eq!(now(&not_ended), Ok(Verdict::Readmit));
}

#[test]
fn whatever_is_wrong_is_refused_with_its_number_and_what_to_do() {
    let cases = [
        (
            Ask {
                network: NetworkId([8; 16]),
                ..ask()
            },
            20,
            "`parent`",
        ),
        (
            Ask {
                parent: code("330802"),
                ..ask()
            },
            20,
            "`parent`",
        ),
        (
            Ask {
                division: code("330825002222"),
                ..ask()
            },
            21,
            "lists of divisions",
        ),
        (
            Ask {
                standing: Standing::Revoked,
                ..ask()
            },
            22,
            "--replaces lost",
        ),
        (
            Ask {
                standing: Standing::Unknown,
                ..ask()
            },
            23,
            "old machine",
        ),
        (
            Ask {
                signed: false,
                ..ask()
            },
            24,
            "update",
        ),
        (
            Ask {
                shown: false,
                ..ask()
            },
            25,
            "invite 330825002",
        ),
        (
            Ask {
                protocol: 9,
                ..ask()
            },
            27,
            "update",
        ),
    ];
    for (ask, number, remedy) in cases {
        let refused = now(&ask).unwrap_err();
        assert_eq!(refused.number(), number, "{refused}");
        assert!(refused.to_string().contains(remedy), "{refused}");
        assert!(!refused.said().chinese.is_empty());
    }
}

#[test]
fn the_first_thing_that_is_wrong_is_told() {
    let all_wrong = Ask {
        network: NetworkId([8; 16]),
        standing: Standing::Revoked,
        signed: false,
        shown: false,
        protocol: 9,
        ..ask()
    };
    assert_eq!(now(&all_wrong).unwrap_err().number(), 20);
    let key = Ask {
        network: NETWORK,
        ..all_wrong
    };
    assert_eq!(now(&key).unwrap_err().number(), 22);
}

#[test]
fn a_parent_on_the_last_day_of_its_issuing_certificate_signs_nothing() {
    let late = Timestamp(NOW.0 + 399 * DAY_MS);
    let fresh = Ask {
        ended_at: late,
        ..ask()
    };
    assert_eq!(at(late, &fresh, &nothing(), 60), Ok(Verdict::Readmit));
    let refused = at(Timestamp(late.0 + 1), &fresh, &nothing(), 60);
    assert_eq!(refused.unwrap_err().number(), 26);
}

#[test]
fn the_standing_consent_ends_to_the_millisecond_and_none_asks_each_time() {
    let end = Timestamp(NOW.0 + 60 * DAY_MS);
    assert_eq!(at(end, &ask(), &nothing(), 60), Ok(Verdict::Readmit));
    let late = at(Timestamp(end.0 + 1), &ask(), &nothing(), 60);
    assert_eq!(late, Ok(Verdict::Wait(WaitReason::Long(60))));
    let always = at(NOW, &ask(), &nothing(), 0);
    assert_eq!(always, Ok(Verdict::Wait(WaitReason::Long(0))));
}

#[test]
fn the_fourth_time_within_ninety_days_a_person_is_asked() {
    let mut known = nothing();
    for n in 1..=3 {
        assert_eq!(at(NOW, &other(n), &known, 60), Ok(Verdict::Readmit));
        known.give(&other(n), NOW);
    }
    let fourth = at(NOW, &other(4), &known, 60);
    assert_eq!(fourth, Ok(Verdict::Wait(WaitReason::Often(3))));
    let later = Timestamp(NOW.0 + COUNTED_FOR_MS + 1);
    let fresh = Ask {
        ended_at: later,
        ..other(4)
    };
    assert_eq!(at(later, &fresh, &known, 60), Ok(Verdict::Readmit));
}

#[test]
fn an_answer_that_was_lost_is_given_again_and_counted_once() {
    let mut known = nothing();
    for _ in 0..20 {
        assert_eq!(at(NOW, &ask(), &known, 60), Ok(Verdict::Readmit));
        known.give(&ask(), NOW);
    }
    assert_eq!(known.by_itself(NOW), 1);
    let next_day = Timestamp(NOW.0 + REPEATED_FOR_MS + 1);
    known.give(&ask(), next_day);
    assert_eq!(known.by_itself(next_day), 2);
}

#[test]
fn what_a_person_said_holds_for_that_key_and_some_days() {
    let mut known = nothing();
    let long = Timestamp(NOW.0 + 300 * DAY_MS);
    assert!(known.wait(&ask(), WaitReason::Long(60), long));
    assert!(!known.wait(&ask(), WaitReason::Long(60), Timestamp(long.0 + 1)));
    let waiting = known.waiting.clone().unwrap();
    assert_eq!((waiting.since, waiting.last), (long, Timestamp(long.0 + 1)));
    known.consent = Some((KEY, long));
    assert_eq!(at(long, &ask(), &known, 60), Ok(Verdict::Readmit));
    let foreign = Ask {
        key: KeyId([1; 16]),
        ..ask()
    };
    assert_eq!(
        at(long, &foreign, &known, 60),
        Ok(Verdict::Wait(WaitReason::Long(60)))
    );
    let over = Timestamp(long.0 + CONSENT_HOLDS_MS + 1);
    assert_eq!(
        at(over, &ask(), &known, 60),
        Ok(Verdict::Wait(WaitReason::Long(60)))
    );
    known.give(&ask(), long);
    assert_eq!(known.by_itself(long), 0, "a person was asked");
    assert!(known.waiting.is_none());
}

proptest! {
    /// Whatever comes in whatever order: never more than three within ninety days without a person, and never one that is older
    /// than the consent.
    #[test]
    fn never_more_than_three_without_a_person(
        steps in prop::collection::vec((0i64..40 * DAY_MS, 0i64..100 * DAY_MS, any::<u8>()), 1..60),
    ) {
        let (mut known, mut now) = (nothing(), NOW);
        let mut given: Vec<Timestamp> = vec![];
        for (wait, away, request) in steps {
            now = Timestamp(now.0 + wait);
            let ask = Ask { ended_at: Timestamp(now.0 - away), ..other(request) };
            let repeated = known.is_repeated(&ask.requested, now);
            let issuer_ends = Timestamp(now.0 + 100 * DAY_MS);
            match under(issuer_ends, (now, &ask), &known, CONSENT.days).unwrap() {
                Verdict::Readmit => {
                    prop_assert!(repeated || away <= 60 * DAY_MS);
                    known.give(&ask, now);
                    if !repeated {
                        given.push(now);
                    }
                }
                Verdict::Wait(why) => _ = known.wait(&ask, why, now),
            }
            let recent = given.iter().filter(|at| now.0 - at.0 <= COUNTED_FOR_MS).count();
            prop_assert!(recent <= MOST_BY_ITSELF);
            prop_assert_eq!(recent, known.by_itself(now));
        }
    }
}

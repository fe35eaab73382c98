//! Transfers, notices and requests that an honest neighbour would not send, or sends again.

use super::{Desk, code, plain};
use crate::{
    category::Visibility,
    custody::{
        Decision, Docket, GiveRefusal, MOST_MORE_STEPS, MOST_STEPS, Standing, Taken, hear_notice,
    },
    matter::{Act, CustodyVersion, Matter, Outcome, Step},
    request::{Answer, Ask, Asked, Heard, Next, Reply, Wish, hear_answer, hear_ask, take_answer},
};

const VILLAGE: &str = "330825002222";
const OTHER: &str = "330825002001";
const TOWNSHIP: &str = "330825002";
const COUNTY: &str = "330825";

type Spoil<'a> = &'a dyn Fn(&mut Matter);

/// Reported in the village, escalated to the county, on its way to the township.
fn sent() -> Decision {
    let desk = Desk::at(VILLAGE);
    let docket = desk.report(plain()).unwrap().docket;
    desk.transfer(&docket, Act::Escalate(code(COUNTY))).unwrap()
}

/// Escalated to the township, and taken there.
fn at_township() -> (Docket, Docket) {
    let desk = Desk::at(VILLAGE);
    let docket = desk.report(plain()).unwrap().docket;
    let sent = desk
        .transfer(&docket, Act::Escalate(code(TOWNSHIP)))
        .unwrap();
    let there = Desk::at(TOWNSHIP).take(None, &sent).docket;
    (desk.settled(&sent.docket, false), there)
}

fn offered(matter: &Matter, known: Option<&Docket>, from: &str, bound_for: &str) -> Taken {
    Desk::at(TOWNSHIP).offered(known, CustodyVersion::default(), matter, from, bound_for)
}

#[test]
fn a_transfer_that_contradicts_itself_is_refused() {
    let good = sent().docket.matter;
    assert!(matches!(
        offered(&good, None, VILLAGE, COUNTY),
        Taken::Now(_)
    ));
    let stranger = Step {
        by: code("440100"),
        ..good.steps[0].clone()
    };
    let wrong: [(&str, Spoil); 11] = [
        ("no steps", &|m| m.steps.clear()),
        ("a step too far", &|m| m.version.rev = 1),
        ("another holder", &|m| m.holder = code(OTHER)),
        ("to somebody else", &|m| m.transit = Some(code(COUNTY))),
        ("to nobody", &|m| m.transit = None),
        ("last step by another", &|m| m.steps[1].by = code(OTHER)),
        ("last step older", &|m| m.steps[1].version.cv.n = 1),
        ("bound elsewhere", &|m| {
            m.steps[1].act = Act::Escalate(code("33"))
        }),
        ("a stranger's step", &|m| m.steps[0] = stranger.clone()),
        ("direct about nobody", &|m| {
            m.visibility = Visibility::Direct
        }),
        ("too many steps", &|m| {
            let last = m.steps[1].clone();
            m.steps.resize(MOST_STEPS + MOST_MORE_STEPS, last);
        }),
    ];
    for (what, spoil) in wrong {
        let mut matter = good.clone();
        spoil(&mut matter);
        assert_eq!(
            offered(&matter, None, VILLAGE, COUNTY),
            Taken::Refused(GiveRefusal::Malformed),
            "{what}"
        );
    }
}

#[test]
fn each_other_reason_to_refuse_a_transfer_is_reached() {
    let good = sent().docket.matter;
    let refused =
        |matter: &Matter, known: Option<&Docket>, from: &str, bound_for: &str| match offered(
            matter, known, from, bound_for,
        ) {
            Taken::Refused(reason) => reason,
            other => panic!("{other:?}"),
        };
    let bound = |to: &str| {
        let mut matter = good.clone();
        matter.steps[1].act = Act::Escalate(code(to));
        matter
    };
    // Back where it comes from, and to nobody.
    for no_way in [VILLAGE, "330825002999"] {
        assert_eq!(
            refused(&bound(no_way), None, VILLAGE, no_way),
            GiveRefusal::NoWay
        );
    }
    let mut closed = good.clone();
    closed.status = crate::matter::Status::Closed(Outcome::Solved);
    assert_eq!(refused(&closed, None, VILLAGE, COUNTY), GiveRefusal::Closed);

    let mut foreign = good.clone();
    foreign.id.origin = code(OTHER);
    assert_eq!(
        refused(&foreign, None, VILLAGE, COUNTY),
        GiveRefusal::NotItsToGive,
        "it never left its origin through here"
    );

    let (_, held) = at_township();
    let mut again = held.matter.clone();
    let version = crate::matter::Version {
        cv: again.version.cv.next(),
        rev: 0,
    };
    again.version = version;
    again.holder = code(VILLAGE);
    again.transit = Some(code(TOWNSHIP));
    let step = Step {
        version,
        by: code(VILLAGE),
        act: Act::Escalate(code(COUNTY)),
        ..again.steps[0].clone()
    };
    again.steps.push(step);
    assert_eq!(
        refused(&again, Some(&held), VILLAGE, COUNTY),
        GiveRefusal::HeldHere
    );

    let desk = Desk::at(TOWNSHIP);
    let floor = good.version.cv;
    assert_eq!(
        desk.offered(None, floor, &good, VILLAGE, COUNTY),
        Taken::Refused(GiveRefusal::RefusedBefore)
    );
}

#[test]
fn a_complaint_is_refused_by_whom_it_is_about_and_by_what_is_below() {
    let county = Desk::at(COUNTY);
    let mut docket = county.report(plain()).unwrap().docket;
    docket.matter.visibility = Visibility::Direct;
    for (about, bound_for) in [(TOWNSHIP, TOWNSHIP), (COUNTY, TOWNSHIP), (VILLAGE, VILLAGE)] {
        docket.matter.about = None;
        let mut matter = county
            .transfer(&docket, Act::Assign(code(bound_for)))
            .unwrap()
            .docket
            .matter;
        matter.about = Some(code(about));
        let reason = match offered(&matter, None, COUNTY, bound_for) {
            Taken::Refused(reason) => reason,
            other => panic!("{other:?}"),
        };
        let expected = if about == COUNTY {
            GiveRefusal::Malformed
        } else {
            GiveRefusal::Concerned
        };
        assert_eq!(reason, expected, "about {about}");
    }
}

#[test]
fn it_comes_back_only_over_the_link_it_left_by() {
    let (_, held) = at_township();
    let desk = Desk::at(TOWNSHIP);
    let given = desk
        .transfer(&held, Act::Assign(code(OTHER)))
        .unwrap()
        .docket;
    let mut claimed = given.matter.clone();
    claimed.version.cv = claimed.version.cv.next();
    claimed.holder = code(VILLAGE);
    claimed.steps.push(Step {
        version: claimed.version,
        by: code(VILLAGE),
        act: Act::Escalate(code(TOWNSHIP)),
        ..claimed.steps[0].clone()
    });
    claimed.transit = Some(code(TOWNSHIP));
    for known in [desk.settled(&given, false), given] {
        assert_eq!(
            offered(&claimed, Some(&known), VILLAGE, TOWNSHIP),
            Taken::Refused(GiveRefusal::NotItsToGive)
        );
    }
}

#[test]
fn what_was_recorded_is_not_rewritten_by_a_transfer_or_a_notice() {
    let (at_home, held) = at_township();
    let village = Desk::at(VILLAGE);
    let returned = Desk::at(TOWNSHIP)
        .transfer(&held, Act::Return(code(VILLAGE)))
        .unwrap()
        .docket
        .matter;
    let offer = |matter: &Matter| {
        let floor = CustodyVersion::default();
        village.offered(Some(&at_home), floor, matter, TOWNSHIP, VILLAGE)
    };
    let hear =
        |matter: &Matter| hear_notice(Some(&at_home), matter, code(TOWNSHIP), village.seat());
    assert!(matches!(offer(&returned), Taken::Now(_)));
    assert!(hear(&returned).is_some());
    let spoils: [Spoil; 4] = [
        &|m| m.steps[0].by = code(COUNTY),
        &|m| m.body = [9; 32],
        &|m| m.responsible = code(TOWNSHIP),
        &|m| m.suite = crate::suite::Suite::P256Sha256,
    ];
    for spoil in spoils {
        let mut matter = returned.clone();
        spoil(&mut matter);
        assert_eq!(offer(&matter), Taken::Refused(GiveRefusal::Malformed));
        assert_eq!(hear(&matter), None);
    }
}

#[test]
fn a_notice_moves_no_matter_that_is_held_here_or_given_elsewhere() {
    let (_, held) = at_township();
    let desk = Desk::at(TOWNSHIP);
    let hear = |known: &Docket, notice: &Matter, author: &str| {
        hear_notice(Some(known), notice, code(author), desk.seat())
    };
    let mut claimed = held.matter.clone();
    claimed.version.cv.n += 5;
    claimed.holder = code(VILLAGE);
    assert_eq!(hear(&held, &claimed, VILLAGE), None, "held here");
    let given = desk
        .transfer(&held, Act::Assign(code(OTHER)))
        .unwrap()
        .docket;
    let mut claimed = given.matter.clone();
    claimed.version.cv.n += 5;
    assert_eq!(hear(&given, &claimed, VILLAGE), None, "given elsewhere");
    assert_eq!(hear(&given, &claimed, TOWNSHIP), None, "in its own name");
    assert!(hear(&given, &claimed, OTHER).is_some(), "taken there");
    let gone = desk.settled(&given, false);
    assert_eq!(hear(&gone, &claimed, VILLAGE), None, "gone elsewhere");
    assert_eq!(hear(&gone, &gone.matter, OTHER), None, "nothing new");
}

#[test]
fn a_notice_reaches_only_the_path_and_never_whom_a_complaint_is_about() {
    let (_, held) = at_township();
    let heard_by = |at: &str, notice: &Matter| {
        let desk = Desk::at(at);
        hear_notice(None, notice, code(TOWNSHIP), desk.seat()).is_some()
    };
    assert!(heard_by(VILLAGE, &held.matter));
    for off_path in [OTHER, COUNTY, "330825001"] {
        assert!(!heard_by(off_path, &held.matter), "{off_path}");
    }
    let mut direct = held.matter;
    direct.visibility = Visibility::Direct;
    direct.about = Some(code(VILLAGE));
    assert!(!heard_by(VILLAGE, &direct));
}

#[test]
fn a_transfer_that_was_settled_is_not_settled_again() {
    let desk = Desk::at(VILLAGE);
    let given = sent().docket;
    let cv = given.matter.version.cv;
    let settle = |docket: &Docket, cv, refused| {
        crate::custody::settle(docket.clone(), cv, refused, desk.seat())
    };
    let back = settle(&given, cv, true).unwrap().docket;
    assert_eq!(settle(&back, cv, false), None, "it stayed here");
    let gone = settle(&given, cv, false).unwrap().docket;
    assert_eq!(settle(&gone, cv, true), None, "it is gone");
    let earlier = CustodyVersion { term: 0, n: 1 };
    assert_eq!(settle(&given, earlier, false), None, "another transfer");
}

fn ask_of(desk: &Desk, docket: &Docket, number: u64) -> Ask {
    desk.asking(docket, number, Wish::Recall)
}

#[test]
fn every_reply_to_a_request_is_reached() {
    let village = Desk::at(VILLAGE);
    let township = Desk::at(TOWNSHIP);
    let (at_home, held) = at_township();
    let ask = ask_of(&village, &at_home, 1);
    let hear = |docket: Option<&Docket>, ask: Ask| hear_ask(docket, ask, township.seat());
    let replied = |heard: Heard| match heard {
        Heard::Answered(docket, answer) => (docket, answer.reply),
        Heard::Granted(decision, answer) => (Some(decision.docket), answer.reply),
        other => panic!("{other:?}"),
    };
    assert_eq!(replied(hear(None, ask)), (None, Reply::Unknown));
    let (granted, reply) = replied(hear(Some(&held), ask));
    assert_eq!(reply, Reply::Granted);
    assert_eq!(
        hear(granted.as_ref(), ask),
        Heard::Repeated,
        "answered once"
    );

    let never_sent = Ask {
        id: Desk::at(OTHER).ask(1),
        ..ask
    };
    assert_eq!(replied(hear(Some(&held), never_sent)).1, Reply::NotEntitled);
    let closed = township
        .act(&held, Act::Close(Outcome::Solved))
        .unwrap()
        .docket;
    assert_eq!(replied(hear(Some(&closed), ask)).1, Reply::Closed);

    let giving = township
        .transfer(&held, Act::Escalate(code(COUNTY)))
        .unwrap();
    let giving = giving.docket;
    let Heard::Parked(parked) = hear(Some(&giving), ask) else {
        panic!("it waits for the transfer");
    };
    assert_eq!(hear(Some(&parked), ask), Heard::Parked(parked.clone()));
    let gone = township.settled(&parked, false);
    assert!(gone.parked.is_empty() && gone.answered.contains(&ask.id));
    let other = Ask {
        id: village.ask(2),
        ..ask
    };
    let (_, reply) = replied(hear(Some(&gone), other));
    let version = crate::matter::Version {
        cv: giving.matter.version.cv,
        rev: 1,
    };
    let holder = code(COUNTY);
    assert_eq!(reply, Reply::Moved { holder, version });

    // Of one asker the latest waits; the earlier is moot, in whatever order they come.
    let (docket, reply) = replied(hear(Some(&parked), other));
    assert_eq!(reply, Reply::Moot);
    assert_eq!(docket.unwrap().parked, [other]);
    let Heard::Parked(parked) = hear(Some(&giving), other) else {
        panic!("it waits for the transfer");
    };
    let (docket, reply) = replied(hear(Some(&parked), ask));
    assert_eq!((docket.unwrap().parked, reply), (vec![other], Reply::Moot));
}

#[test]
fn a_request_that_waited_is_granted_when_the_transfer_comes_back() {
    let township = Desk::at(TOWNSHIP);
    let village = Desk::at(VILLAGE);
    let (at_home, held) = at_township();
    let giving = township
        .transfer(&held, Act::Escalate(code(COUNTY)))
        .unwrap();
    let ask = ask_of(&village, &at_home, 1);
    let heard = hear_ask(Some(&giving.docket), ask, township.seat());
    let Heard::Parked(parked) = heard else {
        panic!("{heard:?}");
    };
    let after = township.settled(&parked, true);
    assert_eq!(
        after.standing,
        Standing::Giving {
            to: code(VILLAGE),
            bound_for: code(VILLAGE)
        }
    );
}

#[test]
fn an_asker_follows_pointers_that_grow_and_no_others() {
    let (at_home, _) = at_township();
    let village = Desk::at(VILLAGE);
    let asked = village.wish(&at_home, 1, Wish::Recall).unwrap().docket;
    let Asked { ask, to } = asked.asked[0];
    assert_eq!(to, code(TOWNSHIP));
    let answer = |reply| Answer {
        ask: ask.id,
        matter: ask.matter,
        reply,
    };
    let moved = |holder: &str, n| {
        let mut version = ask.seen;
        version.cv.n += n;
        answer(Reply::Moved {
            holder: code(holder),
            version,
        })
    };
    let under_way = Asked { ask, to };
    let heard = |from, answer| hear_answer(Some(&under_way), from, &answer, village.seat());
    let next = |answer| heard(to, answer);
    assert!(matches!(next(moved(COUNTY, 1)), Next::Again(to, _) if to == code(COUNTY)));
    assert_eq!(
        next(moved(COUNTY, 0)),
        Next::Done(Reply::Moot),
        "nothing new"
    );
    assert_eq!(
        next(moved(VILLAGE, 1)),
        Next::Done(Reply::Moot),
        "it is here"
    );
    for reply in [
        Reply::Granted,
        Reply::Closed,
        Reply::NotEntitled,
        Reply::Unknown,
        Reply::Refused,
    ] {
        assert_eq!(next(answer(reply)), Next::Done(reply));
    }
    let take = |docket, from: &str, answer, number| {
        take_answer(
            docket,
            code(from),
            &answer,
            village.ask(number),
            village.seat(),
        )
    };
    let (again, _) = take(&asked, TOWNSHIP, moved(COUNTY, 1), 2).unwrap();
    assert_eq!(again.sends[0].to, code(COUNTY));
    assert_eq!(
        take(&again.docket, TOWNSHIP, answer(Reply::Granted), 3),
        None,
        "the first attempt is over"
    );
    let (done, _) = take(&asked, TOWNSHIP, answer(Reply::Granted), 2).unwrap();
    assert!(done.docket.asked.is_empty());
    assert_eq!(done.docket.replies, [(Wish::Recall, Reply::Granted)]);
}

#[test]
fn only_who_was_asked_answers_and_only_those_on_the_way_refuse_to_carry() {
    let (at_home, _) = at_township();
    let village = Desk::at(VILLAGE);
    let asked = village.wish(&at_home, 1, Wish::Recall).unwrap().docket;
    let under_way = Asked {
        to: code(COUNTY),
        ..asked.asked[0]
    };
    let heard = |from: &str, reply| {
        let answer = Answer {
            ask: under_way.ask.id,
            matter: under_way.ask.matter,
            reply,
        };
        hear_answer(Some(&under_way), code(from), &answer, village.seat())
    };
    let replies = [Reply::Granted, Reply::Closed, Reply::Moot, Reply::Unknown];
    for reply in replies {
        assert_eq!(heard(COUNTY, reply), Next::Done(reply));
        for other in [TOWNSHIP, VILLAGE, "3308", "330825001"] {
            assert_eq!(heard(other, reply), Next::Ignore, "{other}: {reply:?}");
        }
    }
    for on_the_way in [COUNTY, TOWNSHIP, VILLAGE] {
        assert_eq!(
            heard(on_the_way, Reply::Refused),
            Next::Done(Reply::Refused)
        );
    }
    for beside in ["3308", "330825001", "330825002001"] {
        assert_eq!(heard(beside, Reply::Refused), Next::Ignore, "{beside}");
    }
}

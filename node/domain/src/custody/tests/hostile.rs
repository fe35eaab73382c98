//! Transfers, notices and requests that an honest neighbour would not send, or sends again.

use super::{Desk, Recollection, code, plain};
use crate::{
    category::Visibility,
    custody::requests::{Heard, Next, hear_answer, hear_request, take_answer},
    custody::{
        Decision, Docket, GiveRefusal, Incoming, MOST_MORE_STEPS, MOST_STEPS, NoticeRefusal,
        Standing, Taken, receive,
    },
    envelope::Payload,
    matter::{Act, CustodyVersion, Matter, Outcome, Step},
    request::{Answer, OpenRequest, Reply, Request, RequestKind},
};

const VILLAGE: &str = "330825002222";
const OTHER: &str = "330825002001";
const TOWNSHIP: &str = "330825002";
const COUNTY: &str = "330825";

/// The memory of a node that lost everything.
const LOST: Recollection = Recollection {
    lost: true,
    asked: false,
};

type Spoil<'a> = &'a dyn Fn(&mut Matter);

/// Returns a matter that the village escalated to the county, on its way to the township.
fn sent() -> Decision {
    let desk = Desk::at(VILLAGE);
    let docket = desk.report(plain()).unwrap().docket;
    desk.transfer(&docket, Act::Escalate(code(COUNTY))).unwrap()
}

/// Returns the village's and the township's docket of a matter that was escalated and taken.
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
    // Back to where it comes from, and to nobody.
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
    let hear = |matter: &Matter| village.told(Some(&at_home), matter, TOWNSHIP);
    assert!(matches!(offer(&returned), Taken::Now(_)));
    assert!(matches!(hear(&returned), Ok(Some(_))));
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
        assert!(hear(&matter).is_err());
    }
}

/// Returns the message of `to` after taking the matter of `held`. It assumes that the holder had
/// assigned it there.
fn said_to_be_taken(held: &Docket, at: &str, to: &str) -> Matter {
    let given = Desk::at(at).transfer(held, Act::Assign(code(to))).unwrap();
    let desk = Desk::at(to);
    let Payload::Give { matter, bound_for } = &given.sends[0].payload else {
        panic!("a transfer is sent");
    };
    let incoming = Incoming {
        from: matter.holder,
        matter,
        bound_for: *bound_for,
    };
    let none = CustodyVersion::default();
    match receive(None, none, incoming, LOST, desk.context()) {
        Taken::Now(taken) => taken.docket.matter,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_notice_moves_no_matter_that_is_held_here_or_given_elsewhere() {
    let (_, held) = at_township();
    let desk = Desk::at(TOWNSHIP);
    let hear =
        |known: &Docket, notice: &Matter, author: &str| desk.told(Some(known), notice, author);
    let claimed = said_to_be_taken(&held, TOWNSHIP, VILLAGE);
    let invented = Err(NoticeRefusal::NotItsStep);
    assert_eq!(hear(&held, &claimed, VILLAGE), invented, "held here");
    let given = desk.transfer(&held, Act::Assign(code(OTHER))).unwrap();
    let true_word = Desk::at(OTHER).take(None, &given).docket.matter;
    let given = given.docket;
    let gone = desk.settled(&given, false);
    let contradicts = Err(NoticeRefusal::Contradicts);
    for known in [&given, &gone] {
        assert_eq!(
            hear(known, &claimed, VILLAGE),
            contradicts,
            "given elsewhere"
        );
        let by_another = hear(known, &true_word, VILLAGE);
        assert_eq!(by_another, Err(NoticeRefusal::Broken), "not its holder");
        let heard = hear(known, &true_word, OTHER).unwrap().unwrap();
        assert_eq!(heard.docket.standing, Standing::Elsewhere, "taken there");
        assert_eq!(heard.docket.matter, true_word);
    }
    assert_eq!(hear(&gone, &held.matter, TOWNSHIP), Ok(None), "nothing new");
}

#[test]
fn a_first_word_comes_with_a_transfer_and_from_no_neighbour_that_says_so() {
    let (_, held) = at_township();
    let first = |at: &str, notice: &Matter, author: &str| Desk::at(at).told(None, notice, author);
    let invented = Err(NoticeRefusal::NotItsStep);
    // The origin and a relay know what they sent and forwarded.
    assert_eq!(first(VILLAGE, &held.matter, TOWNSHIP), invented);
    let claimed = said_to_be_taken(&held, TOWNSHIP, OTHER);
    assert_eq!(first(TOWNSHIP, &claimed, OTHER), invented);
    // Beside the path, a notice from above is refused; one from below is forwarded, and kept by a
    // division that asked.
    for beside in [OTHER, "330825001"] {
        let refused = first(beside, &held.matter, TOWNSHIP);
        assert_eq!(refused, Err(NoticeRefusal::NotBelow), "{beside}");
    }
    assert_eq!(first(COUNTY, &held.matter, TOWNSHIP), Ok(None));
    let mut direct = held.matter;
    direct.visibility = Visibility::Direct;
    direct.about = Some(code(COUNTY));
    assert_eq!(
        first(COUNTY, &direct, TOWNSHIP),
        Err(NoticeRefusal::NotBelow)
    );
}

#[test]
fn after_a_loss_a_node_learns_its_own_steps_from_where_it_sent_the_matter() {
    let (_, held) = at_township();
    let village = Desk::at(VILLAGE);
    let hear = |known: Option<&Docket>, notice: &Matter, author| {
        crate::custody::hear_notice(known, notice, code(author), LOST, village.context())
    };
    let copy = hear(None, &held.matter, TOWNSHIP).unwrap().unwrap().docket;
    assert_eq!(
        (copy.standing, copy.was_here()),
        (Standing::Elsewhere, false)
    );
    let by_another = hear(None, &held.matter, OTHER);
    assert_eq!(by_another, Err(NoticeRefusal::Broken));
    // A notice does not take away a matter that the node holds by an old copy of its store.
    let reported = village.report(plain()).unwrap().docket;
    assert_eq!(hear(Some(&reported), &held.matter, TOWNSHIP), Ok(None));
}

#[test]
fn a_transfer_counts_for_more_than_a_copy_that_came_by_notice() {
    let desk = Desk::at(COUNTY);
    // A village invents a matter under a number that another village has not given yet.
    let mut other = plain();
    other.body = [9; 32];
    let village = Desk::at(VILLAGE);
    let claimed = village.report(other).unwrap().docket;
    let given = village.transfer(&claimed, Act::Escalate(code(TOWNSHIP)));
    let claimed = Desk::at(TOWNSHIP).take(None, &given.unwrap()).docket;
    let supervised = Act::Supervise(code(COUNTY));
    let claimed = Desk::at(TOWNSHIP).act(&claimed, supervised).unwrap();
    let asked = Recollection {
        lost: false,
        asked: true,
    };
    let context = desk.context();
    let word = &claimed.docket.matter;
    let heard = crate::custody::hear_notice(None, word, code(TOWNSHIP), asked, context);
    let copy = heard.unwrap().unwrap().docket;
    // The real matter comes, in an earlier version.
    let real = Desk::at(TOWNSHIP).take(None, &sent()).docket;
    let offer = |known: &Docket| {
        let none = CustodyVersion::default();
        desk.offered(Some(known), none, &real.matter, TOWNSHIP, COUNTY)
    };
    let Taken::Now(taken) = offer(&copy) else {
        panic!("{:?}", offer(&copy));
    };
    assert_eq!(taken.docket.standing, Standing::Holding);
    assert_eq!(taken.docket.matter.body, plain().body);
    // A matter that was here itself is not replaced.
    let held = Docket {
        taken: real.matter.version.cv,
        ..copy
    };
    assert_eq!(offer(&held), Taken::Refused(GiveRefusal::Malformed));
}

#[test]
fn a_transfer_that_was_settled_is_not_settled_again() {
    let desk = Desk::at(VILLAGE);
    let given = sent().docket;
    let cv = given.matter.version.cv;
    let settle = |docket: &Docket, cv, refused| {
        crate::custody::settle(docket.clone(), code(TOWNSHIP), cv, refused, desk.context())
    };
    let back = settle(&given, cv, true).unwrap().docket;
    assert_eq!(settle(&back, cv, false), None, "it stayed here");
    let gone = settle(&given, cv, false).unwrap().docket;
    assert_eq!(settle(&gone, cv, true), None, "it is gone");
    let earlier = CustodyVersion { term: 0, n: 1 };
    assert_eq!(settle(&given, earlier, false), None, "another transfer");
    let other = crate::custody::settle(given, code(COUNTY), cv, false, desk.context());
    assert_eq!(other, None, "it was given to another");
}

fn request_of(desk: &Desk, docket: &Docket, number: u64) -> Request {
    desk.asking(docket, number, RequestKind::Recall)
}

#[test]
fn every_reply_to_a_request_is_reached() {
    let village = Desk::at(VILLAGE);
    let township = Desk::at(TOWNSHIP);
    let (at_home, held) = at_township();
    let request = request_of(&village, &at_home, 1);
    let hear = |docket: Option<&Docket>, request: Request| {
        hear_request(docket, request, township.context())
    };
    let replied = |heard: Heard| match heard {
        Heard::Answered(docket, answer) => (docket, answer.reply),
        Heard::Granted(decision, answer) => (Some(decision.docket), answer.reply),
        other => panic!("{other:?}"),
    };
    assert_eq!(replied(hear(None, request)), (None, Reply::Unknown));
    let (granted, reply) = replied(hear(Some(&held), request));
    assert_eq!(reply, Reply::Granted);
    assert_eq!(
        hear(granted.as_ref(), request),
        Heard::Repeated,
        "answered once"
    );

    let never_sent = Request {
        id: Desk::at(OTHER).request(1),
        ..request
    };
    assert_eq!(replied(hear(Some(&held), never_sent)).1, Reply::NotEntitled);
    let closed = township
        .act(&held, Act::Close(Outcome::Solved))
        .unwrap()
        .docket;
    assert_eq!(replied(hear(Some(&closed), request)).1, Reply::Closed);

    let giving = township
        .transfer(&held, Act::Escalate(code(COUNTY)))
        .unwrap();
    let giving = giving.docket;
    let Heard::Parked(parked) = hear(Some(&giving), request) else {
        panic!("it waits for the transfer");
    };
    assert_eq!(hear(Some(&parked), request), Heard::Parked(parked.clone()));
    let gone = township.settled(&parked, false);
    assert!(gone.parked.is_empty() && gone.answered.contains(&request.id));
    let other = Request {
        id: village.request(2),
        ..request
    };
    let (_, reply) = replied(hear(Some(&gone), other));
    let version = crate::matter::Version {
        cv: giving.matter.version.cv,
        rev: 1,
    };
    let holder = code(COUNTY);
    assert_eq!(reply, Reply::Moved { holder, version });

    // The latest request of one asker waits; the earlier is moot, in whatever order they come.
    let (docket, reply) = replied(hear(Some(&parked), other));
    assert_eq!(reply, Reply::Moot);
    assert_eq!(docket.unwrap().parked, [other]);
    let Heard::Parked(parked) = hear(Some(&giving), other) else {
        panic!("it waits for the transfer");
    };
    let (docket, reply) = replied(hear(Some(&parked), request));
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
    let request = request_of(&village, &at_home, 1);
    let heard = hear_request(Some(&giving.docket), request, township.context());
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
    let asked = village
        .make(&at_home, 1, RequestKind::Recall)
        .unwrap()
        .docket;
    let OpenRequest { request, to } = asked.asked[0];
    assert_eq!(to, code(TOWNSHIP));
    let answer = |reply| Answer {
        request: request.id,
        matter: request.matter,
        reply,
    };
    let moved = |holder: &str, n| {
        let mut version = request.seen;
        version.cv.n += n;
        answer(Reply::Moved {
            holder: code(holder),
            version,
        })
    };
    let under_way = OpenRequest { request, to };
    let heard = |from, answer| hear_answer(Some(&under_way), from, &answer, village.context());
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
            village.request(number),
            village.context(),
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
    assert_eq!(done.docket.replies, [(RequestKind::Recall, Reply::Granted)]);
}

#[test]
fn only_who_was_asked_answers_and_only_those_on_the_way_refuse_to_carry() {
    let (at_home, _) = at_township();
    let village = Desk::at(VILLAGE);
    let asked = village
        .make(&at_home, 1, RequestKind::Recall)
        .unwrap()
        .docket;
    let under_way = OpenRequest {
        to: code(COUNTY),
        ..asked.asked[0]
    };
    let heard = |from: &str, reply| {
        let answer = Answer {
            request: under_way.request.id,
            matter: under_way.request.matter,
            reply,
        };
        hear_answer(Some(&under_way), code(from), &answer, village.context())
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

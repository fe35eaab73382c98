//! Tests that nothing about a matter changes without a step that says so.

use super::{Desk, code, plain};
use crate::{
    category::{Class, Priority},
    clock::{Clock, Clocks, Ended, Extension, ExtensionReason, How, Stage, Told},
    custody::{Decision, Docket, GiveRefusal, NoticeRefusal, Refusal, Taken, recategorise},
    envelope::Payload,
    matter::{Act, Channel, CustodyVersion, Matter, Outcome, Publicity, Sort, State, Status, Step},
};

const VILLAGE: &str = "330825002222";
const TOWNSHIP: &str = "330825002";

type Spoil = fn(&mut Matter);

/// Returns what the village and the township have of an emergency. It was reported in the village,
/// escalated to the township, and taken there.
fn at_township() -> (Docket, Decision) {
    let village = Desk::at(VILLAGE);
    let mut what = plain();
    what.priority = Priority::Emergency;
    let docket = village.report(what).unwrap().docket;
    let up = Act::Escalate(code(TOWNSHIP));
    let sent = village.transfer(&docket, up).unwrap();
    let taken = Desk::at(TOWNSHIP).take(None, &sent);
    (village.settled(&sent.docket, false), taken)
}

fn change(matter: &mut Matter, change: impl Fn(&mut Clock)) {
    let mut all: Vec<Clock> = matter.clocks.iter().cloned().collect();
    let clock = all.iter_mut().find(|clock| clock.stage == Stage::Finish);
    change(clock.expect("it runs"));
    matter.clocks = Clocks::try_from(all).unwrap();
}

/// Changes that a holder, or a division that gives the matter on, may not slip in.
const SPOILS: [(&str, Spoil); 9] = [
    ("less urgent", |m| m.priority = Priority::Normal),
    ("another category", |m| {
        m.category = "service/other".parse().unwrap();
    }),
    ("closed", |m| m.status = Status::Closed(Outcome::Unfounded)),
    ("further on", |m| m.status = Status::Verified),
    ("a clock ended", |m| {
        change(m, |clock| {
            let at = clock.started;
            clock.ended = Some(Ended { at, how: How::Met });
        });
    }),
    ("a clock that is due later", |m| {
        change(m, |clock| clock.due.0 += 86_400_000);
    }),
    ("an extension", |m| {
        change(m, |clock| {
            clock.due.0 += 86_400_000;
            clock.extension = Some(Extension {
                by: clock.allowance,
                reason: ExtensionReason::Complex,
                at: clock.started,
            });
        });
    }),
    ("a clock that nothing starts", |m| {
        let mut all: Vec<Clock> = m.clocks.iter().cloned().collect();
        all.push(Clock {
            stage: Stage::ReviewAnswer,
            ..all[0].clone()
        });
        m.clocks = Clocks::try_from(all).unwrap();
    }),
    ("an alarm that nobody gave", |m| {
        change(m, |clock| clock.told = Told::Overdue);
    }),
];

#[test]
fn a_notice_whose_state_is_not_what_its_steps_make_of_it_is_refused() {
    let (at_home, taken) = at_township();
    let village = Desk::at(VILLAGE);
    let handled = Desk::at(TOWNSHIP).act(&taken.docket, Act::Handle);
    let good = handled.unwrap().docket.matter;
    let told = |word: &Matter| village.told(Some(&at_home), word, TOWNSHIP);
    assert!(matches!(told(&good), Ok(Some(_))));
    for (what, spoil) in SPOILS {
        let mut word = good.clone();
        spoil(&mut word);
        assert_ne!(word, good, "{what}");
        assert_eq!(told(&word), Err(NoticeRefusal::State), "{what}");
    }
    let others: [(&str, Spoil); 2] = [
        ("another channel", |m| m.channel = Channel::Hotline),
        ("another class", |m| m.class = Class::Public),
    ];
    for (what, spoil) in others {
        let mut word = good.clone();
        spoil(&mut word);
        assert_eq!(told(&word), Err(NoticeRefusal::Contradicts), "{what}");
    }
}

#[test]
fn a_transfer_whose_state_is_not_what_its_steps_make_of_it_is_refused() {
    let (at_home, taken) = at_township();
    let (village, township) = (Desk::at(VILLAGE), Desk::at(TOWNSHIP));
    let back = Act::Return(code(VILLAGE));
    let returned = township
        .transfer(&taken.docket, back)
        .unwrap()
        .docket
        .matter;
    let none = CustodyVersion::default();
    let offered =
        |matter: &Matter| village.offered(Some(&at_home), none, matter, TOWNSHIP, VILLAGE);
    assert!(matches!(offered(&returned), Taken::Now(_)));
    let mut what = plain();
    what.priority = Priority::Emergency;
    let new = village.report(what).unwrap().docket;
    let up = Act::Escalate(code(TOWNSHIP));
    let new = village.transfer(&new, up).unwrap().docket.matter;
    let first = |matter: &Matter| township.offered(None, none, matter, VILLAGE, TOWNSHIP);
    assert!(matches!(first(&new), Taken::Now(_)));
    for (what, spoil) in SPOILS {
        // A matter that claims to be closed is refused for that reason.
        let expected = match what {
            "closed" => GiveRefusal::Closed,
            _ => GiveRefusal::Malformed,
        };
        let mut again = returned.clone();
        spoil(&mut again);
        assert_eq!(offered(&again), Taken::Refused(expected), "{what}");
        let mut new = new.clone();
        spoil(&mut new);
        // A node that sees a clock for the first time does not know its earlier state.
        let stood = ["a clock ended", "a clock that is due later", "an extension"];
        if !stood.contains(&what) && what != "an alarm that nobody gave" {
            assert_eq!(first(&new), Taken::Refused(expected), "{what}, at first");
        }
    }
}

#[test]
fn every_act_that_changes_a_field_has_a_step_that_says_so() {
    let desk = Desk::at(VILLAGE);
    let reported = desk.report(plain()).unwrap().docket;
    let to = "service/other".parse().unwrap();
    let mut docket = recategorise(reported, to, None, desk.context())
        .unwrap()
        .docket;
    let acts = [
        (Act::Accept, Status::Accepted),
        (Act::Prioritise(Priority::Urgent), Status::Accepted),
        (Act::Handle, Status::Handling),
        (Act::Reply(Publicity::Private), Status::Answered),
        (Act::Verify(true), Status::Verified),
        (Act::Close(Outcome::Solved), Status::Closed(Outcome::Solved)),
    ];
    for (act, status) in acts {
        docket = desk.act(&docket, act).unwrap().docket;
        let state = docket.matter.state();
        assert_eq!(state.status, status, "{act:?}");
        assert_eq!(State::of(&docket.matter.steps), Ok(state), "{act:?}");
    }
    let mut steps = docket.matter.steps;
    let said = |category: &str| {
        Some(Sort {
            category: category.parse().unwrap(),
            priority: Priority::Normal,
        })
    };
    assert_eq!(steps[0].sort, said("enforcement/lighting"));
    assert_eq!(steps[1].sort, said("service/other"));
    assert!(steps[2..].iter().all(|step| step.sort.is_none()));
    // After the end, only acts that may follow it are possible.
    let closed = steps.last().unwrap().clone();
    for act in [Act::Handle, Act::Accept, Act::Take, closed.act] {
        steps.push(Step {
            act,
            ..closed.clone()
        });
        assert!(State::of(&steps).is_err(), "{act:?} after the end");
        steps.pop();
    }
    assert!(State::of(&[]).is_err(), "without a report");
    assert!(State::of(&steps[1..]).is_err(), "without its report");
    steps[2].sort = said("service/other");
    assert!(State::of(&steps).is_err(), "a step that says too much");
}

#[test]
fn a_matter_changes_its_category_so_often_that_it_still_fits_an_envelope() {
    let desk = Desk::at(VILLAGE);
    let mut docket = desk.report(plain()).unwrap().docket;
    for change in 0..32 {
        let to = ["service/other", "order/other"][change % 2]
            .parse()
            .unwrap();
        let moved = recategorise(docket, to, None, desk.context());
        docket = moved.unwrap().docket;
    }
    let once_more = "service/relief".parse().unwrap();
    let refused = recategorise(docket.clone(), once_more, None, desk.context());
    assert_eq!(refused, Err(Refusal::TooManySteps));
    let given = desk.transfer(&docket, Act::Escalate(code(TOWNSHIP)));
    let sends = given.unwrap().sends;
    assert!(matches!(sends[0].payload, Payload::Give { .. }));
}

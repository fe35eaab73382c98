//! Tests of each act, and of each reason for refusing it.

use std::collections::BTreeMap;

use super::{Desk, code, plain};
use crate::{
    category::Visibility,
    clock::Stage,
    custody::{Decision, Docket, MOST_STEPS, Refusal, Report, Standing, return_to},
    envelope::{Lane, Payload},
    matter::{Act, Outcome, Status},
    measure::Measure,
    request::RequestKind,
};

const VILLAGE: &str = "330825002222";
const TOWNSHIP: &str = "330825002";
const COUNTY: &str = "330825";

#[test]
fn a_report_is_held_where_it_is_made_and_goes_nowhere() {
    let Decision {
        docket,
        sends,
        facts,
        left: _,
        day: _,
    } = Desk::at(VILLAGE).report(plain()).unwrap();
    assert_eq!(docket.standing, Standing::Holding);
    assert_eq!(docket.matter.status, Status::Reported);
    assert_eq!(docket.matter.responsible, code(VILLAGE));
    assert_eq!((sends, facts), (vec![], vec![Measure::REPORTED]));
}

#[test]
fn a_direct_complaint_is_taken_only_above_whom_it_is_about() {
    let direct = |at: &str, about: Option<&str>| {
        let report = Report {
            visibility: Visibility::Direct,
            about: about.map(code),
            ..plain()
        };
        Desk::at(at).report(report).map(|_| ())
    };
    for at in [TOWNSHIP, COUNTY, "33"] {
        assert_eq!(direct(at, Some(VILLAGE)), Ok(()), "{at}");
    }
    let above = Refusal::FileAbove(code(VILLAGE), code(TOWNSHIP));
    for at in [VILLAGE, "330825002001", "330825001", "330802"] {
        assert_eq!(direct(at, Some(VILLAGE)), Err(above.clone()), "{at}");
    }
    assert_eq!(direct(TOWNSHIP, None), Err(Refusal::AboutWhom));
    let nobody = code("330825002999");
    assert_eq!(
        direct(TOWNSHIP, Some("330825002999")),
        Err(Refusal::NoNode(nobody))
    );
    let open = Report {
        about: Some(code(VILLAGE)),
        ..plain()
    };
    assert_eq!(
        Desk::at(TOWNSHIP).report(open).map(|_| ()),
        Err(Refusal::AboutWhom)
    );
}

#[test]
fn work_moves_the_status_on_and_closing_is_counted() {
    let desk = Desk::at(VILLAGE);
    let docket = desk.report(plain()).unwrap().docket;
    let accepted = desk.act(&docket, Act::Accept).unwrap().docket;
    assert_eq!(accepted.matter.status, Status::Accepted);
    let handled = desk.act(&accepted, Act::Handle).unwrap().docket;
    assert_eq!(handled.matter.status, Status::Handling);
    let closed = desk.act(&handled, Act::Close(Outcome::Solved)).unwrap();
    let counted = [Measure::CLOSED, Measure::SOLVED, Measure::IN_TIME];
    assert_eq!(closed.facts, counted);
    assert!(closed.docket.matter.is_closed());
    assert_eq!(closed.docket.matter.steps.len(), 4);
    assert!(closed.sends.is_empty(), "nobody else had it");
}

#[test]
fn work_is_refused_with_its_reason() {
    let desk = Desk::at(VILLAGE);
    let docket = desk.report(plain()).unwrap().docket;
    let accepted = desk.act(&docket, Act::Accept).unwrap().docket;
    let refused = |docket: &Docket, act| desk.act(docket, act).unwrap_err();
    assert_eq!(refused(&accepted, Act::Accept), Refusal::AlreadyAccepted);
    for no_work in [
        Act::Report,
        Act::Take,
        Act::TakeBack,
        Act::Escalate(code(TOWNSHIP)),
        Act::Relay(code(TOWNSHIP)),
    ] {
        assert_eq!(refused(&accepted, no_work), Refusal::NotWork, "{no_work:?}");
    }
    let closed = desk
        .act(&accepted, Act::Close(Outcome::Solved))
        .unwrap()
        .docket;
    assert_eq!(refused(&closed, Act::Handle), Refusal::Closed);
    assert_eq!(
        refused(&closed, Act::Close(Outcome::Solved)),
        Refusal::Closed
    );
    let giving = desk.transfer(&docket, Act::Escalate(code(COUNTY))).unwrap();
    let giving = giving.docket;
    let on_its_way = Refusal::InTransit(code(TOWNSHIP));
    assert_eq!(refused(&giving, Act::Handle), on_its_way);
    let gone = desk.settled(&giving, false);
    assert_eq!(
        refused(&gone, Act::Handle),
        Refusal::NotHolder(code(TOWNSHIP))
    );
}

#[test]
fn a_transfer_goes_to_the_next_neighbour_and_names_the_end_of_its_way() {
    let desk = Desk::at(VILLAGE);
    let docket = desk.report(plain()).unwrap().docket;
    let decision = desk.transfer(&docket, Act::Escalate(code("33"))).unwrap();
    assert_eq!(decision.facts, [Measure::GIVEN]);
    let [give] = &decision.sends[..] else {
        panic!("{:?}", decision.sends);
    };
    assert_eq!((give.to, give.lane), (code(TOWNSHIP), Lane::Matter));
    let Payload::Give { matter, bound_for } = &give.payload else {
        panic!("{:?}", give.payload);
    };
    assert_eq!(*bound_for, code("33"));
    assert_eq!(matter.version.rev, 0);
    assert_eq!(**matter, decision.docket.matter);
}

#[test]
fn whoever_carries_a_matter_on_tells_where_it_was_reported_and_nobody_it_is_about() {
    let direct = Report {
        visibility: Visibility::Direct,
        about: Some(code(VILLAGE)),
        ..plain()
    };
    for (origin, relay, report) in [(VILLAGE, TOWNSHIP, plain()), (TOWNSHIP, COUNTY, direct)] {
        let docket = Desk::at(origin).report(report).unwrap().docket;
        let sent = Desk::at(origin).transfer(&docket, Act::Escalate(code("33")));
        let carried = Desk::at(relay).take(None, &sent.unwrap());
        assert_eq!(carried.facts, [Measure::TAKEN, Measure::GIVEN]);
        let [give, told] = &carried.sends[..] else {
            panic!("{:?}", carried.sends);
        };
        assert!(matches!(give.payload, Payload::Give { .. }));
        assert_eq!((told.to, told.lane), (code(origin), Lane::Notice));
        let word = Payload::Notice(Box::new(carried.docket.matter.clone()));
        assert_eq!(
            told.payload, word,
            "as it leaves, with the step of its custody"
        );
    }
}

#[test]
fn a_transfer_is_refused_with_its_reason() {
    let desk = Desk::at(TOWNSHIP);
    let docket = desk.report(plain()).unwrap().docket;
    let refused = |act| desk.transfer(&docket, act).unwrap_err();
    for not_above in [TOWNSHIP, VILLAGE, "330825001", "330802"] {
        let to = code(not_above);
        assert_eq!(refused(Act::Escalate(to)), Refusal::NotAbove(to));
    }
    for not_below in [TOWNSHIP, COUNTY, "330825001001"] {
        let to = code(not_below);
        assert_eq!(refused(Act::Assign(to)), Refusal::NotBelow(to));
    }
    let nobody = code("330825002999");
    assert_eq!(refused(Act::Assign(nobody)), Refusal::NoNode(nobody));
    for nobody_sent_it in [Act::Return(code(COUNTY)), Act::Yield(code(COUNTY))] {
        assert_eq!(refused(nobody_sent_it), Refusal::NobodyToReturnTo);
    }
    for no_transfer in [Act::Handle, Act::Relay(code(COUNTY)), Act::Take] {
        assert_eq!(refused(no_transfer), Refusal::NotWork);
    }
}

#[test]
fn a_direct_complaint_is_never_assigned_to_whom_it_is_about() {
    let desk = Desk::at(COUNTY);
    let report = Report {
        visibility: Visibility::Direct,
        about: Some(code(TOWNSHIP)),
        ..plain()
    };
    let docket = desk.report(report).unwrap().docket;
    for to in [TOWNSHIP, VILLAGE] {
        assert_eq!(
            desk.transfer(&docket, Act::Assign(code(to))).unwrap_err(),
            Refusal::Concerned(code(TOWNSHIP))
        );
    }
    assert!(
        desk.transfer(&docket, Act::Assign(code("330825001")))
            .is_ok()
    );
}

#[test]
fn what_was_sent_here_is_returned_to_who_sent_it() {
    let village = Desk::at(VILLAGE);
    let docket = village.report(plain()).unwrap().docket;
    assert_eq!(
        return_to(&docket, village.context()),
        Err(Refusal::NobodyToReturnTo)
    );
    let sent = village
        .transfer(&docket, Act::Escalate(code(COUNTY)))
        .unwrap();
    let township = Desk::at(TOWNSHIP);
    let relayed = township.take(None, &sent);
    assert_eq!(relayed.facts, [Measure::TAKEN, Measure::GIVEN]);
    let county = Desk::at(COUNTY);
    let taken = county.take(None, &relayed);
    assert_eq!(taken.facts, [Measure::TAKEN]);
    assert_eq!(
        return_to(&taken.docket, county.context()),
        Ok(code(VILLAGE))
    );
    let back = county.transfer(&taken.docket, Act::Return(code(VILLAGE)));
    let back = back.unwrap();
    assert_eq!(back.docket.matter.transit, Some(code(TOWNSHIP)));
    assert_eq!(back.facts, [Measure::GIVEN, Measure::RETURNED]);
    // Who only carries it back does not return it a second time.
    let known = township.settled(&relayed.docket, false);
    let carried = township.take(Some(&known), &back);
    assert_eq!(carried.facts, [Measure::TAKEN, Measure::GIVEN]);
}

#[test]
fn a_relay_that_was_refused_returns_it_to_who_sent_it() {
    let county = Desk::at(COUNTY);
    let docket = county.report(plain()).unwrap().docket;
    let sent = county
        .transfer(&docket, Act::Assign(code(VILLAGE)))
        .unwrap();
    let township = Desk::at(TOWNSHIP);
    let stuck = township.settled(&township.take(None, &sent).docket, true);
    assert_eq!(stuck.standing, Standing::Holding);
    assert_eq!(return_to(&stuck, township.context()), Ok(code(COUNTY)));
    let back = township
        .transfer(&stuck, Act::Return(code(COUNTY)))
        .unwrap();
    // The county now holds what it sent itself, and has nobody to return it to.
    let known = county.settled(&sent.docket, false);
    let home = county.take(Some(&known), &back).docket;
    assert_eq!(
        return_to(&home, county.context()),
        Err(Refusal::NobodyToReturnTo)
    );
}

#[test]
fn what_was_handed_back_goes_back_further_to_its_first_sender() {
    let (village, township, county) = (Desk::at(VILLAGE), Desk::at(TOWNSHIP), Desk::at(COUNTY));
    let other = Desk::at("330825001");
    let docket = village.report(plain()).unwrap().docket;
    let sent = village
        .transfer(&docket, Act::Escalate(code(COUNTY)))
        .unwrap();
    let held = county.take(None, &township.take(None, &sent)).docket;
    let assigned = county
        .transfer(&held, Act::Assign(code("330825001")))
        .unwrap();
    let known = county.settled(&assigned.docket, false);
    let there = other.take(None, &assigned).docket;
    assert_eq!(return_to(&there, other.context()), Ok(code(COUNTY)));
    let back = other.transfer(&there, Act::Return(code(COUNTY))).unwrap();
    let home = county.take(Some(&known), &back).docket;
    assert_eq!(return_to(&home, county.context()), Ok(code(VILLAGE)));
    // A division that has it assigned a second time still returns it to the county.
    let again = county
        .transfer(&home, Act::Assign(code("330825001")))
        .unwrap();
    let gone = other.settled(&back.docket, false);
    let there = other.take(Some(&gone), &again).docket;
    assert_eq!(return_to(&there, other.context()), Ok(code(COUNTY)));
}

#[test]
fn a_refused_transfer_leaves_the_giver_holding_in_the_version_proposed() {
    let desk = Desk::at(VILLAGE);
    let docket = desk.report(plain()).unwrap().docket;
    let given = desk
        .transfer(&docket, Act::Escalate(code(TOWNSHIP)))
        .unwrap();
    let cv = given.docket.matter.version.cv;
    let back = desk.settled(&given.docket, true);
    assert_eq!(back.standing, Standing::Holding);
    assert_eq!((back.matter.version.cv, back.matter.version.rev), (cv, 1));
    assert_eq!(back.matter.transit, None);
    let anew = desk.transfer(&back, Act::Escalate(code(TOWNSHIP))).unwrap();
    assert!(anew.docket.matter.version.cv > cv);
}

#[test]
fn a_visit_is_told_like_any_work_answers_in_time_and_moves_the_matter_nowhere() {
    let village = Desk::at(VILLAGE);
    let new = village.report(plain()).unwrap().docket;
    assert!(new.matter.clocks.open(Stage::Respond).is_some());
    let taken = village.act(&new, Act::Accept).unwrap();
    let visited = village.act(&taken.docket, Act::Visit).unwrap();
    assert!(visited.facts.is_empty());
    let matter = &visited.docket.matter;
    assert_eq!(matter.status, Status::Accepted);
    assert_eq!(matter.steps.last().unwrap().act, Act::Visit);
    let respond = village.act(&new, Act::Visit).unwrap().docket;
    assert!(respond.matter.clocks.open(Stage::Respond).is_none());
    let closed = village.act(&visited.docket, Act::Close(Outcome::Solved));
    let closed = closed.unwrap().docket;
    let refused = |docket: &Docket| village.act(docket, Act::Visit).map(|_| ());
    assert_eq!(refused(&closed), Err(Refusal::Closed));
    let gone = village.transfer(&new, Act::Escalate(code(TOWNSHIP)));
    assert!(refused(&gone.unwrap().docket).is_err(), "it is on its way");
}

#[test]
fn a_full_matter_can_be_closed_and_nothing_else() {
    let desk = Desk::at(VILLAGE);
    let mut docket = desk.report(plain()).unwrap().docket;
    while docket.matter.steps.len() < MOST_STEPS {
        docket = desk.act(&docket, Act::Handle).unwrap().docket;
    }
    let full = |decided: Result<Decision, Refusal>| decided.unwrap_err();
    assert_eq!(full(desk.act(&docket, Act::Handle)), Refusal::TooManySteps);
    assert_eq!(
        full(desk.transfer(&docket, Act::Escalate(code(TOWNSHIP)))),
        Refusal::TooManySteps
    );
    assert!(desk.act(&docket, Act::Close(Outcome::Solved)).is_ok());
}

#[test]
fn a_matter_that_ran_full_on_its_way_still_arrives() {
    let start = Desk::at(VILLAGE);
    let there = Desk::at("330102001051");
    let end = there.me;
    let path = start.tree.path(end, code(VILLAGE));
    assert_eq!(path.len(), 9, "the longest way there is");
    let mut known = BTreeMap::from([(end, there.report(plain()).unwrap().docket)]);
    let mut at = end;
    for act in [Act::Escalate(code("33")), Act::Assign(code(VILLAGE))] {
        let mut sent = Desk::at(&at.to_string())
            .transfer(&known[&at], act)
            .unwrap();
        while let Some(to) = sent.docket.matter.transit {
            known.insert(at, sent.docket.clone());
            sent = Desk::at(&to.to_string()).take(None, &sent);
            at = to;
        }
        known.insert(at, sent.docket);
    }
    let mut docket = known[&code(VILLAGE)].clone();
    while docket.matter.steps.len() < MOST_STEPS - 1 {
        docket = start.act(&docket, Act::Handle).unwrap().docket;
    }
    // The matter is yielded straight across, as after a recall.
    let mut sent = start.transfer(&docket, Act::Yield(end)).unwrap();
    for hop in path.iter().rev().skip(1) {
        let desk = Desk::at(&hop.to_string());
        let gone = match known[hop].is_giving() {
            true => desk.settled(&known[hop], false),
            false => known[hop].clone(),
        };
        sent = desk.take(Some(&gone), &sent);
    }
    assert_eq!(sent.docket.standing, Standing::Holding);
    assert!(
        there
            .act(&sent.docket, Act::Close(Outcome::Unsolvable))
            .is_ok()
    );
}

#[test]
fn only_a_sender_recalls_and_only_once_at_a_time() {
    let village = Desk::at(VILLAGE);
    let docket = village.report(plain()).unwrap().docket;
    let asking = |docket: &Docket| village.make(docket, 1, RequestKind::Recall).map(|_| ());
    assert_eq!(asking(&docket), Err(Refusal::HeldHere));
    let sent = village
        .transfer(&docket, Act::Escalate(code(COUNTY)))
        .unwrap();
    let on_its_way = Refusal::InTransit(code(TOWNSHIP));
    assert_eq!(asking(&sent.docket), Err(on_its_way));
    let gone = village.settled(&sent.docket, false);
    let asked = village.make(&gone, 1, RequestKind::Recall).unwrap();
    assert_eq!(asked.sends[0].to, code(TOWNSHIP));
    assert_eq!(asking(&asked.docket), Err(Refusal::AskedAlready));
    let mut closed = gone;
    closed.matter.status = Status::Closed(Outcome::Solved);
    assert_eq!(asking(&closed), Err(Refusal::Closed));
    let township = Desk::at(TOWNSHIP);
    let relayed = township.settled(&township.take(None, &sent).docket, false);
    assert_eq!(
        township.make(&relayed, 1, RequestKind::Recall).map(|_| ()),
        Err(Refusal::NeverSent)
    );
}

#[test]
fn an_act_at_the_holder_is_told_to_the_origin_and_a_closing_to_all_who_had_it() {
    let county = Desk::at(COUNTY);
    let docket = county.report(plain()).unwrap().docket;
    let sent = county
        .transfer(&docket, Act::Assign(code(VILLAGE)))
        .unwrap();
    let township = Desk::at(TOWNSHIP);
    let relayed = township.take(None, &sent);
    let village = Desk::at(VILLAGE);
    let taken = village.take(None, &relayed);
    let told = |decision: &Decision| {
        let notices = decision.sends.iter();
        let notices = notices.filter(|send| matches!(send.payload, Payload::Notice(_)));
        notices.map(|send| send.to).collect::<Vec<_>>()
    };
    assert_eq!(told(&taken), [code(COUNTY)]);
    let back = village
        .transfer(&taken.docket, Act::Return(code(COUNTY)))
        .unwrap();
    assert_eq!(told(&back), [code(COUNTY)]);
    let known = township.settled(&relayed.docket, false);
    let back = township.take(Some(&known), &back);
    let known = county.settled(&sent.docket, false);
    let home = county.take(Some(&known), &back);
    assert_eq!(told(&home), []);
    let closed = county
        .act(&home.docket, Act::Close(Outcome::Solved))
        .unwrap();
    assert_eq!(told(&closed), [code(TOWNSHIP), code(VILLAGE)]);
}

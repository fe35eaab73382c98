//! Tests of closing: its grounds, who may close, and who may still object.

use super::{
    Desk, code,
    life::{COUNTY, OTHER, TOWNSHIP, VILLAGE, after, handed, held, second},
};
use crate::{
    actor::Actor,
    calendar::Allowance,
    clock::Stage,
    custody::{
        Context, CustodyLimits, Decision, Docket, Handlers, Refusal, absorb, act, check_absorbs,
        hear_of_absorber, merge, next_moment, tick,
    },
    envelope::Payload,
    matter::{Act, Appeal, Matter, Outcome, Reason, Satisfaction, Status},
    request::{RequestKind, Voice},
    time::Timestamp,
};

const NOTE: Option<[u8; 32]> = Some([9; 32]);

#[test]
fn closing_says_what_was_found_and_done() {
    let desk = Desk::at(TOWNSHIP);
    for outcome in [
        Outcome::Solved,
        Outcome::Unfounded,
        Outcome::Unsolvable,
        Outcome::Rejected(Reason::Unclear),
    ] {
        let close = |note| {
            act(
                held(TOWNSHIP),
                Act::Close(outcome),
                note,
                None,
                desk.context(),
            )
        };
        assert_eq!(close(None).map(|_| ()), Err(Refusal::NoNote), "{outcome:?}");
        close(NOTE).unwrap();
    }
}

#[test]
fn whoever_reported_a_matter_does_not_close_it_in_the_same_breath() {
    let desk = Desk::at(VILLAGE);
    let (clerk, other) = (Actor::OsUser(1), Actor::OsUser(2));
    let hands = Handlers::default();
    let new = held(VILLAGE);
    let close = |docket: &Docket, who, outcome| {
        let act = Act::Close(outcome);
        hands.check(
            &docket.matter,
            act,
            who,
            Some(&clerk),
            CustodyLimits::default(),
        )
    };
    for outcome in [Outcome::Solved, Outcome::Unfounded, Outcome::Unsolvable] {
        assert_eq!(close(&new, &clerk, outcome), Err(Refusal::OwnReport));
        assert_eq!(close(&new, &other, outcome), Ok(()));
    }
    // Accepting the matter is not work on it; handling it is.
    let accepted = after(&desk, new.clone(), &[Act::Accept]);
    assert_eq!(
        close(&accepted, &clerk, Outcome::Solved),
        Err(Refusal::OwnReport)
    );
    let handled = after(&desk, accepted, &[Act::Handle]);
    assert_eq!(close(&handled, &clerk, Outcome::Solved), Ok(()));
    let again = [Act::Close(Outcome::Solved), Act::Reopen(Appeal::Contest)];
    let opened = after(&desk, handled, &again);
    assert_eq!(
        close(&opened, &clerk, Outcome::Solved),
        Err(Refusal::OwnReport)
    );
}

/// Returns a matter that was closed and asked to be reviewed as often as possible.
fn reviewed_twice() -> (Desk, Docket) {
    let (township, county, city) = (Desk::at(TOWNSHIP), Desk::at(COUNTY), Desk::at("3308"));
    let closing = Act::Close(Outcome::Unfounded);
    let closed = after(&township, held(TOWNSHIP), &[closing]);
    let given = township.make(&closed, 1, RequestKind::Review).unwrap();
    let closed = after(&county, county.take(None, &given).docket, &[closing]);
    let mut request = township.asking(&closed, 2, RequestKind::Review);
    request.id.by = code(TOWNSHIP);
    let given =
        match crate::custody::requests::hear_request(Some(&closed), request, county.context()) {
            crate::custody::requests::Heard::Granted(given, _) => given,
            other => panic!("{other:?}"),
        };
    let closed = after(&city, city.take(None, &given).docket, &[closing]);
    (city, closed)
}

#[test]
fn after_the_re_review_it_is_final() {
    let (city, closed) = reviewed_twice();
    assert_eq!(closed.matter.appeals(Appeal::Review), 2);
    let asked = closed.matter.clocks.open(Stage::RereviewAsk);
    assert_eq!(asked, None, "nobody can ask for a third");
    for kind in [RequestKind::Contest, RequestKind::Review] {
        let mut request = city.asking(&closed, 9, kind);
        request.id.by = code(TOWNSHIP);
        let heard = crate::custody::requests::hear_request(Some(&closed), request, city.context());
        match heard {
            crate::custody::requests::Heard::Answered(_, answer) => {
                assert_eq!(answer.reply, crate::request::Reply::Late, "{kind:?}");
            }
            other => panic!("{kind:?}: {other:?}"),
        }
    }
    let opened = city.act(&closed, Act::Reopen(Appeal::Contest));
    assert_eq!(opened.map(|_| ()), Err(Refusal::Final));
    city.act(&closed, Act::Rate(Satisfaction::Dissatisfied))
        .unwrap();
}

/// Returns two matters of two villages, both held by the township.
fn two_at_the_township() -> (Desk, Docket, Docket, Docket) {
    let (township, village, other) = (Desk::at(TOWNSHIP), Desk::at(VILLAGE), Desk::at(OTHER));
    let escalate = Act::Escalate(code(TOWNSHIP));
    let (copy, first) = handed(&village, &held(VILLAGE), escalate, &township);
    let (_, second) = handed(&other, &held(OTHER), escalate, &township);
    (township, copy, first, second)
}

fn notice_to<'a>(decision: &'a Decision, to: &str) -> Option<&'a Matter> {
    decision.sends.iter().find_map(|sent| match &sent.payload {
        Payload::Notice(matter) if sent.to == code(to) => Some(&**matter),
        _ => None,
    })
}

#[test]
fn a_merged_reporter_keeps_every_right_on_the_matter_that_absorbed_theirs() {
    let (township, copy, first, second) = two_at_the_township();
    let merged = merge(first, &second, None, township.context()).unwrap();
    let absorbed = absorb(second, merged.docket.matter.id, township.context()).unwrap();
    assert_eq!(
        absorb(
            absorbed.docket.clone(),
            merged.docket.matter.id,
            township.context()
        ),
        None
    );
    // The reporter's village hears of it, though its own matter ended and the other never came
    // there.
    let village = Desk::at(VILLAGE);
    let told = notice_to(&merged, VILLAGE).unwrap();
    let ended = super::hear_notice(
        Some(&copy),
        told,
        code(TOWNSHIP),
        Default::default(),
        village.context(),
    );
    let ended = ended.unwrap().unwrap().docket;
    let word = notice_to(&absorbed, VILLAGE).unwrap();
    let heard = hear_of_absorber(&ended, word, code(TOWNSHIP), village.context());
    assert_eq!(heard.unwrap().docket.matter, absorbed.docket.matter);
    // A notice about another matter, or to a copy that did not end so, does not count.
    assert_eq!(
        hear_of_absorber(&copy, word, code(TOWNSHIP), village.context()),
        None
    );
    let mut other = word.clone();
    other.id.number += 7;
    assert_eq!(
        hear_of_absorber(&ended, &other, code(TOWNSHIP), village.context()),
        None
    );
    // Both villages may contest how it ended, and neither may take it back for the other.
    let closed = after(
        &township,
        absorbed.docket.clone(),
        &[Act::Close(Outcome::Unfounded)],
    );
    for (n, by) in [VILLAGE, OTHER].into_iter().enumerate() {
        let asking = |docket: &Docket, kind| {
            let request = Desk::at(by).asking(docket, n as u64, kind);
            crate::custody::requests::hear_request(Some(docket), request, township.context())
        };
        let granted = |heard| matches!(heard, crate::custody::requests::Heard::Granted(..));
        for kind in [
            RequestKind::Contest,
            RequestKind::Review,
            RequestKind::Rate(Satisfaction::Fair),
        ] {
            assert!(granted(asking(&closed, kind)), "{by} {kind:?}");
        }
        assert!(
            !granted(asking(&absorbed.docket, RequestKind::Withdraw)),
            "{by}"
        );
    }
    let stranger = Desk::at("330825002003").asking(&closed, 5, RequestKind::Contest);
    let heard = crate::custody::requests::hear_request(Some(&closed), stranger, township.context());
    assert!(!matches!(
        heard,
        crate::custody::requests::Heard::Granted(..)
    ));
}

#[test]
fn a_matter_is_merged_only_into_one_that_the_same_division_holds() {
    let desk = Desk::at(TOWNSHIP);
    let (one, two) = (held(TOWNSHIP), second(TOWNSHIP));
    let (id, other) = (two.matter.id, one.matter.id);
    check_absorbs(Some(&two), id, other, desk.me).unwrap();
    let away = desk
        .transfer(&two, Act::Escalate(code(COUNTY)))
        .unwrap()
        .docket;
    for into in [None, Some(&away)] {
        let refused = check_absorbs(into, id, other, desk.me);
        assert_eq!(refused, Err(Refusal::MergeElsewhere(id)));
    }
    let refused = merge(one, &away, None, desk.context()).map(|_| ());
    assert_eq!(refused, Err(Refusal::MergeElsewhere(id)));
}

#[test]
fn whoever_speaks_for_a_reporter_stands_in_the_step() {
    let desk = Desk::at(VILLAGE);
    for voice in [
        Voice::Reporter,
        Voice::Official(7),
        Voice::Program,
        Voice::Owner,
    ] {
        let docket = held(VILLAGE);
        let mut request = desk.asking(&docket, 1, RequestKind::Withdraw);
        request.voice = voice;
        let done = crate::custody::requests::make(&docket, request, desk.context()).unwrap();
        let last = done.docket.matter.steps.last().unwrap();
        assert_eq!((last.request, last.voice), (Some(request.id), Some(voice)));
        assert_eq!(
            done.docket.matter.status,
            Status::Closed(Outcome::Withdrawn)
        );
    }
}

/// Returns a fire hazard, which goes up when it is overdue, that came to the township overdue.
fn overdue() -> (Desk, Docket, Timestamp) {
    let (village, township) = (Desk::at(VILLAGE), Desk::at(TOWNSHIP));
    let report = crate::custody::Report {
        category: "order/fire".parse().unwrap(),
        ..super::plain()
    };
    let docket = village.report(report).unwrap().docket;
    let due = docket.matter.clocks.open(Stage::Respond).unwrap().due;
    let late = Context {
        now: due,
        ..village.context()
    };
    let given = tick(docket, late).unwrap();
    let context = Context {
        now: due,
        ..township.context()
    };
    let (matter, bound_for) = given
        .sends
        .iter()
        .find_map(|sent| match &sent.payload {
            Payload::Give { matter, bound_for } => Some((matter, *bound_for)),
            _ => None,
        })
        .unwrap();
    let incoming = crate::custody::Incoming {
        from: matter.holder,
        matter,
        bound_for,
    };
    match crate::custody::receive(
        None,
        Default::default(),
        incoming,
        Default::default(),
        context,
    ) {
        crate::custody::Taken::Now(taken) => (township, taken.docket, due),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_overdue_matter_that_the_next_tier_leaves_untouched_goes_up_again() {
    let (township, taken, due) = overdue();
    let context = |now| Context {
        now,
        ..township.context()
    };
    let policy = crate::policy::Policy::default();
    let again = policy.calendar().value.add(due, Allowance::Hours(2));
    let warned = taken.matter.clocks.next_moment().unwrap();
    assert_eq!(next_moment(&taken, context(due)), Some(again.min(warned)));
    let mut docket = taken.clone();
    // An announcement of the clocks meanwhile is not a touch.
    if let Some(said) = tick(docket.clone(), context(Timestamp(again.0 - 1))) {
        docket = said.docket;
    }
    assert!(!docket.is_giving(), "there is time until {again}");
    let risen = tick(docket.clone(), context(again)).unwrap().docket;
    let up = risen
        .matter
        .steps
        .iter()
        .rev()
        .find_map(|step| step.act.sent_to());
    assert_eq!(up, Some(code(COUNTY)));
    assert_eq!(tick(risen, context(again)), None, "once");
    // It stays once somebody works on it.
    for touched in [Act::Accept, Act::Handle, Act::Feedback] {
        let kept = after(&township, taken.clone(), &[touched]);
        let told = tick(kept.clone(), context(again));
        assert!(
            told.is_none_or(|told| !told.docket.is_giving()),
            "{touched:?}"
        );
        assert_eq!(
            next_moment(&kept, context(due)),
            kept.matter.clocks.next_moment()
        );
    }
}

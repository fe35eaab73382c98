//! Requests to the holder of a matter: from its reporter, from tiers above, and on their way.

use super::{
    Desk, Recollection, code, hear_notice,
    life::{COUNTY, OTHER, TOWNSHIP, VILLAGE, after, handed, held},
};
use crate::{
    custody::requests::{Heard, hear_request},
    custody::{Decision, Docket, NoticeRefusal, Refusal, Standing},
    envelope::Payload,
    matter::{Act, Audience, Outcome, Satisfaction, Status},
    measure::Measure,
    request::{Reply, RequestKind},
    time::Timestamp,
};

pub(super) fn hear(
    desk: &Desk,
    docket: &Docket,
    asker: &str,
    number: u64,
    kind: RequestKind,
) -> Result<Decision, Reply> {
    let request = Desk::at(asker).asking(docket, number, kind);
    match hear_request(Some(docket), request, desk.context()) {
        Heard::Granted(decision, _) => Ok(*decision),
        Heard::Answered(_, answer) => Err(answer.reply),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_reporter_contests_twice_and_then_asks_for_review_tier_by_tier() {
    let (county, township, village) = (Desk::at(COUNTY), Desk::at(TOWNSHIP), Desk::at(VILLAGE));
    let closing = Act::Close(Outcome::Solved);
    let (_, there) = handed(
        &village,
        &held(VILLAGE),
        Act::Escalate(code(TOWNSHIP)),
        &township,
    );
    let mut closed = after(&township, there, &[closing]);
    for time in 1..=2 {
        let opened = hear(&township, &closed, VILLAGE, time, RequestKind::Contest).unwrap();
        assert_eq!(opened.facts, [Measure::REOPENED, Measure::CONTESTED]);
        assert_eq!(opened.docket.matter.status, Status::Handling);
        closed = after(&township, opened.docket, &[closing]);
    }
    assert_eq!(
        hear(&township, &closed, VILLAGE, 3, RequestKind::Contest).map(|_| ()),
        Err(Reply::Late)
    );
    let reviewed = hear(&township, &closed, VILLAGE, 4, RequestKind::Review).unwrap();
    assert_eq!(reviewed.facts, [Measure::REOPENED, Measure::GIVEN]);
    let at_county = after(&county, county.take(None, &reviewed).docket, &[closing]);
    let reviewed = hear(&county, &at_county, VILLAGE, 5, RequestKind::Review).unwrap();
    let city = Desk::at("3308");
    let at_city = after(&city, city.take(None, &reviewed).docket, &[closing]);
    assert_eq!(
        hear(&city, &at_city, VILLAGE, 6, RequestKind::Review).map(|_| ()),
        Err(Reply::Late),
        "the second review is the last"
    );
}

#[test]
fn a_contest_comes_too_late_a_day_after_its_window() {
    let township = Desk::at(TOWNSHIP);
    let closed = after(&township, held(TOWNSHIP), &[Act::Close(Outcome::Solved)]);
    let days = |days: i64| Desk {
        now: Timestamp(township.now.0 + days * 24 * 3_600_000),
        ..Desk::at(TOWNSHIP)
    };
    let contest = |desk: &Desk| hear(desk, &closed, TOWNSHIP, 1, RequestKind::Contest).map(|_| ());
    assert_eq!(contest(&days(30)), Ok(()));
    assert_eq!(contest(&days(31)), Err(Reply::Late));
}

#[test]
fn each_request_is_for_those_who_may_ask_for_it() {
    let township = Desk::at(TOWNSHIP);
    let open = held(TOWNSHIP);
    let closed = after(&township, open.clone(), &[Act::Close(Outcome::Solved)]);
    let rate = RequestKind::Rate(Satisfaction::Fair);
    let remark = RequestKind::Remark(Audience::Offices);
    let merge = RequestKind::Merge(held(OTHER).matter.id);
    let cases = [
        (&closed, RequestKind::Contest, [true, false, false]),
        (&closed, RequestKind::Review, [true, false, false]),
        (&closed, rate, [true, false, false]),
        (&open, RequestKind::Withdraw, [true, false, false]),
        (&open, RequestKind::Supervise, [true, true, false]),
        (&open, merge, [true, true, false]),
        (&open, remark, [true, true, false]),
    ];
    for (docket, kind, entitled) in cases {
        for (asker, entitled) in [TOWNSHIP, COUNTY, OTHER].into_iter().zip(entitled) {
            let heard = hear(&township, docket, asker, 1, kind).map(|_| ());
            let expected = if entitled {
                Ok(())
            } else {
                Err(Reply::NotEntitled)
            };
            assert_eq!(heard, expected, "{kind:?} by {asker}");
        }
    }
}

#[test]
fn who_supervises_is_told_of_every_step_from_then_on() {
    let village = Desk::at(VILLAGE);
    let noted = hear(&village, &held(VILLAGE), COUNTY, 1, RequestKind::Supervise).unwrap();
    let told = |decision: &Decision| decision.sends.iter().any(|send| send.to == code(COUNTY));
    assert!(told(&noted));
    let handled = village.act(&noted.docket, Act::Handle).unwrap();
    assert!(told(&handled));
    let Payload::Notice(notice) = &handled.sends[0].payload else {
        panic!("a notice");
    };
    let county = Desk::at(COUNTY);
    let heard = |desk: &Desk, asked| {
        let lost = false;
        let recollection = Recollection { lost, asked };
        hear_notice(None, notice, code(VILLAGE), recollection, desk.context())
    };
    let copy = heard(&county, true).unwrap().unwrap();
    assert_eq!(copy.docket.standing, Standing::Elsewhere);
    assert_eq!(heard(&county, false), Ok(None), "it never asked");
    for asked in [false, true] {
        let refused = heard(&Desk::at(OTHER), asked);
        assert_eq!(refused, Err(NoticeRefusal::NotBelow));
    }
}

#[test]
fn what_a_reporter_wishes_while_it_is_on_its_way_waits_for_the_answer() {
    let (village, township) = (Desk::at(VILLAGE), Desk::at(TOWNSHIP));
    let sent = village
        .transfer(&held(VILLAGE), Act::Escalate(code(TOWNSHIP)))
        .unwrap();
    let wished = village
        .make(&sent.docket, 1, RequestKind::Withdraw)
        .unwrap();
    assert!(wished.sends.is_empty(), "nobody to ask yet");
    assert_eq!(
        village
            .make(&wished.docket, 2, RequestKind::Withdraw)
            .map(|_| ()),
        Err(Refusal::AskedAlready)
    );
    // The transfer was refused, so the matter stayed and the request is granted here.
    let stayed = village.settled(&wished.docket, true);
    assert_eq!(stayed.matter.status, Status::Closed(Outcome::Withdrawn));
    assert_eq!(stayed.replies, [(RequestKind::Withdraw, Reply::Granted)]);
    // The transfer was taken, so the new holder is asked.
    let taken = township.take(None, &sent).docket;
    let cv = wished.docket.matter.version.cv;
    let gone = super::settle(wished.docket, code(TOWNSHIP), cv, false, village.context()).unwrap();
    let Payload::Request(request) = gone.sends[0].payload else {
        panic!("a request");
    };
    let Heard::Granted(ended, _) = hear_request(Some(&taken), request, township.context()) else {
        panic!("it is the reporter's to withdraw");
    };
    assert_eq!(
        ended.docket.matter.status,
        Status::Closed(Outcome::Withdrawn)
    );
    assert_eq!(
        hear_request(Some(&ended.docket), request, township.context()),
        Heard::Repeated
    );
}

#[test]
fn a_request_has_its_effect_once_even_when_all_that_remembers_answers_is_lost() {
    let township = Desk::at(TOWNSHIP);
    let remark = RequestKind::Remark(Audience::Offices);
    let request = Desk::at(COUNTY).asking(&held(TOWNSHIP), 1, remark);
    let Heard::Granted(noted, _) = hear_request(Some(&held(TOWNSHIP)), request, township.context())
    else {
        panic!("one above may comment");
    };
    let mut forgetful = noted.docket;
    forgetful.answered.clear();
    assert_eq!(
        hear_request(Some(&forgetful), request, township.context()),
        Heard::Repeated
    );
}

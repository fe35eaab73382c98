use super::*;
use crate::{
    calendar::Allowance,
    clock::{How, Stage, Standing as ClockStanding},
    import::Progress,
    matter::{Outcome, Status},
    measure::Measure,
    time::Day,
};

/// 2026-11-28 12:00 in Shanghai.
const NOW: Timestamp = Timestamp(1_795_838_400_000);

fn day(text: &str) -> Timestamp {
    text.parse::<Day>().unwrap().start()
}

fn taken_over(progress: Progress, history: History) -> Vec<Decision> {
    let desk = Desk {
        now: NOW,
        ..Desk::at("330825002222")
    };
    let id = MatterId {
        origin: desk.me,
        epoch: 1,
        number: 1,
    };
    take_over(id, plain(), progress, history, desk.context()).unwrap()
}

#[test]
fn what_was_closed_elsewhere_keeps_its_moments_and_days_and_has_no_clocks() {
    let history = History {
        reported: day("2026-08-02"),
        accepted: Some(day("2026-08-03")),
        closed: Some(day("2026-08-05")),
    };
    let decisions = taken_over(Progress::Closed(Outcome::Solved), history);
    let days: Vec<_> = decisions.iter().map(|d| (d.day, d.facts.clone())).collect();
    assert_eq!(
        days,
        [
            (Some(history.reported.day()), vec![Measure::REPORTED]),
            (
                history.closed.map(Timestamp::day),
                vec![Measure::CLOSED, Measure::SOLVED]
            ),
        ]
    );
    let matter = &decisions[1].docket.matter;
    assert_eq!(matter.status, Status::Closed(Outcome::Solved));
    assert_eq!(
        matter.clocks.iter().count(),
        0,
        "nobody here can say that it was in time"
    );
    let context = Desk::at("330825002222");
    assert_eq!(next_moment(&decisions[1].docket, context.context()), None);
    let moments: Vec<_> = matter.steps.iter().map(|step| step.at).collect();
    let said = [Some(history.reported), history.accepted, history.closed];
    assert_eq!(moments, said.map(Option::unwrap));
    assert_eq!(matter.reported_at(), history.reported);
    assert_eq!(matter.closed_at(), history.closed);
    // A matter closed at an unknown time is not closed today.
    let unknown = History {
        accepted: None,
        closed: None,
        ..history
    };
    let decisions = taken_over(Progress::Closed(Outcome::Withdrawn), unknown);
    assert_eq!(decisions[1].day, Some(history.reported.day()));
    assert_eq!(decisions[1].facts, [Measure::WITHDRAWN]);
}

#[test]
fn what_is_open_is_overdue_since_its_own_time_and_nothing_is_announced_or_escalated() {
    let history = History {
        reported: day("2026-08-03"),
        accepted: None,
        closed: None,
    };
    let decisions = taken_over(Progress::Accepted, history);
    let [opened] = &decisions[..] else {
        panic!("{decisions:?}")
    };
    let docket = &opened.docket;
    let finish = docket.matter.clocks.open(Stage::Finish).unwrap();
    assert_eq!(finish.started, history.reported);
    assert!(matches!(finish.standing(NOW), ClockStanding::Overdue { by } if by > 86_400_000));
    // Nobody knows when it was accepted, so nobody can say that this was in time.
    let respond = docket.matter.clocks.last(Stage::Respond);
    assert!(respond.is_none_or(|clock| clock.ended.is_some_and(|end| end.how == How::Cancelled)));
    let desk = Desk {
        now: Timestamp(NOW.0 + 60_000),
        ..Desk::at("330825002222")
    };
    assert_eq!(tick(docket.clone(), desk.context()), None);
    assert!(
        docket
            .matter
            .steps
            .iter()
            .all(|step| !matches!(step.act, Act::Overdue(_)))
    );
    // A clock whose time is not over runs on from its own beginning.
    let yesterday = History {
        reported: day("2026-11-27"),
        ..history
    };
    let decisions = taken_over(Progress::Reported, yesterday);
    let clocks = &decisions[0].docket.matter.clocks;
    let finish = clocks.open(Stage::Finish).unwrap();
    assert_eq!(finish.started, yesterday.reported);
    assert!(finish.due > NOW && finish.allowance != Allowance::Hours(0));
    let context = Desk::at("330825002222");
    assert!(next_moment(&decisions[0].docket, context.context()).is_some());
}

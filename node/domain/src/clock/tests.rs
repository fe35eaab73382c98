use topology::DivisionCode;

use super::*;
use crate::{
    calendar::{Calendar, tests::at_minute},
    policy::{Policy, Source},
};

mod script;

const MIN: u64 = 60_000;

fn calendar() -> Calendar {
    Policy::default().calendar().value.clone()
}

fn code(text: &str) -> DivisionCode {
    text.parse().unwrap()
}

/// Returns a moment of January 2026: Thursday 1st to 3rd are off, Sunday 4th is a make-up day, then
/// the weeks are plain.
fn january(day: u64, hour: u64, minute: u64) -> Timestamp {
    at_minute((day + 30) * 1440 + hour * 60 + minute)
}

fn terms(stage: Stage, allowance: &str) -> ClockTerms {
    ClockTerms {
        stage,
        rule: RuleRef {
            source: Source::Shipped(1),
            line: 7,
        },
        allowance: allowance.parse().unwrap(),
        warn_percent: 20,
    }
}

const BOUNDS: Bounds = Bounds {
    pauses: 2,
    pause_days: 10,
    extension: Some(Allowance::WorkingDays(5)),
};

fn started(stage: Stage, allowance: &str, at: Timestamp) -> Clocks {
    let mut clocks = Clocks::default();
    clocks
        .start(terms(stage, allowance), &calendar(), at)
        .unwrap();
    clocks
}

fn kinds(events: &[Event]) -> Vec<EventKind> {
    events.iter().map(|event| event.kind).collect()
}

#[test]
fn several_stages_run_at_once_and_each_is_announced_once() {
    let calendar = calendar();
    let mut clocks = started(Stage::Respond, "2wh", january(5, 9, 0));
    let finish = terms(Stage::Finish, "5wd");
    clocks.start(finish, &calendar, january(5, 9, 0)).unwrap();
    assert_eq!(clocks.next_moment(), Some(january(5, 10, 36)));
    assert_eq!(clocks.tick(january(5, 10, 35)), []);
    let soon = clocks.tick(january(5, 10, 36));
    assert_eq!(kinds(&soon), [EventKind::DueSoon]);
    assert_eq!(clocks.tick(january(5, 9, 0)), [], "the clock went back");
    assert_eq!(clocks.next_moment(), Some(january(5, 11, 0)));
    let on_time = clocks.clone().tick(january(5, 11, 0));
    assert_eq!(kinds(&on_time), [EventKind::Overdue], "at the very moment");
    let late = clocks.tick(january(30, 0, 0));
    let found: Vec<_> = late.iter().map(|e| (e.stage, e.kind, e.at)).collect();
    assert_eq!(
        found,
        [
            (Stage::Respond, EventKind::Overdue, january(5, 11, 0)),
            (Stage::Finish, EventKind::DueSoon, late[1].at),
            (Stage::Finish, EventKind::Overdue, january(12, 17, 30)),
        ]
    );
    assert_eq!(clocks.tick(january(30, 0, 0)), []);
    assert_eq!(clocks.next_moment(), None);
}

#[test]
fn nothing_resets_a_clock_that_runs() {
    let calendar = calendar();
    let mut clocks = started(Stage::Finish, "5wd", january(5, 9, 0));
    let before = clocks.clone();
    let again = clocks.start(terms(Stage::Finish, "20wd"), &calendar, january(6, 9, 0));
    assert_eq!(again, Err(ClockRefusal::Runs(Stage::Finish)));
    assert_eq!(clocks, before);
    clocks.end(Stage::Finish, january(6, 9, 0)).unwrap();
    let reopened = clocks.start(terms(Stage::Finish, "5wd"), &calendar, january(7, 9, 0));
    assert_eq!(reopened, Ok(()));
    assert_eq!(
        clocks.last(Stage::Finish).unwrap().started,
        january(7, 9, 0)
    );
}

#[test]
fn a_pause_moves_what_is_due_by_the_working_time_it_took() {
    let calendar = calendar();
    let mut clocks = started(Stage::Handle, "4wh", january(5, 9, 0));
    let pause = |clocks: &mut Clocks, at| {
        clocks.pause(Stage::Handle, PauseReason::Expert, &BOUNDS, &calendar, at)
    };
    pause(&mut clocks, january(5, 10, 0)).unwrap();
    assert_eq!(clocks.tick(january(6, 0, 0)), [], "time does not count");
    let again = pause(&mut clocks, january(5, 11, 0));
    assert_eq!(again, Err(ClockRefusal::Paused(Stage::Handle)));
    clocks
        .resume(Stage::Handle, &calendar, january(6, 8, 30))
        .unwrap();
    let clock = clocks.open(Stage::Handle).unwrap();
    assert_eq!(clock.due, january(6, 11, 30), "three hours were left");
    assert_eq!(clock.left(&calendar, january(6, 10, 30)), 60 * MIN);
    assert_eq!(clock.paused_total(january(9, 0, 0)), (22 * 60 + 30) * MIN);
    let again = clocks.resume(Stage::Handle, &calendar, january(6, 9, 0));
    assert_eq!(again, Err(ClockRefusal::NotPaused(Stage::Handle)));
}

#[test]
fn the_longest_pause_ends_by_itself() {
    let calendar = calendar();
    let mut clocks = started(Stage::Finish, "5wd", january(5, 17, 0));
    let reason = PauseReason::Reporter;
    let stage = Stage::Finish;
    clocks
        .pause(stage, reason, &BOUNDS, &calendar, january(5, 17, 0))
        .unwrap();
    let over = january(15, 17, 0);
    assert_eq!(clocks.next_moment(), Some(over));
    let standing = |clocks: &Clocks, at| clocks.iter().next().unwrap().standing(at);
    assert_eq!(
        standing(&clocks, january(15, 16, 59)),
        Standing::Paused { until: over }
    );
    assert!(matches!(standing(&clocks, over), Standing::Running { .. }));
    assert_eq!(kinds(&clocks.tick(over)), [EventKind::PauseOver]);
    assert_eq!(clocks.tick(january(15, 16, 0)), [], "the clock went back");
    assert_eq!(clocks.open(stage).unwrap().due, january(22, 17, 30));
    let more = clocks.pause(stage, reason, &BOUNDS, &calendar, january(16, 9, 0));
    assert_eq!(more, Err(ClockRefusal::PauseTimeUsed(stage, 10)));
    let none = Bounds {
        pauses: 1,
        ..BOUNDS
    };
    let more = clocks.pause(stage, reason, &none, &calendar, january(16, 9, 0));
    assert_eq!(more, Err(ClockRefusal::PausesUsed(stage, 1)));
}

#[test]
fn an_extension_is_given_once_in_time_and_within_its_limit() {
    let calendar = calendar();
    let stage = Stage::Finish;
    let extend = |clocks: &mut Clocks, by: &str, bounds: &Bounds, at| {
        let by = by.parse().unwrap();
        clocks.extend(stage, by, ExtensionReason::Complex, bounds, &calendar, at)
    };
    let mut clocks = started(stage, "5wd", january(5, 9, 0));
    assert_eq!(kinds(&clocks.tick(january(12, 9, 0))), [EventKind::DueSoon]);
    let before = clocks.clone();
    let at = january(12, 10, 0);
    let none = Bounds {
        extension: None,
        ..BOUNDS
    };
    let refused = [
        (
            extend(&mut clocks, "6wd", &BOUNDS, at),
            ClockRefusal::ExtensionTooLong(stage, BOUNDS.extension.unwrap()),
        ),
        (
            extend(&mut clocks, "1wd", &none, at),
            ClockRefusal::NoExtension(stage),
        ),
        (
            extend(&mut clocks, "1wd", &BOUNDS, january(12, 17, 30)),
            ClockRefusal::Overdue(stage),
        ),
    ];
    for (found, expected) in refused {
        assert_eq!(found, Err(expected));
    }
    assert_eq!(
        extend(&mut clocks, "1d", &BOUNDS, at),
        Err(ClockRefusal::OtherTime(stage, Allowance::WorkingDays(5)))
    );
    assert_eq!(clocks, before, "a refusal changes nothing");
    extend(&mut clocks, "5wd", &BOUNDS, at).unwrap();
    assert_eq!(clocks.open(stage).unwrap().due, january(19, 17, 30));
    assert_eq!(
        extend(&mut clocks, "1wd", &BOUNDS, at),
        Err(ClockRefusal::ExtendedBefore(stage))
    );
    let all = clocks.tick(january(30, 9, 0));
    assert_eq!(
        kinds(&all),
        [EventKind::DueSoon, EventKind::Overdue],
        "due soon anew"
    );
}

#[test]
fn only_work_is_paused_and_extended() {
    let calendar = calendar();
    for stage in Stage::ALL {
        let mut clocks = started(stage, "30d", january(5, 9, 0));
        let at = january(6, 9, 0);
        let by = Allowance::Days(1);
        let extended = clocks.extend(stage, by, ExtensionReason::Works, &BOUNDS, &calendar, at);
        let paused = clocks.pause(stage, PauseReason::Court, &BOUNDS, &calendar, at);
        let work = [Stage::Handle, Stage::Finish].contains(&stage);
        let answers = [Stage::ReviewAnswer, Stage::RereviewAnswer].contains(&stage);
        let never = Err(ClockRefusal::NeverExtended(stage));
        assert_eq!(extended, if work { Ok(()) } else { never });
        let never = Err(ClockRefusal::NeverPaused(stage));
        assert_eq!(paused, if work || answers { Ok(()) } else { never });
    }
}

#[test]
fn how_a_clock_ends_says_whether_it_was_in_time() {
    let calendar = calendar();
    let stage = Stage::Handle;
    let due = january(5, 11, 0);
    let end = |at| {
        let mut clocks = started(stage, "2wh", january(5, 9, 0));
        let ended = clocks.end(stage, at).unwrap();
        assert_eq!(clocks.next_moment(), None);
        assert_eq!(clocks.tick(january(31, 0, 0)), []);
        assert_eq!(clocks.end(stage, at), Err(ClockRefusal::NotRunning(stage)));
        (ended.at, ended.how)
    };
    assert_eq!(end(january(5, 10, 59)), (january(5, 10, 59), How::Met));
    assert_eq!(end(due), (due, How::Late), "overdue from that moment on");
    assert_eq!(
        end(january(4, 0, 0)),
        (january(5, 9, 0), How::Met),
        "not before it began"
    );
    let mut clocks = started(stage, "2wh", january(5, 9, 0));
    clocks.tick(january(5, 11, 5));
    let ended = clocks.end(stage, january(5, 10, 0)).unwrap();
    assert_eq!(
        (ended.at, ended.how),
        (due, How::Late),
        "what was announced stays true"
    );
    let mut clocks = started(stage, "2wh", january(5, 9, 0));
    let at = january(5, 10, 0);
    clocks
        .pause(stage, PauseReason::Court, &BOUNDS, &calendar, at)
        .unwrap();
    let ended = clocks.end(stage, january(9, 0, 0)).unwrap();
    assert_eq!(ended.how, How::Met, "done while it was paused");
    assert_eq!(clocks.check(), Ok(()));
    let mut clocks = started(stage, "2wh", january(5, 9, 0));
    clocks.cancel_all(january(20, 0, 0));
    assert_eq!(
        clocks.last(stage).unwrap().standing(due),
        Standing::Ended(How::Cancelled)
    );
}

#[test]
fn all_work_is_paused_and_resumed_together() {
    let calendar = calendar();
    let mut clocks = started(Stage::Handle, "2wh", january(5, 9, 0));
    for stage in [Stage::Finish, Stage::CallBack] {
        clocks
            .start(terms(stage, "5wd"), &calendar, january(5, 9, 0))
            .unwrap();
    }
    let reason = PauseReason::ForceMajeure;
    let at = january(5, 14, 0);
    let paused = clocks.pause_all(reason, &BOUNDS, &calendar, at).unwrap();
    assert_eq!(
        paused,
        [Stage::Finish],
        "handling is overdue, calling back never stops"
    );
    let again = clocks.pause_all(reason, &BOUNDS, &calendar, at);
    assert_eq!(again, Err(ClockRefusal::Overdue(Stage::Handle)));
    let resumed = clocks.resume_all(&calendar, january(6, 9, 0)).unwrap();
    assert_eq!(resumed, [Stage::Finish]);
    let nothing = clocks.resume_all(&calendar, january(6, 9, 0));
    assert_eq!(nothing, Err(ClockRefusal::None));
}

#[test]
fn time_in_transit_is_charged_to_the_giver() {
    let calendar = calendar();
    let [village, township, county] = ["330825002222", "330825002", "330825"].map(code);
    let mut clocks = started(Stage::Finish, "1wd", january(5, 9, 0));
    // It was given at 10:00 and taken at 11:00; given on at 11:30 and taken after the day was over.
    let steps = [
        (january(5, 9, 0), village),
        (january(5, 10, 0), village),
        (january(5, 11, 0), township),
        (january(5, 11, 30), township),
        (january(7, 9, 30), county),
    ];
    clocks.end(Stage::Finish, january(7, 10, 0)).unwrap();
    let clock = clocks.last(Stage::Finish).unwrap();
    let hands = clock.hands(steps, &calendar, january(30, 0, 0));
    let told: Vec<_> = hands
        .iter()
        .map(|h| (h.division, h.spent / MIN, h.late / MIN))
        .collect();
    assert_eq!(
        told,
        [
            (village, 120, 0),
            (township, 60 + 240 + 450 + 60, 60),
            (county, 30, 30)
        ]
    );
    assert_eq!(holder_at(steps, clock.due), Some(township));
    assert_eq!(holder_at(steps, january(1, 0, 0)), Some(village));
    assert_eq!(holder_at([], clock.due), None);
}

#[test]
fn a_division_whose_clock_is_slow_takes_nothing_before_it_was_given() {
    let calendar = calendar();
    let [village, township, county] = ["330825002222", "330825002", "330825"].map(code);
    let clocks = started(Stage::Finish, "24h", january(5, 9, 0));
    let steps = [
        (january(5, 9, 0), village),
        (january(5, 12, 0), township),
        (january(5, 10, 0), county),
    ];
    let clock = clocks.open(Stage::Finish).unwrap();
    let hands = clock.hands(steps, &calendar, january(5, 13, 0));
    let told: Vec<_> = hands.iter().map(|h| (h.division, h.from, h.to)).collect();
    assert_eq!(
        told,
        [
            (village, january(5, 9, 0), january(5, 12, 0)),
            (county, january(5, 12, 0), january(5, 13, 0))
        ]
    );
}

#[test]
fn the_clock_that_ended_first_makes_room() {
    let calendar = calendar();
    let mut clocks = started(Stage::Finish, "5wd", january(5, 9, 0));
    for minute in 0..MOST_CLOCKS as u64 + 5 {
        let at = january(6, 9, minute);
        clocks
            .start(terms(Stage::Arbitrate, "5wd"), &calendar, at)
            .unwrap();
        clocks.cancel(Stage::Arbitrate, at).unwrap();
    }
    assert_eq!(clocks.iter().count(), MOST_CLOCKS);
    assert!(clocks.open(Stage::Finish).is_some());
    let first = clocks.iter().nth(1).unwrap();
    assert_eq!(first.started, january(6, 9, 6));
    assert_eq!(clocks.check(), Ok(()));
}

#[test]
fn clocks_survive_their_record() {
    let calendar = calendar();
    let mut clocks = started(Stage::Finish, "5wd", january(5, 9, 0));
    clocks.tick(january(12, 9, 0));
    let at = january(12, 9, 0);
    clocks
        .pause(Stage::Finish, PauseReason::Court, &BOUNDS, &calendar, at)
        .unwrap();
    let bytes = postcard::to_allocvec(&clocks).unwrap();
    assert!(bytes.len() < 120, "{} bytes", bytes.len());
    let mut read: Clocks = postcard::from_bytes(&bytes).unwrap();
    assert_eq!(read, clocks);
    assert_eq!(read.tick(january(31, 9, 0)), clocks.tick(january(31, 9, 0)));
}

#[test]
fn clocks_no_node_can_have_made_are_refused() {
    let calendar = calendar();
    let mut sound = started(Stage::Finish, "5wd", january(5, 9, 0));
    let at = january(6, 9, 0);
    sound
        .pause(Stage::Finish, PauseReason::Court, &BOUNDS, &calendar, at)
        .unwrap();
    assert_eq!(sound.check(), Ok(()));
    let wrong: [fn(&mut Clock); 14] = [
        |c| c.due = Timestamp(c.started.0 - 1),
        |c| c.due = Timestamp(i64::MAX),
        |c| c.started = Timestamp(-1),
        |c| c.warn = Timestamp(c.started.0 - 1),
        |c| c.warn = Timestamp(c.due.0 + 1),
        |c| c.allowance = Allowance::WorkingDays(0),
        |c| c.allowance = Allowance::WorkingDays(u16::MAX),
        |c| c.warn_percent = 0,
        |c| c.budget = u64::MAX,
        |c| c.pause.as_mut().unwrap().until = Timestamp(0),
        |c| c.pause.as_mut().unwrap().due = Timestamp(0),
        |c| {
            let pause = c.pause.unwrap();
            let Pause {
                since,
                until,
                reason,
                ..
            } = pause;
            c.paused = vec![
                Paused {
                    since,
                    until,
                    reason
                };
                2
            ];
        },
        |c| {
            c.extension = Some(Extension {
                by: Allowance::Days(0),
                reason: ExtensionReason::Legacy,
                at: c.started,
            });
        },
        |c| {
            c.ended = Some(Ended {
                at: c.started,
                how: How::Met,
            });
        },
    ];
    for (n, wrong) in wrong.into_iter().enumerate() {
        let mut clock = sound.iter().next().unwrap().clone();
        wrong(&mut clock);
        let found = Clocks::try_from(vec![clock]);
        assert_eq!(found, Err(BadClocks::Contradicts(Stage::Finish)), "{n}");
    }
    let clock = sound.iter().next().unwrap();
    let twice = Clocks::try_from(vec![clock.clone(); 2]);
    assert_eq!(twice, Err(BadClocks::Twice(Stage::Finish)));
    let many = Clocks::try_from(vec![clock.clone(); MOST_CLOCKS + 1]);
    assert_eq!(many, Err(BadClocks::TooMany));
}

#[test]
fn a_later_state_loses_resets_and_shortens_nothing() {
    let calendar = calendar();
    let mut early = started(Stage::Finish, "5wd", january(5, 9, 0));
    let at = january(5, 9, 0);
    early
        .start(terms(Stage::Respond, "2wh"), &calendar, at)
        .unwrap();
    early.end(Stage::Respond, january(5, 10, 0)).unwrap();
    let mut later = early.clone();
    later.tick(january(12, 9, 0));
    let at = january(12, 10, 0);
    let by = Allowance::WorkingDays(1);
    later
        .extend(
            Stage::Finish,
            by,
            ExtensionReason::Works,
            &BOUNDS,
            &calendar,
            at,
        )
        .unwrap();
    later.end(Stage::Finish, at).unwrap();
    assert!(later.continues(&early));
    assert!(!early.continues(&later), "an end is not undone");
    assert!(!Clocks::default().continues(&early), "lost");
    let reset = started(Stage::Finish, "5wd", january(6, 9, 0));
    assert!(!reset.continues(&early), "reset");
    let shorter = started(Stage::Finish, "4wd", january(5, 9, 0));
    assert!(!shorter.continues(&early), "another allowance");
    let mut hurried = early.iter().cloned().collect::<Vec<_>>();
    hurried[0].due = Timestamp(hurried[0].due.0 - 1);
    let hurried = Clocks::try_from(hurried).unwrap();
    assert!(!hurried.continues(&early), "shortened");
    assert!(early.continues(&hurried));
}

#[test]
fn codes_are_read_back_from_their_words() {
    for stage in Stage::ALL {
        assert_eq!(stage.code().parse(), Ok(stage));
        let quoted = format!("\"{stage}\"");
        assert_eq!(serde_json::to_string(&stage).unwrap(), quoted);
    }
    for reason in PauseReason::ALL {
        assert_eq!(reason.code().parse(), Ok(reason));
    }
    for reason in ExtensionReason::ALL {
        assert_eq!(reason.code().parse(), Ok(reason));
    }
    let fault = "later".parse::<Stage>().unwrap_err().to_string();
    assert!(
        fault.contains("unknown stage with a clock `later`") && fault.contains("; use route, ")
    );
}

//! A child that reports figures of things that never happened.

use std::sync::Arc;

use testkit::{
    CITY, CLERK, COUNTY, Network, Options, PROVINCE, TOWNSHIP, VILLAGE, clock::ShiftedClock, code,
    eventually,
};
use wujitong::{
    app::SystemClock,
    domain::{
        alarm::{Alarm, AlarmKind},
        authority::Denied,
        envelope::{Lane, Payload, Stamp},
        measure::Measure,
        rollup::{By, CellKey, CellRefusal, CellReport, Counters, Group, table},
        template::TemplateKind,
        time::Day,
    },
    office::{Clock, NewTemplate},
    wire::refusal::RefusalCode,
};

use crate::scenarios::hostile::{NEIGHBOUR, Talk, talk};

/// Starts everything but the village; the test plays the village with real keys.
async fn without_the_village(clock: &Arc<ShiftedClock>) -> Network {
    let options = Options {
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        ..Options::default()
    };
    let mut network = Network::with(&[VILLAGE, NEIGHBOUR], options).await;
    network.linked().await;
    network.quiet().await;
    network.stop(VILLAGE).await;
    network
}

async fn sums(network: &Network, at: &str) -> Counters {
    let office = network.office(at);
    let cells = office
        .figures()
        .cells(Day(i32::MIN), Day(i32::MAX))
        .await
        .unwrap();
    let sum = |sum: Counters, (_, cell): &(CellKey, Counters)| sum.plus(*cell);
    cells.iter().fold(Counters::default(), sum)
}

async fn alarm(network: &Network, at: &str, kind: AlarmKind) -> Option<Alarm> {
    let alarms = network.office(at).alarms().all().await.unwrap();
    let about = Some(code(VILLAGE));
    alarms
        .into_iter()
        .find(|alarm| alarm.kind == kind && alarm.about == about)
}

fn today() -> i32 {
    SystemClock.now().day().0
}

fn cell(acting: &str, origin: &str, category: &str, day: i32, counters: Counters) -> CellReport {
    CellReport {
        key: CellKey {
            acting: code(acting),
            origin: code(origin),
            category: category.parse().unwrap(),
            day: Day(day),
        },
        counters,
        stamp: Stamp::default(),
    }
}

fn own(category: &str, counters: Counters) -> CellReport {
    cell(VILLAGE, VILLAGE, category, today(), counters)
}

fn reported(reported: u64) -> Counters {
    Counters::from([(Measure::REPORTED, reported)])
}

async fn say(talk: &mut Talk<'_>, report: CellReport) -> Option<RefusalCode> {
    let envelope = talk.latest(talk.here(), Lane::Figures, Payload::Cell(Box::new(report)));
    talk.told(envelope).await
}

async fn as_the_village(network: &Network) -> Talk<'_> {
    let mut talk = talk(network, TOWNSHIP).await;
    talk.peer.issue = 1 << 50;
    talk
}

#[tokio::test]
async fn what_can_never_be_is_refused_kept_apart_and_alarmed_and_no_sum_contains_it() {
    let clock = Arc::new(ShiftedClock::default());
    let network = without_the_village(&clock).await;
    let mut talk = as_the_village(&network).await;
    let true_word = own("order/fire", reported(7));
    assert_eq!(say(&mut talk, true_word).await, None);

    let refused = |refusal: CellRefusal| Some(RefusalCode::Cell(refusal));
    let closed = Counters::from([(Measure::CLOSED, 1_000_000_000_000)]);
    let lies = [
        (own("order/flood", closed), refused(CellRefusal::TooMuch)),
        (own("order/fire", reported(6)), refused(CellRefusal::Falls)),
        (
            cell(NEIGHBOUR, NEIGHBOUR, "order/fire", today(), reported(5)),
            Some(Denied::SpeaksForAnother.into()),
        ),
        (
            cell(
                VILLAGE,
                "330825002999",
                "order/fire",
                today(),
                Counters::default(),
            ),
            Some(Denied::UnknownDivision.into()),
        ),
        (
            cell(VILLAGE, COUNTY, "order/fire", today(), reported(5)),
            refused(CellRefusal::ReportedElsewhere),
        ),
        (
            cell(VILLAGE, VILLAGE, "order/fire", today() + 400, reported(5)),
            refused(CellRefusal::FutureDay),
        ),
        (
            own(
                "order/dispute",
                Counters::from([(Measure::GIVEN, 1), (Measure::RETURNED, 2)]),
            ),
            refused(CellRefusal::PartExceedsWhole),
        ),
        (
            own("order/drones", reported(5)),
            refused(CellRefusal::UnknownCategory),
        ),
    ];
    let count = lies.len();
    for (report, expected) in lies {
        assert_eq!(say(&mut talk, report.clone()).await, expected, "{report:?}");
    }
    network.quiet_but_for(VILLAGE).await;
    for at in [TOWNSHIP, COUNTY, PROVINCE] {
        assert_eq!(sums(&network, at).await, reported(7), "{at}");
    }
    let township = network.office(TOWNSHIP);
    assert_eq!(township.figures().apart().await.unwrap().len(), count);
    let alarm = alarm(&network, TOWNSHIP, AlarmKind::FiguresRefused).await;
    assert!(alarm.is_some(), "somebody is told");
    let of_child = township.figures().of_children().await.unwrap();
    let of_child = of_child
        .iter()
        .find(|of| of.child == code(VILLAGE))
        .unwrap();
    assert_eq!((of_child.apart as usize, of_child.cells), (count, 1));

    // Early figures count once their policy or their day has come.
    let drones = NewTemplate {
        kind: TemplateKind::Policy,
        name: "drones".to_owned(),
        title: "无人机".to_owned(),
        content: "format = 1\n\n[[category]]\ncode = \"order/drones\"\nname = \"无人机\"\n"
            .to_owned(),
        tiers: vec![],
        kinds: vec![],
    };
    let county = network.office(COUNTY);
    county.templates().publish(drones, CLERK).await.unwrap();
    network.quiet_but_for(VILLAGE).await;
    township.figures().check().await.unwrap();
    assert_eq!(sums(&network, TOWNSHIP).await, reported(12));
    clock.shift_ms(400 * 86_400_000);
    township.figures().check().await.unwrap();
    assert_eq!(sums(&network, TOWNSHIP).await, reported(17));
    drop((talk, township, county));
    network.shut_down().await;
}

#[tokio::test]
async fn a_measure_of_a_later_build_is_summed_kept_and_passed_on() {
    let clock = Arc::new(ShiftedClock::default());
    let mut network = without_the_village(&clock).await;
    let later = Measure::new(31).unwrap();
    assert!(later.row().is_none());
    let counted = |count| Counters::from([(Measure::REPORTED, 7), (later, count)]);
    let mut talk = as_the_village(&network).await;
    assert_eq!(say(&mut talk, own("order/fire", counted(2))).await, None);
    let fall = say(&mut talk, own("order/fire", counted(1))).await;
    assert_eq!(fall, Some(RefusalCode::Cell(CellRefusal::Falls)));
    drop(talk);
    network.quiet_but_for(VILLAGE).await;
    for at in [TOWNSHIP, COUNTY, CITY] {
        network.stop(at).await;
        network.restart(at).await;
    }
    network.linked().await;
    let mut talk = as_the_village(&network).await;
    talk.peer.issue += 1 << 20;
    assert_eq!(say(&mut talk, own("order/flood", counted(3))).await, None);
    drop(talk);
    network.quiet_but_for(VILLAGE).await;
    let both = Counters::from([(Measure::REPORTED, 14), (later, 5)]);
    for at in [TOWNSHIP, COUNTY, CITY, PROVINCE] {
        assert_eq!(sums(&network, at).await, both, "{at}");
        let office = network.office(at);
        let cells = office
            .figures()
            .cells(Day(i32::MIN), Day(i32::MAX))
            .await
            .unwrap();
        let cells = cells.iter().map(|(key, counters)| (key, counters));
        let days = Day(i32::MIN)..=Day(i32::MAX);
        let lines = table(cells, By::Category, days, &network.tree);
        let of = |category: &str| lines[&Group::Category(category.parse().unwrap())][later];
        assert_eq!((of("order/fire"), of("order/flood")), (2, 3), "{at}");
    }
    network.shut_down().await;
}

#[tokio::test]
async fn nothing_counts_of_matters_that_were_never_handed_to_the_child() {
    let clock = Arc::new(ShiftedClock::default());
    let network = without_the_village(&clock).await;
    let mut talk = as_the_village(&network).await;
    let origins: Vec<_> = network.tree.nodes(code("3301")).take(300).collect();
    for some in origins.chunks(100) {
        let mut envelopes = vec![];
        for origin in some {
            let taken = Counters::from([(Measure::TAKEN, 1), (Measure::CLOSED, 1)]);
            let report = cell(VILLAGE, &origin.to_string(), "order/fire", today(), taken);
            envelopes.push(talk.latest(
                talk.here(),
                Lane::Figures,
                Payload::Cell(Box::new(report)),
            ));
        }
        let entries = talk.peer.sign(&envelopes).await;
        let first = talk.peer.send(Lane::Figures, entries).await;
        for at in first..first + some.len() as u64 {
            let told = talk.peer.outcome(Lane::Figures, at).await;
            assert_eq!(told, Some(CellRefusal::NeverHanded.into()));
        }
    }
    let township = network.office(TOWNSHIP);
    assert_eq!(sums(&network, TOWNSHIP).await, Counters::default());
    assert_eq!(township.figures().apart().await.unwrap().len(), 256);
    let told = alarm(&network, TOWNSHIP, AlarmKind::FiguresRefused).await;
    assert!(told.is_some(), "somebody is told");
    drop((talk, township));
    network.shut_down().await;
}

#[tokio::test]
async fn what_the_matters_that_crossed_the_link_do_not_explain_is_alarmed_once_the_child_is_quiet()
{
    let clock = Arc::new(ShiftedClock::default());
    let options = Options {
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        ..Options::default()
    };
    let mut network = Network::with(&[VILLAGE, NEIGHBOUR], options).await;
    network.linked().await;
    // One matter came and was closed, one left and came back, one left and stayed away.
    let given = network.report(COUNTY, "for the village").await;
    network.assign(COUNTY, given, VILLAGE).await;
    network.held(VILLAGE, given).await;
    network.close(VILLAGE, given).await;
    for text in ["comes back", "stays away"] {
        let own = network.report_up(VILLAGE, text, COUNTY).await;
        network.held(COUNTY, own).await;
        network.quiet().await;
        if text == "comes back" {
            network.recall(VILLAGE, own).await;
            network.held(VILLAGE, own).await;
        }
    }
    network.quiet().await;
    let quiet = || clock.shift_ms(11 * 60_000);
    quiet();
    for at in [TOWNSHIP, COUNTY, PROVINCE] {
        let office = network.office(at);
        office.figures().check().await.unwrap();
        let alarms = office.alarms().all().await.unwrap();
        let uneven = |alarm: &Alarm| alarm.kind == AlarmKind::FiguresUneven;
        assert!(
            !alarms.iter().any(uneven),
            "{at}, of what is true: {alarms:?}"
        );
    }

    network.stop(VILLAGE).await;
    let mut talk = as_the_village(&network).await;
    // Both add up.
    let closed = Counters::from([(Measure::TAKEN, 5), (Measure::CLOSED, 5)]);
    let of_the_county = cell(VILLAGE, COUNTY, "order/fire", today(), closed);
    assert_eq!(say(&mut talk, of_the_county).await, None, "a few may be");
    let many = Counters::from([(Measure::TAKEN, 1000), (Measure::CLOSED, 1000)]);
    let of_the_county = cell(VILLAGE, COUNTY, "order/flood", today(), many);
    let never = Some(CellRefusal::NeverHanded.into());
    assert_eq!(say(&mut talk, of_the_county).await, never);
    let given = Counters::from([(Measure::REPORTED, 3), (Measure::GIVEN, 3)]);
    assert_eq!(say(&mut talk, own("order/fire", given)).await, None);
    let township = network.office(TOWNSHIP);
    township.figures().check().await.unwrap();
    let told = || alarm(&network, TOWNSHIP, AlarmKind::FiguresUneven);
    assert_eq!(told().await, None, "something may be on its way");
    quiet();
    township.figures().check().await.unwrap();
    let detail = told().await.unwrap().detail;
    for part in ["1 origins elsewhere", "2 origins have other matters"] {
        assert!(detail.english.contains(part), "{detail:?}");
    }
    drop((talk, township));
    network.shut_down().await;
}

#[tokio::test]
async fn what_does_not_add_up_is_marked_and_alarmed_if_it_stays_once_the_child_is_quiet() {
    let clock = Arc::new(ShiftedClock::default());
    let network = without_the_village(&clock).await;
    let mut talk = as_the_village(&network).await;
    let closed = Counters::from([(Measure::CLOSED, 5)]);
    assert_eq!(say(&mut talk, own("order/fire", closed)).await, None);
    let township = network.office(TOWNSHIP);
    let uneven = || async {
        let of_children = township.figures().of_children().await.unwrap();
        let of = of_children.iter().find(|of| of.child == code(VILLAGE));
        of.map_or(0, |of| of.uneven)
    };
    assert_eq!(uneven().await, 1, "marked at once");
    township.figures().check().await.unwrap();
    let told = || alarm(&network, TOWNSHIP, AlarmKind::FiguresUneven);
    assert_eq!(told().await, None, "cells may still be on their way");
    clock.shift_ms(11 * 60_000);
    for _ in 0..2 {
        township.figures().check().await.unwrap();
        assert_eq!(told().await.unwrap().times, 1, "once");
    }
    let yesterday = cell(VILLAGE, VILLAGE, "order/fire", today() - 1, reported(5));
    assert_eq!(say(&mut talk, yesterday).await, None);
    assert_eq!(uneven().await, 0);
    eventually("the alarm says that it went away", || async {
        told().await.is_some_and(|alarm| alarm.settled.is_some())
    })
    .await;
    drop((talk, township));
    network.shut_down().await;
}

//! A machine's clock that is wrong.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use testkit::{
    CLERK, Network, Options, TOWNSHIP, VILLAGE, clock::ShiftedClock, code, eventually, known,
};
use wujitong::{
    app::{SystemClock, WatchedClock},
    domain::{alarm::AlarmKind, timekeeper::Doubt},
    office::{Clock, NewReport, Office},
};

const DAY: i64 = 86_400_000;

/// Starts a network in which the village's machine has a clock of its own.
async fn network(wrong: &Arc<ShiftedClock>) -> Network {
    let began = Instant::now();
    let steady = move || u64::try_from(began.elapsed().as_millis()).unwrap();
    let watched = WatchedClock::over(Arc::clone(wrong) as Arc<dyn Clock>, steady);
    let clocks: BTreeMap<_, Arc<dyn Clock>> = [(code(VILLAGE), Arc::new(watched) as _)].into();
    let options = Options {
        clocks,
        ..Options::default()
    };
    Network::with(&[VILLAGE], options).await
}

async fn flood(office: &Office) -> wujitong::domain::ids::MatterId {
    let new = NewReport::new("order/flood".parse().unwrap(), "the dyke leaks".to_owned());
    office.matters().report(new, CLERK).await.unwrap()
}

/// Returns whether the cause of the alarm is gone; `None` without an alarm.
async fn alarm(office: &Office) -> Option<bool> {
    let alarms = office.alarms().all().await.unwrap();
    let mut alarms = alarms.iter();
    let alarm = alarms.find(|alarm| alarm.kind == AlarmKind::ClockDoubted)?;
    Some(alarm.settled.is_some())
}

#[tokio::test]
async fn a_clock_that_is_wrong_for_a_moment_makes_nothing_overdue_and_no_day_of_the_future() {
    let wrong = Arc::new(ShiftedClock::default());
    let network = network(&wrong).await;
    network.linked().await;
    let office = network.office(VILLAGE);
    let id = flood(&office).await;
    let before = known(&office, id).await.unwrap();
    for jump in [DAY, 400 * DAY, 3_653 * DAY, -DAY] {
        wrong.set_shift_ms(jump);
        office.clock().watch().await.unwrap();
        assert_eq!(alarm(&office).await, Some(false), "{jump}");
        assert_eq!(
            office.matters().tick().await.unwrap(),
            0,
            "{jump}: nothing is announced"
        );
        let status = office.clock().status().await.unwrap();
        assert_eq!(status.doubt, Some(Doubt::Jumped));
        let today = SystemClock.now();
        let other = flood(&office).await;
        let reported = known(&office, other).await.unwrap().reported_at();
        assert!(
            reported.since(today) < 60_000 && today.since(reported) < 60_000,
            "{jump}"
        );
        let counted = office.clock().status().await.unwrap().last_day;
        assert!(
            counted <= SystemClock.now().day().to_string(),
            "{jump}: {counted}"
        );
        wrong.set_shift_ms(0);
        office.clock().watch().await.unwrap();
        assert_eq!(alarm(&office).await, Some(true), "{jump}: it came back");
    }
    assert_eq!(
        known(&office, id).await.unwrap(),
        before,
        "no step was made"
    );
    network.audited().await;
    network.shut_down().await;
}

#[tokio::test]
async fn a_clock_that_was_wrong_from_the_start_is_held_back_to_the_neighbours_until_somebody_confirms_it()
 {
    let wrong = Arc::new(ShiftedClock::default());
    wrong.set_shift_ms(400 * DAY);
    let network = network(&wrong).await;
    network.linked().await;
    let office = network.office(VILLAGE);
    eventually("the village knows that its clock is ahead", || async {
        let status = office.clock().status().await.unwrap();
        status.doubt == Some(Doubt::AheadOfNeighbours)
    })
    .await;
    let id = flood(&office).await;
    let matter = known(&office, id).await.unwrap();
    let today = SystemClock.now().day();
    assert!(
        matter.reported_at().day() <= today,
        "no day lies beyond the neighbours'"
    );
    assert_eq!(office.matters().tick().await.unwrap(), 0);
    let refused = Network::refused(office.clock().correct(CLERK)).await;
    assert!(refused.contains("clock is doubted"), "{refused}");
    // The clock is set right; so is what was counted on a future day before the node met a
    // neighbour.
    wrong.set_shift_ms(0);
    eventually("the neighbours agree", || async {
        office.clock().status().await.unwrap().doubt.is_none()
    })
    .await;
    let corrected = office.clock().correct(CLERK).await.unwrap();
    assert_eq!(corrected.matters, Vec::<String>::new());
    assert_eq!(corrected.counts_on, SystemClock.now().day().to_string());
    let status = office.clock().status().await.unwrap();
    assert!(status.last_day <= SystemClock.now().day().to_string());
    network.shut_down().await;
}

#[tokio::test]
async fn an_operator_confirms_a_clock_that_was_set_on_purpose() {
    let wrong = Arc::new(ShiftedClock::default());
    let network = network(&wrong).await;
    network.linked().await;
    let office = network.office(VILLAGE);
    wrong.set_shift_ms(-DAY);
    office.clock().watch().await.unwrap();
    assert_eq!(alarm(&office).await, Some(false));
    let status = office.clock().confirm(CLERK).await.unwrap();
    assert_eq!(status.doubt, None);
    assert_eq!(alarm(&office).await, Some(true));
    let township = network.office(TOWNSHIP);
    assert_eq!(
        alarm(&township).await,
        None,
        "one child alone puts nobody in doubt"
    );
    network.shut_down().await;
}

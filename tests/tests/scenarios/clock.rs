//! A machine's clock that is wrong.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Instant,
};

use wujitong::{
    app::{SystemClock, WatchedClock},
    domain::{alarm::AlarmKind, time::Timestamp, timekeeper::Doubt},
    office::{Clock, NewReport, Office},
};
use wujitong_tests::{CLERK, Network, Options, TOWNSHIP, VILLAGE, code, eventually, known};

const DAY: i64 = 86_400_000;

/// The machine's clock, set wrong by so much.
#[derive(Default)]
struct Wrong(AtomicI64);

impl Clock for Wrong {
    fn now(&self) -> Timestamp {
        Timestamp(SystemClock.now().0 + self.0.load(Ordering::SeqCst))
    }
}

/// A network in which the village's machine has a clock of its own.
async fn network(wrong: &Arc<Wrong>) -> Network {
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
    office.report(new, CLERK).await.unwrap()
}

/// Whether the alarm stands, and whether its cause is gone.
async fn alarm(office: &Office) -> Option<bool> {
    let alarms = office.alarms().await.unwrap();
    let mut alarms = alarms.iter();
    let alarm = alarms.find(|alarm| alarm.kind == AlarmKind::ClockDoubted)?;
    Some(alarm.settled.is_some())
}

#[tokio::test]
async fn a_clock_that_is_wrong_for_a_moment_makes_nothing_overdue_and_no_day_of_the_future() {
    let wrong = Arc::new(Wrong::default());
    let network = network(&wrong).await;
    network.linked().await;
    let office = network.office(VILLAGE);
    let id = flood(&office).await;
    let before = known(&office, id).await.unwrap();
    for jump in [DAY, 400 * DAY, 3_653 * DAY, -DAY] {
        wrong.0.store(jump, Ordering::SeqCst);
        office.watch_clock().await.unwrap();
        assert_eq!(alarm(&office).await, Some(false), "{jump}");
        assert_eq!(
            office.tick().await.unwrap(),
            0,
            "{jump}: nothing is announced"
        );
        let status = office.clock_status().await.unwrap();
        assert_eq!(status.doubt, Some(Doubt::Jumped));
        let today = SystemClock.now();
        let other = flood(&office).await;
        let reported = known(&office, other).await.unwrap().reported_at();
        assert!(
            reported.since(today) < 60_000 && today.since(reported) < 60_000,
            "{jump}"
        );
        let counted = office.clock_status().await.unwrap().last_day;
        assert!(
            counted <= SystemClock.now().day().to_string(),
            "{jump}: {counted}"
        );
        wrong.0.store(0, Ordering::SeqCst);
        office.watch_clock().await.unwrap();
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
    let wrong = Arc::new(Wrong(AtomicI64::new(400 * DAY)));
    let network = network(&wrong).await;
    network.linked().await;
    let office = network.office(VILLAGE);
    eventually("the village knows that its clock is ahead", || async {
        let status = office.clock_status().await.unwrap();
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
    assert_eq!(office.tick().await.unwrap(), 0);
    let refused = Network::refused(office.correct_clock(CLERK)).await;
    assert!(refused.contains("clock is doubted"), "{refused}");
    // Set right; what it had counted on a day of the future before it met anybody is put right too.
    wrong.0.store(0, Ordering::SeqCst);
    eventually("the neighbours agree", || async {
        office.clock_status().await.unwrap().doubt.is_none()
    })
    .await;
    let corrected = office.correct_clock(CLERK).await.unwrap();
    assert_eq!(corrected.matters, Vec::<String>::new());
    assert_eq!(corrected.counts_on, SystemClock.now().day().to_string());
    let status = office.clock_status().await.unwrap();
    assert!(status.last_day <= SystemClock.now().day().to_string());
    network.shut_down().await;
}

#[tokio::test]
async fn an_operator_confirms_a_clock_that_was_set_on_purpose() {
    let wrong = Arc::new(Wrong::default());
    let network = network(&wrong).await;
    network.linked().await;
    let office = network.office(VILLAGE);
    wrong.0.store(-DAY, Ordering::SeqCst);
    office.watch_clock().await.unwrap();
    assert_eq!(alarm(&office).await, Some(false));
    let status = office.confirm_clock(CLERK).await.unwrap();
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

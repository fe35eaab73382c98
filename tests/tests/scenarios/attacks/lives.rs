//! A thief of a village's key, or of a copy of its machine, speaks in the village's name.

use std::time::{Duration, Instant};

use testkit::{
    CITY, CLERK, COUNTY, Network, Options, TOWNSHIP, VILLAGE, code, eventually, peer::Peer, rubbish,
};
use wujitong::{
    domain::{
        alarm::{Alarm, AlarmKind},
        envelope::{Destination, Lane, Order, Payload},
        ids::{Epoch, EpochId},
    },
    office::{Failed, MatterRefusal, Office},
    wire::{frame::GoodbyeCode, refusal::RefusalCode},
};

const FAR: u64 = (1 << 31) - 1;

/// Returns an epoch that the thief invents.
fn made_up(order: u64, name: u8, after: Epoch) -> Epoch {
    Epoch {
        order,
        id: EpochId([name; 16]),
        predecessor: after.id,
    }
}

/// Sends the smallest statement: it changes no matter.
async fn says_something(thief: &mut Peer) -> Option<RefusalCode> {
    let to = Destination::Division(code(TOWNSHIP));
    let order = Order::Sequence(1 << 20);
    let word = thief.envelope(to, Lane::Figures, order, Payload::CellsComplete);
    thief.try_out(word, vec![]).await
}

/// Returns a network whose village ran and is stopped; its key is stolen.
async fn a_stolen_village() -> (Network, Epoch) {
    let mut network = Network::of(&[VILLAGE]).await;
    network.linked().await;
    let id = network.report_up(VILLAGE, "before the theft", CITY).await;
    network.held(CITY, id).await;
    network.quiet().await;
    network.stop(VILLAGE).await;
    let life = network.epoch(code(VILLAGE));
    (network, life)
}

/// Starts the real village, which does its work.
async fn comes_back(network: &mut Network) -> Epoch {
    network.restart(VILLAGE).await;
    network.linked().await;
    let id = network.report_up(VILLAGE, "after the theft", CITY).await;
    network.held(CITY, id).await;
    network.office(VILLAGE).epoch().await.unwrap()
}

async fn alarm(office: &Office, kind: AlarmKind) -> Option<Alarm> {
    let alarms = office.alarms().all().await.unwrap();
    alarms.into_iter().find(|alarm| alarm.kind == kind)
}

#[tokio::test]
async fn a_life_far_ahead_is_refused_and_the_real_node_is_greeted_in_its_own() {
    let (mut network, life) = a_stolen_village().await;
    let leap = made_up(FAR - 1, 7, life);
    for (earlier, present) in [
        (vec![], made_up(FAR, 8, life)),
        (vec![life], made_up(FAR, 8, life)),
        (vec![leap], made_up(FAR, 8, leap)),
        (vec![], made_up(1, 8, life)),
    ] {
        let mut thief = Peer::knock(&network, VILLAGE).await.unwrap();
        (thief.earlier, thief.epoch) = (earlier, present);
        thief.say_hello().await;
        let code = thief.goodbye().await.code;
        let expected = [GoodbyeCode::Superseded, GoodbyeCode::Malformed];
        assert!(expected.contains(&code), "{code:?} in {present:?}");
    }
    assert_eq!(comes_back(&mut network).await, life, "nothing had changed");
    network.shut_down().await;
}

#[tokio::test]
async fn a_word_of_a_life_that_was_never_greeted_counts_nowhere() {
    let (mut network, life) = a_stolen_village().await;
    let mut thief = Peer::dial(&network, VILLAGE).await;
    thief.epoch = made_up(FAR, 8, life);
    let told = says_something(&mut thief).await;
    assert_eq!(told, Some(RefusalCode::Superseded));
    drop(thief);
    assert_eq!(comes_back(&mut network).await, life);
    network.shut_down().await;
}

#[tokio::test]
async fn after_a_believable_life_of_the_thief_the_real_node_comes_back_in_the_next() {
    let (mut network, life) = a_stolen_village().await;
    let mut thief = Peer::knock(&network, VILLAGE).await.unwrap();
    (thief.earlier, thief.epoch) = (vec![life], made_up(2, 8, life));
    thief.greet().await;
    assert_eq!(says_something(&mut thief).await, None);
    drop(thief);
    let now = comes_back(&mut network).await;
    assert_eq!((now.order, now.predecessor), (3, EpochId([8; 16])));
    let village = network.office(VILLAGE);
    let alarm = alarm(&village, AlarmKind::StoreWentBack).await.unwrap();
    assert_eq!(alarm.about, Some(code(TOWNSHIP)));
    network.shut_down().await;
}

#[tokio::test]
async fn a_second_machine_is_refused_takes_nothing_new_and_both_sides_have_an_alarm() {
    let mut network = Network::of(&[VILLAGE]).await;
    network.linked().await;
    network.stop(VILLAGE).await;
    let copy = network.backup(VILLAGE);
    network.restart(VILLAGE).await;
    network.linked().await;
    let id = network
        .report_up(VILLAGE, "before the copy ran", CITY)
        .await;
    network.held(CITY, id).await;
    let first = network.node(VILLAGE).links.states();
    let begun = Instant::now();
    let twin = network.twin_of(VILLAGE, &copy).await;
    let second = twin.office();
    let township = network.office(TOWNSHIP);
    let village = network.office(VILLAGE);
    let kind = AlarmKind::SecondMachine;
    eventually("the second one stands aside", || async {
        alarm(&second, kind).await.is_some()
    })
    .await;
    let refused = second
        .matters()
        .report(rubbish("by the second one"), CLERK)
        .await;
    assert!(
        matches!(
            refused,
            Err(Failed::Refused(MatterRefusal::SecondMachine(_)))
        ),
        "{refused:?}"
    );
    eventually("it was refused six times", || async {
        let raised = alarm(&township, kind).await;
        raised.is_some_and(|alarm| alarm.times >= 6)
    })
    .await;
    // There are pauses of at least 10, 20, 40, 80 and 160 ms between six attempts.
    assert!(
        begun.elapsed() >= Duration::from_millis(310),
        "it backs off"
    );
    let (at_parent, at_second) = (
        alarm(&township, kind).await.unwrap(),
        alarm(&second, kind).await.unwrap(),
    );
    let at_first = alarm(&village, kind).await.unwrap();
    for alarm in [&at_parent, &at_second, &at_first] {
        assert_eq!(alarm.about, Some(code(VILLAGE)));
        let addresses = alarm.detail.english.matches("127.0.0.1:").count();
        assert!(addresses >= 2, "{:?}", alarm.detail);
    }
    let now = network.node(VILLAGE).links.states();
    assert_eq!(
        now[0].1.since_ms, first[0].1.since_ms,
        "its link is the same"
    );
    let id = network
        .report_up(VILLAGE, "the first one works on", CITY)
        .await;
    network.held(CITY, id).await;

    // The operator stops the first one, so the second one is the division now.
    network.stop(VILLAGE).await;
    eventually("the second one is taken for the division", || async {
        second.matters().report(rubbish("now"), CLERK).await.is_ok()
    })
    .await;
    let settled = alarm(&second, kind).await.unwrap().settled;
    assert!(settled.is_some(), "it stands until a person closes it");
    drop((second, village));
    twin.stop().await;
    network.shut_down().await;
}

#[tokio::test]
async fn a_machine_that_does_not_answer_gives_way() {
    let options = Options {
        adjust: |config| config.limits.handshake_timeout = Duration::from_millis(800),
        ..Options::default()
    };
    let mut network = Network::with(&[VILLAGE], options).await;
    network.linked().await;
    network.stop(VILLAGE).await;
    let mut mute = Peer::dial(&network, VILLAGE).await;
    network.restart(VILLAGE).await;
    let id = network
        .report_up(VILLAGE, "after a power cut", COUNTY)
        .await;
    network.held(COUNTY, id).await;
    assert_eq!(mute.goodbye().await.code, GoodbyeCode::Replaced);
    network.shut_down().await;
}

//! Nodes that were away until their certificates ended: they come back by themselves with their signing keys, wait for a person
//! after too long, and with a key that was revoked they never come back.

use std::{collections::BTreeMap, sync::Arc};

use testkit::{
    CITY, COUNTY, Network, Options, PROVINCE, TOWNSHIP, VILLAGE, clock::ShiftedClock, code,
    eventually, known,
};
use wujitong::{
    domain::{actor::Actor, alarm::AlarmKind, certificate::Validity, revocation::Reason},
    workers::State,
};

const TIERS: [&str; 5] = [PROVINCE, CITY, COUNTY, TOWNSHIP, VILLAGE];
const DAY: i64 = 24;

/// Five processes whose certificates are judged by a clock that is put forward.
async fn network() -> (Network, Arc<ShiftedClock>) {
    let clock = Arc::new(ShiftedClock::default());
    let options = Options {
        clock: Arc::clone(&clock) as _,
        certificates: Some(Arc::clone(&clock) as _),
        ..Options::default()
    };
    let network = Network::with(&[VILLAGE], options).await;
    network.linked().await;
    (network, clock)
}

fn shown(network: &Network) -> BTreeMap<&'static str, Validity> {
    let of = |at: &'static str| (at, network.node(at).identity.validity());
    TIERS.into_iter().map(of).collect()
}

/// The days of a node's certificate.
fn life(network: &Network) -> i64 {
    let validity = network.node(VILLAGE).identity.validity();
    (validity.through - validity.from) / 86_400
}

/// Puts the clock forward by minutes, again and again, until something holds: what failed is tried again minutes later.
async fn in_time<F: Future<Output = bool>>(
    clock: &ShiftedClock,
    what: &str,
    mut holds: impl FnMut() -> F,
) {
    for _ in 0..400 {
        if holds().await {
            return;
        }
        clock.shift_ms(60_000);
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("never came true: {what}");
}

/// How often a parent readmitted a child without a person.
async fn by_itself(network: &Network, parent: &str, child: &str) -> usize {
    let office = network.office(parent);
    let known = office.readmissions().of(code(child)).await.unwrap();
    known.by_itself(office.now())
}

async fn waits(network: &Network, parent: &str, child: &str) -> bool {
    let office = network.office(parent);
    let known = office.readmissions().of(code(child)).await.unwrap();
    known.waiting.is_some()
}

async fn alarmed(network: &Network, at: &str) -> bool {
    let alarms = network.office(at).alarms().all().await.unwrap();
    let mut alarms = alarms.iter();
    alarms.any(|alarm| alarm.kind == AlarmKind::ReadmissionWaits && alarm.settled.is_none())
}

/// Why the village's process does not renew, as its status shows it.
fn failing(network: &Network) -> Option<String> {
    let rows = network.host(VILLAGE).app_state().workers.of(None);
    let row = rows.into_iter().find(|row| row.name == "renewal")?;
    let why = row.last_error.map(|(_, why)| why.english);
    why.filter(|_| row.state == State::Failing)
}

#[tokio::test]
async fn a_village_whose_certificate_ended_comes_back_by_itself_and_nothing_is_lost() {
    let (mut network, clock) = network().await;
    network.stop(TOWNSHIP).await;
    let id = network
        .report_up(VILLAGE, "reported before it ended", COUNTY)
        .await;
    let before = network.node(VILLAGE).identity.validity();
    clock.shift_hours(DAY * (life(&network) + 30));
    let late = network
        .report_up(VILLAGE, "reported after it ended", COUNTY)
        .await;
    assert_eq!(network.node(VILLAGE).identity.validity(), before);
    network.restart(TOWNSHIP).await;
    in_time(&clock, "the village is linked again", || async {
        network.node(VILLAGE).links.is_up(code(TOWNSHIP))
    })
    .await;
    assert!(network.node(VILLAGE).identity.validity().from > before.from);
    assert_eq!(by_itself(&network, TOWNSHIP, VILLAGE).await, 1);
    for id in [id, late] {
        let county = network.office(COUNTY);
        eventually("the county has it", || async {
            known(&county, id).await.is_some()
        })
        .await;
    }
    network.quiet().await;
    network.audited().await;
    network.shut_down().await;
}

#[tokio::test]
async fn five_tiers_whose_certificates_all_ended_come_back_from_the_province_down() {
    let (mut network, clock) = network().await;
    for at in TIERS {
        network.stop(at).await;
    }
    clock.shift_hours(DAY * 45);
    for at in TIERS.into_iter().rev() {
        network.restart(at).await;
    }
    in_time(
        &clock,
        "every tier shows a certificate that is valid",
        || async {
            let now = network.office(PROVINCE).now().0 / 1_000;
            shown(&network)
                .values()
                .all(|validity| !validity.is_over(now))
        },
    )
    .await;
    network.linked().await;
    for (parent, child) in TIERS.into_iter().zip(TIERS.into_iter().skip(1)) {
        assert_eq!(by_itself(&network, parent, child).await, 1, "{child}");
    }
    let id = network
        .report_up(VILLAGE, "reported after it", COUNTY)
        .await;
    let county = network.office(COUNTY);
    eventually("the county has it", || async {
        known(&county, id).await.is_some()
    })
    .await;
    network.quiet().await;
    network.audited().await;
    network.shut_down().await;
}

#[tokio::test]
async fn who_was_away_for_too_long_waits_until_a_person_says_yes() {
    let (mut network, clock) = network().await;
    let life = life(&network);
    network.stop(VILLAGE).await;
    // The others go on without it, and renew their certificates.
    for _ in 0..=(life + 61) / 3 {
        clock.shift_hours(DAY * 3);
        in_time(&clock, "those above are renewed", || async {
            let now = network.office(TOWNSHIP).now().0 / 1_000;
            let mut above = TIERS[..4]
                .iter()
                .map(|at| network.node(at).identity.validity());
            above.all(|validity| validity.through - now > 3 * 86_400)
        })
        .await;
    }
    let person = Actor::Rule("test".to_owned());
    let office = network.office(TOWNSHIP);
    let early = office.readmissions().consent(code(VILLAGE), person.clone());
    assert!(early.await.is_err(), "nobody waits yet");
    network.restart(VILLAGE).await;
    in_time(&clock, "the township is asked", || {
        waits(&network, TOWNSHIP, VILLAGE)
    })
    .await;
    assert!(alarmed(&network, TOWNSHIP).await);
    in_time(&clock, "the village's status says whom to ask", || async {
        failing(&network).is_some_and(|why| why.contains("wujitong readmit"))
    })
    .await;
    office
        .readmissions()
        .consent(code(VILLAGE), person)
        .await
        .unwrap();
    in_time(&clock, "the village is linked again", || async {
        network.node(VILLAGE).links.is_up(code(TOWNSHIP))
    })
    .await;
    assert!(!waits(&network, TOWNSHIP, VILLAGE).await);
    assert!(!alarmed(&network, TOWNSHIP).await, "it is settled");
    assert_eq!(by_itself(&network, TOWNSHIP, VILLAGE).await, 0);
    network.shut_down().await;
}

#[tokio::test]
async fn a_revoked_key_brings_nobody_back() {
    let (mut network, clock) = network().await;
    network.stop(VILLAGE).await;
    let township = network.node(TOWNSHIP);
    let revoked = township.revoke(
        (code(VILLAGE), None),
        Reason::Stolen,
        Actor::Rule("test".to_owned()),
    );
    revoked.await.unwrap();
    drop(township);
    clock.shift_hours(DAY * 20);
    network.restart(VILLAGE).await;
    let before = network.node(VILLAGE).identity.validity();
    in_time(
        &clock,
        "the village's status says that its key was revoked",
        || async { failing(&network).is_some_and(|why| why.contains("was revoked")) },
    )
    .await;
    assert_eq!(network.node(VILLAGE).identity.validity(), before);
    assert_eq!(by_itself(&network, TOWNSHIP, VILLAGE).await, 0);
    assert!(!waits(&network, TOWNSHIP, VILLAGE).await);
    network.shut_down().await;
}

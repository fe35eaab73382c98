//! Heads of public logs among running nodes: countersigned two tiers up, in the receipt, and a village that rewrites its log.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::{Value, json};
use testkit::{
    CITY, CLERK, COUNTY, Network, Options, PROVINCE, TOWNSHIP, VILLAGE,
    clock::ShiftedClock,
    code, eventually,
    heads::covered,
    peer::{Peer, Stand},
};
use wujitong::{
    api::PublicLogs,
    cli::client::Client,
    domain::{
        alarm::AlarmKind,
        envelope::{Destination, Lane, Order, Payload},
        heads::{Resolution, SaidHead},
        ids::MatterId,
        receipt::{Check, Finding, What},
    },
    identity::Roots,
    log::{self, Checkpoint},
    office::Office,
    proof::{Verified, sign_head, verify},
};

/// A network whose clock is put forward.
async fn network(villages: &[&str]) -> (Network, Arc<ShiftedClock>) {
    let clock = Arc::new(ShiftedClock::default());
    let options = Options {
        clock: Arc::clone(&clock) as _,
        ..Options::default()
    };
    let network = Network::with(villages, options).await;
    network.linked().await;
    (network, clock)
}

async fn receipt(network: &Network, at: &str, id: MatterId) -> Value {
    let words = network.office(at).matters().words(id, CLERK).await.unwrap();
    let file = network.node(at).receipt(id, words).await.unwrap();
    serde_json::to_value(&file).unwrap()
}

fn checked(network: &Network, file: &Value) -> Verified {
    let roots = Roots::read(&network.home(PROVINCE).join("roots.pem")).unwrap();
    verify(file.to_string().as_bytes(), None, &roots, &network.tree).unwrap()
}

fn countersignatures(verified: &Verified, finding: Finding) -> Vec<String> {
    let checks = verified.checks.iter();
    let found = checks
        .filter(|check| check.what == What::Countersignature && check.finding == finding)
        .filter_map(|check| check.about);
    found.map(|division| division.short()).collect()
}

#[tokio::test]
async fn a_receipt_is_pending_until_parent_and_grandparent_have_countersigned_the_log() {
    let (network, clock) = network(&[VILLAGE]).await;
    let id = network.report(VILLAGE, "the lamp is out").await;
    let village = network.office(VILLAGE);
    let head = covered(&clock, &village, 2).await;
    let by: Vec<_> = head.lines.iter().map(|line| line.by.short()).collect();
    assert_eq!(by, [TOWNSHIP, COUNTY], "the nearest first");

    let file = receipt(&network, VILLAGE, id).await;
    let verified = checked(&network, &file);
    assert!(verified.holds && !verified.pending, "{verified:#?}");
    assert_eq!(
        countersignatures(&verified, Finding::Ok),
        [TOWNSHIP, COUNTY]
    );
    assert_eq!(file["format"], 4);

    // A leaf after that head is not covered yet; the receipt says so and holds.
    let later = network.report(VILLAGE, "another lamp is out").await;
    let file = receipt(&network, VILLAGE, later).await;
    let verified = checked(&network, &file);
    assert!(verified.holds && verified.pending);
    assert_eq!(file["format"], 2);
    let missing = countersignatures(&verified, Finding::NotChecked);
    assert_eq!(missing, [TOWNSHIP, COUNTY]);

    // The county is a division with two above it as well, the province with none.
    let county = network.office(COUNTY);
    network.report(COUNTY, "a bridge").await;
    covered(&clock, &county, 2).await;
    // Two cities countersign the province; there is only one here.
    let provinces = network.report(PROVINCE, "a dam").await;
    covered(&clock, &network.office(PROVINCE), 1).await;
    let of_province = checked(&network, &receipt(&network, PROVINCE, provinces).await);
    assert!(of_province.holds && of_province.pending);
    assert_eq!(countersignatures(&of_province, Finding::Ok), [CITY]);
    assert_eq!(
        countersignatures(&of_province, Finding::NotChecked),
        [PROVINCE],
        "it says that one more has to"
    );
    network.shut_down().await;
}

/// Whoever runs the machine of the village runs that of the township as well: the file and the list of logs say it.
#[tokio::test]
async fn who_countersigns_in_the_process_of_the_village_is_named() {
    let clock = Arc::new(ShiftedClock::default());
    let options = Options {
        clock: Arc::clone(&clock) as _,
        ..Options::default()
    };
    let groups = [&[PROVINCE][..], &[CITY], &[COUNTY], &[TOWNSHIP, VILLAGE]];
    let groups = groups.map(|group| group.iter().map(|one| code(one)).collect());
    let network = Network::start(topology::Tree::zhejiang(), groups.to_vec(), options).await;
    network.linked().await;
    let id = network.report(VILLAGE, "the lamp is out").await;
    covered(&clock, &network.office(VILLAGE), 2).await;
    let file = receipt(&network, VILLAGE, id).await;
    assert_eq!(file["format"], 6);
    let verified = checked(&network, &file);
    assert!(verified.holds && !verified.pending, "{verified:#?}");
    assert_eq!(
        countersignatures(&verified, Finding::Ok),
        [TOWNSHIP, COUNTY]
    );
    let beside = |check: &&Check| check.detail.contains("same process");
    let beside: Vec<_> = verified.checks.iter().filter(beside).collect();
    assert_eq!(beside.len(), 1, "{verified:#?}");
    assert_eq!(
        (beside[0].about, beside[0].finding),
        (Some(code(TOWNSHIP)), Finding::NotChecked)
    );
    // Nobody takes it out of the file unnoticed.
    let mut without = file.clone();
    let manifest = file["manifest"].as_str().unwrap();
    let beside = format!(",\"beside\":[\"{}\"]", code(TOWNSHIP));
    assert!(manifest.contains(&beside), "{manifest}");
    without["manifest"] = manifest.replace(&beside, "").into();
    assert!(!checked(&network, &without).holds);
    let client = Client::new(network.host(VILLAGE).socket());
    let logs: PublicLogs = client
        .get(&format!("/v1/nodes/{VILLAGE}/log"))
        .await
        .unwrap();
    let head = logs.logs[0].countersigned.as_ref().unwrap();
    let by: Vec<_> = head
        .by
        .iter()
        .map(|one| (one.division.short(), one.same_process))
        .collect();
    assert_eq!(
        by,
        [(TOWNSHIP.to_owned(), true), (COUNTY.to_owned(), false)]
    );
    network.shut_down().await;
}

/// Above the city stands one division, above the province none: those directly below countersign.
#[tokio::test]
async fn the_province_is_countersigned_by_two_cities_and_a_city_by_the_province_and_a_county() {
    let (network, clock) = network(&[COUNTY, "3301", "3311"]).await;
    for (at, above) in [(PROVINCE, vec![]), (CITY, vec![PROVINCE])] {
        let office = network.office(at);
        let id = network.report(at, "a dam").await;
        covered(&clock, &office, 2).await;
        let verified = checked(&network, &receipt(&network, at, id).await);
        assert!(verified.holds && !verified.pending, "{verified:#?}");
        let by = countersignatures(&verified, Finding::Ok);
        assert_eq!(by.len(), 2);
        assert!(above.iter().all(|above| by.contains(&(*above).to_owned())));
    }
    let by = covered(&clock, &network.office(CITY), 2).await.lines[1].by;
    assert_eq!(by, code(COUNTY));
    network.shut_down().await;
}

/// Says a head of so many entries with another root than the log had, signed with the key of the stopped node.
async fn say_another_root(network: &Network, thief: &mut Peer, size: u64, to: &str) {
    let epoch = network.epoch(thief.me());
    let forged = sign_head(&thief.identity, (epoch.id, size, [66; 32])).await;
    let forged = forged.unwrap();
    let said = SaidHead {
        log: log::name::digest(forged.key.name()),
        key: forged.key.to_string(),
        note: forged.note,
        since: vec![],
    };
    thief.issue = 1 << 40;
    let payload = Payload::Head(Box::new(said));
    let key = payload.replaces().unwrap().into();
    let to = Destination::Division(code(to));
    let envelope = thief.envelope(to, Lane::Figures, Order::Replaces { key }, payload);
    assert_eq!(thief.try_out(envelope, vec![]).await, None);
}

/// The province's operator changes an entry of its log. Nobody stands above; every city notices.
#[tokio::test]
async fn a_province_that_rewrites_its_log_is_caught_by_its_cities() {
    let (mut network, clock) = network(&[CITY]).await;
    network.report(PROVINCE, "what is to be forgotten").await;
    let head = covered(&clock, &network.office(PROVINCE), 1).await;
    network.quiet().await;
    network.stop(PROVINCE).await;
    let mut stand = Stand::instead_of(&network, PROVINCE).await;
    let mut thief = stand.visitor().await;
    thief.greet().await;
    say_another_root(&network, &mut thief, head.size, CITY).await;
    let city = network.office(CITY);
    eventually("the city raises the alarm", || async {
        let alarms = city.alarms().all().await.unwrap();
        let about = |alarm: &wujitong::domain::alarm::Alarm| {
            (alarm.kind, alarm.about) == (AlarmKind::LogRewritten, Some(code(PROVINCE)))
        };
        alarms.iter().any(about)
    })
    .await;
    let evidence = city.log().evidence().await.unwrap();
    assert_eq!(evidence.len(), 1, "{evidence:?}");
    drop(thief);
    stand.leave().await;
    network.restart(PROVINCE).await;
    network.linked().await;
    network.shut_down().await;
}

/// Whoever makes the file cannot add, change or exchange a countersignature: each is signed by its division.
#[tokio::test]
async fn a_forged_countersignature_proves_nothing() {
    let (network, clock) = network(&[VILLAGE]).await;
    let id = network.report(VILLAGE, "the lamp is out").await;
    covered(&clock, &network.office(VILLAGE), 2).await;
    let words = network
        .office(VILLAGE)
        .matters()
        .words(id, CLERK)
        .await
        .unwrap();
    type Forge = fn(&mut wujitong::domain::receipt::LogProof);
    let forgeries: [(Forge, bool); 4] = [
        // The signature of the township under the words of the county.
        (
            |log| log.countersigned[1].0 = log.countersigned[0].0.clone(),
            true,
        ),
        (
            |log| {
                let mut bytes = log.countersigned[0].0.to_vec();
                let last = bytes.len() - 1;
                bytes[last] ^= 1;
                log.countersigned[0].0 = bytes.into();
            },
            true,
        ),
        (|log| log.countersigned[1].1.statement.epoch.0[0] ^= 1, true),
        // One left out: nothing is false, and it is pending.
        (|log| _ = log.countersigned.pop(), false),
    ];
    for (n, (forge, fails)) in forgeries.into_iter().enumerate() {
        let mut forged = words.clone();
        forge(forged.log.as_mut().unwrap());
        let file = network.node(VILLAGE).receipt(id, forged).await.unwrap();
        let verified = checked(&network, &serde_json::to_value(&file).unwrap());
        assert_eq!(verified.holds, !fails, "{n}: {:#?}", verified.checks);
        assert_eq!(verified.pending, !fails, "{n}");
    }
    // And a file that was changed after it was made.
    let file = network.node(VILLAGE).receipt(id, words).await.unwrap();
    let mut file = serde_json::to_value(&file).unwrap();
    let manifest = file["manifest"].as_str().unwrap();
    let mut manifest: Value = serde_json::from_str(manifest).unwrap();
    manifest["log"]["countersigned"] = json!([]);
    file["manifest"] = manifest.to_string().into();
    assert!(!checked(&network, &file).holds);
    network.shut_down().await;
}

async fn stands_against_the_village(office: &Office) -> bool {
    let alarms = office.alarms().all().await.unwrap();
    alarms
        .iter()
        .any(|alarm| (alarm.kind, alarm.about) == (AlarmKind::LogRewritten, Some(code(VILLAGE))))
}

/// The village's operator, who has all its keys, changes an entry of the log and says the head that follows from it.
#[tokio::test]
async fn a_village_that_rewrites_its_log_is_caught_at_the_township_and_at_the_county() {
    let (mut network, clock) = network(&[VILLAGE]).await;
    network.report(VILLAGE, "what is to be forgotten").await;
    let head = covered(&clock, &network.office(VILLAGE), 2).await;
    network.quiet().await;
    network.stop(VILLAGE).await;
    let mut thief = Peer::dial(&network, VILLAGE).await;
    say_another_root(&network, &mut thief, head.size, COUNTY).await;
    drop(thief);
    for at in [TOWNSHIP, COUNTY] {
        let office = network.office(at);
        eventually(&format!("{at} raises the alarm"), || {
            stands_against_the_village(&office)
        })
        .await;
        let evidence = office.log().evidence().await.unwrap();
        let [evidence] = &evidence[..] else {
            panic!("{evidence:?}");
        };
        let key = evidence.key.parse().unwrap();
        let open = |note: &str| Checkpoint::open(note.as_bytes(), &key).unwrap();
        let roots: BTreeSet<_> = [&evidence.earlier, &evidence.later]
            .map(|note| *open(note).root())
            .into();
        assert_eq!(
            roots,
            [head.root, [66; 32]].into(),
            "both, as it signed them"
        );
        let witnessed = office.log().witnessed().await.unwrap();
        let of_village = witnessed.iter().find(|log| log.division == code(VILLAGE));
        assert!(of_village.unwrap().stopped);
    }
    // People look into it at both, and say why; the audit trail keeps that.
    for at in [TOWNSHIP, COUNTY] {
        let office = network.office(at);
        let reason = "its operator put an entry back";
        office
            .log()
            .resolve(code(VILLAGE), Resolution::Earlier, reason, CLERK)
            .await
            .unwrap();
        assert!(!stands_against_the_village(&office).await);
    }
    network.restart(VILLAGE).await;
    network.linked().await;
    network.shut_down().await;
}

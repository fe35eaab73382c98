//! Heads of public logs among running nodes: countersigned two tiers up, in the receipt, and a village that rewrites its log.

use std::{collections::BTreeSet, sync::Arc};

use serde_json::{Value, json};
use testkit::{CLERK, COUNTY, Network, PROVINCE, TOWNSHIP, VILLAGE, code, eventually, peer::Peer};
use wujitong::{
    domain::{
        alarm::AlarmKind,
        envelope::{Destination, Lane, Order, Payload},
        heads::{Resolution, SaidHead},
        ids::MatterId,
        receipt::{Finding, What},
    },
    identity::Roots,
    log::{self, Checkpoint},
    office::{CountersignedHead, Office},
    proof::{Verified, sign_head, verify},
};

/// Waits until the head of the present log of a node has the countersignatures of all above it, and returns it.
async fn countersigned(office: &Arc<Office>, lines: usize) -> CountersignedHead {
    let epoch = office.epoch().await.unwrap().id;
    eventually("the head is countersigned", || async {
        let kept = office.log().countersigned(epoch).await.unwrap();
        kept.iter().any(|head| head.lines.len() == lines)
    })
    .await;
    let kept = office.log().countersigned(epoch).await.unwrap();
    let complete = kept.into_iter().find(|head| head.lines.len() == lines);
    complete.unwrap()
}

async fn receipt(network: &Network, at: &str, id: MatterId) -> Value {
    let words = network.office(at).matters().words(id, CLERK).await.unwrap();
    let file = network.node(at).receipt(id, words).await.unwrap();
    serde_json::to_value(&file).unwrap()
}

fn checked(network: &Network, file: &Value) -> Verified {
    let roots = Roots::read(&network.home(VILLAGE).join("roots.pem")).unwrap();
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
    let network = Network::of(&[VILLAGE]).await;
    network.linked().await;
    let id = network.report(VILLAGE, "the lamp is out").await;
    let village = network.office(VILLAGE);
    let head = countersigned(&village, 2).await;
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
    countersigned(&county, 2).await;
    let provinces = network.report(PROVINCE, "a dam").await;
    let of_province = checked(&network, &receipt(&network, PROVINCE, provinces).await);
    assert!(of_province.holds && !of_province.pending);
    assert_eq!(
        countersignatures(&of_province, Finding::NotChecked),
        [PROVINCE],
        "it says that nobody stands above"
    );
    network.shut_down().await;
}

/// Whoever makes the file cannot add, change or exchange a countersignature: each is signed by its division.
#[tokio::test]
async fn a_forged_countersignature_proves_nothing() {
    let network = Network::of(&[VILLAGE]).await;
    network.linked().await;
    let id = network.report(VILLAGE, "the lamp is out").await;
    countersigned(&network.office(VILLAGE), 2).await;
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
    let mut network = Network::of(&[VILLAGE]).await;
    network.linked().await;
    network.report(VILLAGE, "what is to be forgotten").await;
    let head = countersigned(&network.office(VILLAGE), 2).await;
    network.quiet().await;
    network.stop(VILLAGE).await;
    let identity = network.identity(VILLAGE);
    let epoch = network.epoch(code(VILLAGE));
    let forged = sign_head(&identity, (epoch.id, head.size, [66; 32]))
        .await
        .unwrap();
    let said = SaidHead {
        log: log::name::digest(forged.key.name()),
        key: forged.key.to_string(),
        note: forged.note,
        since: vec![],
    };
    let mut thief = Peer::dial(&network, VILLAGE).await;
    thief.issue = 1 << 40;
    let payload = Payload::Head(Box::new(said));
    let key = payload.replaces().unwrap().into();
    let to = Destination::Division(code(COUNTY));
    let envelope = thief.envelope(to, Lane::Figures, Order::Replaces { key }, payload);
    assert_eq!(thief.try_out(envelope, vec![]).await, None);
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

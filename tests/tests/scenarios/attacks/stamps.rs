//! A thief with the keys of a division claims the greatest stamp.

use testkit::{
    CITY, CLERK, COUNTY, Network, PROVINCE, TOWNSHIP, VILLAGE, code, eventually, peer::Peer,
};
use wujitong::{
    domain::{
        envelope::{Destination, Lane, Payload, Stamp},
        ids::KeyId,
        measure::Measure,
        revocation::{Reason, Revocation},
        rollup::{CellReport, Counters},
        template::{Scope, Template, TemplateKey, TemplateKind},
        time::{Day, Timestamp},
    },
    office::NewTemplate,
};

use crate::scenarios::hostile::Talk;

/// The greatest issue count that the wire carries.
const GREATEST: u64 = i64::MAX as u64;

fn talk<'a>(peer: Peer, network: &'a Network, to: &'a str) -> Talk<'a> {
    Talk {
        peer,
        network,
        to,
        sequence: 1 << 20,
    }
}

async fn reported(network: &Network, at: &str) -> u64 {
    let cells = network
        .office(at)
        .figures()
        .cells(Day(i32::MIN), Day(i32::MAX))
        .await
        .unwrap();
    cells.iter().map(|(_, cell)| cell[Measure::REPORTED]).sum()
}

#[tokio::test]
async fn the_greatest_order_of_a_cell_freezes_no_figures() {
    let mut network = Network::of(&[VILLAGE]).await;
    network.linked().await;
    network.report(VILLAGE, "the first").await;
    eventually("it is counted", || async {
        reported(&network, PROVINCE).await == 1
    })
    .await;
    let (key, _) = network
        .office(TOWNSHIP)
        .figures()
        .cells(Day(i32::MIN), Day(i32::MAX))
        .await
        .unwrap()
        .remove(0);
    network.stop(VILLAGE).await;
    let mut talk = talk(Peer::dial(&network, VILLAGE).await, &network, TOWNSHIP);
    let cell = Payload::Cell(Box::new(CellReport {
        key,
        counters: Counters::from([(Measure::REPORTED, 2)]),
        stamp: Stamp(u64::MAX, u64::MAX),
    }));
    talk.peer.issue = GREATEST - 1;
    let envelope = talk.latest(talk.here(), Lane::Figures, cell);
    assert_eq!(talk.told(envelope).await, None, "it is the village's word");
    drop(talk);
    network.restart(VILLAGE).await;
    network.linked().await;
    for n in 0..3 {
        network.report(VILLAGE, &format!("after that {n}")).await;
    }
    for at in [TOWNSHIP, COUNTY, PROVINCE] {
        eventually(&format!("{at} counts what the village does"), || async {
            reported(&network, at).await >= 4
        })
        .await;
    }
    network.shut_down().await;
}

#[tokio::test]
async fn the_greatest_version_of_a_template_is_followed_by_the_next() {
    let mut network = Network::of(&[VILLAGE]).await;
    network.linked().await;
    let new = |content: &str| NewTemplate {
        kind: TemplateKind::Policy,
        name: "ours".to_owned(),
        title: "ours".to_owned(),
        content: content.to_owned(),
        tiers: vec![],
        kinds: vec![],
    };
    let county = network.office(COUNTY);
    let first = county
        .templates()
        .publish(new("format = 1"), CLERK)
        .await
        .unwrap();
    let key: TemplateKey = first.key;
    drop(county);
    network.quiet().await;
    network.stop(COUNTY).await;
    let mut stand = testkit::peer::Stand::instead_of(&network, COUNTY).await;
    let mut peer = stand.visitor().await;
    peer.greet().await;
    let mut thief = talk(peer, &network, TOWNSHIP);
    thief.peer.issue = GREATEST - 1;
    let template = Template {
        key: key.clone(),
        version: i32::MAX as u32,
        scope: Scope::new(code(COUNTY), &[], &[]),
        title: "theirs".to_owned(),
        content: "format = 1".to_owned(),
        issued_at: Timestamp(1_780_000_000_000),
        stamp: Stamp(u64::MAX, u64::MAX),
    };
    let scope = Destination::Scope(template.scope);
    let envelope = thief.latest(scope, Lane::Notice, Payload::Template(Box::new(template)));
    assert_eq!(thief.told(envelope).await, None, "the county's word");
    drop(thief.peer);
    stand.leave().await;
    network.restart(COUNTY).await;
    network.linked().await;
    let county = network.office(COUNTY);
    let next = county
        .templates()
        .publish(new("format = 1\n"), CLERK)
        .await
        .unwrap();
    for at in [TOWNSHIP, VILLAGE] {
        eventually(&format!("{at} has the county's next version"), || async {
            let known = network.office(at).templates().all().await.unwrap();
            known.iter().any(|record| record.template == next)
        })
        .await;
    }
    network.shut_down().await;
}

#[tokio::test]
async fn a_revocation_of_the_year_9999_is_followed_by_the_true_one() {
    let mut network = Network::of(&[VILLAGE]).await;
    network.linked().await;
    network.stop(TOWNSHIP).await;
    let mut thief = talk(Peer::dial(&network, TOWNSHIP).await, &network, COUNTY);
    let key: KeyId = network.identity(VILLAGE).signer().key_id();
    let at = Timestamp(253_402_300_799_999);
    let forged = Revocation::new((code(VILLAGE), key), vec![], vec![], Reason::Stolen, at);
    let everybody = Revocation::destination(&network.tree);
    let payload = Payload::Revocation(Box::new(forged));
    let envelope = thief.latest(everybody, Lane::Emergency, payload);
    assert_eq!(thief.told(envelope).await, None, "the township's word");
    drop(thief);
    network.restart(TOWNSHIP).await;
    eventually("the township hears what was said in its name", || async {
        !network
            .office(TOWNSHIP)
            .keys()
            .revocations()
            .await
            .unwrap()
            .is_empty()
    })
    .await;
    let office = network.office(TOWNSHIP);
    let true_one = office
        .keys()
        .revoke((code(VILLAGE), key), vec![], Reason::Replaced, CLERK);
    let true_one = true_one.await.unwrap();
    for at in [COUNTY, CITY, PROVINCE] {
        eventually(&format!("{at} has the township's last word"), || async {
            let known = network.office(at).keys().revocations().await.unwrap();
            known.iter().any(|record| record.revocation == *true_one)
        })
        .await;
    }
    network.shut_down().await;
}

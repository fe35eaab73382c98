//! Links that break, and envelopes that come twice or in the wrong order.

use std::collections::BTreeMap;

use testkit::{
    CITY, CLERK, COUNTY, Network, Options, PROVINCE, TOWNSHIP, VILLAGE, code, crowd::Crowd,
    emergency, eventually, holds, meddler::Mischief, peer::Peer, rubbish,
};
use wujitong::{
    domain::{ids::MatterId, journal::Entry, measure::Measure, template::TemplateKind},
    office::NewTemplate,
    store::{Range, WriteBatch},
    wire::frame::GoodbyeCode,
};

/// 童村碓村, in another county of the same city.
const OTHER_VILLAGE: &str = "330802005200";

async fn taken(network: &Network, division: &str) -> Vec<MatterId> {
    let journal = network.office(division).figures().journal().await.unwrap();
    let facts = journal.into_iter().flat_map(|entry| entry.facts);
    let taken = facts.filter(|fact| fact.measure == Measure::TAKEN);
    taken.map(|fact| fact.matter).collect()
}

#[tokio::test]
async fn a_node_restarted_in_the_middle_carries_on() {
    let mut network = Network::of(&[VILLAGE]).await;
    let before = network.report_up(VILLAGE, "before", PROVINCE).await;
    network.stop(COUNTY).await;
    let while_down = network
        .report_up(VILLAGE, "while it is down", PROVINCE)
        .await;
    let township = network.office(TOWNSHIP);
    eventually("the township waits for the county", || async {
        township
            .inbox()
            .queues()
            .iter()
            .any(|queue| queue.neighbour == code(COUNTY))
    })
    .await;
    // Both ends of the broken link forget everything that is not on their disks.
    network.stop(TOWNSHIP).await;
    network.restart(COUNTY).await;
    network.restart(TOWNSHIP).await;
    network.held(PROVINCE, before).await;
    network.held(PROVINCE, while_down).await;
    network.close(PROVINCE, while_down).await;
    network.closed(VILLAGE, while_down).await;
    network.audited().await;
    network.shut_down().await;
}

#[tokio::test]
async fn hundreds_wait_through_a_long_cut_and_arrive_in_order_emergencies_first() {
    let network = Network::of(&[VILLAGE]).await;
    network.linked().await;
    network.cut(COUNTY).await;
    let village = network.office(VILLAGE);
    let (mut normal, mut urgent) = (vec![], vec![]);
    for n in 0..300 {
        if n % 100 == 99 {
            let fire = emergency(&format!("fire {n}"));
            let id = village
                .matters()
                .report_and_escalate(fire, code(PROVINCE), CLERK)
                .await
                .unwrap();
            urgent.push(id);
        } else {
            normal.push(
                network
                    .report_up(VILLAGE, &format!("rubbish {n}"), PROVINCE)
                    .await,
            );
        }
    }
    let county = network.office(COUNTY);
    eventually("all of them wait at the county", || async {
        let (_, giving, _) = county.matters().standings().await.unwrap();
        giving == 300
    })
    .await;
    assert_eq!(taken(&network, PROVINCE).await, []);
    network.mend(COUNTY);
    network.held(PROVINCE, *normal.last().unwrap()).await;
    network.audited().await;
    let arrived = taken(&network, CITY).await;
    assert_eq!(arrived[..3], urgent, "emergencies first");
    assert_eq!(arrived[3..], normal, "the others in order");
    network.shut_down().await;
}

#[tokio::test]
async fn a_node_whose_parent_is_away_goes_on_working_and_the_parent_learns_of_it_on_return() {
    let mut network = Network::of(&[VILLAGE]).await;
    network.linked().await;
    network.stop(TOWNSHIP).await;
    let village = network.office(VILLAGE);
    let solved = network.report(VILLAGE, "solved here").await;
    village.matters().accept(solved, CLERK).await.unwrap();
    network.close(VILLAGE, solved).await;
    let kept = network.report(VILLAGE, "kept here").await;
    let mut given = vec![];
    for n in 0..40 {
        given.push(
            network
                .report_up(VILLAGE, &format!("for the county {n}"), COUNTY)
                .await,
        );
    }
    assert!(holds(&village, kept).await);
    network.restart(TOWNSHIP).await;
    for id in given {
        network.held(COUNTY, id).await;
    }
    network.audited().await;
    network.shut_down().await;
}

#[tokio::test]
async fn the_newest_connection_of_a_child_replaces_the_older() {
    let mut network = Network::of(&[VILLAGE]).await;
    network.linked().await;
    network.stop(VILLAGE).await;
    let mut older = Peer::dial(&network, VILLAGE).await;
    let mut newer = Peer::dial(&network, VILLAGE).await;
    assert_eq!(older.goodbye().await.code, GoodbyeCode::Replaced);
    let links = network.node(TOWNSHIP).links;
    eventually("the link is up", || async { links.is_up(code(VILLAGE)) }).await;
    newer.greeted_again_is_an_error().await;
    network.restart(VILLAGE).await;
    network.linked().await;
    let id = network.report_up(VILLAGE, "all is well", CITY).await;
    network.held(CITY, id).await;
    network.shut_down().await;
}

#[tokio::test]
async fn the_largest_bodies_and_many_remarks_get_through_the_smallest_window() {
    let options = Options {
        adjust: |config| config.limits.memory_bytes = 1,
        ..Options::default()
    };
    let network = Network::with(&[VILLAGE], options).await;
    let wide = NewTemplate {
        kind: TemplateKind::Policy,
        name: "words".to_owned(),
        title: "字数".to_owned(),
        content: "format = 1\n[texts]\nreport = 12000\nnote = 12000\n".to_owned(),
        tiers: vec![],
        kinds: vec![],
    };
    let issued = network
        .office(COUNTY)
        .templates()
        .publish(wide, CLERK)
        .await;
    issued.expect("a county may say how long texts are");
    eventually("the village takes the longest texts", || async {
        let policy = network
            .office(VILLAGE)
            .templates()
            .policy_in_force()
            .await
            .unwrap();
        policy.limits().report_chars.value == 12_000
    })
    .await;
    // The longest text that any policy allows, in the longest characters.
    let large = "𠮷".repeat(12_000);
    let mut ids = vec![];
    for _ in 0..12 {
        ids.push(network.report_up(VILLAGE, &large, CITY).await);
    }
    let village = network.office(VILLAGE);
    let remarked = network.report(VILLAGE, &large).await;
    let remark = "r".repeat(4 * 1024);
    let mut remarks = 0;
    while village
        .matters()
        .handle(remarked, remark.clone(), CLERK)
        .await
        .is_ok()
        && remarks < 100
    {
        remarks += 1;
    }
    assert!(remarks >= 10, "{remarks}");
    network.escalate(VILLAGE, remarked, CITY).await;
    ids.push(remarked);
    for id in ids {
        network.held(CITY, id).await;
        let seen = network.office(CITY).matters().matter(id).await.unwrap();
        assert_eq!(seen.body, wujitong::api::BodyView::Text(large.clone()));
    }
    network.close(CITY, remarked).await;
    network.closed(VILLAGE, remarked).await;
    network.audited().await;
    network.shut_down().await;
}

#[tokio::test]
async fn with_windows_of_one_and_both_sides_saturated_everything_moves_and_a_fire_overtakes() {
    let options = Options {
        adjust: |config| config.limits.window = 1,
        ..Options::default()
    };
    let network = Network::with(&[VILLAGE], options).await;
    network.linked().await;
    let mut down = vec![];
    for n in 0..100 {
        down.push(
            network
                .report_up(VILLAGE, &format!("to be given back {n}"), COUNTY)
                .await,
        );
    }
    for id in &down {
        network.held(COUNTY, *id).await;
    }
    network.quiet().await;
    network.cut(TOWNSHIP).await;
    let mut up = vec![];
    for (n, id) in down.iter().enumerate() {
        network.assign(COUNTY, *id, VILLAGE).await;
        up.push(
            network
                .report_up(VILLAGE, &format!("new {n}"), COUNTY)
                .await,
        );
    }
    let village = network.office(VILLAGE);
    let fire = village
        .matters()
        .report_and_escalate(emergency("fire"), code(COUNTY), CLERK)
        .await
        .unwrap();
    network.mend(TOWNSHIP);
    network.held(COUNTY, *up.last().unwrap()).await;
    network.held(VILLAGE, *down.last().unwrap()).await;
    network.audited().await;
    let arrived = taken(&network, COUNTY).await;
    let at = arrived.iter().position(|id| *id == fire).unwrap();
    assert!(at <= 102, "{} went before the fire", at - 100);
    network.shut_down().await;
}

#[tokio::test]
async fn many_authors_nobody_above_has_met_speak_in_one_frame() {
    let villages = [
        VILLAGE,
        "330825002223",
        "330825002224",
        "330825002225",
        "330825002226",
    ];
    let network = Network::of(&villages).await;
    network.linked().await;
    let township = network.office(TOWNSHIP);
    let mut given = vec![];
    for village in villages {
        network.cut(village).await;
        let id = network.report(CITY, "for each of them").await;
        network.assign(CITY, id, village).await;
        given.push((village, id));
    }
    eventually("all wait at the township", || async {
        township.matters().standings().await.unwrap().1 == villages.len()
    })
    .await;
    // The county is to get all five at once, each from a village whose key it does not know.
    network.cut(TOWNSHIP).await;
    for (village, id) in &given {
        network.mend(village);
        network.held(village, *id).await;
        network.close(village, *id).await;
        network.closed(TOWNSHIP, *id).await;
    }
    network.mend(TOWNSHIP);
    for (_, id) in &given {
        network.closed(CITY, *id).await;
    }
    network.audited().await;
    network.shut_down().await;
}

fn meddled(divisions: &[&str], seed: u64) -> Options {
    let mischief = |(n, division): (usize, &&str)| (code(division), Mischief::all(seed + n as u64));
    Options {
        meddlers: divisions.iter().enumerate().map(mischief).collect(),
        ..Options::default()
    }
}

async fn journals(network: &Network) -> BTreeMap<String, Vec<Entry>> {
    let mut journals = BTreeMap::new();
    for office in network.offices() {
        journals.insert(
            office.me().to_string(),
            office.figures().journal().await.unwrap(),
        );
    }
    journals
}

#[tokio::test]
async fn repeated_reordered_and_replayed_nothing_happens_twice() {
    let children = [
        CITY,
        COUNTY,
        TOWNSHIP,
        VILLAGE,
        "330802",
        "330802005",
        OTHER_VILLAGE,
    ];
    let mut network = Network::with(&[VILLAGE, OTHER_VILLAGE], meddled(&children, 41)).await;
    network.linked().await;
    let mut crowd = Crowd::new(41);
    crowd.work(&network, 80).await;
    network.stop(TOWNSHIP).await;
    crowd.work(&network, 40).await;
    network.restart(TOWNSHIP).await;
    network.stop(CITY).await;
    crowd.work(&network, 40).await;
    network.restart(CITY).await;
    network.linked().await;
    crowd.work(&network, 40).await;
    network.audited().await;
    network.shut_down().await;
}

#[tokio::test]
async fn without_floors_a_replay_of_everything_still_changes_nothing() {
    let children = [CITY, COUNTY, TOWNSHIP, VILLAGE];
    let mut network = Network::with(&[VILLAGE], meddled(&children, 43)).await;
    network.linked().await;
    Crowd::new(43).work(&network, 120).await;
    network.audited().await;
    let before = journals(&network).await;
    network
        .restart_all(async |network: &mut Network| {
            let mut removed = 0;
            for division in network.divisions() {
                let store = network.store(&division.to_string());
                let floors = store
                    .scan(division, Range::prefix(b"f"), usize::MAX, false)
                    .await;
                let floors = floors.unwrap().value;
                removed += floors.len();
                let unit = WriteBatch {
                    shard: division,
                    expect: vec![],
                    put: vec![],
                    delete: floors.into_iter().map(|(key, _)| key).collect(),
                };
                store.commit(unit).await.unwrap();
                store.close().await.unwrap();
            }
            assert!(removed >= 4, "{removed} floors");
        })
        .await;
    network.linked().await;
    network.audited().await;
    assert_eq!(journals(&network).await, before);
    let id = network
        .report_up(VILLAGE, "and life goes on", PROVINCE)
        .await;
    network.held(PROVINCE, id).await;
    network.audited().await;
    network.shut_down().await;
}

#[tokio::test]
async fn a_report_answers_while_the_link_is_saturated() {
    let network = Network::of(&[VILLAGE]).await;
    network.linked().await;
    let village = network.office(VILLAGE);
    let reports = (0..200).map(|n| {
        let village = &village;
        let new = rubbish(&format!("rubbish {n}"));
        async move {
            village
                .matters()
                .report_and_escalate(new, code(PROVINCE), CLERK)
                .await
                .unwrap()
        }
    });
    let ids = futures::future::join_all(reports).await;
    for id in ids {
        network.held(PROVINCE, id).await;
    }
    network.audited().await;
    network.shut_down().await;
}

//! How the nodes of a subtree are, told up to the province.

use std::time::Duration;

use testkit::{CITY, COUNTY, Network, PROVINCE, TOWNSHIP, VILLAGE, code};
use wujitong::{
    domain::health::{Health, HealthReport, Trouble},
    web::below,
};

/// 槐王村, in the same township.
const NEIGHBOUR: &str = "330825002223";
/// From below.
const UP: [&str; 6] = [VILLAGE, NEIGHBOUR, TOWNSHIP, COUNTY, CITY, PROVINCE];

/// Lets every node that runs look at its subtree, from below, as each does once a minute; returns what the province
/// says then.
async fn looked(network: &Network) -> HealthReport {
    for division in UP {
        if !network.runs(division) {
            continue;
        }
        let node = network.node(division);
        below::look(&node, &network.tree).await.unwrap();
    }
    let said = network.office(PROVINCE).health().said().await.unwrap();
    said[&code(PROVINCE)].clone()
}

/// Waits until the province says this of the nodes: known, up, silent, unreached.
async fn told(network: &Network, expected: [u64; 4]) -> HealthReport {
    for _ in 0..600 {
        let report = looked(network).await;
        let counts = [Health::Known, Health::Up, Health::Silent, Health::Unreached]
            .map(|what| report.counts[what]);
        if counts == expected {
            return report;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the province says {:?}", looked(network).await);
}

#[tokio::test]
async fn the_province_knows_which_node_is_silent_and_since_when() {
    let mut network = Network::of(&[VILLAGE, NEIGHBOUR]).await;
    let well = told(&network, [6, 6, 0, 0]).await;
    assert_eq!(well.troubles, []);
    assert_eq!(well.versions.len(), 1);
    assert_eq!(well.versions[0].1, 6);
    // Divisions that nobody joined are counted where their parent has a node.
    let tree = &network.tree;
    let below = UP.map(|division| {
        let children = tree.children(code(division));
        children.filter(|child| tree.has_node(*child)).count() as u64
    });
    let expected = below.iter().sum::<u64>() - 5;
    assert_eq!(well.counts[Health::NotJoined], expected);

    let before = network.office(TOWNSHIP).now();
    network.stop(VILLAGE).await;
    let silent = told(&network, [6, 5, 1, 0]).await;
    let trouble = silent.troubles[0];
    assert_eq!(
        (trouble.division, trouble.what),
        (code(VILLAGE), Trouble::Silent)
    );
    assert!(trouble.since >= before);

    // A township that is cut off: nobody knows how its villages are.
    network.cut(TOWNSHIP).await;
    let cut = told(&network, [6, 3, 1, 2]).await;
    assert_eq!(cut.troubles.len(), 1);
    assert_eq!(cut.troubles[0].division, code(TOWNSHIP));
    network.mend(TOWNSHIP);
    network.restart(VILLAGE).await;
    let back = told(&network, [6, 6, 0, 0]).await;
    assert_eq!(back.troubles, []);

    network.stop(COUNTY).await;
    network.restart(COUNTY).await;
    told(&network, [6, 6, 0, 0]).await;
    network.shut_down().await;
}

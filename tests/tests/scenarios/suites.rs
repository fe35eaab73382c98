//! The same way with other algorithms, and with two suites at once.

use testkit::{
    CITY, CLERK, COUNTY, Network, Options, PATH, PROVINCE, TOWNSHIP, VILLAGE, code, known,
};
use wujitong::domain::suite::Suite;

/// Sends a matter up to the province, down to the township, up to the county, and closes it there;
/// the village sees it.
async fn up_and_down(network: &Network) {
    let id = network.report_up(VILLAGE, "rubbish", PROVINCE).await;
    network.held(PROVINCE, id).await;
    network.assign(PROVINCE, id, TOWNSHIP).await;
    network.held(TOWNSHIP, id).await;
    network.quiet().await;
    network.recall(PROVINCE, id).await;
    network.held(PROVINCE, id).await;
    network
        .office(PROVINCE)
        .matters()
        .handle(id, "seen".to_owned(), CLERK)
        .await
        .unwrap();
    network.assign(PROVINCE, id, COUNTY).await;
    network.held(COUNTY, id).await;
    network.close(COUNTY, id).await;
    for division in PATH {
        network.closed(division, id).await;
    }
    network.audited().await;
}

fn suites(network: &Network) -> Vec<Suite> {
    PATH.iter()
        .map(|division| network.identity(division).signer().suite())
        .collect()
}

#[tokio::test]
async fn the_whole_way_in_p256_and_sha256() {
    let options = Options {
        suite: Suite::P256Sha256,
        ..Options::default()
    };
    let network = Network::with(&[VILLAGE], options).await;
    assert_eq!(suites(&network), [Suite::P256Sha256; 5]);
    up_and_down(&network).await;
    network.shut_down().await;
}

#[tokio::test]
async fn a_county_of_one_suite_in_a_province_of_another() {
    use Suite::{Ed25519Blake3, P256Sha256};
    for (above, below) in [(Ed25519Blake3, P256Sha256), (P256Sha256, Ed25519Blake3)] {
        let options = Options {
            suite: above,
            suites: [(code(COUNTY), below)].into(),
            ..Options::default()
        };
        let mut network = Network::with(&[VILLAGE], options).await;
        assert_eq!(suites(&network), [below, below, below, above, above]);
        up_and_down(&network).await;
        let from_above = network.report(CITY, "reported in the other suite").await;
        network.assign(CITY, from_above, VILLAGE).await;
        network.held(VILLAGE, from_above).await;
        network.close(VILLAGE, from_above).await;
        network.closed(CITY, from_above).await;
        network.audited().await;
        let seen = known(&network.office(VILLAGE), from_above).await.unwrap();
        assert_eq!(
            seen.suite, above,
            "a matter keeps the suite it was reported in"
        );
        // Keys of the other suite are found again after a restart.
        network.restart_all(async |_: &mut Network| {}).await;
        up_and_down(&network).await;
        network.shut_down().await;
    }
}

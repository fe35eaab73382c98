//! Slow links, long links, and links that die silently.

use std::{collections::BTreeMap, time::Duration};

use config::{Config, Links};
use futures::{StreamExt, stream};
use testkit::{
    CLERK, Network, Options, TOWNSHIP, VILLAGE, code, detour::Way, emergency, eventually,
};
use wujitong::domain::ids::MatterId;

/// Sets the link settings to their values outside of tests.
fn as_usual(config: &mut Config) {
    config.links = Links::default();
}

/// Starts a village behind such a way.
async fn village_behind(way: Way, options: Options) -> Network {
    let options = Options {
        detours: BTreeMap::from([(code(VILLAGE), way)]),
        ..options
    };
    let network = Network::with(&[VILLAGE], options).await;
    network.linked().await;
    network
}

/// Returns matters that wait at the village for its township.
async fn waiting(network: &Network, count: usize) -> Vec<MatterId> {
    network.cut(VILLAGE).await;
    let reports = stream::iter(0..count).map(|n| async move {
        let text = format!("matter {n}");
        network.report_up(VILLAGE, &text, TOWNSHIP).await
    });
    let matters = reports.buffered(200).collect().await;
    network.mend(VILLAGE);
    matters
}

/// Counts the envelopes that came from the village.
fn came(network: &Network) -> u64 {
    let states = network.node(TOWNSHIP).links.states();
    let from_village = states
        .iter()
        .find(|(division, _)| *division == code(VILLAGE));
    from_village.map_or(0, |(_, state)| state.received)
}

async fn some_came(network: &Network, more: u64) {
    let before = came(network);
    eventually("some came", || async { came(network) >= before + more }).await;
}

/// Returns how many envelopes pass before an emergency that is reported while hundreds wait.
async fn overtaken(bytes_per_s: u32, before: u64) -> u64 {
    let way = Way {
        bytes_per_s,
        takes: Duration::from_millis(25),
    };
    let options = Options {
        adjust: as_usual,
        ..Options::default()
    };
    let network = village_behind(way, options).await;
    let waiting = waiting(&network, 400).await;
    some_came(&network, before).await;
    let then = came(&network);
    let fire = emergency("fire in the reeds");
    let fire = network
        .office(VILLAGE)
        .matters()
        .report_and_escalate(fire, code(TOWNSHIP), CLERK)
        .await
        .unwrap();
    network.held(TOWNSHIP, fire).await;
    let overtaken = came(&network) - then;
    let last = *waiting.last().unwrap();
    assert!(
        network
            .office(TOWNSHIP)
            .matters()
            .docket(last)
            .await
            .unwrap()
            .is_none(),
        "the others still wait"
    );
    network.shut_down().await;
    overtaken
}

#[tokio::test]
async fn an_emergency_waits_for_two_frames_on_a_link_of_256_kbit() {
    // A frame of a fifth of a second has 6,400 bytes; a transfer takes some hundreds.
    let envelopes = overtaken(32_000, 60).await;
    assert!(envelopes <= 40, "{envelopes} came before it");
}

#[tokio::test]
async fn an_emergency_waits_for_two_frames_on_a_link_of_4_kilobytes_a_second() {
    let envelopes = overtaken(4_000, 8).await;
    assert!(envelopes <= 16, "{envelopes} came before it");
}

#[tokio::test]
async fn a_link_dead_without_a_word_is_noticed_while_something_waits() {
    let way = Way {
        bytes_per_s: 10_000_000,
        takes: Duration::from_millis(1),
    };
    let options = Options {
        adjust: |config| {
            // Without a waiting answer it would take twenty minutes.
            config.links.keep_alive = Duration::from_secs(600);
            config.links.answer = Duration::from_secs(1);
        },
        ..Options::default()
    };
    let network = village_behind(way, options).await;
    let before = network.report_up(VILLAGE, "before", TOWNSHIP).await;
    network.held(TOWNSHIP, before).await;
    network.detour(VILLAGE).fall_silent();
    let after = network.report_up(VILLAGE, "after", TOWNSHIP).await;
    network.held(TOWNSHIP, after).await;
    network.shut_down().await;
}

#[tokio::test]
async fn a_long_link_carries_more_in_a_round_trip_than_a_small_window_had() {
    let way = Way {
        bytes_per_s: 4_000_000,
        takes: Duration::from_millis(700),
    };
    let options = Options {
        adjust: as_usual,
        ..Options::default()
    };
    let network = village_behind(way, options).await;
    let waiting = waiting(&network, 4_000).await;
    let (mut most, mut last) = (0, came(&network));
    let all = last + waiting.len() as u64;
    while most <= 512 && last < all {
        tokio::time::sleep(2 * way.takes).await;
        let now = came(&network);
        most = most.max(now - last);
        last = now;
    }
    assert!(most > 512, "{most} in a round trip at most");
    network.shut_down().await;
}

//! Text of a neighbour that attacks the reader of a log or a status.

use testkit::{Network, TOWNSHIP, VILLAGE, code, eventually, peer::Peer};
use wujitong::{
    domain::foreign::is_harmful,
    wire::frame::{Frame, Goodbye, GoodbyeCode},
};

#[tokio::test]
async fn a_goodbye_cannot_write_lines_of_its_own_or_speak_to_a_terminal() {
    let mut network = Network::of(&[VILLAGE]).await;
    network.linked().await;
    network.stop(VILLAGE).await;
    let mut peer = Peer::dial(&network, VILLAGE).await;
    let reason =
        "bye\n2026-11-28T00:00:00Z ERROR wujitong: forged\x1b[2J\u{9b}1m\u{202e}".to_owned();
    let code_of_stop = GoodbyeCode::Stopping;
    peer.say(Frame::Goodbye(Goodbye {
        code: code_of_stop,
        reason,
    }))
    .await;
    let node = network.node(TOWNSHIP);
    let last_end = || {
        let states = node.links.states();
        let of_village = states.into_iter().find(|(who, _)| *who == code(VILLAGE));
        of_village
            .and_then(|(_, state)| state.last_end)
            .unwrap_or_default()
    };
    eventually("the goodbye is in the status", || async {
        last_end().contains("forged")
    })
    .await;
    let shown = last_end();
    assert!(!shown.chars().any(is_harmful), "{shown:?}");
    assert!(shown.contains("bye\\n2026"), "{shown}");
    drop((peer, node));
    network.shut_down().await;
}

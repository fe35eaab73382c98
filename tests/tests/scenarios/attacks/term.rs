//! A custody term for which nobody was seated.

use testkit::{Network, TOWNSHIP, VILLAGE, code, known, peer::Peer};
use wujitong::domain::{
    authority::Denied,
    custody,
    envelope::{Destination, Lane, Payload},
    matter::{Act, Outcome, Version},
    request::{Request, RequestId, RequestKind},
    suite::Suite,
};

use super::first_word::{context, notice, said_to_be_closed};
use crate::scenarios::hostile::{NEIGHBOUR, Talk};

#[tokio::test]
async fn a_former_holder_cannot_close_a_matter_in_a_term_of_its_own() {
    let mut network = Network::of(&[VILLAGE, NEIGHBOUR]).await;
    network.linked().await;
    let id = network.report_up(NEIGHBOUR, "rubbish", TOWNSHIP).await;
    network.held(TOWNSHIP, id).await;
    network.assign(TOWNSHIP, id, VILLAGE).await;
    network.held(VILLAGE, id).await;
    let then = network
        .office(VILLAGE)
        .matters()
        .docket(id)
        .await
        .unwrap()
        .unwrap();
    network.send_back(VILLAGE, id).await;
    network.held(TOWNSHIP, id).await;
    network.quiet().await;
    network.stop(VILLAGE).await;
    let mut peer = Peer::dial(&network, VILLAGE).await;
    peer.issue = 1 << 50;
    let mut talk = Talk {
        peer,
        network: &network,
        to: TOWNSHIP,
        sequence: 1 << 20,
    };
    let denied = Some(Denied::Unseated.into());
    let mut closed = said_to_be_closed(&network, &then);
    closed.version.cv.term = 1;
    closed.steps.last_mut().unwrap().version.cv.term = 1;
    for all in [false, true] {
        if all {
            for step in &mut closed.steps {
                step.version.cv.term = 1;
            }
        }
        let word = notice(&mut talk, closed.clone());
        assert_eq!(talk.told(word).await, denied);
    }
    let up = Act::Return(code(TOWNSHIP));
    let given = custody::transfer(then, up, None, context(VILLAGE, &network)).unwrap();
    let mut given = given.docket.matter;
    given.version.cv.term = 1;
    given.steps.last_mut().unwrap().version.cv.term = 1;
    let give = talk.give(given);
    assert_eq!(talk.told(give).await, denied);
    let mut seen = Version::default();
    seen.cv.term = 1;
    let asked = Payload::Request(Request {
        id: RequestId {
            by: code(VILLAGE),
            epoch: 1,
            number: 1,
        },
        matter: id,
        seen,
        kind: RequestKind::Recall,
        note: None,
        suite: Suite::Ed25519Blake3,
        voice: wujitong::domain::request::Voice::Owner,
    });
    let order = talk.sequence();
    let to = Destination::Division(code(TOWNSHIP));
    let ask = talk.peer.envelope(to, Lane::Notice, order, asked);
    assert_eq!(talk.told(ask).await, denied);
    drop(talk.peer);
    network.close(TOWNSHIP, id).await;
    network.closed_as(NEIGHBOUR, id, Outcome::Solved).await;
    let shown = known(&network.office(NEIGHBOUR), id).await.unwrap();
    assert_eq!(shown.version.cv.term, 0);
    network.shut_down().await;
}

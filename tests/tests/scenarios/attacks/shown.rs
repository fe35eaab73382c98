//! A neighbour shows a node its past after the node has stopped waiting for it.

use testkit::{CLERK, TOWNSHIP, VILLAGE, code, holds, peer::Peer};
use wujitong::{
    domain::{
        envelope::{Destination, Lane, Order, Payload, Showing, Stamp},
        matter::Act,
    },
    office::NewReport,
};

use super::first_word::{said_to_be_closed, said_to_go};
use crate::scenarios::went_back::a_township_that_went_back;

#[tokio::test]
async fn a_village_that_shows_what_was_never_handed_to_it_gets_nothing() {
    let mut network = a_township_that_went_back().await;
    let township = network.office(TOWNSHIP);
    let id = network.report_up(VILLAGE, "handed up", TOWNSHIP).await;
    network.held(TOWNSHIP, id).await;
    network.quiet().await;
    network.stop(VILLAGE).await;
    let held = township.matters().docket(id).await.unwrap().unwrap();
    let story = said_to_go(&network, &held, Act::Assign(code(VILLAGE)));
    let closed = said_to_be_closed(&network, &story);
    let mut thief = Peer::knock(&network, VILLAGE).await.unwrap();
    (thief.epoch, thief.issue) = (network.epoch(code(VILLAGE)), 1 << 50);
    thief.greet().await;
    let life = township.epoch().await.unwrap();
    assert_eq!(life.order, 2);
    let showing = |all| {
        let since = Stamp(1, 1);
        let life = life.id;
        Payload::Showing(Showing { life, since, all })
    };
    let said = [
        showing(false),
        Payload::Shown(Box::new(story.matter)),
        Payload::Shown(Box::new(closed)),
        showing(true),
    ];
    for (n, payload) in said.into_iter().enumerate() {
        let order = Order::Sequence((1 << 20) + n as u64);
        let to = Destination::Division(code(TOWNSHIP));
        let said = thief.envelope(to, Lane::Notice, order, payload);
        assert_eq!(
            thief.try_out(said, vec![]).await,
            None,
            "it leads to nothing"
        );
    }
    assert!(holds(&township, id).await);
    let now = township.matters().docket(id).await.unwrap().unwrap();
    assert_eq!(now.matter, held.matter, "nothing is believed");
    let new = NewReport::new("order/fire".parse().unwrap(), "smoke".to_owned());
    let new = township.matters().report(new, CLERK).await.unwrap();
    township
        .matters()
        .accept(new, CLERK)
        .await
        .expect("nobody is waited for");
    network.shut_down().await;
}

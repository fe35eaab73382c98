//! A holder that changes a matter without a step for it.

use testkit::{CLERK, Network, TOWNSHIP, VILLAGE, code, emergency, known, peer::Peer};
use wujitong::domain::{
    category::Priority,
    clock::{Clock, Clocks, Ended, How, Stage},
    custody::{self, GiveRefusal, NoticeRefusal},
    matter::{Act, Matter, Outcome, Status},
};

use super::first_word::{context, invented, notice};
use crate::scenarios::hostile::{NEIGHBOUR, Talk, talk, without_the_village};

type Spoil = fn(&mut Matter);

const SPOILS: [(&str, Spoil); 4] = [
    ("urgent in another way", |m| m.priority = Priority::Urgent),
    ("another category", |m| {
        m.category = "service/other".parse().unwrap();
    }),
    ("closed", |m| m.status = Status::Closed(Outcome::Unfounded)),
    ("done in time", |m| {
        let end = |clock: &Clock| Clock {
            ended: match clock.stage {
                Stage::Finish => Some(Ended {
                    at: clock.started,
                    how: How::Met,
                }),
                _ => clock.ended,
            },
            ..clock.clone()
        };
        let clocks: Vec<Clock> = m.clocks.iter().map(end).collect();
        m.clocks = Clocks::try_from(clocks).unwrap();
    }),
];

#[tokio::test]
async fn what_a_holder_changes_without_a_step_changes_nowhere() {
    let mut network = Network::of(&[VILLAGE, NEIGHBOUR]).await;
    network.linked().await;
    let office = network.office(NEIGHBOUR);
    let id = office
        .matters()
        .report_and_escalate(emergency("fire"), code(TOWNSHIP), CLERK)
        .await
        .unwrap();
    drop(office);
    network.held(TOWNSHIP, id).await;
    network.assign(TOWNSHIP, id, VILLAGE).await;
    network.held(VILLAGE, id).await;
    network.quiet().await;
    let held = network
        .office(VILLAGE)
        .matters()
        .docket(id)
        .await
        .unwrap()
        .unwrap();
    network.stop(VILLAGE).await;
    let mut peer = Peer::dial(&network, VILLAGE).await;
    peer.issue = 1 << 50;
    let mut talk = Talk {
        peer,
        network: &network,
        to: TOWNSHIP,
        sequence: 1 << 20,
    };
    let worked = |spoil: Spoil| {
        let context = context(VILLAGE, &network);
        let handled = custody::act(held.clone(), Act::Handle, None, None, context);
        let mut matter = handled.unwrap().docket.matter;
        spoil(&mut matter);
        matter
    };
    for (what, spoil) in SPOILS {
        let word = notice(&mut talk, worked(spoil));
        let told = talk.told(word).await;
        assert_eq!(told, Some(NoticeRefusal::State.into()), "{what}");
    }
    for division in [TOWNSHIP, NEIGHBOUR] {
        let copy = known(&network.office(division), id).await.unwrap();
        assert_eq!(copy, held.matter, "{division}");
    }
    // A change with a step is accepted.
    let word = notice(&mut talk, worked(|_| {}));
    assert_eq!(talk.told(word).await, None);
    drop(talk.peer);
    network.shut_down().await;
}

#[tokio::test]
async fn a_transfer_is_in_the_state_that_its_steps_lead_to() {
    let network = without_the_village().await;
    let mut talk = talk(&network, TOWNSHIP).await;
    let before = talk.books().await;
    // A first transfer does not show the earlier state of a clock.
    let spoils = SPOILS
        .into_iter()
        .filter(|(what, _)| *what != "done in time");
    for (number, (what, spoil)) in (1..).zip(spoils) {
        let docket = invented(&network, VILLAGE, number);
        let up = Act::Escalate(code(TOWNSHIP));
        let given = custody::transfer(docket, up, None, context(VILLAGE, &network)).unwrap();
        let mut given = given.docket.matter;
        spoil(&mut given);
        let give = talk.give(given);
        let expected = match what {
            "closed" => GiveRefusal::Closed,
            _ => GiveRefusal::Malformed,
        };
        assert_eq!(talk.told(give).await, Some(expected.into()), "{what}");
    }
    assert_eq!(talk.books().await, before);
    network.shut_down().await;
}

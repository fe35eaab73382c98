//! Statements about matters that nobody reported, and about matters whose custody never came to the
//! speaker.

use testkit::{
    CITY, CLERK, COUNTY, Network, PROVINCE, TOWNSHIP, VILLAGE, code, emergency, eventually, known,
    peer::{Peer, Stand},
};
use wujitong::{
    domain::{
        custody::{
            self, Context, CustodyLimits, Docket, GiveRefusal, Incoming, NoticeRefusal,
            Recollection, Taken,
        },
        envelope::{Destination, Envelope, Lane, Payload},
        ids::MatterId,
        matter::{Act, CustodyVersion, Matter, Outcome},
        request::RequestKind,
    },
    wire::refusal::RefusalCode,
};

use crate::scenarios::hostile::{
    NEIGHBOUR, NOW, POLICY, Talk, plain_report, talk, without_the_village,
};

/// A liar leaves out what the others would refuse.
const ANYTHING_GOES: Recollection = Recollection {
    lost: true,
    asked: true,
};

pub(super) fn context<'a>(me: &str, network: &'a Network) -> Context<'a> {
    Context {
        me: code(me),
        now: NOW,
        tree: &network.tree,
        terms: CustodyLimits::default(),
        policy: &POLICY,
    }
}

/// Returns a matter of a division, as if it had been reported there.
pub(super) fn invented(network: &Network, origin: &str, number: u64) -> Docket {
    let id = MatterId {
        origin: code(origin),
        epoch: network.epoch(code(origin)).id.short(),
        number,
    };
    let suite = network.identity(VILLAGE).signer().suite();
    let report = custody::report(id, plain_report(suite), context(origin, network));
    report.unwrap().docket
}

/// Returns the docket of the receiver after this transfer, if the statements were true.
pub(super) fn said_to_go(network: &Network, docket: &Docket, act: Act) -> Docket {
    let at = docket.matter.holder.to_string();
    let mut sent = custody::transfer(docket.clone(), act, None, context(&at, network)).unwrap();
    loop {
        let Payload::Give { matter, bound_for } = &sent.sends[0].payload else {
            return sent.docket;
        };
        let to = matter.transit.unwrap().to_string();
        let incoming = Incoming {
            from: matter.holder,
            matter,
            bound_for: *bound_for,
        };
        let none = CustodyVersion::default();
        match custody::receive(None, none, incoming, ANYTHING_GOES, context(&to, network)) {
            Taken::Now(taken) if to == bound_for.to_string() => return taken.docket,
            Taken::Now(taken) => sent = *taken,
            other => panic!("{other:?}"),
        }
    }
}

/// Returns the matter as closed by its holder.
pub(super) fn said_to_be_closed(network: &Network, docket: &Docket) -> Matter {
    let at = docket.matter.holder.to_string();
    let close = Act::Close(Outcome::Unfounded);
    let closed = custody::act(
        docket.clone(),
        close,
        Some([9; 32]),
        None,
        context(&at, network),
    );
    closed.unwrap().docket.matter
}

/// Returns a notice of this peer for the claimed origin of the matter.
pub(super) fn notice(talk: &mut Talk<'_>, matter: Matter) -> Envelope {
    let to = Destination::Division(matter.id.origin);
    talk.latest(to, Lane::Notice, Payload::Notice(Box::new(matter)))
}

fn refused(why: NoticeRefusal) -> Option<RefusalCode> {
    Some(why.into())
}

#[tokio::test]
async fn numbers_a_village_invents_for_its_neighbour_never_stop_the_neighbours_emergencies() {
    let network = without_the_village().await;
    let mut talk = talk(&network, TOWNSHIP).await;
    let before = talk.books().await;
    let up = Act::Escalate(code(TOWNSHIP));
    let down = Act::Assign(code(VILLAGE));
    for number in 1..=20 {
        let reported = invented(&network, NEIGHBOUR, number);
        // The crudest attempt: the neighbour's number, and a step of its own.
        let mut crude = reported.matter.clone();
        crude.holder = code(VILLAGE);
        crude.steps[0].by = code(VILLAGE);
        let word = notice(&mut talk, crude);
        assert_eq!(talk.told(word).await, refused(NoticeRefusal::Broken));
        // With every step it would have taken.
        let there = said_to_go(&network, &reported, up);
        let mine = said_to_go(&network, &there, down);
        let word = notice(&mut talk, said_to_be_closed(&network, &mine));
        assert_eq!(talk.told(word).await, refused(NoticeRefusal::NotItsStep));
        let back = custody::transfer(mine, up, None, context(VILLAGE, &network)).unwrap();
        let give = talk.give(back.docket.matter);
        let told = talk.told(give).await;
        assert_eq!(told, Some(GiveRefusal::NotItsToGive.into()));
    }
    assert_eq!(talk.books().await, before);
    for number in 1..=3 {
        let office = network.office(NEIGHBOUR);
        let fire = emergency(&format!("fire {number}"));
        let id = office
            .matters()
            .report_and_escalate(fire, code(COUNTY), CLERK)
            .await
            .unwrap();
        assert_eq!(id.number, number);
        network.held(COUNTY, id).await;
        network.close(COUNTY, id).await;
        network.closed(NEIGHBOUR, id).await;
    }
    network.shut_down().await;
}

#[tokio::test]
async fn numbers_a_township_invents_for_its_village_do_not_come_from_above() {
    let mut network = Network::of(&[VILLAGE]).await;
    network.linked().await;
    network.stop(TOWNSHIP).await;
    let mut stand = Stand::instead_of(&network, TOWNSHIP).await;
    let mut peer = stand.visitor().await;
    peer.greet().await;
    peer.issue = 1 << 50;
    let mut talk = Talk {
        peer,
        network: &network,
        to: VILLAGE,
        sequence: 1 << 20,
    };
    let village = network.office(VILLAGE);
    let before = format!("{:?}", testkit::audit::Books::of(&village).await);
    for number in 1..=3 {
        let reported = invented(&network, VILLAGE, number);
        let mine = said_to_go(&network, &reported, Act::Escalate(code(TOWNSHIP)));
        let word = notice(&mut talk, said_to_be_closed(&network, &mine));
        assert_eq!(talk.told(word).await, refused(NoticeRefusal::NotItsStep));
        let down = Act::Assign(code(VILLAGE));
        let back = custody::transfer(mine, down, None, context(TOWNSHIP, &network)).unwrap();
        let give = talk.give(back.docket.matter);
        let told = talk.told(give).await;
        assert_eq!(told, Some(GiveRefusal::NotItsToGive.into()));
    }
    let after = format!("{:?}", testkit::audit::Books::of(&village).await);
    assert_eq!(after, before);
    drop(talk.peer);
    stand.leave().await;
    network.restart(TOWNSHIP).await;
    for number in 1..=3 {
        let id = network.report_up(VILLAGE, "rubbish", CITY).await;
        assert_eq!(id.number, number);
        network.held(CITY, id).await;
        network.close(CITY, id).await;
        network.closed(VILLAGE, id).await;
    }
    network.shut_down().await;
}

#[tokio::test]
async fn a_village_that_handed_a_matter_back_speaks_for_it_no_more() {
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
    let now = network
        .office(TOWNSHIP)
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
    // As if it had closed the matter instead of handing it back, and as if it had been assigned to
    // it again.
    let word = notice(&mut talk, said_to_be_closed(&network, &then));
    assert_eq!(talk.told(word).await, refused(NoticeRefusal::Contradicts));
    let again = said_to_go(&network, &now, Act::Assign(code(VILLAGE)));
    let word = notice(&mut talk, said_to_be_closed(&network, &again));
    assert_eq!(talk.told(word).await, refused(NoticeRefusal::NotItsStep));
    for division in [TOWNSHIP, NEIGHBOUR] {
        let docket = network
            .office(division)
            .matters()
            .docket(id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(docket.matter, now.matter, "{division}");
    }
    drop(talk.peer);
    network.close(TOWNSHIP, id).await;
    network.closed(NEIGHBOUR, id).await;
    network.shut_down().await;
}

#[tokio::test]
async fn one_above_sees_what_it_asked_for_and_nothing_that_is_sent_to_it_unasked() {
    let network = without_the_village().await;
    let mut talk = talk(&network, TOWNSHIP).await;
    let above = |number| {
        let docket = invented(&network, VILLAGE, number);
        let noted = Act::Supervise(code(PROVINCE));
        let context = context(VILLAGE, &network);
        custody::act(docket, noted, None, None, context)
            .unwrap()
            .docket
            .matter
    };
    let unasked = above(1);
    let id = unasked.id;
    let to = Destination::Division(code(PROVINCE));
    let word = talk.latest(to, Lane::Notice, Payload::Notice(Box::new(unasked)));
    assert_eq!(talk.told(word).await, None, "its own matter; it is carried");
    // A notice about a matter with an open request is accepted, whatever came before.
    let asked = MatterId { number: 2, ..id };
    let province = network.office(PROVINCE);
    province
        .matters()
        .request(asked, RequestKind::Supervise, None, CLERK)
        .await
        .unwrap();
    let word = talk.latest(to, Lane::Notice, Payload::Notice(Box::new(above(2))));
    assert_eq!(talk.told(word).await, None);
    eventually("the province sees what it asked for", || async {
        known(&province, asked).await.is_some()
    })
    .await;
    assert_eq!(known(&province, id).await, None);
    for division in [TOWNSHIP, COUNTY, CITY] {
        assert_eq!(known(&network.office(division), id).await, None);
    }
    network.shut_down().await;
}

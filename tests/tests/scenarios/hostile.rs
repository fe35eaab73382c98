//! A child and a parent that send what they may not: each envelope is refused with its reason, and
//! nothing changes.

use std::sync::LazyLock;

use bytes::Bytes;
use testkit::{
    CITY, COUNTY, Network, PROVINCE, TOWNSHIP, VILLAGE, code,
    peer::{Peer, Stand},
};
use wujitong::{
    domain::{
        authority::Denied,
        category::{Class, Priority, Visibility},
        custody::{self, Context, CustodyLimits, Decision, GiveRefusal, Report},
        envelope::{Destination, Envelope, Lane, MOST_BYTES, Order, Payload, Stamp},
        ids::{KeyId, MatterId, NetworkId},
        matter::{Act, Body, Channel, Matter, Outcome},
        measure::Measure,
        policy::Policy,
        request::{Request, RequestId, RequestKind},
        rollup::{CellKey, CellReport, Counters},
        seal::SealedBody,
        suite::Suite,
        template::{AdoptionReport, Scope, Template, TemplateKey, TemplateKind},
        time::{Day, Timestamp},
    },
    wire::{encode_envelope, frame::Entry, refusal::RefusalCode},
};

mod talk;

use talk::*;
pub(super) use talk::{
    NEIGHBOUR, NOW, POLICY, Talk, body, given, plain_report, talk, without_the_village,
};

/// The stamp of what a child makes up.
const STAMP: Stamp = Stamp(1, 1);

#[tokio::test]
async fn what_is_not_proven_is_refused_and_changes_nothing() {
    let network = without_the_village().await;
    let mut talk = talk(&network, TOWNSHIP).await;
    let before = talk.books().await;

    let mut as_another = {
        let matter = given(&talk.peer, &network, 1);
        talk.give(matter)
    };
    as_another.author = code(NEIGHBOUR);
    let told = talk.told(as_another.clone()).await;
    assert_eq!(
        told,
        Some(RefusalCode::BadProof),
        "authored as another, signed as itself"
    );
    let told = talk.told_changed(as_another, |entry| {
        entry.proof.statement.author = code(NEIGHBOUR);
    });
    assert_eq!(
        told.await,
        Some(RefusalCode::UnknownKey),
        "another's words with its own key"
    );

    let next = |talk: &mut Talk, number| {
        let matter = given(&talk.peer, &network, number);
        talk.give(matter)
    };
    let envelope = next(&mut talk, 2);
    let told = talk.told_changed(envelope, |entry| {
        let mut forged = entry.proof.signature.to_vec();
        forged[5] ^= 1;
        entry.proof.signature = forged.into();
    });
    assert_eq!(told.await, Some(RefusalCode::BadSignature));

    let envelope = next(&mut talk, 3);
    let told = talk.told_changed(envelope, |entry| entry.proof.statement.key = KeyId([9; 16]));
    assert_eq!(told.await, Some(RefusalCode::UnknownKey));

    let envelope = next(&mut talk, 4);
    let mut other = envelope.clone();
    other.issue += 100;
    let bytes = encode_envelope(&other);
    let told = talk.told_changed(envelope, |entry| entry.bytes = bytes);
    assert_eq!(
        told.await,
        Some(RefusalCode::BadProof),
        "signed bytes were exchanged"
    );

    let envelope = next(&mut talk, 5);
    let own = talk.peer.network;
    talk.peer.network = NetworkId([1; 16]);
    assert_eq!(
        talk.told(envelope).await,
        Some(RefusalCode::BadProof),
        "of another network"
    );
    talk.peer.network = own;

    let envelope = next(&mut talk, 6);
    let life = talk.peer.epoch.id;
    let told = talk.told_changed(envelope, |entry| entry.proof.statement.epoch.0[0] ^= 1);
    assert_eq!(
        told.await,
        Some(RefusalCode::BadProof),
        "of another life than {life}"
    );

    let garbage = talk
        .peer
        .sign_bytes(vec![Bytes::from_static(b"\x08\xff no envelope")])
        .await;
    let at = talk.peer.send(Lane::Matter, garbage).await;
    let told = talk.peer.outcome(Lane::Matter, at).await;
    assert_eq!(told, Some(RefusalCode::Malformed));

    let long = talk
        .peer
        .sign_bytes(vec![vec![0; MOST_BYTES + 1].into()])
        .await;
    let at = talk.peer.send(Lane::Matter, long).await;
    let told = talk.peer.outcome(Lane::Matter, at).await;
    assert_eq!(told, Some(RefusalCode::TooLarge));

    let envelope = next(&mut talk, 7);
    let mut entries = talk.peer.sign(&[envelope]).await;
    entries[0].proof.path.push([0; 32]);
    let at = talk.peer.send(Lane::Matter, entries).await;
    let told = talk.peer.outcome(Lane::Matter, at).await;
    assert_eq!(told, Some(RefusalCode::BadProof), "a path that is too long");

    assert_eq!(talk.books().await, before);
    network.shut_down().await;
}

#[tokio::test]
async fn one_proven_statement_does_not_vouch_for_another_signature() {
    let network = without_the_village().await;
    let mut talk = talk(&network, TOWNSHIP).await;
    let envelopes = [1, 2].map(|number| {
        let matter = given(&talk.peer, &network, number);
        talk.give(matter)
    });
    let mut entries = talk.peer.sign(&envelopes).await;
    let mut second = entries.pop().unwrap();
    for (entry, envelope) in [&mut entries[0], &mut second].into_iter().zip(&envelopes) {
        entry.sealed = vec![talk.sealed(envelope)];
    }
    let at = talk.peer.send(Lane::Matter, entries).await;
    assert_eq!(talk.peer.outcome(Lane::Matter, at).await, None);
    let right = second.proof.signature.clone();
    second.proof.signature = vec![0; right.len()].into();
    let at = talk.peer.send(Lane::Matter, vec![second.clone()]).await;
    let told = talk.peer.outcome(Lane::Matter, at).await;
    assert_eq!(told, Some(RefusalCode::BadSignature));
    second.proof.signature = right;
    let at = talk.peer.send(Lane::Matter, vec![second]).await;
    assert_eq!(
        talk.peer.outcome(Lane::Matter, at).await,
        None,
        "it came the right way then"
    );
    network.shut_down().await;
}

#[tokio::test]
async fn what_a_child_may_not_say_is_refused_and_changes_nothing() {
    let network = without_the_village().await;
    let mut talk = talk(&network, TOWNSHIP).await;
    let before = talk.books().await;
    it_issues_templates(&mut talk).await;
    it_counts_for_others(&mut talk).await;
    it_adopts_for_others(&mut talk).await;
    it_gives_what_is_not_its_to_give(&mut talk, &network).await;
    it_gives_a_complaint_to_whom_it_is_about(&mut talk, &network).await;
    it_asks_for_another_and_out_of_order(&mut talk, &network).await;

    let matter = given(&talk.peer, &network, 7);
    let envelope = talk.give(matter);
    let entries = talk.peer.sign(&[envelope]).await;
    let at = talk.peer.send(Lane::Emergency, entries).await;
    let told = talk.peer.outcome(Lane::Emergency, at).await;
    assert_eq!(
        told,
        Some(RefusalCode::Malformed),
        "in another lane than it was signed for"
    );

    assert_eq!(talk.books().await, before);
    network.shut_down().await;
}

async fn it_issues_templates(talk: &mut Talk<'_>) {
    let me = talk.peer.me();
    let template = Template {
        key: TemplateKey {
            issuer: me,
            kind: TemplateKind::Board,
            name: "ours".into(),
        },
        version: 7,
        scope: Scope::new(me, &[], &[]),
        title: "ours".to_owned(),
        content: "format = 1".to_owned(),
        issued_at: NOW,
        stamp: STAMP,
    };
    let of_province = Template {
        key: TemplateKey {
            issuer: code(PROVINCE),
            ..template.key.clone()
        },
        scope: Scope::new(code(PROVINCE), &[], &[]),
        ..template.clone()
    };
    for template in [template, of_province] {
        let scope = Destination::Scope(template.scope);
        let upward = talk.latest(scope, Lane::Notice, Payload::Template(Box::new(template)));
        let told = talk.told(upward.clone()).await;
        assert!(
            [denied(Denied::NotAbove), denied(Denied::SpeaksForAnother)].contains(&told),
            "{told:?}"
        );
        let mut addressed = upward;
        addressed.destination = talk.here();
        assert_eq!(talk.told(addressed).await, denied(Denied::WrongDirection));
    }
}

async fn it_counts_for_others(talk: &mut Talk<'_>) {
    let cell = |acting: &str| {
        Payload::Cell(Box::new(CellReport {
            key: CellKey {
                acting: code(acting),
                origin: code(acting),
                category: "enforcement/rubbish".parse().unwrap(),
                day: Day(20_000),
            },
            counters: Counters::from([(Measure::REPORTED, 1_000_000)]),
            stamp: STAMP,
        }))
    };
    for acting in [NEIGHBOUR, TOWNSHIP] {
        let envelope = talk.latest(talk.here(), Lane::Figures, cell(acting));
        assert_eq!(talk.told(envelope).await, denied(Denied::SpeaksForAnother));
    }
    let to_province = Destination::Division(code(PROVINCE));
    let envelope = talk.latest(to_province, Lane::Figures, cell(VILLAGE));
    assert_eq!(talk.told(envelope).await, denied(Denied::NotTheNeighbour));
}

async fn it_adopts_for_others(talk: &mut Talk<'_>) {
    let adoption = |issuer: &str, about: &str| {
        Payload::Adoption(AdoptionReport {
            key: TemplateKey {
                issuer: code(issuer),
                kind: TemplateKind::Board,
                name: "ours".into(),
            },
            version: 1,
            applied: 1,
            refused: 1,
            superseded: 0,
            held: 0,
            paused: 0,
            stale: 0,
            refusals: vec![(
                code(about),
                wujitong::domain::template::TemplateRefusal::MissingBase(TemplateKey {
                    issuer: code(issuer),
                    kind: TemplateKind::Board,
                    name: "x".into(),
                }),
            )],
            stamp: STAMP,
        })
    };
    let envelope = talk.latest(talk.here(), Lane::Figures, adoption(PROVINCE, NEIGHBOUR));
    assert_eq!(talk.told(envelope).await, denied(Denied::SpeaksForAnother));
    let envelope = talk.latest(talk.here(), Lane::Figures, adoption(VILLAGE, VILLAGE));
    assert_eq!(talk.told(envelope).await, denied(Denied::NotAbove));
}

async fn it_gives_what_is_not_its_to_give(talk: &mut Talk<'_>, network: &Network) {
    let mut of_another = given(&talk.peer, network, 1);
    of_another.holder = code(NEIGHBOUR);
    let envelope = talk.give(of_another);
    assert_eq!(talk.told(envelope).await, denied(Denied::SpeaksForAnother));
    let mut elsewhere = given(&talk.peer, network, 2);
    elsewhere.transit = Some(code(COUNTY));
    let envelope = talk.give(elsewhere);
    assert_eq!(talk.told(envelope).await, denied(Denied::SpeaksForAnother));
    let mut back = {
        let matter = given(&talk.peer, network, 3);
        talk.give(matter)
    };
    back.destination = Destination::Division(talk.peer.me());
    assert_eq!(talk.told(back).await, denied(Denied::WrongWay));
}

async fn it_gives_a_complaint_to_whom_it_is_about(talk: &mut Talk<'_>, network: &Network) {
    let complaint = reported(&talk.peer, network, 4, Some(TOWNSHIP)).docket;
    let up = Act::Escalate(code(TOWNSHIP));
    let mut matter = custody::transfer(
        complaint.clone(),
        up,
        None,
        Context {
            me: talk.peer.me(),
            now: NOW,
            tree: &network.tree,
            terms: CustodyLimits::default(),
            policy: &POLICY,
        },
    )
    .map_or(complaint.matter, |decision| decision.docket.matter);
    if matter.transit.is_none() {
        matter = given(&talk.peer, network, 4);
        matter.visibility = Visibility::Direct;
        matter.about = Some(code(TOWNSHIP));
    }
    let envelope = talk.give(matter);
    assert_eq!(talk.told(envelope).await, denied(Denied::Concerned));
}

async fn it_asks_for_another_and_out_of_order(talk: &mut Talk<'_>, network: &Network) {
    let order = talk.sequence();
    let unknown = talk
        .peer
        .envelope(talk.here(), Lane::Notice, order, Payload::Unknown(77));
    assert_eq!(talk.told(unknown).await, denied(Denied::UnknownKind));

    let asked = Payload::Request(Request {
        id: RequestId {
            by: code(NEIGHBOUR),
            epoch: 1,
            number: 1,
        },
        matter: given(&talk.peer, network, 5).id,
        seen: given(&talk.peer, network, 5).version,
        kind: RequestKind::Recall,
        note: None,
        suite: Suite::Ed25519Blake3,
        voice: wujitong::domain::request::Voice::Owner,
    });
    let order = talk.sequence();
    let envelope = talk.peer.envelope(talk.here(), Lane::Notice, order, asked);
    assert_eq!(talk.told(envelope).await, denied(Denied::SpeaksForAnother));

    let notice = Payload::Notice(Box::new(
        reported(&talk.peer, network, 6, None).docket.matter,
    ));
    let order = talk.sequence();
    let envelope = talk.peer.envelope(talk.here(), Lane::Notice, order, notice);
    assert_eq!(talk.told(envelope).await, denied(Denied::WrongOrder));
}

#[tokio::test]
async fn a_matter_that_contradicts_itself_is_refused_and_a_true_one_is_taken_once() {
    let network = without_the_village().await;
    let mut talk = talk(&network, TOWNSHIP).await;
    let before = talk.books().await;
    let mut closed = given(&talk.peer, &network, 1);
    closed.status = wujitong::domain::matter::Status::Closed(Outcome::Solved);
    let envelope = talk.give(closed);
    assert_eq!(talk.told(envelope).await, Some(GiveRefusal::Closed.into()));
    let mut not_its = given(&talk.peer, &network, 2);
    not_its.id.origin = code(COUNTY);
    let envelope = talk.give(not_its);
    assert_eq!(
        talk.told(envelope).await,
        Some(GiveRefusal::NotItsToGive.into())
    );
    let matter = given(&talk.peer, &network, 3);
    let envelope = talk.give(matter);
    let told = talk
        .peer
        .try_out(envelope, vec![body("words that it does not name")])
        .await;
    assert_eq!(told, Some(RefusalCode::Malformed));
    assert_eq!(talk.books().await, before);

    let matter = given(&talk.peer, &network, 4);
    let id = matter.id;
    let envelope = talk.give(matter);
    let mut entries = talk.peer.sign(std::slice::from_ref(&envelope)).await;
    entries[0].sealed = vec![talk.sealed(&envelope)];
    let at = talk.peer.send(Lane::Matter, entries.clone()).await;
    assert_eq!(talk.peer.outcome(Lane::Matter, at).await, None);
    network.held(TOWNSHIP, id).await;
    network.quiet_but_for(VILLAGE).await;
    let after = talk.books().await;
    for _ in 0..3 {
        let at = talk.peer.send(Lane::Matter, entries.clone()).await;
        assert_eq!(
            talk.peer.outcome(Lane::Matter, at).await,
            None,
            "the same answer"
        );
    }
    drop(talk.peer);
    let mut again = Peer::dial(&network, VILLAGE).await;
    let at = again.send(Lane::Matter, entries).await;
    assert_eq!(
        again.outcome(Lane::Matter, at).await,
        None,
        "and in another session"
    );
    assert_eq!(format!("{:?}", network.books().await), after);
    network.shut_down().await;
}

#[tokio::test]
async fn what_a_parent_may_not_say_is_refused_by_the_village() {
    let mut network = Network::of(&[VILLAGE]).await;
    network.linked().await;
    network.stop(TOWNSHIP).await;
    let mut stand = Stand::instead_of(&network, TOWNSHIP).await;
    let mut peer = stand.visitor().await;
    peer.greet().await;
    let mut talk = Talk {
        peer,
        network: &network,
        to: VILLAGE,
        sequence: 1 << 20,
    };
    talk.peer.issue = 1 << 50;
    let village = network.office(VILLAGE);
    let before = format!("{:?}", testkit::audit::Books::of(&village).await);

    // It speaks as the village to the village.
    let mut own = {
        let matter = given(&talk.peer, &network, 1);
        talk.give(matter)
    };
    own.author = code(VILLAGE);
    let told = talk.told_changed(own, |entry| entry.proof.statement.author = code(VILLAGE));
    assert_eq!(told.await, Some(RefusalCode::UnknownKey));

    let cell = Payload::Cell(Box::new(CellReport {
        key: CellKey {
            acting: code(TOWNSHIP),
            origin: code(TOWNSHIP),
            category: "enforcement/rubbish".parse().unwrap(),
            day: Day(20_000),
        },
        counters: Counters::default(),
        stamp: Stamp(1, 1),
    }));
    let envelope = talk.latest(talk.here(), Lane::Figures, cell);
    assert_eq!(talk.told(envelope).await, denied(Denied::WrongDirection));

    // An order of the province that the province did not give.
    let template = Template {
        key: TemplateKey {
            issuer: code(PROVINCE),
            kind: TemplateKind::Board,
            name: "theirs".into(),
        },
        version: 1,
        scope: Scope::new(code(PROVINCE), &[], &[]),
        title: "theirs".to_owned(),
        content: "format = 1".to_owned(),
        issued_at: NOW,
        stamp: Stamp(1, 1),
    };
    let scope = Destination::Scope(template.scope);
    let mut order = talk.latest(scope, Lane::Notice, Payload::Template(Box::new(template)));
    assert_eq!(
        talk.told(order.clone()).await,
        denied(Denied::SpeaksForAnother)
    );
    order.author = code(PROVINCE);
    assert_eq!(talk.told(order.clone()).await, Some(RefusalCode::BadProof));
    let told = talk.told_changed(order, |entry| entry.proof.statement.author = code(PROVINCE));
    assert_eq!(told.await, Some(RefusalCode::UnknownKey));

    let order = talk.sequence();
    let complete = talk
        .peer
        .envelope(talk.here(), Lane::Figures, order, Payload::CellsComplete);
    assert_eq!(talk.told(complete).await, denied(Denied::WrongDirection));

    assert_eq!(
        format!("{:?}", testkit::audit::Books::of(&village).await),
        before
    );
    drop(talk.peer);
    stand.leave().await;
    network.shut_down().await;
}

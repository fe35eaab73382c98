//! Stolen keys: statements from before stay, later ones never count, and links end.

use std::time::Duration;

use bytes::Bytes;
use rustls_pki_types::UnixTime;
use testkit::{
    CITY, CLERK, COUNTY, Network, Options, PATH, PROVINCE, TOWNSHIP, VILLAGE, code, eventually,
    peer::Peer,
};
use wujitong::{
    domain::{
        authority::Denied,
        envelope::{Destination, Envelope, Lane, Order, Payload},
        ids::KeyId,
        matter::Status,
        revocation::{Reason, Revocation},
        time::Timestamp,
    },
    identity::{self, CertificateProfile, Replacing},
    office::{Failed, RevokeRefusal},
    wire::{
        frame::{Entry, GoodbyeCode},
        refusal::RefusalCode,
    },
};

/// 槐王村, in the same township.
const NEIGHBOUR: &str = "330825002223";
/// A township of the same county, and one of its villages.
const BESIDE: &str = "330825001";
const FAR: &str = "330825001001";

async fn revoke(network: &Network, child: &str) {
    let parent = network.tree.parent(code(child)).unwrap().to_string();
    let node = network.node(&parent);
    let revoked = node
        .revoke((code(child), None), Reason::Stolen, CLERK)
        .await;
    assert_eq!(revoked.unwrap().len(), 1);
}

async fn knows(network: &Network, at: &str, of: &str) {
    let office = network.office(at);
    eventually(&format!("{at} knows that {of} was revoked"), || async {
        let known = office.keys().revocations().await.unwrap();
        known.iter().any(|r| r.revocation.division == code(of))
    })
    .await;
}

async fn is_down(network: &Network, at: &str, to: &str) {
    let links = network.node(at).links;
    eventually(&format!("{at} has no link to {to}"), || async {
        !links.is_up(code(to))
    })
    .await;
}

fn turned_away(network: &Network, at: &str) -> bool {
    let text = network.host(at).metrics().encode();
    text.contains("wujitong_peer_refused_total{reason=\"revoked\"}")
}

async fn status(network: &Network, at: &str, id: wujitong::domain::ids::MatterId) -> Status {
    network
        .office(at)
        .matters()
        .matter(id)
        .await
        .unwrap()
        .status
}

/// Starts a network in which everybody has heard of the village.
async fn after_some_work(leaves: &[&str]) -> Network {
    let network = Network::of(leaves).await;
    network.linked().await;
    let id = network.report_up(VILLAGE, "before", PROVINCE).await;
    network.held(PROVINCE, id).await;
    network.quiet().await;
    network
}

#[tokio::test]
async fn a_revoked_key_loses_its_links_everybody_learns_it_and_a_restart_forgets_nothing() {
    let mut network = after_some_work(&[VILLAGE, NEIGHBOUR, FAR]).await;
    revoke(&network, VILLAGE).await;
    is_down(&network, TOWNSHIP, VILLAGE).await;
    for division in [PROVINCE, CITY, COUNTY, TOWNSHIP, BESIDE, NEIGHBOUR, FAR] {
        knows(&network, division, VILLAGE).await;
    }
    knows(&network, VILLAGE, VILLAGE).await;
    eventually("it is turned away", || async {
        turned_away(&network, TOWNSHIP)
    })
    .await;
    network.stop(TOWNSHIP).await;
    network.restart(TOWNSHIP).await;
    eventually("it is turned away again", || async {
        turned_away(&network, TOWNSHIP)
    })
    .await;
    assert!(!network.node(TOWNSHIP).links.is_up(code(VILLAGE)));
    // Others continue.
    let id = network.report_up(NEIGHBOUR, "rubbish", COUNTY).await;
    network.held(COUNTY, id).await;
    network.shut_down().await;
}

#[tokio::test]
async fn who_stole_a_key_is_told_off_soon_and_comes_in_no_more() {
    let mut network = after_some_work(&[VILLAGE]).await;
    network.stop(VILLAGE).await;
    let mut thief = Peer::dial(&network, VILLAGE).await;
    let begun = tokio::time::Instant::now();
    revoke(&network, VILLAGE).await;
    let goodbye = thief.goodbye().await;
    assert_eq!(goodbye.code, GoodbyeCode::Revoked, "{}", goodbye.reason);
    assert!(begun.elapsed() < Duration::from_secs(60));
    assert!(Peer::knock(&network, VILLAGE).await.is_err());
    assert!(turned_away(&network, TOWNSHIP));
    // A new certificate does not help: the signing key is the revoked one.
    renew(&network);
    let mut thief = Peer::knock(&network, VILLAGE).await.unwrap();
    let hello = wujitong::wire::frame::Frame::Hello(Box::new(thief.hello()));
    thief.say(hello).await;
    assert_eq!(thief.goodbye().await.code, GoodbyeCode::Revoked);
    network.shut_down().await;
}

/// Returns a profile that is later than the revocation; certificates have a resolution of seconds.
fn after_now() -> CertificateProfile {
    let soon = Duration::from_secs(UnixTime::now().as_secs() + 2);
    CertificateProfile::at(UnixTime::since_unix_epoch(soon))
}

fn renew(network: &Network) {
    let terms = after_now();
    let (home, above) = (network.home(VILLAGE), network.home(TOWNSHIP));
    identity::renew(home, code(VILLAGE), above, &network.tree, &terms).unwrap();
}

/// Sends an envelope signed with the village's key over a link with the township's key.
async fn signed_by_the_village(
    network: &Network,
    carrier: &mut Peer,
    issue: u64,
    order: Order,
) -> Vec<Entry> {
    let own = (carrier.identity.clone(), carrier.epoch);
    carrier.identity = network.identity(VILLAGE);
    carrier.epoch = network.epoch(code(VILLAGE));
    let envelope = Envelope {
        author: code(VILLAGE),
        epoch: carrier.epoch,
        issue,
        destination: Destination::Division(code(CITY)),
        lane: Lane::Notice,
        order,
        payload: Payload::Unknown(77),
    };
    let entries = carrier.sign(&[envelope]).await;
    (carrier.identity, carrier.epoch) = own;
    entries
}

#[tokio::test]
async fn what_was_said_before_arrives_over_relays_and_what_is_said_later_is_refused_everywhere() {
    let mut network = after_some_work(&[VILLAGE, NEIGHBOUR]).await;
    let id = network.report_up(VILLAGE, "given back", CITY).await;
    network.held(CITY, id).await;
    network.assign(CITY, id, VILLAGE).await;
    network.held(VILLAGE, id).await;
    network.quiet().await;
    // The township has the village's last envelopes, and cannot pass them on yet.
    network.cut(TOWNSHIP).await;
    network.close(VILLAGE, id).await;
    let village = network.office(VILLAGE);
    eventually("the township has it", || async {
        village.inbox().queues().is_empty()
    })
    .await;
    assert_ne!(
        status(&network, CITY, id).await,
        status(&network, VILLAGE, id).await
    );
    revoke(&network, VILLAGE).await;
    is_down(&network, TOWNSHIP, VILLAGE).await;
    network.mend(TOWNSHIP);
    knows(&network, CITY, VILLAGE).await;
    network.closed(CITY, id).await;

    drop(village);
    network.stop(VILLAGE).await;
    network.stop(TOWNSHIP).await;
    let mut carrier = Peer::dial(&network, TOWNSHIP).await;
    let slot = || Order::Replaces {
        key: Bytes::from_static(b"x"),
    };
    // Issue counts jump by up to 2^40 at each start; 1 is before, and this is after everything that
    // was held.
    let late = 1 << 50;
    for (issue, order, outcome) in [
        (1, slot(), None),
        (late, slot(), Some(RefusalCode::Revoked)),
        (1, Order::Sequence(1_000_000), Some(RefusalCode::Revoked)),
        (late, Order::Sequence(1_000_000), Some(RefusalCode::Revoked)),
    ] {
        let entries = signed_by_the_village(&network, &mut carrier, issue, order).await;
        for _ in 0..2 {
            let at = carrier.send(Lane::Notice, entries.clone()).await;
            let found = carrier.outcome(Lane::Notice, at).await;
            assert_eq!(found, outcome, "issue {issue}");
        }
    }
    network.shut_down().await;
}

#[tokio::test]
async fn who_was_away_or_never_there_learns_it_when_it_comes() {
    let mut network = Network::founded(&[VILLAGE, NEIGHBOUR, FAR], Options::default()).await;
    for division in PATH.iter().rev().chain([&NEIGHBOUR, &BESIDE]) {
        network.restart(division).await;
    }
    network.linked().await;
    let id = network.report_up(VILLAGE, "before", PROVINCE).await;
    network.held(PROVINCE, id).await;
    network.stop(NEIGHBOUR).await;
    network.stop(PROVINCE).await;
    revoke(&network, VILLAGE).await;
    knows(&network, BESIDE, VILLAGE).await;
    for division in [PROVINCE, NEIGHBOUR, FAR] {
        network.restart(division).await;
        knows(&network, division, VILLAGE).await;
    }
    network.shut_down().await;
}

#[tokio::test]
async fn a_parent_whose_store_forgot_a_revocation_is_told_by_its_neighbours() {
    let mut network = after_some_work(&[VILLAGE, NEIGHBOUR]).await;
    network.stop(TOWNSHIP).await;
    let copy = network.backup(TOWNSHIP);
    network.restart(TOWNSHIP).await;
    network.linked().await;
    revoke(&network, VILLAGE).await;
    knows(&network, NEIGHBOUR, VILLAGE).await;
    network.stop(VILLAGE).await;
    network.stop(TOWNSHIP).await;
    network.put_back(TOWNSHIP, &copy);
    network.restart(TOWNSHIP).await;
    knows(&network, TOWNSHIP, VILLAGE).await;
    assert!(Peer::knock(&network, VILLAGE).await.is_err());
    network.shut_down().await;
}

#[tokio::test]
async fn only_the_division_directly_above_revokes() {
    let mut network = after_some_work(&[VILLAGE, NEIGHBOUR]).await;
    let village = network.identity(VILLAGE).signer().key_id();
    let everybody = Revocation::destination(&network.tree);
    let forged = |key: KeyId| {
        let of = (code(VILLAGE), key);
        Revocation::new(of, vec![], vec![], Reason::Stolen, Timestamp(1_000))
    };
    // A division beside it, one above its parent, and itself.
    for liar in [NEIGHBOUR, COUNTY, VILLAGE] {
        network.stop(liar).await;
        let mut peer = Peer::dial(&network, liar).await;
        let payload = Payload::Revocation(Box::new(forged(village)));
        let key = payload.replaces().unwrap().into();
        let order = Order::Replaces { key };
        let envelope = peer.envelope(everybody, Lane::Emergency, order, payload);
        let refused = peer.try_out(envelope, vec![]).await;
        let expected = RefusalCode::Denied(Denied::SpeaksForAnother);
        assert_eq!(refused, Some(expected), "{liar}");
        drop(peer);
        network.restart(liar).await;
    }
    for at in [VILLAGE, CITY] {
        let node = network.node(COUNTY);
        let refused = node.revoke((code(at), None), Reason::Stolen, CLERK).await;
        let refused = refused.unwrap_err();
        let expected = RevokeRefusal::NotAChild(code(at));
        assert!(
            matches!(refused, Failed::Refused(r) if r == expected),
            "{refused}"
        );
    }
    network.linked().await;
    for office in network.offices() {
        assert_eq!(office.keys().revocations().await.unwrap(), []);
    }
    let id = network.report_up(VILLAGE, "all is well", CITY).await;
    network.held(CITY, id).await;
    network.shut_down().await;
}

/// Gives the village its next key, stated by the township and countersigned by the county.
fn enrol_anew(network: &Network) {
    let old = network.identity(VILLAGE).signer().key_id();
    let replacing = Replacing {
        revoked: &[old],
        countersign: Some(network.home(COUNTY)),
        ..Replacing::default()
    };
    let (home, above) = (network.home(VILLAGE), network.home(TOWNSHIP));
    let how = (&*network.tree, &after_now());
    identity::replace(home, code(VILLAGE), above, replacing, how).unwrap();
}

#[tokio::test]
async fn with_a_new_key_and_certificate_it_comes_back_and_what_waited_in_it_counts() {
    let mut network = after_some_work(&[VILLAGE]).await;
    revoke(&network, VILLAGE).await;
    is_down(&network, TOWNSHIP, VILLAGE).await;
    let waiting = network.report_up(VILLAGE, "waits", PROVINCE).await;
    network.stop(VILLAGE).await;
    enrol_anew(&network);
    network.restart(VILLAGE).await;
    network.linked().await;
    network.held(PROVINCE, waiting).await;
    network.close(PROVINCE, waiting).await;
    network.closed(VILLAGE, waiting).await;
    network.audited().await;
    network.shut_down().await;
}

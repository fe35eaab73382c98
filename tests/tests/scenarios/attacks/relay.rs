//! A child that fills the stores above it with envelopes for others.

use bytes::Bytes;
use testkit::{COUNTY, Network, TOWNSHIP, VILLAGE, code, eventually, peer::Peer};
use wujitong::{
    domain::{
        alarm::AlarmKind,
        envelope::{Destination, Lane, Order, Payload},
    },
    wire::encode_envelope,
};

use crate::scenarios::hostile::{Talk, given};

/// Bytes of the content of an envelope of unknown kind.
const CONTENT: usize = 40 * 1024;
/// Field 99, with a length.
const TAG: [u8; 2] = [0x9a, 0x06];

/// Returns an envelope of unknown kind for the county, of the greatest length.
fn unknown(peer: &mut Peer, n: u64) -> Bytes {
    let to = Destination::Division(code(COUNTY));
    let envelope = peer.envelope(to, Lane::Notice, Order::Sequence(n), Payload::Unknown(7777));
    let length = [
        (CONTENT & 0x7f) as u8 | 0x80,
        ((CONTENT >> 7) & 0x7f) as u8 | 0x80,
        (CONTENT >> 14) as u8,
    ];
    let encoded = encode_envelope(&envelope);
    [&encoded[..], &TAG, &length, &vec![b'x'; CONTENT]]
        .concat()
        .into()
}

fn waiting(network: &Network) -> usize {
    let queues = network.office(TOWNSHIP).inbox().queues();
    let to_county = queues
        .iter()
        .filter(|queue| queue.neighbour == code(COUNTY));
    let notices = to_county.filter(|queue| queue.lane == Lane::Notice);
    notices.map(|queue| queue.segments).sum()
}

#[tokio::test]
async fn what_a_relay_keeps_for_others_is_bounded_and_nothing_is_lost() {
    let mut network = Network::of(&[VILLAGE]).await;
    network.linked().await;
    network.quiet().await;
    network.stop(VILLAGE).await;
    network.cut(TOWNSHIP).await;
    let mut peer = Peer::dial(&network, VILLAGE).await;
    peer.issue = 1 << 50;
    let all = 60;
    for batch in 0..all / 20 {
        let envelopes = (1..=20)
            .map(|n| unknown(&mut peer, batch * 20 + n))
            .collect();
        let entries = peer.sign_bytes(envelopes).await;
        peer.send(Lane::Notice, entries).await;
    }
    let told = || async {
        let alarms = network.office(TOWNSHIP).alarms().all().await.unwrap();
        let full = |alarm: &wujitong::domain::alarm::Alarm| {
            alarm.kind == AlarmKind::RelayFull && alarm.about == Some(code(VILLAGE))
        };
        alarms.iter().any(full)
    };
    eventually("somebody is told that there is no room", told).await;
    let kept = waiting(&network);
    assert!(
        (20..=27).contains(&kept),
        "a mebibyte is kept, {kept} segments"
    );

    // Another lane of the same link continues.
    let mut talk = Talk {
        peer,
        network: &network,
        to: TOWNSHIP,
        sequence: 1 << 20,
    };
    let matter = given(&talk.peer, &network, 1);
    let id = matter.id;
    let envelope = talk.give(matter);
    let sealed = talk.sealed(&envelope);
    let mut entries = talk.peer.sign(std::slice::from_ref(&envelope)).await;
    entries[0].sealed = vec![sealed];
    let at = talk.peer.send(Lane::Matter, entries).await;
    assert_eq!(talk.peer.outcome(Lane::Matter, at).await, None);
    network.held(TOWNSHIP, id).await;
    assert_eq!(waiting(&network), kept);

    network.mend(TOWNSHIP);
    let last = talk.peer.outcome(Lane::Notice, all).await;
    assert_eq!(last, None, "all of it was taken when there was room");
    eventually("the county was told everything", || async {
        waiting(&network) == 0
    })
    .await;
    drop(talk);
    network.shut_down().await;
}

//! A township's key is valid for that township only: it cannot make a second key for a village, or
//! speak as one. Also the recovery of divisions that lost their key.

use std::fs;

use bytes::Bytes;
use rustls_pki_types::UnixTime;
use testkit::{
    CITY, CLERK, COUNTY, Network, PROVINCE, TOWNSHIP, VILLAGE, code, eventually, peer::Peer,
};
use wujitong::{
    api::BodyView,
    domain::{
        alarm::AlarmKind,
        envelope::{Destination, Envelope, Lane, Order, Payload},
        ids::{Epoch, EpochId, KeyId, MatterId},
        matter::Status,
        receipt::What,
        request::{Request, RequestId, RequestKind},
        revocation::Reason,
        suite::Suite,
    },
    identity::{
        self, CertificateProfile, Endorser, FileKeyStore, IdentityError, KeyStatement, KeyStore,
        Purpose, Replacing, Roots, SignedKeyStatement,
    },
    office::Stated,
    proof::verify,
    wire::{
        frame::{Ack, Batch, Frame, GoodbyeCode, Refused},
        refusal::RefusalCode,
    },
};

/// Returns a key for the village that the village has never seen, stated with the township's own
/// key.
async fn minted(network: &Network, serial: u32) -> (FileKeyStore, SignedKeyStatement) {
    let (key, _) = FileKeyStore::generate(Suite::Ed25519Blake3).unwrap();
    let statement = KeyStatement {
        network: network.identity(VILLAGE).network().id,
        division: code(VILLAGE),
        suite: key.suite(),
        public: key.public().to_vec(),
        purpose: Purpose::Sign,
        serial,
        issued_at: 0,
        sealing: network.identity(TOWNSHIP).sealing().public().clone(),
    };
    let home = identity::directory(network.home(TOWNSHIP), code(TOWNSHIP));
    let township = FileKeyStore::load(&home.join("sign.key")).unwrap();
    let signed = statement.sign(&key, &township).await.unwrap();
    (key, signed)
}

/// Returns the village's withdrawal of a matter.
fn withdrawal(id: MatterId, number: u64) -> Envelope {
    let epoch = Epoch {
        order: 1,
        id: EpochId([0x66; 16]),
        predecessor: EpochId::default(),
    };
    let ask = Request {
        id: RequestId {
            by: code(VILLAGE),
            epoch: 0x6666_6666,
            number,
        },
        matter: id,
        seen: Default::default(),
        kind: RequestKind::Withdraw,
        suite: Suite::Ed25519Blake3,
        note: None,
        voice: wujitong::domain::request::Voice::Owner,
    };
    Envelope {
        author: code(VILLAGE),
        epoch,
        issue: number,
        destination: Destination::Division(code(COUNTY)),
        lane: Lane::Notice,
        order: Order::Sequence(number),
        payload: Payload::Request(ask),
    }
}

async fn stated(network: &Network, at: &str, of: &str) -> Vec<Stated> {
    let all = network.office(at).keys().statements().await.unwrap();
    let of_it = all.into_iter().filter(|stated| stated.division == code(of));
    of_it.collect()
}

async fn alarmed(network: &Network, at: &str, kind: AlarmKind) {
    let office = network.office(at);
    eventually(&format!("{at} has the alarm {kind}"), || async {
        let alarms = office.alarms().all().await.unwrap();
        let about = Some(code(VILLAGE));
        alarms
            .iter()
            .any(|alarm| (alarm.kind, alarm.about) == (kind, about))
    })
    .await;
}

/// Waits until a division has received this many keys of the village.
async fn knows_keys(network: &Network, at: &str, count: usize) {
    eventually(
        &format!("{at} was shown {count} keys of the village"),
        || async { stated(network, at, VILLAGE).await.len() == count },
    )
    .await;
}

#[tokio::test]
async fn whoever_has_the_townships_key_cannot_make_a_key_for_its_village_and_speak_as_it() {
    let mut network = Network::of(&[VILLAGE]).await;
    network.linked().await;
    let id = network.report_up(VILLAGE, "the dike breaks", COUNTY).await;
    network.held(COUNTY, id).await;
    network.quiet().await;
    for (at, known) in [(VILLAGE, 1), (TOWNSHIP, 1), (COUNTY, 1), (CITY, 0)] {
        knows_keys(&network, at, known).await;
    }

    network.stop(TOWNSHIP).await;
    let mut thief = Peer::dial(&network, TOWNSHIP).await;
    for (number, serial) in [(1, 2), (2, 1), (3, 64), (4, u32::MAX)] {
        let (key, signed) = minted(&network, serial).await;
        let envelope = withdrawal(id, number);
        let entries = signed_with(&mut thief, &key, &envelope).await;
        let statements = vec![Bytes::from(signed.encode())];
        let batch = Batch::new(Lane::Notice, number, entries, statements);
        thief.say(Frame::Batch(batch)).await;
        if serial == u32::MAX {
            // Nobody may claim the greatest number.
            assert_eq!(thief.goodbye().await.code, GoodbyeCode::Malformed);
            continue;
        }
        let told = thief.outcome(Lane::Notice, number).await;
        assert_eq!(told, Some(RefusalCode::UnknownKey), "number {serial}");
    }
    drop(thief);
    let status = network
        .office(COUNTY)
        .matters()
        .matter(id)
        .await
        .unwrap()
        .status;
    assert!(!matches!(status, Status::Closed(_)), "{status:?}");
    let real = network.identity(VILLAGE).signer().key_id();
    assert_eq!(network.node(COUNTY).keys.standing(code(VILLAGE)), [real]);

    // The county sees the attempt; when the real township is back, so do it and the village.
    alarmed(&network, COUNTY, AlarmKind::KeyRefused).await;
    network.restart(TOWNSHIP).await;
    network.linked().await;
    for at in [COUNTY, TOWNSHIP, VILLAGE] {
        knows_keys(&network, at, 4).await;
    }
    alarmed(&network, VILLAGE, AlarmKind::KeyNotMine).await;
    network.close(COUNTY, id).await;
    network.closed(VILLAGE, id).await;

    // A receipt that depends on such a key is not valid.
    let words = network
        .office(VILLAGE)
        .matters()
        .words(id, CLERK)
        .await
        .unwrap();
    let file = network.node(VILLAGE).receipt(id, words).await.unwrap();
    let roots = Roots::read(&network.home(VILLAGE).join("roots.pem")).unwrap();
    let (_, second) = minted(&network, 2).await;
    let home = identity::directory(network.home(COUNTY), code(COUNTY));
    let county = FileKeyStore::load(&home.join("sign.key")).unwrap();
    let endorsed = second.clone().endorse(Endorser::Grandparent, &county);
    for (statement, says) in [
        (second.clone(), "alone"),
        (endorsed.await.unwrap(), "countersignature of 330825000000"),
    ] {
        let mut file = serde_json::to_value(&file).unwrap();
        let hex: String = statement
            .encode()
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        file["keys"].as_array_mut().unwrap().push(hex.into());
        let bytes = file.to_string();
        let verified = verify(bytes.as_bytes(), None, &roots, &network.tree).unwrap();
        let mut keys = verified
            .checks
            .iter()
            .filter(|check| check.what == What::Keys);
        let found = keys.any(|check| check.detail.contains(says));
        assert!(found && !verified.holds, "{says}: {:?}", verified.checks);
    }
    network.shut_down().await;
}

async fn signed_with(
    thief: &mut Peer,
    key: &FileKeyStore,
    envelope: &Envelope,
) -> Vec<wujitong::wire::frame::Entry> {
    let mut entries = thief.sign(std::slice::from_ref(envelope)).await;
    for entry in &mut entries {
        let statement = &mut entry.proof.statement;
        statement.author = envelope.author;
        statement.epoch = envelope.epoch.id;
        statement.key = key.key_id();
        let signature = key.sign(&entry.proof.statement.to_bytes()).await.unwrap();
        entry.proof.signature = signature.into();
    }
    entries
}

/// Returns a profile that is later than the revocation; certificates have a resolution of seconds.
fn after_now() -> CertificateProfile {
    let soon = UnixTime::now().as_secs() + 2;
    CertificateProfile::at(UnixTime::since_unix_epoch(std::time::Duration::from_secs(
        soon,
    )))
}

async fn revoke(network: &Network, reason: Reason) {
    let node = network.node(TOWNSHIP);
    let revoked = node.revoke((code(VILLAGE), None), reason, CLERK).await;
    assert!(!revoked.unwrap().is_empty());
}

/// Returns the township's statements of the village's keys, and which of them are revoked.
async fn known(network: &Network) -> (Vec<SignedKeyStatement>, Vec<KeyId>) {
    let all = stated(network, TOWNSHIP, VILLAGE).await;
    let read = all
        .iter()
        .map(|stated| SignedKeyStatement::decode(&stated.bytes).unwrap());
    let ring = network.node(TOWNSHIP).keys;
    let ids = all.iter().map(|stated| stated.key);
    let revoked = ids.filter(|id| ring.revoked().holds(code(VILLAGE), *id));
    (read.collect(), revoked.collect())
}

/// Gives the village its next key, with only the township at hand.
async fn replaced(network: &Network) -> KeyStatement {
    let (known, revoked) = known(network).await;
    let replacing = Replacing {
        known: &known,
        revoked: &revoked,
        countersign: None,
    };
    let (home, above) = (network.home(VILLAGE), network.home(TOWNSHIP));
    let how = (&*network.tree, &after_now());
    let replaced = identity::replace(home, code(VILLAGE), above, replacing, how);
    replaced.unwrap().statement
}

async fn countersigned(network: &Network, key: KeyId) {
    let county = network.node(COUNTY);
    eventually("the county may countersign", || async {
        let signed = county.countersign((code(VILLAGE), Some(key)), &CLERK);
        signed.await.is_ok()
    })
    .await;
}

/// Checks that the village takes part again with the new key, up to the province.
async fn takes_part(network: &Network) {
    network.linked().await;
    let id = network.report_up(VILLAGE, "back again", PROVINCE).await;
    network.held(PROVINCE, id).await;
    network.close(PROVINCE, id).await;
    network.closed(VILLAGE, id).await;
}

/// Returns a network with a village that has worked, and whose work is known above.
async fn at_work() -> (Network, MatterId) {
    let network = Network::of(&[VILLAGE]).await;
    network.linked().await;
    let id = network.report_up(VILLAGE, "before", PROVINCE).await;
    network.held(PROVINCE, id).await;
    network.quiet().await;
    (network, id)
}

#[tokio::test]
async fn a_village_whose_key_was_revoked_comes_back_when_the_county_has_countersigned() {
    let (mut network, before) = at_work().await;
    let sealed = network.report(VILLAGE, "only for us").await;
    network.quiet().await;
    revoke(&network, Reason::Stolen).await;
    network.stop(VILLAGE).await;
    let new = replaced(&network).await;
    assert_eq!(new.serial, 2);
    network.restart(VILLAGE).await;

    // The township's signature alone is not enough, and everybody above can see the waiting key.
    let village = network.node(VILLAGE);
    eventually("it is refused for its key", || async {
        let states = village.links.states();
        let ends = states
            .iter()
            .filter_map(|(_, state)| state.last_end.clone());
        ends.into_iter().any(|end| end.contains("countersign"))
    })
    .await;
    alarmed(&network, COUNTY, AlarmKind::KeyRefused).await;
    let text = network
        .office(VILLAGE)
        .matters()
        .matter(sealed)
        .await
        .unwrap();
    let opens = matches!(text.body, BodyView::Text(_));
    assert!(opens, "what was sealed for the old key: {:?}", text.body);
    drop(village);

    countersigned(&network, new.key_id()).await;
    takes_part(&network).await;
    for at in [VILLAGE, TOWNSHIP, COUNTY] {
        knows_keys(&network, at, 2).await;
        alarmed(&network, at, AlarmKind::KeyCountersigned).await;
    }
    network.close(PROVINCE, before).await;
    network.closed(VILLAGE, before).await;
    network.audited().await;

    // This holds after all nodes restart.
    network.restart_all(async |_| {}).await;
    takes_part(&network).await;
    network.shut_down().await;
}

#[tokio::test]
async fn a_village_that_lost_its_disk_comes_back_with_the_next_key_and_a_life_after_the_lost_one() {
    let (mut network, before) = at_work().await;
    let life = network.office(VILLAGE).epoch().await.unwrap();
    network.stop(VILLAGE).await;
    let home = network.home(VILLAGE).to_owned();
    fs::remove_dir_all(home.join("store")).unwrap();
    fs::remove_dir_all(home.join("identity")).unwrap();
    // The number 1 is not given again, whatever the operator forgets.
    let (township, terms) = (network.home(TOWNSHIP), after_now());
    let again = identity::enrol(&home, &[code(VILLAGE)], township, &network.tree, &terms);
    assert!(
        matches!(again, Err(IdentityError::EnrolledBefore { serial: 1, .. })),
        "{again:?}"
    );
    revoke(&network, Reason::Lost).await;
    let new = replaced(&network).await;
    assert_eq!(new.serial, 2);
    network.restart(VILLAGE).await;
    countersigned(&network, new.key_id()).await;
    takes_part(&network).await;
    let now = network.office(VILLAGE).epoch().await.unwrap();
    assert!(now.order > life.order, "{now:?} after {life:?}");
    // Statements from before count for ever.
    network.close(PROVINCE, before).await;
    network.quiet().await;
    network.shut_down().await;
}

#[tokio::test]
async fn an_older_copy_with_a_key_that_was_replaced_is_refused_and_gets_the_next_number() {
    let (mut network, _) = at_work().await;
    network.stop(VILLAGE).await;
    let copy = network.backup(VILLAGE);
    let identity_copy = network.dir().join("identity-copy");
    let home = identity::directory(network.home(VILLAGE), code(VILLAGE));
    copy_dir(&home, &identity_copy);

    revoke(&network, Reason::Replaced).await;
    let second = replaced(&network).await;
    network.restart(VILLAGE).await;
    countersigned(&network, second.key_id()).await;
    takes_part(&network).await;

    network.stop(VILLAGE).await;
    network.put_back(VILLAGE, &copy);
    fs::remove_dir_all(&home).unwrap();
    copy_dir(&identity_copy, &home);
    network.restart(VILLAGE).await;
    let links = network.node(TOWNSHIP).links;
    eventually("the old key is turned away", || async {
        let text = network.host(TOWNSHIP).metrics().encode();
        text.contains("wujitong_peer_refused_total{reason=\"revoked\"}")
    })
    .await;
    assert!(!links.is_up(code(VILLAGE)));

    network.stop(VILLAGE).await;
    revoke(&network, Reason::Lost).await;
    let third = replaced(&network).await;
    assert_eq!((second.serial, third.serial), (2, 3));
    network.restart(VILLAGE).await;
    countersigned(&network, third.key_id()).await;
    takes_part(&network).await;
    knows_keys(&network, COUNTY, 3).await;
    network.shut_down().await;
}

#[tokio::test]
async fn a_village_that_has_its_key_changes_it_without_anybody_above_the_township() {
    let (mut network, _) = at_work().await;
    network.stop(VILLAGE).await;
    let old = network.identity(VILLAGE).signer().key_id();
    let new = replaced(&network).await;
    network.restart(VILLAGE).await;
    takes_part(&network).await;
    let node = network.node(TOWNSHIP);
    let only = (code(VILLAGE), Some(old));
    node.revoke(only, Reason::Replaced, CLERK).await.unwrap();
    network.stop(VILLAGE).await;
    let (home, above) = (network.home(VILLAGE), network.home(TOWNSHIP));
    identity::renew(home, code(VILLAGE), above, &network.tree, &after_now()).unwrap();
    network.restart(VILLAGE).await;
    takes_part(&network).await;
    assert_eq!(node.keys.standing(code(VILLAGE)), [new.key_id()]);
    network.shut_down().await;
}

fn copy_dir(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[tokio::test]
async fn only_the_division_above_the_parent_countersigns_and_only_what_waits() {
    let (network, _) = at_work().await;
    let refused = async |at: &str, of: &str| {
        let node = network.node(at);
        let signed = node.countersign((code(of), None), &CLERK).await;
        signed.unwrap_err().to_string()
    };
    for at in [TOWNSHIP, CITY, PROVINCE, VILLAGE] {
        let why = refused(at, VILLAGE).await;
        assert!(why.contains("two tiers below"), "{at}: {why}");
    }
    let why = refused(COUNTY, VILLAGE).await;
    assert!(why.contains("no key"), "{why}");
    network.shut_down().await;
}

#[tokio::test]
async fn a_node_that_starts_again_alone_knows_the_keys_it_heard_of_further_below() {
    let mut network = Network::of(&[VILLAGE]).await;
    network.linked().await;
    let id = network
        .report_up(VILLAGE, "heard at the top", PROVINCE)
        .await;
    network.held(PROVINCE, id).await;
    network.quiet().await;
    network.recall(VILLAGE, id).await;
    network.held(VILLAGE, id).await;
    let key = network.identity(VILLAGE).signer().key_id();
    let node = network.node(PROVINCE);
    eventually("the province heard of the village's key", || async {
        node.keys.knows(code(VILLAGE), key)
    })
    .await;
    drop(node);
    network.quiet().await;
    network.stop(CITY).await;
    network.stop(PROVINCE).await;
    network.restart(PROVINCE).await;
    assert!(network.node(PROVINCE).keys.knows(code(VILLAGE), key));
    network.shut_down().await;
}

#[tokio::test]
async fn a_word_of_an_author_whose_key_is_not_known_yet_is_brought_again_and_nothing_waits_for_it()
{
    let mut network = Network::of(&[VILLAGE]).await;
    network.linked().await;
    let mut matters = vec![];
    for text in ["first", "second"] {
        let id = network.report_up(VILLAGE, text, COUNTY).await;
        network.held(COUNTY, id).await;
        matters.push(id);
    }
    network.quiet().await;
    network.stop(VILLAGE).await;
    let township = network.office(TOWNSHIP);
    let waiting = || {
        let queues = township.inbox().queues().into_iter();
        let mut queues = queues.filter(|queue| queue.neighbour == code(VILLAGE));
        let notices = queues.find(|queue| queue.lane == Lane::Notice);
        notices.map_or(0, |queue| queue.segments)
    };

    // The test plays the village, and does not know the county's key.
    let mut peer = Peer::dial(&network, VILLAGE).await;
    for (id, knows) in [(matters[0], false), (matters[1], true)] {
        network.close(COUNTY, id).await;
        let (at, envelope) = peer.envelope_in(Lane::Notice).await;
        assert_eq!(envelope.author, code(COUNTY));
        let Payload::Notice(matter) = envelope.payload else {
            panic!("{envelope:?}");
        };
        assert_eq!(matter.id, id, "the second did not wait for the first");
        let code = RefusalCode::UnknownKey;
        let refused = Refused {
            position: at,
            code,
            reason: code.to_string(),
        };
        let refused = if knows { vec![] } else { vec![refused] };
        peer.say(Frame::Ack(Ack {
            lane: Lane::Notice,
            through: at,
            refused,
        }))
        .await;
    }
    eventually("what was taken is removed, and nothing else", || async {
        waiting() == 1
    })
    .await;
    eventually("somebody is told", || async {
        let alarms = township.alarms().all().await.unwrap();
        let about = Some(code(COUNTY));
        alarms
            .iter()
            .any(|alarm| (alarm.kind, alarm.about) == (AlarmKind::KeyUnknown, about))
    })
    .await;
    drop((peer, township));
    network.restart(VILLAGE).await;
    network.closed(VILLAGE, matters[0]).await;
    network.quiet().await;
    network.shut_down().await;
}

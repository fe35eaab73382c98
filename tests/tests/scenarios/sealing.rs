//! The text of people: only the holder reads it, and erased text is nowhere.

use std::{fs, path::Path};

use testkit::{
    CITY, CLERK, COUNTY, Network, Options, PROVINCE, TOWNSHIP, VILLAGE, code, eventually, holds,
    known, peer::Stand, rubbish,
};
use wujitong::{
    api::{BodyView, Reach},
    domain::{
        audit::{AuditFilter, ContactReason},
        category::Class,
        custody::Refusal,
        envelope::Lane,
        ids::MatterId,
        matter::{Act, Audience, Contact, Erasure},
        request::RequestKind,
        seal::SealedBody,
        suite::Suite,
    },
    identity::Recipient,
    office::{Failed, MatterRefusal, NewReport},
    store::{Range, record},
    wire::{frame::Frame, refusal::RefusalCode},
};

use super::hostile::{body, given, talk, without_the_village};

const TEXT: &str = "the canary text behind the house of Zhang San";
const NAME: &str = "张金丝雀";
const PHONE: &str = "13857099999";
const ADDRESS: &str = "金丝雀巷 12 号";

fn canary() -> NewReport {
    NewReport {
        contact: Some(Contact {
            name: NAME.to_owned(),
            phone: PHONE.to_owned(),
            address: ADDRESS.to_owned(),
        }),
        ..rubbish(TEXT)
    }
}

async fn reported(network: &Network, at: &str) -> MatterId {
    network
        .office(at)
        .matters()
        .report(canary(), CLERK)
        .await
        .unwrap()
}

async fn text(network: &Network, at: &str, id: MatterId) -> BodyView {
    network.office(at).matters().matter(id).await.unwrap().body
}

/// Returns the bodies of a node as they are in its store.
async fn kept(network: &Network, at: &str) -> Vec<SealedBody> {
    let office = network.office(at);
    let range = Range::prefix(b"b");
    let seen = office
        .store()
        .scan(code(at), range, usize::MAX, false)
        .await;
    let found = seen.unwrap().value;
    let read = found.iter().map(|(_, bytes)| record::read(bytes).unwrap());
    read.collect()
}

/// Returns the bodies that only the holder can open.
async fn sealed(network: &Network, at: &str) -> Vec<SealedBody> {
    let mut kept = kept(network, at).await;
    kept.retain(|body| body.class != Class::Public);
    kept
}

/// Returns the remarks of offices on a matter, as a node shows them.
async fn remarks(network: &Network, at: &str, id: MatterId) -> Vec<BodyView> {
    let shown = network.office(at).matters().matter(id).await.unwrap();
    shown
        .steps
        .into_iter()
        .filter_map(|step| step.note)
        .collect()
}

/// Returns the files below a directory that contain one of these texts.
fn files_with(dir: &Path, needles: &[&[u8]], read: &mut usize) -> Vec<String> {
    let mut found = vec![];
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            found.extend(files_with(&entry.path(), needles, read));
        } else if entry.file_type().unwrap().is_file() {
            let bytes = fs::read(entry.path()).unwrap();
            *read += 1;
            let has = |needle: &&&[u8]| bytes.windows(needle.len()).any(|some| some == **needle);
            if let Some(needle) = needles.iter().find(has) {
                let needle = String::from_utf8_lossy(needle);
                found.push(format!("{}: {needle}", entry.path().display()));
            }
        }
    }
    found
}

const REMARK: &str = "a canary remark of the office on Zhang San";

const ASKED: &str = "a canary question of the city about Zhang San";

const CANARIES: [&[u8]; 6] = [
    TEXT.as_bytes(),
    REMARK.as_bytes(),
    ASKED.as_bytes(),
    NAME.as_bytes(),
    PHONE.as_bytes(),
    ADDRESS.as_bytes(),
];

#[tokio::test]
async fn up_five_tiers_returned_and_read_again_only_the_holder_reads() {
    for suite in [Suite::Ed25519Blake3, Suite::P256Sha256] {
        let options = Options {
            suite,
            ..Options::default()
        };
        let network = Network::with(&[VILLAGE], options).await;
        let id = reported(&network, VILLAGE).await;
        assert_eq!(
            text(&network, VILLAGE, id).await,
            BodyView::Text(TEXT.to_owned())
        );
        network.escalate(VILLAGE, id, PROVINCE).await;
        network.held(PROVINCE, id).await;
        network.quiet().await;
        assert_eq!(
            text(&network, PROVINCE, id).await,
            BodyView::Text(TEXT.to_owned())
        );
        assert_eq!(
            sealed(&network, PROVINCE).await.len(),
            2,
            "text and contact"
        );
        for division in [VILLAGE, TOWNSHIP, COUNTY, CITY] {
            assert_eq!(text(&network, division, id).await, BodyView::Masked);
            assert_eq!(kept(&network, division).await, [], "{division} kept a wrap");
            let refused = network
                .office(division)
                .matters()
                .open_contact(id, ContactReason::Visit, CLERK)
                .await;
            assert!(matches!(
                refused,
                Err(Failed::Refused(MatterRefusal::Rules(Refusal::NotHolder(_))))
            ));
        }
        network.send_back(PROVINCE, id).await;
        network.held(VILLAGE, id).await;
        network.quiet().await;
        assert_eq!(
            text(&network, VILLAGE, id).await,
            BodyView::Text(TEXT.to_owned())
        );
        for division in [TOWNSHIP, COUNTY, CITY, PROVINCE] {
            assert_eq!(kept(&network, division).await, [], "{division} kept a wrap");
        }
        network.audited().await;
        network.shut_down().await;
    }
}

#[tokio::test]
async fn a_contact_is_shown_masked_and_opening_it_stands_in_the_audit_trail_first() {
    let network = Network::of(&[TOWNSHIP]).await;
    let id = reported(&network, TOWNSHIP).await;
    let office = network.office(TOWNSHIP);
    let shown = office.matters().matter(id).await.unwrap().contact.unwrap();
    assert_eq!((&*shown.name, &*shown.phone), ("张***", "138****9999"));
    let trail = async || {
        let all = AuditFilter::default();
        let found = office.people().find_audit(&all, 0, 1_000);
        found.await.unwrap().entries
    };
    let before = trail().await.len();
    let contact = office
        .matters()
        .open_contact(id, ContactReason::Visit, CLERK)
        .await
        .unwrap();
    assert_eq!(Some(contact), canary().contact);
    let trail = trail().await;
    assert_eq!(trail.len(), before + 1);
    let entry = trail.last().unwrap();
    assert_eq!(entry.actor, CLERK);
    assert_eq!(entry.detail.as_deref(), Some("contact opened: visit"));
    let without = network.report(TOWNSHIP, "nobody said who").await;
    let refused = office
        .matters()
        .open_contact(without, ContactReason::Visit, CLERK)
        .await;
    assert!(matches!(
        refused,
        Err(Failed::Refused(MatterRefusal::NoContact(_)))
    ));
    network.shut_down().await;
}

#[tokio::test]
async fn an_erased_canary_is_in_no_file_of_any_node_and_everything_still_verifies() {
    let mut network = Network::of(&[VILLAGE]).await;
    let id = reported(&network, VILLAGE).await;
    network.escalate(VILLAGE, id, COUNTY).await;
    network.held(COUNTY, id).await;
    let county = network.office(COUNTY);
    county
        .matters()
        .handle(id, REMARK.to_owned(), CLERK)
        .await
        .unwrap();
    // A division above that never had the matter sends a request with text.
    let remark = RequestKind::Remark(Audience::Offices);
    let city = network.office(CITY);
    city.matters()
        .request(id, remark, Some(ASKED.to_owned()), CLERK)
        .await
        .unwrap();
    drop(city);
    network.quiet().await;
    county
        .matters()
        .open_contact(id, ContactReason::Visit, CLERK)
        .await
        .unwrap();
    let said = [REMARK, ASKED].map(|text| BodyView::Text(text.to_owned()));
    for division in [VILLAGE, TOWNSHIP, COUNTY] {
        assert_eq!(remarks(&network, division, id).await, said, "{division}");
    }
    for (division, bodies) in [(VILLAGE, 2), (TOWNSHIP, 2), (COUNTY, 4), (CITY, 1)] {
        let kept = kept(&network, division).await;
        assert_eq!(kept.len(), bodies, "{division}, each with its own wrap");
    }
    let mut read = 0;
    let dir = network.dir().to_owned();
    network
        .restart_all(async |_: &mut Network| {
            assert_eq!(
                files_with(&dir, &CANARIES, &mut read),
                [""; 0],
                "sealed from the start"
            );
            let control = files_with(&dir, &[b"enforcement/rubbish"], &mut read);
            assert!(!control.is_empty(), "what is not sealed is found");
        })
        .await;
    assert!(read > 20, "{read} files");
    network.linked().await;
    assert_eq!(
        text(&network, COUNTY, id).await,
        BodyView::Text(TEXT.to_owned())
    );

    let before = known(&network.office(COUNTY), id).await.unwrap();
    let journals = network.office(COUNTY).figures().journal().await.unwrap();
    let erased = network
        .office(COUNTY)
        .matters()
        .erase(id, Erasure::Consent, CLERK)
        .await;
    assert_eq!(erased.unwrap(), Reach::Everywhere);
    network.quiet().await;
    assert_eq!(kept(&network, CITY).await, [], "what the city asked");
    for division in [VILLAGE, TOWNSHIP, COUNTY] {
        assert_eq!(kept(&network, division).await, [], "{division}");
        let seen = known(&network.office(division), id).await.unwrap();
        assert!(
            seen.steps.starts_with(&before.steps),
            "nothing is rewritten"
        );
        assert_eq!(seen.steps.last().unwrap().act, Act::Erase(Erasure::Consent));
        assert!(seen.commitments().eq(before.commitments()));
        let erased = [BodyView::Erased, BodyView::Erased];
        assert_eq!(remarks(&network, division, id).await, erased);
    }
    let after = network.office(COUNTY).figures().journal().await.unwrap();
    assert!(after.starts_with(&journals));
    network
        .office(COUNTY)
        .people()
        .verify_audit()
        .await
        .unwrap();
    assert_eq!(text(&network, COUNTY, id).await, BodyView::Erased);
    let refused = network
        .office(COUNTY)
        .matters()
        .open_contact(id, ContactReason::Visit, CLERK)
        .await;
    assert!(matches!(
        refused,
        Err(Failed::Refused(MatterRefusal::NoContact(_)))
    ));
    let again = network
        .office(COUNTY)
        .matters()
        .erase(id, Erasure::Consent, CLERK)
        .await;
    assert!(matches!(
        again,
        Err(Failed::Refused(MatterRefusal::Rules(
            Refusal::ErasedAlready
        )))
    ));
    // The matter continues without its text, and accepts new text.
    network.send_back(COUNTY, id).await;
    network.held(VILLAGE, id).await;
    let village = network.office(VILLAGE);
    village
        .matters()
        .handle(id, "said afterwards".to_owned(), CLERK)
        .await
        .unwrap();
    assert_eq!(kept(&network, VILLAGE).await.len(), 1);
    network.close(VILLAGE, id).await;
    network.audited().await;
    drop(village);
    drop(county);
    network
        .restart_all(async |_: &mut Network| {
            assert_eq!(files_with(&dir, &CANARIES, &mut read), [""; 0]);
        })
        .await;
    assert_eq!(text(&network, VILLAGE, id).await, BodyView::Erased);
    network.shut_down().await;
}

#[tokio::test]
async fn what_travels_is_sealed_for_the_neighbour_and_a_crash_before_the_answer_loses_nothing() {
    let mut network = Network::of(&[VILLAGE]).await;
    network.stop(TOWNSHIP).await;
    let id = reported(&network, VILLAGE).await;
    let mut stand = Stand::instead_of(&network, TOWNSHIP).await;
    network.escalate(VILLAGE, id, COUNTY).await;
    let mut visitor = stand.visitor().await;
    visitor.greet().await;
    // The township receives the transfer, and dies before it answers.
    let entry = loop {
        match visitor.hear().await.unwrap() {
            Frame::Batch(batch) if batch.lane == Lane::Matter => {
                let bytes = Frame::Batch(batch.clone()).encode();
                for canary in CANARIES {
                    assert!(!bytes.windows(canary.len()).any(|some| some == canary));
                }
                break batch.entries.into_iter().next().unwrap().unwrap();
            }
            _ => {}
        }
    };
    assert_eq!((entry.bodies.len(), entry.sealed.len()), (0, 2));
    let (village, township) = (network.identity(VILLAGE), network.identity(TOWNSHIP));
    for sealed in &entry.sealed {
        let key = township
            .sealing()
            .unwrap(sealed.suite, &sealed.wrap)
            .await
            .unwrap();
        assert!(sealed.open(id, &key).is_ok());
        let giver = village.sealing().unwrap(sealed.suite, &sealed.wrap).await;
        assert!(giver.is_err(), "it is wrapped for the township alone");
    }
    drop(visitor);
    stand.leave().await;
    assert_eq!(sealed(&network, VILLAGE).await.len(), 2, "not answered yet");
    network.stop(VILLAGE).await;
    network.restart(VILLAGE).await;
    assert_eq!(text(&network, VILLAGE, id).await, BodyView::Masked);
    assert_eq!(sealed(&network, VILLAGE).await.len(), 2, "not answered yet");
    network.restart(TOWNSHIP).await;
    network.held(COUNTY, id).await;
    network.quiet().await;
    assert_eq!(
        text(&network, COUNTY, id).await,
        BodyView::Text(TEXT.to_owned())
    );
    assert_eq!(kept(&network, VILLAGE).await, []);
    network.audited().await;
    network.shut_down().await;
}

#[tokio::test]
async fn a_transfer_that_comes_again_without_its_bodies_is_answered_as_before() {
    let network = without_the_village().await;
    let mut talk = talk(&network, TOWNSHIP).await;
    let matter = given(&talk.peer, &network, 1);
    let id = matter.id;
    let envelope = talk.give(matter);
    let mut entries = talk.peer.sign(std::slice::from_ref(&envelope)).await;
    entries[0].sealed = vec![talk.sealed(&envelope)];
    let at = talk.peer.send(Lane::Matter, entries.clone()).await;
    assert_eq!(talk.peer.outcome(Lane::Matter, at).await, None);
    entries[0].sealed.clear();
    let at = talk.peer.send(Lane::Matter, entries).await;
    assert_eq!(talk.peer.outcome(Lane::Matter, at).await, None);
    let read = BodyView::Text("rubbish".to_owned());
    assert_eq!(text(&network, TOWNSHIP, id).await, read);
    // The same transfer under a new number, as after a loss of all flow records.
    let matter = given(&talk.peer, &network, 1);
    let again = talk.give(matter);
    assert_eq!(talk.peer.try_out(again, vec![]).await, None);
    assert_eq!(text(&network, TOWNSHIP, id).await, read);
    network.shut_down().await;
}

#[tokio::test]
async fn what_is_sealed_wrongly_or_not_at_all_is_refused_for_good_and_nothing_changes() {
    let network = without_the_village().await;
    let mut talk = talk(&network, TOWNSHIP).await;
    let other = Recipient::new(network.identity(COUNTY).sealing().public().clone());
    type Spoil = fn(&mut SealedBody);
    let spoils: [Spoil; 5] = [
        |sealed| sealed.class = Class::Public,
        |sealed| sealed.class = Class::Sensitive,
        |sealed| sealed.commitment[0] ^= 1,
        |sealed| sealed.ciphertext = [&sealed.ciphertext[..20], b"x"].concat().into(),
        |sealed| sealed.wrap = sealed.wrap.slice(1..),
    ];
    for (number, spoil) in (1..).zip(spoils) {
        let matter = given(&talk.peer, &network, number);
        let id = matter.id;
        let envelope = talk.give(matter);
        let mut entries = talk.peer.sign(std::slice::from_ref(&envelope)).await;
        let good = talk.sealed(&envelope);
        let mut bad = good.clone();
        spoil(&mut bad);
        entries[0].sealed = vec![bad];
        let at = talk.peer.send(Lane::Matter, entries.clone()).await;
        let refused = Some(RefusalCode::Malformed);
        assert_eq!(
            talk.peer.outcome(Lane::Matter, at).await,
            refused,
            "{number}"
        );
        // The giver holds it again; the same transfer is never taken, however valid.
        entries[0].sealed = vec![good];
        let at = talk.peer.send(Lane::Matter, entries).await;
        assert_eq!(
            talk.peer.outcome(Lane::Matter, at).await,
            refused,
            "{number}"
        );
        assert!(!holds(&network.office(TOWNSHIP), id).await);
    }
    // For another node, for another matter, and open.
    let matter = given(&talk.peer, &network, 10);
    let suite = matter.suite;
    let not_ours = other.fresh().unwrap();
    let commitment = body("rubbish").commitment(suite);
    let plain = wujitong::wire::encode_body(body("rubbish"));
    let for_other = SealedBody::seal(matter.id, Class::Personal, commitment, &plain, not_ours);
    let elsewhere = given(&talk.peer, &network, 99).id;
    let for_other_matter = talk.peer.seal(elsewhere, suite, body("rubbish"));
    for (number, sealed) in [(10, for_other), (11, for_other_matter)] {
        let matter = given(&talk.peer, &network, number);
        let envelope = talk.give(matter);
        let mut entries = talk.peer.sign(&[envelope]).await;
        entries[0].sealed = vec![sealed];
        let at = talk.peer.send(Lane::Matter, entries).await;
        let told = talk.peer.outcome(Lane::Matter, at).await;
        assert_eq!(told, Some(RefusalCode::Malformed));
    }
    let matter = given(&talk.peer, &network, 12);
    let envelope = talk.give(matter);
    let mut entries = talk.peer.sign(&[envelope]).await;
    entries[0].bodies = vec![body("rubbish")];
    let at = talk.peer.send(Lane::Matter, entries).await;
    let told = talk.peer.outcome(Lane::Matter, at).await;
    assert_eq!(told, Some(RefusalCode::Malformed), "open");
    assert_eq!(kept(&network, TOWNSHIP).await, []);
    network.shut_down().await;
}

#[tokio::test]
async fn a_node_without_the_matter_erases_only_its_own_copies() {
    let network = Network::of(&[VILLAGE]).await;
    let id = reported(&network, VILLAGE).await;
    let village = network.office(VILLAGE);
    village
        .matters()
        .handle(id, "looked at".to_owned(), CLERK)
        .await
        .unwrap();
    network.escalate(VILLAGE, id, COUNTY).await;
    network.held(COUNTY, id).await;
    network.quiet().await;
    assert_eq!(kept(&network, VILLAGE).await.len(), 1);
    let reach = village.matters().erase(id, Erasure::Expired, CLERK).await;
    assert_eq!(reach.unwrap(), Reach::Here);
    assert_eq!(kept(&network, VILLAGE).await, []);
    let again = village.matters().erase(id, Erasure::Expired, CLERK).await;
    assert!(again.is_err());
    // Notices contain remarks; those from before are not accepted again.
    let county = network.office(COUNTY);
    county
        .matters()
        .handle(id, "said later".to_owned(), CLERK)
        .await
        .unwrap();
    eventually("the village has what was said later", || async {
        let said = remarks(&network, VILLAGE, id).await;
        said.contains(&BodyView::Text("said later".to_owned()))
    })
    .await;
    assert_eq!(
        text(&network, COUNTY, id).await,
        BodyView::Text(TEXT.to_owned())
    );
    // Once it holds the matter again it has everything that the giver has.
    network.send_back(COUNTY, id).await;
    network.held(VILLAGE, id).await;
    assert_eq!(
        text(&network, VILLAGE, id).await,
        BodyView::Text(TEXT.to_owned())
    );
    assert_eq!(kept(&network, VILLAGE).await.len(), 4);
    network.shut_down().await;
}

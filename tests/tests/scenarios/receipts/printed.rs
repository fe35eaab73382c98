//! Proofs on paper: printed by the village, checked with the keys of its log and the root certificate alone.

use std::cell::Cell;

use testkit::{CITY, COUNTY, Network, TOWNSHIP, VILLAGE, code};
use wujitong::{
    domain::{
        disclosure::digest_of,
        ids::MatterId,
        matter::ActName,
        receipt::{Finding, What},
    },
    identity::Roots,
    log::Disclosed,
    proof::{
        NoKeys, PrintedUnreadable, Remembered, Verified, print_disclosure, print_matter,
        verify_printed,
    },
};

use super::{failed, file, roots};
use crate::scenarios::disclosed::{self, NUMBER};

const HEADS: usize = 3_000;

/// Returns the digits of a matter from a division.
async fn digits(network: &Network, at: &str, id: MatterId) -> String {
    let office = network.office(at);
    let words = office.matters().words(id, testkit::CLERK).await.unwrap();
    let proof = print_matter(&network.node(at).identity, &words).await;
    proof.unwrap().unwrap().digits()
}

/// Returns the file with the keys of a division's log.
async fn keys(network: &Network, at: &str) -> Vec<u8> {
    let office = network.office(at);
    let epoch = office.epoch().await.unwrap().id;
    let head = office.log().proven_head(epoch).await.unwrap();
    let node = network.node(at);
    let keys = node.log_keys((office.now(), epoch), &head).await.unwrap();
    serde_json::to_vec(&keys).unwrap()
}

fn checked(network: &Network, digits: &str, keys: &[&[u8]], roots: &Roots) -> Verified {
    verify_printed(digits, keys, roots, &network.tree).unwrap()
}

/// A matter that the county closed, of which both above the village countersigned everything.
async fn closed(network: &Network) -> MatterId {
    let id = network.report_up(VILLAGE, "rubbish", COUNTY).await;
    network.held(COUNTY, id).await;
    network.close(COUNTY, id).await;
    network.closed(VILLAGE, id).await;
    for _ in 0..HEADS {
        let digits = digits(network, VILLAGE, id).await;
        let keys = keys(network, VILLAGE).await;
        if !checked(network, &digits, &[&keys], &roots(network.home(VILLAGE))).pending {
            return id;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the head is not countersigned by both");
}

#[tokio::test]
async fn what_is_on_paper_is_checked_with_the_keys_of_the_log_alone() {
    let network = Network::of(&[VILLAGE]).await;
    let id = closed(&network).await;
    let (root, file) = (
        roots(network.home(VILLAGE)),
        file(&network, VILLAGE, id).await,
    );
    let proof = digits(&network, VILLAGE, id).await;
    assert!(proof.len() < 2_900, "{} digits", proof.len());
    let keys_of_village = keys(&network, VILLAGE).await;
    // Any receipt of the log has its keys, too.
    for with in [&keys_of_village, &file.to_string().into_bytes()] {
        let verified = checked(&network, &proof, &[with], &root);
        assert_eq!(failed(&verified), []);
        assert!(verified.holds && !verified.pending);
        assert_eq!(verified.matter, Some(id));
        assert_eq!(verified.exported_by, code(VILLAGE));
        let steps: Vec<_> = verified
            .steps
            .iter()
            .map(|step| (step.by, step.act))
            .collect();
        assert_eq!(steps[0], (code(VILLAGE), ActName::Report));
        assert!(steps.contains(&(code(COUNTY), ActName::Close)), "{steps:?}");
        let signed = |check: &&wujitong::domain::receipt::Check| {
            (check.what, check.finding) == (What::Countersignature, Finding::Ok)
        };
        let signed: Vec<_> = verified.checks.iter().filter(signed).collect();
        let by: Vec<_> = signed.iter().filter_map(|check| check.about).collect();
        assert_eq!(by, [code(TOWNSHIP), code(COUNTY)]);
        // Whoever keeps a memory compares its head with those of receipts.
        let mut memory = wujitong::proof::Memory::default();
        let head = verified.head.unwrap();
        assert_eq!(memory.compare(&head), Remembered::First);
        memory.keep(head);
        let of_file = super::checked(&network, &file, &root).head.unwrap();
        assert!(!matches!(
            memory.compare(&of_file),
            Remembered::Contradicts { .. }
        ));
    }
    // The file of keys is a receipt about nothing else.
    let alone = wujitong::proof::verify(&keys_of_village, None, &root, &network.tree).unwrap();
    assert!(alone.holds && !alone.pending && alone.matter.is_none());

    let keys_of_city = keys(&network, CITY).await;
    let refused = |text: &str, with: &[&[u8]], root: &Roots| {
        verify_printed(text, with, root, &network.tree).unwrap_err()
    };
    for other in [&[&keys_of_city[..]][..], &[]] {
        let other = refused(&proof, other, &root);
        assert!(
            matches!(other, NoKeys::OtherLog(of) if of == code(VILLAGE)),
            "{other}"
        );
    }
    let both = [&keys_of_city[..], &keys_of_village];
    assert!(checked(&network, &proof, &both, &root).holds);
    let another = Network::of(&["33"]).await;
    let root_of_another = roots(another.home("33"));
    let foreign = refused(&proof, &[&keys_of_village], &root_of_another);
    assert!(matches!(foreign, NoKeys::DoesNotHold(_)), "{foreign}");
    another.shut_down().await;
    let unread = refused(&proof, &[b"{}"], &root);
    assert!(matches!(unread, NoKeys::Unreadable(_)), "{unread}");
    let cut = refused(&proof[..proof.len() - 20], &[&keys_of_village], &root);
    assert!(
        matches!(cut, NoKeys::Printed(PrintedUnreadable::Mistyped)),
        "{cut}"
    );
    network.shut_down().await;
}

/// Bytes of the digits of a last group, by their number.
const WIDTHS: [usize; 9] = [0, 3, 5, 8, 10, 13, 15, 17, 20];

/// Reads digits as docs/formats.md describes them.
fn bytes_of(digits: &str) -> Vec<u8> {
    let mut bytes = vec![];
    for group in digits.as_bytes().chunks(20) {
        let length = WIDTHS
            .iter()
            .position(|width| *width == group.len())
            .unwrap();
        let number: u64 = std::str::from_utf8(group).unwrap().parse().unwrap();
        bytes.extend(&number.to_be_bytes()[8 - length..]);
    }
    bytes.truncate(bytes.len() - 4);
    bytes
}

fn digits_of(bytes: &[u8]) -> String {
    let bytes = [bytes, &digest_of(bytes)[..4]].concat();
    let group = |group: &[u8]| {
        let number = group
            .iter()
            .fold(0, |sum: u64, byte| sum << 8 | u64::from(*byte));
        format!("{number:0width$}", width = WIDTHS[group.len()])
    };
    bytes.chunks(8).map(group).collect()
}

/// Changes each byte of a proof in turn, with a check that fits, and asks whether it still holds.
fn no_byte_is_free(network: &Network, proof: &str, keys: &[u8]) {
    let (root, sound) = (roots(network.home(VILLAGE)), bytes_of(proof));
    assert_eq!(digits_of(&sound), proof);
    let told = Cell::new(0);
    let as_of_ms = checked(network, proof, &[keys], &root).as_of_ms;
    for at in 0..sound.len() {
        let mut forged = sound.clone();
        forged[at] ^= 1;
        match verify_printed(&digits_of(&forged), &[keys], &root, &network.tree) {
            Err(_) => {}
            Ok(verified) if verified.holds => {
                // Only who countersigned with which key is not signed by anybody: then it counts as not countersigned.
                assert!(verified.pending, "byte {at} of {}", sound.len());
                assert_eq!(
                    verified.as_of_ms, as_of_ms,
                    "nobody says when but who signs"
                );
            }
            Ok(verified) => {
                assert!(!failed(&verified).is_empty());
                assert!(verified.steps.is_empty() && verified.head.is_none());
                told.set(told.get() + 1);
            }
        }
    }
    assert!(
        told.get() > sound.len() / 2,
        "{} of {}",
        told.get(),
        sound.len()
    );
    for length in 0..sound.len() {
        let cut = digits_of(&sound[..length]);
        assert!(verify_printed(&cut, &[keys], &root, &network.tree).is_err());
    }
}

#[tokio::test]
async fn no_change_to_a_proof_on_paper_goes_unnoticed() {
    let network = Network::of(&[VILLAGE]).await;
    let id = closed(&network).await;
    let proof = digits(&network, VILLAGE, id).await;
    let keys_of_log = keys(&network, VILLAGE).await;
    no_byte_is_free(&network, &proof, &keys_of_log);
    network.shut_down().await;
}

#[tokio::test]
async fn the_document_of_a_disclosure_is_proven_on_paper_by_its_digest() {
    let network = Network::of(&[VILLAGE]).await;
    let evidence = disclosed::evidence(&network, VILLAGE, 2, Disclosed::Corrected);
    let document = evidence.document.clone();
    let receipt = network
        .node(VILLAGE)
        .disclosure_receipt(evidence.clone())
        .await;
    let keys_of_log = serde_json::to_vec(&receipt.unwrap()).unwrap();
    let identity = &network.node(VILLAGE).identity;
    let proof = print_disclosure(identity, &evidence)
        .await
        .unwrap()
        .unwrap();
    let root = roots(network.home(VILLAGE));
    let verified = checked(&network, &proof.digits(), &[&keys_of_log], &root);
    assert_eq!(failed(&verified), []);
    assert!(verified.pending, "nobody countersigned that log");
    let proven = verified.disclosure.as_ref().unwrap();
    assert_eq!((&*proven.number, proven.edition), (&*NUMBER.to_string(), 2));
    assert!(proven.text.is_none() && proven.is(&document) && !proven.is("other"));
    // Somebody adds a countersignature of 1970 with a key that nobody knows: it is not counted, nor is its time.
    let mut forged = bytes_of(&proof.digits());
    assert_eq!(forged.pop(), Some(0), "nobody countersigned");
    forged.push(1);
    forged.extend(code(TOWNSHIP).as_u64().to_be_bytes());
    forged.extend([0; 4]);
    forged.extend(1_u64.to_be_bytes());
    forged.extend([0; 64]);
    let with = checked(&network, &digits_of(&forged), &[&keys_of_log], &root);
    assert!(with.holds && with.pending);
    assert_eq!(with.as_of_ms, verified.as_of_ms);
    // An entry of the first edition is another one.
    let other = disclosed::evidence(&network, VILLAGE, 2, Disclosed::Published);
    let other = print_disclosure(identity, &other).await.unwrap().unwrap();
    let verified = checked(&network, &other.digits(), &[&keys_of_log], &root);
    assert!(!verified.holds && failed(&verified).iter().all(|(what, _)| *what == What::Log));
    network.shut_down().await;
}

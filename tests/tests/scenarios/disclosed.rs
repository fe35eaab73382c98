//! Receipts of disclosures: what a division published, checked with only the root certificate.

use serde_json::{Value, json};
use testkit::{COUNTY, Network, VILLAGE, code};
use wujitong::{
    domain::{
        disclosure::DisclosureId,
        ids::EpochId,
        receipt::{DisclosureEvidence, Finding, LogProof, ProvenLeaf, What},
        time::Timestamp,
    },
    identity::Roots,
    log::{Commitment, Disclosed, Entry, Frontier, inclusion, leaf_hash},
    proof::{Verified, verify},
};

use super::receipts::everywhere;

const SALT: [u8; 16] = [5; 16];
pub(super) const NUMBER: DisclosureId = DisclosureId([0x1f, 0x3a, 0x9c, 4, 0x11, 0x22, 0x33, 0x44]);

/// The document of an edition of a village. Only the first three fields matter here.
fn document(of: &str, edition: u32) -> String {
    json!({
        "division": code(of),
        "number": NUMBER.to_string(),
        "edition": edition,
        "fields": [{ "name": "支出", "value": "300.00" }],
    })
    .to_string()
}

/// The evidence for a document in a log of four entries, of which it is the third.
pub(super) fn evidence(
    network: &Network,
    of: &str,
    edition: u32,
    state: Disclosed,
) -> DisclosureEvidence {
    let id = network.node(VILLAGE).identity.network().id;
    let document = document(of, edition);
    let entry = Entry::Disclosure {
        number: NUMBER.0,
        edition,
        state,
        commitment: Commitment::to_document(&id, &SALT, document.as_bytes()),
    };
    let others = [1, 2, 3].map(|n| leaf_hash(&Entry::Custody(Commitment([n; 32])).encode()));
    let leaves = [others[0], others[1], leaf_hash(&entry.encode()), others[2]];
    let mut tree = Frontier::default();
    leaves.into_iter().for_each(|leaf| tree.push(leaf));
    let hash = |part: Vec<wujitong::log::Node>| {
        let mut below = Frontier::default();
        for node in part {
            let (first, count) = ((node.index << node.level) as usize, 1 << node.level);
            leaves[first..first + count]
                .iter()
                .for_each(|leaf| below.push(*leaf));
        }
        below.root()
    };
    let path = inclusion(2, 4).unwrap().into_iter().map(hash).collect();
    let epoch = EpochId([6; 16]);
    DisclosureEvidence {
        at: Timestamp(1_790_000_000_000),
        epoch,
        number: NUMBER,
        edition,
        document: document.into(),
        log: LogProof {
            countersigned: vec![],
            epoch,
            size: 4,
            root: tree.root(),
            leaves: vec![ProvenLeaf {
                index: 2,
                steps: 0,
                salt: SALT,
                path,
            }],
        },
    }
}

async fn made(network: &Network, by: &str, evidence: DisclosureEvidence) -> Value {
    let file = network.node(by).disclosure_receipt(evidence).await.unwrap();
    serde_json::to_value(&file).unwrap()
}

fn roots(network: &Network) -> Roots {
    Roots::read(&network.home(VILLAGE).join("roots.pem")).unwrap()
}

fn checked(network: &Network, file: &Value) -> Verified {
    verify(
        file.to_string().as_bytes(),
        None,
        &roots(network),
        &network.tree,
    )
    .unwrap()
}

fn failed(verified: &Verified) -> Vec<(What, &str)> {
    let checks = verified.checks.iter();
    let failed = checks.filter(|check| check.finding == Finding::Failed);
    failed
        .map(|check| (check.what, check.detail.as_str()))
        .collect()
}

#[tokio::test]
async fn a_published_document_is_proven_with_its_entry_and_what_cannot_be_told_is_said() {
    let network = Network::of(&[VILLAGE]).await;
    for (edition, state) in [(1, Disclosed::Published), (2, Disclosed::Corrected)] {
        let file = made(
            &network,
            VILLAGE,
            evidence(&network, VILLAGE, edition, state),
        )
        .await;
        assert_eq!((&file["format"], &file["words"]), (&json!(3), &json!([])));
        let verified = checked(&network, &file);
        assert_eq!(failed(&verified), []);
        assert!(verified.holds && verified.matter.is_none());
        assert_eq!(verified.exported_by, code(VILLAGE));
        let proven = verified.disclosure.unwrap();
        assert_eq!(
            (proven.number, proven.edition),
            (NUMBER.to_string(), edition)
        );
        assert_eq!(
            proven.text,
            Some(document(VILLAGE, edition)),
            "byte for byte"
        );
        let open = verified.checks.iter();
        let open = open.filter(|check| check.finding == Finding::NotChecked);
        let open: Vec<_> = open.map(|check| check.what).collect();
        let expected = [
            What::Countersignature,
            What::Countersignature,
            What::Later,
            What::Revocations,
            What::Clocks,
        ];
        assert_eq!(open, expected);
        for check in &verified.checks {
            assert!(!check.detail_chinese.is_empty() && !check.detail.is_empty());
        }
    }
    network.shut_down().await;
}

/// What is changed in the evidence before the village itself signs it, the check that fails, and what it says.
type Forgery = (fn(&mut DisclosureEvidence), What, &'static str);

#[tokio::test]
async fn whatever_a_division_signs_about_another_document_is_told() {
    let network = Network::of(&[VILLAGE]).await;
    let forgeries: [Forgery; 8] = [
        (
            |it| it.document = it.document.replace("300", "100").into(),
            What::Log,
            "does not commit",
        ),
        (
            |it| it.log.leaves[0].salt[0] ^= 1,
            What::Log,
            "does not commit",
        ),
        (
            |it| it.log.leaves[0].path[0][0] ^= 1,
            What::Log,
            "does not commit",
        ),
        (
            |it| it.log.leaves[0].index = 3,
            What::Log,
            "does not commit",
        ),
        (|it| it.log.root[0] ^= 1, What::Log, "does not commit"),
        (|it| it.log.leaves.clear(), What::Log, "not exactly one"),
        (
            |it| it.number.0[0] ^= 1,
            What::Disclosure,
            "the file names another",
        ),
        (
            |it| it.document = "{}".into(),
            What::Disclosure,
            "not one of a disclosure",
        ),
    ];
    for (at, (forge, what, says)) in forgeries.into_iter().enumerate() {
        let mut forged = evidence(&network, VILLAGE, 1, Disclosed::Published);
        forge(&mut forged);
        let verified = checked(&network, &made(&network, VILLAGE, forged).await);
        let failed = failed(&verified);
        let told = failed
            .iter()
            .any(|(found, detail)| *found == what && detail.contains(says));
        assert!(told && !verified.holds, "{at}: {failed:?}");
        assert_eq!(verified.disclosure.unwrap().text, None, "{at}");
    }
    let withdrawn = evidence(&network, VILLAGE, 1, Disclosed::Withdrawn);
    let verified = checked(&network, &made(&network, VILLAGE, withdrawn).await);
    assert!(!verified.holds, "the entry is of another state");
    network.shut_down().await;
}

#[tokio::test]
async fn no_division_vouches_for_the_document_of_another_one() {
    let network = Network::of(&[VILLAGE]).await;
    let of_village = evidence(&network, VILLAGE, 1, Disclosed::Published);
    let by_county = made(&network, COUNTY, of_village.clone()).await;
    let verified = checked(&network, &by_county);
    let [(What::Disclosure, detail)] = failed(&verified)[..] else {
        panic!("{:?}", failed(&verified))
    };
    assert!(detail.contains(&code(VILLAGE).to_string()), "{detail}");

    // The county signs a manifest in which the village is named as its maker.
    let sound = made(&network, VILLAGE, of_village).await;
    let mut mixed = by_county.clone();
    mixed["manifest"] = sound["manifest"].clone();
    let mixed = checked(&network, &mixed);
    assert!(failed(&mixed).iter().any(|(what, _)| *what == What::Export));

    // The head of the county's log in the village's file.
    let mut file = sound.clone();
    let read = |file: &Value| -> Value {
        serde_json::from_str(file["manifest"].as_str().unwrap()).unwrap()
    };
    let (mut manifest, county) = (read(&sound), read(&by_county));
    manifest["log"] = county["log"].clone();
    file["manifest"] = manifest.to_string().into();
    let verified = checked(&network, &file);
    let other = |(what, detail): &(What, &str)| {
        *what == What::Log && detail.contains("not the log of the division")
    };
    assert!(
        failed(&verified).iter().any(other),
        "{:?}",
        failed(&verified)
    );
    network.shut_down().await;
}

#[tokio::test]
async fn no_change_to_the_receipt_of_a_disclosure_goes_unnoticed() {
    let network = Network::of(&[VILLAGE]).await;
    let proven = evidence(&network, VILLAGE, 1, Disclosed::Published);
    let sound = made(&network, VILLAGE, proven).await;
    assert!(checked(&network, &sound).holds);
    let roots = roots(&network);
    let mut changes = 0;
    let mut refused = |path: &str, file: &Value| {
        changes += 1;
        if let Ok(verified) = verify(file.to_string().as_bytes(), None, &roots, &network.tree) {
            assert!(!verified.holds && !failed(&verified).is_empty(), "{path}");
            assert_eq!(verified.disclosure.unwrap().text, None, "{path}");
        }
    };
    everywhere(&sound, "", &mut |path, other| {
        let mut file = sound.clone();
        *file.pointer_mut(path).unwrap() = other;
        refused(path, &file);
    });
    let manifest: Value = serde_json::from_str(sound["manifest"].as_str().unwrap()).unwrap();
    everywhere(&manifest, "", &mut |path, other| {
        let mut manifest = manifest.clone();
        *manifest.pointer_mut(path).unwrap() = other;
        let mut file = sound.clone();
        file["manifest"] = manifest.to_string().into();
        refused(path, &file);
    });
    assert!(changes > 200, "{changes}");
    network.shut_down().await;
}

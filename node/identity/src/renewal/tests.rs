use std::{fs, time::Duration};

use rustls_pki_types::UnixTime;

use super::{super::fixture::*, *};
use crate::Identity;

fn day(days: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(NOW + days * 86_400))
}

/// The child asks, its parent signs and the child takes it over.
fn renew(net: &Net, child: &Identity, parent: &Identity, issuing: bool, days: u64) {
    let requests = child.request_certificates(issuing).unwrap();
    let issued = parent
        .certify(child.division(), &requests, day(days))
        .unwrap();
    let renewed = child.check_certificates(issued, day(days)).unwrap();
    assert_eq!(net.tree.parent(child.division()), Some(parent.division()));
    child.adopt(renewed).unwrap();
}

fn leaf(identity: &Identity) -> Vec<u8> {
    let shown = identity.credentials().borrow().clone();
    shown.certified.cert[0].to_vec()
}

#[test]
fn each_tier_gets_its_next_certificate_from_the_one_above_and_the_root_signs_its_own() {
    let net = Net::new();
    let tiers = [PROVINCE, CITY, COUNTY, TOWNSHIP, VILLAGE].map(|tier| net.identity(tier));
    for pair in tiers.windows(2) {
        let [parent, child] = pair else {
            unreachable!()
        };
        let before = (leaf(child), child.validity());
        let issuing = child.issuing_validity();
        renew(&net, child, parent, issuing.is_some(), 30);
        assert_ne!(leaf(child), before.0);
        assert!(child.validity().through > before.1.through);
        if let Some(before) = issuing {
            assert!(child.issuing_validity().unwrap().through > before.through);
        }
        assert_eq!(
            leaf(&net.identity(&child.division().short())),
            leaf(child),
            "on disk"
        );
        assert!(!child.directory().join("tls.next.key").exists());
    }
    // Nobody has to be there at the same time: what was signed with the issuing certificates of before holds.
    renew(&net, &tiers[4], &tiers[3], false, 31);
    let root = &tiers[0];
    let requests = root.request_certificates(false).unwrap();
    let own = root.certify(root.division(), &requests, day(30)).unwrap();
    root.adopt(root.check_certificates(own, day(30)).unwrap())
        .unwrap();
    assert_eq!(root.issuing_validity(), None);
}

#[test]
fn an_attempt_that_failed_goes_on_with_its_key_and_the_next_renewal_has_another() {
    let net = Net::new();
    let (township, village) = (net.identity(TOWNSHIP), net.identity(VILLAGE));
    let asked = || village.request_certificates(false).unwrap();
    let key = |requests: &CertificateRequests| requested_key(&requests.node).unwrap();
    let first = key(&asked());
    assert_eq!(key(&asked()), first);
    renew(&net, &village, &township, false, 1);
    assert_ne!(key(&asked()), first);
}

#[test]
fn a_crash_between_certificate_and_key_is_completed_and_one_before_leaves_what_was() {
    let net = Net::new();
    let (township, village) = (net.identity(TOWNSHIP), net.identity(VILLAGE));
    let home = village.directory().to_owned();
    let requests = village.request_certificates(false).unwrap();
    let issued = township
        .certify(village.division(), &requests, day(1))
        .unwrap();
    let before = leaf(&village);
    assert_eq!(
        leaf(&net.identity(VILLAGE)),
        before,
        "asked, and nothing came"
    );
    fs::write(home.join("tls.pem"), enrol::pem_chain(&issued.node)).unwrap();
    assert_eq!(leaf(&net.identity(VILLAGE)), issued.node[0].to_vec());
    assert!(!home.join("tls.next.key").exists());
}

#[test]
fn what_the_parent_sends_is_taken_only_if_it_is_what_was_asked_for() {
    let net = Net::new();
    let (county, township) = (net.identity(COUNTY), net.identity(TOWNSHIP));
    let other = net.identity(OTHER_TOWNSHIP);
    let requests = township.request_certificates(true).unwrap();
    let good = county
        .certify(township.division(), &requests, day(1))
        .unwrap();
    let theirs = other.request_certificates(true).unwrap();
    let theirs = county.certify(other.division(), &theirs, day(1)).unwrap();
    let before = leaf(&township);
    let with =
        |node: &[CertificateDer<'static>], issuing: &[CertificateDer<'static>]| Certificates {
            node: node.to_vec(),
            issuing: issuing.to_vec(),
        };
    let wrong = [
        ("no certificate", with(&[], &good.issuing)),
        ("names", with(&theirs.node, &good.issuing)),
        ("cut short", with(&good.node[..1], &good.issuing)),
        ("an issuing one", with(&good.issuing, &good.issuing)),
        ("of another division", with(&good.node, &theirs.issuing)),
        ("a node's", with(&good.node, &good.node)),
    ];
    for (what, chains) in wrong {
        let refused = township.check_certificates(chains, day(1));
        assert!(
            matches!(refused, Err(IdentityError::NotRenewed(_))),
            "{what}"
        );
    }
    let late = township.check_certificates(good.clone(), day(9_000));
    assert!(
        matches!(late, Err(IdentityError::NotRenewed(_))),
        "it is over"
    );
    assert_eq!(leaf(&township), before);
    assert!(township.check_certificates(good, day(1)).is_ok());
}

#[test]
fn a_parent_signs_only_for_its_children_and_only_requests_that_hold() {
    let net = Net::new();
    let (county, township, village) = (
        net.identity(COUNTY),
        net.identity(TOWNSHIP),
        net.identity(VILLAGE),
    );
    let requests = village.request_certificates(false).unwrap();
    let refused = |by: &Identity, child: &str, requests: &CertificateRequests| {
        let refused = by.certify(code(child), requests, day(1)).unwrap_err();
        assert!(matches!(refused, IdentityError::BadRequest(_)), "{refused}");
    };
    refused(&county, VILLAGE, &requests);
    refused(&county, COUNTY, &requests);
    refused(&township, TOWNSHIP, &requests);
    let with = |node: &[u8], issuing: Option<&[u8]>| CertificateRequests {
        node: node.to_vec(),
        issuing: issuing.map(<[u8]>::to_vec),
    };
    refused(
        &township,
        VILLAGE,
        &with(&requests.node, Some(&requests.node)),
    );
    refused(&township, VILLAGE, &with(b"", None));
    let mut forged = requests.node.clone();
    *forged.last_mut().unwrap() ^= 1;
    refused(&township, VILLAGE, &with(&forged, None));
    let twice = township.request_certificates(true).unwrap();
    refused(&county, TOWNSHIP, &with(&twice.node, Some(&twice.node)));
    let key = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
    let other_kind = CertificateParams::default()
        .serialize_request(&key)
        .unwrap();
    refused(&township, VILLAGE, &with(other_kind.der(), None));
}

#[test]
fn nothing_outlives_its_issuer_and_on_its_last_day_that_signs_nothing() {
    let net = Net::new();
    let (township, village) = (net.identity(TOWNSHIP), net.identity(VILLAGE));
    let issuer = township.issuing_validity().unwrap();
    let last = (issuer.through.unsigned_abs() - NOW) / 86_400;
    let requests = village.request_certificates(false).unwrap();
    let issued = township
        .certify(village.division(), &requests, day(last - 3))
        .unwrap();
    let ends = enrol::validity(&issued.node[0]).unwrap().through;
    assert_eq!(ends, issuer.through - 3_600);
    let refused = township
        .certify(village.division(), &requests, day(last))
        .unwrap_err();
    assert!(matches!(refused, IdentityError::IssuerEnds(_)), "{refused}");
    assert!(refused.to_string().contains("UTC"), "{refused}");
}

#[test]
fn a_request_is_signed_for_one_network_one_division_and_these_keys() {
    let net = Net::new();
    let requests = net.identity(TOWNSHIP).request_certificates(true).unwrap();
    let message = requests.message(&[1; 16], code(TOWNSHIP));
    assert_ne!(message, requests.message(&[2; 16], code(TOWNSHIP)));
    assert_ne!(message, requests.message(&[1; 16], code(VILLAGE)));
    let less = CertificateRequests {
        issuing: None,
        ..requests
    };
    assert_ne!(message, less.message(&[1; 16], code(TOWNSHIP)));
}

use std::{collections::BTreeSet, os::unix::fs::PermissionsExt, time::Duration};

use domain::{ids::NetworkId, invitation::BadJoinKeys, suite::Suite, time::Timestamp};
use tempfile::TempDir;

use super::*;
use crate::{
    CheckedApplication, Expected, Identity, KeyRefusal,
    enrol::enrol,
    fixture::{CITY, COUNTY, NOW, Net, OTHER_COUNTY, VILLAGE, code, terms},
    grant, invited, issuer_ends, keep_stated, stated_by,
    statement::SignedKeyStatement,
};

/// A township that the fixture does not enrol.
const NEW: &str = "330825101";

fn text(net: &Net, division: &str) -> InvitationText {
    InvitationText {
        network: NetworkId(net.network.id),
        division: code(division),
        parent: net.tree.parent(code(division)).unwrap(),
        suite: net.network.suite,
        serial: 1,
        pin: invited::pin(&net.network.root_certificates[0]).unwrap(),
        secret: [7; 16],
        expires_at: Timestamp(0),
        addresses: vec!["127.0.0.1:7450".to_owned()],
    }
}

fn now() -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(NOW))
}

fn surroundings(net: &Net) -> Surroundings {
    Surroundings {
        clock: Arc::clone(&net.clock) as _,
        ..Surroundings::default()
    }
}

fn expected(text: &InvitationText) -> Expected {
    Expected {
        network: text.network.0,
        division: text.division,
        serial: text.serial.into(),
        suite: text.suite,
    }
}

fn checked(net: &Net, joining: &Joining) -> CheckedApplication {
    let expected = expected(&joining.text);
    joining.application.check(expected, &net.tree).unwrap()
}

/// Issues what the parent would.
fn granted(net: &Net, joining: &Joining) -> (SignedKeyStatement, Grant) {
    let (parent, how) = (joining.text.parent, terms());
    grant(
        net.dir(),
        parent,
        checked(net, joining),
        &[],
        (&net.tree, &how),
    )
    .unwrap()
}

fn begun(net: &Net, division: &str) -> (TempDir, Joining) {
    let dir = tempfile::tempdir().unwrap();
    let joining = Joining::begin(dir.path(), text(net, division), &net.tree, now()).unwrap();
    (dir, joining)
}

fn names(dir: &Path) -> BTreeSet<String> {
    files::list(dir).unwrap().into_iter().collect()
}

#[test]
fn a_division_that_joined_has_what_init_would_have_made_and_enrols_others() {
    for division in [NEW, "330825002001"] {
        let net = Net::new();
        let (dir, joining) = begun(&net, division);
        let (_, given) = granted(&net, &joining);
        let checked = joining
            .check(given, &net.tree, &surroundings(&net))
            .unwrap();
        assert_eq!(checked.zone(), "zj.example");
        assert_eq!(checked.waits_for, None);
        assert_eq!(checked.root_sha256(), net.network.fingerprints[0]);
        joining.finish(checked).unwrap();

        let carried = tempfile::tempdir().unwrap();
        enrol(
            carried.path(),
            &[code(division)],
            net.dir(),
            &net.tree,
            &terms(),
        )
        .unwrap();
        let home = directory(dir.path(), code(division));
        assert_eq!(
            names(&home),
            names(&directory(carried.path(), code(division)))
        );
        assert_eq!(names(dir.path()), names(carried.path()));
        assert_eq!(
            names(&dir.path().join("identity")),
            names(&carried.path().join("identity"))
        );
        let loaded = Network::load(dir.path()).unwrap();
        assert_eq!((loaded.id, loaded.demo), (net.network.id, net.network.demo));
        Identity::open(
            &loaded,
            dir.path(),
            code(division),
            &net.tree,
            &surroundings(&net),
        )
        .unwrap();
    }
    let net = Net::new();
    let (dir, joining) = begun(&net, NEW);
    let (_, given) = granted(&net, &joining);
    let checked = joining
        .check(given, &net.tree, &surroundings(&net))
        .unwrap();
    joining.finish(checked).unwrap();
    let village = net
        .tree
        .children(code(NEW))
        .find(|it| net.tree.has_node(*it));
    let below = tempfile::tempdir().unwrap();
    enrol(
        below.path(),
        &[village.unwrap()],
        dir.path(),
        &net.tree,
        &terms(),
    )
    .unwrap();
}

#[test]
fn keys_are_on_the_disk_before_anybody_is_asked_and_the_next_call_goes_on_with_them() {
    let net = Net::new();
    let (dir, first) = begun(&net, NEW);
    let waiting = waiting_at(dir.path(), code(NEW));
    for name in ["sign.key", "seal.key", "tls.key", "issuing.key"] {
        let mode = std::fs::metadata(waiting.join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let sent = first.request(|_| b"what was sent".to_vec()).unwrap();
    let again = Joining::begin(dir.path(), text(&net, NEW), &net.tree, now()).unwrap();
    assert_eq!(again.key(), first.key());
    assert_eq!(again.application, first.application);
    let sent_again = again.request(|_| b"something else".to_vec()).unwrap();
    assert_eq!(sent_again, sent, "the request stays as it was sent");

    let other = InvitationText {
        secret: [8; 16],
        ..text(&net, NEW)
    };
    let other = Joining::begin(dir.path(), other, &net.tree, now()).unwrap();
    assert_eq!(
        other.key(),
        first.key(),
        "another invitation, the same keys"
    );
    let made = other.request(|_| b"another request".to_vec()).unwrap();
    assert_eq!(made, b"another request");
    let later = InvitationText {
        serial: 2,
        ..text(&net, NEW)
    };
    let later = Joining::begin(dir.path(), later, &net.tree, now()).unwrap();
    assert_ne!(later.key(), first.key(), "another number is another key");
}

#[test]
fn a_grant_that_does_not_hold_is_refused_and_nothing_of_it_is_kept() {
    let net = Net::new();
    let foreign = Net::new();
    let (dir, joining) = begun(&net, NEW);
    let (_, given) = granted(&net, &joining);
    let (_other_dir, other) = begun(&net, NEW);
    let (_, for_other) = granted(&net, &other);
    let (_, elsewhere) = granted(&foreign, &begun(&foreign, NEW).1);
    let county = net.identity(COUNTY);
    let of_county = county.credentials().borrow().certified.cert.clone();
    let with = |change: &dyn Fn(&mut Grant)| {
        let mut changed = given.clone();
        change(&mut changed);
        joining
            .check(changed, &net.tree, &surroundings(&net))
            .map(|_| ())
    };
    assert!(with(&|_| {}).is_ok());
    let changes: [&dyn Fn(&mut Grant); 14] = [
        &|it| it.root = foreign.network.root_certificates[0].clone(),
        &|it| *it = elsewhere.clone(),
        &|it| it.node = for_other.node.clone(),
        &|it| it.node = of_county.clone(),
        &|it| it.node.clear(),
        &|it| it.node.truncate(1),
        &|it| it.issuing = for_other.issuing.clone(),
        &|it| it.issuing.clear(),
        &|it| it.issuing = it.node.clone(),
        &|it| it.key_chain = for_other.key_chain.clone(),
        &|it| it.key_chain.clear(),
        &|it| it.key_chain.truncate(1),
        &|it| it.anchors.clear(),
        &|it| it.anchors = foreign.network.anchors.clone(),
    ];
    for (at, change) in changes.into_iter().enumerate() {
        let refused = with(change);
        assert!(
            matches!(refused, Err(IdentityError::Grant(_))),
            "{at}: {refused:?}"
        );
    }
    assert!(!dir.path().join(network::FILE).exists());
    assert!(!directory(dir.path(), code(NEW)).exists());
}

#[test]
fn an_application_shows_that_its_keys_are_held_and_are_what_the_invitation_says() {
    let net = Net::new();
    let (_dir, joining) = begun(&net, NEW);
    let (_other_dir, other) = begun(&net, NEW);
    let of = &joining.application;
    let check = |application: &Application, expected: Expected| {
        application.check(expected, &net.tree).map(|_| ())
    };
    let right = expected(&joining.text);
    assert_eq!(check(of, right), Ok(()));
    let elsewhere = [
        Expected {
            network: [0; 16],
            ..right
        },
        Expected {
            division: code(COUNTY),
            ..right
        },
        Expected { serial: 2, ..right },
        Expected {
            suite: Suite::P256Sha256,
            ..right
        },
    ];
    for expected in elsewhere {
        assert!(matches!(
            check(of, expected),
            Err(BadJoinKeys::Statement(_))
        ));
    }
    let changed = |change: &dyn Fn(&mut Application)| {
        let mut changed = of.clone();
        change(&mut changed);
        check(&changed, right).unwrap_err()
    };
    let theirs = &other.application;
    assert_eq!(
        changed(&|it| it.possession = theirs.possession.clone()),
        BadJoinKeys::NotHeld
    );
    assert_eq!(changed(&|it| it.issuing = None), BadJoinKeys::TlsKeys);
    assert_eq!(
        changed(&|it| it.issuing = Some(it.tls.clone())),
        BadJoinKeys::TlsKeys
    );
    assert_eq!(
        changed(&|it| it.tls.truncate(20)),
        BadJoinKeys::CertificateRequest
    );
    let last = of.tls.len() - 1;
    assert_eq!(
        changed(&|it| it.tls[last] ^= 1),
        BadJoinKeys::CertificateRequest,
        "the request is signed with its key"
    );
    let village = text(&net, "330825002001");
    let dir = tempfile::tempdir().unwrap();
    let village = Joining::begin(dir.path(), village, &net.tree, now()).unwrap();
    let mut with_issuing = village.application.clone();
    with_issuing.issuing = of.issuing.clone();
    assert_eq!(
        check(&with_issuing, expected(&village.text)),
        Err(BadJoinKeys::TlsKeys),
        "nobody is below a village"
    );
}

#[test]
fn no_certificate_outlives_the_one_that_issued_it() {
    let net = Net::new();
    let (_dir, joining) = begun(&net, NEW);
    let mut how = terms();
    how.lifetimes.issuing = Duration::from_secs(u32::MAX.into());
    let parent = joining.text.parent;
    let (_, given) = grant(
        net.dir(),
        parent,
        checked(&net, &joining),
        &[],
        (&net.tree, &how),
    )
    .unwrap();
    let ends = parse(&given.issuing[0])
        .unwrap()
        .validity()
        .not_after
        .timestamp();
    assert_eq!(ends, issuer_ends(net.dir(), parent).unwrap() - 3600);
}

#[test]
fn a_statement_is_kept_in_the_ledger_once() {
    let net = Net::new();
    let (_dir, joining) = begun(&net, NEW);
    let (signed, _) = granted(&net, &joining);
    let before = stated_by(net.dir(), code(COUNTY)).unwrap().len();
    for _ in 0..2 {
        keep_stated(net.dir(), code(COUNTY), &signed).unwrap();
        assert_eq!(
            stated_by(net.dir(), code(COUNTY)).unwrap().len(),
            before + 1
        );
    }
    let ring = net.network.key_ring();
    ring.admit(net.identity(COUNTY).key_chain(), &net.tree)
        .unwrap();
    ring.admit(std::slice::from_ref(&signed), &net.tree)
        .unwrap();
    let key = signed.statement().unwrap().key_id();
    assert_eq!(ring.owner(key), Some(code(NEW)));
    let carried = tempfile::tempdir().unwrap();
    let twice = enrol(carried.path(), &[code(NEW)], net.dir(), &net.tree, &terms());
    assert!(matches!(twice, Err(IdentityError::EnrolledBefore { .. })));
}

#[test]
fn a_key_that_replaces_a_lost_one_waits_for_the_division_above_the_parent() {
    let net = Net::new();
    let dir = tempfile::tempdir().unwrap();
    let second = InvitationText {
        serial: 2,
        ..text(&net, OTHER_COUNTY)
    };
    let joining = Joining::begin(dir.path(), second, &net.tree, now()).unwrap();
    let (signed, given) = granted(&net, &joining);
    assert_eq!(
        given.key_chain[1].statement().unwrap().serial,
        1,
        "the earlier key follows"
    );
    let above = net.tree.parent(code(CITY));
    let checked = joining
        .check(given, &net.tree, &surroundings(&net))
        .unwrap();
    assert_eq!(checked.waits_for, above);
    joining.finish(checked).unwrap();
    let ring = net.network.key_ring();
    ring.admit(net.identity(OTHER_COUNTY).key_chain(), &net.tree)
        .unwrap();
    let waits = ring.would_admit(&signed, &net.tree);
    assert!(
        matches!(waits, Err(KeyRefusal::Unendorsed { serial: 2, .. })),
        "{waits:?}"
    );
}

#[test]
fn what_is_enrolled_already_or_elsewhere_or_no_child_does_not_begin() {
    let net = Net::new();
    let foreign = Net::new();
    let begin = |dir: &Path, text: InvitationText| {
        Joining::begin(dir, text, &net.tree, now())
            .map(|_| ())
            .unwrap_err()
    };
    let enrolled = begin(net.dir(), text(&net, VILLAGE));
    assert!(matches!(enrolled, IdentityError::AlreadyEnrolled(_)));
    let elsewhere = begin(foreign.dir(), text(&net, NEW));
    assert!(matches!(elsewhere, IdentityError::OtherNetwork(_)));
    let wrong = InvitationText {
        parent: code(CITY),
        ..text(&net, NEW)
    };
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(
        begin(dir.path(), wrong),
        IdentityError::UnknownDivision(_)
    ));
    assert_eq!(names(dir.path()), BTreeSet::new());
}

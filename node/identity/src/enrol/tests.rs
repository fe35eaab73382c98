use std::{fs, sync::Arc};

use super::*;
use crate::{
    Identity, Surroundings,
    fixture::{Net, PROVINCE, TOWNSHIP, VILLAGE, VILLAGE_WITHOUT_TOWNSHIP, code, terms},
    stated_by,
};

fn founding(zone: &str) -> Founding {
    Founding {
        zone: zone.to_owned(),
        demo: false,
        suite: Suite::Ed25519Blake3,
    }
}

fn load(net: &Net, division: &str) -> Result<Identity, IdentityError> {
    Identity::load(net.dir(), code(division), &net.tree)
}

fn home(net: &Net, division: &str) -> std::path::PathBuf {
    directory(net.dir(), code(division))
}

#[test]
fn an_enrolled_division_loads_with_keys_that_its_own_ring_admits() {
    for suite in [Suite::Ed25519Blake3, Suite::P256Sha256] {
        let net = Net::of(suite);
        for division in [PROVINCE, TOWNSHIP, VILLAGE, VILLAGE_WITHOUT_TOWNSHIP] {
            let identity = load(&net, division).expect("loads");
            assert_eq!(identity.sni_name(), dns::name(code(division), "zj.example"));
            assert_eq!(identity.signer().suite(), suite);
            let ring = net.network.key_ring();
            ring.admit(identity.key_chain(), &net.tree)
                .expect("admitted");
            let known = ring.get(code(division), identity.signer().key_id());
            assert!(known.is_some(), "{division}");
        }
    }
}

#[test]
fn only_divisions_with_children_get_an_issuing_key() {
    let net = Net::new();
    assert!(home(&net, TOWNSHIP).join("issuing.key").exists());
    assert!(!home(&net, VILLAGE).join("issuing.key").exists());
}

#[test]
fn the_four_kinds_of_keys_are_different_keys() {
    let net = Net::new();
    let read = |name| fs::read(home(&net, TOWNSHIP).join(name)).expect("there");
    let keys = [read("tls.key"), read("sign.key"), read("issuing.key")];
    assert!(keys[0] != keys[1] && keys[1] != keys[2] && keys[0] != keys[2]);
}

#[test]
fn a_network_is_not_founded_twice_nor_a_division_enrolled_twice() {
    let net = Net::new();
    let before = fs::read(home(&net, VILLAGE).join("sign.key")).expect("there");
    let again = found_network(net.dir(), &net.tree, &founding("zj.example"), &terms());
    assert!(
        matches!(again, Err(IdentityError::AlreadyFounded(_))),
        "{again:?}"
    );
    let twice = [code("330825109000"); 2];
    let again = enrol(net.dir(), &twice, net.dir(), &net.tree, &terms());
    assert!(
        matches!(again, Err(IdentityError::AlreadyEnrolled(_))),
        "{again:?}"
    );
    assert!(!Identity::exists(net.dir(), twice[0]));
    let again = enrol(net.dir(), &[code(VILLAGE)], net.dir(), &net.tree, &terms());
    assert!(
        matches!(again, Err(IdentityError::AlreadyEnrolled(_))),
        "{again:?}"
    );
    assert_eq!(
        fs::read(home(&net, VILLAGE).join("sign.key")).expect("there"),
        before
    );
}

#[test]
fn a_zone_that_is_no_zone_founds_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    for zone in [
        "",
        "zj.example.",
        "ZJ.example",
        "-.example",
        "zj..example",
        "浙江",
    ] {
        let refused = found_network(dir.path(), &Tree::zhejiang(), &founding(zone), &terms());
        assert!(
            matches!(refused, Err(IdentityError::Zone(_))),
            "{zone}: {refused:?}"
        );
    }
    assert_eq!(fs::read_dir(dir.path()).expect("listed").count(), 0);
}

#[test]
fn a_child_in_its_own_directory_gets_the_network_and_refuses_another() {
    let net = Net::new();
    let other = Net::new();
    let dir = tempfile::tempdir().expect("a directory");
    let sibling = [code("330825002201")];
    enrol(dir.path(), &sibling, net.dir(), &net.tree, &terms()).expect("enrolled");
    let child = Identity::load(dir.path(), sibling[0], &net.tree).expect("loads");
    assert_eq!(child.network().id, net.network.id);
    let strange = enrol(
        dir.path(),
        &[code(VILLAGE)],
        other.dir(),
        &net.tree,
        &terms(),
    );
    assert!(
        matches!(strange, Err(IdentityError::OtherNetwork(_))),
        "{strange:?}"
    );
}

#[test]
fn a_division_whose_parent_is_not_here_is_not_enrolled() {
    let net = Net::new();
    let orphan = code("330825109003");
    let error = enrol(net.dir(), &[orphan], net.dir(), &net.tree, &terms());
    let text = error.expect_err("refused").to_string();
    assert!(
        text.contains("330825109000/issuing.pem") && text.contains("init"),
        "{text}"
    );
    assert!(!Identity::exists(net.dir(), orphan));
    for nobody in ["330383198", "330899", PROVINCE] {
        let error = enrol(net.dir(), &[code(nobody)], net.dir(), &net.tree, &terms());
        assert!(
            matches!(error, Err(IdentityError::UnknownDivision(_))),
            "{error:?}"
        );
    }
}

#[test]
fn a_file_that_belongs_to_somebody_else_is_named() {
    for name in ["tls.key", "tls.pem", "sign.key", "keys.bin"] {
        let net = Net::new();
        let (from, to) = (home(&net, TOWNSHIP), home(&net, VILLAGE));
        fs::copy(from.join(name), to.join(name)).expect("copied");
        let error = load(&net, VILLAGE).expect_err("refused");
        assert!(
            matches!(error, IdentityError::Mismatch { .. }),
            "{name}: {error}"
        );
    }
}

#[test]
fn a_damaged_or_missing_file_is_named() {
    for name in ["tls.key", "tls.pem", "sign.key", "keys.bin"] {
        let net = Net::new();
        let path = home(&net, VILLAGE).join(name);
        fs::write(&path, "\u{1}rubbish").expect("written");
        let text = load(&net, VILLAGE).expect_err("refused").to_string();
        assert!(text.contains(name), "{text}");
        fs::remove_file(&path).expect("removed");
        let text = load(&net, VILLAGE).expect_err("refused").to_string();
        assert!(text.contains(name) && text.contains("init"), "{text}");
    }
}

#[test]
fn a_root_that_was_slipped_in_is_noticed() {
    let net = Net::new();
    let other = Net::new();
    let roots = net.dir().join(network::ROOTS);
    let mut text = fs::read(&roots).expect("there");
    text.extend(fs::read(other.dir().join(network::ROOTS)).expect("there"));
    fs::write(&roots, text).expect("written");
    let error = Network::load(net.dir()).expect_err("refused");
    assert!(matches!(error, IdentityError::Mismatch { .. }), "{error}");
}

#[test]
fn a_whole_county_is_enrolled_in_one_go() {
    let dir = tempfile::tempdir().expect("a directory");
    let tree = Tree::zhejiang();
    found_network(dir.path(), &tree, &founding("zj.example"), &terms()).expect("founded");
    let mut branch = vec![code("3308")];
    branch.extend(tree.nodes(code("330825")));
    enrol(dir.path(), &branch, dir.path(), &tree, &terms()).expect("enrolled");
    let network = Network::load(dir.path()).expect("loads");
    for &division in &branch {
        let surroundings = Surroundings::default();
        let tree = Arc::clone(&tree);
        Identity::open(&network, dir.path(), division, &tree, &surroundings).expect("loads");
    }
}

#[test]
fn an_empty_or_cut_file_of_an_identity_is_refused_by_name() {
    let net = Net::new();
    let home = home(&net, VILLAGE);
    let files = [
        (home.join("tls.pem"), "-----END CERTIFICATE-----\n"),
        (home.join("tls.key"), "\n"),
        (home.join("sign.key"), "\n"),
        (home.join("seal.key"), "\n"),
        (home.join("keys.bin"), ""),
        (net.dir().join(network::FILE), "\n"),
        (
            net.dir().join(network::ROOTS),
            "-----END CERTIFICATE-----\n",
        ),
        (net.dir().join(network::ANCHORS), ""),
    ];
    for (path, line) in files {
        let whole = fs::read(&path).expect("there");
        let name = path
            .file_name()
            .expect("a file")
            .to_string_lossy()
            .into_owned();
        let text = String::from_utf8_lossy(&whole).into_owned();
        // Nothing, a part, and every place where a cut looks like a complete file.
        let mut cuts = vec![0, 1, whole.len() / 2, whole.len() - 2];
        if !line.is_empty() {
            cuts.extend(text.match_indices(line).map(|(at, _)| at + line.len()));
        }
        if name == "keys.bin" {
            let chain = SignedKeyStatement::decode_all(&whole).expect("reads");
            let mut end = 0;
            cuts.extend(chain.iter().map(|signed| {
                end += signed.encode().len();
                end
            }));
        }
        for cut in cuts.into_iter().filter(|cut| *cut < whole.len()) {
            if whole[cut..].iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            fs::write(&path, &whole[..cut]).expect("written");
            let refused = load(&net, VILLAGE);
            let text = refused
                .map(|_| ())
                .expect_err(&format!("{name} at {cut}"))
                .to_string();
            assert!(
                text.contains(&name) || name == "tls.key",
                "{name} at {cut}: {text}"
            );
        }
        fs::write(&path, whole).expect("written");
        load(&net, VILLAGE).expect("loads");
    }
}

#[test]
fn what_a_parent_has_stated_is_kept_and_a_ledger_that_lost_its_end_is_refused() {
    let net = Net::new();
    let stated = stated_by(net.dir(), code(TOWNSHIP));
    let of = |signed: &SignedKeyStatement| signed.statement().expect("reads").division;
    let stated: Vec<_> = stated.expect("reads").iter().map(of).collect();
    assert!(stated.contains(&code(VILLAGE)), "{stated:?}");
    let path = home(&net, TOWNSHIP).join("stated.bin");
    let whole = fs::read(&path).expect("there");
    for cut in [0, 3, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..cut]).expect("written");
        let error = stated_by(net.dir(), code(TOWNSHIP)).expect_err("refused");
        assert!(error.to_string().contains("stated.bin"), "{error}");
    }
}

#[test]
fn what_a_crash_kept_from_appearing_appears_the_next_time() {
    let net = Net::new();
    let village = code("330825002201");
    enrol(net.dir(), &[village], net.dir(), &net.tree, &terms()).expect("enrolled");
    let key = fs::read(home(&net, "330825002201").join("sign.key")).expect("there");
    // Simulates a crash after everything was durable and the parent had written its ledger.
    let target = directory(net.dir(), village);
    fs::rename(&target, files::staged(&target)).expect("renamed");
    enrol(net.dir(), &[village], net.dir(), &net.tree, &terms()).expect("finished");
    assert_eq!(fs::read(target.join("sign.key")).expect("there"), key);
    load(&net, "330825002201").expect("loads");
}

#[test]
fn a_network_appears_whole_or_not_at_all() {
    let dir = tempfile::tempdir().expect("a directory");
    let tree = Tree::zhejiang();
    let city = code("3308");
    let zone = founding("zj.example");
    // One of the divisions cannot be enrolled, so nothing of the network is left behind.
    let failed = found_with(dir.path(), &[code("330825")], &tree, &zone, &terms());
    assert!(failed.is_err());
    assert_eq!(fs::read_dir(dir.path()).expect("listed").count(), 0);
    found_with(dir.path(), &[city], &tree, &zone, &terms()).expect("founded");
    Identity::load(dir.path(), city, &tree).expect("loads");
    // Simulates a crash between the first rename and the last.
    let staged = dir.path().join(".founding");
    fs::create_dir(&staged).expect("made");
    let file = network::FILE;
    fs::rename(dir.path().join(file), staged.join(file)).expect("renamed");
    finish_founding(dir.path()).expect("finished");
    Identity::load(dir.path(), city, &tree).expect("loads");
    assert!(!staged.exists());
}

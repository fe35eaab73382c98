//! The log as units write it: against a tree that is computed of all its entries, and over restarts.

use std::sync::Arc;

use domain::{
    actor::Actor,
    ids::{EpochId, MatterId},
    matter::Erasure,
    receipt::LogProof,
    template::TemplateKind,
};
use log::{
    Commitment, Entry, EntryKind, Frontier, Hash, Tile, TileLevel, bundle, check_inclusion,
    leaf_hash,
};
use store::MemoryDisk;

mod countersigned;
mod line;
mod schedules;

use super::append::TILE;
use records::table::{Plain, Table};

use crate::{Failed, LogHead, NewReport, NewTemplate, NotInLog, Office, fixture, tables};

const VILLAGE: &str = "330825002222";
const NETWORK: [u8; 16] = [7; 16];

async fn open(disk: &MemoryDisk, seed: u64) -> Office {
    fixture::office(VILLAGE, disk, Arc::new(fixture::Ticking::default()), seed).await
}

async fn report(office: &Office) -> MatterId {
    let lamp = NewReport::new(
        "enforcement/lighting".parse().unwrap(),
        "路灯不亮".to_owned(),
    );
    office
        .matters()
        .report(lamp, Actor::OsUser(7))
        .await
        .unwrap()
}

async fn head(office: &Office) -> LogHead {
    let heads = office.log().heads().await.unwrap();
    let present = office.epoch().await.unwrap().id;
    *heads.iter().find(|head| head.epoch == present).unwrap()
}

/// Reads every entry, by the tiles that the log has.
async fn entries(office: &Office, head: LogHead) -> Vec<Vec<u8>> {
    let mut all = vec![];
    for tile in Tile::all(head.size).filter(|tile| tile.level == TileLevel::Entries) {
        let bytes = office.log().tile(head.epoch, tile).await.unwrap();
        let read = bundle::entries(&bytes, 256).unwrap();
        all.extend(read.into_iter().map(<[u8]>::to_vec));
    }
    all
}

/// Checks that all tiles and the head are those of the entries.
async fn check(office: &Office) -> Vec<Entry> {
    let head = head(office).await;
    let entries = entries(office, head).await;
    let mut hashes: Vec<Hash> = entries.iter().map(|entry| leaf_hash(entry)).collect();
    let mut tree = Frontier::default();
    hashes.iter().for_each(|hash| tree.push(*hash));
    assert_eq!((head.size, head.root), (tree.size(), tree.root()));
    for level in 0.. {
        let all = Tile::all(head.size).filter(|tile| tile.level == TileLevel::Hashes(level));
        for tile in all {
            let (begin, end) = (tile.begin() as usize, tile.end() as usize);
            let found = office.log().tile(head.epoch, tile).await.unwrap();
            assert_eq!(found, hashes[begin..end].concat(), "{tile}");
            let narrow = Tile { width: 1, ..tile };
            let found = office.log().tile(head.epoch, narrow).await.unwrap();
            assert_eq!(found, hashes[begin][..], "{narrow}");
        }
        hashes = hashes
            .chunks_exact(TILE as usize)
            .map(super::pack::root_of)
            .collect();
        if hashes.is_empty() {
            break;
        }
    }
    entries
        .iter()
        .map(|entry| Entry::decode(entry).unwrap())
        .collect()
}

async fn proof(office: &Office, id: MatterId) -> Option<LogProof> {
    office
        .matters()
        .words(id, Actor::OsUser(7))
        .await
        .unwrap()
        .log
}

/// Checks the proofs of a matter; returns how many steps each leaf covers.
async fn proven(office: &Office, id: MatterId) -> Vec<u32> {
    let Some(proof) = proof(office, id).await else {
        return vec![];
    };
    let matter = office.matters().docket(id).await.unwrap().unwrap().matter;
    let check = |leaf: &domain::receipt::ProvenLeaf| {
        let digest = wire::history_digest(&matter, leaf.steps as usize);
        let suite = matter.suite.id();
        let entry = Entry::Custody(Commitment::to_custody(&NETWORK, &leaf.salt, suite, &digest));
        let head = (proof.size, &proof.root);
        assert_eq!(
            check_inclusion(&entry.encode(), leaf.index, head, &leaf.path),
            Ok(())
        );
        leaf.steps
    };
    proof.leaves.iter().map(check).collect()
}

#[tokio::test]
async fn every_leaf_is_in_the_tree_before_and_after_it_is_packed_and_after_a_restart() {
    let disk = MemoryDisk::default();
    let office = open(&disk, 1).await;
    let mut matters = vec![];
    for _ in 0..200 {
        matters.push(report(&office).await);
    }
    let unpacked = check(&office).await;
    assert_eq!(unpacked[0].kind(), EntryKind::Opening);
    for _ in 0..100 {
        matters.push(report(&office).await);
    }
    let before = check(&office).await;
    assert!(before.len() > 300, "{}", before.len());
    let state = office
        .one::<crate::tables::LogStates>(&head(&office).await.epoch)
        .await
        .unwrap();
    assert_eq!(state.unwrap().packed, before.len() as u64 / TILE);
    assert_eq!(
        before[..unpacked.len()],
        unpacked,
        "packing changes nothing that is seen"
    );
    drop(office);
    let office = open(&disk, 1_000_000).await;
    assert_eq!(check(&office).await, before);
    for id in [matters[0], matters[254], matters[255], matters[299]] {
        assert_eq!(proven(&office, id).await, [1], "{id}");
    }
    while head(&office).await.size < 2 * TILE + 3 {
        report(&office).await;
    }
    let after = check(&office).await;
    assert_eq!(after[..before.len()], before);
}

#[tokio::test]
async fn each_act_adds_what_the_matter_is_from_then_on_and_what_fails_adds_nothing() {
    let disk = MemoryDisk::default();
    let office = open(&disk, 1).await;
    let id = report(&office).await;
    let by = Actor::OsUser(7);
    let accept = || crate::Work::Do(domain::matter::Act::Accept);
    office
        .matters()
        .work(id, accept(), None, by.clone(), None)
        .await
        .unwrap();
    assert_eq!(proven(&office, id).await, [1, 2]);
    let size = head(&office).await.size;
    office
        .matters()
        .work(id, accept(), None, by.clone(), None)
        .await
        .unwrap_err();
    assert_eq!(head(&office).await.size, size);

    office
        .matters()
        .erase(id, Erasure::ALL[0], by)
        .await
        .unwrap();
    assert_eq!(
        proven(&office, id).await,
        [3],
        "older leaves open to nobody any more"
    );
    assert_eq!(check(&office).await.len() as u64, size + 1);
}

#[tokio::test]
async fn a_template_is_in_the_log_of_who_applies_it_and_a_refused_one_is_not() {
    let disk = MemoryDisk::default();
    let clock = Arc::new(fixture::Ticking::default());
    let office = fixture::office("330825", &disk, clock, 1).await;
    let template = |name: &str, content: &str| NewTemplate {
        kind: TemplateKind::Policy,
        name: name.to_owned(),
        title: "分派目录".to_owned(),
        content: content.to_owned(),
        tiers: vec![],
        kinds: vec![],
    };
    let publish = async |new| office.templates().publish(new, Actor::OsUser(7)).await;
    publish(template(
        "dispatch",
        "format = 1\n[limits]\nverify_by_another = []\n",
    ))
    .await
    .unwrap();
    let all = check(&office).await;
    let Entry::Template {
        issuer,
        name,
        version,
        ..
    } = all.last().unwrap()
    else {
        panic!("{all:?}");
    };
    let named = domain::suite::Suite::P256Sha256.digest(&[b"policy/dispatch"]);
    assert_eq!((*issuer, *name, *version), (330_825_000_000, named, 1));
    assert_eq!(all.len(), 2, "the opening, and the template once: {all:?}");
    publish(template("broken", "= 1")).await.unwrap_err();
    assert_eq!(check(&office).await, all);
}

#[tokio::test]
async fn what_a_log_does_not_have_is_refused() {
    let disk = MemoryDisk::default();
    let office = open(&disk, 1).await;
    let nowhere = office.log().head(EpochId([9; 16])).await.unwrap_err();
    assert!(
        matches!(nowhere, Failed::Refused(NotInLog::Epoch)),
        "{nowhere:?}"
    );
    report(&office).await;
    let head = head(&office).await;
    for path in [
        "0/000",
        "0/001.p/1",
        "1/000.p/1",
        "entries/000",
        "entries/000.p/9",
    ] {
        let refused = office
            .log()
            .tile(head.epoch, path.parse().unwrap())
            .await
            .unwrap_err();
        assert!(
            matches!(refused, Failed::Refused(NotInLog::Tile)),
            "{path}: {refused:?}"
        );
    }
}

/// Whoever changes the store behind the program's back is found by a comparison with the log.
#[tokio::test]
async fn what_the_store_holds_is_compared_with_every_leaf() {
    let disk = MemoryDisk::default();
    let office = open(&disk, 1).await;
    let mut ids = vec![];
    for _ in 0..300 {
        ids.push(report(&office).await);
    }
    let epoch = office.epoch().await.unwrap().id;
    let held = office.log().held_leaves(epoch).await.unwrap();
    assert_eq!(
        (held.size, held.same, &held.differs[..]),
        (301, 301, &[][..])
    );

    // Steps of a matter that were changed, and one whose salt is another.
    let turn = office.turn().await;
    let mut view = turn.transaction();
    let mut docket = view.get::<tables::Dockets>(&ids[7]).await.unwrap().unwrap();
    docket.matter.steps[0].at = domain::time::Timestamp(1);
    view.put::<tables::Dockets>(&ids[7], &docket);
    let rows = tables::LeafOpenings::under(&ids[9]);
    for (key, mut openings) in view.scan(rows, 9).await.unwrap() {
        openings[0].leaf.salt[0] ^= 1;
        view.put::<tables::LeafOpenings>(&key, &openings);
    }
    turn.commit(view).await.unwrap();
    let held = office.log().held_leaves(epoch).await.unwrap();
    let about: Vec<_> = held.differs.iter().map(|one| one.about.clone()).collect();
    let of = |id| format!("matter {id}");
    assert_eq!(about, [of(ids[7]), of(ids[9])]);
    assert_eq!((held.same, held.unheld), (299, 0));

    // A bundle that was changed no longer leads to the hashes beside it, nor to the head.
    let turn = office.turn().await;
    let mut view = turn.transaction();
    let bundle = view.get::<tables::LogBundles>(&(epoch, 0)).await.unwrap();
    let mut bytes = bundle.unwrap().0.to_vec();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    view.put::<tables::LogBundles>(&(epoch, 0), &Plain(bytes.into()));
    turn.commit(view).await.unwrap();
    let held = office.log().held_leaves(epoch).await.unwrap();
    let about: Vec<_> = held.differs.iter().map(|one| &*one.about).collect();
    assert!(about.contains(&"the hash beside the entry"), "{about:?}");
    assert!(about.contains(&"the head"), "{about:?}");
}

/// Writes the openings of a matter as stores had them before 2026-12.
async fn as_before(office: &Office, id: MatterId) {
    let turn = office.turn().await;
    let mut view = turn.transaction();
    let rows = tables::LeafOpenings::under(&id);
    for ((id, epoch), openings) in view.scan(rows, 9).await.unwrap() {
        view.delete::<tables::LeafOpenings>(&(id, epoch));
        for tables::log::LeafOpening { index, leaf } in openings {
            view.put::<tables::MatterLeaves>(&(id, epoch, index), &leaf);
        }
    }
    turn.commit(view).await.unwrap();
}

#[tokio::test]
async fn leaves_of_a_store_from_before_are_proven_compared_and_forgotten_like_others() {
    let disk = MemoryDisk::default();
    let office = open(&disk, 1).await;
    let (still, goes_on) = (report(&office).await, report(&office).await);
    as_before(&office, still).await;
    as_before(&office, goes_on).await;
    let by = Actor::OsUser(7);
    let accept = crate::Work::Do(domain::matter::Act::Accept);
    let matters = office.matters();
    matters
        .work(goes_on, accept, None, by.clone(), None)
        .await
        .unwrap();
    assert_eq!(proven(&office, still).await, [1]);
    assert_eq!(proven(&office, goes_on).await, [1, 2]);
    let epoch = office.epoch().await.unwrap().id;
    let held = office.log().held_leaves(epoch).await.unwrap();
    assert_eq!((held.size, held.same, held.unheld), (4, 4, 0));

    for (id, steps) in [(still, 2), (goes_on, 3)] {
        matters
            .erase(id, Erasure::ALL[0], by.clone())
            .await
            .unwrap();
        assert_eq!(proven(&office, id).await, [steps]);
    }
    let mut view = office.read().unwrap();
    let before = view.scan(tables::MatterLeaves::all(), 9).await.unwrap();
    assert!(before.is_empty());
}

#[tokio::test]
async fn every_leaf_is_proven_in_every_later_tree_and_every_tree_goes_on_from_those_before() {
    let disk = MemoryDisk::default();
    let office = open(&disk, 1).await;
    for _ in 0..40 {
        report(&office).await;
    }
    let (log, head) = (office.log(), head(&office).await);
    for new in [1, 2, 7, 32, 33, head.size] {
        let ([_, root], _) = log.consistency(head.epoch, (1, new)).await.unwrap();
        for old in 1..=new {
            let ([from, to], proof) = log.consistency(head.epoch, (old, new)).await.unwrap();
            assert_eq!(to, root);
            log::check_consistency((old, &from), (new, &to), &proof).unwrap();
            let (entry, proof) = log.inclusion(head.epoch, old - 1, new).await.unwrap();
            check_inclusion(&entry, old - 1, (new, &root), &proof).unwrap();
        }
    }
    let beyond = log.inclusion(head.epoch, 0, head.size + 1).await;
    assert!(matches!(beyond, Err(Failed::Refused(NotInLog::Tile))));
    let nothing = log.consistency(head.epoch, (0, 1)).await;
    assert!(matches!(nothing, Err(Failed::Refused(NotInLog::Tile))));
    assert!(log.bytes().await.unwrap() > 40 * 34);
}

//! Tests of damage that the engine does not notice, and of what a refusal leaves.

use std::{collections::BTreeMap, path::PathBuf};

use super::*;
use crate::sled_engine::testing;

fn record(n: usize) -> (Bytes, Bytes) {
    let key = if n.is_multiple_of(2) { "m" } else { "j" };
    (
        Bytes::from(format!("{key}{n:05}")),
        Bytes::from(format!("{n}").repeat(30)),
    )
}

/// Returns a store with this many records that was not closed. Some are deleted and some written
/// twice.
async fn crashed(records: usize) -> tempfile::TempDir {
    let image = tempfile::tempdir().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let pace = CheckpointPolicy {
        bytes: 4000,
        ..CheckpointPolicy::default()
    };
    let store =
        Store::open_paced(dir.path(), &SledOptions::default(), pace, AckWhen::Synced).unwrap();
    for n in 0..records {
        let unit = WriteBatch {
            put: vec![record(n), (bytes("last"), record(n).1)],
            delete: vec![record(n + records).0],
            ..empty(village())
        };
        store.commit(unit).await.unwrap();
    }
    store.close().await.unwrap();
    copy_dir(dir.path(), image.path());
    fs::remove_file(image.path().join("clean")).unwrap();
    image
}

fn refused(dir: &Path) -> String {
    let error = Store::open_sled(dir, SledOptions::default()).unwrap_err();
    assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
    error.to_string()
}

fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    fn gather(dir: &Path, into: &mut BTreeMap<PathBuf, Vec<u8>>) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                gather(&path, into);
            } else if !path.ends_with("lock") {
                into.insert(path.clone(), fs::read(path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    gather(dir, &mut found);
    found
}

#[tokio::test]
async fn a_record_that_is_lost_added_or_changed_behind_the_seal_is_refused_by_its_kind() {
    let sound = crashed(60).await;
    let full = |key: &Bytes| full_key(village(), key);
    for (what, meddle, said) in [
        (
            "lost",
            testing::forget as fn(&Path, &[u8]),
            "30 records of kind `m` were sealed, 29 are there",
        ),
        (
            "changed",
            testing::rewrite,
            "records of kind `m` are not what was sealed",
        ),
        (
            "added",
            testing::double,
            "30 records of kind `m` were sealed, 31 are there",
        ),
    ] {
        let image = tempfile::tempdir().unwrap();
        copy_dir(sound.path(), image.path());
        meddle(image.path(), &full(&record(10).0));
        let refusal = refused(image.path());
        assert!(refusal.contains(said), "{what}: {refusal}");
    }
    let store = on_disk(sound.path());
    assert_eq!(everything(&store, village()).await.len(), 61);
}

#[tokio::test]
async fn an_engine_that_went_back_or_whose_seal_is_gone_is_refused() {
    let image = crashed(10).await;
    let older = tempfile::tempdir().unwrap();
    copy_dir(image.path(), older.path());
    let store = on_disk(image.path());
    store.commit(put("later", "1")).await.unwrap();
    store.close().await.unwrap();
    store_commit_again(image.path()).await;
    for name in ["db", "conf"] {
        fs::copy(older.path().join(name), image.path().join(name)).unwrap();
    }
    for entry in fs::read_dir(image.path()).unwrap() {
        let path = entry.unwrap().path();
        if path
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .starts_with("snap")
        {
            fs::remove_file(path).unwrap();
        }
    }
    refused(image.path());
    fs::remove_file(older.path().join("seal")).unwrap();
    assert!(refused(older.path()).contains("seal is missing"));
}

async fn store_commit_again(dir: &Path) {
    let store = on_disk(dir);
    store.commit(put("later", "2")).await.unwrap();
    store.close().await.unwrap();
}

#[tokio::test]
async fn no_flip_in_any_file_after_a_crash_takes_a_record_away_in_silence() {
    let sound = crashed(24).await;
    let whole = everything(&on_copy(sound.path()).await, village()).await;
    let (mut refusals, mut whole_again) = (0, 0);
    for (path, content) in files(sound.path()) {
        if path.ends_with("reserve") {
            continue;
        }
        let name = path.strip_prefix(sound.path()).unwrap();
        let used = content.iter().rposition(|byte| *byte != 0);
        let step = (used.unwrap_or_default() / 60).max(1);
        for at in (0..used.map_or(0, |last| last + 1)).step_by(step) {
            let image = tempfile::tempdir().unwrap();
            copy_dir(sound.path(), image.path());
            let mut content = content.clone();
            content[at] ^= 0x10;
            fs::write(image.path().join(name), content).unwrap();
            let before = files(image.path());
            match Store::open_sled(image.path(), SledOptions::default()) {
                Ok(store) => {
                    let found = everything(&store, village()).await;
                    assert_eq!(found, whole, "{name:?} flipped at {at}");
                    whole_again += 1;
                }
                Err(_) => {
                    let mut after = files(image.path());
                    after.retain(|path, _| before.contains_key(path));
                    assert!(after == before, "{name:?} flipped at {at} was changed");
                    refusals += 1;
                }
            }
        }
    }
    assert!(refusals > 0 && whole_again > 0, "{refusals} {whole_again}");
}

/// Opens a store on a copy of these files.
async fn on_copy(dir: &Path) -> Store {
    let image = tempfile::tempdir().unwrap();
    copy_dir(dir, image.path());
    on_disk(image.path())
}

#[tokio::test]
async fn a_store_that_was_closed_is_not_copied_and_a_crashed_one_leaves_no_copy() {
    let image = crashed(5).await;
    // Files of matters are large, and not in the engine, so they must not be copied.
    let files = image.path().join("files");
    fs::create_dir(&files).unwrap();
    fs::File::create(files.join("video"))
        .unwrap()
        .set_len(1 << 42)
        .unwrap();
    let store = on_disk(image.path());
    assert!(!image.path().join("trial").exists());
    assert!(!image.path().join("clean").exists());
    store.close().await.unwrap();
    assert!(image.path().join("clean").exists());
}

#[tokio::test]
async fn a_survey_names_what_is_damaged_and_changes_no_file() {
    let image = crashed(60).await;
    let look = |dir: &Path| survey(dir, &SledOptions::default()).unwrap();
    let before = files(image.path());
    let found = look(image.path());
    assert_eq!((found.closed, found.records.clone()), (false, Ok(61)));
    assert!(found.is_whole());
    assert!(files(image.path()) == before);
    let store = on_disk(image.path());
    let in_use = survey(image.path(), &SledOptions::default());
    assert!(
        matches!(in_use, Err(OpenError::Locked { .. })),
        "{in_use:?}"
    );
    store.close().await.unwrap();
    assert!(look(image.path()).closed);

    let area = image.path().join("files/330825002222/kept");
    let sound = primitives::suite::Suite::P256Sha256.digest(&[b"photo"]);
    let name: String = sound.iter().map(|byte| format!("{byte:02x}")).collect();
    for (folder, content) in [(&name[..2], "photo"), ("zz", "phot0")] {
        fs::create_dir_all(area.join(folder)).unwrap();
        fs::write(area.join(folder).join(&name), content).unwrap();
    }
    let found = look(image.path());
    assert_eq!((found.files, found.is_whole()), (2, false));
    assert_eq!(found.damaged_files, [area.join("zz").join(&name)]);

    testing::forget(image.path(), &full_key(village(), &record(10).0));
    let damaged = files(image.path());
    let found = look(image.path());
    let what = found.records.unwrap_err();
    assert!(
        what.contains("30 records of kind `m` were sealed, 29 are there"),
        "{what}"
    );
    assert!(files(image.path()) == damaged);
}

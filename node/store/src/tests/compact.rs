//! Stores that are compacted, and what a crash on the way leaves.

use std::{cell::RefCell, io, path::PathBuf};

use super::*;
use crate::compact::{CompactError, Step, compact_probed};

const STEPS: [Step; 6] = [
    Step::Begun,
    Step::Filled,
    Step::Compared,
    Step::Linked,
    Step::Exchanged,
    Step::Removed,
];

/// Makes a store in `store` with records of which most were written several times, and a kept file.
async fn grown(dir: &Path) -> (PathBuf, Vec<(Bytes, Bytes)>) {
    let dir = dir.join("store");
    // The engine is given every round, so that it holds what was written over.
    let pace = CheckpointPolicy {
        bytes: 100_000,
        ..CheckpointPolicy::default()
    };
    let options = SledOptions::default();
    let store = Store::open_paced(&dir, &options, pace, AckWhen::Synced).unwrap();
    for round in 0..6 {
        for n in 0..600 {
            let value = format!("{round} {n} ").repeat(200);
            drop(
                store
                    .submit(put(&format!("k{n:04}"), &value))
                    .await
                    .unwrap(),
            );
        }
        store
            .commit(put("round", &round.to_string()))
            .await
            .unwrap();
    }
    let all = everything(&store, village()).await;
    store.close().await.unwrap();
    let kept = dir.join("files/330825002222/kept/ab");
    fs::create_dir_all(&kept).unwrap();
    fs::write(kept.join("ab12"), "an attachment").unwrap();
    (dir, all)
}

fn attachment(dir: &Path) -> String {
    fs::read_to_string(dir.join("files/330825002222/kept/ab/ab12")).unwrap()
}

async fn whole(dir: &Path) -> Vec<(Bytes, Bytes)> {
    let survey = survey(dir, &SledOptions::default()).unwrap();
    assert!(survey.records.is_ok(), "{survey:?}");
    let store = on_disk(dir);
    let all = everything(&store, village()).await;
    store.close().await.unwrap();
    all
}

#[tokio::test]
async fn a_store_has_the_same_records_afterwards_and_is_smaller() {
    let home = tempfile::tempdir().unwrap();
    let (dir, all) = grown(home.path()).await;
    let done = compact(&dir, &SledOptions::default()).await.unwrap();
    assert_eq!(done.records, all.len() as u64);
    assert!(done.after < done.before, "{done:?}");
    assert_eq!(attachment(&dir), "an attachment");
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    assert_eq!(whole(&dir).await, all);
    // It goes on to work.
    let store = on_disk(&dir);
    store.commit(put("later", "1")).await.unwrap();
    assert!(matches!(
        compact(&dir, &SledOptions::default()).await,
        Err(CompactError::Open(OpenError::Locked { .. }))
    ));
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_process_that_is_killed_at_any_step_leaves_the_old_store_or_the_new_one() {
    for died in STEPS {
        let home = tempfile::tempdir().unwrap();
        let image = tempfile::tempdir().unwrap();
        let (dir, all) = grown(home.path()).await;
        // What lies on the disk at this step, as a process finds it that starts after the kill.
        let probe = |step| {
            if step == died {
                copy_dir(home.path(), image.path());
            }
            Ok(())
        };
        let options = SledOptions::default();
        compact_probed(&dir, &options, &probe).await.unwrap();
        let dir = image.path().join("store");
        assert_eq!(whole(&dir).await, all, "{died:?}");
        assert_eq!(attachment(&dir), "an attachment", "{died:?}");
        let left: Vec<_> = fs::read_dir(image.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "{died:?}: {left:?}");
    }
}

#[tokio::test]
async fn an_error_at_any_step_before_the_exchange_changes_nothing() {
    for fails in &STEPS[..4] {
        let home = tempfile::tempdir().unwrap();
        let (dir, all) = grown(home.path()).await;
        let seen = RefCell::new(vec![]);
        let probe = |step| {
            seen.borrow_mut().push(step);
            match step == *fails {
                true => Err(io::Error::other("injected")),
                false => Ok(()),
            }
        };
        let options = SledOptions::default();
        let failed = compact_probed(&dir, &options, &probe).await;
        let error = failed.unwrap_err();
        assert!(error.to_string().contains("injected"), "{error}");
        assert_eq!(seen.borrow().last(), Some(fails));
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1, "{fails:?}");
        assert!(dir.join("clean").exists(), "{fails:?}");
        assert_eq!(whole(&dir).await, all, "{fails:?}");
    }
}

#[tokio::test]
async fn a_store_without_the_records_that_were_sealed_is_not_compacted() {
    let home = tempfile::tempdir().unwrap();
    let (dir, _) = grown(home.path()).await;
    let lost = full_key(village(), b"k0007");
    crate::sled_engine::testing::forget(&dir, &lost);
    let error = compact(&dir, &SledOptions::default()).await.unwrap_err();
    let CompactError::Differs { what, .. } = &error else {
        panic!("{error}");
    };
    assert!(
        what.contains("601 records") || what.contains("records of kind `k`"),
        "{what}"
    );
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
}

//! Tests of the engine on disk: files, locks, formats, power cuts on file images.

use std::io::Write;

use super::*;
use crate::sled_engine::testing;

fn numbered(range: std::ops::Range<usize>) -> Vec<(Bytes, Bytes)> {
    range
        .map(|n| {
            (
                Bytes::from(format!("{n:05}")),
                Bytes::from(format!("{n}").repeat(40)),
            )
        })
        .collect()
}

async fn commit_each(store: &Store, records: &[(Bytes, Bytes)]) {
    for record in records {
        let unit = WriteBatch {
            put: vec![record.clone()],
            ..empty(village())
        };
        store.commit(unit).await.unwrap();
    }
}

#[tokio::test]
async fn a_store_reopens_right_after_its_last_handle_was_dropped() {
    let dir = tempfile::tempdir().unwrap();
    for n in 0..3 {
        let store = on_disk(dir.path());
        assert_eq!(everything(&store, village()).await, numbered(0..n));
        commit_each(&store, &numbered(n..n + 1)).await;
    }
}

#[tokio::test]
async fn a_copy_of_the_files_taken_after_a_commit_holds_everything_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let store = on_disk(dir.path());
    commit_each(&store, &numbered(0..200)).await;
    let image = tempfile::tempdir().unwrap();
    copy_dir(dir.path(), image.path());
    fs::remove_file(image.path().join("lock")).unwrap();
    let copy = on_disk(image.path());
    assert_eq!(everything(&copy, village()).await, numbered(0..200));
}

#[tokio::test]
async fn leaves_of_large_records_survive_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let records: Vec<_> = (0..60u8)
        .map(|n| (Bytes::from(vec![n]), Bytes::from(vec![n; VALUE_LIMIT])))
        .collect();
    let store = on_disk(dir.path());
    commit_each(&store, &records).await;
    store.close().await.unwrap();
    let beside = fs::read_dir(dir.path().join("blobs")).unwrap().count();
    assert!(
        beside > 0,
        "sled no longer keeps large leaves beside its log: drop their syncing"
    );
    assert_eq!(everything(&on_disk(dir.path()), village()).await, records);
}

#[tokio::test]
async fn a_torn_snapshot_is_moved_aside_and_the_log_opens() {
    let dir = tempfile::tempdir().unwrap();
    let store = on_disk(dir.path());
    commit_each(&store, &numbered(0..30)).await;
    store.close().await.unwrap();
    fs::write(dir.path().join("snap.00000000FFFFFFFF"), b"").unwrap();
    let store = on_disk(dir.path());
    assert_eq!(everything(&store, village()).await, numbered(0..30));
    assert!(dir.path().join("aside.snap.00000000FFFFFFFF").exists());
}

#[tokio::test]
async fn a_second_process_is_told_who_has_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let _store = on_disk(dir.path());
    let mut lock = fs::File::create(dir.path().join("lock")).unwrap();
    writeln!(lock, "4242").unwrap();
    let error = Store::open_sled(dir.path(), SledOptions::default()).unwrap_err();
    assert!(
        matches!(
            error,
            OpenError::Locked {
                pid: Some(4242),
                ..
            }
        ),
        "{error}"
    );
    assert!(
        error.to_string().contains("in use by process 4242"),
        "{error}"
    );
}

#[tokio::test]
async fn the_lock_names_the_process_that_holds_it() {
    let dir = tempfile::tempdir().unwrap();
    let _store = on_disk(dir.path());
    let holder = fs::read_to_string(dir.path().join("lock")).unwrap();
    assert_eq!(holder.trim(), std::process::id().to_string());
}

#[tokio::test]
async fn a_newer_store_is_refused_with_both_formats() {
    let dir = tempfile::tempdir().unwrap();
    on_disk(dir.path()).close().await.unwrap();
    testing::set_format(dir.path(), 7);
    let error = Store::open_sled(dir.path(), SledOptions::default()).unwrap_err();
    assert!(
        matches!(error, OpenError::Newer { found: 7, known: 3 }),
        "{error}"
    );
}

#[tokio::test]
async fn a_store_of_before_the_first_release_is_refused_with_its_format() {
    let dir = tempfile::tempdir().unwrap();
    on_disk(dir.path()).close().await.unwrap();
    testing::set_format(dir.path(), 2);
    let error = Store::open_sled(dir.path(), SledOptions::default()).unwrap_err();
    assert!(matches!(error, OpenError::Older { found: 2 }), "{error}");
}

#[tokio::test]
async fn a_store_without_its_format_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = on_disk(dir.path());
    commit_each(&store, &numbered(0..1)).await;
    store.close().await.unwrap();
    testing::forget_format(dir.path());
    let error = Store::open_sled(dir.path(), SledOptions::default()).unwrap_err();
    assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
}

#[tokio::test]
async fn a_record_that_was_changed_behind_the_store_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let store = on_disk(dir.path());
    commit_each(&store, &numbered(0..3)).await;
    store.close().await.unwrap();
    testing::exchange(
        dir.path(),
        &full_key(village(), b"00000"),
        &full_key(village(), b"00001"),
    );
    let store = on_disk(dir.path());
    let error = store.get(village(), b"00001").await.unwrap_err();
    assert!(matches!(&error, StoreError::Damaged { key, .. } if key == "330825002222/00001"));
    let error = store
        .scan(village(), Range::all(), 9, false)
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }));
    assert_eq!(
        value(&store, "00002").await,
        Some(numbered(2..3)[0].1.clone())
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_path_that_cannot_be_a_store_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, b"").unwrap();
    let error = Store::open_sled(&file.join("store"), SledOptions::default()).unwrap_err();
    assert!(
        matches!(error, OpenError::Io { what: "create", .. }),
        "{error}"
    );
}

//! Tests of a full disk: new work is refused, everything else goes on.

use std::{
    process::Command,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use super::*;

/// Opens a store on a disk that has as many bytes left as `left` states.
fn gauged(dir: &Path, left: &Arc<AtomicU64>) -> Store {
    let left = left.clone();
    let pace = CheckpointPolicy {
        look: Duration::from_millis(1),
        gauge: Some(Arc::new(move || left.load(Ordering::Relaxed))),
        ..CheckpointPolicy::default()
    };
    Store::open_paced(dir, &SledOptions::default(), pace, AckWhen::Synced).unwrap()
}

const PLENTY: u64 = 1 << 40;

async fn until(mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it never came");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Commits until there is no room, and returns how many units were acknowledged.
async fn fill(store: &Store) -> usize {
    for n in 0..10_000 {
        let unit = put(&format!("{n:05}"), &"x".repeat(30_000));
        match store.commit(unit).await {
            Ok(_) => {}
            Err(error) => {
                assert_eq!(error, CommitError::Store(StoreError::Full));
                return n;
            }
        }
    }
    panic!("the disk is never full");
}

#[tokio::test]
async fn a_full_disk_refuses_new_work_takes_outcomes_and_is_read_until_there_is_room() {
    let dir = tempfile::tempdir().unwrap();
    let left = Arc::new(AtomicU64::new(PLENTY));
    let store = gauged(dir.path(), &left);
    store.commit(put("a", "1")).await.unwrap();
    assert!(dir.path().join("reserve").exists());
    left.store(1000, Ordering::Relaxed);
    let taken = fill(&store).await;
    assert!(store.is_full() && store.failure().is_none());
    until(|| !dir.path().join("reserve").exists()).await;

    assert_eq!(value(&store, "a").await, Some(bytes("1")));
    assert_eq!(everything(&store, village()).await.len(), taken + 1);
    let outcome = store.submit_outcome(put("ack", "1")).await.unwrap();
    outcome.durable().await.unwrap();
    let mut view = store.view(village());
    view.is_outcome();
    view.put("ack", "2");
    view.submit().await.unwrap().durable().await.unwrap();

    left.store(PLENTY, Ordering::Relaxed);
    until(|| !store.is_full()).await;
    store.commit(put("b", "1")).await.unwrap();
    assert!(dir.path().join("reserve").exists());
    store.close().await.unwrap();
    let store = on_disk(dir.path());
    assert_eq!(everything(&store, village()).await.len(), taken + 3);
}

/// A small file system, unmounted when dropped; `None` where mounting is not permitted.
struct Small(tempfile::TempDir);

impl Small {
    fn mount(size: &str) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(dir.path())
            .output();
        let mounted = mount.is_ok_and(|mount| mount.status.success());
        if !mounted {
            eprintln!("skipped: mounting a small file system takes root");
        }
        mounted.then(|| Self(dir))
    }

    fn dir(&self) -> std::path::PathBuf {
        self.0.path().join("store")
    }

    /// Takes all the room there is.
    fn fill(&self) {
        let filler = Command::new("dd")
            .args(["if=/dev/zero", "bs=4k"])
            .arg(format!("of={}", self.filler().display()))
            .output();
        assert!(!filler.unwrap().status.success(), "the disk is not full");
    }

    fn filler(&self) -> std::path::PathBuf {
        self.0.path().join("filler")
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _unmounted = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[tokio::test]
async fn a_disk_that_others_fill_loses_nothing_and_goes_on_when_they_give_it_back() {
    for size in ["6m", "24m"] {
        let Some(small) = Small::mount(size) else {
            return;
        };
        let store = on_disk(&small.dir());
        store.commit(put("a", "1")).await.unwrap();
        small.fill();
        let taken = fill(&store).await;
        assert_eq!(
            everything(&store, village()).await.len(),
            taken + 1,
            "{size}"
        );
        // Fill the room that the reserve gave back, too.
        small.fill();
        for n in 0..200 {
            let key = format!("outcome {n:05}");
            let outcome = store.submit_outcome(put(&key, &"x".repeat(30_000))).await;
            let Ok(outcome) = outcome else { break };
            if let Err(error) = outcome.durable().await {
                assert_eq!(error, StoreError::Full);
                assert_eq!(value(&store, &key).await, None);
                break;
            }
        }
        let before = everything(&store, village()).await;
        fs::remove_file(small.filler()).unwrap();
        until(|| !store.is_full()).await;
        store.commit(put("b", "1")).await.unwrap();
        store.close().await.unwrap();
        let store = on_disk(&small.dir());
        assert_eq!(everything(&store, village()).await.len(), before.len() + 1);
        drop(store);
    }
}

#[tokio::test]
async fn a_store_on_a_full_disk_closes_is_refused_with_words_and_opens_when_there_is_room() {
    let Some(small) = Small::mount("24m") else {
        return;
    };
    let store = on_disk(&small.dir());
    small.fill();
    let taken = fill(&store).await;
    small.fill();
    let _not_clean = store.close().await;
    let error = Store::open_sled(&small.dir(), SledOptions::default()).unwrap_err();
    assert!(matches!(error, OpenError::NoRoom { .. }), "{error}");
    fs::remove_file(small.filler()).unwrap();
    let store = on_disk(&small.dir());
    assert_eq!(everything(&store, village()).await.len(), taken);
}

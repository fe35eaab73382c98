//! Tests that a watcher of commits is told of each when it is durable, and of nothing else.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use super::*;

#[tokio::test]
async fn each_unit_is_told_of_once_it_is_durable_with_whose_it_is() {
    let disk = MemoryDisk::new();
    let store = Store::open_memory(&disk).unwrap();
    let told: Arc<Mutex<Vec<(Shard, Duration)>>> = Arc::default();
    let notes = Arc::clone(&told);
    store.watch_commits(move |shard, took| notes.lock().unwrap().push((shard, took)));
    store.watch_commits(|_, _| panic!("the first who watches stays"));
    store.commit(put("a", "1")).await.unwrap();
    store.commit(empty(village())).await.unwrap();
    let other = WriteBatch {
        shard: township(),
        ..put("b", "2")
    };
    store.commit(other).await.unwrap();
    let refused = WriteBatch {
        expect: vec![(bytes("a"), Expect::Absent)],
        ..put("a", "3")
    };
    store.commit(refused).await.unwrap_err();
    store.close().await.unwrap();
    let told: Vec<Shard> = told
        .lock()
        .unwrap()
        .iter()
        .map(|(shard, _)| *shard)
        .collect();
    assert_eq!(told, [village(), township()]);
}

#[tokio::test]
async fn a_checkpoint_is_told_of_when_it_begins_and_when_it_ends() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open_sled(dir.path(), SledOptions::default()).unwrap();
    let told: Arc<Mutex<Vec<&str>>> = Arc::default();
    let notes = Arc::clone(&told);
    store.watch_checkpoints(move |checkpoint| {
        notes.lock().unwrap().push(match checkpoint {
            Checkpoint::Begins => "begins",
            Checkpoint::Done => "done",
            Checkpoint::Failed(_) => "failed",
        });
    });
    store.commit(put("a", "1")).await.unwrap();
    store.close().await.unwrap();
    assert_eq!(*told.lock().unwrap(), ["begins", "done"]);
}

mod compact;
mod concurrency;
mod conformance;
mod damage;
mod disk;
mod durability;
mod export;
mod files;
mod full;
mod power_cut;
mod redo;
mod sealed;
mod snapshot;
mod stepped;
mod transaction;
mod watched;

use std::{fs, path::Path};

use super::*;

fn village() -> Shard {
    "330825002222".parse().unwrap()
}

fn township() -> Shard {
    "330825002".parse().unwrap()
}

fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

fn empty(shard: Shard) -> WriteBatch {
    WriteBatch {
        shard,
        expect: Vec::new(),
        put: Vec::new(),
        delete: Vec::new(),
    }
}

fn put(key: &str, value: &str) -> WriteBatch {
    WriteBatch {
        put: vec![(bytes(key), bytes(value))],
        ..empty(village())
    }
}

fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(Bytes, Bytes)> {
    pairs
        .into_iter()
        .map(|(key, value)| (bytes(key), bytes(value)))
        .collect()
}

async fn everything(store: &Store, shard: Shard) -> Vec<(Bytes, Bytes)> {
    store
        .scan(shard, Range::all(), usize::MAX, false)
        .await
        .unwrap()
        .value
}

async fn value(store: &Store, key: &str) -> Option<Bytes> {
    store.get(village(), key.as_bytes()).await.unwrap().value
}

fn memory() -> (MemoryDisk, Store) {
    let disk = MemoryDisk::new();
    let store = Store::open_memory(&disk).unwrap();
    (disk, store)
}

fn on_disk(dir: &Path) -> Store {
    Store::open_sled(dir, SledOptions::default()).unwrap()
}

fn copy_dir(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_dir(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

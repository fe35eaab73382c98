//! Copies of a store that is written meanwhile.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// What a copy amounts to: later records over earlier ones.
type Content = BTreeMap<(Shard, Bytes), Bytes>;

fn lay(content: &mut Content, records: Vec<Copied>) {
    for Copied { shard, key, value } in records {
        match value {
            Some(value) => content.insert((shard, key), value),
            None => content.remove(&(shard, key)),
        };
    }
}

async fn content(store: &Store) -> Content {
    let mut content = Content::new();
    for shard in [village(), township()] {
        for (key, value) in everything(store, shard).await {
            content.insert((shard, key), value);
        }
    }
    content
}

fn unit(shard: Shard, n: usize, value: Option<&str>) -> WriteBatch {
    let key = Bytes::from(format!("k{n:05}"));
    let mut unit = empty(shard);
    match value {
        Some(value) => unit.put.push((key, bytes(value))),
        None => unit.delete.push(key),
    }
    unit
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever is written between two pieces of a copy, the whole is what the store had when the last piece was
    /// read.
    #[test]
    fn a_copy_is_the_content_of_one_moment(
        before in 0_usize..1500,
        writes in prop::collection::vec((any::<bool>(), 0_usize..1600, prop::option::of(0_u8..9)), 0..400),
        each in 1_usize..300,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (_disk, store) = memory();
            for n in 0..before {
                let shard = if n.is_multiple_of(3) { township() } else { village() };
                drop(store.submit(unit(shard, n, Some("before"))).await.unwrap());
            }
            let mut export = store.export().unwrap();
            let (mut copy, mut writes) = (Content::new(), writes.into_iter());
            let mut expected = content(&store).await;
            while let Some(records) = export.next().await.unwrap() {
                expected = content(&store).await;
                lay(&mut copy, records);
                for (village_s, n, value) in writes.by_ref().take(each) {
                    let shard = if village_s { village() } else { township() };
                    let value = value.map(|value| value.to_string());
                    drop(store.submit(unit(shard, n, value.as_deref())).await.unwrap());
                }
            }
            prop_assert_eq!(copy, expected);
            Ok(())
        })?;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn units_are_whole_in_a_copy_that_is_made_under_load_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    let pace = CheckpointPolicy {
        bytes: 20_000,
        ..CheckpointPolicy::default()
    };
    let options = SledOptions::default();
    let store = Store::open_paced(dir.path(), &options, pace, AckWhen::Synced).unwrap();
    // Every unit writes one number under two keys that lie far apart.
    let both = |n: usize, value: usize| {
        let value = Bytes::from(format!("{value:09}"));
        let put = ["a", "z"].map(|half| (Bytes::from(format!("{half}{n:04}")), value.clone()));
        WriteBatch {
            put: put.to_vec(),
            ..empty(village())
        }
    };
    for n in 0..2000 {
        drop(store.submit(both(n, 0)).await.unwrap());
    }
    store.commit(both(0, 0)).await.unwrap();
    let writing = {
        let store = store.clone();
        tokio::spawn(async move {
            for round in 1..40_usize {
                for n in (0..2000).step_by(7) {
                    drop(store.submit(both((n * round) % 2000, round)).await.unwrap());
                }
                tokio::task::yield_now().await;
            }
        })
    };
    let mut copies = 0;
    while !writing.is_finished() || copies == 0 {
        let mut export = store.export().unwrap();
        let mut copy = Content::new();
        while let Some(records) = export.next().await.unwrap() {
            lay(&mut copy, records);
        }
        assert_eq!(copy.len(), 4000);
        for n in 0..2000 {
            let of = |half: &str| &copy[&(village(), Bytes::from(format!("{half}{n:04}")))];
            assert_eq!(of("a"), of("z"), "{n}");
        }
        copies += 1;
    }
    writing.await.unwrap();
    assert!(store.committer.notes_nothing());
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_copy_fills_another_store_and_what_was_deleted_meanwhile_is_not_in_it() {
    let (_disk, store) = memory();
    for n in 0..700 {
        store.commit(unit(village(), n, Some("one"))).await.unwrap();
    }
    let (_other, copy) = memory();
    let mut export = store.export().unwrap();
    let first = export.next().await.unwrap().unwrap();
    copy.fill(first).await.unwrap();
    store.commit(unit(village(), 3, None)).await.unwrap();
    store.commit(unit(village(), 5, Some("two"))).await.unwrap();
    let mut last = None;
    while let Some(records) = export.next().await.unwrap() {
        last = copy.fill(records).await.unwrap().or(last);
    }
    last.unwrap().durable().await.unwrap();
    assert_eq!(content(&copy).await, content(&store).await);
    assert_eq!(content(&copy).await.len(), 699);
}

#[tokio::test]
async fn what_was_taken_back_for_lack_of_room_is_in_no_copy() {
    let disk = MemoryDisk::stepped();
    let store = Store::open_memory(&disk).unwrap();
    for n in 0..10 {
        drop(
            store
                .submit(unit(village(), n, Some("kept")))
                .await
                .unwrap(),
        );
    }
    disk.step();
    let kept = content(&store).await;
    let mut export = store.export().unwrap();
    let (mut copy, next) = (Content::new(), export.next());
    lay(&mut copy, next.await.unwrap().unwrap());
    disk.leave_room(Some(70 << 10));
    drop(
        store
            .submit(unit(village(), 2, Some(&"x".repeat(50_000))))
            .await
            .unwrap(),
    );
    drop(
        store
            .submit(unit(village(), 3, Some(&"x".repeat(50_000))))
            .await
            .unwrap(),
    );
    let (rest, ()) = tokio::join!(export.next(), async {
        tokio::task::yield_now().await;
        disk.leave_room(Some(0));
        disk.step();
    });
    lay(&mut copy, rest.unwrap().unwrap());
    assert!(export.next().await.unwrap().is_none());
    assert_eq!(copy, kept);
}

#[tokio::test]
async fn a_copy_that_is_read_more_slowly_than_others_write_is_given_up() {
    let (_disk, store) = memory();
    for n in 0..600 {
        drop(store.submit(unit(village(), n, Some("one"))).await.unwrap());
    }
    let mut export = store.export().unwrap();
    export.next().await.unwrap();
    let behind = |n: usize| Bytes::from([&[0; 8], &n.to_be_bytes()[..]].concat());
    let note = |noted: &mut crate::export::Noted, keys: std::ops::Range<usize>| {
        for n in keys {
            noted.note(&behind(n));
        }
    };
    store.committer.noted(|noted| note(noted, 0..10)).unwrap();
    export.next().await.unwrap();
    let many = crate::export::MOST_NOTED + 1;
    store.committer.noted(|noted| note(noted, 0..many)).unwrap();
    let error = export.next().await.unwrap_err();
    assert!(matches!(error, ExportError::TooSlow), "{error}");
}

//! Tests that nothing leaves before it is durable. Nothing counts as durable after the disk failed.

use std::time::Duration;

use futures::FutureExt;

use super::*;

#[tokio::test]
async fn what_is_read_before_the_sync_settles_only_after_it() {
    let (disk, store) = memory();
    store.commit(put("old", "1")).await.unwrap();
    disk.pause_sync();
    let ticket = store.submit(put("new", "1")).await.unwrap();
    disk.wait_until_held();

    let new = store.get(village(), b"new").await.unwrap();
    assert_eq!(new.value, Some(bytes("1")));
    let all = store.scan(village(), Range::all(), 9, false).await.unwrap();
    assert_eq!(all.generation, new.generation);
    let old = store.get(village(), b"old").await.unwrap();
    store
        .wait_durable(old.generation)
        .now_or_never()
        .expect("durable long ago")
        .unwrap();

    let mut durable = Box::pin(ticket.durable());
    let mut settle = Box::pin(store.wait_durable(new.generation));
    assert!((&mut durable).now_or_never().is_none());
    assert!((&mut settle).now_or_never().is_none());
    disk.resume_sync();
    settle.await.unwrap();
    assert_eq!(durable.await.unwrap().generation, new.generation);
}

#[tokio::test]
async fn a_conflict_is_answered_only_when_what_it_saw_is_durable() {
    let (disk, store) = memory();
    disk.pause_sync();
    let first = store.submit(put("a", "1")).await.unwrap();
    let unit = WriteBatch {
        expect: vec![(bytes("a"), Expect::Absent)],
        ..put("a", "2")
    };
    let mut second = Box::pin(store.submit(unit));
    assert!((&mut second).now_or_never().is_none());
    disk.wait_until_held();
    assert!((&mut second).now_or_never().is_none());
    disk.resume_sync();
    assert!(matches!(second.await, Err(CommitError::Conflict(_))));
    first.durable().await.unwrap();
}

#[tokio::test]
async fn a_conflict_with_what_the_power_cut_took_is_never_answered() {
    let (disk, store) = memory();
    disk.pause_sync();
    let first = store.submit(put("a", "1")).await.unwrap();
    let unit = WriteBatch {
        expect: vec![(bytes("a"), Expect::Absent)],
        ..put("a", "2")
    };
    let mut second = Box::pin(store.commit(unit));
    assert!((&mut second).now_or_never().is_none());
    disk.wait_until_held();
    disk.power_cut(0);
    assert!(matches!(first.durable().await, Err(StoreError::Unknown(_))));
    let answer = second.await;
    assert!(
        matches!(answer, Err(CommitError::Store(StoreError::Unknown(_)))),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a_unit_without_writes_checks_and_waits_for_what_it_saw() {
    let (disk, store) = memory();
    disk.pause_sync();
    let _first = store.submit(put("a", "1")).await.unwrap();
    let check = WriteBatch {
        expect: vec![(bytes("a"), Expect::Is(bytes("1")))],
        ..empty(village())
    };
    let mut check = Box::pin(store.commit(check));
    assert!((&mut check).now_or_never().is_none());
    disk.resume_sync();
    check.await.unwrap();
    assert_eq!(disk.sync_count(), 1);
}

#[tokio::test]
async fn what_waits_shares_one_sync() {
    let (disk, store) = memory();
    disk.pause_sync();
    let mut tickets = vec![store.submit(put("first", "1")).await.unwrap()];
    disk.wait_until_held();
    for n in 0..100 {
        tickets.push(store.submit(put(&n.to_string(), "1")).await.unwrap());
    }
    disk.resume_sync();
    for ticket in tickets {
        ticket.durable().await.unwrap();
    }
    assert_eq!(disk.sync_count(), 2);
}

#[tokio::test]
async fn units_that_nobody_waits_for_share_the_sync_of_one_that_somebody_waits_for() {
    let (disk, store) = memory();
    for n in 0..10 {
        let _not_awaited = store.submit(put(&n.to_string(), "1")).await.unwrap();
    }
    let awaited = store.submit(put("a", "1")).await.unwrap();
    awaited.durable().await.unwrap();
    assert_eq!(disk.sync_count(), 1);
    // Who read a unit may wait for it, too.
    let _not_awaited = store.submit(put("b", "1")).await.unwrap();
    let seen = store.get(village(), b"b").await.unwrap();
    store.wait_durable(seen.generation).await.unwrap();
    assert_eq!(disk.sync_count(), 2);
}

#[tokio::test]
async fn units_that_nobody_waits_for_become_durable_by_themselves() {
    let (disk, store) = memory();
    let _not_awaited = store.submit(put("a", "1")).await.unwrap();
    while disk.sync_count() == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let after = Store::open_memory(&disk.power_cut(0)).unwrap();
    assert_eq!(value(&after, "a").await, Some(bytes("1")));
}

#[tokio::test]
async fn after_a_failed_sync_the_outcome_is_unknown_and_only_what_is_durable_is_read() {
    let (disk, store) = memory();
    store.commit(put("a", "1")).await.unwrap();
    disk.fail_sync_next();
    let answer = store.commit(put("b", "1")).await;
    assert!(
        matches!(answer, Err(CommitError::Store(StoreError::Unknown(_)))),
        "{answer:?}"
    );
    let answer = store.commit(put("c", "1")).await;
    assert!(
        matches!(answer, Err(CommitError::Store(StoreError::Poisoned(_)))),
        "{answer:?}"
    );
    assert_eq!(value(&store, "a").await, Some(bytes("1")));
    assert_eq!(everything(&store, village()).await, pairs([("a", "1")]));
    assert!(matches!(store.close().await, Err(StoreError::Unknown(_))));

    let store = Store::open_memory(&disk).unwrap();
    assert_eq!(value(&store, "a").await, Some(bytes("1")));
    assert_eq!(value(&store, "c").await, None);
    store.commit(put("c", "1")).await.unwrap();
}

#[tokio::test]
async fn what_a_killed_process_left_unsynced_is_synced_before_it_is_read() {
    let (disk, store) = memory();
    disk.fail_sync_next();
    store.commit(put("a", "1")).await.unwrap_err();
    let reopened = Store::open_memory(&disk).unwrap();
    assert_eq!(value(&reopened, "a").await, Some(bytes("1")));
    let cut = Store::open_memory(&disk.power_cut(0)).unwrap();
    assert_eq!(value(&cut, "a").await, Some(bytes("1")));
}

#[tokio::test]
async fn submitters_wait_while_too_much_waits_for_the_disk() {
    let (disk, store) = memory();
    disk.pause_sync();
    let large = |n: usize| WriteBatch {
        put: vec![(Bytes::from(n.to_string()), vec![7; VALUE_LIMIT].into())],
        ..empty(village())
    };
    let mut tickets = Vec::new();
    let mut waiting = loop {
        let mut submit = Box::pin(store.submit(large(tickets.len())));
        match (&mut submit).now_or_never() {
            Some(ticket) => tickets.push(ticket.unwrap()),
            None => break submit,
        }
        assert!(tickets.len() < 1000, "nothing bounds what waits");
    };
    assert!(tickets.len() > 100);
    disk.wait_until_held();
    assert!((&mut waiting).now_or_never().is_none());
    disk.resume_sync();
    waiting.await.unwrap().durable().await.unwrap();
}

#[tokio::test]
async fn who_waits_for_room_is_told_when_the_disk_fails() {
    let (disk, store) = memory();
    disk.pause_sync();
    let large = WriteBatch {
        put: (0..200)
            .map(|n| (bytes(&n.to_string()), vec![7; VALUE_LIMIT].into()))
            .collect(),
        ..empty(village())
    };
    let _ticket = store.submit(large).await.unwrap();
    let mut waiting = Box::pin(store.submit(put("a", "1")));
    assert!((&mut waiting).now_or_never().is_none());
    disk.fail_sync_next();
    disk.resume_sync();
    let answer = waiting.await.err();
    assert!(
        matches!(answer, Some(CommitError::Store(StoreError::Poisoned(_)))),
        "{answer:?}"
    );
}

#[tokio::test]
async fn dropping_the_last_handle_still_writes_what_was_taken() {
    let (disk, store) = memory();
    let ticket = store.submit(put("a", "1")).await.unwrap();
    drop(store);
    ticket.durable().await.unwrap();
    let store = Store::open_memory(&disk.power_cut(0)).unwrap();
    assert_eq!(value(&store, "a").await, Some(bytes("1")));
}

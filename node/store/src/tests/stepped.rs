//! Tests of stores whose disk says when they write.

use futures::FutureExt;

use super::*;

fn stepped() -> (MemoryDisk, Store) {
    let disk = MemoryDisk::stepped();
    let store = Store::open_memory(&disk).unwrap();
    (disk, store)
}

#[tokio::test]
async fn a_unit_is_seen_at_once_and_durable_after_the_next_step() {
    let (disk, store) = stepped();
    assert!(disk.has_work().now_or_never().is_none());
    let ticket = store.submit(put("a", "1")).await.unwrap();
    disk.has_work().now_or_never().expect("it waits");
    let seen = store.get(village(), b"a").await.unwrap();
    assert_eq!(seen.value, Some(bytes("1")));
    let mut durable = std::pin::pin!(ticket.durable());
    assert!(durable.as_mut().now_or_never().is_none());
    assert_eq!(disk.sync_count(), 0);
    disk.step();
    durable.now_or_never().expect("it is durable").unwrap();
    store.wait_durable(seen.generation).await.unwrap();
    assert_eq!(disk.sync_count(), 1);
}

#[tokio::test]
async fn what_waits_is_written_when_the_store_closes_and_lost_when_the_power_goes() {
    let (disk, store) = stepped();
    let _waits = store.submit(put("a", "1")).await.unwrap();
    store.close().await.unwrap();
    let store = Store::open_memory(&disk).unwrap();
    assert_eq!(value(&store, "a").await, Some(bytes("1")));

    let _lost = store.submit(put("b", "2")).await.unwrap();
    let left = disk.power_cut(0);
    disk.step();
    assert!(store.failure().is_some());
    let refused = store.submit(put("c", "3")).await;
    assert!(refused.is_err());
    let store = Store::open_memory(&left).unwrap();
    assert_eq!(everything(&store, village()).await, pairs([("a", "1")]));
    let ticket = store.submit(put("d", "4")).await.unwrap();
    left.step();
    ticket.durable().await.unwrap();
}

#[tokio::test]
async fn a_disk_in_memory_fills_up_and_has_room_again() {
    let (disk, store) = stepped();
    disk.leave_room(Some(70_000));
    let first = store.submit(put("a", &"x".repeat(20_000))).await.unwrap();
    disk.step();
    first.durable().await.unwrap();
    assert!(store.is_full(), "there is little room left");
    let refused = store.submit(put("b", "2")).await.map(|_| ()).unwrap_err();
    assert_eq!(refused, CommitError::Store(StoreError::Full));

    let outcome = store.submit_outcome(put("c", &"x".repeat(40_000)));
    let outcome = outcome.await.unwrap();
    disk.step();
    outcome.durable().await.unwrap();
    let beyond = store.submit_outcome(put("d", &"x".repeat(40_000)));
    let beyond = beyond.await.unwrap();
    disk.step();
    assert_eq!(beyond.durable().await.unwrap_err(), StoreError::Full);
    assert_eq!(value(&store, "d").await, None, "nothing of it was done");

    disk.leave_room(None);
    disk.has_work().now_or_never().expect("it looks again");
    disk.step();
    let taken = store.submit(put("b", "2")).await.unwrap();
    disk.step();
    taken.durable().await.unwrap();
    assert!(!store.is_full());
}

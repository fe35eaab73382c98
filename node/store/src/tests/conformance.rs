//! Tests of what both engines promise.

use super::*;

macro_rules! on_both_engines {
    ($($name:ident)*) => {
        mod on_memory {
            $(#[tokio::test] async fn $name() {
                let (_disk, store) = super::memory();
                super::$name(store).await;
            })*
        }
        mod on_sled {
            $(#[tokio::test] async fn $name() {
                let dir = tempfile::tempdir().unwrap();
                super::$name(super::on_disk(dir.path())).await;
            })*
        }
    };
}

on_both_engines! {
    what_was_put_is_found_and_what_was_deleted_is_not
    shards_do_not_see_each_other
    scans_find_ranges_in_both_directions_and_stop_at_the_limit
    a_unit_is_refused_whole_if_one_expectation_fails
    expectations_are_checked_against_what_is_not_durable_yet
    of_two_units_that_expect_the_same_only_the_first_is_taken
    a_unit_larger_than_a_batch_is_taken_whole
    oversized_keys_and_values_are_refused
    a_closed_store_says_so
    units_become_durable_in_the_order_they_were_taken
}

async fn what_was_put_is_found_and_what_was_deleted_is_not(store: Store) {
    store.commit(put("a", "1")).await.unwrap();
    store.commit(put("a", "2")).await.unwrap();
    store.commit(put("b", "")).await.unwrap();
    assert_eq!(value(&store, "a").await, Some(bytes("2")));
    assert_eq!(value(&store, "b").await, Some(bytes("")));
    assert_eq!(value(&store, "c").await, None);

    let delete = WriteBatch {
        delete: vec![bytes("a"), bytes("c")],
        ..empty(village())
    };
    store.commit(delete).await.unwrap();
    assert_eq!(value(&store, "a").await, None);
    assert_eq!(everything(&store, village()).await, pairs([("b", "")]));
    assert!(store.size_on_disk().unwrap() > 0);
}

async fn shards_do_not_see_each_other(store: Store) {
    store.commit(put("k", "village")).await.unwrap();
    let next: Shard = "330825002223".parse().unwrap();
    for (shard, name) in [(township(), "township"), (next, "next")] {
        let unit = WriteBatch {
            put: pairs([("k", name), ("", name)]),
            ..empty(shard)
        };
        store.commit(unit).await.unwrap();
    }
    assert_eq!(
        everything(&store, village()).await,
        pairs([("k", "village")])
    );
    let theirs = pairs([("", "township"), ("k", "township")]);
    assert_eq!(everything(&store, township()).await, theirs);
    let backwards = store.scan(village(), Range::all(), 9, true).await.unwrap();
    assert_eq!(backwards.value, pairs([("k", "village")]));
}

async fn scans_find_ranges_in_both_directions_and_stop_at_the_limit(store: Store) {
    let all = pairs([("a/1", "x"), ("a/2", "y"), ("a\u{7f}", "z"), ("b/1", "w")]);
    store
        .commit(WriteBatch {
            put: all.clone(),
            ..empty(village())
        })
        .await
        .unwrap();
    let scan = async |range: Range, limit, reverse| {
        let seen = store.scan(village(), range, limit, reverse).await.unwrap();
        seen.value
    };
    assert_eq!(scan(Range::prefix(b"a/"), 9, false).await, all[..2]);
    assert_eq!(scan(Range::prefix(b"a/"), 1, true).await, all[1..2]);
    assert_eq!(
        scan(Range::between("a/2", "b/1"), 9, false).await,
        all[1..3]
    );
    assert_eq!(scan(Range::all(), 3, false).await, all[..3]);
    assert_eq!(scan(Range::all(), 0, false).await, []);
    assert_eq!(scan(Range::between("b", "a"), 9, true).await, []);
    assert_eq!(scan(Range::prefix(b"\xff"), 9, false).await, []);
    let mut turned = scan(Range::all(), 9, true).await;
    turned.reverse();
    assert_eq!(turned, all);
}

async fn a_unit_is_refused_whole_if_one_expectation_fails(store: Store) {
    store.commit(put("a", "1")).await.unwrap();
    let unit = WriteBatch {
        expect: vec![
            (bytes("none"), Expect::Absent),
            (bytes("a"), Expect::Is(bytes("2"))),
            (bytes("a"), Expect::Absent),
        ],
        put: pairs([("a", "3"), ("b", "3")]),
        ..empty(village())
    };
    let conflict = Conflict {
        key: bytes("a"),
        found: Some(bytes("1")),
    };
    assert_eq!(
        store.commit(unit).await,
        Err(CommitError::Conflict(conflict))
    );
    assert_eq!(everything(&store, village()).await, pairs([("a", "1")]));
}

async fn expectations_are_checked_against_what_is_not_durable_yet(store: Store) {
    let first = store.submit(put("a", "1")).await.unwrap();
    let unit = WriteBatch {
        expect: vec![
            (bytes("a"), Expect::Is(bytes("1"))),
            (bytes("b"), Expect::Absent),
        ],
        put: pairs([("b", "2")]),
        delete: vec![bytes("a")],
        ..empty(village())
    };
    let second = store.submit(unit.clone()).await.unwrap();
    assert_eq!(everything(&store, village()).await, pairs([("b", "2")]));
    assert!(matches!(
        store.submit(unit).await,
        Err(CommitError::Conflict(_))
    ));
    first.durable().await.unwrap();
    second.durable().await.unwrap();
    assert_eq!(everything(&store, village()).await, pairs([("b", "2")]));
}

async fn of_two_units_that_expect_the_same_only_the_first_is_taken(store: Store) {
    let mut taken = Vec::new();
    for writer in 0..20 {
        let unit = WriteBatch {
            expect: vec![(bytes("a"), Expect::Absent)],
            ..put("a", &writer.to_string())
        };
        if store.commit(unit).await.is_ok() {
            taken.push(writer);
        }
    }
    assert_eq!(taken, [0]);
    assert_eq!(value(&store, "a").await, Some(bytes("0")));
}

async fn a_unit_larger_than_a_batch_is_taken_whole(store: Store) {
    let many: Vec<_> = (0..BATCH_KEYS * 3 + 1)
        .map(|n| (Bytes::from(format!("{n:06}")), Bytes::from(n.to_string())))
        .collect();
    let tickets = [
        store.submit(put("first", "1")).await.unwrap(),
        store
            .submit(WriteBatch {
                put: many.clone(),
                ..empty(township())
            })
            .await
            .unwrap(),
        store.submit(put("last", "1")).await.unwrap(),
    ];
    for ticket in tickets {
        ticket.durable().await.unwrap();
    }
    assert_eq!(everything(&store, township()).await, many);
    assert_eq!(
        everything(&store, village()).await,
        pairs([("first", "1"), ("last", "1")])
    );
}

async fn oversized_keys_and_values_are_refused(store: Store) {
    let value = |size| WriteBatch {
        put: vec![(bytes("k"), vec![7; size].into())],
        ..empty(village())
    };
    store.commit(value(VALUE_LIMIT)).await.unwrap();
    let size = VALUE_LIMIT + 1;
    assert_eq!(
        store.commit(value(size)).await,
        Err(CommitError::ValueTooLarge { size })
    );
    let unit = WriteBatch {
        delete: vec![vec![7; KEY_LIMIT + 1].into()],
        ..empty(village())
    };
    assert_eq!(
        store.commit(unit).await,
        Err(CommitError::KeyTooLong {
            size: KEY_LIMIT + 1
        })
    );
}

async fn a_closed_store_says_so(store: Store) {
    let other = store.clone();
    let ticket = store.submit(put("a", "1")).await.unwrap();
    store.close().await.unwrap();
    ticket.durable().await.unwrap();
    assert_eq!(
        other.commit(put("b", "1")).await,
        Err(StoreError::Closed.into())
    );
    assert_eq!(other.get(village(), b"a").await, Err(StoreError::Closed));
    other.close().await.unwrap();
}

async fn units_become_durable_in_the_order_they_were_taken(store: Store) {
    let mut tickets = Vec::new();
    for n in 0..300 {
        tickets.push(store.submit(put(&format!("{n:03}"), "v")).await.unwrap());
    }
    let generations: Vec<_> = tickets.iter().map(Ticket::generation).collect();
    assert!(generations.is_sorted());
    let last = tickets.pop().unwrap();
    last.durable().await.unwrap();
    for ticket in tickets {
        let now = futures::FutureExt::now_or_never(ticket.durable());
        assert!(matches!(now, Some(Ok(_))), "an older unit was not durable");
    }
    let all = store
        .scan(village(), Range::all(), usize::MAX, false)
        .await
        .unwrap();
    assert_eq!(
        (all.value.len(), all.generation),
        (300, Generation::default())
    );
}

use futures::FutureExt;

use super::*;

#[tokio::test]
async fn what_a_view_gets_must_still_hold_when_it_submits() {
    let (_disk, store) = memory();
    store.commit(put("got", "1")).await.unwrap();
    for key in ["got", "absent"] {
        let mut view = store.view(village());
        view.get(key.as_bytes()).await.unwrap();
        view.put("out", key);
        store.commit(put(key, "2")).await.unwrap();
        let answer = view.submit().await.err();
        assert!(
            matches!(answer, Some(CommitError::Conflict(c)) if c.key == key),
            "{key}"
        );
    }
    assert_eq!(value(&store, "out").await, None);
}

#[tokio::test]
async fn what_a_view_only_peeks_at_may_change() {
    let (_disk, store) = memory();
    store.commit(put("peeked", "1")).await.unwrap();
    let mut view = store.view(village());
    assert_eq!(view.peek(b"peeked").await.unwrap(), Some(bytes("1")));
    view.put("out", "1");
    store.commit(put("peeked", "2")).await.unwrap();
    view.submit().await.unwrap().durable().await.unwrap();
    assert_eq!(value(&store, "out").await, Some(bytes("1")));
}

#[tokio::test]
async fn a_view_sees_its_own_writes_and_others_do_not() {
    let (_disk, store) = memory();
    let all = pairs([("a", "1"), ("b", "1"), ("c", "1"), ("d", "1")]);
    store
        .commit(WriteBatch {
            put: all,
            ..empty(village())
        })
        .await
        .unwrap();
    let mut view = store.view(village());
    assert!(view.is_empty());
    view.delete("a");
    view.put("b", "2");
    view.put("bb", "2");
    view.delete("d");
    view.put("e", "2");
    assert_eq!(view.len(), 5);
    assert_eq!(view.get(b"b").await.unwrap(), Some(bytes("2")));
    assert_eq!(view.peek(b"a").await.unwrap(), None);

    let expected = pairs([("b", "2"), ("bb", "2"), ("c", "1"), ("e", "2")]);
    assert_eq!(view.scan(Range::all(), 9, false).await.unwrap(), expected);
    assert_eq!(
        view.scan(Range::all(), 3, false).await.unwrap(),
        expected[..3]
    );
    let last = view.scan(Range::all(), 2, true).await.unwrap();
    assert_eq!(last, pairs([("e", "2"), ("c", "1")]));
    assert_eq!(
        view.scan(Range::prefix(b"b"), 9, false).await.unwrap(),
        expected[..2]
    );
    assert_eq!(value(&store, "bb").await, None);

    view.submit().await.unwrap().durable().await.unwrap();
    assert_eq!(everything(&store, village()).await, expected);
}

#[tokio::test]
async fn a_second_get_repeats_the_first() {
    let (_disk, store) = memory();
    let mut view = store.view(village());
    assert_eq!(view.get(b"a").await.unwrap(), None);
    store.commit(put("a", "1")).await.unwrap();
    assert_eq!(view.get(b"a").await.unwrap(), None);
    assert_eq!(view.peek(b"a").await.unwrap(), None);
}

#[tokio::test]
async fn an_answer_without_writes_waits_for_all_the_view_has_seen() {
    let (disk, store) = memory();
    disk.pause_sync();
    let _ticket = store.submit(put("a", "1")).await.unwrap();
    disk.wait_until_held();
    let mut peeked = store.view(village());
    peeked.peek(b"a").await.unwrap();
    let mut scanned = store.view(village());
    scanned.scan(Range::all(), 9, true).await.unwrap();
    let mut untouched = store.view(village());
    untouched.get(b"b").await.unwrap();
    untouched
        .wait_durable()
        .now_or_never()
        .expect("nothing to wait for")
        .unwrap();

    let mut submitted = store.view(township());
    submitted.get(b"a").await.unwrap();
    submitted
        .submit()
        .await
        .unwrap()
        .durable()
        .now_or_never()
        .expect("sees nothing")
        .unwrap();

    let mut peeked_settles = Box::pin(peeked.wait_durable());
    let mut scanned_settles = Box::pin(scanned.wait_durable());
    assert!((&mut peeked_settles).now_or_never().is_none());
    assert!((&mut scanned_settles).now_or_never().is_none());
    disk.resume_sync();
    peeked_settles.await.unwrap();
    scanned_settles.await.unwrap();

    disk.pause_sync();
    let _ticket = store.submit(put("a", "2")).await.unwrap();
    let mut view = store.view(village());
    view.peek(b"a").await.unwrap();
    let mut durable = Box::pin(view.submit().await.unwrap().durable());
    assert!(
        (&mut durable).now_or_never().is_none(),
        "a peek is seen, too"
    );
    disk.resume_sync();
    durable.await.unwrap();
}

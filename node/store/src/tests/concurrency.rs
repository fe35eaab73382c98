use std::collections::BTreeMap;

use proptest::{collection::vec, option, prelude::*};

use super::*;

async fn a_token_that_moves_is_seen_in_exactly_one_place(store: Store) {
    let moves = |from: &str, to: &str| WriteBatch {
        expect: vec![(bytes(from), Expect::Is(bytes("token")))],
        put: pairs([(to, "token")]),
        delete: vec![bytes(from)],
        ..empty(village())
    };
    store.commit(put("a", "token")).await.unwrap();
    let mover = tokio::spawn({
        let store = store.clone();
        async move {
            for n in 0..500 {
                let unit = if n % 2 == 0 {
                    moves("a", "z")
                } else {
                    moves("z", "a")
                };
                let ticket = store.submit(unit).await.unwrap();
                if n % 5 == 0 {
                    ticket.durable().await.unwrap();
                }
            }
        }
    });
    let mut scans = 0;
    while !mover.is_finished() || scans == 0 {
        let seen = store
            .scan(village(), Range::all(), 9, scans % 2 == 0)
            .await
            .unwrap();
        assert_eq!(seen.value.len(), 1, "{seen:?}");
        scans += 1;
        tokio::task::yield_now().await;
    }
    mover.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_never_sees_half_a_unit_in_memory() {
    a_token_that_moves_is_seen_in_exactly_one_place(memory().1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scan_never_sees_half_a_unit_on_disk() {
    let dir = tempfile::tempdir().unwrap();
    a_token_that_moves_is_seen_in_exactly_one_place(on_disk(dir.path())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tasks_that_count_in_one_record_lose_no_count() {
    let dir = tempfile::tempdir().unwrap();
    let store = on_disk(dir.path());
    let tasks = (0..8).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut counted = 0;
            while counted < 25 {
                let mut view = store.view(village());
                let count = view.get(b"count").await.unwrap();
                let count: u32 = count.map_or(0, |c| str::from_utf8(&c).unwrap().parse().unwrap());
                view.put("count", (count + 1).to_string());
                match view.submit().await {
                    Ok(ticket) => {
                        ticket.durable().await.unwrap();
                        counted += 1;
                    }
                    Err(CommitError::Conflict(_)) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    assert_eq!(value(&store, "count").await, Some(bytes("200")));
}

type Writes = Vec<(u8, Option<u8>)>;

fn unit(writes: &Writes) -> WriteBatch {
    let writes: BTreeMap<_, _> = writes.iter().copied().collect();
    let mut unit = empty(village());
    for (key, value) in writes {
        match value {
            Some(value) => unit.put.push((vec![key].into(), vec![value].into())),
            None => unit.delete.push(vec![key].into()),
        }
    }
    unit
}

fn writes() -> impl Strategy<Value = Writes> {
    vec((0..30u8, option::weighted(0.6, any::<u8>())), 1..30)
}

proptest! {
    #[test]
    fn scans_lay_what_waits_over_what_is_durable(
        durable in writes(), waiting in vec(writes(), 1..3),
        from in 0..31u8, to in 0..31u8, limit in 0..12usize, reverse: bool,
    ) {
        let mut model = BTreeMap::new();
        for (key, value) in std::iter::once(&durable).chain(&waiting).flatten() {
            match value {
                Some(value) => model.insert(*key, *value),
                None => model.remove(key),
            };
        }
        let mut expected: Vec<(Bytes, Bytes)> = model
            .into_iter()
            .filter(|(key, _)| (from..to).contains(key))
            .map(|(key, value)| (vec![key].into(), vec![value].into()))
            .collect();
        if reverse {
            expected.reverse();
        }
        expected.truncate(limit);

        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let found = runtime.block_on(async {
            let (disk, store) = memory();
            store.commit(unit(&durable)).await.unwrap();
            disk.pause_sync();
            for writes in &waiting {
                let _ticket = store.submit(unit(writes)).await.unwrap();
            }
            let range = Range::between(vec![from], vec![to]);
            let found = store.scan(village(), range, limit, reverse).await.unwrap();
            disk.resume_sync();
            found
        });
        prop_assert_eq!(found.value, expected);
    }
}

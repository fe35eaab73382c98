use std::collections::BTreeMap;

use futures::FutureExt;
use proptest::{collection::vec, option, prelude::*};

use super::*;

type Model = BTreeMap<u8, u8>;
type Writes = Vec<(u8, Option<u8>)>;

/// Opens a store that brings what it holds to the engine as often as it can.
fn busy(dir: &Path) -> Store {
    let pace = CheckpointPolicy {
        bytes: 1,
        idle: Duration::from_millis(1),
        ..CheckpointPolicy::default()
    };
    Store::open_paced(dir, &SledOptions::default(), pace, AckWhen::Synced).unwrap()
}

#[derive(Clone, Debug)]
enum Step {
    Write {
        writes: Writes,
        waits: bool,
    },
    Open,
    Close(usize),
    Scan {
        which: usize,
        from: u8,
        to: u8,
        limit: usize,
        reverse: bool,
    },
    Get {
        which: usize,
        key: u8,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let writes = vec((0..12u8, option::weighted(0.6, any::<u8>())), 1..6);
    let scan = (0..9usize, 0..13u8, 0..13u8, 0..8usize, any::<bool>());
    prop_oneof![
        4 => (writes, any::<bool>()).prop_map(|(writes, waits)| Step::Write { writes, waits }),
        2 => Just(Step::Open),
        1 => (0..9usize).prop_map(Step::Close),
        4 => scan.prop_map(|(which, from, to, limit, reverse)| Step::Scan {
            which, from, to, limit, reverse
        }),
        2 => (0..9usize, 0..12u8).prop_map(|(which, key)| Step::Get { which, key }),
    ]
}

fn write(model: &mut Model, writes: &Writes) -> WriteBatch {
    let mut unit = empty(village());
    let last: BTreeMap<_, _> = writes.iter().copied().collect();
    for (key, value) in last {
        match value {
            Some(value) => {
                model.insert(key, value);
                unit.put.push((vec![key].into(), vec![value].into()));
            }
            None => {
                model.remove(&key);
                unit.delete.push(vec![key].into());
            }
        }
    }
    unit
}

fn page(model: &Model, from: u8, to: u8, limit: usize, reverse: bool) -> Vec<(Bytes, Bytes)> {
    let found = model.iter().filter(|(key, _)| (from..to).contains(key));
    let mut found: Vec<(Bytes, Bytes)> = found
        .map(|(key, value)| (vec![*key].into(), vec![*value].into()))
        .collect();
    if reverse {
        found.reverse();
    }
    found.truncate(limit);
    found
}

async fn snapshots_stay_as_they_were(store: Store, steps: Vec<Step>) {
    let mut now = Model::new();
    let mut open: Vec<(Snapshot, Model)> = vec![];
    for step in steps {
        match step {
            Step::Write { writes, waits } => {
                let ticket = store.submit(write(&mut now, &writes)).await.unwrap();
                if waits {
                    ticket.durable().await.unwrap();
                }
            }
            Step::Open => open.push((store.snapshot(village()).unwrap(), now.clone())),
            Step::Close(which) if which < open.len() => {
                open.remove(which).0.durable().await.unwrap();
            }
            Step::Scan {
                which,
                from,
                to,
                limit,
                reverse,
            } if which < open.len() => {
                let (snapshot, model) = &mut open[which];
                let range = Range::between(vec![from], vec![to]);
                let found = snapshot.scan(range, limit, reverse).await.unwrap();
                assert_eq!(found, page(model, from, to, limit, reverse));
            }
            Step::Get { which, key } if which < open.len() => {
                let (snapshot, model) = &mut open[which];
                let found = snapshot.get(&[key]).await.unwrap();
                assert_eq!(found, model.get(&key).map(|value| vec![*value].into()));
            }
            Step::Close(_) | Step::Scan { .. } | Step::Get { .. } => {}
        }
    }
    drop(open);
    assert!(store.committer.keeps_nothing_for_readers());
    let found = everything(&store, village()).await;
    assert_eq!(found, page(&now, 0, u8::MAX, usize::MAX, false));
    store.close().await.unwrap();
}

fn run(future: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(future);
}

proptest! {
    #[test]
    fn snapshots_stay_as_they_were_in_memory(steps in vec(step(), 1..60)) {
        run(snapshots_stay_as_they_were(memory().1, steps));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn snapshots_stay_as_they_were_on_disk(steps in vec(step(), 1..60)) {
        let dir = tempfile::tempdir().unwrap();
        run(snapshots_stay_as_they_were(busy(dir.path()), steps));
    }
}

async fn a_token_that_moves_stays_where_a_snapshot_saw_it(store: Store) {
    store.commit(put("a", "token")).await.unwrap();
    let mover = tokio::spawn({
        let store = store.clone();
        async move {
            for n in 0..500 {
                let (from, to) = if n % 2 == 0 { ("a", "z") } else { ("z", "a") };
                let unit = WriteBatch {
                    put: pairs([(to, "token")]),
                    delete: vec![bytes(from)],
                    ..empty(village())
                };
                let ticket = store.submit(unit).await.unwrap();
                if n % 5 == 0 {
                    ticket.durable().await.unwrap();
                }
            }
        }
    });
    let mut rounds = 0;
    while !mover.is_finished() || rounds == 0 {
        let mut snapshot = store.snapshot(village()).unwrap();
        let in_a = snapshot.get(b"a").await.unwrap().is_some();
        for read in 0..20 {
            let found = snapshot.scan(Range::all(), 9, read % 2 == 0).await.unwrap();
            assert_eq!(found.len(), 1, "{found:?}");
            assert_eq!(found[0].0, if in_a { "a" } else { "z" });
            assert_eq!(snapshot.get(b"z").await.unwrap().is_some(), !in_a);
            tokio::task::yield_now().await;
        }
        snapshot.durable().await.unwrap();
        rounds += 1;
    }
    mover.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_holds_while_others_write_in_memory() {
    a_token_that_moves_stays_where_a_snapshot_saw_it(memory().1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_holds_while_others_write_and_checkpoints_go_on() {
    let dir = tempfile::tempdir().unwrap();
    a_token_that_moves_stays_where_a_snapshot_saw_it(busy(dir.path())).await;
}

#[tokio::test]
async fn a_snapshot_is_durable_only_when_all_it_saw_is() {
    let (disk, store) = memory();
    disk.pause_sync();
    let ticket = store.submit(put("a", "1")).await.unwrap();
    let mut snapshot = store.snapshot(village()).unwrap();
    assert_eq!(snapshot.get(b"a").await.unwrap(), Some(bytes("1")));
    let mut durable = Box::pin(snapshot.durable());
    assert!((&mut durable).now_or_never().is_none());
    disk.resume_sync();
    durable.await.unwrap();
    ticket.durable().await.unwrap();

    let unread = store.snapshot(village()).unwrap();
    disk.pause_sync();
    let ticket = store.submit(put("a", "2")).await.unwrap();
    unread.durable().await.unwrap();
    disk.resume_sync();
    ticket.durable().await.unwrap();
}

#[tokio::test]
async fn a_key_that_the_engine_got_twice_is_seen_as_it_first_was() {
    let (_, store) = memory();
    store.commit(put("a", "1")).await.unwrap();
    let mut snapshot = store.snapshot(village()).unwrap();
    store.commit(put("a", "2")).await.unwrap();
    store.commit(put("a", "3")).await.unwrap();
    assert_eq!(snapshot.get(b"a").await.unwrap(), Some(bytes("1")));
    let found = snapshot.scan(Range::all(), 9, false).await.unwrap();
    assert_eq!(found, pairs([("a", "1")]));
}

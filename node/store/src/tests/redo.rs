//! Tests of the redo log: power cuts on file images at every place that may matter.

mod damage;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tempfile::TempDir;

use super::*;
use crate::redo::{Check, Point, Probe};

const POINTS: [Point; 11] = [
    Point::Appended,
    Point::Synced,
    Point::SegmentCreated,
    Point::SegmentBegun,
    Point::SegmentClosed,
    Point::Sealed,
    Point::BatchApplied,
    Point::Marked,
    Point::EngineSynced,
    Point::SegmentRemoved,
    Point::SegmentsGone,
];

/// Builds a pace at which checkpoints begin only when this much was written, or at close.
fn pace(bytes: usize, probe: Option<Probe>) -> CheckpointPolicy {
    CheckpointPolicy {
        bytes,
        idle: Duration::from_secs(3600),
        probe,
        ..CheckpointPolicy::default()
    }
}

fn open(dir: &Path, pace: CheckpointPolicy, ack: AckWhen) -> Result<Store, OpenError> {
    Store::open_paced(dir, &SledOptions::default(), pace, ack)
}

fn open_quiet(dir: &Path) -> Store {
    open(dir, pace(4 << 20, None), AckWhen::Synced).unwrap()
}

const NO_STATE: [&str; 2] = ["lock", "reserve"];

type Content = BTreeMap<PathBuf, Vec<u8>>;

/// Reads the files of a store, without those that are not part of its state.
fn content(dir: &Path) -> Content {
    fn gather(root: &Path, dir: &Path, into: &mut Content) {
        let Ok(entries) = fs::read_dir(dir) else {
            return;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                gather(root, &path, into);
            } else if !NO_STATE.iter().any(|name| path.ends_with(name))
                && let Ok(bytes) = fs::read(&path)
            {
                into.insert(path.strip_prefix(root).unwrap().to_owned(), bytes);
            }
        }
    }
    let mut found = Content::new();
    gather(dir, dir, &mut found);
    found
}

fn laid_out(content: &Content) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("blobs")).unwrap();
    for (name, bytes) in content {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    dir
}

/// Returns what a power cut leaves: of each file, what was synced and a drawn prefix of what
/// changed since. Files that came or went since are there or not.
fn left_of(synced: &Content, now: &Content, seed: u64) -> Content {
    let mut draw = Draw(seed);
    let mut left = Content::new();
    let names: std::collections::BTreeSet<_> = synced.keys().chain(now.keys()).collect();
    for name in names {
        let kept = match (synced.get(name), now.get(name)) {
            // The seal is exchanged as a whole.
            (Some(old), Some(new)) if name == Path::new("seal") => {
                if draw.below(2) == 0 { old } else { new }.clone()
            }
            (Some(old), Some(new)) => {
                let same = old.iter().zip(new).take_while(|(a, b)| a == b).count();
                let padded = old.iter().chain(std::iter::repeat(&0)).zip(new);
                let changed = padded.enumerate().filter(|(_, (a, b))| a != b);
                let end = changed.last().map_or(same, |(at, _)| at + 1);
                let cut = same + draw.below(end - same + 1);
                let mut kept = new[..cut].to_vec();
                kept.extend(old.get(cut..).unwrap_or_default());
                kept
            }
            (Some(gone), None) if draw.below(2) == 0 => gone.clone(),
            // A segment gets its name only once its header is synced.
            (None, Some(new)) if draw.below(2) == 0 => {
                let whole = if is_segment(name) { SEGMENT_HEADER } else { 0 };
                new[..whole + draw.below(new.len() + 1 - whole)].to_vec()
            }
            _ => continue,
        };
        left.insert(name.clone(), kept);
    }
    left
}

const SEGMENT_HEADER: usize = 64;

fn is_segment(name: &Path) -> bool {
    name.extension().is_some_and(|extension| extension == "log")
}

pub(super) struct Draw(pub(super) u64);

impl Draw {
    pub(super) fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(0x14057b7ef767814f);
        ((self.0 >> 33) as usize) % n
    }
}

/// Follows a store's files, and cuts the power when a point was met a given number of times.
#[derive(Default)]
struct Bench {
    dir: PathBuf,
    synced: Mutex<Content>,
    left: Mutex<Option<(Content, Content)>>,
    met: Mutex<std::collections::HashMap<Point, usize>>,
}

impl Bench {
    fn probe(self: &Arc<Self>, cut: Point, nth: usize) -> Probe {
        let bench = self.clone();
        Arc::new(move |point| bench.meet(point, cut, nth))
    }

    fn meet(&self, point: Point, cut: Point, nth: usize) -> Result<(), String> {
        let mut left = self.left.lock().unwrap();
        if left.is_some() {
            return Err("the power was cut".to_owned());
        }
        let mut met = self.met.lock().unwrap();
        *met.entry(point).or_default() += 1;
        let now = content(&self.dir);
        let mut synced = self.synced.lock().unwrap();
        let (log, whole) = match point {
            Point::Synced => (true, false),
            Point::EngineSynced => (false, true),
            _ => (false, false),
        };
        let of_log = |name: &Path| name.starts_with("redo");
        if log {
            // The newest segment was just synced, and its place in the directory when it was begun.
            let newest = now.iter().rfind(|(name, _)| is_segment(name));
            let (name, bytes) = newest.unwrap();
            synced.insert(name.clone(), bytes.clone());
        }
        if point == Point::SegmentBegun {
            for (name, bytes) in now.iter().filter(|(name, _)| is_segment(name)) {
                let header = || bytes[..SEGMENT_HEADER].to_vec();
                synced.entry(name.clone()).or_insert_with(header);
            }
        }
        if point == Point::Sealed {
            let seal = now[Path::new("seal")].clone();
            synced.insert("seal".into(), seal);
        }
        if point == Point::SegmentClosed {
            let closed = now.iter().rev().filter(|(name, _)| is_segment(name));
            let (name, bytes) = closed.clone().nth(1).unwrap();
            synced.insert(name.clone(), bytes.clone());
        }
        if whole {
            synced.retain(|name, _| of_log(name));
            synced.extend(now.clone().into_iter().filter(|(name, _)| !of_log(name)));
        }
        if point == Point::SegmentsGone {
            synced.retain(|name, _| !of_log(name) || now.contains_key(name));
        }
        if point == cut && met[&point] == nth {
            *left = Some((synced.clone(), now));
            return Err("the power was cut".to_owned());
        }
        Ok(())
    }
}

type State = BTreeMap<Bytes, Bytes>;

/// Returns a unit that overwrites earlier ones and queues an entry that the next unit deletes.
fn unit(n: u8) -> WriteBatch {
    let mut unit = empty(village());
    for k in 0..40u8 {
        if (n ^ k).is_multiple_of(3) {
            unit.put
                .push((vec![k].into(), vec![n; 30 + usize::from(k)].into()));
        }
    }
    unit.put.push((vec![100 + n].into(), vec![n].into()));
    if n > 0 {
        unit.delete.push(vec![99 + n].into());
        unit.delete.push(vec![n % 40].into());
    }
    unit.put.retain(|(key, _)| !unit.delete.contains(key));
    unit
}

/// Runs until the cut, then returns whether the point was met and what is wrong with what is left.
async fn live_and_cut(
    cut: Point,
    nth: usize,
    seeds: u64,
    ack: AckWhen,
) -> (bool, Result<(), String>) {
    let dir = tempfile::tempdir().unwrap();
    open_quiet(dir.path()).close().await.unwrap();
    let mut begun = content(dir.path());
    // Opening removes this file for good before anything else.
    begun.remove(Path::new("clean")).unwrap();
    let bench = Arc::new(Bench {
        dir: dir.path().to_owned(),
        synced: Mutex::new(begun),
        ..Bench::default()
    });
    let mut states = vec![State::new()];
    let mut acknowledged = 0;
    let probe = bench.probe(cut, nth);
    if let Ok(store) = open(dir.path(), pace(6000, Some(probe)), ack) {
        for n in 0..24 {
            let unit = unit(n);
            let mut state = states.last().unwrap().clone();
            state.extend(unit.put.iter().cloned());
            for key in &unit.delete {
                state.remove(key);
            }
            let Ok(ticket) = store.submit(unit).await else {
                break;
            };
            states.push(state);
            // Every third unit waits together with the next.
            if n % 3 != 0 && ticket.durable().await.is_ok() {
                acknowledged = states.len() - 1;
            }
        }
        let _ = store.close().await;
    }
    let Some((synced, now)) = bench.left.lock().unwrap().take() else {
        return (false, Ok(()));
    };
    for seed in 0..seeds {
        let image = laid_out(&left_of(&synced, &now, seed));
        let store = match open(image.path(), pace(4 << 20, None), AckWhen::Synced) {
            Ok(store) => store,
            Err(error) => return (true, Err(format!("seed {seed}: {error}"))),
        };
        let found: State = everything(&store, village()).await.into_iter().collect();
        let verdict = if states[acknowledged..].contains(&found) {
            Ok(())
        } else if states.contains(&found) {
            Err(format!("seed {seed}: something acknowledged is lost"))
        } else {
            Err(format!("seed {seed}: what is left is no prefix"))
        };
        if verdict.is_err() {
            return (true, verdict);
        }
    }
    (true, Ok(()))
}

#[tokio::test]
async fn a_cut_at_any_point_leaves_a_prefix_that_holds_all_that_was_acknowledged() {
    for point in POINTS {
        let mut met = 0;
        for nth in [1, 2, 4, 7] {
            let (reached, verdict) = live_and_cut(point, nth, 3, AckWhen::Synced).await;
            assert_eq!(verdict, Ok(()), "{point:?} number {nth}");
            met += u32::from(reached);
        }
        assert!(met > 0, "{point:?} was never met");
    }
}

#[tokio::test]
async fn a_log_that_acknowledges_before_the_sync_is_caught() {
    let mut caught = false;
    for nth in 2..8 {
        let (_, verdict) = live_and_cut(Point::Appended, nth, 8, AckWhen::Applied).await;
        caught |= verdict.is_err_and(|what| what.contains("acknowledged"));
    }
    assert!(caught, "no cut showed that acknowledged units are lost");
}

#[tokio::test]
async fn a_failure_at_any_point_puts_the_store_out_of_service_and_loses_nothing() {
    for point in POINTS {
        let dir = tempfile::tempdir().unwrap();
        open_quiet(dir.path()).close().await.unwrap();
        let armed = Arc::new(AtomicUsize::new(0));
        let probe: Probe = {
            let armed = armed.clone();
            Arc::new(move |met| {
                if met == point && armed.fetch_add(1, Ordering::Relaxed) >= 1 {
                    return Err("as told".to_owned());
                }
                Ok(())
            })
        };
        let store = open(dir.path(), pace(3000, Some(probe)), AckWhen::Synced).unwrap();
        let mut acknowledged = Vec::new();
        let mut refused = None;
        for n in 0..200u8 {
            match store.commit(put(&n.to_string(), &"x".repeat(300))).await {
                Ok(_) => acknowledged.push(n),
                Err(error) => {
                    refused = Some(error);
                    break;
                }
            }
        }
        if refused.is_none() {
            // Only the checkpoint at close gets as far as this point.
            assert!(store.close().await.is_err(), "{point:?} never failed");
        } else {
            let answer = store.commit(put("later", "1")).await;
            assert!(
                matches!(answer, Err(CommitError::Store(StoreError::Poisoned(_)))),
                "{point:?} {answer:?}"
            );
            // What is durable can be read. The unit on its way may be readable; nothing later is.
            for n in &acknowledged {
                assert!(
                    value(&store, &n.to_string()).await.is_some(),
                    "{point:?} {n}"
                );
            }
            assert_eq!(value(&store, "later").await, None);
            assert!(matches!(store.close().await, Err(StoreError::Unknown(_))));
        }
        let store = open_quiet(dir.path());
        for n in acknowledged {
            assert!(
                value(&store, &n.to_string()).await.is_some(),
                "{point:?} lost {n}"
            );
        }
    }
}

#[tokio::test]
async fn a_segment_whose_end_may_be_on_the_disk_keeps_its_follower() {
    let dir = tempfile::tempdir().unwrap();
    let appended = AtomicUsize::new(0);
    // The second group is the end of the segment, which the checkpoint at close writes.
    let probe: Probe = Arc::new(move |met| {
        if met == Point::Appended && appended.fetch_add(1, Ordering::Relaxed) == 1 {
            return Err("as told".to_owned());
        }
        Ok(())
    });
    let store = open(dir.path(), pace(4 << 20, Some(probe)), AckWhen::Synced).unwrap();
    store.commit(put("a", "1")).await.unwrap();
    assert!(matches!(store.close().await, Err(StoreError::Unknown(_))));
    let store = open_quiet(dir.path());
    assert_eq!(value(&store, "a").await, Some(bytes("1")));
}

#[tokio::test]
async fn what_is_deleted_before_a_checkpoint_never_reaches_the_engine() {
    let dir = tempfile::tempdir().unwrap();
    let store = open_quiet(dir.path());
    let canary = "bound for the township";
    store.commit(put("outbox/1", canary)).await.unwrap();
    let delete = WriteBatch {
        delete: vec![bytes("outbox/1")],
        ..empty(village())
    };
    store.commit(delete).await.unwrap();
    store
        .commit(put("matter/1", "kept in the engine"))
        .await
        .unwrap();
    store.close().await.unwrap();
    let files = content(dir.path());
    let holds = |text: &str| {
        let mut found = files.values();
        found.any(|bytes| {
            bytes
                .windows(text.len())
                .any(|window| window == text.as_bytes())
        })
    };
    assert!(holds("kept in the engine"));
    assert!(!holds(canary));
}

#[tokio::test]
async fn a_checkpoint_begins_when_nothing_is_written_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let (tell, told) = tokio::sync::oneshot::channel();
    let tell = Mutex::new(Some(tell));
    let probe: Probe = Arc::new(move |point| {
        if point == Point::SegmentsGone
            && let Some(tell) = tell.lock().unwrap().take()
        {
            let _ = tell.send(());
        }
        Ok(())
    });
    open_quiet(dir.path()).close().await.unwrap();
    let idle = CheckpointPolicy {
        idle: Duration::from_millis(1),
        ..pace(4 << 20, Some(probe))
    };
    let store = open(dir.path(), idle, AckWhen::Synced).unwrap();
    store.commit(put("a", "1")).await.unwrap();
    told.await.unwrap();
    assert_eq!(value(&store, "a").await, Some(bytes("1")));
}

#[tokio::test]
async fn a_checkpoint_gives_the_engine_nothing_of_what_came_and_went_or_stays_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let batches = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&batches);
    let probe: Probe = Arc::new(move |met| {
        counted.fetch_add(usize::from(met == Point::BatchApplied), Ordering::Relaxed);
        Ok(())
    });
    for (round, applied) in [1, 0].into_iter().enumerate() {
        let pace = pace(1 << 20, Some(Arc::clone(&probe)));
        let store = open(dir.path(), pace, AckWhen::Synced).unwrap();
        store.commit(put("stays", "as it is")).await.unwrap();
        store.commit(put("goes", "soon")).await.unwrap();
        let gone = WriteBatch {
            delete: vec![bytes("goes")],
            ..empty(village())
        };
        store.commit(gone).await.unwrap();
        store.close().await.unwrap();
        assert_eq!(batches.swap(0, Ordering::Relaxed), applied, "round {round}");
    }
}

//! Tests of the committer under many interleavings of its threads: callers, the writer, checkpoints, and those who
//! wait. Built by `tests/interleavings`, where every lock, condition and thread of this crate is shuttle's: it runs
//! one thread at a time, draws who is next whenever one of them takes a lock, waits or notifies, and fails when all
//! of them wait.
//!
//! A failure prints the schedule that led to it; `shuttle::replay` runs it once more.

use std::{
    collections::BTreeSet,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use shuttle::{
    Config, Runner,
    future::block_on,
    rand::{RngCore, thread_rng},
    scheduler::{PctScheduler, RandomScheduler},
    thread,
};
use tempfile::TempDir;

use crate::{
    CommitError, Generation, MemoryDisk, Range, Shard, Store, StoreError, VALUE_LIMIT, WriteBatch,
    committer::{AckWhen, Committer},
    redo::{self, Check, CheckpointPolicy, Point},
};

/// Orders of the threads that each test tries with each scheduler.
const TIMES: usize = 100;

/// Callers of a store, and units that each of them hands in.
const CALLERS: u32 = 2;
const UNITS: u32 = 3;

/// Bytes available on the disk: enough for everything but the reserve.
const PLENTY: u64 = 20 << 20;

/// Where the disk may fail.
const POINTS: [Point; 8] = [
    Point::Appended,
    Point::Synced,
    Point::SegmentCreated,
    Point::SegmentBegun,
    Point::Sealed,
    Point::BatchApplied,
    Point::Marked,
    Point::SegmentRemoved,
];

/// A store on a disk in memory, with its log in files, and what is known of it from outside. Its locks are the
/// plain ones: nobody waits while holding them.
struct World {
    dir: TempDir,
    disk: MemoryDisk,
    store: Store,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    /// Units that are in the log as it was synced last, or were in it before.
    synced: Mutex<BTreeSet<u32>>,
    /// Units with their places, as the tickets say.
    taken: Mutex<Vec<(Generation, u32)>>,
    /// Units that were told to be durable.
    told: Mutex<BTreeSet<u32>>,
    /// Bytes available on the disk.
    available: AtomicU64,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Draws a number below this.
fn draw(end: u32) -> u32 {
    thread_rng().next_u32() % end
}

fn here() -> Shard {
    "330825002222".parse().expect("a division")
}

/// A unit that can be found in the log, and that others write over.
fn unit(n: u32) -> WriteBatch {
    let name = Bytes::from(format!("unit-{n:03}"));
    let last = (Bytes::from_static(b"last"), name.clone());
    WriteBatch {
        shard: here(),
        expect: vec![],
        put: vec![(name, Bytes::from_static(b"1")), last],
        delete: vec![],
    }
}

/// The units whose names stand in the segments of a log.
fn units_in(log: &Path) -> BTreeSet<u32> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(log).expect("the log") {
        let bytes = fs::read(entry.expect("a file").path()).expect("a file");
        // The file grows in steps of zeros.
        let written = bytes
            .chunks(1024)
            .take_while(|part| part.iter().any(|byte| *byte != 0));
        let end = written.count() * 1024;
        let names = bytes[..end.min(bytes.len())].windows(8);
        let digits = names.filter_map(|name| name.strip_prefix(b"unit-"));
        found.extend(digits.filter_map(|n| std::str::from_utf8(n).ok()?.parse::<u32>().ok()));
    }
    found
}

impl World {
    /// Opens a store. The disk fails at the `fails`-th time that a point is passed.
    fn new(ack: AckWhen, fails: Option<(Point, u32)>) -> Self {
        let memory = Path::new("/dev/shm");
        let dir = match memory.is_dir() {
            true => tempfile::tempdir_in(memory),
            false => tempfile::tempdir(),
        };
        let dir = dir.expect("a folder");
        let seen = Arc::new(Seen::default());
        seen.available.store(PLENTY, Ordering::SeqCst);
        let (noted, gauge) = (Arc::clone(&seen), Arc::clone(&seen));
        let log = dir.path().join("redo");
        let passed = AtomicU64::new(0);
        let probe = move |point| {
            if let Some((at, times)) = fails
                && at == point
                && passed.fetch_add(1, Ordering::SeqCst) + 1 == u64::from(times)
            {
                return Err("the disk failed as told".to_owned());
            }
            if point == Point::Synced {
                locked(&noted.synced).extend(units_in(&log));
            }
            Ok(())
        };
        let policy = CheckpointPolicy {
            // Checkpoints begin with every unit, or when the time is over.
            bytes: 1 << (20 * draw(2)),
            probe: Some(Arc::new(probe)),
            gauge: Some(Arc::new(move || gauge.available.load(Ordering::SeqCst))),
            ..CheckpointPolicy::default()
        };
        let disk = MemoryDisk::new();
        let engine = disk.engine().expect("an engine");
        // While it is opened no point is passed that counts.
        let quiet = CheckpointPolicy {
            probe: None,
            ..policy.clone()
        };
        let mut redo = redo::recover(dir.path(), &engine, quiet, Check::None).expect("a log");
        redo.pace = policy;
        let store = Committer::start(Arc::new(engine), Some(redo), ack).expect("a store");
        Self {
            dir,
            disk,
            store,
            seen,
        }
    }

    /// Starts callers that hand in units one after the other and wait for each, or for the last of them only.
    fn callers(&self) -> Vec<thread::JoinHandle<()>> {
        let call = |caller: u32| {
            let (store, seen) = (self.store.clone(), Arc::clone(&self.seen));
            thread::spawn(move || {
                let mut tickets = vec![];
                for n in caller * UNITS..(caller + 1) * UNITS {
                    match block_on(store.submit(unit(n))) {
                        Ok(ticket) => {
                            locked(&seen.taken).push((ticket.generation(), n));
                            tickets.push((n, ticket));
                        }
                        Err(CommitError::Store(
                            StoreError::Poisoned(_) | StoreError::Full | StoreError::Closed,
                        )) => {}
                        Err(error) => panic!("{error}"),
                    }
                    if draw(2) == 0 || n + 1 == (caller + 1) * UNITS {
                        for (n, ticket) in tickets.drain(..) {
                            seen.wait(n, ticket);
                        }
                    }
                }
            })
        };
        (0..CALLERS).map(call).collect()
    }

    /// Closes the store and opens it again: whatever was told to be durable is there, and the last unit of all is
    /// the one that was written last.
    fn close_and_look(self) {
        let Self {
            dir,
            disk,
            store,
            seen,
        } = self;
        let closed = block_on(store.close());
        assert!(
            matches!(closed, Ok(()) | Err(StoreError::Unknown(_))),
            "{closed:?}"
        );
        let engine = disk.engine().expect("an engine");
        let quiet = CheckpointPolicy {
            gauge: Some(Arc::new(|| PLENTY)),
            ..CheckpointPolicy::default()
        };
        redo::recover(dir.path(), &engine, quiet, Check::Content).expect("a sound store");
        let store = Committer::start(Arc::new(engine), None, AckWhen::Synced).expect("a store");
        let all = block_on(store.scan(here(), Range::all(), usize::MAX, false)).expect("records");
        let has = |name: &str| {
            let found = all.value.iter().find(|(key, _)| key == name.as_bytes());
            found.map(|(_, value)| value.clone())
        };
        for n in locked(&seen.told).iter() {
            assert!(has(&format!("unit-{n:03}")).is_some(), "unit {n} is lost");
        }
        let taken = locked(&seen.taken);
        let newest = taken
            .iter()
            .filter(|(_, n)| has(&format!("unit-{n:03}")).is_some())
            .max();
        if let Some((_, n)) = newest {
            assert_eq!(has("last"), Some(Bytes::from(format!("unit-{n:03}"))));
        }
        block_on(store.close()).expect("closed");
    }
}

impl Seen {
    /// Waits for a ticket. What is durable is in the log as it was synced, and so is all that was taken before.
    fn wait(&self, n: u32, ticket: crate::Ticket) {
        let place = ticket.generation();
        match block_on(ticket.durable()) {
            Ok(committed) => {
                assert_eq!(committed.generation, place);
                locked(&self.told).insert(n);
                self.covers(place);
            }
            Err(StoreError::Unknown(_)) => {}
            Err(error) => panic!("unit {n}: {error}"),
        }
    }

    fn covers(&self, place: Generation) {
        let (taken, synced) = (locked(&self.taken), locked(&self.synced));
        for (before, n) in taken.iter().filter(|(before, _)| *before <= place) {
            let known = synced.contains(n);
            assert!(
                known,
                "{before:?} counts as durable with {place:?}, but is in no synced log"
            );
        }
    }
}

/// Runs a test under orders that are drawn evenly, and under such that find what takes a few switches at the right
/// places.
fn under_many_orders(times: usize, test: impl Fn() + Send + Sync + Clone + 'static) {
    let mut config = Config::new();
    config.stack_size = 1 << 20;
    Runner::new(RandomScheduler::new(times), config.clone()).run(test.clone());
    Runner::new(PctScheduler::new(3, times), config).run(test);
}

fn all_is_told_in_order(ack: AckWhen) {
    let world = World::new(ack, None);
    let callers = world.callers();
    // A reader is told of nothing that may be lost again.
    let (store, seen) = (world.store.clone(), Arc::clone(&world.seen));
    let reader = thread::spawn(move || {
        let last = block_on(store.get(here(), b"last")).expect("a value");
        block_on(store.wait_durable(last.generation)).expect("no disk failed");
        if let Some(name) = last.value {
            let n: u32 = std::str::from_utf8(&name[5..])
                .expect("digits")
                .parse()
                .expect("a number");
            assert!(
                locked(&seen.synced).contains(&n),
                "unit {n} was read and is in no synced log"
            );
        }
    });
    for thread in callers.into_iter().chain([reader]) {
        thread.join().expect("a caller");
    }
    assert_eq!(locked(&world.seen.told).len() as u32, CALLERS * UNITS);
    world.close_and_look();
}

#[test]
fn nobody_is_told_before_the_sync_that_covers_them() {
    under_many_orders(TIMES, || all_is_told_in_order(AckWhen::Synced));
}

#[test]
fn a_store_that_tells_too_early_is_caught() {
    let caught = catch_unwind(AssertUnwindSafe(|| {
        under_many_orders(TIMES, || all_is_told_in_order(AckWhen::Applied));
    }));
    assert!(caught.is_err(), "the mutant was not noticed");
}

#[test]
fn a_disk_that_fails_tells_all_who_wait() {
    under_many_orders(2 * TIMES, || {
        let point = POINTS[draw(POINTS.len() as u32) as usize];
        let world = World::new(AckWhen::Synced, Some((point, 1 + draw(3))));
        for caller in world.callers() {
            caller.join().expect("a caller");
        }
        world.close_and_look();
    });
}

#[test]
fn a_store_that_is_closed_writes_what_it_took() {
    under_many_orders(TIMES, || {
        let world = World::new(AckWhen::Synced, None);
        let callers = world.callers();
        let store = world.store.clone();
        let closing = thread::spawn(move || block_on(store.close()).expect("closed"));
        for thread in callers.into_iter().chain([closing]) {
            thread.join().expect("a caller");
        }
        let (told, taken) = (
            locked(&world.seen.told).len(),
            locked(&world.seen.taken).len(),
        );
        assert_eq!(told, taken, "every unit that was taken is durable");
        world.close_and_look();
    });
}

#[test]
fn a_full_disk_takes_work_again_once_there_is_room() {
    under_many_orders(TIMES, || {
        let world = World::new(AckWhen::Synced, None);
        let callers = world.callers();
        let seen = Arc::clone(&world.seen);
        let others = thread::spawn(move || {
            seen.available.store(0, Ordering::SeqCst);
            thread::yield_now();
            seen.available.store(PLENTY << 10, Ordering::SeqCst);
        });
        for thread in callers.into_iter().chain([others]) {
            thread.join().expect("a caller");
        }
        // The reserve is taken again, after which new work is.
        while world.store.is_full() {
            thread::yield_now();
        }
        let ticket = block_on(world.store.submit(unit(99))).expect("there is room");
        locked(&world.seen.taken).push((ticket.generation(), 99));
        world.seen.wait(99, ticket);
        world.close_and_look();
    });
}

#[test]
fn those_who_wait_for_room_get_it() {
    under_many_orders(TIMES / 50, || {
        let world = World::new(AckWhen::Synced, None);
        // So much that a checkpoint of all this is admitted.
        world.seen.available.store(PLENTY << 10, Ordering::SeqCst);
        let value = Bytes::from(vec![b'v'; VALUE_LIMIT]);
        // As much as may wait for the disk.
        let put = (0..140).map(|n| (Bytes::from(format!("big-{n}")), value.clone()));
        let large = WriteBatch {
            put: put.collect(),
            ..unit(98)
        };
        let store = world.store.clone();
        let large =
            thread::spawn(move || block_on(store.commit(large)).map(drop).expect("durable"));
        for thread in world.callers().into_iter().chain([large]) {
            thread.join().expect("a caller");
        }
        assert_eq!(locked(&world.seen.told).len() as u32, CALLERS * UNITS);
        world.close_and_look();
    });
}

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicBool, AtomicI64, Ordering},
};

use futures::future::BoxFuture;
use tokio::sync::{Notify, Semaphore, mpsc};

use super::*;
use crate::{About, Queue};

const TOWNSHIP: u64 = 330_825_002_000;

fn township() -> DivisionCode {
    DivisionCode::from_u64(TOWNSHIP).unwrap()
}

/// What a worker of the tests does next.
#[derive(Clone, Copy)]
enum Do {
    Rest,
    Again,
    Fail,
    FailPaced,
    Panic,
    Stop,
}

/// Does what it is told, and waits until it is let go on.
struct Told {
    about: About,
    todo: mpsc::UnboundedReceiver<Do>,
    waits: Arc<Semaphore>,
    panics_waiting: Arc<AtomicBool>,
}

impl Worker for Told {
    fn about(&self) -> About {
        self.about.clone()
    }

    fn work<'a>(&'a mut self, stop: &'a CancellationToken) -> BoxFuture<'a, Result<Next, Failure>> {
        Box::pin(async {
            let next = tokio::select! {
                next = self.todo.recv() => next,
                () = stop.cancelled() => None,
            };
            match next {
                None | Some(Do::Rest) => Ok(Next::Idle(Some(Timestamp(9_000)))),
                Some(Do::Again) => Ok(Next::Again),
                Some(Do::Fail) => Err(Failure::new(Saying::foreign("the disk \u{1b}[31msaid no"))),
                Some(Do::FailPaced) => Err(Failure::paced(
                    Saying::foreign("later"),
                    Some(Timestamp(8_000)),
                )),
                Some(Do::Panic) => panic!("index {} is out of bounds", 7),
                Some(Do::Stop) => Ok(Next::Stopped),
            }
        })
    }

    fn wait(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            self.waits.acquire().await.unwrap().forget();
            let panics = self.panics_waiting.swap(false, Ordering::SeqCst);
            assert!(!panics, "it panics while it waits");
        })
    }
}

/// Workers with a clock that is set, and short waits.
struct Bench {
    workers: Workers,
    metrics: Metrics,
    clock: Arc<AtomicI64>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// One of them, from outside.
struct Handles {
    todo: mpsc::UnboundedSender<Do>,
    waits: Arc<Semaphore>,
    panics_waiting: Arc<AtomicBool>,
    handle: Handle,
}

impl Bench {
    fn new() -> Self {
        let (metrics, clock) = (Metrics::default(), Arc::new(AtomicI64::new(1_000)));
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let now = {
            let clock = Arc::clone(&clock);
            move || Timestamp(clock.load(Ordering::SeqCst))
        };
        let short = (Duration::from_millis(1), Duration::from_millis(8));
        let workers =
            Workers::with_backoff(short, now, metrics.clone(), tasks.clone(), stop.clone());
        Self {
            workers,
            metrics,
            clock,
            tasks,
            stop,
        }
    }

    fn start(&self, about: About) -> Handles {
        let (todo, told) = mpsc::unbounded_channel();
        let (waits, panics_waiting) = (Arc::new(Semaphore::new(0)), Arc::default());
        let handle = self.workers.start(Told {
            about,
            todo: told,
            waits: Arc::clone(&waits),
            panics_waiting: Arc::clone(&panics_waiting),
        });
        Handles {
            todo,
            waits,
            panics_waiting,
            handle,
        }
    }

    /// Waits until a worker of the township is as is said, and shows it.
    async fn until(&self, holds: impl Fn(&WorkerStatus) -> bool) -> WorkerStatus {
        let seen = async {
            loop {
                let of = self.workers.of(Some(township()));
                if let Some(status) = of.into_iter().find(|status| holds(status)) {
                    return status;
                }
                tokio::task::yield_now().await;
            }
        };
        let seen = tokio::time::timeout(Duration::from_secs(30), seen).await;
        seen.expect("it comes to that")
    }

    fn shows(&self, metric: &str, value: &str) -> bool {
        let labels = format!("{{worker=\"told\",division=\"{TOWNSHIP}\"}} {value}");
        let line = format!("wujitong_worker_{metric}{labels}");
        self.metrics.encode().lines().any(|shown| shown == line)
    }

    async fn end(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

fn told() -> About {
    About::node("told", township())
}

#[tokio::test]
async fn a_worker_that_fails_is_shown_as_failing_until_it_succeeds() {
    let bench = Bench::new();
    let one = bench.start(told());
    let working = bench.until(|one| one.runs == 1).await;
    assert_eq!((working.state, working.since.0), (State::Working, 1_000));
    bench.clock.store(2_000, Ordering::SeqCst);
    one.todo.send(Do::Fail).unwrap();
    // It is at it again, and still shown as failing since the first failure.
    let failing = bench.until(|one| one.failures == 1 && one.runs == 2).await;
    assert_eq!((failing.state, failing.since.0), (State::Failing, 2_000));
    bench.clock.store(3_000, Ordering::SeqCst);
    one.todo.send(Do::Fail).unwrap();
    let failing = bench.until(|one| one.failures == 2 && one.runs == 3).await;
    assert_eq!((failing.state, failing.since.0), (State::Failing, 2_000));
    let (at, why) = failing.last_error.unwrap();
    assert_eq!(at.0, 3_000);
    for told in [&why.english, &why.chinese] {
        assert!(
            told.contains("said no") && !told.contains('\u{1b}'),
            "{told}"
        );
    }
    assert!(bench.shows("failing", "1") && bench.shows("failures_total", "2"));
    bench.clock.store(4_000, Ordering::SeqCst);
    one.todo.send(Do::Rest).unwrap();
    let idle = bench.until(|one| one.state == State::Idle).await;
    assert_eq!((idle.since.0, idle.until), (4_000, Some(Timestamp(9_000))));
    assert_eq!((idle.runs, idle.failures), (3, 2));
    assert_eq!(idle.last_error.unwrap().0.0, 3_000, "and when that was");
    assert!(bench.shows("failing", "0") && bench.shows("runs_total", "3"));
    bench.end().await;
}

#[tokio::test]
async fn a_worker_that_panics_is_tried_again_and_stops_nobody_else() {
    let bench = Bench::new();
    let one = bench.start(told().subject(1));
    let other = bench.start(told().subject(2));
    one.todo.send(Do::Panic).unwrap();
    let of = |subject: &'static str| {
        move |one: &WorkerStatus| one.subject.as_deref() == Some(subject) && one.runs >= 2
    };
    let failing = bench.until(of("1")).await;
    assert_eq!(failing.state, State::Failing);
    let why = failing.last_error.unwrap().1;
    assert_eq!(why.english, "it panicked: index 7 is out of bounds");
    assert!(why.chinese.starts_with("程序出错（“index 7"), "{why:?}");
    other.todo.send(Do::Again).unwrap();
    assert_eq!(bench.until(of("2")).await.state, State::Working);
    one.todo.send(Do::Rest).unwrap();
    let idle = |one: &WorkerStatus| one.subject.as_deref() == Some("1") && one.failures == 1;
    let idle = bench
        .until(|one| idle(one) && one.state == State::Idle)
        .await;
    assert_eq!(idle.runs, 2);
    // One that panics while it waits is tried again like any other.
    one.panics_waiting.store(true, Ordering::SeqCst);
    one.waits.add_permits(1);
    let failing = bench.until(|one| one.failures == 2 && one.runs == 3).await;
    assert_eq!(
        failing.last_error.unwrap().1.english,
        "it panicked: it panics while it waits"
    );
    bench.end().await;
}

#[tokio::test]
async fn a_worker_that_waits_by_itself_is_not_hurried_by_the_runner() {
    let bench = Bench::new();
    let one = bench.start(told());
    one.todo.send(Do::FailPaced).unwrap();
    let failing = bench.until(|one| one.failures == 1).await;
    assert_eq!(failing.until, Some(Timestamp(8_000)));
    // The runner would have tried it again by now.
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(bench.until(|_| true).await.runs, 1);
    one.waits.add_permits(1);
    bench.until(|one| one.runs == 2).await;
    one.todo.send(Do::Stop).unwrap();
    let stopped = bench.until(|one| one.state == State::Stopped).await;
    assert_eq!(stopped.runs, 2);
    one.waits.add_permits(1);
    let working = bench.until(|one| one.runs == 3).await;
    assert_eq!(working.state, State::Working, "somebody did something");
    bench.end().await;
}

#[tokio::test]
async fn one_that_is_ended_leaves_the_list_and_takes_its_queue_along() {
    let bench = Bench::new();
    let queues = [Queue::default(), Queue::default()];
    let [one, _other] = [0, 1].map(|n| bench.start(told().subject(n).queue(&queues[n])));
    queues[0].set(3);
    queues[1].set(4);
    assert!(bench.shows("queued", "7"), "{}", bench.metrics.encode());
    let listed = bench.workers.of(Some(township()));
    let listed: Vec<_> = listed.iter().map(|one| one.queue).collect();
    assert_eq!(listed, [Some(3), Some(4)]);
    one.handle.end();
    assert_eq!(bench.workers.of(Some(township())).len(), 1);
    while !bench.shows("queued", "4") {
        tokio::task::yield_now().await;
    }
    assert!(bench.workers.of(None).is_empty(), "they work for a node");
    bench.end().await;
}

/// Writes down when its work began and ended; the work does not look at the stop.
struct Slow(Arc<Notify>, Arc<Notify>, Arc<Mutex<VecDeque<&'static str>>>);

impl Worker for Slow {
    fn about(&self) -> About {
        About::process("slow")
    }

    fn work<'a>(
        &'a mut self,
        _stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Next, Failure>> {
        Box::pin(async {
            self.2.lock().unwrap().push_back("began");
            self.0.notify_one();
            self.1.notified().await;
            self.2.lock().unwrap().push_back("ended");
            Ok(Next::Again)
        })
    }

    fn wait(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn a_stop_waits_for_the_work_in_hand_and_begins_no_other() {
    let bench = Bench::new();
    let (began, go_on, seen) = (Arc::default(), Arc::default(), Arc::default());
    let slow = Slow(Arc::clone(&began), Arc::clone(&go_on), Arc::clone(&seen));
    bench.workers.start(slow);
    began.notified().await;
    bench.stop.cancel();
    bench.tasks.close();
    {
        let waits = bench.tasks.wait();
        tokio::pin!(waits);
        assert!(futures::poll!(&mut waits).is_pending());
        go_on.notify_one();
        waits.await;
    }
    assert_eq!(*seen.lock().unwrap(), ["began", "ended"]);
    let left = bench.workers.of(None);
    assert_eq!(left[0].state, State::Stopped);
}

#[tokio::test]
async fn work_that_is_done_elsewhere_has_a_row_that_says_how_it_goes() {
    let bench = Bench::new();
    let row = bench.workers.list_other(About::process("checkpoints"));
    let seen = || bench.workers.of(None).remove(0);
    assert_eq!((seen().state, seen().runs), (State::Idle, 0));
    row.begins();
    assert_eq!(seen().state, State::Working);
    row.failed(&Saying::foreign("the disk has no room for it"));
    let failed = seen();
    assert_eq!((failed.state, failed.failures), (State::Failing, 1));
    let (_, cause) = failed.last_error.unwrap();
    assert_eq!(cause.english, "the disk has no room for it");
    row.begins();
    assert_eq!(seen().state, State::Failing, "until it succeeds");
    row.succeeded();
    assert_eq!((seen().state, seen().runs), (State::Idle, 2));
}

//! Runs workers, each in a task of its own.

use std::{
    any::Any,
    collections::BTreeMap,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{saying::Saying, time::Timestamp};
use futures::FutureExt;
use telemetry::Metrics;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use topology::DivisionCode;

use super::{
    About, Backoff, Failure, Next, Retry, Worker, causes,
    status::{Entry, State, WorkerStatus},
};

/// Waits after failures, unless the worker waits by itself.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// The workers of one process. Clones are the same ones.
#[derive(Clone)]
pub struct Workers(Arc<Inner>);

struct Inner {
    now: Box<dyn Fn() -> Timestamp + Send + Sync>,
    metrics: Metrics,
    tasks: TaskTracker,
    stop: CancellationToken,
    backoff: (Duration, Duration),
    list: Mutex<List>,
}

#[derive(Default)]
struct List {
    started: u64,
    entries: BTreeMap<u64, Arc<Entry>>,
}

/// A worker that can be ended before the process stops. Dropping it ends nothing.
pub struct Handle {
    workers: Workers,
    number: u64,
    stop: CancellationToken,
}

impl Handle {
    /// Ends the worker after the work in hand, and takes it off the list at once.
    pub fn end(self) {
        self.workers.list().entries.remove(&self.number);
        self.stop.cancel();
    }
}

/// A row in the list for work that is not done here, such as that of a thread of the store. Whoever does it
/// says how it goes, from any thread.
#[derive(Clone)]
pub struct Row {
    workers: Workers,
    entry: Arc<Entry>,
}

impl Row {
    /// A piece of work begins.
    pub fn begins(&self) {
        self.entry.begins(self.workers.now());
    }

    /// It succeeded, and nothing more is to do now.
    pub fn succeeded(&self) {
        let now = self.workers.now();
        self.entry.succeeded(State::Idle, None, now);
    }

    /// It failed.
    pub fn failed(&self, cause: &Saying) {
        self.entry.failed(cause, None, self.workers.now());
    }
}

impl Workers {
    /// No workers yet. Those that are started run in `tasks` until `stop`; `now` is the time they are
    /// shown with.
    pub fn new(
        now: impl Fn() -> Timestamp + Send + Sync + 'static,
        metrics: Metrics,
        tasks: TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        Self::with_backoff(BACKOFF, now, metrics, tasks, stop)
    }

    pub(super) fn with_backoff(
        backoff: (Duration, Duration),
        now: impl Fn() -> Timestamp + Send + Sync + 'static,
        metrics: Metrics,
        tasks: TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        Self(Arc::new(Inner {
            now: Box::new(now),
            metrics,
            tasks,
            stop,
            backoff,
            list: Mutex::default(),
        }))
    }

    /// Starts a worker, which works at once.
    pub fn start(&self, worker: impl Worker) -> Handle {
        let (number, entry) = self.enter(worker.about());
        let stop = self.0.stop.child_token();
        let (workers, stopped) = (self.clone(), stop.clone());
        self.0
            .tasks
            .spawn(async move { workers.run(Box::new(worker), &entry, &stopped).await });
        Handle {
            workers: self.clone(),
            number,
            stop,
        }
    }

    /// Lists work that is done elsewhere.
    pub fn list_other(&self, about: About) -> Row {
        let (_, entry) = self.enter(about);
        let workers = self.clone();
        Row { workers, entry }
    }

    fn enter(&self, about: About) -> (u64, Arc<Entry>) {
        let metrics = self.0.metrics.worker(about.name, about.division);
        let entry = Arc::new(Entry::new(about, metrics, self.now()));
        let mut list = self.list();
        list.started += 1;
        let number = list.started;
        list.entries.insert(number, Arc::clone(&entry));
        (number, entry)
    }

    /// How the workers of a node are doing, or with `None` those of the whole process; in the order in
    /// which they were started.
    pub fn of(&self, division: Option<DivisionCode>) -> Vec<WorkerStatus> {
        let list = self.list();
        let entries = list.entries.values();
        let asked = entries.filter(|entry| entry.about.division == division);
        asked.map(|entry| entry.status()).collect()
    }

    async fn run(&self, mut worker: Box<dyn Worker>, entry: &Entry, stop: &CancellationToken) {
        let (least, most) = self.0.backoff;
        let mut backoff = Backoff::new(least, most);
        while !stop.is_cancelled() {
            entry.begins(self.now());
            let pause = match caught(worker.work(stop)).await {
                Ok(next) => self.succeeded(entry, &mut backoff, next),
                Err(failure) => self.failed(entry, &mut backoff, failure),
            };
            let waited = async {
                match pause {
                    // One that always has more lets others have the thread.
                    Pause::None => tokio::task::yield_now().await,
                    Pause::For(wait) => tokio::time::sleep(wait).await,
                    Pause::Worker => {
                        let waited = caught(worker.wait().map(Ok)).await;
                        if let Err(failure) = waited
                            && let Pause::For(wait) = self.failed(entry, &mut backoff, failure)
                        {
                            tokio::time::sleep(wait).await;
                        }
                    }
                }
            };
            tokio::select! {
                () = waited => {}
                () = stop.cancelled() => break,
            }
        }
        entry.ended(self.now());
    }

    fn succeeded(&self, entry: &Entry, backoff: &mut Backoff, next: Next) -> Pause {
        let (state, until) = match next {
            Next::Again => (State::Working, None),
            Next::Idle(until) => (State::Idle, until),
            Next::Stopped => (State::Stopped, None),
        };
        let recovered = entry.succeeded(state, until, self.now());
        if recovered && backoff.failures() > 0 {
            tracing::info!(
                worker = entry.about.name,
                division = entry.about.division.map(tracing::field::display),
                failures = backoff.failures(),
                "a worker works again"
            );
        }
        backoff.reset();
        match next {
            Next::Again => Pause::None,
            Next::Idle(_) | Next::Stopped => Pause::Worker,
        }
    }

    fn failed(&self, entry: &Entry, backoff: &mut Backoff, failure: Failure) -> Pause {
        let Failure { cause, retry } = failure;
        let now = self.now();
        if let Retry::Waited(until) = retry {
            entry.failed(&cause, until, now);
            return Pause::Worker;
        }
        let wait = backoff.fail(rand::random());
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        entry.failed(
            &cause,
            Some(Timestamp(now.0.saturating_add_unsigned(wait_ms))),
            now,
        );
        if backoff.failures().is_power_of_two() {
            tracing::error!(
                worker = entry.about.name,
                division = entry.about.division.map(tracing::field::display),
                failures = backoff.failures(),
                error = cause.english,
                "a worker failed; it is tried again"
            );
        }
        Pause::For(wait)
    }

    fn now(&self) -> Timestamp {
        (self.0.now)()
    }

    fn list(&self) -> MutexGuard<'_, List> {
        self.0.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What comes before the next piece of work.
enum Pause {
    None,
    For(Duration),
    /// The worker's own wait.
    Worker,
}

/// The same, with a panic as one more failure.
async fn caught<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    // What a panic left half done is the worker's own; the next work starts from its records.
    let done = AssertUnwindSafe(work).catch_unwind().await;
    done.unwrap_or_else(|panic| Err(Failure::new(causes::panic(text(&*panic)))))
}

fn text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a word")
}

#[cfg(test)]
mod tests;

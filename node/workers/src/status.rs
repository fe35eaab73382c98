//! How workers are doing, for operators.

use std::sync::{
    Arc, Mutex, MutexGuard, OnceLock, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use domain::{foreign, saying::Saying, time::Timestamp};
use telemetry::metrics::WorkerMetrics;
use topology::DivisionCode;

use super::About;

/// Characters of an error that are kept.
const MOST_ERROR: usize = 300;

/// What a worker is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It waits for work.
    Idle,
    /// It works.
    Working,
    /// Its last work failed, or it is trying that again.
    Failing,
    /// It does nothing more until somebody does something about it.
    Stopped,
}

/// How one worker is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerStatus {
    /// What it is called.
    pub name: &'static str,
    /// The node it works for; `None` if it works for the whole process.
    pub division: Option<DivisionCode>,
    /// Which of several of this name and division.
    pub subject: Option<String>,
    /// What it is doing.
    pub state: State,
    /// Since when.
    pub since: Timestamp,
    /// Until when at the latest it is idle, or not tried again, if that is known.
    pub until: Option<Timestamp>,
    /// What waits for it, if it has a queue.
    pub queue: Option<u64>,
    /// Pieces of work since the process started, failed ones among them.
    pub runs: u64,
    /// Pieces of work that failed.
    pub failures: u64,
    /// The last of them: when, and why. The texts are escaped.
    pub last_error: Option<(Timestamp, Saying)>,
}

/// How much waits for a worker: set by whoever knows, shown in status and metrics. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Queue(Arc<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    length: AtomicU64,
    shown: OnceLock<WorkerMetrics>,
}

impl Queue {
    /// So much waits now.
    pub fn set(&self, length: u64) {
        let before = self.0.length.swap(length, Ordering::Relaxed);
        if let Some(metrics) = self.0.shown.get() {
            metrics.queue_changed(before, length);
        }
    }

    /// How much waits.
    pub fn length(&self) -> u64 {
        self.0.length.load(Ordering::Relaxed)
    }

    fn show(&self, metrics: &WorkerMetrics) {
        // A second worker with the same queue would show it twice.
        if self.0.shown.set(metrics.clone()).is_ok() {
            metrics.queue_changed(0, self.length());
        }
    }
}

/// A worker in the list.
pub(super) struct Entry {
    pub(super) about: About,
    metrics: WorkerMetrics,
    seen: Mutex<Seen>,
}

/// What changes of it.
struct Seen {
    state: State,
    since: Timestamp,
    until: Option<Timestamp>,
    runs: u64,
    failures: u64,
    last_error: Option<(Timestamp, Saying)>,
}

impl Entry {
    pub(super) fn new(about: About, metrics: WorkerMetrics, now: Timestamp) -> Self {
        if let Some(queue) = &about.queue {
            queue.show(&metrics);
        }
        Self {
            about,
            metrics,
            seen: Mutex::new(Seen {
                state: State::Idle,
                since: now,
                until: None,
                runs: 0,
                failures: 0,
                last_error: None,
            }),
        }
    }

    /// A piece of work begins. One that failed before stays failing until it succeeds.
    pub(super) fn begins(&self, now: Timestamp) {
        self.metrics.runs.inc();
        let mut seen = self.seen();
        seen.runs += 1;
        seen.until = None;
        if seen.state != State::Failing {
            seen.enter(State::Working, now);
        }
    }

    /// It succeeded; gives whether the work before it had failed.
    pub(super) fn succeeded(&self, state: State, until: Option<Timestamp>, now: Timestamp) -> bool {
        let mut seen = self.seen();
        let recovered = seen.state == State::Failing;
        seen.enter(state, now);
        seen.until = until;
        if recovered {
            self.metrics.failing(-1);
        }
        recovered
    }

    /// It failed.
    pub(super) fn failed(&self, cause: &Saying, until: Option<Timestamp>, now: Timestamp) {
        self.metrics.failed();
        let mut seen = self.seen();
        if seen.state != State::Failing {
            self.metrics.failing(1);
        }
        seen.enter(State::Failing, now);
        seen.until = until;
        seen.failures += 1;
        let cut = |text: &str| foreign::escape(&text.chars().take(MOST_ERROR).collect::<String>());
        seen.last_error = Some((now, cause.map(cut)));
    }

    /// It does nothing more; what it counted as waiting or failing is no longer shown.
    pub(super) fn ended(&self, now: Timestamp) {
        self.succeeded(State::Stopped, None, now);
        if let Some(queue) = &self.about.queue {
            queue.set(0);
        }
    }

    pub(super) fn status(&self) -> WorkerStatus {
        let About {
            name,
            division,
            subject,
            queue,
        } = self.about.clone();
        let seen = self.seen();
        WorkerStatus {
            name,
            division,
            subject,
            state: seen.state,
            since: seen.since,
            until: seen.until,
            queue: queue.map(|queue| queue.length()),
            runs: seen.runs,
            failures: seen.failures,
            last_error: seen.last_error.clone(),
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn enter(&mut self, state: State, now: Timestamp) {
        if self.state != state {
            (self.state, self.since) = (state, now);
        }
    }
}

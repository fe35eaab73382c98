//! Workers: everything that a process does by itself, in one list for operators.
//!
//! A [`Worker`] does one piece of work after another and waits in between. [`Workers`] runs them, each in
//! a task of its own: one that fails or panics is shown as failing and tried again after a growing wait,
//! and no other notices. A stop waits for the work in hand. The [`DueTimer`] wakes those that wait for a
//! moment of the node's clock.
//!
//! Besides the runner here, only listeners start tasks that last.

mod backoff;
mod due;
mod runner;
mod status;

use std::fmt;

use domain::{saying::Saying, time::Timestamp};
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;
use topology::DivisionCode;

pub use backoff::Backoff;
pub use due::DueTimer;
pub use runner::{Handle, Row, Workers};
pub use status::{Queue, State, WorkerStatus};

/// Something that a process does by itself.
pub trait Worker: Send + 'static {
    /// How it is listed. Asked once, before the first work.
    fn about(&self) -> About;

    /// Does one whole piece of work. It is not interrupted: what may last looks at `stop`, and returns at
    /// the next place where nothing is half done.
    ///
    /// # Errors
    /// [`Failure`], after which the same work is tried again.
    fn work<'a>(&'a mut self, stop: &'a CancellationToken) -> BoxFuture<'a, Result<Next, Failure>>;

    /// Waits until there may be work. Dropped when the process stops.
    fn wait(&mut self) -> BoxFuture<'_, ()>;
}

/// What a worker is called and whom it works for.
#[derive(Clone, Debug)]
pub struct About {
    /// One of a fixed few, such as `sweep`; the label of its metrics.
    pub name: &'static str,
    /// The node it works for; `None` if it works for the whole process.
    pub division: Option<DivisionCode>,
    /// Which of several of this name and division, such as the id of a webhook.
    pub subject: Option<String>,
    /// What waits for it, if it has a queue.
    pub queue: Option<Queue>,
}

impl About {
    /// A worker of the whole process.
    pub const fn process(name: &'static str) -> Self {
        Self {
            name,
            division: None,
            subject: None,
            queue: None,
        }
    }

    /// A worker of one node.
    pub fn node(name: &'static str, division: DivisionCode) -> Self {
        Self {
            division: Some(division),
            ..Self::process(name)
        }
    }

    /// The same, one of several.
    #[must_use]
    pub fn subject(self, subject: impl fmt::Display) -> Self {
        Self {
            subject: Some(subject.to_string()),
            ..self
        }
    }

    /// The same, with a queue.
    #[must_use]
    pub fn queue(self, queue: &Queue) -> Self {
        Self {
            queue: Some(queue.clone()),
            ..self
        }
    }
}

/// What a worker does after work that succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// There may be more: it works again at once.
    Again,
    /// It [waits](Worker::wait), until this moment at the latest if one is known. The moment is only
    /// shown.
    Idle(Option<Timestamp>),
    /// It waits and is shown as stopped: nothing goes on before somebody does something about it.
    Stopped,
}

/// Why a piece of work failed, and when it is tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    cause: Saying,
    retry: Retry,
}

/// When failed work is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Retry {
    /// After the runner's wait, which doubles from one second to a minute.
    Backoff,
    /// When the worker's own wait is over, at about this moment if it is known.
    Waited(Option<Timestamp>),
}

impl Failure {
    /// A failure after which the worker waits by [`Worker::wait`] and not by the runner's backoff: until
    /// `until`, if that is known. The worker also writes the log line.
    pub const fn paced(cause: Saying, until: Option<Timestamp>) -> Self {
        Self {
            cause,
            retry: Retry::Waited(until),
        }
    }

    /// A failure after which the runner waits.
    pub const fn new(cause: Saying) -> Self {
        Self {
            cause,
            retry: Retry::Backoff,
        }
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::new(causes::error(error))
    }
}

/// Causes that every worker may have.
mod causes {
    domain::sayings! {
        /// An error, such as one of the store.
        pub(crate) fn error(why): "出错（“{why}”）；请看节点的日志", "{why}";
        /// A panic.
        pub(crate) fn panic(what): "程序出错（“{what}”）；请看节点的日志，并报告", "it panicked: {what}";
    }
}

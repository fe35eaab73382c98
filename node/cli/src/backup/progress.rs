//! What is said on standard error while a backup is written or read.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A line that shows how far something is, if a person watches.
#[derive(Clone)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Begins with a word for what is done.
    pub(crate) fn new(for_person: bool, what: &'static str) -> Self {
        let target = match for_person {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(None, target);
        let style =
            ProgressStyle::with_template("{spinner} {prefix} {bytes} {bytes_per_sec}  {msg}");
        bar.set_style(style.expect("a template that does not change"));
        bar.set_prefix(what);
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    /// Counts bytes.
    pub(crate) fn more(&self, bytes: u64) {
        self.0.inc(bytes);
    }

    /// Says what is done now.
    pub(crate) fn now(&self, what: &'static str) {
        self.0.set_message(what);
    }

    /// Removes the line.
    pub(crate) fn end(&self) {
        self.0.finish_and_clear();
    }
}

//! Tells the other side that it has everything, so that it knows how old its knowledge is.

use std::time::Duration;

use domain::time::Timestamp;
use office::Office;
use tokio::time::Instant;
use wire::frame::Watermark;

/// Divisor of the usual time between two messages, after something was sent.
const SOONER: u32 = 10;

/// Schedules the messages and holds the next one.
pub(super) struct WatermarkSender {
    /// Whether the other understands these messages.
    heard: bool,
    /// The lead of the other's clock in milliseconds; negative if it is behind.
    pub(super) skew_ms: i64,
    pace: Duration,
    told: Instant,
    due: Instant,
    /// The message to send if nothing more is found to be sent.
    draft: Option<Watermark>,
    ready: Option<Watermark>,
}

impl WatermarkSender {
    pub(super) fn new(heard: bool, skew_ms: i64, pace: Duration) -> Self {
        let now = Instant::now();
        Self {
            heard,
            skew_ms,
            pace,
            told: now,
            due: now,
            draft: None,
            ready: None,
        }
    }

    /// Returns when to check whether the message can be sent; `None` if no check is due.
    pub(super) fn due(&self) -> Option<Instant> {
        let idle = self.draft.is_none() && self.ready.is_none();
        (self.heard && idle).then_some(self.due)
    }

    /// Drafts a message from what is known now. It is sent if everything from before now has
    /// reached the other.
    pub(super) fn write(&mut self, office: &Office) {
        let now = office.now();
        self.draft = Some(Watermark {
            at: now,
            above: office.inbox().reach_above(),
            now,
        });
    }

    /// Drops the draft because something was sent.
    pub(super) fn sent(&mut self) {
        self.draft = None;
        self.due = self.due.min(self.told + self.pace / SOONER);
    }

    /// Makes the draft ready: everything from before it has reached the other.
    pub(super) fn confirm(&mut self) {
        if let Some(draft) = self.draft.take() {
            self.ready = Some(draft);
            self.told = Instant::now();
            self.due = self.told + self.pace;
        }
    }

    pub(super) const fn may_send(&self) -> bool {
        self.ready.is_some()
    }

    pub(super) fn take(&mut self, now: Timestamp) -> Option<Watermark> {
        let ready = self.ready.take()?;
        Some(Watermark { now, ..ready })
    }

    /// Converts a moment of the other's clock to this node's.
    pub(super) const fn here(&self, theirs: Timestamp) -> Timestamp {
        Timestamp(theirs.0.saturating_sub(self.skew_ms))
    }
}

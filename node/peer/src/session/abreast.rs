//! Telling the other that it has everything, so that it knows how old its knowledge is.

use std::time::Duration;

use domain::time::Timestamp;
use office::Office;
use tokio::time::Instant;
use wire::frame::Abreast;

/// After something was sent it is told this much sooner than otherwise.
const SOONER: u32 = 10;

/// When it is told, and what.
pub(super) struct Watermark {
    /// Whether the other hears it.
    heard: bool,
    /// How far the other's clock is ahead, in milliseconds.
    pub(super) skew_ms: i64,
    pace: Duration,
    told: Instant,
    due: Instant,
    /// What will be told if nothing more is found to be sent.
    draft: Option<Abreast>,
    ready: Option<Abreast>,
}

impl Watermark {
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

    /// When to look whether it can be told; `None` if that is not to be waited for.
    pub(super) fn due(&self) -> Option<Instant> {
        let idle = self.draft.is_none() && self.ready.is_none();
        (self.heard && idle).then_some(self.due)
    }

    /// What is known now, which is told if everything from before now turns out to be with the other.
    pub(super) fn write(&mut self, office: &Office) {
        let now = office.now();
        self.draft = Some(Abreast {
            at: now,
            above: office.reach_above(),
            now,
        });
    }

    /// Something was sent after all.
    pub(super) fn sent(&mut self) {
        self.draft = None;
        self.due = self.due.min(self.told + self.pace / SOONER);
    }

    /// Everything from before the draft is with the other, if there is one.
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

    pub(super) fn take(&mut self, now: Timestamp) -> Option<Abreast> {
        let ready = self.ready.take()?;
        Some(Abreast { now, ..ready })
    }

    /// A moment of the other's clock by this node's.
    pub(super) const fn here(&self, theirs: Timestamp) -> Timestamp {
        Timestamp(theirs.0.saturating_sub(self.skew_ms))
    }
}

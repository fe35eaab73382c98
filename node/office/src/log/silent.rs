//! Notices a child whose link is up and which says no head of its public log any more: it may show an old head here and
//! newer ones to others.

use std::sync::atomic::Ordering;

use domain::{
    alarm::{AlarmKind, details},
    heads::head_is_late,
    time::Timestamp,
};
use records::table::Table;
use topology::DivisionCode;

use crate::{Aborted, Fault, services::Log, tables};

/// Heads of children are looked at so often.
const AGAIN_MS: i64 = 3_600_000;

impl Log<'_> {
    /// Raises the alarm about every linked child whose last head is older than two days, and settles it where one came.
    /// Returns when to look again; `None` if no child ever said a head.
    ///
    /// # Errors
    /// [`Aborted`] if the store fails.
    pub(crate) async fn watch_children(self) -> Result<Option<Timestamp>, Aborted> {
        let now = self.now();
        // Negative if no child had said a head when they were looked at.
        let next = self.heads_watched.load(Ordering::Relaxed);
        if (now.0 + 1..=now.0 + AGAIN_MS).contains(&next.abs()) {
            return Ok((next > 0).then_some(Timestamp(next)));
        }
        let mut said = false;
        for child in self.children() {
            let Some(last) = self.last_head_of(child).await? else {
                continue;
            };
            said = true;
            let key = (Some(child), AlarmKind::LogSilent);
            let stands = self.one::<tables::Alarms>(&key).await?;
            let stands = stands.is_some_and(|alarm| alarm.settled.is_none());
            let linked = self.inbox().linked_since(child);
            match head_is_late(last, linked, now) {
                true if !stands => {
                    let hours = now.since(last) / 3_600_000;
                    let detail = details::log_silent(hours);
                    self.alarms()
                        .raise(AlarmKind::LogSilent, Some(child), &detail)
                        .await?;
                }
                false if stands && linked.is_some() => {
                    self.alarms()
                        .settle(AlarmKind::LogSilent, Some(child))
                        .await?;
                }
                _ => {}
            }
        }
        let next = now.0 + AGAIN_MS;
        let kept = if said { next } else { -next };
        self.heads_watched.store(kept, Ordering::Relaxed);
        Ok(said.then_some(Timestamp(next)))
    }

    /// Returns the divisions directly below.
    fn children(self) -> Vec<DivisionCode> {
        self.dependencies.tree.children(self.me).collect()
    }

    /// Returns when the last head of a child was recorded here; `None` if none was.
    async fn last_head_of(self, child: DivisionCode) -> Result<Option<Timestamp>, Fault> {
        let logs = tables::WitnessedLogs::under(&child);
        let logs = self.list(logs, usize::MAX).await?;
        let last = logs.into_iter().map(|(_, log)| log.time).max();
        Ok(last.map(|seconds| Timestamp(i64::try_from(seconds).unwrap_or_default() * 1_000)))
    }
}

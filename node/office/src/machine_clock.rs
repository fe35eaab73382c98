//! The clock of the machine: what is noted of it, what raises the alarm, and what a person may correct.

use std::sync::atomic::Ordering;

use api::{ClockStatus, Corrected};
use domain::{
    alarm::AlarmKind,
    custody::Docket,
    time::Timestamp,
    timekeeper::{Doubt, MOST_DRIFT_MS},
};
use store::{Transaction, record};
use topology::DivisionCode;

use super::{Office, OfficeError, keys};
use crate::RequestContext;

/// Matters looked at in one step, and named at most.
const PAGE: usize = 256;
const MOST_NAMED: usize = 200;

impl Office {
    /// Tells the clock when this node ended last.
    pub(super) async fn begin_time(&self, view: &mut Transaction) -> Result<(), OfficeError> {
        let ended = view.get(keys::LAST_TIME).await?;
        let ended: Option<Timestamp> = ended.map(|bytes| record::read(&bytes)).transpose()?;
        self.dependencies.clock.begins(self.me, ended);
        Ok(())
    }

    /// Notes that it is so late now, for the next start; not while the clock is doubted.
    ///
    /// # Errors
    /// The store's.
    pub async fn note_time(&self) -> Result<(), OfficeError> {
        if self.dependencies.clock.doubt().is_some() {
            return Ok(());
        }
        let turn = self.turn().await;
        let mut view = turn.transaction();
        view.put(keys::LAST_TIME, record::write(&self.now()));
        turn.commit(view).await?;
        Ok(())
    }

    /// A neighbour said what time it is there.
    pub fn hear_time(&self, neighbour: DivisionCode, theirs: Timestamp) {
        let is_parent = self.parent == Some(neighbour);
        self.dependencies.clock.hear(neighbour, is_parent, theirs);
    }

    /// Raises the alarm when the clock comes to be doubted, and notes when that is over.
    ///
    /// # Errors
    /// The store's.
    pub async fn watch_clock(&self) -> Result<(), OfficeError> {
        let kind = AlarmKind::ClockDoubted;
        let doubt = self.dependencies.clock.doubt();
        let before = self.doubted.swap(doubt.is_some(), Ordering::Relaxed);
        if doubt.is_none() && !before {
            return Ok(());
        }
        let standing = self.alarms().await?;
        let stands = standing
            .iter()
            .any(|alarm| alarm.kind == kind && alarm.settled.is_none());
        match doubt {
            Some((doubt, ahead_ms)) if !stands => {
                let seconds = ahead_ms / 1_000;
                let why = match doubt {
                    Doubt::Jumped => "it jumped by",
                    Doubt::AheadOfNeighbours => "it is ahead of the neighbours by",
                    Doubt::BehindNeighbours => "it is behind the neighbours by",
                };
                let detail = format!(
                    "{why} {} s; this node goes on with the time it had",
                    seconds.abs()
                );
                self.raise_alarm(kind, None, &detail).await
            }
            None if stands => self.settle_alarm(kind, None).await,
            _ => Ok(()),
        }
    }

    /// How the clock stands.
    ///
    /// # Errors
    /// The store's.
    pub async fn clock_status(&self) -> Result<ClockStatus, OfficeError> {
        let clock = &self.dependencies.clock;
        let doubt = clock.doubt();
        Ok(ClockStatus {
            now_ms: clock.now().0,
            wall_ms: clock.wall().0,
            doubt: doubt.map(|(doubt, _)| doubt),
            ahead_ms: doubt.map_or(0, |(_, ahead)| ahead),
            last_day: self.ledger().await?.last_day.to_string(),
        })
    }

    /// An operator says that the machine's clock is right, and stands in the audit trail for it.
    ///
    /// # Errors
    /// The store's.
    pub async fn confirm_clock(
        &self,
        by: impl Into<RequestContext>,
    ) -> Result<ClockStatus, OfficeError> {
        let clock = &self.dependencies.clock;
        let before = clock.doubt();
        let turn = self.turn().await;
        clock.uphold();
        let mut unit = turn.decide(by).await?;
        unit.detail = Some(match before {
            Some((_, ahead)) => format!("the clock is right; it was doubted by {ahead} ms"),
            None => "the clock is right; nobody doubted it".to_owned(),
        });
        unit.settle_alarm(AlarmKind::ClockDoubted, None).await?;
        unit.commit().await?;
        self.clock_status().await
    }

    /// Corrects what a wrong clock left behind: facts are counted on today again, and the matters with
    /// steps of a time that has not come yet are named. Steps and figures that went out stay as they are:
    /// they are signed, others built on them, and counters only grow.
    ///
    /// # Errors
    /// [`OfficeError::ClockDoubted`] while the clock is doubted; or the store's.
    pub async fn correct_clock(
        &self,
        by: impl Into<RequestContext>,
    ) -> Result<Corrected, OfficeError> {
        if self.dependencies.clock.doubt().is_some() {
            return Err(OfficeError::ClockDoubted);
        }
        let late = Timestamp(self.now().0 + MOST_DRIFT_MS as i64);
        let wrong = |docket: &Docket| {
            let mut steps = docket.matter.steps.iter();
            steps.any(|step| step.by == self.me && step.at > late)
        };
        let (mut matters, mut after) = (vec![], None);
        loop {
            let page = self.dockets(after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.matter.id);
            let named = page.iter().filter(|docket| wrong(docket));
            matters.extend(named.map(|docket| docket.matter.id.to_string()));
            if matters.len() >= MOST_NAMED {
                matters.truncate(MOST_NAMED);
                break;
            }
        }
        let mut unit = self.begin(by).await?;
        let counted_on = unit.ledger.last_day;
        let today = unit.now.day();
        let counts_on = counted_on.min(today);
        unit.ledger.last_day = counts_on;
        unit.detail = Some(format!(
            "facts were counted on {counted_on}, now on {today}"
        ));
        unit.commit().await?;
        Ok(Corrected {
            counted_on: counted_on.to_string(),
            counts_on: today.to_string(),
            matters,
        })
    }
}

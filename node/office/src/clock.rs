//! The clock of the machine: stores the time for the next start, raises the alarm, and lets a
//! person correct it.

use std::sync::atomic::Ordering;

use api::{ClockStatus, Corrected};
use domain::{
    alarm::{AlarmKind, details},
    custody::Docket,
    time::Timestamp,
    timekeeper::{Doubt, MOST_DRIFT_MS},
};
use records::table::Tables;
use store::Transaction;
use topology::DivisionCode;

use crate::{
    Aborted, Failed, Fault, RefusalReason, RequestContext, services::MachineClock, tables,
};

/// Number of matters read in one step, and the most that are named.
const PAGE: usize = 256;
const MOST_NAMED: usize = 200;

/// The refusal to correct what a wrong clock did while the clock is doubted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the clock is doubted; set it right, or confirm it, and correct then")]
pub struct ClockDoubted;

impl RefusalReason for ClockDoubted {}

impl MachineClock<'_> {
    /// Tells the clock when this node last ran.
    pub(super) async fn begin_time(self, view: &mut Tables<Transaction>) -> Result<(), Fault> {
        let ended = view.expect::<tables::LastTime>(&()).await?;
        self.dependencies.clock.begins(self.me, ended);
        Ok(())
    }

    /// Stores the current time for the next start, unless the clock is doubted.
    ///
    /// # Errors
    /// The store's.
    pub async fn note_time(self) -> Result<(), Fault> {
        if self.dependencies.clock.doubt().is_some() {
            return Ok(());
        }
        let turn = self.turn().await;
        let mut view = turn.transaction();
        view.put::<tables::LastTime>(&(), &self.now());
        turn.commit(view).await?;
        Ok(())
    }

    /// Records a neighbour's statement of its time.
    pub fn hear_time(self, neighbour: DivisionCode, theirs: Timestamp) {
        let is_parent = self.parent == Some(neighbour);
        self.dependencies.clock.hear(neighbour, is_parent, theirs);
    }

    /// Raises the alarm when the clock is doubted, and notes when that is over.
    ///
    /// # Errors
    /// The store's.
    pub async fn watch(self) -> Result<(), Aborted> {
        let kind = AlarmKind::ClockDoubted;
        let doubt = self.dependencies.clock.doubt();
        if doubt.is_none() && !self.doubted.load(Ordering::Relaxed) {
            return Ok(());
        }
        let standing = self.alarms().all().await?;
        let stands = standing
            .iter()
            .any(|alarm| alarm.kind == kind && alarm.settled.is_none());
        match doubt {
            Some((doubt, ahead_ms)) if !stands => {
                let seconds = (ahead_ms / 1_000).abs();
                let detail = match doubt {
                    Doubt::Jumped => details::clock_jumped(seconds),
                    Doubt::AheadOfNeighbours => details::clock_ahead(seconds),
                    Doubt::BehindNeighbours => details::clock_behind(seconds),
                };
                self.alarms().raise(kind, None, &detail).await?;
            }
            None if stands => self.alarms().settle(kind, None).await?,
            _ => {}
        }
        // Only now: what could not be written is tried again.
        self.doubted.store(doubt.is_some(), Ordering::Relaxed);
        Ok(())
    }

    /// Returns the state of the clock.
    ///
    /// # Errors
    /// The store's.
    pub async fn status(self) -> Result<ClockStatus, Fault> {
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

    /// Confirms, for an operator, that the machine's clock is right; the audit trail records who.
    ///
    /// # Errors
    /// The store's.
    pub async fn confirm(self, by: impl Into<RequestContext>) -> Result<ClockStatus, Aborted> {
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
        Ok(self.status().await?)
    }

    /// Repairs the effects of a wrong clock: facts are counted on today again, and the matters with
    /// steps in the future are named. Sent steps and figures stay as they are: they are signed,
    /// others built on them, and counters only grow.
    ///
    /// # Errors
    /// [`ClockDoubted`] while the clock is doubted; or the store's.
    pub async fn correct(
        self,
        by: impl Into<RequestContext>,
    ) -> Result<Corrected, Failed<ClockDoubted>> {
        if self.dependencies.clock.doubt().is_some() {
            return Err(ClockDoubted.into());
        }
        let late = Timestamp(self.now().0 + MOST_DRIFT_MS as i64);
        let wrong = |docket: &Docket| {
            let mut steps = docket.matter.steps.iter();
            steps.any(|step| step.by == self.me && step.at > late)
        };
        let (mut matters, mut after) = (vec![], None);
        loop {
            let page = self.matters().dockets(after, PAGE).await?;
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
            "facts were counted on {counted_on}; from now on they are counted on {today}"
        ));
        unit.commit().await?;
        Ok(Corrected {
            counted_on: counted_on.to_string(),
            counts_on: today.to_string(),
            matters,
        })
    }
}

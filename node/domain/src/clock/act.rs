//! Changes to clocks: start, pause, resume, extend, end.

use super::{
    Allowance, Clock, Clocks, Ended, Extension, ExtensionReason, How, MOST_CLOCKS, MOST_PAUSES,
    Pause, PauseReason, Paused, RuleRef, Stage, Timestamp, Told,
};
use crate::calendar::Calendar;

/// The values with which a clock starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClockTerms {
    /// The stage of work that is to be done in time.
    pub stage: Stage,
    /// The policy line that sets it.
    pub rule: RuleRef,
    /// The time that the line gives.
    pub allowance: Allowance,
    /// The last part of the budget during which the clock is due soon, in percent, clamped to 1..=90.
    pub warn_percent: u8,
}

/// The bounds of policy on pauses and extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The most pauses of one clock; 0 allows none.
    pub pauses: u8,
    /// The longest total pause of one clock, in days of 24 hours.
    pub pause_days: u16,
    /// The longest extension; `None` allows none.
    pub extension: Option<Allowance>,
}

/// The reason a change to a clock is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClockRefusal {
    /// A clock for the stage runs already; nothing resets it.
    #[error("the clock for {0} runs already and is never reset; end it first")]
    Runs(Stage),
    /// No clock for the stage runs.
    #[error("no clock for {0} runs on this matter; look at its clocks")]
    NotRunning(Stage),
    /// None of the clocks can be paused, or resumed.
    #[error("no clock of this matter can be paused or resumed now; look at its clocks")]
    None,
    /// Clocks for the stage are never paused.
    #[error("a clock for {0} is never paused; only work on the matter is")]
    NeverPaused(Stage),
    /// The clock is paused.
    #[error("the clock for {0} is paused; resume it first")]
    Paused(Stage),
    /// The clock is not paused.
    #[error("the clock for {0} is not paused; pause it first")]
    NotPaused(Stage),
    /// The clock was paused as often as policy allows.
    #[error("the clock for {0} was paused {1} times, which is all policy allows; let it run")]
    PausesUsed(Stage, u8),
    /// The clock was paused as long as policy allows.
    #[error("the clock for {0} was paused for {1} days, which is all policy allows; let it run")]
    PauseTimeUsed(Stage, u16),
    /// The clock's time is used up.
    #[error("the clock for {0} is overdue; finish the work, a breach cannot be undone")]
    Overdue(Stage),
    /// Clocks for the stage are never extended.
    #[error("a clock for {0} is never extended; only the work itself is")]
    NeverExtended(Stage),
    /// Policy allows no extension.
    #[error("policy allows no extension for {0} here; finish it in time")]
    NoExtension(Stage),
    /// The clock was extended before.
    #[error("the clock for {0} was extended before; there is one extension")]
    ExtendedBefore(Stage),
    /// The extension is longer than policy allows.
    #[error("policy allows an extension of {1} at most for {0}; ask for less")]
    ExtensionTooLong(Stage, Allowance),
    /// The extension counts working time and the clock wall-clock time, or the reverse.
    #[error("the clock for {0} was set to {1}; extend it by the same kind of time")]
    OtherTime(Stage, Allowance),
    /// The extension is zero, or longer than a year.
    #[error("an extension must be more than nothing and at most a year; ask for another one")]
    ImpossibleExtension,
}

impl Clock {
    fn start(terms: ClockTerms, calendar: &Calendar, now: Timestamp) -> Self {
        let ClockTerms {
            stage,
            rule,
            allowance,
            warn_percent,
        } = terms;
        let due = calendar.add(now, allowance).max(now);
        let budget = calendar.spent(allowance, now, due);
        let mut clock = Self {
            stage,
            rule,
            allowance,
            budget,
            warn_percent: warn_percent.clamp(1, 90),
            started: now,
            due,
            warn: now,
            pause: None,
            paused: vec![],
            extension: None,
            ended: None,
            told: Told::Nothing,
        };
        let quiet = budget - clock.warn_share();
        clock.warn = calendar.advance(now, allowance, quiet).min(due);
        clock
    }

    /// Returns the part of the budget, in milliseconds, during which the clock is due soon.
    const fn warn_share(&self) -> u64 {
        self.budget / 100 * self.warn_percent as u64
    }

    /// Returns `now`, or the latest moment recorded if that is later.
    pub(super) fn not_before_known(&self, now: Timestamp) -> Timestamp {
        let pauses = self.paused.last().map(|paused| paused.until);
        let pause = self.pause.map(|pause| pause.since);
        let extended = self.extension.map(|extension| extension.at);
        let breached = (self.told == Told::Overdue).then_some(self.due);
        let known = [pauses, pause, extended, breached].into_iter().flatten();
        known.fold(now.max(self.started), Timestamp::max)
    }

    /// Ends a pause at its `until` and sets the due times that were computed for that case.
    pub(super) fn run_out(&mut self, pause: Pause) {
        self.pause = None;
        self.paused.push(Paused {
            since: pause.since,
            until: pause.until,
            reason: pause.reason,
        });
        (self.due, self.warn) = (pause.due, pause.warn);
    }

    /// Returns `now`, or the latest moment recorded if that is later. First ends a pause that has
    /// run out by then.
    fn settle(&mut self, now: Timestamp) -> Timestamp {
        let now = self.not_before_known(now);
        if let Some(pause) = self.pause.filter(|pause| pause.until <= now) {
            self.run_out(pause);
        }
        now
    }

    /// Returns the due and due-soon times if the clock stops at `since` and resumes at `until`.
    fn shifted(
        &self,
        calendar: &Calendar,
        since: Timestamp,
        until: Timestamp,
    ) -> (Timestamp, Timestamp) {
        let shift = |moment: Timestamp| {
            let left = calendar.spent(self.allowance, since, moment);
            calendar.advance(until, self.allowance, left)
        };
        let due = shift(self.due).max(self.due);
        let warn = if self.warn <= since {
            self.warn
        } else {
            shift(self.warn).clamp(self.warn, due)
        };
        (due, warn)
    }

    fn pause(
        &mut self,
        reason: PauseReason,
        bounds: &Bounds,
        calendar: &Calendar,
        now: Timestamp,
    ) -> Result<(), ClockRefusal> {
        let stage = self.stage;
        if !stage.may_pause() {
            return Err(ClockRefusal::NeverPaused(stage));
        }
        let since = self.settle(now);
        if self.pause.is_some() {
            return Err(ClockRefusal::Paused(stage));
        }
        if since >= self.due {
            return Err(ClockRefusal::Overdue(stage));
        }
        let most = bounds.pauses.min(MOST_PAUSES);
        if self.paused.len() >= usize::from(most) {
            return Err(ClockRefusal::PausesUsed(stage, most));
        }
        let longest = u64::from(bounds.pause_days) * 86_400_000;
        let rest = longest.saturating_sub(self.paused_total(since));
        if rest == 0 {
            return Err(ClockRefusal::PauseTimeUsed(stage, bounds.pause_days));
        }
        let until = calendar.advance(since, Allowance::Hours(1), rest);
        let (due, warn) = self.shifted(calendar, since, until);
        self.pause = Some(Pause {
            since,
            reason,
            until,
            due,
            warn,
        });
        Ok(())
    }

    fn resume(&mut self, calendar: &Calendar, now: Timestamp) -> Result<(), ClockRefusal> {
        let now = self.settle(now);
        let pause = self.pause.ok_or(ClockRefusal::NotPaused(self.stage))?;
        let (due, warn) = self.shifted(calendar, pause.since, now);
        self.run_out(Pause {
            until: now,
            due,
            warn,
            ..pause
        });
        Ok(())
    }

    fn extend(
        &mut self,
        by: Allowance,
        reason: ExtensionReason,
        bounds: &Bounds,
        calendar: &Calendar,
        now: Timestamp,
    ) -> Result<(), ClockRefusal> {
        let stage = self.stage;
        if !stage.may_extend() {
            return Err(ClockRefusal::NeverExtended(stage));
        }
        let most = bounds.extension.ok_or(ClockRefusal::NoExtension(stage))?;
        if !by.is_possible() {
            return Err(ClockRefusal::ImpossibleExtension);
        }
        if by.counts_every_hour() != self.allowance.counts_every_hour() {
            return Err(ClockRefusal::OtherTime(stage, self.allowance));
        }
        let at = self.settle(now);
        if self.pause.is_some() {
            return Err(ClockRefusal::Paused(stage));
        }
        if self.extension.is_some() {
            return Err(ClockRefusal::ExtendedBefore(stage));
        }
        if at >= self.due {
            return Err(ClockRefusal::Overdue(stage));
        }
        let due = calendar.add(self.due, by);
        if due > calendar.add(self.due, most) {
            return Err(ClockRefusal::ExtensionTooLong(stage, most));
        }
        self.budget += calendar.spent(self.allowance, self.due, due);
        self.due = due.max(self.due);
        self.extension = Some(Extension { by, reason, at });
        let left = calendar.spent(self.allowance, at, self.due);
        if let Some(quiet) = left.checked_sub(self.warn_share()).filter(|ms| *ms > 0) {
            self.warn = calendar.advance(at, self.allowance, quiet).min(self.due);
            self.told = Told::Nothing;
        }
        Ok(())
    }

    fn end(&mut self, cancelled: bool, now: Timestamp) -> Ended {
        let at = self.settle(now);
        let how = match (cancelled, self.pause) {
            (true, _) => How::Cancelled,
            (false, Some(_)) => How::Met,
            (false, None) if at < self.due => How::Met,
            (false, None) => How::Late,
        };
        if let Some(pause) = self.pause.take() {
            self.paused.push(Paused {
                since: pause.since,
                until: at,
                reason: pause.reason,
            });
        }
        *self.ended.insert(Ended { at, how })
    }
}

impl Clocks {
    /// Starts a clock.
    ///
    /// # Errors
    /// [`ClockRefusal::Runs`] if a clock for the same stage runs: nothing resets a clock.
    pub fn start(
        &mut self,
        terms: ClockTerms,
        calendar: &Calendar,
        now: Timestamp,
    ) -> Result<(), ClockRefusal> {
        if self.open(terms.stage).is_some() {
            return Err(ClockRefusal::Runs(terms.stage));
        }
        if self.0.len() >= MOST_CLOCKS {
            let ended = |clock: &Clock| clock.ended.map(|ended| ended.at);
            let first = (0..self.0.len())
                .filter(|n| !self.0[*n].is_open())
                .min_by_key(|n| ended(&self.0[*n]))
                .expect("fewer stages than clocks, so one has ended");
            self.0.remove(first);
        }
        self.0.push(Clock::start(terms, calendar, now));
        Ok(())
    }

    /// Pauses the open clock of a stage.
    ///
    /// # Errors
    /// A [`ClockRefusal`] if it does not run, is of a stage that is never paused, is paused or
    /// overdue, or was paused as often or as long as policy allows.
    pub fn pause(
        &mut self,
        stage: Stage,
        reason: PauseReason,
        bounds: &Bounds,
        calendar: &Calendar,
        now: Timestamp,
    ) -> Result<(), ClockRefusal> {
        self.change(stage, |clock| clock.pause(reason, bounds, calendar, now))
    }

    /// Pauses every clock that can be paused now, and returns their stages.
    ///
    /// # Errors
    /// If none was paused: the refusal of the first clock that may be, or [`ClockRefusal::None`] if
    /// no open clock may.
    pub fn pause_all(
        &mut self,
        reason: PauseReason,
        bounds: &Bounds,
        calendar: &Calendar,
        now: Timestamp,
    ) -> Result<Vec<Stage>, ClockRefusal> {
        self.each(
            |clock| clock.stage.may_pause(),
            |clock| clock.pause(reason, bounds, calendar, now),
        )
    }

    /// Resumes the open clock of a stage. The due time moves by as much of the clock's own time as
    /// it was stopped.
    ///
    /// # Errors
    /// A [`ClockRefusal`] if it does not run, or is not paused.
    pub fn resume(
        &mut self,
        stage: Stage,
        calendar: &Calendar,
        now: Timestamp,
    ) -> Result<(), ClockRefusal> {
        self.change(stage, |clock| clock.resume(calendar, now))
    }

    /// Resumes every paused clock, and returns their stages.
    ///
    /// # Errors
    /// A [`ClockRefusal`] if none is paused.
    pub fn resume_all(
        &mut self,
        calendar: &Calendar,
        now: Timestamp,
    ) -> Result<Vec<Stage>, ClockRefusal> {
        self.each(
            |clock| clock.pause.is_some(),
            |clock| clock.resume(calendar, now),
        )
    }

    /// Extends the open clock of a stage: moves its due time, counted from that time. The extension
    /// must count the same kind of time as the clock: working time or wall-clock time.
    ///
    /// # Errors
    /// A [`ClockRefusal`] if it does not run, is of a stage that is never extended, is paused or
    /// overdue, was extended before, counts other time, or policy does not allow so much.
    pub fn extend(
        &mut self,
        stage: Stage,
        by: Allowance,
        reason: ExtensionReason,
        bounds: &Bounds,
        calendar: &Calendar,
        now: Timestamp,
    ) -> Result<(), ClockRefusal> {
        self.change(stage, |clock| {
            clock.extend(by, reason, bounds, calendar, now)
        })
    }

    /// Ends the open clock of a stage because its work was done. During a pause this is in time.
    ///
    /// # Errors
    /// [`ClockRefusal::NotRunning`] if it does not run.
    pub fn end(&mut self, stage: Stage, now: Timestamp) -> Result<Ended, ClockRefusal> {
        Ok(self.running(stage)?.end(false, now))
    }

    /// Ends the open clock of a stage because it no longer matters.
    ///
    /// # Errors
    /// [`ClockRefusal::NotRunning`] if it does not run.
    pub fn cancel(&mut self, stage: Stage, now: Timestamp) -> Result<Ended, ClockRefusal> {
        Ok(self.running(stage)?.end(true, now))
    }

    /// Ends all open clocks because none of them matters any more.
    pub fn cancel_all(&mut self, now: Timestamp) {
        for clock in self.0.iter_mut().filter(|clock| clock.is_open()) {
            clock.end(true, now);
        }
    }

    fn running(&mut self, stage: Stage) -> Result<&mut Clock, ClockRefusal> {
        let mut clocks = self.0.iter_mut();
        clocks
            .find(|clock| clock.stage == stage && clock.is_open())
            .ok_or(ClockRefusal::NotRunning(stage))
    }

    /// Changes the open clock of a stage; leaves it unchanged on error.
    fn change(
        &mut self,
        stage: Stage,
        act: impl Fn(&mut Clock) -> Result<(), ClockRefusal>,
    ) -> Result<(), ClockRefusal> {
        let clock = self.running(stage)?;
        let mut changed = clock.clone();
        act(&mut changed)?;
        *clock = changed;
        Ok(())
    }

    /// Changes the clocks that `picks` selects and that can be changed; leaves the others
    /// unchanged.
    fn each(
        &mut self,
        picks: impl Fn(&Clock) -> bool,
        act: impl Fn(&mut Clock) -> Result<(), ClockRefusal>,
    ) -> Result<Vec<Stage>, ClockRefusal> {
        let mut done = vec![];
        let mut refused = None;
        for clock in &mut self.0 {
            if clock.is_open() && picks(clock) {
                let mut changed = clock.clone();
                match act(&mut changed) {
                    Ok(()) => {
                        done.push(clock.stage);
                        *clock = changed;
                    }
                    Err(refusal) => refused = refused.or(Some(refusal)),
                }
            }
        }
        if done.is_empty() {
            return Err(refused.unwrap_or(ClockRefusal::None));
        }
        Ok(done)
    }
}

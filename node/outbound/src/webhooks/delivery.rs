//! Carries changes to one webhook, one signed event after another.

use std::{sync::Arc, time::Duration};

use domain::{
    alarm::{AlarmKind, details},
    feed::ChangeId,
    hook::{Course, HookId},
    saying::Saying,
    time::Timestamp,
};
use futures::future::BoxFuture;
use office::{Aborted, Fault, webhooks::InHand};
use tokio::{sync::watch, time::sleep};
use tokio_util::sync::CancellationToken;
use workers::{About, Failure, Next, Queue, Worker};

use super::{Delivery, WebhookDispatcher, dispatch::rung, event::Event};

/// Changes read at once.
const BATCH: usize = 64;
/// What is not for a webhook is passed over in memory; this many are written down at once.
const MOST_PASSED: u64 = 256;
/// So many failures in a row raise an alarm: with the waits between them, some minutes.
const ALARMING: u32 = 8;

/// The worker of one webhook.
pub(super) struct DeliveryWorker {
    hooks: Arc<WebhookDispatcher>,
    id: HookId,
    /// Rings when something changed.
    changes: watch::Receiver<bool>,
    /// Rings when webhooks are named, removed or resumed.
    bell: watch::Receiver<()>,
    /// The last change that was passed over and is not written down.
    passed: Option<ChangeId>,
    /// The number of the last change that was looked at.
    seen: u64,
    wait_for: WaitFor,
    /// Changes that were not looked at.
    queue: Queue,
}

/// What it waits for, besides that somebody does something about its webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WaitFor {
    Changes,
    Moment(Timestamp),
    Nothing,
}

/// How one step went.
enum Step {
    /// The webhook was removed.
    Gone,
    /// It was given up.
    GivenUp,
    /// There may be more.
    Again,
    /// Everything there is was looked at.
    Done,
    /// It is not tried before this moment; why, if something failed.
    NotBefore(Timestamp, Option<Saying>),
}

impl DeliveryWorker {
    pub(super) fn new(hooks: Arc<WebhookDispatcher>, id: HookId) -> Self {
        Self {
            changes: hooks.office.feed().overhear(),
            bell: hooks.office.webhooks().bell(),
            hooks,
            id,
            passed: None,
            seen: 0,
            wait_for: WaitFor::Nothing,
            queue: Queue::default(),
        }
    }

    async fn go_on(&mut self, stop: &CancellationToken) -> Result<Next, Failure> {
        self.changes.mark_unchanged();
        self.bell.mark_unchanged();
        let (wait_for, next) = match self.step(stop).await? {
            Step::Gone | Step::GivenUp => (WaitFor::Nothing, Ok(Next::Stopped)),
            Step::Again => (WaitFor::Changes, Ok(Next::Again)),
            Step::Done => (WaitFor::Changes, Ok(Next::Idle(None))),
            Step::NotBefore(at, None) => (WaitFor::Moment(at), Ok(Next::Idle(Some(at)))),
            Step::NotBefore(at, Some(why)) => {
                (WaitFor::Moment(at), Err(Failure::paced(why, Some(at))))
            }
        };
        self.wait_for = wait_for;
        next
    }

    /// Delivers the next change that is for it, or looks at some that are not.
    async fn step(&mut self, stop: &CancellationToken) -> Result<Step, Aborted> {
        let hooks = Arc::clone(&self.hooks);
        let office = &hooks.office;
        let Some(in_hand) = office.webhooks().in_hand(self.id).await? else {
            return Ok(Step::Gone);
        };
        let course = &in_hand.course;
        // Nothing was passed over since the webhook was resumed or a change was taken.
        let mut after = match self.passed {
            Some(passed) if passed.epoch == course.after.epoch && passed.n > course.after.n => {
                passed
            }
            _ => course.after,
        };
        self.seen = after.n;
        self.count().await?;
        if course.given_up.is_some() {
            return Ok(Step::GivenUp);
        }
        if course.next_try > office.now() {
            return Ok(Step::NotBefore(
                course.next_try,
                course.last_failure.clone(),
            ));
        }
        let begin = office.feed().begin_after(Some(after)).await?;
        if begin.gap {
            let event = Event::of_gap(&hooks, after, begin.after);
            let mut next = course.clone();
            next.gaps += 1;
            let detail = details::webhook_gap(self.id, after, begin.after);
            office
                .alarms()
                .raise(AlarmKind::WebhookGap, None, &detail)
                .await?;
            return self
                .attempt(&in_hand, next, &event, begin.after, stop)
                .await;
        }
        let changes = office.feed().changes(after.n, BATCH).await?;
        let (me, tree) = (office.me(), office.tree());
        for change in changes.iter().take_while(|change| {
            // What was swept meanwhile is a gap, which the next look finds.
            let follows = change.id.n == after.n + 1;
            after = if follows { change.id } else { after };
            follows
        }) {
            if in_hand.hook.wants(change, me, tree) {
                let event = Event::of_change(&hooks, change);
                let next = course.clone();
                return self.attempt(&in_hand, next, &event, change.id, stop).await;
            }
            self.passed = Some(change.id);
        }
        let passed_over = after.n.saturating_sub(course.after.n);
        if passed_over >= MOST_PASSED || after.epoch != course.after.epoch {
            let next = Course {
                after,
                ..course.clone()
            };
            office.webhooks().went(self.id, course, &next).await?;
        }
        Ok(match changes.is_empty() {
            true => Step::Done,
            false => Step::Again,
        })
    }

    /// Posts one event, and notes how it went. A stop does not wait for an answer: the event is then told
    /// again after the next start.
    async fn attempt(
        &self,
        in_hand: &InHand,
        mut next: Course,
        event: &Event,
        place: ChangeId,
        stop: &CancellationToken,
    ) -> Result<Step, Aborted> {
        let (id, office) = (self.id, &self.hooks.office);
        let delivering = self.hooks.deliver(in_hand, event);
        let Some(delivery) = stop.run_until_cancelled(delivering).await else {
            return Ok(Step::Again);
        };
        let now = office.now();
        match delivery {
            Delivery::Taken(_) => next.took(place, now),
            Delivery::Failed { reason, wait } => {
                let least = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
                next.failed(&reason, least, rand::random(), now);
                // A gap that was not told is counted again when it is.
                next.gaps = in_hand.course.gaps;
                if next.failures.is_power_of_two() {
                    tracing::warn!(division = %office.me(), hook = %id, failures = next.failures,
                        reason = reason.english, "a webhook was not taken");
                }
            }
            Delivery::Unwanted(reason) => next.end(&reason, now),
        }
        if next.given_up.is_some() || next.failures == ALARMING {
            let reason = next.last_failure.clone().unwrap_or_default();
            let detail = match next.given_up {
                Some(_) => details::webhook_given_up(id, next.failures, reason),
                None => details::webhook_fails(id, next.failures, reason),
            };
            office
                .alarms()
                .raise(AlarmKind::WebhookFails, None, &detail)
                .await?;
        }
        office.webhooks().went(id, &in_hand.course, &next).await?;
        if next.is_well() && !in_hand.course.is_well() {
            office.webhooks().look_after().await?;
        }
        Ok(match (next.is_well(), next.given_up) {
            (true, _) => Step::Again,
            // The next step sees that it was given up, at once.
            (false, Some(now)) => Step::NotBefore(now, next.last_failure),
            (false, None) => Step::NotBefore(next.next_try, next.last_failure),
        })
    }

    /// Counts what was not looked at.
    async fn count(&self) -> Result<(), Fault> {
        let newest = self.hooks.office.feed().newest().await?;
        self.queue.set(newest.saturating_sub(self.seen));
        Ok(())
    }

    async fn until_due(&mut self) {
        let now = self.hooks.office.now();
        let wait = match self.wait_for {
            WaitFor::Moment(at) => Some(Duration::from_millis(at.since(now))),
            WaitFor::Changes | WaitFor::Nothing => None,
        };
        let due = async {
            match wait {
                Some(wait) => sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(due);
        loop {
            tokio::select! {
                () = &mut due => return,
                () = rung(&mut self.bell) => return,
                () = rung(&mut self.changes) => {}
            }
            match self.wait_for {
                WaitFor::Changes => return,
                // The node's clock may have jumped.
                WaitFor::Moment(at) if at <= self.hooks.office.now() => return,
                WaitFor::Moment(_) | WaitFor::Nothing => {}
            }
            if let Err(error) = self.count().await {
                tracing::debug!(hook = %self.id, %error, "what waits for a webhook was not counted");
            }
        }
    }
}

impl Worker for DeliveryWorker {
    fn about(&self) -> About {
        About::node("webhook", self.hooks.office.me())
            .subject(self.id)
            .queue(&self.queue)
    }

    fn work<'a>(&'a mut self, stop: &'a CancellationToken) -> BoxFuture<'a, Result<Next, Failure>> {
        Box::pin(self.go_on(stop))
    }

    fn wait(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(self.until_due())
    }
}

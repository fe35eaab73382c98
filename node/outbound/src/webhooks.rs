//! Telling other systems of changes: each webhook has a task that reads the log of changes from the
//! webhook's own place and posts one signed event after another.
//!
//! Order is kept: the next change waits until the one before it was taken. At least once: a receiver
//! that answered and was not heard is told again, under the same id.

pub mod event;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use domain::{
    alarm::AlarmKind,
    feed::ChangeId,
    hook::{Course, Hook, HookId},
};
use futures::future::BoxFuture;
use http::StatusCode;
use office::{Office, OfficeError, SealFailure, hooks::InHand};
use tokio::{sync::watch, task::JoinSet, time::sleep};
use tokio_util::sync::CancellationToken;

use self::event::Event;
use crate::post::{Answer, PostError, Poster, Target};

/// Changes read at once.
const BATCH: usize = 64;
/// After the store did not answer.
const STORE_WAIT: Duration = Duration::from_secs(5);
/// What is not for a webhook is passed over in memory; this many are written down at once.
const MOST_PASSED: u64 = 256;
/// So many failures in a row raise an alarm: with the waits between them, some minutes.
const ALARMING: u32 = 8;

/// The webhooks of one node, each with a task of its own.
pub struct WebhookDispatcher {
    /// Whose changes are told.
    pub office: Arc<Office>,
    /// What the network is called in events: the name of the source begins with it.
    pub network: String,
    /// What posts.
    pub poster: Arc<Poster>,
}

/// How one delivery went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// It was taken.
    Taken(StatusCode),
    /// It was not, and may be later.
    Failed {
        /// Why.
        reason: String,
        /// How long the receiver asks to be left alone.
        wait: Duration,
    },
    /// The receiver wants nothing more.
    Unwanted(String),
}

impl Delivery {
    fn of(answered: Result<Answer, PostError>) -> Self {
        let failed = |reason: String, wait: Option<Duration>| Self::Failed {
            reason,
            wait: wait.unwrap_or_default(),
        };
        let answer = match answered {
            Ok(answer) => answer,
            Err(error) => return failed(error.to_string(), None),
        };
        let status = answer.status;
        if status.is_success() {
            Self::Taken(status)
        } else if status == StatusCode::GONE {
            Self::Unwanted("the receiver answers 410, it wants nothing more".to_owned())
        } else if status.is_redirection() {
            let reason = format!("the receiver answers {status}; redirects are not followed");
            failed(reason, None)
        } else {
            failed(format!("the receiver answers {status}"), answer.retry_after)
        }
    }

    fn unsigned(error: &SealFailure) -> Self {
        let reason = format!(
            "the node's sealing key does not open what this webhook signs with ({error}); put the key \
             back, or remove the webhook and name it anew"
        );
        Self::Failed {
            reason,
            wait: Duration::ZERO,
        }
    }
}

impl WebhookDispatcher {
    /// Posts one event of a webhook. Without its signature nothing is sent.
    pub async fn deliver(&self, in_hand: &InHand, event: &Event) -> Delivery {
        let hook = &in_hand.hook;
        let target: Target = match hook.url.parse() {
            Ok(target) => target,
            Err(error) => return Delivery::of(Err(PostError::Target(error))),
        };
        let secret = match self.office.hook_secret(in_hand).await {
            Ok(secret) => secret,
            Err(error) => return Delivery::unsigned(&error),
        };
        let (headers, body) = event.signed(hook.id, &secret, self.office.now());
        Delivery::of(self.poster.post(&target, headers, body).await)
    }

    /// Runs until `stop`.
    pub fn run(self: Arc<Self>, stop: CancellationToken) -> BoxFuture<'static, ()> {
        Box::pin(self.dispatch(stop))
    }

    async fn dispatch(self: Arc<Self>, stop: CancellationToken) {
        let all = self;
        let mut bell = all.office.hooks_bell();
        let mut working = JoinSet::new();
        let mut known: BTreeMap<HookId, CancellationToken> = BTreeMap::new();
        loop {
            bell.borrow_and_update();
            match all.office.hooks().await {
                Ok(hooks) => {
                    let named: Vec<HookId> = hooks.iter().map(|(hook, _)| hook.id).collect();
                    known.retain(|id, stopped| {
                        let stays = named.contains(id);
                        if !stays {
                            stopped.cancel();
                        }
                        stays
                    });
                    for id in named {
                        known.entry(id).or_insert_with(|| {
                            let stopped = stop.child_token();
                            let courier = Arc::clone(&all).carry(id);
                            working.spawn(stopped.clone().run_until_cancelled_owned(courier));
                            stopped
                        });
                    }
                    // A webhook that failed may be gone, or well again since the last run.
                    if let Err(error) = all.office.look_after_hooks().await {
                        let division = all.office.me();
                        tracing::warn!(%division, %error, "webhooks not looked after");
                    }
                }
                Err(error) => {
                    let division = all.office.me();
                    tracing::warn!(%division, %error, "webhooks cannot be read");
                    tokio::select! {
                        () = sleep(STORE_WAIT) => continue,
                        () = stop.cancelled() => break,
                    }
                }
            }
            tokio::select! {
                rung = bell.changed() => if rung.is_err() { break },
                () = stop.cancelled() => break,
            }
            while working.try_join_next().is_some() {}
        }
        while working.join_next().await.is_some() {}
    }

    /// Carries for one webhook until it is removed.
    async fn carry(self: Arc<Self>, id: HookId) {
        let mut bells = Bells {
            changes: self.office.overhear(),
            hooks: self.office.hooks_bell(),
        };
        let mut passed = None;
        loop {
            bells.quiet();
            match self.step(id, &mut passed).await {
                Ok(Next::Gone) => return,
                Ok(Next::Again) => {}
                Ok(Next::Wait(longest)) => bells.wait(longest).await,
                Err(error) => {
                    tracing::warn!(division = %self.office.me(), hook = %id, %error,
                        "a webhook waits for the store");
                    sleep(STORE_WAIT).await;
                }
            }
        }
    }

    /// Delivers what there is, up to the first failure.
    async fn step(&self, id: HookId, passed: &mut Option<ChangeId>) -> Result<Next, OfficeError> {
        let Some(in_hand) = self.office.hook_in_hand(id).await? else {
            return Ok(Next::Gone);
        };
        let course = &in_hand.course;
        if course.given_up.is_some() {
            return Ok(Next::Wait(None));
        }
        let wait = course.next_try.since(self.office.now());
        if wait > 0 {
            return Ok(Next::Wait(Some(Duration::from_millis(wait))));
        }
        // Nothing was passed over since the webhook was resumed or a change was taken.
        let mut after = match *passed {
            Some(passed) if passed.epoch == course.after.epoch && passed.n > course.after.n => {
                passed
            }
            _ => course.after,
        };
        let begin = self.office.begin_after(Some(after)).await?;
        if begin.gap {
            let event = Event::of_gap(self, after, begin.after);
            let mut next = course.clone();
            next.gaps += 1;
            let detail = format!("webhook {id}: from {after} to {}", begin.after);
            self.office
                .raise_alarm(AlarmKind::WebhookGap, None, &detail)
                .await?;
            return self.attempt(&in_hand, next, &event, begin.after).await;
        }
        let changes = self.office.changes(after.n, BATCH).await?;
        let (me, tree) = (self.office.me(), self.office.tree());
        for change in changes.iter().take_while(|change| {
            // What was swept meanwhile is a gap, which the next look finds.
            let follows = change.id.n == after.n + 1;
            after = if follows { change.id } else { after };
            follows
        }) {
            if in_hand.hook.wants(change, me, tree) {
                let event = Event::of_change(self, change);
                let next = course.clone();
                return self.attempt(&in_hand, next, &event, change.id).await;
            }
            *passed = Some(change.id);
        }
        let passed_over = after.n.saturating_sub(course.after.n);
        if passed_over >= MOST_PASSED || after.epoch != course.after.epoch {
            let next = Course {
                after,
                ..course.clone()
            };
            self.office.hook_went(id, course, &next).await?;
        }
        Ok(match changes.is_empty() {
            true => Next::Wait(None),
            false => Next::Again,
        })
    }

    /// Posts one event, and notes how it went.
    async fn attempt(
        &self,
        in_hand: &InHand,
        mut next: Course,
        event: &Event,
        place: ChangeId,
    ) -> Result<Next, OfficeError> {
        let Hook { id, .. } = in_hand.hook;
        let division = self.office.me();
        let delivery = self.deliver(in_hand, event).await;
        let now = self.office.now();
        match delivery {
            Delivery::Taken(_) => next.took(place, now),
            Delivery::Failed { reason, wait } => {
                let least = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
                next.failed(&reason, least, rand::random(), now);
                // A gap that was not told is counted again when it is.
                next.gaps = in_hand.course.gaps;
                if next.failures.is_power_of_two() {
                    tracing::warn!(%division, hook = %id, failures = next.failures, reason,
                        "a webhook was not taken");
                }
            }
            Delivery::Unwanted(reason) => next.end(&reason, now),
        }
        if next.given_up.is_some() || next.failures == ALARMING {
            let reason = next.last_failure.clone().unwrap_or_default();
            let ends = match next.given_up {
                Some(_) => ", and it is not tried any more",
                None => "",
            };
            let detail = format!("webhook {id}: {} failures{ends}; {reason}", next.failures);
            self.office
                .raise_alarm(AlarmKind::WebhookFails, None, &detail)
                .await?;
        }
        self.office.hook_went(id, &in_hand.course, &next).await?;
        if next.is_well() && !in_hand.course.is_well() {
            self.office.look_after_hooks().await?;
        }
        Ok(Next::Again)
    }
}

/// What the task of a webhook does next.
enum Next {
    /// The webhook was removed.
    Gone,
    /// There may be more.
    Again,
    /// Wait until something happens, at most so long.
    Wait(Option<Duration>),
}

/// What wakes the task of a webhook.
struct Bells {
    changes: watch::Receiver<bool>,
    hooks: watch::Receiver<()>,
}

impl Bells {
    /// What rang before does not wake any more.
    fn quiet(&mut self) {
        self.changes.mark_unchanged();
        self.hooks.mark_unchanged();
    }

    async fn wait(&mut self, longest: Option<Duration>) {
        let time_out = async {
            match longest {
                Some(longest) => sleep(longest).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = time_out => {}
            _ = self.changes.changed() => {}
            _ = self.hooks.changed() => {}
        }
    }
}

//! Keeps one link to the parent: dial, converse, wait, again.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use workers::{About, Backoff, Failure, Next, Worker};

use super::{
    Carrier, Ended,
    dial::{DialConfig, DialError, Dialler},
    pace::Turns,
};

/// A conversation that lasted so long was one; after a shorter one the wait before the next grows.
const STEADY: Duration = Duration::from_secs(2);

/// Longest wait after the parent refused to converse, unless links wait longer for other reasons.
const REFUSED_MOST: Duration = Duration::from_secs(60);

/// The worker that keeps a node's link to its parent.
pub struct Uplink {
    dialler: Dialler,
    backoff: Backoff,
    refusals: Backoff,
    turns: Turns,
    opened: Option<Carrier>,
    pause: Pause,
}

/// What it waits for before it dials again.
#[derive(Clone, Copy, Debug, Default)]
struct Pause {
    /// Because the parent refused to converse; not cut short.
    refused: Duration,
    /// After that, until somebody is in a hurry.
    wait: Duration,
    /// Or until somebody answers here, where nobody did.
    unanswered: Option<SocketAddr>,
}

impl Uplink {
    /// A link that is kept by this dialler.
    pub fn new(dialler: Dialler) -> Self {
        let DialConfig {
            backoff_least: least,
            backoff_most: most,
        } = dialler.terms;
        Self {
            backoff: Backoff::new(least, most),
            refusals: Backoff::new(least, most.max(REFUSED_MOST)),
            turns: Turns::new(Arc::clone(&dialler.pace)),
            dialler,
            opened: None,
            pause: Pause::default(),
        }
    }

    /// Dials, or converses over what was dialled.
    async fn go_on(&mut self, stop: &CancellationToken) -> Result<Next, Failure> {
        let Some(carrier) = self.opened.take() else {
            let Some(dialled) = stop.run_until_cancelled(self.dialler.dial()).await else {
                return Ok(Next::Idle(None));
            };
            return match dialled {
                Ok(carrier) => {
                    self.turns.answered(carrier.address);
                    self.opened = Some(carrier);
                    Ok(Next::Again)
                }
                Err(error) => Err(self.unreached(&error)),
            };
        };
        let begun = Instant::now();
        // A conversation ends by itself when the node stops, with a goodbye.
        let ended = Arc::clone(&self.dialler.converse).converse(carrier).await;
        match stop.is_cancelled() {
            false => self.ended(&ended, begun.elapsed() >= STEADY),
            true => Ok(Next::Idle(None)),
        }
    }

    /// A conversation ended.
    fn ended(&mut self, ended: &Ended, steady: bool) -> Result<Next, Failure> {
        let failures = self.backoff.failures();
        // Once at once: the parent waits for the new life, and has seen the new certificate. Not again and again, whatever it says.
        if matches!(ended, Ended::NewEpoch | Ended::Renewed) && failures == 0 {
            self.backoff.fail(0.0);
            return Ok(Next::Again);
        }
        if steady {
            self.backoff.reset();
            self.refusals.reset();
        }
        let failures = self.backoff.failures();
        if failures.is_power_of_two() || failures == 0 {
            tracing::info!(division = %self.dialler.division,
                parent = %self.dialler.parent, failures = failures + 1, %ended, "link ended");
        }
        self.pause = Pause {
            refused: match ended.is_refusal() {
                true => self.refusals.fail((self.dialler.chance)()),
                false => Duration::ZERO,
            },
            wait: self.backoff.fail((self.dialler.chance)()),
            unanswered: None,
        };
        Err(Failure::paced(ended.said(), None))
    }

    /// A dial failed.
    fn unreached(&mut self, error: &DialError) -> Failure {
        self.turns.failed();
        let failures = self.backoff.failures();
        let seldom = failures.is_power_of_two() || failures == 0;
        let Dialler { parent, pace, .. } = &self.dialler;
        // Many nodes of this process may have the same parent.
        let count = seldom.then(|| pace.to_tell(*parent)).flatten();
        if let Some(count) = count {
            let me = self.dialler.division;
            tracing::warn!(count, last = %me, %parent, failures = failures + 1, %error,
                "parent unreached");
        }
        self.pause = Pause {
            refused: Duration::ZERO,
            wait: self.backoff.fail((self.dialler.chance)()),
            unanswered: match error {
                DialError::Unreachable(address, _) => Some(*address),
                _ => None,
            },
        };
        Failure::paced(error.said(), None)
    }

    async fn pause(&mut self) {
        let Pause {
            refused,
            wait,
            unanswered,
        } = self.pause;
        tokio::time::sleep(refused).await;
        tokio::select! {
            biased;
            () = self.turns.wait(wait, (self.dialler.chance)(), unanswered) => {}
            () = self.dialler.hurry.notified() => self.backoff.reset(),
        }
    }
}

impl Worker for Uplink {
    fn about(&self) -> About {
        About::node("link", self.dialler.division).subject(self.dialler.parent)
    }

    fn work<'a>(&'a mut self, stop: &'a CancellationToken) -> BoxFuture<'a, Result<Next, Failure>> {
        Box::pin(self.go_on(stop))
    }

    fn wait(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(self.pause())
    }
}

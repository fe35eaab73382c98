//! Clocks of matters and whatever else becomes due: one timer for the process, one worker for each node.

use std::{sync::Arc, time::Duration};

use domain::time::Timestamp;
use futures::future::BoxFuture;
use office::{Clock, Office};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use workers::{About, DueTimer, Failure, Next, Worker};

/// Whatever is due next, the timer looks at the clock this often: the clock may jump, and may come to be
/// doubted. The shortest allowance of a matter is an hour.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Between two looks at one node, so that what becomes due within a second shares a decision and a sync.
const LEAST_WAIT: Duration = Duration::from_secs(1);

/// Wakes the nodes that have something due. The one worker of a process that looks at the clock.
pub(super) struct Timer {
    timer: DueTimer,
    clock: Arc<dyn Clock>,
    doubted: bool,
    next: Option<Timestamp>,
}

impl Timer {
    /// Runs this timer by this clock.
    pub(super) fn new(timer: &DueTimer, clock: &Arc<dyn Clock>) -> Self {
        Self {
            timer: timer.clone(),
            clock: Arc::clone(clock),
            doubted: false,
            next: None,
        }
    }

    fn look(&mut self) -> Next {
        let doubted = self.clock.doubt().is_some();
        // Each node raises an alarm, as long as it lasts, and settles it after that.
        if doubted || self.doubted {
            self.timer.wake_all();
        }
        self.doubted = doubted;
        self.next = self.timer.wake_due(self.clock.now());
        Next::Idle(self.next)
    }

    async fn until_next(&self) {
        let next = self.next.map_or(LOOK_EVERY, |next| {
            Duration::from_millis(next.since(self.clock.now()))
        });
        tokio::select! {
            () = tokio::time::sleep(next.min(LOOK_EVERY)) => {}
            () = self.timer.moved() => {}
        }
    }
}

impl Worker for Timer {
    fn about(&self) -> About {
        About::process("due-timer").queue(self.timer.queue())
    }

    fn work<'a>(
        &'a mut self,
        _stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Next, Failure>> {
        Box::pin(async { Ok(self.look()) })
    }

    fn wait(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(self.until_next())
    }
}

/// Does what is due at one node.
pub(super) struct Clocks {
    office: Arc<Office>,
    timer: DueTimer,
    waker: Arc<Notify>,
}

impl Clocks {
    /// Does what is due at the node of this office, when this timer wakes it.
    pub(super) fn new(office: &Arc<Office>, timer: &DueTimer) -> Self {
        Self {
            waker: timer.waker(office.me()),
            office: Arc::clone(office),
            timer: timer.clone(),
        }
    }

    async fn attend(&self) -> Result<Next, Failure> {
        let next = self.office.attend().await?;
        if let Some(next) = next {
            self.timer.wake_by(self.office.me(), next);
        }
        Ok(Next::Idle(next))
    }
}

impl Drop for Clocks {
    fn drop(&mut self) {
        self.timer.remove(self.office.me());
    }
}

impl Worker for Clocks {
    fn about(&self) -> About {
        About::node("clocks", self.office.me())
    }

    fn work<'a>(
        &'a mut self,
        _stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Next, Failure>> {
        Box::pin(self.attend())
    }

    fn wait(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            let spaced = tokio::time::sleep(LEAST_WAIT);
            self.waker.notified().await;
            spaced.await;
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

    use domain::timekeeper::Doubt;
    use topology::DivisionCode;

    use super::*;

    /// A clock that is set, and doubted, by the test.
    #[derive(Default)]
    struct Set(AtomicI64, AtomicBool);

    impl Clock for Set {
        fn now(&self) -> Timestamp {
            Timestamp(self.0.load(Ordering::SeqCst))
        }

        fn doubt(&self) -> Option<(Doubt, i64)> {
            let doubted = self.1.load(Ordering::SeqCst);
            doubted.then_some((Doubt::Jumped, 7_000))
        }
    }

    /// A timer by a clock, and who of two nodes is woken by a look.
    struct Two {
        clock: Arc<Set>,
        worker: Timer,
        nodes: [(DivisionCode, Arc<Notify>); 2],
    }

    impl Two {
        fn new() -> Self {
            let (clock, timer) = (Arc::new(Set::default()), DueTimer::default());
            let nodes = ["330825", "330825002"].map(|code| code.parse().unwrap());
            let nodes = nodes.map(|code| (code, timer.waker(code)));
            let by = Arc::clone(&clock) as Arc<dyn Clock>;
            let worker = Timer::new(&timer, &by);
            Self {
                clock,
                worker,
                nodes,
            }
        }

        fn look(&mut self) -> ([bool; 2], Next) {
            let next = self.worker.look();
            let woken = self.nodes.each_ref().map(|(_, waker)| {
                let mut woken = std::pin::pin!(waker.notified());
                woken.as_mut().enable()
            });
            (woken, next)
        }
    }

    #[test]
    fn a_look_wakes_whom_the_clock_has_passed_by_running_or_by_a_jump() {
        let mut two = Two::new();
        let [first, second] = two.nodes.each_ref().map(|(code, _)| *code);
        two.worker.timer.wake_by(first, Timestamp(1_000));
        two.worker.timer.wake_by(second, Timestamp(86_400_000));
        let until = |at| Next::Idle(Some(Timestamp(at)));
        assert_eq!(two.look(), ([false; 2], until(1_000)));
        two.clock.0.store(1_000, Ordering::SeqCst);
        assert_eq!(two.look(), ([true, false], until(86_400_000)));
        two.clock.0.store(-5_000, Ordering::SeqCst);
        assert_eq!(two.look(), ([false; 2], until(86_400_000)));
        two.clock.0.store(90_000_000, Ordering::SeqCst);
        assert_eq!(two.look(), ([false, true], Next::Idle(None)));
    }

    #[test]
    fn all_nodes_are_woken_while_the_clock_is_doubted_and_once_after_that() {
        let mut two = Two::new();
        assert_eq!(two.look().0, [false; 2]);
        two.clock.1.store(true, Ordering::SeqCst);
        assert_eq!(two.look().0, [true; 2]);
        assert_eq!(two.look().0, [true; 2]);
        two.clock.1.store(false, Ordering::SeqCst);
        assert_eq!(two.look().0, [true; 2]);
        assert_eq!(two.look().0, [false; 2]);
    }
}

//! What systemd is told of a running process, if it started it: that it is ready, that it lives, that it stops.

use std::{convert::Infallible, sync::Mutex, time::Duration};

use sd_notify::{NotifyState, notify, watchdog_enabled};
use telemetry::Health;

/// The service manager, or nobody.
pub(super) struct Supervisor {
    /// How often it wants a sign of life, if it does.
    watchdog: Option<Duration>,
    /// That of the nodes, while they run.
    health: Mutex<Option<Health>>,
}

impl Supervisor {
    /// Returns the one that the environment names (`NOTIFY_SOCKET`, `WATCHDOG_USEC`).
    pub(super) fn of_environment() -> Self {
        Self {
            watchdog: watchdog_enabled(),
            health: Mutex::new(None),
        }
    }

    /// The nodes run, with this health.
    pub(super) fn ready(&self, health: &Health, status: &str) {
        *self.health.lock().expect("no holder panics") = Some(health.clone());
        tell(&[NotifyState::Ready, NotifyState::Status(status)]);
    }

    /// The nodes are stopped because their disk failed, and start again when it takes writes.
    pub(super) fn reopening(&self) {
        *self.health.lock().expect("no holder panics") = None;
        tell(&[NotifyState::Status("reopening the store")]);
    }

    /// The configuration is read anew; it takes a moment.
    pub(super) fn reloading(&self) {
        // systemd takes it only with the time at which it began.
        match NotifyState::monotonic_usec_now() {
            Ok(begun) => tell(&[NotifyState::Reloading, begun]),
            Err(error) => tracing::warn!(%error, "the service manager was not told"),
        }
    }

    /// That is done, with or without faults.
    pub(super) fn reloaded(&self) {
        tell(&[NotifyState::Ready]);
    }

    /// The process ends.
    pub(super) fn stopping(&self) {
        tell(&[NotifyState::Stopping]);
    }

    /// Gives signs of life for as long as the process may go on; never ends. One that hangs or must be restarted gives none.
    pub(super) async fn watch(&self) -> Infallible {
        let Some(watchdog) = self.watchdog else {
            return std::future::pending().await;
        };
        loop {
            let health = self.health.lock().expect("no holder panics").clone();
            if health.is_none_or(|health| health.live()) {
                tell(&[NotifyState::Watchdog]);
            }
            tokio::time::sleep(watchdog / 3).await;
        }
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = notify(states) {
        tracing::warn!(%error, "the service manager was not told");
    }
}

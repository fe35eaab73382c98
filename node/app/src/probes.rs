//! What a process looks at now and then outside of its nodes: the disk, and the collector of traces.

use std::{io, path::PathBuf, time::Duration};

use futures::future::BoxFuture;
use store::{Store, StoreError};
use telemetry::{Collector, Health, Metrics};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use workers::{About, Failure, Next, Worker};

use super::causes;

/// How often a store, or a disk that failed, is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A disk with less room than this takes no writes: the log's steps, a checkpoint, and some more.
const PROBE_BYTES: usize = 2 << 20;

/// Shows whether the disk takes new work. Once it failed under the store, tries it until it takes writes
/// again, and says so.
pub(super) struct Disk {
    store: Store,
    /// The file that is written to try it.
    probe: PathBuf,
    health: Health,
    metrics: Metrics,
    failed: bool,
    mended: watch::Sender<bool>,
}

impl Disk {
    /// Looks at the disk of this store.
    pub(super) fn new(store: &Store, probe: PathBuf, health: &Health, metrics: &Metrics) -> Self {
        Self {
            store: store.clone(),
            probe,
            health: health.clone(),
            metrics: metrics.clone(),
            failed: false,
            mended: watch::Sender::new(false),
        }
    }

    /// Turns true once the disk failed and takes writes again: the store has to be opened anew.
    pub(super) fn mended(&self) -> watch::Receiver<bool> {
        self.mended.subscribe()
    }

    async fn look(&mut self) -> Result<Next, Failure> {
        self.health.disk(self.store.trouble());
        let full = i64::from(self.store.is_full());
        self.metrics.store_full().set(full);
        match self.store.failure() {
            Some(failure) => self.try_again(&failure).await,
            None => Ok(Next::Idle(None)),
        }
    }

    async fn try_again(&mut self, failure: &StoreError) -> Result<Next, Failure> {
        if !std::mem::replace(&mut self.failed, true) {
            tracing::error!(alarm = "store-failed", %failure,
                "nothing is acknowledged until the disk takes writes again");
        }
        if let Err(error) = self.try_disk().await {
            tracing::warn!(%error, "the disk takes no writes yet");
            let cause = causes::disk_fails(failure, error);
            return Err(Failure::paced(cause, None));
        }
        if !self.mended.send_replace(true) {
            tracing::warn!("the disk takes writes again");
        }
        Ok(Next::Stopped)
    }

    /// Writes, syncs and removes a file as large as what a store may want at once.
    async fn try_disk(&self) -> io::Result<()> {
        let path = self.probe.clone();
        let tried = tokio::task::spawn_blocking(move || {
            let tried = std::fs::File::create(&path).and_then(|mut file| {
                io::Write::write_all(&mut file, &vec![1; PROBE_BYTES])?;
                file.sync_all()
            });
            tried.and(std::fs::remove_file(&path))
        });
        tried.await.map_err(io::Error::other)?
    }

    async fn pause(&self) {
        let mended = *self.mended.borrow();
        match mended {
            false => tokio::time::sleep(LOOK_EVERY).await,
            true => std::future::pending().await,
        }
    }
}

impl Worker for Disk {
    fn about(&self) -> About {
        About::process("disk")
    }

    fn work<'a>(
        &'a mut self,
        _stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Next, Failure>> {
        Box::pin(self.look())
    }

    fn wait(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(self.pause())
    }
}

/// Asks the collector of traces whether it is there.
pub(super) struct CollectorProbe(pub(super) Collector);

impl Worker for CollectorProbe {
    fn about(&self) -> About {
        About::process("collector")
    }

    fn work<'a>(&'a mut self, stop: &'a CancellationToken) -> BoxFuture<'a, Result<Next, Failure>> {
        Box::pin(async {
            stop.run_until_cancelled(self.0.probe()).await;
            match self.0.trouble() {
                Some(trouble) => Err(Failure::paced(causes::traces_lost(trouble), None)),
                None => Ok(Next::Idle(None)),
            }
        })
    }

    fn wait(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(self.0.every()))
    }
}

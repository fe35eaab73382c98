//! The last backup of a data directory: a note that `wujitong backup` leaves there, shown in the status and in the metrics.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use api::LastBackup;
use futures::future::BoxFuture;
use telemetry::Metrics;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use workers::{About, Failure, Next, Worker};

use super::causes;

/// Name of the note in the data directory.
pub const LAST_BACKUP: &str = "last-backup.json";

/// How often the note is read.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Reads the note; `None` if no backup was ever made.
///
/// # Errors
/// If the file cannot be read, or is no note.
pub fn last_backup(data: &Path) -> io::Result<Option<LastBackup>> {
    match fs::read(data.join(LAST_BACKUP)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        bytes => Ok(Some(serde_json::from_slice(&bytes?)?)),
    }
}

/// Reads the note now and then.
pub(super) struct Backups {
    data: PathBuf,
    metrics: Metrics,
    last: watch::Sender<Option<LastBackup>>,
}

impl Backups {
    /// Looks at this data directory. What it sees comes out of the receiver.
    pub(super) fn new(
        data: &Path,
        metrics: &Metrics,
        last: watch::Sender<Option<LastBackup>>,
    ) -> Self {
        Self {
            data: data.to_owned(),
            metrics: metrics.clone(),
            last,
        }
    }

    async fn look(&mut self) -> Result<Next, Failure> {
        let data = self.data.clone();
        let read = tokio::task::spawn_blocking(move || last_backup(&data));
        let read = read.await.map_err(io::Error::other).flatten();
        let last = read.map_err(|error| Failure::paced(causes::backup_unknown(error), None))?;
        let made = last.as_ref().map_or(0, |last| last.made_ms / 1000);
        self.metrics.last_backup().set(made);
        self.last.send_if_modified(|known| {
            let differs = *known != last;
            *known = last;
            differs
        });
        Ok(Next::Idle(None))
    }
}

impl Worker for Backups {
    fn about(&self) -> About {
        About::process("backups")
    }

    fn work<'a>(
        &'a mut self,
        _stop: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Next, Failure>> {
        Box::pin(self.look())
    }

    fn wait(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(LOOK_EVERY))
    }
}

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use super::{lock::DirLock, open::create};
use crate::OpenError;

/// The exclusive claim on a store's directory, with the mark of a closed store. Dropped together
/// with the engine.
pub(crate) struct Claim {
    dir: PathBuf,
    /// Whether everything is durably in the engine and nothing more will be written.
    closed: AtomicBool,
    _lock: DirLock,
}

impl Claim {
    /// Takes the directory; creates it if needed.
    pub(crate) fn take(dir: &Path) -> Result<Self, OpenError> {
        create(dir)?;
        Ok(Self {
            dir: dir.to_owned(),
            closed: AtomicBool::new(false),
            _lock: DirLock::take(dir)?,
        })
    }

    /// Returns whether the last process closed the store.
    pub(crate) fn is_clean(&self) -> bool {
        self.mark().exists()
    }

    /// Marks the store as not closed.
    pub(crate) fn begin(&self) -> Result<(), OpenError> {
        let begin = || match fs::remove_file(self.mark()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed.and_then(|()| File::open(&self.dir)?.sync_all()),
        };
        begin().map_err(|source| OpenError::Io {
            what: "remove",
            path: self.mark(),
            source,
        })
    }

    pub(super) fn closed(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    /// Makes the mark of a closed store now, and keeps the lock: what follows may move the directory away.
    pub(crate) fn leave(self) -> Result<Self, OpenError> {
        if self.closed.swap(false, Ordering::Relaxed) {
            self.make_mark().map_err(|source| OpenError::Io {
                what: "write",
                path: self.mark(),
                source,
            })?;
        }
        Ok(self)
    }

    fn make_mark(&self) -> io::Result<()> {
        File::create(self.mark())?.sync_all()?;
        File::open(&self.dir)?.sync_all()
    }

    fn mark(&self) -> PathBuf {
        self.dir.join("clean")
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if self.closed.load(Ordering::Relaxed)
            && let Err(error) = self.make_mark()
        {
            tracing::warn!(%error, "the next start will check the store as after a crash");
        }
    }
}

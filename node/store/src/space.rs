//! Room on the store's disk. Decides when new work is refused, and keeps a reserve file for
//! everything else.
//!
//! The file `reserve` is written in full while there is plenty of room. When little is left it is
//! removed, so that outcomes can be recorded and a checkpoint can shorten the log while new work is
//! refused.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::OpenError;

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// Bytes that the engine may write at once in addition to its input: whole segments and a snapshot.
const ENGINE_BYTES: u64 = 2 * MIB;

/// The most bytes that the engine writes for each byte of input.
const ENGINE_FACTOR: u64 = 4;

/// Gives the available bytes in place of the file system.
pub(super) type Gauge = Arc<dyn Fn() -> u64 + Send + Sync>;

/// The room of one store.
pub(super) struct Space {
    dir: PathBuf,
    gauge: Option<Gauge>,
    /// Available bytes below which new work is refused.
    low: u64,
    /// Size of the reserve in bytes.
    reserve: u64,
    held: bool,
}

impl Space {
    /// Measures the disk of the store in `dir` and takes the reserve if there is plenty of room.
    pub(super) fn open(dir: &Path, gauge: Option<Gauge>) -> Self {
        let mut space = Self::look(dir, gauge);
        space.hold();
        space
    }

    fn look(dir: &Path, gauge: Option<Gauge>) -> Self {
        let total = rustix::fs::statvfs(dir)
            .map_or(u64::MAX, |disk| disk.f_blocks.saturating_mul(disk.f_frsize));
        let mut space = Self {
            dir: dir.to_owned(),
            gauge,
            low: (total / 32).clamp(512 * KIB, 16 * MIB),
            reserve: (total / 16).clamp(256 * KIB, 4 * MIB),
            held: false,
        };
        space.held = fs::metadata(space.path()).is_ok_and(|file| file.len() == space.reserve);
        space
    }

    /// Checks that the engine can be opened, if need be without the reserve. Opened without room
    /// for its own writes, the engine would hang.
    pub(super) fn admits_opening(dir: &Path) -> Result<(), OpenError> {
        let mut space = Self::look(dir, None);
        if space.admits(0) {
            return Ok(());
        }
        Err(OpenError::NoRoom {
            dir: dir.to_owned(),
            need: ENGINE_BYTES,
        })
    }

    /// Returns whether new work must be refused.
    pub(super) fn is_tight(&self) -> bool {
        self.available() < self.low
    }

    /// Returns whether the engine can take so many bytes, and gives up the reserve if needed.
    pub(super) fn admits(&mut self, bytes: usize) -> bool {
        let need = ENGINE_BYTES + ENGINE_FACTOR * bytes as u64;
        if self.available() < need {
            self.give_up();
        }
        self.available() >= need
    }

    /// Gives up the reserve.
    pub(super) fn give_up(&mut self) {
        if std::mem::take(&mut self.held)
            && let Err(error) = fs::remove_file(self.path())
        {
            tracing::warn!(%error, "the reserve on the disk cannot be given up");
        }
    }

    /// Takes the reserve again if there is plenty. Returns whether new work may be taken.
    pub(super) fn recover(&mut self) -> bool {
        self.hold();
        self.held && !self.is_tight()
    }

    fn hold(&mut self) {
        // Require room for twice the reserve, so that it does not come and go.
        if self.held || self.available() < self.low + 2 * self.reserve {
            return;
        }
        let path = self.path();
        match fill(&path, self.reserve) {
            Ok(()) => self.held = true,
            Err(error) => {
                tracing::warn!(%error, "the reserve on the disk cannot be taken");
                let _it_was_not_whole = fs::remove_file(&path);
            }
        }
    }

    fn available(&self) -> u64 {
        match &self.gauge {
            Some(gauge) => gauge(),
            // If the file system cannot tell, a write will fail instead.
            None => available(&self.dir).unwrap_or(u64::MAX),
        }
    }

    fn path(&self) -> PathBuf {
        self.dir.join("reserve")
    }
}

/// Returns the bytes that this process may still write to the file system of `dir`.
pub(super) fn available(dir: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(dir)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Returns whether an error means that there is no room.
pub(super) fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

fn fill(path: &Path, bytes: u64) -> io::Result<()> {
    let mut file = File::create(path)?;
    let flags = rustix::fs::FallocateFlags::empty();
    match rustix::fs::fallocate(&file, flags, 0, bytes) {
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {
            let length = usize::try_from(bytes).expect("some MiB");
            file.write_all(&vec![0; length])?;
        }
        filled => filled?,
    }
    file.sync_all()
}

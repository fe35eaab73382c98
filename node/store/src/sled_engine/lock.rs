use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    path::Path,
    process, thread,
    time::{Duration, Instant},
};

use super::super::OpenError;

/// The exclusive right to a store's directory, held until dropped or until the process ends. The
/// file stays; only the lock on it counts.
pub(super) struct DirLock {
    _file: File,
}

/// Longest wait for a store that this process is still closing.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);
pub(crate) const PAUSE: Duration = Duration::from_millis(5);

impl DirLock {
    pub(super) fn take(dir: &Path) -> Result<Self, OpenError> {
        let path = dir.join("lock");
        let io = |source| OpenError::Io {
            what: "lock",
            path: path.clone(),
            source,
        };
        let mut options = OpenOptions::new();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(io)?;
        let begun = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(source)) => return Err(io(source)),
                Err(TryLockError::WouldBlock) => {
                    let pid = holder(&mut file);
                    if pid != Some(process::id()) || begun.elapsed() > PATIENCE {
                        return Err(OpenError::Locked {
                            dir: dir.to_owned(),
                            pid,
                        });
                    }
                    thread::sleep(PAUSE);
                }
            }
        }
        file.set_len(0).map_err(io)?;
        file.rewind().map_err(io)?;
        writeln!(file, "{}", process::id()).map_err(io)?;
        Ok(Self { _file: file })
    }
}

fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

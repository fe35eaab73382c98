//! Files that appear whole or not at all; private ones are readable by their owner only.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    time::SystemTime,
};

/// A file of an identity could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Reading failed.
    #[error("{} could not be read: {cause}; {}", path.display(), hint(.path, .cause))]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        cause: io::Error,
    },
    /// Writing failed; the previous content is unchanged.
    #[error("{} could not be written: {cause}; {}", path.display(), advice(.path, .cause))]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// The operating system's error.
        cause: io::Error,
    },
}

fn hint(path: &Path, cause: &io::Error) -> String {
    match cause.kind() {
        io::ErrorKind::NotFound => {
            "run `wujitong init` for this division or check the directory".to_owned()
        }
        _ => advice(path, cause),
    }
}

/// Returns advice on a file that cannot be used. If permission was denied, names the owner of the
/// directory.
pub fn advice(path: &Path, cause: &io::Error) -> String {
    match cause.kind() {
        io::ErrorKind::PermissionDenied => {
            let found = path
                .ancestors()
                .find_map(|at| Some((at, fs::metadata(at).ok()?.uid())));
            let me = fs::metadata("/proc/self").map(|own| own.uid()).ok();
            match (found, me) {
                (Some((at, owner)), Some(me)) => {
                    let at = if at.as_os_str().is_empty() {
                        Path::new(".")
                    } else {
                        at
                    };
                    format!(
                        "{} belongs to user {owner}, this is user {me}: run as its owner, or name \
                         another directory",
                        at.display()
                    )
                }
                _ => "run as the user who owns the directory".to_owned(),
            }
        }
        io::ErrorKind::NotFound => "check the path".to_owned(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "make room on the disk".to_owned()
        }
        io::ErrorKind::ReadOnlyFilesystem => "mount the file system for writing".to_owned(),
        io::ErrorKind::InvalidData | io::ErrorKind::IsADirectory | io::ErrorKind::NotADirectory => {
            "name another file".to_owned()
        }
        _ => "check the disk, and restore the file from a backup if it is damaged".to_owned(),
    }
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    fs::read(path).map_err(|cause| FileError::Read {
        path: path.to_owned(),
        cause,
    })
}

/// Returns when a file was written last.
pub(super) fn modified(path: &Path) -> Result<SystemTime, FileError> {
    let modified = fs::metadata(path).and_then(|meta| meta.modified());
    modified.map_err(|cause| FileError::Read {
        path: path.to_owned(),
        cause,
    })
}

/// Lists the names in a directory, sorted.
pub(super) fn list(path: &Path) -> Result<Vec<String>, FileError> {
    let failed = |cause| FileError::Read {
        path: path.to_owned(),
        cause,
    };
    let mut names = vec![];
    for entry in fs::read_dir(path).map_err(failed)? {
        names.extend(entry.map_err(failed)?.file_name().into_string());
    }
    names.sort_unstable();
    Ok(names)
}

/// Reads a private key and logs a warning if others may read it too.
pub(super) fn read_private(path: &Path) -> Result<Vec<u8>, FileError> {
    let bytes = read(path)?;
    if fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0) {
        tracing::warn!(path = %path.display(), "private key readable by others; chmod 600");
    }
    Ok(bytes)
}

/// Replaces one file atomically and durably, with mode 0644.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    replace(path, bytes, 0o644)
}

/// Replaces one file like [`write`], so that only its owner may read it.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    replace(path, bytes, 0o600)
}

fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<(), FileError> {
    let failed = |cause| FileError::Write {
        path: path.to_owned(),
        cause,
    };
    let parent = path.parent().unwrap_or(Path::new("."));
    make_dir(parent)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = parent.join(format!(".{name}.new"));
    let file = create(&temporary, bytes, mode).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    fs::rename(&temporary, path).map_err(failed)?;
    sync_dir(parent)
}

/// Creates a directory that only its owner may enter, and its missing parents.
pub(super) fn make_dir(path: &Path) -> Result<(), FileError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|cause| FileError::Write {
            path: path.to_owned(),
            cause,
        })
}

fn create(path: &Path, bytes: &[u8], mode: u32) -> io::Result<File> {
    // A leftover of an interrupted write keeps its own mode, so it goes first.
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(cause),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)?;
    file.write_all(bytes)?;
    Ok(file)
}

fn sync_dir(path: &Path) -> Result<(), FileError> {
    File::open(path)
        .and_then(|dir| dir.sync_all())
        .map_err(|cause| FileError::Write {
            path: path.to_owned(),
            cause,
        })
}

/// Removes a directory with its content, if it exists.
pub(super) fn remove_all(path: &Path) -> Result<(), FileError> {
    match fs::remove_dir_all(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(FileError::Write {
            path: path.to_owned(),
            cause,
        }),
        _ => Ok(()),
    }
}

/// Renames a file or a directory durably.
pub(super) fn rename(from: &Path, to: &Path) -> Result<(), FileError> {
    fs::rename(from, to).map_err(|cause| FileError::Write {
        path: to.to_owned(),
        cause,
    })?;
    sync_dir(to.parent().unwrap_or(Path::new(".")))
}

/// Returns the path where a directory is built until it is complete.
pub(super) fn staged(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!(".{name}.new"))
}

/// Moves a directory into place that an interrupted process had completed and made durable.
pub(super) fn finish(target: &Path, aside: Option<&Path>) -> Result<(), FileError> {
    appear(&staged(target), target, aside)?;
    sync_dir(target.parent().unwrap_or(Path::new(".")))
}

fn appear(staged: &Path, target: &Path, aside: Option<&Path>) -> Result<(), FileError> {
    let failed = |cause| FileError::Write {
        path: target.to_owned(),
        cause,
    };
    if let Some(aside) = aside
        && target.exists()
    {
        fs::rename(target, aside).map_err(failed)?;
    }
    fs::rename(staged, target).map_err(failed)
}

/// Directories under construction: each appears complete under its name at [`Folders::commit`].
#[derive(Default)]
pub(super) struct Folders {
    folders: Vec<Folder>,
    /// Files written but not synced yet; at most `MOST_OPEN`.
    open: Vec<(File, PathBuf)>,
    /// Whether others know of their content. If so, they are kept for [`finish`] instead of
    /// removed.
    told: bool,
}

struct Folder {
    staged: PathBuf,
    target: PathBuf,
}

impl Folders {
    /// Number of threads that sync at once: the file system merges concurrent syncs into one
    /// journal write.
    const SYNCERS: usize = 16;

    /// Most files that are open at once.
    const MOST_OPEN: usize = 64;

    /// Starts a directory that will appear at `target`; later [`Folders::put`] calls fill it.
    pub(super) fn begin(&mut self, target: &Path) -> Result<(), FileError> {
        let failed = |cause| FileError::Write {
            path: target.to_owned(),
            cause,
        };
        let parent = target.parent().unwrap_or(Path::new("."));
        make_dir(parent)?;
        let staged = staged(target);
        match fs::remove_dir_all(&staged) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => return Err(failed(cause)),
            _ => {}
        }
        make_dir(&staged)?;
        self.folders.push(Folder {
            staged,
            target: target.to_owned(),
        });
        Ok(())
    }

    /// Writes a file into the directory started last; `private` files get mode 0600.
    pub(super) fn put(&mut self, name: &str, bytes: &[u8], private: bool) -> Result<(), FileError> {
        let folder = self.folders.last().expect("a directory was begun");
        let path = folder.staged.join(name);
        let file = create(&path, bytes, if private { 0o600 } else { 0o644 }).map_err(|cause| {
            FileError::Write {
                path: path.clone(),
                cause,
            }
        })?;
        self.open.push((file, path));
        if self.open.len() < Self::MOST_OPEN {
            return Ok(());
        }
        self.sync_files()
    }

    /// Writes a public file into a directory that was started before.
    pub(super) fn put_into(
        &mut self,
        target: &Path,
        name: &str,
        bytes: &[u8],
    ) -> Result<(), FileError> {
        let mut begun = self.folders.iter();
        let folder = begun.find(|folder| folder.target == target);
        let folder = folder.expect("a directory was begun");
        let path = folder.staged.join(name);
        let failed = |cause| FileError::Write {
            path: path.clone(),
            cause,
        };
        let file = create(&path, bytes, 0o644).map_err(failed)?;
        self.open.push((file, path));
        if self.open.len() < Self::MOST_OPEN {
            return Ok(());
        }
        self.sync_files()
    }

    /// Makes everything durable, then moves the directories into place.
    pub(super) fn commit(mut self) -> Result<(), FileError> {
        self.sync()?;
        self.appear(None)
    }

    /// Moves the directories into place after [`Folders::sync`]. Existing ones are moved to
    /// `aside`.
    pub(super) fn appear(&mut self, aside: Option<&Path>) -> Result<(), FileError> {
        for folder in &self.folders {
            appear(&folder.staged, &folder.target, aside)?;
        }
        let mut parents: Vec<_> = self
            .folders
            .iter()
            .filter_map(|f| f.target.parent())
            .collect();
        parents.sort_unstable();
        parents.dedup();
        parents.into_iter().try_for_each(sync_dir)
    }

    /// Keeps the directories for [`finish`] even if a later step fails: others know of their keys.
    pub(super) fn told(&mut self) {
        self.told = true;
    }

    /// Makes everything durable; nothing is moved into place yet.
    pub(super) fn sync(&mut self) -> Result<(), FileError> {
        self.sync_files()?;
        self.folders
            .iter()
            .try_for_each(|folder| sync_dir(&folder.staged))
    }

    /// Makes the open files durable and closes them.
    fn sync_files(&mut self) -> Result<(), FileError> {
        let files = std::mem::take(&mut self.open);
        let next = AtomicUsize::new(0);
        let work = || {
            while let Some((file, path)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                file.sync_all().map_err(|cause| FileError::Write {
                    path: path.clone(),
                    cause,
                })?;
            }
            Ok(())
        };
        if files.len() <= Self::SYNCERS {
            return work();
        }
        std::thread::scope(|scope| {
            let syncers: Vec<_> = (0..Self::SYNCERS).map(|_| scope.spawn(work)).collect();
            syncers
                .into_iter()
                .try_for_each(|syncer| syncer.join().expect("syncing files does not panic"))
        })
    }
}

impl Drop for Folders {
    /// Removes directories that were not committed, so that no keys without an identity remain.
    fn drop(&mut self) {
        if self.told {
            return;
        }
        for folder in &self.folders {
            if let Err(cause) = fs::remove_dir_all(&folder.staged)
                && cause.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(path = %folder.staged.display(), %cause, "leftover not removed");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_files_and_directories_are_closed_to_others_even_over_an_open_leftover() {
        let dir = tempfile::tempdir().expect("a directory");
        let leftover = dir.path().join("inner/.33.new");
        fs::create_dir_all(&leftover).expect("made");
        fs::write(leftover.join("key"), b"half a key").expect("written");
        let target = dir.path().join("inner/33");
        let mut folders = Folders::default();
        folders.begin(&target).expect("begun");
        folders.put("key", b"secret", true).expect("put");
        folders.put("chain", b"public", false).expect("put");
        folders.commit().expect("committed");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(&target.join("key")), 0o600);
        assert_eq!(mode(&target), 0o700);
        assert_eq!(fs::read(target.join("key")).expect("read"), b"secret");
    }

    #[test]
    fn folders_that_are_not_committed_leave_nothing_behind() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut folders = Folders::default();
        folders.begin(&dir.path().join("33")).expect("begun");
        folders.put("key", b"k", true).expect("put");
        drop(folders);
        assert_eq!(fs::read_dir(dir.path()).expect("listed").count(), 0);
    }

    #[test]
    fn a_file_is_replaced_whole() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("roots.pem");
        write(&path, b"a longer first version").expect("written");
        write(&path, b"second").expect("written");
        assert_eq!(fs::read(&path).expect("read"), b"second");
        assert_eq!(fs::read_dir(dir.path()).expect("listed").count(), 1);
    }

    #[test]
    fn folders_are_invisible_until_they_are_committed() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut folders = Folders::default();
        for n in 0..20 {
            folders
                .begin(&dir.path().join(n.to_string()))
                .expect("begun");
            folders.put("key", b"k", true).expect("put");
        }
        assert!(!dir.path().join("7").exists());
        folders.commit().expect("committed");
        assert_eq!(fs::read(dir.path().join("7/key")).expect("read"), b"k");
        assert!(!dir.path().join(".7.new").exists());
    }

    #[test]
    fn a_missing_file_says_what_to_do() {
        let error = read(Path::new("/nowhere/tls.key"))
            .expect_err("missing")
            .to_string();
        assert!(
            error.contains("/nowhere/tls.key") && error.contains("init"),
            "{error}"
        );
    }
}

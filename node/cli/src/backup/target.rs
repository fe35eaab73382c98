//! The file of a backup: written beside its name, synced, read back, and then named.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, BufReader, BufWriter, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use backup::{Opener, Reader};
use domain::time::Timestamp;
use topology::DivisionCode;

use super::Progress;
use crate::Failure;

/// Bytes read at once.
const STRETCH: usize = 256 * 1024;

/// Where a backup goes.
pub(crate) struct Target {
    to: PathBuf,
    is_directory: bool,
}

/// A backup that is being written. Without [`Self::finish`] nothing of it is left.
pub(crate) struct Unfinished {
    path: PathBuf,
    draft: PathBuf,
    file: BufWriter<File>,
    digest: blake3::Hasher,
    bytes: u64,
    done: bool,
}

/// A backup that has its name.
pub(crate) struct Finished {
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
}

impl Target {
    /// Checks that a backup of `data` may be written to `to`, a file or a directory.
    pub(crate) fn of(to: &Path, data: &Path) -> Result<Self, Failure> {
        let is_directory = to.is_dir();
        let target = Self {
            to: to.to_owned(),
            is_directory,
        };
        if !is_directory && to.exists() {
            return Err(exists(to));
        }
        let failed = |path: &Path, error| Failure::File(path.to_owned(), error);
        let folder = target.folder();
        let inside = folder
            .canonicalize()
            .map_err(|error| failed(&folder, error))?;
        let data = data.canonicalize().map_err(|error| failed(data, error))?;
        match inside.starts_with(&data) {
            true => Err(Failure::Usage(format!(
                "{} lies in the data directory, so it would be lost together with it, and be part of the next backup; name a \
                 place on another disk",
                to.display()
            ))),
            false => Ok(target),
        }
    }

    fn folder(&self) -> PathBuf {
        let parent = match self.is_directory {
            true => Some(&*self.to),
            false => self.to.parent(),
        };
        let parent = parent.filter(|parent| !parent.as_os_str().is_empty());
        parent.unwrap_or(Path::new(".")).to_owned()
    }

    /// Begins to write. In a directory the file is named after a division and the time.
    pub(crate) fn begin(
        self,
        division: Option<DivisionCode>,
        made_ms: i64,
    ) -> Result<Unfinished, Failure> {
        let name = || {
            let at = Timestamp(made_ms).to_string();
            let at: String = at.chars().filter(char::is_ascii_digit).take(14).collect();
            let of = division.map_or_else(|| "wujitong".to_owned(), |code| code.to_string());
            format!("{of}-{at}.age")
        };
        let path = match self.is_directory {
            true => self.to.join(name()),
            false => self.to.clone(),
        };
        if path.exists() {
            return Err(exists(&path));
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let draft = self.folder().join(format!(".{name}.part"));
        let failed = |error| Failure::File(path.clone(), error);
        // A process that was killed leaves its draft, which is locked no more.
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(false).mode(0o600);
        let file = file.open(&draft).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::NotDone(format!(
                    "another process is writing {}; wait for it, or name another file",
                    path.display()
                )));
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        file.set_len(0).map_err(failed)?;
        Ok(Unfinished {
            draft,
            file: BufWriter::with_capacity(STRETCH, file),
            digest: blake3::Hasher::new(),
            bytes: 0,
            done: false,
            path,
        })
    }
}

fn exists(path: &Path) -> Failure {
    Failure::Usage(format!(
        "{} is there already, and a backup is never overwritten; name another file, or a directory",
        path.display()
    ))
}

impl Write for Unfinished {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.digest.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Unfinished {
    /// Returns the name that it will have.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Syncs the file, reads it back, and gives it its name. If it can be opened here, it is read to its end as a restore
    /// would do.
    pub(crate) fn finish(
        mut self,
        opener: Option<&Opener>,
        progress: &Progress,
    ) -> Result<Finished, Failure> {
        let path = self.path.clone();
        let failed = |error| Failure::File(path.clone(), error);
        progress.now("sync 落盘");
        self.file.flush().map_err(failed)?;
        self.file.get_ref().sync_all().map_err(failed)?;
        progress.now("read back 核验");
        self.read_back().map_err(failed)?;
        if let Some(opener) = opener {
            let file = File::open(&self.draft).map_err(failed)?;
            let broken = |error: &dyn std::error::Error| {
                Failure::Failed(format!(
                    "{}: the backup that was written does not open again: {error}; check the memory and the disk of this machine",
                    path.display()
                ))
            };
            let opened = opener
                .open(BufReader::new(file))
                .map_err(|error| broken(&error))?;
            let (_, mut reader) = Reader::open(opened).map_err(|error| broken(&error))?;
            while reader
                .next_part()
                .map_err(|error| broken(&error))?
                .is_some()
            {}
        }
        if self.path.exists() {
            return Err(exists(&self.path));
        }
        fs::rename(&self.draft, &self.path).map_err(failed)?;
        self.done = true;
        let folder = self
            .path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        let folder = File::open(folder.unwrap_or(Path::new(".")));
        folder
            .and_then(|folder| folder.sync_all())
            .map_err(failed)?;
        Ok(Finished {
            path: self.path.clone(),
            bytes: self.bytes,
        })
    }

    /// Compares what is on the disk with what was written.
    fn read_back(&self) -> io::Result<()> {
        let mut file = File::open(&self.draft)?;
        let mut digest = blake3::Hasher::new();
        let mut stretch = vec![0; STRETCH];
        loop {
            match file.read(&mut stretch)? {
                0 => break,
                length => digest.update(&stretch[..length]),
            };
        }
        match digest.finalize() == self.digest.finalize() {
            true => Ok(()),
            false => Err(io::Error::other(
                "what was read back is not what was written",
            )),
        }
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.done {
            let _nothing_half_done_is_left = fs::remove_file(&self.draft);
        }
    }
}

/// Writes a new file that only its owner may read.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut options = OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(path);
    let written = file.and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => exists(path),
        _ => Failure::File(path.to_owned(), error),
    })
}

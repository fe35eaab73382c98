//! The data directory that a backup is restored to: everything is made in a folder in it and moved up at the end.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use app::{Chance, RESTORED, RestoredMark, StartError};
use backup::Part;
use office::Entropy;
use store::{SledOptions, Store, Ticket};
use tokio::runtime::Handle;

use crate::Failure;

/// Name of the folder in which everything is made.
pub(crate) const RESTORING: &str = "restoring";

/// What makes a directory one of a node; moved last.
const NETWORK: &str = "network.toml";

/// A data directory that is being made. Without [`Self::finish`] nothing of it is left.
pub(super) struct Directory {
    data: PathBuf,
    /// Where everything is made.
    work: PathBuf,
    /// Whether `data` was made for it.
    is_new: bool,
    store: Option<Store>,
    last: Option<Ticket>,
    file: Option<(File, PathBuf)>,
    done: bool,
}

impl Directory {
    /// Begins in a directory that is empty, or holds what a restore that was killed left, or is not there.
    pub(super) fn begin(data: &Path) -> Result<Self, Failure> {
        let failed = |error| Failure::File(data.to_owned(), error);
        let is_new = !data.exists();
        if is_new {
            let mut builder = DirBuilder::new();
            builder
                .recursive(true)
                .mode(0o700)
                .create(data)
                .map_err(failed)?;
        }
        let work = data.join(RESTORING);
        let found = entries(data).map_err(failed)?;
        // A restore that was killed left its folder, and perhaps some of what it had moved up.
        let alone = found == [work.clone()];
        let moving = work.join(NETWORK).exists() && !data.join(NETWORK).exists();
        if !found.is_empty() && !alone && !moving {
            return Err(Failure::Usage(format!(
                "{} is not empty; restore into an empty directory, and move this one away if it is an older copy",
                data.display()
            )));
        }
        for path in found {
            remove(&path).map_err(failed)?;
        }
        DirBuilder::new()
            .mode(0o700)
            .create(&work)
            .map_err(failed)?;
        let mut directory = Self {
            data: data.to_owned(),
            work,
            is_new,
            store: None,
            last: None,
            file: None,
            done: false,
        };
        let store = Store::open_sled(&directory.work.join("store"), SledOptions::default());
        directory.store = Some(store.map_err(StartError::Store)?);
        Ok(directory)
    }

    /// Takes the next part. Blocks.
    pub(super) fn take(&mut self, part: Part) -> Result<(), Failure> {
        match part {
            Part::Records(records) => {
                let store = self.store.as_ref().expect("it is open until the end");
                let filled = Handle::current().block_on(store.fill(records));
                let filled = filled.map_err(|error| Failure::Failed(error.to_string()))?;
                self.last = filled.or(self.last.take());
                Ok(())
            }
            Part::File { path, mode, .. } => {
                self.file = None;
                let path = self.work.join(path);
                let failed = |error| Failure::File(path.clone(), error);
                if let Some(folder) = path.parent() {
                    let mut builder = DirBuilder::new();
                    builder
                        .recursive(true)
                        .mode(0o700)
                        .create(folder)
                        .map_err(failed)?;
                }
                let mut options = OpenOptions::new();
                options.write(true).create_new(true).mode(mode & 0o777);
                let file = options.open(&path).map_err(failed)?;
                self.file = Some((file, path));
                Ok(())
            }
            Part::Bytes(bytes) => match &mut self.file {
                Some((file, path)) => {
                    let written = file.write_all(&bytes);
                    written.map_err(|error| Failure::File(path.clone(), error))
                }
                None => Ok(()),
            },
        }
    }

    /// Makes everything durable, and then the directory valid. Blocks.
    pub(super) fn finish(mut self, made_ms: i64) -> Result<(), Failure> {
        self.file = None;
        let failed = |error: store::StoreError| Failure::Failed(error.to_string());
        if let Some(last) = self.last.take() {
            Handle::current().block_on(last.durable()).map_err(failed)?;
        }
        if let Some(store) = self.store.take() {
            Handle::current().block_on(store.close()).map_err(failed)?;
        }
        let mark = RestoredMark::of(Chance.bytes(), made_ms);
        let mark = serde_json::to_vec(&mark).map_err(|error| Failure::Output(error.into()))?;
        let path = self.work.join(RESTORED);
        let moved = fs::write(&path, mark)
            .and_then(|()| sync_all(&self.work))
            .and_then(|()| self.move_up());
        moved.map_err(|error| Failure::File(self.data.clone(), error))?;
        self.done = true;
        Ok(())
    }

    /// Moves everything to its place, what makes the directory valid last.
    fn move_up(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.work)? {
            let entry = entry?;
            if entry.file_name() != NETWORK {
                fs::rename(entry.path(), self.data.join(entry.file_name()))?;
            }
        }
        let here = File::open(&self.data)?;
        here.sync_all()?;
        fs::rename(self.work.join(NETWORK), self.data.join(NETWORK))?;
        here.sync_all()?;
        fs::remove_dir(&self.work)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        if let Some(store) = self.store.take() {
            let _it_is_removed_anyway = Handle::current().block_on(store.close());
        }
        // It was empty, so everything in it was made here.
        for path in entries(&self.data).unwrap_or_default() {
            let _the_next_restore_removes_it = remove(&path);
        }
        if self.is_new {
            let _it_may_not_be_empty = fs::remove_dir(&self.data);
        }
    }
}

/// Returns what is in a directory, without what the file system keeps in its topmost one.
fn entries(data: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = vec![];
    for entry in fs::read_dir(data)? {
        let entry = entry?;
        if entry.file_name() != "lost+found" {
            paths.push(entry.path());
        }
    }
    Ok(paths)
}

fn remove(path: &Path) -> io::Result<()> {
    match path.symlink_metadata()?.is_dir() {
        true => fs::remove_dir_all(path),
        false => fs::remove_file(path),
    }
}

/// Syncs every file and folder below.
fn sync_all(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => sync_all(&entry.path())?,
            false => File::open(entry.path())?.sync_all()?,
        }
    }
    File::open(folder)?.sync_all()
}

//! Files of one node besides its records: parts of uploads, and kept files, which are sealed and
//! named by their digest.
//!
//! `parts/<id>` grows by appends. After an append is synced, a record states how many bytes of the
//! part count; the next append cuts off the rest. `kept/<xx>/<digest>` appears by rename once it is
//! synced as a whole, and never changes. A record may name a file only after [`Files::keep`] has
//! returned. A file that no record names is an orphan and is removed by the next sweep, unless it
//! is in hand.
//!
//! Everything here blocks.

mod look;
mod path;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use primitives::suite::{Digest, Suite};

pub use look::{Looked, look_through};

/// Prefix of the names of files that are being written.
pub const DRAFT: &str = "draft-";

/// Bytes read at once.
const STRETCH: usize = 64 * 1024;

/// Id of a file that is not complete yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartId(pub [u8; 16]);

/// The reason why a file was not written or read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file does not exist.
    #[error("the file is not there; fetch or send it again")]
    Absent,
    /// The file differs from what was written.
    #[error("the file {path} is damaged ({what}); put back a sound copy of the node's directory")]
    Damaged {
        /// Path of the file.
        path: PathBuf,
        /// The damage found.
        what: &'static str,
    },
    /// There is no room. Nothing was changed.
    #[error("there is no room on the disk; free some, then send the same again")]
    Full,
    /// The file system failed. Nothing that counts was changed.
    #[error("cannot {what} {path}: {source}; check the disk and its permissions")]
    Io {
        /// The operation.
        what: &'static str,
        /// The path on which it failed.
        path: PathBuf,
        /// The error of the file system.
        source: io::Error,
    },
    /// A sync failed, so the content of the file is unknown. The file was deleted.
    #[error("the disk failed while {path} was written ({source}); send the file again")]
    Unsynced {
        /// Path of the file.
        path: PathBuf,
        /// The error of the file system.
        source: io::Error,
    },
}

/// The last operation on a file or folder, where a power cut may matter. An error that a probe
/// returns is treated as an error of the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Point<'a> {
    Written(&'a Path),
    Synced(&'a Path),
    FolderSynced(&'a Path),
    Renamed(&'a Path),
}

pub(super) type Probe = Arc<dyn Fn(Point<'_>) -> io::Result<()> + Send + Sync>;

/// The file area of one node.
#[derive(Clone)]
pub struct Files {
    inner: Arc<Inner>,
}

struct Inner {
    dir: PathBuf,
    /// Number of holders of each digest that is about to be named in a record or is being read.
    in_hand: Mutex<BTreeMap<Digest, usize>>,
    /// Folders that are known to exist and to be synced.
    made: Mutex<BTreeSet<PathBuf>>,
    probe: Option<Probe>,
}

/// A kept file that is not removed at least until this is dropped, except by [`Files::discard`].
pub struct InHand {
    files: Files,
    digest: Digest,
}

impl Drop for InHand {
    fn drop(&mut self) {
        let mut in_hand = self.files.in_hand();
        if let Some(count) = in_hand.get_mut(&self.digest) {
            *count -= 1;
            if *count == 0 {
                in_hand.remove(&self.digest);
            }
        }
    }
}

impl InHand {
    /// Returns its digest.
    pub const fn digest(&self) -> Digest {
        self.digest
    }
}

impl Files {
    /// Opens the area in `dir`, which only its owner may read. `dir` is three folders below the
    /// data directory and is created with its first file. Removes drafts that a crash left.
    pub fn open(dir: &Path) -> Result<Self, FileError> {
        Self::probed(dir, None)
    }

    pub(super) fn probed(dir: &Path, probe: Option<Probe>) -> Result<Self, FileError> {
        let inner = Inner {
            dir: dir.to_owned(),
            in_hand: Mutex::default(),
            made: Mutex::default(),
            probe,
        };
        let files = Self {
            inner: Arc::new(inner),
        };
        files.remove_drafts()?;
        Ok(files)
    }

    /// Appends to a part of which `at` bytes count, after cutting off the rest. Returns the new
    /// number of bytes that count; all of them are synced.
    pub fn append(&self, id: PartId, at: u64, bytes: &[u8]) -> Result<u64, FileError> {
        let path = self.part_path(id);
        if at == 0 {
            self.make_folder(&self.parts())?;
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create(at == 0)
            .truncate(false)
            .open(&path)
            .map_err(failed("open", &path))?;
        let length = file.metadata().map_err(failed("look at", &path))?.len();
        if length < at {
            return Err(FileError::Damaged {
                path,
                what: "it is shorter than what was acknowledged",
            });
        }
        let write = || {
            file.set_len(at)?;
            file.seek(SeekFrom::Start(at))?;
            file.write_all(bytes)?;
            self.at(Point::Written(&path))
        };
        if let Err(error) = { write }() {
            // The next append cuts the rest off in any case.
            let _room_is_given_back = file.set_len(at);
            return Err(failed("write", &path)(error));
        }
        let synced = file
            .sync_data()
            .and_then(|()| self.at(Point::Synced(&path)));
        if let Err(source) = synced {
            self.remove_part(id)?;
            return Err(FileError::Unsynced { path, source });
        }
        if at == 0 {
            self.sync_folder(&self.parts())?;
        }
        Ok(at + bytes.len() as u64)
    }

    /// Returns the first `counts` bytes of a part.
    pub fn part(&self, id: PartId, counts: u64) -> Result<Vec<u8>, FileError> {
        let path = self.part_path(id);
        let file = File::open(&path).map_err(failed("open", &path))?;
        let mut bytes = Vec::with_capacity(usize::try_from(counts).unwrap_or_default());
        let read = file.take(counts).read_to_end(&mut bytes);
        read.map_err(failed("read", &path))?;
        if (bytes.len() as u64) < counts {
            return Err(FileError::Damaged {
                path,
                what: "it is shorter than what was acknowledged",
            });
        }
        Ok(bytes)
    }

    /// Deletes a part, if it exists.
    pub fn remove_part(&self, id: PartId) -> Result<(), FileError> {
        remove(&self.part_path(id))
    }

    /// Returns the ids of all parts.
    pub fn part_ids(&self) -> Result<Vec<PartId>, FileError> {
        Ok(names(&self.parts())?
            .iter()
            .filter_map(|name| path::unhex(name).map(PartId))
            .collect())
    }

    /// Keeps sealed bytes under their digest. They are synced when this returns.
    pub fn keep(&self, suite: Suite, sealed: &[u8]) -> Result<InHand, FileError> {
        let digest = suite.digest(&[sealed]);
        let in_hand = self.take_in_hand(digest);
        let draft = self.draft_path(&digest);
        self.make_folder(&self.parts())?;
        if let Err(error) = self.write_draft(&draft, sealed) {
            let _next_start_removes_it = fs::remove_file(&draft);
            return Err(error);
        }
        self.put_in_place(&draft, &digest)?;
        Ok(in_hand)
    }

    fn write_draft(&self, draft: &Path, sealed: &[u8]) -> Result<(), FileError> {
        let write = || {
            let mut file = File::create(draft)?;
            file.write_all(sealed)?;
            self.at(Point::Written(draft))?;
            file.sync_data()?;
            self.at(Point::Synced(draft))
        };
        write().map_err(failed("write", draft))
    }

    /// Removes drafts that a crash left.
    fn remove_drafts(&self) -> Result<(), FileError> {
        for name in names(&self.parts())? {
            if name.starts_with(DRAFT) {
                remove(&self.parts().join(name))?;
            }
        }
        Ok(())
    }

    /// Keeps a part under `digest` if its first `counts` bytes have that digest; otherwise deletes
    /// the part.
    pub fn adopt(
        &self,
        id: PartId,
        counts: u64,
        suite: Suite,
        digest: Digest,
    ) -> Result<InHand, FileError> {
        let path = self.part_path(id);
        let in_hand = self.take_in_hand(digest);
        let file = OpenOptions::new().read(true).write(true).open(&path);
        let file = file.map_err(failed("open", &path))?;
        let cut = file.set_len(counts).and_then(|()| file.sync_data());
        if let Err(source) = cut.and_then(|()| self.at(Point::Synced(&path))) {
            remove(&path)?;
            return Err(FileError::Unsynced { path, source });
        }
        if digest_of(file, suite).map_err(failed("read", &path))?.0 != digest {
            remove(&path)?;
            return Err(FileError::Damaged {
                path,
                what: "its digest differs",
            });
        }
        self.put_in_place(&path, &digest)?;
        Ok(in_hand)
    }

    /// Checks the digest of a kept file and returns its length in bytes. The file stays while it is
    /// in hand.
    pub fn sound(&self, suite: Suite, digest: Digest) -> Result<(InHand, u64), FileError> {
        let in_hand = self.take_in_hand(digest);
        let path = self.kept_path(&digest);
        let file = File::open(&path).map_err(failed("open", &path))?;
        let (found, length) = digest_of(file, suite).map_err(failed("read", &path))?;
        if found != digest {
            return Err(FileError::Damaged {
                path,
                what: "its digest differs",
            });
        }
        Ok((in_hand, length))
    }

    /// Returns whether a file is kept, without reading it.
    pub fn has(&self, digest: &Digest) -> bool {
        self.kept_path(digest).exists()
    }

    /// Returns at most `most` bytes of a kept file from `at` on, fewer at the end of the file.
    pub fn read(&self, digest: &Digest, at: u64, most: usize) -> Result<Vec<u8>, FileError> {
        let path = self.kept_path(digest);
        let read = || {
            let mut file = File::open(&path)?;
            file.seek(SeekFrom::Start(at))?;
            let mut bytes = Vec::with_capacity(most.min(1 << 20));
            file.take(most as u64).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        read().map_err(failed("read", &path))
    }

    /// Deletes a kept file unless it is in hand. Returns whether the file is gone.
    pub fn remove(&self, digest: &Digest) -> Result<bool, FileError> {
        let in_hand = self.in_hand();
        if in_hand.contains_key(digest) {
            return Ok(false);
        }
        remove(&self.kept_path(digest))?;
        Ok(true)
    }

    /// Deletes a damaged file, even while it is being read.
    pub fn discard(&self, digest: &Digest) -> Result<(), FileError> {
        remove(&self.kept_path(digest))
    }

    /// Returns the digests of the kept files whose first byte is `first`.
    pub fn digests(&self, first: u8) -> Result<Vec<Digest>, FileError> {
        let folder = self.kept().join(path::hex(&[first]));
        Ok(names(&folder)?
            .iter()
            .filter_map(|name| path::unhex(name))
            .collect())
    }

    /// Returns the first bytes that digests of kept files have.
    pub fn first_bytes(&self) -> Result<Vec<u8>, FileError> {
        let folders = names(&self.kept())?;
        let first = folders.iter().filter_map(|name| path::unhex::<1>(name));
        Ok(first.map(|[first]| first).collect())
    }

    /// Marks a file as about to be named or read.
    fn take_in_hand(&self, digest: Digest) -> InHand {
        *self.in_hand().entry(digest).or_default() += 1;
        InHand {
            files: self.clone(),
            digest,
        }
    }

    fn in_hand(&self) -> std::sync::MutexGuard<'_, BTreeMap<Digest, usize>> {
        let in_hand = self.inner.in_hand.lock();
        in_hand.unwrap_or_else(PoisonError::into_inner)
    }

    fn put_in_place(&self, from: &Path, digest: &Digest) -> Result<(), FileError> {
        let to = self.kept_path(digest);
        let folder = self.kept().join(path::hex(&digest[..1]));
        self.make_folder(&folder)?;
        fs::rename(from, &to)
            .and_then(|()| self.at(Point::Renamed(&to)))
            .map_err(failed("rename", &to))?;
        self.sync_folder(&folder)
    }

    fn make_folder(&self, folder: &Path) -> Result<(), FileError> {
        let made = &self.inner.made;
        let mut made = made.lock().unwrap_or_else(PoisonError::into_inner);
        if made.contains(folder) {
            return Ok(());
        }
        path::create_private(folder).map_err(failed("create", folder))?;
        // The entry of each folder is in its parent, up to the data directory. A process may have
        // died after creating a folder and before syncing its entry, so existing ones are synced,
        // too.
        let data = self.inner.dir.ancestors().nth(3);
        for above in folder.ancestors().skip(1) {
            self.sync_folder(above)?;
            if Some(above) == data {
                break;
            }
        }
        made.insert(folder.to_owned());
        Ok(())
    }

    fn sync_folder(&self, folder: &Path) -> Result<(), FileError> {
        File::open(folder)
            .and_then(|handle| handle.sync_all())
            .and_then(|()| self.at(Point::FolderSynced(folder)))
            .map_err(failed("sync", folder))
    }

    fn at(&self, point: Point<'_>) -> io::Result<()> {
        self.inner
            .probe
            .as_ref()
            .map_or(Ok(()), |probe| probe(point))
    }

    fn parts(&self) -> PathBuf {
        self.inner.dir.join("parts")
    }

    fn kept(&self) -> PathBuf {
        self.inner.dir.join("kept")
    }

    fn part_path(&self, id: PartId) -> PathBuf {
        self.parts().join(path::hex(&id.0))
    }

    fn draft_path(&self, digest: &Digest) -> PathBuf {
        self.parts().join(format!("{DRAFT}{}", path::hex(digest)))
    }

    fn kept_path(&self, digest: &Digest) -> PathBuf {
        let folder = self.kept().join(path::hex(&digest[..1]));
        folder.join(path::hex(digest))
    }
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Files").field(&self.inner.dir).finish()
    }
}

fn digest_of(mut file: File, suite: Suite) -> io::Result<(Digest, u64)> {
    let mut digesting = suite.digesting();
    let mut stretch = vec![0; STRETCH];
    let mut length = 0;
    loop {
        match file.read(&mut stretch)? {
            0 => return Ok((digesting.finish(), length)),
            read => {
                digesting.update(&stretch[..read]);
                length += read as u64;
            }
        }
    }
}

/// Returns the names in a folder; none if the folder does not exist.
fn names(folder: &Path) -> Result<Vec<String>, FileError> {
    let mut names = vec![];
    let entries = match fs::read_dir(folder).map_err(failed("list", folder)) {
        Err(FileError::Absent) => return Ok(names),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry.map_err(failed("list", folder))?;
        names.extend(entry.file_name().into_string());
    }
    Ok(names)
}

fn remove(path: &Path) -> Result<(), FileError> {
    match fs::remove_file(path).map_err(failed("remove", path)) {
        Err(FileError::Absent) => Ok(()),
        removed => removed,
    }
}

fn failed<'a>(what: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> FileError + 'a {
    move |source| match source.kind() {
        io::ErrorKind::NotFound => FileError::Absent,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            FileError::Full
        }
        _ => FileError::Io {
            what,
            path: path.to_owned(),
            source,
        },
    }
}

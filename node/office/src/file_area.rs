//! The file_area: files beside the records of one node, and what is true of them only while it runs.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use domain::{
    attachment::{FileNo, Limits, NotTaken, UploadId},
    ids::MatterId,
    suite::Digest,
};
use media::BadPaper;
use store::{
    Transaction,
    files::{FileError, Files},
    record,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use topology::DivisionCode;

use super::{Office, OfficeError, keys};

/// Where files are kept and what they cost.
#[derive(Clone)]
pub struct FileArea {
    files: Files,
    decoding: Arc<Semaphore>,
    limits: Arc<RwLock<Arc<Limits>>>,
    /// Uploads and fetches somebody is at work on.
    busy: Arc<Mutex<BTreeSet<[u8; 16]>>>,
    /// Files that were looked through for neighbours.
    sound: Arc<Mutex<BTreeSet<Digest>>>,
    /// Files that were found damaged since the process started.
    damaged: Arc<Mutex<BTreeSet<Digest>>>,
}

/// Sound files remembered, and damaged ones.
const MOST_SOUND: usize = 4_096;

/// Why an office does not do what it was asked with a file.
#[derive(Debug, thiserror::Error)]
pub enum FileTrouble {
    /// Of a kind that is not taken.
    #[error(transparent)]
    NotTaken(#[from] NotTaken),
    /// Looked into, and not taken.
    #[error(transparent)]
    Paper(#[from] BadPaper),
    /// There is no such upload of this person.
    #[error("no upload {0} of yours at this node; begin it anew")]
    NoSuchUpload(UploadId),
    /// The chunk does not begin where the last one ended.
    #[error("the upload has {have} bytes, not {said}; go on at {have}")]
    Offset {
        /// What it has.
        have: u64,
        /// Where the chunk was to begin.
        said: u64,
    },
    /// More bytes than were announced.
    #[error("{announced} bytes were announced and more came; begin another upload")]
    Beyond {
        /// At the beginning.
        announced: u64,
    },
    /// Somebody else is at it.
    #[error("another request is at work on this file; wait for its answer")]
    Busy,
    /// Not all of it came.
    #[error("upload {0} is not finished; send the rest first")]
    NotReady(UploadId),
    /// Named twice.
    #[error("upload {0} is named twice; name it once")]
    Twice(UploadId),
    /// One person has too much waiting.
    #[error(
        "your unused uploads have {0} bytes; {1} are allowed at a time, use or drop some first"
    )]
    PersonFull(u64, u64),
    /// One person has too many waiting.
    #[error("{0} uploads of yours are unused, and no more may wait; use or drop some first")]
    TooManyWaiting(usize),
    /// All files together take too much.
    #[error("this node keeps as many files as it may; tell whoever runs it")]
    NodeFull,
    /// What there was of an upload is lost.
    #[error("what came of this upload is lost; begin it anew")]
    Lost,
    /// It is not there, or not to be seen here.
    #[error("no attachment {1} of matter {0} is to be seen at this node; its holder sees it")]
    NoSuchFile(MatterId, FileNo),
    /// The retention period is over.
    #[error("attachment {1} of matter {0} was kept as long as it had to be and is gone")]
    Over(MatterId, FileNo),
    /// It lies elsewhere, or may, and cannot be fetched now.
    #[error(
        "the file is looked for at {held_by}, and {beyond} cannot be reached now; ask again later"
    )]
    Unreached {
        /// Where the bytes were handed in, or may be.
        held_by: DivisionCode,
        /// Who on the way cannot be reached.
        beyond: DivisionCode,
    },
    /// A node on the way says no, perhaps because it has not heard yet who holds the matter.
    #[error("{0} does not know yet that this division holds the matter; ask again later")]
    NotYet(DivisionCode),
    /// The bytes are nowhere any more.
    #[error("{0} has the file no more; ask its operator for a backup")]
    Missing(DivisionCode),
    /// It is not what was kept, and this node has the only one.
    #[error(
        "attachment {1} of matter {0} is damaged on this node's disk, and no other division is known to \
         have it; tell whoever runs the node to put it back from a backup"
    )]
    Damaged(MatterId, FileNo),
    /// What came is not the file.
    #[error("what came from the side of {0} is not the file; ask again, and tell its operator")]
    Wrong(DivisionCode),
    /// The disk is full. Nothing was changed.
    #[error("there is no room on the disk; free some, then send the same again")]
    DiskFull,
    /// The disk.
    #[error(transparent)]
    Disk(FileError),
}

impl From<FileError> for FileTrouble {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Full => Self::DiskFull,
            other => Self::Disk(other),
        }
    }
}

/// One upload or fetch that nobody else works on meanwhile.
pub(super) struct Alone {
    busy: Arc<Mutex<BTreeSet<[u8; 16]>>>,
    id: [u8; 16],
}

impl Drop for Alone {
    fn drop(&mut self) {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        busy.remove(&self.id);
    }
}

impl FileArea {
    /// The file_area of one node, beside the store in `store`. `decoding` has a permit for each picture
    /// that may be looked into at a time, by all nodes of the process.
    ///
    /// # Errors
    /// [`FileError`], if what a crash left cannot be removed.
    pub fn open(
        store: &Path,
        division: DivisionCode,
        decoding: Arc<Semaphore>,
    ) -> Result<Self, FileError> {
        Ok(Self {
            files: Files::open(&store.join("files").join(division.to_string()))?,
            decoding,
            limits: Arc::default(),
            busy: Arc::default(),
            sound: Arc::default(),
            damaged: Arc::default(),
        })
    }

    /// Whether a file was found sound since the process started.
    pub(super) fn was_sound(&self, digest: &Digest) -> bool {
        let sound = self.sound.lock().unwrap_or_else(PoisonError::into_inner);
        sound.contains(digest)
    }

    /// Takes note of a file that is damaged.
    pub(super) fn note_damaged(&self, digest: Digest) {
        let mut sound = self.sound.lock().unwrap_or_else(PoisonError::into_inner);
        sound.remove(&digest);
        let mut damaged = self.damaged.lock().unwrap_or_else(PoisonError::into_inner);
        if damaged.len() < MOST_SOUND {
            damaged.insert(digest);
        }
    }

    /// Takes note of a file that came whole. Whether it was the last one known to be damaged.
    pub(super) fn note_whole(&self, digest: &Digest) -> bool {
        let mut damaged = self.damaged.lock().unwrap_or_else(PoisonError::into_inner);
        damaged.remove(digest) && damaged.is_empty()
    }

    pub(super) fn note_sound(&self, digest: Digest) {
        let mut sound = self.sound.lock().unwrap_or_else(PoisonError::into_inner);
        if sound.len() >= MOST_SOUND {
            sound.clear();
        }
        sound.insert(digest);
    }

    /// What this node can do.
    pub(super) fn limits(&self) -> Arc<Limits> {
        let limits = self.limits.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&limits)
    }

    pub(super) const fn files(&self) -> &Files {
        &self.files
    }

    pub(super) async fn may_decode(&self) -> OwnedSemaphorePermit {
        let permit = Arc::clone(&self.decoding).acquire_owned().await;
        permit.expect("nobody closes it")
    }

    pub(super) fn alone(&self, id: [u8; 16]) -> Result<Alone, FileTrouble> {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        if !busy.insert(id) {
            return Err(FileTrouble::Busy);
        }
        Ok(Alone {
            busy: Arc::clone(&self.busy),
            id,
        })
    }

    /// Does something with the disk where it may block.
    pub(super) async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Files) -> Result<T, FileError> + Send + 'static,
    ) -> Result<T, FileTrouble> {
        let files = self.files.clone();
        let done = tokio::task::spawn_blocking(move || work(&files)).await;
        Ok(done.expect("work on files does not panic, and is not called off")?)
    }
}

impl Office {
    /// What is taken as attachments now: what this node can do, narrowed by the policy in force.
    ///
    /// # Errors
    /// [`OfficeError`] if the policy in force cannot be read.
    pub async fn attachment_limits(&self) -> Result<Arc<Limits>, OfficeError> {
        // No policy comes into force while it is read.
        let _turn = self.turn().await;
        let mut view = self.dependencies.store.view(self.me);
        let policy = self.effective_policy(&mut view).await?;
        Ok(Arc::new(self.file_area().limits().under(&policy.limits())))
    }

    /// From now on, this node can do no more than this, whatever policy allows.
    pub fn limit_attachments(&self, limits: Limits) {
        let now = self.dependencies.file_area.limits.write();
        *now.unwrap_or_else(PoisonError::into_inner) = Arc::new(limits);
    }

    pub(super) const fn file_area(&self) -> &FileArea {
        &self.dependencies.file_area
    }
}

/// Changes how many bytes files take. Refused if that would be more than `most`.
pub(super) async fn account(
    view: &mut Transaction,
    more: u64,
    less: u64,
    most: Option<u64>,
) -> Result<(), OfficeError> {
    let taken = match view.peek(keys::FILE_BYTES).await? {
        Some(bytes) => record::read(&bytes)?,
        None => 0_u64,
    };
    let now = taken.saturating_add(more).saturating_sub(less);
    if most.is_some_and(|most| now > most) {
        return Err(FileTrouble::NodeFull.into());
    }
    view.put(keys::FILE_BYTES, record::write(&now));
    Ok(())
}

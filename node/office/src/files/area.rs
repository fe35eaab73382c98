//! The file area: files beside the records of one node, with the state that is valid only while it
//! runs.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use domain::{attachment::Limits, suite::Digest};
use records::table::Tables;
use store::{
    Transaction,
    files::{FileError, Files},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use topology::DivisionCode;

use super::refusal::FileRefusal;
use crate::{Failed, Fault, blocking, services::MatterFiles, tables};

/// The place of the files and their limits.
#[derive(Clone)]
pub struct FileArea {
    files: Files,
    decoding: Arc<Semaphore>,
    limits: Arc<RwLock<Arc<Limits>>>,
    /// Ids of uploads and fetches that somebody is working on.
    busy: Arc<Mutex<BTreeSet<[u8; 16]>>>,
    /// Digests of files that were checked for neighbours.
    sound: Arc<Mutex<BTreeSet<Digest>>>,
    /// Digests of files found damaged since the process started.
    damaged: Arc<Mutex<BTreeSet<Digest>>>,
}

/// The most digests of sound files that are remembered, and the most of damaged ones.
const MOST_SOUND: usize = 4_096;

/// The exclusive right to work on one upload or fetch.
pub(crate) struct Alone {
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
    /// Opens the file area of one node, beside the store in `store`. `decoding` has a permit for
    /// each picture that may be decoded at a time, shared by all nodes of the process.
    ///
    /// # Errors
    /// [`FileError`] if drafts of a crash cannot be removed.
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

    /// Returns whether a file was found sound since the process started.
    pub(crate) fn was_sound(&self, digest: &Digest) -> bool {
        let sound = self.sound.lock().unwrap_or_else(PoisonError::into_inner);
        sound.contains(digest)
    }

    /// Notes that a file is damaged.
    pub(crate) fn note_damaged(&self, digest: Digest) {
        let mut sound = self.sound.lock().unwrap_or_else(PoisonError::into_inner);
        sound.remove(&digest);
        let mut damaged = self.damaged.lock().unwrap_or_else(PoisonError::into_inner);
        if damaged.len() < MOST_SOUND {
            damaged.insert(digest);
        }
    }

    /// Notes that a file is whole again. Returns whether it was the last one known to be damaged.
    pub(crate) fn note_whole(&self, digest: &Digest) -> bool {
        let mut damaged = self.damaged.lock().unwrap_or_else(PoisonError::into_inner);
        damaged.remove(digest) && damaged.is_empty()
    }

    pub(crate) fn note_sound(&self, digest: Digest) {
        let mut sound = self.sound.lock().unwrap_or_else(PoisonError::into_inner);
        if sound.len() >= MOST_SOUND {
            sound.clear();
        }
        sound.insert(digest);
    }

    /// Returns the limits of this node.
    pub(crate) fn limits(&self) -> Arc<Limits> {
        let limits = self.limits.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&limits)
    }

    pub(crate) const fn files(&self) -> &Files {
        &self.files
    }

    pub(crate) async fn may_decode(&self) -> OwnedSemaphorePermit {
        let permit = Arc::clone(&self.decoding).acquire_owned().await;
        permit.expect("nobody closes it")
    }

    pub(crate) fn alone(&self, id: [u8; 16]) -> Result<Alone, FileRefusal> {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        if !busy.insert(id) {
            return Err(FileRefusal::Busy);
        }
        Ok(Alone {
            busy: Arc::clone(&self.busy),
            id,
        })
    }

    /// Runs `work` on a thread that may block.
    pub(crate) async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Files) -> Result<T, FileError> + Send + 'static,
    ) -> Result<T, FileError> {
        let files = self.files.clone();
        blocking(move || work(&files)).await
    }
}

impl MatterFiles<'_> {
    /// Returns the limits on attachments now: those of this node, narrowed by the policy in force.
    ///
    /// # Errors
    /// [`Fault`] if the policy in force cannot be read.
    pub async fn attachment_limits(self) -> Result<Arc<Limits>, Fault> {
        let policy = self.templates().effective_policy(&mut self.read()?).await?;
        Ok(Arc::new(self.area().limits().under(&policy.limits())))
    }

    /// Sets the limits of this node, which no policy can exceed.
    pub fn limit_attachments(self, limits: Limits) {
        let now = self.dependencies.file_area.limits.write();
        *now.unwrap_or_else(PoisonError::into_inner) = Arc::new(limits);
    }
}

impl<'o> MatterFiles<'o> {
    pub(crate) const fn area(self) -> &'o FileArea {
        &self.0.dependencies.file_area
    }
}

/// Changes the total size of files, in bytes.
pub(crate) async fn account(
    view: &mut Tables<Transaction>,
    more: u64,
    less: u64,
) -> Result<(), Fault> {
    let taken = view.get::<tables::FileBytes>(&()).await?;
    let now = taken
        .unwrap_or_default()
        .saturating_add(more)
        .saturating_sub(less);
    view.put::<tables::FileBytes>(&(), &now);
    Ok(())
}

/// Adds to the total size of files, in bytes. Refuses it if it would be more than `most`.
pub(crate) async fn account_within(
    view: &mut Tables<Transaction>,
    more: u64,
    most: u64,
) -> Result<(), Failed<FileRefusal>> {
    let taken = view.get::<tables::FileBytes>(&()).await?;
    if taken.unwrap_or_default().saturating_add(more) > most {
        return Err(FileRefusal::NodeFull.into());
    }
    Ok(account(view, more, 0).await?)
}

//! What goes by itself: uploads nobody used, files whose retention period is over, and what a crash left
//! behind.

use std::collections::BTreeSet;

use bytes::Bytes;
use domain::{attachment::UploadId, ids::MatterId};
use store::{
    BATCH_KEYS, Range,
    files::{Files, PartId},
    record,
};

use super::{
    Office, OfficeError,
    attachments::Progress,
    file_area::account,
    keys,
    uploads::{Kept, Upload},
};

/// Records looked at for one step.
const PAGE: usize = 256;

/// What a sweep threw away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Uploads and fetches that waited too long.
    pub stale: usize,
    /// Files whose retention period is over.
    pub over: usize,
    /// Files that belonged to nothing.
    pub orphans: usize,
}

impl Office {
    /// Throws away what is to be kept no longer. Asked for again and again, whatever became of the last
    /// time.
    pub async fn sweep(&self) -> Result<Swept, OfficeError> {
        let swept = Swept {
            stale: self.sweep_uploads().await? + self.sweep_fetches().await?,
            over: self.sweep_matters().await?,
            orphans: self.sweep_disk().await?,
        };
        if swept != Swept::default() {
            tracing::info!(division = %self.me, stale = swept.stale, over = swept.over,
                orphans = swept.orphans, "files swept");
        }
        Ok(swept)
    }

    async fn page(
        &self,
        mut range: Range,
        after: &[u8],
    ) -> Result<Vec<(Bytes, Bytes)>, OfficeError> {
        if !after.is_empty() {
            range.from = [after, &[0]].concat().into();
        }
        let store = &self.dependencies.store;
        let seen = store.scan(self.me, range, PAGE, false).await?;
        store.wait_durable(seen.generation).await?;
        Ok(seen.value)
    }

    async fn sweep_uploads(&self) -> Result<usize, OfficeError> {
        let (limits, now) = (self.attachment_limits().await?, self.now());
        let (mut stale, mut after) = (0, Bytes::new());
        loop {
            let page = self.page(Range::prefix(keys::UPLOADS), &after).await?;
            let Some((last, _)) = page.last() else {
                return Ok(stale);
            };
            after = last.clone();
            for (key, record) in page {
                let upload: Upload = record::read(&record)?;
                let id = key.last_chunk().map(|id| UploadId(*id));
                let Some(id) = id.filter(|_| limits.is_stale(upload.begun, now)) else {
                    continue;
                };
                // Somebody who is at it just now has another while.
                if let Ok(_alone) = self.file_area().alone(id.0) {
                    self.forget_upload(id).await?;
                    stale += 1;
                }
            }
        }
    }

    async fn sweep_fetches(&self) -> Result<usize, OfficeError> {
        let (limits, now) = (self.attachment_limits().await?, self.now());
        let (mut stale, mut after) = (0, Bytes::new());
        loop {
            let page = self.page(Range::prefix(keys::FETCHES), &after).await?;
            let Some((last, _)) = page.last() else {
                return Ok(stale);
            };
            after = last.clone();
            for (key, record) in page {
                let progress: Progress = record::read(&record)?;
                let id = key.get(keys::FETCHES.len()..).and_then(<[u8]>::first_chunk);
                let Some(id) = id.filter(|_| limits.is_stale(progress.begun, now)) else {
                    continue;
                };
                if let Ok(_alone) = self.file_area().alone(*id) {
                    let mut view = self.dependencies.store.view(self.me);
                    view.is_outcome();
                    view.delete(key.clone());
                    view.submit().await?.durable().await?;
                    let part = PartId(*id);
                    let remove = move |files: &Files| files.remove_part(part);
                    self.file_area().on_disk(remove).await?;
                    stale += 1;
                }
            }
        }
    }

    /// Files of matters that were closed long enough ago.
    async fn sweep_matters(&self) -> Result<usize, OfficeError> {
        let limits = self.attachment_limits().await?;
        let (mut over, mut after) = (0, Bytes::new());
        loop {
            let page = self.page(Range::prefix(keys::FILES), &after).await?;
            let Some((last, _)) = page.last() else {
                return Ok(over);
            };
            after = last.clone();
            let mut matters = BTreeSet::new();
            for (key, _) in page {
                let id = key.get(keys::FILES.len()..).and_then(|key| key.get(..20));
                if let Some(id) = id.and_then(MatterId::from_bytes) {
                    matters.insert(id);
                }
            }
            for id in matters {
                let docket = self.docket(id).await?;
                let is_over = docket.is_some_and(|d| limits.is_over(&d.matter, self.now()));
                if is_over {
                    over += self.drop_files(id).await?;
                }
            }
        }
    }

    /// Drops all files of a matter, and says how many there were. What is still listed in bodies
    /// cannot be fetched from here any more.
    pub async fn drop_files(&self, id: MatterId) -> Result<usize, OfficeError> {
        let mut dropped = 0;
        loop {
            let turn = self.turn().await;
            let mut view = turn.transaction();
            let most = (BATCH_KEYS - 1) / 2;
            let range = Range::prefix(&keys::files_of(id));
            let files = view.scan(range, most, false).await?;
            if files.is_empty() {
                return Ok(dropped);
            }
            let (mut left, mut bytes) = (vec![], 0);
            for (key, record) in files {
                let kept: Kept = record::read(&record)?;
                view.delete(keys::owner(&kept.digest, &key));
                view.delete(key);
                bytes += kept.sealed_bytes;
                left.push(kept.digest);
            }
            account(&mut view, 0, bytes, None).await?;
            view.is_outcome();
            turn.commit(view).await?;
            dropped += left.len();
            self.remove_unowned(left).await?;
        }
    }

    /// Files that no record names: a crash came between the two.
    async fn sweep_disk(&self) -> Result<usize, OfficeError> {
        let mut orphans = 0;
        let parts = self.file_area().on_disk(Files::part_ids).await?;
        for part in parts {
            let Ok(_alone) = self.file_area().alone(part.0) else {
                continue;
            };
            if !self.is_awaited(part).await? {
                let remove = move |files: &Files| files.remove_part(part);
                self.file_area().on_disk(remove).await?;
                orphans += 1;
            }
        }
        let first_bytes = self.file_area().on_disk(Files::first_bytes).await?;
        for first in first_bytes {
            let digests = self
                .file_area()
                .on_disk(move |files| files.digests(first))
                .await?;
            let before = digests.len();
            if before == 0 {
                continue;
            }
            self.remove_unowned(digests).await?;
            let after = self
                .file_area()
                .on_disk(move |files| files.digests(first))
                .await?;
            orphans += before.saturating_sub(after.len());
        }
        Ok(orphans)
    }

    /// Whether more is to come of a part.
    async fn is_awaited(&self, part: PartId) -> Result<bool, OfficeError> {
        let store = &self.dependencies.store;
        let upload = store.get(self.me, &keys::upload(UploadId(part.0))).await?;
        if let Some(record) = upload.value {
            let upload: Upload = record::read(&record)?;
            return Ok(upload.ready.is_none());
        }
        let fetches = [keys::FETCHES, &part.0].concat();
        let fetches = store
            .scan(self.me, Range::prefix(&fetches), 1, false)
            .await?;
        Ok(!fetches.value.is_empty())
    }
}

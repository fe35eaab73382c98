//! The sweep of files: unused uploads, files whose retention period is over, and leftovers of a
//! crash.

use std::collections::BTreeSet;

use domain::{attachment::UploadId, ids::MatterId, suite::Digest};
use records::table::Table;
use store::{
    BATCH_KEYS,
    files::{Files, PartId},
};

use super::{area::account, attachments::part_id};
use crate::{Fault, services::MatterFiles, tables};

/// Records read in one step.
const PAGE: usize = 256;

/// The numbers of deleted files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Drafts, uploads and fetches that waited too long.
    pub stale: usize,
    /// Files whose retention period is over.
    pub over: usize,
    /// Files that belonged to nothing.
    pub orphans: usize,
}

impl MatterFiles<'_> {
    /// Deletes files that need not be kept any longer. Called periodically, whatever the last
    /// result.
    pub async fn sweep(self) -> Result<Swept, Fault> {
        let swept = Swept {
            stale: self.drafts().sweep().await?
                + self.sweep_uploads().await?
                + self.sweep_fetches().await?,
            over: self.sweep_matters().await?,
            orphans: self.sweep_disk().await?,
        };
        if swept != Swept::default() {
            tracing::info!(division = %self.me, stale = swept.stale, over = swept.over,
                orphans = swept.orphans, "files swept");
        }
        Ok(swept)
    }

    async fn sweep_uploads(self) -> Result<usize, Fault> {
        let (limits, now) = (self.attachment_limits().await?, self.now());
        let (mut stale, mut after) = (0, None);
        loop {
            let rows = tables::Uploads::all().after(after.as_ref());
            let page = self.list(rows, PAGE).await?;
            let Some((last, _)) = page.last() else {
                return Ok(stale);
            };
            after = Some(*last);
            for (id, upload) in page {
                if !limits.is_stale(upload.begun, now) {
                    continue;
                }
                // Skip an upload that a request is working on.
                if let Ok(_alone) = self.area().alone(id.0) {
                    self.forget_upload(id).await?;
                    stale += 1;
                }
            }
        }
    }

    async fn sweep_fetches(self) -> Result<usize, Fault> {
        let (limits, now) = (self.attachment_limits().await?, self.now());
        let (mut stale, mut after) = (0, None);
        loop {
            let rows = tables::Fetches::all().after(after.as_ref());
            let page = self.list(rows, PAGE).await?;
            let Some((last, _)) = page.last() else {
                return Ok(stale);
            };
            after = Some(*last);
            for (digest, progress) in page {
                if !limits.is_stale(progress.begun, now) {
                    continue;
                }
                let part = part_id(&digest);
                if let Ok(_alone) = self.area().alone(part.0) {
                    let mut view = self.tables();
                    view.is_outcome();
                    view.delete::<tables::Fetches>(&digest);
                    view.submit().await?.durable().await?;
                    let remove = move |files: &Files| files.remove_part(part);
                    self.area().on_disk(remove).await?;
                    stale += 1;
                }
            }
        }
    }

    /// Deletes files of matters that were closed long enough ago.
    async fn sweep_matters(self) -> Result<usize, Fault> {
        let limits = self.attachment_limits().await?;
        let (mut over, mut after) = (0, None);
        loop {
            let rows = tables::Files::all().after(after.as_ref());
            let page = self.list(rows, PAGE).await?;
            let Some((last, _)) = page.last() else {
                return Ok(over);
            };
            after = Some(*last);
            let matters: BTreeSet<_> = page.iter().map(|((id, ..), _)| *id).collect();
            for id in matters {
                let docket = self.matters().docket(id).await?;
                let is_over =
                    docket.is_some_and(|d| limits.is_over(d.matter.closed_since(), self.now()));
                if is_over {
                    over += self.drop_files(id).await?;
                }
            }
        }
    }

    /// Deletes all files of a matter, and returns their number. Files still listed in bodies cannot
    /// be fetched from here any more.
    pub async fn drop_files(self, id: MatterId) -> Result<usize, Fault> {
        let mut dropped = 0;
        loop {
            let turn = self.turn().await;
            let mut view = turn.transaction();
            let most = (BATCH_KEYS - 1) / 2;
            let range = tables::Files::under(&id);
            let files = view.scan(range, most).await?;
            if files.is_empty() {
                return Ok(dropped);
            }
            let (mut left, mut bytes) = (vec![], 0);
            for (key, kept) in files {
                let owner = tables::Files::key(&key);
                view.delete::<tables::FileOwners>(&(kept.digest, owner));
                view.delete::<tables::Files>(&key);
                bytes += kept.sealed_bytes;
                left.push(kept.digest);
            }
            account(&mut view, 0, bytes).await?;
            view.is_outcome();
            turn.commit(view).await?;
            dropped += left.len();
            self.remove_unowned(left).await?;
        }
    }

    /// Deletes files that no record names, because a crash came between the two.
    async fn sweep_disk(self) -> Result<usize, Fault> {
        let mut orphans = 0;
        let parts = self.area().on_disk(Files::part_ids).await?;
        for part in parts {
            let Ok(_alone) = self.area().alone(part.0) else {
                continue;
            };
            if !self.is_awaited(part).await? {
                let remove = move |files: &Files| files.remove_part(part);
                self.area().on_disk(remove).await?;
                orphans += 1;
            }
        }
        let first_bytes = self.area().on_disk(Files::first_bytes).await?;
        for first in first_bytes {
            let digests = self
                .area()
                .on_disk(move |files| files.digests(first))
                .await?;
            let before = digests.len();
            if before == 0 {
                continue;
            }
            self.remove_unowned(digests).await?;
            let after = self
                .area()
                .on_disk(move |files| files.digests(first))
                .await?;
            orphans += before.saturating_sub(after.len());
        }
        Ok(orphans)
    }

    /// Returns whether a part is still being written.
    async fn is_awaited(self, part: PartId) -> Result<bool, Fault> {
        let mut read = self.read()?;
        if let Some(upload) = read.get::<tables::Uploads>(&UploadId(part.0)).await? {
            return Ok(upload.ready.is_none());
        }
        // A part is named by the first half of its file's digest.
        let mut first: Digest = [0; 32];
        first[..16].copy_from_slice(&part.0);
        let rows = tables::Fetches::all().from_key(&first);
        let fetch = read.scan(rows, 1).await?;
        Ok(fetch.iter().any(|(digest, _)| part_id(digest) == part))
    }
}

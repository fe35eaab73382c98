//! Uploads: announced, sent in chunks, checked, kept, and finally bound to a matter.
//!
//! A chunk is synced, then a record says that it counts, then it is acknowledged. An upload belongs
//! to the person who began it, and is deleted if it is not used in time.

use std::collections::BTreeSet;

use api::{AttachmentView, UploadView};
use bytes::Bytes;
use domain::{
    actor::Actor,
    attachment::{
        Attachment, ContentKey, FileNo, Limits, MOST_BYTES, Media, NotTaken, Part, Sealed, UploadId,
    },
    ids::MatterId,
    suite::{Digest, Suite},
};
use media::{BadPaper, sealing::Seal};
use records::table::{Plain, Table, Tables};
use store::{
    Transaction,
    files::{FileError, Files, InHand, PartId},
};

use super::{
    area::{account, account_within},
    refusal::FileRefusal,
};
pub(crate) use crate::tables::files::{Kept, Upload};
use crate::{Failed, Fault, TooBusy, services::MatterFiles, tables, unit_of_work::UnitOfWork};

/// The most unused uploads of all people together.
const MOST_UPLOADS: usize = 4_096;
/// The most unused uploads of one person: twice as many as one report may name.
const MOST_OF_A_PERSON: usize = 64;
/// The most unused uploads of one program, which sends those of many people.
const MOST_OF_A_PROGRAM: usize = 1_024;

impl Kept {
    pub(crate) const fn of(suite: Suite, sealed: &Sealed) -> Self {
        Self {
            digest: sealed.digest,
            suite,
            sealed_bytes: sealed.sealed_bytes(),
        }
    }
}

/// Lists the files of an attachment.
pub(crate) fn parts(attachment: &Attachment) -> impl Iterator<Item = (Part, Kept)> + '_ {
    [Part::Whole, Part::Thumb].into_iter().filter_map(|part| {
        let sealed = attachment.part(part)?;
        Some((part, Kept::of(attachment.suite, &sealed)))
    })
}

impl Upload {
    /// Returns the bytes that it counts against limits.
    pub(crate) fn weight(&self) -> u64 {
        match &self.ready {
            Some(attachment) => parts(attachment).map(|(_, kept)| kept.sealed_bytes).sum(),
            None => self.bytes,
        }
    }

    fn view(&self, id: UploadId, limits: &Limits) -> UploadView {
        let hours = i64::from(limits.upload_hours);
        UploadView {
            id,
            media: self.media,
            bytes: self.bytes,
            offset: self.offset,
            expires_ms: self.begun.0.saturating_add(hours * 3_600_000),
            ready: self.ready.as_ref().map(AttachmentView::from),
        }
    }
}

impl MatterFiles<'_> {
    /// Begins an upload of a file with a declared type and length.
    pub async fn begin_upload(
        self,
        media: Media,
        bytes: u64,
        actor: Actor,
    ) -> Result<UploadView, Failed<FileRefusal>> {
        let limits = self.attachment_limits().await?;
        self.begin_within(&limits, media, bytes, actor).await
    }

    /// Begins an upload of a file that may belong to a disclosure, which takes texts whatever policy says of matters.
    pub async fn begin_wide_upload(
        self,
        media: Media,
        bytes: u64,
        actor: Actor,
    ) -> Result<UploadView, Failed<FileRefusal>> {
        let mut limits = Limits::clone(&*self.attachment_limits().await?);
        let node = self.area().limits();
        if node.media.contains(&Media::Text) && !limits.media.contains(&Media::Text) {
            limits.media.push(Media::Text);
        }
        self.begin_within(&limits, media, bytes, actor).await
    }

    async fn begin_within(
        self,
        limits: &Limits,
        media: Media,
        bytes: u64,
        actor: Actor,
    ) -> Result<UploadView, Failed<FileRefusal>> {
        limits.check(media, bytes).map_err(FileRefusal::from)?;
        let id = UploadId(self.dependencies.entropy.bytes());
        let turn = self.turn().await;
        let mut view = turn.transaction();
        let waiting = view.scan(tables::Uploads::all(), MOST_UPLOADS).await?;
        if waiting.len() == MOST_UPLOADS {
            return Err(TooBusy.into());
        }
        let (mut own, mut count) = (bytes, 0);
        for (_, upload) in waiting {
            if upload.by == actor {
                own += upload.bytes;
                count += 1;
            }
        }
        let most = match actor {
            Actor::ApiKey(_) => MOST_OF_A_PROGRAM,
            _ => MOST_OF_A_PERSON,
        };
        if count >= most {
            return Err(FileRefusal::TooManyWaiting(count).into());
        }
        if own > limits.person_bytes {
            return Err(FileRefusal::PersonFull(own - bytes, limits.person_bytes).into());
        }
        account_within(&mut view, bytes, limits.node_bytes).await?;
        let upload = Upload {
            by: actor,
            media,
            bytes,
            offset: 0,
            begun: self.now(),
            ready: None,
        };
        view.put::<tables::Uploads>(&id, &upload);
        turn.commit(view).await?;
        Ok(upload.view(id, limits))
    }

    /// Begins an upload of a file of unknown length, up to `most` bytes and the limit in force; `wide` as in
    /// [`Self::begin_wide_upload`]. It ends with [`MatterFiles::end_upload`].
    pub async fn begin_open_upload(
        self,
        (media, wide): (Media, bool),
        most: u64,
        actor: Actor,
    ) -> Result<UploadView, Failed<FileRefusal>> {
        let limits = self.attachment_limits().await?;
        let most = most.min(limits.bytes).clamp(1, MOST_BYTES);
        match wide {
            true => self.begin_wide_upload(media, most, actor).await,
            false => self.begin_upload(media, most, actor).await,
        }
    }

    /// Ends an upload of unknown length: the file is checked and kept, or rejected and deleted.
    /// Durable when it returns.
    pub async fn end_upload(
        self,
        id: UploadId,
        actor: &Actor,
    ) -> Result<UploadView, Failed<FileRefusal>> {
        let _alone = self.area().alone(id.0)?;
        let mut upload = self.own_upload(id, actor).await?;
        if upload.offset == 0 {
            self.forget_upload(id).await?;
            return Err(FileRefusal::from(NotTaken::Empty).into());
        }
        if upload.offset < upload.bytes {
            let turn = self.turn().await;
            let mut view = turn.transaction();
            account(&mut view, upload.offset, upload.bytes).await?;
            upload.bytes = upload.offset;
            view.put::<tables::Uploads>(&id, &upload);
            turn.commit(view).await?;
        }
        if upload.ready.is_none() {
            upload = self.finish_upload(id, upload).await?;
        }
        let limits = self.attachment_limits().await?;
        Ok(upload.view(id, &limits))
    }

    /// Returns the state of an upload of this person.
    pub async fn upload(
        self,
        id: UploadId,
        actor: &Actor,
    ) -> Result<UploadView, Failed<FileRefusal>> {
        let upload = self.own_upload(id, actor).await?;
        let limits = self.attachment_limits().await?;
        Ok(upload.view(id, &limits))
    }

    /// Takes the chunk at `offset`; durable when it returns. After the last one the file is checked
    /// and kept, or rejected and deleted. An empty chunk at the end repeats the check if it was
    /// interrupted.
    pub async fn continue_upload(
        self,
        id: UploadId,
        offset: u64,
        chunk: Bytes,
        actor: &Actor,
    ) -> Result<UploadView, Failed<FileRefusal>> {
        let _alone = self.area().alone(id.0)?;
        let mut upload = self.own_upload(id, actor).await?;
        let have = upload.offset;
        if offset != have {
            return Err(FileRefusal::Offset { have, said: offset }.into());
        }
        let announced = upload.bytes;
        if chunk.len() as u64 > announced - have {
            return Err(FileRefusal::Beyond { announced }.into());
        }
        if !chunk.is_empty() {
            let append = move |files: &Files| files.append(PartId(id.0), offset, &chunk);
            match self.area().on_disk(append).await {
                Ok(now) => upload.offset = now,
                Err(FileError::Unsynced { .. } | FileError::Absent | FileError::Damaged { .. }) => {
                    self.forget_upload(id).await?;
                    return Err(FileRefusal::Lost.into());
                }
                Err(trouble) => return Err(trouble.into()),
            }
            self.put_upload(id, &upload).await?;
        }
        if upload.offset == upload.bytes && upload.ready.is_none() {
            upload = self.finish_upload(id, upload).await?;
        }
        let limits = self.attachment_limits().await?;
        Ok(upload.view(id, &limits))
    }

    /// Deletes an upload.
    pub async fn drop_upload(self, id: UploadId, actor: &Actor) -> Result<(), Failed<FileRefusal>> {
        let _alone = self.area().alone(id.0)?;
        self.own_upload(id, actor).await?;
        Ok(self.forget_upload(id).await?)
    }

    async fn own_upload(self, id: UploadId, actor: &Actor) -> Result<Upload, Failed<FileRefusal>> {
        match self.one::<tables::Uploads>(&id).await? {
            Some(upload) if upload.by == *actor => Ok(upload),
            _ => Err(FileRefusal::NoSuchUpload(id).into()),
        }
    }

    async fn put_upload(self, id: UploadId, upload: &Upload) -> Result<(), Fault> {
        let mut view = self.tables();
        view.put::<tables::Uploads>(&id, upload);
        view.submit().await?.durable().await?;
        Ok(())
    }

    async fn finish_upload(
        self,
        id: UploadId,
        mut upload: Upload,
    ) -> Result<Upload, Failed<FileRefusal>> {
        let suite = self.dependencies.suite;
        let mut key = ContentKey([0; 32]);
        key.0[..16].copy_from_slice(&self.dependencies.entropy.bytes());
        key.0[16..].copy_from_slice(&self.dependencies.entropy.bytes());
        let looking = Looking {
            files: self.area().files().clone(),
            limits: self.attachment_limits().await?,
            media: upload.media,
            bytes: upload.bytes,
            suite,
            key,
        };
        let permit = self.area().may_decode().await;
        let held_by = self.me;
        let looked = tokio::task::spawn_blocking(move || {
            let looked = looking.keep(id, held_by);
            drop(permit);
            looked
        });
        let looked = looked.await.unwrap_or_else(|panic| {
            tracing::error!(alarm = "decoder-panicked", %panic, "a decoder panicked on a file");
            let why = "the decoder failed on it".to_owned();
            Ok(Err(BadPaper::Unreadable(why)))
        });
        let (attachment, _in_hand) = match looked {
            Ok(Ok(kept)) => kept,
            Ok(Err(bad)) => {
                self.forget_upload(id).await?;
                return Err(FileRefusal::Paper(bad).into());
            }
            Err(FileError::Absent | FileError::Damaged { .. }) => {
                self.forget_upload(id).await?;
                return Err(FileRefusal::Lost.into());
            }
            Err(trouble) => return Err(trouble.into()),
        };
        let before = upload.weight();
        let turn = self.turn().await;
        let mut view = turn.transaction();
        for (_, kept) in parts(&attachment) {
            view.put::<tables::FileOwners>(&owned_by(id, &kept), &Plain::default());
        }
        upload.ready = Some(attachment);
        account(&mut view, upload.weight(), before).await?;
        view.put::<tables::Uploads>(&id, &upload);
        turn.commit(view).await?;
        let remove = move |files: &Files| files.remove_part(PartId(id.0));
        self.area().on_disk(remove).await?;
        Ok(upload)
    }

    /// Deletes an upload of any person, with its bytes.
    pub(crate) async fn forget_upload(self, id: UploadId) -> Result<(), Fault> {
        let turn = self.turn().await;
        let mut view = turn.transaction();
        let Some(upload) = view.get::<tables::Uploads>(&id).await? else {
            return Ok(());
        };
        view.delete::<tables::Uploads>(&id);
        let mut left = vec![];
        for (_, kept) in upload.ready.iter().flat_map(parts) {
            view.delete::<tables::FileOwners>(&owned_by(id, &kept));
            left.push(kept.digest);
        }
        account(&mut view, 0, upload.weight()).await?;
        turn.commit(view).await?;
        let remove = move |files: &Files| files.remove_part(PartId(id.0));
        self.area().on_disk(remove).await?;
        self.remove_unowned(left).await
    }
}

/// The inputs for checking a finished upload.
struct Looking {
    files: Files,
    limits: std::sync::Arc<Limits>,
    media: Media,
    bytes: u64,
    suite: Suite,
    key: ContentKey,
}

impl Looking {
    /// Checks the file and keeps it. Blocks while it decodes.
    fn keep(
        self,
        id: UploadId,
        held_by: topology::DivisionCode,
    ) -> Result<Result<(Attachment, Vec<InHand>), BadPaper>, FileError> {
        let plain = self.files.part(PartId(id.0), self.bytes)?;
        let paper = match media::take(self.media, plain, &self.limits) {
            Ok(paper) => paper,
            Err(bad) => return Ok(Err(bad)),
        };
        let mut in_hand = vec![];
        let mut keep = |part, plain: &[u8]| {
            let bytes = plain.len() as u64;
            let sealed = Seal::new(self.suite, &self.key, part, bytes).seal(plain);
            let kept = self.files.keep(self.suite, &sealed)?;
            let digest = kept.digest();
            in_hand.push(kept);
            Ok::<_, FileError>(Sealed { digest, bytes })
        };
        let attachment = Attachment {
            suite: self.suite,
            media: paper.media,
            pixels: paper.pixels,
            whole: keep(Part::Whole, &paper.bytes)?,
            thumb: match &paper.thumb {
                Some(thumb) => Some(keep(Part::Thumb, thumb)?),
                None => None,
            },
            key: self.key,
            held_by,
        };
        Ok(Ok((attachment, in_hand)))
    }
}

impl UnitOfWork<'_> {
    /// Takes uploads of the actor, or of the draft that is handed in, in the unit of this decision. The returned attachments belong
    /// into a body and must then be bound to its matter with [`UnitOfWork::bind`].
    pub(crate) async fn take_uploads(
        &mut self,
        ids: &[UploadId],
        draft: Option<&Actor>,
    ) -> Result<Vec<Attachment>, Failed<FileRefusal>> {
        let limits = self.office.files().area().limits();
        let limits = limits.under(&self.policy.limits());
        for id in ids {
            let upload = self.view.get::<tables::Uploads>(id).await?;
            // What was begun for a disclosure may be of a type that policy does not allow with matters.
            if upload.is_some_and(|upload| upload.media == Media::Text) {
                limits.check(Media::Text, 1).map_err(FileRefusal::from)?;
            }
        }
        self.take_wide_uploads(ids, draft).await
    }

    /// Takes uploads as [`Self::take_uploads`] does, of any type that was taken.
    pub(crate) async fn take_wide_uploads(
        &mut self,
        ids: &[UploadId],
        draft: Option<&Actor>,
    ) -> Result<Vec<Attachment>, Failed<FileRefusal>> {
        let limits = self.office.files().area().limits();
        let limits = limits.under(&self.policy.limits());
        limits.check_count(ids.len()).map_err(FileRefusal::from)?;
        let mut named = BTreeSet::new();
        let mut attachments = Vec::with_capacity(ids.len());
        for id in ids {
            if !named.insert(*id) {
                return Err(FileRefusal::Twice(*id).into());
            }
            let upload = self.view.get::<tables::Uploads>(id).await?;
            let own = |by: &Actor| *by == self.actor || draft == Some(by);
            let upload = upload.filter(|upload| own(&upload.by));
            let upload = upload.ok_or(FileRefusal::NoSuchUpload(*id))?;
            let attachment = upload.ready.ok_or(FileRefusal::NotReady(*id))?;
            self.view.delete::<tables::Uploads>(id);
            for (_, kept) in parts(&attachment) {
                self.view
                    .delete::<tables::FileOwners>(&owned_by(*id, &kept));
            }
            attachments.push(attachment);
        }
        Ok(attachments)
    }

    /// Records that files belong to the body of a matter's `step` (0 for the report). All of them
    /// must be here.
    pub(crate) fn bind(&mut self, matter: MatterId, step: u16, attachments: &[Attachment]) {
        for (index, attachment) in (0..).zip(attachments) {
            for (part, kept) in parts(attachment) {
                own_file(&mut self.view, matter, FileNo { step, index }, part, &kept);
            }
        }
    }
}

/// Records that a file belongs to a matter.
pub(crate) fn own_file(
    view: &mut Tables<Transaction>,
    matter: MatterId,
    no: FileNo,
    part: Part,
    kept: &Kept,
) {
    let key = (matter, no, part);
    let owner = (kept.digest, tables::Files::key(&key));
    view.put::<tables::FileOwners>(&owner, &Plain::default());
    view.put::<tables::Files>(&key, kept);
}

/// Returns the key of the record that a file belongs to an upload.
fn owned_by(upload: UploadId, kept: &Kept) -> (Digest, Bytes) {
    (kept.digest, Bytes::copy_from_slice(&upload.0))
}

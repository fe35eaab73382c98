//! Files on their way in: announced, sent in chunks, looked into, kept, and at last bound to a matter.
//!
//! A chunk is synced, then the record says that it counts, then it is acknowledged. An upload belongs to
//! whoever began it, and is thrown away when it is not used in time.

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
    time::Timestamp,
};
use media::{BadPaper, sealing::Seal};
use serde::{Deserialize, Serialize};
use store::{
    Range, Transaction,
    files::{FileError, Files, InHand, PartId},
    record,
};

use super::{
    Office, OfficeError,
    file_area::{FileTrouble, account},
    keys,
    unit_of_work::UnitOfWork,
};

/// Uploads of all people that may wait at a time.
const MOST_UPLOADS: usize = 4_096;
/// Uploads of one person that may wait at a time: as many as one report may name, and once more.
const MOST_OF_A_PERSON: usize = 64;
/// Uploads of one program that may wait at a time: it sends those of many people.
const MOST_OF_A_PROGRAM: usize = 1_024;

/// One file on its way in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Upload {
    by: Actor,
    media: Media,
    bytes: u64,
    offset: u64,
    pub(super) begun: Timestamp,
    pub(super) ready: Option<Attachment>,
}

domain::records!(Upload);

/// What the record of a kept file holds: its sealed length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) digest: Digest,
    pub(super) suite: Suite,
    pub(super) sealed_bytes: u64,
}

domain::records!(Kept);

impl Kept {
    pub(super) const fn of(suite: Suite, sealed: &Sealed) -> Self {
        Self {
            digest: sealed.digest,
            suite,
            sealed_bytes: sealed.sealed_bytes(),
        }
    }
}

/// The files of an attachment.
pub(super) fn parts(attachment: &Attachment) -> impl Iterator<Item = (Part, Kept)> + '_ {
    [Part::Whole, Part::Thumb].into_iter().filter_map(|part| {
        let sealed = attachment.part(part)?;
        Some((part, Kept::of(attachment.suite, &sealed)))
    })
}

impl Upload {
    /// Bytes it is accounted for.
    pub(super) fn weight(&self) -> u64 {
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

impl Office {
    /// Begins an upload of a file that says what it is and how long.
    pub async fn begin_upload(
        &self,
        media: Media,
        bytes: u64,
        actor: Actor,
    ) -> Result<UploadView, OfficeError> {
        let limits = self.attachment_limits().await?;
        limits.check(media, bytes).map_err(FileTrouble::from)?;
        let id = UploadId(self.dependencies.entropy.bytes());
        let turn = self.turn().await;
        let mut view = turn.transaction();
        let waiting = view.scan(Range::prefix(keys::UPLOADS), MOST_UPLOADS, false);
        let waiting = waiting.await?;
        if waiting.len() == MOST_UPLOADS {
            return Err(OfficeError::Busy);
        }
        let (mut own, mut count) = (bytes, 0);
        for (_, record) in waiting {
            let upload: Upload = record::read(&record)?;
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
            return Err(FileTrouble::TooManyWaiting(count).into());
        }
        if own > limits.person_bytes {
            return Err(FileTrouble::PersonFull(own - bytes, limits.person_bytes).into());
        }
        account(&mut view, bytes, 0, Some(limits.node_bytes)).await?;
        let upload = Upload {
            by: actor,
            media,
            bytes,
            offset: 0,
            begun: self.now(),
            ready: None,
        };
        view.put(keys::upload(id), record::write(&upload));
        turn.commit(view).await?;
        Ok(upload.view(id, &limits))
    }

    /// Begins an upload of a file whose length shows only when it ends: of at most so many bytes, and no
    /// more than is taken. It ends with [`Office::end_upload`].
    pub async fn begin_open_upload(
        &self,
        media: Media,
        most: u64,
        actor: Actor,
    ) -> Result<UploadView, OfficeError> {
        let limits = self.attachment_limits().await?;
        let most = most.min(limits.bytes).clamp(1, MOST_BYTES);
        self.begin_upload(media, most, actor).await
    }

    /// What came of an upload is all of it: it is looked into and kept, or refused and thrown away. Durable
    /// when it returns.
    pub async fn end_upload(&self, id: UploadId, actor: &Actor) -> Result<UploadView, OfficeError> {
        let _alone = self.file_area().alone(id.0)?;
        let mut upload = self.own_upload(id, actor).await?;
        if upload.offset == 0 {
            self.forget_upload(id).await?;
            return Err(FileTrouble::from(NotTaken::Empty).into());
        }
        if upload.offset < upload.bytes {
            let turn = self.turn().await;
            let mut view = turn.transaction();
            account(&mut view, upload.offset, upload.bytes, None).await?;
            upload.bytes = upload.offset;
            view.put(keys::upload(id), record::write(&upload));
            turn.commit(view).await?;
        }
        if upload.ready.is_none() {
            upload = self.finish_upload(id, upload).await?;
        }
        let limits = self.attachment_limits().await?;
        Ok(upload.view(id, &limits))
    }

    /// How an upload of this person is doing.
    pub async fn upload(&self, id: UploadId, actor: &Actor) -> Result<UploadView, OfficeError> {
        let upload = self.own_upload(id, actor).await?;
        let limits = self.attachment_limits().await?;
        Ok(upload.view(id, &limits))
    }

    /// Takes the chunk at `offset`; durable when it returns. With the last one the file is looked into
    /// and kept, or refused and thrown away. An empty chunk at the end looks again, should that have
    /// been cut short.
    pub async fn continue_upload(
        &self,
        id: UploadId,
        offset: u64,
        chunk: Bytes,
        actor: &Actor,
    ) -> Result<UploadView, OfficeError> {
        let _alone = self.file_area().alone(id.0)?;
        let mut upload = self.own_upload(id, actor).await?;
        let have = upload.offset;
        if offset != have {
            return Err(FileTrouble::Offset { have, said: offset }.into());
        }
        let announced = upload.bytes;
        if chunk.len() as u64 > announced - have {
            return Err(FileTrouble::Beyond { announced }.into());
        }
        if !chunk.is_empty() {
            let append = move |files: &Files| files.append(PartId(id.0), offset, &chunk);
            match self.file_area().on_disk(append).await {
                Ok(now) => upload.offset = now,
                Err(FileTrouble::Disk(
                    FileError::Unsynced { .. } | FileError::Absent | FileError::Damaged { .. },
                )) => {
                    self.forget_upload(id).await?;
                    return Err(FileTrouble::Lost.into());
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

    /// Throws an upload away.
    pub async fn drop_upload(&self, id: UploadId, actor: &Actor) -> Result<(), OfficeError> {
        let _alone = self.file_area().alone(id.0)?;
        self.own_upload(id, actor).await?;
        self.forget_upload(id).await
    }

    async fn own_upload(&self, id: UploadId, actor: &Actor) -> Result<Upload, OfficeError> {
        let store = &self.dependencies.store;
        let seen = store.get(self.me, &keys::upload(id)).await?;
        store.wait_durable(seen.generation).await?;
        let upload = seen.value.map(|bytes| record::read::<Upload>(&bytes));
        match upload.transpose()? {
            Some(upload) if upload.by == *actor => Ok(upload),
            _ => Err(FileTrouble::NoSuchUpload(id).into()),
        }
    }

    async fn put_upload(&self, id: UploadId, upload: &Upload) -> Result<(), OfficeError> {
        let mut view = self.dependencies.store.view(self.me);
        view.put(keys::upload(id), record::write(upload));
        view.submit().await?.durable().await?;
        Ok(())
    }

    async fn finish_upload(&self, id: UploadId, mut upload: Upload) -> Result<Upload, OfficeError> {
        let suite = self.dependencies.suite;
        let mut key = ContentKey([0; 32]);
        key.0[..16].copy_from_slice(&self.dependencies.entropy.bytes());
        key.0[16..].copy_from_slice(&self.dependencies.entropy.bytes());
        let looking = Looking {
            files: self.file_area().files().clone(),
            limits: self.attachment_limits().await?,
            media: upload.media,
            bytes: upload.bytes,
            suite,
            key,
        };
        let permit = self.file_area().may_decode().await;
        let held_by = self.me;
        let looked = tokio::task::spawn_blocking(move || {
            let looked = looking.keep(id, held_by);
            drop(permit);
            looked
        });
        let looked = looked.await.unwrap_or_else(|panic| {
            tracing::error!(alarm = "decoder-panicked", %panic, "a file broke its decoder");
            let why = "the decoder failed at it".to_owned();
            Ok(Err(BadPaper::Unreadable(why)))
        });
        let (attachment, _in_hand) = match looked {
            Ok(Ok(kept)) => kept,
            Ok(Err(bad)) => {
                self.forget_upload(id).await?;
                return Err(FileTrouble::Paper(bad).into());
            }
            Err(FileError::Absent | FileError::Damaged { .. }) => {
                self.forget_upload(id).await?;
                return Err(FileTrouble::Lost.into());
            }
            Err(trouble) => return Err(FileTrouble::from(trouble).into()),
        };
        let before = upload.weight();
        let turn = self.turn().await;
        let mut view = turn.transaction();
        for (_, kept) in parts(&attachment) {
            view.put(keys::owner(&kept.digest, &id.0), Bytes::new());
        }
        upload.ready = Some(attachment);
        account(&mut view, upload.weight(), before, None).await?;
        view.put(keys::upload(id), record::write(&upload));
        turn.commit(view).await?;
        let remove = move |files: &Files| files.remove_part(PartId(id.0));
        self.file_area().on_disk(remove).await?;
        Ok(upload)
    }

    /// Forgets an upload, whoever began it, and throws away what came of it.
    pub(super) async fn forget_upload(&self, id: UploadId) -> Result<(), OfficeError> {
        let turn = self.turn().await;
        let mut view = turn.transaction();
        let key = keys::upload(id);
        let Some(bytes) = view.peek(&key).await? else {
            return Ok(());
        };
        let upload: Upload = record::read(&bytes)?;
        view.delete(key);
        let mut left = vec![];
        for (_, kept) in upload.ready.iter().flat_map(parts) {
            view.delete(keys::owner(&kept.digest, &id.0));
            left.push(kept.digest);
        }
        account(&mut view, 0, upload.weight(), None).await?;
        turn.commit(view).await?;
        let remove = move |files: &Files| files.remove_part(PartId(id.0));
        self.file_area().on_disk(remove).await?;
        self.remove_unowned(left).await
    }
}

/// What it takes to look into a finished upload.
struct Looking {
    files: Files,
    limits: std::sync::Arc<Limits>,
    media: Media,
    bytes: u64,
    suite: Suite,
    key: ContentKey,
}

impl Looking {
    /// Blocks, for as long as decoding takes.
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
    /// Takes what whoever acts has uploaded out of the uploads, in the unit of this decision. What it
    /// gives belongs into a body, and is then bound to its matter with [`UnitOfWork::bind`].
    pub(super) async fn take_uploads(
        &mut self,
        ids: &[UploadId],
    ) -> Result<Vec<Attachment>, OfficeError> {
        let limits = self.office.file_area().limits();
        let limits = limits.under(&self.policy.limits());
        limits.check_count(ids.len()).map_err(FileTrouble::from)?;
        let mut named = BTreeSet::new();
        let mut attachments = Vec::with_capacity(ids.len());
        for id in ids {
            if !named.insert(*id) {
                return Err(FileTrouble::Twice(*id).into());
            }
            let key = keys::upload(*id);
            let upload: Option<Upload> = self.read(&key).await?;
            let upload = upload.filter(|upload| upload.by == self.actor);
            let upload = upload.ok_or(FileTrouble::NoSuchUpload(*id))?;
            let attachment = upload.ready.ok_or(FileTrouble::NotReady(*id))?;
            self.view.delete(key);
            for (_, kept) in parts(&attachment) {
                self.view.delete(keys::owner(&kept.digest, &id.0));
            }
            attachments.push(attachment);
        }
        Ok(attachments)
    }

    /// Notes that files, all of them here, belong to the body of a matter's `step` (0 for the report).
    pub(super) fn bind(&mut self, matter: MatterId, step: u16, attachments: &[Attachment]) {
        for (index, attachment) in (0..).zip(attachments) {
            for (part, kept) in parts(attachment) {
                own_file(&mut self.view, matter, FileNo { step, index }, part, &kept);
            }
        }
    }
}

/// Notes that a file that is here belongs to a matter.
pub(super) fn own_file(
    view: &mut Transaction,
    matter: MatterId,
    no: FileNo,
    part: Part,
    kept: &Kept,
) {
    let key = keys::file(matter, no, part);
    view.put(keys::owner(&kept.digest, &key), Bytes::new());
    view.put(key, record::write(kept));
}

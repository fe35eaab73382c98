//! Files of matters: shown to whoever may see them, given to neighbours that ask for the holder, kept
//! when they were fetched.
//!
//! A file is reached by its matter and its place there, never by digest or upload alone.

use api::AttachmentView;
use bytes::Bytes;
use domain::{
    alarm::AlarmKind,
    attachment::{
        Attachment, FETCH_BYTES, Fetch, Fetched, FileNo, Media, Part, Sealed, handed_in, may_fetch,
        sources,
    },
    category::Class,
    custody::{Docket, Standing},
    ids::MatterId,
    matter::{Act, Audience},
    suite::Digest,
    time::Timestamp,
};
use media::sealing::{SEALED_CHUNK_BYTES, Seal};
use serde::{Deserialize, Serialize};
use store::{
    Range,
    files::{FileError, Files, InHand, PartId},
    record,
};
use topology::DivisionCode;

use super::{
    Office, OfficeError,
    file_area::{Alone, FileTrouble, account},
    keys,
    uploads::{Kept, own_file},
};

/// Who wants to see a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// Somebody at this node: sees what is public, and everything while the node holds the matter.
    Clerk,
    /// Whoever handed it in, as was found out already. Remarks among offices are none of theirs.
    Reporter,
}

impl Reader {
    /// Whether what belongs to a step's body of this class is to be seen.
    fn may_see(self, class: Class, docket: &Docket, step: u16) -> bool {
        let act = docket
            .matter
            .steps
            .get(usize::from(step))
            .map(|step| step.act);
        match self {
            Self::Clerk => class == Class::Public || docket.standing == Standing::Holding,
            Self::Reporter => act != Some(Act::Remark(Audience::Offices)),
        }
    }
}

/// A file that is here, whole and sound.
pub struct OpenFile {
    attachment: Attachment,
    part: Part,
    sealed: Sealed,
    in_hand: InHand,
}

impl OpenFile {
    /// What it is.
    pub const fn media(&self) -> Media {
        self.attachment.media_of(self.part)
    }

    /// Its length in bytes.
    pub const fn bytes(&self) -> u64 {
        self.sealed.bytes
    }

    /// Different for files that differ; says nothing of what is in them.
    pub const fn digest(&self) -> Digest {
        self.in_hand.digest()
    }
}

/// A file that lies elsewhere.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// What to ask for, from the beginning.
    pub fetch: Fetch,
    /// Towards whom, one after the other.
    pub sources: Vec<DivisionCode>,
    handed_in: DivisionCode,
    kept: Kept,
    /// There is a damaged one here, and it was handed in here.
    damaged: bool,
}

impl Wanted {
    /// Why it is nowhere to be had, once nobody has it.
    pub const fn nowhere(&self) -> FileTrouble {
        let Fetch { matter, no, .. } = self.fetch;
        match self.damaged {
            true => FileTrouble::Damaged(matter, no),
            false => FileTrouble::Missing(self.handed_in),
        }
    }
}

/// What became of looking for a file.
pub enum Looked {
    /// Here it is.
    Here(OpenFile),
    /// It is to be fetched.
    Elsewhere(Wanted),
}

/// What to do about a neighbour's request.
#[derive(Clone, Debug)]
pub enum Serve {
    /// Answer.
    Answer(Fetched),
    /// Ask this neighbour, and answer as it does.
    Carry(DivisionCode),
    /// It was handed in here and is damaged or gone: bring it, then look again.
    Restore(Box<Wanted>),
}

/// How far a fetch has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Progress {
    pub(super) begun: Timestamp,
    offset: u64,
}

domain::records!(Progress);

/// A fetch that nobody else is at work on.
pub struct Fetching {
    wanted: Wanted,
    progress: Progress,
    _alone: Alone,
}

impl Fetching {
    /// What to ask for next; `None` when all of it is here.
    pub fn next(&self) -> Option<Fetch> {
        let at = self.progress.offset;
        (at < self.wanted.kept.sealed_bytes).then_some(Fetch {
            at,
            ..self.wanted.fetch
        })
    }

    /// Looks for what is left towards this division from now on.
    pub const fn look_towards(&mut self, source: DivisionCode) {
        self.wanted.fetch.held_by = source;
    }

    /// Length of the sealed file.
    pub const fn sealed_bytes(&self) -> u64 {
        self.wanted.kept.sealed_bytes
    }
}

const fn part_id(digest: &Digest) -> PartId {
    let (id, _) = digest.split_first_chunk().expect("a digest has 32 bytes");
    PartId(*id)
}

impl Office {
    /// The attachments of one step's body (0 for the report), if that body is here.
    pub async fn attachments(
        &self,
        docket: &Docket,
        step: u16,
    ) -> Result<Option<(Class, Vec<Attachment>)>, OfficeError> {
        let matter = &docket.matter;
        let commitment = match step {
            0 => Some(matter.body),
            step => matter
                .steps
                .get(usize::from(step))
                .and_then(|step| step.note),
        };
        let Some(commitment) = commitment else {
            return Ok(None);
        };
        let body = self.paper(matter, &commitment).await?;
        Ok(body.map(|body| (body.class, body.attachments)))
    }

    /// The files that somebody may see here, with their places.
    pub async fn files_of(
        &self,
        id: MatterId,
        reader: Reader,
    ) -> Result<Vec<(FileNo, AttachmentView)>, OfficeError> {
        let docket = self
            .docket(id)
            .await?
            .ok_or(OfficeError::NoSuchMatter(id))?;
        let mut files = vec![];
        for step in (0..).take(docket.matter.steps.len()) {
            let Some((class, attachments)) = self.attachments(&docket, step).await? else {
                continue;
            };
            if !reader.may_see(class, &docket, step) {
                continue;
            }
            let view =
                |(index, attachment)| (FileNo { step, index }, AttachmentView::from(attachment));
            files.extend((0..).zip(&attachments).map(view));
        }
        Ok(files)
    }

    /// Looks for a file of a matter. What is not there and what is not to be seen look alike.
    pub async fn attachment(
        &self,
        id: MatterId,
        no: FileNo,
        part: Part,
        reader: Reader,
    ) -> Result<Looked, OfficeError> {
        let not_seen = || OfficeError::from(FileTrouble::NoSuchFile(id, no));
        let docket = self.docket(id).await?.ok_or_else(not_seen)?;
        let listed = self.attachments(&docket, no.step).await?;
        let (class, attachments) = listed.ok_or_else(not_seen)?;
        let attachment = attachments.into_iter().nth(no.index.into());
        let attachment = attachment.filter(|_| reader.may_see(class, &docket, no.step));
        let attachment = attachment.ok_or_else(not_seen)?;
        let sealed = attachment.part(part).ok_or_else(not_seen)?;
        let kept = Kept::of(attachment.suite, &sealed);
        let Kept { suite, digest, .. } = kept;
        let handed_in = attachment.held_by;
        let mut damaged = false;
        let sound = move |files: &Files| files.sound(suite, digest);
        match self.file_area().on_disk(sound).await {
            Ok((in_hand, length)) if length == sealed.sealed_bytes() => {
                return Ok(Looked::Here(OpenFile {
                    attachment,
                    part,
                    sealed,
                    in_hand,
                }));
            }
            Ok(_) | Err(FileTrouble::Disk(FileError::Absent)) => {}
            Err(FileTrouble::Disk(error @ FileError::Damaged { .. })) => {
                self.note_damage(digest, &format!("attachment {no} of matter {id}: {error}"))
                    .await;
                // Until there is a sound one, the damaged one is all there is of what was handed in.
                damaged = handed_in == self.me;
                if !damaged {
                    let discard = move |files: &Files| files.discard(&digest);
                    self.file_area().on_disk(discard).await?;
                }
            }
            Err(trouble) => return Err(trouble.into()),
        }
        let limits = self.attachment_limits().await?;
        if limits.is_over(&docket.matter, self.now()) {
            return Err(FileTrouble::Over(id, no).into());
        }
        let wanted = self.wanted(&docket, (no, part), handed_in, kept, damaged);
        if wanted.sources.is_empty() {
            return Err(wanted.nowhere().into());
        }
        Ok(Looked::Elsewhere(wanted))
    }

    fn wanted(
        &self,
        docket: &Docket,
        (no, part): (FileNo, Part),
        handed_in: DivisionCode,
        kept: Kept,
        damaged: bool,
    ) -> Wanted {
        let fetch = Fetch {
            matter: docket.matter.id,
            no,
            part,
            digest: kept.digest,
            at: 0,
            asker: self.me,
            held_by: handed_in,
        };
        Wanted {
            fetch,
            sources: sources(&docket.matter, handed_in, self.me, &self.dependencies.tree),
            handed_in,
            kept,
            damaged,
        }
    }

    /// One chunk of an open file, from 0, each of [`domain::attachment::CHUNK_BYTES`] but the
    /// last.
    pub async fn file_chunk(&self, file: &OpenFile, index: u64) -> Result<Bytes, OfficeError> {
        let OpenFile {
            attachment,
            part,
            sealed,
            in_hand,
        } = file;
        let seal = Seal::new(attachment.suite, &attachment.key, *part, sealed.bytes);
        let digest = in_hand.digest();
        let opened = self.file_area().on_disk(move |files| {
            let at = index * SEALED_CHUNK_BYTES;
            let mut chunk = files.read(&digest, at, SEALED_CHUNK_BYTES as usize)?;
            let plain = seal.open(index, &mut chunk).map(<[u8]>::len);
            let length = plain.map_err(|_| FileError::Damaged {
                path: format!("chunk {index}").into(),
                what: "it is not what was sealed under the key in the body",
            })?;
            chunk.truncate(length);
            Ok(Bytes::from(chunk))
        });
        Ok(opened.await?)
    }

    /// What to do about a neighbour that asks for a stretch of a file.
    pub async fn asked_for_file(
        &self,
        from: DivisionCode,
        fetch: &Fetch,
    ) -> Result<Serve, OfficeError> {
        let no = Ok(Serve::Answer(Fetched::NotEntitled));
        let Some(docket) = self.docket(fetch.matter).await? else {
            return no;
        };
        let bound_for = match docket.standing {
            Standing::Giving { bound_for, .. } => Some(bound_for),
            Standing::Holding | Standing::Elsewhere => None,
        };
        let listed = self.attachments(&docket, fetch.no.step).await?;
        let public = listed.is_some_and(|(class, _)| class == Class::Public);
        let tree = &self.dependencies.tree;
        let (matter, me) = (&docket.matter, self.me);
        if let Err(why) = may_fetch(matter, bound_for, public, fetch, from, me, tree) {
            tracing::warn!(neighbour = %from, asker = %fetch.asker, matter = %fetch.matter, %why, "file not given");
            return no;
        }
        let key = keys::file(fetch.matter, fetch.no, fetch.part);
        let seen = self.dependencies.store.get(self.me, &key).await?;
        if let Some(record) = seen.value {
            let kept: Kept = record::read(&record)?;
            if kept.digest != fetch.digest {
                return no;
            }
            if let Some(bytes) = self.stretch(&kept, fetch.at).await? {
                return Ok(Serve::Answer(Fetched::Bytes(bytes)));
            }
            if handed_in(matter, fetch.no) == Some(me) && fetch.held_by == me {
                let place = (fetch.no, fetch.part);
                let mut wanted = self.wanted(&docket, place, me, kept, false);
                wanted.sources.retain(|source| *source != fetch.asker);
                if !wanted.sources.is_empty() {
                    return Ok(Serve::Restore(Box::new(wanted)));
                }
            }
        }
        match tree.next_hop(self.me, fetch.held_by) {
            Some(next) if next != from && !matter.concerns(next, tree) => Ok(Serve::Carry(next)),
            _ => Ok(Serve::Answer(Fetched::Gone)),
        }
    }

    /// A stretch of a kept file; `None` if it is not there or no longer what it was.
    async fn stretch(&self, kept: &Kept, at: u64) -> Result<Option<Bytes>, OfficeError> {
        let Kept { digest, suite, .. } = *kept;
        // It is looked through once for each time that it is brought somewhere.
        let looked_through = at > 0 && self.file_area().was_sound(&digest);
        let read = move |files: &Files| {
            if !looked_through {
                let (_in_hand, _) = files.sound(suite, digest)?;
            }
            files.read(&digest, at, FETCH_BYTES)
        };
        match self.file_area().on_disk(read).await {
            Ok(bytes) => {
                self.file_area().note_sound(digest);
                Ok(Some(bytes.into()))
            }
            Err(FileTrouble::Disk(FileError::Absent)) => Ok(None),
            Err(FileTrouble::Disk(damaged @ FileError::Damaged { .. })) => {
                self.note_damage(digest, &damaged.to_string()).await;
                Ok(None)
            }
            Err(trouble) => Err(trouble.into()),
        }
    }

    /// A damaged file is told all the same if the alarm cannot be kept.
    async fn note_damage(&self, digest: Digest, detail: &str) {
        self.file_area().note_damaged(digest);
        let raised = self.raise_alarm(AlarmKind::FileDamaged, None, detail).await;
        if let Err(error) = raised {
            tracing::error!(alarm = "file-damaged", detail, %error, "the alarm is not kept");
        }
    }

    /// The alarm's cause is gone with the last damaged file that was made whole.
    async fn note_whole_again(&self, digest: Digest) -> Result<(), OfficeError> {
        if !self.file_area().note_whole(&digest) {
            return Ok(());
        }
        tracing::info!(division = %self.me, "every file that was damaged is whole again");
        self.settle_alarm(AlarmKind::FileDamaged, None).await
    }

    /// Whether a file is here already, whole and sound.
    pub async fn has_file(&self, wanted: &Wanted) -> Result<bool, OfficeError> {
        let Kept { suite, digest, .. } = wanted.kept;
        let sound = move |files: &Files| match files.sound(suite, digest) {
            Ok(_) => Ok(true),
            Err(FileError::Absent | FileError::Damaged { .. }) => Ok(false),
            Err(error) => Err(error),
        };
        Ok(self.file_area().on_disk(sound).await?)
    }

    /// Begins to fetch a file, or goes on where it was left.
    pub async fn begin_fetch(&self, wanted: Wanted) -> Result<Fetching, OfficeError> {
        let digest = wanted.fetch.digest;
        let alone = self.file_area().alone(part_id(&digest).0)?;
        let store = &self.dependencies.store;
        let seen = store.get(self.me, &keys::fetch(&digest)).await?;
        store.wait_durable(seen.generation).await?;
        let progress = match seen.value {
            Some(bytes) => record::read(&bytes)?,
            None => Progress {
                begun: self.now(),
                offset: 0,
            },
        };
        Ok(Fetching {
            wanted,
            progress,
            _alone: alone,
        })
    }

    /// Takes what came of a fetch so far; it is on the disk when this returns. With the last of it the
    /// file is checked against its digest and kept, or thrown away.
    pub async fn go_on_fetching(
        &self,
        fetching: &mut Fetching,
        bytes: Bytes,
    ) -> Result<(), OfficeError> {
        let Kept {
            digest,
            suite,
            sealed_bytes,
        } = fetching.wanted.kept;
        let id = part_id(&digest);
        let at = fetching.progress.offset;
        let append = move |files: &Files| files.append(id, at, &bytes);
        let appended = self.file_area().on_disk(append).await;
        let key = keys::fetch(&digest);
        let mut view = self.dependencies.store.view(self.me);
        match appended {
            Ok(now) => fetching.progress.offset = now,
            Err(trouble @ FileTrouble::DiskFull) => return Err(trouble.into()),
            Err(trouble) => {
                fetching.progress.offset = 0;
                view.delete(key);
                view.submit().await?.durable().await?;
                return Err(trouble.into());
            }
        }
        let now = fetching.progress.offset;
        if now < sealed_bytes {
            view.put(key, record::write(&fetching.progress));
            view.submit().await?.durable().await?;
            return Ok(());
        }
        let adopt = move |files: &Files| files.adopt(id, sealed_bytes, suite, digest);
        let adopted = self.file_area().on_disk(adopt).await;
        let turn = self.turn().await;
        view.delete(key);
        let kept = match adopted {
            Ok(in_hand) => {
                let Fetch {
                    matter, no, part, ..
                } = fetching.wanted.fetch;
                let most = self.file_area().limits().node_bytes;
                if view.peek(&keys::file(matter, no, part)).await?.is_none() {
                    account(&mut view, sealed_bytes, 0, Some(most)).await?;
                }
                own_file(&mut view, matter, no, part, &fetching.wanted.kept);
                Ok(in_hand)
            }
            Err(trouble) => {
                fetching.progress.offset = 0;
                Err(match trouble {
                    FileTrouble::Disk(FileError::Damaged { .. }) => {
                        FileTrouble::Wrong(fetching.wanted.fetch.held_by)
                    }
                    other => other,
                })
            }
        };
        turn.commit(view).await?;
        kept?;
        self.note_whole_again(digest).await
    }

    /// Throws away those of these files that belong to nothing any more.
    pub(super) async fn remove_unowned(&self, digests: Vec<Digest>) -> Result<(), OfficeError> {
        for digest in digests {
            if self.is_owned(&digest).await? {
                continue;
            }
            // Nothing is bound meanwhile, so what has no owner now gets none.
            let _turn = self.turn().await;
            if !self.is_owned(&digest).await? {
                let remove = move |files: &Files| files.remove(&digest);
                self.file_area().on_disk(remove).await?;
            }
        }
        Ok(())
    }

    async fn is_owned(&self, digest: &Digest) -> Result<bool, OfficeError> {
        let store = &self.dependencies.store;
        let range = Range::prefix(&keys::owners(digest));
        let owners = store.scan(self.me, range, 1, false).await?;
        store.wait_durable(owners.generation).await?;
        Ok(!owners.value.is_empty())
    }
}

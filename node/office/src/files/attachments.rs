//! Files of matters: shows them to callers who may see them, gives them to neighbours that ask for
//! the holder, and keeps fetched ones.
//!
//! A file is found by its matter and its place there, never by digest or upload alone.

use api::AttachmentView;
use bytes::Bytes;
use domain::{
    alarm::{AlarmKind, details},
    attachment::{Attachment, FileNo, Media, Part, Sealed},
    category::Class,
    custody::{Docket, Standing},
    fetch::{FETCH_BYTES, Fetch, Fetched, handed_in, may_fetch, sources},
    ids::MatterId,
    matter::{Act, Audience},
    saying::Saying,
    suite::Digest,
};
use media::sealing::{SEALED_CHUNK_BYTES, Seal};
use records::table::Table;
use store::files::{FileError, Files, InHand, PartId};
use topology::DivisionCode;

use super::{
    area::{Alone, account_within},
    refusal::FileRefusal,
    uploads::{Kept, own_file},
};
use crate::tables::files::Progress;
use crate::{Aborted, Failed, Fault, NoSuchMatter, people::Token, services::MatterFiles, tables};

/// The reader of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// A person at this node: sees public files, and all files while the node holds the matter.
    Clerk,
    /// The reporter, already identified, with their slip if they showed one. Remarks among offices are
    /// hidden.
    Reporter(Option<Token>),
}

impl Reader {
    const fn slip(&self) -> Option<&Token> {
        match self {
            Self::Clerk => None,
            Self::Reporter(slip) => slip.as_ref(),
        }
    }

    /// Returns whether the reader may see the files in a step's body of this class.
    fn may_see(self, class: Class, docket: &Docket, step: u16) -> bool {
        let act = docket
            .matter
            .steps
            .get(usize::from(step))
            .map(|step| step.act);
        match self {
            Self::Clerk => class == Class::Public || docket.standing == Standing::Holding,
            Self::Reporter(_) => act != Some(Act::Remark(Audience::Offices)),
        }
    }
}

/// A complete and sound file that is here.
pub struct OpenFile {
    attachment: Attachment,
    part: Part,
    sealed: Sealed,
    in_hand: InHand,
}

impl OpenFile {
    pub(crate) const fn new(
        attachment: Attachment,
        part: Part,
        sealed: Sealed,
        in_hand: InHand,
    ) -> Self {
        Self {
            attachment,
            part,
            sealed,
            in_hand,
        }
    }

    /// Returns the type of the file.
    pub const fn media(&self) -> Media {
        self.attachment.media_of(self.part)
    }

    /// Returns the length of the file in bytes.
    pub const fn bytes(&self) -> u64 {
        self.sealed.bytes
    }

    /// Returns the digest of the sealed file. It differs for different files and reveals nothing
    /// about the content.
    pub const fn digest(&self) -> Digest {
        self.in_hand.digest()
    }
}

/// A file that is at another division.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The first request of the fetch.
    pub fetch: Fetch,
    /// The divisions to ask, in order.
    pub sources: Vec<DivisionCode>,
    handed_in: DivisionCode,
    kept: Kept,
    /// Whether a damaged copy is here, at the division where the file was handed in.
    damaged: bool,
}

impl Wanted {
    /// Returns the error for the case that no division has the file.
    pub const fn nowhere(&self) -> FileRefusal {
        let Fetch { matter, no, .. } = self.fetch;
        match self.damaged {
            true => FileRefusal::Damaged(matter, no),
            false => FileRefusal::Missing(self.handed_in),
        }
    }
}

/// The result of looking for a file.
pub enum Looked {
    /// The file is here.
    Here(OpenFile),
    /// The file must be fetched.
    Elsewhere(Wanted),
}

/// The action on a neighbour's request.
#[derive(Clone, Debug)]
pub enum Serve {
    /// Answer it.
    Answer(Fetched),
    /// Ask this neighbour, and forward its answer.
    Carry(DivisionCode),
    /// The file was handed in here and is damaged or gone: fetch it, then look again.
    Restore(Box<Wanted>),
}

/// A fetch that nobody else is working on.
pub struct Fetching {
    wanted: Wanted,
    progress: Progress,
    _alone: Alone,
}

impl Fetching {
    /// Returns the next request; `None` when the whole file is here.
    pub fn next(&self) -> Option<Fetch> {
        let at = self.progress.offset;
        (at < self.wanted.kept.sealed_bytes).then_some(Fetch {
            at,
            ..self.wanted.fetch
        })
    }

    /// Asks this division for the rest from now on.
    pub const fn look_towards(&mut self, source: DivisionCode) {
        self.wanted.fetch.held_by = source;
    }

    /// Returns the length of the sealed file in bytes.
    pub const fn sealed_bytes(&self) -> u64 {
        self.wanted.kept.sealed_bytes
    }
}

pub(crate) const fn part_id(digest: &Digest) -> PartId {
    let (id, _) = digest.split_first_chunk().expect("a digest has 32 bytes");
    PartId(*id)
}

impl MatterFiles<'_> {
    /// Returns the attachments of one step's body (0 for the report), if that body is here. The slip of a
    /// report opens the reporter's own copy of it.
    pub async fn attachments(
        self,
        docket: &Docket,
        step: u16,
        slip: Option<&Token>,
    ) -> Result<Option<(Class, Vec<Attachment>)>, Fault> {
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
        let mut body = self.matters().paper(matter, &commitment).await?;
        if let (None, 0, Some(slip)) = (&body, step, slip) {
            body = self.people().own_words(matter, slip).await?;
        }
        Ok(body.map(|body| (body.class, body.attachments)))
    }

    /// Returns the files that a reader may see here, with their places.
    pub async fn files_of(
        self,
        id: MatterId,
        reader: Reader,
    ) -> Result<Vec<(FileNo, AttachmentView)>, Failed<NoSuchMatter>> {
        let docket = self.matters().docket(id).await?.ok_or(NoSuchMatter(id))?;
        let mut files = vec![];
        for step in (0..).take(docket.matter.steps.len()) {
            let Some((class, attachments)) = self.attachments(&docket, step, reader.slip()).await?
            else {
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

    /// Looks for a file of a matter. The result is the same for a missing file and for one that the
    /// reader may not see.
    pub async fn attachment(
        self,
        id: MatterId,
        no: FileNo,
        part: Part,
        reader: Reader,
    ) -> Result<Looked, Failed<FileRefusal>> {
        let not_seen = || FileRefusal::NoSuchFile(id, no);
        let docket = self.matters().docket(id).await?.ok_or_else(not_seen)?;
        let listed = self.attachments(&docket, no.step, reader.slip()).await?;
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
        match self.area().on_disk(sound).await {
            Ok((in_hand, length)) if length == sealed.sealed_bytes() => {
                return Ok(Looked::Here(OpenFile {
                    attachment,
                    part,
                    sealed,
                    in_hand,
                }));
            }
            Ok(_) | Err(FileError::Absent) => {}
            Err(error @ FileError::Damaged { .. }) => {
                self.note_damage(digest, &details::attachment_damaged(no, id, error))
                    .await;
                // Until there is a sound copy, the damaged one is all that is left of the file.
                damaged = handed_in == self.me;
                if !damaged {
                    let discard = move |files: &Files| files.discard(&digest);
                    self.area().on_disk(discard).await?;
                }
            }
            Err(trouble) => return Err(trouble.into()),
        }
        let limits = self.attachment_limits().await?;
        if limits.is_over(docket.matter.closed_since(), self.now()) {
            return Err(FileRefusal::Over(id, no).into());
        }
        let wanted = self.wanted(&docket, (no, part), handed_in, kept, damaged);
        if wanted.sources.is_empty() {
            return Err(wanted.nowhere().into());
        }
        Ok(Looked::Elsewhere(wanted))
    }

    fn wanted(
        self,
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

    /// Returns one chunk of an open file, counted from 0. Every chunk but the last has
    /// [`domain::attachment::CHUNK_BYTES`].
    pub async fn file_chunk(self, file: &OpenFile, index: u64) -> Result<Bytes, Fault> {
        let OpenFile {
            attachment,
            part,
            sealed,
            in_hand,
        } = file;
        let seal = Seal::new(attachment.suite, &attachment.key, *part, sealed.bytes);
        let digest = in_hand.digest();
        let opened = self.area().on_disk(move |files| {
            let at = index * SEALED_CHUNK_BYTES;
            let mut chunk = files.read(&digest, at, SEALED_CHUNK_BYTES as usize)?;
            let plain = seal.open(index, &mut chunk).map(<[u8]>::len);
            let length = plain.map_err(|_| FileError::Damaged {
                path: format!("chunk {index}").into(),
                what: "it differs from what was sealed under the key in the body",
            })?;
            chunk.truncate(length);
            Ok(Bytes::from(chunk))
        });
        Ok(opened.await?)
    }

    /// Decides how to answer a neighbour that asks for a range of a file.
    pub async fn asked_for_file(self, from: DivisionCode, fetch: &Fetch) -> Result<Serve, Fault> {
        let no = Ok(Serve::Answer(Fetched::NotEntitled));
        let Some(docket) = self.matters().docket(fetch.matter).await? else {
            return no;
        };
        let bound_for = match docket.standing {
            Standing::Giving { bound_for, .. } => Some(bound_for),
            Standing::Holding | Standing::Elsewhere => None,
        };
        let listed = self.attachments(&docket, fetch.no.step, None).await?;
        let public = listed.is_some_and(|(class, _)| class == Class::Public);
        let tree = &self.dependencies.tree;
        let (matter, me) = (&docket.matter, self.me);
        if let Err(why) = may_fetch(matter, bound_for, public, fetch, from, me, tree) {
            tracing::warn!(neighbour = %from, asker = %fetch.asker, matter = %fetch.matter, %why, "file not given");
            return no;
        }
        let key = (fetch.matter, fetch.no, fetch.part);
        if let Some(kept) = self.read()?.get::<tables::Files>(&key).await? {
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

    /// Returns a range of a kept file; `None` if the file is missing or damaged.
    async fn stretch(self, kept: &Kept, at: u64) -> Result<Option<Bytes>, Fault> {
        let Kept { digest, suite, .. } = *kept;
        // The file is checked once per transfer, at its first range.
        let looked_through = at > 0 && self.area().was_sound(&digest);
        let read = move |files: &Files| {
            if !looked_through {
                let (_in_hand, _) = files.sound(suite, digest)?;
            }
            files.read(&digest, at, FETCH_BYTES)
        };
        match self.area().on_disk(read).await {
            Ok(bytes) => {
                self.area().note_sound(digest);
                Ok(Some(bytes.into()))
            }
            Err(FileError::Absent) => Ok(None),
            Err(damaged @ FileError::Damaged { .. }) => {
                self.note_damage(digest, &details::file_damaged(damaged))
                    .await;
                Ok(None)
            }
            Err(trouble) => Err(trouble.into()),
        }
    }

    /// Notes a damaged file. If the alarm cannot be recorded, the log still has it.
    async fn note_damage(self, digest: Digest, detail: &Saying) {
        self.area().note_damaged(digest);
        let raised = self
            .alarms()
            .raise(AlarmKind::FileDamaged, None, detail)
            .await;
        if let Err(error) = raised {
            tracing::error!(alarm = "file-damaged", detail = detail.english, %error, "the alarm cannot be recorded");
        }
    }

    /// Notes that a file is whole again. With the last damaged file the cause of the alarm is gone.
    async fn note_whole_again(self, digest: Digest) -> Result<(), Aborted> {
        if !self.area().note_whole(&digest) {
            return Ok(());
        }
        tracing::info!(division = %self.me, "every damaged file is whole again");
        self.alarms().settle(AlarmKind::FileDamaged, None).await
    }

    /// Returns whether a file is already here, complete and sound.
    pub async fn has_file(self, wanted: &Wanted) -> Result<bool, Fault> {
        let Kept { suite, digest, .. } = wanted.kept;
        let sound = move |files: &Files| match files.sound(suite, digest) {
            Ok(_) => Ok(true),
            Err(FileError::Absent | FileError::Damaged { .. }) => Ok(false),
            Err(error) => Err(error),
        };
        Ok(self.area().on_disk(sound).await?)
    }

    /// Begins to fetch a file, or continues an earlier fetch.
    pub async fn begin_fetch(self, wanted: Wanted) -> Result<Fetching, Failed<FileRefusal>> {
        let digest = wanted.fetch.digest;
        let alone = self.area().alone(part_id(&digest).0)?;
        let progress = self.one::<tables::Fetches>(&digest).await?;
        let progress = progress.unwrap_or_else(|| Progress {
            begun: self.now(),
            offset: 0,
        });
        Ok(Fetching {
            wanted,
            progress,
            _alone: alone,
        })
    }

    /// Stores the next bytes of a fetch; they are on the disk when this returns. After the last
    /// ones the file is checked against its digest, and kept or deleted.
    pub async fn go_on_fetching(
        self,
        fetching: &mut Fetching,
        bytes: Bytes,
    ) -> Result<(), Failed<FileRefusal>> {
        let Kept {
            digest,
            suite,
            sealed_bytes,
        } = fetching.wanted.kept;
        let id = part_id(&digest);
        let at = fetching.progress.offset;
        let append = move |files: &Files| files.append(id, at, &bytes);
        let appended = self.area().on_disk(append).await;
        let mut view = self.tables();
        match appended {
            Ok(now) => fetching.progress.offset = now,
            Err(full @ FileError::Full) => return Err(full.into()),
            Err(trouble) => {
                fetching.progress.offset = 0;
                view.delete::<tables::Fetches>(&digest);
                view.submit().await?.durable().await?;
                return Err(trouble.into());
            }
        }
        let now = fetching.progress.offset;
        if now < sealed_bytes {
            view.put::<tables::Fetches>(&digest, &fetching.progress);
            view.submit().await?.durable().await?;
            return Ok(());
        }
        let adopt = move |files: &Files| files.adopt(id, sealed_bytes, suite, digest);
        let adopted = self.area().on_disk(adopt).await;
        let turn = self.turn().await;
        view.delete::<tables::Fetches>(&digest);
        let kept = match adopted {
            Ok(in_hand) => {
                let Fetch {
                    matter, no, part, ..
                } = fetching.wanted.fetch;
                let most = self.area().limits().node_bytes;
                if !view.has::<tables::Files>(&(matter, no, part)).await? {
                    account_within(&mut view, sealed_bytes, most).await?;
                }
                own_file(&mut view, matter, no, part, &fetching.wanted.kept);
                Ok(in_hand)
            }
            Err(trouble) => {
                fetching.progress.offset = 0;
                Err(match trouble {
                    FileError::Damaged { .. } => {
                        FileRefusal::Wrong(fetching.wanted.fetch.held_by).into()
                    }
                    other => Failed::from(other),
                })
            }
        };
        turn.commit(view).await?;
        kept?;
        Ok(self.note_whole_again(digest).await?)
    }

    /// Deletes those of these files that no longer belong to anything.
    pub(crate) async fn remove_unowned(self, digests: Vec<Digest>) -> Result<(), Fault> {
        for digest in digests {
            if self.is_owned(&digest).await? {
                continue;
            }
            // Nothing can be bound during this turn, so a file without an owner stays without one.
            let _turn = self.turn().await;
            if !self.is_owned(&digest).await? {
                let remove = move |files: &Files| files.remove(&digest);
                self.area().on_disk(remove).await?;
            }
        }
        Ok(())
    }

    async fn is_owned(self, digest: &Digest) -> Result<bool, Fault> {
        let owners = self.list(tables::FileOwners::under(digest), 1).await?;
        Ok(!owners.is_empty())
    }
}

//! Drafts of reports, by their keys: typed, illustrated, handed in once, forgotten after a day.

#[cfg(test)]
mod tests;

use domain::{
    actor::Actor,
    attachment::{Media, Part, UploadId},
    audit::Whence,
    draft::{BadDraft, Draft, DraftId, Fields, MOST_OF_NODE, MOST_PHOTO_BYTES},
    ids::MatterId,
    seal::SealedForBearer,
    suite::{Digest, Suite},
};
use records::table::Table;
use store::{files::Files, record};
use topology::DivisionCode;

use crate::{
    Failed, Fault, FileRefusal, MatterRefusal, NewReport, OpenFile, RefusalReason, RequestContext,
    people::{Token, TokenKind},
    services::Drafts,
    tables,
    unit_of_work::UnitOfWork,
};

/// Drafts that are looked at in one step of the sweep.
const PAGE: usize = 256;

/// A draft as its writer sees it.
#[derive(Clone, Debug)]
pub struct DraftView {
    /// What was typed.
    pub fields: Fields,
    /// Photos that are kept for it.
    pub photos: Vec<UploadId>,
    /// Documents that are kept for it.
    pub documents: Vec<DraftDocument>,
    /// What it became, if it was handed in.
    pub handed_in: Option<HandedIn>,
}

/// A document of a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DraftDocument {
    /// Its id.
    pub id: UploadId,
    /// Its type.
    pub media: Media,
    /// Its length in bytes.
    pub bytes: u64,
}

impl DraftView {
    /// Returns all its files: the photos, then the documents.
    pub fn files(&self) -> impl Iterator<Item = UploadId> {
        let documents = self.documents.iter().map(|document| document.id);
        self.photos.iter().copied().chain(documents)
    }
}

/// What a draft became.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandedIn {
    /// The number of the matter.
    pub matter: MatterId,
    /// The slip; `None` some minutes after it was shown.
    pub slip: Option<Token>,
}

/// The reason why something is not done with a draft.
#[derive(Debug, thiserror::Error)]
pub enum DraftRefusal {
    /// The draft is refused.
    #[error(transparent)]
    Draft(#[from] BadDraft),
    /// A photo of it is refused.
    #[error(transparent)]
    File(#[from] FileRefusal),
}

impl RefusalReason for DraftRefusal {}

fn digest(key: &Token) -> Digest {
    key.digest(Suite::Ed25519Blake3)
}

/// Returns the one to whom photos of a draft belong.
fn writer(key: &Token) -> Actor {
    Actor::Draft(DraftId::of(&digest(key)))
}

impl Drafts<'_> {
    /// Draws the key of a draft that does not exist yet. It begins with the first [`Self::write`].
    pub fn new_key(self) -> Token {
        self.people().new_token(TokenKind::Draft)
    }

    /// Returns a draft.
    ///
    /// # Errors
    /// [`BadDraft::Over`] if there is none, or its time is over.
    pub async fn read(self, key: &Token) -> Result<DraftView, Failed<BadDraft>> {
        let now = self.now();
        // All of one moment: it may be handed in meanwhile.
        let mut view = self.0.read()?;
        let draft = view.get::<tables::Drafts>(&digest(key)).await?;
        let draft = draft.filter(|draft| !draft.is_over(now));
        let draft = draft.ok_or(BadDraft::Over)?;
        let (mut photos, mut documents) = (vec![], vec![]);
        for id in draft.photos.iter().copied() {
            let upload = view.get::<tables::Uploads>(&id).await?;
            match upload.and_then(|upload| upload.ready) {
                Some(ready) if ready.media.is_image() => photos.push(id),
                Some(ready) => documents.push(DraftDocument {
                    id,
                    media: ready.media,
                    bytes: ready.whole.bytes,
                }),
                None => {}
            }
        }
        let handed_in = draft.handed_in(now).map(|(matter, shown)| HandedIn {
            matter,
            slip: shown.then(|| key.slip_of_draft()),
        });
        let sealed = view.get::<tables::DraftWords>(&digest(key)).await?;
        let plain = sealed.and_then(|sealed| sealed.open(&key.secret));
        let fields = match plain {
            Some(plain) => record::read(&plain)?,
            None => Fields::default(),
        };
        let read = DraftView {
            fields,
            photos,
            documents,
            handed_in,
        };
        Ok(view.finish(read).await?)
    }

    /// Keeps what was typed; begins the draft if there is none under this key. Durable when it
    /// returns.
    ///
    /// # Errors
    /// [`BadDraft`].
    pub async fn write(
        self,
        key: &Token,
        fields: &Fields,
        whence: Whence,
    ) -> Result<(), Failed<BadDraft>> {
        fields.check()?;
        let id = digest(key);
        let salt = self.dependencies.entropy.bytes();
        let sealed = SealedForBearer::seal(&record::write(fields), &key.secret, salt);
        let turn = self.turn().await;
        let mut view = turn.transaction();
        match view.get::<tables::Drafts>(&id).await? {
            Some(draft) => draft.check_open(self.now())?,
            None => {
                let network = format!("{:?}", whence.network());
                let network: Digest = blake3::hash(network.as_bytes()).into();
                let all = view.scan(tables::Drafts::all(), MOST_OF_NODE).await?;
                let same = |draft: &&(Digest, Draft)| draft.1.network == network;
                let counts = (all.iter().filter(same).count(), all.len());
                let draft = Draft::begin(self.now(), network, counts)?;
                view.put::<tables::Drafts>(&id, &draft);
            }
        }
        view.put::<tables::DraftWords>(&id, &sealed);
        Ok(turn.commit(view).await?)
    }

    /// Begins to keep a photo of at most `most` bytes; a document too, if somebody adds it who works on
    /// matters. It counts once [`Self::end_photo`] returns.
    ///
    /// # Errors
    /// [`BadDraft`], or [`FileRefusal`] if files of this type are not taken.
    pub async fn begin_photo(
        self,
        key: &Token,
        (media, by_official): (Media, bool),
        most: u64,
    ) -> Result<UploadId, Failed<DraftRefusal>> {
        Draft::check_media(media, by_official)?;
        let mut waiting = 0;
        for (_, upload) in self.list(tables::Uploads::all(), usize::MAX).await? {
            if matches!(upload.by, Actor::Draft(_)) {
                waiting += upload.weight();
            }
        }
        if waiting > MOST_PHOTO_BYTES {
            return Err(BadDraft::NoRoom.into());
        }
        let limits = self.files().attachment_limits().await?;
        let kind = (media, by_official && media == Media::Text);
        let begun = self.files().begin_open_upload(kind, most, writer(key));
        let id = begun.await.map_err(Failed::widen)?.id;
        let turn = self.turn().await;
        let mut view = turn.transaction();
        let draft = view.get::<tables::Drafts>(&digest(key)).await?;
        let added = match draft {
            Some(mut draft) => draft
                .add_photo(id, limits.count, self.now())
                .map(|()| view.put::<tables::Drafts>(&digest(key), &draft)),
            None => Err(BadDraft::Over),
        };
        match added {
            Ok(()) => turn.commit(view).await?,
            Err(bad) => {
                drop((view, turn));
                self.files().forget_upload(id).await?;
                return Err(bad.into());
            }
        }
        Ok(id)
    }

    /// Takes the next bytes of a photo; they are on the disk when this returns.
    ///
    /// # Errors
    /// [`FileRefusal`].
    pub async fn continue_photo(
        self,
        key: &Token,
        id: UploadId,
        offset: u64,
        bytes: bytes::Bytes,
    ) -> Result<(), Failed<FileRefusal>> {
        let writer = writer(key);
        let going_on = self.files().continue_upload(id, offset, bytes, &writer);
        going_on.await.map(|_| ())
    }

    /// Checks a photo that arrived, takes place and device out of it, and keeps it. A photo that
    /// cannot be kept is removed.
    ///
    /// # Errors
    /// [`FileRefusal`] says what is wrong with it.
    pub async fn end_photo(self, key: &Token, id: UploadId) -> Result<(), Failed<FileRefusal>> {
        match self.files().end_upload(id, &writer(key)).await {
            Ok(_) => Ok(()),
            Err(error) => {
                self.drop_photo(key, id).await?;
                Err(error)
            }
        }
    }

    /// Removes a photo.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn drop_photo(self, key: &Token, id: UploadId) -> Result<(), Fault> {
        let turn = self.turn().await;
        let mut view = turn.transaction();
        let draft = view.get::<tables::Drafts>(&digest(key)).await?;
        let Some(mut draft) = draft.filter(|draft| draft.photos.contains(&id)) else {
            return Ok(());
        };
        draft.photos.retain(|photo| *photo != id);
        view.put::<tables::Drafts>(&digest(key), &draft);
        turn.commit(view).await?;
        self.files().forget_upload(id).await
    }

    /// Returns the small picture of a photo of a draft. Its id is drawn at random and is in no list,
    /// so whoever knows it has the page of the draft.
    ///
    /// # Errors
    /// [`FileRefusal::NoSuchUpload`] if no draft has such a photo.
    pub async fn thumb(self, id: UploadId) -> Result<OpenFile, Failed<FileRefusal>> {
        let upload = self.one::<tables::Uploads>(&id).await?;
        let upload = upload.filter(|upload| matches!(upload.by, Actor::Draft(_)));
        let attachment = upload.and_then(|upload| upload.ready);
        // A document has no small picture, and the id alone does not give it out.
        let attachment = attachment.filter(|attachment| attachment.media.is_image());
        let attachment = attachment.ok_or(FileRefusal::NoSuchUpload(id))?;
        let part = match attachment.thumb {
            Some(_) => Part::Thumb,
            None => Part::Whole,
        };
        let sealed = attachment.part(part).ok_or(FileRefusal::NoSuchUpload(id))?;
        let suite = attachment.suite;
        let sound = move |files: &Files| files.sound(suite, sealed.digest);
        let (in_hand, _) = self.files().area().on_disk(sound).await?;
        Ok(OpenFile::new(attachment, part, sealed, in_hand))
    }

    /// Hands a draft in: its photos belong to the report, and it becomes one matter however often
    /// this is asked, at once handed to `escalate` above if that is given. Durable when it returns. `new` has
    /// what was typed.
    ///
    /// # Errors
    /// As for [`crate::Matters::report`]; the draft stays as it was.
    pub async fn hand_in(
        self,
        key: &Token,
        mut new: NewReport,
        escalate: Option<DivisionCode>,
        by: RequestContext,
    ) -> Result<HandedIn, Failed<MatterRefusal>> {
        let draft = self.read(key).await.map_err(Failed::widen)?;
        if let Some(done) = draft.handed_in {
            return Ok(done);
        }
        new.attachments = draft.files().collect();
        let slip = key.slip_of_draft();
        if let Some(request) = by.request() {
            request.hand_out(slip);
            request.hand_in(digest(key));
        }
        let reported = match escalate {
            Some(to) => self.matters().report_and_escalate(new, to, by).await,
            None => self.matters().report(new, by).await,
        };
        match reported {
            Ok(matter) => Ok(HandedIn {
                matter,
                slip: Some(slip),
            }),
            // The same was asked twice, and the other one came first.
            Err(Failed::Refused(MatterRefusal::Draft(BadDraft::HandedIn(matter)))) => {
                Ok(HandedIn {
                    matter,
                    slip: Some(slip),
                })
            }
            Err(error) => Err(error),
        }
    }

    /// Forgets a draft with its photos.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn forget(self, key: &Token) -> Result<(), Fault> {
        self.forget_one(&digest(key)).await
    }

    async fn forget_one(self, id: &Digest) -> Result<(), Fault> {
        let turn = self.turn().await;
        let mut view = turn.transaction();
        let Some(draft) = view.get::<tables::Drafts>(id).await? else {
            return Ok(());
        };
        view.delete::<tables::Drafts>(id);
        view.delete::<tables::DraftWords>(id);
        view.is_outcome();
        turn.commit(view).await?;
        for photo in draft.photos {
            self.files().forget_upload(photo).await?;
        }
        Ok(())
    }

    /// Forgets drafts whose time is over; returns their number.
    pub(crate) async fn sweep(self) -> Result<usize, Fault> {
        let (mut over, mut after) = (0, None);
        loop {
            let rows = tables::Drafts::all().after(after.as_ref());
            let page = self.list(rows, PAGE).await?;
            let Some((last, _)) = page.last() else {
                return Ok(over);
            };
            after = Some(*last);
            for (id, draft) in page {
                if draft.is_over(self.now()) {
                    self.forget_one(&id).await?;
                    over += 1;
                }
            }
        }
    }
}

impl UnitOfWork<'_> {
    /// Ends the draft of this request, if its act takes the photos of one. Returns to whom they
    /// belong.
    pub(crate) async fn end_draft(&mut self) -> Result<Option<Actor>, Failed<BadDraft>> {
        let request = self.request.as_ref();
        let Some(id) = request.and_then(|request| request.take_draft()) else {
            return Ok(None);
        };
        let draft = self.view.get::<tables::Drafts>(&id).await?;
        draft.ok_or(BadDraft::Over)?.check_open(self.now)?;
        self.view.delete::<tables::Drafts>(&id);
        self.view.delete::<tables::DraftWords>(&id);
        Ok(Some(Actor::Draft(DraftId::of(&id))))
    }

    /// Makes the draft of this request, if it hands one in, the matter with this number. Returns to
    /// whom its photos belong.
    pub(crate) async fn hand_in_draft(
        &mut self,
        matter: MatterId,
    ) -> Result<Option<Actor>, Failed<BadDraft>> {
        let id = self
            .request
            .as_ref()
            .and_then(|request| request.take_draft());
        let Some(id) = id else {
            return Ok(None);
        };
        let draft = self.view.get::<tables::Drafts>(&id).await?;
        let mut draft = draft.ok_or(BadDraft::Over)?;
        draft.hand_in(matter, self.now)?;
        self.view.put::<tables::Drafts>(&id, &draft);
        self.view.delete::<tables::DraftWords>(&id);
        Ok(Some(Actor::Draft(DraftId::of(&id))))
    }
}

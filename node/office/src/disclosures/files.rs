//! Files beside the forms of disclosures: added, taken out, read by everybody once published, erased when taken down.
//!
//! A file belongs to its disclosure under a number that is never given again, so that editions share it. It is
//! forgotten when neither an edition nor the work has it.

use domain::{
    attachment::{Attachment, Media, NotTaken, Part, UploadId},
    disclosure::{Attached, BadDisclosure, Disclosure, DisclosureId, NewAttached, personal_lines},
    draft::BadDraft,
    suite::{Digest, Suite},
};
use records::table::Table;

use crate::{
    Failed, Fault, FileRefusal, OpenFile, RefusalReason, RequestContext,
    files::owned::{disown, own},
    services::Disclosures,
    tables,
    unit_of_work::UnitOfWork,
};

/// The longest file, in bytes.
const MOST_BYTES: u64 = 20 << 20;
/// Files with their small pictures of all editions together.
const MOST_FILES: usize = 2 * domain::disclosure::MOST_EVER as usize;

/// The reason why something is not done with a file of a disclosure.
#[derive(Debug, thiserror::Error)]
pub enum DisclosureFileRefusal {
    /// The rules of disclosures refuse it.
    #[error(transparent)]
    Disclosure(#[from] BadDisclosure),
    /// The draft that has the file is refused.
    #[error(transparent)]
    Draft(#[from] BadDraft),
    /// The file is refused.
    #[error(transparent)]
    File(#[from] FileRefusal),
}

impl RefusalReason for DisclosureFileRefusal {}

/// A file to add.
#[derive(Clone, Debug)]
pub struct AttachedUpload {
    /// The upload.
    pub upload: UploadId,
    /// What it is called.
    pub name: String,
}

impl Disclosures<'_> {
    /// Adds an upload of the caller, or of the draft that is handed in, to a draft. Durable when it returns.
    ///
    /// # Errors
    /// [`DisclosureFileRefusal`].
    pub async fn attach(
        self,
        id: DisclosureId,
        seen: Option<u32>,
        new: AttachedUpload,
        by: impl Into<RequestContext>,
    ) -> Result<Disclosure, Failed<DisclosureFileRefusal>> {
        let looked = self.look_through(new.upload).await;
        let (file, sha256, personal) = looked.map_err(Failed::widen)?;
        let mut unit = self.begin(by).await?;
        let mut one = unit.disclosure(id, seen).await.map_err(Failed::widen)?;
        let draft = unit.end_draft().await.map_err(Failed::widen)?;
        let taken = unit.take_wide_uploads(&[new.upload], draft.as_ref()).await;
        let taken = taken.map_err(Failed::widen)?;
        if taken.first() != Some(&file) {
            return Err(FileRefusal::NoSuchUpload(new.upload).into());
        }
        let added = NewAttached {
            name: new.name,
            file,
            sha256,
            personal,
        };
        let no = one.attach(added, (unit.actor.clone(), unit.now))?;
        own::<tables::DisclosureFiles>(&mut unit.view, &taken, |_, part| (id, no, part));
        let latest = unit.latest(&one).await?;
        unit.put_disclosure(&one, latest);
        unit.commit().await?;
        Ok(one)
    }

    /// Takes a file out of a draft. Durable when it returns.
    ///
    /// # Errors
    /// [`BadDisclosure`].
    pub async fn detach(
        self,
        id: DisclosureId,
        seen: Option<u32>,
        no: u32,
        by: impl Into<RequestContext>,
    ) -> Result<Disclosure, Failed<BadDisclosure>> {
        let mut unit = self.begin(by).await?;
        let mut one = unit.disclosure(id, seen).await?;
        let gone = one.detach(no, (unit.actor.clone(), unit.now))?;
        let left = unit.forget_unpublished(id, &[gone]).await?;
        let latest = unit.latest(&one).await?;
        unit.put_disclosure(&one, latest);
        unit.commit().await?;
        self.files().remove_unowned(left).await?;
        Ok(one)
    }

    /// Opens a file of a published edition; also one of the work if `with_work`.
    ///
    /// # Errors
    /// [`DisclosureFileRefusal`].
    pub async fn attached(
        self,
        id: DisclosureId,
        (no, part): (u32, Part),
        with_work: bool,
    ) -> Result<(Attached, OpenFile), Failed<DisclosureFileRefusal>> {
        let mut view = self.read()?;
        let one = view.get::<tables::Disclosures>(&id).await?;
        let editions = view.scan(tables::Editions::under(&id), usize::MAX).await?;
        let work = one.and_then(|one| one.work).filter(|_| with_work);
        let worked = work.into_iter().flat_map(|work| work.attached);
        let published = editions
            .into_iter()
            .flat_map(|(_, edition)| edition.attached);
        let found = published.chain(worked).find(|one| one.no == no);
        let found = view.finish(found).await?;
        let found = found.ok_or(BadDisclosure::NoFile(no))?;
        let opened = self.files().open_kept(found.file.clone(), part).await;
        let opened = opened.map_err(Failed::widen)?;
        Ok((found, opened.ok_or(BadDisclosure::FileLost(no))?))
    }

    /// Reads an upload once, for its digest and for what looks like personal data in a text.
    async fn look_through(
        self,
        id: UploadId,
    ) -> Result<(Attachment, Digest, u32), Failed<FileRefusal>> {
        let upload = self.one::<tables::Uploads>(&id).await?;
        let upload = upload.ok_or(FileRefusal::NoSuchUpload(id))?;
        let file = upload.ready.ok_or(FileRefusal::NotReady(id))?;
        let bytes = file.whole.bytes;
        if bytes > MOST_BYTES {
            return Err(FileRefusal::from(NotTaken::TooLong(bytes, MOST_BYTES)).into());
        }
        let opened = self.files().open_kept(file.clone(), Part::Whole).await?;
        let opened = opened.ok_or(FileRefusal::Lost)?;
        let mut digesting = Suite::P256Sha256.digesting();
        let (mut text, mut index, mut read) = (vec![], 0, 0);
        while read < bytes {
            let chunk = self.files().file_chunk(&opened, index).await?;
            if chunk.is_empty() {
                return Err(FileRefusal::Lost.into());
            }
            digesting.update(&chunk);
            if file.media == Media::Text {
                text.extend_from_slice(&chunk);
            }
            read += chunk.len() as u64;
            index += 1;
        }
        let personal = crate::blocking(move || personal_lines(&String::from_utf8_lossy(&text)));
        Ok((file, digesting.finish(), personal.await))
    }
}

impl UnitOfWork<'_> {
    /// Forgets those of these files that no edition has. Returns their digests, to be removed from the disk once this
    /// unit is durable.
    pub(super) async fn forget_unpublished(
        &mut self,
        id: DisclosureId,
        files: &[Attached],
    ) -> Result<Vec<Digest>, Fault> {
        let editions = self
            .view
            .scan(tables::Editions::under(&id), usize::MAX)
            .await?;
        let is_published = |file: &Attached| {
            let mut all = editions.iter().flat_map(|(_, edition)| &edition.attached);
            all.any(|published| published.no == file.no)
        };
        let mut left = vec![];
        for file in files.iter().filter(|file| !is_published(file)) {
            let rows = tables::DisclosureFiles::under(&(id, file.no));
            left.extend(disown(&mut self.view, rows, 2).await?);
        }
        Ok(left)
    }

    /// Forgets all files of a disclosure. Returns their digests.
    pub(super) async fn forget_files(&mut self, id: DisclosureId) -> Result<Vec<Digest>, Fault> {
        let rows = tables::DisclosureFiles::under(&id);
        disown(&mut self.view, rows, MOST_FILES).await
    }
}

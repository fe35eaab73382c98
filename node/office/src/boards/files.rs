//! The photos of posts.

use bytes::Bytes;
use domain::{
    attachment::Part,
    board::{BadPost, BoardCode, Post, PostId},
    suite::Digest,
};
use records::table::{Plain, Table, Tables};
use store::{
    Transaction,
    files::{FileError, Files},
};

use super::BoardRefusal;
use crate::{
    Failed, Fault, OpenFile,
    files::{
        area::account,
        uploads::{Kept, parts},
    },
    services::Boards,
    tables,
    unit_of_work::UnitOfWork,
};

/// The most files of a post: photos and their thumbnails.
const MOST_FILES: usize = 2 * domain::board::MOST_PHOTOS as usize;

/// Returns the key of the record that a file belongs to a post.
fn owned_by(key: &(PostId, u32, Part), digest: Digest) -> (Digest, Bytes) {
    (digest, tables::PostFiles::key(key))
}

/// Forgets that files belong to a post. Returns their digests, for [`crate::MatterFiles::remove_unowned`].
pub(super) async fn drop_photos(
    view: &mut Tables<Transaction>,
    id: PostId,
) -> Result<Vec<Digest>, Fault> {
    let files = view.scan(tables::PostFiles::under(&id), MOST_FILES).await?;
    let (mut left, mut bytes) = (vec![], 0);
    for (key, kept) in files {
        view.delete::<tables::FileOwners>(&owned_by(&key, kept.digest));
        view.delete::<tables::PostFiles>(&key);
        bytes += kept.sealed_bytes;
        left.push(kept.digest);
    }
    if bytes > 0 {
        account(view, 0, bytes).await?;
    }
    Ok(left)
}

impl UnitOfWork<'_> {
    /// Records that the photos of a post belong to it. They were counted as uploads, and stay counted.
    pub(super) fn keep_photos(&mut self, post: &Post) {
        for (at, photo) in (0..).zip(&post.photos) {
            for (part, kept) in parts(photo) {
                let key = (post.id, at, part);
                let owner = owned_by(&key, kept.digest);
                self.view
                    .put::<tables::FileOwners>(&owner, &Plain::default());
                self.view.put::<tables::PostFiles>(&key, &kept);
            }
        }
    }

    pub(super) async fn drop_photos(&mut self, id: PostId) -> Result<Vec<Digest>, Fault> {
        drop_photos(&mut self.view, id).await
    }
}

impl Boards<'_> {
    /// Opens a photo of a post, counted from 0.
    ///
    /// # Errors
    /// [`BoardRefusal`].
    pub async fn photo(
        self,
        (code, id): (&BoardCode, PostId),
        at: usize,
        part: Part,
        is_signed_in: bool,
    ) -> Result<OpenFile, Failed<BoardRefusal>> {
        let seen = self.post(code, id, is_signed_in).await;
        let post = seen.map_err(Failed::widen)?.post;
        let gone = || BoardRefusal::from(BadPost::Unknown(id));
        let photo = post.photos.into_iter().nth(at).ok_or_else(gone)?;
        // A small picture may not have been made for it.
        let part = match photo.part(part) {
            Some(_) => part,
            None => Part::Whole,
        };
        let sealed = photo.part(part).ok_or_else(gone)?;
        let Kept { suite, digest, .. } = Kept::of(photo.suite, &sealed);
        let sound = move |files: &Files| files.sound(suite, digest);
        let found = self.files().area().on_disk(sound).await;
        let (in_hand, _) = found.map_err(|error| match error {
            FileError::Absent | FileError::Damaged { .. } => BadPost::PhotoLost.into(),
            other => Failed::<BoardRefusal>::from(other),
        })?;
        Ok(OpenFile::new(photo, part, sealed, in_hand))
    }
}

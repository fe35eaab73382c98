//! The photos of posts.

use domain::{
    attachment::Part,
    board::{BadPost, BoardCode, Post, PostId},
    suite::Digest,
};
use records::table::{Table, Tables};
use store::Transaction;

use super::BoardRefusal;
use crate::{
    Failed, Fault, OpenFile,
    files::owned::{disown, own},
    services::Boards,
    tables,
    unit_of_work::UnitOfWork,
};

/// The most files of a post: photos and their small pictures.
const MOST_FILES: usize = 2 * domain::board::MOST_PHOTOS as usize;

/// Forgets that files belong to a post. Returns their digests.
pub(super) async fn drop_photos(
    view: &mut Tables<Transaction>,
    id: PostId,
) -> Result<Vec<Digest>, Fault> {
    disown(view, tables::PostFiles::under(&id), MOST_FILES).await
}

impl UnitOfWork<'_> {
    /// Records that the photos of a post belong to it.
    pub(super) fn keep_photos(&mut self, post: &Post) {
        let key = |at, part| (post.id, at, part);
        own::<tables::PostFiles>(&mut self.view, &post.photos, key);
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
        let photo = post.photos.into_iter().nth(at);
        let photo = photo.ok_or(BadPost::Unknown(id))?;
        let opened = self.files().open_kept(photo, part).await;
        let opened = opened.map_err(Failed::widen)?;
        Ok(opened.ok_or(BadPost::PhotoLost)?)
    }
}

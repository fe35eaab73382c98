//! What goes by itself: posts whose time is over, and what is left of removed ones.

use domain::time::Timestamp;
use records::table::Table;

use super::{files::drop_photos, place};
use crate::{Fault, retention::first_due, services::Boards, tables};

/// Answers that are deleted in one unit.
const ANSWERS_OF_A_UNIT: usize = 40;

impl Boards<'_> {
    /// Deletes posts whose time is over and answers of removed posts. Returns when the next is due. A repetition
    /// changes nothing.
    ///
    /// # Errors
    /// [`Fault`] if the store does not answer.
    pub async fn expire(self) -> Result<Option<Timestamp>, Fault> {
        let office = self.0;
        office
            .expire_due::<tables::PostsDue, _, _>(|| self.expire_one())
            .await
    }

    /// Deletes a part of what is due first.
    async fn expire_one(self) -> Result<(), Fault> {
        let turn = self.turn().await;
        let mut view = turn.transaction();
        let now = self.now();
        let Some((at, id)) = first_due::<tables::PostsDue, _, _>(&mut view, now).await? else {
            return Ok(());
        };
        // It takes less room than before, also while the disk is full for new work.
        view.is_outcome();
        let post = view.get::<tables::Posts>(&id).await?;
        let goes = post
            .as_ref()
            .is_none_or(|post| post.removed.is_some() || post.is_over(now));
        let rows = tables::PostAnswers::under(&id);
        let answers = match goes {
            true => view.scan(rows, ANSWERS_OF_A_UNIT).await?,
            false => vec![],
        };
        for (key, _) in &answers {
            view.delete::<tables::PostAnswers>(key);
        }
        if answers.len() == ANSWERS_OF_A_UNIT {
            return turn.commit(view).await;
        }
        view.delete::<tables::PostsDue>(&(at, id));
        let mut left = vec![];
        if let Some(post) = post.filter(|post| post.is_over(now)) {
            left = drop_photos(&mut view, id).await?;
            view.delete::<tables::PostIndex>(&place(&post));
            view.delete::<tables::Posts>(&id);
        }
        turn.commit(view).await?;
        self.files().remove_unowned(left).await
    }
}

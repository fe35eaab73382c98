//! Ratings whose time is over go by themselves, with their photos and out of every sum.

use domain::time::Timestamp;
use records::table::Table;

use super::{place, shift};
use crate::{Fault, files::owned::disown, services::Points, tables};

/// The most files of a rating: photos and their small pictures.
const MOST_FILES: usize = 2 * domain::points::MOST_RATING_PHOTOS;
/// The most matters that object to a rating.
const MOST_OBJECTIONS: usize = 20;

impl Points<'_> {
    /// Deletes ratings whose time is over. Returns when the next is due. A repetition changes nothing.
    ///
    /// # Errors
    /// [`Fault`] if the store does not answer.
    pub async fn expire(self) -> Result<Option<Timestamp>, Fault> {
        loop {
            let first = self.list(tables::RatingsDue::all(), 1).await?;
            match first.first() {
                Some(((at, _), ())) if *at <= self.now() => self.expire_one().await?,
                first => return Ok(first.map(|((at, _), ())| *at)),
            }
        }
    }

    async fn expire_one(self) -> Result<(), Fault> {
        let turn = self.turn().await;
        let mut view = turn.transaction();
        let now = self.now();
        let first = view.scan(tables::RatingsDue::all(), 1).await?;
        let Some(((at, id), ())) = first.into_iter().next().filter(|((at, _), ())| *at <= now)
        else {
            return Ok(());
        };
        // It takes less room than before, also while the disk is full for new work.
        view.is_outcome();
        view.delete::<tables::RatingsDue>(&(at, id));
        let mut left = vec![];
        if let Some(rating) = view.get::<tables::Ratings>(&id).await? {
            left = disown(&mut view, tables::RatingFiles::under(&id), MOST_FILES).await?;
            shift(&mut view, Some(&rating), None).await?;
            view.delete::<tables::RatingsOf>(&place(&rating));
            let slot = (rating.household, rating.slot.from, rating.item.to_string());
            view.delete::<tables::RatingSlots>(&slot);
            let rows = tables::RatingObjections::under(&id);
            for (key, _) in view.scan(rows, MOST_OBJECTIONS).await? {
                view.delete::<tables::RatingObjections>(&key);
            }
            view.delete::<tables::Ratings>(&id);
        }
        turn.commit(view).await?;
        self.files().remove_unowned(left).await
    }
}

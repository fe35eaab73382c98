//! Ratings whose time is over go by themselves, with their photos and out of every sum.

use domain::time::Timestamp;
use records::table::Table;

use super::{exchange::purse, place, shift};
use crate::{Fault, files::owned::disown, retention::first_due, services::Points, tables};

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
        let office = self.0;
        office
            .expire_due::<tables::RatingsDue, _, _>(|| self.expire_one())
            .await
    }

    async fn expire_one(self) -> Result<(), Fault> {
        let turn = self.turn().await;
        let mut view = turn.transaction();
        let Some((at, id)) = first_due::<tables::RatingsDue, _, _>(&mut view, self.now()).await?
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
            // What was earned stays. A purse that is only counted from ratings would lose it.
            let purse = purse(&mut view, rating.household).await?;
            view.put::<tables::Purses>(&rating.household, &purse);
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

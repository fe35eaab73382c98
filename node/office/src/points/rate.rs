//! Rating a household, and correcting a rating.

use domain::{
    attachment::{Part, UploadId},
    audit::Subject,
    points::{BadRating, HouseholdId, Mark, Rated, Rating, RatingId},
};

use super::{PointsRefusal, household, place, rules, shift};
use crate::{
    Failed, OpenFile, RequestContext, files::owned::own, services::Points, tables,
    unit_of_work::UnitOfWork,
};

/// A rating to make.
#[derive(Clone, Debug)]
pub struct NewRating {
    /// What somebody says of the household.
    pub rated: Rated,
    /// Uploads of the person that become its photos, in this order.
    pub photos: Vec<UploadId>,
}

impl Points<'_> {
    /// Rates a household. Durable when it returns.
    ///
    /// # Errors
    /// [`PointsRefusal`].
    pub async fn rate(
        self,
        id: HouseholdId,
        new: NewRating,
        by: impl Into<RequestContext>,
    ) -> Result<Rating, Failed<PointsRefusal>> {
        let mut unit = self.begin(by).await?;
        let tree = self.dependencies.tree.clone();
        let found = rules(&mut unit.view, &tree).await;
        let (_, rules) = found.map_err(Failed::widen)?;
        let household = household(&mut unit.view, id).await;
        let household = household.map_err(Failed::widen)?;
        let draft = unit.end_draft().await.map_err(Failed::widen)?;
        let taken = unit.take_uploads(&new.photos, draft.as_ref()).await;
        let photos = taken.map_err(Failed::widen)?;
        let drawn = self.dependencies.entropy.bytes();
        let (first, _) = drawn.split_first_chunk().expect("16 bytes are drawn");
        let about = (RatingId(*first), &household);
        let by = (unit.actor.clone(), unit.now);
        let rating = Rating::new(&rules, about, &new.rated, photos, by)?;
        let slot = (id, rating.slot.from, rating.item.to_string());
        if unit.view.has::<tables::RatingSlots>(&slot).await? {
            return Err(BadRating::Rated(rating.slot).into());
        }
        unit.earn(id, (0, rating.points)).await?;
        unit.view.put::<tables::RatingSlots>(&slot, &rating.id);
        unit.view.put::<tables::RatingsOf>(&place(&rating), &());
        unit.view
            .put::<tables::RatingsDue>(&(rating.until, rating.id), &());
        unit.due_by(rating.until);
        let key = |at, part| (rating.id, at, part);
        own::<tables::RatingFiles>(&mut unit.view, &rating.photos, key);
        shift(&mut unit.view, None, Some(&rating)).await?;
        unit.put_rating(&rating);
        unit.commit().await?;
        Ok(rating)
    }

    /// Corrects a rating, or cancels it without a mark. Durable when it returns.
    ///
    /// # Errors
    /// [`BadRating`].
    pub async fn correct(
        self,
        id: RatingId,
        (mark, reason): (Option<Mark>, &str),
        by: impl Into<RequestContext>,
    ) -> Result<Rating, Failed<BadRating>> {
        let mut unit = self.begin(by).await?;
        let was = unit.rating(id).await?;
        let mut is = was.clone();
        is.correct(mark, reason, (unit.actor.clone(), unit.now))?;
        shift(&mut unit.view, Some(&was), Some(&is)).await?;
        unit.earn(is.household, (was.points, is.points)).await?;
        unit.put_rating(&is);
        unit.commit().await?;
        Ok(is)
    }

    /// Returns a rating whose time is not over.
    ///
    /// # Errors
    /// [`BadRating::NoRating`].
    pub async fn rating(self, id: RatingId) -> Result<Rating, Failed<BadRating>> {
        let found = self.one::<tables::Ratings>(&id).await?;
        let now = self.now();
        let found = found.filter(|rating| !rating.is_over(now));
        Ok(found.ok_or(BadRating::NoRating(id))?)
    }

    /// Opens a photo of a rating, counted from 0.
    ///
    /// # Errors
    /// [`PointsRefusal`].
    pub async fn rating_photo(
        self,
        rating: Rating,
        at: usize,
        part: Part,
    ) -> Result<OpenFile, Failed<PointsRefusal>> {
        let photo = rating.photos.into_iter().nth(at);
        let photo = photo.ok_or(BadRating::NoRating(rating.id))?;
        let opened = self.files().open_kept(photo, part).await;
        let opened = opened.map_err(Failed::widen)?;
        Ok(opened.ok_or(BadRating::PhotoLost)?)
    }
}

impl UnitOfWork<'_> {
    /// Returns a rating whose time is not over.
    pub(super) async fn rating(&mut self, id: RatingId) -> Result<Rating, Failed<BadRating>> {
        let found = self.view.get::<tables::Ratings>(&id).await?;
        let found = found.filter(|rating| !rating.is_over(self.now));
        Ok(found.ok_or(BadRating::NoRating(id))?)
    }

    fn put_rating(&mut self, rating: &Rating) {
        self.subject = Some(Subject::Rating(rating.household, rating.id));
        self.view.put::<tables::Ratings>(&rating.id, rating);
    }
}

//! Ratings: made once, corrected in the open, objected to, and gone with their time.

use std::{fmt, str::FromStr};

use data_encoding::HEXLOWER_PERMISSIVE;
use serde::{Deserialize, Serialize};

use super::{Household, HouseholdId, Mark, PointRules, rules::Scale};
use crate::{
    actor::Actor,
    attachment::Attachment,
    disclosure::Span,
    foreign::plain_line,
    personal::{self, Personal},
    time::{Day, Timestamp},
};

/// The most characters of a remark or a reason.
pub const MOST_REMARK: usize = 200;
/// The most photos of a rating.
pub const MOST_RATING_PHOTOS: usize = 4;
/// The most corrections of a rating.
pub const MOST_CORRECTIONS: usize = 10;

/// The number of a rating: 8 random bytes, written as 16 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RatingId(pub [u8; 8]);

/// The error for a text that is no number of a rating.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the number of a rating; it has 16 of the digits 0 to 9 and a to f")]
pub struct BadRatingId(pub String);

impl fmt::Display for RatingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for RatingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for RatingId {
    type Err = BadRatingId;

    fn from_str(text: &str) -> Result<Self, BadRatingId> {
        let bytes = HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).ok();
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes
            .map(Self)
            .ok_or_else(|| BadRatingId(text.chars().take(40).collect()))
    }
}

/// What a rating said before a correction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// The mark; `None` if it was cancelled.
    pub mark: Option<Mark>,
    /// Its points.
    pub points: i16,
    /// When it was corrected.
    pub at: Timestamp,
    /// By whom.
    pub by: Actor,
    /// Why.
    pub reason: Box<str>,
}

/// What somebody found at a household.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rating {
    /// Its number.
    pub id: RatingId,
    /// The household.
    pub household: HouseholdId,
    /// Name of the item for programs.
    pub item: Box<str>,
    /// Name of the item for people, as it was then.
    pub name: Box<str>,
    /// The English name of the item.
    pub english: Option<Box<str>>,
    /// The mark as it stands; `None` if it was cancelled.
    pub mark: Option<Mark>,
    /// The points as they stand; 0 if it was cancelled.
    pub points: i16,
    scale: Scale,
    /// The days in which the item is rated once.
    pub slot: Span,
    /// The period of ranking in which it counts.
    pub period: Span,
    /// When it was made.
    pub at: Timestamp,
    /// By whom.
    pub by: Actor,
    /// What was found; may be empty.
    pub remark: Box<str>,
    /// Its photos.
    pub photos: Vec<Attachment>,
    objection_days: u8,
    /// Until when the household may object.
    pub object_until: Timestamp,
    /// When it goes by itself.
    pub until: Timestamp,
    /// What it said before, oldest first.
    pub past: Vec<Past>,
}

/// What somebody says of a household.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rated {
    /// Name of the item for programs.
    pub item: String,
    /// The mark.
    pub mark: Mark,
    /// What was found; may be empty.
    pub remark: String,
}

/// The reason why something is not done about points.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRating {
    /// No template of points is in force.
    #[error("no template of points is in force here; ask the county for one")]
    NoRules,
    /// The rules have no such item.
    #[error("no item `{0}` is rated here; `wujitong points show` lists them")]
    NoItem(Box<str>),
    /// There is no such household, or the caller may not see it.
    #[error("household {0} is not known here, or this slip does not open it; check both")]
    Unknown(HouseholdId),
    /// There is no such rating, or the caller may not see it.
    #[error("there is no rating {0} here; it may have expired, look at the household again")]
    NoRating(RatingId),
    /// The account belongs to no household.
    #[error(
        "your account belongs to no household; use the slip of your household, or ask the village office"
    )]
    NoHousehold,
    /// The household moved away.
    #[error("household {0} moved away; it is rated no more")]
    Gone(HouseholdId),
    /// It was rated in these days.
    #[error("this item of the household was rated for {0} already; correct that rating instead")]
    Rated(Span),
    /// The name is empty or too long.
    #[error("the name of a household has 1 to {most} characters; correct it", most = super::MOST_NAME)]
    Name,
    /// Too many accounts see the record.
    #[error("the record of a household is seen by at most {most} accounts; leave some out", most = super::MOST_ACCOUNTS)]
    Accounts,
    /// The number of its persons is none.
    #[error("a household has 1 to {most} persons; correct the number", most = super::MOST_PERSONS)]
    Persons,
    /// A list of households is empty or too long.
    #[error("1 to {most} households are added at a time; split the list", most = super::MOST_ADDED)]
    Many,
    /// A sheet of households has no rows or too many: how many.
    #[error("a sheet of households has 1 to {most} rows, this one {0}; divide it", most = super::MOST_HOUSEHOLD_ROWS)]
    Rows(usize),
    /// The grid or account does not exist.
    #[error(
        "no such grid or account at this node; `wujitong grid list` and `wujitong account list` show them"
    )]
    Stranger,
    /// A remark is too long.
    #[error("a remark has at most {MOST_REMARK} characters; shorten it")]
    Remark,
    /// A reason is missing or too long.
    #[error("say why, in 1 to {MOST_REMARK} characters")]
    Reason,
    /// A remark or reason has something that looks like personal data.
    #[error("the household and those who look after it read this, and it has what looks like {what}; mask it", what = topology::Term::english(*.0))]
    Told(Personal),
    /// It has too many photos.
    #[error("a rating has at most {MOST_RATING_PHOTOS} photos; leave some out")]
    Photos,
    /// One of its files is no picture.
    #[error("a rating has photos only; leave documents out")]
    NotAPhoto,
    /// A photo is not on the disk any more, or damaged.
    #[error("the photo is lost or damaged on this node's disk; tell its operator")]
    PhotoLost,
    /// It says that already.
    #[error("it says that already; nothing is to be corrected")]
    Same,
    /// It was corrected as often as it may be.
    #[error("it was corrected {MOST_CORRECTIONS} times; ask the township to look at it")]
    Corrections,
    /// The time to object is over.
    #[error("the time to object to this rating is over; write to the mailbox instead")]
    NoObjection,
    /// It was objected to already.
    #[error("it was objected to already, in matter {0}; look at that")]
    Objected(crate::ids::MatterId),
}

fn checked(text: &str) -> Result<Box<str>, BadRating> {
    let text = plain_line(text);
    match personal::find(&text) {
        Some((kind, _)) => Err(BadRating::Told(kind)),
        None => Ok(text.into()),
    }
}

impl Rating {
    /// Rates a household.
    ///
    /// # Errors
    /// [`BadRating::Gone`], [`BadRating::NoItem`], [`BadRating::Remark`], [`BadRating::Told`], [`BadRating::Photos`],
    /// [`BadRating::NotAPhoto`].
    pub fn new(
        rules: &PointRules,
        (id, household): (RatingId, &Household),
        rated: &Rated,
        photos: Vec<Attachment>,
        (by, at): (Actor, Timestamp),
    ) -> Result<Self, BadRating> {
        if household.gone {
            return Err(BadRating::Gone(household.id));
        }
        let code: String = rated.item.chars().take(60).collect();
        let item = rules.item(rated.item.trim());
        let item = item.ok_or(BadRating::NoItem(code.into()))?;
        let remark = checked(&rated.remark)?;
        if remark.chars().count() > MOST_REMARK {
            return Err(BadRating::Remark);
        }
        if photos.len() > MOST_RATING_PHOTOS {
            return Err(BadRating::Photos);
        }
        if photos.iter().any(|photo| !photo.media.is_image()) {
            return Err(BadRating::NotAPhoto);
        }
        let scale = Scale(item.scale);
        Ok(Self {
            id,
            household: household.id,
            item: item.code.clone(),
            name: item.name.clone(),
            english: item.english.clone(),
            mark: Some(rated.mark),
            points: scale.points(Some(rated.mark)),
            scale,
            slot: item.every.around(at.day()),
            period: rules.around(at.day()),
            at,
            by,
            remark,
            photos,
            objection_days: rules.objection_days,
            object_until: days_after(at, rules.objection_days.into()),
            until: days_after(at, rules.keep_days),
            past: vec![],
        })
    }

    /// Corrects it, or cancels it without a mark. What it said before stays beside it. The household may object anew.
    ///
    /// # Errors
    /// [`BadRating::Same`], [`BadRating::Corrections`], [`BadRating::Reason`], [`BadRating::Told`].
    pub fn correct(
        &mut self,
        mark: Option<Mark>,
        reason: &str,
        (by, at): (Actor, Timestamp),
    ) -> Result<(), BadRating> {
        let reason = checked(reason)?;
        if !(1..=MOST_REMARK).contains(&reason.chars().count()) {
            return Err(BadRating::Reason);
        }
        if mark == self.mark {
            return Err(BadRating::Same);
        }
        if self.past.len() >= MOST_CORRECTIONS {
            return Err(BadRating::Corrections);
        }
        self.past.push(Past {
            mark: self.mark,
            points: self.points,
            at,
            by,
            reason,
        });
        self.mark = mark;
        self.points = self.scale.points(mark);
        let anew = days_after(at, self.objection_days.into());
        self.object_until = self.object_until.max(anew).min(self.until);
        Ok(())
    }

    /// Returns whether its time is over.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.until <= now
    }

    /// Returns whether the household may object.
    ///
    /// # Errors
    /// [`BadRating::NoObjection`].
    pub fn may_object(&self, now: Timestamp) -> Result<(), BadRating> {
        match now < self.object_until {
            true => Ok(()),
            false => Err(BadRating::NoObjection),
        }
    }
}

/// Returns the end of the last of so many days after the day of a moment.
fn days_after(at: Timestamp, days: u16) -> Timestamp {
    let Day(day) = at.day();
    Day(day.saturating_add(i32::from(days)).saturating_add(1)).start()
}

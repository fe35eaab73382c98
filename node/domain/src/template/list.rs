//! Lists of current versions: every issuer says regularly which versions there are, and until when that is so. A division whose
//! list ran out although its link is up gets nothing new any more, and says so.

use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tree};

use super::{Scope, TemplateKey};
use crate::{address::Stamp, time::Timestamp};

/// The most versions in one list; of more the latest are listed.
pub const MOST_LISTED: usize = 300;

const DAY_MS: i64 = 24 * 3_600_000;

/// A new one is said after so long, even if nothing changed.
pub const LIST_EVERY_MS: i64 = DAY_MS;

/// The longest life that a receiver believes.
const MOST_LIFE_MS: i64 = 60 * DAY_MS;

/// After a link came up, or a list came, so much time is given for what was on its way.
const GRACE_MS: i64 = 10 * 60_000;

topology::vocabulary! {
    /// What is wrong with what is known of an issuer's templates.
    #[derive(utoipa::ToSchema)]
    pub enum ListFaultName: "fault of a list of templates" {
        Expired = 1, "expired", "已过期", "the list of current versions ran out, and no newer one came";
        Behind = 2, "behind", "有缺", "the list names versions that are not here";
    }
}

/// A version that there is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// The template; its issuer is that of the list.
    pub key: TemplateKey,
    /// The version.
    pub version: u32,
    /// The nodes in scope.
    pub scope: Scope,
    /// Number of the latest act of its rollout; 0 for a version for all.
    pub act: u32,
}

/// The versions of an issuer's templates that there are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateList {
    /// The issuer.
    pub issuer: DivisionCode,
    /// Time it was made.
    pub made_at: Timestamp,
    /// Time after which it says nothing any more.
    pub expires_at: Timestamp,
    /// The versions, at most [`MOST_LISTED`].
    pub listed: Vec<Listed>,
    /// Number of versions that found no room.
    pub more: u32,
    /// Stamp of the envelope that carries it.
    pub stamp: Stamp,
}

/// What is wrong with what is known of an issuer's templates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListFault {
    /// The list ran out at this time.
    Expired(Timestamp),
    /// These versions are not here.
    Behind(Vec<(TemplateKey, u32)>),
}

impl ListFault {
    /// Returns its name.
    pub const fn name(&self) -> ListFaultName {
        match self {
            Self::Expired(_) => ListFaultName::Expired,
            Self::Behind(_) => ListFaultName::Behind,
        }
    }
}

impl TemplateList {
    /// Makes the list of an issuer, the latest versions first as they are given, which is valid for so many days.
    pub fn of(issuer: DivisionCode, mut listed: Vec<Listed>, now: Timestamp, days: u16) -> Self {
        let more = listed.len().saturating_sub(MOST_LISTED);
        listed.truncate(MOST_LISTED);
        Self {
            issuer,
            made_at: now,
            expires_at: Timestamp(now.0 + i64::from(days) * DAY_MS),
            listed,
            more: u32::try_from(more).unwrap_or(u32::MAX),
            stamp: Stamp::default(),
        }
    }

    /// Returns when it runs out where it was heard at `heard_at`, by the clock there: as it says, and never later than its life
    /// after it came, so that an issuer's clock that is ahead makes no list last.
    pub fn ends(&self, heard_at: Timestamp) -> Timestamp {
        let life = (self.expires_at.0 - self.made_at.0).clamp(0, MOST_LIFE_MS);
        self.expires_at.min(Timestamp(heard_at.0 + life))
    }
}

/// Returns when an issuer says its next list; the last one was said at `said`.
pub fn list_is_due(said: Option<Timestamp>, now: Timestamp) -> Timestamp {
    // The clock may have been put back since.
    said.map_or(now, |said| Timestamp(said.0.min(now.0) + LIST_EVERY_MS))
}

/// Returns what is wrong with what is known here of an issuer's templates, by its list heard at `heard_at`. `linked` is since when
/// the parent is linked: without a link nothing is wrong with the feed. `holds` says of a listed version whether it, or a later
/// one, is here.
pub fn list_fault(
    list: &TemplateList,
    heard_at: Timestamp,
    (me, tree): (DivisionCode, &Tree),
    linked: Option<Timestamp>,
    now: Timestamp,
    holds: impl Fn(&Listed) -> bool,
) -> Option<ListFault> {
    let settled = |since: Timestamp| now.0 - since.0 >= GRACE_MS;
    linked.filter(|linked| settled(*linked))?;
    let ends = list.ends(heard_at);
    if now > ends {
        return Some(ListFault::Expired(ends));
    }
    if !settled(heard_at) {
        return None;
    }
    let missing = list.listed.iter();
    let missing = missing.filter(|listed| listed.scope.count(me, tree) > 0 && !holds(listed));
    let missing: Vec<_> = missing
        .map(|listed| (listed.key.clone(), listed.version))
        .collect();
    (!missing.is_empty()).then_some(ListFault::Behind(missing))
}

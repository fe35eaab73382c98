//! Webhooks: other systems that are told of changes, with their retries and the end of retries.

use std::{collections::BTreeSet, fmt, str::FromStr};

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use primitives::record::{BASE, Record};
use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tree};

use super::{
    feed::{Change, ChangeId, ChangeKind},
    people::{BadAccount, check_name},
    saying::Saying,
    time::Timestamp,
};

/// The longest address, in bytes.
pub const MOST_URL_BYTES: usize = 2_000;
/// The wait after the first failure, in milliseconds; it doubles with each further one.
const FIRST_WAIT_MS: u64 = 1_000;
/// The longest wait, in milliseconds: an hour.
const LONGEST_WAIT_MS: u64 = 3_600_000;
/// Milliseconds without one success after which a failing receiver may be given up: 3 days.
const PATIENCE_MS: u64 = 3 * 24 * 3_600_000;
/// The least number of failures before that. Downtime of the node itself thus does not count.
const LEAST_FAILURES: u32 = 5;
/// The longest reason that is kept, in characters.
const MOST_REASON: usize = 200;

/// The random id of a webhook: 16 hexadecimal digits. It is not the secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct HookId(pub [u8; 8]);

impl fmt::Display for HookId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        HEXLOWER.encode_display(&self.0).fmt(f)
    }
}

impl fmt::Debug for HookId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for HookId {
    type Err = BadHook;

    fn from_str(text: &str) -> Result<Self, BadHook> {
        let bytes = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok();
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        let bad = || BadHook::Id(text.chars().take(40).collect());
        bytes.map(Self).ok_or_else(bad)
    }
}

/// The reason a webhook is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadHook {
    /// The text is not the id of a webhook.
    #[error(
        "`{0}` is not the id of a webhook; it has 16 hexadecimal digits, see `wujitong webhook list`"
    )]
    Id(String),
    /// There is no webhook with this id.
    #[error("no webhook {0} at this node; `wujitong webhook list` shows those it has")]
    Unknown(HookId),
    /// Its name is not valid.
    #[error(transparent)]
    Name(#[from] BadAccount),
    /// Its address is longer than [`MOST_URL_BYTES`].
    #[error("the address has {0} bytes, {MOST_URL_BYTES} at most are allowed; use a shorter one")]
    Long(usize),
    /// The division is neither this node's nor below it.
    #[error("{0} is neither this node's division {1} nor below it; ask the node of that division")]
    Elsewhere(DivisionCode, DivisionCode),
    /// There are too many webhooks.
    #[error("this node has {0} webhooks already; remove one that nobody needs")]
    TooMany(usize),
}

/// Another system that is told of changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hook {
    /// Its random name.
    pub id: HookId,
    /// Its name, which tells its purpose.
    pub name: String,
    /// The address where it listens.
    pub url: String,
    /// The kinds of change that it receives; all if empty.
    pub kinds: BTreeSet<ChangeKind>,
    /// The division: the webhook receives only what concerns this one and those below it.
    pub division: DivisionCode,
    /// When it was added.
    pub made_at: Timestamp,
}

impl Hook {
    /// Checks its name, its address and its division.
    ///
    /// # Errors
    /// The first [`BadHook`] found.
    pub fn check(&self, me: DivisionCode, tree: &Tree) -> Result<(), BadHook> {
        check_name(&self.name)?;
        if self.url.len() > MOST_URL_BYTES {
            return Err(BadHook::Long(self.url.len()));
        }
        match tree.contains(me, self.division) {
            true => Ok(()),
            false => Err(BadHook::Elsewhere(self.division, me)),
        }
    }

    /// Returns whether it receives a change. A webhook of the whole node receives everything that
    /// the node knows, wherever it comes from.
    pub fn wants(&self, change: &Change, me: DivisionCode, tree: &Tree) -> bool {
        let kind = self.kinds.is_empty() || self.kinds.iter().any(|kind| change.is(*kind));
        kind && (self.division == me || change.concerns(self.division, tree))
    }
}

/// The progress of a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Course {
    /// The change up to which everything was accepted or is not for it.
    pub after: ChangeId,
    /// The number of changes that it accepted.
    pub delivered: u64,
    /// When it last accepted one.
    pub last_success: Option<Timestamp>,
    /// The number of failures since then.
    pub failures: u32,
    /// When the first of those failures was.
    pub failing_since: Option<Timestamp>,
    /// The reason of the last failure. One of before there was Chinese has the English in both languages.
    pub last_failure: Option<Saying>,
    /// The moment before which it is not tried.
    pub next_try: Timestamp,
    /// When it was given up; it stays so until somebody resumes it.
    pub given_up: Option<Timestamp>,
    /// The number of times that it was told of lost changes.
    pub gaps: u32,
}

/// A course whose last failure was told in English only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CourseV5 {
    after: ChangeId,
    delivered: u64,
    last_success: Option<Timestamp>,
    failures: u32,
    failing_since: Option<Timestamp>,
    last_failure: Option<String>,
    next_try: Timestamp,
    given_up: Option<Timestamp>,
    gaps: u32,
}

crate::records!(CourseV5);

impl Record for Course {
    const VERSION: u8 = BASE + 1;
    type Previous = CourseV5;

    fn migrate(old: CourseV5) -> Self {
        Self {
            after: old.after,
            delivered: old.delivered,
            last_success: old.last_success,
            failures: old.failures,
            failing_since: old.failing_since,
            last_failure: old.last_failure.map(Saying::foreign),
            next_try: old.next_try,
            given_up: old.given_up,
            gaps: old.gaps,
        }
    }
}

impl Course {
    /// Starts a course after this change.
    pub const fn from(after: ChangeId) -> Self {
        Self {
            after,
            delivered: 0,
            last_success: None,
            failures: 0,
            failing_since: None,
            last_failure: None,
            next_try: Timestamp(0),
            given_up: None,
            gaps: 0,
        }
    }

    /// Records that the receiver accepted a change.
    pub fn took(&mut self, change: ChangeId, now: Timestamp) {
        self.after = change;
        self.delivered += 1;
        self.last_success = Some(now);
        self.failures = 0;
        self.failing_since = None;
        self.last_failure = None;
    }

    /// Returns whether it accepted the last change sent to it. A resumed webhook counts as working
    /// after the next change that it accepts.
    pub const fn is_well(&self) -> bool {
        self.last_failure.is_none()
    }

    /// Records that the receiver did not accept a change. It is tried again after a wait that
    /// doubles, of which `chance` (0 to 1) selects between half and all. The wait is at least
    /// `least_ms`, but never more than an hour. After enough failures it is given up.
    pub fn failed(&mut self, reason: &Saying, least_ms: u64, chance: f64, now: Timestamp) {
        let doubled = FIRST_WAIT_MS << self.failures.min(22);
        let doubled = doubled.min(LONGEST_WAIT_MS);
        let wait = doubled / 2 + (doubled as f64 / 2.0 * chance.clamp(0.0, 1.0)) as u64;
        let wait = wait.max(least_ms.min(LONGEST_WAIT_MS));
        self.failures = self.failures.saturating_add(1);
        let since = *self.failing_since.get_or_insert(now);
        self.last_failure = Some(reason.map(|text| text.chars().take(MOST_REASON).collect()));
        self.next_try = Timestamp(now.0.saturating_add_unsigned(wait));
        if self.failures >= LEAST_FAILURES && now.since(since) >= PATIENCE_MS {
            self.given_up = Some(now);
        }
    }

    /// Gives the receiver up because it wants no more changes (HTTP 410).
    pub fn end(&mut self, reason: &Saying, now: Timestamp) {
        self.failed(reason, 0, 1.0, now);
        self.given_up = Some(now);
    }

    /// Makes the next attempt due at once.
    pub fn resume(&mut self) {
        self.failures = 0;
        self.failing_since = None;
        self.given_up = None;
        self.next_try = Timestamp(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_MS: i64 = 24 * 3_600_000;

    fn said(text: &str) -> Saying {
        Saying::foreign(text)
    }

    fn course() -> Course {
        Course::from(ChangeId { epoch: 1, n: 7 })
    }

    #[test]
    fn waits_double_up_to_an_hour_and_start_over_after_a_success() {
        let mut course = course();
        let mut waits = vec![];
        for _ in 0..14 {
            course.failed(&said("503"), 0, 1.0, Timestamp(0));
            waits.push(course.next_try.0 / 1_000);
        }
        assert_eq!(waits[..6], [1, 2, 4, 8, 16, 32]);
        assert_eq!(waits[12..], [3_600, 3_600]);
        course.took(ChangeId { epoch: 1, n: 8 }, Timestamp(5));
        course.failed(&said("503"), 0, 0.0, Timestamp(0));
        assert_eq!(course.next_try.0, 500);
        course.failed(&said("429"), 60_000, 0.0, Timestamp(0));
        assert_eq!(course.next_try.0, 60_000, "as long as the receiver says");
        course.failed(&said("429"), u64::MAX, 0.0, Timestamp(0));
        assert_eq!(course.next_try.0, 3_600_000, "but no longer than an hour");
    }

    #[test]
    fn it_is_given_up_after_three_days_of_failures_and_not_for_a_pause_of_the_node() {
        let mut course = course();
        course.failed(&said("gone"), 0, 1.0, Timestamp(0));
        course.failed(&said("gone"), 0, 1.0, Timestamp(4 * DAY_MS));
        assert_eq!(course.given_up, None, "tried twice only");
        for _ in 0..3 {
            course.failed(&said("gone"), 0, 1.0, Timestamp(4 * DAY_MS));
        }
        assert_eq!(course.given_up, Some(Timestamp(4 * DAY_MS)));
        course.resume();
        assert_eq!((course.given_up, course.next_try), (None, Timestamp(0)));
        assert!(!course.is_well(), "it has taken nothing yet");
        assert_eq!(course.after.n, 7, "it goes on where it stopped");
        for day in 0..6 {
            course.failed(&said("gone"), 0, 1.0, Timestamp(day * DAY_MS / 4));
        }
        assert_eq!(course.given_up, None, "not three days yet");
    }
}

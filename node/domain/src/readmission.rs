//! Readmission: how a child comes back whose certificate ended while it was away.
//!
//! Over the link a child shows its certificate; once that is over it has only its signing key, which has no end. With it
//! the child asks its parent for a new certificate. The parent gives one by itself if the child was not away for longer than its
//! standing consent reaches, and not too often; otherwise the child waits until a person says yes. That consent costs no
//! security: whoever has the signing key can speak for the division in any case, until the key is revoked.

mod judge;
mod told;

use core::net::IpAddr;

use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{ids::KeyId, suite::Digest, time::Timestamp};

pub use judge::{Ask, Consent, Context, Refusal, Standing, Verdict, WaitReason, judge};

const DAY_MS: i64 = 24 * 3_600_000;

/// Readmissions without a person within [`COUNTED_FOR_MS`], after which a person is asked.
pub const MOST_BY_ITSELF: usize = 3;

/// The time in which readmissions are counted, in milliseconds: 90 days.
pub const COUNTED_FOR_MS: i64 = 90 * DAY_MS;

/// How long what a person said holds, in milliseconds: 14 days. Within it the child may ask again after an answer that was lost.
pub const CONSENT_HOLDS_MS: i64 = 14 * DAY_MS;

/// How long asking for the same key is the same readmission, in milliseconds: a day. After a lost answer a child asks with the same keys.
pub const REPEATED_FOR_MS: i64 = DAY_MS;

/// A readmission that was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// When it was given first.
    pub at: Timestamp,
    /// SHA-256 of the key for which the certificate was given.
    pub requested: Digest,
    /// Whether a person consented.
    pub asked: bool,
}

/// A child that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Its signing key.
    pub key: KeyId,
    /// When it asked first.
    pub since: Timestamp,
    /// When it asked last.
    pub last: Timestamp,
    /// The address from which it asked last.
    pub from: IpAddr,
    /// When its certificate ended.
    pub ended_at: Timestamp,
    /// Why it is not readmitted without a person.
    pub why: WaitReason,
}

/// What a parent keeps of a child's readmissions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readmissions {
    /// The child.
    pub division: DivisionCode,
    /// Those that were given within [`COUNTED_FOR_MS`], the latest last.
    pub given: Vec<Given>,
    /// The child waits for a person.
    pub waiting: Option<Waiting>,
    /// What a person said: this key may come back.
    pub consent: Option<(KeyId, Timestamp)>,
}

crate::records!(Readmissions);

impl Readmissions {
    /// Returns what is kept of a child that never asked.
    pub const fn none(division: DivisionCode) -> Self {
        Self {
            division,
            given: Vec::new(),
            waiting: None,
            consent: None,
        }
    }

    /// Returns how many were given without a person within [`COUNTED_FOR_MS`].
    pub fn by_itself(&self, now: Timestamp) -> usize {
        let counted = |given: &&Given| !given.asked && now.0 - given.at.0 <= COUNTED_FOR_MS;
        self.given.iter().filter(counted).count()
    }

    /// Returns whether the same request was granted a moment ago: its answer was lost.
    pub fn is_repeated(&self, requested: &Digest, now: Timestamp) -> bool {
        let same =
            |given: &Given| given.requested == *requested && now.0 - given.at.0 <= REPEATED_FOR_MS;
        self.given.iter().any(same)
    }

    /// Returns whether a person has said that a key may come back, and it holds.
    pub fn has_consent(&self, key: KeyId, now: Timestamp) -> bool {
        self.consent
            .is_some_and(|(of, at)| of == key && now.0 - at.0 <= CONSENT_HOLDS_MS)
    }

    /// Notes that the child waits. Returns whether it did not wait before, with this key.
    pub fn wait(&mut self, ask: &Ask, why: WaitReason, now: Timestamp) -> bool {
        let before = self.waiting.as_ref().filter(|before| before.key == ask.key);
        let since = before.map_or(now, |before| before.since);
        let is_new = before.is_none();
        self.waiting = Some(Waiting {
            key: ask.key,
            since,
            last: now,
            from: ask.from,
            ended_at: ask.ended_at,
            why,
        });
        is_new
    }

    /// Notes that the child was readmitted.
    pub fn give(&mut self, ask: &Ask, now: Timestamp) {
        let asked = self.has_consent(ask.key, now);
        self.given
            .retain(|given| now.0 - given.at.0 <= COUNTED_FOR_MS);
        if !self.is_repeated(&ask.requested, now) {
            self.given.push(Given {
                at: now,
                requested: ask.requested,
                asked,
            });
        }
        self.waiting = None;
    }
}

#[cfg(test)]
mod tests;

//! How long a session lasts, how often one may guess, and what a hash costs: all of it as values.

use serde::{Deserialize, Serialize};

use super::PasswordRules;
use crate::time::Timestamp;

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;

/// Everything a node holds its people to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// New passwords.
    pub passwords: PasswordRules,
    /// Wrong passwords.
    pub lock_out: LockOut,
    /// Sessions.
    pub sessions: SessionTerms,
    /// Hashes of passwords.
    pub hashes: HashCost,
}

/// What wrong passwords in a row lead to.
///
/// NIST SP 800-63B-4, 3.2.2, allows at most 100 in a row; doubling waits stay far below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockOut {
    /// Wrong ones without consequence.
    pub free: u32,
    /// The first wait, milliseconds; doubles with every further wrong one.
    pub first_ms: u64,
    /// The longest wait, milliseconds.
    pub most_ms: u64,
    /// After so many milliseconds without a wrong one all are forgotten.
    pub forget_ms: u64,
}

impl Default for LockOut {
    fn default() -> Self {
        Self {
            free: 5,
            first_ms: MINUTE_MS,
            most_ms: HOUR_MS,
            forget_ms: 24 * HOUR_MS,
        }
    }
}

/// Wrong passwords in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failures {
    /// How many.
    pub count: u32,
    /// When the last one was.
    pub last: Timestamp,
}

impl Failures {
    /// After one more.
    pub fn and_one(self, now: Timestamp, rules: &LockOut) -> Self {
        let count = if now.since(self.last) >= rules.forget_ms {
            0
        } else {
            self.count
        };
        Self {
            count: count.saturating_add(1),
            last: now,
        }
    }

    /// Until when nobody gets in, even with the right password; `None` while one may try.
    pub fn locked_until(self, now: Timestamp, rules: &LockOut) -> Option<Timestamp> {
        let over = self
            .count
            .checked_sub(rules.free)
            .filter(|over| *over > 0)?;
        let doubled = rules.first_ms.saturating_mul(1 << (over - 1).min(30));
        let wait = doubled.min(rules.most_ms);
        let until = Timestamp(self.last.0.saturating_add_unsigned(wait));
        (now < until).then_some(until)
    }
}

/// How long a session lasts. NIST SP 800-63B-4, 2.2.3 (AAL2): at most 24 hours, and an hour of rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionTerms {
    /// Ends after so many milliseconds without a request.
    pub idle_ms: u64,
    /// Ends so many milliseconds after the login.
    pub absolute_ms: u64,
    /// A request is written down if the last one written is so many milliseconds ago.
    pub touch_ms: u64,
}

impl Default for SessionTerms {
    fn default() -> Self {
        Self {
            idle_ms: HOUR_MS,
            absolute_ms: 12 * HOUR_MS,
            touch_ms: MINUTE_MS,
        }
    }
}

impl SessionTerms {
    /// Whether a session begun and last used at these moments goes on.
    pub fn goes_on(&self, begun: Timestamp, used: Timestamp, now: Timestamp) -> bool {
        now.since(begun) < self.absolute_ms && now.since(used) < self.idle_ms
    }
}

/// Cost of one Argon2id hash (RFC 9106).
///
/// The least that the OWASP Password Storage Cheat Sheet recommends: 19 MiB, 2 passes, 1 lane. Every
/// hash is stored with the cost it was made at; one made cheaper is made anew at the next login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HashCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Default for HashCost {
    fn default() -> Self {
        Self {
            memory_kib: 19 * 1024,
            passes: 2,
            lanes: 1,
        }
    }
}

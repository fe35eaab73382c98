//! The length of sessions, the waits after wrong passwords, and the cost of password hashes.

use serde::{Deserialize, Serialize};

use super::PasswordRules;
use crate::time::Timestamp;

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;

/// The rules that a node applies to accounts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Rules for new passwords.
    pub passwords: PasswordRules,
    /// Waits after wrong passwords.
    pub lock_out: LockOut,
    /// Length of sessions.
    pub sessions: SessionTerms,
    /// Cost of password hashes.
    pub hashes: HashCost,
}

/// The waits after wrong passwords in a row.
///
/// NIST SP 800-63B-4, 3.2.2, allows at most 100 in a row; waits that double stay far below that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockOut {
    /// Number of wrong passwords in a row without a wait.
    pub free: u32,
    /// The first wait, in milliseconds. It doubles with every further wrong password.
    pub first_ms: u64,
    /// The longest wait, in milliseconds.
    pub most_ms: u64,
    /// Milliseconds without a wrong password after which the count starts again.
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

/// The wrong passwords in a row so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failures {
    /// Their number.
    pub count: u32,
    /// Time of the last one.
    pub last: Timestamp,
}

impl Failures {
    /// Returns the failures after one more at `now`. The count starts at one again if the last is
    /// `forget_ms` ago.
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

    /// Returns the time until which no login is possible, even with the right password; `None` if
    /// one may try now.
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

/// Length of a session. NIST SP 800-63B-4, 2.2.3 (AAL2), allows at most 24 hours, and one hour
/// without a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionTerms {
    /// Milliseconds without a request after which a session ends.
    pub idle_ms: u64,
    /// Milliseconds after the login at which a session ends.
    pub absolute_ms: u64,
    /// Least milliseconds between two stored times of requests of one session.
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
    /// Returns whether a session that began and was last used at these times is still valid.
    pub fn goes_on(&self, begun: Timestamp, used: Timestamp, now: Timestamp) -> bool {
        now.since(begun) < self.absolute_ms && now.since(used) < self.idle_ms
    }
}

/// Cost of one Argon2id hash (RFC 9106).
///
/// The default is the minimum of the OWASP Password Storage Cheat Sheet: 19 MiB, 2 passes, 1 lane.
/// Every hash is stored with its cost; a cheaper one is replaced at the next login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HashCost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Number of passes.
    pub passes: u32,
    /// Number of lanes.
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

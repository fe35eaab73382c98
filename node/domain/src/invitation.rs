//! Invitations: how a division is taken into the network over the wire.
//!
//! A parent invites a child with a text that holds a secret. Both derive the invitation key from it; the parent keeps
//! only the public half, and the secret never travels. Whoever joins signs the request with that key, by which the
//! invitation is bound to the joiner's own key: the same key may ask again with the same request and gets the same
//! grant, and nobody else gets one.

mod join;
mod text;
mod told;

use core::net::IpAddr;

use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{
    ids::{KeyId, NetworkId},
    suite::{Digest, Suite},
    time::Timestamp,
};

pub use join::{
    BadJoinKeys, JoinAsk, JoinContext, JoinRefusal, JoinVerdict, LEAST_ISSUER_LIFE_MS, judge,
};
pub use text::{
    BadAddresses, BadInvitation, InvitationText, MOST_ADDRESS_BYTES, MOST_ADDRESSES,
    check_addresses,
};

/// The public half of the key that both sides derive from the secret of an invitation: an Ed25519 point.
pub type InvitationKey = [u8; 32];

const HOUR_MS: i64 = 3_600_000;

/// How long a grant is given again after the invitation's end, in milliseconds.
pub const REPEATED_FOR_MS: i64 = 24 * HOUR_MS;

/// Wrong tries for one division within [`WRONG_TRIES_WITHIN_MS`] that raise an alarm.
pub const MOST_WRONG_TRIES: usize = 10;

/// The time in which wrong tries are counted, in milliseconds.
pub const WRONG_TRIES_WITHIN_MS: i64 = HOUR_MS;

/// The moments of wrong tries for one division within an hour.
#[derive(Clone, Debug, Default)]
pub struct WrongTries(Vec<Timestamp>);

impl WrongTries {
    /// Notes a wrong try. Returns whether it is the one that raises an alarm; the count begins anew then.
    pub fn note(&mut self, now: Timestamp) -> bool {
        self.0.retain(|at| now.0 - at.0 <= WRONG_TRIES_WITHIN_MS);
        self.0.push(now);
        let many = self.0.len() >= MOST_WRONG_TRIES;
        if many {
            self.0.clear();
        }
        many
    }
}

/// For how many hours an invitation may be good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity(u32);

/// The time an invitation is to be good for is too short or too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an invitation is good for 1 hour to 90 days, not {0} hours; name a time between, such as 14d"
)]
pub struct BadValidity(pub u32);

impl Validity {
    /// The most hours: 90 days.
    pub const MOST_HOURS: u32 = 90 * 24;

    /// Checks a number of hours.
    ///
    /// # Errors
    /// [`BadValidity`].
    pub const fn of_hours(hours: u32) -> Result<Self, BadValidity> {
        match hours {
            1..=Self::MOST_HOURS => Ok(Self(hours)),
            _ => Err(BadValidity(hours)),
        }
    }

    /// Returns when an invitation made now ends.
    pub const fn end(self, now: Timestamp) -> Timestamp {
        Timestamp(now.0 + self.0 as i64 * HOUR_MS)
    }
}

impl Default for Validity {
    /// Fourteen days.
    fn default() -> Self {
        Self(14 * 24)
    }
}

/// The machine to which an invitation is bound.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joiner {
    /// The signing key that it made for the division.
    pub key: KeyId,
    /// SHA-256 of its request.
    pub request: Digest,
    /// When it asked.
    pub at: Timestamp,
    /// The address from which it asked.
    pub from: IpAddr,
}

/// What became of an invitation. That it ended by time is not written anywhere: the clock says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Nobody has used it.
    Open,
    /// A machine asked, and an operator has to compare its number.
    Waiting(Joiner),
    /// The operator admitted the machine, which has not asked again yet.
    Admitted(Joiner),
    /// It was used: this machine got its grant.
    Bound(Joiner),
    /// It was withdrawn at that time.
    Withdrawn(Timestamp),
}

topology::vocabulary! {
    /// What became of an invitation.
    #[derive(utoipa::ToSchema)]
    #[schema(as = InvitationState)]
    pub enum StateName: "state of an invitation" {
        Open = 1, "open", "待用", "nobody has used it";
        Waiting = 2, "waiting", "等待核对", "a machine asked, and an operator has to compare its number";
        Admitted = 3, "admitted", "已核对", "the operator admitted the machine, which has not asked again yet";
        Used = 4, "used", "已使用", "a machine joined with it";
        Withdrawn = 5, "withdrawn", "已撤回", "it was withdrawn";
        Expired = 6, "expired", "已过期", "its time ended before anybody used it";
    }
}

/// An invitation, as the parent keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    /// The child that is invited.
    pub division: DivisionCode,
    /// The public half of the invitation key.
    pub key: InvitationKey,
    /// The number that the child's signing key will have; more than 1 if it replaces another.
    pub serial: u32,
    /// When it was made.
    pub made_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Whether an operator compares the number of the machine before it is admitted.
    pub confirm: bool,
    /// Where the child finds the parent, `host:port`.
    pub addresses: Vec<String>,
    /// What became of it.
    pub state: State,
}

crate::records!(Invitation);

impl Invitation {
    /// Returns what became of it by now.
    pub fn state_at(&self, now: Timestamp) -> StateName {
        match &self.state {
            State::Bound(_) => StateName::Used,
            State::Withdrawn(_) => StateName::Withdrawn,
            _ if now > self.expires_at => StateName::Expired,
            State::Open => StateName::Open,
            State::Waiting(_) => StateName::Waiting,
            State::Admitted(_) => StateName::Admitted,
        }
    }

    /// Returns whether somebody may still join with it for the first time.
    pub fn is_open(&self, now: Timestamp) -> bool {
        use StateName as S;
        matches!(self.state_at(now), S::Open | S::Waiting | S::Admitted)
    }

    /// Returns the machine that uses it or asked to.
    pub const fn joiner(&self) -> Option<&Joiner> {
        match &self.state {
            State::Waiting(joiner) | State::Admitted(joiner) | State::Bound(joiner) => Some(joiner),
            State::Open | State::Withdrawn(_) => None,
        }
    }

    /// Returns whether its record, with the grant, is of no more use.
    pub fn is_over(&self, now: Timestamp) -> bool {
        now.0 > self.expires_at.0 + REPEATED_FOR_MS
    }
}

/// Returns the check number of an invitation: twenty digits that people compare when its text came over an unsafe way.
/// `pin` is the first half of the digest of the root's public key.
pub fn check_number(
    network: NetworkId,
    pin: &[u8; 16],
    division: DivisionCode,
    key: &InvitationKey,
) -> String {
    digits(b"wujitong/invite/check/1", network, pin, division, key)
}

/// Returns the number of a machine that joins, which its operator reads out to the parent's.
pub fn machine_number(
    network: NetworkId,
    pin: &[u8; 16],
    division: DivisionCode,
    key: KeyId,
) -> String {
    digits(b"wujitong/invite/machine/1", network, pin, division, &key.0)
}

/// Returns twenty digits of a digest, in groups of four.
fn digits(
    tag: &[u8],
    network: NetworkId,
    pin: &[u8; 16],
    division: DivisionCode,
    what: &[u8],
) -> String {
    let code = division.as_u64().to_be_bytes();
    let digest = Suite::P256Sha256.digest(&[tag, &network.0, pin, &code, what]);
    let (first, _) = digest.split_first_chunk().expect("a digest has 32 bytes");
    let number = u128::from_be_bytes(*first) % 10_u128.pow(20);
    text::grouped(&format!("{number:020}"))
}

/// Returns whether two numbers are the same to people, who may leave out spaces.
pub fn same_number(typed: &str, number: &str) -> bool {
    let digits = |text: &str| -> String { text.chars().filter(|c| !c.is_whitespace()).collect() };
    digits(typed) == digits(number)
}

#[cfg(test)]
mod tests;

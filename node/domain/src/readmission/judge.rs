//! Whether a child that comes back gets a new certificate: checks in a fixed order, each with its own refusal.

use core::{fmt, net::IpAddr};

use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tree};

use super::{DAY_MS, MOST_BY_ITSELF, Readmissions, told};
use crate::{
    ids::{KeyId, NetworkId},
    invitation::LEAST_ISSUER_LIFE_MS,
    saying::Saying,
    suite::Digest,
    time::Timestamp,
};

/// What the parent knows of the key that a child shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It counts.
    Counts,
    /// It is revoked.
    Revoked,
    /// It is not known, or another one has followed it.
    Unknown,
}

/// What a child asks, with what the parent found out by checking signatures.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Its network.
    pub network: NetworkId,
    /// The child.
    pub division: DivisionCode,
    /// The division it asks.
    pub parent: DivisionCode,
    /// The signing key that it shows.
    pub key: KeyId,
    /// Whether that key counts.
    pub standing: Standing,
    /// Whether the key signed the request for this connection.
    pub signed: bool,
    /// When the certificate ends that it shows, which this parent issued to it.
    pub ended_at: Timestamp,
    /// Whether what it shows is such a certificate.
    pub shown: bool,
    /// SHA-256 of the key that it asks a certificate for.
    pub requested: Digest,
    /// The address from which it asks.
    pub from: IpAddr,
    /// The version of the protocol that it speaks.
    pub protocol: u32,
}

/// How long a child may have been away and still come back without a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Days after the end of its certificate; 0 asks a person each time. Default 60.
    pub days: u32,
}

impl Default for Consent {
    fn default() -> Self {
        Self { days: 60 }
    }
}

/// What the parent knows.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// Its network.
    pub network: NetworkId,
    /// Its division.
    pub me: DivisionCode,
    /// All divisions.
    pub tree: &'a Tree,
    /// The time, by its own clock, which alone decides.
    pub now: Timestamp,
    /// When its own issuing certificate ends.
    pub issuer_ends: Timestamp,
    /// The oldest and the newest version of the protocol that it speaks.
    pub protocols: (u32, u32),
    /// Its standing consent.
    pub consent: Consent,
}

/// Why a person is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WaitReason {
    /// Its certificate ended longer ago than the standing consent reaches, in days.
    Long(u32),
    /// It came back so often within 90 days without a person.
    Often(u32),
}

impl WaitReason {
    /// Returns the reason as operators read it.
    pub fn said(self) -> Saying {
        match self {
            Self::Long(0) => told::always(),
            Self::Long(days) => told::long(days),
            Self::Often(times) => told::often(times),
        }
    }
}

/// What becomes of a request that nothing is wrong with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The child gets its certificates.
    Readmit,
    /// It waits for a person.
    Wait(WaitReason),
}

/// The reason why a child is not readmitted, in the order of the checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// 1: it asks another network, or another division than its parent.
    Elsewhere {
        /// The network of the one that was asked.
        network: NetworkId,
        /// Its division.
        me: DivisionCode,
    },
    /// 2: the division does not stand directly below, or has no node.
    NotAChild(DivisionCode),
    /// 3: its key was revoked.
    Revoked(DivisionCode, KeyId),
    /// 4: its key is not the one that counts.
    UnknownKey(DivisionCode, KeyId),
    /// 5: the request is not signed with that key for this connection.
    NotSigned(DivisionCode),
    /// 6: what it shows is no certificate that was issued to it here.
    NotShown(DivisionCode),
    /// 7: the parent's own issuing certificate ends too soon.
    IssuerEnds(DivisionCode, Timestamp),
    /// 8: the two programs do not speak the same protocol: theirs, and the oldest and newest here.
    Protocol(u32, (u32, u32)),
    /// The requests for certificates cannot be used.
    BadRequest(String),
    /// The node could not do it now.
    Busy,
}

impl Refusal {
    /// Returns a number that stays, for programs. Those of invitations end below 20.
    pub const fn number(&self) -> u32 {
        match self {
            Self::Elsewhere { .. } => 20,
            Self::NotAChild(_) => 21,
            Self::Revoked(..) => 22,
            Self::UnknownKey(..) => 23,
            Self::NotSigned(_) => 24,
            Self::NotShown(_) => 25,
            Self::IssuerEnds(..) => 26,
            Self::Protocol(..) => 27,
            Self::BadRequest(_) => 28,
            Self::Busy => 29,
        }
    }

    /// Returns the refusal as the child's operator reads it; what to do stands after the last semicolon.
    pub fn said(&self) -> Saying {
        match self {
            Self::Elsewhere { network, me } => told::elsewhere(network, me),
            Self::NotAChild(division) => told::not_a_child(division),
            Self::Revoked(division, key) => told::revoked(key, division, division.short()),
            Self::UnknownKey(division, key) => told::unknown_key(key, division, division.short()),
            Self::NotSigned(_) => told::not_signed(),
            Self::NotShown(division) => told::not_shown(division, division.short()),
            Self::IssuerEnds(parent, at) => told::issuer_ends(parent, at),
            Self::Protocol(theirs, (oldest, newest)) => told::protocol(theirs, oldest, newest),
            Self::BadRequest(why) => told::bad_request(why),
            Self::Busy => told::busy(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said().english)
    }
}

impl std::error::Error for Refusal {}

/// Decides what becomes of a request of a child of which this is known.
///
/// # Errors
/// [`Refusal`] of the first check that fails. Nothing changes then.
pub fn judge(ask: &Ask, known: &Readmissions, context: Context<'_>) -> Result<Verdict, Refusal> {
    let (division, now) = (ask.division, context.now);
    if ask.network != context.network || ask.parent != context.me {
        let (network, me) = (context.network, context.me);
        return Err(Refusal::Elsewhere { network, me });
    }
    if context.tree.parent(division) != Some(context.me) || !context.tree.has_node(division) {
        return Err(Refusal::NotAChild(division));
    }
    match ask.standing {
        Standing::Counts => {}
        Standing::Revoked => return Err(Refusal::Revoked(division, ask.key)),
        Standing::Unknown => return Err(Refusal::UnknownKey(division, ask.key)),
    }
    if !ask.signed {
        return Err(Refusal::NotSigned(division));
    }
    if !ask.shown {
        return Err(Refusal::NotShown(division));
    }
    if context.issuer_ends.0 - now.0 < LEAST_ISSUER_LIFE_MS {
        return Err(Refusal::IssuerEnds(context.me, context.issuer_ends));
    }
    let (oldest, newest) = context.protocols;
    if !(oldest..=newest).contains(&ask.protocol) {
        return Err(Refusal::Protocol(ask.protocol, context.protocols));
    }
    Ok(consented(ask, known, context.consent, now))
}

fn consented(ask: &Ask, known: &Readmissions, consent: Consent, now: Timestamp) -> Verdict {
    if known.is_repeated(&ask.requested, now) || known.has_consent(ask.key, now) {
        return Verdict::Readmit;
    }
    let away = now.0.saturating_sub(ask.ended_at.0);
    if consent.days == 0 || away > i64::from(consent.days) * DAY_MS {
        return Verdict::Wait(WaitReason::Long(consent.days));
    }
    let times = known.by_itself(now);
    match times < MOST_BY_ITSELF {
        true => Verdict::Readmit,
        false => Verdict::Wait(WaitReason::Often(u32::try_from(times).unwrap_or(u32::MAX))),
    }
}

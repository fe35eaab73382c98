//! Whether a machine that asks to join gets its grant: twelve checks in a fixed order, each with its own refusal.

use core::{fmt, net::IpAddr};

use topology::{DivisionCode, Tree};

use super::{Invitation, InvitationKey, Joiner, State, told};
use crate::{
    certificate::LEAST_TO_SIGN_S,
    ids::{KeyId, NetworkId},
    saying::Saying,
    suite::Digest,
    time::Timestamp,
};

/// The parent's own issuing certificate must live at least so long, in milliseconds, before it signs for others.
pub const LEAST_ISSUER_LIFE_MS: i64 = LEAST_TO_SIGN_S * 1_000;

/// What a machine asks, with what the parent found out by checking signatures.
#[derive(Clone, Debug)]
pub struct JoinAsk {
    /// The network it wants to join.
    pub network: NetworkId,
    /// The division it wants to be.
    pub division: DivisionCode,
    /// The division it asks.
    pub parent: DivisionCode,
    /// The public half of the invitation key.
    pub invitation: InvitationKey,
    /// Its signing key.
    pub key: KeyId,
    /// SHA-256 of the request.
    pub request: Digest,
    /// The address from which it asks.
    pub from: IpAddr,
    /// Whether the invitation key signed this request for this connection.
    pub signed: bool,
    /// Whether its keys are sound, and it holds them.
    pub keys: Result<(), BadJoinKeys>,
    /// The version of the protocol between neighbours that it speaks.
    pub protocol: u32,
}

/// What is wrong with the keys in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadJoinKeys {
    /// What it states of its signing key is not what the invitation says, or cannot be read.
    Statement(&'static str),
    /// It did not show that it holds a key.
    NotHeld,
    /// A request for a certificate cannot be read.
    CertificateRequest,
    /// Two of its TLS keys are the same, or one is missing or too many.
    TlsKeys,
    /// The key is known of another division.
    OfAnother(DivisionCode),
}

/// What the parent knows.
#[derive(Clone, Copy, Debug)]
pub struct JoinContext<'a> {
    /// Its network.
    pub network: NetworkId,
    /// Its division.
    pub me: DivisionCode,
    /// All divisions.
    pub tree: &'a Tree,
    /// The time, by its own clock, which alone decides.
    pub now: Timestamp,
    /// The newest key that was ever stated for the child, with its number.
    pub latest: Option<(u32, KeyId)>,
    /// When its own issuing certificate ends.
    pub issuer_ends: Timestamp,
    /// The oldest and the newest version of the protocol that it speaks.
    pub protocols: (u32, u32),
}

/// What becomes of a request that nothing is wrong with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinVerdict {
    /// The invitation is bound to the machine, and it gets its grant.
    Bind,
    /// The invitation waits for an operator to compare the machine's number.
    Wait,
    /// The machine was given its grant before and gets the same bytes again.
    Repeat,
}

/// The reason why a machine does not get its grant, in the order of the checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JoinRefusal {
    /// 1: the invitation is of another network, or of another parent.
    Elsewhere {
        /// The network of the one that was asked.
        network: NetworkId,
        /// Its division.
        me: DivisionCode,
    },
    /// 2: no such invitation was made here for the division.
    Unknown(DivisionCode),
    /// 3: it was withdrawn.
    Withdrawn(DivisionCode, Timestamp),
    /// 4: its time ended.
    Expired(DivisionCode, Timestamp),
    /// 5: the division does not stand directly below, or has no node. It stands below the other one.
    NotAChild(DivisionCode, Option<DivisionCode>),
    /// 6: another machine uses it.
    Taken {
        /// The division.
        division: DivisionCode,
        /// The other machine.
        by: Joiner,
        /// Minutes since it asked.
        minutes: i64,
    },
    /// 6: this machine used it with another request.
    OtherRequest(DivisionCode),
    /// 7: the division has a key already.
    Enrolled(DivisionCode, KeyId),
    /// 8: the request is not signed with the invitation key for this connection.
    NotSigned(DivisionCode),
    /// 9 and 10: its keys are not as they must be.
    Keys(BadJoinKeys),
    /// 11: the parent's own certificate ends too soon.
    IssuerEnds(DivisionCode, Timestamp),
    /// 12: the two programs do not speak the same protocol: theirs, and the newest and oldest here.
    Protocol(u32, (u32, u32)),
    /// The node could not do it now.
    Busy,
}

impl JoinRefusal {
    /// Returns a number that stays, for programs; 0 is none.
    pub const fn number(&self) -> u32 {
        match self {
            Self::Elsewhere { .. } => 1,
            Self::Unknown(_) => 2,
            Self::Withdrawn(..) => 3,
            Self::Expired(..) => 4,
            Self::NotAChild(..) => 5,
            Self::Taken { .. } => 6,
            Self::OtherRequest(_) => 7,
            Self::Enrolled(..) => 8,
            Self::NotSigned(_) => 9,
            Self::Keys(_) => 10,
            Self::IssuerEnds(..) => 11,
            Self::Protocol(..) => 12,
            Self::Busy => 13,
        }
    }

    /// Returns the refusal as its operator reads it; what to do stands after the last semicolon.
    pub fn said(&self) -> Saying {
        match self {
            Self::Elsewhere { network, me } => told::elsewhere(network, me),
            Self::Unknown(division) => told::unknown(division, division.short()),
            Self::Withdrawn(division, at) => told::withdrawn(at, division.short()),
            Self::Expired(division, at) => told::expired(at, division.short()),
            Self::NotAChild(division, Some(parent)) => told::below_another(division, parent),
            Self::NotAChild(division, None) => told::no_node(division),
            Self::Taken {
                division,
                by,
                minutes,
            } => told::taken(minutes, by.key, by.from, division.short()),
            Self::OtherRequest(division) => told::other_request(division.short()),
            Self::Enrolled(division, key) => told::enrolled(division, key, division.short()),
            Self::NotSigned(_) => told::not_signed(),
            Self::Keys(bad) => told::bad_keys(bad.said()),
            Self::IssuerEnds(division, at) => told::issuer_ends(division, at),
            Self::Protocol(theirs, (oldest, newest)) => told::protocol(theirs, oldest, newest),
            Self::Busy => told::busy(),
        }
    }

    /// Returns whether it is a wrong try, of which many in an hour are an alarm: somebody guesses, or plays back what
    /// another said.
    pub const fn is_wrong_try(&self) -> bool {
        matches!(self, Self::Unknown(_) | Self::NotSigned(_))
    }
}

impl fmt::Display for JoinRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said().english)
    }
}

impl std::error::Error for JoinRefusal {}

impl BadJoinKeys {
    /// Returns what is wrong, as the operator of the machine reads it.
    pub fn said(&self) -> Saying {
        match self {
            Self::Statement(what) => told::statement(what),
            Self::NotHeld => told::not_held(),
            Self::CertificateRequest => told::certificate_request(),
            Self::TlsKeys => told::tls_keys(),
            Self::OfAnother(division) => told::of_another(division),
        }
    }
}

/// Decides what becomes of a request; `invitation` is the one with its division and key, if there is one.
///
/// # Errors
/// [`JoinRefusal`] of the first check that fails. Nothing changes then.
pub fn judge(
    ask: &JoinAsk,
    invitation: Option<&Invitation>,
    context: JoinContext<'_>,
) -> Result<JoinVerdict, JoinRefusal> {
    use JoinRefusal as R;
    let division = ask.division;
    if ask.network != context.network || ask.parent != context.me {
        let (network, me) = (context.network, context.me);
        return Err(R::Elsewhere { network, me });
    }
    let invitation = invitation.ok_or(R::Unknown(division))?;
    if let State::Withdrawn(at) = invitation.state {
        return Err(R::Withdrawn(division, at));
    }
    check_time(invitation, context.now)?;
    let parent = context.tree.parent(division);
    if parent != Some(context.me) {
        return Err(R::NotAChild(division, parent));
    }
    if !context.tree.has_node(division) {
        return Err(R::NotAChild(division, None));
    }
    let verdict = check_use(ask, invitation, context.now)?;
    check_rank(ask, invitation, verdict, context.latest)?;
    if !ask.signed {
        return Err(R::NotSigned(division));
    }
    ask.keys.clone().map_err(R::Keys)?;
    if verdict != JoinVerdict::Repeat
        && context.issuer_ends.0 - context.now.0 < LEAST_ISSUER_LIFE_MS
    {
        return Err(R::IssuerEnds(context.me, context.issuer_ends));
    }
    let (oldest, newest) = context.protocols;
    match (oldest..=newest).contains(&ask.protocol) {
        true => Ok(verdict),
        false => Err(R::Protocol(ask.protocol, context.protocols)),
    }
}

/// The parent's clock alone decides. Whoever has joined may fetch the grant again for a day longer.
fn check_time(invitation: &Invitation, now: Timestamp) -> Result<(), JoinRefusal> {
    let over = match invitation.state {
        State::Bound(_) => invitation.is_over(now),
        _ => now > invitation.expires_at,
    };
    match over {
        true => Err(JoinRefusal::Expired(
            invitation.division,
            invitation.expires_at,
        )),
        false => Ok(()),
    }
}

/// The invitation is open, or it is this machine that uses it.
fn check_use(
    ask: &JoinAsk,
    invitation: &Invitation,
    now: Timestamp,
) -> Result<JoinVerdict, JoinRefusal> {
    let Some(by) = invitation.joiner() else {
        return Ok(match invitation.confirm {
            true => JoinVerdict::Wait,
            false => JoinVerdict::Bind,
        });
    };
    if by.key != ask.key {
        return Err(JoinRefusal::Taken {
            division: ask.division,
            by: by.clone(),
            minutes: (now.0 - by.at.0).max(0) / 60_000,
        });
    }
    if by.request != ask.request {
        return Err(JoinRefusal::OtherRequest(ask.division));
    }
    Ok(match invitation.state {
        State::Bound(_) => JoinVerdict::Repeat,
        State::Admitted(_) => JoinVerdict::Bind,
        _ => JoinVerdict::Wait,
    })
}

/// The key is the next of the division: its first, or the one that the invitation says replaces another.
fn check_rank(
    ask: &JoinAsk,
    invitation: &Invitation,
    verdict: JoinVerdict,
    latest: Option<(u32, KeyId)>,
) -> Result<(), JoinRefusal> {
    let Some((serial, key)) = latest else {
        return Ok(());
    };
    let is_next = serial + 1 == invitation.serial;
    match verdict == JoinVerdict::Repeat || is_next {
        true => Ok(()),
        false => Err(JoinRefusal::Enrolled(ask.division, key)),
    }
}

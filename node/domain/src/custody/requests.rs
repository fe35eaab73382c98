//! What becomes of requests to the holder: decided here, sent on, answered, and what follows from an
//! answer.

use topology::DivisionCode;

use super::{
    Context, Decision, Docket, Refusal, Standing, act, check_seen, holder_to_ask, transfer,
};
use crate::{
    envelope::{Lane, Outgoing, Payload},
    matter::{Act, Appeal, Matter, Outcome, Version},
    policy::CustodyLimits,
    request::{Answer, OpenRequest, Reply, Request, RequestId, RequestKind},
    time::Timestamp,
};

/// The result of handling a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The request was answered before; no further answer is sent.
    Repeated,
    /// The request waits until the transfer under way is settled.
    Parked(Docket),
    /// The answer is sent; the matter does not change. The docket, if there is one, records the
    /// answer.
    Answered(Option<Docket>, Answer),
    /// The matter changes as requested, and the answer is sent.
    Granted(Box<Decision>, Answer),
}

/// Decides on a request sent to this division. A repeated request gets no second answer, unless
/// this node never had the matter.
pub fn hear_request(docket: Option<&Docket>, request: Request, context: Context<'_>) -> Heard {
    let Context { me, .. } = context;
    let answer = |reply| Answer {
        request: request.id,
        matter: request.matter,
        reply,
    };
    let Some(docket) = docket else {
        return Heard::Answered(None, answer(Reply::Unknown));
    };
    if docket.answered.contains(&request.id) || docket.matter.follows(request.id) {
        return Heard::Repeated;
    }
    let mut docket = docket.clone();
    match docket.standing {
        // Do not park a merge: the matter that is to absorb this one is held here now, but may not
        // be later.
        Standing::Giving { .. } if matches!(request.kind, RequestKind::Merge(_)) => {
            docket.remember_answered(request.id);
            return Heard::Answered(Some(docket), answer(Reply::NotNow));
        }
        Standing::Giving { .. } => return park(docket, request),
        Standing::Elsewhere => {
            docket.remember_answered(request.id);
            let (holder, version) = holder_to_ask(&docket, me);
            let answer = answer(Reply::Moved { holder, version });
            return Heard::Answered(Some(docket), answer);
        }
        Standing::Holding if docket.awaits => return park(docket, request),
        Standing::Holding => docket.remember_answered(request.id),
    }
    match grant(docket.clone(), request, context) {
        Ok(decision) => Heard::Granted(Box::new(decision), answer(Reply::Granted)),
        Err(refusal) => Heard::Answered(Some(docket), answer(Reply::from(refusal))),
    }
}

/// Keeps a request until the current transfer is settled. Of each asker only the latest request of
/// each kind waits, so that nobody can fill this node with requests.
fn park(mut docket: Docket, request: Request) -> Heard {
    let same = |parked: &&mut Request| {
        parked.id.by == request.id.by
            && parked.kind == request.kind
            && (!request.kind.may_repeat() || parked.id == request.id)
    };
    let full = docket.parked.len() >= MOST_PARKED;
    let older = match docket.parked.iter_mut().find(same) {
        Some(parked) if parked.id == request.id => return Heard::Parked(docket),
        Some(parked) if parked.id < request.id => std::mem::replace(parked, request),
        Some(_) => request,
        None if full => request,
        None => {
            docket.parked.push(request);
            return Heard::Parked(docket);
        }
    };
    docket.remember_answered(older.id);
    let answer = Answer {
        request: older.id,
        matter: older.matter,
        reply: Reply::Moot,
    };
    Heard::Answered(Some(docket), answer)
}

/// The most requests that wait for one transfer.
const MOST_PARKED: usize = 32;

/// Carries out a request on a matter held here, if the asker is entitled to it.
fn grant(docket: Docket, request: Request, context: Context<'_>) -> Result<Decision, Refusal> {
    let Context {
        me,
        now,
        tree,
        terms,
        ..
    } = context;
    let asker = request.id.by;
    let matter = &docket.matter;
    let is_origins = asker == matter.id.origin;
    let is_reporters = is_origins || matter.reporters().contains(&asker);
    let is_above = tree.contains(asker, me);
    let took_part = matter.steps.iter().any(|step| step.by == asker);
    let entitled = match request.kind {
        RequestKind::Recall => true,
        RequestKind::Contest | RequestKind::Review | RequestKind::Rate(_) => is_reporters,
        RequestKind::Withdraw => is_origins,
        RequestKind::Supervise | RequestKind::Merge(_) => is_above,
        RequestKind::Remark(_) => is_reporters || is_above || took_part,
    };
    if !entitled {
        return Err(Refusal::NotEntitled);
    }
    let by_request = |docket, kind| act(docket, kind, request.note, Some(&request), context);
    match request.kind {
        RequestKind::Recall if matter.is_closed() => Err(Refusal::Closed),
        RequestKind::Recall => {
            transfer(docket, Act::Yield(asker), None, context).map_err(|_| Refusal::NotEntitled)
        }
        RequestKind::Contest => {
            check_contest(matter, now, terms)?;
            by_request(docket, Act::Reopen(Appeal::Contest))
        }
        RequestKind::Review => {
            if matter.is_in_last_review() {
                return Err(Refusal::Final);
            }
            let above = tree.parent(me).ok_or(Refusal::NobodyToArbitrate)?;
            let opened = by_request(docket, Act::Reopen(Appeal::Review))?;
            let mut given = transfer(opened.docket, Act::Escalate(above), None, context)?;
            given.facts.splice(0..0, opened.facts);
            Ok(given)
        }
        RequestKind::Withdraw if matter.absorbed().next().is_some() => Err(Refusal::OthersReported),
        RequestKind::Withdraw => by_request(docket, Act::Close(Outcome::Withdrawn)),
        RequestKind::Supervise => by_request(docket, Act::Supervise(asker)),
        RequestKind::Rate(satisfaction) => by_request(docket, Act::Rate(satisfaction)),
        RequestKind::Remark(audience) => by_request(docket, Act::Remark(audience)),
        RequestKind::Merge(into) => by_request(docket, Act::Close(Outcome::Merged(into))),
    }
}

fn check_contest(matter: &Matter, now: Timestamp, terms: CustodyLimits) -> Result<(), Refusal> {
    let closed = matter.closed_at().ok_or(Refusal::NotNow)?;
    let window = u64::from(terms.contest_days) * 24 * 3_600_000;
    let contests = matter.appeals(Appeal::Contest);
    match () {
        () if matter.is_in_last_review() => Err(Refusal::Final),
        () if now.since(closed) > window => Err(Refusal::TooLate(terms.contest_days)),
        () if contests >= terms.contests as usize => Err(Refusal::ContestedEnough(terms.contests)),
        () => Ok(()),
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Closed => Self::Closed,
            Refusal::NotEntitled => Self::NotEntitled,
            Refusal::TooLate(_) | Refusal::ContestedEnough(_) | Refusal::Final => Self::Late,
            _ => Self::NotNow,
        }
    }
}

/// The asker's next action after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing; no request was outstanding under that id.
    Ignore,
    /// The request is over, with this reply.
    Done(Reply),
    /// Ask this division, with this version as the one seen.
    Again(DivisionCode, Version),
}

/// Decides what follows from the answer of `from` to the outstanding request `asked`.
pub fn hear_answer(
    asked: Option<&OpenRequest>,
    from: DivisionCode,
    answer: &Answer,
    context: Context<'_>,
) -> Next {
    let outstanding = |asked: &&OpenRequest| {
        asked.request.id == answer.request && hears(asked, from, answer.reply, context)
    };
    let Some(OpenRequest { request, .. }) = asked.filter(outstanding) else {
        return Next::Ignore;
    };
    match answer.reply {
        Reply::Moved { holder, version } if version > request.seen && holder != context.me => {
            Next::Again(holder, version)
        }
        Reply::Moved { .. } => Next::Done(Reply::Moot),
        reply => Next::Done(reply),
    }
}

/// Returns whether `from` may give this reply. The asked division may give any; a division on the way
/// to it may only say that it, or the next one, refused the request.
fn hears(asked: &OpenRequest, from: DivisionCode, reply: Reply, context: Context<'_>) -> bool {
    let on_the_way = || context.tree.path(context.me, asked.to).contains(&from);
    from == asked.to || reply == Reply::Refused && on_the_way()
}

/// Makes a request under the id `ask.id`. Carries it out if the matter is held here; else asks the
/// holder, or waits until the current transfer is settled.
///
/// # Errors
/// A [`Refusal`] if it is already known to be impossible.
pub fn make(docket: &Docket, request: Request, context: Context<'_>) -> Result<Decision, Refusal> {
    let Context { me, .. } = context;
    let recall = request.kind == RequestKind::Recall;
    match docket.standing {
        Standing::Holding if recall => return Err(Refusal::HeldHere),
        Standing::Holding => return grant(docket.clone(), request, context),
        Standing::Giving { to, .. } if recall || matches!(request.kind, RequestKind::Merge(_)) => {
            return Err(Refusal::InTransit(to));
        }
        Standing::Elsewhere if recall => check_seen(docket, me)?,
        Standing::Giving { .. } | Standing::Elsewhere => {}
    }
    let mut outstanding = docket.outstanding();
    if outstanding.any(|asked| asked.kind == request.kind && !request.kind.may_repeat()) {
        return Err(Refusal::AskedAlready);
    }
    let waiting = docket.asked.len() + docket.unsent.len();
    if waiting >= MOST_ASKED {
        return Err(Refusal::TooManyAsked(waiting));
    }
    let mut decision = Decision::of(docket.clone());
    match docket.standing {
        Standing::Elsewhere => ask_holder(&mut decision, request, me),
        _ => decision.docket.unsent.push(request),
    }
    Ok(decision)
}

/// The most requests of one division about one matter that may wait for an answer.
const MOST_ASKED: usize = 16;

/// The most replies to its own requests that a division remembers.
const MOST_REPLIES: usize = 16;

/// Sends a request to the holder, as far as the docket knows it.
fn ask_holder(decision: &mut Decision, request: Request, me: DivisionCode) {
    let (to, seen) = holder_to_ask(&decision.docket, me);
    let request = Request { seen, ..request };
    decision.docket.asked.push(OpenRequest { request, to });
    decision.sends.push(sent(request, to));
}

/// Builds the outgoing message of a request.
pub const fn sent(request: Request, to: DivisionCode) -> Outgoing {
    Outgoing {
        to,
        lane: Lane::Notice,
        payload: Payload::Request(request),
    }
}

/// Handles this division's own requests once a transfer is settled: asks the division that took the
/// matter, or carries them out if the matter stayed.
pub(super) fn send_unsent(decision: &mut Decision, context: Context<'_>) {
    let Context { me, .. } = context;
    for request in std::mem::take(&mut decision.docket.unsent) {
        match decision.docket.standing {
            Standing::Giving { .. } => decision.docket.unsent.push(request),
            Standing::Elsewhere => ask_holder(decision, request, me),
            Standing::Holding => {
                let reply = match request.kind {
                    RequestKind::Recall => Reply::Granted,
                    _ => match grant(decision.docket.clone(), request, context) {
                        Ok(granted) => {
                            decision.docket = granted.docket;
                            decision.sends.extend(granted.sends);
                            decision.facts.extend(granted.facts);
                            Reply::Granted
                        }
                        Err(refusal) => Reply::from(refusal),
                    },
                };
                remember_reply(&mut decision.docket, request.kind, reply);
            }
        }
    }
}

fn remember_reply(docket: &mut Docket, kind: RequestKind, reply: Reply) {
    if docket.replies.len() >= MOST_REPLIES {
        docket.replies.remove(0);
    }
    docket.replies.push((kind, reply));
}

/// Handles an answer: ends the request, or asks the division to which it points under the id
/// `again`. Returns `None` if no request was outstanding under the answered id, or `from` was not
/// asked.
pub fn take_answer(
    docket: &Docket,
    from: DivisionCode,
    answer: &Answer,
    again: RequestId,
    context: Context<'_>,
) -> Option<(Decision, Next)> {
    let mut asked = docket.asked.iter();
    let at = asked.position(|asked| asked.request.id == answer.request)?;
    let next = hear_answer(docket.asked.get(at), from, answer, context);
    let mut decision = Decision::of(docket.clone());
    match next {
        Next::Ignore => return None,
        Next::Done(reply) => {
            let asked = decision.docket.asked.remove(at);
            remember_reply(&mut decision.docket, asked.request.kind, reply);
        }
        Next::Again(to, seen) => {
            let OpenRequest { request, .. } = decision.docket.asked[at];
            let id = again;
            let request = Request {
                id,
                seen,
                ..request
            };
            decision.docket.asked[at] = OpenRequest { request, to };
            decision.sends.push(sent(request, to));
        }
    }
    Some((decision, next))
}

/// Builds the answer of a node whose neighbour refused to forward a request.
pub const fn not_carried(request: &Request) -> Answer {
    Answer {
        request: request.id,
        matter: request.matter,
        reply: Reply::Refused,
    }
}

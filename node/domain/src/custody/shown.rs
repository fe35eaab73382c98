//! Recovery of matters after a node's store went back in time, from what its neighbours show.
//!
//! Until all neighbours have shown what they know of the matters that went between, the node does
//! nothing with the matters it had before: in the lost period it may have given them away or taken
//! them. What the neighbours know counts; what this node did without knowing it is set aside.

use topology::{DivisionCode, Tree};

use super::{
    Context, Decision, Docket, Incoming, NoticeRefusal, Recollection, Standing, Taken,
    clocks::keeps_time,
    hear::{notices, unpark},
    receive,
};
use crate::{
    custody::requests::{send_unsent, sent},
    envelope::{Lane, Outgoing, Payload},
    matter::{Act, CustodyVersion, Matter},
    receipt::{self, Custody},
    request::{OpenRequest, Request, RequestId, RequestKind, Voice},
};

/// Returns whether a matter ever went from one of two neighbours to the other, or is on its way.
/// Invalid steps count as never.
pub fn went_between(matter: &Matter, one: DivisionCode, other: DivisionCode, tree: &Tree) -> bool {
    receipt::custodies(matter, tree).is_ok_and(|stays| crossed(&stays, one, other))
}

fn crossed(stays: &[Custody], one: DivisionCode, other: DivisionCode) -> bool {
    stays.iter().any(|stay| {
        let ends = |neighbour| [(stay.division, neighbour), (neighbour, stay.division)];
        let met = stay.from.into_iter().chain(stay.to).flat_map(ends);
        met.into_iter().any(|ends| ends == (one, other))
    })
}

/// The result of applying a matter that a neighbour showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Learnt {
    /// The node's new view of the matter.
    pub decision: Decision,
    /// The state that does not count, if the known and the shown state contradict each other.
    pub aside: Option<Matter>,
}

impl Learnt {
    fn of(docket: Docket) -> Self {
        Self {
            decision: Decision::of(docket),
            aside: None,
        }
    }
}

/// A matter that a neighbour shows.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// The neighbour.
    pub from: DivisionCode,
    /// The matter as the neighbour knows it.
    pub matter: &'a Matter,
}

/// Applies what a neighbour knows of a matter. `aside` contains the states that were set aside
/// before; `lost` says whether this store may have lost what it knew of the matter; `ask` is the id
/// of the request that recalls the matter if necessary. Returns `None` if nothing was lost or
/// nothing new was said.
///
/// # Errors
/// [`NoticeRefusal`] if the shown state is impossible, or the neighbour may not show it.
pub fn hear_shown(
    known: Option<&Docket>,
    aside: &[Matter],
    Shown {
        from,
        matter: shown,
    }: Shown<'_>,
    lost: bool,
    request: RequestId,
    Context { me, tree, .. }: Context<'_>,
) -> Result<Option<Learnt>, NoticeRefusal> {
    let stays = receipt::custodies(shown, tree).map_err(|broken| match broken {
        receipt::Broken::State => NoticeRefusal::State,
        _ => NoticeRefusal::Broken,
    })?;
    if !crossed(&stays, me, from) || shown.concerns(me, tree) {
        return Err(NoticeRefusal::NotBelow);
    }
    let mut learnt = match known.filter(|_| lost) {
        None if !lost => return Ok(None),
        None => Learnt::of(adopted(None, shown, &stays, me)),
        Some(docket) if docket.matter.continues(shown) => {
            // Nothing is new, but a matter that is on its way here, as the holder may have said
            // before, must still be taken.
            return Ok(is_due(docket, me).then(|| Learnt::of(docket.clone())));
        }
        Some(docket) if shown.continues(&docket.matter) => {
            if !keeps_time(Some(&docket.matter), shown) {
                return Err(NoticeRefusal::State);
            }
            Learnt::of(adopted(known, shown, &stays, me))
        }
        Some(docket) => {
            let same = parting(&docket.matter, shown, me)?;
            let mine = is_dead(aside, shown, me) || counts_more(docket, shown, same, me);
            let mut learnt = match mine {
                true => Learnt::of(docket.clone()),
                false => Learnt::of(adopted(known, shown, &stays, me)),
            };
            let (counts, other) = match mine {
                true => (&docket.matter, shown),
                false => (shown, &docket.matter),
            };
            // By the history that does not count, another division may have custody. This node
            // recalls the matter if a neighbour that acted in that history shows it, or if by its
            // own losing history the matter is elsewhere. If by that history the matter is on its
            // way from here, `taken_in_vain` recalls it once it was taken.
            let hand = match mine {
                true => shown.steps[same..].iter().any(|step| step.by == from),
                false => docket.standing == Standing::Elsewhere,
            };
            if let Some(to) = hand.then(|| whereabouts(other, counts, same, me)).flatten() {
                call_back(&mut learnt.decision, other, to, request);
            }
            learnt.aside = Some(other.clone());
            learnt
        }
    };
    if known.is_none() && !keeps_time(None, shown) {
        return Err(NoticeRefusal::State);
    }
    let given = given_again(&learnt.decision.docket);
    learnt.decision.sends.extend(given);
    Ok(Some(learnt))
}

/// Returns the transfer of a matter that is on its way: the neighbour to which it was given says again whether it took
/// it.
fn given_again(docket: &Docket) -> Option<Outgoing> {
    let Standing::Giving { to, bound_for } = docket.standing else {
        return None;
    };
    Some(Outgoing {
        to,
        lane: Lane::of(docket.matter.priority),
        payload: Payload::Give {
            matter: Box::new(docket.matter.clone()),
            bound_for,
        },
    })
}

/// Builds the docket of a matter from its shown state.
fn adopted(known: Option<&Docket>, shown: &Matter, stays: &[Custody], me: DivisionCode) -> Docket {
    let last = shown.steps.last().and_then(|step| step.act.bound_for());
    let standing = match (shown.holder == me, shown.transit, last) {
        (true, None, _) => Standing::Holding,
        (true, Some(to), Some(bound_for)) => Standing::Giving { to, bound_for },
        _ => Standing::Elsewhere,
    };
    let taken = taken(shown, stays, me);
    match known {
        Some(docket) => Docket {
            matter: shown.clone(),
            standing,
            taken,
            ..docket.clone()
        },
        None => Docket::copy_of(shown.clone(), standing, taken),
    }
}

/// Recalls a matter of which the neighbour `from` took a state that was set aside. Its answer to
/// the transfer says so. Returns `None` if it took no such state, or if no other division has
/// custody.
pub fn taken_in_vain(
    docket: &Docket,
    aside: &[Matter],
    from: DivisionCode,
    cv: CustodyVersion,
    request: RequestId,
    Context { me, .. }: Context<'_>,
) -> Option<Decision> {
    let given =
        |other: &&Matter| (other.holder, other.transit, other.version.cv) == (me, Some(from), cv);
    let other = aside.iter().rfind(given)?;
    let same = same_steps(&docket.matter, other);
    let to = whereabouts(other, &docket.matter, same, me)?;
    let mut decision = Decision::of(docket.clone());
    call_back(&mut decision, other, to, request);
    Some(decision)
}

/// Returns whether a matter continues a state that was set aside. A division that hands such a
/// matter back loses it, and no division has it then.
pub fn is_aside(aside: &[Matter], matter: &Matter) -> bool {
    aside.iter().any(|aside| matter.continues(aside))
}

/// Sets `other` aside. Drops the states that `other` or `counts` continues; keeps the latest 16.
pub fn set_aside(aside: &mut Vec<Matter>, other: Option<Matter>, counts: &Matter) {
    let other = other.as_ref();
    let replaced = |before: &Matter| other.is_some_and(|other| other.continues(before));
    aside.retain(|before| !counts.continues(before) && !replaced(before));
    let longer = |other: &&Matter| !aside.iter().any(|before| before.continues(other));
    aside.extend(other.filter(longer).cloned());
    aside.drain(..aside.len().saturating_sub(MOST_ASIDE));
}

/// The most states of one matter that are kept aside.
const MOST_ASIDE: usize = 16;

/// Returns whether `shown` belongs to a history that was set aside and handed back here. No
/// division has such a matter.
fn is_dead(aside: &[Matter], shown: &Matter, me: DivisionCode) -> bool {
    let back = |aside: &&Matter| aside.transit == Some(me);
    let same = |aside: &Matter| aside.continues(shown) || shown.continues(aside);
    aside.iter().filter(back).any(same)
}

/// Returns whether the matter was given to this node, which has not taken it as far as it knows.
/// The giver may have heard that it was taken in the lost period.
fn is_due(docket: &Docket, me: DivisionCode) -> bool {
    docket.standing == Standing::Elsewhere && docket.matter.transit == Some(me)
}

/// Counts the steps that two histories of a matter have in common, from the report on.
pub fn same_steps(one: &Matter, other: &Matter) -> usize {
    let pairs = one.steps.iter().zip(&other.steps);
    pairs.take_while(|(one, other)| one == other).count()
}

/// Counts the common steps of the known and the shown history before they diverge.
///
/// # Errors
/// [`NoticeRefusal::Contradicts`] unless both are of one matter and diverge by a step of this node,
/// whose store did not know what it had done before.
fn parting(mine: &Matter, shown: &Matter, me: DivisionCode) -> Result<usize, NoticeRefusal> {
    let same = same_steps(mine, shown);
    let next = |matter: &Matter| matter.steps.get(same).is_some_and(|step| step.by == me);
    match mine.is_same_as(shown) && (next(mine) || next(shown)) {
        true => Ok(same),
        false => Err(NoticeRefusal::Contradicts),
    }
}

/// Decides whether the known history counts for more than the shown one. A history in which only
/// this node acted counts for less than one in which others acted; if others acted in both, the
/// later version counts.
fn counts_more(docket: &Docket, shown: &Matter, same: usize, me: DivisionCode) -> bool {
    let mine = &docket.matter;
    let others = |matter: &Matter| matter.steps[same..].iter().any(|step| step.by != me);
    match (others(mine), others(shown)) {
        (true, true) => mine.version > shown.version,
        (true, false) => true,
        (false, true) => false,
        // The division to which this node gave it may have taken it.
        (false, false) => docket.standing != Standing::Holding,
    }
}

/// Returns the division that has custody by the history that does not count; `None` if that is this
/// node, or a division that knows the history that counts.
fn whereabouts(
    other: &Matter,
    counts: &Matter,
    same: usize,
    me: DivisionCode,
) -> Option<DivisionCode> {
    let to = match other.transit {
        Some(to) if to == me || other.holder == me => to,
        _ => other.holder,
    };
    let knows = counts.steps[same..].iter().any(|step| step.by == to);
    (to != me && !knows).then_some(to)
}

/// Recalls a matter from the division that has it by a history that does not count.
fn call_back(decision: &mut Decision, other: &Matter, to: DivisionCode, id: RequestId) {
    let request = Request {
        id,
        matter: other.id,
        seen: other.version,
        kind: RequestKind::Recall,
        note: None,
        suite: other.suite,
        voice: Voice::Owner,
    };
    decision.docket.asked.push(OpenRequest { request, to });
    decision.sends.push(sent(request, to));
}

/// Returns the highest custody version that this division took or took back; zero if none.
fn taken(matter: &Matter, stays: &[Custody], me: DivisionCode) -> CustodyVersion {
    let came = stays.iter().filter(|stay| stay.division == me);
    let back = matter
        .steps
        .iter()
        .filter(|step| step.by == me && step.act == Act::TakeBack);
    let versions = came
        .map(|stay| stay.cv)
        .chain(back.map(|step| step.version.cv));
    versions.max().unwrap_or_default()
}

/// Continues with a matter once everything about it is known again: takes it if it was given to
/// this node, tells the others its state if it is held here, and decides the requests that arrived
/// meanwhile. `refused` is the highest version of it that this node refused from the giver. Returns
/// `None` if nothing changes.
pub fn resume(docket: Docket, refused: CustodyVersion, context: Context<'_>) -> Option<Decision> {
    let Context { me, tree, .. } = context;
    let matter = &docket.matter;
    if is_due(&docket, me) {
        let bound_for = matter.steps.last()?.act.bound_for()?;
        let incoming = Incoming {
            from: matter.holder,
            matter,
            bound_for,
        };
        let lost = Recollection {
            lost: true,
            asked: false,
        };
        return match receive(Some(&docket), refused, incoming, lost, context) {
            Taken::Now(decision) => Some(*decision),
            Taken::Already | Taken::Refused(_) => None,
        };
    }
    let sends = match docket.standing {
        Standing::Giving { .. } => return None,
        Standing::Elsewhere => vec![],
        Standing::Holding => notices(matter, me, tree),
    };
    let mut decision = Decision {
        sends,
        ..Decision::of(docket)
    };
    let parked = std::mem::take(&mut decision.docket.parked);
    unpark(&mut decision, parked, context);
    send_unsent(&mut decision, context);
    Some(decision)
}

//! What the holder does with a matter: work on it, close it, hand it over.

use topology::{DivisionCode, Tree};

use super::{Count, Decision, Docket, MOST_STEPS, Refusal, Standing, hear::notices, holder_to_ask};
use crate::domain::{
    envelope::{Lane, Outgoing, Payload},
    matter::{Act, Matter, Outcome, Status, Step, Version},
    suite::Digest,
    time::Timestamp,
};

/// Work the holder records without handing the matter over: accept, handle, close.
///
/// # Errors
/// A [`Refusal`] if it is not held here, or closed, or was accepted before.
pub fn act(
    mut docket: Docket,
    act: Act,
    note: Option<Digest>,
    me: DivisionCode,
    now: Timestamp,
    tree: &Tree,
) -> Result<Decision, Refusal> {
    match (act, check_open(&docket, me)) {
        // Closing stays possible when nothing else is.
        (Act::Close(_), Err(Refusal::TooManySteps)) => {}
        (_, checked) => checked?,
    }
    let matter = &mut docket.matter;
    let mut facts = vec![];
    match act {
        Act::Accept if matter.status != Status::Reported => return Err(Refusal::AlreadyAccepted),
        Act::Accept => matter.status = Status::Accepted,
        Act::Close(outcome) => {
            matter.status = Status::Closed(outcome);
            facts.push(Count::Closed);
        }
        Act::Handle => matter.status = Status::Handling,
        _ => return Err(Refusal::NotWork),
    }
    step(matter, me, act, note, now);
    let sends = notices(matter, me, tree);
    Ok(Decision {
        docket,
        sends,
        facts,
    })
}

/// Shorthand for closing.
pub const fn close(outcome: Outcome) -> Act {
    Act::Close(outcome)
}

/// Hands a held matter over: up (`Escalate`), down (`Assign`), or back (`Return`, `Yield`).
///
/// # Errors
/// A [`Refusal`] if it is not held here, or closed, or must not go there.
pub fn transfer(
    docket: Docket,
    act: Act,
    note: Option<Digest>,
    me: DivisionCode,
    now: Timestamp,
    tree: &Tree,
) -> Result<Decision, Refusal> {
    check_open(&docket, me)?;
    let bound_for = act.sent_to().ok_or(Refusal::NotWork)?;
    if !tree.has_node(bound_for) {
        return Err(Refusal::NoNode(bound_for));
    }
    match act {
        Act::Escalate(to) if to == me || !tree.contains(to, me) => {
            return Err(Refusal::NotAbove(to));
        }
        Act::Assign(to) if to == me || !tree.contains(me, to) => return Err(Refusal::NotBelow(to)),
        Act::Return(to) if return_to(&docket, me) != Ok(to) => {
            return Err(Refusal::NobodyToReturnTo);
        }
        Act::Yield(to) if to == me || !docket.matter.was_sent_by(to) => {
            return Err(Refusal::NobodyToReturnTo);
        }
        _ => {}
    }
    let concerns = |about: &DivisionCode| tree.contains(*about, bound_for);
    if let Some(about) = docket.matter.about.filter(concerns) {
        return Err(Refusal::Concerned(about));
    }
    let mut decision = give(docket, act, note, bound_for, me, now, tree)?;
    decision
        .sends
        .extend(notices(&decision.docket.matter, me, tree));
    Ok(decision)
}

/// The division a held matter would be returned to.
///
/// # Errors
/// A [`Refusal`] if it is not held here, or closed, or nobody sent it.
pub fn return_to(docket: &Docket, me: DivisionCode) -> Result<DivisionCode, Refusal> {
    check_open(docket, me)?;
    docket.matter.sent_by(me).ok_or(Refusal::NobodyToReturnTo)
}

pub(super) fn give(
    mut docket: Docket,
    act: Act,
    note: Option<Digest>,
    bound_for: DivisionCode,
    me: DivisionCode,
    now: Timestamp,
    tree: &Tree,
) -> Result<Decision, Refusal> {
    let to = tree
        .next_hop(me, bound_for)
        .ok_or(Refusal::NoNode(bound_for))?;
    let matter = &mut docket.matter;
    matter.version = Version {
        cv: matter.version.cv.next(),
        rev: 0,
    };
    matter.holder = me;
    matter.transit = Some(to);
    matter.steps.push(Step {
        version: matter.version,
        at: now,
        by: me,
        act,
        note,
    });
    docket.standing = Standing::Giving { to, bound_for };
    let lane = Lane::of(matter.priority);
    let payload = Payload::Give {
        matter: Box::new(matter.clone()),
        bound_for,
    };
    let sends = vec![Outgoing { to, lane, payload }];
    Ok(Decision {
        docket,
        sends,
        facts: vec![Count::Given],
    })
}

fn check_open(docket: &Docket, me: DivisionCode) -> Result<(), Refusal> {
    match docket.standing {
        Standing::Holding if docket.matter.is_closed() => Err(Refusal::Closed),
        Standing::Holding if docket.matter.steps.len() >= MOST_STEPS => Err(Refusal::TooManySteps),
        Standing::Holding => Ok(()),
        Standing::Giving { to, .. } => Err(Refusal::InTransit(to)),
        Standing::Elsewhere => Err(Refusal::NotHolder(holder_to_ask(docket, me).0)),
    }
}

pub(super) fn step(
    matter: &mut Matter,
    by: DivisionCode,
    act: Act,
    note: Option<Digest>,
    at: Timestamp,
) {
    matter.version.rev += 1;
    matter.steps.push(Step {
        version: matter.version,
        at,
        by,
        act,
        note,
    });
}

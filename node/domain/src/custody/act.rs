//! Acts of the holder: working on a matter, closing it, giving it to another division.

use topology::DivisionCode;

use super::{
    Context, CustodyLimits, Decision, Docket, MOST_STEPS, Refusal, Standing, check_absorbs,
    hear::{erasure_notices, notices},
    holder_to_ask,
    time::keep_time,
};
use crate::{
    category::{Category, Visibility},
    clock::{How, Stage},
    envelope::{Lane, Outgoing, Payload},
    matter::{Act, Appeal, Matter, Outcome, Publicity, Sort, Status, Step, Version},
    measure::Measure,
    request::Request,
    suite::Digest,
};

/// Records work of the holder that does not give the matter away. `ask` is the request that the
/// work carries out, if any.
///
/// # Errors
/// A [`Refusal`] if the matter is not held here, or its state does not allow this act.
pub fn act(
    mut docket: Docket,
    act: Act,
    note: Option<Digest>,
    request: Option<&Request>,
    context: Context<'_>,
) -> Result<Decision, Refusal> {
    let Context {
        me, tree, terms, ..
    } = context;
    check_held(&docket, me)?;
    let matter = &mut docket.matter;
    check_state(matter, act, terms)?;
    let claims = matches!(act, Act::Close(outcome) if outcome.is_decided());
    if claims && note.is_none() {
        return Err(Refusal::NoNote);
    }
    let full = matter.steps.len() >= MOST_STEPS;
    if full && !matches!(act, Act::Close(_) | Act::Erase(_)) {
        return Err(Refusal::TooManySteps);
    }
    match act {
        Act::Accept => {
            let mine = |step: &&Step| step.version.cv == matter.version.cv && step.by == me;
            if matter
                .steps
                .iter()
                .filter(mine)
                .any(|step| step.act == Act::Accept)
            {
                return Err(Refusal::AlreadyAccepted);
            }
        }
        Act::Erase(_) if matter.is_erased() => return Err(Refusal::ErasedAlready),
        Act::Close(_)
        | Act::Reopen(_)
        | Act::Dispatch(_)
        | Act::Handle
        | Act::Feedback
        | Act::Visit
        | Act::Verify(_)
        | Act::Reply(_)
        | Act::Prioritise(_)
        | Act::Remark(_)
        | Act::Rate(_)
        | Act::Supervise(_)
        | Act::Erase(_) => {}
        _ => return Err(Refusal::NotWork),
    }
    let was_due = matter.clocks.open(Stage::Finish).is_some();
    step(matter, act, note, context)?;
    if let Some(last) = matter.steps.last_mut() {
        last.request = request.map(|request| request.id);
        last.voice = request.map(|request| request.voice);
    }
    let mut sends = notices(matter, me, tree);
    if let Act::Erase(_) = act {
        sends.extend(erasure_notices(&docket, &sends, me, tree));
    }
    let facts = counted(act, &docket.matter, was_due);
    Ok(Decision {
        sends,
        facts,
        ..Decision::of(docket)
    })
}

/// Returns what an act counts that was just done: what every act of its kind counts, and of a matter that was closed and whose clock
/// for finishing ran until then, whether it was in time. After a review another clock runs, and this one tells of the closing before.
fn counted(act: Act, matter: &Matter, was_due: bool) -> Vec<Measure> {
    let mut facts = act.facts().to_vec();
    if was_due
        && facts.contains(&Measure::CLOSED)
        && let Some(ended) = matter
            .clocks
            .last(Stage::Finish)
            .and_then(|clock| clock.ended)
    {
        match ended.how {
            How::Met => facts.push(Measure::IN_TIME),
            How::Late => facts.push(Measure::LATE),
            How::Cancelled => {}
        }
    }
    facts
}

/// Checks whether the state of a matter allows an act.
fn check_state(matter: &Matter, act: Act, terms: CustodyLimits) -> Result<(), Refusal> {
    if matter.is_closed() && !act.may_follow_the_end() {
        return Err(Refusal::Closed);
    }
    let open_parts = matter
        .parts()
        .iter()
        .filter(|(_, end)| end.is_none())
        .count();
    match act {
        Act::Reopen(_) | Act::Rate(_) if !matter.is_closed() => Err(Refusal::NotNow),
        Act::Reopen(Appeal::Contest) if matter.is_in_last_review() => Err(Refusal::Final),
        // A merged matter continues in the one that absorbed it, and only its reporter can reopen a
        // withdrawn one.
        Act::Reopen(_) => match matter.status {
            Status::Closed(Outcome::Merged(_) | Outcome::Withdrawn) => Err(Refusal::NotNow),
            _ => Ok(()),
        },
        Act::Close(Outcome::Rejected(_)) if matter.status != Status::Reported => {
            Err(Refusal::PastRejecting)
        }
        Act::Close(Outcome::Merged(into)) if into == matter.id => Err(Refusal::MergedWithItself),
        Act::Close(_) if open_parts > 0 => Err(Refusal::PartsOpen(open_parts)),
        Act::Close(Outcome::Solved | Outcome::Unfounded | Outcome::Unsolvable)
            if terms.verify_first && matter.status != Status::Verified =>
        {
            Err(Refusal::NotVerified)
        }
        Act::Reply(Publicity::Public) if matter.visibility != Visibility::Public => {
            Err(Refusal::NotPublic)
        }
        Act::Verify(_) if !matches!(matter.status, Status::Answered | Status::Verified) => {
            Err(Refusal::NothingToVerify)
        }
        _ => Ok(()),
    }
}

/// The most changes of category in one matter. Each such step carries its category; with more of
/// them a full matter would not fit an envelope.
const MOST_CATEGORIES: usize = 32;

/// Puts a held matter into another category.
///
/// # Errors
/// A [`Refusal`] if the matter is not held here, is closed, is in that category already, or changed its
/// category 32 times.
pub fn recategorise(
    mut docket: Docket,
    category: Category,
    note: Option<Digest>,
    context: Context<'_>,
) -> Result<Decision, Refusal> {
    let Context { me, tree, .. } = context;
    check_open(&docket, me)?;
    let matter = &mut docket.matter;
    if matter.category == category {
        return Err(Refusal::SameCategory);
    }
    let moved = |step: &&Step| step.act == Act::Recategorise;
    if matter.steps.iter().filter(moved).count() >= MOST_CATEGORIES {
        return Err(Refusal::TooManySteps);
    }
    let left = matter.category.clone();
    let sort = Sort {
        category,
        priority: matter.priority,
    };
    let moved = Step {
        sort: Some(sort),
        ..next_step(matter, Act::Recategorise, note, context)
    };
    record(matter, moved, context)?;
    let sends = notices(matter, me, tree);
    Ok(Decision {
        sends,
        facts: Act::Recategorise.facts().to_vec(),
        left: Some(left),
        ..Decision::of(docket)
    })
}

/// Closes a held matter as merged into `into`. That one is held here, too, and absorbs it
/// ([`absorb`](super::absorb())).
///
/// # Errors
/// A [`Refusal`] if one of them is not held here, the matter is closed, or `into` was merged itself.
pub fn merge(
    docket: Docket,
    into: &Docket,
    note: Option<Digest>,
    context: Context<'_>,
) -> Result<Decision, Refusal> {
    check_absorbs(Some(into), into.matter.id, docket.matter.id, context.me)?;
    let merging = Act::Close(Outcome::Merged(into.matter.id));
    act(docket, merging, note, None, context)
}

/// Gives a held matter to another division: up (`Escalate`, `Object`), down (`Assign`, `Arbitrate`), or back
/// (`Return`, `Yield`).
///
/// # Errors
/// A [`Refusal`] if the matter is not held here, is closed, has open parts, or must not go there.
pub fn transfer(
    docket: Docket,
    act: Act,
    note: Option<Digest>,
    context: Context<'_>,
) -> Result<Decision, Refusal> {
    let Context { me, tree, .. } = context;
    check_open(&docket, me)?;
    let open = docket
        .matter
        .parts()
        .iter()
        .filter(|(_, end)| end.is_none())
        .count();
    if open > 0 {
        return Err(Refusal::PartsOpen(open));
    }
    let bound_for = act.sent_to().ok_or(Refusal::NotWork)?;
    if !tree.has_node(bound_for) {
        return Err(Refusal::NoNode(bound_for));
    }
    match act {
        Act::Escalate(to) if to == me || !tree.contains(to, me) => {
            return Err(Refusal::NotAbove(to));
        }
        Act::Assign(to) | Act::Arbitrate(to) if to == me || !tree.contains(me, to) => {
            return Err(Refusal::NotBelow(to));
        }
        Act::Arbitrate(_) if !was_objected_to(&docket.matter, me) => {
            return Err(Refusal::NothingToArbitrate);
        }
        Act::Return(to) if docket.matter.sent_by(me) != Some(to) => {
            return Err(Refusal::NobodyToReturnTo);
        }
        Act::Object(to, _) if arbiter(&docket, context) != Ok(to) => {
            return Err(Refusal::NobodyToArbitrate);
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
    let mut decision = give(docket, act, note, bound_for, context)?;
    decision
        .sends
        .extend(notices(&decision.docket.matter, me, tree));
    Ok(decision)
}

/// Returns the division to which a held matter would be handed back.
///
/// # Errors
/// A [`Refusal`] if the matter is not held here, is closed, was sent by nobody, or must stay.
pub fn return_to(docket: &Docket, context: Context<'_>) -> Result<DivisionCode, Refusal> {
    let Context { me, terms, .. } = context;
    check_open(docket, me)?;
    let matter = &docket.matter;
    if let Some(arbiter) = matter.arbitrated(me) {
        return Err(Refusal::Arbitrated(arbiter));
    }
    let to = matter.sent_by(me).ok_or(Refusal::NobodyToReturnTo)?;
    match matter.bounces() {
        bounces if bounces >= terms.bounces => Err(Refusal::TooManyBounces(bounces)),
        _ => Ok(to),
    }
}

/// Returns the division that decides if `context.me` objects to having been given the matter: the
/// nearest one above that contains the sender, or is the sender itself.
///
/// # Errors
/// A [`Refusal`] if the matter is not held here, is closed, was decided on before, or no such
/// division exists.
pub fn arbiter(docket: &Docket, context: Context<'_>) -> Result<DivisionCode, Refusal> {
    let Context { me, tree, .. } = context;
    check_open(docket, me)?;
    if let Some(arbiter) = docket.matter.arbitrated(me) {
        return Err(Refusal::Arbitrated(arbiter));
    }
    let sender = docket
        .matter
        .sent_by(me)
        .ok_or(Refusal::NobodyToArbitrate)?;
    let mut above = tree.ancestors(me);
    above
        .find(|above| tree.contains(*above, sender))
        .ok_or(Refusal::NobodyToArbitrate)
}

/// Returns whether the matter came to `me` because another division objected to it.
fn was_objected_to(matter: &Matter, me: DivisionCode) -> bool {
    let mut steps = matter.steps.iter().rev();
    steps
        .find(|step| step.by != me && step.act.sent_to().is_some())
        .is_some_and(|step| matches!(step.act, Act::Object(to, _) if to == me))
}

pub(super) fn give(
    mut docket: Docket,
    act: Act,
    note: Option<Digest>,
    bound_for: DivisionCode,
    context: Context<'_>,
) -> Result<Decision, Refusal> {
    let Context { me, tree, .. } = context;
    let to = tree
        .next_hop(me, bound_for)
        .ok_or(Refusal::NoNode(bound_for))?;
    let matter = &mut docket.matter;
    let version = Version {
        cv: matter.version.cv.next(),
        rev: 0,
    };
    let given = Step {
        version,
        ..next_step(matter, act, note, context)
    };
    record(matter, given, context)?;
    matter.holder = me;
    matter.transit = Some(to);
    docket.standing = Standing::Giving { to, bound_for };
    let lane = Lane::of(matter.priority);
    let payload = Payload::Give {
        matter: Box::new(matter.clone()),
        bound_for,
    };
    let sends = vec![Outgoing { to, lane, payload }];
    Ok(Decision {
        sends,
        facts: act.facts().to_vec(),
        ..Decision::of(docket)
    })
}

pub(super) fn check_open(docket: &Docket, me: DivisionCode) -> Result<(), Refusal> {
    check_held(docket, me)?;
    let matter = &docket.matter;
    match () {
        () if matter.is_closed() => Err(Refusal::Closed),
        () if matter.steps.len() >= MOST_STEPS => Err(Refusal::TooManySteps),
        () => Ok(()),
    }
}

pub(super) fn check_held(docket: &Docket, me: DivisionCode) -> Result<(), Refusal> {
    match docket.standing {
        Standing::Holding if docket.awaits => Err(Refusal::Awaits),
        Standing::Holding => Ok(()),
        Standing::Giving { to, .. } => Err(Refusal::InTransit(to)),
        Standing::Elsewhere => Err(Refusal::NotHolder(holder_to_ask(docket, me).0)),
    }
}

/// Records a step of the holder within the current custody version.
pub(super) fn step(
    matter: &mut Matter,
    act: Act,
    note: Option<Digest>,
    context: Context<'_>,
) -> Result<(), Refusal> {
    record(matter, next_step(matter, act, note, context), context)
}

pub(super) fn next_step(
    matter: &Matter,
    act: Act,
    note: Option<Digest>,
    context: Context<'_>,
) -> Step {
    let mut version = matter.version;
    version.rev += 1;
    Step {
        version,
        at: context.now,
        by: context.me,
        act,
        sort: None,
        note,
        request: None,
        voice: None,
    }
}

/// Records a step, and applies what it changes and the clocks it moves.
fn record(matter: &mut Matter, step: Step, context: Context<'_>) -> Result<(), Refusal> {
    matter.record(step).map_err(|_| Refusal::NotNow)?;
    keep_time(matter, context);
    Ok(())
}

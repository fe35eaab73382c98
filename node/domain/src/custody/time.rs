//! The effect of each step on the clocks of a matter. Clocks travel with custody, and no hand-over
//! resets a running one.

use super::{
    Context, Decision, Docket, MOST_STEPS, Refusal,
    act::{check_held, step, transfer},
    clocks::Moves,
    hear::notices,
};
use crate::{
    calendar::Allowance,
    clock::{EventKind, ExtensionReason, PauseReason, Stage, Told},
    matter::{Act, Matter, Step},
    policy::{Case, Ruling},
    suite::Digest,
    time::Timestamp,
};

/// Returns what policy says about a matter at this division.
pub fn ruling(matter: &Matter, context: Context<'_>) -> Ruling {
    let case = Case {
        category: &matter.category,
        priority: matter.priority,
        channel: matter.channel,
        origin: matter.id.origin,
    };
    context.policy.rule(&case, context.tree)
}

/// Starts, ends and cancels the clocks that the latest step affects.
pub(super) fn keep_time(matter: &mut Matter, context: Context<'_>) {
    let Moves {
        ends,
        cancels,
        starts,
    } = Moves::of(&matter.steps);
    for stage in ends {
        // Not every stage has a clock.
        let _not_running = matter.clocks.end(*stage, context.now);
    }
    for stage in cancels {
        let _not_running = matter.clocks.cancel(*stage, context.now);
    }
    if starts.is_empty() {
        return;
    }
    let ruling = ruling(matter, context);
    let calendar = context.policy.calendar().value;
    for stage in starts {
        if let Some(terms) = ruling.terms(*stage, calendar, context.now) {
            // A running clock continues: nothing resets it.
            let _runs = matter.clocks.start(terms, calendar, context.now);
        }
    }
}

/// A change that an official makes to the clocks of a matter held here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Pauses every clock that may be paused.
    Pause(PauseReason),
    /// Resumes every paused clock.
    Resume,
    /// Extends the clock of one stage.
    Extend(Stage, Allowance, ExtensionReason),
}

/// Pauses, resumes or extends clocks within the bounds of policy.
///
/// # Errors
/// A [`Refusal`] if the matter is not held here, is closed, or policy does not allow it.
pub fn change_clocks(
    mut docket: Docket,
    turn: Turn,
    note: Option<Digest>,
    context: Context<'_>,
) -> Result<Decision, Refusal> {
    check_held(&docket, context.me)?;
    let matter = &mut docket.matter;
    match () {
        () if matter.is_closed() => return Err(Refusal::Closed),
        () if matter.steps.len() >= MOST_STEPS => return Err(Refusal::TooManySteps),
        () => {}
    }
    let bounds = ruling(matter, context).bounds();
    let calendar = context.policy.calendar().value;
    let clocks = &mut matter.clocks;
    let done = match turn {
        Turn::Pause(reason) => {
            clocks.pause_all(reason, &bounds, calendar, context.now)?;
            Act::Pause(reason)
        }
        Turn::Resume => {
            clocks.resume_all(calendar, context.now)?;
            Act::Resume
        }
        Turn::Extend(stage, by, reason) => {
            clocks.extend(stage, by, reason, &bounds, calendar, context.now)?;
            Act::Extend(stage, reason)
        }
    };
    step(matter, done, note, context)?;
    let sends = notices(matter, context.me, context.tree);
    Ok(Decision {
        sends,
        ..Decision::of(docket)
    })
}

/// Returns when the holder has something to announce about a matter next: because of its clocks, or
/// because it is overdue and nobody works on it here. `None` if this node does not hold it, or
/// nothing is to come.
pub fn next_moment(docket: &Docket, context: Context<'_>) -> Option<Timestamp> {
    check_held(docket, context.me).ok()?;
    let clocks = docket.matter.clocks.next_moment();
    clocks.into_iter().chain(rises_at(docket, context)).min()
}

/// Returns when an overdue matter goes up again because nobody worked on it: it has as long from
/// its arrival here as the first answer has. `None` if it is not overdue, somebody works on it, or
/// it cannot go up.
fn rises_at(docket: &Docket, context: Context<'_>) -> Option<Timestamp> {
    let matter = &docket.matter;
    let mut late = matter.clocks.iter().filter(|clock| {
        clock.is_open() && clock.told == Told::Overdue && clock.stage.may_escalate()
    });
    let late = late.next()?;
    let came = |step: &Step| step.by == context.me && matches!(step.act, Act::Take | Act::TakeBack);
    let came = matter.steps.iter().rposition(came)?;
    let since = &matter.steps[came..];
    if since
        .iter()
        .any(|step| step.by == context.me && is_touch(step.act))
    {
        return None;
    }
    let policy = ruling(matter, context);
    if !policy.escalates_on(late.stage) {
        return None;
    }
    let at = since.first()?.at;
    let calendar = context.policy.calendar().value;
    let time = policy.terms(Stage::Respond, calendar, at)?.allowance;
    let above = context.tree.parent(context.me)?;
    transfer(docket.clone(), Act::Escalate(above), None, context).ok()?;
    Some(calendar.add(at, time))
}

/// Returns whether the act shows that somebody works on the matter.
const fn is_touch(act: Act) -> bool {
    matches!(
        act,
        Act::Accept
            | Act::Dispatch(_)
            | Act::Handle
            | Act::Feedback
            | Act::Visit
            | Act::Verify(_)
            | Act::Reply(_)
            | Act::Recategorise
            | Act::Prioritise(_)
            | Act::Pause(_)
            | Act::Extend(..)
            | Act::OpenPart(_)
    )
}

/// Announces, once each, what became true of the clocks of a matter held here. Gives the matter one
/// tier up where policy says so: when it becomes overdue, and again if nobody worked on it. Returns
/// `None` if there is nothing to announce.
pub fn tick(mut docket: Docket, context: Context<'_>) -> Option<Decision> {
    check_held(&docket, context.me).ok()?;
    let mut escalates = rises_at(&docket, context).is_some_and(|at| at <= context.now);
    let events = docket.matter.clocks.tick(context.now);
    let policy = ruling(&docket.matter, context);
    for event in &events {
        let said = match event.kind {
            EventKind::PauseOver => Act::Resume,
            EventKind::DueSoon => Act::Warn(event.stage),
            EventKind::Overdue => {
                escalates |= policy.escalates_on(event.stage);
                Act::Overdue(event.stage)
            }
        };
        if docket.matter.steps.len() < MOST_STEPS {
            step(&mut docket.matter, said, None, context).ok()?;
        }
    }
    if events.is_empty() && !escalates {
        return None;
    }
    let above = context
        .tree
        .parent(context.me)
        .filter(|_| escalates && !docket.matter.is_closed());
    let risen =
        above.and_then(|above| transfer(docket.clone(), Act::Escalate(above), None, context).ok());
    Some(risen.unwrap_or_else(|| Decision {
        sends: notices(&docket.matter, context.me, context.tree),
        ..Decision::of(docket)
    }))
}

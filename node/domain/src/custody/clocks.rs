//! The table of clocks that each step starts and ends. The division that acts and those that
//! receive its notice both use it. The policy of the acting division sets the times; clocks change
//! only by steps.

use crate::{
    clock::{Clock, Clocks, Stage, Told},
    matter::{Act, Appeal, Matter, Outcome, Step},
};

use super::MOST_STEPS;

/// The changes that a step makes to the clocks of its matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Moves {
    pub(super) ends: &'static [Stage],
    pub(super) cancels: &'static [Stage],
    pub(super) starts: &'static [Stage],
}

impl Moves {
    /// Returns the changes that the last of these steps makes.
    pub(super) fn of(steps: &[Step]) -> Self {
        use Stage::{
            Arbitrate, CallBack, Finish, Handle, Object, RereviewAnswer, RereviewAsk, Respond,
            ReviewAnswer, ReviewAsk, Route,
        };
        let Some(last) = steps.last() else {
            return Self::default();
        };
        let assigned = || {
            let mut sent = steps
                .iter()
                .rev()
                .filter(|step| step.act.sent_to().is_some());
            sent.next()
                .is_some_and(|step| matches!(step.act, Act::Assign(_)))
        };
        let reviews = || {
            let reviewed = |step: &&Step| step.act == Act::Reopen(Appeal::Review);
            steps.iter().filter(reviewed).count()
        };
        let (ends, starts): (&'static [Stage], &'static [Stage]) = match last.act {
            Act::Report => (&[], &[Route, Respond, Handle, Finish]),
            Act::Accept | Act::Handle | Act::Feedback | Act::Visit | Act::Reply(_) => {
                (&[Respond], &[])
            }
            Act::Dispatch(_) => (&[Route, Respond], &[]),
            Act::Escalate(_) | Act::Assign(_) => (&[Route], &[]),
            Act::Take if assigned() => (&[], &[Object]),
            Act::Return(_) => (&[Object], &[]),
            Act::Object(..) => (&[Object], &[Arbitrate]),
            Act::Arbitrate(_) => (&[Arbitrate], &[]),
            Act::Close(Outcome::Withdrawn | Outcome::Merged(_)) => {
                return Self {
                    cancels: &Stage::ALL,
                    ..Self::default()
                };
            }
            Act::Close(_) => {
                return Self {
                    ends: &[Respond, Handle, Finish, ReviewAnswer, RereviewAnswer],
                    cancels: &[Route, Object, Arbitrate],
                    starts: match reviews() {
                        0 => &[CallBack, ReviewAsk],
                        1 => &[CallBack, RereviewAsk],
                        // The decision of the re-review is final.
                        _ => &[CallBack],
                    },
                };
            }
            Act::Reopen(Appeal::Contest) => (&[CallBack], &[Finish]),
            Act::Reopen(Appeal::Review) => match reviews() {
                0 | 1 => (&[CallBack, ReviewAsk], &[ReviewAnswer]),
                _ => (&[CallBack, RereviewAsk], &[RereviewAnswer]),
            },
            Act::Rate(_) => (&[CallBack], &[]),
            _ => (&[], &[]),
        };
        Self {
            ends,
            starts,
            cancels: &[],
        }
    }
}

/// Returns whether the steps since the known state explain every change of the matter's clocks.
pub(super) fn keeps_time(known: Option<&Matter>, now: &Matter) -> bool {
    let none = Clocks::default();
    let (before, recorded) = known.map_or((&none, 0), |known| (&known.clocks, known.steps.len()));
    explained(before, &now.clocks, &now.steps, recorded)
}

fn explained(before: &Clocks, now: &Clocks, steps: &[Step], known: usize) -> bool {
    let (mut starts, mut ends): (Vec<Stage>, Vec<Stage>) = (vec![], vec![]);
    let mut stopped = false;
    let (mut extended, mut told) = (vec![], vec![]);
    for at in known..steps.len() {
        let moves = Moves::of(&steps[..=at]);
        starts.extend(moves.starts);
        ends.extend(moves.ends.iter().chain(moves.cancels));
        match steps[at].act {
            Act::Pause(_) | Act::Resume => stopped = true,
            Act::Extend(stage, _) => {
                extended.push(stage);
            }
            Act::Warn(stage) => {
                told.push((stage, Told::DueSoon));
            }
            Act::Overdue(stage) => {
                told.push((stage, Told::Overdue));
            }
            _ => {}
        }
    }
    // A full matter gets no more steps for announcements, but its clocks record them.
    let full = steps.len() >= MOST_STEPS;
    now.iter().enumerate().all(|(at, clock)| {
        let stage = clock.stage;
        let same = |other: &&Clock| other.is_same_as(clock);
        // A clock that ended and one that started at the same moment look alike; their order
        // distinguishes them.
        let earlier = now.iter().take(at).filter(same).count();
        // The earlier state of a clock that is seen for the first time is unknown.
        let Some(was) = before.iter().filter(same).nth(earlier) else {
            return starts.contains(&stage);
        };
        let announced = |kind| was.told >= kind || told.contains(&(stage, kind)) || full;
        let extends = clock.extension != was.extension;
        let stops = (clock.pause, &clock.paused) != (was.pause, &was.paused);
        let ended = clock.ended != was.ended;
        let moved = (was.due, was.warn) != (clock.due, clock.warn);
        (!ended || ends.contains(&stage))
            && (!extends || extended.contains(&stage))
            // A pause that ran out is removed by the next change of the clock.
            && (!stops || stopped || ended || extends || full)
            && (!moved || stops || extends)
            && (clock.told < Told::DueSoon || announced(Told::DueSoon) || announced(Told::Overdue))
            && (clock.told < Told::Overdue || announced(Told::Overdue))
    })
}

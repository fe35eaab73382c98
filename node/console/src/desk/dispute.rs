//! A dispute about whose a matter is: what both sides said, the rule that decides, and by when.

use api::{MatterView, StepView};
use domain::{clock::Stage, matter::Act};

use super::{
    clock::State,
    steps::{self, Step},
};
use crate::{policy::rule, visit::Visit, when::When};

/// A dispute.
pub(super) struct Dispute {
    /// What was said, in the order of time.
    pub(super) claims: Vec<Step>,
    /// The division that decides.
    pub(super) arbiter: String,
    /// The clock of the decision: how it stands, when it is due, and the line of policy that set it.
    pub(super) clock: Option<(State, When, String)>,
    pub(super) is_decided: bool,
}

/// Whether a step is a claim: given to a division, or an objection, or what became of it.
const fn is_claim(step: &StepView) -> bool {
    matches!(
        step.act,
        Act::Assign(_) | Act::Object(..) | Act::Arbitrate(_)
    )
}

impl Dispute {
    /// Returns the latest dispute of a matter, if there is one.
    pub(super) fn of(visit: &Visit, view: &MatterView, now_ms: i64) -> Option<Self> {
        let objected = |step: &StepView| matches!(step.act, Act::Object(..));
        let last = view.steps.iter().rposition(objected)?;
        let Act::Object(arbiter, _) = view.steps[last].act else {
            return None;
        };
        // It begins with the first assignment that was objected to since the last decision.
        let decided = |step: &StepView| matches!(step.act, Act::Arbitrate(_));
        let before = view.steps[..last].iter().rposition(decided);
        let begin = before.map_or(0, |before| before + 1);
        let mut claims = steps::of(visit, view, &[]);
        claims.reverse();
        let claims = view.steps.iter().zip(claims).skip(begin);
        let claims = claims.filter(|(step, _)| is_claim(step));
        let clocks = view.clocks.iter().rev();
        let clock = clocks
            .filter(|clock| clock.stage == Stage::Arbitrate)
            .map(|clock| {
                let state = State::of_clock(visit.w, clock, now_ms);
                (
                    state,
                    visit.when(clock.due_ms),
                    rule(visit.w, |issuer| visit.name_of(issuer), &clock.rule),
                )
            });
        Some(Self {
            claims: claims.map(|(_, step)| step).collect(),
            arbiter: visit.name_of(arbiter),
            clock: clock.into_iter().next(),
            is_decided: view.steps[last..].iter().any(decided),
        })
    }
}

//! Verification by another person (核查): the person who handled a matter does not verify it, and the
//! reporter does not close it before any work was done.
//!
//! A matter's steps name only divisions, so each node records for itself which of its own people
//! worked on it.

use serde::{Deserialize, Serialize};

use super::{CustodyLimits, Refusal};
use crate::{
    actor::Actor,
    matter::{Act, Matter, Outcome, Step, Version},
};

/// The people who worked on a matter at this node, each with the version after their last work.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handlers(Vec<(Version, Actor)>);

impl Handlers {
    /// Notes who made the latest step of a matter if it was work: handling, feedback, or a reply.
    /// Forgets those who worked before the matter was last found not done or reopened. Returns
    /// whether anything changed.
    pub fn note(&mut self, matter: &Matter, by: &Actor) -> bool {
        let worked = |step: &&Step| is_work(step.act);
        let Some(step) = matter.steps.last().filter(worked) else {
            return false;
        };
        let since = round(matter);
        self.0.retain(|(at, who)| *at > since && who != by);
        self.0.push((step.version, by.clone()));
        true
    }

    /// Checks whether the person `by` may do this with the matter in its current state.
    ///
    /// # Errors
    /// [`Refusal::OwnWork`] if they would verify their own work, or close the matter after it, and
    /// policy requires another person; [`Refusal::OwnReport`] if they would close their own report
    /// as solved, unfounded or unsolvable and no work was done since.
    pub fn check(
        &self,
        matter: &Matter,
        act: Act,
        by: &Actor,
        reporter: Option<&Actor>,
        terms: CustodyLimits,
    ) -> Result<(), Refusal> {
        let since = round(matter);
        let own = |(at, who): &(Version, Actor)| *at > since && who == by;
        let judges = match act {
            Act::Verify(_) => true,
            Act::Close(outcome) => outcome.is_decided() || matches!(outcome, Outcome::Merged(_)),
            _ => false,
        };
        if judges && terms.verify_by_another && self.0.iter().any(own) {
            return Err(Refusal::OwnWork);
        }
        let done = |step: &Step| step.version > since && is_work(step.act);
        match act {
            Act::Close(Outcome::Solved | Outcome::Unfounded | Outcome::Unsolvable)
                if reporter == Some(by) && !matter.steps.iter().any(done) =>
            {
                Err(Refusal::OwnReport)
            }
            _ => Ok(()),
        }
    }
}

const fn is_work(act: Act) -> bool {
    matches!(act, Act::Handle | Act::Feedback | Act::Reply(_))
}

/// Returns the version after which the current round of work began: when the matter was last found
/// not done or reopened; zero if never.
fn round(matter: &Matter) -> Version {
    let began = |step: &&Step| matches!(step.act, Act::Verify(false) | Act::Reopen(_));
    let mut steps = matter.steps.iter().rev();
    steps
        .find(began)
        .map_or_else(Version::default, |step| step.version)
}

//! Verification by another person (核查): whoever handled a matter does not also say that it is done, nor
//! whoever reported it before anything was.
//!
//! A matter's steps name divisions only, so each node keeps for itself who of its own people worked on it.

use serde::{Deserialize, Serialize};

use super::{Refusal, Terms};
use crate::{
    actor::Actor,
    matter::{Act, Matter, Outcome, Step, Version},
};

/// Who worked on a matter at this node, with the version after the last work of each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handlers(Vec<(Version, Actor)>);

impl Handlers {
    /// Notes who made the latest step of a matter, if that was work on it: handling, feedback, or an
    /// answer. Whoever worked before it was found not done, or opened anew, is forgotten. Gives
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

    /// Whether this person may do this with the matter as it is.
    ///
    /// # Errors
    /// [`Refusal::OwnWork`] if it is their own work that they would verify or close, however, and
    /// policy wants another; [`Refusal::OwnReport`] if they would close what they reported themselves
    /// and nothing was done since.
    pub fn check(
        &self,
        matter: &Matter,
        act: Act,
        by: &Actor,
        reporter: Option<&Actor>,
        terms: Terms,
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

/// The step after which the work began that is now to be verified.
fn round(matter: &Matter) -> Version {
    let began = |step: &&Step| matches!(step.act, Act::Verify(false) | Act::Reopen(_));
    let mut steps = matter.steps.iter().rev();
    steps
        .find(began)
        .map_or_else(Version::default, |step| step.version)
}

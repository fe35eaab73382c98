//! The custodies of a matter, read out of its steps.

use std::ops::Range;

use topology::{DivisionCode, Tree};

use crate::{
    matter::{Act, CustodyVersion, Matter, State, Step, Version},
    time::Timestamp,
};

/// One stay of a matter with one division.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Custody {
    /// The division.
    pub division: DivisionCode,
    /// The neighbour it came from; `None` where it was reported.
    pub from: Option<DivisionCode>,
    /// The neighbour to which it was handed; `None` while it is there.
    pub to: Option<DivisionCode>,
    /// Time when it was taken, by that division's clock.
    pub at: Timestamp,
    /// Custody version under which it was taken.
    pub cv: CustodyVersion,
    /// Custody version of the stay before; `None` for the first.
    pub previous: Option<CustodyVersion>,
    /// Indices of its steps among those of the matter; never empty.
    pub steps: Range<usize>,
}

/// The reason why steps are not those of one life of a matter.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// The first step is not a report at the division in the matter's id.
    #[error("its first step is not a report at the division in its number")]
    Beginning,
    /// The version of a step does not follow the one before.
    #[error("step {0} does not have the version that follows on the one before it")]
    Version(usize),
    /// A step is by a division that did not have the matter then.
    #[error("step {0} is by {1}, which did not have the matter then")]
    NotItsTurn(usize, DivisionCode),
    /// A step cannot follow the ones before it.
    #[error("step {0} cannot follow on the one before it")]
    OutOfPlace(usize),
    /// A step hands the matter to a division that cannot be reached from where it was.
    #[error("step {0} hands it to {1}, which cannot be reached from there")]
    NoWay(usize, DivisionCode),
    /// The state that the matter claims does not follow from its steps.
    #[error("its state is not the one its steps lead to")]
    State,
}

struct Way {
    next: DivisionCode,
    bound_for: DivisionCode,
}

/// Returns every stay, oldest first. The steps must lead from the report to the state that the
/// matter claims.
///
/// # Errors
/// [`Broken`], with the number of the bad step, from 1.
pub fn custodies(matter: &Matter, tree: &Tree) -> Result<Vec<Custody>, Broken> {
    let mut stays = vec![beginning(matter)?];
    let mut way: Option<Way> = None;
    for (index, pair) in matter.steps.windows(2).enumerate() {
        let (index, before, step) = (index + 1, pair[0].version, &pair[1]);
        let number = index + 1;
        let stay = stays.last_mut().expect("it began with one");
        let given = step.version.rev == 0;
        if !follows(before, step.version) {
            return Err(Broken::Version(number));
        }
        match (&way, step.act) {
            // The neighbour took it, at the end of its way or to forward it.
            (Some(Way { next, bound_for }), act @ (Act::Take | Act::Relay(_))) => {
                let fits = match act {
                    Act::Relay(to) => given && to == *bound_for && next != bound_for,
                    _ => !given && next == bound_for,
                };
                if !fits {
                    return Err(Broken::OutOfPlace(number));
                }
                if step.by != *next {
                    return Err(Broken::NotItsTurn(number, step.by));
                }
                let came = arrival(stay, before.cv, step, index);
                way = match act {
                    Act::Relay(to) => Some(towards(step.by, to, number, tree)?),
                    _ => None,
                };
                stays.push(came);
            }
            (Some(_), Act::TakeBack) if !given => {
                if step.by != stay.division {
                    return Err(Broken::NotItsTurn(number, step.by));
                }
                stay.to = None;
                way = None;
            }
            (Some(_), _) | (None, Act::Take | Act::TakeBack | Act::Relay(_) | Act::Report) => {
                return Err(Broken::OutOfPlace(number));
            }
            (None, act) => {
                if step.by != stay.division {
                    return Err(Broken::NotItsTurn(number, step.by));
                }
                match act.sent_to() {
                    Some(to) if given => way = Some(towards(step.by, to, number, tree)?),
                    None if !given => {}
                    _ => return Err(Broken::OutOfPlace(number)),
                }
            }
        }
        let stay = stays.last_mut().expect("it began with one");
        stay.to = way.as_ref().map(|way| way.next);
        stay.steps.end = index + 1;
    }
    let last = stays.last().expect("it began with one");
    let leads_there = matter.steps.last().map(|step| step.version) == Some(matter.version)
        && matter.holder == last.division
        && matter.transit == last.to
        && State::of(&matter.steps) == Ok(matter.state());
    leads_there.then_some(stays).ok_or(Broken::State)
}

/// Returns the custody of the division that the matter was reported to.
fn beginning(matter: &Matter) -> Result<Custody, Broken> {
    let first = matter.steps.first().ok_or(Broken::Beginning)?;
    let begin = Version {
        cv: CustodyVersion { term: 0, n: 1 },
        rev: 1,
    };
    if first.act != Act::Report || first.by != matter.id.origin || first.version != begin {
        return Err(Broken::Beginning);
    }
    Ok(Custody {
        division: first.by,
        from: None,
        to: None,
        at: first.at,
        cv: first.version.cv,
        previous: None,
        steps: 0..1,
    })
}

/// Whether a version follows one: the next custody, or the next revision of the same.
fn follows(before: Version, version: Version) -> bool {
    match version.rev == 0 {
        true => version.cv == before.cv.next(),
        false => version.cv == before.cv && Some(version.rev) == before.rev.checked_add(1),
    }
}

/// Builds the stay that begins with this step. It is under the version that the giver proposed; a
/// division that forwards the matter proposes the next version itself.
fn arrival(before: &Custody, cv: CustodyVersion, step: &Step, index: usize) -> Custody {
    Custody {
        division: step.by,
        from: Some(before.division),
        to: None,
        at: step.at,
        cv,
        previous: Some(before.cv),
        steps: index..index + 1,
    }
}

fn towards(
    from: DivisionCode,
    bound_for: DivisionCode,
    number: usize,
    tree: &Tree,
) -> Result<Way, Broken> {
    let next = tree.next_hop(from, bound_for);
    let next = next.ok_or(Broken::NoWay(number, bound_for))?;
    Ok(Way { next, bound_for })
}

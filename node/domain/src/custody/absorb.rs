//! Merging (并案): a matter absorbs another, and everybody who reported one of them is told.

use topology::DivisionCode;

use super::{
    Context, Decision, Docket, MOST_STEPS, Refusal, Standing,
    act::{check_held, step},
    hear::notices,
};
use crate::{
    ids::MatterId,
    matter::{Act, CustodyVersion, Matter, Outcome, Status},
};

/// Checks whether the matter `id` can absorb `other` here: it must be held here, and must not have been
/// merged into a third.
///
/// # Errors
/// [`Refusal::MergeElsewhere`] if it is not held here, [`Refusal::MergedWithItself`] if it is `other` or
/// was merged, or [`Refusal::TooManySteps`].
pub fn check_absorbs(
    into: Option<&Docket>,
    id: MatterId,
    other: MatterId,
    me: DivisionCode,
) -> Result<(), Refusal> {
    let ended =
        |docket: &&Docket| matches!(docket.matter.status, Status::Closed(Outcome::Merged(_)));
    if id == other || into.as_ref().is_some_and(ended) {
        return Err(Refusal::MergedWithItself);
    }
    let held = into.filter(|docket| check_held(docket, me).is_ok());
    match held {
        None => Err(Refusal::MergeElsewhere(id)),
        Some(docket) if docket.matter.steps.len() >= MOST_STEPS => Err(Refusal::TooManySteps),
        Some(_) => Ok(()),
    }
}

/// Notes in a held matter that `other` was merged into it. Returns `None` if that is noted already, or
/// is not possible.
pub fn absorb(mut into: Docket, other: MatterId, context: Context<'_>) -> Option<Decision> {
    let known = into.matter.absorbed().any(|known| known == other);
    if known || check_absorbs(Some(&into), into.matter.id, other, context.me).is_err() {
        return None;
    }
    step(&mut into.matter, Act::Absorb(other), None, context).ok()?;
    Some(Decision {
        sends: notices(&into.matter, context.me, context.tree),
        ..Decision::of(into)
    })
}

/// Applies the first notice about a matter that absorbed a matter known here. By this node's copy
/// the known one must have ended that way. It is for the division that reported the absorbed matter
/// and those on the way there; the path of the absorbing matter may lie elsewhere. Returns `None`
/// if the notice says no such thing.
pub fn hear_of_absorber(
    absorbed: &Docket,
    notice: &Matter,
    author: DivisionCode,
    context: Context<'_>,
) -> Option<Decision> {
    let Context { me, tree, .. } = context;
    let mine = &absorbed.matter;
    let merged = mine.status == Status::Closed(Outcome::Merged(notice.id));
    let side = mine.left_by(me, tree);
    let from_there = side.is_none() || side == tree.next_hop(me, author);
    let told = notice.absorbed().any(|other| other == mine.id);
    let hears = merged && from_there && told && !notice.concerns(me, tree);
    hears.then(|| {
        let taken = CustodyVersion::default();
        Decision::of(Docket::copy_of(notice.clone(), Standing::Elsewhere, taken))
    })
}

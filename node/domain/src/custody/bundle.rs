//! Bundles (一窗受理, 最多跑一次): one intake, several parts that are worked on at once, one end. The
//! division that took in the bundle keeps it until all parts are done.

use super::{
    Context, Decision, Docket, MOST_STEPS, Refusal,
    act::{check_held, check_open, step},
    hear::notices,
};
use crate::{
    ids::MatterId,
    matter::{Act, Outcome},
    suite::Digest,
};

/// The most parts of one bundle.
const MOST_PARTS: usize = 32;

/// Notes in a held bundle that a part of it was opened.
///
/// # Errors
/// A [`Refusal`] if the bundle is not held here, is closed, is itself a part, or has too many parts.
pub fn open_part(
    mut bundle: Docket,
    part: MatterId,
    context: Context<'_>,
) -> Result<Decision, Refusal> {
    let Context { me, tree, .. } = context;
    check_held(&bundle, me)?;
    let matter = &mut bundle.matter;
    match () {
        () if matter.is_closed() => return Err(Refusal::Closed),
        () if matter.bundle().is_some() => return Err(Refusal::PartOfPart),
        () if matter.parts().len() >= MOST_PARTS => {
            return Err(Refusal::TooManyParts(MOST_PARTS));
        }
        () if matter.steps.len() >= MOST_STEPS => return Err(Refusal::TooManySteps),
        () => {}
    }
    step(matter, Act::OpenPart(part), None, context)?;
    let sends = notices(matter, me, tree);
    Ok(Decision {
        sends,
        ..Decision::of(bundle)
    })
}

/// Makes a held matter a part of a held bundle. It stays a matter of its own: its clocks, its holder and what its
/// reporter may do are the same. The bundle notes it by [`open_part`] in the same unit.
///
/// # Errors
/// A [`Refusal`] if one of them is not held here or is closed, the matter is a bundle or a part already, or the bundle
/// takes no more parts.
pub fn join(
    mut docket: Docket,
    bundle: &Docket,
    note: Option<Digest>,
    context: Context<'_>,
) -> Result<Decision, Refusal> {
    check_joins(&docket, context)?;
    let (part, whole) = (docket.matter.id, bundle.matter.id);
    if part == whole {
        return Err(Refusal::JoinsItself);
    }
    open_part(bundle.clone(), part, context)?;
    step(&mut docket.matter, Act::Join(whole), note, context)?;
    let sends = notices(&docket.matter, context.me, context.tree);
    Ok(Decision {
        sends,
        ..Decision::of(docket)
    })
}

/// Checks whether a matter can become a part of some bundle.
///
/// # Errors
/// A [`Refusal`] if it is not held here, is closed or full, or is a bundle or a part already.
pub fn check_joins(docket: &Docket, context: Context<'_>) -> Result<(), Refusal> {
    check_open(docket, context.me)?;
    match docket.matter.bundle() {
        Some(bundle) => Err(Refusal::PartAlready(bundle)),
        None if !docket.matter.parts().is_empty() => Err(Refusal::BundleAlready),
        None => Ok(()),
    }
}

/// Notes in a held bundle that one of its parts ended. Without an `end` the part is open again.
/// Returns `None` if nothing changes, or if the bundle is closed or no longer here.
pub fn end_part(
    mut bundle: Docket,
    part: MatterId,
    end: Option<Outcome>,
    context: Context<'_>,
) -> Option<Decision> {
    let Context { me, tree, .. } = context;
    let matter = &mut bundle.matter;
    let known = matter.parts().into_iter().find(|(id, _)| *id == part)?;
    let full = matter.steps.len() >= MOST_STEPS;
    if check_held(&bundle, me).is_err() || known.1 == end || (full && end.is_none()) {
        return None;
    }
    let matter = &mut bundle.matter;
    if matter.is_closed() {
        return None;
    }
    let act = end.map_or(Act::OpenPart(part), |outcome| Act::EndPart(part, outcome));
    step(matter, act, None, context).ok()?;
    let sends = notices(matter, me, tree);
    Some(Decision {
        sends,
        ..Decision::of(bundle)
    })
}

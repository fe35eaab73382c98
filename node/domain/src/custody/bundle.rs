//! Bundles (一窗受理, 最多跑一次): one intake, several parts that are worked on at once, one end. The
//! division that took in the bundle keeps it until all parts are done.

use super::{
    Context, Decision, Docket, MOST_STEPS, Refusal,
    act::{check_held, step},
    hear::notices,
};
use crate::{
    ids::MatterId,
    matter::{Act, Outcome},
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
        () if matter.part_of.is_some() => return Err(Refusal::PartOfPart),
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

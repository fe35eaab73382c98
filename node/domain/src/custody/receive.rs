//! The receiving end of a transfer: takes or refuses it, and settles the answer at the giver.

use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{
    Context, Decision, Docket, MOST_MORE_STEPS, MOST_STEPS, Recollection, Standing,
    act::{give, step},
    clocks::keeps_time,
    hear::{notices, unpark},
};
use crate::{
    category::Visibility,
    custody::requests::send_unsent,
    matter::{Act, CustodyVersion, Matter},
    receipt,
};

/// The reason why a neighbour's transfer is refused. The giver then holds the matter again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum GiveRefusal {
    /// A transfer of this custody version or a later one was refused before.
    #[error("a transfer of this version was refused before; give it again")]
    RefusedBefore,
    /// This node holds the matter under another version.
    #[error("the receiver holds this matter itself")]
    HeldHere,
    /// The destination is unknown, has no node, or does not lie beyond this node.
    #[error("the way to the division it is bound for does not lead through the receiver")]
    NoWay,
    /// The matter is a direct complaint about the receiver, its destination, or one above them.
    #[error("the matter is a direct complaint about the receiver")]
    Concerned,
    /// The giver cannot hold the matter, as far as this node knows.
    #[error("the giver has no standing to give this matter")]
    NotItsToGive,
    /// The state contradicts itself or what this node knows of the matter.
    #[error("the matter's state contradicts itself")]
    Malformed,
    /// The matter is closed.
    #[error("the matter is closed")]
    Closed,
}

/// The result of receiving a transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Taken before: acknowledge again, change nothing.
    Already,
    /// Refused: this custody version and earlier ones must never be taken later.
    Refused(GiveRefusal),
    /// Taken, and forwarded in the same decision if it is bound for another division.
    Now(Box<Decision>),
}

/// A transfer as it arrives.
#[derive(Clone, Copy, Debug)]
pub struct Incoming<'a> {
    /// The giving neighbour.
    pub from: DivisionCode,
    /// The matter at the proposed version.
    pub matter: &'a Matter,
    /// The matter's final destination.
    pub bound_for: DivisionCode,
}

/// Takes a transfer, takes and forwards it, or refuses it. `refused` is the highest custody version
/// that this node refused.
pub fn receive(
    known: Option<&Docket>,
    refused: CustodyVersion,
    incoming: Incoming<'_>,
    recollection: Recollection,
    context: Context<'_>,
) -> Taken {
    let me = context.me;
    let Incoming {
        from,
        matter,
        bound_for,
    } = incoming;
    let cv = matter.version.cv;
    if let Some(docket) = known.filter(|docket| docket.taken >= cv) {
        // If they differ, two matters have the same number: the origin's store went back in time
        // without noticing.
        return match docket.matter.is_same_as(matter) {
            true => Taken::Already,
            false => Taken::Refused(GiveRefusal::Malformed),
        };
    }
    // It was taken in the lost period, and later steps continue it.
    let went_on =
        |docket: &Docket| docket.matter.version > matter.version && docket.matter.continues(matter);
    if recollection.lost && known.is_some_and(went_on) {
        return Taken::Already;
    }
    // Custody counts for more than a notice: a copy that came by notice and contradicts the
    // transfer is ignored.
    let counts = |docket: &&Docket| docket.was_here() || matter.continues(&docket.matter);
    let checked = check_give(
        known.filter(counts),
        refused,
        incoming,
        recollection,
        context,
    );
    if let Err(reason) = checked {
        return Taken::Refused(reason);
    }
    let mut docket = match known {
        Some(docket) => Docket {
            matter: matter.clone(),
            taken: cv,
            ..docket.clone()
        },
        None => Docket::copy_of(matter.clone(), Standing::Holding, cv),
    };
    let parked = std::mem::take(&mut docket.parked);
    let kept = match bound_for == me {
        true => keep(docket, context),
        false => pass_on(docket, bound_for, context),
    };
    let mut decision = match kept {
        Ok(decision) => decision,
        Err(reason) => return Taken::Refused(reason),
    };
    debug_assert_ne!(from, me, "a node is not its own neighbour");
    unpark(&mut decision, parked, context);
    send_unsent(&mut decision, context);
    Taken::Now(Box::new(decision))
}

/// Takes a matter that is bound for this node.
fn keep(mut docket: Docket, context: Context<'_>) -> Result<Decision, GiveRefusal> {
    docket.standing = Standing::Holding;
    docket.matter.holder = context.me;
    docket.matter.transit = None;
    step(&mut docket.matter, Act::Take, None, context).map_err(|_| GiveRefusal::Malformed)?;
    let sends = notices(&docket.matter, context.me, context.tree);
    Ok(Decision {
        sends,
        facts: Act::Take.facts().to_vec(),
        ..Decision::of(docket)
    })
}

/// Takes a matter and forwards it to the division that it is bound for.
fn pass_on(
    docket: Docket,
    bound_for: DivisionCode,
    context: Context<'_>,
) -> Result<Decision, GiveRefusal> {
    let given = give(docket, Act::Relay(bound_for), None, bound_for, context);
    let mut decision = given.map_err(|_| GiveRefusal::NoWay)?;
    // A relay has custody, too: the reporter sees where the matter is, and gets a receipt.
    let told = notices(&decision.docket.matter, context.me, context.tree);
    decision.sends.extend(told);
    Ok(decision)
}

fn check_give(
    known: Option<&Docket>,
    refused: CustodyVersion,
    incoming: Incoming<'_>,
    recollection: Recollection,
    context: Context<'_>,
) -> Result<(), GiveRefusal> {
    let Context { me, tree, .. } = context;
    let Incoming {
        from,
        matter,
        bound_for,
    } = incoming;
    if matter.version.cv <= refused {
        return Err(GiveRefusal::RefusedBefore);
    }
    let continues = known.is_none_or(|known| matter.continues(&known.matter));
    if !is_coherent(incoming, context) || !continues {
        return Err(GiveRefusal::Malformed);
    }
    let recorded = known.map_or(0, |known| known.matter.steps.len());
    let mut new = matter.steps.iter().skip(recorded);
    if !recollection.lost && new.any(|step| step.by == me) {
        return Err(GiveRefusal::NotItsToGive);
    }
    if matter.is_closed() {
        return Err(GiveRefusal::Closed);
    }
    if matter.concerns(me, tree) || matter.concerns(bound_for, tree) {
        return Err(GiveRefusal::Concerned);
    }
    if bound_for != me && tree.next_hop(me, bound_for).is_none_or(|next| next == from) {
        return Err(GiveRefusal::NoWay);
    }
    check_giver(known, incoming, context)?;
    // The steps must lead from the report to this transfer and to the state that the matter claims.
    match receipt::custodies(matter, tree) {
        Ok(_) if keeps_time(known.map(|known| &known.matter), matter) => Ok(()),
        _ => Err(GiveRefusal::Malformed),
    }
}

/// Returns whether the state of a transfer does not contradict itself.
fn is_coherent(
    Incoming {
        from,
        matter,
        bound_for,
    }: Incoming<'_>,
    Context { me, tree, .. }: Context<'_>,
) -> bool {
    let Some(last) = matter.steps.last() else {
        return false;
    };
    let origin = matter.id.origin;
    matter.version.rev == 0
        && matter.holder == from
        && matter.transit == Some(me)
        && last.by == from
        && last.version == matter.version
        && last.act.bound_for() == Some(bound_for)
        && matter.steps.len() < MOST_STEPS + MOST_MORE_STEPS
        && matter.steps.iter().all(|step| tree.get(step.by).is_some())
        && tree.get(origin).is_some()
        && (matter.visibility == Visibility::Direct) == matter.about.is_some()
        && !matter.concerns(origin, tree)
}

/// Checks that the giver can hold the matter, as far as this node knows.
fn check_giver(
    known: Option<&Docket>,
    Incoming { from, matter, .. }: Incoming<'_>,
    Context { me, tree, .. }: Context<'_>,
) -> Result<(), GiveRefusal> {
    let origin = matter.id.origin;
    match known {
        Some(Docket {
            standing: Standing::Holding,
            ..
        }) => Err(GiveRefusal::HeldHere),
        Some(Docket {
            standing: Standing::Giving { to, .. },
            matter: mine,
            ..
        }) if *to != from || mine.version.cv >= matter.version.cv => Err(GiveRefusal::NotItsToGive),
        // A neighbour may give an unknown matter if it began below the neighbour, or if the
        // neighbour is the parent.
        None if tree.contains(from, origin) || tree.contains(from, me) => Ok(()),
        None => Err(GiveRefusal::NotItsToGive),
        // A known matter comes back only over the link by which it left, and never in an earlier
        // version.
        Some(Docket { matter: mine, .. })
            if mine.version > matter.version
                || mine.left_by(me, tree).is_some_and(|side| side != from) =>
        {
            Err(GiveRefusal::NotItsToGive)
        }
        Some(_) => Ok(()),
    }
}

/// Settles a transfer of custody version `cv` by the answer of the neighbour `from`. Returns `None` if no
/// such transfer is open, because it was settled before.
pub fn settle(
    docket: Docket,
    from: DivisionCode,
    cv: CustodyVersion,
    refused: bool,
    context: Context<'_>,
) -> Option<Decision> {
    let Context { me, tree, .. } = context;
    let Standing::Giving { to, .. } = docket.standing else {
        return None;
    };
    if to != from || docket.matter.version.cv != cv {
        return None;
    }
    let mut docket = docket;
    let parked = std::mem::take(&mut docket.parked);
    let mut decision = if refused {
        docket.standing = Standing::Holding;
        docket.matter.transit = None;
        docket.taken = cv;
        step(&mut docket.matter, Act::TakeBack, None, context).ok()?;
        let sends = notices(&docket.matter, me, tree);
        Decision {
            sends,
            facts: Act::TakeBack.facts().to_vec(),
            ..Decision::of(docket)
        }
    } else {
        docket.standing = Standing::Elsewhere;
        Decision::of(docket)
    };
    unpark(&mut decision, parked, context);
    send_unsent(&mut decision, context);
    Some(decision)
}

//! What the others on the path learn, and the requests that waited.

use std::collections::BTreeSet;

use topology::{DivisionCode, Tree};

use super::{Decision, Docket, Refusal, Seat, Standing};
use crate::{
    envelope::{Lane, Outgoing, Payload},
    matter::{CustodyVersion, Matter, Version},
    request::{Answer, Ask, Heard, hear_ask, wishes_after_transfer},
};

/// Applies the holder's word to a copy. `None` if it says nothing new, or this node knows better.
pub fn hear_notice(
    known: Option<&Docket>,
    notice: &Matter,
    author: DivisionCode,
    seat: Seat<'_>,
) -> Option<Decision> {
    let Seat { me, tree, .. } = seat;
    if notice.concerns(me, tree) {
        return None;
    }
    let side = tree.next_hop(me, author);
    let Some(docket) = known else {
        let on_path = tree.path(author, notice.id.origin).contains(&me);
        let asked = notice
            .steps
            .iter()
            .any(|step| step.act.asked_by() == Some(me));
        return (on_path || asked).then(|| {
            let taken = CustodyVersion::default();
            Decision::of(Docket::copy_of(notice.clone(), Standing::Elsewhere, taken))
        });
    };
    if notice.version <= docket.matter.version || !notice.continues(&docket.matter) {
        return None;
    }
    let expected = match docket.standing {
        Standing::Holding => return None,
        // Whoever speaks from beyond the neighbour about a later version shows that it was taken.
        Standing::Giving { to, .. } => Some(to),
        Standing::Elsewhere => docket.matter.left_by(me, tree),
    };
    if expected.is_some() && expected != side {
        return None;
    }
    let mut docket = docket.clone();
    docket.matter = notice.clone();
    docket.standing = Standing::Elsewhere;
    let parked = std::mem::take(&mut docket.parked);
    let was_giving = expected.is_some() && known.is_some_and(Docket::is_giving);
    let mut decision = Decision::of(docket);
    unpark(&mut decision, parked, seat);
    if was_giving {
        wishes_after_transfer(&mut decision, seat);
    }
    Some(decision)
}

/// Decides the requests that waited for the transfer to be settled.
pub(super) fn unpark(decision: &mut Decision, parked: Vec<Ask>, seat: Seat<'_>) {
    for ask in parked {
        let answer = match hear_ask(Some(&decision.docket), ask, seat) {
            Heard::Repeated => continue,
            Heard::Parked(docket) => {
                decision.docket = docket;
                continue;
            }
            Heard::Answered(docket, answer) => {
                decision.docket = docket.expect("a known matter stays known");
                answer
            }
            Heard::Granted(granted, answer) => {
                decision.docket = granted.docket;
                decision.sends.extend(granted.sends);
                decision.facts.extend(granted.facts);
                answer
            }
        };
        decision.sends.push(reply_to(ask.id.by, answer));
    }
}

/// An answer on its way to the asker.
pub const fn reply_to(asker: DivisionCode, answer: Answer) -> Outgoing {
    Outgoing {
        to: asker,
        lane: Lane::Notice,
        payload: Payload::Answer(answer),
    }
}

/// Where this node's copy points a request: the division, and the version at which it held the
/// matter or was about to.
pub fn holder_to_ask(docket: &Docket, me: DivisionCode) -> (DivisionCode, Version) {
    let matter = &docket.matter;
    match matter.transit {
        // The neighbour acknowledged: it made step 1 of the same custody version.
        Some(to) if matter.holder == me => (
            to,
            Version {
                rev: 1,
                ..matter.version
            },
        ),
        // Whether another division's transfer was taken is for that division to say.
        _ => (matter.holder, matter.version),
    }
}

/// Whether `me` may recall a matter that is elsewhere.
///
/// # Errors
/// [`Refusal::Closed`] or [`Refusal::NeverSent`].
pub fn check_seen(docket: &Docket, me: DivisionCode) -> Result<(), Refusal> {
    match () {
        () if docket.matter.is_closed() => Err(Refusal::Closed),
        () if !docket.matter.was_sent_by(me) => Err(Refusal::NeverSent),
        () => Ok(()),
    }
}

/// The state for everyone on the path between origin and holder, for those above who supervise it,
/// and at the end also for those who had it once and are on that path no more.
pub(super) fn notices(matter: &Matter, me: DivisionCode, tree: &Tree) -> Vec<Outgoing> {
    let origin = matter.id.origin;
    let mut to = BTreeSet::from([origin]);
    to.extend(matter.steps.iter().filter_map(|step| step.act.asked_by()));
    let erased = matter.erased().next().is_some();
    if matter.is_closed() || erased {
        let path = tree.path(me, origin);
        to.extend(
            matter
                .acted()
                .into_iter()
                .filter(|division| !path.contains(division)),
        );
    }
    to.remove(&me);
    to.into_iter().map(|to| notice(matter, to)).collect()
}

/// That it was erased, for those who asked for something in words and are told of nothing else.
pub(super) fn erasure_notices(
    docket: &Docket,
    told: &[Outgoing],
    me: DivisionCode,
    tree: &Tree,
) -> Vec<Outgoing> {
    let Docket {
        matter,
        parked,
        answered,
        ..
    } = docket;
    let granted = matter.steps.iter().filter_map(|step| step.ask);
    let waiting = parked.iter().map(|ask| ask.id);
    let asked = answered.iter().copied().chain(granted).chain(waiting);
    let mut askers: BTreeSet<_> = asked.map(|ask| ask.by).collect();
    askers.retain(|asker| *asker != me && !matter.concerns(*asker, tree));
    askers.retain(|asker| told.iter().all(|outgoing| outgoing.to != *asker));
    askers.into_iter().map(|to| notice(matter, to)).collect()
}

fn notice(matter: &Matter, to: DivisionCode) -> Outgoing {
    Outgoing {
        to,
        lane: Lane::Notice,
        payload: Payload::Notice(Box::new(matter.clone())),
    }
}

//! What the others on the path learn, and the requests that waited.

use std::collections::BTreeSet;

use topology::{DivisionCode, Tree};

use super::{Decision, Docket, Standing};
use crate::domain::{
    envelope::{Lane, Outgoing, Payload},
    matter::{CustodyVersion, Matter, Version},
    request::{Answer, Ask, Heard, hear_ask},
    time::Timestamp,
};

/// Applies the holder's word to a copy. `None` if it says nothing new, or this node knows better.
pub fn hear_notice(
    known: Option<&Docket>,
    notice: &Matter,
    author: DivisionCode,
    me: DivisionCode,
    now: Timestamp,
    tree: &Tree,
) -> Option<Decision> {
    if notice.concerns(me, tree) {
        return None;
    }
    let side = tree.next_hop(me, author);
    let Some(docket) = known else {
        let on_path = tree.path(author, notice.id.origin).contains(&me);
        return on_path.then(|| Decision {
            docket: Docket::copy_of(
                notice.clone(),
                Standing::Elsewhere,
                CustodyVersion::default(),
            ),
            sends: vec![],
            facts: vec![],
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
    let mut decision = Decision {
        docket,
        sends: vec![],
        facts: vec![],
    };
    unpark(&mut decision, parked, me, now, tree);
    Some(decision)
}

/// Decides the requests that waited for the transfer to be settled.
pub(super) fn unpark(
    decision: &mut Decision,
    parked: Vec<Ask>,
    me: DivisionCode,
    now: Timestamp,
    tree: &Tree,
) {
    for ask in parked {
        let answer = match hear_ask(Some(&decision.docket), ask, me, now, tree) {
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

/// The state for everyone on the path between origin and holder, and at the end also for those
/// who had it once and are on that path no more.
pub(super) fn notices(matter: &Matter, me: DivisionCode, tree: &Tree) -> Vec<Outgoing> {
    let origin = matter.id.origin;
    let mut to = BTreeSet::from([origin]);
    if matter.is_closed() {
        let path = tree.path(me, origin);
        to.extend(
            matter
                .acted()
                .into_iter()
                .filter(|division| !path.contains(division)),
        );
    }
    to.remove(&me);
    to.into_iter()
        .map(|to| Outgoing {
            to,
            lane: Lane::Notice,
            payload: Payload::Notice(Box::new(matter.clone())),
        })
        .collect()
}

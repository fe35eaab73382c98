//! Notices to and from the other divisions on a matter's path, and the requests that waited.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tree};

use super::{Context, Decision, Docket, Refusal, Standing, clocks::keeps_time};
use crate::{
    custody::requests::{Heard, hear_request, send_unsent},
    envelope::{Lane, Outgoing, Payload},
    matter::{Act, CustodyVersion, Matter, Step, Version},
    receipt,
    request::{Answer, Request},
};

/// The reason why a notice about a matter is neither applied nor forwarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum NoticeRefusal {
    /// No chain of transfers leads from the report to the division that claims to hold it.
    #[error("its steps do not lead to the division that says it holds the matter")]
    Broken,
    /// Its category, urgency, status or clocks do not follow from its steps.
    #[error("its state is not the one that its steps lead to")]
    State,
    /// It has a step of the receiver that the receiver did not make.
    #[error("it has a step of the receiver that the receiver did not make")]
    NotItsStep,
    /// It is another matter than the known one, or its steps or clocks contradict the known ones.
    #[error("it contradicts what the receiver knows of this matter")]
    Contradicts,
    /// The matter never came to the receiver nor lies below it, or is a complaint about it.
    #[error("the matter never came to the receiver and does not lie below it")]
    NotBelow,
}

/// A node's memory of a matter besides its docket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recollection {
    /// Whether the store may have lost steps of this matter that neighbours have not shown yet. The
    /// node then learns its own steps from others.
    pub lost: bool,
    /// Whether the node asked to see the matter, which it never had.
    pub asked: bool,
}

/// Applies the holder's notice to this node's copy. Returns `None` if it says nothing new here; it
/// is forwarded all the same.
///
/// # Errors
/// [`NoticeRefusal`] if its steps do not lead to `author`, or contradict what is known here; then
/// it is not forwarded.
pub fn hear_notice(
    known: Option<&Docket>,
    notice: &Matter,
    author: DivisionCode,
    recollection: Recollection,
    context: Context<'_>,
) -> Result<Option<Decision>, NoticeRefusal> {
    let me = context.me;
    check_notice(known, notice, author, recollection, context)?;
    let Some(docket) = known else {
        let had = notice.steps.iter().any(|step| step.by == me);
        let told = |step: &Step| step.act.asked_by() == Some(me);
        let asked = (recollection.asked || recollection.lost) && notice.steps.iter().any(told);
        return Ok((had || asked).then(|| {
            let taken = CustodyVersion::default();
            Decision::of(Docket::copy_of(notice.clone(), Standing::Elsewhere, taken))
        }));
    };
    if notice.version <= docket.matter.version || docket.standing == Standing::Holding {
        return Ok(None);
    }
    // If a transfer was under way, the later version shows that it was taken.
    let was_giving = docket.is_giving();
    let mut docket = docket.clone();
    docket.matter = notice.clone();
    docket.standing = Standing::Elsewhere;
    let parked = std::mem::take(&mut docket.parked);
    let mut decision = Decision::of(docket);
    unpark(&mut decision, parked, context);
    if was_giving {
        send_unsent(&mut decision, context);
    }
    Ok(Some(decision))
}

/// Checks whether a notice counts: its steps lead to its author by a chain of transfers, continue
/// what is known here, and contain no step of this node that it did not make. Every chain of
/// neighbours through this node contains such a step, so whatever is new in the notice lies behind
/// the neighbour to which this node last gave the matter.
fn check_notice(
    known: Option<&Docket>,
    notice: &Matter,
    author: DivisionCode,
    recollection: Recollection,
    Context { me, tree, .. }: Context<'_>,
) -> Result<(), NoticeRefusal> {
    let stays = receipt::custodies(notice, tree).map_err(|broken| match broken {
        receipt::Broken::State => NoticeRefusal::State,
        _ => NoticeRefusal::Broken,
    })?;
    if stays.last().is_none_or(|stay| stay.division != author) {
        return Err(NoticeRefusal::Broken);
    }
    let known = known.map(|docket| &docket.matter);
    if known.is_some_and(|known| !goes_with(notice, known)) {
        return Err(NoticeRefusal::Contradicts);
    }
    let recorded = known.map_or(0, |known| known.steps.len());
    let mut new = notice.steps.iter().skip(recorded);
    let own = new.any(|step| step.by == me);
    let newer = known.is_none_or(|known| notice.version > known.version);
    match () {
        () if newer && !keeps_time(known, notice) => Err(NoticeRefusal::State),
        () if own && !recollection.lost => Err(NoticeRefusal::NotItsStep),
        () if notice.concerns(me, tree) => Err(NoticeRefusal::NotBelow),
        () if known.is_none() && !own && !tree.contains(me, notice.id.origin) => {
            Err(NoticeRefusal::NotBelow)
        }
        () => Ok(()),
    }
}

/// Returns whether the notice is a later or an earlier state of the known matter.
fn goes_with(notice: &Matter, known: &Matter) -> bool {
    match notice.version > known.version {
        true => notice.continues(known),
        false => known.continues(notice),
    }
}

/// Decides the requests that waited for the transfer to be settled.
pub(super) fn unpark(decision: &mut Decision, parked: Vec<Request>, context: Context<'_>) {
    for request in parked {
        let answer = match hear_request(Some(&decision.docket), request, context) {
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
        decision.sends.push(reply_to(request.id.by, answer));
    }
}

/// Addresses an answer to the asker.
pub const fn reply_to(asker: DivisionCode, answer: Answer) -> Outgoing {
    Outgoing {
        to: asker,
        lane: Lane::Notice,
        payload: Payload::Answer(answer),
    }
}

/// Returns the division to ask, by this node's copy, and a version of the matter. At that version
/// the division held the matter or was about to.
pub fn holder_to_ask(docket: &Docket, me: DivisionCode) -> (DivisionCode, Version) {
    let matter = &docket.matter;
    match matter.transit {
        // The neighbour acknowledged, so it made step 1 of the same custody version.
        Some(to) if matter.holder == me => (
            to,
            Version {
                rev: 1,
                ..matter.version
            },
        ),
        // Only the giver can say whether another division's transfer was taken.
        _ => (matter.holder, matter.version),
    }
}

/// Checks whether `me` may recall a matter that is elsewhere.
///
/// # Errors
/// [`Refusal::Closed`] if it is closed, [`Refusal::NeverSent`] if `me` never sent it away.
pub fn check_seen(docket: &Docket, me: DivisionCode) -> Result<(), Refusal> {
    match () {
        () if docket.matter.is_closed() => Err(Refusal::Closed),
        () if !docket.matter.was_sent_by(me) => Err(Refusal::NeverSent),
        () => Ok(()),
    }
}

/// Builds the notices of a matter's state: to the divisions that reported it, through everybody
/// between, and to those above who supervise it. Once it is closed or erased, divisions that acted
/// on it and are not on the path to its origin get a notice, too.
pub(super) fn notices(matter: &Matter, me: DivisionCode, tree: &Tree) -> Vec<Outgoing> {
    let origin = matter.id.origin;
    let mut to = matter.reporters();
    to.extend(matter.steps.iter().filter_map(|step| step.act.asked_by()));
    // A bundle hears what becomes of a part that was reported elsewhere.
    let joined = |step: &&Step| matches!(step.act, Act::Join(_));
    to.extend(matter.steps.iter().filter(joined).map(|step| step.by));
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

/// Builds the notices of an erasure for divisions that made a request with a note. The note must be
/// erased, too. Divisions to which `told` already sends something are left out.
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
    let granted = matter.steps.iter().filter_map(|step| step.request);
    let waiting = parked.iter().map(|request| request.id);
    let asked = answered.iter().copied().chain(granted).chain(waiting);
    let mut askers: BTreeSet<_> = asked.map(|request| request.by).collect();
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

//! Custody: exactly one division holds a matter, or it is in one transfer between two neighbours.
//!
//! A give proposes custody version n+1. The neighbour takes it (making step 1 of n+1) or refuses it.
//! After a refusal the giver holds the matter again at n+1, and the neighbour never takes n+1 or an
//! earlier version.

use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{
    category::Category,
    clock::ClockRefusal,
    envelope::Outgoing,
    ids::MatterId,
    matter::{CustodyVersion, Matter},
    measure::Measure,
    people::{Permission, Reach, Role, reach},
    request::{OpenRequest, Reply, Request, RequestId, RequestKind},
    time::{Day, Timestamp},
};

mod absorb;
mod act;
mod bundle;
mod clocks;
mod context;
mod handlers;
mod hear;
mod history;
mod receive;
mod report;
pub mod requests;
mod shown;
#[cfg(test)]
mod tests;
mod time;
mod work;

pub use crate::policy::CustodyLimits;
pub use absorb::{absorb, check_absorbs, hear_of_absorber};
pub use act::{act, arbiter, merge, recategorise, return_to, transfer};
pub use bundle::{check_joins, end_part, join, open_part};
pub use context::Context;
pub use handlers::Handlers;
pub use hear::{NoticeRefusal, Recollection, check_seen, hear_notice, holder_to_ask, reply_to};
pub use history::{History, Progress, take_over};
pub use receive::{GiveRefusal, Incoming, Taken, receive, settle};
pub use report::{Report, report};
pub use shown::{
    Learnt, Shown, hear_shown, is_aside, resume, same_steps, set_aside, taken_in_vain, went_between,
};
pub use time::{Turn, change_clocks, next_moment, ruling, tick};
pub use work::Work;

/// A node's relation to a matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Standing {
    /// This node holds the matter.
    Holding,
    /// This node gave the matter to a neighbour and does not know yet whether it was taken.
    Giving {
        /// The neighbour.
        to: DivisionCode,
        /// The matter's final destination.
        bound_for: DivisionCode,
    },
    /// This node has only a copy.
    Elsewhere,
}

/// Everything that a node keeps about one matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Docket {
    /// The matter as last known.
    pub matter: Matter,
    /// This node's relation to it.
    pub standing: Standing,
    /// The highest custody version this node took or took back; zero if none.
    pub taken: CustodyVersion,
    /// Requests that wait until the current transfer is settled, or until `awaits` ends.
    pub parked: Vec<Request>,
    /// Requests that this node answered, latest last; at most 64.
    pub answered: Vec<RequestId>,
    /// This node's own requests that were sent and have no answer yet.
    pub asked: Vec<OpenRequest>,
    /// This node's own requests to the division that will take the matter; not sent yet.
    pub unsent: Vec<Request>,
    /// Replies to this node's latest requests, latest last; at most 16.
    pub replies: Vec<(RequestKind, Reply)>,
    /// When this node must look at the matter's clocks again, as the office noted it.
    pub alarm: Option<Timestamp>,
    /// Whether neighbours must still show what they know of the matter. Set after the store went back
    /// in time; meanwhile this node does nothing with the matter. Not stored: the office sets it
    /// whenever it reads the docket.
    #[serde(skip)]
    pub awaits: bool,
}

impl Docket {
    fn copy_of(matter: Matter, standing: Standing, taken: CustodyVersion) -> Self {
        Self {
            matter,
            standing,
            taken,
            parked: vec![],
            answered: vec![],
            asked: vec![],
            unsent: vec![],
            replies: vec![],
            alarm: None,
            awaits: false,
        }
    }

    /// Iterates over this node's own requests that have no answer yet, sent or not.
    pub fn outstanding(&self) -> impl Iterator<Item = &Request> {
        let asked = self.asked.iter().map(|asked| &asked.request);
        asked.chain(&self.unsent)
    }

    /// Returns whether this node ever had custody itself, rather than only hearing of the matter.
    pub fn was_here(&self) -> bool {
        self.taken > CustodyVersion::default()
    }

    /// Returns whether this node gave the matter to a neighbour that has not answered yet.
    pub const fn is_giving(&self) -> bool {
        matches!(self.standing, Standing::Giving { .. })
    }

    /// Remembers that a request was answered. The latest 64 are kept; answered requests are few.
    pub(super) fn remember_answered(&mut self, request: RequestId) {
        if self.answered.len() >= 64 {
            self.answered.remove(0);
        }
        self.answered.push(request);
    }
}

/// Everything that one decision changes. The office commits all of it or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The node's new view of the matter.
    pub docket: Docket,
    /// Messages to other divisions.
    pub sends: Vec<Outgoing>,
    /// Facts to count under the matter's category and origin.
    pub facts: Vec<Measure>,
    /// The category that the matter left, under which [`Measure::RECATEGORISED_OUT`] is counted.
    pub left: Option<Category>,
    /// The day on which the facts are counted, for facts from another system; `None` for the day of
    /// the commit.
    pub day: Option<Day>,
}

impl Decision {
    /// Builds a decision that changes nothing but the docket.
    pub(super) const fn of(docket: Docket) -> Self {
        Self {
            docket,
            sends: vec![],
            facts: vec![],
            left: None,
            day: None,
        }
    }
}

/// The reason why an act on a matter is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Another division holds the matter.
    #[error("{0} holds this matter; ask it, or wait until it comes here")]
    NotHolder(DivisionCode),
    /// This division is giving the matter to a neighbour.
    #[error("this matter is on its way to {0}; wait for its answer")]
    InTransit(DivisionCode),
    /// The store went back in time, and neighbours have not shown yet what they know of the matter.
    #[error(
        "this node was brought back from an older copy and waits until its neighbours have shown what they \
         know of this matter (`wujitong status` names them); do it again then"
    )]
    Awaits,
    /// The matter is closed.
    #[error("this matter is closed")]
    Closed,
    /// This division accepted the matter before, under the same custody version.
    #[error("this matter was accepted already")]
    AlreadyAccepted,
    /// The destination of an escalation is not an ancestor.
    #[error("{0} does not stand above this division; escalate to a tier above")]
    NotAbove(DivisionCode),
    /// The destination of an assignment or arbitration is not a descendant.
    #[error("{0} is not below this division; assign to one of your own")]
    NotBelow(DivisionCode),
    /// Nobody sent the matter here, or the division to which it would return did not.
    #[error("nobody sent this matter here, so it cannot be returned; escalate it instead")]
    NobodyToReturnTo,
    /// A direct complaint would reach the division it is about.
    #[error("this matter is a direct complaint about {0} and must not go there")]
    Concerned(DivisionCode),
    /// A direct complaint was reported at a division that is not above the one it is about.
    #[error("a direct complaint about {0} must be filed above it, at {1}")]
    FileAbove(DivisionCode, DivisionCode),
    /// A direct matter names no division, or one that is not direct names one.
    #[error("a direct matter names the division it is about, and only a direct one does")]
    AboutWhom,
    /// The division does not exist or has no node.
    #[error("{0} has no node in this network; check the code with `wujitong topology show`")]
    NoNode(DivisionCode),
    /// The matter has [`MOST_STEPS`] steps, so it can only be closed or erased; or it changed its
    /// category too often.
    #[error("this matter has too many steps; close it and open a new one")]
    TooManySteps,
    /// The act is a transfer where work was expected, or the reverse.
    #[error("this is not work on a matter; accept, handle or close it, or transfer it")]
    NotWork,
    /// This division tried to recall a matter that it holds itself.
    #[error("this division holds the matter itself; there is nothing to recall")]
    HeldHere,
    /// This division never sent the matter away.
    #[error("this division never sent this matter away, so it cannot recall it")]
    NeverSent,
    /// This division made the same request before and has no answer yet.
    #[error("it was asked for already; wait for the answer")]
    AskedAlready,
    /// The matter was taken on, so it is too late to reject it.
    #[error("this matter was taken on, so it cannot be rejected; close it with its outcome")]
    PastRejecting,
    /// Nobody reported that the work is done.
    #[error(
        "nobody reported back on this matter, so there is nothing to verify; record feedback first"
    )]
    NothingToVerify,
    /// Policy requires another person to verify or close the matter.
    #[error(
        "you handled this matter or reported back on it, and policy requires another person to verify or \
         close it; ask somebody else here who may: {list}",
        list = verifiers()
    )]
    OwnWork,
    /// Nothing was said in the matter since the last erasure.
    #[error("everything in this matter was erased before; nothing is left to erase")]
    ErasedAlready,
    /// A public reply was given to a matter that is not public.
    #[error(
        "the reporter did not agree to make this matter public, so it cannot be answered in public; \
         reply privately"
    )]
    NotPublic,
    /// Policy requires verification before the matter is closed.
    #[error("policy requires verification before this matter is closed; verify it first")]
    NotVerified,
    /// The division above both decided that the matter is for this one.
    #[error(
        "{0} decided that this matter is for this division, so it cannot be handed back; handle it"
    )]
    Arbitrated(DivisionCode),
    /// The matter was handed back as often as policy allows.
    #[error(
        "this matter was handed back {0} times; object with a reason, and the division above both decides"
    )]
    TooManyBounces(usize),
    /// No division above can decide: nobody sent the matter here, or nobody stands above.
    #[error("no division above both could decide about this matter; return it instead")]
    NobodyToArbitrate,
    /// Nobody objected to the matter, so there is nothing to arbitrate.
    #[error("nobody objected to this matter; assign it instead")]
    NothingToArbitrate,
    /// Parts of the bundle are still open.
    #[error("{0} parts of this bundle are open; it can be closed or moved only when they are done")]
    PartsOpen(usize),
    /// A part cannot have parts.
    #[error("this matter is itself a part of a bundle; open the part in the bundle")]
    PartOfPart,
    /// The matter is a part of a bundle already.
    #[error("this matter is a part of bundle {0} already; look there")]
    PartAlready(MatterId),
    /// A bundle cannot be a part.
    #[error("this matter is a bundle with parts of its own; choose another one")]
    BundleAlready,
    /// The matter would be a part of itself.
    #[error("a matter cannot be a part of itself; choose another bundle")]
    JoinsItself,
    /// The bundle has as many parts as it may have.
    #[error("a bundle has at most {0} parts; open another bundle")]
    TooManyParts(usize),
    /// The matter would be merged into itself, or into one that was merged.
    #[error("a matter cannot be merged with itself, nor with one that was merged")]
    MergedWithItself,
    /// The matter is in that category already.
    #[error("this matter is in that category already")]
    SameCategory,
    /// The absorbing matter is not held here. One division must hold both, so that the reporter
    /// keeps every right.
    #[error(
        "{0} is not held here, so nothing can be merged into it here; hand both to one division first"
    )]
    MergeElsewhere(MatterId),
    /// The matter would be closed without a note. A closing must tell what it rests on.
    #[error("a closing must tell what was found and done; add a note")]
    NoNote,
    /// The reporter would close the matter before any work was done on it.
    #[error(
        "you reported this matter and nothing was done with it since; record what was done (handle, \
         feedback), or let somebody else close it"
    )]
    OwnReport,
    /// The re-review (复核) decided the matter.
    #[error("the re-review (复核) decided this matter, and its decision is final")]
    Final,
    /// Several people reported the matter, so one of them cannot withdraw it.
    #[error(
        "other reports were merged into this matter, so one of the reporters cannot take it back"
    )]
    OthersReported,
    /// The matter's state does not allow the act or request.
    #[error(
        "the state of the matter does not allow that; see its steps with `wujitong matter show`"
    )]
    NotNow,
    /// The days within which the matter could be contested are over.
    #[error("it was closed more than {0} days ago; ask the division above for a review")]
    TooLate(u32),
    /// The matter was contested as often as policy allows.
    #[error("it was contested {0} times already; ask the division above for a review")]
    ContestedEnough(u32),
    /// The asking division may not make this request.
    #[error(
        "this division may not ask for that; only the reporter's division, or one above the holder, may"
    )]
    NotEntitled,
    /// The clock cannot be changed that way.
    #[error(transparent)]
    Clock(#[from] ClockRefusal),
    /// Too many requests of this division wait for an answer.
    #[error("{0} requests of this division wait for an answer; wait for one")]
    TooManyAsked(usize),
}

/// Lists the roles that may verify, separated by commas.
fn verifiers() -> String {
    let verifies = |role: &Role| reach(*role, Permission::Verify) != Reach::None;
    let names: Vec<&str> = Role::ALL
        .into_iter()
        .filter(verifies)
        .map(Role::code)
        .collect();
    names.join(", ")
}

/// The number of steps from which a matter can only be closed or erased. The limit lets its state
/// fit an envelope. Relays, the receiver and the closing add at most [`MOST_MORE_STEPS`].
pub const MOST_STEPS: usize = 300;

/// The most steps that may follow [`MOST_STEPS`]: the way between any two nodes has at most seven
/// relays.
pub const MOST_MORE_STEPS: usize = 8;

//! Custody: exactly one division holds a matter, or it is in one transfer between two neighbours.
//!
//! A give proposes custody version n+1. The neighbour takes it (making step 1 of n+1) or refuses it;
//! on refusal the giver holds again at n+1, and the neighbour never takes n+1 or less any more.

use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{
    category::Category,
    clock::ClockRefusal,
    envelope::Outgoing,
    ids::MatterId,
    matter::{CustodyVersion, Matter},
    people::{Deed, Reach, Role, reach},
    request::{Ask, AskId, Asked, Reply, Wish},
    time::{Day, Timestamp},
};

mod absorb;
mod act;
mod bundle;
mod clocks;
mod handlers;
mod hear;
mod history;
mod receive;
mod report;
mod seat;
mod shown;
#[cfg(test)]
mod tests;
mod time;

pub use absorb::{absorb, check_absorbs, hear_of_absorber};
pub use act::{act, arbiter, merge, recategorise, return_to, transfer};
pub use bundle::{end_part, open_part};
pub use handlers::Handlers;
pub use hear::{NoticeRefusal, Recollection, check_seen, hear_notice, holder_to_ask, reply_to};
pub use history::{History, take_over};
pub use receive::{GiveRefusal, Incoming, Taken, receive, settle};
pub use report::{Report, report};
pub use seat::{Seat, Terms};
pub use shown::{
    Learnt, Shown, hear_shown, is_aside, resume, same_steps, set_aside, taken_in_vain, went_between,
};
pub use time::{Turn, change_clocks, next_moment, ruling, tick};

/// How a node stands to a matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Standing {
    /// This node holds it.
    Holding,
    /// This node handed it to a neighbour and has not heard whether it was taken.
    Giving {
        /// The neighbour.
        to: DivisionCode,
        /// The end of its way.
        bound_for: DivisionCode,
    },
    /// This node has a copy.
    Elsewhere,
}

/// Everything a node keeps of one matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Docket {
    /// The matter as last known.
    pub matter: Matter,
    /// How this node stands to it.
    pub standing: Standing,
    /// The highest custody version this node took; zero if none.
    pub taken: CustodyVersion,
    /// Requests that wait for the transfer under way.
    pub parked: Vec<Ask>,
    /// Requests that were answered, latest last.
    pub answered: Vec<AskId>,
    /// This node's own outstanding requests.
    pub asked: Vec<Asked>,
    /// What this node will ask of whoever takes the matter that it is handing over.
    pub wishes: Vec<Ask>,
    /// What became of its latest requests, latest last.
    pub replies: Vec<(Wish, Reply)>,
    /// When this node looks at its clocks again, as the office noted it.
    pub alarm: Option<Timestamp>,
    /// The store went back in time, and neighbours have not shown yet what they know of the matter: this
    /// node does nothing with it until then. The office says so whenever it reads the docket.
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
            wishes: vec![],
            replies: vec![],
            alarm: None,
            awaits: false,
        }
    }

    /// This node's own requests that were not answered yet, sent or not.
    pub fn outstanding(&self) -> impl Iterator<Item = &Ask> {
        let asked = self.asked.iter().map(|asked| &asked.ask);
        asked.chain(&self.wishes)
    }

    /// Whether this node ever had the matter itself, and not only heard of it.
    pub fn was_here(&self) -> bool {
        self.taken > CustodyVersion::default()
    }

    /// Whether it was handed to a neighbour that has not answered.
    pub const fn is_giving(&self) -> bool {
        matches!(self.standing, Standing::Giving { .. })
    }

    /// Answered requests are few; the latest 64 are remembered.
    pub(super) fn remember_answered(&mut self, ask: AskId) {
        if self.answered.len() >= 64 {
            self.answered.remove(0);
        }
        self.answered.push(ask);
    }
}

/// One countable fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Count {
    /// A person reported it here.
    Reported,
    /// Custody came here, or stayed because a neighbour refused it.
    Taken,
    /// Custody left here.
    Given,
    /// It was closed here: solved, unfounded, unsolvable or not taken on.
    Closed,
    /// It was opened again here.
    Reopened,
    /// The reporter took it back.
    Withdrawn,
    /// It was closed as the same as another.
    Merged,
    /// It left its category.
    RecategorisedOut,
    /// It came into its category.
    RecategorisedIn,
}

/// Everything one decision changes. The office commits all of it or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The node's new view of the matter.
    pub docket: Docket,
    /// What goes to other divisions.
    pub sends: Vec<Outgoing>,
    /// What is counted, in the matter's category and origin.
    pub facts: Vec<Count>,
    /// The category it left, in which [`Count::RecategorisedOut`] is counted.
    pub left: Option<Category>,
    /// The day its facts are counted on, if that is not the day of the commit: they came true in another
    /// system.
    pub day: Option<Day>,
}

impl Decision {
    /// Nothing but a new view of the matter.
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

/// Why an act on a matter is not possible.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Another division holds it.
    #[error("{0} holds this matter; ask it, or wait until it comes here")]
    NotHolder(DivisionCode),
    /// The transfer is under way.
    #[error("this matter is on its way to {0}; wait for its answer")]
    InTransit(DivisionCode),
    /// The store went back in time.
    #[error(
        "this node was brought back from an older copy and waits until its neighbours have shown what they \
         know of this matter (`wujitong status` names them); do it again then"
    )]
    Awaits,
    /// It is closed.
    #[error("this matter is closed")]
    Closed,
    /// It was accepted before.
    #[error("this matter was accepted already")]
    AlreadyAccepted,
    /// Not an ancestor.
    #[error("{0} does not stand above this division; escalate to a tier above")]
    NotAbove(DivisionCode),
    /// Not a descendant.
    #[error("{0} is not below this division; assign to one of your own")]
    NotBelow(DivisionCode),
    /// Nobody sent it here.
    #[error("nobody sent this matter here, so it cannot be returned; escalate it instead")]
    NobodyToReturnTo,
    /// A complaint must not reach whom it is about.
    #[error("this matter is a direct complaint about {0} and must not go there")]
    Concerned(DivisionCode),
    /// Reported at a node that is complained about.
    #[error("a direct complaint about {0} must be filed above it, at {1}")]
    FileAbove(DivisionCode, DivisionCode),
    /// Direct without saying about whom, or the other way round.
    #[error("a direct matter names the division it is about, and only a direct one does")]
    AboutWhom,
    /// No such division, or it has no node.
    #[error("{0} has no node in this network; check the code with `wujitong topology show`")]
    NoNode(DivisionCode),
    /// It has [`MOST_STEPS`]; only closing is left.
    #[error("this matter has too many steps; close it and open a new one")]
    TooManySteps,
    /// A transfer, or a step that a node makes by itself, where work was meant.
    #[error("this is not work on a matter; accept, handle or close it, or transfer it")]
    NotWork,
    /// A request about what is here.
    #[error("this division holds the matter itself; there is nothing to recall")]
    HeldHere,
    /// Never sent away from here.
    #[error("this division never sent this matter away, so it cannot recall it")]
    NeverSent,
    /// A request is outstanding.
    #[error("it was asked for already; wait for the answer")]
    AskedAlready,
    /// It is past accepting, so it is past being turned away.
    #[error("this matter was taken on, so it cannot be rejected; close it with its outcome")]
    PastRejecting,
    /// Nobody said that it is done.
    #[error(
        "nobody reported back on this matter, so there is nothing to verify; record feedback first"
    )]
    NothingToVerify,
    /// Policy wants somebody else to look.
    #[error(
        "you handled this matter or reported back on it, and policy wants another person to verify or \
         close it; ask somebody else here who may: {list}",
        list = verifiers()
    )]
    OwnWork,
    /// Nothing was said since.
    #[error("everything in this matter was erased before; nothing is left to erase")]
    ErasedAlready,
    /// An answer for everybody about what is not everybody's.
    #[error(
        "whoever reported this matter did not agree that everybody may learn of it, so it is not \
         answered in public; reply privately"
    )]
    NotPublic,
    /// Policy wants somebody to look first.
    #[error("policy wants this matter verified before it is closed; verify it first")]
    NotVerified,
    /// The common parent decided that it is for this division.
    #[error(
        "{0} decided that this matter is for this division, so it cannot be handed back; handle it"
    )]
    Arbitrated(DivisionCode),
    /// It was handed to and fro too often.
    #[error(
        "this matter was handed back {0} times; object with a reason, and the division above both decides"
    )]
    TooManyBounces(usize),
    /// Object is for what was assigned.
    #[error("no division above both could decide about this matter; return it instead")]
    NobodyToArbitrate,
    /// Only what was objected to is decided on.
    #[error("nobody objected to this matter; assign it instead")]
    NothingToArbitrate,
    /// A bundle's parts are at work.
    #[error("{0} parts of this bundle are open; it ends, and moves, only when they are done")]
    PartsOpen(usize),
    /// A part cannot have parts.
    #[error("this matter is itself a part of a bundle; open the part in the bundle")]
    PartOfPart,
    /// A bundle has so many parts at most.
    #[error("a bundle has at most {0} parts; open another bundle")]
    TooManyParts(usize),
    /// Merging with itself, or in a circle.
    #[error("a matter cannot be merged with itself, nor with one that was merged")]
    MergedWithItself,
    /// Recategorised to what it is.
    #[error("this matter is in that category already")]
    SameCategory,
    /// What absorbs it must be in the same hands, so that its reporter keeps every right.
    #[error(
        "{0} is not held here, so nothing can be merged into it here; hand both to one division first"
    )]
    MergeElsewhere(MatterId),
    /// Closing is a claim, and a claim says what it rests on.
    #[error("closing says what was found and done; add a note")]
    NoNote,
    /// Reported and closed in one breath.
    #[error(
        "you reported this matter and nothing was done with it since; record what was done (handle, \
         feedback), or let somebody else close it"
    )]
    OwnReport,
    /// 复核 ended it.
    #[error("the re-review (复核) decided this matter, and its decision is final")]
    Final,
    /// Several people reported it.
    #[error(
        "other reports were merged into this matter, so one of the reporters cannot take it back"
    )]
    OthersReported,
    /// A request that the matter's state does not allow.
    #[error("the matter is not in a state for that; see its steps with `wujitong matter show`")]
    NotNow,
    /// Too late to contest.
    #[error("it was closed more than {0} days ago; ask the division above for a review")]
    TooLate(u32),
    /// Contested too often.
    #[error("it was contested {0} times already; ask the division above for a review")]
    ContestedEnough(u32),
    /// Not one who may ask for that.
    #[error(
        "this division may not ask for that; only the reporter's division, or one above the holder, may"
    )]
    NotEntitled,
    /// A clock that cannot be changed so.
    #[error(transparent)]
    Clock(#[from] ClockRefusal),
    /// Too many requests wait.
    #[error("{0} requests of this division wait for an answer; wait for one")]
    TooManyAsked(usize),
}

/// The roles that verify, in words.
fn verifiers() -> String {
    let verifies = |role: &Role| reach(*role, Deed::Verify) != Reach::None;
    let names: Vec<&str> = Role::ALL
        .into_iter()
        .filter(verifies)
        .map(Role::name)
        .collect();
    names.join(", ")
}

/// A matter with this many steps can only be closed, so that its state fits an envelope. Relays,
/// receiver and closing add at most [`MOST_MORE_STEPS`].
pub const MOST_STEPS: usize = 300;

/// Steps that may follow [`MOST_STEPS`]: the way between any two nodes has seven relays.
pub const MOST_MORE_STEPS: usize = 8;

//! Requests to the holder. Only the holder changes a matter. Everybody else sends requests, follows
//! pointers of growing version, and gets exactly one answer to each. How they are decided is in
//! `custody/requests.rs`.

use serde::{Deserialize, Serialize};
use topology::DivisionCode;

pub use super::{
    actor::{Voice, VoiceName},
    ids::RequestId,
};
use super::{
    ids::MatterId,
    matter::{Audience, Satisfaction, Version},
    people::Permission,
    suite::{Digest, Suite},
};

/// The act that the holder is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RequestKind {
    /// Hand it back to the division that sent it away.
    Recall,
    /// Open it again: the reporter says that the problem is not solved.
    Contest,
    /// 复查, 复核: let the tier above decide again.
    Review,
    /// Close it: the reporter withdraws it.
    Withdraw,
    /// 督办: note that a division above demands the work.
    Supervise,
    /// 回访: note the reporter's rating of the outcome.
    Rate(Satisfaction),
    /// Add a comment.
    Remark(Audience),
    /// Close it as a duplicate of another matter, at the request of a division above.
    Merge(MatterId),
}

topology::vocabulary! {
    /// What the holder is asked to do, without what the request names.
    #[derive(utoipa::ToSchema)]
    pub enum RequestKindName names RequestKind: "request",
        /// Returns the permission that asking for it needs. [`RequestKind::permission`] is finer where it depends on
        /// more than the name.
        permission: Permission {
        /// Requests of builds that knew no other have no number.
        Recall = 0, "recall", "召回", "to hand it back to the division that sent it away", Permission::Recall;
        Contest = 1, "contest", "不认可办结", "to open it again, for it is not solved", Permission::Contest;
        Review = 2, "review", "复查", "to have it decided anew, one tier up", Permission::Contest;
        Withdraw = 3, "withdraw", "撤回", "to end it, for the reporter takes it back", Permission::Withdraw;
        Supervise = 4, "supervise", "督办", "to note that a division above wants it done", Permission::Supervise;
        Rate = 5, "rate", "回访", "to note what the reporter thinks of the outcome", Permission::Rate;
        Remark = 6, "remark", "意见", "to add a comment", Permission::CommentInside;
        Merge = 7, "merge", "并案", "to close it as a duplicate of another matter", Permission::Merge;
    }
}

impl RequestKind {
    /// Returns whether a division above the holder may ask for it without having had the matter.
    pub const fn is_for_those_above(self) -> bool {
        matches!(self, Self::Supervise | Self::Remark(_) | Self::Merge(_))
    }

    /// Returns whether the reporter of a merged matter may ask for it on the absorbing one.
    pub const fn follows_merging(self) -> bool {
        matches!(
            self,
            Self::Contest | Self::Review | Self::Rate(_) | Self::Remark(_)
        )
    }

    /// Returns the permission that asking for it needs at the asking division.
    pub const fn permission(self) -> Permission {
        match self {
            Self::Remark(audience) => audience.permission(),
            other => other.name().permission(),
        }
    }

    /// Returns whether several of one division may wait for an answer.
    pub(super) const fn may_repeat(self) -> bool {
        matches!(self, Self::Remark(_))
    }
}

/// A request to the holder of a matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Request {
    /// Its id.
    pub id: RequestId,
    /// The matter it is about.
    pub matter: MatterId,
    /// The version of the matter that the asker saw.
    pub seen: Version,
    /// The act that is asked for.
    pub kind: RequestKind,
    /// Commitment to the asker's note, a body of class `public` that travels beside the request.
    pub note: Option<Digest>,
    /// Algorithms of that commitment.
    pub suite: Suite,
    /// The speaker at the asking division.
    pub voice: Voice,
}

/// A request without an answer yet, and the division it was sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OpenRequest {
    /// The request.
    pub request: Request,
    /// The division that must answer it.
    pub to: DivisionCode,
}

/// The outcome of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reply {
    /// It was done, or the matter is on its way back.
    Granted,
    /// Another division holds the matter, or can say who does.
    Moved {
        /// The division to ask.
        holder: DivisionCode,
        /// The version at which that division took it, or a later one.
        version: Version,
    },
    /// The matter is closed, so there is nothing to hand back.
    Closed,
    /// The asker may not ask for this.
    NotEntitled,
    /// The division asked does not know the matter.
    Unknown,
    /// The pointers lead nowhere new, or a newer request of the asker replaced it.
    Moot,
    /// The state of the matter does not allow it.
    NotNow,
    /// The time for it is over, or it was asked for too often.
    Late,
    /// A node on the way refused to forward it, or the asked division refused it.
    Refused,
}

/// The answer to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Answer {
    /// The request it answers.
    pub request: RequestId,
    /// The matter it is about.
    pub matter: MatterId,
    /// The outcome of the request.
    pub reply: Reply,
}

//! What is done with a matter, and what is asked of its holder.

use domain::{
    attachment::UploadId,
    clock::{ExtensionReason, PauseReason, Stage},
    ids::MatterId,
    matter::Department,
    request::Wish,
};
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{
    Audience, Code, Ground, MatterView, Named, Platform, Priority, Publicity, Reason,
    ReportRequest, Satisfaction,
};

/// How a matter is closed by an official.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// What was wrong is right.
    Solved,
    /// There was nothing wrong.
    Unfounded,
    /// It cannot be solved, and the note says why.
    Unsolvable,
}

/// What the holder does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "act", rename_all = "kebab-case")]
pub enum MatterAction {
    /// 受理
    Accept,
    /// 不予受理
    Reject {
        /// Why.
        reason: Reason,
    },
    /// 派遣
    Dispatch {
        /// One of the four platforms.
        platform: Platform,
        /// An office posted there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>)]
        department: Option<Department>,
        /// The number of a person's account.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        officer: Option<u64>,
    },
    /// 处置
    Handle,
    /// 反馈
    Feedback,
    /// 核查; where policy says so, not by whoever handled it or reported back on it.
    Verify {
        /// Whether it was found done.
        passed: bool,
    },
    /// 结案
    Close {
        /// How.
        outcome: Ending,
    },
    /// 上报
    Escalate {
        /// Which tier above; the parent if left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<Code>)]
        to: Option<DivisionCode>,
    },
    /// 交办
    Assign {
        /// Which division below.
        #[schema(value_type = Code)]
        to: DivisionCode,
    },
    /// 退回
    Return,
    /// 职责异议
    Object {
        /// Why it is not for this division.
        ground: Ground,
    },
    /// 裁定
    Arbitrate {
        /// The division below that must handle it.
        #[schema(value_type = Code)]
        to: DivisionCode,
    },
    /// A comment; the note is what it says.
    Remark {
        /// For whom.
        audience: Audience,
    },
    /// 答复; the note is what it says.
    Reply {
        /// Who may read it; `public` only of a matter whose visibility is `public`, which it publishes.
        publicity: Publicity,
    },
    /// Into another category.
    Recategorise {
        /// Its code.
        category: String,
    },
    /// Another urgency.
    Prioritise {
        /// Which.
        priority: Priority,
    },
    /// Stops the clocks of the work.
    Pause {
        /// Why.
        #[schema(value_type = String, example = "expert")]
        reason: PauseReason,
    },
    /// Lets stopped clocks run again.
    Resume,
    /// 延期
    Extend {
        /// Which clock.
        #[schema(value_type = String, example = "finish")]
        stage: Stage,
        /// By how much: `5wd`, `2wh`, `30d`, `24h`.
        by: String,
        /// Why.
        #[schema(value_type = String, example = "complex")]
        reason: ExtensionReason,
    },
    /// Closes it as the same as another.
    Merge {
        /// The other's number.
        into: MatterId,
    },
}

impl MatterAction {
    /// Whether it says nothing without a note.
    pub const fn needs_note(&self) -> bool {
        matches!(
            self,
            Self::Handle
                | Self::Feedback
                | Self::Close { .. }
                | Self::Reject { .. }
                | Self::Object { .. }
                | Self::Pause { .. }
                | Self::Extend { .. }
                | Self::Remark { .. }
                | Self::Reply { .. }
        )
    }
}

/// Something done with a matter, and a remark on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ActRequest {
    /// What is done.
    #[serde(flatten)]
    pub deed: MatterAction,
    /// A remark, as many characters as policy takes; some acts need one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Uploads of the same person that belong to the remark.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub attachments: Vec<UploadId>,
}

/// Something asked of the holder, whoever that is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct WishRequest {
    /// What is asked.
    #[serde(flatten)]
    pub plea: Plea,
    /// The asker's words, as many characters as policy takes; some requests need them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The answer to a request to the holder: it is durable, and on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Asking {
    /// The matter as this node knows it; absent if it never came here, and in the answer to a repeated
    /// request.
    pub matter: Option<Named<MatterView>>,
}

/// What is asked of the holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "wish", rename_all = "kebab-case")]
pub enum Plea {
    /// 召回, by who sent it away.
    Recall,
    /// Not solved, says the reporter.
    Contest,
    /// 复查, 复核, by the reporter.
    Review,
    /// The reporter takes it back.
    Withdraw,
    /// 督办, by a division above.
    Supervise,
    /// 满意度 of the reporter.
    Rate {
        /// How satisfied.
        satisfaction: Satisfaction,
    },
    /// A comment; the note is what it says.
    Remark {
        /// For whom.
        audience: Audience,
    },
    /// To close it as the same as another, by a division above.
    Merge {
        /// The other's number.
        into: MatterId,
    },
}

impl Plea {
    /// What the domain calls it.
    pub const fn wish(self) -> Wish {
        match self {
            Self::Recall => Wish::Recall,
            Self::Contest => Wish::Contest,
            Self::Review => Wish::Review,
            Self::Withdraw => Wish::Withdraw,
            Self::Supervise => Wish::Supervise,
            Self::Rate { satisfaction } => Wish::Rate(satisfaction),
            Self::Remark { audience } => Wish::Remark(audience),
            Self::Merge { into } => Wish::Merge(into),
        }
    }

    /// Whether it says nothing without words.
    pub const fn needs_note(self) -> bool {
        matches!(
            self,
            Self::Contest | Self::Review | Self::Supervise | Self::Remark { .. }
        )
    }
}

/// Parts of a bundle (一窗受理) to open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PartsRequest {
    /// Each a matter of its own, 1 to 32.
    pub parts: Vec<ReportRequest>,
}

/// The parts that were opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Parts {
    /// Their numbers, in the order given.
    pub parts: Vec<String>,
}

//! Actions of the holder on a matter, and requests of others to the holder.

use domain::{
    attachment::UploadId,
    calendar::BadAllowance,
    category::BadCategory,
    clock::{ExtensionReason, PauseReason, Stage},
    custody::{Turn, Work},
    ids::MatterId,
    matter::{Act, ActName, Department, Ending, Outcome, Target},
    people::Permission,
    request::{RequestKind, RequestKindName},
};
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{
    Audience, Code, Ground, MatterView, Named, Platform, Priority, Publicity, Reason,
    ReportRequest, Satisfaction,
};

/// What the holder does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "act", rename_all = "kebab-case")]
pub enum MatterAction {
    /// Accepts the matter (受理).
    Accept,
    /// Rejects the matter (不予受理).
    Reject {
        /// The reason.
        reason: Reason,
    },
    /// Dispatches the matter inside the division (派遣).
    Dispatch {
        /// One of the four platforms.
        platform: Platform,
        /// Code of the department posted at that platform.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<String>)]
        department: Option<Department>,
        /// Id of the account of the officer who gets it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        officer: Option<u64>,
    },
    /// Records a piece of work (处置).
    Handle,
    /// Reports the result of the work (反馈).
    Feedback,
    /// Checks the result (核查). Policy may forbid this to whoever handled the matter or gave the
    /// feedback.
    Verify {
        /// True if the work was found done.
        passed: bool,
    },
    /// Closes the matter (结案).
    Close {
        /// The outcome.
        outcome: Ending,
    },
    /// Hands the matter to a tier above (上报).
    Escalate {
        /// The division above that gets it; the parent if left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<Code>)]
        to: Option<DivisionCode>,
    },
    /// Hands the matter down to a division below (交办).
    Assign {
        /// The division below that gets it.
        #[schema(value_type = Code)]
        to: DivisionCode,
    },
    /// Hands the matter back to where it came from (退回).
    Return,
    /// Objects to an assigned matter (职责异议).
    Object {
        /// The ground on which this division is not responsible.
        ground: Ground,
    },
    /// Decides an objection (裁定).
    Arbitrate {
        /// The division below that must handle the matter.
        #[schema(value_type = Code)]
        to: DivisionCode,
    },
    /// Adds a comment; the note is its text.
    Remark {
        /// Audience of the comment.
        audience: Audience,
    },
    /// Replies to the reporter (答复); the note is the reply.
    Reply {
        /// Readers of the reply. `public` is allowed only if the visibility of the matter is
        /// `public`, and publishes the matter.
        publicity: Publicity,
    },
    /// Moves the matter to another category.
    Recategorise {
        /// The category code.
        category: String,
    },
    /// Changes the priority.
    Prioritise {
        /// The new priority.
        priority: Priority,
    },
    /// Stops the clocks of the work.
    Pause {
        /// Why.
        reason: PauseReason,
    },
    /// Restarts stopped clocks.
    Resume,
    /// Extends a clock (延期).
    Extend {
        /// Which clock.
        stage: Stage,
        /// The extension: `5wd`, `2wh`, `30d`, `24h`.
        by: String,
        /// Why.
        reason: ExtensionReason,
    },
    /// Closes the matter as a duplicate of another one (并案).
    Merge {
        /// Number of the other matter.
        into: MatterId,
    },
    /// Records that somebody went to the place, and what they found (到场).
    Visit,
    /// Makes the matter a part of a bundle that is held here, too (并入一件事).
    Join {
        /// Number of the bundle.
        bundle: MatterId,
    },
}

topology::vocabulary! {
    /// What the holder does, without what the action names.
    #[derive(utoipa::ToSchema)]
    pub enum ActionName names MatterAction: "action" {
        Accept = 1, "accept", "受理", "take on";
        Reject = 2, "reject", "不予受理", "reject";
        Dispatch = 3, "dispatch", "派遣", "dispatch";
        Handle = 4, "handle", "记录处置", "record work";
        Feedback = 5, "feedback", "反馈结果", "report the result";
        Verify = 6, "verify", "核查", "check the result";
        Close = 7, "close", "结案", "close";
        Escalate = 8, "escalate", "上报上级", "hand up";
        Assign = 9, "assign", "交办下级", "hand down";
        Return = 10, "return", "退回", "hand back";
        Object = 11, "object", "职责异议", "object";
        Arbitrate = 12, "arbitrate", "裁定", "decide the objection";
        Remark = 13, "remark", "意见", "comment";
        Reply = 14, "reply", "答复", "reply";
        Recategorise = 15, "recategorise", "改类", "change the category";
        Prioritise = 16, "prioritise", "调整紧急程度", "change the priority";
        Pause = 17, "pause", "暂停计时", "stop the clocks";
        Resume = 18, "resume", "恢复计时", "restart the clocks";
        Extend = 19, "extend", "延期", "extend a clock";
        Merge = 20, "merge", "并案", "merge";
        Visit = 21, "visit", "记录到场", "record a visit to the place";
        Join = 22, "join", "并入一件事", "make it a part of a bundle";
    }
}

/// What the caller may do with a matter now. What is not here would be refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Offers {
    /// The action that usually follows, if it is one of `actions`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<ActionName>,
    /// Actions of the holder.
    pub actions: Vec<ActionName>,
    /// Audiences of a comment.
    pub audiences: Vec<Audience>,
    /// Readers of a reply.
    pub publicities: Vec<Publicity>,
    /// Requests to the holder.
    pub requests: Vec<RequestKindName>,
    /// Whether parts of it may be opened (一件事).
    pub parts: bool,
    /// Whether an action may carry files.
    pub attach: bool,
}

impl MatterAction {
    /// Returns the name of the act that it becomes. To reject a matter and to merge it is to close it.
    pub const fn act(&self) -> ActName {
        match self {
            Self::Accept => ActName::Accept,
            Self::Reject { .. } | Self::Close { .. } | Self::Merge { .. } => ActName::Close,
            Self::Dispatch { .. } => ActName::Dispatch,
            Self::Handle => ActName::Handle,
            Self::Feedback => ActName::Feedback,
            Self::Verify { .. } => ActName::Verify,
            Self::Escalate { .. } => ActName::Escalate,
            Self::Assign { .. } => ActName::Assign,
            Self::Return => ActName::Return,
            Self::Object { .. } => ActName::Object,
            Self::Arbitrate { .. } => ActName::Arbitrate,
            Self::Remark { .. } => ActName::Remark,
            Self::Reply { .. } => ActName::Reply,
            Self::Recategorise { .. } => ActName::Recategorise,
            Self::Prioritise { .. } => ActName::Prioritise,
            Self::Pause { .. } => ActName::Pause,
            Self::Resume => ActName::Resume,
            Self::Extend { .. } => ActName::Extend,
            Self::Visit => ActName::Visit,
            Self::Join { .. } => ActName::Join,
        }
    }

    /// Returns the permission that it needs beside that of seeing the matter.
    pub const fn permission(&self) -> Permission {
        match self {
            Self::Reject { .. } => Permission::Reject,
            Self::Merge { .. } => Permission::Merge,
            Self::Remark { audience } => audience.permission(),
            Self::Reply { publicity } => publicity.permission(),
            other => {
                let permission = other.act().permission();
                permission.expect("people do it, so that its row names a permission")
            }
        }
    }

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
                | Self::Visit
        )
    }
}

/// Error for an action with a text that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadAction {
    /// It names no category.
    #[error(transparent)]
    Category(#[from] BadCategory),
    /// It gives no length of time.
    #[error(transparent)]
    Allowance(#[from] BadAllowance),
}

impl TryFrom<MatterAction> for Work {
    type Error = BadAction;

    fn try_from(action: MatterAction) -> Result<Self, BadAction> {
        Ok(match action {
            MatterAction::Accept => Self::Do(Act::Accept),
            MatterAction::Reject { reason } => Self::Do(Act::Close(Outcome::Rejected(reason))),
            MatterAction::Dispatch {
                platform,
                department,
                officer,
            } => Self::Do(Act::Dispatch(Target {
                platform,
                department,
                officer,
            })),
            MatterAction::Handle => Self::Do(Act::Handle),
            MatterAction::Feedback => Self::Do(Act::Feedback),
            MatterAction::Verify { passed } => Self::Do(Act::Verify(passed)),
            MatterAction::Close { outcome } => Self::Do(Act::Close(outcome.into())),
            MatterAction::Escalate { to } => Self::Escalate(to),
            MatterAction::Assign { to } => Self::Give(Act::Assign(to)),
            MatterAction::Return => Self::Return,
            MatterAction::Object { ground } => Self::Object(ground),
            MatterAction::Arbitrate { to } => Self::Give(Act::Arbitrate(to)),
            MatterAction::Remark { audience } => Self::Do(Act::Remark(audience)),
            MatterAction::Reply { publicity } => Self::Do(Act::Reply(publicity)),
            MatterAction::Recategorise { category } => Self::Recategorise(category.parse()?),
            MatterAction::Prioritise { priority } => Self::Do(Act::Prioritise(priority)),
            MatterAction::Pause { reason } => Self::Time(Turn::Pause(reason)),
            MatterAction::Resume => Self::Time(Turn::Resume),
            MatterAction::Extend { stage, by, reason } => {
                Self::Time(Turn::Extend(stage, by.parse()?, reason))
            }
            MatterAction::Merge { into } => Self::Merge(into),
            MatterAction::Visit => Self::Do(Act::Visit),
            MatterAction::Join { bundle } => Self::Join(bundle),
        })
    }
}

/// Something done with a matter, and a remark on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ActRequest {
    /// The action.
    #[serde(flatten)]
    pub action: MatterAction,
    /// The remark, up to the number of characters that policy allows; some actions require one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Uploads of the same person that belong to the remark.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub attachments: Vec<UploadId>,
}

/// A request to the holder, whichever node that is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HolderRequest {
    /// The request.
    #[serde(flatten)]
    pub action: RequestAction,
    /// The text of the request, up to the number of characters that policy allows; some requests
    /// require one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The answer to a request to the holder: the request is durable and on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Asking {
    /// The matter as this node knows it. Absent if the node has no copy, and in the answer to a
    /// repeated request.
    pub matter: Option<Named<MatterView>>,
}

/// A request to the holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "request", rename_all = "kebab-case")]
pub enum RequestAction {
    /// Asks for the matter back (召回); by the division that sent it away.
    Recall,
    /// Contests the closing (不认可办结); by the reporter.
    Contest,
    /// Asks for a review (复查) or re-review (复核); by the reporter.
    Review,
    /// Withdraws the report (撤回); by the reporter.
    Withdraw,
    /// Supervises the work (督办); by a division above.
    Supervise,
    /// States the satisfaction of the reporter (满意度).
    Rate {
        /// The degree of satisfaction.
        satisfaction: Satisfaction,
    },
    /// Adds a comment; the note is its text.
    Remark {
        /// Audience of the comment.
        audience: Audience,
    },
    /// Asks to close the matter as a duplicate of another one (并案); by a division above.
    Merge {
        /// Number of the other matter.
        into: MatterId,
    },
}

impl RequestAction {
    /// Returns the domain type of the request.
    pub const fn kind(self) -> RequestKind {
        match self {
            Self::Recall => RequestKind::Recall,
            Self::Contest => RequestKind::Contest,
            Self::Review => RequestKind::Review,
            Self::Withdraw => RequestKind::Withdraw,
            Self::Supervise => RequestKind::Supervise,
            Self::Rate { satisfaction } => RequestKind::Rate(satisfaction),
            Self::Remark { audience } => RequestKind::Remark(audience),
            Self::Merge { into } => RequestKind::Merge(into),
        }
    }

    /// Returns whether the request requires a note.
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
    /// The parts, 1 to 32; each becomes a matter of its own.
    pub parts: Vec<ReportRequest>,
}

/// The parts that were opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Parts {
    /// Numbers of the new matters, in the order of the request.
    pub parts: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of each action as JSON, with the permission it needs.
    const ACTIONS: [(&str, Permission); 24] = [
        (r#"{"act":"accept"}"#, Permission::Accept),
        (r#"{"act":"reject","reason":"private"}"#, Permission::Reject),
        (
            r#"{"act":"dispatch","platform":"order"}"#,
            Permission::Dispatch,
        ),
        (r#"{"act":"handle"}"#, Permission::Handle),
        (r#"{"act":"feedback"}"#, Permission::Feedback),
        (r#"{"act":"visit"}"#, Permission::Handle),
        (r#"{"act":"verify","passed":true}"#, Permission::Verify),
        (r#"{"act":"close","outcome":"solved"}"#, Permission::Close),
        (r#"{"act":"escalate"}"#, Permission::Escalate),
        (r#"{"act":"assign","to":"330825"}"#, Permission::Assign),
        (r#"{"act":"return"}"#, Permission::Return),
        (r#"{"act":"object","ground":"place"}"#, Permission::Object),
        (
            r#"{"act":"arbitrate","to":"330825"}"#,
            Permission::Arbitrate,
        ),
        (
            r#"{"act":"remark","audience":"offices"}"#,
            Permission::CommentInside,
        ),
        (
            r#"{"act":"remark","audience":"reporter"}"#,
            Permission::CommentToReporter,
        ),
        (
            r#"{"act":"reply","publicity":"private"}"#,
            Permission::Answer,
        ),
        (
            r#"{"act":"reply","publicity":"public"}"#,
            Permission::PublishMatter,
        ),
        (
            r#"{"act":"recategorise","category":"order/fire"}"#,
            Permission::Triage,
        ),
        (
            r#"{"act":"prioritise","priority":"urgent"}"#,
            Permission::Triage,
        ),
        (r#"{"act":"pause","reason":"expert"}"#, Permission::Pause),
        (r#"{"act":"resume"}"#, Permission::Pause),
        (
            r#"{"act":"extend","stage":"finish","by":"5wd","reason":"works"}"#,
            Permission::Extend,
        ),
        (
            r#"{"act":"merge","into":"330825002222-1f3a9c04-17"}"#,
            Permission::Merge,
        ),
        (
            r#"{"act":"join","bundle":"330825002222-1f3a9c04-17"}"#,
            Permission::Dispatch,
        ),
    ];

    #[test]
    fn every_action_has_the_code_and_the_permission_of_its_act() {
        for (json, permission) in ACTIONS {
            let action: MatterAction = serde_json::from_str(json).unwrap();
            assert_eq!(action.permission(), permission, "{json}");
            let written = serde_json::to_value(&action).unwrap();
            match action {
                MatterAction::Reject { .. } | MatterAction::Merge { .. } => {
                    assert_eq!(action.act(), ActName::Close);
                }
                _ => assert_eq!(written["act"], action.act().code()),
            }
            assert!(Work::try_from(action).is_ok(), "{json}");
        }
    }

    #[test]
    fn an_action_with_no_category_or_no_length_becomes_no_work() {
        let work = |json| Work::try_from(serde_json::from_str::<MatterAction>(json).unwrap());
        let bad = work(r#"{"act":"recategorise","category":"fire"}"#);
        assert!(matches!(bad, Err(BadAction::Category(_))), "{bad:?}");
        let bad = work(r#"{"act":"extend","stage":"finish","by":"long","reason":"works"}"#);
        assert!(matches!(bad, Err(BadAction::Allowance(_))), "{bad:?}");
    }
}

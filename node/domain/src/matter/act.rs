//! The acts on a matter and their codes. Texts are never here; they are bodies.

use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use crate::{
    category::Priority,
    clock::{ExtensionReason, PauseReason, Stage},
    department::Target,
    ids::MatterId,
    measure::Measure,
    people::Permission,
};

/// State of the work on a matter (GB/T 30428: 上报 受理 派遣 处置 反馈 核查 结案).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// 上报: nobody has accepted it.
    Reported,
    /// 受理
    Accepted,
    /// 派遣: it was dispatched to somebody.
    Dispatched,
    /// 处置
    Handling,
    /// 反馈: whoever handled it reported the result.
    Answered,
    /// 核查: somebody checked the result and found it right.
    Verified,
    /// 结案
    Closed(Outcome),
}

/// The outcome of a matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The problem was solved.
    Solved,
    /// There was no problem.
    Unfounded,
    /// It cannot be solved; the reason was given.
    Unsolvable,
    /// 不予受理
    Rejected(Reason),
    /// The reporter withdrew it.
    Withdrawn,
    /// It is the same as another matter, where the work continues.
    Merged(MatterId),
}

topology::vocabulary! {
    /// A status of a matter, without the outcome of a closed one.
    pub enum StatusName names Status: "status" {
        Reported = 1, "reported", "上报", "nobody has taken it on";
        Accepted = 2, "accepted", "受理", "taken on";
        Dispatched = 5, "dispatched", "派遣", "somebody is to handle it";
        Handling = 3, "handling", "处置", "being worked on";
        Answered = 6, "answered", "反馈", "whoever handled it says what came of it";
        Verified = 7, "verified", "核查", "somebody looked and found it so";
        Closed = 4, "closed", "结案", "the work on it ended";
    }
}

topology::vocabulary! {
    /// How a matter ended, without what the outcome names.
    pub enum OutcomeName names Outcome: "outcome" {
        Solved = 1, "solved", "已解决", "what was wrong is right";
        Unfounded = 2, "unfounded", "不属实", "there was nothing wrong";
        Unsolvable = 3, "unsolvable", "无法解决", "it cannot be solved, and the reason was given";
        Rejected = 4, "rejected", "不予受理", "not taken on";
        Withdrawn = 5, "withdrawn", "撤回", "the reporter took it back";
        Merged = 6, "merged", "并入", "the same as another, where the work goes on";
    }
}

topology::vocabulary! {
    /// How a matter is closed by an official.
    #[derive(utoipa::ToSchema)]
    pub enum Ending: "outcome" {
        Solved = 1, "solved", "已解决", "what was wrong is right";
        Unfounded = 2, "unfounded", "不属实", "there was nothing wrong";
        Unsolvable = 3, "unsolvable", "无法解决", "it cannot be solved, and the note says why";
    }
}

impl From<Ending> for Outcome {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Solved => Self::Solved,
            Ending::Unfounded => Self::Unfounded,
            Ending::Unsolvable => Self::Unsolvable,
        }
    }
}

impl Outcome {
    /// Returns whether an office decided it; false for withdrawn and merged matters.
    pub const fn is_decided(self) -> bool {
        matches!(
            self,
            Self::Solved | Self::Unfounded | Self::Unsolvable | Self::Rejected(_)
        )
    }
}

topology::vocabulary! {
    /// Why a matter is not taken on (不予受理).
    #[derive(utoipa::ToSchema)]
    pub enum Reason: "reason for not taking a matter on" {
        Private = 1, "private", "非公共事务", "no public affair";
        Judicial = 2, "judicial", "司法程序", "a court or an arbitration has it, or had it";
        Unclear = 3, "unclear", "事实不清", "too little to act on, and the reporter cannot be asked";
        Decided = 4, "decided", "已终结", "the same matter was decided, review included";
        Nonsense = 5, "nonsense", "无效信息", "abuse, advertising, or nothing at all";
    }
}

topology::vocabulary! {
    /// Why a division says that a matter is not for it (职责异议).
    #[derive(utoipa::ToSchema)]
    pub enum Ground: "ground of an objection" {
        Place = 1, "place", "不属本辖区", "the place lies elsewhere";
        Competence = 2, "competence", "不属本职责", "the law gives the task to another office";
        Power = 3, "power", "无管理权限", "no power to act on it";
        Elsewhere = 4, "elsewhere", "他处已办理", "another office is at work on it";
    }
}

topology::vocabulary! {
    /// The reason why a closed matter is opened again.
    pub enum Appeal: "reason for opening a matter again" {
        Contest = 1, "contest", "不认可办结", "the reporter says that it is not solved";
        Review = 2, "review", "复查", "the tier above decides anew";
    }
}

topology::vocabulary! {
    /// Why what a person wrote is erased (个人信息保护法 art. 47).
    #[derive(utoipa::ToSchema)]
    pub enum Erasure: "reason for an erasure" {
        Needless = 1, "needless", "目的已实现", "not needed any more for what it was taken down for";
        Expired = 2, "expired", "保存期限届满", "the time for which it was to be kept is over";
        Consent = 3, "consent", "撤回同意", "the person took back the consent";
        Unlawful = 4, "unlawful", "违法处理", "it should never have been taken down";
    }
}

topology::vocabulary! {
    /// Who is to read a comment.
    #[derive(utoipa::ToSchema)]
    pub enum Audience: "audience",
        /// Returns the permission that a comment for it needs.
        permission: Permission {
        Offices = 1, "offices", "内部", "the offices on the path", Permission::CommentInside;
        Reporter = 2, "reporter", "告知群众", "the reporter too", Permission::CommentToReporter;
    }
}

topology::vocabulary! {
    /// Who may read an answer.
    #[derive(utoipa::ToSchema)]
    pub enum Publicity: "publicity",
        /// Returns the permission that an answer for it needs.
        permission: Permission {
        Private = 1, "private", "不公开", "the reporter, and the offices on the path", Permission::Answer;
        Public = 2, "public", "公开", "anybody, by searching", Permission::PublishMatter;
    }
}

topology::vocabulary! {
    /// How satisfied the reporter is (满意度).
    #[derive(utoipa::ToSchema)]
    pub enum Satisfaction: "degree of satisfaction" {
        Dissatisfied = 1, "dissatisfied", "不满意", "not satisfied";
        Fair = 2, "fair", "基本满意", "fairly satisfied";
        Satisfied = 3, "satisfied", "满意", "satisfied";
    }
}

/// The act of one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// 上报 by a person.
    Report,
    /// 受理
    Accept,
    /// 处置: a part of the work was done.
    Handle,
    /// 上报 to a tier above.
    Escalate(DivisionCode),
    /// 交办 to a division below.
    Assign(DivisionCode),
    /// 退回 to the division that sent it.
    Return(DivisionCode),
    /// Handed back because the giver recalled it.
    Yield(DivisionCode),
    /// Forwarded towards the division it is bound for.
    Relay(DivisionCode),
    /// Custody was taken.
    Take,
    /// Custody was kept because the neighbour refused the transfer.
    TakeBack,
    /// 结案, 不予受理, withdrawal or merge.
    Close(Outcome),
    /// 派遣 within the division that holds it.
    Dispatch(Target),
    /// 反馈 by whoever handled it.
    Feedback,
    /// 核查: whether the work was found done.
    Verify(bool),
    /// 职责异议 to the common parent, which decides who must handle it.
    Object(DivisionCode, Ground),
    /// 裁定 to the division that must handle it and may not return it.
    Arbitrate(DivisionCode),
    /// The closed matter was opened again.
    Reopen(Appeal),
    /// 督办 by the named division, which is above.
    Supervise(DivisionCode),
    /// 回访: the reporter's rating of the outcome.
    Rate(Satisfaction),
    /// A comment.
    Remark(Audience),
    /// The answer to the reporter.
    Reply(Publicity),
    /// The category changed.
    Recategorise,
    /// Its urgency changed.
    Prioritise(Priority),
    /// The clocks were stopped.
    Pause(PauseReason),
    /// The clocks run again.
    Resume,
    /// 延期: a clock was extended.
    Extend(Stage, ExtensionReason),
    /// 预警: a clock is due soon.
    Warn(Stage),
    /// 超期: a clock is overdue.
    Overdue(Stage),
    /// 并案: the named matter was closed as a duplicate; its reporter has every right on this one.
    Absorb(MatterId),
    /// A part of this bundle was opened.
    OpenPart(MatterId),
    /// A part of this bundle ended.
    EndPart(MatterId, Outcome),
    /// All texts up to here are erased wherever they are kept.
    Erase(Erasure),
    /// 到场: somebody of the division that holds it was at the place.
    Visit,
    /// 并入一件事: it became a part of the named bundle, which the same division holds.
    Join(MatterId),
}

topology::vocabulary! {
    /// What was done in a step, without what the act names.
    pub enum ActName names Act: "act",
        /// Returns the permission of the people who do it or ask for it; `None` if only nodes do it.
        permission: Option<Permission> {
        Report = 1, "report", "上报", "reported by a person", Some(Permission::Report);
        Accept = 2, "accept", "受理", "taken on", Some(Permission::Accept);
        Handle = 3, "handle", "处置", "a piece of work was done", Some(Permission::Handle);
        Escalate = 4, "escalate", "上报", "given to a tier above", Some(Permission::Escalate);
        Assign = 5, "assign", "交办", "given to a division below", Some(Permission::Assign);
        Return = 6, "return", "退回", "given back to the division that sent it", Some(Permission::Return);
        Yield = 7, "yield", "交回", "given back to the division that recalled it", None;
        Relay = 8, "relay", "转递", "carried on towards the division it is bound for", None;
        Take = 9, "take", "接收", "custody was taken", None;
        TakeBack = 10, "take-back", "收回", "custody was kept because the neighbour refused it", None;
        Close = 11, "close", "结案", "the work ended", Some(Permission::Close);
        Dispatch = 12, "dispatch", "派遣", "given to somebody in the division", Some(Permission::Dispatch);
        Feedback = 13, "feedback", "反馈", "whoever handled it says what came of it", Some(Permission::Feedback);
        Verify = 14, "verify", "核查", "somebody looked whether it is done", Some(Permission::Verify);
        Object = 15, "object", "职责异议", "the division says that it is not its matter", Some(Permission::Object);
        Arbitrate = 16, "arbitrate", "裁定", "given to the division that must handle it", Some(Permission::Arbitrate);
        Reopen = 17, "reopen", "重开", "opened again", Some(Permission::Reopen);
        Supervise = 18, "supervise", "督办", "a division above wants it done", Some(Permission::Supervise);
        Rate = 19, "rate", "回访", "the reporter says how satisfied they are", Some(Permission::Rate);
        Remark = 20, "remark", "意见", "a comment", Some(Permission::CommentInside);
        Reply = 21, "reply", "答复", "the answer to a question", Some(Permission::Answer);
        Recategorise = 22, "recategorise", "改类", "put into another category", Some(Permission::Triage);
        Prioritise = 23, "prioritise", "调整紧急程度", "its urgency changed", Some(Permission::Triage);
        Pause = 26, "pause", "暂停计时", "the clocks were stopped", Some(Permission::Pause);
        Resume = 27, "resume", "恢复计时", "the clocks run again", Some(Permission::Pause);
        Extend = 28, "extend", "延期", "a clock was stretched", Some(Permission::Extend);
        Warn = 29, "warn", "预警", "a clock is due soon", None;
        Overdue = 30, "overdue", "超期", "a clock is overdue", None;
        Absorb = 32, "absorb", "并案", "another matter was closed as the same as this one", Some(Permission::Merge);
        OpenPart = 24, "open-part", "分办", "a part of the bundle was opened", Some(Permission::Report);
        EndPart = 25, "end-part", "分办办结", "a part of the bundle ended", None;
        Erase = 31, "erase", "删除", "every word up to here is erased", Some(Permission::Erase);
        Visit = 33, "visit", "到场", "somebody went to the place", Some(Permission::Handle);
        Join = 34, "join", "并入一件事", "it became a part of a bundle", Some(Permission::Dispatch);
    }
}

impl Status {
    /// Returns the act that usually follows in this state; `None` once the matter is closed.
    pub const fn expects(self) -> Option<ActName> {
        Some(match self {
            Self::Reported => ActName::Accept,
            Self::Accepted => ActName::Dispatch,
            Self::Dispatched => ActName::Handle,
            Self::Handling => ActName::Feedback,
            Self::Answered => ActName::Verify,
            Self::Verified => ActName::Close,
            Self::Closed(_) => return None,
        })
    }
}

impl Act {
    /// Returns what a step with this act counts: each measure at most once.
    pub const fn facts(self) -> &'static [Measure] {
        match self {
            Self::Report => &[Measure::REPORTED],
            Self::Take | Self::TakeBack => &[Measure::TAKEN],
            Self::Relay(_) => &[Measure::TAKEN, Measure::GIVEN],
            Self::Close(Outcome::Withdrawn) => &[Measure::WITHDRAWN],
            Self::Close(Outcome::Merged(_)) => &[Measure::MERGED],
            Self::Close(Outcome::Solved) => &[Measure::CLOSED, Measure::SOLVED],
            Self::Close(_) => &[Measure::CLOSED],
            Self::Reopen(Appeal::Contest) => &[Measure::REOPENED, Measure::CONTESTED],
            Self::Reopen(_) => &[Measure::REOPENED],
            Self::Supervise(_) => &[Measure::SUPERVISED],
            Self::Rate(Satisfaction::Dissatisfied) => &[Measure::RATED],
            Self::Rate(_) => &[Measure::RATED, Measure::SATISFIED],
            Self::Recategorise => &[Measure::RECATEGORISED_OUT, Measure::RECATEGORISED_IN],
            Self::Return(_) => &[Measure::GIVEN, Measure::RETURNED],
            transfer if transfer.sent_to().is_some() => &[Measure::GIVEN],
            _ => &[],
        }
    }

    /// Returns the destination of a transfer, relayed or deliberate; `None` if the act is not a
    /// transfer.
    pub const fn bound_for(self) -> Option<DivisionCode> {
        match self {
            Self::Relay(to) => Some(to),
            deliberate => deliberate.sent_to(),
        }
    }

    /// Returns the destination of a deliberate transfer; `None` for a relay and for other acts.
    pub const fn sent_to(self) -> Option<DivisionCode> {
        match self {
            Self::Escalate(to)
            | Self::Assign(to)
            | Self::Return(to)
            | Self::Yield(to)
            | Self::Object(to, _)
            | Self::Arbitrate(to) => Some(to),
            _ => None,
        }
    }

    /// Returns the division that asked for the act and is named in it; only supervision names one.
    pub const fn asked_by(self) -> Option<DivisionCode> {
        match self {
            Self::Supervise(by) => Some(by),
            _ => None,
        }
    }
}

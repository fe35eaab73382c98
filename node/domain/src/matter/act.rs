//! The acts on a matter and the codes they use. Words are never here; they are bodies.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use crate::{
    category::{Platform, Priority},
    clock::{ExtensionReason, PauseReason, Stage},
    custody::Count,
    ids::MatterId,
};

/// Where a matter stands in the work on it (GB/T 30428: 上报 受理 派遣 处置 反馈 核查 结案).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// 上报, nobody has taken it on.
    Reported,
    /// 受理
    Accepted,
    /// 派遣, somebody is to handle it.
    Dispatched,
    /// 处置
    Handling,
    /// 反馈, whoever handled it says what came of it.
    Answered,
    /// 核查, somebody looked and found it so.
    Verified,
    /// 结案
    Closed(Outcome),
}

/// How a matter ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// What was wrong is right.
    Solved,
    /// There was nothing wrong.
    Unfounded,
    /// It cannot be solved, and the reason was given.
    Unsolvable,
    /// 不予受理
    Rejected(Reason),
    /// The reporter took it back.
    Withdrawn,
    /// It is the same as another, where the work goes on.
    Merged(MatterId),
}

impl Outcome {
    /// Returns what a matter with this outcome is counted as.
    pub const fn count(self) -> Count {
        match self {
            Self::Withdrawn => Count::Withdrawn,
            Self::Merged(_) => Count::Merged,
            _ => Count::Closed,
        }
    }

    /// Returns whether an office decided it, which excludes what the reporter took back and what
    /// goes on elsewhere.
    pub const fn is_decided(self) -> bool {
        matches!(
            self,
            Self::Solved | Self::Unfounded | Self::Unsolvable | Self::Rejected(_)
        )
    }
}

/// Why a matter is not taken on (不予受理).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// It is no public affair.
    Private,
    /// A court or an arbitration has it, or had it.
    Judicial,
    /// It says too little to act on, and the reporter cannot be asked.
    Unclear,
    /// The same matter was decided, review included.
    Decided,
    /// Abuse, advertising, or nothing at all.
    Nonsense,
}

/// Why a division says that a matter is not for it (职责异议).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ground {
    /// The place lies elsewhere.
    Place,
    /// The law gives the task to another office.
    Competence,
    /// It has no power to act on it.
    Power,
    /// Another office is at work on it.
    Elsewhere,
}

/// The reason why a closed matter is opened again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Appeal {
    /// The reporter says that it is not solved.
    Contest,
    /// 复查, 复核: the tier above decides anew.
    Review,
}

/// Why what a person wrote is erased (个人信息保护法 art. 47).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Erasure {
    /// It is not needed any more for what it was taken down for.
    Needless,
    /// The time for which it was to be kept is over.
    Expired,
    /// The person took back the consent.
    Consent,
    /// It should never have been taken down.
    Unlawful,
}

/// Who is to read a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Audience {
    /// The offices on the path.
    Offices,
    /// The reporter too.
    Reporter,
}

/// Who may read an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Publicity {
    /// The reporter, and the offices on the path.
    Private,
    /// Anybody; it can be found by searching.
    Public,
}

/// How satisfied the reporter is (满意度).
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Satisfaction {
    /// 不满意
    Dissatisfied,
    /// 基本满意
    Fair,
    /// 满意
    Satisfied,
}

/// Code of an office within a division: 1 to 16 lower-case letters, digits and dashes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Department([u8; 16]);

/// Error for a text that is not the code of an office.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no department; take 1 to 16 lower-case letters, digits and dashes")]
pub struct BadDepartment(pub String);

impl Department {
    /// Returns the code as text.
    pub fn as_str(&self) -> &str {
        let length = self.0.iter().position(|byte| *byte == 0).unwrap_or(16);
        std::str::from_utf8(&self.0[..length]).expect("the constructor lets only ASCII in")
    }
}

impl FromStr for Department {
    type Err = BadDepartment;

    fn from_str(text: &str) -> Result<Self, BadDepartment> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let mut code = [0; 16];
        match text.len() {
            1..=16 if text.bytes().all(plain) => {
                code[..text.len()].copy_from_slice(text.as_bytes());
                Ok(Self(code))
            }
            _ => Err(BadDepartment(text.chars().take(40).collect())),
        }
    }
}

impl TryFrom<String> for Department {
    type Error = BadDepartment;

    fn try_from(text: String) -> Result<Self, BadDepartment> {
        text.parse()
    }
}

impl From<Department> for String {
    fn from(department: Department) -> Self {
        department.as_str().to_owned()
    }
}

impl fmt::Display for Department {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Department {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Who in a division is to handle a matter (派遣).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Target {
    /// One of the four platforms.
    pub platform: Platform,
    /// An office posted there.
    #[schema(value_type = Option<String>)]
    pub department: Option<Department>,
    /// The number of a person's account in this division; never a name.
    pub officer: Option<u64>,
}

/// The act of one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// 上报 by a person.
    Report,
    /// 受理
    Accept,
    /// 处置: a piece of work was done.
    Handle,
    /// 上报 to a tier above.
    Escalate(DivisionCode),
    /// 交办 to a division below.
    Assign(DivisionCode),
    /// 退回 to the division that sent it.
    Return(DivisionCode),
    /// Handed back because the division that gave it recalled it.
    Yield(DivisionCode),
    /// Carried on towards the division it is bound for.
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
    /// 核查: whether the work was found to be done.
    Verify(bool),
    /// 职责异议 to the common parent, which decides whose matter it is.
    Object(DivisionCode, Ground),
    /// 裁定 to the division that must handle it and may not return it.
    Arbitrate(DivisionCode),
    /// The closed matter was opened again.
    Reopen(Appeal),
    /// 督办 by the division named, which is above.
    Supervise(DivisionCode),
    /// 回访: what the reporter thinks of the outcome.
    Rate(Satisfaction),
    /// A comment.
    Remark(Audience),
    /// The answer to a question.
    Reply(Publicity),
    /// The matter was put into another category.
    Recategorise,
    /// Its urgency changed.
    Prioritise(Priority),
    /// The clocks were stopped.
    Pause(PauseReason),
    /// The clocks run again.
    Resume,
    /// 延期: a clock was stretched.
    Extend(Stage, ExtensionReason),
    /// 预警: a clock is due soon.
    Warn(Stage),
    /// 超期: a clock is overdue.
    Overdue(Stage),
    /// 并案: the matter named was closed as a duplicate; its reporter has every right on this one.
    Absorb(MatterId),
    /// A part of this bundle was opened.
    OpenPart(MatterId),
    /// A part of this bundle ended.
    EndPart(MatterId, Outcome),
    /// Every word up to here is erased wherever it is kept.
    Erase(Erasure),
}

impl Act {
    /// Returns the division that a transfer, relayed or deliberate, is bound for; `None` if the act
    /// is no transfer.
    pub const fn bound_for(self) -> Option<DivisionCode> {
        match self {
            Self::Relay(to) => Some(to),
            deliberate => deliberate.sent_to(),
        }
    }

    /// Returns the division that a deliberate transfer is bound for; `None` for a relay and for an
    /// act that is no transfer.
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

    /// Returns the division named in the act as the one that asked for it, which only supervision
    /// names.
    pub const fn asked_by(self) -> Option<DivisionCode> {
        match self {
            Self::Supervise(by) => Some(by),
            _ => None,
        }
    }
}

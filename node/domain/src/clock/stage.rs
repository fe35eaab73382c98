//! The stages that clocks measure, and the codes for pausing and extending them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A stage of work that is to be done in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// 转办: sending it to whoever must handle it.
    Route,
    /// 异议: objecting, with reasons, that it is somebody else's.
    Object,
    /// 响应: the first answer, by acceptance or by somebody on the spot.
    Respond,
    /// 处置: the work itself.
    Handle,
    /// 办结: all of it, until closing.
    Finish,
    /// 裁定: deciding on a disputed assignment, by the common parent.
    Arbitrate,
    /// 回访: calling the reporter back after closing.
    CallBack,
    /// 申请复查: the reporter's time to ask for a review.
    ReviewAsk,
    /// 复查: the answer to that, one tier up.
    ReviewAnswer,
    /// 申请复核: the reporter's time to ask for a re-review.
    RereviewAsk,
    /// 复核: the answer to that, one tier higher.
    RereviewAnswer,
}

/// The reason for a pause. Free text goes into a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PauseReason {
    /// 待补正: the reporter must bring something.
    Reporter,
    /// 鉴定检测: an expert or a laboratory is asked.
    Expert,
    /// 诉讼仲裁: a court or tribunal is asked.
    Court,
    /// 不可抗力: weather, epidemic, disaster.
    ForceMajeure,
    /// 待上级答复: a tier above was asked.
    Superior,
}

/// The reason for an extension. Free text goes into a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExtensionReason {
    /// 情况复杂: the case is complex.
    Complex,
    /// 涉及多部门: several offices are involved.
    ManyOffices,
    /// 工程施工: construction works.
    Works,
    /// 历史遗留: a legacy of the past.
    Legacy,
}

/// The error for a text that is none of the words expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is no {what}; write {expected}")]
pub struct UnknownWord {
    what: &'static str,
    found: String,
    expected: String,
}

/// Defines a set of codes, each with an English word and a Chinese one.
macro_rules! words {
    ($type:ident, $what:literal, $count:literal, $(($variant:ident, $name:literal, $chinese:literal)),+ $(,)?) => {
        impl $type {
            /// All values.
            pub const ALL: [Self; $count] = [$(Self::$variant),+];

            /// Returns the English word, lower case with dashes.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name),+
                }
            }

            /// Returns the Chinese word.
            pub const fn chinese(self) -> &'static str {
                match self {
                    $(Self::$variant => $chinese),+
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }

        impl FromStr for $type {
            type Err = UnknownWord;

            /// Parses the English word. Blanks around it are ignored.
            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                let wanted = text.trim();
                let fits = |known: &Self| known.name() == wanted;
                Self::ALL.into_iter().find(fits).ok_or_else(|| UnknownWord {
                    what: $what,
                    found: wanted.chars().take(24).collect(),
                    expected: Self::ALL.map(Self::name).join(", "),
                })
            }
        }
    };
}

words!(
    Stage,
    "stage with a clock",
    11,
    (Route, "route", "转办"),
    (Object, "object", "异议"),
    (Respond, "respond", "响应"),
    (Handle, "handle", "处置"),
    (Finish, "finish", "办结"),
    (Arbitrate, "arbitrate", "裁定"),
    (CallBack, "call-back", "回访"),
    (ReviewAsk, "review-ask", "申请复查"),
    (ReviewAnswer, "review-answer", "复查"),
    (RereviewAsk, "rereview-ask", "申请复核"),
    (RereviewAnswer, "rereview-answer", "复核"),
);

words!(
    PauseReason,
    "reason for a pause",
    5,
    (Reporter, "reporter", "待补正"),
    (Expert, "expert", "鉴定检测"),
    (Court, "court", "诉讼仲裁"),
    (ForceMajeure, "force-majeure", "不可抗力"),
    (Superior, "superior", "待上级答复"),
);

words!(
    ExtensionReason,
    "reason for an extension",
    4,
    (Complex, "complex", "情况复杂"),
    (ManyOffices, "many-offices", "涉及多部门"),
    (Works, "works", "工程施工"),
    (Legacy, "legacy", "历史遗留"),
);

impl Stage {
    /// Returns whether the clock may be paused: only work that waits for somebody outside may.
    pub const fn may_pause(self) -> bool {
        matches!(
            self,
            Self::Handle | Self::Finish | Self::ReviewAnswer | Self::RereviewAnswer
        )
    }

    /// Returns whether the clock may be extended: the law knows extensions of the work only.
    pub const fn may_extend(self) -> bool {
        matches!(self, Self::Handle | Self::Finish)
    }

    /// Returns whether the work goes one tier up when the clock is overdue and policy says so.
    pub const fn may_escalate(self) -> bool {
        matches!(self, Self::Respond | Self::Handle | Self::Finish)
    }
}

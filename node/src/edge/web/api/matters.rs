//! Matters: what is handed in, what is shown.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{
    Act, Channel, Class, MatterStatus, MatterView, Mentions, Outcome, Priority, StandingView,
    Visibility,
};
use crate::domain::custody::{Docket, Standing};

/// What a person hands in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportRequest {
    /// Category code, such as `enforcement/rubbish`.
    pub category: String,
    /// What it is about, 1 to 49,152 bytes.
    pub text: String,
    /// How it came in.
    #[serde(default)]
    pub channel: Channel,
    /// How urgent.
    #[serde(default)]
    pub priority: Priority,
    /// Who may learn of it.
    #[serde(default)]
    pub visibility: Visibility,
    /// How protected the text is.
    #[serde(default)]
    pub class: Class,
    /// The division complained about, if it is `direct`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<DivisionCode>,
    /// Hand it to this tier above in the same commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalate_to: Option<DivisionCode>,
}

impl ReportRequest {
    /// A report of the usual kind.
    pub fn new(category: &str, text: &str) -> Self {
        Self {
            category: category.to_owned(),
            text: text.to_owned(),
            channel: Channel::default(),
            priority: Priority::default(),
            visibility: Visibility::default(),
            class: Class::default(),
            about: None,
            escalate_to: None,
        }
    }
}

/// The answer to a report: it is durable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reported {
    /// The number of the new matter.
    pub id: String,
}

/// 处置
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandleRequest {
    /// What was done, 1 to 4,096 bytes.
    pub note: String,
}

/// 上报
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EscalateRequest {
    /// Which tier above; the parent if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<DivisionCode>,
    /// A remark, 1 to 4,096 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// 交办
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssignRequest {
    /// Which division below.
    pub to: DivisionCode,
    /// A remark, 1 to 4,096 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// 退回
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReturnRequest {
    /// A remark, 1 to 4,096 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// 结案
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloseRequest {
    /// How it ended.
    pub outcome: Outcome,
    /// A remark, 1 to 4,096 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Which matters to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MatterFilter {
    /// Every one this node knows.
    #[default]
    All,
    /// Those not closed, as last heard.
    Open,
    /// Those closed.
    Closed,
    /// Those this node holds, closed ones among them.
    Held,
}

impl MatterFilter {
    /// Whether a matter is listed.
    pub fn takes(self, docket: &Docket) -> bool {
        match self {
            Self::All => true,
            Self::Open => !docket.matter.is_closed(),
            Self::Closed => docket.matter.is_closed(),
            Self::Held => docket.standing == Standing::Holding,
        }
    }
}

/// Which page of matters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MattersQuery {
    /// Those after this number; from the first if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// At most so many, 1 to 1,000; 100 if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// Which.
    #[serde(default)]
    pub state: MatterFilter,
}

/// A page of matters, by number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatterPage {
    /// The matters.
    pub matters: Vec<MatterLine>,
    /// Ask for those after this number to go on; nothing follows if it is left out. A page may be
    /// short, even empty, and still go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A matter in one line, without anything a person wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatterLine {
    /// Its number.
    pub id: String,
    /// Category code.
    pub category: String,
    /// Category in Chinese, if it is a known one.
    pub category_name: Option<String>,
    /// How urgent.
    pub priority: Priority,
    /// State of the work.
    pub status: MatterStatus,
    /// Where it was reported.
    pub origin: DivisionCode,
    /// Who holds it, as last heard.
    pub holder: DivisionCode,
    /// The neighbour it is being handed to.
    pub transit: Option<DivisionCode>,
    /// How this node stands to it.
    pub standing: StandingView,
    /// When it was reported.
    pub reported_ms: i64,
    /// When the last step known here was made.
    pub as_of_ms: i64,
}

impl From<&Docket> for MatterLine {
    fn from(docket: &Docket) -> Self {
        let matter = &docket.matter;
        Self {
            id: matter.id.to_string(),
            category: matter.category.to_string(),
            category_name: matter.category.chinese().map(str::to_owned),
            priority: matter.priority,
            status: matter.status,
            origin: matter.id.origin,
            holder: matter.holder,
            transit: matter.transit,
            standing: match docket.standing {
                Standing::Holding => StandingView::Holding,
                Standing::Giving { to, bound_for } => StandingView::Giving { to, bound_for },
                Standing::Elsewhere => StandingView::Elsewhere,
            },
            reported_ms: matter.reported_at().0,
            as_of_ms: matter.steps.last().map_or(0, |step| step.at.0),
        }
    }
}

impl Mentions for MatterPage {
    fn mentions(&self, all: &mut BTreeSet<DivisionCode>) {
        for line in &self.matters {
            all.extend([line.origin, line.holder]);
            all.extend(line.transit);
        }
    }
}

impl Mentions for MatterView {
    fn mentions(&self, all: &mut BTreeSet<DivisionCode>) {
        all.extend([self.origin, self.responsible, self.holder]);
        all.extend(self.transit);
        if let StandingView::Giving { to, bound_for } = self.standing {
            all.extend([to, bound_for]);
        }
        for step in &self.steps {
            all.insert(step.by);
            all.extend(step.act.sent_to());
            if let Act::Relay(to) = step.act {
                all.insert(to);
            }
        }
    }
}

//! Matters: what is handed in, what is shown.

use std::collections::BTreeSet;

use domain::{attachment::UploadId, matter::Datum, receipt::Opening};
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{
    Channel, Class, Code, Contact, MatterStatus, MatterView, Mentions, Point, Priority,
    StandingView, Visibility,
};

/// Which matters to list.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
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

/// In which order.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum MatterOrder {
    /// The oldest first.
    #[default]
    Oldest,
    /// The newest first.
    Newest,
}

/// How little time is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Urgency {
    /// A running clock warns, and none is overdue.
    DueSoon,
    /// A running clock is overdue.
    Overdue,
}

/// What a person hands in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportRequest {
    /// Category code, such as `enforcement/rubbish`.
    pub category: String,
    /// What it is about, as many characters as policy takes.
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
    #[schema(value_type = Option<Code>)]
    pub about: Option<DivisionCode>,
    /// Where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Point>,
    /// The system of coordinates that `place` is given in; it is kept in WGS 84.
    #[serde(default)]
    pub coordinates: Datum,
    /// Who reports it. Only the holder sees it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
    /// Uploads of the same person that belong to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub attachments: Vec<UploadId>,
    /// Hand it to this tier above in the same commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Code>)]
    pub escalate_to: Option<DivisionCode>,
    /// Also give a slip, with which whoever has it reads and contests the matter.
    #[serde(default)]
    pub slip: bool,
    /// Also give what opens the commitment to the text, with which a receipt proves it. It is given here, and
    /// while the matter is held where it was reported; never again.
    #[serde(default)]
    pub opening: bool,
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
            place: None,
            coordinates: Datum::default(),
            contact: None,
            attachments: vec![],
            escalate_to: None,
            slip: false,
            opening: false,
        }
    }
}

/// The answer to a report: it is durable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Reported {
    /// The number of the new matter.
    pub id: String,
    /// The slip, if one was asked for: what to send as `Reporter-Token`. Shown once: a repeated
    /// request is told `shown-once` here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// What opens the commitment to the text, if it was asked for. For whoever reported only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opening: Option<Opening>,
}

/// How a receipt is to be.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams,
)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ReceiptQuery {
    /// With what opens the commitment to the text, which only whoever reported it is given.
    #[serde(default)]
    pub opening: bool,
}

/// Which page of matters. What is left out filters nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct MattersQuery {
    /// Go on from the `next` of the page before, or after a matter; from the first if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// At most so many, 1 to 1,000; 100 if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// By state.
    #[serde(default)]
    #[param(inline)]
    pub state: MatterFilter,
    /// A category such as `enforcement/rubbish`, or a platform such as `enforcement`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Reported in this division or below it, as its code says. The page is then by number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<Code>)]
    pub origin: Option<DivisionCode>,
    /// Held by this division, as last heard.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<Code>)]
    pub holder: Option<DivisionCode>,
    /// By the time that is left; never closed ones. The page is then by the moment that is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub clock: Option<Urgency>,
    /// Reported on this day or later, in Asia/Shanghai, such as 2026-03-01.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Reported on this day or earlier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The oldest or the newest first.
    #[serde(default)]
    #[param(inline)]
    pub order: MatterOrder,
    /// The beginning of a number, such as `330825002222-1f3a`: the page is then by number. Or a part of
    /// the name of a category, of a platform, or of a division: the holder, the origin, or one above
    /// the origin. What people wrote is sealed and not searched. At most 64 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
}

/// A page of matters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MatterPage {
    /// The matters.
    pub matters: Vec<MatterLine>,
    /// What to send as `after` to go on; nothing follows if it is left out. A page may be short, even
    /// empty, and still go on: no page looks at more than 5,000 matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A matter in one line, without anything a person wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
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
    #[schema(value_type = Code)]
    pub origin: DivisionCode,
    /// Who holds it, as last heard.
    #[schema(value_type = Code)]
    pub holder: DivisionCode,
    /// The neighbour it is being handed to.
    #[schema(value_type = Option<Code>)]
    pub transit: Option<DivisionCode>,
    /// How this node stands to it.
    pub standing: StandingView,
    /// When it was reported.
    pub reported_ms: i64,
    /// When the last step known here was made.
    pub as_of_ms: i64,
    /// When its first clock is used up if nothing is done, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_ms: Option<i64>,
    /// Whether that lies beyond the holidays that were announced, and may still move by some days.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub provisional: bool,
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
        all.extend(self.known.map(|known| known.by));
        if let StandingView::Giving { to, bound_for } = self.standing {
            all.extend([to, bound_for]);
        }
        for step in &self.steps {
            all.insert(step.by);
            all.extend(step.act.bound_for());
            all.extend(step.act.asked_by());
        }
    }
}

//! Reports, and pages of matters.

use std::collections::{BTreeMap, BTreeSet};

use domain::{attachment::UploadId, matter::Datum, receipt::Opening};
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::{
    Channel, Class, Code, Contact, MatterStatus, MatterView, Mentions, ObjectedRating, Point,
    Priority, StandingView, Unread, Visibility,
};

topology::vocabulary! {
    /// Which matters to list.
    #[derive(Default, utoipa::ToSchema)]
    pub enum MatterFilter: "filter of matters" {
        #[default]
        All = 1, "all", "全部", "every one this node knows";
        Open = 2, "open", "未结", "those not closed, as last heard";
        Closed = 3, "closed", "已结", "those closed";
        Held = 4, "held", "在本级", "those this node holds, closed ones among them";
    }
}

topology::vocabulary! {
    /// In which order.
    #[derive(Default, utoipa::ToSchema)]
    pub enum MatterOrder: "order of matters" {
        #[default]
        Oldest = 1, "oldest", "由旧到新", "the oldest first";
        Newest = 2, "newest", "由新到旧", "the newest first";
        Due = 3, "due", "按期限", "the one whose clock ends first; only open ones with a clock";
    }
}

topology::vocabulary! {
    /// To whom a matter that is held here was dispatched.
    #[derive(utoipa::ToSchema)]
    pub enum Charge: "charge" {
        Mine = 1, "mine", "我的", "the caller, or the caller's department and nobody in it";
        Department = 2, "department", "本部门", "the caller's department, or somebody in it";
        Nobody = 3, "nobody", "无人认领", "nobody yet";
    }
}

topology::vocabulary! {
    /// How little time is left.
    #[derive(utoipa::ToSchema)]
    pub enum Urgency: "urgency" {
        DueSoon = 1, "due-soon", "即将到期", "a running clock warns, and none is overdue";
        Overdue = 2, "overdue", "已超期", "a running clock is overdue";
    }
}

/// A report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportRequest {
    /// Category code, such as `enforcement/rubbish`.
    pub category: String,
    /// The text, up to the number of characters that policy allows.
    pub text: String,
    /// Channel through which it came in.
    #[serde(default)]
    pub channel: Channel,
    /// Priority.
    #[serde(default)]
    pub priority: Priority,
    /// Visibility: the people who may learn of it.
    #[serde(default)]
    pub visibility: Visibility,
    /// Protection class of the text.
    #[serde(default)]
    pub class: Class,
    /// The division complained about; required if the visibility is `direct`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Code>)]
    pub about: Option<DivisionCode>,
    /// Data that are asked for in this category (`asks` of its promise), by the code of their element.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<String, String>,
    /// Location of the problem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Point>,
    /// The place in words, one line of at most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// A place of the division's list, by its name (`places` of its promises); it is written before
    /// `address`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named_place: Option<String>,
    /// Coordinate system of `place`; it is stored as WGS 84.
    #[serde(default)]
    pub coordinates: Datum,
    /// The reporter. Only the holder sees it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
    /// Uploads of the same person that belong to the report.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub attachments: Vec<UploadId>,
    /// Number of the disclosure of this node that the report objects to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objects_to: Option<String>,
    /// The rating of this node that the report objects to, for its household.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objects_to_rating: Option<ObjectedRating>,
    /// The division above to which the report is escalated in the same commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Code>)]
    pub escalate_to: Option<DivisionCode>,
    /// Also returns a slip. Whoever has it can read and contest the matter.
    #[serde(default)]
    pub slip: bool,
    /// Also returns the opening of the commitment to the text, with which a receipt proves the
    /// text. It is returned here, and while the matter is held where it was reported, and never
    /// later.
    #[serde(default)]
    pub opening: bool,
}

impl ReportRequest {
    /// Returns a report with a category and a text, and defaults for everything else.
    pub fn new(category: &str, text: &str) -> Self {
        Self {
            category: category.to_owned(),
            text: text.to_owned(),
            channel: Channel::default(),
            priority: Priority::default(),
            visibility: Visibility::default(),
            class: Class::default(),
            about: None,
            data: BTreeMap::new(),
            named_place: None,
            place: None,
            address: None,
            coordinates: Datum::default(),
            contact: None,
            objects_to: None,
            objects_to_rating: None,
            attachments: vec![],
            escalate_to: None,
            slip: false,
            opening: false,
        }
    }
}

/// The answer to a report: the report is durable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Reported {
    /// Number of the new matter.
    pub id: String,
    /// The slip, if requested: send it as `Reporter-Token`. Shown once: a repeated request gets
    /// `shown-once` here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The opening of the commitment to the text, if requested. Only the reporter gets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opening: Option<Opening>,
}

/// Form of a receipt.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams,
)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ReceiptQuery {
    /// Includes the opening of the commitment to the text, which only the reporter gets.
    #[serde(default)]
    pub opening: bool,
}

/// Selects a page of matters. Filters that are left out match every matter.
#[derive(
    Clone,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    utoipa::IntoParams,
    utoipa::ToSchema,
)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct MattersQuery {
    /// Continues after the `next` of the previous page, or after a matter number; from the first if
    /// left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// The most matters on the page, 1 to 1,000; 100 if left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// Matters in this state.
    #[serde(default)]
    #[param(inline)]
    pub state: MatterFilter,
    /// A category such as `enforcement/rubbish`, or a platform such as `enforcement`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Reported in this division or below it, by its code. The page is then ordered by number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<Code>)]
    #[schema(value_type = Option<Code>)]
    pub origin: Option<DivisionCode>,
    /// Held by this division, as last known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(value_type = Option<Code>)]
    #[schema(value_type = Option<Code>)]
    pub holder: Option<DivisionCode>,
    /// By time left; closed matters never match. The page is then ordered by due time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub clock: Option<Urgency>,
    /// By whom it was dispatched to, here; only open matters that this node holds. The page is then
    /// ordered by due time.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub charge: Option<Charge>,
    /// Reported on this day or later, in Asia/Shanghai, such as 2026-03-01.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Reported on this day or earlier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Oldest, newest, or first due first.
    #[serde(default)]
    #[param(inline)]
    pub order: MatterOrder,
    /// The beginning of a number, such as `330825002222-1f3a`; the page is then ordered by number.
    /// Or a part of the name of a category, a platform, or a division: the holder, the origin, or a
    /// division above the origin. Text that people wrote is sealed and not searched. At most 64
    /// characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
}

/// Which of the matters that an account reported.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OwnMattersQuery {
    /// Continues after the `next` of the previous page; from the latest if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// The most matters on the page, 1 to 100; 100 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

/// A page of matters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MatterPage {
    /// The matters.
    pub matters: Vec<MatterLine>,
    /// Send this as `after` to get the next page; absent on the last page. A page may be short or
    /// empty although more follow, because no page looks at more than 5,000 matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A matter in one line, without any text that a person wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MatterLine {
    /// Number of the matter.
    pub id: String,
    /// Category code.
    pub category: String,
    /// Category in Chinese, if it is known.
    pub category_name: Option<String>,
    /// Priority.
    pub priority: Priority,
    /// Status of the work.
    pub status: MatterStatus,
    /// The division where it was reported.
    #[schema(value_type = Code)]
    pub origin: DivisionCode,
    /// The holder, as last known.
    #[schema(value_type = Code)]
    pub holder: DivisionCode,
    /// The neighbour to which it is being handed, if any.
    #[schema(value_type = Option<Code>)]
    pub transit: Option<DivisionCode>,
    /// This node's relation to it.
    pub standing: StandingView,
    /// When it was reported, in milliseconds since 1970.
    pub reported_ms: i64,
    /// When the last step known here was made, in milliseconds since 1970.
    pub as_of_ms: i64,
    /// When its first clock runs out if nothing is done, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_ms: Option<i64>,
    /// True if it is due after the last day whose holidays are announced, so that it may still move
    /// by some days.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub provisional: bool,
    /// Whether the account that asks has not seen its last step; absent for closed matters, and for callers
    /// without an account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<Unread>,
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

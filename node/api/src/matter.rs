//! A matter as the API shows it.

use domain::{
    calendar::Calendar,
    category::{Platform, Priority, Visibility},
    clock::{self, Clock, How, Stage},
    custody::Standing,
    ids::MatterId,
    matter::{Act, Audience, Channel, Contact, Detail, Outcome, Place, Status, Target, Version},
    receipt::Line,
    request::{Reply, RequestKind, Voice},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

use super::DataView;

/// This node's relation to a matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum StandingView {
    /// This node holds the matter.
    Holding,
    /// This node gave the matter to a neighbour, which has not answered yet.
    Giving {
        /// The neighbour.
        #[schema(value_type = String)]
        to: DivisionCode,
        /// The final destination.
        #[schema(value_type = String)]
        bound_for: DivisionCode,
    },
    /// This node has only a copy.
    Elsewhere,
}

/// Text that a person wrote, or why it is not shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BodyView {
    /// The text.
    Text(String),
    /// Only the holder sees the text.
    Masked,
    /// The text was erased.
    Erased,
    /// The text is not at this node.
    Absent,
    /// The text is at this node but cannot be decrypted; the node's log says why.
    Unreadable,
}

/// One step of a matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StepView {
    /// When it was made, in milliseconds since 1970.
    pub at_ms: i64,
    /// The acting division.
    #[schema(value_type = String)]
    pub by: DivisionCode,
    /// The act: its name, or an object from its name to its parameters.
    #[schema(value_type = serde_json::Value)]
    pub act: Act,
    /// The category code from this step on; only for reports and for steps that change it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The office's remark.
    pub note: Option<BodyView>,
    /// The speaker, if the step carries out a request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice: Option<Voice>,
}

/// A matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MatterView {
    /// Number of the matter.
    pub id: String,
    /// Channel through which it came in.
    pub channel: Channel,
    /// Category code.
    pub category: String,
    /// Category in Chinese, if it is known.
    pub category_name: Option<String>,
    /// Platform of the category.
    pub platform: Platform,
    /// Priority.
    pub priority: Priority,
    /// Visibility: the people who may learn of it.
    pub visibility: Visibility,
    /// Status of the work.
    pub status: Status,
    /// The division where it was reported.
    #[schema(value_type = String)]
    pub origin: DivisionCode,
    /// The first receiver.
    #[schema(value_type = String)]
    pub responsible: DivisionCode,
    /// The holder, as last known.
    #[schema(value_type = String)]
    pub holder: DivisionCode,
    /// The neighbour to which it is being handed, if any.
    #[schema(value_type = Option<String>)]
    pub transit: Option<DivisionCode>,
    /// This node's relation to it.
    pub standing: StandingView,
    /// Version of the data shown.
    pub version: Version,
    /// When the last step shown was made, in milliseconds since 1970.
    pub as_of_ms: i64,
    /// Up to when the steps shown are complete.
    pub known: Option<Known>,
    /// The reporter's text.
    pub body: BodyView,
    /// All steps.
    pub steps: Vec<StepView>,
    /// Clocks of the matter, in the order in which they started.
    pub clocks: Vec<ClockView>,
    /// Answers in fields of their own; only the holder sees them.
    pub details: Vec<Detail>,
    /// Data that the standard in force knows. Those that say something of a person only the holder sees, and they are
    /// erased with the text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<DataView>,
    /// Location of the problem; only the holder sees it.
    pub place: Option<Point>,
    /// The reporter, masked; only the holder sees it.
    pub contact: Option<Contact>,
    /// The platform, department or person it was dispatched to in the holder's division.
    pub dispatched: Option<Target>,
    /// The parts, if it is a bundle.
    pub parts: Vec<PartView>,
    /// The bundle of which it is a part.
    pub part_of: Option<String>,
    /// Signed receipts available here, oldest first.
    pub receipts: Vec<Line>,
    /// Requests of this node to the holder, and the answers.
    pub requests: Vec<RequestView>,
}

/// A point on the ground, WGS 84.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// Degrees north, -90 to 90.
    pub latitude: f64,
    /// Degrees east, -180 to 180.
    pub longitude: f64,
}

// JSON has no NaN, so every value equals itself.
impl Eq for Point {}

impl From<Place> for Point {
    fn from(place: Place) -> Self {
        let (latitude, longitude) = place.degrees();
        Self {
            latitude,
            longitude,
        }
    }
}

topology::vocabulary! {
    /// How a clock stands.
    #[derive(utoipa::ToSchema)]
    pub enum Stands: "state of a clock" {
        /// There is time.
        Running = 1, "running", "计时中", "running";
        /// There is little time.
        DueSoon = 2, "due-soon", "预警", "due soon";
        /// Its time is used up.
        Overdue = 3, "overdue", "超期", "overdue";
        /// Time does not count.
        Paused = 4, "paused", "暂停", "paused";
        /// It ended in time.
        Met = 5, "met", "按时", "met";
        /// It ended after it was due.
        Late = 6, "late", "超期完成", "late";
        /// It no longer matters.
        Cancelled = 7, "cancelled", "取消", "cancelled";
    }
}

/// A clock of a matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ClockView {
    /// What is to be done.
    pub stage: Stage,
    /// The time allowed: `5wd`, `2wh`, `30d`, `24h`.
    pub allowance: String,
    /// When it started, in milliseconds since 1970.
    pub started_ms: i64,
    /// When its time is used up, in milliseconds since 1970. While paused, when that would be if it
    /// ran again after the longest pause.
    pub due_ms: i64,
    /// True if it is due after the last day whose holidays are announced, so that it may still move
    /// by some days.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub provisional: bool,
    /// State by this node's clock.
    pub stands: Stands,
    /// The policy line that set it.
    pub rule: String,
}

impl ClockView {
    /// Returns a clock as it stands at a moment, by the calendar in force.
    pub fn of(clock: &Clock, calendar: &Calendar, now: Timestamp) -> Self {
        let due = clock.pause.map_or(clock.due, |pause| pause.due);
        Self {
            stage: clock.stage,
            allowance: clock.allowance.to_string(),
            started_ms: clock.started.0,
            due_ms: due.0,
            provisional: clock.is_open() && calendar.is_provisional(due),
            stands: match clock.standing(now) {
                clock::Standing::Running { .. } => Stands::Running,
                clock::Standing::DueSoon { .. } => Stands::DueSoon,
                clock::Standing::Overdue { .. } => Stands::Overdue,
                clock::Standing::Paused { .. } => Stands::Paused,
                clock::Standing::Ended(How::Met) => Stands::Met,
                clock::Standing::Ended(How::Late) => Stands::Late,
                clock::Standing::Ended(How::Cancelled) => Stands::Cancelled,
            },
            rule: clock.rule.to_string(),
        }
    }
}

/// A part of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PartView {
    /// Number of the part.
    pub id: String,
    /// Outcome; absent while it is open.
    pub ended: Option<Outcome>,
}

impl From<(MatterId, Option<Outcome>)> for PartView {
    fn from((id, ended): (MatterId, Option<Outcome>)) -> Self {
        let id = id.to_string();
        Self { id, ended }
    }
}

/// A request of this node to the holder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RequestView {
    /// The request.
    #[serde(rename = "request")]
    #[schema(value_type = serde_json::Value)]
    pub kind: RequestKind,
    /// The answer; absent until it is known.
    #[schema(value_type = Option<serde_json::Value>)]
    pub reply: Option<Reply>,
}

impl MatterView {
    /// Removes the reporter's text, contact and location, and all that was said in fields of their own.
    pub fn hide_reporter(&mut self) {
        self.body = BodyView::Masked;
        self.details.clear();
        self.data.clear();
        self.place = None;
        self.contact = None;
    }

    /// Removes the remarks of offices to each other; for views of the reporter.
    pub fn hide_inside_remarks(&mut self) {
        for step in &mut self.steps {
            if step.act == Act::Remark(Audience::Offices) && step.note.is_some() {
                step.note = Some(BodyView::Masked);
            }
        }
    }
}

/// Up to when the steps shown of a matter are complete, and who vouches for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Known {
    /// The division that vouches: the holder; if the matter is held in another branch, the division
    /// above both, up to which this node knows the age of its data; or the neighbour through which
    /// the holder is reached.
    #[schema(value_type = String)]
    pub by: DivisionCode,
    /// Everything that division had to tell before this moment is shown. In milliseconds since 1970
    /// by this node's clock; absent if it never told everything.
    pub through_ms: Option<i64>,
    /// When this view was made, by the same clock.
    pub shown_ms: i64,
}

impl Known {
    /// Returns the age of the data shown in milliseconds, or `None` if it is not known.
    pub fn age_ms(&self) -> Option<i64> {
        self.through_ms.map(|through| self.shown_ms - through)
    }
}

impl From<Standing> for StandingView {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Holding => Self::Holding,
            Standing::Giving { to, bound_for } => Self::Giving { to, bound_for },
            Standing::Elsewhere => Self::Elsewhere,
        }
    }
}

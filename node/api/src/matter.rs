//! A matter as people see it.

use domain::{
    calendar::Calendar,
    category::{Platform, Priority, Visibility},
    clock::{self, Clock, How, Stage},
    custody::Standing,
    ids::MatterId,
    matter::{Act, Audience, Channel, Contact, Detail, Outcome, Place, Status, Target, Version},
    receipt::Line,
    request::{Reply, Voice, Wish},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use topology::DivisionCode;

/// How this node stands to a matter, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum StandingView {
    /// Held here.
    Holding,
    /// Handed over, not yet answered.
    Giving {
        /// The neighbour.
        #[schema(value_type = String)]
        to: DivisionCode,
        /// The end of its way.
        #[schema(value_type = String)]
        bound_for: DivisionCode,
    },
    /// A copy.
    Elsewhere,
}

/// What a person wrote, or that it may not be seen here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BodyView {
    /// The text.
    Text(String),
    /// Only the holder sees it.
    Masked,
    /// It was erased.
    Erased,
    /// It is not here.
    Absent,
    /// It is here and does not open; the node's log says why.
    Unreadable,
}

/// One step, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StepView {
    /// When, in milliseconds since 1970.
    pub at_ms: i64,
    /// The acting division.
    #[schema(value_type = String)]
    pub by: DivisionCode,
    /// What was done: a word, or a word with the division or outcome it names.
    #[schema(value_type = serde_json::Value)]
    pub act: Act,
    /// The category code it has from here on, of a report and of what puts it into another category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The office's remark.
    pub note: Option<BodyView>,
    /// Who spoke, if somebody asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voice: Option<Voice>,
}

/// A matter, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MatterView {
    /// Its number.
    pub id: String,
    /// How it came in.
    pub channel: Channel,
    /// Category code.
    pub category: String,
    /// Category in Chinese, if it is a known one.
    pub category_name: Option<String>,
    /// Its platform.
    pub platform: Platform,
    /// How urgent.
    pub priority: Priority,
    /// Who may learn of it.
    pub visibility: Visibility,
    /// State of the work.
    pub status: Status,
    /// Where it was reported.
    #[schema(value_type = String)]
    pub origin: DivisionCode,
    /// First receiver.
    #[schema(value_type = String)]
    pub responsible: DivisionCode,
    /// Who holds it, as last heard.
    #[schema(value_type = String)]
    pub holder: DivisionCode,
    /// The neighbour it is being handed to.
    #[schema(value_type = Option<String>)]
    pub transit: Option<DivisionCode>,
    /// How this node stands to it.
    pub standing: StandingView,
    /// Version of what is shown.
    pub version: Version,
    /// When the last step shown was made, in milliseconds since 1970.
    pub as_of_ms: i64,
    /// Through when nothing that happened is missing here.
    pub known: Option<Known>,
    /// What the person wrote.
    pub body: BodyView,
    /// Every step.
    pub steps: Vec<StepView>,
    /// What is to be done by when, in the order in which the clocks started.
    pub clocks: Vec<ClockView>,
    /// What was said of it in fields of their own; only the holder sees it.
    pub details: Vec<Detail>,
    /// Where it is; only the holder sees it.
    pub place: Option<Point>,
    /// Who reported it, masked; only the holder sees it.
    pub contact: Option<Contact>,
    /// To whom it was dispatched in the division that holds it.
    pub dispatched: Option<Target>,
    /// The parts, if it is a bundle.
    pub parts: Vec<PartView>,
    /// The bundle it is a part of.
    pub part_of: Option<String>,
    /// Signed receipts that can be had here, oldest first.
    pub receipts: Vec<Line>,
    /// What this node asked of the holder, and the answers.
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

// JSON knows no number that differs from itself.
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

/// How a clock stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Stands {
    /// There is time.
    Running,
    /// There is little time.
    DueSoon,
    /// Its time is used up.
    Overdue,
    /// Time does not count.
    Paused,
    /// It ended in time.
    Met,
    /// It ended after it was due.
    Late,
    /// It no longer matters.
    Cancelled,
}

/// A clock, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ClockView {
    /// What is to be done.
    #[schema(value_type = String, example = "finish")]
    pub stage: Stage,
    /// How much time it gives: `5wd`, `2wh`, `30d`, `24h`.
    pub allowance: String,
    /// When it started, in milliseconds since 1970.
    pub started_ms: i64,
    /// When it is used up; while paused, if it ran again now by itself.
    pub due_ms: i64,
    /// Whether that lies beyond the holidays that were announced, and may still move by some days.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub provisional: bool,
    /// How it stands by this node's clock.
    pub stands: Stands,
    /// The line of policy that set it.
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

/// A part of a bundle, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PartView {
    /// Its number.
    pub id: String,
    /// How it ended; absent while it is open.
    pub ended: Option<Outcome>,
}

impl From<(MatterId, Option<Outcome>)> for PartView {
    fn from((id, ended): (MatterId, Option<Outcome>)) -> Self {
        let id = id.to_string();
        Self { id, ended }
    }
}

/// A request of this node, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RequestView {
    /// What was asked.
    #[schema(value_type = serde_json::Value)]
    pub wish: Wish,
    /// What became of it; absent while that is not known.
    #[schema(value_type = Option<serde_json::Value>)]
    pub reply: Option<Reply>,
}

impl MatterView {
    /// Leaves out what whoever reported it wrote, and who and where that is.
    pub fn hide_reporter(&mut self) {
        self.body = BodyView::Masked;
        self.place = None;
        self.contact = None;
    }

    /// Hides what offices said to each other, as it is shown to whoever reported the matter.
    pub fn hide_inside_remarks(&mut self) {
        for step in &mut self.steps {
            if step.act == Act::Remark(Audience::Offices) && step.note.is_some() {
                step.note = Some(BodyView::Masked);
            }
        }
    }
}

/// Through which moment what is shown of a matter is all there is, and by whose word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Known {
    /// Who vouches for it: the holder; or, where it is held in another branch, the division above both, as
    /// far as which this node's knowledge is dated; or the neighbour through which the holder is reached.
    #[schema(value_type = String)]
    pub by: DivisionCode,
    /// Everything that one had to say before this moment is shown, in milliseconds since 1970 by this
    /// node's clock; absent if it never said everything.
    pub through_ms: Option<i64>,
    /// When it was shown, by the same clock.
    pub shown_ms: i64,
}

impl Known {
    /// How old what is shown is, in milliseconds; `None` if that is not known.
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

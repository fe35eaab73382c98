//! How a process, its nodes and their links are doing.

use domain::envelope::Lane;
use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tier};

use super::{AlarmView, Code, KeyStatementLine, RevocationLine};

/// How a process and its nodes are doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Status {
    /// Version of the program.
    pub version: String,
    /// The node's clock.
    pub now_ms: i64,
    /// When the process started.
    pub started_ms: i64,
    /// Milliseconds since then.
    pub uptime_ms: u64,
    /// Why no new work is taken, if the disk is full or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk: Option<String>,
    /// Why traces do not reach their collector, if they do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traces: Option<String>,
    /// The network its nodes belong to.
    pub network: NetworkStatus,
    /// Its nodes, by code.
    pub nodes: Vec<NodeStatus>,
}

/// A network, as one process knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NetworkStatus {
    /// Its random name: 32 hexadecimal digits.
    pub id: String,
    /// DNS zone of its divisions.
    pub zone: String,
    /// Whether it is a demonstration, whose figures mean nothing.
    pub demo: bool,
    /// Its root.
    #[schema(value_type = Code)]
    pub province: DivisionCode,
    /// Edition of the list of divisions: 64 hexadecimal digits.
    pub topology: String,
}

/// A hosted node in one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NodeLine {
    /// Its division.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// Its short name.
    pub name: String,
}

/// The nodes of one process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Nodes {
    /// By code.
    pub nodes: Vec<NodeLine>,
}

/// How one node is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NodeStatus {
    /// Its division.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// Its short name.
    pub name: String,
    /// Its name with those of the divisions above it.
    pub full_name: String,
    /// Its tier.
    #[schema(value_type = String)]
    pub tier: Tier,
    /// The present life of its store.
    pub epoch: EpochStatus,
    /// How it stands to the matters it knows; left out if a brief status was asked for.
    pub matters: Option<MatterCounts>,
    /// Links that are up.
    pub links_up: usize,
    /// Neighbours by the list of divisions.
    pub links_expected: usize,
    /// The link to the parent, and every link that was up since the start.
    pub links: Vec<LinkStatus>,
    /// What waits for neighbours.
    pub queues: Vec<QueueLength>,
    /// Keys of this node and its neighbours that do not count any more.
    #[serde(default)]
    pub revoked: Vec<RevocationLine>,
    /// Key statements of this division; and those of children and theirs that have had more than one,
    /// or one that does not count.
    #[serde(default)]
    pub keys: Vec<KeyStatementLine>,
    /// What neighbours brought and is refused, because this node crashed on it too often.
    #[serde(default)]
    pub given_up: Vec<GivenUpLine>,
    /// Webhooks that are failing or were given up.
    #[serde(default)]
    pub failing_hooks: Vec<FailingHook>,
    /// Neighbours that have to show what they know before work goes on: the store went back in time.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub awaited: Vec<DivisionCode>,
    /// Alarms that stand until somebody closes them.
    #[serde(default)]
    pub alarms: Vec<AlarmView>,
    /// How far holidays are announced.
    #[serde(default)]
    pub calendar: Option<CalendarStatus>,
}

/// A webhook that does not take what it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FailingHook {
    /// Its id.
    pub id: String,
    /// What it is for.
    pub name: String,
    /// Failures since it last took something.
    pub failures: u32,
    /// When the first of them was, in milliseconds since 1970.
    pub since_ms: Option<i64>,
    /// Whether it is not tried any more.
    pub given_up: bool,
}

/// An envelope that is refused because this node crashed on it too often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct GivenUpLine {
    /// Who says it.
    #[schema(value_type = Code)]
    pub author: DivisionCode,
    /// What it says.
    pub kind: String,
    /// Its count among everything the author issued.
    pub issue: u64,
    /// How often it was in hand at a crash.
    pub times: u8,
    /// When it was last, in milliseconds since 1970.
    pub at_ms: i64,
}

/// One life of a node's store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EpochStatus {
    /// 1 for the first.
    pub order: u64,
    /// Its random name: 32 hexadecimal digits.
    pub id: String,
}

/// How many matters a node knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MatterCounts {
    /// Held here, closed ones among them.
    pub holding: usize,
    /// On their way to a neighbour.
    pub giving: usize,
    /// Known as a copy.
    pub copies: usize,
}

/// On which side a neighbour stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NeighbourSide {
    /// Directly above.
    Parent,
    /// Directly below.
    Child,
}

/// How one link is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LinkStatus {
    /// The neighbour.
    #[schema(value_type = Code)]
    pub neighbour: DivisionCode,
    /// Its short name.
    pub name: String,
    /// Where it stands.
    pub side: NeighbourSide,
    /// The link itself.
    #[serde(flatten)]
    pub state: LinkState,
}

/// What may be left out of a status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct StatusQuery {
    /// Only this node.
    #[param(value_type = Option<Code>)]
    pub node: Option<DivisionCode>,
    /// Without counting matters, which takes time where there are many.
    #[serde(default)]
    pub brief: bool,
}

/// How far the calendar in force was announced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CalendarStatus {
    /// The last day whose holidays and make-up days are known, like 2026-12-31. What is due later is
    /// provisional.
    pub announced_through: String,
    /// How many days that is from now.
    pub days_left: u32,
    /// Whether it ends within two months, or ended.
    pub ends_soon: bool,
    /// The policy it stands in.
    pub source: String,
}

/// How much waits for a neighbour in one lane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct QueueLength {
    /// The neighbour.
    #[schema(value_type = String)]
    pub neighbour: DivisionCode,
    /// The lane.
    pub lane: Lane,
    /// Outbox segments that wait or are unanswered.
    pub segments: usize,
}

/// How a link is doing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LinkState {
    /// Whether a conversation is under way.
    pub up: bool,
    /// When it last began, in milliseconds since 1970.
    pub since_ms: Option<i64>,
    /// How the last one ended.
    pub last_end: Option<String>,
    /// Envelopes brought by the neighbour, over all conversations since the start.
    pub received: u64,
    /// Envelopes sent and answered.
    pub settled: u64,
    /// Envelopes of the neighbour that were refused.
    pub refused: u64,
    /// How far the neighbour's clock is ahead, in milliseconds.
    pub skew_ms: i64,
}

//! Status of a process, its nodes and their links.

use domain::{envelope::Lane, health::Trouble};
use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tier};

use super::{
    AlarmView, CertificateLine, Code, KeyStatementLine, LastBackup, LinkStatus, RevocationLine,
    TemplateListLine, UnseenNeighbour,
};

/// Status of a process and its nodes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Status {
    /// Version of the program.
    pub version: String,
    /// The node's clock, in milliseconds since 1970.
    pub now_ms: i64,
    /// When the process started, in milliseconds since 1970.
    pub started_ms: i64,
    /// Milliseconds since then.
    pub uptime_ms: u64,
    /// Reason why no new work is accepted, if the disk is full or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk: Option<String>,
    /// Reason why traces do not reach their collector, if they do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traces: Option<String>,
    /// The last backup of its directory, if one was ever made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<LastBackup>,
    /// The network of its nodes.
    pub network: NetworkStatus,
    /// What the process does by itself for all its nodes.
    #[serde(default)]
    pub workers: Vec<WorkerLine>,
    /// Its nodes, by code.
    pub nodes: Vec<NodeStatus>,
}

/// A network, as one process knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NetworkStatus {
    /// Random id: 32 hexadecimal digits.
    pub id: String,
    /// DNS zone of its divisions.
    pub zone: String,
    /// True for a demonstration, whose figures mean nothing.
    pub demo: bool,
    /// The province at the root of the network.
    #[schema(value_type = Code)]
    pub province: DivisionCode,
    /// Edition of the list of divisions: 64 hexadecimal digits.
    pub topology: String,
}

/// A hosted node in one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NodeLine {
    /// The node's division.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// Short name of the division.
    pub name: String,
}

/// The nodes of one process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Nodes {
    /// The nodes, ordered by code.
    pub nodes: Vec<NodeLine>,
}

/// Status of one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NodeStatus {
    /// The node's division.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// Short name of the division.
    pub name: String,
    /// Name of the division, preceded by those of the divisions above it.
    pub full_name: String,
    /// Tier of the division.
    #[schema(value_type = String)]
    pub tier: Tier,
    /// The present epoch of the node's store.
    pub epoch: EpochStatus,
    /// Counts of the matters it knows; absent in a brief status.
    pub matters: Option<MatterCounts>,
    /// Number of links that are up.
    pub links_up: usize,
    /// Number of neighbours in the list of divisions.
    pub links_expected: usize,
    /// The link to the parent, and that to every child that was ever linked.
    pub links: Vec<LinkStatus>,
    /// Children that were never linked, so far as the list of divisions has a node for them.
    #[serde(default)]
    pub unseen: Vec<UnseenNeighbour>,
    /// Version of the protocol that the node speaks.
    #[serde(default)]
    pub protocol: u32,
    /// The certificate that the node shows.
    #[serde(default)]
    pub certificate: Option<CertificateLine>,
    /// Queues to neighbours.
    pub queues: Vec<QueueLength>,
    /// Keys of this node and its neighbours that no longer count.
    #[serde(default)]
    pub revoked: Vec<RevocationLine>,
    /// Key statements of this division. Also those of children and grandchildren that have had more
    /// than one, or one that does not count.
    #[serde(default)]
    pub keys: Vec<KeyStatementLine>,
    /// Envelopes from neighbours that are refused because this node crashed on them too often.
    #[serde(default)]
    pub given_up: Vec<GivenUpLine>,
    /// Webhooks that fail or were given up.
    #[serde(default)]
    pub failing_hooks: Vec<FailingHook>,
    /// Neighbours that must send what they know before work continues, because the store went back
    /// in time.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub awaited: Vec<DivisionCode>,
    /// Open alarms.
    #[serde(default)]
    pub alarms: Vec<AlarmView>,
    /// State of the holiday calendar.
    #[serde(default)]
    pub calendar: Option<CalendarStatus>,
    /// Lists of current templates, of the divisions above and this one, by issuer; empty in a brief status.
    #[serde(default)]
    pub template_lists: Vec<TemplateListLine>,
    /// How the nodes of the subtree are, as far as this node heard; absent in a brief status, and before it looked first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subtree: Option<SubtreeHealth>,
    /// What is done by itself for this node.
    #[serde(default)]
    pub workers: Vec<WorkerLine>,
}

/// How many nodes of a subtree are how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NodeCounts {
    /// Nodes that were ever linked, that at the top included.
    pub known: u64,
    /// Of these, heard of: every link on the way is up.
    pub up: u64,
    /// Of these, whose link upwards is down.
    pub silent: u64,
    /// Of these, below one that is silent.
    pub unreached: u64,
    /// Of those that are up, in some trouble of their own.
    pub troubled: u64,
    /// Divisions directly below a known node whose node was never linked.
    pub not_joined: u64,
}

/// How the nodes of a subtree are. It is told upwards once a minute if it changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SubtreeHealth {
    /// All of them.
    pub total: NodeCounts,
    /// What each child said last of its own subtree. Of one that is silent now it may be long ago.
    pub children: Vec<ChildHealth>,
    /// Nodes in trouble, silent ones first and of each kind the longest; at most 32.
    pub troubles: Vec<TroubleLine>,
    /// Versions of the program, of the nodes that are up; the most frequent first, at most 8.
    pub versions: Vec<VersionLine>,
}

/// How the subtree of a child is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ChildHealth {
    /// The child.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// Its short name.
    pub name: String,
    /// Its nodes.
    pub counts: NodeCounts,
}

/// A node in trouble.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TroubleLine {
    /// Its division.
    #[schema(value_type = Code)]
    pub division: DivisionCode,
    /// Its name, after those of the divisions above it.
    pub full_name: String,
    /// What is wrong.
    pub what: Trouble,
    /// Since when, as far as is known, in milliseconds since 1970.
    pub since_ms: i64,
}

/// How many nodes run a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct VersionLine {
    /// The version of the program, escaped.
    pub version: String,
    /// Nodes.
    pub nodes: u64,
}

/// Something that is done by itself, and how that goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct WorkerLine {
    /// What it is called: `disk`, `collector`, `due-timer`, `sweep`, `certificates`, `backups`, `subtree-health` or `checkpoints`
    /// of the process; `clocks`, `webhooks`,
    /// `webhook` or `link` of a node.
    pub name: String,
    /// Which of several of this name: the id of a webhook, or the neighbour of a link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// What it is doing.
    pub state: WorkerState,
    /// Since when, in milliseconds since 1970.
    pub since_ms: i64,
    /// Until when at the latest it is idle, or not tried again, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<i64>,
    /// What waits for it, if it has a queue: nodes to sweep, nodes with something due, changes that a
    /// webhook was not told of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<u64>,
    /// Pieces of work since the process started, failed ones among them.
    pub runs: u64,
    /// Pieces of work that failed.
    pub failures: u64,
    /// Why the last of them failed, which may be over; in English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// The same in Chinese.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error_chinese: Option<String>,
    /// When that was, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error_ms: Option<i64>,
}

/// Chinese names of workers, of which a later program may have more.
const WORKERS: [(&str, &str); 13] = [
    ("certificates", "证书读取"),
    ("renewal", "证书换发"),
    ("checkpoints", "检查点"),
    ("backups", "备份检查"),
    ("disk", "磁盘检查"),
    ("subtree-health", "下级状况"),
    ("collector", "链路追踪检查"),
    ("due-timer", "到期提醒"),
    ("sweep", "定时清理"),
    ("clocks", "时限处理"),
    ("webhooks", "推送管理"),
    ("webhook", "变更推送"),
    ("link", "上级连接"),
];

/// Returns the Chinese name of a worker, if it is known here.
pub fn worker_in_chinese(name: &str) -> Option<&'static str> {
    let known = WORKERS.iter().find(|(known, _)| *known == name);
    known.map(|(_, chinese)| *chinese)
}

topology::vocabulary! {
    /// What a worker is doing.
    #[derive(utoipa::ToSchema)]
    pub enum WorkerState: "state of a worker" {
        Idle = 1, "idle", "空闲", "it waits for work";
        Working = 2, "working", "运行", "it works";
        Failing = 3, "failing", "出错", "its last work failed, or it is trying that again";
        Stopped = 4, "stopped", "停止", "it does nothing more until somebody does something about it";
    }
}

/// A webhook whose receiver does not accept events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FailingHook {
    /// Id of the webhook.
    pub id: String,
    /// Description.
    pub name: String,
    /// Failures since the last delivery.
    pub failures: u32,
    /// When the first of these failures happened, in milliseconds since 1970.
    pub since_ms: Option<i64>,
    /// True if delivery was given up.
    pub given_up: bool,
    /// The last failure, in English.
    #[serde(default)]
    pub last_failure: Option<String>,
    /// The same in Chinese.
    #[serde(default)]
    pub last_failure_chinese: Option<String>,
}

/// An envelope that is refused because this node crashed on it too often.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct GivenUpLine {
    /// Author of the envelope.
    #[schema(value_type = Code)]
    pub author: DivisionCode,
    /// Kind of the envelope.
    pub kind: String,
    /// Issue number: its count among everything the author said in an epoch.
    pub issue: u64,
    /// Number of crashes while it was being processed.
    pub times: u8,
    /// When the last of them happened, in milliseconds since 1970.
    pub at_ms: i64,
}

/// One epoch of a node's store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EpochStatus {
    /// Number of the epoch; 1 for the first.
    pub order: u64,
    /// Random id: 32 hexadecimal digits.
    pub id: String,
}

/// Numbers of matters that a node knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct MatterCounts {
    /// Held here, including closed ones.
    pub holding: usize,
    /// On their way to a neighbour.
    pub giving: usize,
    /// Known as a copy.
    pub copies: usize,
}

/// Selects the parts of a status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct StatusQuery {
    /// Only this node.
    #[param(value_type = Option<Code>)]
    pub node: Option<DivisionCode>,
    /// Leaves out the counts of matters and the versions of templates, which take time at large nodes.
    #[serde(default)]
    pub brief: bool,
}

/// State of the calendar in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CalendarStatus {
    /// The last day whose holidays and make-up days are known, such as 2026-12-31. Due times after
    /// it are provisional.
    pub announced_through: String,
    /// Days until then.
    pub days_left: u32,
    /// True if it is less than two months away, or past.
    pub ends_soon: bool,
    /// The policy that contains the calendar.
    pub source: String,
}

/// Queue to a neighbour in one lane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct QueueLength {
    /// The neighbour.
    #[schema(value_type = String)]
    pub neighbour: DivisionCode,
    /// The lane.
    pub lane: Lane,
    /// Outbox segments that wait or are not acknowledged.
    pub segments: usize,
}

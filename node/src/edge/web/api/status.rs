//! How a process, its nodes and their links are doing.

use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tier};

use super::{LinkState, QueueLength};

/// How a process and its nodes are doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Version of the program.
    pub version: String,
    /// The node's clock.
    pub now_ms: i64,
    /// When the process started.
    pub started_ms: i64,
    /// Milliseconds since then.
    pub uptime_ms: u64,
    /// The network its nodes belong to.
    pub network: NetworkStatus,
    /// Its nodes, by code.
    pub nodes: Vec<NodeStatus>,
}

/// A network, as one process knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkStatus {
    /// Its random name: 32 hexadecimal digits.
    pub id: String,
    /// DNS zone of its divisions.
    pub zone: String,
    /// Whether it is a demonstration, whose figures mean nothing.
    pub demo: bool,
    /// Its root.
    pub province: DivisionCode,
    /// Edition of the list of divisions: 64 hexadecimal digits.
    pub topology: String,
}

/// A hosted node in one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeLine {
    /// Its division.
    pub division: DivisionCode,
    /// Its short name.
    pub name: String,
}

/// The nodes of one process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nodes {
    /// By code.
    pub nodes: Vec<NodeLine>,
}

/// How one node is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeStatus {
    /// Its division.
    pub division: DivisionCode,
    /// Its short name.
    pub name: String,
    /// Its name with those of the divisions above it.
    pub full_name: String,
    /// Its tier.
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
}

/// One life of a node's store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EpochStatus {
    /// 1 for the first.
    pub order: u32,
    /// Its random name: 32 hexadecimal digits.
    pub id: String,
}

/// How many matters a node knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatterCounts {
    /// Held here, closed ones among them.
    pub holding: usize,
    /// On their way to a neighbour.
    pub giving: usize,
    /// Known as a copy.
    pub copies: usize,
}

/// On which side a neighbour stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NeighbourSide {
    /// Directly above.
    Parent,
    /// Directly below.
    Child,
}

/// How one link is doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkStatus {
    /// The neighbour.
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusQuery {
    /// Only this node.
    pub node: Option<DivisionCode>,
    /// Without counting matters, which takes time where there are many.
    #[serde(default)]
    pub brief: bool,
}

//! The nodes of this process, for those who ask by division.

use std::{collections::BTreeMap, sync::Arc};

use topology::{DivisionCode, Tree};

use super::session::Links;
use crate::{identity::Network, office::Office};

/// One hosted node.
#[derive(Clone)]
pub struct Node {
    /// Its office.
    pub office: Arc<Office>,
    /// How its links are doing.
    pub links: Arc<Links>,
}

/// All nodes of one process.
#[derive(Clone)]
pub struct Roster {
    /// The network they belong to.
    pub network: Arc<Network>,
    /// All divisions.
    pub tree: Arc<Tree>,
    /// The nodes, by division.
    pub nodes: Arc<BTreeMap<DivisionCode, Node>>,
    /// When the process started, in milliseconds since 1970.
    pub started_ms: i64,
}

impl Roster {
    /// The node of a division, if this process hosts it.
    pub fn node(&self, division: DivisionCode) -> Option<&Node> {
        self.nodes.get(&division)
    }
}

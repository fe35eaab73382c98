//! How the nodes below are: counts of each child's subtree, and which nodes are in trouble since when.

use api::{NodeCounts, NodeStatus};

use crate::{
    visit::Visit,
    when::{When, count},
};

/// The nodes below.
#[derive(Default)]
pub(super) struct Below {
    /// All of them first, then each child's.
    pub(super) rows: Vec<Row>,
    pub(super) troubles: Vec<Trouble>,
    /// Versions with their numbers of nodes, if there is more than one.
    pub(super) versions: Vec<(String, String)>,
}

/// Nodes of a subtree.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) known: String,
    pub(super) up: String,
    pub(super) silent: String,
    pub(super) unreached: String,
    pub(super) troubled: String,
    pub(super) not_joined: String,
}

/// A node in trouble.
pub(super) struct Trouble {
    pub(super) name: String,
    pub(super) what: String,
    pub(super) since: When,
}

/// Returns how the nodes below are; nothing of a node that has none and no trouble of its own.
pub(super) fn all(visit: &Visit, node: &NodeStatus) -> Below {
    let Some(told) = &node.subtree else {
        return Below::default();
    };
    let children = told.children.iter();
    let children = children.map(|child| row(child.name.clone(), &child.counts));
    let mut rows = vec![];
    if told.total.known > 1 {
        rows.push(row(node.name.clone(), &told.total));
        rows.extend(children);
    }
    let versions = told.versions.iter().filter(|_| told.versions.len() > 1);
    Below {
        rows,
        troubles: told
            .troubles
            .iter()
            .map(|one| Trouble {
                name: one.full_name.clone(),
                what: visit.w.short(one.what),
                since: visit.when(one.since_ms),
            })
            .collect(),
        versions: versions
            .map(|one| (one.version.clone(), count(one.nodes)))
            .collect(),
    }
}

fn row(name: String, counts: &NodeCounts) -> Row {
    Row {
        name,
        known: count(counts.known),
        up: count(counts.up),
        silent: count(counts.silent),
        unreached: count(counts.unreached),
        troubled: count(counts.troubled),
        not_joined: count(counts.not_joined),
    }
}

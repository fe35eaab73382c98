//! The adoption of a version in a subtree. The expected number of nodes comes from the directory,
//! not from the reports.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tree};

use super::{AdoptionReport, Scope, TemplateKey, TemplateRefusal};
use crate::address::Stamp;

/// The most refusals that are listed with their reason. Further ones are only counted.
pub const MOST_REFUSALS: usize = 32;

/// The decision of a node in scope on a version.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stance {
    /// The version is in force.
    Applied,
    /// The version was refused.
    Refused(TemplateRefusal),
    /// A later version is in force.
    Superseded,
    /// The version before it stays in force, because its rollout has not reached the node.
    Held,
    /// The version before it stays in force, because its rollout was paused before the node took it.
    Paused,
}

/// The nodes in scope by the directory, at this node and below each child.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// Whether this node itself is in scope.
    pub own: bool,
    /// Number of nodes in scope in each child's subtree. Children without any are left out.
    pub children: BTreeMap<DivisionCode, u32>,
}

impl Expected {
    /// Counts the nodes in the directory. This walks the whole subtree of `me`, so cache the result
    /// per scope.
    pub fn of(scope: &Scope, me: DivisionCode, tree: &Tree) -> Self {
        let counted = tree
            .children(me)
            .map(|child| (child, scope.count(child, tree)));
        Self {
            own: scope.covers(me, tree),
            children: counted.filter(|(_, nodes)| *nodes > 0).collect(),
        }
    }

    /// Returns the number of nodes in all.
    pub fn total(&self) -> u32 {
        u32::from(self.own) + self.children.values().sum::<u32>()
    }
}

/// The adoption of a version in this node's subtree.
/// `applied + held + paused + refused + superseded + unreached == expected`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adoption {
    /// The template.
    pub key: TemplateKey,
    /// The version.
    pub version: u32,
    /// Number of nodes in scope by the directory.
    pub expected: u32,
    /// Number of nodes that have this version in force.
    pub applied: u32,
    /// Number of nodes that keep the version before, because the rollout has not reached them.
    pub held: u32,
    /// Number of nodes that keep the version before, because the rollout was paused before they took it.
    pub paused: u32,
    /// Number of nodes that refused it.
    pub refused: u32,
    /// Number of nodes that decided on a later version.
    pub superseded: u32,
    /// Number of nodes without a report.
    pub unreached: u32,
    /// Number of nodes at which the issuer's list of current versions ran out, or names what they do not have. They are counted
    /// above as well.
    pub stale: u32,
    /// The divisions that refused it and why: this node, then child by child. Those beyond
    /// [`MOST_REFUSALS`] are only counted.
    pub refusals: Vec<(DivisionCode, TemplateRefusal)>,
    /// Children that claim more nodes than the directory has below them.
    pub drift: Vec<DivisionCode>,
}

impl Adoption {
    /// Returns whether every node in scope has it in force, and no child claims too many.
    pub const fn is_complete(&self) -> bool {
        self.applied == self.expected && self.drift.is_empty()
    }

    /// Builds this node's report to the node above.
    pub fn report(&self, stamp: Stamp) -> AdoptionReport {
        AdoptionReport {
            key: self.key.clone(),
            version: self.version,
            applied: self.applied,
            held: self.held,
            paused: self.paused,
            refused: self.refused,
            superseded: self.superseded,
            stale: self.stale,
            refusals: self.refusals.clone(),
            stamp,
        }
    }

    /// Returns whether a report of this would differ from `said` in more than the stamp.
    pub fn differs_from(&self, said: &AdoptionReport) -> bool {
        *said != self.report(said.stamp)
    }
}

/// What a node says of itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct OwnWord<'a> {
    /// Its decision; `None` if it is not in scope.
    pub stance: Option<&'a Stance>,
    /// Whether the issuer's list of current versions ran out here, or names what is not here.
    pub stale: bool,
}

/// Sums up one version from this node's stance and the latest report of each child. A child's
/// report on a later version counts its nodes as superseded; a report on an earlier version counts
/// nothing.
pub fn adoption<'a>(
    key: &TemplateKey,
    version: u32,
    me: DivisionCode,
    expected: &Expected,
    own: OwnWord<'_>,
    heard: impl IntoIterator<Item = (DivisionCode, &'a AdoptionReport)>,
) -> Adoption {
    let mut sum = Adoption {
        key: key.clone(),
        version,
        expected: expected.total(),
        applied: 0,
        held: 0,
        paused: 0,
        refused: 0,
        superseded: 0,
        unreached: 0,
        stale: u32::from(own.stale && expected.own),
        refusals: vec![],
        drift: vec![],
    };
    match own.stance.filter(|_| expected.own) {
        Some(Stance::Applied) => sum.applied += 1,
        Some(Stance::Held) => sum.held += 1,
        Some(Stance::Paused) => sum.paused += 1,
        Some(Stance::Superseded) => sum.superseded += 1,
        Some(Stance::Refused(reason)) => {
            sum.refused += 1;
            sum.refusals.push((me, reason.clone()));
        }
        None => {}
    }
    // Order by child, whatever the order of arrival; of two reports the later counts.
    let mut latest: BTreeMap<DivisionCode, &AdoptionReport> = BTreeMap::new();
    for (child, report) in heard {
        let known = latest.entry(child).or_insert(report);
        if report.stamp > known.stamp {
            *known = report;
        }
    }
    for (child, report) in latest {
        if report.key == *key {
            sum.add(child, report, expected.children.get(&child).copied());
        }
    }
    let known = sum.applied + sum.held + sum.paused + sum.refused + sum.superseded;
    sum.unreached = sum.expected - known;
    sum
}

/// Sums up one version for each child with nodes in scope, by its latest report: those that lag first, then by code.
pub fn adoption_by_child(
    key: &TemplateKey,
    version: u32,
    expected: &Expected,
    heard: &[(DivisionCode, &AdoptionReport)],
) -> Vec<(DivisionCode, Adoption)> {
    let children = expected.children.iter().map(|(child, nodes)| {
        let alone = Expected {
            own: false,
            children: BTreeMap::from([(*child, *nodes)]),
        };
        let said = heard.iter().filter(|(of, _)| of == child).copied();
        (
            *child,
            adoption(key, version, *child, &alone, OwnWord::default(), said),
        )
    });
    let mut children: Vec<_> = children.collect();
    children.sort_by_key(|(child, said)| (said.is_complete(), *child));
    children
}

impl Adoption {
    fn add(&mut self, child: DivisionCode, report: &AdoptionReport, expected: Option<u32>) {
        // Refusals are counted first, so that an excessive claim never hides one.
        let claims = [
            report.refused,
            report.superseded,
            report.applied,
            report.held,
            report.paused,
        ];
        let all = claims.into_iter().fold(0, u32::saturating_add);
        let of_nodes = expected.unwrap_or(0);
        // Also of one that does not know the version: its list may be why.
        self.stale += report.stale.min(of_nodes);
        let counted = match report.version.cmp(&self.version) {
            std::cmp::Ordering::Less => return,
            std::cmp::Ordering::Equal => claims,
            std::cmp::Ordering::Greater => [0, all, 0, 0, 0],
        };
        let mut left = of_nodes;
        let claimed = claims.into_iter().map(u64::from).sum::<u64>();
        if claimed > u64::from(left) {
            self.drift.push(child);
        }
        let clamp = |claim: u32| {
            let counted = claim.min(left);
            left -= counted;
            counted
        };
        let [refused, superseded, applied, held, paused] = counted.map(clamp);
        self.refused += refused;
        self.superseded += superseded;
        self.applied += applied;
        self.held += held;
        self.paused += paused;
        if report.version == self.version {
            let room = MOST_REFUSALS.saturating_sub(self.refusals.len());
            self.refusals
                .extend(report.refusals.iter().take(room).cloned());
        }
    }
}

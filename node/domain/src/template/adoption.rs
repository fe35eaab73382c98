//! How far a version has come in a subtree. Expected is what the directory says, not who reports.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tree};

use super::{AdoptionReport, Scope, TemplateKey, TemplateRefusal};
use crate::envelope::Stamp;

/// Most refusals that are listed with their reason. The counts go on.
pub const MOST_REFUSALS: usize = 32;

/// What a node in scope itself did with a version.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stance {
    /// It is in force.
    Applied,
    /// It was refused.
    Refused(TemplateRefusal),
    /// A later one is in force.
    Superseded,
}

/// How many nodes the directory says are in scope, at this node and below each child.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// Whether this node itself is in scope.
    pub own: bool,
    /// Nodes in scope per child's subtree; children without any are left out.
    pub children: BTreeMap<DivisionCode, u32>,
}

impl Expected {
    /// Counts them in the directory: one walk over the subtree of `me`, worth keeping per scope.
    pub fn of(scope: &Scope, me: DivisionCode, tree: &Tree) -> Self {
        let counted = tree
            .children(me)
            .map(|child| (child, scope.count(child, tree)));
        Self {
            own: scope.covers(me, tree),
            children: counted.filter(|(_, nodes)| *nodes > 0).collect(),
        }
    }

    /// All together.
    pub fn total(&self) -> u32 {
        u32::from(self.own) + self.children.values().sum::<u32>()
    }
}

/// How far a version has come in this node's subtree.
/// `applied + refused + superseded + unreached == expected`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adoption {
    /// Which template.
    pub key: TemplateKey,
    /// Which version.
    pub version: u32,
    /// Nodes in scope by the directory.
    pub expected: u32,
    /// Nodes that have this version in force.
    pub applied: u32,
    /// Nodes that refused it.
    pub refused: u32,
    /// Nodes that decided on a later version.
    pub superseded: u32,
    /// Nodes nothing is known of.
    pub unreached: u32,
    /// Who refused and why: this node, then child by child. Those beyond [`MOST_REFUSALS`] are
    /// counted only.
    pub refusals: Vec<(DivisionCode, TemplateRefusal)>,
    /// Children that claim more nodes than the directory has below them.
    pub drift: Vec<DivisionCode>,
}

impl Adoption {
    /// Whether every node in scope has it in force.
    pub const fn is_complete(&self) -> bool {
        self.applied == self.expected && self.drift.is_empty()
    }

    /// What this node says of it to the node above.
    pub fn report(&self, stamp: Stamp) -> AdoptionReport {
        AdoptionReport {
            key: self.key.clone(),
            version: self.version,
            applied: self.applied,
            refused: self.refused,
            superseded: self.superseded,
            refusals: self.refusals.clone(),
            stamp,
        }
    }

    /// Whether a report of this would say something else than `said`.
    pub fn differs_from(&self, said: &AdoptionReport) -> bool {
        *said != self.report(said.stamp)
    }
}

/// Sums up one version: this node's stance and the latest report of each child. A child's report on a
/// later version says its nodes are past this one; a report on an earlier version says nothing.
pub fn adoption<'a>(
    key: &TemplateKey,
    version: u32,
    me: DivisionCode,
    expected: &Expected,
    own: Option<&Stance>,
    heard: impl IntoIterator<Item = (DivisionCode, &'a AdoptionReport)>,
) -> Adoption {
    let mut sum = Adoption {
        key: key.clone(),
        version,
        expected: expected.total(),
        applied: 0,
        refused: 0,
        superseded: 0,
        unreached: 0,
        refusals: vec![],
        drift: vec![],
    };
    match own.filter(|_| expected.own) {
        Some(Stance::Applied) => sum.applied += 1,
        Some(Stance::Superseded) => sum.superseded += 1,
        Some(Stance::Refused(reason)) => {
            sum.refused += 1;
            sum.refusals.push((me, reason.clone()));
        }
        None => {}
    }
    // By child, whatever order they were heard in; of two, the later.
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
    let known = sum.applied + sum.refused + sum.superseded;
    sum.unreached = sum.expected - known;
    sum
}

impl Adoption {
    fn add(&mut self, child: DivisionCode, report: &AdoptionReport, expected: Option<u32>) {
        let claims = [report.applied, report.refused, report.superseded];
        let (applied, refused, superseded) = match report.version.cmp(&self.version) {
            std::cmp::Ordering::Less => return,
            std::cmp::Ordering::Equal => (report.applied, report.refused, report.superseded),
            std::cmp::Ordering::Greater => (0, 0, claims.into_iter().fold(0, u32::saturating_add)),
        };
        let mut left = expected.unwrap_or(0);
        let claimed = claims.into_iter().map(u64::from).sum::<u64>();
        if claimed > u64::from(left) {
            self.drift.push(child);
        }
        let mut clamp = |claim: u32| {
            let counted = claim.min(left);
            left -= counted;
            counted
        };
        // Bad news first, so that a claim too many never hides a refusal.
        self.refused += clamp(refused);
        self.superseded += clamp(superseded);
        self.applied += clamp(applied);
        if report.version == self.version {
            let room = MOST_REFUSALS.saturating_sub(self.refusals.len());
            self.refusals
                .extend(report.refusals.iter().take(room).cloned());
        }
    }
}

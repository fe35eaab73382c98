//! How the nodes of a subtree are: each tells the division above of itself and of what it heard from below, so that a
//! province sees which nodes are silent, and since when.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use topology::{DivisionCode, Tier};

use crate::{
    address::Stamp,
    certificate::{URGENT_S, Validity},
    counts::{BadCounts, Counted, Counts},
    time::Timestamp,
};

/// The most nodes in trouble that one report names; further ones are only counted.
pub const MOST_NAMED: usize = 32;
/// The most versions that one report tells apart; nodes of further ones are not told of.
pub const MOST_VERSIONS: usize = 8;
/// The most characters of a version.
pub const MOST_VERSION_CHARS: usize = 40;
/// The key of every report: a later one takes its place.
const KEY: &[u8] = b"health";

topology::vocabulary! {
    /// What is counted of the nodes of a subtree. Counts that a later build adds are summed and passed on without being
    /// shown.
    #[derive(utoipa::ToSchema)]
    pub enum Health: "count of nodes" {
        Known = 1, "known", "已接入", "nodes that were ever linked, this one included";
        Up = 2, "up", "在线", "of these, heard of: every link on the way is up";
        Silent = 3, "silent", "失联", "of these, whose link upwards is down";
        Unreached = 4, "unreached", "情况不明", "of these, below one that is silent";
        Troubled = 5, "troubled", "有问题", "of those that are up, in some trouble of their own";
        NotJoined = 6, "not-joined", "未接入", "divisions directly below a known node whose node was never linked";
    }
}

topology::vocabulary! {
    /// What is wrong with a node.
    #[derive(utoipa::ToSchema)]
    pub enum Trouble: "trouble of a node" {
        Silent = 1, "silent", "失联", "the link upwards is down";
        DiskFull = 2, "disk-full", "磁盘已满", "the disk is full: no new work is accepted";
        CertificateEnds = 3, "certificate-ends", "证书将到期", "the certificate ends in less than two days";
        Alarms = 4, "alarms", "有告警", "alarms are open";
    }
}

impl Counted for Health {
    fn hold_together(counts: &Counts<Self>) -> bool {
        let heard = counts[Self::Up].checked_add(counts[Self::Silent]);
        let all = heard.and_then(|heard| heard.checked_add(counts[Self::Unreached]));
        all == Some(counts[Self::Known]) && counts[Self::Troubled] <= counts[Self::Up]
    }
}

/// A node in trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NodeTrouble {
    /// What is wrong.
    pub what: Trouble,
    /// Since when, as far as is known.
    pub since: Timestamp,
    /// The node's division.
    pub division: DivisionCode,
}

/// What a node says of its subtree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthReport {
    /// The counts.
    pub counts: Counts<Health>,
    /// Nodes in trouble, the silent ones first and of each kind the longest, at most [`MOST_NAMED`].
    pub troubles: Vec<NodeTrouble>,
    /// Versions of the program, of the nodes that are up; the most frequent first, at most [`MOST_VERSIONS`].
    pub versions: Vec<(Box<str>, u64)>,
    /// Stamp of the envelope that carries it.
    pub stamp: Stamp,
}

/// A child that was ever linked, as its parent sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Child<'a> {
    /// Its division.
    pub division: DivisionCode,
    /// Whether its link is up.
    pub is_up: bool,
    /// When it was last heard of, if that is known.
    pub contact: Option<Timestamp>,
    /// What it said last of its subtree, if it ever did.
    pub said: Option<&'a HealthReport>,
}

/// What a node knows of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    /// Its division.
    pub me: DivisionCode,
    /// Version of its program.
    pub version: Box<str>,
    /// Whether its disk is full.
    pub disk_full: bool,
    /// When its certificate ends, if it has one.
    pub certificate_ends: Option<Timestamp>,
    /// When the oldest open alarm was raised that is about this node alone.
    pub alarm_since: Option<Timestamp>,
    /// Divisions directly below whose node was never linked.
    pub not_joined: u64,
    /// The present.
    pub now: Timestamp,
}

impl HealthReport {
    /// Returns the key of the report.
    pub fn key() -> Vec<u8> {
        KEY.to_vec()
    }

    /// Returns whether it says nothing else, whenever it was said.
    pub fn says(&self, other: &Self) -> bool {
        (self.counts, &self.troubles, &self.versions)
            == (other.counts, &other.troubles, &other.versions)
    }

    /// Returns what this node knows of its subtree now. `before` is what it said last: a trouble whose beginning nobody
    /// knows began when it was seen first.
    pub fn of(own: &Own, children: &[Child<'_>], before: Option<&Self>) -> Self {
        let mut sum = Self::default();
        sum.counts.count(Health::Known);
        sum.counts.count(Health::Up);
        sum.counts[Health::NotJoined] = own.not_joined;
        let own_troubles = own.troubles(before);
        sum.counts[Health::Troubled] = u64::from(!own_troubles.is_empty());
        sum.troubles = own_troubles;
        let mut versions = BTreeMap::from([(own.version.clone(), 1)]);
        for child in children {
            sum.add(child, &mut versions);
            if !child.is_up {
                let since = child.contact.unwrap_or(own.now);
                sum.troubles
                    .push(trouble(before, (Trouble::Silent, child.division), since));
            }
        }
        sum.troubles.sort_unstable();
        sum.troubles.truncate(MOST_NAMED);
        sum.versions = versions.into_iter().collect();
        sum.versions
            .sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        sum.versions.truncate(MOST_VERSIONS);
        sum
    }

    fn add(&mut self, child: &Child<'_>, versions: &mut BTreeMap<Box<str>, u64>) {
        let known = child.said.map_or(1, |said| said.counts[Health::Known]);
        match (child.is_up, child.said) {
            (false, _) => {
                self.counts[Health::Known] += known;
                self.counts.count(Health::Silent);
                self.counts[Health::Unreached] += known.saturating_sub(1);
            }
            // A node of before this build says nothing of itself.
            (true, None) => {
                self.counts.count(Health::Known);
                self.counts.count(Health::Up);
            }
            (true, Some(said)) => {
                self.counts = self.counts.plus(said.counts);
                self.troubles.extend(&said.troubles);
                for (version, count) in &said.versions {
                    *versions.entry(version.clone()).or_default() += count;
                }
            }
        }
    }

    /// Checks the form of what a division says.
    ///
    /// # Errors
    /// [`BadCounts`] if more are named than counted or allowed.
    pub fn check(&self) -> Result<(), BadCounts> {
        let (silent, ill): (Vec<_>, Vec<_>) = self
            .troubles
            .iter()
            .map(|one| (one.what, one.division))
            .partition(|(what, _)| *what == Trouble::Silent);
        let distinct: BTreeSet<_> = silent.iter().chain(&ill).collect();
        let troubled: BTreeSet<_> = ill.iter().map(|(_, division)| *division).collect();
        let versions = self.versions.iter().map(|(_, count)| *count);
        let told = versions.fold(0, u64::saturating_add);
        let fits = |(version, count): &(Box<str>, u64)| {
            *count > 0 && (1..=MOST_VERSION_CHARS).contains(&version.chars().count())
        };
        let are_fit = self.troubles.len() <= MOST_NAMED
            && distinct.len() == self.troubles.len()
            && silent.len() as u64 <= self.counts[Health::Silent]
            && troubled.len() as u64 <= self.counts[Health::Troubled]
            && self.versions.len() <= MOST_VERSIONS
            && self.versions.iter().all(fits)
            && told <= self.counts[Health::Up]
            && self.counts[Health::Up] > 0;
        are_fit.then_some(()).ok_or(BadCounts)
    }

    /// Returns whether a division of this tier can have so many nodes: nobody has a thousand children.
    pub fn is_possible_for(&self, tier: Tier) -> bool {
        let below = Tier::Village as u32 - tier as u32;
        let most = 2 * 1000_u64.pow(below);
        // What a later build counts is its own affair.
        Health::ALL.iter().all(|what| self.counts[*what] <= most)
    }
}

impl Own {
    fn troubles(&self, before: Option<&HealthReport>) -> Vec<NodeTrouble> {
        let urgent_since = |ends: Timestamp| {
            let is_urgent = Validity::ends_soon(ends.0 / 1_000, self.now.0 / 1_000);
            is_urgent.then(|| Timestamp(ends.0.saturating_sub(URGENT_S * 1_000)))
        };
        let found = [
            (Trouble::DiskFull, self.disk_full.then_some(self.now)),
            (
                Trouble::CertificateEnds,
                self.certificate_ends.and_then(urgent_since),
            ),
            (Trouble::Alarms, self.alarm_since),
        ];
        let found = found.into_iter();
        let found = found.filter_map(|(what, since)| Some((what, since?)));
        found
            .map(|(what, since)| trouble(before, (what, self.me), since))
            .collect()
    }
}

/// Returns a trouble that was seen now. One that was told before goes on since then, whatever its beginning seems to be:
/// else a child that tries again and again, or of which nobody knows when it was heard of, would be told anew each time.
fn trouble(
    before: Option<&HealthReport>,
    (what, division): (Trouble, DivisionCode),
    since: Timestamp,
) -> NodeTrouble {
    let known = before.map_or(&[][..], |before| &before.troubles);
    let same = |one: &&NodeTrouble| (one.what, one.division) == (what, division);
    let first = known.iter().find(same).map_or(since, |one| one.since);
    NodeTrouble {
        what,
        since: first.min(since),
        division,
    }
}

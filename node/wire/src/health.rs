//! How the nodes of a child's subtree are.

use domain::{
    counts::Counts,
    envelope::Stamp,
    health::{HealthReport, MOST_NAMED, MOST_VERSION_CHARS, MOST_VERSIONS, NodeTrouble, Trouble},
};
use proto::v1;
use topology::Term;

use super::{
    Malformed,
    compliance::{counts_in, counts_out},
    malformed::{check_length, division, moment},
};

/// Longest version in bytes: characters of four bytes.
const MOST_VERSION_BYTES: usize = 4 * MOST_VERSION_CHARS;

pub(super) fn health_out(report: &HealthReport) -> v1::HealthReport {
    let trouble = |one: &NodeTrouble| v1::NodeTrouble {
        what: one.what.number(),
        since_ms: one.since.0,
        division: one.division.as_u64(),
    };
    let version = |(version, nodes): &(Box<str>, u64)| v1::VersionCount {
        version: version.to_string(),
        nodes: *nodes,
    };
    v1::HealthReport {
        counts: counts_out(report.counts.iter()),
        troubles: report.troubles.iter().map(trouble).collect(),
        versions: report.versions.iter().map(version).collect(),
    }
}

pub(super) fn health_in(report: v1::HealthReport) -> Result<HealthReport, Malformed> {
    let contradiction = || Malformed::Contradiction("health.counts");
    check_length(report.troubles.len(), MOST_NAMED, "health.troubles")?;
    check_length(report.versions.len(), MOST_VERSIONS, "health.versions")?;
    // Troubles of a later build are counted and not shown.
    let trouble = |one: v1::NodeTrouble| {
        let what = Trouble::of_number(one.what)?;
        Some(trouble_in(what, &one))
    };
    let version = |one: v1::VersionCount| {
        check_length(one.version.len(), MOST_VERSION_BYTES, "health.version")?;
        Ok((one.version.into(), one.nodes))
    };
    let counts = counts_in(report.counts).ok_or_else(contradiction)?;
    let read = HealthReport {
        counts: Counts::try_from(counts).map_err(|_| contradiction())?,
        troubles: report
            .troubles
            .into_iter()
            .filter_map(trouble)
            .collect::<Result<_, Malformed>>()?,
        versions: report
            .versions
            .into_iter()
            .map(version)
            .collect::<Result<_, Malformed>>()?,
        stamp: Stamp::default(),
    };
    read.check().map_err(|_| contradiction())?;
    Ok(read)
}

fn trouble_in(what: Trouble, one: &v1::NodeTrouble) -> Result<NodeTrouble, Malformed> {
    Ok(NodeTrouble {
        what,
        since: moment(one.since_ms, "health.since")?,
        division: division(one.division, "health.division")?,
    })
}

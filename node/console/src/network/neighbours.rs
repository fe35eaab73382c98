//! Neighbours: what each said of itself, how it goes with each, and what was last known of it.

use api::{LinkStatus, NeighbourSide, NodeStatus, RollupTable, Status, TemplateLag};
use domain::certificate::Validity;

use crate::{
    visit::Visit,
    when::{When, count, length},
};

/// Difference between two clocks above which the page warns, in milliseconds.
const MOST_SKEW_MS: i64 = 2_000;

/// A neighbour in the table.
pub(super) struct Neighbour {
    pub(super) name: String,
    pub(super) side: String,
    pub(super) is_up: bool,
    pub(super) since: Option<When>,
    pub(super) end: String,
    /// When it was last heard of, and how long ago, if it is silent.
    pub(super) contact: Option<(When, String)>,
    pub(super) program: String,
    pub(super) protocol: Option<u32>,
    pub(super) certificate: Option<Certificate>,
    pub(super) skew: Option<String>,
    /// Whether the clocks differ more than they should.
    pub(super) is_skewed: bool,
    pub(super) templates: Vec<TemplateLag>,
    pub(super) waiting: String,
    pub(super) received: String,
    pub(super) settled: String,
    pub(super) refused: String,
    /// Open matters at and below a child, as last reported.
    pub(super) open: Option<String>,
}

/// The certificate of a neighbour.
pub(super) struct Certificate {
    pub(super) serial: String,
    pub(super) until: When,
    pub(super) ends_soon: bool,
}

/// Children that were never linked.
#[derive(Default)]
pub(super) struct Unseen {
    /// Those that somebody set up.
    pub(super) set_up: Vec<String>,
    /// Those of which nothing is known.
    pub(super) others: Vec<String>,
}

/// Returns the neighbours, silent ones first.
pub(super) fn all(
    visit: &Visit,
    status: &Status,
    node: &NodeStatus,
    figures: Option<&RollupTable>,
) -> Vec<Neighbour> {
    let links = node.links.iter();
    let mut all: Vec<_> = links
        .map(|link| one(visit, status, node, link, figures))
        .collect();
    all.sort_by_key(|neighbour| neighbour.is_up);
    all
}

fn one(
    visit: &Visit,
    status: &Status,
    node: &NodeStatus,
    link: &LinkStatus,
    figures: Option<&RollupTable>,
) -> Neighbour {
    let (w, language) = (visit.w, visit.view.language);
    let state = &link.state;
    let waiting = node
        .queues
        .iter()
        .filter(|queue| queue.neighbour == link.neighbour);
    let code = link.neighbour.to_string();
    let lines = figures.filter(|_| link.side == NeighbourSide::Child);
    let line = lines.map(|table| table.lines.iter().find(|line| line.key == code));
    let end = w.either(state.last_end_chinese.as_deref(), state.last_end.as_deref());
    let ago = |at: i64| length(status.now_ms.saturating_sub(at), language);
    Neighbour {
        name: link.name.clone(),
        side: w.short::<NeighbourSide>(link.side),
        is_up: state.up,
        since: state.since_ms.filter(|_| state.up).map(|ms| visit.when(ms)),
        end: if state.up { String::new() } else { end },
        contact: link
            .last_contact_ms
            .filter(|_| !state.up)
            .map(|at| (visit.when(at), ago(at))),
        program: state.program.clone().unwrap_or_default(),
        protocol: state.protocol,
        certificate: state.certificate.as_ref().map(|shown| Certificate {
            serial: shown.serial.clone(),
            until: visit.when(shown.until_ms),
            ends_soon: Validity::ends_soon(shown.until_ms / 1_000, status.now_ms / 1_000),
        }),
        skew: state.protocol.map(|_| match state.skew_ms.abs() {
            0..1_000 => w.network_clock_fine().to_owned(),
            ms @ 1_000..60_000 if state.skew_ms > 0 => w.network_clock_ahead_s(ms / 1_000),
            ms @ 1_000..60_000 => w.network_clock_behind_s(ms / 1_000),
            ms if state.skew_ms > 0 => w.network_clock_ahead(length(ms, language)),
            ms => w.network_clock_behind(length(ms, language)),
        }),
        is_skewed: state.skew_ms.abs() > MOST_SKEW_MS,
        templates: link.templates.clone(),
        waiting: count(waiting.map(|queue| queue.segments).sum::<usize>()),
        received: count(state.received),
        settled: count(state.settled),
        refused: count(state.refused),
        open: line.map(|line| count(line.map_or(0, |line| line.figures.open))),
    }
}

/// Returns the children that were never linked, by name.
pub(super) fn unseen(node: &NodeStatus) -> Unseen {
    let mut unseen = Unseen::default();
    for one in &node.unseen {
        match one.has_key {
            true => unseen.set_up.push(one.name.clone()),
            false => unseen.others.push(one.name.clone()),
        }
    }
    unseen
}

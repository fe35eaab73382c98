//! How the process and its nodes are doing.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use api::{
    EpochStatus, KeyStatementLine, LinkState, LinkStatus, MatterCounts, NeighbourSide,
    NetworkStatus, NodeLine, NodeStatus, Nodes, RevocationLine, Status, StatusQuery,
};
use axum::{Json, extract::State};
use domain::time::Timestamp;
use telemetry::Collector;
use topology::DivisionCode;

use super::{ask::Asked, hooks, key_statements, problem::Rejection};
use crate::state::{AppState, Node};

/// How the process and its nodes are doing
#[utoipa::path(get, path = "/v1/status", tag = "about", params(StatusQuery),
    responses((status = 200, body = Status)))]
pub(super) async fn status(
    State(roster): State<AppState>,
    Asked(StatusQuery { node, brief }): Asked<StatusQuery>,
) -> Result<Json<Status>, Rejection> {
    if let Some(division) = node
        && roster.node(division).is_none()
    {
        roster.tree.require(division)?;
        return Err(Rejection::missing(&format!(
            "this process does not host the node of {division}; leave `node` out to see those it hosts"
        )));
    }
    let asked = |division: &DivisionCode| node.is_none_or(|node| node == *division);
    let mut nodes = vec![];
    for (division, node) in roster.nodes.iter().filter(|(division, _)| asked(division)) {
        nodes.push(one(*division, node, &roster, brief).await?);
    }
    let now = roster
        .nodes
        .values()
        .next()
        .map_or(Timestamp(roster.started_ms), |n| n.office.now());
    let hex = |bytes: [u8; 32]| {
        bytes.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").expect("a string takes everything");
            text
        })
    };
    Ok(Json(Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        now_ms: now.0,
        started_ms: roster.started_ms,
        uptime_ms: now.since(Timestamp(roster.started_ms)),
        disk: roster
            .nodes
            .values()
            .next()
            .and_then(|node| node.office.store().trouble()),
        traces: roster.collector.as_ref().and_then(Collector::trouble),
        network: NetworkStatus {
            id: roster.network.id_hex(),
            zone: roster.network.zone.to_string(),
            demo: roster.network.demo,
            province: roster.tree.root(),
            topology: hex(roster.tree.digest()),
        },
        nodes,
    }))
}

/// Nodes of this process
#[utoipa::path(get, path = "/v1/nodes", tag = "about",
    responses((status = 200, body = Nodes)))]
pub(super) async fn nodes(State(roster): State<AppState>) -> Json<Nodes> {
    let nodes = roster.nodes.keys();
    let nodes = nodes.map(|code| NodeLine {
        division: *code,
        name: name(*code, &roster),
    });
    Json(Nodes {
        nodes: nodes.collect(),
    })
}

async fn one(
    division: DivisionCode,
    node: &Node,
    roster: &AppState,
    brief: bool,
) -> Result<NodeStatus, Rejection> {
    let Node { office, links, .. } = node;
    let epoch = office.epoch().await?;
    let matters = if brief {
        None
    } else {
        let (holding, giving, copies) = office.standings().await?;
        Some(MatterCounts {
            holding,
            giving,
            copies,
        })
    };
    let parent = roster.tree.parent(division);
    let mut states: BTreeMap<DivisionCode, LinkState> = parent
        .map(|parent| (parent, LinkState::default()))
        .into_iter()
        .collect();
    states.extend(links.states());
    let links: Vec<LinkStatus> = states
        .into_iter()
        .map(|(neighbour, state)| LinkStatus {
            neighbour,
            name: name(neighbour, roster),
            side: if Some(neighbour) == parent {
                NeighbourSide::Parent
            } else {
                NeighbourSide::Child
            },
            state,
        })
        .collect();
    let revoked = office.revocations().await?;
    let concerned = |of: DivisionCode| {
        of == division || Some(of) == parent || roster.tree.parent(of) == Some(division)
    };
    Ok(NodeStatus {
        division,
        name: name(division, roster),
        full_name: roster.tree.full_name(division).unwrap_or_default(),
        tier: division.tier(),
        epoch: EpochStatus {
            order: epoch.order,
            id: epoch.id.to_string(),
        },
        matters,
        links_up: links.iter().filter(|link| link.state.up).count(),
        links_expected: roster.tree.children(division).len() + usize::from(parent.is_some()),
        links,
        queues: office.queues(),
        revoked: revoked
            .iter()
            .filter(|record| concerned(record.revocation.division))
            .map(|record| RevocationLine::of(&record.revocation, record.by))
            .collect(),
        keys: noteworthy(division, key_statements::lines(node).await?),
        given_up: office.given_up().into_iter().map(Into::into).collect(),
        failing_hooks: hooks::failing(office).await?,
        awaited: office.awaited().await?.unwrap_or_default(),
        alarms: office.alarms().await?.into_iter().map(Into::into).collect(),
        calendar: Some(office.calendar_end().await?),
    })
}

/// Statements somebody may have to look at: the node's own, and all of a division that has had more than
/// one, or one that does not count.
fn noteworthy(me: DivisionCode, mut all: Vec<KeyStatementLine>) -> Vec<KeyStatementLine> {
    let odd = |line: &&KeyStatementLine| line.serial > 1 || line.vouched.is_none() || line.revoked;
    let odd: BTreeSet<_> = all.iter().filter(odd).map(|line| line.division).collect();
    all.retain(|line| line.division == me || odd.contains(&line.division));
    all
}

pub(super) fn name(division: DivisionCode, roster: &AppState) -> String {
    roster
        .tree
        .get(division)
        .map(|found| found.short_name().into_owned())
        .unwrap_or_default()
}

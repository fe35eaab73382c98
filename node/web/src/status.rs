//! Status of the process and its nodes.

use std::collections::BTreeSet;

use api::{
    ChildHealth, EpochStatus, KeyStatementLine, MatterCounts, NetworkStatus, NodeCounts, NodeLine,
    NodeStatus, Nodes, RevocationLine, Status, StatusQuery, SubtreeHealth, TroubleLine,
    VersionLine, WorkerLine, WorkerState,
};
use axum::{Json, extract::State};
use data_encoding::HEXLOWER;
use domain::{
    foreign::escape,
    health::{Health, HealthReport},
    time::Timestamp,
};
use peer::PROTOCOL;
use telemetry::Collector;
use topology::DivisionCode;
use workers::{State as WorkerIs, WorkerStatus};

use super::{ask::Asked, hooks, key_statements, links, problem::Rejection};
use crate::state::{AppState, Node};

/// Get the status of the process and its nodes
#[utoipa::path(get, path = "/v1/status", tag = "about", params(StatusQuery),
    responses((status = 200, body = Status)))]
pub(super) async fn status(
    State(app_state): State<AppState>,
    Asked(StatusQuery { node, brief }): Asked<StatusQuery>,
) -> Result<Json<Status>, Rejection> {
    if let Some(division) = node
        && app_state.node(division).is_none()
    {
        app_state.tree.require(division)?;
        return Err(Rejection::missing((
            format!(
                "this process does not host the node of {division}; leave `node` out to see those it hosts"
            ),
            format!("{division} 的节点不在这里；不写 `node` 可看这里有哪些"),
        )));
    }
    let asked = |division: &DivisionCode| node.is_none_or(|node| node == *division);
    let mut nodes = vec![];
    for (division, node) in app_state
        .nodes
        .iter()
        .filter(|(division, _)| asked(division))
    {
        nodes.push(one(*division, node, &app_state, brief).await?);
    }
    let now = app_state
        .nodes
        .values()
        .next()
        .map_or(Timestamp(app_state.started_ms), |n| n.office.now());
    Ok(Json(Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        now_ms: now.0,
        started_ms: app_state.started_ms,
        uptime_ms: now.since(Timestamp(app_state.started_ms)),
        disk: app_state
            .nodes
            .values()
            .next()
            .and_then(|node| node.office.store().trouble()),
        traces: app_state.collector.as_ref().and_then(Collector::trouble),
        backup: app_state.backup.borrow().clone(),
        network: NetworkStatus {
            id: app_state.network.id_hex(),
            zone: app_state.network.zone.to_string(),
            demo: app_state.network.demo,
            province: app_state.tree.root(),
            topology: HEXLOWER.encode(&app_state.tree.digest()),
        },
        workers: workers(&app_state, None),
        nodes,
    }))
}

/// What is done by itself for a node, or for the whole process.
fn workers(app_state: &AppState, of: Option<DivisionCode>) -> Vec<WorkerLine> {
    let line = |status: WorkerStatus| WorkerLine {
        name: status.name.to_owned(),
        subject: status.subject,
        state: match status.state {
            WorkerIs::Idle => WorkerState::Idle,
            WorkerIs::Working => WorkerState::Working,
            WorkerIs::Failing => WorkerState::Failing,
            WorkerIs::Stopped => WorkerState::Stopped,
        },
        since_ms: status.since.0,
        until_ms: status.until.map(|until| until.0),
        queue: status.queue,
        runs: status.runs,
        failures: status.failures,
        last_error_ms: status.last_error.as_ref().map(|(at, _)| at.0),
        last_error_chinese: status
            .last_error
            .as_ref()
            .map(|(_, why)| why.chinese.clone()),
        last_error: status.last_error.map(|(_, why)| why.english),
    };
    app_state.workers.of(of).into_iter().map(line).collect()
}

/// List the nodes of this process
#[utoipa::path(get, path = "/v1/nodes", tag = "about",
    responses((status = 200, body = Nodes)))]
pub(super) async fn nodes(State(app_state): State<AppState>) -> Json<Nodes> {
    let nodes = app_state.nodes.keys();
    let nodes = nodes.map(|code| NodeLine {
        division: *code,
        name: links::name(*code, &app_state),
    });
    Json(Nodes {
        nodes: nodes.collect(),
    })
}

async fn one(
    division: DivisionCode,
    node: &Node,
    app_state: &AppState,
    brief: bool,
) -> Result<NodeStatus, Rejection> {
    let office = &node.office;
    let epoch = office.epoch().await?;
    let matters = match brief {
        true => None,
        false => Some(counts(node).await?),
    };
    let parent = app_state.tree.parent(division);
    let links = links::all(division, node, app_state, brief).await?;
    let keys = key_statements::lines(node).await?;
    let revoked = office.keys().revocations().await?;
    let concerned = |of: DivisionCode| {
        of == division || Some(of) == parent || app_state.tree.parent(of) == Some(division)
    };
    Ok(NodeStatus {
        division,
        name: links::name(division, app_state),
        full_name: app_state.tree.full_name(division).unwrap_or_default(),
        tier: division.tier(),
        epoch: EpochStatus {
            order: epoch.order,
            id: epoch.id.to_string(),
        },
        matters,
        links_up: links.iter().filter(|link| link.state.up).count(),
        links_expected: app_state.tree.children(division).len() + usize::from(parent.is_some()),
        unseen: links::unseen(division, app_state, &links, &keys),
        protocol: PROTOCOL,
        certificate: links::certificate(&node.identity),
        links,
        queues: office.inbox().queues(),
        revoked: revoked
            .iter()
            .filter(|record| concerned(record.revocation.division))
            .map(|record| RevocationLine::of(&record.revocation, record.by))
            .collect(),
        keys: noteworthy(division, keys),
        given_up: office
            .inbox()
            .given_up()
            .into_iter()
            .map(Into::into)
            .collect(),
        failing_hooks: hooks::failing(office).await?,
        awaited: office.inbox().awaited().await?.unwrap_or_default(),
        alarms: office
            .alarms()
            .all()
            .await?
            .into_iter()
            .map(Into::into)
            .collect(),
        calendar: Some(office.templates().calendar_end().await?),
        template_lists: match brief {
            true => vec![],
            false => office.templates().lists().await?,
        },
        subtree: match brief {
            true => None,
            false => subtree(division, node, app_state).await?,
        },
        workers: workers(app_state, Some(division)),
    })
}

/// Returns how the nodes below are, as this node told last; `None` before it looked first.
async fn subtree(
    me: DivisionCode,
    node: &Node,
    app_state: &AppState,
) -> Result<Option<SubtreeHealth>, Rejection> {
    let mut said = node.office.health().said().await?;
    let Some(own) = said.remove(&me) else {
        return Ok(None);
    };
    let tree = &app_state.tree;
    Ok(Some(SubtreeHealth {
        total: counted(&own),
        children: said
            .iter()
            .map(|(child, report)| ChildHealth {
                division: *child,
                name: links::name(*child, app_state),
                counts: counted(report),
            })
            .collect(),
        troubles: own
            .troubles
            .iter()
            .map(|one| TroubleLine {
                division: one.division,
                full_name: tree.full_name(one.division).unwrap_or_default(),
                what: one.what,
                since_ms: one.since.0,
            })
            .collect(),
        versions: own
            .versions
            .iter()
            .map(|(version, nodes)| VersionLine {
                version: escape(version),
                nodes: *nodes,
            })
            .collect(),
    }))
}

fn counted(report: &HealthReport) -> NodeCounts {
    let of = |what| report.counts[what];
    NodeCounts {
        known: of(Health::Known),
        up: of(Health::Up),
        silent: of(Health::Silent),
        unreached: of(Health::Unreached),
        troubled: of(Health::Troubled),
        not_joined: of(Health::NotJoined),
    }
}

async fn counts(node: &Node) -> Result<MatterCounts, Rejection> {
    let (holding, giving, copies) = node.office.matters().standings().await?;
    Ok(MatterCounts {
        holding,
        giving,
        copies,
    })
}

/// Returns the statements an operator may have to look at: the node's own, and all of a division
/// that has had more than one, or one that does not count.
fn noteworthy(me: DivisionCode, mut all: Vec<KeyStatementLine>) -> Vec<KeyStatementLine> {
    let odd = |line: &&KeyStatementLine| line.serial > 1 || line.vouched.is_none() || line.revoked;
    let odd: BTreeSet<_> = all.iter().filter(odd).map(|line| line.division).collect();
    all.retain(|line| line.division == me || odd.contains(&line.division));
    all
}

//! The network page: this node, its neighbours, what waits, and what needs a person.

use std::sync::Arc;

use api::{AlarmView, LinkStatus, NeighbourSide, NodeStatus, Status};
use askama::Template;
use axum::body::Body;
use domain::people::Permission;
use http::Method;

use crate::{
    answer::{Answer, lead_to},
    form::odd,
    frame::Frame,
    visit::Visit,
    when::{When, length},
    words::Words,
};

/// Difference between two clocks above which the page says so, in milliseconds.
const MOST_SKEW_MS: i64 = 2_000;

#[derive(Template)]
#[template(path = "network.html")]
struct NetworkPage {
    frame: Frame,
    w: Words,
    as_of: When,
    full_name: String,
    facts: Vec<(&'static str, String)>,
    up: usize,
    expected: usize,
    /// Neighbours, silent ones first.
    neighbours: Vec<Neighbour>,
    alarms: Vec<Alarm>,
    workers: Vec<Worker>,
    may_close: bool,
}

struct Neighbour {
    name: String,
    side: String,
    is_up: bool,
    since: Option<When>,
    end: String,
    waiting: usize,
    received: u64,
    settled: u64,
    skew: Option<String>,
}

struct Alarm {
    kind: String,
    about: String,
    title: String,
    detail: String,
    remedy: String,
    since: When,
    times: u64,
    is_over: bool,
}

struct Worker {
    name: String,
    state: String,
    error: String,
}

/// Shows the network page.
pub(crate) async fn show(visit: Arc<Visit>) -> Answer {
    let w = visit.w;
    let path = format!("/v1/status?node={}", visit.division()?);
    let status: Status = visit.calls.get(&path).await?;
    let missing = || *web::problem::Rejection::no_such_path().0;
    let node = status.nodes.first().ok_or_else(missing)?;
    let mut neighbours: Vec<_> = node
        .links
        .iter()
        .map(|link| neighbour(&visit, node, link))
        .collect();
    neighbours.sort_by_key(|neighbour| neighbour.is_up);
    visit.show(&NetworkPage {
        frame: Frame::desk(&visit, w.network()),
        w,
        as_of: visit.when(status.now_ms),
        full_name: node.full_name.clone(),
        facts: facts(&visit, &status, node),
        up: node.links_up,
        expected: node.links_expected,
        neighbours,
        alarms: node
            .alarms
            .iter()
            .map(|alarm| shown(&visit, alarm))
            .collect(),
        workers: failing(&visit, &status, node),
        may_close: visit.may(Permission::CloseAlarm),
    })
}

fn facts(visit: &Visit, status: &Status, node: &NodeStatus) -> Vec<(&'static str, String)> {
    let w = visit.w;
    let mut facts = vec![
        (w.network_code(), node.division.to_string()),
        (w.network_tier(), w.short(node.tier)),
        (w.network_version(), status.version.clone()),
        (w.network_since(), visit.when(status.started_ms).text()),
        (w.network_epoch(), node.epoch.order.to_string()),
        (w.network_zone(), status.network.zone.clone()),
        (
            w.network_disk(),
            status
                .disk
                .clone()
                .unwrap_or_else(|| w.network_fine().to_owned()),
        ),
    ];
    if let Some(matters) = &node.matters {
        let counts = w.network_counts(matters.holding, matters.giving, matters.copies);
        facts.push((w.network_matters(), counts));
    }
    if let Some(calendar) = &node.calendar {
        facts.push((w.network_calendar(), calendar.announced_through.clone()));
    }
    facts
}

fn neighbour(visit: &Visit, node: &NodeStatus, link: &LinkStatus) -> Neighbour {
    let waiting = node
        .queues
        .iter()
        .filter(|queue| queue.neighbour == link.neighbour);
    let skew = Some(link.state.skew_ms).filter(|skew| skew.abs() > MOST_SKEW_MS);
    Neighbour {
        name: link.name.clone(),
        side: visit.w.short::<NeighbourSide>(link.side),
        is_up: link.state.up,
        since: link.state.since_ms.map(|ms| visit.when(ms)),
        end: link
            .state
            .last_end
            .clone()
            .filter(|_| !link.state.up)
            .unwrap_or_default(),
        waiting: waiting.map(|queue| queue.segments).sum(),
        received: link.state.received,
        settled: link.state.settled,
        skew: skew.map(|skew| length(skew, visit.view.language)),
    }
}

fn shown(visit: &Visit, alarm: &AlarmView) -> Alarm {
    Alarm {
        kind: alarm.kind.to_string(),
        about: alarm
            .about
            .map(|about| about.to_string())
            .unwrap_or_default(),
        title: visit.w.of(&alarm.chinese, &alarm.english).to_owned(),
        detail: alarm.detail.clone(),
        remedy: alarm.remedy.clone(),
        since: visit.when(alarm.first_ms),
        times: alarm.times,
        is_over: alarm.settled_ms.is_some(),
    }
}

/// Returns what the process does by itself and what does not go well.
fn failing(visit: &Visit, status: &Status, node: &NodeStatus) -> Vec<Worker> {
    let all = status.workers.iter().chain(&node.workers);
    let bad = all.filter(|worker| {
        matches!(
            worker.state,
            api::WorkerState::Failing | api::WorkerState::Stopped
        )
    });
    let worker = |worker: &api::WorkerLine| Worker {
        name: worker.name.clone(),
        state: visit.w.short(worker.state),
        error: worker.last_error.clone().unwrap_or_default(),
    };
    bad.map(worker).collect()
}

/// Closes an alarm that somebody looked into.
pub(crate) async fn close_alarm(visit: Arc<Visit>) -> Answer {
    let about = visit.form.get("about");
    let about = about.map_or_else(String::new, |about| format!("?about={}", odd(about)));
    let path = visit.api(&format!("alarms/{}{about}", odd(visit.param("kind"))))?;
    visit
        .calls
        .send(Method::DELETE, &path, Body::empty())
        .await?;
    lead_to("/network")
}

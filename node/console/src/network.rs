//! The network page: this node, its neighbours, what waits, and what needs a person.

mod below;
mod courier;
mod invitations;
mod logs;
mod neighbours;
mod readmissions;
mod troubles;

use std::sync::Arc;

use api::{NodeStatus, RollupBy, RollupTable, Status};
use askama::Template;
use axum::body::Body;
use domain::people::Permission;
use http::Method;
use topology::Tier;

use crate::{
    answer::{Answer, lead_to},
    form::odd,
    frame::Frame,
    visit::Visit,
    when::{When, count},
    words::Words,
};

use below::Below;
use logs::{Choice, Contradicting};
use neighbours::{Neighbour, Unseen};
use troubles::{Alarm, Hook, Refused, Revoked, TemplateList, Worker};

#[derive(Template)]
#[template(path = "network.html")]
struct NetworkPage {
    frame: Frame,
    w: Words,
    as_of: When,
    full_name: String,
    facts: Vec<Fact>,
    up: String,
    expected: String,
    alarms: Vec<Alarm>,
    workers: Vec<Worker>,
    hooks: Vec<Hook>,
    /// Logs of divisions below that contradict themselves.
    contradicting: Vec<Contradicting>,
    choices: Vec<Choice>,
    /// Neighbours that this node waits for, by name.
    awaited: Vec<String>,
    /// Neighbours, silent ones first.
    neighbours: Vec<Neighbour>,
    unseen: Unseen,
    below: Below,
    /// Whether the person may see figures, and there are some.
    has_figures: bool,
    revoked: Vec<Revoked>,
    refused: Vec<Refused>,
    /// Lists of current templates.
    lists: Vec<TemplateList>,
    may_close: bool,
    may_enrol: bool,
}

/// Something that the node says of itself: a moment, a text, or a moment and what it says of it.
struct Fact {
    label: &'static str,
    at: Option<When>,
    text: String,
}

/// Shows the network page.
pub(crate) async fn show(visit: Arc<Visit>) -> Answer {
    let w = visit.w;
    let path = format!("/v1/status?node={}", visit.division()?);
    let status: Status = visit.calls.get(&path).await?;
    let missing = || *web::problem::Rejection::no_such_path().0;
    let node = status.nodes.first().ok_or_else(missing)?;
    let figures = figures(&visit, node).await?;
    let (countersigns, contradicting) = logs::all(&visit).await?;
    visit.show(&NetworkPage {
        frame: Frame::desk(&visit, w.network()),
        w,
        as_of: visit.when(status.now_ms),
        full_name: node.full_name.clone(),
        facts: {
            let mut facts = facts(&visit, &status, node);
            if countersigns > 0 {
                facts.push(Fact {
                    label: w.network_countersigns(),
                    at: None,
                    text: count(countersigns),
                });
            }
            facts
        },
        up: count(node.links_up),
        expected: count(node.links_expected),
        alarms: troubles::alarms(&visit, node),
        workers: troubles::workers(&visit, &status, node),
        hooks: troubles::hooks(&visit, node),
        contradicting,
        choices: logs::choices(&visit),
        awaited: node
            .awaited
            .iter()
            .map(|awaited| visit.name_of(*awaited))
            .collect(),
        neighbours: neighbours::all(&visit, &status, node, figures.as_ref()),
        unseen: neighbours::unseen(node),
        below: below::all(&visit, node),
        has_figures: figures.is_some(),
        revoked: troubles::revoked(&visit, node),
        refused: troubles::refused(&visit, node),
        lists: troubles::lists(&visit, node),
        may_close: visit.may(Permission::CloseAlarm),
        may_enrol: visit.may(Permission::Enrol) && node.tier != Tier::Village,
    })
}

/// Returns the figures of each child, if the person may read them and there are children.
async fn figures(
    visit: &Visit,
    node: &NodeStatus,
) -> Result<Option<RollupTable>, api::problem::Problem> {
    let by = match node.tier {
        Tier::Province => RollupBy::City,
        Tier::City => RollupBy::County,
        Tier::County => RollupBy::Township,
        Tier::Township => RollupBy::Division,
        Tier::Village => return Ok(None),
    };
    if !visit.may(Permission::ReadRollups) {
        return Ok(None);
    }
    let path = visit.api(&format!("rollup?by={by}"))?;
    visit.calls.get(&path).await.map(Some)
}

fn facts(visit: &Visit, status: &Status, node: &NodeStatus) -> Vec<Fact> {
    let w = visit.w;
    let mut texts = vec![
        (w.network_code(), node.division.to_string()),
        (w.network_tier(), w.short(node.tier)),
        (w.network_version(), status.version.clone()),
        (w.network_protocol(), node.protocol.to_string()),
        (w.network_epoch(), node.epoch.order.to_string()),
        (w.network_zone(), status.network.zone.clone()),
        (
            w.network_disk(),
            match &status.disk {
                Some(trouble) => w.network_disk_trouble(trouble),
                None => w.network_fine().to_owned(),
            },
        ),
    ];
    if let Some(trouble) = &status.traces {
        texts.push((w.network_traces(), w.network_traces_lost(trouble)));
    }
    if let Some(matters) = &node.matters {
        let counts = [matters.holding, matters.giving, matters.copies].map(count);
        let [holding, giving, copies] = counts;
        let counts = w.network_counts(holding, giving, copies);
        texts.push((w.network_matters(), counts));
    }
    if let Some(calendar) = &node.calendar {
        texts.push((w.network_calendar(), calendar.announced_through.clone()));
    }
    let moment = |label, at_ms, text| Fact {
        label,
        at: Some(visit.when(at_ms)),
        text,
    };
    let certificate = node.certificate.as_ref();
    let certificate = certificate.map(|shown| {
        let text = w.network_certificate_serial(&shown.serial);
        moment(w.network_certificate(), shown.until_ms, text)
    });
    let backup = status.backup.as_ref();
    let backup = backup.map(|last| moment(w.network_backup(), last.made_ms, String::new()));
    let since = moment(w.network_since(), status.started_ms, String::new());
    let texts = texts.into_iter().map(|(label, text)| Fact {
        label,
        at: None,
        text,
    });
    texts
        .chain([since])
        .chain(backup)
        .chain(certificate)
        .collect()
}

pub(crate) use courier::{
    MOST_BYTES as MOST_COURIER_BYTES, PATH as COURIER_PATH, make as make_courier,
    read as read_courier, show as courier,
};
pub(crate) use invitations::{
    PATH as INVITATIONS_PATH, admit, invite, show as invitations, withdraw as withdraw_invitation,
};
pub(crate) use logs::resolve as resolve_log;
pub(crate) use readmissions::readmit;

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

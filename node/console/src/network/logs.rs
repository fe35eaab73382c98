//! Public logs of divisions below that contradict themselves, and what a person makes of it.

use std::sync::Arc;

use api::{ChildLogs, LogEvidence, problem::Problem};
use axum::body::Body;
use domain::{heads::Resolution, people::Permission};
use http::Method;
use serde_json::json;

use crate::{
    answer::{Answer, lead_to},
    form::odd,
    visit::Visit,
    when::When,
};

/// A log that contradicts itself.
pub(super) struct Contradicting {
    /// Code of its division, as the form names it.
    pub(super) division: String,
    pub(super) name: String,
    pub(super) how: String,
    pub(super) found_by: String,
    pub(super) at: When,
    /// The two heads, as they were signed.
    pub(super) earlier: String,
    pub(super) later: String,
}

/// A choice of the form.
pub(super) struct Choice {
    pub(super) code: &'static str,
    pub(super) label: String,
}

/// Returns how many logs are countersigned here, and those that contradict themselves.
pub(super) async fn all(visit: &Visit) -> Result<(usize, Vec<Contradicting>), Problem> {
    if !visit.may(Permission::ViewStatus) {
        return Ok((0, vec![]));
    }
    let path = visit.api("log/children")?;
    let found: ChildLogs = visit.calls.get(&path).await?;
    let stands = found.evidence.iter().filter(|one| one.resolved.is_none());
    let told = stands.map(|one| contradicting(visit, one)).collect();
    let signed = found.logs.iter().filter(|log| !log.stopped);
    Ok((signed.count(), told))
}

fn contradicting(visit: &Visit, one: &LogEvidence) -> Contradicting {
    Contradicting {
        division: one.division.to_string(),
        name: visit.name_of(one.division),
        how: visit.w.of(&one.how_chinese, &one.how_english).to_owned(),
        found_by: visit.name_of(one.found_by),
        at: visit.when(one.at_ms),
        earlier: one.earlier.clone(),
        later: one.later.clone(),
    }
}

/// Returns which of the two heads may count.
pub(super) fn choices(visit: &Visit) -> Vec<Choice> {
    let choice = |counts: Resolution| Choice {
        code: counts.code(),
        label: visit.w.short(counts),
    };
    Resolution::ALL.map(choice).into()
}

/// Says which head of a log counts.
pub(crate) async fn resolve(visit: Arc<Visit>) -> Answer {
    let path = format!("log/children/{}/resolve", odd(visit.param("division")));
    let path = visit.api(&path)?;
    let given = json!({
        "counts": visit.form.typed("counts"),
        "reason": visit.form.typed("reason"),
    });
    let body = Body::from(given.to_string());
    visit.calls.send(Method::POST, &path, body).await?;
    lead_to("/network")
}

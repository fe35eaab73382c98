//! Divisions below that came back after their certificate ended, or wait for a person to let them.

use std::sync::Arc;

use api::{Named, ReadmissionLine, ReadmissionList, problem::Problem};
use axum::body::Body;
use http::Method;

use super::invitations::after;
use crate::{answer::Answer, form::odd, visit::Visit, when::When};

/// A child that came back or waits.
pub(super) struct Row {
    pub(super) division: String,
    pub(super) name: String,
    /// When it came back last, or asked first.
    pub(super) since: Option<When>,
    pub(super) by_itself: u32,
    /// Its key, its address, when its certificate ended, and why a person is asked.
    pub(super) waiting: Option<(String, String, When, String)>,
    pub(super) consented: bool,
}

/// Reads them for the page.
pub(super) async fn rows(visit: &Visit) -> Result<Vec<Row>, Problem> {
    let found: Named<ReadmissionList> = visit.calls.get(&visit.api("readmissions")?).await?;
    let lines = found.facts.readmissions.iter();
    Ok(lines.map(|line| row(visit, line)).collect())
}

fn row(visit: &Visit, line: &ReadmissionLine) -> Row {
    let waiting = line.waiting.as_ref();
    let since = waiting.map_or(line.last_ms, |waiting| Some(waiting.since_ms));
    Row {
        division: line.division.to_string(),
        name: visit.name_of(line.division),
        since: since.map(|at| visit.when(at)),
        by_itself: line.by_itself,
        waiting: waiting.map(|waiting| {
            let why = visit.w.of(&waiting.chinese, &waiting.english).to_owned();
            let ended = visit.when(waiting.ended_ms);
            (waiting.key.clone(), waiting.from.clone(), ended, why)
        }),
        consented: line.consented,
    }
}

/// Lets one come back.
pub(crate) async fn readmit(visit: Arc<Visit>) -> Answer {
    let path = visit.api(&format!("readmissions/{}", odd(visit.param("division"))))?;
    let done = visit.calls.send(Method::POST, &path, Body::empty());
    after(&visit, done.await).await
}

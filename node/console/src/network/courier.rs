//! Courier files: made for a neighbour without a link, and read.

use std::sync::Arc;

use api::{
    COURIER_FILE, CourierFileMade, CourierFileRead, CourierNeighbour, CourierStatus,
    MakeCourierFile, Named,
    problem::{Problem, ProblemCode},
};
use askama::Template;
use axum::{body::Body, response::IntoResponse};
use data_encoding::BASE64;
use domain::people::Permission;
use http::{Method, header};
use web::problem::Rejection;

use crate::{
    answer::Answer,
    form::odd,
    frame::Frame,
    visit::Visit,
    when::{When, count},
    words::Words,
};

/// Path of the page.
pub(crate) const PATH: &str = "/network/courier";

/// Most bytes of the files that are sent at once.
pub(crate) const MOST_BYTES: usize = 16 * 1024 * 1024;

#[derive(Template)]
#[template(path = "courier.html")]
struct CourierPage {
    frame: Frame,
    w: Words,
    /// Whether the person makes and reads files.
    may: bool,
    neighbours: Vec<Line>,
    /// What became of the files that were sent.
    outcomes: Vec<Outcome>,
    problem: Option<Problem>,
}

/// A neighbour.
struct Line {
    division: String,
    name: String,
    linked: bool,
    waiting: String,
    answers: String,
    made: Option<(String, When)>,
    read: Option<(String, When)>,
    /// How many are in none of the files up to the last one; empty if all are.
    left: String,
}

/// What became of one file.
struct Outcome {
    name: String,
    made: Option<When>,
    lines: Vec<String>,
    is_bad: bool,
}

/// Shows the files of each neighbour.
pub(crate) async fn show(visit: Arc<Visit>) -> Answer {
    page(&visit, vec![], None).await
}

async fn page(visit: &Visit, outcomes: Vec<Outcome>, problem: Option<Problem>) -> Answer {
    let w = visit.w;
    let found: Named<CourierStatus> = visit.calls.get(&visit.api("courier")?).await?;
    let neighbours = found.facts.neighbours.iter();
    let problem = problem.map(|problem| problem.in_language(visit.view.language));
    let (frame, status) = Frame::desk(visit, w.courier()).after(problem.as_ref());
    visit.page(
        status,
        &CourierPage {
            frame,
            w,
            may: visit.may(Permission::Courier),
            neighbours: neighbours.map(|one| line(visit, one)).collect(),
            outcomes,
            problem,
        },
    )
}

fn line(visit: &Visit, one: &CourierNeighbour) -> Line {
    let number = |number: u64| visit.w.courier_number(number);
    let left = one.made.as_ref().map_or(0, |made| made.left);
    Line {
        division: one.division.to_string(),
        name: visit.name_of(one.division),
        linked: one.linked,
        waiting: count(one.waiting),
        answers: count(one.answers),
        made: one
            .made
            .as_ref()
            .map(|made| (number(made.number), visit.when(made.at_ms))),
        read: one
            .read
            .as_ref()
            .map(|read| (number(read.number), visit.when(read.at_ms))),
        left: match left {
            0 => String::new(),
            left => left.to_string(),
        },
    }
}

/// Makes the next file for a neighbour and hands it out.
pub(crate) async fn make(visit: Arc<Visit>) -> Answer {
    let path = format!("courier/{}", odd(visit.param("division")));
    let path = visit.api(&path)?;
    let asked = MakeCourierFile {
        go_on: visit.form.get("go_on").is_some(),
    };
    let reply = visit.calls.ask(Method::POST, &path, &asked).await?;
    let made: CourierFileMade = reply.read()?;
    let bytes = BASE64.decode(made.file.as_bytes()).map_err(|error| {
        tracing::error!(%error, "the API answered with a damaged courier file");
        let told = ("the file is damaged; try again", "文件损坏；请再试一次");
        *Rejection::new(ProblemCode::ServiceUnavailable, told).0
    })?;
    let headers = [
        (header::CONTENT_TYPE, COURIER_FILE.to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{}\"", made.name),
        ),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, bytes).into_response())
}

/// Reads the files that were sent and shows what became of each.
pub(crate) async fn read(visit: Arc<Visit>) -> Answer {
    if visit.sent.is_empty() {
        let told = ("no file was chosen; choose one", "没有选择文件；请选择");
        return page(&visit, vec![], Some(*Rejection::unfit(told).0)).await;
    }
    let path = visit.api("courier")?;
    let mut outcomes = vec![];
    for (at, file) in visit.sent.iter().enumerate() {
        let put = visit
            .calls
            .put(&path, COURIER_FILE, Body::from(file.clone()));
        match put.await {
            Ok(reply) => outcomes.push(outcome(&visit, &reply.read()?)),
            Err(problem) if problem.status < 500 && problem.status != 403 => {
                outcomes.push(refused(&visit, at, problem));
            }
            Err(problem) => return Err(problem),
        }
    }
    page(&visit, outcomes, None).await
}

fn outcome(visit: &Visit, read: &Named<CourierFileRead>) -> Outcome {
    let (w, read) = (visit.w, &read.facts);
    let mut lines = vec![w.courier_done(
        read.number,
        count(read.accepted),
        count(read.refused),
        count(read.settled),
    )];
    if read.late {
        lines.push(w.courier_late().to_owned());
    }
    if read.not_taken > 0 {
        lines.push(w.courier_not_taken(count(read.not_taken)));
    }
    if read.left > 0 {
        lines.push(w.courier_more(read.left));
    }
    Outcome {
        name: visit.name_of(read.division),
        made: Some(visit.when(read.made_ms)),
        lines,
        is_bad: read.not_taken > 0,
    }
}

fn refused(visit: &Visit, at: usize, problem: Problem) -> Outcome {
    let problem = problem.in_language(visit.view.language);
    let hint = problem.hint.as_deref().unwrap_or_default();
    let told = format!("{} {hint}", problem.detail).trim().to_owned();
    Outcome {
        name: visit.w.courier_number(at + 1),
        made: None,
        lines: vec![told],
        is_bad: true,
    }
}

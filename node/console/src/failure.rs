//! Pages about what went wrong: what happened, what to do, and the telephone.

use api::problem::Problem;
use askama::Template;
use axum::response::{IntoResponse, Response};
use http::{Method, StatusCode};
use web::problem::Rejection;

use crate::{
    answer::lead_to,
    form::odd,
    frame::Frame,
    sign_in,
    visit::{CSRF_FIELD, KEY_FIELD, Visit},
    words::Words,
};

#[derive(Template)]
#[template(path = "failure.html")]
struct FailurePage<'a> {
    frame: Frame,
    w: Words,
    problem: &'a Problem,
    /// What happened, in words; the sentence of the node follows in its own language.
    what: &'static str,
    /// What to do, if the node's own hint is not for people of this page.
    todo: Option<&'static str>,
    /// Fields with text that the person typed.
    kept: Vec<(&'a str, &'a str)>,
}

/// Answers with the page of a problem. A person who is not signed in is led to the sign-in, and keeps
/// what was typed.
pub(crate) fn page(visit: &Visit, problem: Problem) -> Response {
    // Programs that miss a path of the API get what programs read, in the language that they ask for.
    if visit.path.starts_with("/v1/") {
        return bare(&problem);
    }
    let problem = &problem.in_language(visit.view.language);
    let answer = match (problem.status, &visit.method) {
        (401, &Method::POST) if visit.division().is_ok() => sign_in::after_expiry(visit),
        (401, _) if visit.division().is_ok() => {
            lead_to(&format!("/sign-in?back={}", odd(&visit.here())))
        }
        _ => told(visit, problem),
    };
    answer.unwrap_or_else(|problem| bare(&problem))
}

/// Answers a request so early that nothing is known about it.
pub(crate) fn bare(problem: &Problem) -> Response {
    Rejection(Box::new(problem.clone())).into_response()
}

fn told(visit: &Visit, problem: &Problem) -> crate::answer::Answer {
    let w = visit.w;
    let (what, todo) = what(w, problem.status);
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let typed = visit.form.0.iter().filter(|(name, value)| {
        name != CSRF_FIELD
            && name != KEY_FIELD
            && !name.contains("password")
            && value.trim().len() > 8
    });
    let frame = Frame::of(visit, what);
    let frame = match visit.method {
        Method::POST => frame.after_failure(),
        _ => frame,
    };
    visit.page(
        status,
        &FailurePage {
            frame,
            w,
            problem,
            what,
            todo,
            kept: typed.map(|(name, value)| (&**name, &**value)).collect(),
        },
    )
}

fn what(w: Words, status: u16) -> (&'static str, Option<&'static str>) {
    match status {
        400 => (w.failure_400(), None),
        403 => (w.failure_403(), Some(w.failure_403_do())),
        404 | 410 => (w.failure_404(), Some(w.failure_404_do())),
        405 => (w.failure_405(), None),
        409 => (w.failure_409(), None),
        412 => (w.failure_412(), None),
        413 => (w.failure_413(), None),
        415 => (w.failure_415(), None),
        422 => (w.failure_422(), None),
        429 => (w.failure_429(), None),
        502..=507 => (w.failure_503(), Some(w.failure_503_do())),
        _ => (w.failure_500(), Some(w.failure_503_do())),
    }
}

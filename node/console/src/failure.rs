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
    /// What to do: the node's own hint, unless it is for programs.
    todo: &'a str,
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
    let (what, usual) = what(w, problem.status);
    let own = problem.hint.as_deref();
    let todo = own.filter(|_| hints_at_people(problem.status));
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
            todo: todo.unwrap_or(usual),
            kept: typed.map(|(name, value)| (&**name, &**value)).collect(),
        },
    )
}

/// Returns whether the node's own hint at what to do is for people who read pages.
const fn hints_at_people(status: u16) -> bool {
    matches!(status, 400..=499) && !matches!(status, 403 | 404 | 410)
}

/// Returns what happened and what to do about it, by the status of the answer.
fn what(w: Words, status: u16) -> (&'static str, &'static str) {
    match status {
        400 => (w.failure_400(), w.failure_400_do()),
        403 => (w.failure_403(), w.failure_403_do()),
        404 | 410 => (w.failure_404(), w.failure_404_do()),
        405 => (w.failure_405(), w.failure_405_do()),
        409 => (w.failure_409(), w.failure_409_do()),
        412 => (w.failure_412(), w.failure_412_do()),
        413 => (w.failure_413(), w.failure_413_do()),
        415 => (w.failure_415(), w.failure_415_do()),
        422 => (w.failure_422(), w.failure_422_do()),
        429 => (w.failure_429(), w.failure_429_do()),
        502..=507 => (w.failure_503(), w.failure_503_do()),
        _ => (w.failure_500(), w.failure_503_do()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use api::problem::ProblemCode;

    use super::*;
    use crate::words::Language;

    /// R-A21: every refusal that a page can meet has a name and something to do.
    #[test]
    fn every_refusal_has_a_name_and_something_to_do() {
        let statuses: BTreeSet<u16> = ProblemCode::all().map(ProblemCode::status).collect();
        for status in [403, 404, 409, 413, 429, 500, 503] {
            assert!(statuses.contains(&status), "{status}");
        }
        for language in [Language::Chinese, Language::English] {
            let w = Words(language);
            for status in &statuses {
                // Whoever is not signed in is led to the sign-in; foreign hosts get no page.
                if matches!(status, 401 | 416 | 421) {
                    continue;
                }
                let (name, todo) = what(w, *status);
                assert!(!name.is_empty() && todo.len() > name.len(), "{status}");
                let is_unknown = name == w.failure_500();
                assert_eq!(is_unknown, *status == 500, "{status} is called {name}");
            }
        }
    }
}

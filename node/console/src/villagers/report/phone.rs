//! A report that waited on a phone for the network: the same form, sent by the script of the page or by
//! its worker (`assets/offline.js`), and answered in JSON.

use api::{
    DraftMatter,
    problem::{Problem, ProblemCode},
};
use axum::response::IntoResponse;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;

use super::{Sheet, receipt::grouped};
use crate::{answer::Answer, visit::Visit};

/// Number and slip are shown once.
const NOT_KEPT: [(HeaderName, HeaderValue); 1] =
    [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];

/// What the script is told.
#[derive(Serialize)]
struct Told<'a> {
    /// Number of the matter; `None` if it was not taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<&'a str>,
    /// The slip as people copy it; `None` some minutes after it was first told.
    #[serde(skip_serializing_if = "Option::is_none")]
    slip: Option<String>,
    /// What has to be changed before it is taken, in the language of the page.
    says: Vec<String>,
    /// The problem, for programs.
    #[serde(flatten)]
    problem: Option<Problem>,
}

/// Returns whether the form was sent by the script.
pub(super) fn asks(visit: &Visit) -> bool {
    let accepted = visit.headers.get(header::ACCEPT);
    accepted.is_some_and(|accepted| accepted == "application/json")
}

/// Hands a whole report in.
pub(super) async fn send(sheet: &Sheet<'_>) -> Answer {
    let wrong = sheet.wrong_on(&sheet.flow.questions());
    let mut says: Vec<String> = wrong.into_iter().map(|wrong| wrong.says).collect();
    let w = sheet.visit.w;
    let refused = sheet.visit.photo_problems.iter();
    says.extend(refused.map(|problem| format!("{} {}", w.photo_refused(), in_words(problem))));
    if !says.is_empty() {
        let problem = Problem::new(ProblemCode::InvalidRequest, &says.join(" "));
        return refused_for(problem, says);
    }
    match sheet.draft.hand_in(sheet.visit, &sheet.report()).await {
        Ok(done) => handed_in(&done),
        Err(problem) => {
            let problem = problem.in_language(sheet.visit.view.language);
            let says = vec![in_words(&problem)];
            refused_for(problem, says)
        }
    }
}

/// Tells number and slip.
pub(super) fn handed_in(done: &DraftMatter) -> Answer {
    let slip = done.token.as_deref().map(grouped);
    let told = Told {
        number: Some(&done.id),
        slip,
        says: vec![],
        problem: None,
    };
    Ok((NOT_KEPT, axum::Json(told)).into_response())
}

fn refused_for(problem: Problem, says: Vec<String>) -> Answer {
    let status = StatusCode::from_u16(problem.status);
    let told = Told {
        number: None,
        slip: None,
        says,
        problem: Some(problem),
    };
    let mut answer = (NOT_KEPT, axum::Json(told)).into_response();
    *answer.status_mut() = status.unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
    let kind = HeaderValue::from_static(Problem::MEDIA_TYPE);
    answer.headers_mut().insert(header::CONTENT_TYPE, kind);
    Ok(answer)
}

fn in_words(problem: &Problem) -> String {
    let hint = problem.hint.iter().map(|hint| format!(" {hint}"));
    format!("{}{}", problem.detail, hint.collect::<String>())
}

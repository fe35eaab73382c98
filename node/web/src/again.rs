//! The answer to a request that was done already.

use api::Reported;
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use domain::{audit::Subject, people::Permission};
use http::{StatusCode, header};
use office::{
    OfficeError,
    people::{Done, PeopleError},
};

use super::{accounts, ask::At, gate::Principal, grids, matters, problem::Rejection};

/// As it was, if it was kept; else what it was about, as it is now, with the status of the first answer.
pub(super) async fn answer(at: &At, guest: &Principal, done: Done) -> Result<Response, Rejection> {
    let (status, body) = match done.answer {
        Some(first) => (StatusCode::from_u16(first.status).ok(), first.body),
        None => (None, None),
    };
    let mut response = match body {
        Some(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
        None => about(at, guest, done.subject).await?,
    };
    if let Some(status) = status {
        *response.status_mut() = status;
    }
    Ok(response)
}

async fn about(
    at: &At,
    guest: &Principal,
    subject: Option<Subject>,
) -> Result<Response, Rejection> {
    match subject {
        Some(Subject::Matter(id)) if guest.request.deed() == Permission::Report => {
            let id = id.to_string();
            let (token, opening) = (None, None);
            Ok(Json(Reported { id, token, opening }).into_response())
        }
        Some(Subject::Matter(id)) if guest.may(Permission::ViewMatter).is_ok() => {
            Ok(matters::view(at, guest, id).await?.into_response())
        }
        Some(Subject::Account(id)) => Ok(accounts::one(at, id).await?.into_response()),
        Some(Subject::Grid(id)) => Ok(grids::one(at, id).await?.into_response()),
        _ => Err(OfficeError::from(PeopleError::ShownOnce).into()),
    }
}

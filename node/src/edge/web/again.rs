//! The answer to a request that was done already.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};

use super::{accounts, api::Reported, ask::At, gate::Guest, grids, matters, problem::Problem};
use crate::{
    domain::{audit::Subject, people::Deed},
    office::{
        OfficeError,
        people::{Done, PeopleError},
    },
};

/// As it was, if it was kept; else what it was about, as it is now.
pub(super) async fn answer(at: &At, guest: &Guest, done: Done) -> Result<Response, Problem> {
    if let Some(kept) = done.answer {
        let status = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::OK);
        let kind = [(header::CONTENT_TYPE, "application/json")];
        return Ok((status, kind, kept.body).into_response());
    }
    match done.subject {
        Some(Subject::Matter(id)) if guest.may(Deed::ViewMatter).is_ok() => {
            Ok(matters::view(at, guest, id).await?.into_response())
        }
        Some(Subject::Matter(id)) => {
            let id = id.to_string();
            let (token, opening) = (None, None);
            Ok(Json(Reported { id, token, opening }).into_response())
        }
        Some(Subject::Account(id)) => Ok(accounts::one(at, id).await?.into_response()),
        Some(Subject::Grid(id)) => Ok(grids::one(at, id).await?.into_response()),
        Some(Subject::Key(_) | Subject::Template(_) | Subject::Hook(_) | Subject::Alarm(_))
        | None => Err(OfficeError::from(PeopleError::ShownOnce).into()),
    }
}

//! The answer to a repeated request.

use api::Reported;
use axum::{
    Json,
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use domain::{audit::Subject, people::Permission};
use futures::future::BoxFuture;
use http::{StatusCode, header, request::Parts};
use office::people::Done;

use super::{
    accounts, ask::NodePath, boards, disclosures, gate::Principal, grids, matters, points,
    problem::Rejection, templates,
};
use crate::state::AppState;

/// Answers a repeated request at the node in its path.
pub(super) fn again<'a>(
    parts: &'a mut Parts,
    app_state: &'a AppState,
    guest: &'a Principal,
    done: Done,
) -> BoxFuture<'a, Result<Response, Rejection>> {
    Box::pin(async move {
        let at = NodePath::from_request_parts(parts, app_state).await?;
        answer(&at, guest, done).await
    })
}

/// Returns the stored answer. If none was stored, returns the present state of the subject of the
/// request, with the status of the first answer.
async fn answer(at: &NodePath, guest: &Principal, done: Done) -> Result<Response, Rejection> {
    let (status, body) = match done.answer {
        Some(first) => (StatusCode::from_u16(first.status).ok(), first.body),
        None => (None, None),
    };
    let mut response = match body {
        Some(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
        // There was nothing to say then, and what it was about may be gone.
        None if status == Some(StatusCode::NO_CONTENT) => StatusCode::NO_CONTENT.into_response(),
        None => about(at, guest, done.subject).await?,
    };
    if let Some(status) = status {
        *response.status_mut() = status;
    }
    Ok(response)
}

async fn about(
    at: &NodePath,
    guest: &Principal,
    subject: Option<Subject>,
) -> Result<Response, Rejection> {
    match subject {
        Some(Subject::Matter(id)) if guest.request.permission() == Permission::Report => {
            let id = id.to_string();
            let (token, opening) = (None, None);
            Ok(Json(Reported { id, token, opening }).into_response())
        }
        Some(Subject::Matter(id)) if guest.may(Permission::ViewMatter).is_ok() => {
            Ok(matters::view(at, guest, id).await?.into_response())
        }
        Some(Subject::Account(id)) => Ok(accounts::one(at, id).await?.into_response()),
        Some(Subject::Disclosure(id)) if guest.may(Permission::ViewDisclosures).is_ok() => {
            Ok(disclosures::in_hand::view(at, guest, id)
                .await?
                .into_response())
        }
        Some(Subject::Post(board, post)) => {
            Ok(boards::view(at, guest, &board, post).await?.into_response())
        }
        Some(Subject::Household(id)) if guest.may(Permission::ViewHouseholds).is_ok() => {
            Ok(points::one(at, id).await?.into_response())
        }
        Some(Subject::Rating(_, id)) if guest.may(Permission::ViewHouseholds).is_ok() => {
            Ok(points::rating(at, id).await?.into_response())
        }
        Some(Subject::Template(key)) if guest.may(Permission::ViewTemplates).is_ok() => {
            let key = key.parse().map_err(|_| Rejection::shown_once())?;
            Ok(Json(templates::find(at, &key).await?).into_response())
        }
        Some(Subject::Grid(id)) => Ok(grids::one(at, id).await?.into_response()),
        _ => Err(Rejection::shown_once()),
    }
}

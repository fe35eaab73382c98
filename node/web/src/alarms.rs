//! Alarms over the API.

use api::{AlarmQuery, AlarmView, Alarms};
use axum::{Json, http::StatusCode};

use super::{
    ask::{Asked, At, Person},
    openapi::{AlarmPath, NodePath},
    problem::Rejection,
};

/// Alarms that stand
///
/// An alarm stands until somebody closes it, also after its cause went away by itself.
#[utoipa::path(get, path = "/v1/nodes/{code}/alarms", tag = "about", params(NodePath),
    responses((status = 200, body = Alarms)))]
pub(super) async fn list(at: At) -> Result<Json<Alarms>, Rejection> {
    let alarms = at.node.office.alarms().await?;
    Ok(Json(Alarms {
        alarms: alarms.into_iter().map(AlarmView::from).collect(),
    }))
}

/// Close an alarm
///
/// For when its cause was looked into; the audit trail keeps who closed it. It comes back if its cause does.
#[utoipa::path(delete, path = "/v1/nodes/{code}/alarms/{kind}", tag = "about", params(AlarmPath, AlarmQuery),
    responses((status = 204)))]
pub(super) async fn close(
    at: At,
    Person(by): Person,
    Asked(AlarmQuery { about }): Asked<AlarmQuery>,
) -> Result<StatusCode, Rejection> {
    let kind = at.param("kind")?;
    at.node.office.close_alarm(kind, about, by).await?;
    Ok(StatusCode::NO_CONTENT)
}

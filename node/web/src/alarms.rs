//! Open alarms: list, close.

use api::{AlarmQuery, AlarmView, Alarms};
use axum::{Json, http::StatusCode};

use super::{
    ask::{Asked, NodePath, Person},
    openapi::{AlarmParams, NodeParams},
    problem::Rejection,
};

/// List the open alarms
///
/// An alarm stays open until somebody closes it, even if its cause disappears by itself.
#[utoipa::path(get, path = "/v1/nodes/{code}/alarms", tag = "about", params(NodeParams),
    responses((status = 200, body = Alarms)))]
pub(super) async fn list(at: NodePath) -> Result<Json<Alarms>, Rejection> {
    let alarms = at.node.office.alarms().all().await?;
    Ok(Json(Alarms {
        alarms: alarms.into_iter().map(AlarmView::from).collect(),
    }))
}

/// Close an alarm
///
/// Close it after you have looked into its cause. The audit trail records who closed it. If the
/// cause comes back, so does the alarm.
#[utoipa::path(delete, path = "/v1/nodes/{code}/alarms/{kind}", tag = "about", params(AlarmParams, AlarmQuery),
    responses((status = 204)))]
pub(super) async fn close(
    at: NodePath,
    Person(by): Person,
    Asked(AlarmQuery { about }): Asked<AlarmQuery>,
) -> Result<StatusCode, Rejection> {
    let kind = at.param("kind")?;
    at.node.office.alarms().close(kind, about, by).await?;
    Ok(StatusCode::NO_CONTENT)
}

//! The clock of the machine: state, confirmation, correction.

use api::{ClockStatus, Corrected};
use axum::Json;

use super::{
    ask::{NodePath, Person},
    openapi::NodeParams,
    problem::Rejection,
};

/// Get the state of the machine's clock
///
/// Returns the time the node uses, the time of the machine's clock, and the reason if the node does
/// not trust it.
#[utoipa::path(get, path = "/v1/nodes/{code}/clock", tag = "about", params(NodeParams),
    responses((status = 200, body = ClockStatus)))]
pub(super) async fn show(at: NodePath) -> Result<Json<ClockStatus>, Rejection> {
    Ok(Json(at.node.office.clock().status().await?))
}

/// Confirm the machine's clock
///
/// Use this after the clock was set on purpose, or if the clocks of the neighbours are wrong. From
/// then on the node uses the machine's clock.
#[utoipa::path(post, path = "/v1/nodes/{code}/clock/confirmation", tag = "about", params(NodeParams),
    responses((status = 200, body = ClockStatus)))]
pub(super) async fn confirm(
    at: NodePath,
    Person(by): Person,
) -> Result<Json<ClockStatus>, Rejection> {
    Ok(Json(at.node.office.clock().confirm(by).await?))
}

/// Correct the effects of a wrong clock
///
/// Everything is counted on today again. The answer lists matters with steps whose time is in the
/// future: signed steps stay as they are, and a person decides about each matter.
#[utoipa::path(post, path = "/v1/nodes/{code}/clock/correction", tag = "about", params(NodeParams),
    responses((status = 200, body = Corrected)))]
pub(super) async fn correct(
    at: NodePath,
    Person(by): Person,
) -> Result<Json<Corrected>, Rejection> {
    Ok(Json(at.node.office.clock().correct(by).await?))
}

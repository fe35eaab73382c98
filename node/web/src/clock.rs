//! The clock of the machine over the API.

use api::{ClockStatus, Corrected};
use axum::Json;

use super::{
    ask::{At, Person},
    openapi::NodePath,
    problem::Rejection,
};

/// How the machine's clock stands
///
/// The time the node goes by, what the machine's clock says, and why that is not believed if it is not.
#[utoipa::path(get, path = "/v1/nodes/{code}/clock", tag = "about", params(NodePath),
    responses((status = 200, body = ClockStatus)))]
pub(super) async fn show(at: At) -> Result<Json<ClockStatus>, Rejection> {
    Ok(Json(at.node.office.clock_status().await?))
}

/// Say that the machine's clock is right
///
/// For when it was set on purpose, or the neighbours are wrong. The node goes by it from now on.
#[utoipa::path(post, path = "/v1/nodes/{code}/clock/confirmation", tag = "about", params(NodePath),
    responses((status = 200, body = ClockStatus)))]
pub(super) async fn confirm(at: At, Person(by): Person) -> Result<Json<ClockStatus>, Rejection> {
    Ok(Json(at.node.office.confirm_clock(by).await?))
}

/// Correct what a wrong clock left behind
///
/// Everything is counted on today again. Matters with steps of a time that has not come yet are named: what
/// was signed stays, and a person decides about each.
#[utoipa::path(post, path = "/v1/nodes/{code}/clock/correction", tag = "about", params(NodePath),
    responses((status = 200, body = Corrected)))]
pub(super) async fn correct(at: At, Person(by): Person) -> Result<Json<Corrected>, Rejection> {
    Ok(Json(at.node.office.correct_clock(by).await?))
}

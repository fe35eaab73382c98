//! Every kind of problem there is, explained: what the `type` of a problem leads to.

use api::problem::{ProblemCode, ProblemKind};
use axum::Json;

/// Every kind of problem
#[utoipa::path(get, path = "/v1/problems", tag = "about",
    responses((status = 200, description = "All kinds", body = Vec<ProblemKind>)))]
pub(super) async fn list() -> Json<Vec<ProblemKind>> {
    Json(ProblemCode::all().map(ProblemKind::from).collect())
}

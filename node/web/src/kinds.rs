//! The list of problem codes, to which the `type` of a problem refers.

use api::problem::{ProblemCode, ProblemKind};
use axum::Json;

/// List the problem codes
#[utoipa::path(get, path = "/v1/problems", tag = "about",
    responses((status = 200, description = "All kinds", body = Vec<ProblemKind>)))]
pub(super) async fn list() -> Json<Vec<ProblemKind>> {
    Json(ProblemCode::all().map(ProblemKind::from).collect())
}

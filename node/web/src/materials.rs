//! The materials of an application.

use api::{CheckMaterials, MaterialsView};
use axum::Json;

use super::{
    ask::{Given, NodePath, Person},
    openapi::MatterParams,
    problem::Rejection,
};

/// List the materials of an application, and which of them are there
#[utoipa::path(get, path = "/v1/nodes/{code}/matters/{id}/materials", tag = "matters", params(MatterParams),
    responses((status = 200, body = MaterialsView)))]
pub(super) async fn list(at: NodePath) -> Result<Json<MaterialsView>, Rejection> {
    let matters = at.node.office.matters();
    let (service, check) = matters.materials(at.param("id")?).await?;
    Ok(Json(MaterialsView::of(service, check)))
}

/// Say which materials of an application are there 一次性告知
///
/// The applicant is told in writing what is missing. What was not missing once is not asked for later.
#[utoipa::path(post, path = "/v1/nodes/{code}/matters/{id}/materials", tag = "matters", params(MatterParams),
    request_body = CheckMaterials, responses((status = 200, body = MaterialsView)))]
pub(super) async fn check(
    at: NodePath,
    Person(by): Person,
    Given(request): Given<CheckMaterials>,
) -> Result<Json<MaterialsView>, Rejection> {
    let matters = at.node.office.matters();
    let id = at.param("id")?;
    let check = matters.check_materials(id, &request.there, by).await?;
    Ok(Json(MaterialsView::of(None, Some(check))))
}

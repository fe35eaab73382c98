//! The audit trail over the API.

use api::{AuditLine, AuditPage, AuditSeal, PageQuery};
use axum::Json;

use super::{
    ask::{Asked, At},
    openapi::NodePath,
    page,
    problem::Rejection,
};

/// The audit trail, oldest first
#[utoipa::path(get, path = "/v1/nodes/{code}/audit", tag = "people", params(NodePath, PageQuery),
    responses((status = 200, body = AuditPage)))]
pub(super) async fn list(
    at: At,
    Asked(query): Asked<PageQuery>,
) -> Result<Json<AuditPage>, Rejection> {
    let limit = page::limit(query.limit)?;
    let after: u64 = page::after(query.after.as_deref())?.unwrap_or_default();
    let found = at.node.office.audit(after, limit + 1).await?;
    let next = found
        .get(limit - 1)
        .filter(|_| found.len() > limit)
        .map(|last| last.n.to_string());
    Ok(Json(AuditPage {
        entries: found.iter().take(limit).map(AuditLine::from).collect(),
        next,
    }))
}

/// Check the audit trail from its beginning to its end
#[utoipa::path(get, path = "/v1/nodes/{code}/audit/seal", tag = "people", params(NodePath),
    responses((status = 200, description = "It holds", body = AuditSeal),
        (status = 409, description = "It does not", body = api::problem::Problem,
            content_type = "application/problem+json")))]
pub(super) async fn verify(at: At) -> Result<Json<AuditSeal>, Rejection> {
    Ok(Json(at.node.office.verify_audit().await?.into()))
}

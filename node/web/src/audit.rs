//! The audit trail: read, check.

use api::{AuditLine, AuditPage, AuditSeal, PageQuery};
use axum::Json;

use super::{
    ask::{Asked, NodePath},
    openapi::NodeParams,
    page,
    problem::Rejection,
};

/// Read the audit trail, oldest entry first
#[utoipa::path(get, path = "/v1/nodes/{code}/audit", tag = "people", params(NodeParams, PageQuery),
    responses((status = 200, body = AuditPage)))]
pub(super) async fn list(
    at: NodePath,
    Asked(query): Asked<PageQuery>,
) -> Result<Json<AuditPage>, Rejection> {
    let limit = page::limit(query.limit)?;
    let after: u64 = page::after(query.after.as_deref())?.unwrap_or_default();
    let found = at.node.office.people().audit(after, limit + 1).await?;
    let next = found
        .get(limit - 1)
        .filter(|_| found.len() > limit)
        .map(|last| last.n.to_string());
    Ok(Json(AuditPage {
        entries: found.iter().take(limit).map(AuditLine::from).collect(),
        next,
    }))
}

/// Check the whole audit trail
#[utoipa::path(get, path = "/v1/nodes/{code}/audit/seal", tag = "people", params(NodeParams),
    responses((status = 200, description = "The audit trail is intact", body = AuditSeal),
        (status = 409, description = "The audit trail was changed", body = api::problem::Problem,
            content_type = "application/problem+json")))]
pub(super) async fn verify(at: NodePath) -> Result<Json<AuditSeal>, Rejection> {
    Ok(Json(at.node.office.people().verify_audit().await?.into()))
}

//! Revocation of a child's keys.

use api::{Named, RevocationLine, Revocations, RevokeRequest};
use axum::{Json, http::StatusCode};
use domain::revocation::Reason;

use super::{
    ask::{Given, NodePath, Person},
    key_statements::read_key,
    openapi::NodeParams,
    problem::Rejection,
};

/// Revoke the keys of a child
#[utoipa::path(post, path = "/v1/nodes/{code}/revocations", tag = "people", params(NodeParams),
    request_body = RevokeRequest, responses((status = 201, body = Named<Revocations>)))]
pub(super) async fn revoke(
    at: NodePath,
    Person(asker): Person,
    Given(request): Given<RevokeRequest>,
) -> Result<(StatusCode, Json<Named<Revocations>>), Rejection> {
    let RevokeRequest {
        division,
        reason,
        key,
    } = request;
    at.app_state.tree.require(division)?;
    let key = key.map(|key| read_key(&key)).transpose()?;
    if let Reason::Other(_) = reason {
        return Err(Rejection::unfit((
            "unknown reason; use `stolen`, `lost`, `replaced` or `closed`",
            "不认识这个原因；请写 stolen、lost、replaced 或 closed",
        )));
    }
    let new = at.node.revoke((division, key), reason, asker).await?;
    let by = at.division;
    let lines = new.iter().map(|revoked| RevocationLine::of(revoked, by));
    let revocations = Revocations {
        revocations: lines.collect(),
    };
    let named = Named::new(revocations, &at.app_state.tree);
    Ok((StatusCode::CREATED, Json(named)))
}

/// List the revoked keys
#[utoipa::path(get, path = "/v1/nodes/{code}/revocations", tag = "people", params(NodeParams),
    responses((status = 200, body = Named<Revocations>)))]
pub(super) async fn list(at: NodePath) -> Result<Json<Named<Revocations>>, Rejection> {
    let records = at.node.office.keys().revocations().await?;
    let lines = records
        .iter()
        .map(|record| RevocationLine::of(&record.revocation, record.by));
    let revocations = Revocations {
        revocations: lines.collect(),
    };
    Ok(Json(Named::new(revocations, &at.app_state.tree)))
}

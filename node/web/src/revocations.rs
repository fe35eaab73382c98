//! Revoking the key of a child, and what was revoked.

use api::{Named, RevocationLine, Revocations, RevokeRequest};
use axum::{Json, http::StatusCode};
use domain::revocation::Reason;

use super::{
    ask::{At, Given, Person},
    key_statements::read_key,
    openapi::NodePath,
    problem::Rejection,
};

/// Revoke the keys of a child
#[utoipa::path(post, path = "/v1/nodes/{code}/revocations", tag = "people", params(NodePath),
    request_body = RevokeRequest, responses((status = 201, body = Named<Revocations>)))]
pub(super) async fn revoke(
    at: At,
    Person(asker): Person,
    Given(request): Given<RevokeRequest>,
) -> Result<(StatusCode, Json<Named<Revocations>>), Rejection> {
    let RevokeRequest {
        division,
        reason,
        key,
    } = request;
    at.roster.tree.require(division)?;
    let key = key.map(|key| read_key(&key)).transpose()?;
    if let Reason::Other(_) = reason {
        return Err(Rejection::unfit(
            "a number is no reason; take stolen, lost, replaced or closed",
        ));
    }
    let new = at.node.revoke((division, key), reason, asker).await?;
    let by = at.division;
    let lines = new.iter().map(|revoked| RevocationLine::of(revoked, by));
    let revocations = Revocations {
        revocations: lines.collect(),
    };
    let named = Named::new(revocations, &at.roster.tree);
    Ok((StatusCode::CREATED, Json(named)))
}

/// What was revoked
#[utoipa::path(get, path = "/v1/nodes/{code}/revocations", tag = "people", params(NodePath),
    responses((status = 200, body = Named<Revocations>)))]
pub(super) async fn list(at: At) -> Result<Json<Named<Revocations>>, Rejection> {
    let records = at.node.office.revocations().await?;
    let lines = records
        .iter()
        .map(|record| RevocationLine::of(&record.revocation, record.by));
    let revocations = Revocations {
        revocations: lines.collect(),
    };
    Ok(Json(Named::new(revocations, &at.roster.tree)))
}

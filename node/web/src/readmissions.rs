//! Children that come back after their certificate ended: listed, and let in by a person.

use api::{Named, ReadmissionLine, ReadmissionList};
use axum::Json;

use super::{
    ask::{NodePath, Person},
    openapi::{ChildParams, NodeParams},
    problem::Rejection,
};

/// List children that came back after their certificate ended, and those that wait for a person
#[utoipa::path(get, path = "/v1/nodes/{code}/readmissions", tag = "people", params(NodeParams),
    responses((status = 200, body = Named<ReadmissionList>)))]
pub(super) async fn list(at: NodePath) -> Result<Json<Named<ReadmissionList>>, Rejection> {
    let office = &at.node.office;
    let (all, now) = (office.readmissions().all().await?, office.now());
    let lines = all.iter().map(|known| ReadmissionLine::of(known, now));
    let list = ReadmissionList {
        readmissions: lines.collect(),
    };
    Ok(Json(Named::new(list, &at.app_state.tree)))
}

/// Let a child come back that waits
///
/// It gets its certificate when it asks again, which it does by itself within minutes. What was said holds for 14 days.
#[utoipa::path(post, path = "/v1/nodes/{code}/readmissions/{child}", tag = "people",
    params(ChildParams), responses((status = 200, body = Named<ReadmissionLine>)))]
pub(super) async fn readmit(
    at: NodePath,
    Person(by): Person,
) -> Result<Json<Named<ReadmissionLine>>, Rejection> {
    let child = at.param("child")?;
    let office = &at.node.office;
    office.readmissions().consent(child, by).await?;
    let known = office.readmissions().of(child).await?;
    let line = ReadmissionLine::of(&known, office.now());
    Ok(Json(Named::new(line, &at.app_state.tree)))
}

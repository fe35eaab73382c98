//! Opening who the reporter of a matter is, and erasing what was written.

use api::{EraseRequest, Erased, OpenedContact};
use axum::Json;
use domain::ids::MatterId;

use super::{
    ask::{At, Given, Person},
    openapi::MatterPath,
    problem::Rejection,
};

/// Open who reported a matter
///
/// Only its holder has this. That you opened it stands in the audit trail before you are answered.
#[utoipa::path(post, path = "/v1/nodes/{code}/matters/{id}/contact", tag = "matters",
    params(MatterPath), responses((status = 200, body = OpenedContact)))]
pub(super) async fn open(at: At, Person(by): Person) -> Result<Json<OpenedContact>, Rejection> {
    let id: MatterId = at.param("id")?;
    let contact = at.node.office.open_contact(id, by).await?;
    Ok(Json(OpenedContact { contact }))
}

/// Erase everything that was written in a matter 删除
///
/// The steps stay, with what they prove. At the node that holds the matter, every other one that had it
/// is told to erase its copies; elsewhere only the node's own copies are erased.
#[utoipa::path(post, path = "/v1/nodes/{code}/matters/{id}/erasure", tag = "matters",
    params(MatterPath), request_body = EraseRequest, responses((status = 200, body = Erased)))]
pub(super) async fn erase(
    at: At,
    Person(by): Person,
    Given(EraseRequest { reason }): Given<EraseRequest>,
) -> Result<Json<Erased>, Rejection> {
    let id: MatterId = at.param("id")?;
    let reach = at.node.office.erase(id, reason, by).await?;
    Ok(Json(Erased { reach }))
}

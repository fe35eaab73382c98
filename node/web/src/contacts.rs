//! The contact of a reporter, and erasing the text of a matter.

use api::{ContactRequest, EraseRequest, Erased, OpenedContact};
use axum::Json;
use domain::ids::MatterId;

use super::{
    ask::{Given, NodePath, Person},
    openapi::MatterParams,
    problem::Rejection,
};

/// Open the contact of the reporter
///
/// Only the holder of the matter has it. The audit trail records the opening and its reason before
/// you get the answer.
#[utoipa::path(post, path = "/v1/nodes/{code}/matters/{id}/contact", tag = "matters",
    params(MatterParams), request_body = ContactRequest,
    responses((status = 200, body = OpenedContact)))]
pub(super) async fn open(
    at: NodePath,
    Person(by): Person,
    Given(ContactRequest { reason }): Given<ContactRequest>,
) -> Result<Json<OpenedContact>, Rejection> {
    let id: MatterId = at.param("id")?;
    let contact = at
        .node
        .office
        .matters()
        .open_contact(id, reason, by)
        .await?;
    Ok(Json(OpenedContact { contact }))
}

/// Erase all text of a matter 删除
///
/// The steps and their proofs stay. If this node holds the matter, every other node that had it is
/// told to erase its copies; otherwise only the copies of this node are erased.
#[utoipa::path(post, path = "/v1/nodes/{code}/matters/{id}/erasure", tag = "matters",
    params(MatterParams), request_body = EraseRequest, responses((status = 200, body = Erased)))]
pub(super) async fn erase(
    at: NodePath,
    Person(by): Person,
    Given(EraseRequest { reason }): Given<EraseRequest>,
) -> Result<Json<Erased>, Rejection> {
    let id: MatterId = at.param("id")?;
    let reach = at.node.office.matters().erase(id, reason, by).await?;
    Ok(Json(Erased { reach }))
}

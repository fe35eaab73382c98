//! Receipts, to be taken away.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};

use super::{
    ask::{At, Person},
    openapi::MatterPath,
    problem::Problem,
};
use crate::{
    domain::ids::MatterId,
    edge::receipt::{self, MEDIA_TYPE, ReceiptFile},
};

/// Signed receipts of a matter, as a file that `wujitong verify` checks
///
/// Who took it when and how it was decided, each signed by the division that did. It holds nothing
/// personal and gives no access.
#[utoipa::path(get, path = "/v1/nodes/{code}/matters/{id}/receipt", tag = "matters", params(MatterPath),
    responses((status = 200, body = ReceiptFile, content_type = MEDIA_TYPE)))]
pub(super) async fn receipt(at: At, Person(actor): Person) -> Result<Response, Problem> {
    let id: MatterId = at.param("id")?;
    let words = at.node.office.words(id, actor).await?;
    let file = receipt::export(&at.node, id, words)
        .await
        .map_err(|error| {
            tracing::error!(division = %at.division, %error, "a receipt was not signed");
            let sentence = "the node could not sign the receipt; see its log";
            Problem::turned_away(StatusCode::SERVICE_UNAVAILABLE, sentence)
        })?;
    let kind = HeaderValue::from_static(MEDIA_TYPE);
    Ok(([(header::CONTENT_TYPE, kind)], Json(file)).into_response())
}

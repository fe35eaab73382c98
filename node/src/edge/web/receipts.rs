//! Receipts, to be taken away.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};

use super::{
    api::ReceiptQuery,
    ask::{Asked, At, Person, Visitor},
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
/// personal and gives no access. With `opening`, whoever reported the matter also gets what proves their
/// text, while it is held here.
#[utoipa::path(get, path = "/v1/nodes/{code}/matters/{id}/receipt", tag = "matters",
    params(MatterPath, ReceiptQuery),
    responses((status = 200, body = ReceiptFile, content_type = MEDIA_TYPE)))]
pub(super) async fn receipt(
    at: At,
    Person(actor): Person,
    Visitor(guest): Visitor,
    Asked(query): Asked<ReceiptQuery>,
) -> Result<Response, Problem> {
    let id: MatterId = at.param("id")?;
    let opening = match query.opening {
        true if !guest.reported() => {
            let sentence =
                "only whoever reported a matter is given what opens it; ask with its slip";
            return Err(Problem::denied(sentence));
        }
        true => Some(at.node.office.opening(id).await?),
        false => None,
    };
    let words = at.node.office.words(id, actor).await?;
    let file = receipt::export(&at.node, id, words)
        .await
        .map_err(|error| {
            tracing::error!(division = %at.division, %error, "a receipt was not signed");
            let sentence = "the node could not sign the receipt; see its log";
            Problem::turned_away(StatusCode::SERVICE_UNAVAILABLE, sentence)
        })?;
    let file = match opening {
        Some(opening) => file.opened(opening),
        None => file,
    };
    let kind = HeaderValue::from_static(MEDIA_TYPE);
    Ok(([(header::CONTENT_TYPE, kind)], Json(file)).into_response())
}

//! Receipts, to be taken away.

use api::{ReceiptQuery, problem::ProblemCode};
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use domain::ids::MatterId;
use http::{HeaderValue, header};
use proof::{MEDIA_TYPE, ReceiptFile};

use super::{
    ask::{Asked, At, Authenticated, Person},
    openapi::MatterPath,
    problem::Rejection,
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
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Asked(query): Asked<ReceiptQuery>,
) -> Result<Response, Rejection> {
    let id: MatterId = at.param("id")?;
    let opening = match query.opening {
        true if !guest.reported() => {
            let sentence =
                "only whoever reported a matter is given what opens it; ask with its slip";
            return Err(Rejection::denied(sentence));
        }
        true => Some(at.node.office.opening(id).await?),
        false => None,
    };
    let words = at.node.office.words(id, by).await?;
    let file = at.node.receipt(id, words).await.map_err(|error| {
        tracing::error!(division = %at.division, %error, "a receipt was not signed");
        let sentence = "the node could not sign the receipt; see its log";
        Rejection::new(ProblemCode::ServiceUnavailable, sentence)
    })?;
    let file = match opening {
        Some(opening) => file.opened(opening),
        None => file,
    };
    let kind = HeaderValue::from_static(MEDIA_TYPE);
    Ok(([(header::CONTENT_TYPE, kind)], Json(file)).into_response())
}

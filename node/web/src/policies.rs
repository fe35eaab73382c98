//! Why a matter is treated as it is, and which others are like it.

use api::{AlikeMatters, Answers, AnswersQuery, Explanation};
use axum::Json;
use domain::ids::MatterId;

use super::{
    ask::{Asked, At},
    openapi::{MatterPath, NodePath},
    problem::Rejection,
};

/// Answers on a page at most.
const MOST_ANSWERS: usize = 100;

/// Search what was answered for everybody 公开答复
///
/// Of matters whose reporter made them `public`. The question stays with whoever asked it.
#[utoipa::path(get, path = "/v1/nodes/{code}/answers", tag = "matters",
    params(NodePath, AnswersQuery), responses((status = 200, body = Answers)))]
pub(super) async fn answers(
    at: At,
    Asked(query): Asked<AnswersQuery>,
) -> Result<Json<Answers>, Rejection> {
    let after = query.after.as_deref().map(str::parse::<MatterId>);
    let after = after
        .transpose()
        .map_err(|error| Rejection::unfit(&error.to_string()))?;
    let limit = query.limit.unwrap_or(20).clamp(1, MOST_ANSWERS);
    let answers = at.node.office.answers(&query.q, after, limit).await?;
    Ok(Json(Answers { answers }))
}

/// Which line of which policy decided what about a matter
#[utoipa::path(get, path = "/v1/nodes/{code}/matters/{id}/policy", tag = "matters", params(MatterPath),
    responses((status = 200, body = Explanation)))]
pub(super) async fn explain(at: At) -> Result<Json<Explanation>, Rejection> {
    let reasons = at.node.office.explain(at.param("id")?).await?;
    Ok(Json(Explanation { reasons }))
}

/// Open matters held here that may be the same 并案
#[utoipa::path(get, path = "/v1/nodes/{code}/matters/{id}/alike", tag = "matters", params(MatterPath),
    responses((status = 200, body = AlikeMatters)))]
pub(super) async fn alike(at: At) -> Result<Json<AlikeMatters>, Rejection> {
    let matters = at.node.office.alike(at.param("id")?).await?;
    Ok(Json(AlikeMatters { matters }))
}

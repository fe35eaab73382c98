//! Policy decisions about a matter, similar matters, and public answers.

use api::{
    AlikeMatters, AlikeRequest, Answers, AnswersQuery, CheckedData, DataRequest, Explanation,
    PolicyInForce, Promises, PublicMatter, PublicMatters,
};
use axum::Json;
use domain::{category::Category, ids::MatterId, matter::Place, month::Month};

use super::{
    ask::{Asked, Given, NodePath},
    openapi::{MatterParams, NodeParams},
    problem::Rejection,
};

/// The most answers on a page.
const MOST_ANSWERS: usize = 100;

/// Search the public answers 公开答复
///
/// Answers to matters whose reporter agreed to make them public, with the question where this node
/// can read it.
#[utoipa::path(get, path = "/v1/nodes/{code}/answers", tag = "matters",
    params(NodeParams, AnswersQuery), responses((status = 200, body = Answers)))]
pub(super) async fn answers(
    at: NodePath,
    Asked(query): Asked<AnswersQuery>,
) -> Result<Json<Answers>, Rejection> {
    let after = query.after.as_deref().map(str::parse::<MatterId>);
    let after = after
        .transpose()
        .map_err(|error| Rejection::unfit(&error))?;
    let month = query.month.as_deref().map(str::parse::<Month>).transpose();
    let month = month.map_err(|error| Rejection::unfit(&error))?;
    let limit = query.limit.unwrap_or(20).clamp(1, MOST_ANSWERS);
    let answers = at
        .node
        .office
        .matters()
        .answers(&query.q, month, after, limit)
        .await?;
    Ok(Json(Answers { answers }))
}

/// Get a published matter
#[utoipa::path(get, path = "/v1/nodes/{code}/published/{id}", tag = "matters", params(MatterParams),
    responses((status = 200, body = PublicMatter)))]
pub(super) async fn published(at: NodePath) -> Result<Json<PublicMatter>, Rejection> {
    let matter = at.node.office.matters().public_matter(at.param("id")?);
    Ok(Json(matter.await?))
}

/// List the published matters that are like what somebody is about to report
#[utoipa::path(post, path = "/v1/nodes/{code}/draft/alike", tag = "drafts", params(NodeParams),
    request_body = AlikeRequest, responses((status = 200, body = PublicMatters)))]
pub(super) async fn alike_published(
    at: NodePath,
    Given(request): Given<AlikeRequest>,
) -> Result<Json<PublicMatters>, Rejection> {
    let category = request.category.as_deref().map(str::parse::<Category>);
    let category = category.transpose()?;
    let place = request
        .place
        .map(|point| Place::from_degrees(point.latitude, point.longitude));
    let place = place.transpose();
    let place = place.map_err(|error| Rejection::unfit(&error))?;
    let office = &at.node.office;
    let found = office
        .matters()
        .alike_published(&request.text, category.as_ref(), place);
    let matters = found.await?;
    Ok(Json(PublicMatters { matters }))
}

/// Check data before a report is handed in
///
/// Nothing is kept. The problem names every field that is wrong; without one the values are returned as they would be kept.
#[utoipa::path(post, path = "/v1/nodes/{code}/draft/data", tag = "drafts", params(NodeParams),
    request_body = DataRequest, responses((status = 200, body = CheckedData)))]
pub(super) async fn check_data(
    at: NodePath,
    Given(request): Given<DataRequest>,
) -> Result<Json<CheckedData>, Rejection> {
    let category = request.category.parse::<Category>()?;
    let data: Vec<_> = request.data.into_iter().collect();
    let templates = at.node.office.templates();
    let checked = templates.check_data(&category, &data).await?;
    let data = checked.into_iter();
    let data = data.map(|entry| (entry.code.into(), entry.text)).collect();
    Ok(Json(CheckedData { data }))
}

/// Get what this node promises those who report to it
#[utoipa::path(get, path = "/v1/nodes/{code}/promises", tag = "matters", params(NodeParams),
    responses((status = 200, body = Promises)))]
pub(super) async fn promises(at: NodePath) -> Result<Json<Promises>, Rejection> {
    Ok(Json(at.node.office.templates().promises().await?))
}

/// Get all policy in force, number by number
///
/// Each with the template, the division that issued it, and the line.
#[utoipa::path(get, path = "/v1/nodes/{code}/policy", tag = "matters", params(NodeParams),
    responses((status = 200, body = PolicyInForce)))]
pub(super) async fn in_force(at: NodePath) -> Result<Json<PolicyInForce>, Rejection> {
    Ok(Json(at.node.office.templates().every_line().await?))
}

/// List the policy lines that decided about a matter
#[utoipa::path(get, path = "/v1/nodes/{code}/matters/{id}/policy", tag = "matters", params(MatterParams),
    responses((status = 200, body = Explanation)))]
pub(super) async fn explain(at: NodePath) -> Result<Json<Explanation>, Rejection> {
    let reasons = at.node.office.templates().explain(at.param("id")?).await?;
    Ok(Json(Explanation { reasons }))
}

/// List open matters held here that may be duplicates 并案
#[utoipa::path(get, path = "/v1/nodes/{code}/matters/{id}/alike", tag = "matters", params(MatterParams),
    responses((status = 200, body = AlikeMatters)))]
pub(super) async fn alike(at: NodePath) -> Result<Json<AlikeMatters>, Rejection> {
    let matters = at.node.office.matters().alike(at.param("id")?).await?;
    Ok(Json(AlikeMatters { matters }))
}

//! Texts for frequent replies: those who act on matters read them, those who may manage them write them.

use api::{ReplyTextView, ReplyTexts};
use axum::Json;
use domain::{matter::Department, reply_text::ReplyText};
use http::StatusCode;

use super::{
    ask::{Given, NodePath, Person},
    openapi::{NodeParams, ReplyTextParams},
    problem::Rejection,
};

/// List the texts for frequent replies 常用答复
///
/// Those of all departments. The desk offers to a person those of their department, and those for all.
#[utoipa::path(get, path = "/v1/nodes/{code}/reply-texts", tag = "matters", params(NodeParams),
    responses((status = 200, body = ReplyTexts)))]
pub(super) async fn list(at: NodePath) -> Result<Json<ReplyTexts>, Rejection> {
    let texts = at.node.office.matters().reply_texts().await?;
    let texts = texts.into_iter().map(ReplyTextView::from).collect();
    Ok(Json(ReplyTexts { texts }))
}

/// Keep a text for frequent replies
///
/// A text of the same name is replaced. A division keeps at most 200.
#[utoipa::path(post, path = "/v1/nodes/{code}/reply-texts", tag = "matters", params(NodeParams),
    request_body = ReplyTextView, responses((status = 204, description = "Kept")))]
pub(super) async fn keep(
    at: NodePath,
    Person(by): Person,
    Given(given): Given<ReplyTextView>,
) -> Result<StatusCode, Rejection> {
    let department = given.department.as_deref().map(str::parse::<Department>);
    let department = department.transpose();
    let department = department.map_err(|error| Rejection::unfit(&error))?;
    let text = ReplyText::new(&given.name, &given.text, department)?;
    let matters = at.node.office.matters();
    matters.keep_reply_text(text, by).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Remove a text for frequent replies
#[utoipa::path(delete, path = "/v1/nodes/{code}/reply-texts/{name}", tag = "matters",
    params(ReplyTextParams), responses((status = 204, description = "Removed")))]
pub(super) async fn remove(at: NodePath, Person(by): Person) -> Result<StatusCode, Rejection> {
    let name: String = at.param("name")?;
    let matters = at.node.office.matters();
    matters.remove_reply_text(&name, by).await?;
    Ok(StatusCode::NO_CONTENT)
}

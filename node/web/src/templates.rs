//! Publishing templates and seeing how far they have come.

use api::{Named, PublishRequest, TemplateLine, TemplateStatus, Templates};
use axum::{Json, http::StatusCode};
use domain::template::{TemplateKey, is_name};
use office::{NewTemplate, OfficeError};

use super::{
    ask::{At, Given, Person},
    openapi::{NodePath, TemplatePath},
    problem::Rejection,
};

/// Publish a template, or its next version
#[utoipa::path(post, path = "/v1/nodes/{code}/templates", tag = "templates", params(NodePath),
    request_body = PublishRequest, responses((status = 201, body = Named<TemplateStatus>)))]
pub(super) async fn publish(
    at: At,
    Person(by): Person,
    Given(request): Given<PublishRequest>,
) -> Result<(StatusCode, Json<Named<TemplateStatus>>), Rejection> {
    let PublishRequest {
        kind,
        name,
        title,
        content,
        tiers,
        kinds,
    } = request;
    let new = NewTemplate {
        kind,
        name,
        title,
        content,
        tiers,
        kinds,
    };
    let template = at.node.office.publish(new, by).await?;
    Ok((StatusCode::CREATED, Json(find(&at, &template.key).await?)))
}

/// Templates a node has heard of
#[utoipa::path(get, path = "/v1/nodes/{code}/templates", tag = "templates", params(NodePath),
    responses((status = 200, body = Named<Templates>)))]
pub(super) async fn list(at: At) -> Result<Json<Named<Templates>>, Rejection> {
    let records = at.node.office.templates().await?;
    let templates = Templates {
        templates: records.iter().map(TemplateLine::from).collect(),
    };
    Ok(Json(Named::new(templates, &at.roster.tree)))
}

/// A template and how far it has come
#[utoipa::path(get, path = "/v1/nodes/{code}/templates/{issuer}/{kind}/{name}", tag = "templates", params(TemplatePath),
    responses((status = 200, body = Named<TemplateStatus>)))]
pub(super) async fn status(at: At) -> Result<Json<Named<TemplateStatus>>, Rejection> {
    let name: String = at.param("name")?;
    if !is_name(&name) {
        return Err(Rejection::unfit(
            "this is no name of a template; take 1 to 48 lower-case letters, digits and dashes",
        ));
    }
    let key = TemplateKey {
        issuer: at.param("issuer")?,
        kind: at.param("kind")?,
        name: name.into(),
    };
    Ok(Json(find(&at, &key).await?))
}

async fn find(at: &At, key: &TemplateKey) -> Result<Named<TemplateStatus>, Rejection> {
    let office = &at.node.office;
    let adoption = office.adoption(key).await?.into();
    let records = office.templates().await?;
    let record = records.iter().find(|record| record.template.key == *key);
    let record = record.ok_or_else(|| OfficeError::NoSuchTemplate(key.to_string()))?;
    let content = record.template.content.clone();
    let status = TemplateStatus {
        template: TemplateLine::from(record),
        content,
        adoption,
    };
    Ok(Named::new(status, &at.roster.tree))
}

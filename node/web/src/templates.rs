//! Templates: publish, list, adoption.

use api::{
    ChildRollout, EffectiveQuery, EffectiveTemplates, Named, PublishRequest, TemplateDiff,
    TemplateLine, TemplateRollout, TemplateStatus, Templates,
};
use axum::{Json, http::StatusCode};
use domain::template::{TemplateKey, is_name};
use office::{NewTemplate, NoSuchTemplate};

use super::{
    ask::{Asked, Given, NodePath, Person},
    openapi::{NodeParams, TemplateParams},
    problem::Rejection,
};

/// Publish a template, or its next version
#[utoipa::path(post, path = "/v1/nodes/{code}/templates", tag = "templates", params(NodeParams),
    request_body = PublishRequest, responses((status = 201, body = Named<TemplateStatus>)))]
pub(super) async fn publish(
    at: NodePath,
    Person(by): Person,
    Given(request): Given<PublishRequest>,
) -> Result<(StatusCode, Json<Named<TemplateStatus>>), Rejection> {
    let new = new_template(request);
    let template = at.node.office.templates().publish(new, by).await?;
    Ok((StatusCode::CREATED, Json(find(&at, &template.key).await?)))
}

fn new_template(request: PublishRequest) -> NewTemplate {
    let PublishRequest {
        kind,
        name,
        title,
        content,
        tiers,
        kinds,
    } = request;
    NewTemplate {
        kind,
        name,
        title,
        content,
        tiers,
        kinds,
    }
}

/// Say what a draft would change, and what is wrong with it
///
/// Nothing is written.
#[utoipa::path(post, path = "/v1/nodes/{code}/templates/diff", tag = "templates", params(NodeParams),
    request_body = PublishRequest, responses((status = 200, body = Named<TemplateDiff>)))]
pub(super) async fn diff(
    at: NodePath,
    Given(request): Given<PublishRequest>,
) -> Result<Json<Named<TemplateDiff>>, Rejection> {
    let diff = at.node.office.templates().diff(new_template(request));
    Ok(Json(Named::new(diff.await?, &at.app_state.tree)))
}

/// List what holds by the templates in force, value by value, with the text that set each
#[utoipa::path(get, path = "/v1/nodes/{code}/templates/effective", tag = "templates", params(NodeParams, EffectiveQuery),
    responses((status = 200, body = Named<EffectiveTemplates>)))]
pub(super) async fn effective(
    at: NodePath,
    Asked(query): Asked<EffectiveQuery>,
) -> Result<Json<Named<EffectiveTemplates>>, Rejection> {
    let templates = at.node.office.templates();
    let found = templates.effective(query.division, query.kind).await?;
    Ok(Json(Named::new(found, &at.app_state.tree)))
}

/// List the templates a node knows
#[utoipa::path(get, path = "/v1/nodes/{code}/templates", tag = "templates", params(NodeParams),
    responses((status = 200, body = Named<Templates>)))]
pub(super) async fn list(at: NodePath) -> Result<Json<Named<Templates>>, Rejection> {
    let records = at.node.office.templates().all().await?;
    let templates = Templates {
        templates: records.iter().map(TemplateLine::from).collect(),
    };
    Ok(Json(Named::new(templates, &at.app_state.tree)))
}

/// Get a template and its adoption
#[utoipa::path(get, path = "/v1/nodes/{code}/templates/{issuer}/{kind}/{name}", tag = "templates", params(TemplateParams),
    responses((status = 200, body = Named<TemplateStatus>)))]
pub(super) async fn status(at: NodePath) -> Result<Json<Named<TemplateStatus>>, Rejection> {
    let key = key_in_path(&at)?;
    Ok(Json(find(&at, &key).await?))
}

/// Get how far a template has come, child by child
#[utoipa::path(get, path = "/v1/nodes/{code}/templates/{issuer}/{kind}/{name}/rollout", tag = "templates", params(TemplateParams),
    responses((status = 200, body = Named<TemplateRollout>)))]
pub(super) async fn rollout(at: NodePath) -> Result<Json<Named<TemplateRollout>>, Rejection> {
    let key = key_in_path(&at)?;
    let children = at.node.office.templates().rollout(&key).await?.into_iter();
    let status = find(&at, &key).await?.facts;
    let rollout = TemplateRollout {
        template: status.template,
        adoption: status.adoption,
        children: children
            .map(|(division, adoption, told)| ChildRollout {
                division,
                adoption: adoption.into(),
                told_through_ms: told.map(|at| at.0),
            })
            .collect(),
    };
    Ok(Json(Named::new(rollout, &at.app_state.tree)))
}

fn key_in_path(at: &NodePath) -> Result<TemplateKey, Rejection> {
    let name: String = at.param("name")?;
    if !is_name(&name) {
        return Err(Rejection::unfit((
            "this is not a valid template name; use 1 to 48 lower-case letters, digits and dashes",
            "模板名称不对；请用 1 到 48 个小写字母、数字和横线",
        )));
    }
    Ok(TemplateKey {
        issuer: at.param("issuer")?,
        kind: at.param("kind")?,
        name: name.into(),
    })
}

async fn find(at: &NodePath, key: &TemplateKey) -> Result<Named<TemplateStatus>, Rejection> {
    let office = &at.node.office;
    let adoption = office.templates().adoption(key).await?.into();
    let records = office.templates().all().await?;
    let record = records.iter().find(|record| record.template.key == *key);
    let record = record.ok_or_else(|| NoSuchTemplate(key.to_string()))?;
    let content = record.template.content.clone();
    let status = TemplateStatus {
        template: TemplateLine::from(record),
        content,
        adoption,
    };
    Ok(Named::new(status, &at.app_state.tree))
}

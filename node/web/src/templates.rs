//! Templates: publish, list, adoption.

use api::{
    ChildRollout, EffectiveQuery, EffectiveTemplates, Named, PublishRequest, ReachCount,
    ReachRequest, RolloutRequest, TemplateDiff, TemplateLine, TemplateRollout, TemplateStatus,
    Templates,
};
use axum::{Json, http::StatusCode};
use domain::template::{TemplateKey, is_name};
use office::{KnownTemplate, NewTemplate, NoSuchTemplate};

use super::{
    ask::{Asked, Given, NodePath, Person},
    openapi::{NodeParams, TemplateParams},
    problem::Rejection,
};

/// Publish a template, or its next version
///
/// Only before the node has accounts. After that one person proposes it, and another issues it.
/// With `first` it goes to a part of its scope, and the version before stays in force for all others.
#[utoipa::path(post, path = "/v1/nodes/{code}/templates", tag = "templates", params(NodeParams),
    request_body = PublishRequest, responses((status = 201, body = Named<TemplateStatus>)))]
pub(super) async fn publish(
    at: NodePath,
    Person(by): Person,
    Given(request): Given<PublishRequest>,
) -> Result<(StatusCode, Json<Named<TemplateStatus>>), Rejection> {
    let (first, new) = new_template(request);
    let templates = at.node.office.templates();
    let template = match first {
        Some(first) => templates.publish_first(new, first.into(), by).await?,
        None => templates.publish(new, by).await?,
    };
    Ok((StatusCode::CREATED, Json(find(&at, &template.key).await?)))
}

/// Widen, pause, resume or roll back the rollout of an own template
#[utoipa::path(post, path = "/v1/nodes/{code}/templates/{issuer}/{kind}/{name}/rollout", tag = "templates", params(TemplateParams),
    request_body = RolloutRequest, responses((status = 200, body = Named<TemplateStatus>)))]
pub(super) async fn roll(
    at: NodePath,
    Person(by): Person,
    Given(request): Given<RolloutRequest>,
) -> Result<Json<Named<TemplateStatus>>, Rejection> {
    let key = key_in_path(&at)?;
    let templates = at.node.office.templates();
    templates.roll(&key, request.into(), by).await?;
    Ok(Json(find(&at, &key).await?))
}

pub(super) fn new_template(request: PublishRequest) -> (Option<ReachRequest>, NewTemplate) {
    let PublishRequest {
        kind,
        name,
        title,
        content,
        tiers,
        kinds,
        first,
    } = request;
    let new = NewTemplate {
        kind,
        name,
        title,
        content,
        tiers,
        kinds,
    };
    (first, new)
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
    let (_, new) = new_template(request);
    let diff = at.node.office.templates().diff(new);
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
    let known = at.node.office.templates().every().await?;
    let line = |known: &KnownTemplate| Option::<TemplateLine>::from(known);
    let templates = Templates {
        templates: known.iter().filter_map(line).collect(),
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

/// Returns a template and its adoption.
pub(super) async fn find(
    at: &NodePath,
    key: &TemplateKey,
) -> Result<Named<TemplateStatus>, Rejection> {
    let office = &at.node.office;
    let adoption = office.templates().adoption(key).await?;
    let known = office.templates().known(key).await?;
    let missing = || NoSuchTemplate(key.to_string());
    let (template, _) = known.told().ok_or_else(missing)?;
    let tree = &at.app_state.tree;
    let reach = known.reach().map(|reach| ReachCount {
        selected: reach.count(key, &template.scope, tree),
        scope: template.scope.count(tree.root(), tree),
    });
    let status = TemplateStatus {
        content: template.content.clone(),
        template: Option::<TemplateLine>::from(&known).ok_or_else(missing)?,
        adoption: adoption.into(),
        reach,
    };
    Ok(Named::new(status, &at.app_state.tree))
}

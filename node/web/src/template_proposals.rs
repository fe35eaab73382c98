//! Templates that one person proposes and another one issues.

use api::{
    DeclineProposal, Named, ProposalLine, PublishRequest, TemplateProposal, TemplateProposals,
    TemplateStatus, people_of,
};
use axum::{Json, http::StatusCode};
use domain::template::Proposal;

use super::{
    ask::{Given, NodePath, Person},
    openapi::{NodeParams, ProposalParams},
    problem::Rejection,
    templates::{find, new_template},
};

/// List proposed templates
///
/// Those that wait for a second person, and those that ended.
#[utoipa::path(get, path = "/v1/nodes/{code}/template-proposals", tag = "templates", params(NodeParams),
    responses((status = 200, body = Named<TemplateProposals>)))]
pub(super) async fn list(
    at: NodePath,
    Person(by): Person,
) -> Result<Json<Named<TemplateProposals>>, Rejection> {
    let office = &at.node.office;
    let all = office.templates().proposals().await?;
    let names = office
        .people()
        .names(all.iter().flat_map(people_of))
        .await?;
    let lines = all.iter();
    let lines = lines.map(|one| ProposalLine::of(one, by.actor(), &names));
    let proposals = TemplateProposals {
        proposals: lines.collect(),
    };
    Ok(Json(Named::new(proposals, &at.app_state.tree)))
}

/// Propose a template, or its next version
///
/// It is checked as if it were issued; another person issues it.
#[utoipa::path(post, path = "/v1/nodes/{code}/template-proposals", tag = "templates", params(NodeParams),
    request_body = PublishRequest, responses((status = 201, body = Named<TemplateProposal>)))]
pub(super) async fn propose(
    at: NodePath,
    Person(by): Person,
    Given(request): Given<PublishRequest>,
) -> Result<(StatusCode, Json<Named<TemplateProposal>>), Rejection> {
    let (first, new) = new_template(request);
    let templates = at.node.office.templates();
    let asks = by.actor().clone();
    let first = first.map(Into::into);
    let proposal = templates.propose(new, first, by).await?;
    Ok((StatusCode::CREATED, view(&at, proposal, &asks).await?))
}

/// Get a proposed template, and what it would change
#[utoipa::path(get, path = "/v1/nodes/{code}/template-proposals/{number}", tag = "templates", params(ProposalParams),
    responses((status = 200, body = Named<TemplateProposal>)))]
pub(super) async fn one(
    at: NodePath,
    Person(by): Person,
) -> Result<Json<Named<TemplateProposal>>, Rejection> {
    let templates = at.node.office.templates();
    let proposal = templates.known_proposal(at.param("number")?).await?;
    view(&at, proposal, by.actor()).await
}

/// Issue a template that somebody else proposed
#[utoipa::path(post, path = "/v1/nodes/{code}/template-proposals/{number}/approve", tag = "templates", params(ProposalParams),
    responses((status = 201, body = Named<TemplateStatus>)))]
pub(super) async fn approve(
    at: NodePath,
    Person(by): Person,
) -> Result<(StatusCode, Json<Named<TemplateStatus>>), Rejection> {
    let templates = at.node.office.templates();
    let template = templates.approve(at.param("number")?, by).await?;
    Ok((StatusCode::CREATED, Json(find(&at, &template.key).await?)))
}

/// Decline a proposed template, or take back an own one
#[utoipa::path(post, path = "/v1/nodes/{code}/template-proposals/{number}/decline", tag = "templates", params(ProposalParams),
    request_body = DeclineProposal, responses((status = 200, body = Named<TemplateProposal>)))]
pub(super) async fn template(
    at: NodePath,
    Person(by): Person,
    Given(request): Given<DeclineProposal>,
) -> Result<Json<Named<TemplateProposal>>, Rejection> {
    let templates = at.node.office.templates();
    let asks = by.actor().clone();
    let number = at.param("number")?;
    let proposal = templates.decline(number, &request.reason, by).await?;
    view(&at, proposal, &asks).await
}

async fn view(
    at: &NodePath,
    proposal: Proposal,
    asks: &domain::actor::Actor,
) -> Result<Json<Named<TemplateProposal>>, Rejection> {
    let office = &at.node.office;
    let names = office.people().names(people_of(&proposal)).await?;
    let line = ProposalLine::of(&proposal, asks, &names);
    let (waits, new) = (proposal.waits(), proposal.new);
    let content = new.content.clone();
    let changes = match waits {
        true => Some(office.templates().diff(new).await?),
        false => None,
    };
    let shown = TemplateProposal {
        proposal: line,
        content,
        changes,
    };
    Ok(Json(Named::new(shown, &at.app_state.tree)))
}

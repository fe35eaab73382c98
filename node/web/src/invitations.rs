//! Invitations of children: made, listed, withdrawn, and machines admitted.

use api::{AdmitRequest, InvitationLine, Invitations, InviteRequest, Named, NewInvitationView};
use axum::{
    Extension, Json,
    http::{Method, StatusCode},
};
use domain::{
    ids::NetworkId,
    invitation::{Invitation, machine_number, same_number},
    people::Permission,
    revocation::Reason,
};
use office::{Failed, InviteRefusal, RevokeRefusal};
use peer::join::{self, Inviting};

use super::{
    ask::{Authenticated, Given, NodePath, Person},
    gate::{Kept, SHOWN_ONCE},
    openapi::{ChildParams, NodeParams},
    problem::Rejection,
};

/// Invite a child into the network
///
/// The answer has the text of the invitation, which is shown once; the node keeps no secret of it. An open invitation
/// of the same child is withdrawn. If the child is enrolled, `replaces` says what happened to its key: every key of it
/// that still counts is revoked first.
#[utoipa::path(post, path = "/v1/nodes/{code}/invitations", tag = "people", params(NodeParams),
    request_body = InviteRequest, responses((status = 201, body = Named<NewInvitationView>)))]
pub(super) async fn invite(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Given(request): Given<InviteRequest>,
) -> Result<(StatusCode, Extension<Kept>, Json<Named<NewInvitationView>>), Rejection> {
    let (tree, division) = (&at.app_state.tree, request.division);
    tree.require(division)?;
    let replaces = request.replaces;
    if let Some(reason) = replaces {
        check_reason(reason)?;
        guest.check(Permission::Revoke, &Method::POST).await?;
    }
    let actor = by.actor().clone();
    let inviting = Inviting {
        division,
        hours: request.hours,
        confirm: request.confirm,
        replaces: replaces.is_some(),
        addresses: request.addresses,
    };
    let office = &at.node.office;
    let secret = office.invitations().new_secret();
    let made = join::invite((office, &at.node.identity), inviting, secret, by).await?;
    // The text is not shown before the old keys are void: whoever joins with it comes after them.
    if let Some(reason) = replaces {
        match at.node.revoke((division, None), reason, actor).await {
            Ok(_) | Err(Failed::Refused(RevokeRefusal::NoKey(_))) => {}
            Err(failed) => return Err(failed.into()),
        }
    }
    let line = line(&at, &made.invitation)?;
    let shown = |text: String| NewInvitationView {
        text,
        invitation: line.clone(),
    };
    let kept = Kept::instead(&Named::new(shown(SHOWN_ONCE.to_owned()), tree));
    let made = Named::new(shown(made.text.written()), tree);
    Ok((StatusCode::CREATED, kept, Json(made)))
}

/// A key that still signs is replaced where it is, not by an invitation.
fn check_reason(reason: Reason) -> Result<(), Rejection> {
    match reason {
        Reason::Lost | Reason::Stolen => Ok(()),
        _ => Err(Rejection::unfit((
            "an invitation replaces keys that were `lost` or `stolen`; name one of the two",
            "邀请码只能替换丢失（lost）或被盗（stolen）的密钥；请写其中之一",
        ))),
    }
}

/// List the invitations of children
#[utoipa::path(get, path = "/v1/nodes/{code}/invitations", tag = "people", params(NodeParams),
    responses((status = 200, body = Named<Invitations>)))]
pub(super) async fn list(at: NodePath) -> Result<Json<Named<Invitations>>, Rejection> {
    let all = at.node.office.invitations().all().await?;
    let lines = all.iter().map(|invitation| line(&at, invitation));
    let invitations = lines.collect::<Result<_, _>>()?;
    let named = Named::new(Invitations { invitations }, &at.app_state.tree);
    Ok(Json(named))
}

/// Withdraw the open invitation of a child
#[utoipa::path(delete, path = "/v1/nodes/{code}/invitations/{child}", tag = "people",
    params(ChildParams), responses((status = 200, body = Named<InvitationLine>)))]
pub(super) async fn withdraw(
    at: NodePath,
    Person(by): Person,
) -> Result<Json<Named<InvitationLine>>, Rejection> {
    let child = at.param("child")?;
    let withdrawn = at.node.office.invitations().withdraw(child, by).await?;
    Ok(Json(Named::new(line(&at, &withdrawn)?, &at.app_state.tree)))
}

/// Admit the machine that waits to be a child
///
/// Takes the number that the machine's operator reads out. The machine gets its grant when it asks again.
#[utoipa::path(post, path = "/v1/nodes/{code}/invitations/{child}/admission", tag = "people",
    params(ChildParams), request_body = AdmitRequest,
    responses((status = 200, body = Named<InvitationLine>)))]
pub(super) async fn admit(
    at: NodePath,
    Person(by): Person,
    Given(request): Given<AdmitRequest>,
) -> Result<Json<Named<InvitationLine>>, Rejection> {
    let child = at.param("child")?;
    let network = NetworkId(at.app_state.network.id);
    let pin = at
        .node
        .identity
        .root_pin()
        .ok_or(InviteRefusal::NoIssuingKey)?;
    let is_number = |key| same_number(&request.number, &machine_number(network, &pin, child, key));
    let invitations = at.node.office.invitations();
    let admitted = invitations.admit(child, is_number, by).await?;
    Ok(Json(Named::new(line(&at, &admitted)?, &at.app_state.tree)))
}

fn line(at: &NodePath, invitation: &Invitation) -> Result<InvitationLine, Rejection> {
    let network = NetworkId(at.app_state.network.id);
    let pin = at
        .node
        .identity
        .root_pin()
        .ok_or(InviteRefusal::NoIssuingKey)?;
    let now = at.node.office.now();
    Ok(InvitationLine::of(invitation, (network, &pin), now))
}

//! API keys, and slips for reporters.

use api::{KeyRequest, KeyView, Keys, NewKeyView, SlipView};
use axum::{
    Extension, Json,
    http::{Method, StatusCode},
};
use domain::people::Permission;
use office::people::NewKey;

use super::{
    ask::{Authenticated, Given, NodePath, Person},
    gate::{Kept, SHOWN_ONCE},
    openapi::{KeyParams, MatterParams, NodeParams},
    problem::Rejection,
};

/// List the API keys of a node
#[utoipa::path(get, path = "/v1/nodes/{code}/api-keys", tag = "people", params(NodeParams),
    responses((status = 200, body = Keys)))]
pub(super) async fn list(at: NodePath) -> Result<Json<Keys>, Rejection> {
    let keys = at.node.office.people().api_keys().await?;
    Ok(Json(Keys {
        keys: keys.iter().map(KeyView::from).collect(),
    }))
}

/// Create an API key
///
/// It grants the listed permissions for at most 400 days. No key may administer the node, read the
/// audit trail or open contacts. Its token is shown once.
#[utoipa::path(post, path = "/v1/nodes/{code}/api-keys", tag = "people", params(NodeParams),
    request_body = KeyRequest, responses((status = 201, body = NewKeyView)))]
pub(super) async fn make(
    at: NodePath,
    Person(by): Person,
    Given(request): Given<KeyRequest>,
) -> Result<(StatusCode, Extension<Kept>, Json<NewKeyView>), Rejection> {
    let new = NewKey {
        name: request.name,
        permissions: request.permissions,
        division: request.division,
        days: request.days,
    };
    let (key, token) = at.node.office.people().make_key(new, by).await?;
    let made = NewKeyView {
        token: token.to_string(),
        key: KeyView::from(&key),
    };
    let kept = Kept::instead(&NewKeyView {
        token: SHOWN_ONCE.to_owned(),
        key: made.key.clone(),
    });
    Ok((StatusCode::CREATED, kept, Json(made)))
}

/// Revoke an API key
#[utoipa::path(delete, path = "/v1/nodes/{code}/api-keys/{key}", tag = "people", params(KeyParams),
    responses((status = 200, body = KeyView)))]
pub(super) async fn revoke(at: NodePath, Person(by): Person) -> Result<Json<KeyView>, Rejection> {
    let key = at
        .node
        .office
        .people()
        .revoke_key(at.param("key")?, by)
        .await?;
    Ok(Json(KeyView::from(&key)))
}

/// Create a slip for the reporter of a matter
///
/// Whoever sends it as `Reporter-Token` can read and contest this one matter. It is shown once;
/// earlier slips stay valid. It can be created by callers who may see the matter, or who reported
/// it for somebody else.
#[utoipa::path(post, path = "/v1/nodes/{code}/matters/{id}/slips", tag = "matters", params(MatterParams),
    responses((status = 201, body = SlipView)))]
pub(super) async fn slip(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
) -> Result<(StatusCode, Extension<Kept>, Json<SlipView>), Rejection> {
    // A slip allows reading the matter, so whoever creates it must be allowed to see the matter.
    if !guest.reported() {
        guest.check(Permission::ViewMatter, &Method::POST).await?;
    }
    let slip = at
        .node
        .office
        .people()
        .make_reporter_token(at.param("id")?, by)
        .await?;
    let token = slip.to_string();
    let kept = Kept::instead(&SlipView {
        token: SHOWN_ONCE.to_owned(),
    });
    Ok((StatusCode::CREATED, kept, Json(SlipView { token })))
}

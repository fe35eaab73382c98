//! API keys, and slips for reporters.

use api::{KeyRequest, KeyView, Keys, NewKeyView, SlipView};
use axum::{
    Extension, Json,
    http::{Method, StatusCode},
};
use domain::people::Permission;
use office::people::NewKey;

use super::{
    ask::{At, Authenticated, Given, Person},
    gate::{Kept, SHOWN_ONCE},
    openapi::{KeyPath, MatterPath, NodePath},
    problem::Rejection,
};

/// API keys of a node
#[utoipa::path(get, path = "/v1/nodes/{code}/api-keys", tag = "people", params(NodePath),
    responses((status = 200, body = Keys)))]
pub(super) async fn list(at: At) -> Result<Json<Keys>, Rejection> {
    let keys = at.node.office.api_keys().await?;
    Ok(Json(Keys {
        keys: keys.iter().map(KeyView::from).collect(),
    }))
}

/// Make an API key
///
/// It opens the deeds that are named, for at most 400 days. No key administers, reads the audit trail
/// or opens contacts. What opens it is shown once.
#[utoipa::path(post, path = "/v1/nodes/{code}/api-keys", tag = "people", params(NodePath),
    request_body = KeyRequest, responses((status = 201, body = NewKeyView)))]
pub(super) async fn make(
    at: At,
    Person(by): Person,
    Given(request): Given<KeyRequest>,
) -> Result<(StatusCode, Extension<Kept>, Json<NewKeyView>), Rejection> {
    let new = NewKey {
        name: request.name,
        deeds: request.deeds,
        division: request.division,
        days: request.days,
    };
    let (key, token) = at.node.office.make_key(new, by).await?;
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

/// Take an API key back
#[utoipa::path(delete, path = "/v1/nodes/{code}/api-keys/{key}", tag = "people", params(KeyPath),
    responses((status = 200, body = KeyView)))]
pub(super) async fn revoke(at: At, Person(by): Person) -> Result<Json<KeyView>, Rejection> {
    let key = at.node.office.revoke_key(at.param("key")?, by).await?;
    Ok(Json(KeyView::from(&key)))
}

/// Make a slip for the reporter of a matter
///
/// Whoever has it reads and contests this one matter, as `Reporter-Token`. It is shown once; earlier
/// slips stay good. It is made by whoever reported the matter for another, or may see it.
#[utoipa::path(post, path = "/v1/nodes/{code}/matters/{id}/slips", tag = "matters", params(MatterPath),
    responses((status = 201, body = SlipView)))]
pub(super) async fn slip(
    at: At,
    Person(by): Person,
    Authenticated(guest): Authenticated,
) -> Result<(StatusCode, Extension<Kept>, Json<SlipView>), Rejection> {
    // A slip reads and contests, so it is worth as much as seeing the matter.
    if !guest.reported() {
        guest.check(Permission::ViewMatter, &Method::POST).await?;
    }
    let slip = at.node.office.make_slip(at.param("id")?, by).await?;
    let token = slip.to_string();
    let kept = Kept::instead(&SlipView {
        token: SHOWN_ONCE.to_owned(),
    });
    Ok((StatusCode::CREATED, kept, Json(SlipView { token })))
}

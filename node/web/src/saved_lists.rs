//! The lists that the caller saved. Each person has their own, and nobody sees those of others.

use api::{MattersQuery, SavedListView, SavedListViews};
use axum::Json;
use domain::people::{AccountId, SavedList, Who};
use http::StatusCode;

use super::{
    ask::{Authenticated, Given, NodePath, Person},
    gate::Principal,
    matters::check_filter,
    openapi::{NodeParams, SavedListParams},
    problem::Rejection,
};

fn account(guest: &Principal) -> Result<AccountId, Rejection> {
    match &guest.known.who {
        Who::Account(account) => Ok(account.id),
        _ => Err(Rejection::denied((
            "only a person with an account saves lists; log in",
            "有账号的人才能保存列表；请先登录",
        ))),
    }
}

/// List the lists that you saved
#[utoipa::path(get, path = "/v1/nodes/{code}/saved-lists", tag = "session", params(NodeParams),
    responses((status = 200, body = SavedListViews)))]
pub(super) async fn list(
    at: NodePath,
    Authenticated(guest): Authenticated,
) -> Result<Json<SavedListViews>, Rejection> {
    let saved = at
        .node
        .office
        .people()
        .saved_lists(account(&guest)?)
        .await?;
    // A filter that this build cannot read any more would select something else.
    let view = |list: &SavedList| {
        let filter = serde_json::from_str::<MattersQuery>(&list.filter).ok()?;
        let name = list.name.clone();
        Some(SavedListView { name, filter })
    };
    let lists = saved.iter().filter_map(view).collect();
    Ok(Json(SavedListViews { lists }))
}

/// Save a list of matters by name
///
/// A list of the same name is replaced.
#[utoipa::path(post, path = "/v1/nodes/{code}/saved-lists", tag = "session", params(NodeParams),
    request_body = SavedListView, responses((status = 204, description = "Saved")))]
pub(super) async fn save(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Given(SavedListView { name, filter }): Given<SavedListView>,
) -> Result<StatusCode, Rejection> {
    let account = account(&guest)?;
    if filter.after.is_some() || filter.limit.is_some() {
        return Err(Rejection::unfit((
            "a saved list begins at its first matter; leave `after` and `limit` out",
            "保存的列表从第一件开始；请不写 `after` 和 `limit`",
        )));
    }
    check_filter(&filter, &guest.known.who)?;
    let text = serde_json::to_string(&filter).expect("a filter has text keys only");
    let list = SavedList::new(&name, text).map_err(Rejection::from)?;
    let people = at.node.office.people();
    people.save_list(account, list, by).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Remove a list that you saved
#[utoipa::path(delete, path = "/v1/nodes/{code}/saved-lists/{name}", tag = "session",
    params(SavedListParams), responses((status = 204, description = "Removed")))]
pub(super) async fn remove(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
) -> Result<StatusCode, Rejection> {
    let name: String = at.param("name")?;
    let people = at.node.office.people();
    people.remove_list(account(&guest)?, &name, by).await?;
    Ok(StatusCode::NO_CONTENT)
}

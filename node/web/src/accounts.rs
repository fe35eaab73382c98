//! Accounts over the API.

use api::{
    AccountPage, AccountPatch, AccountRequest, AccountView, PageQuery, PasswordRequest,
    RolesRequest,
};
use axum::{Json, http::StatusCode};
use domain::{
    matter::{BadDepartment, Department},
    people::{Account, AccountId, GridId, Permission, Who},
};
use office::{
    OfficeError,
    people::{AccountChange, NewAccount, PeopleError},
};

use super::{
    ask::{Asked, At, Authenticated, Given, Person},
    openapi::{AccountPath, NodePath},
    page,
    problem::Rejection,
};

type Shown = Result<Json<AccountView>, Rejection>;

/// Open an account
///
/// The first one is opened over the control socket by the owner of the node, for a system
/// administrator. From then on a system administrator opens accounts without roles, a security
/// administrator grants roles, and the owner only names an administrator that is missing.
#[utoipa::path(post, path = "/v1/nodes/{code}/accounts", tag = "people", params(NodePath),
    request_body = AccountRequest, responses((status = 201, body = AccountView)))]
pub(super) async fn open(
    at: At,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Given(request): Given<AccountRequest>,
) -> Result<(StatusCode, Json<AccountView>), Rejection> {
    let fits = |error| Rejection::from(OfficeError::from(PeopleError::Account(error)));
    let new = NewAccount {
        login: request.login.parse().map_err(fits)?,
        name: request.name,
        roles: request.roles,
        department: department(request.department)?,
        grid: request.grid.map(GridId),
        password: request.password,
    };
    let account = at
        .node
        .office
        .open_account(&guest.known.who, by, new)
        .await?;
    Ok((StatusCode::CREATED, Json(AccountView::from(&account))))
}

fn department(code: Option<String>) -> Result<Option<Department>, Rejection> {
    let read = code.map(|code| code.parse()).transpose();
    read.map_err(|error: BadDepartment| Rejection::unfit(&error.to_string()))
}

/// Accounts of a node, by id
#[utoipa::path(get, path = "/v1/nodes/{code}/accounts", tag = "people",
    params(NodePath, PageQuery), responses((status = 200, body = AccountPage)))]
pub(super) async fn list(
    at: At,
    Asked(query): Asked<PageQuery>,
) -> Result<Json<AccountPage>, Rejection> {
    let limit = page::limit(query.limit)?;
    let after: Option<AccountId> = page::after(query.after.as_deref())?;
    let found = at.node.office.accounts(after, limit + 1).await?;
    let next = found
        .get(limit - 1)
        .filter(|_| found.len() > limit)
        .map(|last| last.id.to_string());
    Ok(Json(AccountPage {
        accounts: found.iter().take(limit).map(AccountView::from).collect(),
        next,
    }))
}

/// One account, by its id or login
#[utoipa::path(get, path = "/v1/nodes/{code}/accounts/{account}", tag = "people",
    params(AccountPath), responses((status = 200, body = AccountView)))]
pub(super) async fn show(at: At) -> Shown {
    let account = named(&at).await?;
    Ok(Json(AccountView::from(&account)))
}

pub(super) async fn one(at: &At, id: AccountId) -> Shown {
    Ok(Json(AccountView::from(&at.node.office.account(id).await?)))
}

/// The account a path is about.
pub(super) async fn named(at: &At) -> Result<Account, Rejection> {
    let name: String = at.param("account")?;
    Ok(at.node.office.find_account(&name).await?)
}

/// Change or close an account
#[utoipa::path(patch, path = "/v1/nodes/{code}/accounts/{account}", tag = "people",
    params(AccountPath), request_body = AccountPatch, responses((status = 200, body = AccountView)))]
pub(super) async fn change(
    at: At,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Given(patch): Given<AccountPatch>,
) -> Shown {
    let account = named(&at).await?;
    let change = AccountChange {
        name: patch.name,
        department: patch.department.map(department).transpose()?,
        grid: patch.grid.map(|grid| grid.map(GridId)),
        disabled: patch.disabled,
    };
    let office = &at.node.office;
    let account = office
        .change_account(&guest.known.who, by, account.id, change)
        .await?;
    Ok(Json(AccountView::from(&account)))
}

/// Say which roles an account has
///
/// Its sessions end. Nobody changes their own roles; administrators of system, security and audit
/// are different people.
#[utoipa::path(put, path = "/v1/nodes/{code}/accounts/{account}/roles", tag = "people",
    params(AccountPath), request_body = RolesRequest, responses((status = 200, body = AccountView)))]
pub(super) async fn roles(
    at: At,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Given(RolesRequest { roles }): Given<RolesRequest>,
) -> Shown {
    let account = named(&at).await?;
    let office = &at.node.office;
    let account = office
        .set_roles(&guest.known.who, by, account.id, roles)
        .await?;
    Ok(Json(AccountView::from(&account)))
}

/// Set a password
///
/// One's own with the present one; that of somebody who lost it, as a system administrator. All
/// sessions of the account end.
#[utoipa::path(put, path = "/v1/nodes/{code}/accounts/{account}/password", tag = "people",
    params(AccountPath), request_body = PasswordRequest, responses((status = 204)))]
pub(super) async fn password(
    at: At,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Given(request): Given<PasswordRequest>,
) -> Result<StatusCode, Rejection> {
    let office = &at.node.office;
    let own = match &guest.known.who {
        Who::Account(own) => Some(own),
        _ => None,
    };
    let name: String = at.param("account")?;
    if let Some(own) = own.filter(|own| *own.login.as_str() == *name || own.id.to_string() == name)
    {
        let Some(old) = request.old else {
            return Err(Rejection::unfit(
                "your own password changes with the present one; send it as `old`",
            ));
        };
        office
            .change_password(own.id, old, request.new, &guest.request)
            .await?;
        return Ok(StatusCode::NO_CONTENT);
    }
    // Whose it is, is told to those who may.
    guest
        .check(Permission::ManageAccounts, &http::Method::PUT)
        .await?;
    let account = named(&at).await?;
    office
        .set_password(&guest.known.who, by, account.id, request.new)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

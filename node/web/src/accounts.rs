//! Accounts: open, list, change, close, set roles and passwords.

use api::{
    AccountPage, AccountPatch, AccountRequest, AccountView, PageQuery, PasswordRequest,
    RolesRequest,
};
use axum::{Json, http::StatusCode};
use domain::{
    matter::{BadDepartment, Department},
    people::{Account, AccountId, GridId, Login, Permission, Who},
};
use office::people::{AccountChange, NewAccount};

use super::{
    ask::{Asked, Authenticated, Given, NodePath, Person},
    gate::Principal,
    openapi::{AccountParams, NodeParams},
    page,
    problem::Rejection,
};

type Shown = Result<Json<AccountView>, Rejection>;

/// Open an account
///
/// The owner of the node opens the first account over the control socket, for a system
/// administrator. Later a system administrator opens accounts without roles, and a security
/// administrator grants roles. The owner then only opens accounts for administrators that are
/// missing.
#[utoipa::path(post, path = "/v1/nodes/{code}/accounts", tag = "people", params(NodeParams),
    request_body = AccountRequest, responses((status = 201, body = AccountView)))]
pub(super) async fn open(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Given(request): Given<AccountRequest>,
) -> Result<(StatusCode, Json<AccountView>), Rejection> {
    let new = NewAccount {
        login: request.login.parse::<Login>()?,
        name: request.name,
        roles: request.roles,
        department: department(request.department)?,
        grid: request.grid.map(GridId),
        phone: request.phone,
        password: request.password,
        is_first: request.must_change,
    };
    let account = at
        .node
        .office
        .people()
        .open_account(&guest.known.who, by, new)
        .await?;
    Ok((StatusCode::CREATED, Json(AccountView::from(&account))))
}

fn department(code: Option<String>) -> Result<Option<Department>, Rejection> {
    let read = code.map(|code| code.parse()).transpose();
    read.map_err(|error: BadDepartment| Rejection::unfit(&error))
}

/// List the accounts of a node by number
#[utoipa::path(get, path = "/v1/nodes/{code}/accounts", tag = "people",
    params(NodeParams, PageQuery), responses((status = 200, body = AccountPage)))]
pub(super) async fn list(
    at: NodePath,
    Authenticated(guest): Authenticated,
    Asked(query): Asked<PageQuery>,
) -> Result<Json<AccountPage>, Rejection> {
    let limit = page::limit(query.limit)?;
    let after: Option<AccountId> = page::after(query.after.as_deref())?;
    let found = at.node.office.people().accounts(after, limit + 1).await?;
    let next = found
        .get(limit - 1)
        .filter(|_| found.len() > limit)
        .map(|last| last.id.to_string());
    let mut accounts = vec![];
    for account in found.iter().take(limit) {
        accounts.push(seen_by(&at, &guest, account).await?);
    }
    Ok(Json(AccountPage { accounts, next }))
}

/// Returns an account as the caller may see it.
async fn seen_by(
    at: &NodePath,
    guest: &Principal,
    account: &Account,
) -> Result<AccountView, Rejection> {
    let mut view = AccountView::from(account);
    if guest.may(Permission::ManageAccounts).is_ok() {
        let day = at.node.office.people().last_sign_in(account.id).await?;
        view.last_sign_in_day = day.map(|day| day.to_string());
    }
    Ok(view)
}

/// Get one account by its number or login name
#[utoipa::path(get, path = "/v1/nodes/{code}/accounts/{account}", tag = "people",
    params(AccountParams), responses((status = 200, body = AccountView)))]
pub(super) async fn show(at: NodePath, Authenticated(guest): Authenticated) -> Shown {
    let account = named(&at).await?;
    Ok(Json(seen_by(&at, &guest, &account).await?))
}

pub(super) async fn one(at: &NodePath, id: AccountId) -> Shown {
    Ok(Json(AccountView::from(
        &at.node.office.people().account(id).await?,
    )))
}

/// Returns the account that the path names.
pub(super) async fn named(at: &NodePath) -> Result<Account, Rejection> {
    let name: String = at.param("account")?;
    Ok(at.node.office.people().find_account(&name).await?)
}

/// Change or close an account
///
/// An account with open matters is not closed: hand them over first, or set `leave_matters`.
#[utoipa::path(patch, path = "/v1/nodes/{code}/accounts/{account}", tag = "people",
    params(AccountParams), request_body = AccountPatch, responses((status = 200, body = AccountView)))]
pub(super) async fn change(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Given(patch): Given<AccountPatch>,
) -> Shown {
    let account = named(&at).await?;
    let change = AccountChange {
        name: patch.name,
        department: patch.department.map(department).transpose()?,
        grid: patch.grid.map(|grid| grid.map(GridId)),
        phone: patch.phone,
        disabled: patch.disabled,
        leaves_matters: patch.leave_matters,
    };
    let office = &at.node.office;
    let account = office
        .people()
        .change_account(&guest.known.who, by, account.id, change)
        .await?;
    Ok(Json(AccountView::from(&account)))
}

/// Set the roles of an account
///
/// Ends the sessions of the account. Nobody may change their own roles. The system, security and
/// audit administrators must be different people.
#[utoipa::path(put, path = "/v1/nodes/{code}/accounts/{account}/roles", tag = "people",
    params(AccountParams), request_body = RolesRequest, responses((status = 200, body = AccountView)))]
pub(super) async fn roles(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Given(RolesRequest { roles }): Given<RolesRequest>,
) -> Shown {
    let account = named(&at).await?;
    let office = &at.node.office;
    let account = office
        .people()
        .set_roles(&guest.known.who, by, account.id, roles)
        .await?;
    Ok(Json(AccountView::from(&account)))
}

/// Set a password
///
/// One's own password requires the present one. A system administrator sets the password of
/// somebody who lost it; that person must set one of their own before anything else. Ends all sessions of
/// the account.
#[utoipa::path(put, path = "/v1/nodes/{code}/accounts/{account}/password", tag = "people",
    params(AccountParams), request_body = PasswordRequest, responses((status = 204)))]
pub(super) async fn password(
    at: NodePath,
    Person(by): Person,
    Authenticated(guest): Authenticated,
    Given(request): Given<PasswordRequest>,
) -> Result<StatusCode, Rejection> {
    let office = &at.node.office;
    let own = match &guest.known.who {
        Who::Account(own) | Who::FirstLogin(own) => Some(own),
        _ => None,
    };
    let name: String = at.param("account")?;
    if let Some(own) = own.filter(|own| *own.login.as_str() == *name || own.id.to_string() == name)
    {
        let Some(old) = request.old else {
            return Err(Rejection::unfit((
                "changing your own password requires the present one; send it as `old`",
                "改自己的密码要先写现在的密码；请补上",
            )));
        };
        office
            .people()
            .change_password(own.id, old, request.new, &guest.request)
            .await?;
        return Ok(StatusCode::NO_CONTENT);
    }
    // Only callers who may manage accounts learn whether the account exists.
    guest
        .check(Permission::ManageAccounts, &http::Method::PUT)
        .await?;
    let account = named(&at).await?;
    office
        .people()
        .set_password(&guest.known.who, by, account.id, request.new)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

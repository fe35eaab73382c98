//! Accounts: who may work here, as what.

use std::{collections::BTreeSet, sync::Arc};

use api::{
    AccountPage, AccountPatch, AccountRequest, AccountView, PasswordRequest, RolesRequest,
    problem::Problem,
};
use askama::Template;
use domain::people::{Permission, Role};
use http::Method;
use serde::Serialize;
use web::problem::Rejection;

use crate::{
    answer::{Answer, lead_to},
    desk::Choice,
    form::odd,
    frame::{Frame, Link},
    visit::Visit,
    when::When,
    words::Words,
};

/// Accounts on a page.
const PAGE: usize = 50;

#[derive(Template)]
#[template(path = "admin/accounts.html")]
struct AccountsPage<'a> {
    frame: Frame,
    w: Words,
    tabs: Vec<Link>,
    rows: Vec<Row>,
    next: Option<String>,
    may_manage: bool,
    may_grant: bool,
    problem: Option<Problem>,
    login: &'a str,
    name: &'a str,
    department: &'a str,
    phone: &'a str,
}

struct Row {
    id: u64,
    login: String,
    name: String,
    roles: Vec<String>,
    department: String,
    grid: String,
    is_closed: bool,
}

#[derive(Template)]
#[template(path = "admin/account.html")]
struct OneAccountPage {
    frame: Frame,
    w: Words,
    account: AccountView,
    opened: When,
    roles: Vec<Choice>,
    may_manage: bool,
    may_grant: bool,
    done: bool,
    problem: Option<Problem>,
    details: Details,
}

/// The fields of the details of an account: as it is, or as they were typed if they were refused.
struct Details {
    name: String,
    department: String,
    grid: String,
    phone: String,
    /// What is wrong with the grid.
    wrong_grid: Option<&'static str>,
}

impl Details {
    fn of(visit: &Visit, account: &AccountView, problem: Option<&Problem>) -> Self {
        let typed = |name: &str| visit.form.typed(name).to_owned();
        if problem.is_some() && visit.form.get("name").is_some() {
            let is_wrong = matches!(grid_of(visit), Some(Err(_)));
            return Self {
                name: typed("name"),
                department: typed("department"),
                grid: typed("grid"),
                phone: typed("phone"),
                wrong_grid: is_wrong.then_some(visit.w.admin_grid_wrong()),
            };
        }
        let grid = account.grid.map(|grid| grid.to_string());
        Self {
            name: account.name.clone(),
            department: account.department.clone().unwrap_or_default(),
            grid: grid.unwrap_or_default(),
            phone: account.phone.clone().unwrap_or_default(),
            wrong_grid: None,
        }
    }
}

/// Returns the grid that was typed, if any.
fn grid_of(visit: &Visit) -> Option<Result<u32, std::num::ParseIntError>> {
    visit.form.get("grid").map(str::parse)
}

/// Lists the accounts.
pub(crate) async fn list(visit: Arc<Visit>) -> Answer {
    listed(&visit, None).await
}

async fn listed(visit: &Visit, problem: Option<Problem>) -> Answer {
    let w = visit.w;
    let after = visit
        .query
        .get("after")
        .map_or_else(String::new, |after| format!("&after={}", odd(after)));
    let path = visit.api(&format!("accounts?limit={PAGE}{after}"))?;
    let page: AccountPage = visit.calls.get(&path).await?;
    let row = |account: AccountView| Row {
        id: account.id,
        login: account.login,
        name: account.name,
        roles: account.roles.iter().map(|role| w.short(*role)).collect(),
        department: account.department.unwrap_or_default(),
        grid: account
            .grid
            .map(|grid| grid.to_string())
            .unwrap_or_default(),
        is_closed: account.disabled,
    };
    let (frame, status) = Frame::desk(visit, w.admin_accounts()).after(problem.as_ref());
    visit.page(
        status,
        &AccountsPage {
            frame,
            w,
            tabs: super::tabs(visit),
            rows: page.accounts.into_iter().map(row).collect(),
            next: page.next.map(|next| format!("/admin?after={}", odd(&next))),
            may_manage: visit.may(Permission::ManageAccounts),
            may_grant: visit.may(Permission::GrantRoles),
            problem,
            login: visit.form.typed("login"),
            name: visit.form.typed("name"),
            department: visit.form.typed("department"),
            phone: visit.form.typed("phone"),
        },
    )
}

/// Opens an account.
pub(crate) async fn open(visit: Arc<Visit>) -> Answer {
    let form = &visit.form;
    let request = AccountRequest {
        login: form.get("login").unwrap_or_default().to_owned(),
        name: form.get("name").unwrap_or_default().to_owned(),
        password: form.typed("new_password").to_owned(),
        roles: BTreeSet::new(),
        department: form.get("department").map(str::to_owned),
        grid: None,
        phone: form.get("phone").map(str::to_owned),
        must_change: true,
    };
    match super::sent(&visit, Method::POST, "accounts", &request).await? {
        Ok(reply) => {
            let account: AccountView = reply.read()?;
            lead_to(&format!("/admin/accounts/{}?done=1", account.id))
        }
        Err(problem) => listed(&visit, Some(problem)).await,
    }
}

/// Shows one account.
pub(crate) async fn one(visit: Arc<Visit>) -> Answer {
    shown(&visit, None).await
}

async fn shown(visit: &Visit, problem: Option<Problem>) -> Answer {
    let w = visit.w;
    let account: AccountView = visit.calls.get(&visit.api(&path(visit, ""))?).await?;
    let role = |role: &Role| Choice {
        value: role.code().to_owned(),
        label: w.short(*role),
        chosen: account.roles.contains(role),
    };
    let (frame, status) = Frame::desk(visit, account.name.clone()).after(problem.as_ref());
    visit.page(
        status,
        &OneAccountPage {
            frame,
            w,
            opened: visit.when(account.opened_ms),
            roles: Role::ALL.iter().map(role).collect(),
            may_manage: visit.may(Permission::ManageAccounts),
            may_grant: visit.may(Permission::GrantRoles),
            done: problem.is_none() && visit.query.get("done").is_some(),
            details: Details::of(visit, &account, problem.as_ref()),
            account,
            problem,
        },
    )
}

pub(super) fn path(visit: &Visit, rest: &str) -> String {
    format!("accounts/{}{rest}", odd(visit.param("account")))
}

/// Sends a change, and shows the account again, or why it was not changed.
async fn changed<T: Serialize + Sync>(
    visit: &Visit,
    method: Method,
    rest: &str,
    said: &T,
) -> Answer {
    match super::sent(visit, method, &path(visit, rest), said).await? {
        Ok(_) => lead_to(&format!(
            "/admin/accounts/{}?done=1",
            odd(visit.param("account"))
        )),
        Err(problem) => shown(visit, Some(problem)).await,
    }
}

/// Changes name, department and grid of an account, or closes it.
pub(crate) async fn change(visit: Arc<Visit>) -> Answer {
    let form = &visit.form;
    let grid = match grid_of(&visit).transpose() {
        Ok(grid) => grid,
        Err(_) => {
            let told = (
                "the grid is not a number; correct it",
                "网格编号不是数字；请更正",
            );
            let problem = Rejection::unfit(told).0.in_language(visit.view.language);
            return shown(&visit, Some(problem)).await;
        }
    };
    let patch = match form.get("disabled") {
        Some(disabled) => AccountPatch {
            disabled: Some(disabled == "true"),
            ..AccountPatch::default()
        },
        None => AccountPatch {
            name: form.get("name").map(str::to_owned),
            department: Some(form.get("department").map(str::to_owned)),
            grid: Some(grid),
            phone: Some(form.get("phone").map(str::to_owned)),
            disabled: None,
            leave_matters: false,
        },
    };
    changed(&visit, Method::PATCH, "", &patch).await
}

/// Sets the roles of an account.
pub(crate) async fn roles(visit: Arc<Visit>) -> Answer {
    let roles = visit.form.all("role").filter_map(|code| code.parse().ok());
    let request = RolesRequest {
        roles: roles.collect(),
    };
    changed(&visit, Method::PUT, "/roles", &request).await
}

/// Sets a lost password anew.
pub(crate) async fn password(visit: Arc<Visit>) -> Answer {
    let request = PasswordRequest {
        old: None,
        new: visit.form.typed("new_password").to_owned(),
    };
    changed(&visit, Method::PUT, "/password", &request).await
}

/// Ends all sessions of an account.
pub(crate) async fn end_sessions(visit: Arc<Visit>) -> Answer {
    let sessions = path(&visit, "/sessions");
    match super::sent_bare(&visit, Method::DELETE, &sessions).await? {
        Ok(_) => lead_to(&format!("/admin/{}?done=1", path(&visit, ""))),
        Err(problem) => shown(&visit, Some(problem)).await,
    }
}

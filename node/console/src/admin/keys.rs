//! API keys: what programs may do.

use std::sync::Arc;

use api::{KeyRequest, Keys, NewKeyView, problem::Problem};
use askama::Template;
use domain::people::Permission;
use http::Method;

use crate::{
    answer::{Answer, lead_to},
    desk::Choice,
    form::odd,
    frame::{Frame, Link},
    visit::Visit,
    when::When,
    words::Words,
};

#[derive(Template)]
#[template(path = "admin/keys.html")]
struct KeysPage<'a> {
    frame: Frame,
    w: Words,
    tabs: Vec<Link>,
    rows: Vec<Row>,
    permissions: Vec<Choice>,
    name: &'a str,
    days: &'a str,
    /// The token of the key that was made just now. It is shown once.
    token: Option<String>,
    problem: Option<Problem>,
}

struct Row {
    id: String,
    name: String,
    permissions: Vec<String>,
    expires: When,
    /// Since when it does not count any more, if it does not.
    revoked: Option<When>,
    is_over: bool,
}

/// Lists the keys.
pub(crate) async fn list(visit: Arc<Visit>) -> Answer {
    listed(&visit, None, None).await
}

async fn listed(visit: &Visit, token: Option<String>, problem: Option<Problem>) -> Answer {
    let (w, now) = (visit.w, visit.now_ms());
    let keys: Keys = visit.calls.get(&visit.api("api-keys")?).await?;
    let row = |key: &api::KeyView| Row {
        id: key.id.clone(),
        name: key.name.clone(),
        permissions: key
            .permissions
            .iter()
            .map(|permission| w.short(*permission))
            .collect(),
        expires: visit.when(key.expires_ms),
        revoked: key.revoked_ms.map(|ms| visit.when(ms)),
        is_over: key.revoked_ms.is_some() || key.expires_ms < now,
    };
    let chosen: Vec<_> = visit.form.all("permission").collect();
    let offered = Permission::ALL
        .into_iter()
        .filter(|permission| permission.is_for_programs());
    let choice = |permission: Permission| Choice {
        value: permission.code().to_owned(),
        label: w.short(permission),
        chosen: chosen.contains(&permission.code()),
    };
    let (frame, status) = Frame::desk(visit, w.admin_keys()).after(problem.as_ref());
    visit.page(
        status,
        &KeysPage {
            frame,
            w,
            tabs: super::tabs(visit),
            rows: keys.keys.iter().map(row).collect(),
            permissions: offered.map(choice).collect(),
            name: visit.form.typed("name"),
            days: visit.form.get("days").unwrap_or("365"),
            token,
            problem,
        },
    )
}

/// Makes a key, and shows its token once.
pub(crate) async fn make(visit: Arc<Visit>) -> Answer {
    let form = &visit.form;
    let permissions = form.all("permission").filter_map(|code| code.parse().ok());
    let request = KeyRequest {
        name: form.get("name").unwrap_or_default().to_owned(),
        permissions: permissions.collect(),
        division: None,
        days: form
            .get("days")
            .unwrap_or_default()
            .parse()
            .unwrap_or_default(),
    };
    match super::sent(&visit, Method::POST, "api-keys", &request).await? {
        Ok(reply) => {
            let made: NewKeyView = reply.read()?;
            listed(&visit, super::once(made.token), None).await
        }
        Err(problem) => listed(&visit, None, Some(problem)).await,
    }
}

/// Takes a key back.
pub(crate) async fn revoke(visit: Arc<Visit>) -> Answer {
    let path = format!("api-keys/{}", odd(visit.param("key")));
    match super::sent_bare(&visit, Method::DELETE, &path).await? {
        Ok(_) => lead_to("/admin/keys"),
        Err(problem) => listed(&visit, None, Some(problem)).await,
    }
}

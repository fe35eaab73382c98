//! Webhooks: other systems that are told of changes.

use std::sync::Arc;

use api::{HookRequest, Hooks, NewHookView, problem::Problem};
use askama::Template;
use http::Method;

use crate::{
    answer::{Answer, lead_to},
    form::odd,
    frame::{Frame, Link},
    visit::Visit,
    when::When,
    words::Words,
};

#[derive(Template)]
#[template(path = "admin/hooks.html")]
struct HooksPage<'a> {
    frame: Frame,
    w: Words,
    tabs: Vec<Link>,
    rows: Vec<Row>,
    name: &'a str,
    url: &'a str,
    /// The secret of the webhook that was made just now. It is shown once.
    secret: Option<String>,
    problem: Option<Problem>,
}

struct Row {
    id: String,
    name: String,
    url: String,
    delivered: u64,
    last: Option<When>,
    failure: Option<String>,
    is_given_up: bool,
}

/// Lists the webhooks.
pub(crate) async fn list(visit: Arc<Visit>) -> Answer {
    listed(&visit, None, None).await
}

async fn listed(visit: &Visit, secret: Option<String>, problem: Option<Problem>) -> Answer {
    let w = visit.w;
    let hooks: Hooks = visit.calls.get(&visit.api("webhooks")?).await?;
    let row = |hook: api::HookView| Row {
        last: hook.last_success_ms.map(|ms| visit.when(ms)),
        failure: hook
            .last_failure
            .as_deref()
            .filter(|_| hook.failures > 0)
            .map(|english| w.either(hook.last_failure_chinese.as_deref(), Some(english))),
        is_given_up: hook.given_up_ms.is_some(),
        id: hook.id,
        name: hook.name,
        url: hook.url,
        delivered: hook.delivered,
    };
    let (frame, status) = Frame::desk(visit, w.admin_hooks()).after(problem.as_ref());
    visit.page(
        status,
        &HooksPage {
            frame,
            w,
            tabs: super::tabs(visit),
            rows: hooks.hooks.into_iter().map(row).collect(),
            name: visit.form.typed("name"),
            url: visit.form.typed("url"),
            secret,
            problem,
        },
    )
}

/// Adds a webhook, and shows its secret once.
pub(crate) async fn add(visit: Arc<Visit>) -> Answer {
    let form = &visit.form;
    let request = HookRequest {
        name: form.get("name").unwrap_or_default().to_owned(),
        url: form.get("url").unwrap_or_default().to_owned(),
        kinds: std::collections::BTreeSet::new(),
        division: None,
    };
    match super::sent(&visit, Method::POST, "webhooks", &request).await? {
        Ok(reply) => {
            let made: NewHookView = reply.read()?;
            listed(&visit, super::once(made.secret), None).await
        }
        Err(problem) => listed(&visit, None, Some(problem)).await,
    }
}

async fn ask(visit: &Visit, method: Method, rest: &str) -> Answer {
    let path = format!("webhooks/{}{rest}", odd(visit.param("hook")));
    match super::sent_bare(visit, method, &path).await? {
        Ok(_) => lead_to("/admin/webhooks"),
        Err(problem) => listed(visit, None, Some(problem)).await,
    }
}

/// Removes a webhook.
pub(crate) async fn remove(visit: Arc<Visit>) -> Answer {
    ask(&visit, Method::DELETE, "").await
}

/// Tries a webhook again that was given up.
pub(crate) async fn resume(visit: Arc<Visit>) -> Answer {
    ask(&visit, Method::PUT, "/resumed").await
}

/// Sends a test event.
pub(crate) async fn test(visit: Arc<Visit>) -> Answer {
    ask(&visit, Method::POST, "/test").await
}

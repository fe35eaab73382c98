//! The audit trail: who did what, when, from where; and a copy of it as a table.

use std::sync::Arc;

use api::{AuditLine, AuditPage, AuditSeal};
use askama::Template;
use axum::response::IntoResponse;
use domain::{audit::Ending, people::Permission};
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::{Map, Value};
use topology::Term;

use super::sent;
use crate::{
    answer::Answer,
    desk::{Choice, terms},
    form::{Form, odd},
    frame::{Frame, Link},
    visit::Visit,
    when::{When, count},
    words::{Label, Words},
};

/// Entries on a page.
const PAGE: usize = 100;

/// Fields of the address that filter, with their labels.
const FIELDS: [(&str, Label); 7] = [
    ("actor", Words::admin_who),
    ("permission", Words::admin_did),
    ("ending", Words::admin_ending),
    ("subject", Words::admin_about),
    ("origin", Words::audit_origin),
    ("from", Words::audit_from),
    ("to", Words::audit_to),
];

#[derive(Template)]
#[template(path = "admin/audit.html")]
struct AuditTrailPage {
    frame: Frame,
    w: Words,
    tabs: Vec<Link>,
    rows: Vec<Row>,
    /// Address of the next page.
    next: Option<String>,
    /// Number of the entry up to which it was read, if the page has less than it could and goes on.
    read: Option<String>,
    is_first: bool,
    /// The result of the check of the whole trail, if it was asked for.
    checked: Option<AuditSeal>,
    typed: Form,
    permissions: Vec<Choice>,
    endings: Vec<Choice>,
    /// What filters the page, each with the address of the page without it.
    badges: Vec<Link>,
    /// What the export asks for, as hidden fields.
    wanted: Vec<(&'static str, String)>,
    problem: Option<api::problem::Problem>,
}

struct Row {
    n: u64,
    at: When,
    actor: Named,
    whence: String,
    permission: String,
    subject: Option<Named>,
    ending: String,
    detail: String,
}

/// Who acted or what it was about, with the address of the entries that name them too.
struct Named {
    text: String,
    href: String,
}

/// Shows a page of the trail, and with `?check=1` checks all of it.
pub(crate) async fn list(visit: Arc<Visit>) -> Answer {
    show(&visit, &visit.query, None).await
}

async fn show(visit: &Visit, asked: &Form, problem: Option<api::problem::Problem>) -> Answer {
    let w = visit.w;
    let after = asked.get("after");
    let mut path = format!("audit?limit={PAGE}");
    let mut wanted = vec![];
    for (name, _) in FIELDS {
        if let Some(value) = asked.get(name) {
            path += &format!("&{name}={}", odd(value));
            wanted.push((name, value.to_owned()));
        }
    }
    path += &after.map_or_else(String::new, |after| format!("&after={}", odd(after)));
    // What the export refused is told beside the form, without the page that the filter would find.
    let (page, problem) = match problem {
        Some(problem) => (None, Some(problem)),
        None => {
            let found = visit.calls.get::<AuditPage>(&visit.api(&path)?).await;
            match found {
                Ok(page) => (Some(page), None),
                Err(problem) if problem.status == 422 => (None, Some(problem)),
                Err(problem) => return Err(problem),
            }
        }
    };
    let page = page.unwrap_or(AuditPage {
        entries: vec![],
        next: None,
    });
    let checked = match asked.get("check") {
        Some(_) => Some(
            visit
                .calls
                .get::<AuditSeal>(&visit.api("audit/seal")?)
                .await?,
        ),
        None => None,
    };
    let is_short = page.entries.len() < PAGE;
    let read = page.next.clone().filter(|_| is_short);
    let kept = asked.query_without(&["after", "check"]);
    let joint = if kept.is_empty() { "" } else { "&" };
    let (frame, status) = Frame::desk(visit, w.admin_audit()).after(problem.as_ref());
    let shown = AuditTrailPage {
        frame,
        w,
        tabs: super::tabs(visit),
        rows: page
            .entries
            .into_iter()
            .map(|line| row(visit, line))
            .collect(),
        next: page
            .next
            .map(|next| format!("/admin/audit?{kept}{joint}after={}", odd(&next))),
        read: read.map(count),
        is_first: after.is_none(),
        checked,
        permissions: terms(w, &Permission::ALL, asked.typed("permission")),
        endings: terms(w, &Ending::ALL, asked.typed("ending")),
        badges: badges(visit, asked),
        wanted,
        typed: asked.clone(),
        problem,
    };
    visit.page(status, &shown)
}

fn row(visit: &Visit, line: AuditLine) -> Row {
    let w = visit.w;
    let named = |field: &str, text: String| Named {
        href: format!("/admin/audit?{field}={}", odd(&text)),
        text,
    };
    Row {
        n: line.n,
        at: visit.when(line.at_ms),
        actor: named("actor", line.actor),
        whence: line.whence,
        permission: line
            .permission
            .map_or_else(String::new, |permission| w.short(permission)),
        subject: line.subject.map(|subject| named("subject", subject)),
        ending: w.short(line.ending),
        detail: line.detail.unwrap_or_default(),
    }
}

fn badges(visit: &Visit, asked: &Form) -> Vec<Link> {
    let w = visit.w;
    let badge = |(name, label): &(&str, Label)| {
        let value = asked.get(name)?;
        let known = match *name {
            "permission" => Permission::of_code(value).map(|term| w.short(term)),
            "ending" => Ending::of_code(value).map(|term| w.short(term)),
            _ => None,
        };
        Some(Link {
            href: format!(
                "/admin/audit?{}",
                asked.query_without(&[name, "after", "check"])
            ),
            label: format!("{} {}", label(w), known.unwrap_or_else(|| value.to_owned())),
            current: false,
        })
    };
    FIELDS.iter().filter_map(badge).collect()
}

/// Hands the entries that the filter takes to the browser as a table, which the trail records first.
pub(crate) async fn export(visit: Arc<Visit>) -> Answer {
    let said = FIELDS.iter().filter_map(|(name, _)| {
        let value = visit.form.get(name)?;
        Some(((*name).to_owned(), Value::from(value)))
    });
    let said = Value::Object(said.collect::<Map<_, _>>());
    let reply = match sent(&visit, Method::POST, "audit/export", &said).await? {
        Ok(reply) => reply,
        Err(problem) => return show(&visit, &visit.form, Some(problem)).await,
    };
    let mut response = (StatusCode::OK, reply.body).into_response();
    let headers = response.headers_mut();
    for name in [header::CONTENT_TYPE, header::CONTENT_DISPOSITION] {
        if let Some(value) = reply.headers.get(&name) {
            headers.insert(name, value.clone());
        }
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

//! Texts for frequent replies: the page on which a division keeps them, and the choice in the forms of acts.

use std::sync::Arc;

use api::{ReplyTextView, ReplyTexts, problem::Problem};
use askama::Template;
use axum::body::Body;
use domain::{people::Permission, reply_text::ReplyText};
use http::Method;

use crate::{
    answer::{Answer, lead_to},
    form::odd,
    frame::Frame,
    visit::Visit,
    words::Words,
};

/// Path of the page.
const PATH: &str = "/desk/replies";
/// Field of a form with the name of the text that was picked.
pub(super) const REPLY_FIELD: &str = "reply";
/// Field of a form that is to be filled with the text, and to be sent afterwards.
pub(super) const FILL_FIELD: &str = "fill";

#[derive(Template)]
#[template(path = "desk/replies.html")]
struct RepliesPage {
    frame: Frame,
    w: Words,
    texts: Vec<ReplyTextView>,
    may_manage: bool,
    name: String,
    text: String,
    department: String,
    most_name: usize,
    most_text: usize,
    is_done: bool,
    problem: Option<Problem>,
}

async fn all(visit: &Visit) -> Result<Vec<ReplyTextView>, Problem> {
    let found: ReplyTexts = visit.calls.get(&visit.api("reply-texts")?).await?;
    Ok(found.texts)
}

/// Returns the texts that a form offers to the person: those of their department, and those for all.
pub(super) async fn offered(visit: &Visit) -> Result<Vec<ReplyTextView>, Problem> {
    if !visit.may(Permission::ViewList) {
        return Ok(vec![]);
    }
    let account = visit.session.as_ref();
    let account = account.and_then(|session| session.account.as_ref());
    let own = account.and_then(|account| account.department.clone());
    let mut texts = all(visit).await?;
    texts.retain(|text| text.department.is_none() || text.department == own);
    // Those of the own department are nearer.
    texts.sort_by_key(|text| text.department.is_none());
    Ok(texts)
}

/// Returns what stands in the field for the text: what was typed, and after it the text that was picked.
pub(super) fn filled(visit: &Visit, offered: &[ReplyTextView]) -> String {
    let typed = visit.form.typed("note");
    let picked = visit.form.get(FILL_FIELD).and(visit.form.get(REPLY_FIELD));
    let picked = picked.and_then(|name| offered.iter().find(|text| text.name == name));
    match (typed.trim_end(), picked) {
        (_, None) => typed.to_owned(),
        ("", Some(picked)) => picked.text.clone(),
        (typed, Some(picked)) => format!("{typed}\n{}", picked.text),
    }
}

/// Shows the texts, and the form for another; with `?edit=NAME` for that one.
pub(crate) async fn list(visit: Arc<Visit>) -> Answer {
    listed(&visit, None).await
}

async fn listed(visit: &Visit, problem: Option<Problem>) -> Answer {
    let w = visit.w;
    let texts = all(visit).await?;
    let edited = visit.query.get("edit");
    let edited = edited.and_then(|name| texts.iter().find(|text| text.name == name));
    let (name, text, department) = match (&problem, edited) {
        (None, Some(edited)) => (
            edited.name.clone(),
            edited.text.clone(),
            edited.department.clone().unwrap_or_default(),
        ),
        _ => (
            visit.form.typed("name").to_owned(),
            visit.form.typed("text").to_owned(),
            visit.form.typed("department").to_owned(),
        ),
    };
    let (frame, status) = Frame::desk(visit, w.reply_title()).after(problem.as_ref());
    visit.page(
        status,
        &RepliesPage {
            frame,
            w,
            texts,
            may_manage: visit.may(Permission::ManageReplyTexts),
            name,
            text,
            department,
            most_name: ReplyText::MOST_NAME,
            most_text: ReplyText::MOST_TEXT,
            is_done: problem.is_none() && visit.query.get("done").is_some(),
            problem,
        },
    )
}

/// Keeps a text, or removes one.
pub(crate) async fn change(visit: Arc<Visit>) -> Answer {
    let sent = match visit.form.get("remove") {
        Some(name) => {
            let path = visit.api(&format!("reply-texts/{}", odd(name)))?;
            let calls = visit.with_form_headers();
            calls.send(Method::DELETE, &path, Body::empty()).await
        }
        None => {
            let text = ReplyTextView {
                name: visit.form.typed("name").to_owned(),
                text: visit.form.typed("text").to_owned(),
                department: visit.form.get("department").map(str::to_owned),
            };
            let path = visit.api("reply-texts")?;
            let calls = visit.with_form_headers();
            calls.ask(Method::POST, &path, &text).await
        }
    };
    match sent {
        Ok(_) => lead_to(&format!("{PATH}?done=1")),
        Err(problem) if matches!(problem.status, 404 | 409 | 422) => {
            listed(&visit, Some(problem)).await
        }
        Err(problem) => Err(problem),
    }
}

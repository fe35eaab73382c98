//! One act on several matters: chosen in a list, looked at once more, and told one by one.

use std::sync::Arc;

use api::{ActionName, MatterView, Named, Offers, problem::Problem};
use askama::Template;
use axum::body::Body;
use domain::people::Permission;
use futures::{StreamExt, stream};
use http::{Method, header};
use topology::Term;
use web::{idempotency::IDEMPOTENCY_KEY, problem::Rejection};

use super::{
    Choice,
    act::{ActForm, Field, open, request},
    inbox::PAGE,
    matter::{Seen, seen, status},
    replies::{FILL_FIELD, REPLY_FIELD},
};
use crate::{
    answer::Answer,
    form::Form,
    frame::Frame,
    visit::{KEY_FIELD, SEEN_FIELD, Visit},
    words::Words,
};

/// Field with the number of a matter; there are as many as were chosen.
const CHOSEN: &str = "m";
/// Acts that make sense on several matters at once, with the permission for them.
const ACTS: [(ActionName, Permission); 9] = [
    (ActionName::Accept, Permission::Accept),
    (ActionName::Dispatch, Permission::Dispatch),
    (ActionName::Assign, Permission::Assign),
    (ActionName::Escalate, Permission::Escalate),
    (ActionName::Return, Permission::Return),
    (ActionName::Merge, Permission::Merge),
    (ActionName::Join, Permission::Dispatch),
    (ActionName::Prioritise, Permission::Triage),
    (ActionName::Remark, Permission::CommentInside),
];
/// Acts that are under way at a time; they share what is written to the disk.
const AT_A_TIME: usize = 8;

/// Returns the acts that the person may do on several matters at once.
pub(super) fn acts(visit: &Visit) -> Vec<Choice> {
    let allowed = ACTS.iter().filter(|(_, permission)| visit.may(*permission));
    let choice = |(action, _): &(ActionName, Permission)| Choice {
        value: action.code().to_owned(),
        label: visit.w.short(*action),
        chosen: false,
    };
    allowed.map(choice).collect()
}

#[derive(Template)]
#[template(path = "desk/bulk.html")]
struct PreviewPage {
    frame: Frame,
    w: Words,
    label: String,
    action: &'static str,
    items: Vec<Item>,
    /// Matters that the act may be done on.
    count: usize,
    act: Option<ActForm>,
}

/// A matter that was chosen.
struct Item {
    id: String,
    category: String,
    status: String,
    /// The version that is shown; `None` if the act cannot be done on it now.
    seen: Option<String>,
}

#[derive(Template)]
#[template(path = "desk/bulk-done.html")]
struct DonePage {
    frame: Frame,
    w: Words,
    action: &'static str,
    results: Vec<Outcome>,
    done: usize,
    failed: usize,
    /// What was typed, for another try.
    fields: Vec<(String, String)>,
}

/// What became of the act on one matter.
struct Outcome {
    id: String,
    problem: Option<Problem>,
}

fn chosen(visit: &Visit) -> Vec<String> {
    let mut all: Vec<String> = vec![];
    for id in visit.form.all(CHOSEN).take(PAGE) {
        if !all.iter().any(|known| known == id) {
            all.push(id.to_owned());
        }
    }
    all
}

/// Shows what was chosen and the form of the act, or does the act. A button that only fills a reply text into the
/// form shows it once more, and does nothing.
pub(crate) async fn go(visit: Arc<Visit>) -> Answer {
    let action = ActionName::of_code(visit.form.typed("act"));
    let action = action.filter(|action| ACTS.iter().any(|(known, _)| known == action));
    let action = action.ok_or_else(|| *Rejection::no_such_path().0)?;
    match (visit.form.get("go"), visit.form.get(FILL_FIELD)) {
        (Some(_), None) => done(&visit, action).await,
        _ => preview(&visit, action).await,
    }
}

async fn preview(visit: &Visit, action: ActionName) -> Answer {
    let w = visit.w;
    let mut items = vec![];
    for id in chosen(visit) {
        items.extend(item(visit, action, &id).await?);
    }
    let fit = items.iter().filter(|item| item.seen.is_some());
    let count = fit.count();
    let first = items.iter().find(|item| item.seen.is_some());
    let act = match first {
        Some(first) => {
            let seen = seen(visit, &first.id).await?;
            let mut act = form(visit, seen, action);
            if let Some((name, label)) = leading(visit.w, action) {
                act.fields = vec![choose_leading(visit, &items, name, label)];
            }
            Some(act)
        }
        None => None,
    };
    let label = w.short(action);
    visit.show(&PreviewPage {
        frame: Frame::desk(visit, label.clone()),
        w,
        label,
        action: action.code(),
        items,
        count,
        act,
    })
}

/// Returns the form of the act, by the first matter that it may be done on.
fn form(visit: &Visit, mut seen: Seen, action: ActionName) -> ActForm {
    // The same photo belongs to one matter.
    seen.offers.attach = false;
    ActForm {
        path: "/desk/bulk".to_owned(),
        ..ActForm::of(visit, &seen, action, None)
    }
}

/// Returns the field with the number of the matter that leads the others, and what it is called: into it they are
/// merged, or of it they become parts.
const fn leading(w: Words, action: ActionName) -> Option<(&'static str, &'static str)> {
    match action {
        ActionName::Merge => Some(("into", w.desk_merge_leading())),
        ActionName::Join => Some(("bundle", w.desk_join_leading())),
        _ => None,
    }
}

/// Returns the choice of the matter that leads. On another try it may be one that was not chosen again.
fn choose_leading(visit: &Visit, items: &[Item], name: &'static str, label: &'static str) -> Field {
    let typed = visit.form.typed(name);
    let mut choices: Vec<_> = items
        .iter()
        .map(|item| Choice {
            value: item.id.clone(),
            label: format!("{} {}", item.category, item.id),
            chosen: item.id == typed,
        })
        .collect();
    if !typed.is_empty() && choices.iter().all(|choice| !choice.chosen) {
        choices.push(Choice {
            value: typed.to_owned(),
            label: typed.to_owned(),
            chosen: true,
        });
    }
    open(label, name, choices)
}

/// Returns a matter that was chosen; `None` if the person may not see it.
async fn item(visit: &Visit, action: ActionName, id: &str) -> Result<Option<Item>, Problem> {
    let path = visit.api(&format!("matters/{}", crate::form::odd(id)))?;
    let reply = match visit.calls.send(Method::GET, &path, Body::empty()).await {
        Ok(reply) => reply,
        Err(problem) if matches!(problem.status, 400 | 403 | 404 | 422) => return Ok(None),
        Err(problem) => return Err(problem),
    };
    let tag = reply.headers.get(header::ETAG);
    let tag = tag.and_then(|tag| tag.to_str().ok()).unwrap_or_default();
    let Named { facts: view, .. } = reply.read::<Named<MatterView>>()?;
    let offers: Offers = visit.calls.get(&format!("{path}/offers")).await?;
    let is_offered = offers.actions.contains(&action);
    // When only a text was filled in, the act stays one on the version that the person looked at first.
    let looked_at = visit.form.get(&format!("{SEEN_FIELD}.{id}"));
    let tag = looked_at.unwrap_or(tag);
    Ok(Some(Item {
        category: visit
            .w
            .category(&view.category, view.category_name.as_deref()),
        status: status(visit.w, view.status),
        seen: is_offered.then(|| tag.to_owned()),
        id: view.id,
    }))
}

/// Does the act on every matter that was chosen. Each has a key of its own, made of that of the form,
/// so that a form that is sent again does nothing twice.
async fn done(visit: &Visit, action: ActionName) -> Answer {
    let w = visit.w;
    let request = request(&only_the_act(&visit.form), action);
    let key = visit.form.typed(KEY_FIELD);
    let leading = leading(w, action).map_or("", |(name, _)| visit.form.typed(name));
    let others = chosen(visit).into_iter().filter(|id| *id != leading);
    let attempts = others.map(|id| {
        let request = &request;
        async move {
            let problem = attempt(visit, &id, key, request).await.err();
            Outcome { id, problem }
        }
    });
    let results: Vec<_> = stream::iter(attempts).buffered(AT_A_TIME).collect().await;
    let failed = results.iter().filter(|one| one.problem.is_some()).count();
    let fields = only_the_act(&visit.form).0;
    visit.show(&DonePage {
        frame: Frame::desk(visit, w.desk_bulk_result(w.short(action))),
        w,
        action: action.code(),
        done: results.len() - failed,
        failed,
        results,
        fields,
    })
}

async fn attempt(
    visit: &Visit,
    id: &str,
    key: &str,
    request: &serde_json::Value,
) -> Result<(), Problem> {
    let seen = visit.form.typed(&format!("{SEEN_FIELD}.{id}"));
    let mut calls = visit.calls.clone().without(&header::IF_MATCH);
    if !seen.is_empty() {
        calls = calls.with("if-match", seen);
    }
    if !key.is_empty() {
        calls = calls.with(IDEMPOTENCY_KEY, &format!("{key}.{id}"));
    }
    let path = visit.api(&format!("matters/{}/acts", crate::form::odd(id)))?;
    calls.ask(Method::POST, &path, request).await.map(|_| ())
}

/// Returns the fields of the act alone: without those of the list and the session.
fn only_the_act(form: &Form) -> Form {
    let ours = [
        CHOSEN,
        "act",
        "go",
        "csrf",
        KEY_FIELD,
        SEEN_FIELD,
        REPLY_FIELD,
        FILL_FIELD,
    ];
    let seen = format!("{SEEN_FIELD}.");
    let fields = form
        .0
        .iter()
        .filter(|(name, _)| !ours.contains(&name.as_str()) && !name.starts_with(&seen));
    Form(fields.cloned().collect())
}

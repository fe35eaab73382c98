//! Acts on a matter: each is a small form with only its own fields.

mod fields;

use std::sync::Arc;

use api::{ActionName, DRAFT_KEY, Ending, Reason, problem::Problem};
use askama::Template;
use domain::request::RequestKindName;
use http::Method;
use serde_json::{Map, Value, json};
use topology::Term;
use web::problem::Rejection;

use self::fields::warning;
pub(super) use self::fields::{ActForm, Field, open};
use super::{
    matter::{Seen, seen, status},
    replies::{FILL_FIELD, REPLY_FIELD},
    steps::{self, Step},
};
use crate::{
    answer::{Answer, lead_to},
    form::Form,
    frame::{self, Frame},
    villagers::draft::{DRAFT_FIELD, Draft},
    visit::{CSRF_FIELD, KEY_FIELD, SEEN_FIELD, Visit},
    words::Words,
};

#[derive(Template)]
#[template(path = "desk/act.html")]
struct ActPage {
    frame: Frame,
    w: Words,
    id: String,
    status: String,
    act: ActForm,
    problem: Option<Problem>,
    /// What others did since the page that the person saw.
    between: Vec<Step>,
}

/// Asks once more before something that is not easily undone.
#[derive(Template)]
#[template(path = "desk/sure.html")]
pub(super) struct SurePage {
    pub(super) frame: Frame,
    pub(super) w: Words,
    pub(super) id: String,
    pub(super) path: String,
    pub(super) label: String,
    pub(super) warning: &'static str,
    pub(super) rows: Vec<(&'static str, String)>,
    pub(super) fields: Vec<(String, String)>,
    pub(super) key: String,
}

fn action(visit: &Visit) -> Result<ActionName, Problem> {
    ActionName::of_code(visit.param("act")).ok_or_else(|| *Rejection::no_such_path().0)
}

fn asked(visit: &Visit) -> Result<RequestKindName, Problem> {
    RequestKindName::of_code(visit.param("request")).ok_or_else(|| *Rejection::no_such_path().0)
}

/// Shows the form of an action.
pub(crate) async fn form(visit: Arc<Visit>) -> Answer {
    let action = action(&visit)?;
    let seen = seen(&visit, visit.param("id")).await?;
    if !seen.offers.actions.contains(&action) {
        return Err(*Rejection::denied((
            "this cannot be done with the matter now; go back to it",
            "事项现在不能这样办；请回到事项",
        ))
        .0);
    }
    let act = ActForm::of(&visit, &seen, action, None);
    page(&visit, seen, act, None, vec![])
}

/// Shows the form of an action again, with what was typed and what others did meanwhile.
async fn again(
    visit: &Visit,
    action: ActionName,
    draft: Option<Draft>,
    problem: Option<Problem>,
) -> Answer {
    let seen = seen(visit, visit.param("id")).await?;
    let between = match problem {
        Some(_) => since(visit, &seen),
        None => vec![],
    };
    let act = ActForm::of(visit, &seen, action, draft);
    page(visit, seen, act, problem, between)
}

fn page(
    visit: &Visit,
    seen: Seen,
    act: ActForm,
    problem: Option<Problem>,
    between: Vec<Step>,
) -> Answer {
    let (frame, status_code) = Frame::desk(visit, act.label.clone()).after(problem.as_ref());
    visit.page(
        status_code,
        &ActPage {
            frame,
            w: visit.w,
            status: status(visit.w, seen.view.status),
            id: seen.view.id,
            act,
            problem,
            between,
        },
    )
}

/// Does an action. One that cannot be taken back is asked for once more first. If the node refuses, the
/// form comes back with what was typed, and with what others did meanwhile.
pub(crate) async fn do_it(visit: Arc<Visit>) -> Answer {
    let (id, action) = (visit.param("id"), action(&visit)?);
    let mut draft = match visit.form.get(DRAFT_FIELD) {
        Some(_) => Some(Draft::of(&visit).await?),
        None => None,
    };
    if let Some(draft) = &mut draft
        && draft.remove_named(&visit).await?
    {
        return again(&visit, action, Some(draft.clone()), None).await;
    }
    if let Some(problem) = visit.photo_problems.first().cloned() {
        return again(&visit, action, draft, Some(problem)).await;
    }
    if visit.form.get(FILL_FIELD).is_some() {
        return again(&visit, action, draft, None).await;
    }
    let photos = draft.as_ref().map_or(0, Draft::files);
    if let Some(warning) = warning(visit.w, action).filter(|_| visit.form.get("sure").is_none()) {
        return sure(&visit, action, warning, photos);
    }
    let mut calls = visit.with_form_headers();
    if let Some(draft) = draft.as_ref().filter(|_| photos > 0) {
        calls = calls.with(DRAFT_KEY, &draft.key);
    }
    let path = visit.api(&format!("matters/{id}/acts"))?;
    let request = request(&visit.form, action);
    match calls.ask(Method::POST, &path, &request).await {
        Ok(_) => done(id, action.code()),
        Err(problem) if retry(&problem) => again(&visit, action, draft, Some(problem)).await,
        Err(problem) => Err(problem),
    }
}

/// Whether the person can do something about a problem in the form itself.
const fn retry(problem: &Problem) -> bool {
    matches!(problem.status, 409 | 412 | 422)
}

fn done(id: &str, code: &str) -> Answer {
    lead_to(&format!("/desk/m/{id}?done={code}"))
}

/// Returns the steps that were made since the version that the person saw.
fn since(visit: &Visit, seen: &Seen) -> Vec<Step> {
    let known = visit.form.typed(SEEN_FIELD);
    if known.is_empty() || known == seen.tag {
        return vec![];
    }
    let all = steps::of(visit, &seen.view, &[]);
    all.into_iter().take(3).collect()
}

/// Returns the body of an action for the API.
pub(super) fn request(form: &Form, action: ActionName) -> Value {
    let ours = [
        CSRF_FIELD,
        KEY_FIELD,
        SEEN_FIELD,
        DRAFT_FIELD,
        REPLY_FIELD,
        "sure",
    ];
    let fields = form
        .0
        .iter()
        .filter(|(name, _)| !ours.contains(&name.as_str()));
    let said = fields.filter(|(_, value)| !value.trim().is_empty());
    let said = said.map(|(name, value)| {
        let value = value.trim();
        let value = match name.as_str() {
            "passed" => json!(value == "true"),
            "officer" => value
                .parse::<u64>()
                .map_or_else(|_| json!(value), |number| json!(number)),
            _ => json!(value),
        };
        (name.clone(), value)
    });
    let mut body: Map<String, Value> = said.collect();
    body.insert("act".to_owned(), json!(action.code()));
    Value::Object(body)
}

fn sure(visit: &Visit, action: ActionName, warning: &'static str, photos: usize) -> Answer {
    let (w, id) = (visit.w, visit.param("id"));
    let fields = visit
        .form
        .0
        .iter()
        .filter(|(name, _)| ![KEY_FIELD, CSRF_FIELD, REPLY_FIELD].contains(&name.as_str()));
    let told = [
        (w.desk_outcome(), "outcome"),
        (w.desk_reason(), "reason"),
        (w.desk_publicity(), "publicity"),
        (w.desk_merge_into(), "into"),
        (w.desk_join_bundle(), "bundle"),
        (w.desk_note(), "note"),
    ];
    let shown = |code: &str| {
        let ending = Ending::of_code(code).map(|term| w.short(term));
        let reason = Reason::of_code(code).map(|term| w.short(term));
        let publicity = api::Publicity::of_code(code).map(|term| w.short(term));
        ending
            .or(reason)
            .or(publicity)
            .unwrap_or_else(|| code.to_owned())
    };
    let rows = told
        .iter()
        .filter_map(|(label, name)| Some((*label, shown(visit.form.get(name)?))));
    let mut rows: Vec<_> = rows.collect();
    if photos > 0 {
        rows.push((w.desk_evidence(), w.files_kept(photos)));
    }
    visit.show(&SurePage {
        frame: Frame::desk(visit, w.short(action)),
        w,
        id: id.to_owned(),
        path: format!("/desk/m/{id}/act/{}", action.code()),
        label: w.short(action),
        warning,
        rows,
        fields: fields.cloned().collect(),
        key: frame::key(),
    })
}

/// Shows the form of a request to the holder.
pub(crate) async fn ask_form(visit: Arc<Visit>) -> Answer {
    let kind = asked(&visit)?;
    let seen = seen(&visit, visit.param("id")).await?;
    if !seen.offers.requests.contains(&kind) {
        return Err(*Rejection::denied((
            "this cannot be asked for now; go back to the matter",
            "现在不能提这个请求；请回到事项",
        ))
        .0);
    }
    let act = ActForm::of_request(&visit, &seen, kind);
    page(&visit, seen, act, None, vec![])
}

/// Sends a request to the holder.
pub(crate) async fn ask(visit: Arc<Visit>) -> Answer {
    let (id, kind) = (visit.param("id"), asked(&visit)?);
    if visit.form.get(FILL_FIELD).is_some() {
        let seen = seen(&visit, id).await?;
        let act = ActForm::of_request(&visit, &seen, kind);
        return page(&visit, seen, act, None, vec![]);
    }
    let mut body = json!({ "request": kind.code() });
    for name in ["note", "satisfaction"] {
        if let Some(value) = visit.form.get(name) {
            body[name] = json!(value);
        }
    }
    if kind == RequestKindName::Remark {
        body["audience"] = json!(api::Audience::Offices.code());
    }
    let path = visit.api(&format!("matters/{id}/requests"))?;
    match visit.calls.ask(Method::POST, &path, &body).await {
        Ok(_) => done(id, kind.code()),
        Err(problem) if retry(&problem) => {
            let seen = seen(&visit, id).await?;
            let act = ActForm::of_request(&visit, &seen, kind);
            page(&visit, seen, act, Some(problem), vec![])
        }
        Err(problem) => Err(problem),
    }
}

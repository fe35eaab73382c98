//! The inbox: matters by clock, filtered by what is in the address, and lists that a person saved.

mod filter;

use std::sync::Arc;

use api::{MatterPage, Named, SavedListViews, problem::Problem};
use askama::Template;
use axum::body::Body;
use domain::people::Permission;
use http::{HeaderName, Method};
use serde_json::json;
use web::idempotency::IDEMPOTENCY_KEY;

use self::filter::{Choices, Filter, TABS};
use super::{Choice, bulk, categories, clock::State};
use crate::{
    answer::{Answer, lead_to},
    form::{Form, odd},
    frame::{Frame, Link},
    visit::Visit,
    when::When,
    words::Words,
};

/// What is noted twice is noted once by itself.
const IDEMPOTENCY: HeaderName = HeaderName::from_static(IDEMPOTENCY_KEY);
/// Matters on a page.
pub(super) const PAGE: usize = 50;

#[derive(Template)]
#[template(path = "desk/inbox.html")]
struct InboxPage<'a> {
    frame: Frame,
    w: Words,
    problem: Option<Problem>,
    as_of: When,
    tab: &'static str,
    tabs: Vec<Link>,
    /// Lists that the person saved.
    saved: Vec<Saved>,
    /// The filter of this page, as a query, to save it.
    here: String,
    may_save: bool,
    /// Filters in force, each with the address of the list without it.
    badges: Vec<Link>,
    typed: &'a Form,
    categories: Vec<Choice>,
    choices: Choices,
    rows: Vec<Row>,
    /// Acts that may be done on several matters at once.
    acts: Vec<Choice>,
    /// The most urgent matter.
    first: Option<String>,
    next: Option<String>,
    is_first: bool,
    may_report: bool,
    /// Number of rows that the person has not seen.
    unread: usize,
    /// These rows, each with the last step that it shows.
    unread_rows: String,
    sees_disclosures: bool,
    may_write_replies: bool,
    sees_templates: bool,
    moderates_boards: bool,
    sees_households: bool,
}

/// A list that the person saved.
struct Saved {
    name: String,
    href: String,
}

struct Row {
    id: String,
    state: State,
    category: String,
    priority: Option<String>,
    origin: String,
    status: String,
    holder: String,
    last: When,
    /// The last step that the row shows, to mark it as seen.
    as_of_ms: i64,
    /// How the row is marked, if the person has not seen its last step.
    unread: Option<String>,
}

/// Shows the inbox.
pub(crate) async fn show(visit: Arc<Visit>) -> Answer {
    page(&visit, &visit.query, None).await
}

/// Whoever sends matters to others begins with all in hand, others with their own.
fn usual(visit: &Visit) -> &'static str {
    match visit.may(Permission::Accept) {
        true => "hand",
        false => "mine",
    }
}

async fn page(visit: &Visit, query: &Form, problem: Option<Problem>) -> Answer {
    let w = visit.w;
    let filter = Filter::of(visit, query, usual(visit));
    let tab = filter.tab;
    let after = query.get("after");
    let page = list(visit, &filter, after).await?;
    let kept = query.query_without(&["after", "tab"]);
    let here = format!("tab={tab}&{kept}");
    let next = page.facts.next.as_ref();
    let next = next.map(|next| format!("/desk?{here}&after={}", odd(next)));
    let rows = rows(visit, page);
    let saved = saved(visit).await?;
    let (frame, status) = Frame::desk(visit, w.desk_title()).after(problem.as_ref());
    visit.page(
        status,
        &InboxPage {
            frame: frame.live(visit, None),
            w,
            problem,
            as_of: visit.when(visit.now_ms()),
            tab,
            tabs: tabs(w, tab),
            saved,
            here,
            may_save: visit.is_signed_in(),
            badges: Filter::badges(visit, query),
            typed: query,
            categories: categories(visit, query.typed("category")).await?,
            choices: Choices::of(visit, query),
            acts: bulk::acts(visit),
            unread: rows.iter().filter(|row| row.unread.is_some()).count(),
            unread_rows: unread(&rows),
            first: rows.first().map(|row| row.id.clone()),
            rows,
            next,
            is_first: after.is_none(),
            may_report: visit.may(Permission::ReportForAnother),
            sees_disclosures: visit.may(Permission::ViewDisclosures),
            sees_templates: visit.may(Permission::ViewTemplates),
            may_write_replies: visit.may(Permission::ManageReplyTexts),
            moderates_boards: visit.may(Permission::ModerateBoard),
            sees_households: visit.may(Permission::ViewHouseholds),
        },
    )
}

fn tabs(w: Words, current: &str) -> Vec<Link> {
    let link = |(name, label, _): &(&str, crate::words::Label, &[(&str, &str)])| Link {
        href: format!("/desk?tab={name}"),
        label: label(w).to_owned(),
        current: *name == current,
    };
    TABS.iter().map(link).collect()
}

async fn list(
    visit: &Visit,
    filter: &Filter,
    after: Option<&str>,
) -> Result<Named<MatterPage>, Problem> {
    let mut path = format!("{}?limit={PAGE}{}", visit.api("matters")?, filter.query());
    if let Some(after) = after {
        path += &format!("&after={}", odd(after));
    }
    visit.calls.get(&path).await
}

async fn saved(visit: &Visit) -> Result<Vec<Saved>, Problem> {
    if !visit.is_signed_in() {
        return Ok(vec![]);
    }
    let known: SavedListViews = visit.calls.get(&visit.api("saved-lists")?).await?;
    let saved = known.lists.into_iter().map(|list| Saved {
        href: Filter::address_of(&list.filter),
        name: list.name,
    });
    Ok(saved.collect())
}

/// Saves the filter of the page by name, or removes a list that was saved.
pub(crate) async fn save(visit: Arc<Visit>) -> Answer {
    let path = visit.api("saved-lists")?;
    if let Some(name) = visit.form.get("remove") {
        let path = format!("{path}/{}", odd(name));
        let gone = visit.calls.send(Method::DELETE, &path, Body::empty()).await;
        // Sent twice, it is gone already.
        return match gone {
            Err(problem) if problem.status != 404 => Err(problem),
            _ => lead_to("/desk"),
        };
    }
    let here = visit.form.typed("here").to_owned();
    let query = Form::read(&here);
    let filter = Filter::of(&visit, &query, usual(&visit)).to_save();
    let request = json!({ "name": visit.form.typed("name"), "filter": filter });
    match visit.calls.ask(Method::POST, &path, &request).await {
        Ok(_) => lead_to(&format!("/desk?{here}")),
        Err(problem) if matches!(problem.status, 400 | 409 | 422) => {
            page(&visit, &query, Some(problem)).await
        }
        Err(problem) => Err(problem),
    }
}

/// Returns the rows that the person has not seen, for the form that marks them: one field, because a page of fifty
/// rows is small.
fn unread(rows: &[Row]) -> String {
    let unread = rows.iter().filter(|row| row.unread.is_some());
    let unread = unread.map(|row| format!("{}.{}", row.id, row.as_of_ms));
    unread.collect::<Vec<_>>().join(" ")
}

/// Marks the rows of a page as seen, as they were shown: what happened since stays marked.
pub(crate) async fn note_seen(visit: Arc<Visit>) -> Answer {
    let shown = visit.form.typed("rows").split(' ').take(PAGE);
    let shown = shown.filter_map(|row| {
        let (id, as_of_ms) = row.rsplit_once('.')?;
        Some(api::SeenMatter {
            id: id.to_owned(),
            as_of_ms: as_of_ms.parse().ok()?,
        })
    });
    let request = api::SeenRequest {
        matters: shown.collect(),
    };
    let calls = visit.with_form_headers().without(&IDEMPOTENCY);
    calls
        .ask(Method::PUT, &visit.api("session/seen")?, &request)
        .await?;
    lead_to(&format!("/desk?{}", visit.form.typed("here")))
}

fn rows(visit: &Visit, page: Named<MatterPage>) -> Vec<Row> {
    let (w, now) = (visit.w, visit.now_ms());
    let row = |line: api::MatterLine| Row {
        state: State::of_line(
            w,
            line.due_ms,
            matches!(line.status, api::MatterStatus::Closed(_)),
            now,
        ),
        category: w.category(&line.category, line.category_name.as_deref()),
        priority: (line.priority != api::Priority::default()).then(|| w.short(line.priority)),
        origin: visit.name_of(line.origin),
        status: w.short(line.status.name()),
        holder: visit.name_of(line.holder),
        last: visit.when(line.as_of_ms),
        as_of_ms: line.as_of_ms,
        unread: line.unread.map(|unread| w.short(unread)),
        id: line.id,
    };
    page.facts.matters.into_iter().map(row).collect()
}

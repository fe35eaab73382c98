//! One matter on one page: what was reported, how it stands, the way it went, and what comes next.

use std::sync::Arc;

use api::{
    ActionName, FileLine, FileLines, MatterStatus, MatterView, Named, Offers, ReplyTextView,
    StandingView, problem::Problem,
};
use askama::Template;
use axum::body::Body;
use domain::{people::Permission, request::RequestKindName};
use http::{Method, header};

use super::{
    Choice,
    act::ActForm,
    alike::{self, Pair},
    categories,
    clock::State,
    contact::ContactPart,
    dispute::Dispute,
    replies,
    steps::{self, Photo, Step},
};
use crate::{
    answer::Answer,
    data_fields::said,
    frame::{Frame, Link},
    policy::rule,
    visit::Visit,
    when::When,
    words::Words,
};

/// A matter as a page needs it.
pub(super) struct Seen {
    pub(super) view: MatterView,
    /// The version that was shown, for `If-Match`.
    pub(super) tag: String,
    pub(super) offers: Offers,
    /// The categories in which this division takes reports.
    pub(super) categories: Vec<Choice>,
    /// The texts for frequent replies that are offered to the person.
    pub(super) replies: Vec<ReplyTextView>,
}

/// Asks the node for a matter and what may be done with it.
pub(super) async fn seen(visit: &Visit, id: &str) -> Result<Seen, Problem> {
    asked(visit, id, "").await
}

async fn asked(visit: &Visit, id: &str, query: &str) -> Result<Seen, Problem> {
    let path = visit.api(&format!("matters/{id}"))?;
    let whole = format!("{path}{query}");
    let reply = visit.calls.send(Method::GET, &whole, Body::empty()).await?;
    let tag = reply
        .headers
        .get(header::ETAG)
        .and_then(|tag| tag.to_str().ok());
    let view: Named<MatterView> = reply.read()?;
    let offers = visit.calls.get(&format!("{path}/offers")).await?;
    Ok(Seen {
        tag: tag.unwrap_or_default().to_owned(),
        view: view.facts,
        offers,
        categories: categories(visit, "").await?,
        replies: replies::offered(visit).await?,
    })
}

#[derive(Template)]
#[template(path = "desk/matter.html")]
struct MatterPageView {
    frame: Frame,
    w: Words,
    id: String,
    category: String,
    state: State,
    status: String,
    /// What was done just now.
    done: Option<String>,
    is_held: bool,
    holder: String,
    transit: Option<String>,
    as_of: When,
    /// How old the data may be, if another division holds the matter.
    age: Option<(String, When)>,
    primary: Option<ActForm>,
    others: Vec<Link>,
    may_open_parts: bool,
    may_check_materials: bool,
    requests: Vec<Link>,
    text: Option<String>,
    facts: Vec<(String, String)>,
    /// Data beside the report, by the standard.
    data: Vec<(String, String)>,
    contact: Option<ContactPart>,
    photos: Vec<Photo>,
    clocks: Vec<Clock>,
    steps: Vec<Step>,
    bundle: Vec<(String, String)>,
    alike: Vec<Pair>,
    dispute: Option<Dispute>,
    waiting: Vec<(String, String)>,
    problem: Option<Problem>,
}

struct Clock {
    stage: String,
    state: State,
    due: When,
    rule: String,
    is_provisional: bool,
}

/// What a page shows of a matter beside how it stands.
#[derive(Default)]
pub(super) struct Besides {
    /// The contact of the reporter, if it was opened just now.
    pub(super) opened: Option<api::Contact>,
    /// Why something was not done.
    pub(super) problem: Option<Problem>,
}

/// Shows a matter.
pub(crate) async fn show(visit: Arc<Visit>) -> Answer {
    shown(&visit, Besides::default()).await
}

/// Returns the files of a matter that the person may see.
pub(super) async fn files(visit: &Visit, id: &str) -> Result<Vec<FileLine>, Problem> {
    let path = visit.api(&format!("matters/{id}/attachments"))?;
    let files: Named<FileLines> = visit.calls.get(&path).await?;
    Ok(files.facts.files)
}

/// Answers with the page of the matter in the path.
pub(super) async fn shown(visit: &Visit, besides: Besides) -> Answer {
    let (w, id) = (visit.w, visit.param("id"));
    // The list marks it no longer, until something happens.
    let seen = asked(visit, id, "?seen=true").await?;
    let next = seen.offers.next;
    let primary = next.map(|next| ActForm::of(visit, &seen, next, None));
    let Seen { view, offers, .. } = seen;
    let files = files(visit, id).await?;
    let is_held = view.standing == StandingView::Holding;
    let alike = match is_held && offers.actions.contains(&ActionName::Merge) {
        true => alike::of(visit, &view).await?,
        false => vec![],
    };
    let now = visit.now_ms();
    let category = w.category(&view.category, view.category_name.as_deref());
    let open = view.clocks.iter().filter(|clock| is_open(clock));
    let first = open
        .min_by_key(|clock| clock.due_ms)
        .map(|clock| clock.due_ms);
    let frame = Frame::desk(visit, format!("{category} {id}"));
    let frame = frame.live(visit, Some(&view.id));
    let (frame, status_code) = frame.after(besides.problem.as_ref());
    visit.page(
        status_code,
        &MatterPageView {
            frame,
            w,
            problem: besides.problem,
            state: State::of_line(w, first, is_closed(view.status), now),
            status: status(w, view.status),
            done: done(visit),
            is_held,
            holder: visit.name_of(view.holder),
            transit: view.transit.map(|to| visit.name_of(to)),
            as_of: visit.when(now),
            age: view
                .known
                .and_then(|known| known.age_ms())
                .filter(|_| !is_held)
                .map(|age| (crate::when::length(age, w.0), visit.when(now - age))),
            may_open_parts: offers.parts,
            may_check_materials: is_held
                && crate::villagers::is_service(&view.category)
                && visit.may(Permission::CommentToReporter),
            others: links(w, id, &offers),
            requests: requests(w, id, &offers, is_held),
            primary,
            text: steps::text(w, &view.body),
            facts: facts(visit, &view),
            data: data(w, &view),
            contact: ContactPart::of(visit, &view, besides.opened.as_ref()),
            photos: steps::photos(visit, id, &files, 0),
            clocks: view
                .clocks
                .iter()
                .map(|clock| shown_clock(visit, clock, now))
                .collect(),
            steps: steps::of(visit, &view, &files),
            bundle: bundle(w, &view),
            dispute: Dispute::of(visit, &view, now),
            alike,
            waiting: waiting(w, &view),
            category,
            id: view.id,
        },
    )
}

/// Tells what was done just now, as the address says.
fn done(visit: &Visit) -> Option<String> {
    let (w, code) = (visit.w, visit.query.get("done")?);
    let action = <ActionName as topology::Term>::of_code(code).map(|action| w.short(action));
    action.or_else(|| <RequestKindName as topology::Term>::of_code(code).map(|kind| w.short(kind)))
}

const fn is_open(clock: &api::ClockView) -> bool {
    matches!(
        clock.stands,
        api::Stands::Running | api::Stands::DueSoon | api::Stands::Overdue
    )
}

fn shown_clock(visit: &Visit, clock: &api::ClockView, now: i64) -> Clock {
    Clock {
        stage: visit.w.short(clock.stage),
        state: State::of_clock(visit.w, clock, now),
        due: visit.when(clock.due_ms),
        rule: rule(visit.w, |issuer| visit.name_of(issuer), &clock.rule),
        is_provisional: clock.provisional,
    }
}

/// Tells the status of a matter, and of a closed one how it ended.
pub(super) fn status(w: Words, status: MatterStatus) -> String {
    let name = w.short(status.name());
    match status {
        MatterStatus::Closed(outcome) => w.desk_act_with(name, steps::ended(w, outcome)),
        _ => name.to_owned(),
    }
}

fn links(w: Words, id: &str, offers: &Offers) -> Vec<Link> {
    let others = offers
        .actions
        .iter()
        .filter(|action| Some(**action) != offers.next);
    others.map(|action| link(w, id, "act", *action)).collect()
}

/// Returns the requests to the holder. The holder itself comments by an act.
fn requests(w: Words, id: &str, offers: &Offers, is_held: bool) -> Vec<Link> {
    let kinds = offers.requests.iter();
    let kinds = kinds.filter(|kind| !is_held || **kind != RequestKindName::Remark);
    kinds.map(|kind| link(w, id, "ask", *kind)).collect()
}

fn link<T: topology::Term>(w: Words, id: &str, kind: &str, term: T) -> Link {
    Link {
        href: format!("/desk/m/{id}/{kind}/{}", term.code()),
        label: w.short(term),
        current: false,
    }
}

fn facts(visit: &Visit, view: &MatterView) -> Vec<(String, String)> {
    let w = visit.w;
    let mut rows = vec![
        (w.desk_origin(), visit.name_of(view.origin)),
        (w.desk_responsible(), visit.name_of(view.responsible)),
        (w.desk_channel(), w.short(view.channel)),
        (w.desk_platform(), w.short(view.platform)),
        (w.desk_priority(), w.short(view.priority)),
        (w.desk_visibility(), w.short(view.visibility)),
    ];
    if let Some(point) = view.place {
        rows.push((
            w.desk_place(),
            format!("{:.5}, {:.5}", point.latitude, point.longitude),
        ));
    }
    if let Some(target) = view.dispatched {
        let department = target.department.map(|department| format!(" {department}"));
        let officer = target
            .officer
            .map(|officer| format!(" {}", w.desk_officer(officer)));
        let more = [department, officer]
            .into_iter()
            .flatten()
            .collect::<String>();
        rows.push((
            w.desk_dispatched(),
            format!("{}{more}", w.short(target.platform)),
        ));
    }
    if let Some(bundle) = &view.part_of {
        rows.push((w.desk_part_of(), bundle.clone()));
    }
    let rows = rows.into_iter();
    rows.map(|(label, value)| (label.to_owned(), value))
        .collect()
}

/// Returns the data beside the report, as people read them.
pub(crate) fn data(w: Words, view: &MatterView) -> Vec<(String, String)> {
    let row = |one: &api::DataView| {
        let name = said(w, &one.name);
        let name = match one.personal {
            true => w.desk_data_personal(name),
            false => name,
        };
        (name, said(w, &one.shown))
    };
    view.data.iter().map(row).collect()
}

fn bundle(w: Words, view: &MatterView) -> Vec<(String, String)> {
    let part = |part: &api::PartView| {
        let ended = part.ended.map(|outcome| steps::ended(w, outcome));
        (
            part.id.clone(),
            ended.unwrap_or_else(|| w.desk_part_open().to_owned()),
        )
    };
    view.parts.iter().map(part).collect()
}

fn waiting(w: Words, view: &MatterView) -> Vec<(String, String)> {
    use domain::request::Reply as R;
    let request = |request: &api::RequestView| {
        let told = match request.reply {
            None => w.desk_asked_waits(),
            Some(R::Granted) => w.desk_asked_done(),
            Some(_) => w.desk_asked_refused(),
        };
        (w.short(request.kind.name()), told.to_owned())
    };
    view.requests.iter().map(request).collect()
}

const fn is_closed(status: MatterStatus) -> bool {
    matches!(status, MatterStatus::Closed(_))
}

//! Work on disclosures: what has to be made public, and one that is written, agreed to and published.

pub(super) mod files;
mod form;
pub(super) mod sheet;

use std::sync::Arc;

use api::{
    BeginDisclosure, DisclosureLine, DisclosureRemark, DisclosureWork, Disclosures, Duties,
    DutyLine, WriteDisclosure, problem::Problem,
};
use askama::Template;
use domain::{
    disclosure::{DisclosureAct, DutyState, MOST_ATTACHED},
    people::Permission,
};
use http::{Method, StatusCode};
use topology::Term;
use web::calls::Reply;

use self::form::FormShown;
use crate::{
    answer::{Answer, lead_to},
    disclosures::{named, period},
    form::odd,
    frame::Frame,
    villagers::draft::Draft,
    visit::Visit,
    when::When,
    words::Words,
};

/// Something that has to be made public.
struct Duty {
    item: String,
    /// Name of the item as the template has it.
    name: String,
    /// A day of its period.
    day: String,
    period: String,
    by: When,
    state: String,
    is_overdue: bool,
    stage: Option<String>,
    href: Option<String>,
    may_begin: bool,
    /// Where the empty form is.
    blank: String,
    /// The last one of the item that was published.
    like: Option<String>,
}

/// A disclosure that is being worked on.
struct InWork {
    href: String,
    item: String,
    period: String,
    stage: String,
}

/// An item that is made public each time something happens.
struct Event {
    name: String,
    label: String,
}

#[derive(Template)]
#[template(path = "desk/disclosures.html")]
struct ListPage<'a> {
    frame: Frame,
    w: Words,
    as_of: When,
    problem: Option<Problem>,
    duties: Vec<Duty>,
    events: Vec<Event>,
    works: Vec<InWork>,
    may_write: bool,
    day: &'a str,
    title: &'a str,
}

/// Lists what has to be made public, and what is being worked on.
pub(super) async fn list(visit: Arc<Visit>) -> Answer {
    listed(&visit, None).await
}

async fn listed(visit: &Visit, problem: Option<Problem>) -> Answer {
    let w = visit.w;
    let works: Disclosures = visit.calls.get(&visit.api("disclosure-work")?).await?;
    let duties: Duties = visit.calls.get(&visit.api("disclosures/due")?).await?;
    let may_write = visit.may(Permission::WriteDisclosure);
    let published: Disclosures = visit.calls.get(&visit.api("disclosures")?).await?;
    // What is overdue comes first, then what is due, then what may be prepared.
    let open = |state: DutyState| !matches!(state, DutyState::OnTime | DutyState::Late);
    let mut lines: Vec<&DutyLine> = duties
        .duties
        .iter()
        .filter(|duty| open(duty.state))
        .collect();
    lines.sort_by_key(|duty| duty.due_ms);
    let (frame, status) = Frame::desk(visit, w.open_desk()).after(problem.as_ref());
    let event = |one: &api::DemandedEvent| Event {
        label: w.open_desk_within(
            named(w, &one.item, one.english.as_deref()),
            within(w, &one.within),
        ),
        name: one.item.clone(),
    };
    visit.page(
        status,
        &ListPage {
            frame,
            w,
            as_of: visit.when(duties.as_of_ms),
            problem,
            duties: lines
                .into_iter()
                .map(|duty| shown(visit, duty, may_write, &published))
                .collect(),
            events: duties.events.iter().map(event).collect(),
            works: works
                .disclosures
                .iter()
                .map(|line| in_work(w, line))
                .collect(),
            may_write,
            day: visit.form.typed("day"),
            title: visit.form.typed("title"),
        },
    )
}

fn within(w: Words, text: &str) -> String {
    use domain::calendar::Allowance as A;
    match text.parse() {
        Ok(A::WorkingDays(n)) => w.policy_working_days(n),
        Ok(A::WorkingHours(n)) => w.policy_working_hours(n),
        Ok(A::Days(n)) => w.policy_days(n),
        Ok(A::Hours(n)) => w.policy_hours(n),
        Err(_) => text.to_owned(),
    }
}

fn shown(visit: &Visit, duty: &DutyLine, may_write: bool, published: &Disclosures) -> Duty {
    let w = visit.w;
    Duty {
        item: named(w, &duty.item, duty.english.as_deref()),
        name: duty.item.clone(),
        day: duty.from.clone(),
        period: period((&duty.from, &duty.to, &duty.title)),
        by: visit.when(duty.due_ms),
        state: w.term(duty.state).to_owned(),
        is_overdue: duty.state == DutyState::Overdue,
        stage: duty.stage.map(|stage| w.short(stage)),
        href: duty
            .number
            .as_ref()
            .map(|number| format!("/desk/disclosures/{number}")),
        may_begin: may_write && duty.number.is_none(),
        blank: format!(
            "/desk/disclosures/form.xlsx?item={}&day={}",
            odd(&duty.item),
            odd(&duty.from)
        ),
        like: published
            .disclosures
            .iter()
            .find(|line| line.item == duty.item && !line.withdrawn)
            .map(|line| line.number.clone()),
    }
}

fn in_work(w: Words, line: &DisclosureLine) -> InWork {
    InWork {
        href: format!("/desk/disclosures/{}", line.number),
        item: named(w, &line.item, line.english.as_deref()),
        period: period((&line.from, &line.to, &line.title)),
        stage: line.stage.map(|stage| w.short(stage)).unwrap_or_default(),
    }
}

/// Begins a disclosure.
pub(super) async fn begin(visit: Arc<Visit>) -> Answer {
    let form = &visit.form;
    let request = BeginDisclosure {
        item: form.typed("item").to_owned(),
        day: form.get("day").unwrap_or_default().to_owned(),
        title: form.get("title").map(str::to_owned),
        like: form.get("like").map(str::to_owned),
    };
    let begun = visit
        .calls
        .ask(Method::POST, &visit.api("disclosure-work")?, &request)
        .await;
    match begun {
        Ok(reply) => {
            let work: DisclosureWork = reply.read()?;
            lead_to(&format!("/desk/disclosures/{}", work.line.number))
        }
        Err(problem) if matches!(problem.status, 409 | 422) => listed(&visit, Some(problem)).await,
        Err(problem) => Err(problem),
    }
}

/// A step in words.
struct StepRow {
    at: When,
    act: String,
    by: String,
    note: String,
}

/// An act that the page offers.
struct Offer {
    code: &'static str,
    label: String,
    is_primary: bool,
}

#[derive(Template)]
#[template(path = "desk/disclosure.html")]
struct OnePage {
    frame: Frame,
    w: Words,
    problem: Option<Problem>,
    number: String,
    period: String,
    due: When,
    stage: Option<String>,
    version: u32,
    source: Option<String>,
    reason: Option<String>,
    may_write: bool,
    form: Option<FormShown>,
    faults: Vec<(String, String)>,
    doubts: Vec<String>,
    files: Vec<files::Row>,
    /// The key of the draft that takes a file on its way.
    draft: String,
    most_files: usize,
    /// Whether whoever reviews it has to say that files were looked through.
    asks_look: bool,
    despite: String,
    note: String,
    steps: Vec<StepRow>,
    offers: Vec<Offer>,
    needs_remark: bool,
    /// An act that is asked about once more, with the question.
    sure: Option<(&'static str, &'static str)>,
    is_public: bool,
}

/// Shows one disclosure with the work on it.
pub(super) async fn one(visit: Arc<Visit>) -> Answer {
    let work = read(&visit).await?;
    show(&visit, &work, None, None)
}

async fn read(visit: &Visit) -> Result<DisclosureWork, Problem> {
    visit.calls.get(&visit.api(&path(visit, ""))?).await
}

fn path(visit: &Visit, rest: &str) -> String {
    format!("disclosure-work/{}{rest}", odd(visit.param("number")))
}

/// Returns why doubts are set aside: as it was typed if that was refused, else as it is kept.
fn despite(work: &DisclosureWork, refused: Option<&crate::form::Form>) -> String {
    match refused {
        Some(typed) => typed.typed("despite").to_owned(),
        None => work.despite.clone().unwrap_or_default(),
    }
}

/// Returns the steps of the work, the newest first.
fn steps(visit: &Visit, work: &DisclosureWork) -> Vec<StepRow> {
    let w = visit.w;
    let step = |step: &api::DisclosureStep| StepRow {
        at: visit.when(step.at_ms),
        act: w.short(step.act),
        by: match (&step.name, step.account) {
            (Some(name), _) => name.clone(),
            (None, Some(account)) => w.open_desk_by_account(account),
            (None, None) => w.open_desk_by_owner().to_owned(),
        },
        note: step.note.clone(),
    };
    work.steps.iter().rev().map(step).collect()
}

/// Returns what may be done but writing. The first is the primary act of a page without a form.
fn offers(w: Words, work: &DisclosureWork) -> Vec<Offer> {
    let may_write = work.offers.contains(&DisclosureAct::Write);
    let acts = work.offers.iter();
    let acts = acts.filter(|act| **act != DisclosureAct::Write);
    let offer = |(at, act): (usize, &DisclosureAct)| Offer {
        code: act.code(),
        label: w.short(*act),
        is_primary: at == 0 && !may_write,
    };
    acts.enumerate().map(offer).collect()
}

/// Returns what is asked before an act that cannot be taken back.
const fn question(w: Words, act: DisclosureAct) -> &'static str {
    match act {
        DisclosureAct::Publish => w.open_desk_sure_publish(),
        DisclosureAct::Withdraw => w.open_desk_sure_withdraw(),
        _ => w.open_desk_sure_drop(),
    }
}

fn show(
    visit: &Visit,
    work: &DisclosureWork,
    problem: Option<Problem>,
    sure: Option<DisclosureAct>,
) -> Answer {
    use DisclosureAct as A;
    let w = visit.w;
    let line = &work.line;
    // A form with buttons alone has nothing typed that could be shown again.
    let typed = (visit.method == Method::POST).then_some(&visit.form);
    let typed = typed.filter(|form| form::is_there(form));
    let may_write = work.offers.contains(&A::Write);
    let content = work.content.as_ref();
    let title = named(w, &line.item, line.english.as_deref());
    let (frame, status) = Frame::desk(visit, title).after(problem.as_ref());
    visit.page(
        status,
        &OnePage {
            frame,
            w,
            number: line.number.clone(),
            period: period((&line.from, &line.to, &line.title)),
            due: visit.when(line.due_ms),
            stage: line.stage.map(|stage| w.short(stage)),
            version: work.version,
            source: work.form.source.clone(),
            reason: work.reason.clone(),
            may_write,
            form: content.map(|content| {
                let more = visit.query.get("rows").and_then(|text| text.parse().ok());
                let more: usize = more.unwrap_or_default();
                let typed = typed.filter(|_| problem.is_some() || sure.is_some());
                FormShown::of(work, content, (typed, more.min(100)))
            }),
            faults: work
                .faults
                .iter()
                .map(|fault| form::told(w, work, fault))
                .collect(),
            doubts: work
                .doubts
                .iter()
                .map(|doubt| form::doubted(w, doubt))
                .collect(),
            files: work
                .attachments
                .iter()
                .map(|one| files::row(w, &line.number, one))
                .collect(),
            draft: Draft::fresh().key,
            most_files: MOST_ATTACHED,
            asks_look: work.offers.contains(&A::Review)
                && work.attachments.iter().any(|one| one.opaque),
            despite: despite(work, typed.filter(|_| problem.is_some())),
            note: visit.form.typed("note").to_owned(),
            steps: steps(visit, work),
            offers: offers(w, work),
            needs_remark: work
                .offers
                .iter()
                .any(|act| !matches!(act, A::Write | A::Submit | A::Drop)),
            sure: sure.map(|act| (act.code(), question(w, act))),
            is_public: line.editions > 0,
            problem,
        },
    )
}

/// Does what the pressed button says.
pub(super) async fn act(visit: Arc<Visit>) -> Answer {
    use DisclosureAct as A;
    let go = visit.form.get("go").unwrap_or("save").to_owned();
    let mut version = visit
        .form
        .get("version")
        .and_then(|text| text.parse::<u32>().ok());
    let work = read(&visit).await?;
    let act = A::of_code(&go);
    if let Some(act @ (A::Publish | A::Withdraw | A::Drop)) = act
        && visit.form.get("sure").is_none()
    {
        return show(&visit, &work, None, Some(act));
    }
    // What is typed is kept first, whatever the button.
    // Where somebody else sent it on meanwhile, that is said, beside what was typed.
    if matches!(act, None | Some(A::Write | A::Submit)) {
        let more = if go == "rows" { 5 } else { 0 };
        let request = WriteDisclosure {
            content: form::typed(&work, &visit.form),
            despite: visit.form.get("despite").map(str::to_owned),
            version,
        };
        let kept = visit
            .calls
            .ask(Method::PUT, &visit.api(&path(&visit, ""))?, &request)
            .await;
        let kept: DisclosureWork = match beside(kept) {
            Ok(reply) => reply?.read()?,
            Err(problem) => return show(&visit, &work, Some(problem), None),
        };
        version = Some(kept.version);
        if act != Some(A::Submit) {
            return lead_to(&format!(
                "/desk/disclosures/{}?rows={more}",
                kept.line.number
            ));
        }
    }
    let Some(act) = act.filter(|act| *act != A::Write) else {
        return lead_to(&format!("/desk/disclosures/{}", work.line.number));
    };
    let rest = match act {
        A::SendBack if is_supervisions(&work) => "/review/send-back".to_owned(),
        act => format!("/{}", act.code()),
    };
    let remark = DisclosureRemark {
        note: visit.form.typed("note").trim().to_owned(),
        version,
        files_looked_through: visit.form.get("looked").is_some(),
    };
    let done = visit
        .calls
        .ask(Method::POST, &visit.api(&path(&visit, &rest))?, &remark)
        .await;
    match beside(done) {
        Ok(reply) => match reply?.status {
            StatusCode::NO_CONTENT => lead_to("/desk/disclosures"),
            _ => lead_to(&format!("/desk/disclosures/{}", work.line.number)),
        },
        Err(problem) => {
            let now = read(&visit).await?;
            show(&visit, &now, Some(problem), None)
        }
    }
}

/// Whether sending it back is now the supervision committee's.
fn is_supervisions(work: &DisclosureWork) -> bool {
    use domain::disclosure::Stage as S;
    matches!(work.line.stage, Some(S::Supervision | S::Agreed))
}

/// Separates what is told beside the form from what has a page of its own.
fn beside(done: Result<Reply, Problem>) -> Result<Result<Reply, Problem>, Problem> {
    match done {
        Err(problem) if matches!(problem.status, 403 | 409 | 412 | 422) => Err(problem),
        done => Ok(done),
    }
}

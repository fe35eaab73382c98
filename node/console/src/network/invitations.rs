//! Invitations of divisions below: made and shown once, listed, withdrawn, and machines admitted.

use std::sync::Arc;

use api::{
    AdmitRequest, InvitationLine, Invitations, InviteRequest, Named, NewInvitationView,
    problem::Problem,
};
use askama::Template;
use axum::body::Body;
use domain::invitation::{InvitationText, StateName};
use http::Method;
use topology::DivisionCode;
use web::{calls::Reply, gate::SHOWN_ONCE};

use super::readmissions;
use crate::{
    answer::{Answer, lead_to},
    desk::Choice,
    form::{is_beside, odd},
    frame::Frame,
    villagers::qr::{self, Picture},
    visit::Visit,
    when::When,
    words::Words,
};

/// Path of the page.
pub(crate) const PATH: &str = "/network/invitations";

#[derive(Template)]
#[template(path = "invitations.html")]
struct InvitationsPage<'a> {
    frame: Frame,
    w: Words,
    /// The invitation that was made just now.
    made: Option<Made>,
    rows: Vec<Row>,
    back: Vec<readmissions::Row>,
    divisions: Vec<Choice>,
    replaces: Vec<Choice>,
    days: &'a str,
    address: &'a str,
    confirm: bool,
    problem: Option<Problem>,
}

/// An invitation that is shown once.
struct Made {
    name: String,
    until: When,
    text: String,
    number: String,
    picture: Option<Picture>,
}

struct Row {
    division: String,
    name: String,
    state: String,
    until: When,
    number: String,
    /// The machine that used it: its key, address and time.
    joiner: Option<(String, String, When)>,
    is_open: bool,
    waits: bool,
}

/// Shows the invitations, and the form for another one.
pub(crate) async fn show(visit: Arc<Visit>) -> Answer {
    page(&visit, None, None).await
}

async fn page(visit: &Visit, made: Option<Made>, problem: Option<Problem>) -> Answer {
    let (w, form) = (visit.w, &visit.form);
    let found: Named<Invitations> = visit.calls.get(&visit.api("invitations")?).await?;
    let back = readmissions::rows(visit).await?;
    let (me, tree) = (visit.division()?, &visit.state.tree);
    let chosen = form.get("division").unwrap_or_default();
    let children = tree.children(me).filter(|child| tree.has_node(*child));
    let choice = |child: DivisionCode| Choice {
        value: child.to_string(),
        label: visit.name_of(child),
        chosen: child.to_string() == chosen,
    };
    let reason = form.get("replaces").unwrap_or_default();
    let replaces = [
        ("", w.invitations_first()),
        ("lost", w.invitations_lost()),
        ("stolen", w.invitations_stolen()),
    ];
    let replaces = replaces.map(|(value, label)| Choice {
        value: value.to_owned(),
        label: label.to_owned(),
        chosen: value == reason,
    });
    let problem = problem.map(|problem| problem.in_language(visit.view.language));
    let (frame, status) = Frame::desk(visit, w.invitations()).after(problem.as_ref());
    let lines = found.facts.invitations.iter();
    visit.page(
        status,
        &InvitationsPage {
            frame,
            w,
            made,
            rows: lines.map(|line| row(visit, line)).collect(),
            back,
            divisions: children.map(choice).collect(),
            replaces: replaces.into(),
            days: form.get("days").unwrap_or("14"),
            address: form.typed("address"),
            confirm: form.get("confirm").is_some(),
            problem,
        },
    )
}

fn row(visit: &Visit, line: &InvitationLine) -> Row {
    let joiner = line.joiner.as_ref().map(|joiner| {
        let at = visit.when(joiner.at_ms);
        (joiner.key.clone(), joiner.from.clone(), at)
    });
    let waits = line.state == StateName::Waiting;
    Row {
        division: line.division.to_string(),
        name: visit.name_of(line.division),
        state: visit.w.short(line.state),
        until: visit.when(line.expires_ms),
        number: line.check_number.clone(),
        joiner,
        is_open: waits || matches!(line.state, StateName::Open | StateName::Admitted),
        waits,
    }
}

/// Makes an invitation and shows it once.
pub(crate) async fn invite(visit: Arc<Visit>) -> Answer {
    let form = &visit.form;
    let number = |name: &str| form.get(name).and_then(|typed| typed.parse::<u32>().ok());
    let Some(division) = form.get("division").and_then(|code| code.parse().ok()) else {
        let told = ("no division was chosen; choose one", "没有选择单位；请选择");
        let problem = *web::problem::Rejection::unfit(told).0;
        return page(&visit, None, Some(problem)).await;
    };
    let request = InviteRequest {
        division,
        hours: Some(number("days").unwrap_or_default().saturating_mul(24)),
        confirm: form.get("confirm").is_some(),
        replaces: match form.get("replaces") {
            Some("lost") => Some(domain::revocation::Reason::Lost),
            Some("stolen") => Some(domain::revocation::Reason::Stolen),
            _ => None,
        },
        addresses: form.get("address").map(str::to_owned).into_iter().collect(),
    };
    let path = visit.api("invitations")?;
    match beside(visit.calls.ask(Method::POST, &path, &request).await)? {
        Ok(reply) => {
            let made: Named<NewInvitationView> = reply.read()?;
            let made = (made.facts.text != SHOWN_ONCE).then(|| shown(&visit, &made.facts));
            page(&visit, made, None).await
        }
        Err(problem) => page(&visit, None, Some(problem)).await,
    }
}

fn shown(visit: &Visit, made: &NewInvitationView) -> Made {
    let line = &made.invitation;
    let read = InvitationText::read(&made.text);
    Made {
        name: visit.name_of(line.division),
        until: visit.when(line.expires_ms),
        text: read.map_or_else(|_| made.text.clone(), |read| read.in_groups()),
        number: line.check_number.clone(),
        picture: qr::draw(&made.text),
    }
}

/// Withdraws an invitation.
pub(crate) async fn withdraw(visit: Arc<Visit>) -> Answer {
    let path = visit.api(&format!("invitations/{}", odd(visit.param("division"))))?;
    let done = visit.calls.send(Method::DELETE, &path, Body::empty()).await;
    after(&visit, done).await
}

/// Admits the machine that waits.
pub(crate) async fn admit(visit: Arc<Visit>) -> Answer {
    let path = format!("invitations/{}/admission", odd(visit.param("division")));
    let request = AdmitRequest {
        number: visit.form.get("number").unwrap_or_default().to_owned(),
    };
    let path = visit.api(&path)?;
    let done = visit.calls.ask(Method::POST, &path, &request).await;
    after(&visit, done).await
}

pub(super) async fn after(visit: &Visit, done: Result<Reply, Problem>) -> Answer {
    match beside(done)? {
        Ok(_) => lead_to(PATH),
        Err(problem) => page(visit, None, Some(problem)).await,
    }
}

/// What somebody can do something about on this page is told beside the form.
fn beside(done: Result<Reply, Problem>) -> Result<Result<Reply, Problem>, Problem> {
    match done {
        Err(problem) if !is_beside(&problem) && problem.status != 404 => Err(problem),
        done => Ok(done),
    }
}

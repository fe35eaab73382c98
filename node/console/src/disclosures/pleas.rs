//! What villagers ask to be made public: the list, asking, supporting, and what officials say about it.

use std::sync::Arc;

use api::{
    CountResidents, DeclinePlea, Duties, HOUSEHOLD_SLIP, PleaView, Plead, Pleas, SupportPlea,
    problem::Problem,
};
use askama::Template;
use domain::{disclosure::DutyState, people::Permission, plea::PleaState};
use http::Method;
use web::{calls::Calls, problem::Rejection};

use super::{named, period};
use crate::{
    answer::{Answer, lead_to},
    form::{is_beside, odd},
    frame::Frame,
    points::own::plain,
    visit::Visit,
    when::When,
    words::Words,
};

/// A plea as people read it.
struct Row {
    href: String,
    number: u32,
    title: String,
    text: String,
    at: When,
    until: When,
    state: String,
    is_open: bool,
    is_owed: bool,
    support: String,
    disclosure: Option<String>,
    declined: Option<String>,
}

#[derive(Template)]
#[template(path = "disclosures/pleas.html")]
struct ListPage<'a> {
    frame: Frame,
    w: Words,
    as_of: When,
    problem: Option<Problem>,
    residents: Option<String>,
    rows: Vec<Row>,
    /// Items that are overdue, to be chosen: value and words.
    overdue: Vec<(String, String)>,
    who: Who<'a>,
    title: &'a str,
    text: &'a str,
    may_count: bool,
    count: &'a str,
    source: &'a str,
}

#[derive(Template)]
#[template(path = "disclosures/plea.html")]
struct OnePage<'a> {
    frame: Frame,
    w: Words,
    as_of: When,
    problem: Option<Problem>,
    plea: Row,
    who: Who<'a>,
    may_decline: bool,
    ground: &'a str,
}

/// Who asks or supports, as far as the page knows.
struct Who<'a> {
    /// Whether somebody is signed in, who needs no slip.
    is_signed_in: bool,
    household: &'a str,
}

impl<'a> Who<'a> {
    fn of(visit: &'a Visit) -> Self {
        Self {
            is_signed_in: visit.is_signed_in(),
            household: visit.form.typed("household"),
        }
    }
}

/// Returns the number of the household that was typed, and the way to ask as it.
fn asking(visit: &Visit) -> Result<(Option<u32>, Calls), Problem> {
    let slip = visit.form.typed("slip").trim();
    if slip.is_empty() {
        return Ok((None, visit.calls.clone()));
    }
    let number = visit.form.get("household");
    let number = number
        .and_then(|number| number.parse().ok())
        .ok_or_else(|| {
            let told = (
                "the number of the household is missing; it stands beside the code on its door",
                "没有写户号；户号在门牌上的二维码旁边",
            );
            Rejection::unfit(told).0.in_language(visit.view.language)
        })?;
    let calls = visit.calls.clone().with(HOUSEHOLD_SLIP, &plain(slip));
    Ok((Some(number), calls))
}

async fn all(visit: &Visit) -> Result<Pleas, Problem> {
    visit.calls.get(&visit.api("pleas")?).await
}

fn row(visit: &Visit, all: &Pleas, plea: &PleaView) -> Row {
    let w = visit.w;
    let needed = match (plea.residents, &all.residents) {
        (Some(then), _) => Some(then.div_ceil(10)),
        (None, now) => now.as_ref().map(|now| now.needed),
    };
    Row {
        href: format!("/pleas/{}", plea.number),
        number: plea.number,
        title: match plea.title.as_str() {
            "" => w.plea_erased().to_owned(),
            title => title.to_owned(),
        },
        text: plea.text.clone(),
        at: visit.when(plea.at_ms),
        until: visit.when(plea.until_ms),
        state: w.short(plea.state),
        is_open: plea.state == PleaState::Open,
        is_owed: plea.state == PleaState::Owed,
        support: match needed {
            Some(needed) => w.plea_support_of(plea.supporters, needed),
            None => w.plea_support(plea.supporters),
        },
        disclosure: plea.disclosure.clone(),
        declined: plea.declined.clone(),
    }
}

/// Lists what is asked for.
pub(super) async fn list(visit: Arc<Visit>) -> Answer {
    listed(&visit, None).await
}

async fn listed(visit: &Visit, problem: Option<Problem>) -> Answer {
    let w = visit.w;
    let all = all(visit).await?;
    let duties: Duties = visit.calls.get(&visit.api("disclosures/due")?).await?;
    let overdue = duties.duties.iter().filter(|duty| {
        duty.state == DutyState::Overdue && duty.period != domain::disclosure::Rhythm::Event
    });
    let overdue = overdue.map(|duty| {
        let value = format!("{}/{}/{}", duty.from, duty.to, duty.item);
        let item = named(w, &duty.item, duty.english.as_deref());
        (
            value,
            format!("{item} {}", period((&duty.from, &duty.to, ""))),
        )
    });
    let residents = all.residents.as_ref().map(|said| {
        let at = visit.when(said.at_ms).text();
        w.plea_residents(said.count, &said.source, at, said.needed)
    });
    let (frame, status) = Frame::of(visit, w.plea_title()).after(problem.as_ref());
    visit.page(
        status,
        &ListPage {
            frame,
            w,
            as_of: visit.when(all.as_of_ms),
            problem,
            residents,
            rows: all
                .pleas
                .iter()
                .map(|plea| row(visit, &all, plea))
                .collect(),
            overdue: overdue.collect(),
            who: Who::of(visit),
            title: visit.form.typed("title"),
            text: visit.form.typed("text"),
            may_count: visit.may(Permission::PublishDisclosure),
            count: visit.form.typed("count"),
            source: visit.form.typed("source"),
        },
    )
}

/// Asks for something.
pub(super) async fn ask(visit: Arc<Visit>) -> Answer {
    visit.check_own_page()?;
    let (household, calls) = match asking(&visit) {
        Ok(asking) => asking,
        Err(problem) => return listed(&visit, Some(problem)).await,
    };
    let chosen = visit.form.get("about").unwrap_or_default();
    let mut parts = chosen.splitn(3, '/').map(str::to_owned);
    let (from, to, item) = (parts.next(), parts.next(), parts.next());
    let is_of_catalogue = item.is_some();
    let request = Plead {
        title: match is_of_catalogue {
            true => String::new(),
            false => visit.form.typed("title").trim().to_owned(),
        },
        text: visit.form.typed("text").trim().to_owned(),
        from: from.filter(|_| is_of_catalogue),
        to: to.filter(|_| is_of_catalogue),
        item,
        household,
    };
    let asked = calls
        .ask(Method::POST, &visit.api("pleas")?, &request)
        .await;
    match asked {
        Ok(reply) => {
            let plea: PleaView = reply.read()?;
            lead_to(&format!("/pleas/{}", plea.number))
        }
        Err(problem) if told_here(&problem) => listed(&visit, Some(problem)).await,
        Err(problem) => Err(problem),
    }
}

/// Whether a problem is told on the page: also that nobody knows who asks.
fn told_here(problem: &Problem) -> bool {
    is_beside(problem) || problem.status == 401
}

/// Notes how many residents there are.
pub(super) async fn count(visit: Arc<Visit>) -> Answer {
    visit.check_own_page()?;
    let request = CountResidents {
        count: visit
            .form
            .get("count")
            .and_then(|text| text.parse().ok())
            .unwrap_or_default(),
        source: visit.form.typed("source").trim().to_owned(),
    };
    let said = visit
        .calls
        .ask(Method::PUT, &visit.api("residents")?, &request)
        .await;
    match said {
        Ok(_) => lead_to("/pleas"),
        Err(problem) if is_beside(&problem) => listed(&visit, Some(problem)).await,
        Err(problem) => Err(problem),
    }
}

/// Shows one plea.
pub(super) async fn one(visit: Arc<Visit>) -> Answer {
    shown(&visit, None).await
}

async fn shown(visit: &Visit, problem: Option<Problem>) -> Answer {
    let w = visit.w;
    let all = all(visit).await?;
    let number: Option<u32> = visit.param("plea").parse().ok();
    let found = all.pleas.iter().find(|plea| Some(plea.number) == number);
    let plea = found.ok_or_else(|| {
        *Rejection::missing((
            "there is no such plea here; open the list",
            "这里没有这一条；请打开要求公开的列表",
        ))
        .0
    })?;
    let waits = matches!(plea.state, PleaState::Open | PleaState::Owed);
    let row = row(visit, &all, plea);
    let (frame, status) = Frame::of(visit, row.title.clone()).after(problem.as_ref());
    visit.page(
        status,
        &OnePage {
            frame,
            w,
            as_of: visit.when(all.as_of_ms),
            problem,
            plea: row,
            who: Who::of(visit),
            may_decline: waits && visit.may(Permission::WithdrawDisclosure),
            ground: visit.form.typed("ground"),
        },
    )
}

/// Supports a plea, or declines it on a lawful ground.
pub(super) async fn act(visit: Arc<Visit>) -> Answer {
    visit.check_own_page()?;
    let number = odd(visit.param("plea"));
    let done = match visit.form.get("go") {
        Some("decline") => {
            let request = DeclinePlea {
                ground: visit.form.typed("ground").trim().to_owned(),
            };
            let path = visit.api(&format!("pleas/{number}/decline"))?;
            visit.calls.ask(Method::POST, &path, &request).await
        }
        _ => {
            let (household, calls) = match asking(&visit) {
                Ok(asking) => asking,
                Err(problem) => return shown(&visit, Some(problem)).await,
            };
            let path = visit.api(&format!("pleas/{number}/support"))?;
            let request = SupportPlea { household };
            calls.ask(Method::POST, &path, &request).await
        }
    };
    match done {
        Ok(_) => lead_to(&format!("/pleas/{number}")),
        Err(problem) if told_here(&problem) => shown(&visit, Some(problem)).await,
        Err(problem) => Err(problem),
    }
}

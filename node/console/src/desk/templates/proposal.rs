//! Proposed templates: those that wait for a second person, and one of them with what it would change.

use std::sync::Arc;

use api::{
    DeclineProposal, Named, ProposalLine, ProposalPerson, TemplateProposal, TemplateProposals,
    problem::Problem,
};
use askama::Template;
use http::Method;

use super::{draft::Look, issuers_only};
use crate::{
    answer::{Answer, lead_to},
    form::{is_beside, odd},
    frame::Frame,
    visit::Visit,
    when::When,
    words::Words,
};

/// How many proposals that ended the list shows.
const MOST_ENDED: usize = 5;

/// A proposal in the list.
pub(super) struct Row {
    pub(super) number: u32,
    pub(super) title: String,
    pub(super) kind: String,
    pub(super) author: String,
    pub(super) at: When,
    pub(super) state: String,
}

/// Returns the proposals that wait, and the last ones that ended.
pub(super) async fn rows(visit: &Visit) -> Result<Vec<Row>, Problem> {
    let path = visit.api("template-proposals")?;
    let found: Named<TemplateProposals> = visit.calls.get(&path).await?;
    let all = found.facts.proposals;
    let (waiting, ended): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| one.end.is_none());
    let shown = waiting
        .into_iter()
        .chain(ended.into_iter().take(MOST_ENDED));
    Ok(shown.map(|line| row(visit, line)).collect())
}

fn row(visit: &Visit, line: ProposalLine) -> Row {
    let w = visit.w;
    Row {
        number: line.number,
        kind: w.short(line.kind),
        author: person(w, &line.author),
        at: visit.when(line.at_ms),
        state: match (ended(visit, &line), line.own) {
            (Some(ended), _) => ended,
            (None, true) => w.tpl_waits_for_other().to_owned(),
            (None, false) => w.tpl_waits_for_you().to_owned(),
        },
        title: line.title,
    }
}

fn person(w: Words, person: &ProposalPerson) -> String {
    match (&person.name, person.account) {
        (Some(name), _) => name.clone(),
        (None, Some(account)) => w.tpl_account(account),
        (None, None) => w.tpl_operator().to_owned(),
    }
}

/// Says what became of a proposal; `None` while it waits.
fn ended(visit: &Visit, line: &ProposalLine) -> Option<String> {
    let w = visit.w;
    let end = line.end.as_ref()?;
    let (by, at) = (person(w, &end.by), visit.when(end.at_ms).text());
    Some(match (end.version, &end.reason) {
        (Some(version), _) => w.tpl_as_version(version, by, at),
        (None, reason) => w.tpl_declined_by(reason.as_deref().unwrap_or_default(), by, at),
    })
}

#[derive(Template)]
#[template(path = "desk/templates/proposal.html")]
struct ProposalPage<'a> {
    frame: Frame,
    w: Words,
    problem: Option<Problem>,
    line: &'a ProposalLine,
    kind: String,
    author: String,
    at: When,
    scope: String,
    first: String,
    ended: Option<String>,
    look: Option<Look>,
    content: &'a str,
    reason: &'a str,
}

async fn found(visit: &Visit) -> Result<TemplateProposal, Problem> {
    let path = format!("template-proposals/{}", odd(visit.param("number")));
    let found: Named<TemplateProposal> = visit.calls.get(&visit.api(&path)?).await?;
    Ok(found.facts)
}

fn page(visit: &Visit, shown: &TemplateProposal, problem: Option<Problem>) -> Answer {
    let w = visit.w;
    let line = &shown.proposal;
    let title = w.tpl_proposal(line.number);
    let (frame, status) = Frame::desk(visit, &title).after(problem.as_ref());
    let listed = |all: Vec<String>| match all.is_empty() {
        true => w.tpl_all().to_owned(),
        false => all.join(w.of("、", ", ")),
    };
    let tiers = line.tiers.iter().map(|tier| w.short(*tier));
    let units = line.kinds.iter().map(|unit| w.short(*unit));
    let first = line.first.as_ref();
    let share = first.map_or(0, |first| first.share);
    let divisions = first.iter().flat_map(|first| &first.divisions);
    let divisions = divisions.map(|code| visit.name_of(*code));
    let share = (share > 0).then(|| w.tpl_share_of(share));
    visit.page(
        status,
        &ProposalPage {
            frame,
            w,
            problem,
            kind: w.short(line.kind),
            author: person(w, &line.author),
            at: visit.when(line.at_ms),
            scope: listed(tiers.chain(units).collect()),
            first: listed(share.into_iter().chain(divisions).collect()),
            ended: ended(visit, line),
            look: shown.changes.as_ref().map(|diff| Look::of(visit, diff)),
            content: &shown.content,
            reason: visit.form.typed("reason"),
            line,
        },
    )
}

/// Shows one proposal, with what it would change.
pub(in crate::desk) async fn show_proposal(visit: Arc<Visit>) -> Answer {
    issuers_only(&visit)?;
    let shown = found(&visit).await?;
    page(&visit, &shown, None)
}

/// Issues it, or declines it.
pub(in crate::desk) async fn decide(visit: Arc<Visit>) -> Answer {
    issuers_only(&visit)?;
    let shown = found(&visit).await?;
    let path = format!("template-proposals/{}", shown.proposal.number);
    let calls = visit.with_form_headers();
    let (done, led) = match visit.form.typed("act") {
        "approve" => {
            let path = visit.api(&format!("{path}/approve"))?;
            let sent = calls.ask(Method::POST, &path, &()).await;
            (sent, "/desk/templates?done=1")
        }
        "decline" => {
            let reason = DeclineProposal {
                reason: visit.form.typed("reason").to_owned(),
            };
            let path = visit.api(&format!("{path}/decline"))?;
            let sent = calls.ask(Method::POST, &path, &reason).await;
            (sent, "/desk/templates?declined=1")
        }
        _ => return page(&visit, &shown, None),
    };
    match done {
        Ok(_) => lead_to(led),
        Err(problem) if is_beside(&problem) => page(&visit, &shown, Some(problem)),
        Err(problem) => Err(problem),
    }
}

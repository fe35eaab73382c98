//! What people do with matters over the API.

use axum::{Json, http::StatusCode};
use tracing::{Instrument, info_span};

use super::{
    api::{
        AssignRequest, CloseRequest, EscalateRequest, HandleRequest, MatterLine, MatterPage,
        MatterView, MattersQuery, Named, ReportRequest, Reported, ReturnRequest,
    },
    ask::{Asked, At, Given, Person, Traced},
    problem::Problem,
};
use crate::{
    domain::{category::Category, ids::MatterId},
    office::{NewReport, OfficeError},
    telemetry,
};

/// Matters on a page unless asked for otherwise.
const USUAL_PAGE: usize = 100;
/// Matters on a page at most.
const MOST_PAGE: usize = 1_000;
/// Matters looked at for one page, so that a filter that fits few does not read for ever.
const MOST_SCANNED: usize = 20_000;

type Shown = Result<Json<Named<MatterView>>, Problem>;

pub(super) async fn report(
    at: At,
    Person(actor): Person,
    Traced(incoming): Traced,
    Given(request): Given<ReportRequest>,
) -> Result<(StatusCode, Json<Reported>), Problem> {
    let category: Category = request.category.parse().map_err(OfficeError::Category)?;
    let span = info_span!("report", division = %at.division, category = category.as_str());
    let mut new = NewReport {
        channel: request.channel,
        category,
        priority: request.priority,
        visibility: request.visibility,
        class: request.class,
        about: request.about,
        text: request.text,
        trace: None,
    };
    new.trace = trace(&span, incoming.as_deref());
    let office = &at.node.office;
    let reported = async {
        match request.escalate_to {
            Some(to) => office.report_and_escalate(new, to, actor).await,
            None => office.report(new, actor).await,
        }
    };
    let id = reported.instrument(span).await?;
    Ok((StatusCode::CREATED, Json(Reported { id: id.to_string() })))
}

/// Makes a span part of the caller's trace; gives what travels with the envelopes.
fn trace(span: &tracing::Span, incoming: Option<&str>) -> Option<String> {
    if let Some(incoming) = incoming {
        telemetry::follow(span, incoming);
    }
    telemetry::carry(span, incoming)
}

pub(super) async fn list(
    at: At,
    Asked(query): Asked<MattersQuery>,
) -> Result<Json<Named<MatterPage>>, Problem> {
    let limit = query.limit.unwrap_or(USUAL_PAGE);
    if !(1..=MOST_PAGE).contains(&limit) {
        return Err(Problem::unfit(&format!(
            "a page of {limit} matters does not fit; ask for 1 to {MOST_PAGE}"
        )));
    }
    let after = query
        .after
        .as_deref()
        .map(str::parse::<MatterId>)
        .transpose();
    let mut after = after.map_err(|error| Problem::unfit(&error.to_string()))?;
    let (mut matters, mut scanned) = (vec![], 0);
    let next = loop {
        let chunk = limit.max(USUAL_PAGE);
        let dockets = at.node.office.dockets(after, chunk).await?;
        let last = dockets.len() < chunk;
        scanned += dockets.len();
        for docket in dockets {
            if matters.len() == limit {
                break;
            }
            after = Some(docket.matter.id);
            if query.state.takes(&docket) {
                matters.push(MatterLine::from(&docket));
            }
        }
        if matters.len() == limit {
            // Looking one further is cheaper for all than an empty page for somebody.
            let more = !at.node.office.dockets(after, 1).await?.is_empty();
            break after.filter(|_| more);
        }
        if last {
            break None;
        }
        if scanned >= MOST_SCANNED {
            break after;
        }
    };
    let page = MatterPage {
        matters,
        next: next.map(|id| id.to_string()),
    };
    Ok(Json(Named::new(page, &at.roster.tree)))
}

pub(super) async fn show(at: At) -> Shown {
    let id = at.param("id")?;
    view(&at, id).await
}

async fn view(at: &At, id: MatterId) -> Shown {
    let view = at.node.office.matter(id).await?;
    Ok(Json(Named::new(view, &at.roster.tree)))
}

pub(super) async fn accept(at: At, Person(actor): Person) -> Shown {
    let id = at.param("id")?;
    at.node.office.accept(id, actor).await?;
    view(&at, id).await
}

pub(super) async fn handle(
    at: At,
    Person(actor): Person,
    Given(HandleRequest { note }): Given<HandleRequest>,
) -> Shown {
    let id = at.param("id")?;
    at.node.office.handle(id, note, actor).await?;
    view(&at, id).await
}

pub(super) async fn escalate(
    at: At,
    Person(actor): Person,
    Traced(incoming): Traced,
    Given(EscalateRequest { to, note }): Given<EscalateRequest>,
) -> Shown {
    let id = at.param("id")?;
    let span = info_span!("escalate", division = %at.division, matter = %id);
    let trace = trace(&span, incoming.as_deref());
    at.node
        .office
        .escalate(id, to, note, actor, trace)
        .instrument(span)
        .await?;
    view(&at, id).await
}

pub(super) async fn assign(
    at: At,
    Person(actor): Person,
    Traced(incoming): Traced,
    Given(AssignRequest { to, note }): Given<AssignRequest>,
) -> Shown {
    let id = at.param("id")?;
    let span = info_span!("assign", division = %at.division, matter = %id);
    let trace = trace(&span, incoming.as_deref());
    at.node
        .office
        .assign(id, to, note, actor, trace)
        .instrument(span)
        .await?;
    view(&at, id).await
}

pub(super) async fn send_back(
    at: At,
    Person(actor): Person,
    Traced(incoming): Traced,
    Given(ReturnRequest { note }): Given<ReturnRequest>,
) -> Shown {
    let id = at.param("id")?;
    let span = info_span!("return", division = %at.division, matter = %id);
    let trace = trace(&span, incoming.as_deref());
    at.node
        .office
        .send_back(id, note, actor, trace)
        .instrument(span)
        .await?;
    view(&at, id).await
}

pub(super) async fn recall(at: At, Person(actor): Person) -> Shown {
    let id = at.param("id")?;
    at.node.office.recall(id, actor).await?;
    view(&at, id).await
}

pub(super) async fn close(
    at: At,
    Person(actor): Person,
    Given(CloseRequest { outcome, note }): Given<CloseRequest>,
) -> Shown {
    let id = at.param("id")?;
    at.node.office.close(id, outcome, note, actor).await?;
    view(&at, id).await
}

//! Disclosures, as everybody reads them.

pub(super) mod attachments;
pub(super) mod in_hand;
pub(super) mod pleas;
pub(super) mod sheets;

use api::{
    DemandedEvent, DisclosureLine, DisclosureView, Disclosures, DisclosuresQuery, Duties, DutyLine,
    EditionLog, EditionView, ObjectionView,
};
use axum::Json;
use domain::{
    disclosure::{Duty, Item, Line, Rhythm, Span},
    ids::MatterId,
    month::Month,
    people::Permission,
    template::TemplateKey,
    time::{Day, Timestamp},
};
use office::EditionSeen;

use super::{
    ask::{Asked, Authenticated, NodePath},
    openapi::{DisclosureParams, NodeParams},
    problem::Rejection,
};

/// List what a division made public
///
/// Those about the latest days come first, at most 500.
#[utoipa::path(get, path = "/v1/nodes/{code}/disclosures", tag = "disclosures", params(NodeParams, DisclosuresQuery),
    responses((status = 200, body = Disclosures)))]
pub(super) async fn list(
    at: NodePath,
    Asked(query): Asked<DisclosuresQuery>,
) -> Result<Json<Disclosures>, Rejection> {
    let month = query.month.as_deref().map(str::parse::<Month>).transpose();
    let month = month.map_err(|error| Rejection::unfit(&error))?;
    let within = month.map(|month| {
        let (from, next) = month.days();
        Span {
            from,
            to: Day(next.0 - 1),
        }
    });
    let office = &at.node.office;
    let lines = office.disclosures().published(query.class, within).await?;
    Ok(Json(Disclosures {
        disclosures: lines.iter().map(DisclosureLine::public).collect(),
        as_of_ms: office.now().0,
    }))
}

/// List what a division has to make public
///
/// What became of the last periods of every item that a template in force demands.
#[utoipa::path(get, path = "/v1/nodes/{code}/disclosures/due", tag = "disclosures", params(NodeParams),
    responses((status = 200, body = Duties)))]
pub(super) async fn due(
    at: NodePath,
    Authenticated(guest): Authenticated,
) -> Result<Json<Duties>, Rejection> {
    let is_public = guest.may(Permission::ViewDisclosures).is_err();
    let office = &at.node.office;
    let as_of_ms = office.now().0;
    let told = office.disclosures().duties(|demanded, duties| {
        let events = demanded
            .iter()
            .filter(|(.., item)| item.rhythm == Rhythm::Event);
        Duties {
            duties: duties
                .iter()
                .map(|duty| duty_line(duty, is_public))
                .collect(),
            events: events
                .map(|(template, _, item)| event(template, item))
                .collect(),
            as_of_ms,
        }
    });
    let mut told = told.await?;
    // What villagers demanded falls due like a period, on the day on which enough supported it.
    let lines = office.disclosures().lines().await?;
    let demanded = lines.iter().filter(|line| line.is_demanded());
    let now = office.now();
    told.duties.splice(
        0..0,
        demanded.map(|line| demanded_line(line, now, is_public)),
    );
    Ok(Json(told))
}

/// Returns what villagers demanded as a duty.
fn demanded_line(line: &Line, now: Timestamp, is_public: bool) -> DutyLine {
    use domain::disclosure::DutyState as S;
    let state = match line.published_at {
        Some(at) if at <= line.due => S::OnTime,
        Some(_) => S::Late,
        None if now <= line.due => S::Due,
        None => S::Overdue,
    };
    DutyLine {
        template: line.template.to_string(),
        item: line.item.to_string(),
        english: line.english.as_deref().map(str::to_owned),
        class: line.class,
        period: line.rhythm,
        from: line.span.from.to_string(),
        to: line.span.to.to_string(),
        title: line.title.to_string(),
        due_ms: line.due.0,
        state,
        number: (line.editions > 0 || !is_public).then(|| line.id.to_string()),
        stage: line.stage.filter(|_| !is_public),
        source: None,
    }
}

fn duty_line(duty: &Duty<'_>, is_public: bool) -> DutyLine {
    use domain::disclosure::DutyState as S;
    let item = duty.demand.item;
    let is_there = matches!(duty.state, S::OnTime | S::Late);
    DutyLine {
        template: duty.demand.template.to_string(),
        item: item.name.to_string(),
        english: item.english.as_deref().map(str::to_owned),
        class: item.class,
        period: item.rhythm,
        from: duty.span.from.to_string(),
        to: duty.span.to.to_string(),
        title: String::new(),
        due_ms: duty.due.0,
        state: duty.state,
        number: duty
            .id
            .filter(|_| is_there || !is_public)
            .map(|id| id.to_string()),
        stage: duty.stage.filter(|_| !is_public),
        source: item.source.as_deref().map(str::to_owned),
    }
}

fn event(template: &TemplateKey, item: &Item) -> DemandedEvent {
    DemandedEvent {
        template: template.to_string(),
        item: item.name.to_string(),
        english: item.english.as_deref().map(str::to_owned),
        class: item.class,
        within: item.due.to_string(),
        source: item.source.as_deref().map(str::to_owned),
    }
}

/// Get something that was made public
///
/// With all editions, what the public log says of each, and how many objected.
#[utoipa::path(get, path = "/v1/nodes/{code}/disclosures/{number}", tag = "disclosures", params(DisclosureParams),
    responses((status = 200, body = DisclosureView)))]
pub(super) async fn show(at: NodePath) -> Result<Json<DisclosureView>, Rejection> {
    let office = &at.node.office;
    let seen = office.disclosures().seen(at.param("number")?).await?;
    let objection = |(matter, at): &(MatterId, Timestamp)| ObjectionView {
        matter: matter.to_string(),
        at_ms: at.0,
    };
    Ok(Json(DisclosureView {
        line: DisclosureLine::public(&seen.line),
        editions: seen.editions.iter().map(edition).collect(),
        withdrawn: seen.disclosure.withdrawn.as_deref().map(str::to_owned),
        objections_until_ms: seen.objections_until.map(|at| at.0),
        objections: u32::try_from(seen.objections.len()).unwrap_or(u32::MAX),
        answered: seen.answered.iter().map(objection).collect(),
        as_of_ms: office.now().0,
    }))
}

fn edition(seen: &EditionSeen) -> EditionView {
    let EditionSeen { edition, log } = seen;
    let text = Some(edition.document.to_string()).filter(|text| !text.is_empty());
    EditionView {
        edition: edition.number,
        at_ms: edition.at.0,
        document: text.as_deref().and_then(api::DisclosureDocument::read),
        text,
        log: log.map(|log| EditionLog {
            epoch: log.epoch.to_string(),
            index: log.index,
            size: log.size,
            salt: data_encoding::HEXLOWER.encode(&log.salt),
            holds: log.holds,
        }),
    }
}
